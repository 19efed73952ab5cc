//! Why a mirror cannot be brought up to date or read.

use std::path::PathBuf;

use super::Tree;
use crate::codec::CodecError;
use crate::inventory::InventoryError;
use crate::ledger::LedgerError;
use crate::model::StorageRequest;
use crate::storage::StorageError;
use crate::sys::FsError;

/// Why a mirror cannot be brought up to date or read. Nothing of it concerns what is collected.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum MirrorError {
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The list of series cannot be read.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The data root cannot be asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Rows cannot be encoded.
    #[error("cannot encode rows for {}: {source}", path.display())]
    Encode {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: CodecError,
    },
    /// Something of the mirror is not what was written. It can be built anew.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        reason: String,
    },
    /// A later barkeep made the mirror.
    #[error("{} has form {form}, which only a later barkeep understands", path.display())]
    Newer {
        path: PathBuf,
        /// Its form.
        form: u32,
    },
    /// The mirror is another workspace's.
    #[error("{} is the mirror of another workspace", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// The workspace is a copy of the one that keeps the mirror.
    #[error(
        "{} is kept by the workspace {}, of which this one is a copy",
        path.display(),
        original.display()
    )]
    Copied {
        /// The folder.
        path: PathBuf,
        /// The other workspace.
        original: PathBuf,
    },
    /// A series could be read, and a moment later it could not; or readers would lose it, since it cannot be read just now.
    #[error("{request} cannot be read: {reason}")]
    Unreadable {
        request: Box<StorageRequest>,
        reason: String,
    },
    /// Made anew, the mirror would lose what only it has still.
    #[error("the mirror of {tree} has the last copy of {what}")]
    LastCopy {
        tree: Box<Tree>,
        /// A series, or why nobody knows of it.
        what: String,
    },
    /// Made anew, the mirror would lose a file of which nobody can say what it has.
    #[error("the mirror of {tree} has the last copy of something, perhaps: {} {reason}", path.display())]
    Doubtful {
        tree: Box<Tree>,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as the end of a sentence.
        reason: String,
    },
    /// The mirrors would lie among the data.
    #[error("{} lies in the data folder, where no copies belong", path.display())]
    AmongData {
        /// The folder of the mirrors.
        path: PathBuf,
    },
    /// Another process is writing the mirror.
    #[error("another process is writing the mirror {}", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
}
