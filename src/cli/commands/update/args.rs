//! The options of `barkeep update`.

use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;
use clap::Args;

use crate::cli::args::day;
use crate::cli::failure::Failure;
use crate::model::{CalendarSpan, Interval, Ticker, Venue};
use crate::update::Feeding;

/// Options of `update`.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct UpdateArgs {
    /// Only this venue, may be repeated [default: all that have a source]
    #[arg(long = "venue", value_name = "MARKET:SOURCE")]
    pub(in crate::cli) venues: Vec<Venue>,
    /// Only this interval, may be repeated [default: those of intervals.json]
    #[arg(short, long = "interval", value_name = "INTERVAL")]
    pub(in crate::cli) intervals: Vec<Interval>,
    /// Only this ticker, may be repeated; it is asked for even if it was not found lately
    #[arg(short, long = "ticker", value_name = "TICKER")]
    pub(in crate::cli) tickers: Vec<Ticker>,
    /// The first day to fetch, whatever was fetched before; DATE is as in `barkeep show --help`
    #[arg(long, alias = "start-date", value_name = "DATE", requires = "end")]
    #[arg(value_parser = day, allow_hyphen_values = true)]
    pub(in crate::cli) start: Option<CalendarSpan>,
    /// The last day to fetch, which is included
    #[arg(long, alias = "end-date", value_name = "DATE", requires = "start")]
    #[arg(value_parser = day, allow_hyphen_values = true)]
    pub(in crate::cli) end: Option<CalendarSpan>,
    /// Fetch whole histories again, so that all stored prices stand on one basis
    #[arg(long, conflicts_with = "start")]
    pub(in crate::cli) rebase: bool,
    /// Ask only for sessions that `barkeep status --gaps` calls open and the source keeps still
    #[arg(long, conflicts_with_all = ["start", "rebase"])]
    pub(in crate::cli) fill_gaps: bool,
    /// Go on although `data` holds nothing of what tickers.json knows, and fetch all of it anew
    #[arg(long, conflicts_with_all = ["tickers", "venues", "intervals", "start", "fill_gaps"])]
    pub(in crate::cli) accept_missing: bool,
    /// Make trades and bars anew of the downloads in the vault, without a request
    #[arg(long, conflicts_with_all = ["tickers", "intervals", "start", "rebase", "accept_missing"])]
    pub(in crate::cli) replay: bool,
    /// The first day to make anew; DATE is as in `barkeep show --help`
    #[arg(long, value_name = "DATE", requires = "replay")]
    #[arg(value_parser = day, allow_hyphen_values = true)]
    pub(in crate::cli) since: Option<CalendarSpan>,
    /// At most so many requests in so many seconds
    #[arg(long, num_args = 2, value_names = ["REQUESTS", "SECONDS"])]
    pub(in crate::cli) limits: Option<Vec<f64>>,
    /// Wait so many seconds for another run to end
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t,
        hide_default_value = true
    )]
    pub(in crate::cli) wait: u32,
    /// Print what would be fetched, and write nothing
    #[arg(short = 'n', long)]
    pub(in crate::cli) dry_run: bool,
    /// Never ask
    #[arg(long)]
    pub(in crate::cli) non_interactive: bool,
    /// Let tickers that the source does not know rest for 30 days
    #[arg(long)]
    pub(in crate::cli) save_not_founds: bool,
    /// Write the outcome as a Prometheus textfile
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) metrics_file: Option<PathBuf>,
    /// Threads that fetch and encode [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1024))]
    pub(in crate::cli) jobs: Option<u16>,
    /// Print events as JSON lines that end in a summary
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl UpdateArgs {
    /// Takes the limits that stand before the command, where the predecessor had them, unless there are others.
    pub(in crate::cli) fn under(&self, limits: Option<Vec<f64>>) -> Self {
        Self {
            limits: self.limits.clone().or(limits),
            ..self.clone()
        }
    }

    /// Returns the days that were asked for: a time of day does not count.
    pub(super) fn days(&self, today: NaiveDate) -> Result<Option<(NaiveDate, NaiveDate)>, Failure> {
        let (Some(start), Some(end)) = (self.start, self.end) else {
            return Ok(None);
        };
        let start = *start.days(today).map_err(Failure::usage)?.start();
        let end = *end.days(today).map_err(Failure::usage)?.end();
        if start > end {
            let message = format!("the start {start} is after the end {end}");
            return Err(Failure::usage(message));
        }
        Ok(Some((start, end)))
    }

    /// Returns what becomes of feeds.
    pub(super) fn feeding(&self, today: NaiveDate) -> Result<Feeding, Failure> {
        if !self.replay {
            return Ok(Feeding::Asked);
        }
        let since = self.since.map(|since| since.days(today));
        let since = since.transpose().map_err(Failure::usage)?;
        Ok(Feeding::Replayed {
            since: since.map(|days| *days.start()),
        })
    }

    /// Returns the least time between two requests to a source.
    pub(super) fn pace(&self) -> Result<Option<Duration>, Failure> {
        let Some([requests, seconds]) = self.limits.as_deref() else {
            return Ok(None);
        };
        let is_count = (1.0..=1e6).contains(requests) && requests.fract() == 0.0;
        let is_span = *seconds > 0.0 && *seconds <= 86_400.0;
        if !(is_count && is_span) {
            return Err(Failure::usage(
                "`--limits` takes a whole number of requests and the seconds that they are spread over",
            ));
        }
        Ok(Some(Duration::from_secs_f64(seconds / requests)))
    }
}
