//! The group commit: many new files become visible together, or after the next start, or not at all.
//!
//! Whole new files are built in staging; one barrier makes them durable; the journal's rename, durable, is the
//! commit point; renames move the files into place; one barrier makes the renames durable; the journal goes.
//! A crash before the commit point leaves the tree as it was, a crash after it is rolled forward by the next
//! run (`recover`), however often that one crashes too. The tests simulate each of these, on a disk that loses whatever was
//! not synced.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::Digest;
use crate::sys::atomic::{parent, write_new};
use crate::sys::{Access, Kind, Rights};

use super::StorageError;
use super::journal::{self, Entry, JOURNAL_NAME};
use super::staged::{Sealed, StagedRun, remove_tree};

/// The folder of a run in which whole new files are built.
pub(super) const NEW: &str = "new";
/// The journal before it counts.
const UNSEALED_JOURNAL: &str = ".journal.tmp";

/// A whole new file on its way into a group.
#[derive(Debug)]
pub(super) struct NewFile<'f> {
    pub(super) target: &'f Path,
    /// SHA-256 of the file that it replaces.
    pub(super) old: Option<Digest>,
    /// SHA-256 of its bytes.
    pub(super) new: Digest,
    pub(super) bytes: &'f [u8],
    /// What the files grant that its bytes come from, other than the one that it replaces.
    pub(super) origin: Option<Rights>,
}

impl StagedRun<'_, Sealed> {
    /// Refuses files that another merge of this group writes as well: each was made without the other's rows, and one
    /// would be lost. To be asked before the files of a merge are added.
    ///
    /// # Errors
    /// `Refused` with the file, also when two names differ only in case and the disk cannot tell them apart.
    pub(super) fn refuse_twins<'t>(
        &mut self,
        targets: impl Iterator<Item = &'t PathBuf> + Clone,
    ) -> Result<(), StorageError> {
        let fold = |path: &Path| path.to_string_lossy().to_uppercase().to_lowercase();
        for target in targets.clone() {
            let Some(other) = self.state.targets.get(&fold(target)) else {
                continue;
            };
            if other == target || self.folds_case()? {
                return Err(StorageError::Refused {
                    path: target.clone(),
                    reason: format!("{} of this run is the same file here", other.display()),
                });
            }
        }
        let folded = targets.map(|target| (fold(target), target.clone()));
        self.state.targets.extend(folded);
        Ok(())
    }

    /// Tells whether the disk takes two names that differ only in case for one.
    fn folds_case(&self) -> Result<bool, StorageError> {
        let name = self.id().as_str().to_lowercase();
        Ok(self.fs.metadata(&self.dir.with_file_name(name))?.is_some())
    }

    /// Adds a whole new file to the group that the next `commit` makes visible. Only staging changes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn add(&mut self, file: &NewFile<'_>) -> Result<(), StorageError> {
        let new_dir = self.new_dir_for(file.target);
        if self.state.group.is_empty() {
            self.clear_new()?;
        }
        if self.state.group_dirs.insert(new_dir.clone()) {
            self.make_own_dirs(&new_dir)?;
        }
        let staged = new_dir.join(self.state.group.len().to_string());
        let access = Access::at(self.fs, file.target, file.origin)?;
        let mut writer = self.fs.create_new(&staged, access)?;
        writer.write_all(file.bytes)?;
        if !self.is_under_barrier(&staged) {
            writer.sync()?;
        }
        let entry = Entry {
            staged,
            target: file.target.to_owned(),
            old: file.old,
            new: file.new,
        };
        self.state.group.push(entry);
        Ok(())
    }

    /// Gives up a group that could not be built, and the space that it took. Its rows stay staged. A group that may
    /// have passed its commit point is left for the next run.
    pub fn abandon_group(&mut self) {
        self.state.group.clear();
        self.state.group_dirs.clear();
        self.state.targets.clear();
        // Once the journal has its name the group may be committed, and the next run needs the files to complete it.
        let journal = self.fs.metadata(&self.dir.join(JOURNAL_NAME));
        if !matches!(journal, Ok(None)) {
            return;
        }
        // The error that led here is the one to report; the next run clears what is left.
        let _cleared: Result<(), StorageError> = self.clear_new();
    }

    /// Tells how many files the group has.
    pub fn group_len(&self) -> usize {
        self.state.group.len()
    }

    /// Commits the group. When this returns `Ok`, every file of it survives power loss.
    ///
    /// # Errors
    /// Before the commit point, nothing outside staging has changed. After it, the next run completes the group.
    pub fn commit(&mut self) -> Result<(), StorageError> {
        let entries = std::mem::take(&mut self.state.group);
        let new_dirs = std::mem::take(&mut self.state.group_dirs);
        self.state.targets.clear();
        if entries.is_empty() {
            return Ok(());
        }
        let staged: Vec<PathBuf> = entries.iter().map(|entry| entry.staged.clone()).collect();
        self.sync_all(&staged, new_dirs.clone())?;
        self.held.confirm()?;
        self.seal_journal(&entries)?;
        self.move_into_place(&entries.iter().collect::<Vec<_>>(), BTreeSet::new())?;
        let targets = entries.iter().map(|entry| parent(&entry.target).to_owned());
        self.drop_journal(targets.chain(new_dirs).collect())
    }

    fn new_dir_for(&self, target: &Path) -> PathBuf {
        self.home_of(target).join(NEW)
    }

    /// Tells whether the barrier, which stands on the data root's file system, covers a path.
    fn is_under_barrier(&self, path: &Path) -> bool {
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

    /// Makes the journal count. After the last line the group is committed.
    fn seal_journal(&self, entries: &[Entry]) -> Result<(), StorageError> {
        let unsealed = self.dir.join(UNSEALED_JOURNAL);
        self.fs.remove_file(&unsealed)?;
        write_new(
            self.fs,
            &unsealed,
            &journal::to_bytes(&self.places.root, entries),
            Access::Fresh,
        )?;
        self.fs.rename(&unsealed, &self.dir.join(JOURNAL_NAME))?;
        Ok(self.fs.sync_dir(&self.dir)?)
    }

    /// Renames staged files to their targets; `doubtful` are directories that may not be durable yet.
    pub(super) fn move_into_place(
        &self,
        entries: &[&Entry],
        doubtful: BTreeSet<PathBuf>,
    ) -> Result<(), StorageError> {
        let mut known = BTreeSet::from([self.places.root.clone()]);
        let mut grown = doubtful;
        for entry in entries {
            self.make_real_dirs(parent(&entry.target), &mut known, &mut grown)?;
        }
        // A file moved into a directory that a power cut takes away would be in neither place.
        self.barrier
            .sync(&[], &grown.into_iter().collect::<Vec<_>>())?;
        for entry in entries {
            self.fs.rename(&entry.staged, &entry.target)?;
        }
        Ok(())
    }

    /// Makes the renames durable, and only then forgets the journal.
    pub(super) fn drop_journal(&self, dirs: BTreeSet<PathBuf>) -> Result<(), StorageError> {
        self.sync_all(&[], dirs)?;
        self.fs.remove_file(&self.dir.join(JOURNAL_NAME))?;
        Ok(self.fs.sync_dir(&self.dir)?)
    }

    /// Creates missing directories, and refuses to write through a link below the data root.
    pub(super) fn make_real_dirs(
        &self,
        dir: &Path,
        known: &mut BTreeSet<PathBuf>,
        grown: &mut BTreeSet<PathBuf>,
    ) -> Result<(), StorageError> {
        if known.contains(dir) {
            return Ok(());
        }
        match self.fs.metadata(dir)?.map(|meta| meta.kind) {
            Some(Kind::Dir) => {
                if !dir.starts_with(&self.places.root) {
                    return Err(StorageError::NotADirectory {
                        path: dir.to_owned(),
                    });
                }
                self.make_real_dirs(parent(dir), known, grown)?;
            }
            Some(Kind::Link) if dir == self.places.data => {}
            Some(_) => {
                return Err(StorageError::NotADirectory {
                    path: dir.to_owned(),
                });
            }
            None => {
                self.make_real_dirs(parent(dir), known, grown)?;
                self.fs.create_dir(dir)?;
                grown.insert(parent(dir).to_owned());
            }
        }
        known.insert(dir.to_owned());
        Ok(())
    }

    /// Drops files of a group that never reached its commit point. Their rows are still staged.
    pub(super) fn clear_new(&self) -> Result<(), StorageError> {
        for dir in BTreeSet::from([&self.dir, &self.home_dir]) {
            remove_tree(self.fs, &dir.join(NEW))?;
        }
        Ok(())
    }
}
