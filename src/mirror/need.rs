//! What has to be read of a series to know how it differs from what a mirror has.
//!
//! Promises: pure. Some rows are enough only where every step from what the mirror has to what the record says is known.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Mirrored;
use super::extent::Extent;
use crate::frame::{Profile, RowChanges};
use crate::ledger::{FileLine, Line, Past, SeriesRecord};
use crate::model::{PartitionKey, time};

/// What has to be read of a series.
#[derive(Debug, PartialEq)]
pub(super) enum Need {
    Nothing,
    /// Some rows, which are in these partitions.
    Some(Extent, BTreeSet<PartitionKey>),
    /// All of it.
    Whole(Hints),
}

impl Need {
    /// Returns what the ledger says of a series that has to be read whole; `None` of others.
    pub(super) fn hints(&self) -> Option<Hints> {
        match self {
            Self::Whole(hints) => Some(hints.clone()),
            Self::Nothing | Self::Some(..) => None,
        }
    }
}

/// What the ledger says of a series that has to be read whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Hints {
    /// Partitions of which a damaged file was replaced by one with other rows.
    pub(super) replaced: BTreeSet<PartitionKey>,
}

/// Says what has to be read of a series that the mirror has.
pub(super) fn need(
    mirrored: &Mirrored,
    record: Option<&SeriesRecord>,
    lines: &[Line],
    is_known: bool,
) -> Need {
    let whole = || whole(record, lines, is_known);
    let Some(record) = record else {
        return whole();
    };
    let is_same = (record.rows, record.sum) == (mirrored.rows, mirrored.sum);
    let is_exact = record.is_exact();
    // The numbers of a record that lost a file stand still.
    if is_same && (is_exact || (is_known && lines.is_empty())) {
        return if lines.iter().any(is_relabelled) {
            whole()
        } else {
            Need::Nothing
        };
    }
    if !is_known || !is_exact || mirrored.kept.contains(&PartitionKey::Whole) {
        return whole();
    }
    let mut walk = Walk {
        rows: mirrored.rows,
        sum: mirrored.sum,
        extent: Extent::default(),
        partitions: BTreeSet::new(),
    };
    let is_explained = lines.iter().all(|line| walk.follow(line))
        && (walk.rows, walk.sum) == (record.rows, record.sum)
        && walk.partitions.iter().all(|at| !mirrored.kept.contains(at));
    if is_explained {
        Need::Some(walk.extent, walk.partitions)
    } else {
        whole()
    }
}

/// Tells whether a file was written anew with the rows that it had: then it says another clock of them, and they are other instants.
fn is_relabelled(line: &Line) -> bool {
    let Line::File(line) = line else { return false };
    let is_same = line.old.is_some_and(|old| old.digest == line.new.digest);
    is_same && matches!(line.past, Past::Changed(_))
}

/// Says that all of a series has to be read.
pub(super) fn whole(record: Option<&SeriesRecord>, lines: &[Line], is_known: bool) -> Need {
    let is_exact = record.is_none_or(SeriesRecord::is_exact);
    Need::Whole(hints(lines, is_known, is_exact))
}

/// Returns what lines say of a series whose record is exact, or lost a file.
fn hints(lines: &[Line], is_known: bool, is_exact: bool) -> Hints {
    let mut hints = Hints::default();
    if !is_known && !is_exact {
        // Of which file nobody knows.
        hints.replaced.insert(PartitionKey::Whole);
    }
    for line in lines {
        if let Line::File(line) = line {
            // A month that begins has no older file, either.
            let is_lost = !is_exact && line.old.is_none() && !line.begins;
            if is_lost || matches!(line.past, Past::Damaged { .. }) {
                hints.replaced.insert(line.partition);
            }
        }
    }
    hints
}

/// Follows the lines of a series from what the mirror has.
struct Walk {
    rows: u64,
    sum: u64,
    extent: Extent,
    partitions: BTreeSet<PartitionKey>,
}

impl Walk {
    /// Follows one line; `false` where it does not say which rows differ.
    fn follow(&mut self, line: &Line) -> bool {
        match line {
            Line::Gone(_) => false,
            Line::Found(_, record) => (record.rows, record.sum) == (self.rows, self.sum),
            Line::File(line) => self.follow_file(line),
        }
    }

    fn follow_file(&mut self, line: &FileLine) -> bool {
        let is_whole = line.partition == PartitionKey::Whole;
        let old = line.old.filter(|old| old.rows > 0);
        let known = old.map_or((0, 0), |old| (old.rows, old.digest.number()));
        if (is_whole || line.begins) && known != (self.rows, self.sum) {
            return false;
        }
        self.rows = self.rows.wrapping_sub(known.0).wrapping_add(line.new.rows);
        self.sum ^= known.1;
        if line.new.rows > 0 {
            self.sum ^= line.new.digest.number();
        }
        self.partitions.insert(line.partition);
        match &line.past {
            Past::Changed(changes) => {
                self.add(line, changes);
                true
            }
            Past::Kept { .. } => {
                let span = bounds(line.partition);
                self.extent.spans.push(span);
                true
            }
            Past::Damaged { .. } | Past::Moved | Past::Copied(_) => false,
        }
    }

    fn add(&mut self, line: &FileLine, changes: &RowChanges) {
        let profile = Profile::of(line.series.series.dataset());
        let shares_moments = profile.further_key().next().is_some();
        for (first, last) in &changes.added {
            if shares_moments {
                // Several events, or auctions, may share a moment, and the mirror may have some of them already.
                let end = last.time.saturating_add(1);
                self.extent.spans.push(first.time..end);
            } else {
                self.extent.fresh.push(first.time..=last.time);
            }
        }
        let replaced = changes.replaced.iter().map(|revision| revision.key.time);
        self.extent.times.extend(replaced);
        if let Some((rows, _)) = &changes.removed {
            self.extent.times.extend(rows.times());
        }
    }
}

/// Returns the moments of a partition.
fn bounds(partition: PartitionKey) -> Range<i64> {
    let span = partition.days().and_then(|(first, last)| {
        let end = time::midnight(last)?.checked_add(time::DAY)?;
        Some(time::midnight(first)?..end)
    });
    span.unwrap_or(i64::MIN..i64::MAX)
}

/// Returns all moments but those of some partitions.
pub(super) fn beside(kept: &BTreeSet<PartitionKey>) -> Vec<Range<i64>> {
    let mut spans = Vec::new();
    let mut start = i64::MIN;
    for partition in kept {
        let span = bounds(*partition);
        if start < span.start {
            spans.push(start..span.start);
        }
        start = start.max(span.end);
    }
    if start < i64::MAX {
        spans.push(start..i64::MAX);
    }
    spans
}

#[cfg(test)]
mod tests;
