//! One series: staged rows, stored rows, and the new files that hold both.
//!
//! Promises: nothing is changed; many series are merged side by side. Stored rows that the staged ones contradict by a
//! constant factor are moved to their price basis. Leaves to others: writing (`consolidate`).

use std::path::PathBuf;
use std::sync::Arc;

use crate::catalog::{Catalog, Missing};
use crate::frame::basis::{self, Overlap, Uncovered};
use crate::frame::{self, Frame, Profile};
use crate::model::{Provenance, Series, StorageRequest, Venue};
use crate::storage::{Layout, Prepared, StagedRows, StorageError, StorageInterface};

use super::consolidate::SourceNotes;
use super::missing;
use crate::sys::Fs;
use crate::workspace::View;

/// A merge that was prepared off the writing thread.
#[derive(Debug)]
pub(super) struct Merge {
    pub(super) prepared: Prepared,
    pub(super) layout: Layout,
    pub(super) newest: i64,
    pub(super) basis: Basis,
    /// Rows that are gone, looked for where rows of a stopped run are merged: planning looks at all others.
    pub(super) missing: Option<Missing>,
    /// Trades that were published twice with other values, both since the last run: the earlier ones.
    pub(super) overruled: Vec<Frame>,
}

/// How the stored rows of a series stand to an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Basis {
    /// On the same price basis, or covered by the answer.
    Same,
    /// They were on another one and were moved by this factor.
    Moved(f64),
    /// Some of them are on another one still.
    Mixed,
}

/// What the rows of a series are merged with.
#[derive(Clone, Copy)]
pub(super) struct Merging<'r, 'l> {
    pub(super) view: View<'l>,
    pub(super) fs: &'l dyn Fs,
    pub(super) catalog: &'r Catalog,
    /// What sources said of the series that this process asked for. The rows of all others are those of a stopped run.
    pub(super) notes: &'r SourceNotes,
}

impl Merging<'_, '_> {
    /// Reads what is staged and what is stored, and merges them. Changes nothing.
    pub(super) fn merge(
        &self,
        request: &StorageRequest,
        staged: &[StagedRows],
    ) -> Result<Merge, StorageError> {
        let venue = request.partitioned()?.venue;
        let profile = Profile::of(request.series.dataset());
        let mut fetched: Vec<Arc<Frame>> = Vec::with_capacity(staged.len());
        let mut provenance = Provenance::default();
        for rows in staged {
            let content = rows.read(self.fs)?;
            refuse_mixed(request, &fetched, &content.frame)?;
            fetched.push(content.frame);
            provenance = content.provenance;
        }
        let profile = fetched.first().map_or(profile, |frame| frame.profile());
        let (newer, overruled) = frame::merge_all(profile, fetched);
        let (layout, missing) = self.place(request, venue)?;
        let store = self.view.stores.of(layout);
        let prepared = store.prepare(request, &newer, &provenance)?;
        let (prepared, basis) = rebased(store, prepared, &newer, &provenance)?;
        Ok(Merge {
            prepared,
            layout,
            newest: newer.span().map_or(0, |(_, newest)| newest),
            basis,
            missing,
            overruled,
        })
    }
}

impl Merging<'_, '_> {
    /// Returns where the rows of a series go, and which of them are gone.
    fn place(
        &self,
        request: &StorageRequest,
        venue: &Venue,
    ) -> Result<(Layout, Option<Missing>), StorageError> {
        // Trades have one place, and of other days of them nothing need be seen.
        if matches!(request.series, Series::Trades { .. }) {
            return Ok((Layout::Partitioned, None));
        }
        let facts = self
            .view
            .routing_facts(self.catalog, venue, &request.series);
        let routed = self.view.stores.route(request, facts)?;
        let missing = match &request.series {
            Series::Bars { ticker, interval } if !self.notes.contains_key(request) => {
                let series = (ticker, venue, *interval);
                missing::missing(self.view, self.catalog, request, &routed, series)
            }
            _ => None,
        };
        Ok((routed.route.layout, missing))
    }
}

/// Refuses staged rows that are no series with others of them.
fn refuse_mixed(
    request: &StorageRequest,
    staged: &[Arc<Frame>],
    rows: &Frame,
) -> Result<(), StorageError> {
    match staged.iter().find(|frame| !frame.joins(rows)) {
        None => Ok(()),
        Some(others) => Err(StorageError::Refused {
            path: PathBuf::from(request.to_string()),
            reason: format!(
                "of its staged rows some are {} and some {}",
                others.profile().name,
                rows.profile().name
            ),
        }),
    }
}

/// Moves stored rows that an answer contradicts by a constant factor to its price basis.
fn rebased(
    store: &dyn StorageInterface,
    mut prepared: Prepared,
    newer: &Frame,
    provenance: &Provenance,
) -> Result<(Prepared, Basis), StorageError> {
    // What bars of trades say anew comes of their trades, whose prices stand on no other basis.
    let is_of_bars = matches!(
        prepared.request.series,
        Series::Bars { .. } | Series::Prepost { .. }
    ) && !newer.profile().is_of_trades();
    let rows = Overlap {
        changed: prepared.rows.changed,
        unchanged: prepared.rows.unchanged,
    };
    let revisions: Vec<_> = prepared.revisions().collect();
    let found = basis::measured(&revisions, rows).filter(|_| is_of_bars);
    let (Some(shift), Some(span)) = (found, newer.span()) else {
        return Ok((prepared, Basis::Same));
    };
    prepared.factor = Some(shift.price);
    let Some(stored) = store.read(&prepared.request)? else {
        return Ok((prepared, Basis::Same));
    };
    let uncovered = basis::uncovered(&stored.frame, span, shift);
    let uncovered = uncovered.map_err(|too_large| StorageError::Refused {
        path: PathBuf::from(prepared.request.to_string()),
        reason: too_large.to_string(),
    })?;
    Ok(match uncovered {
        Uncovered::Nothing => (prepared, Basis::Same),
        Uncovered::Unclear => (prepared, Basis::Mixed),
        Uncovered::Moved(older) => {
            let whole = frame::merge(&older, newer).frame;
            let mut moved = store.prepare(&prepared.request, &whole, provenance)?;
            moved.factor = Some(shift.price);
            (moved, Basis::Moved(shift.price))
        }
    })
}
