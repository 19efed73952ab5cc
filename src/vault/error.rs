//! Why the vault did not do what was asked.

use std::path::PathBuf;

use crate::lock::LockError;
use crate::sys::FsError;

use super::record::InvalidName;

/// Why the vault did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The run lock is not held any more.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The download has a name that no record can carry.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A file of the vault is whole and of a form that this build does not know. It is left where it is.
    #[error("{} is a vault file of a newer form, which this version cannot read", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
}

impl VaultError {
    /// Tells whether it costs what would be kept, and no more.
    pub fn is_of_place(&self) -> bool {
        match self {
            Self::Fs(error) => error.is_of_place(),
            Self::Newer { .. } | Self::Name(_) => true,
            Self::Lock(_) => false,
        }
    }
}
