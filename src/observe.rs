//! What happened, never how it looks.
//!
//! Library rooms emit events; `cli::ui` draws them as a progress bar, as lines or as JSON, and `stretch` says how far they are.

mod stretch;

pub use stretch::{Stretch, Stretches};

use std::fmt;

use chrono::NaiveDate;
use serde::Serialize;

use crate::model::{Interval, PartitionKey, Series, StorageRequest, Venue, as_text};

/// Something that a person or a log may want to know while a run goes on; as a document, what was done.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Event {
    /// A leftover run is finished before new work begins.
    Resuming {
        /// Its name.
        run: String,
        /// How many staged files it has.
        files: usize,
    },
    /// Fetching begins.
    FetchPlanned {
        /// How many series will be asked for.
        series: usize,
    },
    /// One series was asked for.
    Fetched {
        #[serde(flatten)]
        request: StorageRequest,
        /// How many rows came.
        rows: usize,
    },
    /// A feed has so many files in all that this run needs: those that it had before, and those that are still to come. The
    /// number changes as files say what else is needed.
    FilesPlanned {
        /// The venue of the feed.
        venue: Venue,
        /// How many files.
        files: usize,
    },
    /// A file of a feed was downloaded, or cannot be had.
    FileDone {
        /// The venue of the feed.
        venue: Venue,
        /// Its name.
        file: String,
    },
    /// What the vault has of a feed is read once more.
    ReplayPlanned {
        /// The venue of the feed.
        venue: Venue,
        /// How many days of it there are.
        days: usize,
    },
    /// A day of a feed was made anew of the vault.
    Replayed {
        /// The venue of the feed.
        venue: Venue,
        /// The day that its trades are filed under, by UTC.
        #[serde(serialize_with = "as_text")]
        day: NaiveDate,
    },
    /// Consolidation begins.
    ConsolidationPlanned {
        venue: Venue,
        /// How many series have staged rows.
        series: usize,
    },
    /// One partition was durably committed.
    Committed {
        #[serde(flatten)]
        request: StorageRequest,
        partition: PartitionKey,
    },
    /// An interval will be moved to the other layout.
    MovePlanned {
        venue: Venue,
        interval: Interval,
        /// How many tickers there are to do.
        tickers: usize,
    },
    /// A ticker is in the other layout; its proof is durable.
    Moved {
        #[serde(flatten)]
        request: StorageRequest,
        /// How many rows its partitions have.
        rows: u64,
    },
    /// Series will be looked at.
    #[serde(skip)]
    CheckPlanned {
        /// How many there are.
        series: usize,
    },
    /// A part of planned work on a series is done, well or not.
    #[serde(skip)]
    Step { work: Work, series: Series },
    /// Something is wrong that does not stop the run.
    #[serde(skip)]
    Warning(String),
    /// Something a person should know.
    #[serde(skip)]
    Note(String),
}

/// Work that is planned and then done, series by series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Asking a source.
    Fetch,
    /// Asking a feed for its files.
    Download,
    /// Making days of a feed anew of the vault.
    Replay,
    /// Merging what came, then committing it.
    Store,
    /// Copying into the other layout, then proving it.
    Move,
    /// Looking at what is stored.
    Check,
}

impl Work {
    /// Returns in how many steps each series is done.
    pub fn steps(self) -> usize {
        match self {
            Self::Fetch | Self::Download | Self::Replay | Self::Check => 1,
            Self::Store | Self::Move => 2,
        }
    }
}

/// Receives events.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Takes one event.
    fn observe(&self, event: Event);
}

/// Ignores every event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn observe(&self, _event: Event) {}
}
