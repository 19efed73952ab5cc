//! The renames after the commit point, and what becomes of files whose place refuses them.
//!
//! Promises: nothing is given up any more. A place that refuses its file does not keep the others from theirs; what is left
//! stays in the journal, which is replaced by a shorter one in one step, and is tried again by each later run. A disk
//! that fails or is full stops the run, with the journal as it was.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::StorageRequest;
use crate::sys::atomic::{parent, write_new};
use crate::sys::{Access, Kind};

use super::StorageError;
use super::journal::{self, Entry};
use super::staged::{Sealed, StagedRun};

/// The journal before it counts.
const UNSEALED_JOURNAL: &str = ".journal.tmp";

/// A file of a committed group whose place refuses it. It stays in the journal of its run.
#[derive(Clone, Debug)]
pub struct Left {
    pub(super) entry: Entry,
    /// What the place said, as a phrase.
    pub reason: String,
}

impl Left {
    pub(super) fn new(entry: Entry, error: &StorageError) -> Self {
        let reason = error.to_string();
        Self { entry, reason }
    }

    /// Returns the series that it is a file of; `None` for a document.
    pub fn request(&self) -> Option<&StorageRequest> {
        self.entry.unit.request()
    }

    /// Returns where it belongs.
    pub fn target(&self) -> &Path {
        &self.entry.target
    }

    /// Returns why its place refuses it, as an error.
    pub fn error(&self) -> StorageError {
        StorageError::Place {
            path: self.entry.target.clone(),
            reason: self.reason.clone(),
        }
    }
}

/// What became of entries.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// They are in their places.
    pub(super) done: Vec<Entry>,
    /// Their places are on another disk, to which nothing can be renamed, however often it is tried.
    pub(super) elsewhere: Vec<Entry>,
    /// Their places refuse them.
    pub(super) left: Vec<Left>,
}

/// Whether directories that are there already may exist in memory only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ancestors {
    /// No.
    Durable,
    /// Yes: a run that was killed made them.
    Doubtful,
}

impl StagedRun<'_, Sealed> {
    /// Renames staged files to their targets.
    pub(super) fn move_into_place(
        &self,
        entries: Vec<Entry>,
        ancestors: Ancestors,
    ) -> Result<Moved, StorageError> {
        let mut moved = Moved::default();
        let mut known = BTreeSet::from([self.places.root.clone()]);
        let mut grown = BTreeSet::new();
        let mut ready = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.make_real_dirs(parent(&entry.target), &mut known, &mut grown) {
                Ok(()) => ready.push(entry),
                Err(error) if error.is_of_place() => moved.left.push(Left::new(entry, &error)),
                Err(error) => return Err(error),
            }
        }
        if ancestors == Ancestors::Doubtful {
            grown.extend(ready.iter().flat_map(|entry| self.ancestors(&entry.target)));
        }
        // A file moved into a directory that a power cut takes away would be in neither place.
        self.sync_for(&mut [&mut ready], &mut moved.left, grown)?;
        for entry in ready {
            match self.fs.rename(&entry.staged, &entry.target) {
                Ok(()) => moved.done.push(entry),
                Err(error) if error.is_other_disk() => moved.elsewhere.push(entry),
                Err(error) if error.is_of_place() => {
                    moved.left.push(Left::new(entry, &error.into()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(moved)
    }

    /// Makes directories durable. Entries below one that refuses even that are left: nobody knows of them then.
    pub(super) fn sync_for(
        &self,
        entries: &mut [&mut Vec<Entry>],
        left: &mut Vec<Left>,
        mut dirs: BTreeSet<PathBuf>,
    ) -> Result<(), StorageError> {
        loop {
            let error = match self.sync_all(&[], dirs.clone()) {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let bad = match &error {
                StorageError::Fs(refused) if refused.is_of_place() => refused.path.clone(),
                _ => return Err(error),
            };
            let before = left.len();
            for entries in entries.iter_mut() {
                let (below, others): (Vec<Entry>, Vec<Entry>) = std::mem::take(*entries)
                    .into_iter()
                    .partition(|entry| entry.target.starts_with(&bad));
                left.extend(below.into_iter().map(|entry| Left::new(entry, &error)));
                **entries = others;
            }
            if left.len() == before {
                return Err(error);
            }
            dirs.retain(|dir| !dir.starts_with(&bad));
        }
    }

    /// Makes the moves durable, and only then forgets what the journal says of them.
    ///
    /// # Errors
    /// When the disk refuses, and when a document is left: a run does not go on without its documents.
    pub(super) fn settle_journal(
        &mut self,
        journal: &Path,
        mut moved: Moved,
        mut dirs: BTreeSet<PathBuf>,
    ) -> Result<Vec<Left>, StorageError> {
        let targets = moved.done.iter();
        dirs.extend(targets.map(|entry| parent(&entry.target).to_owned()));
        self.sync_for(
            &mut [&mut moved.done, &mut moved.elsewhere],
            &mut moved.left,
            dirs,
        )?;
        let waiting = self.state.left.entry(journal.to_owned()).or_default();
        waiting.extend(moved.left.iter().cloned());
        if waiting.is_empty() {
            self.state.left.remove(journal);
            self.fs.remove_file(journal)?;
            self.fs.sync_dir(parent(journal))?;
        } else if !moved.done.is_empty() || !moved.elsewhere.is_empty() {
            let entries: Vec<Entry> = waiting.iter().map(|left| left.entry.clone()).collect();
            self.seal_journal(journal, &entries)?;
        }
        let is_document = |left: &&Left| left.request().is_none();
        match moved.left.iter().find(is_document) {
            Some(document) => Err(document.error()),
            None => Ok(moved.left),
        }
    }

    /// Makes the journal count. After the last line what it lists is committed, and nothing else is.
    pub(super) fn seal_journal(
        &self,
        journal: &Path,
        entries: &[Entry],
    ) -> Result<(), StorageError> {
        let unsealed = journal.with_file_name(UNSEALED_JOURNAL);
        self.fs.remove_file(&unsealed)?;
        let bytes = journal::to_bytes(&self.places.root, entries);
        write_new(self.fs, &unsealed, &bytes, Access::Fresh)?;
        self.fs.rename(&unsealed, journal)?;
        Ok(self.fs.sync_dir(parent(journal))?)
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

    /// Returns the directories above a target, up to the workspace.
    pub(super) fn ancestors(&self, target: &Path) -> Vec<PathBuf> {
        let is_below = |dir: &&Path| dir.starts_with(&self.places.root);
        target
            .ancestors()
            .skip(1)
            .take_while(is_below)
            .map(Path::to_owned)
            .collect()
    }
}
