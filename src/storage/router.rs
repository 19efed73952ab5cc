//! Which layout serves a series, and why.
//!
//! The rule: a series is written where its rows are; the toggle decides for series without rows. So no toggle,
//! however it was edited, ever starts a second history beside the first. `docs/routing.md` has the table, and a
//! test compares the two.

use std::fmt;
use std::sync::Arc;

use crate::codec::{Compression, MemoryLimit};
use crate::frame::basis::UnsealedBasis;
use crate::layout::Places;
use crate::model::{Dataset, PriceBasis, StorageRequest};
use crate::sys::Fs;

use super::{LegacyStore, NewestFile, Owners, PartitionedStore, StorageError, StorageInterface};

/// A way of laying out files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One file per ticker.
    Legacy,
    /// One file per ticker and month.
    Partitioned,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Legacy => "legacy",
            Self::Partitioned => "partitioned",
        })
    }
}

/// Why a layout was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteReason {
    /// The rows are there and nowhere else.
    RowsAreThere,
    /// Both layouts hold rows, and the ticker's storage block says that its migration was completed.
    StorageBlock,
    /// The toggle decides: there are no rows, or both layouts hold some and no block speaks.
    Toggle,
    /// The interval is too wide for monthly files.
    WideInterval,
    /// Only the partitioned layout holds this dataset.
    Dataset,
}

/// The answer for one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The layout that serves the series.
    pub layout: Layout,
    /// Why.
    pub because: RouteReason,
    /// Whether the toggle asks for the other layout, which a person should be told.
    pub is_against_toggle: bool,
}

/// Everything that the decision depends on.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a column of the truth table"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Router {
    /// The toggle for the series' venue.
    pub toggle: Layout,
    /// Whether the interval may be partitioned.
    pub is_eligible: bool,
    /// Whether tickers.json has a storage block that says "partitioned".
    pub has_block: bool,
    /// Whether the legacy layout holds rows.
    pub in_legacy: bool,
    /// Whether the partitioned layout holds rows.
    pub in_partitions: bool,
}

impl Router {
    /// Decides. Pure: the same facts have the same answer.
    pub fn route(self) -> Route {
        let wanted = if self.is_eligible {
            self.toggle
        } else {
            Layout::Legacy
        };
        let (layout, because) = match (self.in_legacy, self.in_partitions) {
            (true, false) => (Layout::Legacy, RouteReason::RowsAreThere),
            (false, true) => (Layout::Partitioned, RouteReason::RowsAreThere),
            (true, true) if self.has_block => (Layout::Partitioned, RouteReason::StorageBlock),
            _ if self.is_eligible => (wanted, RouteReason::Toggle),
            _ => (wanted, RouteReason::WideInterval),
        };
        Route {
            layout,
            because,
            is_against_toggle: layout != wanted,
        }
    }
}

/// Both layouts of one workspace.
#[derive(Debug)]
pub struct Stores {
    /// One file per ticker.
    pub legacy: LegacyStore,
    /// One file per ticker and month.
    pub partitioned: PartitionedStore,
    /// Where both lie.
    pub(super) places: Places,
}

/// What settings and registry say about a series, before the disk is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutingFacts {
    /// The toggle for the series' venue.
    pub toggle: Layout,
    /// Whether the interval may be partitioned.
    pub is_eligible: bool,
    /// Whether tickers.json has a storage block that says "partitioned".
    pub has_block: bool,
}

impl RoutingFacts {
    /// Adds which layouts hold rows, the rest of what the decision depends on.
    fn given(self, in_legacy: bool, in_partitions: bool) -> Router {
        Router {
            toggle: self.toggle,
            is_eligible: self.is_eligible,
            has_block: self.has_block,
            in_legacy,
            in_partitions,
        }
    }
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
            partitioned: PartitionedStore::new(Arc::clone(fs), data, compression, unsealed()),
            places: places.clone(),
        }
    }

    /// Returns the same stores, of which no file may take more memory than `limit`.
    #[must_use]
    pub fn within(mut self, limit: MemoryLimit) -> Self {
        self.legacy.limit = limit;
        self.partitioned.limit = limit;
        self
    }

    /// Returns how much memory a file may take.
    pub fn limit(&self) -> MemoryLimit {
        self.partitioned.limit
    }

    /// Returns the store that keeps series in a layout.
    pub fn of(&self, layout: Layout) -> &dyn StorageInterface {
        match layout {
            Layout::Legacy => &self.legacy,
            Layout::Partitioned => &self.partitioned,
        }
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
        let route = facts.given(file.is_some(), in_partitions).route();
        let (has_rows, newest) = match route.layout {
            Layout::Legacy => (file.is_some(), file),
            Layout::Partitioned => (in_partitions, partition),
        };
        Ok(Routed {
            route,
            has_rows,
            newest,
        })
    }
}

/// A decision, and whether the chosen layout holds rows of the series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// The decision.
    pub route: Route,
    /// Whether there are rows to merge with.
    pub has_rows: bool,
    /// The newest file of the chosen layout; `None` also when the disk did not answer.
    pub newest: Option<NewestFile>,
}

impl Routed {
    /// Returns what is assumed of a series whose place on disk cannot be looked at: the layout that is wished for,
    /// and rows, so that no history is asked for again.
    pub fn unanswered(facts: RoutingFacts) -> Self {
        Self {
            route: facts.given(false, false).route(),
            has_rows: true,
            newest: None,
        }
    }
}
