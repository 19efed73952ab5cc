//! One file per ticker and month (bars), per feed and day (trades), per ticker (events).

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::codec::{Compression, Facts, MemoryLimit};
use crate::frame::Frame;
use crate::frame::basis::UnsealedBasis;
use crate::layout::Level;
use crate::model::{
    Dataset, Feed, Interval, PartitionKey, PartitionedSeries, PriceBasis, Provenance, Series,
    StorageRequest, Ticker, Venue,
};
use crate::sys::{Fs, Kind, Rights, rights_of};

use super::draft::Draft;
use super::folders::SeriesFolders;
use super::inspect::Stored;
use super::misplaced::{beside_series, series_ticker};
use super::moment::Commits;
use super::newest::{NewestFile, newest_below};
use super::prepare::{FileJob, FileOutcome, prepare_file};
use super::sample::{Kept, Shape};
use super::tree::{InTree, TreeFacts, Trees, combine, compression_for, unit_for};
use super::{Holdings, Prepared, SeriesStat, StorageError, StorageInterface, Unwanted, Without};

/// The partitioned layout below a data root.
#[derive(Debug)]
pub struct PartitionedStore {
    folders: SeriesFolders,
    root: PathBuf,
    compression: Option<Compression>,
    row_group_rows: Option<NonZeroUsize>,
    trees: Trees,
    limit: MemoryLimit,
    /// Where it can be seen that a run commits beside whoever reads; `None` where nobody does.
    commits: Option<Commits>,
}

impl PartitionedStore {
    /// Returns the store below the data root `root`; without `compression`, each series has the one that suits it.
    /// `unsealed` is what files stand on that other writers left there.
    pub fn new(
        fs: Arc<dyn Fs>,
        root: &Path,
        compression: Option<Compression>,
        unsealed: UnsealedBasis,
    ) -> Self {
        Self {
            folders: SeriesFolders::new(fs, root),
            root: root.to_owned(),
            compression,
            row_group_rows: None,
            trees: Trees::new(unsealed, Arc::new(Kept::nobody())),
            limit: MemoryLimit::default(),
            commits: None,
        }
    }

    /// Returns the store with another limit on the rows of a row group.
    #[must_use]
    pub fn with_row_groups(mut self, rows: Option<NonZeroUsize>) -> Self {
        self.row_group_rows = rows;
        self
    }

    /// Returns the same store below another root.
    #[must_use]
    pub fn rooted(&self, root: &Path) -> Self {
        Self {
            folders: self.folders.rooted(root),
            root: root.to_owned(),
            trees: self.trees.anew(),
            commits: None,
            ..*self
        }
    }

    /// Returns the store, of which no file may take more memory than `limit`.
    #[must_use]
    pub(super) fn within(self, limit: MemoryLimit) -> Self {
        Self { limit, ..self }
    }

    /// Returns the store, which sees what runs commit.
    #[must_use]
    pub(super) fn beside(self, commits: Commits) -> Self {
        Self {
            commits: Some(commits),
            ..self
        }
    }

    pub(super) fn commits(&self) -> Option<&Commits> {
        self.commits.as_ref()
    }

    /// Returns the store, which knows whose series are kept.
    #[must_use]
    pub(super) fn knowing(mut self, kept: Arc<Kept>) -> Self {
        self.trees = self.trees.knowing(kept);
        self
    }

    pub(super) fn fs(&self) -> &dyn Fs {
        self.folders.fs()
    }

    pub(super) fn folders(&self) -> &SeriesFolders {
        &self.folders
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn trees(&self) -> &Trees {
        &self.trees
    }

    pub(super) fn limit(&self) -> MemoryLimit {
        self.limit
    }

    /// Returns the price basis of the tree of a series; `None` when the tree has no file.
    pub(super) fn basis(
        &self,
        request: &StorageRequest,
    ) -> Result<Option<PriceBasis>, StorageError> {
        Ok(self.facts(request.partitioned()?)?.basis)
    }

    /// Returns what holds for new files of a series.
    fn facts(&self, series: PartitionedSeries<'_>) -> Result<TreeFacts, StorageError> {
        let tree = self.folders.paths().tree_of(series);
        let own = self.folders.series_dirs(series)?;
        self.trees.facts(self.fs(), in_tree(series, &tree, &own))
    }

    /// Returns what every file of a series grants; `None` when it has none.
    ///
    /// # Errors
    /// When the request has no venue or a file cannot be examined.
    pub fn rights(&self, request: &StorageRequest) -> Result<Option<Rights>, StorageError> {
        let mut rights = None;
        for file in self.folders.look(request.partitioned()?)?.known()?.files {
            rights = Rights::of_both(rights, rights_of(self.fs(), &file.path)?);
        }
        Ok(rights)
    }

    /// Tells whether nothing of a series is there, not even its directory.
    ///
    /// # Errors
    /// When the request has no venue, or the disk cannot be asked.
    pub fn is_vacant(&self, request: &StorageRequest) -> Result<bool, StorageError> {
        self.folders.is_vacant(request)
    }

    /// Lists what the folders of a series hold, for those who are about to move them away.
    ///
    /// # Errors
    /// When the request has no venue, the disk cannot be asked, or something foreign is there.
    pub fn holdings(&self, request: &StorageRequest) -> Result<Holdings, StorageError> {
        self.folders.holdings(request)
    }

    /// Lists the Parquet files in a tree that belong to no series: below folders that are spelled otherwise than any series
    /// is, or below none.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn misplaced(
        &self,
        venue: &Venue,
        dataset: Dataset,
        interval: Option<Interval>,
    ) -> Result<Vec<PathBuf>, StorageError> {
        beside_series(&self.folders, venue, dataset, interval)
    }

    /// Builds all files of a series, whatever is there of it.
    ///
    /// # Errors
    /// When the request has no venue, the disk cannot be asked, or rows cannot be encoded or stand on another basis than
    /// the tree.
    pub fn draft(
        &self,
        request: &StorageRequest,
        rows: &Frame,
        provenance: &Provenance,
    ) -> Result<Draft, StorageError> {
        let series = request.partitioned()?;
        let paths = self.folders.paths();
        let (dir, tree) = (paths.series_dir(series), paths.tree_of(series));
        let dataset = request.series.dataset();
        // What is to be replaced says nothing of the tree that the new files come into.
        let own = std::slice::from_ref(&dir);
        let place = in_tree(series, &tree, own);
        let known = match self.fs().metadata(&dir)? {
            Some(_) => self.trees.facts_beside(self.fs(), place)?,
            None => self.trees.facts(self.fs(), place)?,
        };
        known.refuse_others(&tree, rows)?;
        let said_by = known.said_by.as_deref().unwrap_or(&tree);
        let facts = Facts {
            unit: unit_for(request, known.unit),
            provenance: combine(said_by, None, known.basis, provenance)?,
            compression: compression_for(request, self.compression),
            row_group_rows: self.row_group_rows,
        };
        let file_of = |key| paths.file_in(&dir, dataset, key);
        Draft::encode(dir.clone(), rows, &facts, file_of)
    }

    /// Builds the files of a series without some rows.
    pub(super) fn prepare_without(
        &self,
        request: &StorageRequest,
        unwanted: &Unwanted,
    ) -> Result<Without, StorageError> {
        let series = request.partitioned()?;
        let (fs, facts) = (self.fs(), self.facts(series)?);
        let folders = self.folders.look(series)?.known()?;
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

    /// Says what holds for one file of a series.
    pub(super) fn job<'r>(
        &'r self,
        request: &'r StorageRequest,
        (key, path, is_there): (PartitionKey, PathBuf, bool),
        provenance: &'r Provenance,
        facts: &TreeFacts,
    ) -> FileJob<'r> {
        FileJob {
            request,
            key,
            path,
            is_there,
            provenance,
            trees: &self.trees,
            unit: unit_for(request, facts.unit),
            tree_basis: facts.basis,
            said_by: facts.said_by.clone(),
            compression: compression_for(request, self.compression),
            row_group_rows: self.row_group_rows,
            limit: self.limit,
            is_renewed: false,
        }
    }
}

/// Returns what was looked up in other files of a series than those that are written. Trades are kept by days, and all days are alike: one
/// that nobody can look into keeps no other one from being written.
fn beside_days<T>(
    request: &StorageRequest,
    found: Result<T, StorageError>,
    unless: impl FnOnce() -> T,
) -> Result<T, StorageError> {
    match found {
        Err(error) if error.is_of_place() && matches!(request.series, Series::Trades { .. }) => {
            Ok(unless())
        }
        found => found,
    }
}

/// Says where a series lies, of which these are the folders.
fn in_tree<'t>(series: PartitionedSeries<'t>, tree: &'t Path, own: &'t [PathBuf]) -> InTree<'t> {
    InTree {
        tree,
        shape: Shape::Tree(series.series.dataset()),
        venue: Some(series.venue),
        own,
    }
}

/// Series that are no ticker's.
impl PartitionedStore {
    /// Lists the feeds of trades that have a folder, in order of their codes.
    ///
    /// # Errors
    /// When the tree cannot be listed.
    pub fn feeds(&self, venue: &Venue) -> Result<Vec<Feed>, StorageError> {
        let tree = self.folders.paths().tree(venue, Dataset::Trades, None);
        let names = self.fs().list(&tree)?.unwrap_or_default();
        let feeds = names
            .iter()
            .filter_map(|entry| Feed::from_segment(&entry.name));
        Ok(feeds.collect())
    }

    /// Returns the partitions of a series with their files, oldest first.
    ///
    /// # Errors
    /// When the disk cannot be asked, or something foreign is there.
    pub fn files(
        &self,
        request: &StorageRequest,
    ) -> Result<Vec<(PartitionKey, PathBuf)>, StorageError> {
        let files = self.folders.look(request.partitioned()?)?.known()?.files;
        Ok(files
            .into_iter()
            .map(|file| (file.key, file.path))
            .collect())
    }

    /// Tells whether each of some partitions of a series has its file, by its name alone.
    ///
    /// # Errors
    /// When the request has no venue, or the disk cannot be asked.
    pub fn has_all(
        &self,
        request: &StorageRequest,
        mut partitions: impl Iterator<Item = PartitionKey>,
    ) -> Result<bool, StorageError> {
        let dirs = self.folders.series_dirs(request.partitioned()?)?;
        let (paths, dataset) = (self.folders.paths(), request.series.dataset());
        partitions.try_fold(true, |has_all, key| {
            let mut files = dirs.iter().map(|dir| paths.file_in(dir, dataset, key));
            let found = files.try_fold(false, |is_there, file| {
                Ok::<bool, StorageError>(is_there || self.fs().metadata(&file)?.is_some())
            });
            Ok(has_all && found?)
        })
    }
}

impl StorageInterface for PartitionedStore {
    fn read(&self, request: &StorageRequest) -> Result<Option<Stored>, StorageError> {
        self.read_some(request, &|_| true)
    }

    fn prepare(
        &self,
        request: &StorageRequest,
        newer: &Frame,
        provenance: &Provenance,
    ) -> Result<Prepared, StorageError> {
        let series = request.partitioned()?;
        let dirs = self.folders.series_dirs(series)?;
        let tree = self.folders.paths().tree_of(series);
        let dataset = request.series.dataset();
        let place = in_tree(series, &tree, &dirs);
        let facts = self.trees.facts(self.fs(), place);
        let facts = beside_days(request, facts, TreeFacts::default)?;
        facts.refuse_others(&tree, newer)?;
        let mut way = self.folders.way_into(dirs, dataset);
        let parts = newer.partitions();
        let mut jobs = Vec::with_capacity(parts.len());
        for (key, rows) in &parts {
            let spot = way.spot_of(*key)?;
            let place = (*key, spot.path, spot.is_there);
            jobs.push((self.job(request, place, provenance, &facts), &**rows));
        }
        let is_beside = facts.is_own
            || jobs.iter().any(|(job, _)| job.is_there)
            || beside_days(request, self.folders.holds_any(request), || true)?;
        let outcomes: Result<Vec<FileOutcome>, StorageError> = jobs
            .into_par_iter()
            .map(|(job, rows)| prepare_file(self.fs(), job, rows))
            .collect();
        let mut prepared = Prepared::nothing(request.clone());
        prepared.is_new = !is_beside;
        (prepared.misplaced, prepared.untidy) = (way.misplaced, way.untidy);
        outcomes?
            .into_iter()
            .for_each(|outcome| prepared.add(outcome));
        let is_new = prepared.files.iter().any(|file| file.old.is_none());
        if is_new && let Some(zone) = &provenance.timezone {
            let is_written = |path: &Path| prepared.files.iter().any(|file| file.target == path);
            facts.refuse_other_clock(zone, is_written)?;
        }
        Ok(prepared)
    }

    fn newest(&self, request: &StorageRequest) -> Result<Option<NewestFile>, StorageError> {
        let level = Level::of_series(request.series.dataset());
        let mut newest = NewestFile::default();
        for dir in self.folders.series_dirs(request.partitioned()?)? {
            // No link is followed below the data root.
            let is_folder = self.fs().metadata(&dir)?.map(|meta| meta.kind) == Some(Kind::Dir);
            if is_folder {
                let mut of_folder = NewestFile::default();
                newest_below(self.fs(), &dir, level, &mut of_folder)?;
                newest.and_of(of_folder);
            }
        }
        Ok((!newest.paths().is_empty()).then_some(newest))
    }

    fn holds(&self, request: &StorageRequest) -> Result<bool, StorageError> {
        self.folders.holds_any(request)
    }

    fn stat(&self, request: &StorageRequest) -> Result<Option<SeriesStat>, StorageError> {
        let files = self.folders.look(request.partitioned()?)?.known()?.files;
        let (Some(first), Some(last)) = (files.first(), files.last()) else {
            return Ok(None);
        };
        let mut stat = SeriesStat {
            files: files.len(),
            bytes: 0,
            span: Some((first.key, last.key)),
        };
        for file in &files {
            stat.bytes += self.fs().metadata(&file.path)?.map_or(0, |meta| meta.len);
        }
        Ok(Some(stat))
    }

    fn tickers(
        &self,
        venue: Option<&Venue>,
        dataset: Dataset,
        interval: Option<Interval>,
    ) -> Result<Vec<Ticker>, StorageError> {
        let Some(venue) = venue else {
            return Ok(Vec::new());
        };
        let tree = self.folders.paths().tree(venue, dataset, interval);
        let names = self.fs().list(&tree)?.unwrap_or_default();
        // Whatever has the name of a series is listed: what is no folder is refused by name, and must not look absent.
        let mut tickers: Vec<Ticker> = names
            .iter()
            .filter_map(|entry| series_ticker(&entry.name))
            .collect();
        tickers.sort();
        tickers.dedup();
        Ok(tickers)
    }
}
