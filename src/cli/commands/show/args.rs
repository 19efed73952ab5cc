//! The options of `barkeep show`.

use clap::{Args, ValueEnum};

use crate::cli::args::adjust;
use crate::cli::commands::time_args::{DATES, TimeArgs};
use crate::cli::failure::Failure;
use crate::export::Form;
use crate::frame::{Adjust, Profile};
use crate::model::{AsOf, Interval, Ticker, Venue};
use crate::query::Ends;

/// Options of `show`.
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
    #[command(flatten)]
    pub(super) time: TimeArgs,
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
    #[arg(long, value_parser = adjust(), value_name = "FOR", num_args = 0..=1, default_missing_value = "all")]
    pub(super) adjust: Option<Adjust>,
    /// Join the stored bars to longer ones, such as 5m or 1d [with the longest stored ones that fill them, unless -i names some]
    #[arg(long, value_name = "INTERVAL", conflicts_with = "events")]
    pub(super) resample: Option<Interval>,
    /// Print dividends, splits and capital gains in place of bars
    #[arg(long, conflicts_with_all = ["adjust", "utc", "gaps"])]
    pub(super) events: bool,
    /// Print what was traded in auctions in place of bars, where bars are made of trades
    #[arg(long, conflicts_with_all = ["adjust", "utc", "gaps", "events", "prepost", "resample", "trades"])]
    pub(super) auctions: bool,
    /// Print raw trades in place of bars; TICKER is an ISIN or a mnemonic, or all. Dates are UTC
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
    /// One JSON object for each bar, on a line of its own.
    Ndjson,
    /// A stream of Arrow's.
    Arrow,
}

impl Format {
    /// Returns the form of rows without a document around them.
    pub(super) fn form(self) -> Option<Form> {
        match self {
            Self::Table | Self::Json => None,
            Self::Csv => Some(Form::Csv),
            Self::Ndjson => Some(Form::Ndjson),
            Self::Arrow => Some(Form::ArrowStream),
        }
    }
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

    /// Returns how many of the rows are printed.
    pub(super) fn ends(&self) -> Ends {
        Ends {
            head: self.head,
            tail: self.tail,
        }
    }

    /// Tells whether columns were named.
    pub(super) fn names_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Returns the positions of the columns that are printed.
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
        Ok(profile.positions(&self.columns)?)
    }
}
