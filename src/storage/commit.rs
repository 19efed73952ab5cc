//! The group commit: many new files become visible together, or after the next start, or not at all.
//!
//! Whole new files are built in staging; one barrier makes them durable; the journal's rename, durable, is the
//! commit point; renames move the files into place; one barrier makes the renames durable; the journal goes, or what is
//! left of it stays (`into_place`). A crash before the commit point leaves the tree as it was, a crash after it is rolled
//! forward by the next run (`recover`), however often that one crashes too. The tests simulate each of these, on a disk that
//! loses whatever was not synced.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::model::Digest;
use crate::sys::{Fs, Kind, Rights};

use super::StorageError;
use super::into_place::{Ancestors, Left};
use super::journal::{Entry, JOURNAL_NAME};
use super::staged::{Sealed, StagedRun, remove_tree};
use super::unit::Unit;

/// The folder of a run in which whole new files are built.
pub(super) const NEW: &str = "new";

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

/// How far a commit went.
#[derive(Debug, Default)]
#[must_use = "what is left is not in the tree"]
pub struct Committed {
    /// Files whose places refused them after the commit point. They stay in the journal, for each later run to try again.
    pub left: Vec<Left>,
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

    /// Takes back what was added since the group had `files` files, so that their names are free again. What was written for them is cleared with the next group.
    pub(super) fn take_back(&mut self, files: usize) {
        self.state.group.truncate(files);
        let group = self.state.group.iter();
        let taken: HashSet<&Path> = group.map(|entry| entry.target.as_path()).collect();
        let targets = &mut self.state.targets;
        targets.retain(|_, target| taken.contains(target.as_path()));
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
    pub(super) fn add(&mut self, unit: &Unit, file: &NewFile<'_>) -> Result<(), StorageError> {
        if self.state.group.is_empty() {
            self.state.group_dirs.clear();
            self.clear_new()?;
        }
        let (dir, access) = self.berth(file.target, file.origin)?;
        let staged = dir.join(self.state.next.to_string());
        self.state.next += 1;
        let mut writer = self.fs.create_new(&staged, access)?;
        if writer.is_refused() {
            self.state.refused.push(file.target.to_owned());
        }
        writer.write_all(file.bytes)?;
        if !self.is_under_barrier(&staged) {
            writer.sync()?;
        }
        let entry = Entry {
            staged,
            target: file.target.to_owned(),
            old: file.old,
            new: file.new,
            unit: unit.clone(),
        };
        self.state.group.push(entry);
        Ok(())
    }

    /// Gives up a group that could not be built, and the space that it took. Its rows stay staged. A group that may
    /// have passed its commit point is left for the next run.
    pub fn abandon_group(&mut self) {
        self.state.group.clear();
        self.state.notes.forget_group();
        self.state.group_dirs.clear();
        self.state.targets.clear();
        self.state.real_dirs.clear();
        self.state.vacant.clear();
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

    /// Commits the group. When this returns `Ok`, every file of it survives power loss: in its place, or, where that
    /// refuses it, in the journal.
    ///
    /// # Errors
    /// Before the commit point, nothing outside staging has changed. After it, the next run completes the group.
    pub fn commit(&mut self) -> Result<Committed, StorageError> {
        self.add_ledgers()?;
        let entries = std::mem::take(&mut self.state.group);
        let new_dirs = std::mem::take(&mut self.state.group_dirs);
        self.state.targets.clear();
        self.state.real_dirs.clear();
        self.state.vacant.clear();
        if entries.is_empty() {
            return Ok(Committed::default());
        }
        // A run that was left may lie in the other staging place only, and have nothing but documents to bring along.
        if self.fs.metadata(&self.dir)?.is_none() {
            self.make_own_dirs(&self.dir)?;
        }
        let staged: Vec<PathBuf> = entries.iter().map(|entry| entry.staged.clone()).collect();
        self.sync_all(&staged, new_dirs.clone())?;
        self.held.confirm()?;
        let journal = self.dir.join(JOURNAL_NAME);
        // What an earlier group left stays listed: one journal speaks for the whole run.
        let waiting = self.state.left.get(&journal).into_iter().flatten();
        let mut listed: Vec<Entry> = waiting.map(|left| left.entry.clone()).collect();
        listed.extend(entries.iter().cloned());
        self.seal_journal(&journal, &listed)?;
        let mut moved = self.move_into_place(entries, Ancestors::Durable)?;
        let elsewhere = std::mem::take(&mut moved.elsewhere).into_iter();
        moved.left.extend(elsewhere.map(|entry| Left {
            reason: "it lies on another disk than the staging folder".to_owned(),
            entry,
        }));
        let left = self.settle_journal(&journal, moved, new_dirs)?;
        Ok(Committed { left })
    }

    /// Drops files of a group that never reached its commit point, whose rows are still staged. What a journal lists stays.
    pub(super) fn clear_new(&mut self) -> Result<(), StorageError> {
        let left = self.state.left.values().flatten();
        let kept: BTreeSet<&Path> = left.map(|left| left.entry.staged.as_path()).collect();
        for dir in self.dirs() {
            clear_but(self.fs, &dir.join(NEW), &kept)?;
        }
        self.state.berths.forget_group();
        let number = |path: &&Path| path.file_name()?.to_str()?.parse::<usize>().ok();
        let last = kept.iter().filter_map(number).max();
        self.state.next = last.map_or(0, |last| last + 1);
        Ok(())
    }
}

/// Removes a folder of new files, but for some of them.
fn clear_but(fs: &dyn Fs, dir: &Path, kept: &BTreeSet<&Path>) -> Result<(), StorageError> {
    if !kept.iter().any(|path| path.starts_with(dir)) {
        return remove_tree(fs, dir);
    }
    for entry in fs.list(dir)?.unwrap_or_default() {
        let path = dir.join(&entry.name);
        if entry.kind == Kind::Dir {
            clear_but(fs, &path, kept)?;
        } else if !kept.contains(path.as_path()) {
            fs.remove_file(&path)?;
        }
    }
    Ok(())
}
