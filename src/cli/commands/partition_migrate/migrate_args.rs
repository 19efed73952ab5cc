//! The options of `partition-migrate migrate`, and what they mean.

use std::num::NonZeroUsize;

use clap::Args;
use clap::builder::TypedValueParser;

use crate::cli::args::among;
use crate::codec::Compression;
use crate::migrate::{Choices, Duplicates, Fractions, LegacyFiles, PartitionRows, PlannedInterval};
use crate::model::Interval;

/// Options of `partition-migrate migrate`.
#[derive(Debug, Args)]
pub(in crate::cli) struct MigrateArgs {
    /// The venue in the plan [default: the only one of the workspace, else us:yahoo], or an interval
    pub(super) venue: Option<String>,
    /// The interval in the plan
    pub(super) interval: Option<Interval>,
    /// Every interval that is not complete
    #[arg(long)]
    pub(super) all: bool,
    /// Print what would be done, and change nothing
    #[arg(short = 'n', long)]
    pub(super) dry_run: bool,
    /// Remove the legacy files of each interval once it is proven and both sides were read again
    #[arg(long)]
    pub(super) delete_legacy: bool,
    /// Take at most so many tickers of each interval, and go on another time
    #[arg(long, value_name = "N")]
    pub(super) max_tickers: Option<NonZeroUsize>,
    /// How many tickers are read and encoded side by side [default: the number of cores]
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,
    /// How pages are compressed [default: what suits the interval]
    #[arg(long, value_parser = codec(), value_name = "CODEC")]
    pub(super) compression: Option<Compression>,
    /// How many rows a row group has at most
    #[arg(long, value_name = "N")]
    pub(super) row_group_size: Option<NonZeroUsize>,
    /// What happens to a file with duplicate or undated rows: `newest` keeps the newest row of each date, and a copy of the file
    #[arg(long, value_parser = duplicates(), value_name = "CHOICE", default_value = "refuse")]
    duplicates: Duplicates,
    /// What happens to rows that only the partitions have: `keep` keeps them beside the legacy rows
    #[arg(long, value_parser = partition_rows(), value_name = "CHOICE", default_value = "refuse")]
    partition_rows: PartitionRows,
    /// What happens to a file with fractions of volumes, or numbers too large for their column: `round` rounds them or leaves them out, and keeps a copy of the file
    #[arg(long, value_parser = fractions(), value_name = "CHOICE", default_value = "refuse")]
    fractions: Fractions,
    /// Look at every ticker again; put partitions that contradict their legacy file into quarantine, and copy anew
    #[arg(long)]
    pub(super) restart: bool,
    /// Ask nothing
    #[arg(long)]
    pub(super) non_interactive: bool,
    /// Answer yes to every question
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Print JSON lines
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

fn codec() -> impl TypedValueParser<Value = Compression> {
    among([
        ("none", "", Compression::None),
        ("snappy", "", Compression::Snappy),
        ("zstd", "", Compression::Zstd),
        ("gzip", "", Compression::Gzip),
    ])
}

/// What every choice is unless somebody says otherwise.
const FAILS: &str = "The ticker fails";

fn duplicates() -> impl TypedValueParser<Value = Duplicates> {
    let newest = "The newest row of each date counts";
    among([
        ("refuse", FAILS, Duplicates::Refuse),
        ("newest", newest, Duplicates::Newest),
    ])
}

fn partition_rows() -> impl TypedValueParser<Value = PartitionRows> {
    among([
        ("refuse", FAILS, PartitionRows::Refuse),
        ("keep", "They stay", PartitionRows::Keep),
    ])
}

fn fractions() -> impl TypedValueParser<Value = Fractions> {
    among([
        ("refuse", FAILS, Fractions::Refuse),
        ("round", "They are rounded", Fractions::Round),
    ])
}

impl MigrateArgs {
    /// Returns what the user decides of an interval.
    pub(super) fn choices(&self, planned: &PlannedInterval, jobs: NonZeroUsize) -> Choices {
        Choices {
            basis: planned.basis,
            duplicates: self.duplicates,
            partition_rows: self.partition_rows,
            fractions: self.fractions,
            is_restart: self.restart,
            jobs,
            max_tickers: self.max_tickers.map(NonZeroUsize::get),
        }
    }

    /// Returns what happens to legacy files of what is proven.
    pub(super) fn legacy(&self) -> LegacyFiles {
        if self.delete_legacy {
            LegacyFiles::Go
        } else {
            LegacyFiles::Stay
        }
    }
}
