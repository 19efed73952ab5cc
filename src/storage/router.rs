//! Which layout serves a series, and why.
//!
//! The rule: a series is written where its rows are; the toggle decides for series without rows. So no toggle,
//! however it was edited, ever starts a second history beside the first. `docs/routing.md` has the table, and a
//! test compares the two.

use std::fmt;

use super::NewestFile;

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
    /// The disk does not say where the rows are.
    Unanswered,
}

/// A clause that says it.
impl fmt::Display for RouteReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RowsAreThere => "its rows are there",
            Self::StorageBlock => "it was migrated",
            Self::Toggle => "the toggle says so",
            Self::WideInterval => "the interval is wide",
            Self::Dataset => "the dataset has no other",
            Self::Unanswered => "the disk does not say where its rows are",
        })
    }
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
    pub(super) fn given(self, in_legacy: bool, in_partitions: bool) -> Router {
        Router {
            toggle: self.toggle,
            is_eligible: self.is_eligible,
            has_block: self.has_block,
            in_legacy,
            in_partitions,
        }
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
            route: Route {
                because: RouteReason::Unanswered,
                ..facts.given(false, false).route()
            },
            has_rows: true,
            newest: None,
        }
    }
}
