//! From one file per ticker to monthly partitions and back, with proof.
//!
//! Promises: a legacy file is neither changed nor removed by a migration; removing it afterwards takes a value that only a
//! comparison of both sides can make, read from the disk in this process, under this lock. What counts as proven is
//! what the journal of proofs says, never what the plan says. One ticker that fails fails alone.
//! Leaves to others: how series are stored (`storage`), who may ask for what (`cli`).

mod activate;
mod adopt;
mod adoptions;
mod batches;
mod choose;
mod copy;
mod delete;
mod difference;
mod estimate;
mod homeward;
mod interval;
mod interval_back;
mod judge;
mod need;
mod next_step;
mod plan_change;
mod plan_file;
mod plannable;
mod preflight;
mod proofs;
mod proven;
mod record;
mod refusal;
mod restart;
mod rollback;
mod run;
mod since;
mod state;
mod survey;
mod switch;
mod venue_interval;
mod verify;
mod write;

pub use activate::{Switched, activate, begin_plan, save_plan};
pub use adopt::{Adoptable, Adopted, adopt, adoptables, unadoptable};
pub use choose::{ChooseError, Chosen, Wanted, choose, choose_by_state, listed};
pub use delete::{Removed, VerifiedInterval, delete_legacy, remove_partitions};
pub use difference::Difference;
pub use estimate::{Estimate, estimate};
pub use homeward::Homes;
pub use interval::{LegacyFiles, Migrated, migrate_planned};
pub use interval_back::{BroughtBack, Partitions, Shortage, bring_back};
pub use need::{Means, Missing, Need, measure};
pub use next_step::{NextStep, next_step};
pub use plan_change::{Mark, MarkError, Progress};
pub use plan_file::{MigrationPlan, PLAN_FILE, PlannedInterval, Status};
pub use plannable::{Plannables, movable, plannables};
pub use preflight::preflight;
pub use proofs::{LegacyStamp, Note, Proof, Proofs};
pub use proven::{ProvenInterval, Unproven};
pub use refusal::Refusal;
pub use rollback::{Return, RollbackReport, plan_rollback, roll_back, rollback_need};
pub use run::{Failed, IntervalReport, migrate_interval};
pub use state::{IntervalState, RowCounts, Stage, VenueFacts};
pub use survey::Survey;
pub use switch::{record, switch};
pub use venue_interval::VenueInterval;
pub use verify::{Finding, Sample, Tally, Verification, verify_interval};

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::catalog::{Block, Catalog, CatalogError};
use crate::config::ConfigError;
use crate::document::DocumentError;
use crate::layout::Places;
use crate::ledger::{Ledgers, Line, write_down};
use crate::lock::{LockError, LockGuard};
use crate::model::{Interval, PriceBasis, Series, StorageRequest, Venue};
use crate::observe::Observer;
use crate::storage::{
    self, CorruptFiles, Custody, Lodger, Open, PutAway, Quarantine, QuarantineRecord, Rehoused,
    Replaced, Sealed, StagedRun, StorageError, Stores,
};
use crate::sys::{Clock, Fs, FsError, Shutdown};
use crate::workspace::{RunNames, Workspace};

/// Both sides of a migration, legacy files and partitions, for whoever looks: nothing changes, and no lock is needed.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'l> {
    /// The door to the file system.
    pub fs: &'l dyn Fs,
    /// The places of the workspace.
    pub places: &'l Places,
    /// Both layouts.
    pub stores: &'l Stores,
    /// What the ledgers say, each read once.
    pub ledgers: &'l Ledgers,
    /// The registry: it says which tickers are another venue's, since legacy files name none.
    pub catalog: &'l Catalog,
    /// Asks the run to stop.
    pub stop: &'l Shutdown,
    /// Hears what happens.
    pub observer: &'l dyn Observer,
}

impl Sides<'_> {
    /// Tells whether the rows of a series are those of its partitions. Until it was switched, and again once it is back, these are a
    /// copy of what the legacy file has.
    fn are_in_partitions(&self, request: &StorageRequest) -> bool {
        let (Some(venue), Series::Bars { ticker, interval }) = (&request.venue, &request.series)
        else {
            return true;
        };
        let block = self.catalog.storage_block(ticker, venue, *interval);
        matches!(block, Block::Partitioned { .. })
    }
}

/// What moves rows from one side to the other: both sides, and the right to change them.
#[derive(Clone, Copy, Debug)]
pub struct Mover<'l> {
    /// Both sides.
    pub sides: Sides<'l>,
    /// The clock.
    pub clock: &'l dyn Clock,
    /// The run lock.
    pub held: &'l LockGuard<'l>,
    /// Gives each stretch of work a name of its own for what it stages.
    pub runs: &'l RunNames,
}

impl<'l> Sides<'l> {
    /// Returns both sides of a workspace.
    pub fn of(
        workspace: &'l Workspace<'_>,
        catalog: &'l Catalog,
        observer: &'l dyn Observer,
    ) -> Self {
        Self {
            fs: workspace.fs(),
            places: &workspace.places,
            stores: &workspace.stores,
            ledgers: &workspace.ledgers,
            catalog,
            stop: workspace.stop(),
            observer,
        }
    }
}

impl<'l> Mover<'l> {
    /// Returns what moves rows from one side of a workspace to the other.
    pub fn of(sides: Sides<'l>, workspace: &'l Workspace<'_>, held: &'l LockGuard<'l>) -> Self {
        Self {
            sides,
            clock: workspace.clock(),
            held,
            runs: &workspace.runs,
        }
    }

    /// Opens a staging area, for files that become visible together.
    fn begin(&self) -> Result<StagedRun<'l, Sealed>, StorageError> {
        let Sides { fs, places, .. } = self.sides;
        StagedRun::<Open>::begin(fs, self.held, places, self.runs.next())?.seal()
    }

    /// Tells the ledger of a venue what was moved as a whole.
    fn write_down(&self, venue: &Venue, lines: &[Line]) -> Result<(), StorageError> {
        let Sides { fs, places, .. } = self.sides;
        let (run, at) = (self.runs.next(), self.clock.now());
        Ok(write_down(fs, self.held, places, venue, &run, at, lines)?)
    }

    /// Moves legacy files to the folders of the venues that they belong to; returns what was put away along with that.
    fn rehouse(
        &self,
        lodgers: &[Lodger],
    ) -> Result<(Rehoused, Vec<QuarantineRecord>), StorageError> {
        let mut run = self.begin()?;
        let quarantine = self.quarantine();
        let custody = Custody {
            quarantine: &quarantine,
            corrupt_files: CorruptFiles::Quarantine,
            replaced: Replaced::Noted,
            at: self.clock.now(),
        };
        let mut aside = PutAway::default();
        let store = &self.sides.stores.legacy;
        let done = storage::rehouse(&mut run, store, lodgers, &custody, &mut aside)?;
        run.finish()?;
        Ok((done, aside.into_records().collect()))
    }

    fn quarantine(&self) -> Quarantine<'l> {
        let Sides { fs, places, .. } = self.sides;
        Quarantine::new(fs, self.held, places, self.runs.next())
    }
}

/// What the user decides.
#[derive(Clone, Debug)]
pub struct Choices {
    /// The price basis of legacy files; `None` takes what each file says or is known for.
    pub basis: Option<PriceBasis>,
    /// What happens to rows that have no place beside others.
    pub duplicates: Duplicates,
    /// What happens to rows that only the partitions have.
    pub partition_rows: PartitionRows,
    /// What happens to numbers that cannot be kept as they are.
    pub fractions: Fractions,
    /// Whether every ticker is looked at again, and partitions that are not what they have to be are put away and
    /// copied anew.
    pub is_restart: bool,
    /// How many tickers are read and encoded side by side.
    pub jobs: NonZeroUsize,
    /// How many tickers are migrated at most.
    pub max_tickers: Option<usize>,
}

/// What happens to a legacy file with undated rows, or with rows that contradict each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// The ticker fails.
    #[default]
    Refuse,
    /// The newest row of each date is taken; the file is kept in quarantine.
    Newest,
}

/// What happens to a legacy file with numbers that cannot be kept as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fractions {
    /// The ticker fails.
    #[default]
    Refuse,
    /// They are rounded half to even; the file is kept in quarantine.
    Round,
}

/// What happens to a ticker whose partitions have rows that its legacy file lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartitionRows {
    /// The ticker fails.
    #[default]
    Refuse,
    /// They stay, beside the legacy rows.
    Keep,
}

/// What ends a migration. Failures of single tickers are in the report and are none of these.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum MigrateError {
    /// Storage did not do what was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The run lock was lost.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The plan is no JSON that can be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The toggles cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The registry cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The plan cannot be followed.
    #[error("the plan {} cannot be followed: {reason}", path.display())]
    Plan {
        /// The plan.
        path: PathBuf,
        reason: String,
    },
    /// A month has few bars of the interval, so that it stays in the legacy layout.
    #[error(
        "{interval} is not migrated: its bars are too wide for monthly files, of which each would hold only a few"
    )]
    TooWide { venue: Venue, interval: Interval },
    /// An interval that was named has no legacy files.
    #[error("there are no legacy files in data/legacy/stocks_{interval}")]
    NoLegacyFiles { interval: Interval },
    /// An interval that was named has only legacy files of tickers of other venues.
    #[error(
        "the legacy files in data/legacy/stocks_{interval} are those of tickers of another venue than {venue}"
    )]
    OfOthers { venue: Venue, interval: Interval },
    /// Legacy files lie where no migration looks for them, and would be left out without a word.
    #[error("legacy files lie outside of data/legacy, in {}", folder.display())]
    Outside {
        /// The folder of one of them, as it lies below the workspace.
        folder: PathBuf,
    },
    /// Series are moved by renames, which do not go from one disk to another.
    #[error(
        "{} lies on another disk than {}, and files cannot be moved between the two",
        dir.display(),
        data.display()
    )]
    OtherDisk {
        /// The folder, as it lies below the workspace.
        dir: PathBuf,
        /// The data root.
        data: PathBuf,
    },
    /// A file changed while it was worked on, so that what was found of it counts no longer.
    #[error("{} changed while it was worked on; nothing was removed", path.display())]
    Changed { path: PathBuf },
    /// A record of the journal of proofs is not what was written.
    #[error("the record {} is damaged: {reason}", path.display())]
    Record {
        /// The record.
        path: PathBuf,
        reason: String,
    },
}

impl MigrateError {
    /// Tells whether one place is at fault, which costs the tickers of that place and no other.
    fn is_of_place(&self) -> bool {
        match self {
            Self::Storage(error) => error.is_of_place(),
            Self::Fs(error) => error.is_of_place(),
            _ => false,
        }
    }
}
