//! Makes the visible lock, step by step.
//!
//! Promises: a crash or a power cut between any two steps leaves either no lock or one that the next run can judge,
//! and a dead run's lock stays visible, here or moved aside, until ours is durable.
//! Called by the holder of the guard, after the lock in the way was found dead.

use super::error::LockError;
use super::guard::{LockGuard, move_aside};
use super::names::Names;
use super::owner::{Owner, key_of};
use super::{GlobalRunLock, Judged};
use crate::sys::{Access, FsError, atomic};

impl GlobalRunLock<'_> {
    /// Makes the visible lock: mark, move the dead one away, directory, owner, and a look whether it is ours.
    pub(super) fn take(
        &self,
        guard: &LockGuard<'_>,
        dead: Option<&Judged>,
        command: &str,
    ) -> Result<(), LockError> {
        let names = &guard.names;
        let mark = names.making(&guard.run);
        drop(self.fs.create_new(&mark, Access::Fresh)?);
        let is_made = self.make_directory(guard, dead).inspect_err(|_| {
            // The mark would call a lock barkeep's own that somebody else makes later; one that is there needs it.
            if matches!(self.fs.metadata(&names.lock), Ok(None)) {
                let _unmarked: Result<bool, FsError> = self.fs.remove_file(&mark);
            }
        })?;
        if !is_made {
            let bytes = Names::owner_bytes(self.fs, &names.lock)?;
            self.fs.remove_file(&mark)?;
            return Err(LockError::Held {
                path: names.lock.clone(),
                owner: bytes.as_deref().and_then(Owner::parse).map(Box::new),
                key: Some(key_of(bytes.as_deref())),
            });
        }
        self.name_owner(guard, command)
            .inspect_err(|error| self.undo(guard, error))
    }

    /// Makes the directory after the dead lock was moved away; `false` when somebody else was quicker.
    fn make_directory(
        &self,
        guard: &LockGuard<'_>,
        dead: Option<&Judged>,
    ) -> Result<bool, LockError> {
        let names = &guard.names;
        // Durable before the directory can be: a lock without an owner is then known to be barkeep's.
        self.fs.sync_dir(self.workspace)?;
        if let Some(dead) = dead {
            move_aside(self.fs, names, &names.stale(&guard.run), &dead.key)?;
        }
        Ok(self.fs.create_dir(&names.lock)?)
    }

    fn name_owner(&self, guard: &LockGuard<'_>, command: &str) -> Result<(), LockError> {
        let facts = self.host.facts();
        #[expect(
            clippy::cast_precision_loss,
            reason = "milliseconds since 1970 have 11 bits to spare"
        )]
        let ts = self.clock.now().timestamp_millis() as f64 / 1_000.0;
        let owner = Owner {
            pid: facts.pid,
            host: facts.host,
            ts,
            cwd: self.fs.resolve(self.workspace)?.display().to_string(),
            token: Some(guard.token.clone()),
            boot_id: facts.boot_id,
            command: Some(command.to_owned()),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        };
        let temps = atomic::TempNames::of(guard.run.clone());
        atomic::replace(self.fs, &temps, &guard.names.owner, &owner.render())?;
        self.fs.sync_dir(self.workspace)?;
        guard.confirm()
    }

    /// Removes a lock that could not be completed, as far as that works; the mark goes last.
    fn undo(&self, guard: &LockGuard<'_>, error: &LockError) {
        if matches!(error, LockError::Lost { .. }) {
            return;
        }
        let names = &guard.names;
        let _undone: Result<bool, FsError> = self
            .fs
            .remove_file(&names.owner)
            .and_then(|_| self.fs.remove_dir(&names.lock))
            .and_then(|_| self.fs.sync_dir(self.workspace))
            .and_then(|()| self.fs.remove_file(&names.making(&guard.run)));
    }
}
