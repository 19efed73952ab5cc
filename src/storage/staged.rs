//! One run's staging area, while it takes in rows as they were fetched.
//!
//! Promises: until a group is committed, nothing outside the staging area changes; what was staged and sealed
//! survives power loss; only a sealed run can commit. Staged rows are removed only after the group that holds
//! them is durable, so what is left in staging is the record of what is still to be done.
//! Leaves to others: what a sealed run can do (`sealed`), turning staged rows into new files (`ingest::consolidate`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::frame::Frame;
use crate::layout::{Continuity, Places, staged_rows};
use crate::lock::LockGuard;
use crate::model::{Provenance, RunId, StorageRequest};
use crate::sys::atomic::{TempNames, create_dirs, parent};
use crate::sys::{Access, Fs, FsResult};

use super::area::Area;
use super::held::{Before, HeldBack};
use super::leftover::{FETCHED, Fetched};
use super::sealed::Sealed;
use super::staged_rows::partitions_of;
use super::{RowsToStage, StagedContent, StagedRows, StorageError, check_staging};

/// A run that still takes in rows.
#[derive(Debug)]
pub struct Open {
    staged: Vec<StagedRows>,
    /// What is merged after all of that.
    last: Vec<StagedRows>,
    dirs: BTreeSet<PathBuf>,
    /// Series that other runs go first with.
    held_back: HeldBack,
}

/// One run's staging area, while the run lock is held.
#[derive(Debug)]
pub struct StagedRun<'l, State> {
    pub(super) area: Area<'l>,
    pub(super) state: State,
}

impl<State> StagedRun<'_, State> {
    /// Returns the name of the run.
    pub fn id(&self) -> &RunId {
        self.area.id()
    }
}

impl<'l> StagedRun<'l, Open> {
    /// Opens the staging area of a new run.
    ///
    /// # Errors
    /// When its folder cannot be made.
    pub fn begin(
        fs: &'l dyn Fs,
        held: &'l LockGuard<'l>,
        places: &'l Places,
        id: RunId,
    ) -> Result<Self, StorageError> {
        let run = Self::open(fs, held, places, id, Before::All)?;
        run.area.make_own_dirs(run.area.dir())?;
        Ok(run)
    }

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
        let mut run = Self::open(fs, held, places, id, Before::Older)?;
        run.state.dirs.insert(places.staging.clone());
        // `data` may have become a disk of its own since, or have ceased to be one: what was staged lies in either place, or
        // in both.
        for dir in run.area.dirs() {
            if fs.metadata(&dir)?.is_none() {
                continue;
            }
            let fetched = Fetched::below(fs, &dir.join(FETCHED))?;
            run.state.staged.extend(fetched.rows);
            run.state.dirs.extend(fetched.dirs);
            run.state.dirs.extend([parent(&dir).to_owned(), dir]);
        }
        run.seal()
    }

    fn open(
        fs: &'l dyn Fs,
        held: &'l LockGuard<'l>,
        places: &'l Places,
        id: RunId,
        before: Before,
    ) -> Result<Self, StorageError> {
        check_staging(fs, places)?;
        let held_back = HeldBack::beside(fs, places, &id, before)?;
        Ok(Self {
            area: Area::open(fs, held, places, id)?,
            state: Open {
                staged: Vec::new(),
                last: Vec::new(),
                dirs: BTreeSet::new(),
                held_back,
            },
        })
    }

    /// Stages the rows of one fetch. Durable only once sealed.
    ///
    /// # Errors
    /// When the request has no venue, or the file cannot be written.
    pub fn stage(&mut self, rows: &RowsToStage) -> Result<(), StorageError> {
        let series = rows.request.partitioned()?;
        let wanted = staged_rows(
            self.area.dir(),
            series,
            rows.first,
            rows.last,
            rows.continuity,
        );
        let path = self.free_name(wanted)?;
        self.make_dirs(parent(&path))?;
        let temp = TempNames::of(self.area.id().clone()).beside(&path);
        let mut file = self.area.fs.create_new(&temp, Access::Fresh)?;
        file.write_all(&rows.bytes)?;
        drop(file);
        // A kill in the middle of the write leaves a hidden name, never a torn file under a staged one.
        self.area.fs.rename(&temp, &path)?;
        self.state.dirs.insert(parent(&path).to_owned());
        let request = rows.request.clone();
        self.state.staged.push(StagedRows::on_disk(path, request));
        Ok(())
    }

    /// Takes in rows without writing them. Whoever calls can make them again of what is durable elsewhere, and does so after
    /// a crash or when they could not be committed: they are gone with the run.
    ///
    /// # Errors
    /// When the request has no venue.
    pub fn hold(
        &mut self,
        request: StorageRequest,
        frame: Frame,
        provenance: Provenance,
    ) -> Result<(), StorageError> {
        let Some((first, last)) = partitions_of(&frame) else {
            return Ok(());
        };
        let series = request.partitioned()?;
        let mut path = staged_rows(self.area.dir(), series, first, last, Continuity::Joined);
        let number = self.len() + 1;
        path.set_extension(format!("{number}.parquet"));
        let content = StagedContent {
            frame: Arc::new(frame),
            provenance,
        };
        let held = StagedRows::held(path, request, content);
        self.state.staged.push(held);
        Ok(())
    }

    /// Takes in rows that are merged after all others of the run, whichever come first: of rows with one key these count.
    ///
    /// # Errors
    /// As what is done.
    pub fn last(
        &mut self,
        take_in: impl FnOnce(&mut Self) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let before = self.state.staged.len();
        let done = take_in(self);
        let taken = self.state.staged.split_off(before);
        self.state.last.extend(taken);
        done
    }

    /// Two fetches of one series and month are both kept.
    fn free_name(&self, wanted: PathBuf) -> Result<PathBuf, StorageError> {
        let stem = wanted
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut path = wanted;
        let mut count = 1;
        while self.area.fs.metadata(&path)?.is_some() {
            count += 1;
            path.set_file_name(format!("{stem}.{count}.parquet"));
        }
        Ok(path)
    }

    fn make_dirs(&mut self, dir: &Path) -> Result<(), StorageError> {
        if dir == self.area.dir()
            || self.state.dirs.contains(dir)
            || self.area.fs.metadata(dir)?.is_some()
        {
            return Ok(());
        }
        self.make_dirs(parent(dir))?;
        self.area.fs.create_dir(dir)?;
        self.state.dirs.insert(parent(dir).to_owned());
        Ok(())
    }

    /// Tells how many fetches are staged.
    pub fn len(&self) -> usize {
        self.state.staged.len() + self.state.last.len()
    }

    /// Tells whether nothing is staged.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes every staged row durable.
    ///
    /// # Errors
    /// When the barrier fails; the rows are then staged, but nobody may rely on them.
    pub fn seal(self) -> Result<StagedRun<'l, Sealed>, StorageError> {
        let Self { area, mut state } = self;
        state.staged.append(&mut state.last);
        let written = state.staged.iter().filter(|rows| !rows.is_held());
        let files: Vec<PathBuf> = written.map(|rows| rows.path.clone()).collect();
        if files.is_empty() && state.dirs.is_empty() {
            return Ok(StagedRun {
                area,
                state: Sealed::new(state.staged, state.held_back),
            });
        }
        // Of a run that was left, some may lie on the other disk, which the barrier does not cover.
        let mut beside = files.iter().filter(|file| !area.is_under_barrier(file));
        beside.try_for_each(|file| area.fs.sync_file(file))?;
        area.sync_all(&files, state.dirs)?;
        Ok(StagedRun {
            area,
            state: Sealed::new(state.staged, state.held_back),
        })
    }
}

/// Makes a folder below the data root, which may itself be a link to another disk.
///
/// # Errors
/// When something below it is no real folder, or cannot be made.
pub fn create_data_dirs(fs: &dyn Fs, places: &Places, dir: &Path) -> FsResult<()> {
    if fs.metadata(&places.data)?.is_none() {
        create_dirs(fs, &places.root, &places.data)?;
    }
    create_dirs(fs, &places.data, dir)
}
