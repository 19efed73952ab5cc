//! Trades of a day that were stored and are gone.
//!
//! Promises: trades only ever come, unless a person takes them out, so a file that had fewer than the ledger knows has lost some,
//! and bars that are made of the rest would take the place of better ones. They are back once as many are there again, from the
//! first that was lost to the last. A record that was made anew begins again.

use chrono::NaiveDate;

use super::taken_out::TradesOfDay;
use crate::frame::RowKey;
use crate::ledger::{FileLine, Line, Past};
use crate::model::PartitionKey;

/// Trades that a file has had.
#[derive(Debug)]
struct Had {
    rows: u64,
    span: (RowKey, RowKey),
}

/// What the ledger tells of the trades of a day, line by line.
#[derive(Debug, Default)]
pub(super) struct Losses {
    known: Option<Had>,
    lost: Option<Had>,
}

impl Losses {
    /// Follows a line that speaks of the trades of the feed. Returns from which trade to which some were missing when it was written:
    /// what it brings of those was most likely there before.
    pub(super) fn follow(&mut self, line: &Line, day: NaiveDate) -> Option<(RowKey, RowKey)> {
        match line {
            Line::File(line) if line.partition == PartitionKey::Day(day) => {
                let before = line.old.map_or(0, |old| old.rows);
                let had = self.known.take().filter(|known| before < known.rows);
                let missing = self.lost.take().or(had);
                let span = missing.as_ref().map(|missing| missing.span.clone());
                self.lost = missing.and_then(|missing| missing.after(line, before));
                let rows = line.new.rows;
                self.known = line.span.clone().map(|span| Had { rows, span });
                span
            }
            Line::File(_) => None,
            Line::Found(..) | Line::Gone(_) => {
                *self = Self::default();
                None
            }
        }
    }
}

/// Counts the trades of a day that are gone, by the lines of the ledger that speak of the trades of the feed.
pub(super) fn lost_trades<'l>(lines: impl Iterator<Item = &'l Line>, of: TradesOfDay<'_>) -> u64 {
    let mut losses = Losses::default();
    for line in lines {
        losses.follow(line, of.day);
    }
    let Losses { known, lost } = losses;
    let stored = of.stored.len() as u64;
    let missing = |had: Option<Had>| had.map_or(0, |had| had.rows.saturating_sub(stored));
    let is_lost = u64::from(lost.is_some());
    missing(lost).max(missing(known)).max(is_lost)
}

impl Had {
    /// Returns what is lost still after a commit, to which belongs what has come since; `None` when all of it is back.
    fn after(mut self, line: &FileLine, before: u64) -> Option<Self> {
        let changes = match &line.past {
            Past::Changed(changes) => Some(changes),
            _ => None,
        };
        let taken_out = changes.and_then(|changes| changes.removed.as_ref());
        let taken_out = taken_out.map_or(0, |(rows, _)| rows.len() as u64);
        let begun = line.span.as_ref().filter(|_| line.old.is_none());
        let added = changes.into_iter().flat_map(|changes| &changes.added);
        let first_came = added.chain(begun).map(|(first, _)| first).min();
        self.rows = self.rows.saturating_sub(taken_out);
        if first_came.is_some_and(|first| *first > self.span.1) {
            self.rows += (line.new.rows + taken_out).saturating_sub(before);
        }
        let reaches =
            |(first, last): &(RowKey, RowKey)| *first <= self.span.0 && self.span.1 <= *last;
        let is_back = line.new.rows >= self.rows && line.span.as_ref().is_some_and(reaches);
        (!is_back).then_some(self)
    }
}
