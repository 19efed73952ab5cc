//! Runs that another process left in staging.
//!
//! Promises: nothing that such a run staged is relied on before it is durable, since after a kill all of it may
//! exist in memory only. What is no staged file is left where it is.
//! Leaves to others: an interrupted commit (`recover`), merging the rows (`update::resume`).

use std::collections::BTreeSet;
use std::path::Path;

use crate::layout::{Places, is_temporary, parse_staged};
use crate::lock::LockGuard;
use crate::model::RunId;
use crate::sys::atomic::parent;
use crate::sys::{Fs, Kind, refuse_unless_dir};

use super::staged::{Open, Sealed, StagedRun};
use super::{StagedRows, StorageError};

/// The folder of a run in which rows are staged as they were fetched.
const FETCHED: &str = "fetched";

/// Lists the runs that were left in staging, oldest first. Names that are no runs are nobody's business.
///
/// # Errors
/// When a staging folder cannot be listed.
pub fn leftover_runs(fs: &dyn Fs, places: &Places) -> Result<Vec<RunId>, StorageError> {
    let mut runs = BTreeSet::new();
    for staging in [&places.staging, &places.home_staging] {
        for entry in fs.list(staging)?.unwrap_or_default() {
            if entry.kind == Kind::Dir {
                runs.extend(entry.name.parse::<RunId>().ok());
            }
        }
    }
    Ok(runs.into_iter().collect())
}

impl<'l> StagedRun<'l, Open> {
    /// Takes over a run that another process left, and makes durable what it staged before relying on it: after
    /// a kill, all of it may exist in memory only.
    ///
    /// # Errors
    /// When the staging area cannot be read or synced.
    pub fn adopt(
        fs: &'l dyn Fs,
        held: &'l LockGuard<'l>,
        places: &'l Places,
        id: RunId,
    ) -> Result<StagedRun<'l, Sealed>, StorageError> {
        let mut run = Self::open(fs, held, places, id)?;
        let fetched = run.dir.join(FETCHED);
        run.state.dirs.insert(places.staging.clone());
        if fs.metadata(&run.dir)?.is_some() {
            run.state.dirs.insert(run.dir.clone());
        }
        run.collect(&fetched, &fetched)?;
        run.seal()
    }

    fn collect(&mut self, fetched: &Path, dir: &Path) -> Result<(), StorageError> {
        let Some(found) = self.fs.metadata(dir)? else {
            return Ok(());
        };
        // What lies behind a link is nobody's staged row, and would be removed there once it is merged.
        refuse_unless_dir(dir, found.kind)?;
        let Some(entries) = self.fs.list(dir)? else {
            return Ok(());
        };
        self.state.dirs.insert(dir.to_owned());
        for entry in entries {
            let path = dir.join(&entry.name);
            match entry.kind {
                Kind::Dir => self.collect(fetched, &path)?,
                Kind::File => {
                    let request = path.strip_prefix(fetched).ok().and_then(parse_staged);
                    self.state
                        .staged
                        .extend(request.map(|request| StagedRows { path, request }));
                }
                Kind::Link | Kind::Other => {}
            }
        }
        Ok(())
    }
}

impl StagedRun<'_, Sealed> {
    /// Forgets fetches that stand byte for byte in the run before: rows that wait for long need not wait as often as they
    /// were asked for. Whatever an earlier process staged was made durable by `adopt`.
    ///
    /// # Errors
    /// When a staged file cannot be read or removed.
    pub fn forget_repeated(&mut self, staged: &[StagedRows]) -> Result<(), StorageError> {
        let mut earlier = leftover_runs(self.fs, self.places)?;
        earlier.retain(|id| id < self.id());
        let mut repeated = Vec::new();
        for rows in staged {
            let Ok(below) = rows.path.strip_prefix(&self.dir) else {
                continue;
            };
            for id in earlier.iter().rev() {
                let twin = self.places.staging.join(id.as_str()).join(below);
                let beside = self.fs.list(parent(&twin))?.unwrap_or_default();
                if beside.is_empty() {
                    continue;
                }
                // Only what came last counts: between two equal answers there may have been another one.
                let before = self.fs.read(&twin)?;
                if before.is_some() && before == self.fs.read(&rows.path)? {
                    repeated.push(rows.clone());
                }
                break;
            }
        }
        self.settle(&repeated)
    }

    /// Tells whether something is staged that this barkeep does not understand, as a later one may have left.
    pub(super) fn holds_strangers(&self) -> Result<bool, StorageError> {
        holds_file(self.fs, &self.dir.join(FETCHED))
    }
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
