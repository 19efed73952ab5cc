//! What happens to one series of a mirror.
//!
//! Promises: pure. Rows leave only where somebody took them out: what the tree has lost stays, and is marked.
//! Leaves to others: which series differ (`changes`), what was read of them (`read`).

use std::collections::BTreeSet;

use super::Mirrored;
use super::extent::Extent;
use super::need::{Hints, beside};
use super::read::Read;
use super::seen::{read_as, recorded, short_of};
use super::tree::name_of;
use crate::frame::Frame;
use crate::ledger::SeriesRecord;
use crate::model::{PartitionKey, StorageRequest};
use crate::sys::Rights;

/// Where the rows of a change are.
#[derive(Debug)]
pub(super) enum Rows {
    /// None come.
    None,
    /// They were read, with what their files grant.
    Here(Frame, Option<Rights>),
    /// The series is read when they are written.
    Later,
}

/// What happens to one series.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) ticker: Box<str>,
    pub(super) request: StorageRequest,
    pub(super) extent: Extent,
    pub(super) rows: Rows,
    /// What the mirror has of the series afterwards; `None` where it turned out that it cannot have it.
    pub(super) state: Option<Mirrored>,
    /// About how many rows come.
    pub(super) estimate: u64,
    /// Whether the mirror has nothing of it yet.
    pub(super) is_new: bool,
    /// What is recorded of a new one.
    pub(super) record: Option<SeriesRecord>,
}

/// A series of which the mirror has nothing yet.
pub(super) fn begun(
    ticker: Box<str>,
    request: StorageRequest,
    record: Option<&SeriesRecord>,
    seen: Option<u64>,
) -> Change {
    Change {
        ticker,
        extent: Extent::all(),
        rows: Rows::Later,
        state: Some(Mirrored {
            seen,
            ..recorded(record)
        }),
        estimate: record.map_or(0, |record| record.rows),
        is_new: true,
        record: record.cloned(),
        request,
    }
}

/// A series of which the tree has nothing any more. No command takes a series away: its rows stay, and are marked.
pub(super) fn lost(
    ticker: Box<str>,
    request: StorageRequest,
    mirrored: &Mirrored,
    record: Option<&SeriesRecord>,
) -> Option<Change> {
    let state = Mirrored {
        short_of: short_of(record),
        zone: mirrored.zone.clone(),
        kept: vec![PartitionKey::Whole],
        ..Mirrored::default()
    };
    same_rows(ticker, request, state, mirrored)
}

/// A series that has to be read whole, and cannot be. Its lines are not looked at again, so what they say may be lost is marked,
/// and its record counts as not seen.
pub(super) fn unseen_of(
    request: &StorageRequest,
    mirrored: &Mirrored,
    hints: Hints,
) -> Option<Change> {
    let kept = mirrored.kept.iter().copied();
    let kept: BTreeSet<PartitionKey> = kept.chain(hints.replaced).collect();
    let state = Mirrored {
        rows: 0,
        sum: 0,
        short_of: None,
        kept: kept.into_iter().collect(),
        ..mirrored.clone()
    };
    same_rows(name_of(request).into(), request.clone(), state, mirrored)
}

/// A series of which the mirror keeps the rows that it has, and knows something else.
fn same_rows(
    ticker: Box<str>,
    request: StorageRequest,
    state: Mirrored,
    mirrored: &Mirrored,
) -> Option<Change> {
    (state != *mirrored).then_some(Change {
        ticker,
        extent: Extent::default(),
        rows: Rows::None,
        state: Some(state),
        estimate: 0,
        is_new: false,
        record: None,
        request,
    })
}

/// A series that was read whole; `None` where the mirror knows all of it.
pub(super) fn whole(
    (ticker, request): (Box<str>, StorageRequest),
    (read, seen): (&Read, Option<u64>),
    (kept, holes): (&BTreeSet<PartitionKey>, Vec<PartitionKey>),
    mirrored: &Mirrored,
    record: Option<&SeriesRecord>,
) -> Option<Change> {
    let granularity = request.series.dataset().granularity();
    let partition_of = |time| PartitionKey::of(granularity, time);
    let state = Mirrored {
        seen,
        kept: kept.iter().copied().collect(),
        ..read_as(read, holes, record)
    };
    let whole = state.whole;
    if state == *mirrored {
        return None;
    }
    let is_same = (whole, &state.kept) == (mirrored.whole, &mirrored.kept);
    let is_same = is_same && has_zone(read, mirrored);
    let (extent, rows) = if is_same {
        (Extent::default(), Rows::None)
    } else {
        let is_kept =
            |time: &i64| kept.contains(&partition_of(*time)) || kept.contains(&PartitionKey::Whole);
        let extent = Extent {
            times: read.frame.times().filter(is_kept).collect(),
            spans: beside(kept),
            fresh: Vec::new(),
        };
        (extent, Rows::Later)
    };
    Some(Change {
        ticker,
        estimate: read.frame.len() as u64,
        extent,
        rows,
        state: Some(state),
        is_new: false,
        record: None,
        request,
    })
}

/// Tells whether rows were read on the clock of those that the mirror has.
pub(super) fn has_zone(read: &Read, mirrored: &Mirrored) -> bool {
    read.zone.is_none() || read.zone == mirrored.zone
}
