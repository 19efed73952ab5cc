//! What goes first before a series can be merged: files that journals list, and what earlier runs have of it.
//!
//! Promises: a file whose place refuses it stays in the journal, which is replaced by a shorter one in one step, and is tried
//! again by each later run. Leaves to others: what earlier runs have (`held`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::model::StorageRequest;
use crate::sys::atomic::parent;

use super::StorageError;
use super::area::Area;
use super::held::HeldBack;
use super::into_place::{Moved, seal_journal, sync_for};
use super::journal::Entry;

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

/// What could not be brought to its place yet, by this run and others.
#[derive(Debug)]
pub(super) struct Waiting {
    /// What this run could not bring to its place after a commit point, by the journal that lists it.
    journals: BTreeMap<PathBuf, Vec<Left>>,
    /// Series that other runs go first with.
    others: HeldBack,
}

impl Waiting {
    pub(super) fn new(others: HeldBack) -> Self {
        Self {
            journals: BTreeMap::new(),
            others,
        }
    }

    /// Tells whether everything of this run is in its place.
    pub(super) fn is_empty(&self) -> bool {
        self.journals.is_empty()
    }

    /// Forgets what is listed, for the journals to be read anew.
    pub(super) fn forget_journals(&mut self) {
        self.journals.clear();
    }

    /// Returns the entries of a journal whose places refuse them.
    pub(super) fn listed(&self, journal: &Path) -> Vec<Entry> {
        let left = self.journals.get(journal).into_iter().flatten();
        left.map(|left| left.entry.clone()).collect()
    }

    /// Returns the staged files that journals list.
    pub(super) fn staged_files(&self) -> BTreeSet<&Path> {
        self.left()
            .map(|left| left.entry.staged.as_path())
            .collect()
    }

    /// Refuses a series that a journal names, of this run or of another one.
    pub(super) fn refuse_unfinished(&self, request: &StorageRequest) -> Result<(), StorageError> {
        match self.left().find(|left| left.request() == Some(request)) {
            Some(left) => Err(left.error()),
            None => self.others.refuse_listed(request),
        }
    }

    /// Refuses a series that an earlier run goes first with.
    pub(super) fn refuse_held(&self, request: &StorageRequest) -> Result<(), StorageError> {
        self.refuse_unfinished(request)?;
        self.others.refuse_staged(request)
    }

    /// Refuses a file that a journal has a newer one of, whatever its series is called there.
    pub(super) fn refuse_listed(&self, target: &Path) -> Result<(), StorageError> {
        match self.left().find(|left| left.target() == target) {
            Some(left) => Err(left.error()),
            None => self.others.refuse_file(target),
        }
    }

    /// Makes moves durable, and only then forgets what the journal says of them.
    ///
    /// # Errors
    /// When the disk refuses, and when a document is left: a run does not go on without its documents.
    pub(super) fn replace_journal(
        &mut self,
        area: &Area<'_>,
        journal: &Path,
        mut moved: Moved,
        mut dirs: BTreeSet<PathBuf>,
    ) -> Result<Vec<Left>, StorageError> {
        let targets = moved.done.iter();
        dirs.extend(targets.map(|entry| parent(&entry.target).to_owned()));
        sync_for(
            area,
            &mut [&mut moved.done, &mut moved.elsewhere],
            &mut moved.left,
            dirs,
        )?;
        let waiting = self.journals.entry(journal.to_owned()).or_default();
        waiting.extend(moved.left.iter().cloned());
        if waiting.is_empty() {
            self.journals.remove(journal);
            area.fs.remove_file(journal)?;
            area.fs.sync_dir(parent(journal))?;
        } else if !moved.done.is_empty() || !moved.elsewhere.is_empty() {
            let entries: Vec<Entry> = waiting.iter().map(|left| left.entry.clone()).collect();
            seal_journal(area, journal, &entries)?;
        }
        let is_document = |left: &&Left| left.request().is_none();
        match moved.left.iter().find(is_document) {
            Some(document) => Err(document.error()),
            None => Ok(moved.left),
        }
    }

    fn left(&self) -> impl Iterator<Item = &Left> {
        self.journals.values().flatten()
    }
}
