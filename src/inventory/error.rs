//! What stands in the way of looking at all series.

use crate::ledger::LedgerError;
use crate::lock::LockError;
use crate::model::Unclear;
use crate::storage::StorageError;
use crate::sys::FsError;
use crate::workspace::{DataAbsent, WorkspaceError};

/// What stands in the way of looking at all series, or of writing down what is known of them.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum InventoryError {
    #[error(transparent)]
    Unclear(#[from] Unclear),
    #[error(transparent)]
    Fs(#[from] FsError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// No row can be found that tickers.json knows, so that all would be recorded as gone.
    #[error(transparent)]
    DataAbsent(#[from] DataAbsent),
    /// What runs that were stopped were writing would be recorded as what it is not.
    #[error("interrupted runs are not finished yet")]
    Unfinished {
        /// How many there are.
        runs: usize,
    },
}
