//! The group that a run is building: whole new files in staging, and where each of them will go.
//!
//! Promises: only staging changes; no two files of a group are the same file, and what a journal lists is never cleared.
//! Leaves to others: whether a series may join (`sealed`), making the group visible (`commit`).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::model::Digest;
use crate::sys::{Fs, Kind, Rights};

use super::StorageError;
use super::area::{Area, remove_tree};
use super::berth::Berths;
use super::journal::Entry;
use super::unit::Unit;
use super::waiting::Waiting;

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

/// The group that is being built.
#[derive(Debug, Default)]
pub(super) struct Group {
    entries: Vec<Entry>,
    /// Where its files go, by the path without its case.
    targets: BTreeMap<String, PathBuf>,
    /// The number of its next file.
    next: usize,
}

impl Group {
    /// Tells how many files it has.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Refuses files that another merge of this group writes as well: each was made without the other's rows, and one
    /// would be lost. To be asked before the files of a merge are added.
    ///
    /// # Errors
    /// `Refused` with the file, also when two names differ only in case and the disk cannot tell them apart.
    pub(super) fn refuse_twins<'t>(
        &mut self,
        area: &Area<'_>,
        targets: impl Iterator<Item = &'t PathBuf> + Clone,
    ) -> Result<(), StorageError> {
        let fold = |path: &Path| path.to_string_lossy().to_uppercase().to_lowercase();
        for target in targets.clone() {
            let Some(other) = self.targets.get(&fold(target)) else {
                continue;
            };
            if other == target || folds_case(area)? {
                return Err(StorageError::Refused {
                    path: target.clone(),
                    reason: format!("{} of this run is the same file here", other.display()),
                });
            }
        }
        let folded = targets.map(|target| (fold(target), target.clone()));
        self.targets.extend(folded);
        Ok(())
    }

    /// Takes back what was added since the group had `files` files, so that their names are free again. What was written
    /// for them is cleared with the next group.
    pub(super) fn take_back(&mut self, files: usize) {
        self.entries.truncate(files);
        let entries = self.entries.iter();
        let taken: HashSet<&Path> = entries.map(|entry| entry.target.as_path()).collect();
        let targets = &mut self.targets;
        targets.retain(|_, target| taken.contains(target.as_path()));
    }

    /// Adds a whole new file. With the first one goes what an earlier group left.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn add(
        &mut self,
        area: &Area<'_>,
        berths: &mut Berths,
        waiting: &Waiting,
        (unit, file): (Unit, &NewFile<'_>),
    ) -> Result<(), StorageError> {
        if self.entries.is_empty() {
            self.clear_files(area, berths, waiting)?;
        }
        let (dir, access) = berths.berth(area, file.target, file.origin)?;
        let staged = dir.join(self.next.to_string());
        self.next += 1;
        let mut writer = area.fs.create_new(&staged, access)?;
        if writer.is_refused() {
            berths.note_refused(file.target);
        }
        writer.write_all(file.bytes)?;
        if !area.is_under_barrier(&staged) {
            writer.sync()?;
        }
        self.entries.push(Entry {
            staged,
            target: file.target.to_owned(),
            old: file.old,
            new: file.new,
            unit,
        });
        Ok(())
    }

    /// Hands out the files, and begins anew.
    pub(super) fn take(&mut self) -> Vec<Entry> {
        self.targets.clear();
        std::mem::take(&mut self.entries)
    }

    /// Drops files of a group that never reached its commit point, whose rows are still staged. What a journal lists stays.
    ///
    /// # Errors
    /// When the file system refuses.
    pub(super) fn clear_files(
        &mut self,
        area: &Area<'_>,
        berths: &mut Berths,
        waiting: &Waiting,
    ) -> Result<(), StorageError> {
        let kept = waiting.staged_files();
        for dir in area.dirs() {
            clear_but(area.fs, &dir.join(NEW), &kept)?;
        }
        berths.forget_group();
        let number = |path: &&Path| path.file_name()?.to_str()?.parse::<usize>().ok();
        let last = kept.iter().filter_map(number).max();
        self.next = last.map_or(0, |last| last + 1);
        Ok(())
    }
}

/// Tells whether the disk takes two names that differ only in case for one.
fn folds_case(area: &Area<'_>) -> Result<bool, StorageError> {
    let name = area.id().as_str().to_lowercase();
    Ok(area
        .fs
        .metadata(&area.dir().with_file_name(name))?
        .is_some())
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
