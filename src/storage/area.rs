//! Where a run lies: its folders in staging, and how what it writes becomes durable.
//!
//! Promises: only made while the run lock is held. Whatever is synced through it is synced by one barrier, or by itself
//! where it lies on another disk than the barrier. Leaves to others: what lies in the folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::layout::Places;
use crate::lock::LockGuard;
use crate::model::RunId;
use crate::sys::atomic::{create_dirs, parent};
use crate::sys::{Barrier, Fs, FsResult, Kind, is_dir};

use super::StorageError;

/// The staging area of one run.
#[derive(Debug)]
pub(super) struct Area<'l> {
    pub(super) fs: &'l dyn Fs,
    pub(super) places: &'l Places,
    held: &'l LockGuard<'l>,
    barrier: Box<dyn Barrier>,
    dir: PathBuf,
    /// Where files are staged that go beside tickers.json; another folder only if `data` is a mount.
    home_dir: PathBuf,
    id: RunId,
}

impl<'l> Area<'l> {
    /// Opens the staging area of a run. Of its folders, the one that all runs lie in is made.
    pub(super) fn open(
        fs: &'l dyn Fs,
        held: &'l LockGuard<'l>,
        places: &'l Places,
        id: RunId,
    ) -> Result<Self, StorageError> {
        make_staging(fs, &places.staging)?;
        // Opened before the first write, so that the barrier hears of every failed one.
        let barrier = fs.barrier(&places.staging)?;
        Ok(Self {
            fs,
            places,
            held,
            barrier,
            dir: places.staging.join(id.as_str()),
            home_dir: places.home_staging.join(id.as_str()),
            id,
        })
    }

    pub(super) fn id(&self) -> &RunId {
        &self.id
    }

    /// Returns the folder on the disk of the data root.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the folders that the run may have, whether they are there or not.
    pub(super) fn dirs(&self) -> Vec<PathBuf> {
        self.places.run_dirs(&self.id).collect()
    }

    /// Returns the folder on the disk of a path: `data` may be a disk of its own.
    pub(super) fn home_of(&self, path: &Path) -> &Path {
        if path.starts_with(&self.places.data) {
            &self.dir
        } else {
            &self.home_dir
        }
    }

    /// Returns the directories above a path, up to the workspace.
    pub(super) fn above(&self, path: &Path) -> Vec<PathBuf> {
        let is_below = |dir: &&Path| dir.starts_with(&self.places.root);
        let above = path.ancestors().skip(1).take_while(is_below);
        above.map(Path::to_owned).collect()
    }

    /// Makes sure that the run lock is ours still.
    pub(super) fn confirm_lock(&self) -> Result<(), StorageError> {
        Ok(self.held.confirm()?)
    }

    /// Tells whether the barrier, which stands on the data root's file system, covers a path.
    pub(super) fn is_under_barrier(&self, path: &Path) -> bool {
        self.home_dir == self.dir || path.starts_with(&self.places.data)
    }

    /// Makes files and directories durable: one barrier, and each path by itself that lies on another disk.
    pub(super) fn sync_all(
        &self,
        files: &[PathBuf],
        dirs: BTreeSet<PathBuf>,
    ) -> Result<(), StorageError> {
        let files: Vec<PathBuf> = files
            .iter()
            .filter(|file| self.is_under_barrier(file))
            .cloned()
            .collect();
        let (below, beside): (Vec<PathBuf>, Vec<PathBuf>) =
            dirs.into_iter().partition(|dir| self.is_under_barrier(dir));
        self.barrier.sync(&files, &below)?;
        Ok(beside.iter().try_for_each(|dir| self.fs.sync_dir(dir))?)
    }

    /// Makes files and directories durable that lie on the disk of the data root.
    pub(super) fn sync_of_data(
        &self,
        files: &[PathBuf],
        dirs: BTreeSet<PathBuf>,
    ) -> Result<(), StorageError> {
        let dirs: Vec<PathBuf> = dirs.into_iter().collect();
        Ok(self.barrier.sync(files, &dirs)?)
    }

    /// Makes a folder of the run, and those between it and the staging folder.
    pub(super) fn make_own_dirs(&self, dir: &Path) -> FsResult<()> {
        let staging = if dir.starts_with(&self.dir) {
            &self.places.staging
        } else {
            &self.places.home_staging
        };
        make_staging(self.fs, staging)?;
        create_dirs(self.fs, staging, dir)
    }

    /// Removes the folders of the run, and those of all runs if they are empty then.
    pub(super) fn remove(&self) -> Result<(), StorageError> {
        for dir in self.dirs() {
            remove_tree(self.fs, &dir)?;
        }
        for staging in self.places.stagings() {
            // Not empty when other runs left something, which is theirs.
            if self
                .fs
                .list(staging)?
                .is_some_and(|entries| entries.is_empty())
            {
                self.fs.remove_dir(staging)?;
            }
        }
        Ok(())
    }
}

/// Makes the folder of the staged runs. It may be a link to another disk; what is in it is barkeep's own.
fn make_staging(fs: &dyn Fs, staging: &Path) -> FsResult<()> {
    let is_link = fs
        .metadata(staging)?
        .is_some_and(|found| found.kind == Kind::Link);
    if is_link {
        return Ok(());
    }
    create_dirs(fs, parent(staging), staging)
}

/// Removes a folder that barkeep made, with everything in it. Never what a link in its place leads to.
pub(super) fn remove_tree(fs: &dyn Fs, dir: &Path) -> Result<(), StorageError> {
    if is_dir(fs, dir)? {
        remove_real_tree(fs, dir)?;
    }
    Ok(())
}

fn remove_real_tree(fs: &dyn Fs, dir: &Path) -> Result<(), StorageError> {
    let Some(entries) = fs.list(dir)? else {
        return Ok(());
    };
    for entry in entries {
        let path = dir.join(&entry.name);
        match entry.kind {
            Kind::Dir => remove_real_tree(fs, &path)?,
            Kind::File | Kind::Link | Kind::Other => {
                fs.remove_file(&path)?;
            }
        }
    }
    fs.remove_dir(dir)?;
    Ok(())
}
