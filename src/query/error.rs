//! What stands in the way of an answer.

use crate::inventory::InventoryError;
use crate::model::{Interval, StorageRequest, Unclear};
use crate::storage::StorageError;
use crate::sys::FsError;
use crate::workspace::{ReadError, WorkspaceError};

/// What stands in the way of an answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Nothing, or too much, is what the words name.
    #[error(transparent)]
    Unclear(#[from] Unclear),
    /// A series cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Nobody can say which series there are.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// Nobody can say where a series is.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Bars of this length do not fill those of that length.
    #[error("bars of {from} cannot be joined to bars of {to}")]
    NotAMultiple {
        /// The length of the finer bars.
        from: Interval,
        /// The length of the coarser bars.
        to: Interval,
    },
    /// Bars cannot be joined.
    #[error("{request}: {reason}")]
    Unjoined {
        /// The series.
        request: Box<StorageRequest>,
        /// Why not.
        reason: String,
    },
    /// The program was built without what joins bars.
    #[error("this barkeep was built without polars, which `--resample` needs")]
    WithoutPolars,
}
