//! Where the file of a series stands in the legacy layout, and where a new one goes.
//!
//! The legacy venue has the shared folders, `data/legacy/stocks_<interval>` and the flat one; every other venue has its own,
//! `data/legacy/<market>/<source>/stocks_<interval>`. Older builds put the files of all venues into the shared ones: there
//! they are found all the same, by the venue that they belong to and by no other.
//! Promises: a file of the legacy venue costs no look into it, unless registry or plan give reason to ask whose it is.
//! Leaves to others: whose a file is (`owners`), moving it (`rehouse`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::codec;
use crate::layout::{LegacyName, LegacyPathBuilder, legacy_name};
use crate::model::{Interval, Series, StorageRequest, Ticker, Venue};
use crate::sys::atomic::parent;
use crate::sys::{Fs, Kind, Meta};

use super::StorageError;
use super::inspect::other_venue;
use super::newest::FOOTER;
use super::owners::Owners;

/// Where a ticker's file stands or would stand.
#[derive(Debug)]
pub(super) struct Spot {
    pub(super) tree: PathBuf,
    pub(super) path: PathBuf,
    /// What stands there of the series.
    pub(super) found: Option<Meta>,
    /// Whether another venue's file has the place.
    pub(super) is_taken: bool,
}

impl Spot {
    /// Returns the place of a file that is there and ours.
    pub(super) fn standing(path: PathBuf, meta: Meta) -> Self {
        Self {
            tree: parent(&path).to_owned(),
            path,
            found: Some(meta),
            is_taken: false,
        }
    }
}

/// Returns the ticker and the interval of a series of bars.
///
/// # Errors
/// `LegacyDataset` for any other series.
pub(super) fn bars(request: &StorageRequest) -> Result<(&Ticker, Interval), StorageError> {
    match &request.series {
        Series::Bars { ticker, interval } => Ok((ticker, *interval)),
        other => Err(StorageError::LegacyDataset {
            dataset: other.dataset(),
        }),
    }
}

/// The folders of the legacy layout, and whose the files in them are.
#[derive(Debug)]
pub struct LegacyPlaces {
    fs: Arc<dyn Fs>,
    paths: LegacyPathBuilder,
    owners: Owners,
}

impl LegacyPlaces {
    /// Returns those of the workspace `root`.
    pub(super) fn new(fs: Arc<dyn Fs>, root: &Path, owners: Owners) -> Self {
        Self {
            fs,
            paths: LegacyPathBuilder::new(root),
            owners,
        }
    }

    pub(super) fn fs(&self) -> &dyn Fs {
        &*self.fs
    }

    /// Returns what says whose the files in shared folders are.
    pub fn owners(&self) -> &Owners {
        &self.owners
    }

    /// Returns the file of a ticker in a folder; `None` when its symbol is not safe as a file name.
    pub(super) fn file_in(&self, tree: &Path, ticker: &Ticker) -> Option<PathBuf> {
        self.paths.file_in(tree, ticker)
    }

    /// Returns the flat folder of an interval.
    pub(super) fn flat_tree(&self, interval: Interval) -> PathBuf {
        self.paths.flat_tree(interval)
    }

    /// Returns the folders in which files of a venue may lie, those before others that win over them. Without a venue, they
    /// are the shared ones.
    pub fn trees(&self, venue: Option<&Venue>, interval: Interval) -> Vec<PathBuf> {
        let own = self.own_tree(venue, interval);
        own.into_iter().chain(self.shared_trees(interval)).collect()
    }

    pub(super) fn shared_trees(&self, interval: Interval) -> [PathBuf; 2] {
        [self.paths.tree(interval), self.paths.flat_tree(interval)]
    }

    /// Returns the folder of a venue that has one of its own.
    pub(super) fn own_tree(&self, venue: Option<&Venue>, interval: Interval) -> Option<PathBuf> {
        let venue = venue.filter(|venue| self.owners.has_own_folder(venue))?;
        Some(self.paths.own_tree(venue, interval))
    }

    /// Finds the file: in the folder of the venue, below `data/legacy`, or flat. If there is none, it goes to the folder of
    /// the venue or, of the legacy venue, to where the tree already is.
    pub(super) fn file(&self, request: &StorageRequest) -> Result<Spot, StorageError> {
        let (_, interval) = bars(request)?;
        let mut free = Vec::new();
        for tree in self.trees(request.venue.as_ref(), interval) {
            let spot = self.spot(request, tree)?;
            if spot.found.is_some() {
                return Ok(spot);
            }
            free.push(spot);
        }
        let exists =
            |path: &Path| -> Result<bool, StorageError> { Ok(self.fs.metadata(path)?.is_some()) };
        let mut free = free.into_iter();
        let (first, flat) = (free.next(), free.next());
        let is_own = self.own_tree(request.venue.as_ref(), interval).is_some();
        match (first, flat) {
            (Some(settled), Some(flat)) if !is_own => {
                let is_flat = !exists(&settled.tree)? && exists(&flat.tree)?;
                Ok(if is_flat { flat } else { settled })
            }
            (Some(own), _) => Ok(own),
            (None, _) => Err(StorageError::LegacyDataset {
                dataset: request.series.dataset(),
            }),
        }
    }

    /// Looks at the place of a series in one folder.
    fn spot(&self, request: &StorageRequest, tree: PathBuf) -> Result<Spot, StorageError> {
        let (ticker, _) = bars(request)?;
        let Some(path) = self.paths.file_in(&tree, ticker) else {
            return Err(StorageError::LegacyName {
                ticker: ticker.clone(),
            });
        };
        let there = self.fs.metadata(&path)?;
        let is_ours = there.is_some() && self.owns(request, &path)?;
        Ok(Spot {
            tree,
            path,
            found: there.filter(|_| is_ours),
            is_taken: there.is_some() && !is_ours,
        })
    }

    /// Returns the older files of a series beside the one that was found, the last of them the oldest: a workspace that was
    /// moved by half has two.
    pub(super) fn shadowed(
        &self,
        request: &StorageRequest,
        file: &Spot,
    ) -> Result<Vec<PathBuf>, StorageError> {
        let (_, interval) = bars(request)?;
        let trees = self.trees(request.venue.as_ref(), interval);
        let after = trees.into_iter().skip_while(|tree| *tree != file.tree);
        let mut older = Vec::new();
        for tree in after.skip(1) {
            let spot = self.spot(request, tree)?;
            older.extend(spot.found.map(|_| spot.path));
        }
        Ok(older)
    }

    /// Returns the series of the legacy venue that have an older file beside the one that was found, and that file. In the folder
    /// of another venue there is none for long: `rehouse` joins them.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn halves(
        &self,
        venue: &Venue,
        interval: Interval,
    ) -> Result<Vec<(StorageRequest, PathBuf)>, StorageError> {
        let [settled, flat] = self.shared_trees(interval);
        let has_one_folder = self.fs.metadata(&settled)?.is_none();
        let mut halves = Vec::new();
        if has_one_folder || self.own_tree(Some(venue), interval).is_some() {
            return Ok(halves);
        }
        for entry in self.fs.list(&flat)?.unwrap_or_default() {
            let LegacyName::Ticker(ticker) = legacy_name(&entry.name) else {
                continue;
            };
            let request = StorageRequest::bars(venue.clone(), ticker, interval);
            let file = self.file(&request)?;
            let older = self.shadowed(&request, &file)?.pop();
            halves.extend(older.map(|older| (request, older)));
        }
        Ok(halves)
    }

    /// Tells whether a file is that of a series of this venue, by its place and, where there is reason to ask, by what it
    /// names. A request without a venue means whatever stands there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn owns(&self, request: &StorageRequest, path: &Path) -> Result<bool, StorageError> {
        let (ticker, interval) = bars(request)?;
        let Some(venue) = &request.venue else {
            return Ok(true);
        };
        if self.is_own_place(venue, interval, path) {
            return Ok(true);
        }
        let is_legacy = !self.owners.has_own_folder(venue);
        if is_legacy && !self.owners.is_in_question(ticker, interval) {
            return Ok(true);
        }
        Ok(self.owner_of(path, ticker, interval)? == *venue)
    }

    /// Returns a file of a ticker in a shared folder that names no venue: whose it is only the registry says.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn unnamed(&self, ticker: &Ticker) -> Result<Option<PathBuf>, StorageError> {
        for interval in Interval::ALL {
            for tree in self.shared_trees(interval) {
                let Some(path) = self.paths.file_in(&tree, ticker) else {
                    continue;
                };
                let meta = self.fs.metadata(&path)?;
                let is_file = meta.is_some_and(|meta| meta.kind == Kind::File);
                if is_file && self.venue_named(&path)?.is_none() {
                    return Ok(Some(path));
                }
            }
        }
        Ok(None)
    }

    /// Returns whose a file in a shared folder is.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn owner_of(
        &self,
        path: &Path,
        ticker: &Ticker,
        interval: Interval,
    ) -> Result<Venue, StorageError> {
        let is_file = |meta: Meta| meta.kind == Kind::File;
        let named = match self.fs.metadata(path)? {
            Some(meta) if is_file(meta) => self.venue_named(path)?,
            _ => None,
        };
        Ok(self.owners.owner(named, ticker, interval))
    }

    /// Tells whether a file is a venue's by its place or by what it names, also where nothing gives reason to ask.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_of(
        &self,
        venue: &Venue,
        path: &Path,
        ticker: &Ticker,
        interval: Interval,
    ) -> Result<bool, StorageError> {
        let is_own = self.is_own_place(venue, interval, path);
        Ok(is_own || self.owner_of(path, ticker, interval)? == *venue)
    }

    fn is_own_place(&self, venue: &Venue, interval: Interval, path: &Path) -> bool {
        self.own_tree(Some(venue), interval).as_deref() == Some(parent(path))
    }

    /// Tells whether a file that was read is another venue's, which only its footer says.
    ///
    /// # Errors
    /// `Refused` when it lies in the folder of this one all the same.
    pub(super) fn is_anothers(
        &self,
        request: &StorageRequest,
        path: &Path,
        named: Option<&Venue>,
    ) -> Result<bool, StorageError> {
        let (_, interval) = bars(request)?;
        let Some(reason) = other_venue(request, named) else {
            return Ok(false);
        };
        let venue = request.venue.as_ref();
        if venue.is_some_and(|venue| self.is_own_place(venue, interval, path)) {
            let path = path.to_owned();
            return Err(StorageError::Refused { path, reason });
        }
        Ok(true)
    }

    /// Refuses to write where files have to move first: this series out of a shared folder, or another venue's out of the
    /// place that this one has there.
    ///
    /// # Errors
    /// `Lodged` with the file.
    pub(super) fn refuse_lodger(
        &self,
        request: &StorageRequest,
        file: &Spot,
    ) -> Result<(), StorageError> {
        let (_, interval) = bars(request)?;
        let lodged = |path: &Path| {
            Err(StorageError::Lodged {
                path: path.to_owned(),
            })
        };
        if let Some(own) = self.own_tree(request.venue.as_ref(), interval) {
            return match self.shadowed(request, file)?.first() {
                _ if file.tree != own => lodged(&file.path),
                Some(older) => lodged(older),
                None => Ok(()),
            };
        }
        if file.is_taken {
            return lodged(&file.path);
        }
        // It is read whole in a moment, so that a look at its end costs next to nothing.
        let is_file = file.found.is_some_and(|meta| meta.kind == Kind::File);
        if is_file {
            let named = self.venue_named(&file.path)?;
            if self.is_anothers(request, &file.path, named.as_ref())? {
                return lodged(&file.path);
            }
        }
        Ok(())
    }

    /// Returns where the file of a series stands, or would stand: in the folder of its venue, in `data/legacy`, or flat in
    /// the workspace.
    ///
    /// # Errors
    /// When the layout cannot hold the series or the disk cannot be asked.
    pub fn standing_path(&self, request: &StorageRequest) -> Result<PathBuf, StorageError> {
        Ok(self.file(request)?.path)
    }

    /// Returns where the file of a series in `data/legacy` belongs: in the folder of its venue, or in the shared one.
    ///
    /// # Errors
    /// When the layout cannot hold the series.
    pub fn home_path(&self, request: &StorageRequest) -> Result<PathBuf, StorageError> {
        let (ticker, interval) = bars(request)?;
        let own = self.own_tree(request.venue.as_ref(), interval);
        let tree = own.unwrap_or_else(|| self.paths.tree(interval));
        self.paths
            .file_in(&tree, ticker)
            .ok_or_else(|| StorageError::LegacyName {
                ticker: ticker.clone(),
            })
    }

    /// Returns the venue that a legacy file names. One of the predecessor names none, nor does one that is damaged, which is
    /// judged by whoever reads it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn venue_named(&self, path: &Path) -> Result<Option<Venue>, StorageError> {
        let end = self.fs.read_end(path, FOOTER)?;
        Ok(end.as_deref().and_then(codec::source_named))
    }
}
