//! What a rewrite did to rows, and what they were before it.
//!
//! Promises: undoing what was done gives the rows back bit for bit. Whoever knows the fingerprint of the rows before can
//! tell that nothing else happened to them. Leaves to others: keeping the changes (`ledger`).

use super::{Frame, Merged, OtherRows, Revision, RowKey};

/// What a rewrite did to the rows of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowChanges {
    /// Rows that were not there before. Every row of the new file from the first to the last key of a range is new.
    pub added: Vec<(RowKey, RowKey)>,
    /// Values that were replaced.
    pub replaced: Vec<Revision>,
    /// Rows that were taken out, and why.
    pub removed: Option<(Frame, String)>,
}

impl RowChanges {
    /// Returns what a merge did.
    pub fn of_merge(merged: &Merged) -> Self {
        let frame = &merged.frame;
        let ranges = merged.added_rows.iter();
        Self {
            added: ranges
                .map(|rows| (frame.key(rows.start), frame.key(rows.end.saturating_sub(1))))
                .collect(),
            replaced: merged.revisions.clone(),
            removed: None,
        }
    }

    /// Has no range of new rows span a row that is not among them. `rows` has the new ones, and `absent` those that may not be.
    pub fn leave_out(&mut self, rows: &Frame, absent: &Frame) {
        for key in (0..absent.len()).map(|row| absent.key(row)) {
            let after = rows.position(&key);
            let is_new = after < rows.len() && rows.key(after) == key;
            let Some(before) = after.checked_sub(1).filter(|_| !is_new) else {
                continue;
            };
            let spans = |(first, last): &(RowKey, RowKey)| *first < key && key < *last;
            let range = self.added.iter_mut().find(|range| spans(range));
            if let Some((_, last)) = range {
                let last = std::mem::replace(last, rows.key(before));
                self.added.push((rows.key(after), last));
            }
        }
        self.added.sort();
    }

    /// Returns that rows came to a file that had none.
    pub fn of_new(rows: &Frame) -> Self {
        let last = rows.len().checked_sub(1);
        Self {
            added: last
                .map(|last| (rows.key(0), rows.key(last)))
                .into_iter()
                .collect(),
            ..Self::default()
        }
    }

    /// Tells whether values were replaced or rows taken out.
    pub fn takes_away(&self) -> bool {
        !self.replaced.is_empty() || self.removed.is_some()
    }

    /// Returns rows as they were before these changes. A change of a row that is not there changes nothing. Rows of one
    /// owner only: a row is found by its key.
    ///
    /// # Errors
    /// When rows were taken out that are no series with those that are there now.
    pub fn undone(&self, now: &Frame) -> Result<Frame, OtherRows> {
        let mut kept: Vec<usize> = Vec::with_capacity(now.len());
        let mut at = 0;
        for (first, last) in &self.added {
            let start = now.position(first).max(at);
            kept.extend(at..start);
            let end = now.position(last);
            let is_there = end < now.len() && now.key(end) == *last;
            at = (end + usize::from(is_there)).max(start);
        }
        kept.extend(at..now.len());
        let older = if kept.len() == now.len() {
            now.clone()
        } else {
            now.take(&kept)
        };
        let older = before(&older, &self.replaced);
        match &self.removed {
            Some((removed, _)) => Frame::joined(now.profile(), vec![older, removed.clone()]),
            None => Ok(older),
        }
    }
}

/// Returns rows as they were before `revisions`, which are given oldest first. A revision of a row that is not there
/// changes nothing. Rows of one owner only.
#[must_use]
pub fn before(now: &Frame, revisions: &[Revision]) -> Frame {
    let mut older = now.clone();
    // The newest first, so that of two revisions of one value the older one has the last word.
    for revision in revisions.iter().rev() {
        let column = now.profile().position(revision.field);
        if let (Some(row), Some(column)) = (now.find(&revision.key), column) {
            older.put(row, column, &revision.old);
        }
    }
    older
}

#[cfg(test)]
mod tests {
    use super::super::{Trade, rows_of_trades};
    use super::*;

    fn trades(times: &[i64]) -> Frame {
        let trade = |time: &i64| Trade {
            trans_id: "1".into(),
            modification_flag: "-".into(),
            trade_time: time * 1_000,
            ..Trade::default()
        };
        let trades: Vec<Trade> = times.iter().map(trade).collect();
        rows_of_trades(&trades).frame
    }

    /// Which rows are not there, and the ranges then.
    type Case = (&'static [i64], &'static [(i64, i64)]);

    #[test]
    fn a_range_of_new_rows_ends_before_one_that_is_not_among_them_and_goes_on_behind_it() {
        let rows = trades(&[1, 2, 4, 5, 8, 9]);
        let cases: [Case; 7] = [
            (&[], &[(1, 9)]),
            (&[3], &[(1, 2), (4, 9)]),
            (&[6, 7], &[(1, 5), (8, 9)]),
            (&[3, 7], &[(1, 2), (4, 5), (8, 9)]),
            (&[0, 10], &[(1, 9)]),
            (&[1, 4, 9], &[(1, 9)]),
            (&[3, 4, 6], &[(1, 2), (4, 5), (8, 9)]),
        ];
        for (absent, expected) in cases {
            let mut changes = RowChanges::of_new(&rows);

            changes.leave_out(&rows, &trades(absent));

            let times = changes.added.iter();
            let times = times.map(|(first, last)| (first.time / 1_000, last.time / 1_000));
            assert_eq!(times.collect::<Vec<_>>(), expected, "{absent:?}");
        }
    }
}
