//! Why a ticker could not be moved, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use super::Difference;
use crate::model::PartitionKey;
use crate::storage::{StorageError, WayOut};

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
    /// The legacy file has numbers that cannot be kept as they are, and nobody said what to do with them.
    Fractions(usize),
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
        /// Months of that span of which there is no row now.
        bare: Vec<PartitionKey>,
    },
    /// Beside its partitions lies a Parquet file that is none, which would go with them.
    Misplaced(PathBuf),
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

impl Refusal {
    /// Returns how two sides differ, if that is why.
    pub fn difference(&self) -> Option<&Difference> {
        match self {
            Self::Conflict(difference)
            | Self::Mismatch(difference)
            | Self::Undecided(difference) => Some(difference),
            _ => None,
        }
    }

    /// Returns the months that it is about, as far as they are known.
    pub fn months(&self) -> Vec<PartitionKey> {
        match self {
            Self::Altered { bare, .. } => bare.clone(),
            _ => self
                .difference()
                .map_or_else(Vec::new, |found| found.months.iter().copied().collect()),
        }
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
                "its legacy file has {duplicate} rows that contradict another one of the same date, and {undated} without \
                 a date or a stock"
            ),
            Self::Fractions(count) => {
                write!(
                    f,
                    "{count} numbers of its legacy file cannot be kept as they are: fractions of volumes or sequences, or \
                     numbers that are too large"
                )
            }
            Self::Columns(names) => {
                write!(f, "its columns {} would be lost", names.join(", "))
            }
            Self::Conflict(difference) => {
                write!(f, "its partitions and its legacy file differ: {difference}")
            }
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
            Self::Altered { then, now, bare } => {
                write!(
                    f,
                    "its legacy file is gone, and the rows of that time are not those that were proven ({then} then, \
                     {now} now)"
                )?;
                let months: Vec<String> = bare.iter().take(3).map(ToString::to_string).collect();
                match bare.len() {
                    0 => Ok(()),
                    1..=3 => write!(f, "; there is none of {}", months.join(", ")),
                    _ => write!(f, "; there is none of {}, …", months.join(", ")),
                }
            }
            Self::Misplaced(path) => write!(
                f,
                "{} lies beside its partitions, is none of them, and would go with them",
                path.display()
            ),
            Self::Changed => f.write_str("its legacy file changed since it was proven"),
            Self::Storage(error) => error.fmt(f),
        }
    }
}

impl Refusal {
    /// Returns what a user of `migrate` can do about it, to follow a semicolon.
    pub fn cure(&self) -> Option<&'static str> {
        match self {
            Self::Displaced { .. } => Some(
                "--duplicates newest takes the newest row of each date and keeps the file in quarantine",
            ),
            Self::Fractions(_) => {
                Some("--fractions round rounds them and keeps the file in quarantine")
            }
            Self::Conflict(_) => Some(
                "--partition-rows keep keeps rows that only the partitions have; --restart puts these partitions into \
                 quarantine and copies the legacy file anew",
            ),
            Self::Damaged(_) => Some(
                "a damaged legacy file has to be restored from a backup or moved away; a damaged partition is copied \
                 anew with --restart",
            ),
            Self::Misplaced(_) => Some("move that file away, and try again"),
            Self::Empty
            | Self::Columns(_)
            | Self::Storage(StorageError::Refused { .. } | StorageError::Encode { .. }) => {
                Some("mend the file, or move it out of data/legacy, and migrate again")
            }
            Self::Storage(StorageError::Foreign { way_out, .. }) => Some(match way_out {
                WayOut::StoreAnew => {
                    "store it anew as docs/format.md says, or move it away, and migrate again"
                }
                WayOut::PutInPlace => {
                    "put the file or folder that it leads to in its place, or move it away, and migrate again"
                }
                WayOut::Rename => {
                    "give it the name that docs/format.md says, or move it away, and migrate again"
                }
            }),
            _ => None,
        }
    }
}
