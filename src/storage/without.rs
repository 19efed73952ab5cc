//! A series without some of its rows: what becomes of each file that holds one of them.
//!
//! Promises: nothing is written here. Each file that changes is kept whole, with the reason, before the group with its successor
//! is committed. A file that has no row left is a file without rows, which every reader takes, and is named, so that it can be
//! thrown away afterwards. Leaves to others: which rows (`check`), a person's word for it (`cli`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::frame::{self, Frame, Profile};
use crate::ledger::FileState;
use crate::model::{PartitionKey, Provenance, StorageRequest, time};
use crate::sys::Fs;
use crate::sys::atomic::parent;

use super::beyond::beyond;
use super::inspect::{Inspected, claimed_rows, inspect};
use super::prepare::{FileJob, encode, refuse_unknown};
use super::tree::Shape;
use super::{Layout, LegacyStore, PartitionedStore, Prepared, StorageError, Stores};

/// How many reasons are told of one file.
const MOST_REASONS: usize = 5;

/// Which rows are to be taken out, by their stamps, and why each.
pub type Unwanted = BTreeMap<i64, String>;

/// What taking rows out of a series would write. Nothing has been written yet.
#[derive(Debug)]
pub struct Without {
    /// The files that change.
    pub prepared: Prepared,
    /// The rows that go.
    pub removed: Frame,
    /// Files that have no row left, once the group is committed, and those that were left without one before.
    pub emptied: Vec<PathBuf>,
}

impl Without {
    fn nothing(request: &StorageRequest) -> Self {
        Self {
            prepared: Prepared::nothing(request.clone()),
            removed: Frame::empty(Profile::of(request.series.dataset())),
            emptied: Vec::new(),
        }
    }

    /// Takes the rows out of one file, and merges newer ones into what is left.
    fn take_from(
        &mut self,
        fs: &dyn Fs,
        job: FileJob<'_>,
        unwanted: &Unwanted,
        newer: Option<&Frame>,
    ) -> Result<(), StorageError> {
        let may_hold = may_hold(job.key, unwanted);
        if !job.is_there || (!may_hold && claimed_rows(fs, &job.path)? != Some(0)) {
            return Ok(());
        }
        let profile = Profile::of(job.request.series.dataset());
        let found = inspect(fs, &job.path, profile, job.request, job.key, job.limit)?;
        let old = found.digest();
        let (decoded, bytes) = match found {
            Inspected::Whole { decoded, bytes } => (decoded, bytes),
            Inspected::Damaged { reason, .. } if may_hold => {
                let path = job.path;
                return Err(StorageError::Refused { path, reason });
            }
            Inspected::Absent | Inspected::Damaged { .. } => return Ok(()),
        };
        let stored = &decoded.ordered.frame;
        if stored.is_empty() && decoded.is_sealed && decoded.ordered.displaced.is_empty() {
            self.emptied.push(job.path);
            return Ok(());
        }
        let removed = stored.at(|stamp| unwanted.contains_key(&stamp));
        if removed.is_empty() {
            return Ok(());
        }
        refuse_unknown(&job, &decoded.unknown_columns)?;
        let nothing = Frame::empty(profile);
        let left = frame::without(stored, &removed);
        let left = frame::merge(&left, newer.unwrap_or(&nothing));
        let why = reason(&removed, unwanted);
        let mut file = encode(&job, Some(&decoded), &left)?;
        file.old = old;
        let state = FileState::new(decoded.fingerprint(), bytes.len() as u64);
        file.change.old = Some(state);
        file.change.rows.removed = Some((removed.clone(), why.clone()));
        let all = [Some(why), beyond(&decoded)].into_iter().flatten();
        file.beyond = Some(all.collect::<Vec<_>>().join("; "));
        file.replaced = Some(bytes);
        self.prepared.files.push(file);
        self.removed = frame::merge(&self.removed, &removed).frame;
        if left.frame.is_empty() {
            self.emptied.push(job.path);
        }
        Ok(())
    }

    /// Tells whether nothing would change.
    pub fn is_nothing(&self) -> bool {
        self.prepared.files.is_empty() && self.emptied.is_empty()
    }
}

impl Stores {
    /// Builds the files of a series without some rows. A row that is not there is not there.
    ///
    /// # Errors
    /// When a file that may hold one of them is damaged, foreign or refused, would lose columns, or cannot be read.
    pub fn prepare_without(
        &self,
        request: &StorageRequest,
        layout: Layout,
        unwanted: &Unwanted,
    ) -> Result<Without, StorageError> {
        match layout {
            Layout::Legacy => self.legacy.prepare_without(request, unwanted, None),
            Layout::Partitioned => self.partitioned.prepare_without(request, unwanted),
        }
    }

    /// Returns the files of a series that barkeep wrote and that hold no row: an interrupted repair left them.
    ///
    /// # Errors
    /// When a file cannot be read, is foreign or is refused.
    pub fn files_without_rows(
        &self,
        request: &StorageRequest,
        layout: Layout,
    ) -> Result<Vec<PathBuf>, StorageError> {
        let without = self.prepare_without(request, layout, &Unwanted::new())?;
        Ok(without.emptied)
    }
}

impl PartitionedStore {
    fn prepare_without(
        &self,
        request: &StorageRequest,
        unwanted: &Unwanted,
    ) -> Result<Without, StorageError> {
        let series = request.partitioned()?;
        let tree = self.paths.tree_of(series);
        let (fs, venue) = (&*self.fs, request.venue.as_ref());
        let shape = Shape::of(request.series.dataset());
        let facts = self.trees.facts(fs, &tree, shape, venue, self.limit)?;
        let folders = self.folders(series)?.known()?;
        let nothing_new = Provenance::default();
        let mut without = Without::nothing(request);
        without.prepared.misplaced = folders.misplaced;
        for file in folders.files {
            let place = (file.key, file.path, true);
            let job = self.job(request, place, &nothing_new, &facts);
            without.take_from(fs, job, unwanted, None)?;
        }
        Ok(without)
    }
}

impl LegacyStore {
    /// Builds the file of a series without some rows, which are in it, and with newer ones.
    ///
    /// # Errors
    /// As `Stores::prepare_without`.
    pub fn prepare_exchange(
        &self,
        request: &StorageRequest,
        unwanted: &Unwanted,
        newer: &Frame,
        provenance: &Provenance,
    ) -> Result<Prepared, StorageError> {
        let without = self.prepare_without(request, unwanted, Some((newer, provenance)))?;
        Ok(without.prepared)
    }

    /// Of a workspace that was moved by half, both files of a series are read, and both lose the rows.
    fn prepare_without(
        &self,
        request: &StorageRequest,
        unwanted: &Unwanted,
        newer: Option<(&Frame, &Provenance)>,
    ) -> Result<Without, StorageError> {
        let file = self.file(request)?;
        let mut without = Without::nothing(request);
        // What stands there may be another venue's.
        if file.found.is_none() {
            return Ok(without);
        }
        if !unwanted.is_empty() {
            self.refuse_lodger(request, &file)?;
        }
        let nothing_new = Provenance::default();
        let older = self.shadowed(request, &file)?;
        for path in std::iter::once(file.path.clone()).chain(older) {
            self.refuse_odd(&path)?;
            let tree = parent(&path).to_owned();
            let provenance = newer.map_or(&nothing_new, |(_, provenance)| provenance);
            let job = self.job(request, &tree, (path, true), provenance)?;
            let newer = newer
                .map(|(newer, _)| newer)
                .filter(|_| job.path == file.path);
            without.take_from(&*self.fs, job, unwanted, newer)?;
        }
        Ok(without)
    }
}

/// Tells whether a partition may hold one of the rows.
fn may_hold(key: PartitionKey, unwanted: &Unwanted) -> bool {
    let is_within = |stamp: &i64| {
        let days = key.days();
        days.is_none_or(|(first, last)| (first..=last).contains(&time::day(*stamp)))
    };
    unwanted.keys().any(is_within)
}

/// Says why rows are taken out of a file, each reason once.
fn reason(removed: &Frame, unwanted: &Unwanted) -> String {
    let whys = removed.times().filter_map(|stamp| unwanted.get(&stamp));
    let whys: BTreeSet<&str> = whys.map(String::as_str).collect();
    let named: Vec<&str> = whys.iter().take(MOST_REASONS).copied().collect();
    let more = match whys.len().saturating_sub(MOST_REASONS) {
        0 => String::new(),
        more => format!("; and {more} more reasons"),
    };
    let bars = match removed.len() {
        1 => "1 row is taken out".to_owned(),
        many => format!("{many} rows are taken out"),
    };
    format!("{bars}: {}{more}", named.join("; "))
}
