//! Since when each factor of the table is known: what a source corrected, and splits that stored prices contain by now, stand in rows
//! of their own.
//!
//! Promises: a stored price times the factors of all later rows that were known at a moment is what it was adjusted to then, and times
//! all of them what it is adjusted to now. Where the ledger does not say what was known before a change, nothing was.
//! Leaves to others: what factors are (`frame`), what was stored (`workspace`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::frame::{Factor, Frame, splits_since};
use crate::ledger::History;
use crate::model::{PriceBasis, Series, StorageRequest};
use crate::storage::Stored;
use crate::workspace::{ReadError, Reading};

/// A factor, and since when it is known; `None` where that is before anything was recorded.
pub(super) type KnownFactor = (Factor, Since);
type Since = Option<DateTime<Utc>>;

/// Factors that differ by less are one: a source rounds what it says.
const SAME: f64 = 1e-6;
const ONE: u64 = 1.0_f64.to_bits();
const MOMENT: TimeDelta = TimeDelta::nanoseconds(1);

/// What each day multiplies the prices before it by, for some time.
#[derive(Clone, Debug, Default)]
struct Table {
    splits: BTreeMap<i64, f64>,
    dividends: BTreeMap<i64, f64>,
}

/// What the ledger says of the events of a ticker and of its bars.
struct Histories {
    events: History,
    bars: History,
    /// Whether splits are in the stored prices, and not in the table.
    has_splits_inside: bool,
    as_of: Option<DateTime<Utc>>,
}

/// Returns the factors of a series in the order of days, and of the moments since when they are known.
pub(super) fn known_factors(
    reading: Reading<'_, '_>,
    bars: &StorageRequest,
    stored: &Stored,
) -> Result<Vec<KnownFactor>, ReadError> {
    reading.of_one_state(bars, stored, |stored| of_state(reading, bars, stored))
}

/// Returns them as bars and what is stored beside them have them, which may become others meanwhile.
fn of_state(
    reading: Reading<'_, '_>,
    bars: &StorageRequest,
    stored: &Stored,
) -> Result<Vec<KnownFactor>, ReadError> {
    let Some(ticker) = bars.series.ticker().cloned() else {
        return Ok(Vec::new());
    };
    let events = StorageRequest {
        venue: bars.venue.clone(),
        series: Series::Events { ticker },
    };
    let now = Table::of(&reading.factors(bars, stored)?);
    let histories = Histories {
        events: reading.history(&events)?,
        bars: reading.history(bars)?,
        has_splits_inside: reading.basis(bars)? == PriceBasis::SplitAdjusted,
        as_of: reading.as_of,
    };
    let turns = histories.turns(&now);
    let mut tables: Vec<Table> = Vec::new();
    for turn in &turns {
        let before = Reading {
            as_of: Some(*turn - MOMENT),
            ..reading
        };
        let found = known(table_then(before, reading, bars, &stored.frame))?;
        // What nobody knows is taken to be what it was before.
        let found = found.or_else(|| tables.last().cloned());
        tables.push(found.unwrap_or_default());
    }
    tables.push(now);
    let turns: Vec<DateTime<Utc>> = turns.into_iter().collect();
    Ok(histories.rows(&turns, &tables))
}

impl Table {
    fn of(factors: &[Factor]) -> Self {
        let splits = factors.iter().map(|factor| (factor.date, factor.split));
        let dividends = factors.iter().map(|factor| (factor.date, factor.dividend));
        Self {
            splits: splits.collect(),
            dividends: dividends.collect(),
        }
    }
}

/// Returns the table of a moment, with what splits have done to the stored prices since.
fn table_then(
    then: Reading<'_, '_>,
    now: Reading<'_, '_>,
    bars: &StorageRequest,
    frame: &Frame,
) -> Result<Table, ReadError> {
    let Some(found) = then.read(bars)? else {
        return Ok(Table::default());
    };
    let mut table = Table::of(&then.factors(bars, &found.stored)?);
    if [then.basis(bars)?, now.basis(bars)?] == [PriceBasis::SplitAdjusted; 2] {
        let (_, events) = now.events(bars)?;
        table.splits = splits_since(&found.stored.frame, frame, &events)
            .into_iter()
            .collect();
    }
    Ok(table)
}

/// Returns `None` for what nobody knows; what cannot be read stays an error.
fn known(found: Result<Table, ReadError>) -> Result<Option<Table>, ReadError> {
    match found {
        Ok(table) => Ok(Some(table)),
        Err(ReadError::Unknown { .. } | ReadError::Unadjustable { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Histories {
    /// Returns the moments at which more became of the table than a row for a day that had none.
    fn turns(&self, now: &Table) -> BTreeSet<DateTime<Utc>> {
        let again = now.dividends.keys();
        let again = again.flat_map(|day| self.events.added(*day).skip(1));
        let moved = self.bars.moved().filter(|_| self.has_splits_inside);
        let all = self.events.changed().chain(again).chain(moved);
        all.filter(|at| self.as_of.is_none_or(|as_of| *at <= as_of))
            .collect()
    }

    /// Returns the rows that make each table of the one before it; `turns` are the moments between them.
    fn rows(&self, turns: &[DateTime<Utc>], tables: &[Table]) -> Vec<KnownFactor> {
        let start = |at: usize| turns.get(at.checked_sub(1)?).copied();
        let mut rows: BTreeMap<(i64, Since), (f64, f64)> = BTreeMap::new();
        let each = tables.iter();
        let days = each.flat_map(|table| table.splits.keys().chain(table.dividends.keys()));
        for day in days.copied().collect::<BTreeSet<i64>>() {
            let of_event = |at: usize, is_new: bool| {
                let event = || self.event_since(day, start(at), turns.get(at).copied());
                if is_new { event() } else { start(at) }
            };
            let of_split = |at: usize, is_new: bool| match start(at) {
                None if self.has_splits_inside => self.bars.begins(),
                Some(start) if self.has_splits_inside => Some(start),
                _ => of_event(at, is_new),
            };
            let splits = tables.iter().map(|table| table.splits.get(&day));
            for (since, by) in changes(splits, of_split) {
                rows.entry((day, since)).or_insert((1.0, 1.0)).0 = by;
            }
            let dividends = tables.iter().map(|table| table.dividends.get(&day));
            for (since, by) in changes(dividends, of_event) {
                rows.entry((day, since)).or_insert((1.0, 1.0)).1 = by;
            }
        }
        let row = |((date, since), (split, dividend))| {
            let factor = Factor {
                date,
                split,
                dividend,
            };
            (factor, since)
        };
        rows.into_iter().map(row).collect()
    }

    /// Returns since when the event of a day is there that came between two turns.
    fn event_since(&self, day: i64, start: Since, next: Since) -> Since {
        let end = next.or(self.as_of.map(|as_of| as_of + MOMENT));
        let is_within = |at: &DateTime<Utc>| {
            start.is_none_or(|start| start <= *at) && end.is_none_or(|end| *at < end)
        };
        let added = self.events.added(day).filter(is_within);
        added.last().or(start)
    }
}

/// Returns what makes each factor of the one before it, where they differ, with the moment that `since` says of its place; it is told
/// whether there was none before.
fn changes<'t>(
    factors: impl Iterator<Item = Option<&'t f64>>,
    since: impl Fn(usize, bool) -> Since,
) -> Vec<(Since, f64)> {
    let mut found: Vec<(Since, f64)> = Vec::new();
    let mut before = 1.0_f64;
    for (at, factor) in factors.enumerate() {
        let factor = factor.copied().unwrap_or(1.0);
        let by = factor / before;
        match found.last_mut() {
            // Only the digits are others.
            Some((_, last)) if (by - 1.0).abs() <= SAME => *last *= by,
            None if by.to_bits() == ONE => {}
            _ => found.push((since(at, before.to_bits() == ONE), by)),
        }
        before = factor;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(factors: &[Option<f64>]) -> Vec<(Option<i64>, f64)> {
        let since = |at: usize, is_new: bool| {
            let seconds = i64::try_from(at).unwrap() * 10 + i64::from(is_new);
            DateTime::from_timestamp(seconds, 0)
        };
        let found = changes(factors.iter().map(Option::as_ref), since);
        let seconds = |since: Option<DateTime<Utc>>| since.map(|at| at.timestamp());
        found
            .into_iter()
            .map(|(since, by)| (seconds(since), by))
            .collect()
    }

    #[test]
    fn a_factor_that_is_corrected_taken_out_and_told_again_is_a_row_each_time() {
        let rows = made(&[None, Some(0.5), Some(0.25), None, Some(0.5)]);

        assert_eq!(
            rows,
            [
                (Some(11), 0.5),
                (Some(20), 0.5),
                (Some(30), 4.0),
                (Some(41), 0.5)
            ]
        );
    }

    #[test]
    fn a_factor_of_which_only_digits_changed_is_one_row_with_the_newest() {
        let rows = made(&[Some(0.5), Some(0.500_000_1), Some(0.5)]);

        assert_eq!(rows.len(), 1);
        assert!((rows[0].1 - 0.5).abs() < 1e-15, "{rows:?}");
    }

    #[test]
    fn what_changes_nothing_is_no_row() {
        assert_eq!(made(&[None, Some(1.0), None]), []);
    }
}
