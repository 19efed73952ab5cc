//! What ends an update.

use std::path::PathBuf;

use crate::catalog::{CatalogError, Unusable};
use crate::ingest::IngestError;
use crate::inventory::InventoryError;
use crate::lock::LockError;
use crate::model::Unclear;
use crate::storage::StorageError;
use crate::sys::FsError;
use crate::update::UpdateError;
use crate::workspace::WorkspaceError;

/// What ends an update, or keeps one from being planned.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum CycleError {
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    Update(#[from] UpdateError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The file system is too full to begin.
    #[error("{} has {found} {what} left, and this run may need {needed}", path.display())]
    NoSpace {
        /// Where space is missing.
        path: PathBuf,
        /// Bytes or inodes.
        what: &'static str,
        /// What is left.
        found: u64,
        /// What may be needed.
        needed: u64,
    },
    /// The workspace has no tickers.json.
    #[error("there is no tickers.json")]
    WithoutRegistry,
    /// None of the tickers that were named can be asked for.
    #[error(transparent)]
    Unclear(#[from] Unclear),
}
