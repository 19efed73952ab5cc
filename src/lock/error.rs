//! Why the run lock is not ours.

use std::path::PathBuf;

use super::owner::Owner;
use crate::sys::FsError;

/// Why the run lock could not be taken, kept or released.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run is at work, or may be.
    #[error("{} is held by {}", path.display(), describe(owner.as_deref()))]
    Held {
        /// The lock.
        path: PathBuf,
        /// Who holds it; `None` while a run is just starting or ending.
        owner: Option<Box<Owner>>,
        /// What `cleanup --break-lock` must be given; `None` when a live run holds the guard, which nothing breaks.
        key: Option<String>,
    },
    /// There is a lock, and nothing tells whose it is.
    #[error("{} names no owner and may belong to a run that is at work (key {key})", path.display())]
    Unknown {
        /// The lock.
        path: PathBuf,
        /// What `cleanup --break-lock` must be given.
        key: String,
    },
    /// The lock was replaced while it was being judged.
    #[error("{} changed hands while it was looked at", path.display())]
    Changed {
        /// The lock.
        path: PathBuf,
    },
    /// The lock was ours and is not any more.
    #[error("{} was taken away from this run and is now held by {}", path.display(), describe(owner.as_deref()))]
    Lost {
        /// The lock.
        path: PathBuf,
        /// Who has it now.
        owner: Option<Box<Owner>>,
    },
    /// Locks do not mean the same on a network disk.
    #[error("{} lies on a network file system, where no lock can be trusted", path.display())]
    NetworkDisk {
        /// The workspace.
        path: PathBuf,
    },
    /// There is no lock to be broken.
    #[error("{} is not there, so there is nothing to break", path.display())]
    Absent {
        /// The lock.
        path: PathBuf,
    },
    /// The lock to be broken is another one.
    #[error("{} has another key than {given}", path.display())]
    WrongKey {
        /// The lock.
        path: PathBuf,
        /// The key that was given.
        given: String,
    },
    /// A stop was asked for while waiting.
    #[error("a stop was asked for while waiting for {}", path.display())]
    Stopped {
        /// The lock.
        path: PathBuf,
    },
    /// A file operation did not work.
    #[error(transparent)]
    File(#[from] FsError),
}

impl LockError {
    /// Returns who has the lock, where that is known.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::Held { owner, .. } | Self::Lost { owner, .. } => owner.as_deref(),
            _ => None,
        }
    }

    /// Returns what `cleanup --break-lock` must be given, where breaking is possible.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Held { key, .. } => key.as_deref(),
            Self::Unknown { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Tells whether waiting may help.
    pub fn is_contention(&self) -> bool {
        matches!(
            self,
            Self::Held { .. } | Self::Unknown { .. } | Self::Changed { .. }
        )
    }
}

fn describe(owner: Option<&Owner>) -> String {
    owner.map_or_else(
        || "a run that has not named itself".to_owned(),
        Owner::to_string,
    )
}
