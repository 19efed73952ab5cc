//! Series that a run may not touch yet, because an earlier run has not done with them.
//!
//! Promises: a series is written in the order in which its rows were fetched. What an earlier run could not bring to its
//! place, in a journal or staged, goes first; the newer rows of that series stay staged, and all other series go on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::layout::Places;
use crate::model::{RunId, StorageRequest};
use crate::sys::Fs;

use super::StorageError;
use super::leftover::{FETCHED, Fetched, leftover_runs, listed};
use super::unit::Unit;

/// Series that are held back, and the run of each that goes first.
#[derive(Debug, Default)]
pub(super) struct HeldBack {
    /// Series that journals name: they were merged already, and must not be merged anew before that is in the tree.
    listed: BTreeMap<StorageRequest, PathBuf>,
    /// Series with older rows that are staged.
    staged: BTreeMap<StorageRequest, PathBuf>,
    /// Files that journals list. A legacy file may be listed for a series without a venue, and be of one with a venue.
    files: BTreeMap<PathBuf, PathBuf>,
}

/// Whose staged rows go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Those of every other process: this run is a new one.
    All,
    /// Those of runs that sort before this one, which itself was left.
    Older,
}

/// Returns the series of which rows wait in staging or in a journal: what the tree lacks of them is not gone.
///
/// # Errors
/// When the disk cannot be asked.
pub fn waiting_series(
    fs: &dyn Fs,
    places: &Places,
) -> Result<BTreeSet<StorageRequest>, StorageError> {
    let HeldBack { listed, staged, .. } = HeldBack::of(fs, places, None, Before::All)?;
    Ok(listed.into_keys().chain(staged.into_keys()).collect())
}

impl HeldBack {
    /// Looks at what other processes left in staging.
    pub(super) fn beside(
        fs: &dyn Fs,
        places: &Places,
        id: &RunId,
        before: Before,
    ) -> Result<Self, StorageError> {
        Self::of(fs, places, Some(id), before)
    }

    fn of(
        fs: &dyn Fs,
        places: &Places,
        id: Option<&RunId>,
        before: Before,
    ) -> Result<Self, StorageError> {
        let is_own = |other: &RunId| id.is_some_and(|id| other.is_of_process_of(id));
        let mut held = Self::default();
        let mut others = leftover_runs(fs, places)?;
        others.retain(|other| !is_own(other));
        for other in others {
            for run in places.run_dirs(&other) {
                // Where a journal is damaged or newer and names nobody, the staged rows of its run do.
                for entry in listed(fs, places, &run)? {
                    if let Unit::Series(request) = entry.unit {
                        held.files.insert(entry.target, run.clone());
                        held.listed.insert(request, run.clone());
                    }
                }
                if before == Before::All || id.is_some_and(|id| other < *id) {
                    for rows in Fetched::below(fs, &run.join(FETCHED))?.rows {
                        held.staged.insert(rows.request, run.clone());
                    }
                }
            }
        }
        Ok(held)
    }

    /// Refuses a series that a journal names.
    pub(super) fn refuse_listed(&self, request: &StorageRequest) -> Result<(), StorageError> {
        Self::refuse_for(self.listed.get(request))
    }

    /// Refuses a series of which another run has older rows.
    pub(super) fn refuse_staged(&self, request: &StorageRequest) -> Result<(), StorageError> {
        Self::refuse_for(self.staged.get(request))
    }

    /// Refuses a file that another run has a newer one of.
    pub(super) fn refuse_file(&self, target: &Path) -> Result<(), StorageError> {
        Self::refuse_for(self.files.get(target))
    }

    fn refuse_for(run: Option<&PathBuf>) -> Result<(), StorageError> {
        match run {
            None => Ok(()),
            Some(run) => Err(StorageError::HeldBack { run: run.clone() }),
        }
    }
}
