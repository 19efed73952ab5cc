//! The options of `partition-migrate migrate`, and what they mean.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

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
    #[arg(long, value_enum, value_name = "CODEC")]
    compression: Option<Codec>,
    /// How many rows a row group has at most
    #[arg(long, value_name = "N")]
    pub(super) row_group_size: Option<NonZeroUsize>,
    /// What happens to a file with duplicate or undated rows: `newest` keeps the newest row of each date, and a copy of the file
    #[arg(long, value_enum, value_name = "CHOICE", default_value_t)]
    duplicates: DuplicateChoice,
    /// What happens to rows that only the partitions have: `keep` keeps them beside the legacy rows
    #[arg(long, value_enum, value_name = "CHOICE", default_value_t)]
    partition_rows: PartitionRowChoice,
    /// What happens to a file with fractions of volumes, or numbers too large for their column: `round` rounds them or leaves them out, and keeps a copy of the file
    #[arg(long, value_enum, value_name = "CHOICE", default_value_t)]
    fractions: FractionChoice,
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

/// How pages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Codec {
    None,
    Snappy,
    Zstd,
    Gzip,
}

/// What happens to files with duplicate or undated rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum DuplicateChoice {
    /// The ticker fails.
    #[default]
    Refuse,
    /// The newest row of each date counts.
    Newest,
}

/// What happens to files with numbers that cannot be kept as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum FractionChoice {
    /// The ticker fails.
    #[default]
    Refuse,
    /// They are rounded.
    Round,
}

/// What happens to rows that only the partitions have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum PartitionRowChoice {
    /// The ticker fails.
    #[default]
    Refuse,
    /// They stay.
    Keep,
}

impl MigrateArgs {
    /// Returns what the user decides of an interval.
    pub(super) fn choices(&self, planned: &PlannedInterval, jobs: NonZeroUsize) -> Choices {
        Choices {
            basis: planned.basis,
            duplicates: match self.duplicates {
                DuplicateChoice::Refuse => Duplicates::Refuse,
                DuplicateChoice::Newest => Duplicates::Newest,
            },
            partition_rows: match self.partition_rows {
                PartitionRowChoice::Refuse => PartitionRows::Refuse,
                PartitionRowChoice::Keep => PartitionRows::Keep,
            },
            fractions: match self.fractions {
                FractionChoice::Refuse => Fractions::Refuse,
                FractionChoice::Round => Fractions::Round,
            },
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

    /// Returns how pages are compressed, if that was said.
    pub(super) fn codec(&self) -> Option<Compression> {
        self.compression.map(|codec| match codec {
            Codec::None => Compression::None,
            Codec::Snappy => Compression::Snappy,
            Codec::Zstd => Compression::Zstd,
            Codec::Gzip => Compression::Gzip,
        })
    }
}
