//! What comes from a feed, on its way to the thread that writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::Extent;
use crate::frame::Frame;
use crate::ingest::FileFailure;
use crate::model::Digest;
use crate::source::posttrade::{BadLine, FileName, Listing};

pub use crate::source::posttrade::Held;

/// What comes from a feed.
#[derive(Debug)]
pub enum Arrival {
    /// The feed said what it has.
    Listed(Listed),
    /// So many files are needed, as far as those that were read tell.
    Planned(usize),
    /// A file was downloaded.
    Downloaded {
        /// Its name.
        name: FileName,
        /// When it was received.
        at: DateTime<Utc>,
        /// Its bytes, as they were received.
        bytes: Vec<u8>,
    },
    /// Trades of one day.
    Trades {
        /// The day, UTC.
        day: NaiveDate,
        /// The trades.
        rows: Frame,
    },
    /// A file was read: the trades of it have come, or come before all is over.
    Read(FileRead),
    /// Something could not be had; the answer that came in its place, if one did, is kept.
    Failed(FileFailure, Option<Vec<u8>>),
    /// Nothing more comes. What is held of the days that were looked at, once everything before is stored.
    Over(Held),
}

/// What a feed said that it has.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What it has.
    pub listing: Listing,
    /// When it said so.
    pub at: DateTime<Utc>,
}

/// What was read of a file.
#[derive(Clone, Debug)]
pub struct FileRead {
    /// Its name.
    pub name: FileName,
    /// Its bytes.
    pub digest: Digest,
    /// How far it was read; `None` where its form is not known, so that it is read again by a build that knows it.
    pub extent: Option<Extent>,
    /// The days of the trades in it, UTC.
    pub days: BTreeSet<NaiveDate>,
    /// Trades in it.
    pub lines: u64,
    /// Lines that are none, as many as are kept.
    pub bad: Vec<BadLine>,
    /// How many of them there are.
    pub bad_lines: u64,
    /// Trades that were made where another feed is said to publish from, by their venue of execution.
    pub elsewhere: BTreeMap<Arc<str>, u64>,
    /// What went wrong beside that, as a phrase.
    pub trouble: Option<String>,
    /// Whether it came out of the vault.
    pub from_vault: bool,
}
