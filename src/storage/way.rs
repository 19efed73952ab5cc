//! The way into the folders of a series: where each partition that is about to be written belongs.
//!
//! Promises: what is asked for every partition of a series is asked of the disk once. No second history begins beside something that
//! may be the same month. Leaves to others: what the folders hold (`folders`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::layout::{Level, is_parquet, is_passed_over};
use crate::model::{Dataset, PartitionKey};
use crate::sys::atomic::parent;
use crate::sys::{Entry, Kind};

use super::StorageError;
use super::folders::{Folders, NO_FOLDER, SeriesFolders};

/// The way into the folders of a series. What several partitions have above them is looked at once.
#[derive(Debug)]
pub(super) struct Way<'s> {
    folders: &'s SeriesFolders,
    dirs: Vec<PathBuf>,
    dataset: Dataset,
    /// What stands where a folder of folders would be.
    above: HashMap<PathBuf, Option<Kind>>,
    /// Parquet files in the folders of the partitions that are none.
    pub(super) misplaced: Vec<PathBuf>,
    /// Folders of the partitions in which something else lies.
    pub(super) untidy: Vec<PathBuf>,
}

/// Where the rows of a partition belong.
#[derive(Debug, Default)]
pub(super) struct Spot {
    pub(super) path: PathBuf,
    /// Whether its file is there.
    pub(super) is_there: bool,
}

impl<'s> Way<'s> {
    /// Returns the way into some folders of a series, of which nothing has been looked at.
    pub(super) fn new(folders: &'s SeriesFolders, dirs: Vec<PathBuf>, dataset: Dataset) -> Self {
        Self {
            folders,
            dirs,
            dataset,
            above: HashMap::new(),
            misplaced: Vec::new(),
            untidy: Vec::new(),
        }
    }

    /// Returns where the rows of a partition belong: where its file is, so that no second one begins beside it.
    ///
    /// # Errors
    /// `Foreign` when something stands there that a new file would become a second history beside.
    pub(super) fn spot_of(&mut self, key: PartitionKey) -> Result<Spot, StorageError> {
        let mut found = Folders::default();
        let mut spot = None;
        for dir in self.dirs.clone() {
            self.look_at(&mut found, &dir, key)?;
            let path = self.folders.paths().file_in(&dir, self.dataset, key);
            let is_there = found.files.iter().any(|file| file.path == path);
            let is_better = is_there || !matches!(spot, Some(Spot { is_there: true, .. }));
            if is_better {
                spot = Some(Spot { path, is_there });
            }
        }
        let found = found.known()?;
        let spot = spot.unwrap_or_default();
        let twins = found.files.into_iter();
        let twins = twins.filter(|file| file.key == key && file.path != spot.path);
        self.misplaced.extend(twins.map(|file| file.path));
        if found.has_others || !found.misplaced.is_empty() {
            self.untidy.push(parent(&spot.path).to_owned());
        }
        self.misplaced.extend(found.misplaced);
        Ok(spot)
    }

    /// Looks at the folder of one partition. Where it has no file yet and something odd lies in the folders above, that may
    /// be the same month: then all of the series is looked at.
    fn look_at(
        &mut self,
        found: &mut Folders,
        series_dir: &Path,
        key: PartitionKey,
    ) -> Result<(), StorageError> {
        let fs = self.folders.fs();
        let (mut dir, mut level) = (series_dir.to_owned(), Level::of_series(self.dataset));
        let mut above = Vec::new();
        for (next, name) in Level::path_to(self.dataset, key) {
            match self.kind_of(&dir)? {
                None => break,
                Some(Kind::Dir) => {}
                Some(_) => {
                    found.refuse(dir, NO_FOLDER);
                    return Ok(());
                }
            }
            above.push((dir.clone(), level));
            dir.push(name);
            level = next;
        }
        match self.kind_of(&dir)? {
            Some(Kind::Dir) if found.walk(fs, &dir, level)?.has_partition => return Ok(()),
            Some(Kind::Dir) | None => {}
            Some(_) => {
                found.refuse(dir, NO_FOLDER);
                return Ok(());
            }
        }
        for (dir, level) in above {
            let entries = fs.list(&dir)?.unwrap_or_default();
            if entries.iter().any(|entry| is_odd(level, entry)) {
                return found.look(fs, series_dir, self.dataset);
            }
        }
        Ok(())
    }

    fn kind_of(&mut self, dir: &Path) -> Result<Option<Kind>, StorageError> {
        if let Some(known) = self.above.get(dir) {
            return Ok(*known);
        }
        let kind = self.folders.fs().metadata(dir)?.map(|meta| meta.kind);
        self.above.insert(dir.to_owned(), kind);
        Ok(kind)
    }
}

/// Tells whether a name in a folder of folders may stand for rows, and is not spelled as the layout does.
fn is_odd(level: Level, entry: &Entry) -> bool {
    let name = entry.name.as_str();
    let may_hold_rows = entry.kind == Kind::Dir || is_parquet(name) || level.meant(name).is_some();
    may_hold_rows && level.enter(name).is_none() && !is_passed_over(name)
}
