//! What ends work on answers that are kept.

use crate::ingest::IngestError;
use crate::storage::StorageError;
use crate::vault::VaultError;

/// What ends work on answers that are kept.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum AnswersError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}
