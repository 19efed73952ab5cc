//! Stores of series, and the only two ways by which their files change.
//!
//! Promises: a store never changes by itself. `prepare` reads the past, merges and encodes in memory; a
//! `StagedRun` alone commits what was prepared, a whole group or nothing, under the run lock. A damaged month
//! costs that month: the others stay readable and writable. An I/O error never moves or deletes anything.
//! Leaves to others: what to fetch and when (`update`), what is left over (`ingest`).

mod area;
mod berth;
mod beyond;
mod clocks;
mod commit;
mod composed;
mod draft;
mod folders;
mod footers;
mod group;
mod held;
mod held_files;
mod inspect;
mod into_place;
mod journal;
mod kept;
mod leftover;
mod legacy;
mod legacy_file;
mod legacy_place;
mod misplaced;
mod moment;
mod newest;
mod note;
mod older_days;
mod older_trades;
mod owners;
mod partitioned;
mod parts;
mod place;
mod prepare;
mod put;
mod quarantine;
mod recover;
mod rehouse;
mod router;
mod sample;
mod sealed;
mod spelled;
mod staged;
mod staged_rows;
mod stores;
mod temp_content;
mod trash;
mod tree;
mod unit;
mod waiting;
mod way;
mod whole_series;
mod without;

pub use berth::refused_rights;
pub use beyond::Beyond;
pub use clocks::OtherClock;
pub use commit::Committed;
pub use draft::Draft;
pub use folders::Holdings;
pub use footers::{FileContents, Flaw, FoundFile};
pub use held::waiting_series;
pub use held_files::HeldFile;
pub use inspect::{Damage, Stored};
pub use kept::read_kept;
pub use leftover::{has_journal, lacks_what_it_replaces, leftover_runs};
pub use legacy::LegacyStore;
pub use legacy_file::{LegacyFile, LegacyFound};
pub use legacy_place::LegacyPlaces;
pub use moment::{MOST_TRIES, Moment};
pub use newest::NewestFile;
pub use older_days::OlderDays;
pub use older_trades::OlderTrades;
pub use owners::{Claims, LegacyVenue, Owners, Planned};
pub use partitioned::PartitionedStore;
pub use place::check_staging;
pub use put::{Custody, Document, PutAway, Replaced};
pub use quarantine::{CorruptFiles, Quarantine, QuarantineRecord};
pub use recover::{Conflict, Recovered};
pub use rehouse::{Lodger, Lodgers, Rehoused, lodgers, lodgers_of, rehouse};
pub use router::{Layout, Route, RouteReason, Routed, Router, RoutingFacts};
pub use sample::Kept;
pub use sealed::Sealed;
pub use staged::{Open, StagedRun, create_data_dirs};
pub use staged_rows::{RowsToStage, StagedContent, StagedRows};
pub use stores::Stores;
pub use temp_content::{TempContent, read_temp};
pub use trash::InPieces;
pub use tree::{compression_for, refuse_other_rows};
pub use waiting::Left;
pub use whole_series::BuiltSeries;
pub use without::{Unwanted, Without};

use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::codec::CodecError;
use crate::frame::{Frame, Revision};
use crate::ledger::{FileChange, LedgerError};
use crate::lock::LockError;
use crate::model::{
    Dataset, Digest, Interval, PartitionKey, Provenance, StorageRequest, Ticker, Venue,
    VenueMissing,
};
use crate::sys::{FsError, Rights};

/// A place where series are kept.
pub trait StorageInterface: fmt::Debug + Send + Sync {
    /// Reads a series. `None` means that nothing is stored; damage is listed in the answer, never an absence.
    fn read(&self, request: &StorageRequest) -> Result<Option<Stored>, StorageError>;

    /// Merges `newer` with what is stored and encodes the files that change. The store itself is untouched, and
    /// a month whose rows stay the same has no file in the answer.
    fn prepare(
        &self,
        request: &StorageRequest,
        newer: &Frame,
        provenance: &Provenance,
    ) -> Result<Prepared, StorageError>;

    /// Finds the newest file of a series, without reading it; `None` when there is none.
    fn newest(&self, request: &StorageRequest) -> Result<Option<NewestFile>, StorageError>;

    /// Tells whether anything of the series exists, also what has to be refused when it is read: that is not absence.
    fn holds(&self, request: &StorageRequest) -> Result<bool, StorageError>;

    /// Returns size and extent without decoding rows; `None` means that nothing is stored.
    fn stat(&self, request: &StorageRequest) -> Result<Option<SeriesStat>, StorageError>;

    /// Lists the tickers that have files, in order of their names.
    fn tickers(
        &self,
        venue: Option<&Venue>,
        dataset: Dataset,
        interval: Option<Interval>,
    ) -> Result<Vec<Ticker>, StorageError>;
}

/// Size and extent of a stored series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeriesStat {
    /// How many files it has.
    pub files: usize,
    /// How many bytes they have.
    pub bytes: u64,
    /// The first and the last partition.
    pub span: Option<(PartitionKey, PartitionKey)>,
}

/// What a merge would write. Nothing has been written yet.
#[derive(Debug)]
pub struct Prepared {
    /// The series.
    pub request: StorageRequest,
    /// The files that change.
    pub files: Vec<PreparedFile>,
    /// Files that do not verify. They are put away before the group is committed.
    pub damaged: Vec<Damage>,
    /// Parquet files beside those files that are none of the series. They stay as they are, and are told.
    pub misplaced: Vec<PathBuf>,
    /// Folders of those files in which something else may lie, such as temporary files.
    pub untidy: Vec<PathBuf>,
    /// Rows by what happens to them.
    pub rows: RowCounts,
    /// By what the stored prices were multiplied, where they were moved to another basis.
    pub factor: Option<f64>,
    /// What the files grant that its rows come from, when they come from stored ones: nobody else may use the new files.
    pub origin: Option<Rights>,
    /// Whether nothing of the series lies in this layout yet.
    pub is_new: bool,
    /// Stored bars of a day and wider that begin on no border, where all newer ones do: each of their days is in two bars.
    pub off_border: usize,
}

/// Rows of a merge by what happens to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RowCounts {
    /// Rows with a key that was not stored.
    #[serde(rename = "new")]
    pub added: usize,
    /// Stored rows that get other values.
    pub changed: usize,
    /// Rows that were there already, or had to yield.
    pub unchanged: usize,
}

impl std::ops::AddAssign for RowCounts {
    fn add_assign(&mut self, more: Self) {
        self.added += more.added;
        self.changed += more.changed;
        self.unchanged += more.unchanged;
    }
}

/// A whole new file of a series, in memory.
#[derive(Clone, Debug)]
pub struct PreparedFile {
    /// Where it will stand.
    pub target: PathBuf,
    /// The partition it holds.
    pub partition: PartitionKey,
    /// SHA-256 of the file that it replaces; `None` when there is none.
    pub old: Option<Digest>,
    /// SHA-256 of its bytes.
    pub new: Digest,
    /// Its bytes.
    pub bytes: Bytes,
    /// The bytes of the file that it replaces; `None` when there is none, or none that verifies.
    pub replaced: Option<Bytes>,
    /// What the replaced file says that a new file cannot hold. Then it goes to quarantine whole.
    pub beyond: Option<String>,
    /// What is different in it.
    pub change: FileChange,
}

impl Prepared {
    /// Returns what the changes overwrite.
    pub fn revisions(&self) -> impl Iterator<Item = &Revision> {
        let files = self.files.iter();
        files.flat_map(|file| &file.change.rows.replaced)
    }
}

/// What somebody can do about a name that stands for nothing that this build can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WayOut {
    /// A file with other contents: store its rows anew.
    StoreAnew,
    /// A link, pipe, device or folder where a file belongs, or none where a folder does: put that there.
    PutInPlace,
    /// A file under another name than the one that is read: give it that.
    Rename,
}

/// What storage could not do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum StorageError {
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The partitioned layout was asked for a series without a venue.
    #[error(transparent)]
    VenueMissing(#[from] VenueMissing),
    /// The legacy layout, which has no encoding, cannot spell this symbol.
    #[error("the legacy layout cannot hold {ticker}: its symbol is not safe as a file name")]
    LegacyName { ticker: Ticker },
    /// The legacy layout holds bars only.
    #[error("the legacy layout holds no {dataset}")]
    LegacyDataset {
        /// The dataset asked for.
        dataset: Dataset,
    },
    /// A file is whole but is not what its place says, so it is neither used nor overwritten.
    #[error("{} is left alone: {reason}", path.display())]
    Refused { path: PathBuf, reason: String },
    /// A file is whole, and this build cannot hold what is in it. It is neither used nor moved nor overwritten, whatever
    /// becomes of damaged files; its series waits until somebody mends the file.
    #[error("{} is left alone: {reason}", path.display())]
    Foreign {
        path: PathBuf,
        /// The first thing that cannot be held.
        reason: String,
        /// What somebody can do about it.
        way_out: WayOut,
    },
    /// Rows cannot be encoded.
    #[error("cannot encode {}: {source}", path.display())]
    Encode {
        /// The file that was to be written.
        path: PathBuf,
        /// Why not.
        source: CodecError,
    },
    /// A link stands where barkeep writes only into real directories.
    #[error("{} is a link or no directory, and barkeep follows none below the data root", path.display())]
    NotADirectory { path: PathBuf },
    /// The place of a file is not what it has to be.
    #[error("nothing can be stored at {}: {reason}", path.display())]
    Place {
        /// The file that was to stand there.
        path: PathBuf,
        reason: String,
    },
    /// A file lies in a shared legacy folder and belongs to a venue that has its own.
    #[error("{} has to be moved to the folder of its venue first", path.display())]
    Lodged { path: PathBuf },
    /// What an earlier run has of a series goes first.
    #[error("what was fetched before waits in {} and goes first", run.display())]
    HeldBack {
        /// The folder of the earlier run.
        run: PathBuf,
    },
    /// Nothing can be staged, or nothing that is staged could be brought to its place.
    #[error("cannot stage in {}: {reason}", path.display())]
    Staging {
        /// The staging folder.
        path: PathBuf,
        reason: String,
    },
    /// A later barkeep began a commit that this one does not understand.
    #[error("the journal {} has form {version}, which only a later barkeep understands", path.display())]
    NewerJournal {
        /// The journal.
        path: PathBuf,
        /// Its form.
        version: u32,
    },
    /// The journal of an interrupted commit cannot be trusted.
    #[error("the journal {} is damaged: {reason}", path.display())]
    DamagedJournal {
        /// The journal.
        path: PathBuf,
        reason: String,
    },
    /// Staged rows are not what was staged.
    #[error("the staged rows {} are damaged: {reason}", path.display())]
    DamagedStaged {
        /// The staged file.
        path: PathBuf,
        reason: String,
    },
    /// A line of the ledger cannot be written.
    #[error("cannot write a line of {}: {reason}", path.display())]
    Ledger {
        /// The file of the ledger.
        path: PathBuf,
        reason: String,
    },
    /// A series changed again and again while it was read.
    #[error("{request} was changed each of the {tries} times that it was read")]
    Unsteady {
        request: Box<StorageRequest>,
        tries: usize,
    },
    /// The run lock was lost in the middle of the run.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl From<LedgerError> for StorageError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Fs(error) => Self::Fs(error),
            LedgerError::VenueMissing(error) => Self::VenueMissing(error),
            LedgerError::Lock(error) => Self::Lock(error),
            LedgerError::Line { path, reason } => Self::Ledger { path, reason },
        }
    }
}

impl StorageError {
    /// Tells whether the place of one series is at fault: its rows stay staged until the place is mended, and all other
    /// series go on. A disk that fails or is full and a lock that is lost concern everybody.
    pub fn is_of_place(&self) -> bool {
        match self {
            Self::Fs(error) => error.is_of_place(),
            Self::NotADirectory { .. }
            | Self::Place { .. }
            | Self::HeldBack { .. }
            | Self::Lodged { .. } => true,
            _ => false,
        }
    }

    /// Tells whether `dir`, or something in it, is a place that is at fault.
    pub fn is_of_place_below(&self, dir: &Path) -> bool {
        matches!(self, Self::Fs(error) if error.is_of_place() && error.path.starts_with(dir))
    }
}
