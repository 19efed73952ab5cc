//! Bringing a workspace up to date: plan, fetch, stage, seal, consolidate, record, report.
//!
//! Promises: one ticker's failure never ends a run; rows that were fetched reach the tree, staging or quarantine,
//! and the report says which; tickers.json and the rows it speaks of are committed together. Planning is a pure
//! look: `--dry-run` prints what `run` would execute.
//! Leaves to others: what a source is (`source`), how a group becomes durable (`storage`), words (`cli`).

mod across;
mod answer;
mod arrivals;
mod asides;
mod consolidate;
mod fetch;
mod merge_series;
mod missing;
mod plan;
mod planned;
mod put_away;
mod rebase;
mod registry;
mod report;
mod requests;
mod resume;
mod run;
mod seams;
mod space;
mod status;

pub use plan::{History, UpdateRequest, plan};
pub use planned::{
    AgainstToggle, DataRoot, LayoutWish, PlannedJob, PlannedVenue, SkipReason, Skipped, Unserved,
    UpdatePlan,
};
pub use registry::Registry;
pub use report::{
    DamagedSeries, Failure, FailureKind, PhaseSeconds, TickerCounts, Unknown, UpdateReport,
    VenueReport,
};
pub use requests::{RequestLog, RequestWeek};
pub use resume::{LeftoverReport, finish_leftovers};
pub use run::{NotFounds, Pace, RunOptions, run};
pub use space::check_space;
pub use status::{SeriesStatus, survey};

use std::sync::Arc;

use crate::catalog::{Block, Catalog, CatalogError};
use crate::config::ConfigService;
use crate::layout::Places;
use crate::lock::LockGuard;
use crate::model::{RunId, Series, StorageRequest, Venue};
use crate::observe::Observer;
use crate::source::MarketDataSource;
use crate::storage::{CorruptFiles, Layout, Quarantine, StorageError, Stores, Wish};
use crate::sys::{Clock, Fs, FsError, Shutdown};

/// What planning needs to look at.
#[derive(Clone, Copy, Debug)]
pub struct Outlook<'l> {
    /// Settings and toggles.
    pub config: &'l ConfigService<'l>,
    /// Both layouts.
    pub stores: &'l Stores,
    /// The sources that are configured.
    pub sources: &'l [Arc<dyn MarketDataSource>],
}

impl Outlook<'_> {
    /// Returns the source of a venue.
    pub fn source(&self, venue: &Venue) -> Option<&Arc<dyn MarketDataSource>> {
        self.sources.iter().find(|source| source.venue() == venue)
    }

    /// Returns what settings and registry say about a series.
    pub fn wish(&self, catalog: &Catalog, venue: &Venue, series: &Series) -> Wish {
        let (is_partitioned, _) = self.config.is_partitioned_enabled(venue);
        let toggle = if is_partitioned {
            Layout::Partitioned
        } else {
            Layout::Legacy
        };
        let (is_eligible, has_block) = match series {
            Series::Bars { ticker, interval } => (
                self.config.partitions(venue, *interval),
                matches!(
                    catalog.storage_block(ticker, venue, *interval),
                    Block::Partitioned { .. }
                ),
            ),
            Series::Events { .. }
            | Series::Adjusted { .. }
            | Series::Prepost { .. }
            | Series::Trades { .. } => (true, false),
        };
        Wish {
            toggle,
            is_eligible,
            has_block,
        }
    }
}

/// What running needs beside: the right to write, and the outside world.
#[derive(Clone, Copy, Debug)]
pub struct Hands<'l> {
    /// The door to the file system.
    pub fs: &'l dyn Fs,
    /// The clock.
    pub clock: &'l dyn Clock,
    /// Asks the run to stop.
    pub stop: &'l Shutdown,
    /// Hears what happens.
    pub observer: &'l dyn Observer,
    /// The run lock.
    pub held: &'l LockGuard<'l>,
    /// The places of the workspace.
    pub places: &'l Places,
    /// What happens to damaged files.
    pub corrupt_files: CorruptFiles,
    /// Tells the runs of one second apart.
    pub nonce: u32,
}

impl<'l> Hands<'l> {
    fn run_id(&self, count: u32) -> RunId {
        RunId::new(self.clock.now(), self.nonce, count)
    }

    fn quarantine(&self, run: &RunId) -> Quarantine<'l> {
        Quarantine::new(self.fs, self.held, self.places, run.clone())
    }
}

/// What ends a run. Failures of single tickers are in the report and are none of these.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Storage did not do what was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The registry cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A venue was asked for that neither settings nor tickers.json know.
    #[error("no source is configured for {venue}")]
    UnknownVenue {
        /// The venue.
        venue: Venue,
    },
    /// A venue was asked for that has no ticker.
    #[error("tickers.json has no ticker of {venue}")]
    NoTickers {
        /// The venue.
        venue: Venue,
    },
    /// The file system is too full to begin.
    #[error("{} has {found} {what} left, and this run may need {needed}", path.display())]
    NoSpace {
        /// Where space is missing.
        path: std::path::PathBuf,
        /// Bytes or inodes.
        what: &'static str,
        /// What is left.
        found: u64,
        /// What may be needed.
        needed: u64,
    },
}

/// Returns the request for the bars of a job.
fn bars_request(venue: &Venue, job: &PlannedJob) -> StorageRequest {
    StorageRequest::bars(venue.clone(), job.ticker.clone(), job.interval)
}
