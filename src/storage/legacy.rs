//! One file per ticker and interval, as the predecessor kept them; bars only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::codec::{Compression, MemoryLimit};
use crate::frame::basis::UnsealedBasis;
use crate::frame::{Frame, Profile};
use crate::layout::{LegacyName, LegacyPathBuilder, legacy_name};
use crate::model::{
    Dataset, Interval, PartitionKey, PriceBasis, Provenance, Series, StorageRequest, Ticker, Venue,
};
use crate::sys::{Fs, Meta};

use super::beyond::{Beyond, beyond};
use super::inspect::{Damage, Inspected, Stored, inspect};
use super::misplaced::Copies;
use super::newest::NewestFile;
use super::prepare::{FileJob, prepare_file};
use super::tree::{Shape, Trees, combine, compression_for};
use super::{Prepared, SeriesStat, StorageError, StorageInterface};

/// The legacy layout of a workspace, in `data/legacy/` or flat in the workspace.
#[derive(Debug)]
pub struct LegacyStore {
    pub(super) fs: Arc<dyn Fs>,
    pub(super) paths: LegacyPathBuilder,
    compression: Option<Compression>,
    pub(super) trees: Trees,
    pub(super) limit: MemoryLimit,
    pub(super) copies: Copies,
}

/// Where a ticker's file stands or would stand.
#[derive(Debug)]
pub(super) struct Spot {
    tree: PathBuf,
    pub(super) path: PathBuf,
    /// What stands there.
    found: Option<Meta>,
}

impl LegacyStore {
    /// Returns the store of the workspace `root`; `unsealed` is what files without a seal stand on.
    pub fn new(
        fs: Arc<dyn Fs>,
        root: &Path,
        compression: Option<Compression>,
        unsealed: UnsealedBasis,
    ) -> Self {
        Self {
            fs,
            paths: LegacyPathBuilder::new(root),
            compression,
            trees: Trees::new(unsealed),
            limit: MemoryLimit::default(),
            copies: Copies::default(),
        }
    }

    /// Finds the file: below `data/legacy` if it is there, else flat, else where the tree already is.
    pub(super) fn file(&self, request: &StorageRequest) -> Result<Spot, StorageError> {
        let Series::Bars { ticker, interval } = &request.series else {
            return Err(StorageError::LegacyDataset {
                dataset: request.series.dataset(),
            });
        };
        let in_tree = |tree: PathBuf| match self.paths.file_in(&tree, ticker) {
            Some(path) => Ok(Spot {
                found: self.fs.metadata(&path)?,
                tree,
                path,
            }),
            None => Err(StorageError::LegacyName {
                ticker: ticker.clone(),
            }),
        };
        let settled = in_tree(self.paths.tree(*interval))?;
        if settled.found.is_some() {
            return Ok(settled);
        }
        let flat = in_tree(self.paths.flat_tree(*interval))?;
        let exists =
            |path: &Path| -> Result<bool, StorageError> { Ok(self.fs.metadata(path)?.is_some()) };
        let is_flat = flat.found.is_some() || (!exists(&settled.tree)? && exists(&flat.tree)?);
        Ok(if is_flat { flat } else { settled })
    }

    /// Returns the flat file beside one in `data/legacy`: a workspace that was moved by half has both.
    fn shadowed(
        &self,
        request: &StorageRequest,
        file: &Spot,
    ) -> Result<Option<PathBuf>, StorageError> {
        let Series::Bars { ticker, interval } = &request.series else {
            return Ok(None);
        };
        let tree = self.paths.flat_tree(*interval);
        if tree == file.tree {
            return Ok(None);
        }
        match self.paths.file_in(&tree, ticker) {
            Some(flat) if self.fs.metadata(&flat)?.is_some() => Ok(Some(flat)),
            _ => Ok(None),
        }
    }

    /// Returns the price basis of the file of a series; `None` when there is none that can be read.
    pub(super) fn basis(
        &self,
        request: &StorageRequest,
    ) -> Result<Option<PriceBasis>, StorageError> {
        let file = self.file(request)?;
        Ok(match self.inspect(request, &file.path)? {
            Inspected::Whole { decoded, .. } => {
                Some(self.trees.basis_of(&decoded, request.venue.as_ref()))
            }
            _ => None,
        })
    }

    fn read_at(
        &self,
        request: &StorageRequest,
        path: PathBuf,
    ) -> Result<Option<Stored>, StorageError> {
        let nothing = || Frame::empty(Profile::of(Dataset::Stocks));
        Ok(match self.inspect(request, &path)? {
            Inspected::Absent => None,
            Inspected::Whole { decoded, .. } => Some(Stored {
                displaced: decoded.proven.displaced.len(),
                beyond: beyond(&decoded)
                    .map(|reason| Beyond { path, reason })
                    .into_iter()
                    .collect(),
                frame: decoded.proven.frame,
                provenance: decoded.provenance,
                damaged: Vec::new(),
                misplaced: Vec::new(),
            }),
            Inspected::Damaged { reason, bytes } => {
                let request = request.clone();
                let damage = Damage {
                    path,
                    request,
                    partition: PartitionKey::Whole,
                    reason,
                    bytes,
                };
                let provenance = Provenance::default();
                Some(Stored {
                    frame: nothing(),
                    provenance,
                    displaced: 0,
                    beyond: Vec::new(),
                    damaged: vec![damage],
                    misplaced: Vec::new(),
                })
            }
        })
    }

    fn inspect(&self, request: &StorageRequest, path: &Path) -> Result<Inspected, StorageError> {
        self.refuse_odd(path)?;
        inspect(
            &*self.fs,
            path,
            Profile::of(Dataset::Stocks),
            request,
            PartitionKey::Whole,
            self.limit,
        )
    }
}

impl StorageInterface for LegacyStore {
    fn read(&self, request: &StorageRequest) -> Result<Option<Stored>, StorageError> {
        let file = self.file(request)?;
        let mut settled = self.read_at(request, file.path.clone())?;
        let copies = self.copies_beside(request, &file.tree, settled.is_some())?;
        if let Some(settled) = &mut settled {
            settled.misplaced = copies;
        }
        let Some(flat) = self.shadowed(request, &file)? else {
            return Ok(settled);
        };
        let older = self.read_at(request, flat.clone())?;
        let (mut older, settled) = match (older, settled) {
            (Some(older), Some(settled)) => (older, settled),
            (older, settled) => return Ok(settled.or(older)),
        };
        if older.damaged.is_empty() && settled.damaged.is_empty() {
            let settled_basis = Some(older.provenance.basis);
            older.provenance = combine(
                &flat,
                Some(&older.provenance),
                settled_basis,
                &settled.provenance,
            )?;
        }
        older.frame = older.frame.merge(&settled.frame).frame;
        older.displaced += settled.displaced;
        older.beyond.extend(settled.beyond);
        older.damaged.extend(settled.damaged);
        older.misplaced.extend(settled.misplaced);
        Ok(Some(older))
    }

    fn prepare(
        &self,
        request: &StorageRequest,
        newer: &Frame,
        provenance: &Provenance,
    ) -> Result<Prepared, StorageError> {
        let file = self.file(request)?;
        self.refuse_odd(&file.path)?;
        let is_there = file.found.is_some();
        let misplaced = self.copies_beside(request, &file.tree, is_there)?;
        let facts = self
            .trees
            .facts(&*self.fs, &file.tree, Shape::Legacy, None, self.limit)?;
        let job = FileJob {
            request,
            key: PartitionKey::Whole,
            path: file.path,
            is_there,
            provenance,
            trees: &self.trees,
            unit: facts.unit,
            // A legacy tree names no venue, so its files need not have one basis.
            tree_basis: None,
            compression: compression_for(request, self.compression),
            row_group_rows: None,
            limit: self.limit,
        };
        let mut prepared = Prepared::nothing(request.clone());
        prepared.is_new = !is_there;
        prepared.misplaced = misplaced;
        // The files of all series lie in one folder.
        prepared.untidy.push(file.tree);
        prepared.add(prepare_file(&*self.fs, job, newer)?);
        Ok(prepared)
    }

    fn newest(&self, request: &StorageRequest) -> Result<Option<NewestFile>, StorageError> {
        let file = match self.file(request) {
            Ok(file) => file,
            // What the layout cannot hold it does not hold.
            Err(StorageError::LegacyName { .. } | StorageError::LegacyDataset { .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let Some(meta) = &file.found else {
            return Ok(None);
        };
        let mut newest = NewestFile::default();
        if let Some(flat) = self.shadowed(request, &file)? {
            let flat_bytes = self.fs.metadata(&flat)?.map_or(0, |meta| meta.len);
            newest.add(flat, PartitionKey::Whole, flat_bytes);
        }
        newest.add(file.path.clone(), PartitionKey::Whole, meta.len);
        Ok(Some(newest))
    }

    fn holds(&self, request: &StorageRequest) -> Result<bool, StorageError> {
        Ok(self.newest(request)?.is_some())
    }

    fn stat(&self, request: &StorageRequest) -> Result<Option<SeriesStat>, StorageError> {
        let file = self.file(request)?;
        let mut stat = SeriesStat::default();
        for path in [Some(file.path.clone()), self.shadowed(request, &file)?] {
            let found = path.map(|path| self.fs.metadata(&path)).transpose()?;
            if let Some(meta) = found.flatten() {
                stat.files += 1;
                stat.bytes += meta.len;
            }
        }
        Ok((stat.files > 0).then_some(stat))
    }

    fn tickers(
        &self,
        _venue: Option<&Venue>,
        dataset: Dataset,
        interval: Option<Interval>,
    ) -> Result<Vec<Ticker>, StorageError> {
        let (Dataset::Stocks, Some(interval)) = (dataset, interval) else {
            return Ok(Vec::new());
        };
        let mut tickers = Vec::new();
        for tree in [self.paths.tree(interval), self.paths.flat_tree(interval)] {
            let names = self.fs.list(&tree)?.unwrap_or_default();
            // What is no regular file is refused by name when it is read, and must not look absent.
            let stems = names
                .iter()
                .filter_map(|entry| match legacy_name(&entry.name) {
                    LegacyName::Ticker(ticker) => Some(ticker),
                    LegacyName::Copy { .. } | LegacyName::NoTicker | LegacyName::Other => None,
                });
            tickers.extend(stems);
        }
        tickers.sort();
        tickers.dedup();
        Ok(tickers)
    }
}
