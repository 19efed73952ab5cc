//! What ends a repair.

use crate::catalog::CatalogError;
use crate::ingest::IngestError;
use crate::inventory::InventoryError;
use crate::vault::VaultError;

/// What ends a repair, or keeps one from being planned.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum AuditError {
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    #[error(transparent)]
    Ingest(#[from] IngestError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The data root takes no files.
    #[error("{reason}")]
    Shut {
        /// What the system answers.
        reason: String,
    },
}
