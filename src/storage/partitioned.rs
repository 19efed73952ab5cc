//! One file per ticker and month (bars), per feed and day (trades), per ticker (events).

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use crate::codec::{Compression, MemoryLimit};
use crate::frame::basis::UnsealedBasis;
use crate::frame::{Frame, Profile};
use crate::layout::{Level, PartitionPathBuilder};
use crate::model::{
    Dataset, Interval, PartitionKey, PriceBasis, Provenance, StorageRequest, Ticker, Venue,
};
use crate::sys::{Fs, Kind, Medium, Rights, rights_of};

use super::inspect::Stored;
use super::misplaced::series_ticker;
use super::newest::{NewestFile, newest_below};
use super::prepare::{FileJob, FileOutcome, prepare_file};
use super::tree::{Shape, TreeFacts, Trees, compression_for};
use super::{Prepared, SeriesStat, StorageError, StorageInterface};

/// The partitioned layout below a data root.
#[derive(Debug)]
pub struct PartitionedStore {
    pub(super) fs: Arc<dyn Fs>,
    pub(super) root: PathBuf,
    pub(super) paths: PartitionPathBuilder,
    pub(super) compression: Option<Compression>,
    pub(super) row_group_rows: Option<NonZeroUsize>,
    pub(super) trees: Trees,
    pub(super) limit: MemoryLimit,
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
        let paths = PartitionPathBuilder::new(root);
        Self {
            fs,
            root: root.to_owned(),
            paths,
            compression,
            row_group_rows: None,
            trees: Trees::new(unsealed),
            limit: MemoryLimit::default(),
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
        let unsealed = self.trees.unsealed.clone();
        let mut other = Self::new(Arc::clone(&self.fs), root, self.compression, unsealed);
        other.row_group_rows = self.row_group_rows;
        other.limit = self.limit;
        other
    }

    /// Returns the price basis of the tree of a series; `None` when the tree has no file.
    pub(super) fn basis(
        &self,
        request: &StorageRequest,
    ) -> Result<Option<PriceBasis>, StorageError> {
        let tree = self.paths.tree_of(request.partitioned()?);
        let dataset = request.series.dataset();
        let venue = request.venue.as_ref();
        let facts = self
            .trees
            .facts(&*self.fs, &tree, Shape::of(dataset), venue, self.limit)?;
        Ok(facts.basis)
    }

    /// Returns what every file of a series grants; `None` when it has none.
    ///
    /// # Errors
    /// When the request has no venue or a file cannot be examined.
    pub fn rights(&self, request: &StorageRequest) -> Result<Option<Rights>, StorageError> {
        let mut rights = None;
        for file in self.folders(request.partitioned()?)?.known()?.files {
            rights = Rights::of_both(rights, rights_of(&*self.fs, &file.path)?);
        }
        Ok(rights)
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
            unit: facts.unit,
            tree_basis: facts.basis,
            compression: compression_for(request, self.compression),
            row_group_rows: self.row_group_rows,
            limit: self.limit,
        }
    }
}

impl StorageInterface for PartitionedStore {
    fn read(&self, request: &StorageRequest) -> Result<Option<Stored>, StorageError> {
        let read = |path: &Path| Ok((self.fs.read(path)?, Medium::Cache));
        let profile = Profile::of(request.series.dataset());
        Ok(self
            .read_by(request, read)?
            .map(|parts| parts.joined(profile)))
    }

    fn prepare(
        &self,
        request: &StorageRequest,
        newer: &Frame,
        provenance: &Provenance,
    ) -> Result<Prepared, StorageError> {
        let series = request.partitioned()?;
        let (dirs, tree) = (self.series_dirs(series)?, self.paths.tree_of(series));
        let dataset = request.series.dataset();
        let venue = request.venue.as_ref();
        let facts = self
            .trees
            .facts(&*self.fs, &tree, Shape::of(dataset), venue, self.limit)?;
        let mut way = self.way_into(dirs, dataset);
        let parts = newer.split();
        let mut jobs = Vec::with_capacity(parts.len());
        for (key, rows) in &parts {
            let spot = way.spot_of(*key)?;
            let place = (*key, spot.path, spot.is_there);
            jobs.push((self.job(request, place, provenance, &facts), rows));
        }
        let is_beside = jobs.iter().any(|(job, _)| job.is_there) || self.holds_any(request)?;
        let outcomes: Result<Vec<FileOutcome>, StorageError> = jobs
            .into_par_iter()
            .map(|(job, rows)| prepare_file(&*self.fs, job, rows))
            .collect();
        let mut prepared = Prepared::nothing(request.clone());
        prepared.is_new = !is_beside;
        (prepared.misplaced, prepared.untidy) = (way.misplaced, way.untidy);
        outcomes?
            .into_iter()
            .for_each(|outcome| prepared.add(outcome));
        let is_new = prepared.files.iter().any(|file| file.old.is_none());
        if is_new && let Some(zone) = &provenance.timezone {
            let written = prepared.files.iter().map(|file| file.target.clone());
            self.refuse_other_clock(request, zone, &written.collect::<Vec<_>>())?;
        }
        Ok(prepared)
    }

    fn newest(&self, request: &StorageRequest) -> Result<Option<NewestFile>, StorageError> {
        let level = Level::of_series(request.series.dataset());
        let mut newest = NewestFile::default();
        for dir in self.series_dirs(request.partitioned()?)? {
            // No link is followed below the data root.
            let is_folder = self.fs.metadata(&dir)?.map(|meta| meta.kind) == Some(Kind::Dir);
            if is_folder {
                newest_below(&*self.fs, &dir, level, &mut newest)?;
            }
        }
        Ok((!newest.paths.is_empty()).then_some(newest))
    }

    fn holds(&self, request: &StorageRequest) -> Result<bool, StorageError> {
        self.holds_any(request)
    }

    fn stat(&self, request: &StorageRequest) -> Result<Option<SeriesStat>, StorageError> {
        let files = self.folders(request.partitioned()?)?.known()?.files;
        let (Some(first), Some(last)) = (files.first(), files.last()) else {
            return Ok(None);
        };
        let mut stat = SeriesStat {
            files: files.len(),
            bytes: 0,
            span: Some((first.key, last.key)),
        };
        for file in &files {
            stat.bytes += self.fs.metadata(&file.path)?.map_or(0, |meta| meta.len);
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
        let tree = self.paths.tree(venue, dataset, interval);
        let names = self.fs.list(&tree)?.unwrap_or_default();
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
