//! The names that the run lock uses in a workspace, and what may be swept of them.
//!
//! | name | what it is |
//! |---|---|
//! | `.run_lock.guard` | the advisory lock lies on it; never removed, for removing it is what makes such locks racy |
//! | `.run_lock/owner.json` | the lock that people and the predecessor see |
//! | `.run_lock.making-<run>` | a mark, durable before `.run_lock` is made: a lock without an owner is barkeep's own |
//! | `.run_lock.stale-<run>` | a lock of a dead run, moved away; until it is gone, that run counts as not swept |
//! | `.run_lock.done-<run>` | a lock whose run released it |
//!
//! Promises: sweeping removes nothing but these names with a run's id, and inside them only barkeep's own files.

use std::path::{Path, PathBuf};

use super::owner::Owner;
use crate::model::RunId;
use crate::sys::{Entry, Fs, FsResult, Kind, is_dir, refuse_unless_file};

const OWNER: &str = "owner.json";
const OWNER_TEMP: &str = ".owner.json.tmp-";
const MAKING: &str = ".run_lock.making-";
const STALE: &str = ".run_lock.stale-";
const DONE: &str = ".run_lock.done-";

/// Where the lock of a workspace lies.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    workspace: PathBuf,
    /// The file that the advisory lock lies on.
    pub(crate) guard: PathBuf,
    /// The directory that is the visible lock.
    pub(crate) lock: PathBuf,
    /// Who holds it.
    pub(crate) owner: PathBuf,
}

impl Names {
    /// Returns the names in `workspace`.
    pub(crate) fn of(workspace: &Path) -> Self {
        let lock = workspace.join(".run_lock");
        Self {
            workspace: workspace.to_owned(),
            guard: workspace.join(".run_lock.guard"),
            owner: lock.join(OWNER),
            lock,
        }
    }

    /// Returns the mark of a run that is about to make the lock.
    pub(crate) fn making(&self, run: &RunId) -> PathBuf {
        self.workspace.join(format!("{MAKING}{run}"))
    }

    /// Returns where a run moves a dead run's lock.
    pub(crate) fn stale(&self, run: &RunId) -> PathBuf {
        self.workspace.join(format!("{STALE}{run}"))
    }

    /// Returns where a run moves its own lock when it is done.
    pub(crate) fn done(&self, run: &RunId) -> PathBuf {
        self.workspace.join(format!("{DONE}{run}"))
    }

    /// Returns the bytes of the owner file below `lock`; `None` when there is none.
    ///
    /// A link in the place of either is an error: what lies elsewhere says nothing of this workspace, and whoever
    /// believed it would remove it there in the end.
    pub(crate) fn owner_bytes(fs: &dyn Fs, lock: &Path) -> FsResult<Option<Vec<u8>>> {
        if !is_dir(fs, lock)? {
            return Ok(None);
        }
        let owner = lock.join(OWNER);
        if let Some(found) = fs.metadata(&owner)? {
            refuse_unless_file(&owner, found.kind)?;
        }
        fs.read(&owner)
    }

    /// Tells whether a lock without an owner can only have been made by barkeep.
    pub(crate) fn is_unfinished(&self, fs: &dyn Fs) -> FsResult<bool> {
        let is_marked = !self.leftovers(fs, MAKING, Kind::File)?.is_empty();
        Ok(is_marked && is_bare(fs, &self.lock)?)
    }

    /// Returns the dead runs whose locks were moved away and not swept yet; `None` for one without an owner.
    pub(crate) fn unswept(&self, fs: &dyn Fs) -> FsResult<Vec<Option<Owner>>> {
        let mut owners = Vec::new();
        for stale in self.leftovers(fs, STALE, Kind::Dir)? {
            let bytes = Self::owner_bytes(fs, &stale)?;
            // Files of a stranger keep the directory alive; they are no sign of a dead run.
            if bytes.is_some() || is_bare(fs, &stale)? {
                owners.push(bytes.as_deref().and_then(Owner::parse));
            }
        }
        Ok(owners)
    }

    /// Removes what earlier runs and this one left of their locks. Only under the lock.
    pub(crate) fn sweep(&self, fs: &dyn Fs) -> FsResult<()> {
        for mark in self.leftovers(fs, MAKING, Kind::File)? {
            fs.remove_file(&mark)?;
        }
        for prefix in [DONE, STALE] {
            for lock in self.leftovers(fs, prefix, Kind::Dir)? {
                remove_lock(fs, &lock)?;
            }
        }
        Ok(())
    }

    /// Lists what has a name of barkeep's and is what barkeep makes; a link with such a name is somebody else's.
    fn leftovers(&self, fs: &dyn Fs, prefix: &str, kind: Kind) -> FsResult<Vec<PathBuf>> {
        let names = fs.list(&self.workspace)?.unwrap_or_default();
        let is_ours = |name: &str| {
            name.strip_prefix(prefix)
                .is_some_and(|run| run.parse::<RunId>().is_ok())
        };
        Ok(names
            .into_iter()
            .filter(|entry| entry.kind == kind && is_ours(&entry.name))
            .map(|entry| self.workspace.join(entry.name))
            .collect())
    }
}

/// Tells whether a lock directory holds nothing, or nothing but an owner file in the making.
fn is_bare(fs: &dyn Fs, lock: &Path) -> FsResult<bool> {
    let is_making = |entry: &Entry| entry.kind == Kind::File && entry.name.starts_with(OWNER_TEMP);
    Ok(fs
        .list(lock)?
        .is_some_and(|names| names.iter().all(is_making)))
}

/// Removes a lock directory that was moved away; one with a stranger's file in it stays.
pub(crate) fn remove_lock(fs: &dyn Fs, lock: &Path) -> FsResult<()> {
    let inside = fs.list(lock)?.unwrap_or_default();
    let (ours, others): (Vec<_>, Vec<_>) = inside.into_iter().partition(|entry| {
        entry.kind == Kind::File && (entry.name == OWNER || entry.name.starts_with(OWNER_TEMP))
    });
    for entry in ours {
        fs.remove_file(&lock.join(entry.name))?;
    }
    if others.is_empty() {
        fs.remove_dir(lock)?;
    }
    Ok(())
}
