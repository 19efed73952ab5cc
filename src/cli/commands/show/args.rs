//! The options of `barkeep show`.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use super::as_of::AsOf;
use crate::cli::failure::Failure;
use crate::frame::Profile;
use crate::model::{CalendarSpan, Interval, Ticker, Venue};

/// Options of `show`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = DATES)]
pub(in crate::cli) struct ShowArgs {
    /// The tickers
    #[arg(value_name = "TICKER", required = true)]
    pub(super) tickers: Vec<Ticker>,
    /// The interval [default: the only one that is stored of the ticker, else that is kept]
    #[arg(short, long, value_name = "INTERVAL")]
    pub(super) interval: Option<Interval>,
    /// The venue [default: the one that holds the ticker]
    #[arg(long, value_name = "MARKET:SOURCE")]
    pub(super) venue: Option<Venue>,
    /// The first bar: the first of this day or time
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    start: Option<CalendarSpan>,
    /// The last bar: the last of this day or time, which is included
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    end: Option<CalendarSpan>,
    /// Only the first N bars
    #[arg(long, value_name = "N", conflicts_with = "tail")]
    pub(super) head: Option<usize>,
    /// Only the last N bars
    #[arg(long, value_name = "N")]
    pub(super) tail: Option<usize>,
    /// Only these columns, in this order, such as date,close
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    columns: Vec<String>,
    /// Print dates in UTC in place of the exchange's clock
    #[arg(long)]
    pub(super) utc: bool,
    /// Adjust prices for splits, or for splits and dividends [without a value: all]
    #[arg(long, value_enum, value_name = "FOR", num_args = 0..=1, default_missing_value = "all")]
    pub(super) adjust: Option<AdjustFor>,
    /// Join the stored bars to longer ones, such as 5m or 1d [with the longest stored ones that fill them, unless -i names some]
    #[arg(long, value_name = "INTERVAL", conflicts_with = "events")]
    pub(super) resample: Option<Interval>,
    /// Print dividends, splits and capital gains in place of bars
    #[arg(long, conflicts_with_all = ["adjust", "utc", "gaps"])]
    pub(super) events: bool,
    /// Print what was traded in auctions in place of bars, where bars are made of trades
    #[arg(long, conflicts_with_all = ["adjust", "utc", "gaps", "events", "prepost", "resample", "trades"])]
    pub(super) auctions: bool,
    /// Print raw trades in place of bars; TICKER is an ISIN, or all. Dates are UTC
    #[arg(long, conflicts_with_all = ["interval", "adjust", "utc", "gaps", "events", "prepost", "resample"])]
    pub(super) trades: bool,
    /// Print what is traded before and after the session, too
    #[arg(long, conflicts_with = "events")]
    pub(super) prepost: bool,
    /// How bars are printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub(in crate::cli) format: Format,
    /// Name the trading days that have no bar
    #[arg(long)]
    pub(super) gaps: bool,
    /// Print what was stored at a moment, such as 2026-11-20T16:00:00-05:00, or at the end of a day of UTC
    #[arg(long, value_name = "MOMENT")]
    pub(super) as_of: Option<AsOf>,
}

/// What dates mean, below the options.
const DATES: &str = "DATE is a day (2026-11-03), a time (2026-11-03T09:30, also with a blank or seconds), a month (2026-11), \
                     a year (2026), today, yesterday, or so long ago (-7d, -2w, -3mo, -1y). It is read on the clock of the \
                     exchange, by which bars are dated from their beginning; today is that of this machine. All of it counts: \
                     --end 2026-11-03 prints the bars of that day, and --end 2026-11 those of the month.";

/// How bars are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people.
    #[default]
    Table,
    /// The stored columns, exactly.
    Csv,
    /// One document, of several tickers an array of them.
    Json,
}

/// What prices are adjusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AdjustFor {
    /// Splits.
    Splits,
    /// Splits and dividends.
    All,
}

/// The first and the last nanosecond that are meant; `None` where there is no border.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) first: Option<i64>,
    pub(super) last: Option<i64>,
}

impl ShowArgs {
    /// Returns the question for the last bars of a series.
    pub(in crate::cli::commands) fn last(
        ticker: Ticker,
        interval: Interval,
        venue: Venue,
        tail: usize,
    ) -> Self {
        Self {
            tickers: vec![ticker],
            interval: Some(interval),
            venue: Some(venue),
            tail: Some(tail),
            ..Self::default()
        }
    }

    /// Returns the time that is asked for.
    ///
    /// # Errors
    /// When it ends before it begins, or a date is outside of the years that can be stored.
    pub(super) fn span(&self, today: NaiveDate) -> Result<Span, Failure> {
        let on = |span: Option<CalendarSpan>| {
            span.map(|span| span.on(today).map_err(Failure::usage))
                .transpose()
        };
        let (start, end) = (on(self.start)?, on(self.end)?);
        let first = start.as_ref().map(|start| *start.start());
        let last = end.as_ref().map(|end| *end.end());
        match (first, last) {
            (Some(first), Some(last)) if first > last => {
                Err(Failure::usage("the start is after the end"))
            }
            _ => Ok(Span { first, last }),
        }
    }

    /// Tells whether columns were named.
    pub(super) fn names_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Returns the positions of the columns that are printed.
    ///
    /// # Errors
    /// When a name is none of them.
    pub(super) fn columns(&self, profile: &'static Profile) -> Result<Vec<usize>, Failure> {
        let specs = profile.columns.iter().enumerate();
        if self.columns.is_empty() {
            // The owner is in the question, and the source's sequence is of no interest to people.
            let is_told = |at: usize, name: &str| {
                self.format != Format::Table || (profile.owner != Some(at) && name != "sequence")
            };
            let told = specs.filter(|(at, spec)| is_told(*at, spec.name));
            return Ok(told.map(|(at, _)| at).collect());
        }
        let position = |name: &String| {
            profile.position(name.trim()).ok_or_else(|| {
                let names: Vec<&str> = profile.columns.iter().map(|spec| spec.name).collect();
                let names = names.join(", ");
                Failure::usage(format!("there is no column `{name}`, but {names}"))
            })
        };
        self.columns.iter().map(position).collect()
    }
}
