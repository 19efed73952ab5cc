//! What ends the run of a feed. What a single file costs is in the report, and none of these.

use crate::ingest::IngestError;
use crate::storage::StorageError;
use crate::sys::FsError;
use crate::vault::VaultError;

/// What ends the run of a feed.
#[derive(Debug, thiserror::Error)]
pub enum FeedRunError {
    /// Storage did not do what was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Rows could not be consolidated.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// The vault did not do what was asked.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
}
