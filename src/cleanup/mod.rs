//! Temporary files that stopped runs left behind: barkeep's own, and those of the predecessor.
//!
//! Promises: rows that were fetched are never discarded. What a temporary file of the predecessor holds is staged,
//! durably, before the file goes, or the file is moved to quarantine with the reason; it is never promoted to the
//! place that its name suggests. Names that are not known are never touched, and an unreadable file stays.
//! Planning is a pure look: `--dry-run` prints what `apply` would do.
//! Leaves to others: merging what was staged (`ingest::finish_leftovers`, to be called after `apply`), and the
//! leftovers of the lock (`lock`).

mod apply;
mod plan;

pub use apply::{CleanupReport, Hands, apply};
pub use plan::{CleanupPlan, Left, Leftover, Origin, plan, plan_in};

use crate::storage::StorageError;
use crate::sys::FsError;

/// What ends a clean-up.
#[derive(Debug, thiserror::Error)]
pub enum CleanupError {
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Rows could not be staged or put away.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CleanupError {
    /// Tells whether one place is at fault, and not the disk as a whole.
    fn is_of_place(&self) -> bool {
        match self {
            Self::Fs(error) => error.is_of_place(),
            Self::Storage(error) => error.is_of_place(),
        }
    }
}
