//! Rows that were stored and are gone, of series that are asked about: what is there is not all that was meant.
//!
//! Promises: a look. Of a moment in the past the ledger misses rows itself (`workspace`), so nothing is looked for.

use std::collections::BTreeMap;

use super::{Ends, QueryError, Span};
use crate::frame::{Adjust, Frame};
use crate::inventory::{self, LostRows};
use crate::model::{Interval, Series, StorageRequest};
use crate::workspace::{Reading, adjusting};

/// Returns those of some series of which rows are gone in the time that is meant of them. Bars of which none is left are named by who
/// reads them.
///
/// # Errors
/// When nobody can say what is known of a series.
pub fn lost(
    reading: Reading<'_, '_>,
    meant: &BTreeMap<StorageRequest, Span>,
) -> Result<Vec<LostRows>, QueryError> {
    if reading.as_of.is_some() {
        return Ok(Vec::new());
    }
    let mut lost = inventory::lost_among(reading.workspace, reading.catalog, meant.keys())?;
    lost.retain(|one| {
        let is_named = matches!(one.request.series, Series::Bars { .. }) && one.there == 0;
        let is_missed = |span: &Span| span.misses(one);
        !is_named && meant.get(&one.request).is_some_and(is_missed)
    });
    Ok(lost)
}

/// Returns what prices of the bars of a series are adjusted by, of all time: a payment moves all prices before it.
pub fn meant_by(
    bars: &StorageRequest,
    how: Adjust,
) -> impl Iterator<Item = (StorageRequest, Span)> {
    let series = adjusting(bars, how).into_iter();
    series.map(|one| (one, Span::default()))
}

impl Span {
    /// Returns the time of which rows are needed for bars in it, which may be joined: the last of these has parts behind it.
    #[must_use]
    pub fn of_parts(self, joined: Option<Interval>) -> Self {
        match joined {
            Some(to) => Self {
                last: self.last.map(|last| to.end_of(last).saturating_sub(1)),
                ..self
            },
            None => self,
        }
    }

    /// Returns the part of it that rows cover which were `told` of it, where as many of its last or first ones were asked for.
    #[must_use]
    pub fn of_ends(self, ends: Ends, told: &Frame) -> Self {
        let are_all = |asked: &usize| told.len() >= *asked;
        let begins = ends.tail.filter(are_all).and(told.span());
        let ends = ends.head.filter(are_all).and(told.span());
        Self {
            first: begins.map_or(self.first, |(first, _)| Some(first)),
            last: ends.map_or(self.last, |(_, last)| Some(last)),
        }
    }

    /// Tells whether rows that are gone may have been in it. Where nobody knows of when they were, they may.
    pub fn misses(self, lost: &LostRows) -> bool {
        let is_in = |(first, last): &(_, _)| self.has_range(*first, *last);
        lost.months.is_empty() || lost.months.iter().any(is_in)
    }
}
