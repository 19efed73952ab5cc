//! Proof that this process holds the run lock.
//!
//! Promises: while a guard exists no other run of barkeep changes the workspace. The predecessor does not know the
//! guard file and may take the visible lock away, which is why `confirm` is called before every commit point.

use std::fmt;
use std::path::Path;

use super::error::LockError;
use super::names::{Names, remove_lock};
use super::owner::{Owner, key_of};
use super::stale::Proof;
use crate::model::RunId;
use crate::sys::atomic::TempNames;
use crate::sys::{FileLock, Fs, FsResult};

/// A run that ended without releasing its lock. Whoever takes over sweeps the whole tree before new work.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenOver {
    /// Who it was; `None` when that is not known.
    pub owner: Option<Owner>,
    /// How it is known that it has ended; `None` when an earlier run found that out and ended, too.
    pub because: Option<Proof>,
}

/// Holds the run lock until it is released or dropped.
#[must_use = "the lock is released when the guard is dropped"]
pub struct LockGuard<'w> {
    pub(super) fs: &'w dyn Fs,
    pub(super) workspace: &'w Path,
    pub(super) names: Names,
    pub(super) run: RunId,
    pub(super) token: String,
    pub(super) took_over: Option<TakenOver>,
    /// Whether nothing is left of earlier locks and of the making of this one.
    pub(super) is_swept: bool,
    /// `None` once the visible lock is released or given up.
    pub(super) flock: Option<Box<dyn FileLock>>,
}

impl fmt::Debug for LockGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("workspace", &self.workspace)
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

impl<'w> LockGuard<'w> {
    /// Returns the workspace that is locked.
    pub fn workspace(&self) -> &'w Path {
        self.workspace
    }

    /// Returns the names of temporary files of the run that holds the lock.
    pub fn temps(&self) -> TempNames {
        TempNames::of(self.run.clone())
    }

    /// Returns the run that ended without releasing the lock before this one took it.
    pub fn took_over(&self) -> Option<&TakenOver> {
        self.took_over.as_ref()
    }

    /// Makes sure that the lock is still ours. Called before every commit point.
    ///
    /// # Errors
    /// `Lost` when somebody took it away; then nothing more may be written.
    pub fn confirm(&self) -> Result<(), LockError> {
        let bytes = Names::owner_bytes(self.fs, &self.names.lock)?;
        if key_of(bytes.as_deref()) == self.token {
            return Ok(());
        }
        Err(LockError::Lost {
            path: self.names.lock.clone(),
            owner: bytes.as_deref().and_then(Owner::parse).map(Box::new),
        })
    }

    /// Releases the lock.
    ///
    /// # Errors
    /// `Lost` when it was not ours any more; then it is left alone. A file operation that did not work; then the next
    /// run takes over.
    pub fn release(mut self) -> Result<(), LockError> {
        self.let_go()
    }

    /// Ends without releasing the visible lock, so that the next run takes over and sweeps: for runs that stop in the
    /// middle of their work.
    pub fn abandon(mut self) {
        self.flock = None;
    }

    fn let_go(&mut self) -> Result<(), LockError> {
        // Dropped on every way out, and last: until then nobody else may judge what lies there.
        let Some(_flock) = self.flock.take() else {
            return Ok(());
        };
        self.confirm()?;
        let done = self.names.done(&self.run);
        move_aside(self.fs, &self.names, &done, &self.token)?;
        // Else a power cut could bring back a lock whose owner file is gone, and nobody could judge it.
        self.fs.sync_dir(self.workspace)?;
        remove_lock(self.fs, &done)?;
        if !self.is_swept {
            // What the disk would not let go of at the start. A later run tries again.
            let _swept: FsResult<()> = self.names.sweep(self.fs);
        }
        Ok(())
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        // A run that panics stops in the middle: the next one takes over and sweeps.
        if !std::thread::panicking() {
            let _outcome: Result<(), LockError> = self.let_go();
        }
    }
}

/// Moves the visible lock to `to`, and puts it back if it was not the one with `key`.
pub(super) fn move_aside(
    fs: &dyn Fs,
    names: &Names,
    to: &Path,
    key: &str,
) -> Result<(), LockError> {
    fs.rename(&names.lock, to)?;
    let bytes = Names::owner_bytes(fs, to)?;
    if key_of(bytes.as_deref()) == key {
        return Ok(());
    }
    // Between the look and the rename its owner changed: a live run's lock was moved. The rename back cannot
    // replace a lock with an owner that came meanwhile.
    fs.rename(to, &names.lock)?;
    Err(LockError::Changed {
        path: names.lock.clone(),
    })
}
