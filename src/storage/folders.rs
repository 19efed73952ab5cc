//! What lies in the folders of a series: its partitions, what is misplaced beside them, and what stands in their place.
//!
//! Promises: this is the one place that says what a series has on disk; readers, writers, the router and the migration ask
//! here. What is misplaced is never rows and never changed. Where only misplaced files are, the rows of that month are
//! somebody's who has to decide: the series is refused by name, since it is neither empty nor absent.
//! Leaves to others: what a name means (`layout::Level`), what a file holds (`inspect`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Datelike;

use crate::layout::{Level, PartitionPathBuilder, is_parquet, is_passed_over};
use crate::model::{Dataset, PartitionKey, PartitionedSeries, StorageRequest};
use crate::sys::{Fs, Kind};

use super::composed::ComposedInPart;
use super::way::Way;
use super::{StorageError, WayOut};

/// One existing file of a series.
#[derive(Debug)]
pub(super) struct PartitionFile {
    pub(super) key: PartitionKey,
    pub(super) path: PathBuf,
}

/// What the folders of a series hold.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// Its partitions.
    pub(super) files: Vec<PartitionFile>,
    /// Parquet files beside them that are none.
    pub(super) misplaced: Vec<PathBuf>,
    /// Whether there is something else, such as notes or hidden files.
    pub(super) has_others: bool,
    /// The first thing that stands where a partition or its folder should be.
    foreign: Option<StorageError>,
}

/// What the folders of a series hold, for those who are about to move them away.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// The folders that are there.
    pub dirs: Vec<PathBuf>,
    /// The partitions.
    pub files: Vec<PathBuf>,
    /// Parquet files beside them that are none. Nobody moves or removes them.
    pub misplaced: Vec<PathBuf>,
    /// Whether there is anything else than partitions, so that the folders must stay.
    pub has_others: bool,
}

/// What was seen below one folder.
pub(super) struct Seen {
    pub(super) has_partition: bool,
    /// Parquet files that are no partition and for which the folder above has to answer.
    loose: Vec<PathBuf>,
}

const OTHER_NAME: &str =
    "its name or its folder is that of no partition, and there is none beside it";
pub(super) const NO_FILE: &str =
    "it is a link or no file, and barkeep follows none below the data root";
pub(super) const NO_FOLDER: &str =
    "it is a link or no folder, and barkeep follows none below the data root";

impl Folders {
    /// Returns the same if nothing foreign is there.
    ///
    /// # Errors
    /// With the path of what stands where a partition or its folder should be.
    pub(super) fn known(self) -> Result<Self, StorageError> {
        match self.foreign {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }

    /// Adds partitions whose files are on their way to these places.
    pub(super) fn add(&mut self, coming: impl Iterator<Item = PartitionFile>) {
        for file in coming {
            if self.files.iter().all(|there| there.path != file.path) {
                self.files.push(file);
            }
        }
        self.settle();
    }

    /// Puts the partitions into the order of time, each in one file.
    fn settle(&mut self) {
        // What is kept by the day yields to the file of its month, in which later values are stored.
        let in_order = |file: &PartitionFile| {
            let month = file.key.days().map(|(day, _)| (day.year(), day.month()));
            (
                month,
                matches!(file.key, PartitionKey::Month { .. }),
                file.key,
            )
        };
        self.files.sort_by_key(in_order);
        self.keep_one_of_each();
    }

    /// Has each partition in one file: that in the folder to which new ones go. A second one is misplaced, as beside it.
    fn keep_one_of_each(&mut self) {
        let mut files: Vec<PartitionFile> = Vec::with_capacity(self.files.len());
        for file in std::mem::take(&mut self.files) {
            match files.last_mut() {
                Some(before) if before.key == file.key => {
                    let yielding = std::mem::replace(before, file);
                    self.misplaced.push(yielding.path);
                }
                _ => files.push(file),
            }
        }
        self.files = files;
    }

    pub(super) fn refuse(&mut self, path: PathBuf, reason: &str) {
        let way_out = if reason == OTHER_NAME {
            WayOut::Rename
        } else {
            WayOut::PutInPlace
        };
        let reason = reason.to_owned();
        self.foreign.get_or_insert(StorageError::Foreign {
            path,
            reason,
            way_out,
        });
    }

    /// Looks at the folder of a series, which may be absent.
    pub(super) fn look(
        &mut self,
        fs: &dyn Fs,
        dir: &Path,
        dataset: Dataset,
    ) -> Result<(), StorageError> {
        match fs.metadata(dir)?.map(|meta| meta.kind) {
            None => {}
            Some(Kind::Dir) => {
                self.walk(fs, dir, Level::of_series(dataset))?;
            }
            Some(_) => self.refuse(dir.to_owned(), NO_FOLDER),
        }
        Ok(())
    }

    pub(super) fn walk(
        &mut self,
        fs: &dyn Fs,
        dir: &Path,
        level: Level,
    ) -> Result<Seen, StorageError> {
        let (mut loose, mut odd, mut entered) = (Vec::new(), Vec::new(), Vec::new());
        let mut has_partition = false;
        for entry in fs.list(dir)?.unwrap_or_default() {
            let path = dir.join(&entry.name);
            if is_passed_over(&entry.name) {
                self.has_others = true;
            } else if let Some(key) = level.partition_at(&entry.name) {
                if entry.kind == Kind::File {
                    self.files.push(PartitionFile { key, path });
                    has_partition = true;
                } else {
                    self.refuse(path, NO_FILE);
                }
            } else if let Some(next) = level.enter(&entry.name) {
                if entry.kind == Kind::Dir {
                    let below = self.walk(fs, &path, next)?;
                    has_partition |= below.has_partition;
                    loose.extend(below.loose);
                    entered.extend(below.has_partition.then_some(next));
                } else {
                    self.refuse(path, NO_FOLDER);
                }
            } else if entry.kind == Kind::Dir {
                odd.push((path, level.meant(&entry.name)));
            } else if level.meant(&entry.name).is_some() {
                self.refuse(path, NO_FOLDER);
            } else if is_parquet(&entry.name) {
                loose.push(path);
            } else {
                self.has_others = true;
            }
        }
        for (path, meant) in odd {
            let below = parquet_below(fs, &path)?;
            self.has_others |= below.is_empty();
            // A month in another spelling is that month, unless it is there in the right one, too.
            match (meant, below.first()) {
                (Some(meant), Some(first)) if !entered.contains(&meant) => {
                    self.refuse(first.clone(), OTHER_NAME);
                }
                _ => loose.extend(below),
            }
        }
        if !has_partition && level.is_part_of_month() {
            return Ok(Seen {
                has_partition,
                loose,
            });
        }
        if has_partition {
            self.misplaced.append(&mut loose);
        } else if let Some(first) = loose.first() {
            self.refuse(first.clone(), OTHER_NAME);
        }
        Ok(Seen {
            has_partition,
            loose: Vec::new(),
        })
    }
}

/// Returns the Parquet files below a folder that no layout knows; hidden ones are nobody's.
pub(super) fn parquet_below(fs: &dyn Fs, dir: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let mut found = Vec::new();
    for entry in fs.list(dir)?.unwrap_or_default() {
        let path = dir.join(&entry.name);
        if is_passed_over(&entry.name) {
            continue;
        }
        if entry.kind == Kind::Dir {
            found.extend(parquet_below(fs, &path)?);
        } else if is_parquet(&entry.name) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Tells whether something of a series is there, its own or foreign; the first find ends the search.
fn holds_any(fs: &dyn Fs, dir: &Path, level: Option<Level>) -> Result<bool, StorageError> {
    for entry in fs.list(dir)?.unwrap_or_default() {
        let name = entry.name.as_str();
        if is_passed_over(name) {
            continue;
        }
        let next = level.and_then(|level| level.enter(name));
        let is_partition = level.is_some_and(|level| level.partition_at(name).is_some());
        let is_found = match entry.kind {
            _ if is_partition => true,
            Kind::Dir => holds_any(fs, &dir.join(name), next)?,
            Kind::File | Kind::Link | Kind::Other => next.is_some() || is_parquet(name),
        };
        if is_found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The folders of the series below a data root.
#[derive(Debug)]
pub(super) struct SeriesFolders {
    fs: Arc<dyn Fs>,
    paths: PartitionPathBuilder,
    composed: ComposedInPart,
}

impl SeriesFolders {
    pub(super) fn new(fs: Arc<dyn Fs>, root: &Path) -> Self {
        Self {
            fs,
            paths: PartitionPathBuilder::new(root),
            composed: ComposedInPart::default(),
        }
    }

    /// Returns those below another root.
    pub(super) fn rooted(&self, root: &Path) -> Self {
        Self::new(Arc::clone(&self.fs), root)
    }

    pub(super) fn fs(&self) -> &dyn Fs {
        &*self.fs
    }

    pub(super) fn paths(&self) -> &PartitionPathBuilder {
        &self.paths
    }

    /// Tells whether nothing of a series is there, not even its directory.
    ///
    /// # Errors
    /// When the request has no venue, or the disk cannot be asked.
    pub(super) fn is_vacant(&self, request: &StorageRequest) -> Result<bool, StorageError> {
        for dir in self.series_dirs(request.partitioned()?)? {
            if self.fs.metadata(&dir)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the directories of a series: that of the encoded symbol, or where only the predecessor, an earlier build or a Mac
    /// wrote, theirs; where several are there, the one that new partitions go to comes last.
    pub(super) fn series_dirs(
        &self,
        series: PartitionedSeries<'_>,
    ) -> Result<Vec<PathBuf>, StorageError> {
        let encoded = self.paths.series_dir(series);
        let mut dirs = Vec::new();
        let mut earlier = self.paths.earlier_series_dirs(series);
        let (tree, fs) = (self.paths.tree_of(series), &*self.fs);
        let composed = self.composed.of(fs, &tree, series.series.ticker())?;
        earlier.extend(composed.into_iter().filter(|dir| *dir != encoded));
        for (at, dir) in earlier.iter().enumerate() {
            let is_new = !earlier.iter().take(at).any(|before| before == dir);
            if is_new && fs.metadata(dir)?.is_some() {
                dirs.push(dir.clone());
            }
        }
        if dirs.is_empty() || self.fs.metadata(&encoded)?.is_some() {
            dirs.push(encoded);
        }
        Ok(dirs)
    }

    /// Lists what the folders of a series hold, the partitions in time order; of two that overlap, the one that yields comes first.
    pub(super) fn look(&self, series: PartitionedSeries<'_>) -> Result<Folders, StorageError> {
        let mut found = Folders::default();
        for dir in self.series_dirs(series)? {
            found.look(&*self.fs, &dir, series.series.dataset())?;
        }
        found.settle();
        Ok(found)
    }

    /// Returns the way into the folders of a series, `dirs`, for whoever is about to write some of its partitions.
    pub(super) fn way_into(&self, dirs: Vec<PathBuf>, dataset: Dataset) -> Way<'_> {
        Way::new(self, dirs, dataset)
    }

    /// Tells whether anything of a series is there, its own or foreign.
    pub(super) fn holds_any(&self, request: &StorageRequest) -> Result<bool, StorageError> {
        let series = request.partitioned()?;
        let level = Level::of_series(series.series.dataset());
        for dir in self.series_dirs(series)? {
            let is_found = match self.fs.metadata(&dir)?.map(|meta| meta.kind) {
                None => false,
                Some(Kind::Dir) => holds_any(&*self.fs, &dir, Some(level))?,
                Some(_) => true,
            };
            if is_found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lists what the folders of a series hold, for those who are about to move them away.
    ///
    /// # Errors
    /// When the request has no venue, the disk cannot be asked, or something foreign is there.
    pub(super) fn holdings(&self, request: &StorageRequest) -> Result<Holdings, StorageError> {
        let series = request.partitioned()?;
        let found = self.look(series)?.known()?;
        let mut dirs = Vec::new();
        for dir in self.series_dirs(series)? {
            if self.fs.metadata(&dir)?.is_some() {
                dirs.push(dir);
            }
        }
        Ok(Holdings {
            dirs,
            files: found.files.into_iter().map(|file| file.path).collect(),
            has_others: found.has_others || !found.misplaced.is_empty(),
            misplaced: found.misplaced,
        })
    }
}
