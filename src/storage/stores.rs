//! Both layouts of one workspace, asked as one.
//!
//! Leaves to others: which of them serves a series (`router`), what a layout is (`legacy`, `partitioned`).

use std::sync::Arc;

use chrono::NaiveDate;

use crate::codec::{Compression, MemoryLimit};
use crate::frame::basis::UnsealedBasis;
use crate::layout::Places;
use crate::model::{Dataset, Interval, PriceBasis, StorageRequest, Ticker, Venue};
use crate::sys::{Fs, FsError};

use super::moment::{Commits, Lying, lying};
use super::newest::holds_file;
use super::place::refusal;
use super::{
    Kept, Layout, LegacyStore, NewestFile, Owners, PartitionedStore, Route, RouteReason, Routed,
    RoutingFacts, StorageError, StorageInterface, Stored, Unwanted, Without,
};

/// Both layouts of one workspace.
#[derive(Debug)]
pub struct Stores {
    /// One file per ticker.
    pub legacy: LegacyStore,
    /// One file per ticker and month.
    pub partitioned: PartitionedStore,
    /// Where both lie.
    places: Places,
}

impl Stores {
    /// Returns the stores of a workspace; without `compression`, each series has the one that suits it. `unsealed` is what
    /// the prices of files without a seal contain, which nothing in them tells; `owners` says whose the files in shared legacy
    /// folders are.
    pub fn open(
        fs: &Arc<dyn Fs>,
        places: &Places,
        compression: Option<Compression>,
        unsealed: &UnsealedBasis,
        owners: Owners,
    ) -> Self {
        let (root, data) = (&places.root, &places.data);
        let unsealed = || unsealed.clone();
        Self {
            legacy: LegacyStore::new(Arc::clone(fs), root, compression, unsealed(), owners),
            partitioned: PartitionedStore::new(Arc::clone(fs), data, compression, unsealed())
                .beside(Commits::new(Arc::clone(fs), places)),
            places: places.clone(),
        }
    }

    /// Returns the same stores, of which no file may take more memory than `limit`.
    #[must_use]
    pub fn within(mut self, limit: MemoryLimit) -> Self {
        self.legacy = self.legacy.within(limit);
        self.partitioned = self.partitioned.within(limit);
        self
    }

    /// Returns the same stores, which know whose series are kept.
    #[must_use]
    pub fn knowing(mut self, kept: Kept) -> Self {
        let kept = Arc::new(kept);
        self.legacy = self.legacy.knowing(Arc::clone(&kept));
        self.partitioned = self.partitioned.knowing(kept);
        self
    }

    /// Returns how much memory a file may take.
    pub fn limit(&self) -> MemoryLimit {
        self.partitioned.limit()
    }

    /// Returns the store that keeps series in a layout.
    pub fn of(&self, layout: Layout) -> &dyn StorageInterface {
        match layout {
            Layout::Legacy => &self.legacy,
            Layout::Partitioned => &self.partitioned,
        }
    }

    /// Reads a series in a layout; `None` when nothing of it is stored there. Damage is in the answer.
    ///
    /// # Errors
    /// When a file cannot be read, is foreign or is refused.
    pub fn read(
        &self,
        request: &StorageRequest,
        layout: Layout,
    ) -> Result<Option<Stored>, StorageError> {
        let (Layout::Legacy, Some(commits)) = (layout, self.partitioned.commits()) else {
            return self.of(layout).read(request);
        };
        // One file has one state at any time. What is made of it and of others later needs to know which.
        let mut moment = commits.moment(request)?;
        moment.files = self.legacy_files(request)?;
        let stored = self.legacy.read(request)?;
        Ok(stored.map(|stored| Stored {
            since: Some(moment),
            ..stored
        }))
    }

    /// Tells whether nothing of the ticker of a series was committed since rows of it were read.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn is_as_read(
        &self,
        request: &StorageRequest,
        layout: Layout,
        stored: &Stored,
    ) -> Result<bool, StorageError> {
        let (Some(moment), Some(commits)) = (&stored.since, self.partitioned.commits()) else {
            return Ok(true);
        };
        commits.lasts(request, moment, || match layout {
            Layout::Legacy => self.legacy_files(request),
            Layout::Partitioned => self.partitioned.lying_now(request, moment),
        })
    }

    fn legacy_files(&self, request: &StorageRequest) -> Result<Lying, StorageError> {
        let newest = self.legacy.newest(request)?;
        lying(self.fs(), newest.iter().flat_map(NewestFile::paths))
    }

    /// Returns the price basis that the rows of a series stand on, in which new ones have to continue; `None` when
    /// there are none.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn basis(
        &self,
        request: &StorageRequest,
        layout: Layout,
    ) -> Result<Option<PriceBasis>, StorageError> {
        match layout {
            Layout::Legacy => self.legacy.basis(request),
            Layout::Partitioned => self.partitioned.basis(request),
        }
    }

    /// Looks where the rows of a series are, and decides.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn route(
        &self,
        request: &StorageRequest,
        facts: RoutingFacts,
    ) -> Result<Routed, StorageError> {
        let partition = match request.venue {
            Some(_) => self.partitioned.newest(request)?,
            None => None,
        };
        // What cannot be served is there all the same, and no second history begins beside it.
        let in_partitions =
            partition.is_some() || (request.venue.is_some() && self.partitioned.holds(request)?);
        if request.series.dataset() != Dataset::Stocks {
            let route = Route {
                layout: Layout::Partitioned,
                because: RouteReason::Dataset,
                is_against_toggle: false,
            };
            return Ok(Routed {
                route,
                has_rows: in_partitions,
                newest: partition,
            });
        }
        let file = self.legacy.newest(request)?;
        let in_legacy = file.is_some() || (!in_partitions && self.legacy.has_lone_copy(request)?);
        let route = facts.given(in_legacy, in_partitions).route();
        let (has_rows, newest) = match route.layout {
            Layout::Legacy => (in_legacy, file),
            Layout::Partitioned => (in_partitions, partition),
        };
        Ok(Routed {
            route,
            has_rows,
            newest,
        })
    }

    /// Returns why the data root takes no file, when all of it has turned read-only or is not ours to change. `None` also
    /// where it is not there, and where something else is wrong, which whoever writes there is told.
    pub fn refusal(&self) -> Option<FsError> {
        refusal(self.fs(), &self.places)
    }

    /// Returns the day of the newest row in a file of a series; `None` when the file does not say.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn newest_day(
        &self,
        request: &StorageRequest,
        file: &NewestFile,
    ) -> Result<Option<NaiveDate>, StorageError> {
        file.newest_day(self.fs(), request, self.limit())
    }

    /// Tells whether no file of any series lies below the data root.
    ///
    /// # Errors
    /// When none was found and a folder cannot be listed, which may have some.
    pub fn is_data_bare(&self) -> Result<bool, StorageError> {
        Ok(!holds_file(self.fs(), self.partitioned.root())?)
    }

    /// Tells whether no legacy file lies flat in the workspace.
    ///
    /// # Errors
    /// As `is_data_bare`.
    pub fn are_flat_folders_bare(&self) -> Result<bool, StorageError> {
        for interval in Interval::ALL {
            let tree = self.legacy.places().flat_tree(interval);
            if holds_file(self.fs(), &tree)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Builds the files of a series without some rows. A row that is not there is not there.
    ///
    /// # Errors
    /// When a file that may hold one of them is damaged, foreign or refused, would lose columns, or cannot be read.
    pub fn prepare_without(
        &self,
        request: &StorageRequest,
        layout: Layout,
        unwanted: &Unwanted,
    ) -> Result<Without, StorageError> {
        match layout {
            Layout::Legacy => self.legacy.prepare_without(request, unwanted, None),
            Layout::Partitioned => self.partitioned.prepare_without(request, unwanted),
        }
    }

    /// Returns the tickers of an interval whose rows would lie in the other layout only, if new ones went to this one.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn orphans(
        &self,
        venue: &Venue,
        interval: Interval,
        is_partitioned: bool,
    ) -> Result<Vec<Ticker>, StorageError> {
        let of = (Some(venue), Dataset::Stocks, Some(interval));
        let found = if is_partitioned {
            self.legacy.tickers(of.0, of.1, of.2)?
        } else {
            self.partitioned.tickers(of.0, of.1, of.2)?
        };
        let mut orphans = Vec::new();
        for ticker in found {
            let request = StorageRequest::bars(venue.clone(), ticker.clone(), interval);
            if self.partitioned.holds(&request)? != is_partitioned {
                orphans.push(ticker);
            }
        }
        Ok(orphans)
    }

    /// Returns where both lie.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Returns the door to the file system.
    pub fn fs(&self) -> &dyn Fs {
        self.partitioned.fs()
    }
}
