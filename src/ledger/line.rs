//! The lines of the ledger: what a group commit did to each file.
//!
//! Leaves to others: how a line is written (`line_json`).

use crate::frame::{RowChanges, RowKey};
use crate::layout::series_name;
use crate::model::{
    Fingerprint, Granularity, HalfDigest, PartitionKey, PriceBasis, StorageRequest, TimeUnit,
};

use super::SeriesRecord;

/// The rows of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileState {
    /// How many there are.
    pub rows: u64,
    /// The length of the file.
    pub bytes: u64,
    /// The first half of their fingerprint.
    pub digest: HalfDigest,
}

impl FileState {
    /// Returns the state of a file of so many bytes.
    pub fn new(rows: Fingerprint, bytes: u64) -> Self {
        Self {
            rows: rows.rows,
            bytes,
            digest: rows.digest.half(),
        }
    }

    /// Tells whether it speaks of these rows.
    pub fn fits(&self, rows: Fingerprint) -> bool {
        self.rows == rows.rows && self.digest == rows.digest.half()
    }
}

/// What a new file changes, before anything of it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct FileChange {
    /// The file that it replaces; `None` when there is none, or none that verifies.
    pub old: Option<FileState>,
    /// What the ledger said last of that file, if somebody looked: it may have been more than was found.
    pub was: Option<FileState>,
    /// The new file.
    pub new: FileState,
    /// The keys of its first and its last row.
    pub span: Option<(RowKey, RowKey)>,
    /// The unit of its timestamps, and which corporate actions its prices contain; `None` when both are those of the older file.
    pub facts: Option<(TimeUnit, PriceBasis)>,
    /// What happened to the rows.
    pub rows: RowChanges,
}

/// What became of the rows that a file had.
#[derive(Clone, Debug, PartialEq)]
pub enum Past {
    /// They can be made of the new ones.
    Changed(RowChanges),
    /// So many were replaced that the older file is kept beside the ledger, under this name.
    Kept {
        /// The name, below the folder of the venue.
        file: String,
        /// By what the prices were multiplied, where one factor says it.
        factor: Option<f64>,
    },
    /// The older file was damaged and is in quarantine, in this folder; nobody knows its rows.
    Damaged {
        /// The case.
        case: String,
    },
    /// They are those of the series in the other layout: only their place is new.
    Moved,
    /// They were a copy of the rows of the series, which are in the other layout: what happened to them happened to no row
    /// of the series.
    Copied(RowChanges),
}

/// What a group did to one file of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct FileLine {
    /// The series.
    pub series: StorageRequest,
    /// The file.
    pub partition: PartitionKey,
    /// Whether the series had no file in this layout before the group; told by the first of its lines.
    pub begins: bool,
    /// The file that was there; `None` when there was none, or none that verifies.
    pub old: Option<FileState>,
    /// What the ledger said last of that file, if somebody looked: it may have been more than was found.
    pub was: Option<FileState>,
    /// The file that is there now.
    pub new: FileState,
    /// The keys of its first and its last row.
    pub span: Option<(RowKey, RowKey)>,
    /// The unit of its timestamps, and which corporate actions its prices contain; `None` when both are those of the older file.
    pub facts: Option<(TimeUnit, PriceBasis)>,
    /// What became of the older rows.
    pub past: Past,
}

impl FileLine {
    /// Tells whether the file is one of the legacy layout.
    pub fn is_legacy(&self) -> bool {
        let granularity = self.series.series.dataset().granularity();
        self.partition == PartitionKey::Whole && granularity != Granularity::Whole
    }
}

/// One line of the ledger.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A file was written.
    File(Box<FileLine>),
    /// The files of a series were looked at, or moved into the tree as a whole: this is what they are.
    Found(StorageRequest, SeriesRecord),
    /// The series left the tree as a whole.
    Gone(StorageRequest),
}

impl Line {
    /// Returns the series that the line speaks of.
    pub fn series(&self) -> &StorageRequest {
        match self {
            Self::File(line) => &line.series,
            Self::Found(series, _) | Self::Gone(series) => series,
        }
    }

    /// Tells whether the series was not there before it.
    pub(super) fn begins_series(&self) -> bool {
        self.file()
            .is_some_and(|file| file.begins && file.old.is_none())
    }

    /// Returns what it says of a file.
    pub(super) fn file(&self) -> Option<&FileLine> {
        match self {
            Self::File(line) => Some(line),
            Self::Found(..) | Self::Gone(_) => None,
        }
    }
}

/// Returns the name of a series below the folder of its venue.
pub(super) fn name_at_venue(series: &StorageRequest) -> String {
    let name = series_name(series);
    // Market and source have no slash.
    let at_venue = name.splitn(3, '/').nth(2).map(str::to_owned);
    at_venue.unwrap_or(name)
}

/// Returns the name of the series that a line speaks of, as it is written; `None` when it names none.
pub(super) fn named(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"{\"series\":")?;
    // No name of a series has a quotation mark in it.
    let end = rest.iter().skip(1).position(|byte| *byte == b'"')?;
    rest.get(..end + 2)
}

/// Returns the name of a series as its lines have it, which begin with it.
pub(super) fn written_name(series: &StorageRequest) -> Vec<u8> {
    serde_json::to_vec(&name_at_venue(series)).unwrap_or_default()
}
