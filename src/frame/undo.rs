//! What a rewrite did to rows, and what they were before it.
//!
//! Promises: undoing what was done gives the rows back bit for bit. Whoever knows the fingerprint of the rows before can
//! tell that nothing else happened to them. Leaves to others: keeping the changes (`ledger`).

use super::{Frame, Merged, Revision, RowKey};

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

    /// Tells whether values were replaced or rows taken out.
    pub fn takes_away(&self) -> bool {
        !self.replaced.is_empty() || self.removed.is_some()
    }

    /// Tells whether nothing was done.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.replaced.is_empty() && self.removed.is_none()
    }
}

impl Frame {
    /// Returns the rows as they were before `changes`. A change of a row that is not there changes nothing. Rows of one
    /// owner only: a row is found by its key.
    #[must_use]
    pub fn undone(&self, changes: &RowChanges) -> Self {
        let mut kept: Vec<usize> = Vec::with_capacity(self.rows);
        let mut at = 0;
        for (first, last) in &changes.added {
            let start = self.position(first).max(at);
            kept.extend(at..start);
            let end = self.position(last);
            let is_there = end < self.rows && self.key(end) == *last;
            at = (end + usize::from(is_there)).max(start);
        }
        kept.extend(at..self.rows);
        let older = if kept.len() == self.rows {
            self.clone()
        } else {
            self.take(&kept)
        };
        let older = older.before(&changes.replaced);
        match &changes.removed {
            Some((removed, _)) => older.merge(removed).frame,
            None => older,
        }
    }

    /// Returns the rows as they were before `revisions`, which are given oldest first. A revision of a row that is not
    /// there changes nothing. Rows of one owner only.
    #[must_use]
    pub fn before(&self, revisions: &[Revision]) -> Self {
        let mut frame = self.clone();
        // The newest first, so that of two revisions of one value the older one has the last word.
        for revision in revisions.iter().rev() {
            let column = self.profile.position(revision.field);
            if let (Some(row), Some(column)) = (self.find(&revision.key), column)
                && let Some(column) = frame.columns.get_mut(column)
            {
                column.put(row, &revision.old);
            }
        }
        frame
    }
}
