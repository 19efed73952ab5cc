//! What ends the work on staged rows.

use crate::catalog::CatalogError;
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
