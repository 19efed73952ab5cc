//! One ticker on its way: its legacy rows read and judged, its months built in memory.
//!
//! Promises: nothing is written here. Absent, empty, damaged and unreadable are four refusals; none of them is a
//! copy of no rows.

use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::{Choices, Difference, Duplicates, LegacyStamp, PartitionRows, Proof, Sight, Tuple};
use crate::frame::{Displaced, Frame, Reason};
use crate::model::{Digest, Fingerprint, Provenance, StorageRequest, Ticker};
use crate::storage::{Draft, LegacyFile, LegacyFound, Prepared, StorageError, StorageInterface};

/// Why a ticker was not migrated. The interval goes on without it.
#[derive(Debug)]
pub enum Refusal {
    /// The legacy file is gone.
    Absent,
    /// The legacy file holds no rows.
    Empty,
    /// The legacy file, or a file of the partitions, does not decode.
    Damaged(String),
    /// Rows without a place, and nobody said what to do with them.
    Displaced {
        /// Rows without a date.
        undated: usize,
        /// Rows that say something else than another one with the same date.
        duplicate: usize,
    },
    /// The legacy file has columns that would be lost.
    Columns(Vec<String>),
    /// The partitions hold something else than the legacy file.
    Conflict(Difference),
    /// What was written is not what was read back.
    Mismatch(Difference),
    /// Both sides have a row with different values, and nothing says which one is newer.
    Undecided(Difference),
    /// Nothing is proven of it.
    Unproven,
    /// There are no partitions of it yet.
    NotMigrated,
    /// It was proven once, and now both sides are gone.
    Gone,
    /// It has partitions and neither a legacy file nor a proof.
    Unaccounted,
    /// Its legacy file is gone, and the partitions are not what was proven.
    Altered {
        /// Rows that were proven.
        then: u64,
        /// Rows of the same span now.
        now: u64,
    },
    /// The legacy file changed since it was proven.
    Changed,
    /// Reading, judging or encoding did not work.
    Storage(StorageError),
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("its legacy file is gone"),
            Self::Empty => f.write_str("its legacy file holds no rows"),
            Self::Damaged(reason) => write!(f, "it is damaged: {reason}"),
            Self::Displaced { undated, duplicate } => write!(
                f,
                "its legacy file has {duplicate} duplicate and {undated} undated rows (--duplicates newest keeps the \
                 newest of each date, and a copy of the file in quarantine)"
            ),
            Self::Columns(names) => {
                write!(f, "its columns {} would be lost", names.join(", "))
            }
            Self::Conflict(difference) => write!(
                f,
                "its partitions and its legacy file differ: {difference} (--partition-rows keep keeps rows that only \
                 the partitions have, --restart puts the partitions away and copies anew)"
            ),
            Self::Mismatch(difference) => {
                write!(
                    f,
                    "what was read back differs from the legacy file: {difference}"
                )
            }
            Self::Undecided(difference) => write!(
                f,
                "its partitions and its legacy file differ, and nothing says which side is newer: {difference}"
            ),
            Self::Unproven => f.write_str("nothing is proven of it"),
            Self::NotMigrated => f.write_str("it is not migrated yet"),
            Self::Gone => f.write_str(
                "it was migrated, and now neither its legacy file nor its partitions are there",
            ),
            Self::Unaccounted => f.write_str(
                "it has partitions and neither a legacy file nor a proof that there was one",
            ),
            Self::Altered { then, now } => write!(
                f,
                "its legacy file is gone, and the rows of that time are not those that were proven ({then} then, \
                 {now} now)"
            ),
            Self::Changed => f.write_str("its legacy file changed since it was migrated"),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

/// A ticker whose months are built.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) facts: CopyFacts,
    pub(super) built: Built,
}

/// What has to be known of a copy once its files are written.
#[derive(Debug)]
pub(super) struct CopyFacts {
    pub(super) ticker: Ticker,
    pub(super) request: StorageRequest,
    pub(super) legacy: Fingerprint,
    /// What the partitions have to hold in the end.
    pub(super) expected: Fingerprint,
    pub(super) span: (i64, i64),
    pub(super) stamp: LegacyStamp,
    /// The legacy file, when rows of it have no place in the partitions, and why.
    pub(super) keepsake: Option<(PathBuf, Bytes, String)>,
}

/// The files of a ticker, in memory.
#[derive(Debug)]
pub(super) enum Built {
    /// All of a series of which nothing is there yet.
    Whole(Draft),
    /// The files that change of a series that is there in part or in full.
    Beside(Prepared),
}

impl Built {
    /// Returns where each file will stand, and its length.
    pub(super) fn files(&self) -> Vec<(&Path, u64)> {
        match self {
            Self::Whole(draft) => draft.files().collect(),
            Self::Beside(prepared) => prepared
                .files
                .iter()
                .map(|file| (file.target.as_path(), file.bytes.len() as u64))
                .collect(),
        }
    }
}

/// Reads a ticker's legacy file.
pub(super) fn read_legacy(
    sight: Sight<'_>,
    request: &StorageRequest,
) -> Result<Box<LegacyFile>, Refusal> {
    let file = match sight.stores.legacy.read_file(request)? {
        LegacyFound::Absent => return Err(Refusal::Absent),
        LegacyFound::Damaged { reason } => return Err(Refusal::Damaged(reason)),
        LegacyFound::Whole(file) => file,
    };
    if file.decoded.proven.frame.is_empty() && file.decoded.proven.displaced.is_empty() {
        return Err(Refusal::Empty);
    }
    Ok(file)
}

/// Builds the months of a ticker, in memory.
pub(super) fn copy(
    sight: Sight<'_>,
    choices: &Choices,
    tuple: &Tuple,
    ticker: &Ticker,
    proof: Option<&Proof>,
) -> Result<Copy, Refusal> {
    let request = tuple.series(ticker);
    let file = read_legacy(sight, &request)?;
    let keepsake = displaced(&file, choices.duplicates)?;
    if !file.decoded.unknown_columns.is_empty() {
        return Err(Refusal::Columns(file.decoded.unknown_columns));
    }
    let rows = &file.decoded.proven.frame;
    let span = rows.span().ok_or(Refusal::Empty)?;
    let provenance = Provenance {
        timezone: file.decoded.provenance.timezone.clone(),
        basis: choices.basis.unwrap_or(file.basis),
        source: Some(tuple.venue.clone()),
    };
    let store = &sight.stores.partitioned;
    let (built, expected) = if let Some(draft) = store.draft(&request, rows, &provenance)? {
        (Built::Whole(draft), None)
    } else {
        let expected = beside(sight, choices, &request, rows, proof)?;
        let prepared = store.prepare(&request, rows, &provenance)?;
        (Built::Beside(prepared), expected)
    };
    let legacy = rows.fingerprint();
    let (expected, span) = match &expected {
        Some(all) => (all.fingerprint(), all.span().unwrap_or(span)),
        None => (legacy, span),
    };
    let facts = CopyFacts {
        ticker: ticker.clone(),
        request,
        legacy,
        expected,
        span,
        stamp: LegacyStamp {
            bytes: file.meta.len,
            modified_nanos: file.meta.modified_nanos,
            sha256: Digest::of(&file.bytes).to_string(),
        },
        keepsake,
    };
    Ok(Copy { facts, built })
}

/// Judges rows of a legacy file that have no place in a frame; with the user's consent, they go to quarantine.
fn displaced(
    file: &LegacyFile,
    choice: Duplicates,
) -> Result<Option<(PathBuf, Bytes, String)>, Refusal> {
    let rows = &file.decoded.proven.displaced;
    let count = |reason: Reason| {
        let is_so = |row: &&Displaced| row.reason == reason;
        rows.iter().filter(is_so).count()
    };
    let (undated, duplicate) = (count(Reason::Undated), count(Reason::Duplicate));
    match choice {
        _ if rows.is_empty() => Ok(None),
        Duplicates::Refuse => Err(Refusal::Displaced { undated, duplicate }),
        Duplicates::Newest => {
            let why = format!(
                "{duplicate} duplicate and {undated} undated rows have no place in the partitions"
            );
            Ok(Some((file.path.clone(), file.bytes.clone(), why)))
        }
    }
}

/// Judges what the partitions hold already. Returns the rows that they will hold, when that is more than the legacy rows.
fn beside(
    sight: Sight<'_>,
    choices: &Choices,
    request: &StorageRequest,
    legacy: &Frame,
    proof: Option<&Proof>,
) -> Result<Option<Frame>, Refusal> {
    let Some(stored) = sight.stores.partitioned.read(request)? else {
        return Ok(None);
    };
    if stored.displaced > 0 {
        return Err(Refusal::Damaged(format!(
            "{} rows of its partitions are undated or duplicate",
            stored.displaced
        )));
    }
    let Some(difference) = Difference::between(legacy, &stored.frame) else {
        return Ok(None);
    };
    let is_only_behind = difference.extra == 0 && difference.changed == 0;
    // A copy that nobody has written to since: whatever differs, the legacy file is the newer one.
    let is_old_copy = proof.is_some_and(|proof| {
        proof.legacy == proof.partitions && proof.partitions == stored.frame.fingerprint()
    });
    if is_only_behind || (is_old_copy && difference.extra == 0) {
        let merged = stored.frame.merge(legacy).frame;
        // The rule of the merge may prefer a stored value, and then the copy would not be one.
        return match Difference::between(legacy, &merged) {
            None => Ok(None),
            Some(difference) => Err(Refusal::Conflict(difference)),
        };
    }
    if choices.partition_rows == PartitionRows::Keep && difference.changed == 0 {
        return Ok(Some(stored.frame.merge(legacy).frame));
    }
    Err(Refusal::Conflict(difference))
}
