//! One run's staging area: rows as they were fetched, then whole new files on their way into the tree.
//!
//! Promises: until a group is committed, nothing outside the staging area changes; what was staged and sealed
//! survives power loss; only a sealed run can commit. Staged rows are removed only after the group that holds
//! them is durable, so what is left in staging is the record of what is still to be done.
//! Leaves to others: taking over what an earlier run staged (`leftover`), turning staged rows into new files
//! (`ingest::consolidate`), making these visible (`commit`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::layout::{Places, staged_rows};
use crate::lock::LockGuard;
use crate::model::{RunId, StorageRequest};
use crate::sys::atomic::{TempNames, create_dirs, parent};
use crate::sys::{Access, Barrier, Durability, Fs, FsResult, Kind, is_dir};

use super::StorageError;
use super::berth::Berths;
use super::held::{Before, HeldBack};
use super::into_place::Left;
use super::journal::Entry;
use super::note::Notes;
use super::place::RealDir;
use super::whole_series::WholeSeries;
use super::{RowsToStage, StagedRows, check_staging};

/// A run that still takes in rows.
#[derive(Debug, Default)]
pub struct Open {
    pub(super) staged: Vec<StagedRows>,
    pub(super) dirs: BTreeSet<PathBuf>,
}

/// A run whose rows are durable.
#[derive(Debug)]
pub struct Sealed {
    staged: Vec<StagedRows>,
    /// The group that is being built.
    pub(super) group: Vec<Entry>,
    /// The folders in which its files are staged.
    pub(super) group_dirs: BTreeSet<PathBuf>,
    /// Where its files go, by the path without its case.
    pub(super) targets: BTreeMap<String, PathBuf>,
    /// The number of its next file.
    pub(super) next: usize,
    /// Directories on the way to targets that are known to be no links.
    pub(super) real_dirs: HashMap<PathBuf, RealDir>,
    /// Names on the way to targets that nobody has, and below which a file can be brought.
    pub(super) vacant: HashSet<PathBuf>,
    /// What could not be brought to its place after a commit point, by the journal that lists it.
    pub(super) left: BTreeMap<PathBuf, Vec<Left>>,
    /// Files that could not be given the owner, group or mode of those that they replace, or of the folder they land in.
    pub(super) refused: Vec<PathBuf>,
    /// Series that are built whole.
    pub(super) whole: WholeSeries,
    /// What folders hand down to the files in them.
    pub(super) berths: Berths,
    /// What the ledger says of the group.
    pub(super) notes: Notes,
}

/// One run's staging area, while the run lock is held.
#[derive(Debug)]
pub struct StagedRun<'l, State> {
    pub(super) fs: &'l dyn Fs,
    pub(super) held: &'l LockGuard<'l>,
    pub(super) places: &'l Places,
    pub(super) barrier: Box<dyn Barrier>,
    pub(super) dir: PathBuf,
    /// Where files are staged that go beside tickers.json; another folder only if `data` is a mount.
    pub(super) home_dir: PathBuf,
    /// Series that other runs go first with.
    held_back: HeldBack,
    id: RunId,
    pub(super) state: State,
}

impl<State> StagedRun<'_, State> {
    /// Returns the name of the run.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Returns the folders that a run may have, whether they are there or not.
    pub(super) fn dirs(&self) -> Vec<PathBuf> {
        self.places.run_dirs(&self.id).collect()
    }

    /// Tells whether the barrier, which stands on the data root's file system, covers a path.
    pub(super) fn is_under_barrier(&self, path: &Path) -> bool {
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

    /// Tells how the run makes groups durable.
    pub fn durability(&self) -> Durability {
        self.barrier.durability()
    }

    /// Makes a folder of the run, and those between it and the staging folder.
    pub(super) fn make_own_dirs(&self, dir: &Path) -> FsResult<()> {
        let staging = if dir.starts_with(&self.dir) {
            &self.places.staging
        } else {
            &self.places.home_staging
        };
        make_staging(self.fs, staging)?;
        create_dirs(self.fs, staging, dir)
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
        run.make_own_dirs(&run.dir)?;
        Ok(run)
    }

    pub(super) fn open(
        fs: &'l dyn Fs,
        held: &'l LockGuard<'l>,
        places: &'l Places,
        id: RunId,
        before: Before,
    ) -> Result<Self, StorageError> {
        check_staging(fs, places)?;
        let held_back = HeldBack::beside(fs, places, &id, before)?;
        let dir = places.staging.join(id.as_str());
        let home_dir = places.home_staging.join(id.as_str());
        make_staging(fs, &places.staging)?;
        // Opened before the first write, so that the barrier hears of every failed one.
        let barrier = fs.barrier(&places.staging)?;
        Ok(Self {
            fs,
            held,
            places,
            barrier,
            dir,
            home_dir,
            held_back,
            id,
            state: Open::default(),
        })
    }

    /// Stages the rows of one fetch. Durable only once sealed.
    ///
    /// # Errors
    /// When the request has no venue, or the file cannot be written.
    pub fn stage(&mut self, rows: &RowsToStage) -> Result<(), StorageError> {
        let series = rows.request.partitioned()?;
        let wanted = staged_rows(&self.dir, series, rows.first, rows.last, rows.continuity);
        let path = self.free_name(wanted)?;
        self.make_dirs(parent(&path))?;
        let temp = TempNames::of(self.id.clone()).beside(&path);
        let mut file = self.fs.create_new(&temp, Access::Fresh)?;
        file.write_all(&rows.bytes)?;
        drop(file);
        // A kill in the middle of the write leaves a hidden name, never a torn file under a staged one.
        self.fs.rename(&temp, &path)?;
        self.state.dirs.insert(parent(&path).to_owned());
        self.state.staged.push(StagedRows {
            path,
            request: rows.request.clone(),
        });
        Ok(())
    }

    /// Two fetches of one series and month are both kept.
    fn free_name(&self, wanted: PathBuf) -> Result<PathBuf, StorageError> {
        let stem = wanted
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default();
        let mut path = wanted;
        let mut count = 1;
        while self.fs.metadata(&path)?.is_some() {
            count += 1;
            path.set_file_name(format!("{stem}.{count}.parquet"));
        }
        Ok(path)
    }

    fn make_dirs(&mut self, dir: &Path) -> Result<(), StorageError> {
        if dir == self.dir || self.state.dirs.contains(dir) || self.fs.metadata(dir)?.is_some() {
            return Ok(());
        }
        self.make_dirs(parent(dir))?;
        self.fs.create_dir(dir)?;
        self.state.dirs.insert(parent(dir).to_owned());
        Ok(())
    }

    /// Tells how many fetches are staged.
    pub fn len(&self) -> usize {
        self.state.staged.len()
    }

    /// Tells whether nothing is staged.
    pub fn is_empty(&self) -> bool {
        self.state.staged.is_empty()
    }

    /// Makes every staged row durable.
    ///
    /// # Errors
    /// When the barrier fails; the rows are then staged, but nobody may rely on them.
    pub fn seal(self) -> Result<StagedRun<'l, Sealed>, StorageError> {
        let files: Vec<PathBuf> = self
            .state
            .staged
            .iter()
            .map(|rows| rows.path.clone())
            .collect();
        // Of a run that was left, some may lie on the other disk, which the barrier does not cover.
        let mut beside = files.iter().filter(|file| !self.is_under_barrier(file));
        beside.try_for_each(|file| self.fs.sync_file(file))?;
        self.sync_all(&files, self.state.dirs.clone())?;
        let Self {
            fs,
            held,
            places,
            barrier,
            dir,
            home_dir,
            held_back,
            id,
            state: Open { staged, .. },
        } = self;
        Ok(StagedRun {
            fs,
            held,
            places,
            barrier,
            dir,
            home_dir,
            held_back,
            id,
            state: Sealed {
                staged,
                group: Vec::new(),
                group_dirs: BTreeSet::new(),
                targets: BTreeMap::new(),
                next: 0,
                real_dirs: HashMap::new(),
                vacant: HashSet::new(),
                left: BTreeMap::new(),
                refused: Vec::new(),
                whole: WholeSeries::default(),
                berths: Berths::default(),
                notes: Notes::default(),
            },
        })
    }
}

impl StagedRun<'_, Sealed> {
    /// Returns the staged fetches that are not settled yet.
    pub fn staged(&self) -> &[StagedRows] {
        &self.state.staged
    }

    /// Returns the files since the last call that could not be given the owner, group or mode of those that they replace, or
    /// of the folder that they land in.
    pub fn take_refused(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.state.refused)
    }

    /// Refuses a series that a journal names, of this run or of another one: it is not merged before that is completed.
    ///
    /// # Errors
    /// `HeldBack` with the other run, or `Place` with what keeps a file of this run from its place.
    pub fn refuse_unfinished(&self, request: &StorageRequest) -> Result<(), StorageError> {
        let mut left = self.state.left.values().flatten();
        match left.find(|left| left.request() == Some(request)) {
            Some(left) => Err(left.error()),
            None => self.held_back.refuse_listed(request),
        }
    }

    /// Refuses a series that an earlier run goes first with.
    pub(super) fn refuse_held(&self, request: &StorageRequest) -> Result<(), StorageError> {
        self.refuse_unfinished(request)?;
        self.held_back.refuse_staged(request)
    }

    /// Refuses a file that a journal has a newer one of, whatever its series is called there.
    pub(super) fn refuse_listed(&self, target: &Path) -> Result<(), StorageError> {
        let mut left = self.state.left.values().flatten();
        match left.find(|left| left.target() == target) {
            Some(left) => Err(left.error()),
            None => self.held_back.refuse_file(target),
        }
    }

    /// Forgets fetches whose rows are durably in the tree, or in quarantine.
    ///
    /// # Errors
    /// When a staged file cannot be removed.
    pub fn settle(&mut self, done: &[StagedRows]) -> Result<(), StorageError> {
        for rows in done {
            self.fs.remove_file(&rows.path)?;
        }
        let done: BTreeSet<&PathBuf> = done.iter().map(|rows| &rows.path).collect();
        self.state.staged.retain(|rows| !done.contains(&rows.path));
        Ok(())
    }

    /// Removes the staging area. Rows that are not settled and files that a journal lists stay, for the next run, and so does
    /// what nobody here understands.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn finish(self) -> Result<(), StorageError> {
        let is_done = self.state.staged.is_empty() && self.state.left.is_empty();
        if !is_done || self.holds_strangers()? {
            return Ok(());
        }
        self.settle_moves()?;
        for dir in self.dirs() {
            remove_tree(self.fs, &dir)?;
        }
        for staging in self.places.stagings() {
            // Not empty when other runs left something, which is theirs.
            if self
                .fs
                .list(staging)?
                .is_some_and(|entries| entries.is_empty())
            {
                self.fs.remove_dir(staging)?;
            }
        }
        Ok(())
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

/// Makes the folder of the staged runs. It may be a link to another disk; what is in it is barkeep's own.
fn make_staging(fs: &dyn Fs, staging: &Path) -> FsResult<()> {
    let is_link = fs
        .metadata(staging)?
        .is_some_and(|found| found.kind == Kind::Link);
    if is_link {
        return Ok(());
    }
    create_dirs(fs, parent(staging), staging)
}

/// Removes a folder that barkeep made, with everything in it. Never what a link in its place leads to.
pub(super) fn remove_tree(fs: &dyn Fs, dir: &Path) -> Result<(), StorageError> {
    if is_dir(fs, dir)? {
        remove_real_tree(fs, dir)?;
    }
    Ok(())
}

fn remove_real_tree(fs: &dyn Fs, dir: &Path) -> Result<(), StorageError> {
    let Some(entries) = fs.list(dir)? else {
        return Ok(());
    };
    for entry in entries {
        let path = dir.join(&entry.name);
        match entry.kind {
            Kind::Dir => remove_real_tree(fs, &path)?,
            Kind::File | Kind::Link | Kind::Other => {
                fs.remove_file(&path)?;
            }
        }
    }
    fs.remove_dir(dir)?;
    Ok(())
}
