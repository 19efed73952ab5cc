//! What ends the work on staged rows.

use crate::catalog::CatalogError;
use crate::ledger::LedgerError;
use crate::storage::StorageError;
use crate::sys::FsError;

/// What ends the work on staged rows. Failures of single series are in the report and are none of these.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Storage did not do what was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The registry cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl From<LedgerError> for IngestError {
    fn from(error: LedgerError) -> Self {
        Self::Storage(error.into())
    }
}

impl IngestError {
    /// Tells whether one place is at fault, and not the disk as a whole.
    pub(super) fn is_of_place(&self) -> bool {
        match self {
            Self::Fs(error) => error.is_of_place(),
            Self::Storage(error) => error.is_of_place(),
            Self::Catalog(_) => false,
        }
    }
}
