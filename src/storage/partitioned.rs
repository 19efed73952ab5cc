//! One file per ticker and month (bars), per feed and day (trades), per ticker (events).

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use bytes::Bytes;

use crate::codec::{self, Compression, Facts};
use crate::frame::{Frame, Profile};
use crate::layout::{PartitionPathBuilder, parse_partition};
use crate::model::{
    Dataset, Interval, PartitionKey, PartitionedSeries, PriceBasis, Provenance, StorageRequest,
    Ticker, Venue,
};
use crate::sys::{Fs, FsResult, Kind, Medium};

use super::inspect::{Damage, Inspected, Stored, judge};
use super::prepare::{FileJob, FileOutcome, prepare_file};
use super::tree::{Trees, combine, compression_for};
use super::whole_series::Draft;
use super::{Prepared, SeriesStat, StorageError, StorageInterface};

/// The partitioned layout below a data root.
#[derive(Debug)]
pub struct PartitionedStore {
    fs: Arc<dyn Fs>,
    root: PathBuf,
    paths: PartitionPathBuilder,
    compression: Option<Compression>,
    row_group_rows: Option<NonZeroUsize>,
    trees: Trees,
}

/// What was read of a series, file by file.
#[derive(Debug)]
pub struct Parts {
    /// The rows of each file that verifies, in time order.
    pub frames: Vec<Frame>,
    /// Whether every file came from the disk rather than from memory.
    pub medium: Medium,
    /// Zone, price basis and origin of the newest file.
    pub provenance: Provenance,
    /// How many rows of other writers' files have no place.
    pub displaced: usize,
    /// Files that do not verify or decode.
    pub damaged: Vec<Damage>,
}

impl Parts {
    /// Joins the files.
    pub fn joined(self, profile: &'static Profile) -> Stored {
        let frame = match Frame::concat(profile, self.frames) {
            Ok(frame) => frame,
            // Files of another layout overlap with the months: they are older, so the month's rows win.
            Err(overlapping) => overlapping
                .into_iter()
                .fold(Frame::empty(profile), |all, part| all.merge(&part).frame),
        };
        Stored {
            frame,
            provenance: self.provenance,
            displaced: self.displaced,
            damaged: self.damaged,
        }
    }
}

/// One existing file of a series.
#[derive(Debug)]
struct PartitionFile {
    key: PartitionKey,
    path: PathBuf,
}

impl PartitionedStore {
    /// Returns the store below the data root `root`; without `compression`, each series has the one that suits it.
    pub fn new(fs: Arc<dyn Fs>, root: &Path, compression: Option<Compression>) -> Self {
        let paths = PartitionPathBuilder::new(root);
        Self {
            fs,
            root: root.to_owned(),
            paths,
            compression,
            row_group_rows: None,
            trees: Trees::default(),
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
        Self::new(Arc::clone(&self.fs), root, self.compression).with_row_groups(self.row_group_rows)
    }

    /// Returns the price basis of the tree of a series; `None` when the tree has no file.
    pub(super) fn basis(
        &self,
        request: &StorageRequest,
    ) -> Result<Option<PriceBasis>, StorageError> {
        let tree = self.paths.tree_of(request.partitioned()?);
        let dataset = request.series.dataset();
        let facts = self
            .trees
            .facts(&*self.fs, &tree, dataset, request.venue.as_ref())?;
        Ok(facts.basis)
    }

    /// Returns the directories of a series: the encoded one, or the raw one where only the predecessor wrote, or
    /// first the raw and then the encoded one where both did.
    fn series_dirs(&self, series: PartitionedSeries<'_>) -> Result<Vec<PathBuf>, StorageError> {
        let encoded = self.paths.series_dir(series);
        if let Some(raw) = self.paths.raw_series_dir(series)
            && self.fs.metadata(&raw)?.is_some()
        {
            let is_alone = self.fs.metadata(&encoded)?.is_none();
            return Ok(if is_alone {
                vec![raw]
            } else {
                vec![raw, encoded]
            });
        }
        Ok(vec![encoded])
    }

    /// Returns where the rows of a partition belong: where its file is, so that no second one begins beside it.
    fn file_of(
        &self,
        dirs: &[PathBuf],
        dataset: Dataset,
        key: PartitionKey,
    ) -> Result<PathBuf, StorageError> {
        let mut wanted = PathBuf::new();
        for dir in dirs {
            let path = self.paths.file_in(dir, dataset, key);
            let is_last = dirs.last() == Some(dir);
            if self.fs.metadata(&path)?.is_some() || (is_last && wanted.as_os_str().is_empty()) {
                wanted = path;
            }
        }
        Ok(wanted)
    }

    /// Lists the files of a series in time order; of two with one key, the one that yields comes first.
    fn files(&self, series: PartitionedSeries<'_>) -> Result<Vec<PartitionFile>, StorageError> {
        let mut files = Vec::new();
        for dir in self.series_dirs(series)? {
            self.collect(&dir, &mut files)?;
        }
        files.sort_by_key(|file| file.key);
        Ok(files)
    }

    fn collect(&self, dir: &Path, files: &mut Vec<PartitionFile>) -> Result<(), StorageError> {
        for entry in self.fs.list(dir)?.unwrap_or_default() {
            let path = dir.join(&entry.name);
            match entry.kind {
                Kind::Dir => self.collect(&path, files)?,
                Kind::File if entry.name.ends_with(".parquet") => {
                    let parsed = path.strip_prefix(&self.root).ok().and_then(parse_partition);
                    files.extend(parsed.map(|parsed| PartitionFile {
                        key: parsed.partition,
                        path,
                    }));
                }
                Kind::File | Kind::Link | Kind::Other => {}
            }
        }
        Ok(())
    }

    /// Reads a series after dropping what memory holds of its files, and tells whether every one came from the disk.
    ///
    /// # Errors
    /// As `read`.
    pub fn read_from_medium(
        &self,
        request: &StorageRequest,
    ) -> Result<Option<(Stored, Medium)>, StorageError> {
        let parts = self.parts_from_medium(request)?;
        Ok(parts.map(|parts| {
            let medium = parts.medium;
            (parts.joined(Profile::of(request.series.dataset())), medium)
        }))
    }

    /// As `read_from_medium`, with one frame for each file, in time order: what need not be joined is not.
    ///
    /// # Errors
    /// As `read`.
    pub fn parts_from_medium(
        &self,
        request: &StorageRequest,
    ) -> Result<Option<Parts>, StorageError> {
        let read = |path: &Path| {
            let found = self.fs.read_from_medium(path)?;
            let medium = found.as_ref().map_or(Medium::Disk, |(_, medium)| *medium);
            Ok((found.map(|(bytes, _)| bytes), medium))
        };
        self.read_by(request, read)
    }

    /// Builds the files of a series of which nothing is there, not even its directory; `None` when there is something.
    ///
    /// # Errors
    /// When the request has no venue, the disk cannot be asked, or rows cannot be encoded or stand on another basis than
    /// the tree.
    pub fn draft(
        &self,
        request: &StorageRequest,
        rows: &Frame,
        provenance: &Provenance,
    ) -> Result<Option<Draft>, StorageError> {
        let series = request.partitioned()?;
        for dir in self.series_dirs(series)? {
            if self.fs.metadata(&dir)?.is_some() {
                return Ok(None);
            }
        }
        let (dir, tree) = (self.paths.series_dir(series), self.paths.tree_of(series));
        let dataset = request.series.dataset();
        let known = self
            .trees
            .facts(&*self.fs, &tree, dataset, request.venue.as_ref())?;
        let facts = Facts {
            unit: known.unit,
            provenance: combine(&tree, None, known.basis, provenance)?,
            compression: compression_for(request, self.compression),
            row_group_rows: self.row_group_rows,
        };
        let parts = rows.split();
        let encode = |(key, rows): (&PartitionKey, &Frame)| {
            let path = self.paths.file_in(&dir, dataset, *key);
            match codec::encode_unproven(rows, &facts) {
                Ok(bytes) => Ok((path, bytes)),
                Err(source) => Err(StorageError::Encode { path, source }),
            }
        };
        let files: Result<Vec<(PathBuf, Bytes)>, StorageError> =
            parts.par_iter().map(encode).collect();
        Ok(Some(Draft { files: files?, dir }))
    }

    fn read_by(
        &self,
        request: &StorageRequest,
        read: impl Fn(&Path) -> FsResult<(Option<Vec<u8>>, Medium)> + Sync,
    ) -> Result<Option<Parts>, StorageError> {
        let profile = Profile::of(request.series.dataset());
        let files = self.files(request.partitioned()?)?;
        if files.is_empty() {
            return Ok(None);
        }
        let look = |file: &PartitionFile| {
            let (bytes, medium) = read(&file.path)?;
            let found = judge(bytes, &file.path, profile, request, file.key)?;
            Ok((found, medium))
        };
        let inspected: Result<Vec<(Inspected, Medium)>, StorageError> =
            files.par_iter().map(look).collect();
        let mut parts = Parts {
            frames: Vec::with_capacity(files.len()),
            medium: Medium::Disk,
            provenance: Provenance::default(),
            displaced: 0,
            damaged: Vec::new(),
        };
        for (file, (found, medium)) in files.into_iter().zip(inspected?) {
            parts.medium = parts.medium.min(medium);
            match found {
                Inspected::Absent => {}
                Inspected::Whole { decoded, .. } => {
                    parts.displaced += decoded.proven.displaced.len();
                    parts.provenance = decoded.provenance;
                    parts.frames.push(decoded.proven.frame);
                }
                Inspected::Damaged { reason, bytes } => parts.damaged.push(Damage {
                    path: file.path,
                    request: request.clone(),
                    partition: file.key,
                    reason,
                    bytes,
                }),
            }
        }
        Ok(Some(parts))
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
        let facts = self
            .trees
            .facts(&*self.fs, &tree, dataset, request.venue.as_ref())?;
        let job = |key| -> Result<FileJob<'_>, StorageError> {
            Ok(FileJob {
                request,
                key,
                path: self.file_of(&dirs, dataset, key)?,
                provenance,
                unit: facts.unit,
                tree_basis: facts.basis,
                compression: compression_for(request, self.compression),
                row_group_rows: self.row_group_rows,
            })
        };
        let parts = newer.split();
        let outcomes: Result<Vec<FileOutcome>, StorageError> = parts
            .par_iter()
            .map(|(key, rows)| prepare_file(&*self.fs, job(*key)?, rows))
            .collect();
        let mut prepared = Prepared::nothing(request.clone());
        outcomes?
            .into_iter()
            .for_each(|outcome| prepared.add(outcome));
        Ok(prepared)
    }

    fn holds(&self, request: &StorageRequest) -> Result<bool, StorageError> {
        fn has_file(fs: &dyn Fs, dir: &Path) -> Result<bool, StorageError> {
            for entry in fs.list(dir)?.unwrap_or_default() {
                let is_found = match entry.kind {
                    Kind::Dir => has_file(fs, &dir.join(&entry.name))?,
                    Kind::File => entry.name.ends_with(".parquet"),
                    Kind::Link | Kind::Other => false,
                };
                if is_found {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        for dir in self.series_dirs(request.partitioned()?)? {
            if has_file(&*self.fs, &dir)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn stat(&self, request: &StorageRequest) -> Result<Option<SeriesStat>, StorageError> {
        let files = self.files(request.partitioned()?)?;
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
        let names = self
            .fs
            .list(&self.paths.tree(venue, dataset, interval))?
            .unwrap_or_default();
        let is_dir = |kind: Kind| kind == Kind::Dir;
        let mut tickers: Vec<Ticker> = names
            .iter()
            .filter(|entry| is_dir(entry.kind))
            .filter_map(|entry| Ticker::from_segment(entry.name.strip_prefix("ticker=")?).ok())
            .collect();
        tickers.sort();
        tickers.dedup();
        Ok(tickers)
    }
}
