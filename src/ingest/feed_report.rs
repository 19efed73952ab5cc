//! What a run did with a feed of trades, for people and machines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

use crate::model::Venue;
use crate::storage::RowCounts;

use super::FailureKind;

/// What a run did with a feed of trades.
#[derive(Clone, Debug)]
pub struct FeedReport {
    /// The venue.
    pub venue: Venue,
    /// Whether the feed said what it has.
    pub is_heard: bool,
    /// Files that it had.
    pub listed: usize,
    /// Files that were downloaded.
    pub downloaded: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were read out of the vault: an earlier run had downloaded them and not come to its end, or all is made anew.
    pub from_vault: usize,
    /// Published lines that were read.
    pub lines: u64,
    /// Lines that were not understood.
    pub bad_lines: u64,
    /// Trades that were made where another feed is said to publish from, by their venue of execution. They are stored.
    pub elsewhere: BTreeMap<Arc<str>, u64>,
    /// Trades by what happened to them.
    pub trades: RowCounts,
    /// Days of which trades could not be stored. They come again of what they were made of.
    pub waiting: BTreeSet<NaiveDate>,
    /// Days of which bars were made.
    pub bar_days: BTreeSet<NaiveDate>,
    /// What could not be had or read.
    pub failures: Vec<FileFailure>,
    /// Days of trading of which the feed had nothing.
    pub silent: BTreeSet<NaiveDate>,
    /// What the feed forgot before it was had, since that was told last.
    pub lost: Vec<LostMinutes>,
}

/// Minutes of a day that cannot be had any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostMinutes {
    /// The day, UTC.
    pub day: NaiveDate,
    /// How many of its minutes.
    pub minutes: usize,
    /// Whether this run could have had them, with more time.
    pub is_of_this_run: bool,
}

/// A file of a feed, or all of it, that could not be had or read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileFailure {
    /// What kind of thing went wrong.
    pub kind: FailureKind,
    /// The file; `None` where it is the feed as a whole.
    pub file: Option<String>,
    /// What went wrong, as a sentence without a period.
    pub reason: String,
}

impl FeedReport {
    /// Returns an empty report.
    pub fn of(venue: Venue) -> Self {
        Self {
            venue,
            is_heard: false,
            listed: 0,
            downloaded: 0,
            bytes: 0,
            from_vault: 0,
            lines: 0,
            bad_lines: 0,
            elsewhere: BTreeMap::new(),
            trades: RowCounts::default(),
            waiting: BTreeSet::new(),
            bar_days: BTreeSet::new(),
            failures: Vec::new(),
            silent: BTreeSet::new(),
            lost: Vec::new(),
        }
    }

    /// Tells whether a person should look: something was not had, not understood, is lost, or is not there on a day of trading.
    pub fn has_trouble(&self) -> bool {
        let is_had = self.failures.is_empty() && self.lost.is_empty();
        !is_had || self.bad_lines > 0 || !self.silent.is_empty()
    }

    /// Tells whether the feed forgot something before this run could fetch it.
    pub fn was_too_late(&self) -> bool {
        self.lost.iter().any(|lost| lost.is_of_this_run)
    }
}
