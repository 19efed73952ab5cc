//! The options of `barkeep export`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::cli::args::adjust;
use crate::cli::commands::time_args::{DATES, TimeArgs};
use crate::cli::failure::Failure;
use crate::export::Form;
use crate::frame::Adjust;
use crate::model::{AsOf, Interval, Ticker, Venue};
use crate::query::Purpose;

/// Options of `export`.
#[derive(Clone, Debug, Args)]
#[command(after_help = DATES)]
pub(in crate::cli) struct ExportArgs {
    /// The tickers, or `all` of the venue
    #[arg(value_name = "TICKER", default_value = "all")]
    pub(super) tickers: Vec<Which>,
    /// The file, or - for standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// The form [default: by the ending of the file]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) format: Option<FileFormat>,
    /// The interval [default: the only one that is stored]
    #[arg(short, long, value_name = "INTERVAL")]
    pub(super) interval: Option<Interval>,
    /// The venue [default: the only one that has such bars]
    #[arg(long, value_name = "MARKET:SOURCE")]
    pub(super) venue: Option<Venue>,
    #[command(flatten)]
    pub(super) time: TimeArgs,
    /// Only these columns, in this order, such as stock,date,close
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(super) columns: Vec<String>,
    /// Add a column `utc`, the instant of each bar
    #[arg(long)]
    pub(super) utc: bool,
    /// Adjust prices for splits, or for splits and dividends [without a value: all]
    #[arg(long, value_parser = adjust(), value_name = "FOR", num_args = 0..=1, default_missing_value = "all", require_equals = true)]
    pub(super) adjust: Option<Adjust>,
    /// Join the stored bars to longer ones, such as 5m or 1d [with the longest stored ones that fill them, unless -i names some]
    #[arg(long, value_name = "INTERVAL")]
    pub(super) resample: Option<Interval>,
    /// One column of all tickers side by side, a row for each date
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["columns", "utc"])]
    pub(super) wide: Option<String>,
    /// Export what payments and splits multiply the prices before them by, in place of bars
    #[arg(long, conflicts_with_all = ["columns", "utc", "adjust", "wide", "resample", "start", "end"])]
    pub(super) factors: bool,
    /// Export what was stored at a moment, such as 2026-11-20T16:00:00-05:00, or at the end of a day of UTC
    #[arg(long, value_name = "MOMENT")]
    pub(super) as_of: Option<AsOf>,
    /// Replace the file if it is there
    #[arg(long)]
    pub(super) force: bool,
}

/// Which tickers are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Which {
    All,
    One(Ticker),
}

impl FromStr for Which {
    type Err = <Ticker as FromStr>::Err;

    /// A company has the symbol ALL.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            symbol => symbol.parse().map(Self::One),
        }
    }
}

/// In which form a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FileFormat {
    /// Parquet.
    Parquet,
    /// A file of Arrow's; on standard output a stream.
    Arrow,
    /// Comma-separated values.
    Csv,
    /// One JSON object for each bar, on a line of its own.
    Ndjson,
}

/// Where rows go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal<'a> {
    StandardOutput,
    File(&'a Path),
}

impl ExportArgs {
    /// Returns where the rows go.
    pub(super) fn goal(&self) -> Goal<'_> {
        if self.output.as_os_str() == "-" {
            Goal::StandardOutput
        } else {
            Goal::File(&self.output)
        }
    }

    /// Returns the tickers that were named; none when all are meant.
    pub(super) fn named(&self) -> Vec<Ticker> {
        let named = self.tickers.iter().map(|which| match which {
            Which::All => None,
            Which::One(ticker) => Some(ticker.clone()),
        });
        // Whoever says `all` beside others means all.
        named.collect::<Option<_>>().unwrap_or_default()
    }

    /// Returns what the bars are for.
    pub(super) fn purpose(&self) -> Purpose {
        match self.resample {
            _ if self.factors => Purpose::Factors,
            Some(to) => Purpose::Joined(to),
            None => Purpose::AsStored,
        }
    }

    /// Returns the form of the rows.
    pub(super) fn form(&self) -> Result<Form, Failure> {
        let ending = self
            .output
            .extension()
            .map(|ending| ending.to_string_lossy().to_lowercase());
        let format = self.format.or(match ending.as_deref() {
            Some("parquet") => Some(FileFormat::Parquet),
            Some("arrow" | "arrows" | "feather" | "ipc") => Some(FileFormat::Arrow),
            Some("csv") => Some(FileFormat::Csv),
            Some("ndjson" | "jsonl") => Some(FileFormat::Ndjson),
            _ => None,
        });
        match (format, self.goal()) {
            (Some(FileFormat::Parquet), _) => Ok(Form::Parquet),
            (Some(FileFormat::Csv), _) => Ok(Form::Csv),
            (Some(FileFormat::Ndjson), _) => Ok(Form::Ndjson),
            (Some(FileFormat::Arrow), Goal::StandardOutput) => Ok(Form::ArrowStream),
            (Some(FileFormat::Arrow), Goal::File(_)) if ending.as_deref() == Some("arrows") => {
                Ok(Form::ArrowStream)
            }
            (Some(FileFormat::Arrow), Goal::File(_)) => Ok(Form::ArrowFile),
            (None, _) => Err(Failure::usage(format!(
                "nothing says in which form {} is written",
                self.output.display()
            ))
            .hint("say it: --format parquet, arrow, csv or ndjson, or by the ending of the file")),
        }
    }
}
