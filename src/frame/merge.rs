//! Merges newer rows of a series into older ones.
//!
//! Promises: no key of the older frame is ever missing from the result; merging the same rows twice changes
//! nothing the second time; every stored value that changes is reported as a revision.
//! Leaves to others: which rows are older. The store reads its own past under the run lock.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use super::key::compare_keys;
use super::{Cell, Column, Frame, MergeRule, Profile, RowKey};
use crate::model::Dataset;

/// The outcome of a merge.
#[derive(Debug)]
pub struct Merged {
    /// All rows.
    pub frame: Frame,
    /// How many rows have a key that was not stored before.
    pub added: usize,
    /// Where they stand in `frame`.
    pub added_rows: Vec<Range<usize>>,
    /// How many stored rows were replaced by other values.
    pub changed: usize,
    /// How many of the newer rows were there already or had to yield.
    pub unchanged: usize,
    /// What the changes overwrote.
    pub revisions: Vec<Revision>,
}

impl Merged {
    /// Returns rows of which nothing was stored before.
    fn of_new(frame: Frame) -> Self {
        Self {
            added: frame.len(),
            added_rows: std::iter::once(0..frame.len()).collect(),
            changed: 0,
            unchanged: 0,
            revisions: Vec::new(),
            frame,
        }
    }

    /// Tells whether the result differs from the older frame.
    pub fn is_changed(&self) -> bool {
        self.added + self.changed > 0
    }
}

/// Rows that are never one series with others: bars of a source and bars made of trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{held} are no series with {others}")]
pub struct OtherRows {
    /// What the stored rows are, in words.
    pub held: &'static str,
    /// What those are that were to join them, in words.
    pub others: &'static str,
}

/// One stored value that a merge replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The row.
    pub key: RowKey,
    /// The name of the column.
    pub field: &'static str,
    /// The value that was stored; one row.
    pub old: Column,
    /// The value that replaced it; one row.
    pub new: Column,
}

/// Tells whether a newer row replaces an older one with the same key.
pub(super) fn replaces(
    profile: &Profile,
    older: &[Column],
    i: usize,
    newer: &[Column],
    j: usize,
) -> bool {
    match profile.rule {
        MergeRule::Later => true,
        MergeRule::HighestSequence { sequence, prices } => {
            let rank = |columns: &[Column], row| match columns
                .get(sequence)
                .map(|column| column.cell(row))
            {
                Some(Cell::Int(number)) => (0, number),
                _ => (1, 0),
            };
            // An answer that is half empty is no correction of a whole one.
            let is_fuller = |a: &[Column], i, b: &[Column], j| {
                let is_only = |&at: &usize| has_price(a, i, at) && !has_price(b, j, at);
                prices.iter().any(is_only)
            };
            let (loses, gains) = (is_fuller(older, i, newer, j), is_fuller(newer, j, older, i));
            match (loses, gains) {
                (true, false) => false,
                (false, true) => true,
                _ => rank(newer, j) >= rank(older, i),
            }
        }
    }
}

fn has_price(columns: &[Column], row: usize, at: usize) -> bool {
    match columns.get(at).map(|column| column.cell(row)) {
        Some(Cell::Float(price)) => !price.is_nan() && price != 0.0,
        _ => false,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Older,
    Newer,
}

/// Consecutive rows of the result that come from one side.
struct Run {
    side: Side,
    rows: Range<usize>,
}

/// The rows of the result, run by run.
#[derive(Default)]
struct Runs {
    runs: Vec<Run>,
    rows: usize,
}

impl Runs {
    fn push(&mut self, side: Side, rows: Range<usize>) {
        self.rows += rows.len();
        match self.runs.last_mut() {
            _ if rows.is_empty() => {}
            Some(last) if last.side == side && last.rows.end == rows.start => {
                last.rows.end = rows.end;
            }
            _ => self.runs.push(Run { side, rows }),
        }
    }

    /// Returns the rows themselves.
    fn gather(&self, older: &Frame, newer: &Frame) -> Frame {
        // Where there is no row, nothing says how rows came into being.
        let profile = if older.is_empty() && !newer.is_empty() {
            newer.profile()
        } else {
            older.profile()
        };
        let specs = profile.columns.iter();
        let mut columns: Vec<Column> = specs.map(|spec| Column::empty(spec.kind)).collect();
        for Run { side, rows } in &self.runs {
            let from = match side {
                Side::Older => older,
                Side::Newer => newer,
            };
            for (column, source) in columns.iter_mut().zip(from.columns()) {
                column.extend(source, rows.clone());
            }
        }
        Frame::of_columns(profile, columns)
    }
}

/// Merges `newer` into `older` by the rule of their profile.
///
/// # Panics
/// When the rows are of two profiles, which are never one series: who reads them says so before (`Frame::joins`), or joins them
/// by `Frame::joined`.
#[must_use]
pub fn merge(older: &Frame, newer: &Frame) -> Merged {
    assert!(
        older.joins(newer),
        "rows of one series have come into being in one way"
    );
    if older.is_empty() && !newer.is_empty() {
        return Merged::of_new(newer.clone());
    }
    let mut runs = Runs::default();
    let mut replaced = Vec::new();
    let mut added_rows: Vec<Range<usize>> = Vec::new();
    let mut i = 0;
    for j in 0..newer.len() {
        if i == older.len() {
            add(&mut added_rows, runs.rows, newer.len() - j);
            runs.push(Side::Newer, j..newer.len());
            break;
        }
        // Updates bring few rows to a long history: all older rows before the next newer one are one run.
        let end = first_not_before(older, i, newer, j);
        let is_same = end < older.len() && compare_rows(older, end, newer, j).is_eq();
        runs.push(Side::Older, i..end);
        if is_same && !yields(older, end, newer, j) {
            runs.push(Side::Older, end..end + 1);
        } else {
            let at = runs.rows;
            runs.push(Side::Newer, j..j + 1);
            if is_same {
                replaced.push((end, j));
            } else {
                add(&mut added_rows, at, 1);
            }
        }
        i = end + usize::from(is_same);
    }
    runs.push(Side::Older, i..older.len());
    let added = runs.rows - older.len();
    let revisions = replaced
        .iter()
        .flat_map(|&(i, j)| revisions(older, i, newer, j));
    Merged {
        frame: runs.gather(older, newer),
        added,
        added_rows,
        changed: replaced.len(),
        unchanged: newer.len() - added - replaced.len(),
        revisions: revisions.collect(),
    }
}

/// Notes that so many rows from `at` on are new.
fn add(added: &mut Vec<Range<usize>>, at: usize, rows: usize) {
    match added.last_mut() {
        Some(last) if last.end == at => last.end = at + rows,
        _ => added.push(at..at + rows),
    }
}

/// Counts the rows that `merged`, into which `rows` went, has with other values.
pub fn yielding(rows: &Frame, merged: &Frame) -> usize {
    merge(rows, merged).changed
}

/// Returns those of `rows` of which `other` has no row with the same key.
#[must_use]
pub fn without(rows: &Frame, other: &Frame) -> Frame {
    let mut runs = Runs::default();
    let mut at = 0;
    for row in 0..rows.len() {
        at = first_not_before(other, at, rows, row);
        let is_there = at < other.len() && compare_rows(other, at, rows, row).is_eq();
        runs.push(Side::Older, row..row + usize::from(!is_there));
    }
    runs.gather(rows, rows)
}

/// Merges frames, oldest first. Beside the rows come those, of trades, that a later frame overruled: nobody has stored them.
#[must_use]
pub fn merge_all(
    profile: &'static Profile,
    mut frames: Vec<Arc<Frame>>,
) -> (Arc<Frame>, Vec<Frame>) {
    let mut overruled = Vec::new();
    if profile.rule != MergeRule::Later {
        let empty = Arc::new(Frame::empty(profile));
        let join = |older: Arc<Frame>, newer: Arc<Frame>| join(&older, &newer, &mut overruled);
        return (frames.into_iter().fold(empty, join), overruled);
    }
    if let Some(joined) = in_turn(&frames, &mut overruled) {
        return (Arc::new(joined), overruled);
    }
    overruled.clear();
    // The last frame with a key wins, whichever two are merged first: in pairs a row is copied as often as their number doubles.
    while frames.len() > 1 {
        let mut joined = Vec::with_capacity(frames.len().div_ceil(2));
        let mut all = frames.into_iter();
        while let Some(older) = all.next() {
            joined.push(match all.next() {
                Some(newer) => join(&older, &newer, &mut overruled),
                None => older,
            });
        }
        frames = joined;
    }
    let empty = || Arc::new(Frame::empty(profile));
    (frames.pop().unwrap_or_else(empty), overruled)
}

/// Merges two frames. Of trades, the rows that were overruled are kept beside.
fn join(older: &Frame, newer: &Frame, overruled: &mut Vec<Frame>) -> Arc<Frame> {
    let merged = merge(older, newer);
    if older.profile().dataset == Dataset::Trades && merged.changed > 0 {
        let keys = merged.revisions.iter().map(|revision| &revision.key);
        let mut rows: Vec<usize> = keys.filter_map(|key| older.find(key)).collect();
        rows.dedup();
        overruled.push(older.take(&rows));
    }
    Arc::new(merged.frame)
}

/// Merges frames of which each has few rows that stand before the end of the one before it, as batches of a day: nearly every
/// row is copied once. `None` where frames are in another order.
fn in_turn(frames: &[Arc<Frame>], overruled: &mut Vec<Frame>) -> Option<Frame> {
    let mut frames = frames.iter().filter(|frame| !frame.is_empty());
    let (first, second) = (frames.next()?, frames.next()?);
    let specs = first.profile().columns.iter();
    let mut columns: Vec<Column> = specs.map(|spec| Column::empty(spec.kind)).collect();
    let mut settle = |frame: &Frame, rows: Range<usize>| {
        for (column, source) in columns.iter_mut().zip(frame.columns()) {
            column.extend(source, rows.clone());
        }
    };
    // What no later frame may have a row before, and what such a row may still stand in.
    let mut settled: Option<(Arc<Frame>, usize)> = None;
    let mut open = Arc::clone(first);
    for newer in std::iter::once(second).chain(frames) {
        let is_settled =
            |(frame, row): &(Arc<Frame>, usize)| compare_rows(frame, *row, newer, 0).is_ge();
        let after = first_not_before(&open, 0, newer, 0);
        let rest = open.len() - after;
        if settled.as_ref().is_some_and(is_settled) || rest > newer.len() / 2 {
            return None;
        }
        settle(&open, 0..after);
        let next = if rest == 0 {
            Arc::clone(newer)
        } else {
            let rest: Vec<usize> = (after..open.len()).collect();
            join(&open.take(&rest), newer, overruled)
        };
        if let Some(last) = after.checked_sub(1) {
            settled = Some((open, last));
        }
        open = next;
    }
    settle(&open, 0..open.len());
    Some(Frame::of_columns(first.profile(), columns))
}

fn compare_rows(older: &Frame, i: usize, newer: &Frame, j: usize) -> Ordering {
    compare_keys(older.profile(), older.columns(), i, newer.columns(), j)
}

/// Returns the first row of `older` from `from` on that is not before `newer`'s row `j`, by doubling steps and halving.
fn first_not_before(older: &Frame, from: usize, newer: &Frame, j: usize) -> usize {
    let is_before = |row: usize| compare_rows(older, row, newer, j).is_lt();
    let mut step = 1;
    let (mut low, mut high) = (from, from);
    while high < older.len() && is_before(high) {
        low = high + 1;
        high = high.saturating_add(step);
        step *= 2;
    }
    high = high.min(older.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if is_before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Tells whether `older`'s row `i` is to be replaced by `newer`'s row `j`, which must then differ from it.
fn yields(older: &Frame, i: usize, newer: &Frame, j: usize) -> bool {
    replaces(older.profile(), older.columns(), i, newer.columns(), j)
        && older
            .columns()
            .iter()
            .zip(newer.columns())
            .any(|(old, new)| old.cell(i) != new.cell(j))
}

fn revisions(older: &Frame, i: usize, newer: &Frame, j: usize) -> Vec<Revision> {
    let key = older.key(i);
    let pairs = older
        .columns()
        .iter()
        .zip(newer.columns())
        .zip(older.profile().columns);
    pairs
        .filter(|((old, new), _)| old.cell(i) != new.cell(j))
        .map(|((old, new), spec)| Revision {
            key: key.clone(),
            field: spec.name,
            old: old.take(&[i]),
            new: new.take(&[j]),
        })
        .collect()
}

#[cfg(test)]
mod tests;
