//! Runs that another process left in staging.
//!
//! Promises: nothing that such a run staged is relied on before it is durable, since after a kill all of it may
//! exist in memory only. What is no staged file is left where it is.
//! Leaves to others: an interrupted commit (`recover`), merging the rows (`ingest::leftovers`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::layout::{Places, is_temporary, parse_staged};
use crate::model::RunId;
use crate::sys::atomic::parent;
use crate::sys::{Fs, Kind, is_dir};

use super::area::Area;
use super::journal::{self, Entry, JOURNAL_NAME};
use super::{StagedRows, StorageError};

/// The folder of a run in which rows are staged as they were fetched.
pub(super) const FETCHED: &str = "fetched";

/// Lists the runs that were left in staging, oldest first. Names that are no runs are nobody's business.
///
/// # Errors
/// When a staging folder cannot be listed.
pub fn leftover_runs(fs: &dyn Fs, places: &Places) -> Result<Vec<RunId>, StorageError> {
    let mut runs = BTreeSet::new();
    for staging in places.stagings() {
        for entry in fs.list(staging)?.unwrap_or_default() {
            if entry.kind == Kind::Dir {
                runs.extend(entry.name.parse::<RunId>().ok());
            }
        }
    }
    Ok(runs.into_iter().collect())
}

/// Tells whether a run that was left has a journal: it was stopped after a commit point, or a place refuses its file.
///
/// # Errors
/// When the disk cannot be asked.
pub fn has_journal(fs: &dyn Fs, places: &Places, id: &RunId) -> Result<bool, StorageError> {
    for dir in places.run_dirs(id) {
        if fs.metadata(&dir.join(JOURNAL_NAME))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns what the journal in a folder of a run lists. One that is damaged or newer lists nothing here: it is judged by
/// whoever takes the run over.
pub(super) fn listed(fs: &dyn Fs, places: &Places, dir: &Path) -> Result<Vec<Entry>, StorageError> {
    let path = dir.join(JOURNAL_NAME);
    let entries = fs
        .read(&path)?
        .map(|bytes| journal::from_bytes(places, &path, &bytes));
    Ok(entries.and_then(Result::ok).unwrap_or_default())
}

/// Tells whether the journal of a run that was left replaces files that are not there: then the tree that it was made for is
/// elsewhere.
///
/// # Errors
/// When the disk cannot be asked.
pub fn lacks_what_it_replaces(
    fs: &dyn Fs,
    places: &Places,
    id: &RunId,
) -> Result<bool, StorageError> {
    for dir in places.run_dirs(id) {
        for entry in listed(fs, places, &dir)? {
            let is_of_series = entry.unit.request().is_some();
            if is_of_series && entry.old.is_some() && fs.metadata(&entry.target)?.is_none() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What a run staged as it was fetched.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    pub(super) rows: Vec<StagedRows>,
    /// The directories in which it lies.
    pub(super) dirs: Vec<PathBuf>,
}

impl Fetched {
    /// Looks below the folder of a run in which rows are staged.
    pub(super) fn below(fs: &dyn Fs, fetched: &Path) -> Result<Self, StorageError> {
        let mut found = Self::default();
        found.collect(fs, fetched, fetched)?;
        Ok(found)
    }

    fn collect(&mut self, fs: &dyn Fs, fetched: &Path, dir: &Path) -> Result<(), StorageError> {
        // What lies behind a link is nobody's staged row, and would be removed there once it is merged.
        if !is_dir(fs, dir)? {
            return Ok(());
        }
        self.dirs.push(dir.to_owned());
        for entry in fs.list(dir)?.unwrap_or_default() {
            let path = dir.join(&entry.name);
            match entry.kind {
                Kind::Dir => self.collect(fs, fetched, &path)?,
                Kind::File => {
                    let request = path.strip_prefix(fetched).ok().and_then(parse_staged);
                    let rows = request.map(|request| StagedRows::on_disk(path, request));
                    self.rows.extend(rows);
                }
                Kind::Link | Kind::Other => {}
            }
        }
        Ok(())
    }
}

/// Returns fetches that stand byte for byte in the run before.
///
/// # Errors
/// When a staged file cannot be read.
pub(super) fn repeated(
    area: &Area<'_>,
    staged: &[StagedRows],
) -> Result<Vec<StagedRows>, StorageError> {
    let mut earlier = leftover_runs(area.fs, area.places)?;
    earlier.retain(|id| id < area.id());
    let mut repeated = Vec::new();
    for rows in staged.iter().filter(|rows| !rows.is_held()) {
        let Ok(below) = rows.path.strip_prefix(area.dir()) else {
            continue;
        };
        for id in earlier.iter().rev() {
            let twin = area.places.staging.join(id.as_str()).join(below);
            let beside = area.fs.list(parent(&twin))?.unwrap_or_default();
            if beside.is_empty() {
                continue;
            }
            // Only what came last counts: between two equal answers there may have been another one.
            let before = area.fs.read(&twin)?;
            if before.is_some() && before == area.fs.read(&rows.path)? {
                repeated.push(rows.clone());
            }
            break;
        }
    }
    Ok(repeated)
}

/// Tells whether something is staged that this barkeep does not understand, as a later one may have left.
pub(super) fn holds_unknown(area: &Area<'_>) -> Result<bool, StorageError> {
    for dir in area.dirs() {
        if holds_file(area.fs, &dir.join(FETCHED))? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds_file(fs: &dyn Fs, dir: &Path) -> Result<bool, StorageError> {
    for entry in fs.list(dir)?.unwrap_or_default() {
        let is_found = match entry.kind {
            Kind::Dir => holds_file(fs, &dir.join(&entry.name))?,
            // A temporary name was never a staged file: its write was cut off.
            Kind::File | Kind::Link | Kind::Other => !is_temporary(&entry.name),
        };
        if is_found {
            return Ok(true);
        }
    }
    Ok(false)
}
