//! One file per ticker and interval, as the predecessor kept them; bars only.
//!
//! Promises: rows of another venue are never given out, and nothing is written over them.
//! Leaves to others: where files stand (`legacy_place`), whose they are (`owners`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::codec::{Compression, MemoryLimit};
use crate::frame::basis::UnsealedBasis;
use crate::frame::{self, Frame, Profile};
use crate::layout::{LegacyName, legacy_name};
use crate::model::{
    Dataset, Interval, PartitionKey, PriceBasis, Provenance, StorageRequest, Ticker, Venue,
};
use crate::sys::atomic::parent;
use crate::sys::{Fs, Meta};

use super::beyond::{Beyond, beyond};
use super::inspect::{Damage, Inspected, Stored, inspect};
use super::legacy_place::{LegacyPlaces, Spot};
use super::misplaced::{Copies, beside_legacy, refuse_odd};
use super::newest::NewestFile;
use super::owners::Owners;
use super::prepare::{FileJob, prepare_file};
use super::sample::{Kept, Shape};
use super::tree::{InTree, Trees, combine, compression_for, refuse_other_rows};
use super::{Prepared, SeriesStat, StorageError, StorageInterface, Unwanted, Without};

/// The legacy layout of a workspace, in `data/legacy/` or flat in the workspace.
#[derive(Debug)]
pub struct LegacyStore {
    places: LegacyPlaces,
    compression: Option<Compression>,
    trees: Trees,
    limit: MemoryLimit,
    copies: Copies,
}

impl LegacyStore {
    /// Returns the store of the workspace `root`; `unsealed` is what files without a seal stand on, `owners` says whose the
    /// files in shared folders are.
    pub fn new(
        fs: Arc<dyn Fs>,
        root: &Path,
        compression: Option<Compression>,
        unsealed: UnsealedBasis,
        owners: Owners,
    ) -> Self {
        Self {
            places: LegacyPlaces::new(fs, root, owners),
            compression,
            trees: Trees::new(unsealed, Arc::new(Kept::nobody())),
            limit: MemoryLimit::default(),
            copies: Copies::default(),
        }
    }

    /// Returns the store, of which no file may take more memory than `limit`.
    #[must_use]
    pub(super) fn within(self, limit: MemoryLimit) -> Self {
        Self { limit, ..self }
    }

    /// Returns the store, which knows whose series are kept.
    #[must_use]
    pub(super) fn knowing(mut self, kept: Arc<Kept>) -> Self {
        self.trees = self.trees.knowing(kept);
        self
    }

    /// Returns where the files stand and whose they are.
    pub fn places(&self) -> &LegacyPlaces {
        &self.places
    }

    pub(super) fn fs(&self) -> &dyn Fs {
        self.places.fs()
    }

    pub(super) fn trees(&self) -> &Trees {
        &self.trees
    }

    pub(super) fn limit(&self) -> MemoryLimit {
        self.limit
    }

    /// Lists the Parquet files in the folders of a venue's interval that are no ticker's. What lies in shared folders is told
    /// of the legacy venue.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn misplaced(
        &self,
        venue: &Venue,
        interval: Interval,
    ) -> Result<Vec<PathBuf>, StorageError> {
        beside_legacy(&self.places, venue, interval)
    }

    /// Returns the price basis of the file of a series; `None` when there is none that can be read.
    pub(super) fn basis(
        &self,
        request: &StorageRequest,
    ) -> Result<Option<PriceBasis>, StorageError> {
        let file = self.places.file(request)?;
        if file.found.is_none() {
            return Ok(None);
        }
        Ok(match self.inspect(request, &file.path)? {
            Inspected::Whole { decoded, .. } => {
                Some(self.trees.basis_of(&decoded, request.venue.as_ref()))
            }
            _ => None,
        })
    }

    /// Tells whether there is something that stands for the file of a series, and not that file.
    pub(super) fn has_lone_copy(&self, request: &StorageRequest) -> Result<bool, StorageError> {
        let file = match self.places.file(request) {
            Ok(file) => file,
            Err(StorageError::LegacyName { .. } | StorageError::LegacyDataset { .. }) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let is_answered = file.found.is_some() || file.is_taken;
        match self
            .copies
            .beside(&self.places, request, &file, is_answered)
        {
            Ok(_) => Ok(false),
            Err(StorageError::Foreign { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn read_at(
        &self,
        request: &StorageRequest,
        path: PathBuf,
    ) -> Result<Option<Stored>, StorageError> {
        let nothing = || Frame::empty(Profile::of(Dataset::Stocks));
        Ok(match self.inspect(request, &path)? {
            Inspected::Absent => None,
            Inspected::Whole { decoded, .. }
                if self.places.is_anothers(
                    request,
                    &path,
                    decoded.provenance.source.as_ref(),
                )? =>
            {
                None
            }
            Inspected::Whole { decoded, .. } => Some(Stored {
                displaced: decoded.ordered.displaced.len(),
                beyond: beyond(&decoded)
                    .map(|reason| Beyond { path, reason })
                    .into_iter()
                    .collect(),
                frame: decoded.ordered.frame,
                provenance: decoded.provenance,
                damaged: Vec::new(),
                other_clocks: Vec::new(),
                misplaced: Vec::new(),
                since: None,
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
                Some(Stored {
                    frame: nothing(),
                    provenance: Provenance::default(),
                    displaced: 0,
                    beyond: Vec::new(),
                    damaged: vec![damage],
                    other_clocks: Vec::new(),
                    misplaced: Vec::new(),
                    since: None,
                })
            }
        })
    }

    /// Merges rows into the file of a series at its place, whatever lies elsewhere.
    pub(super) fn prepare_at(
        &self,
        request: &StorageRequest,
        file: Spot,
        newer: &Frame,
        provenance: &Provenance,
    ) -> Result<Prepared, StorageError> {
        refuse_odd(self.fs(), &file.path)?;
        let is_there = file.found.is_some();
        let misplaced = self.copies.beside(&self.places, request, &file, is_there)?;
        let place = (file.path, is_there);
        let job = self.job(request, &file.tree, place, provenance)?;
        let mut prepared = Prepared::nothing(request.clone());
        prepared.is_new = !is_there;
        prepared.misplaced = misplaced;
        // The files of all series lie in one folder.
        prepared.untidy.push(file.tree);
        prepared.add(prepare_file(self.fs(), job, newer)?);
        Ok(prepared)
    }

    /// Says what holds for a file in one of the folders.
    fn job<'r>(
        &'r self,
        request: &'r StorageRequest,
        tree: &Path,
        (path, is_there): (PathBuf, bool),
        provenance: &'r Provenance,
    ) -> Result<FileJob<'r>, StorageError> {
        let series = InTree {
            tree,
            shape: Shape::Legacy,
            venue: request.venue.as_ref(),
            own: std::slice::from_ref(&path),
        };
        let facts = self.trees.facts(self.fs(), series)?;
        Ok(FileJob {
            request,
            key: PartitionKey::Whole,
            path,
            is_there,
            provenance,
            trees: &self.trees,
            unit: facts.unit,
            // A legacy tree names no venue, so its files need not have one basis.
            tree_basis: None,
            said_by: None,
            compression: compression_for(request, self.compression),
            row_group_rows: None,
            limit: self.limit,
            is_renewed: false,
        })
    }

    /// Builds the file of a series without some rows, which are in it, and with newer ones.
    ///
    /// # Errors
    /// As `Stores::prepare_without`.
    pub fn prepare_exchange(
        &self,
        request: &StorageRequest,
        unwanted: &Unwanted,
        newer: &Frame,
        provenance: &Provenance,
    ) -> Result<Prepared, StorageError> {
        let without = self.prepare_without(request, unwanted, Some((newer, provenance)))?;
        Ok(without.prepared)
    }

    /// Of a workspace that was moved by half, both files of a series are read, and both lose the rows.
    pub(super) fn prepare_without(
        &self,
        request: &StorageRequest,
        unwanted: &Unwanted,
        newer: Option<(&Frame, &Provenance)>,
    ) -> Result<Without, StorageError> {
        let file = self.places.file(request)?;
        let mut without = Without::nothing(request);
        // What stands there may be another venue's.
        if file.found.is_none() {
            return Ok(without);
        }
        if !unwanted.is_empty() {
            self.places.refuse_lodger(request, &file)?;
        }
        let nothing_new = Provenance::default();
        let older = self.places.shadowed(request, &file)?;
        for path in std::iter::once(file.path.clone()).chain(older) {
            refuse_odd(self.fs(), &path)?;
            let tree = parent(&path).to_owned();
            let provenance = newer.map_or(&nothing_new, |(_, provenance)| provenance);
            let job = self.job(request, &tree, (path, true), provenance)?;
            let newer = newer
                .map(|(newer, _)| newer)
                .filter(|_| job.path == file.path);
            without.take_from(self.fs(), job, unwanted, newer)?;
        }
        Ok(without)
    }

    /// Looks at a file, whosever it is.
    fn inspect(&self, request: &StorageRequest, path: &Path) -> Result<Inspected, StorageError> {
        refuse_odd(self.fs(), path)?;
        inspect(
            self.fs(),
            path,
            Profile::of(Dataset::Stocks),
            &request.of_any_venue(),
            PartitionKey::Whole,
            self.limit,
        )
    }
}

impl StorageInterface for LegacyStore {
    fn read(&self, request: &StorageRequest) -> Result<Option<Stored>, StorageError> {
        let file = self.places.file(request)?;
        let is_there = file.found.is_some();
        // A copy beside another venue's file is that one's.
        let is_answered = is_there || file.is_taken;
        let copies = self
            .copies
            .beside(&self.places, request, &file, is_answered)?;
        if !is_there {
            return Ok(None);
        }
        let mut settled = self.read_at(request, file.path.clone())?;
        if let Some(settled) = &mut settled {
            settled.misplaced = copies;
        }
        for path in self.places.shadowed(request, &file)? {
            let older = self.read_at(request, path.clone())?;
            settled = match (older, settled) {
                (Some(older), Some(settled)) => Some(joined(&path, older, settled)?),
                (older, settled) => settled.or(older),
            };
        }
        Ok(settled)
    }

    fn prepare(
        &self,
        request: &StorageRequest,
        newer: &Frame,
        provenance: &Provenance,
    ) -> Result<Prepared, StorageError> {
        let file = self.places.file(request)?;
        self.places.refuse_lodger(request, &file)?;
        if let (Some(venue), Some(named)) = (&request.venue, &provenance.source)
            && venue != named
        {
            return Err(StorageError::Refused {
                path: file.path,
                reason: format!(
                    "its place is that of the source {venue}, and the new rows' source is {named}"
                ),
            });
        }
        self.prepare_at(request, file, newer, provenance)
    }

    fn newest(&self, request: &StorageRequest) -> Result<Option<NewestFile>, StorageError> {
        let file = match self.places.file(request) {
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
        for older in self.places.shadowed(request, &file)? {
            let bytes = self.fs().metadata(&older)?.map_or(0, |meta| meta.len);
            newest.add(older, PartitionKey::Whole, bytes);
        }
        newest.add(file.path.clone(), PartitionKey::Whole, meta.len);
        Ok(Some(newest))
    }

    fn holds(&self, request: &StorageRequest) -> Result<bool, StorageError> {
        Ok(self.newest(request)?.is_some() || self.has_lone_copy(request)?)
    }

    fn stat(&self, request: &StorageRequest) -> Result<Option<SeriesStat>, StorageError> {
        let file = self.places.file(request)?;
        let mut stat = SeriesStat::default();
        let mut add = |meta: Meta| {
            stat.files += 1;
            stat.bytes += meta.len;
        };
        file.found.into_iter().for_each(&mut add);
        for path in self.places.shadowed(request, &file)? {
            self.fs().metadata(&path)?.into_iter().for_each(&mut add);
        }
        Ok((stat.files > 0).then_some(stat))
    }

    fn tickers(
        &self,
        venue: Option<&Venue>,
        dataset: Dataset,
        interval: Option<Interval>,
    ) -> Result<Vec<Ticker>, StorageError> {
        let (Dataset::Stocks, Some(interval)) = (dataset, interval) else {
            return Ok(Vec::new());
        };
        let mut tickers = Vec::new();
        let own = self.places.own_tree(venue, interval);
        for tree in self.places.trees(venue, interval) {
            let names = self.fs().list(&tree)?.unwrap_or_default();
            for entry in names {
                // What is no regular file is refused by name when it is read, and must not look absent.
                let (LegacyName::Ticker(ticker) | LegacyName::Decomposed(ticker)) =
                    legacy_name(&entry.name)
                else {
                    continue;
                };
                let is_listed = match venue {
                    Some(_) if own.as_ref() == Some(&tree) => true,
                    // A file that names this venue, though nobody knows the ticker there, is found by its name alone.
                    Some(_)
                        if own.is_some()
                            && !self.places.owners().is_in_question(&ticker, interval) =>
                    {
                        false
                    }
                    Some(venue) => {
                        let request = StorageRequest::bars(venue.clone(), ticker.clone(), interval);
                        self.places.owns(&request, &tree.join(&entry.name))?
                    }
                    None => true,
                };
                tickers.extend(is_listed.then_some(ticker));
            }
        }
        tickers.sort();
        tickers.dedup();
        Ok(tickers)
    }
}

/// Joins what two files of one series hold; where both have a row, that of `settled` counts.
fn joined(path: &Path, mut older: Stored, settled: Stored) -> Result<Stored, StorageError> {
    if older.damaged.is_empty() && settled.damaged.is_empty() {
        let basis = Some(older.provenance.basis);
        older.provenance = combine(path, Some(&older.provenance), basis, &settled.provenance)?;
    }
    refuse_other_rows(path, &older.frame, &settled.frame)?;
    older.frame = frame::merge(&older.frame, &settled.frame).frame;
    older.displaced += settled.displaced;
    older.beyond.extend(settled.beyond);
    older.damaged.extend(settled.damaged);
    older.misplaced.extend(settled.misplaced);
    Ok(older)
}
