//! The way back from the rows that are there now, line by line.
//!
//! Promises: what cannot be undone is doubted by name. Leaves to others: which lines are undone, and what is known of the end
//! (`before`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::before::ReadKept;
use super::{FileLine, FileState, Past, SeriesRecord, Unknown};
use crate::frame::{Frame, OtherRows, Profile};
use crate::model::PartitionKey;

/// Whether each step is checked, which tells where rows and ledger part, or the end only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    End,
    EachStep,
}

/// The rows of a series, whole or in its partitions.
pub(super) enum Cut {
    Whole(Frame),
    Parts(BTreeMap<PartitionKey, Frame>),
}

impl Cut {
    fn joined(self, profile: &'static Profile) -> Result<Frame, OtherRows> {
        match self {
            Self::Whole(frame) => Ok(frame),
            Self::Parts(parts) => Frame::joined(profile, parts.into_values().collect()),
        }
    }
}

pub(super) struct Walk<'w> {
    pub(super) rows: Cut,
    pub(super) profile: &'static Profile,
    pub(super) kept: &'w ReadKept<'w>,
    pub(super) check: Check,
    /// What the rows of each file have to be, and since when the ledger says so.
    pub(super) expected: BTreeMap<PartitionKey, (Option<FileState>, DateTime<Utc>)>,
    /// Of which files nobody knows the rows, and why.
    pub(super) unknown: Vec<(PartitionKey, Unknown)>,
}

impl Walk<'_> {
    /// Takes all rows; none are left, and a doubt where they are no one series.
    pub(super) fn take_whole(&mut self) -> Frame {
        let rows = std::mem::replace(&mut self.rows, Cut::Parts(BTreeMap::new()));
        rows.joined(self.profile).unwrap_or_else(|source| {
            let partition = PartitionKey::Whole;
            self.doubt(partition, Unknown::OtherRows { partition, source });
            Frame::empty(self.profile)
        })
    }

    /// Returns the partitions that the rows lie in.
    pub(super) fn partitions(&mut self) -> Vec<PartitionKey> {
        let rows = std::mem::replace(&mut self.rows, Cut::Parts(BTreeMap::new()));
        let parts = match rows {
            Cut::Whole(rows) => rows.split(),
            Cut::Parts(parts) => parts,
        };
        let there = parts.iter().filter(|(_, rows)| !rows.is_empty());
        let there = there.map(|(partition, _)| *partition).collect();
        self.rows = Cut::Parts(parts);
        there
    }

    /// Tells whether the rows are those of a record.
    pub(super) fn is_of(&mut self, record: &SeriesRecord) -> bool {
        let is_one_file = record.months.is_empty() && record.files > 0;
        let mut found = SeriesRecord::nothing();
        let facts = (record.unit, record.basis);
        let whole = self.take_whole();
        let parts = if is_one_file {
            BTreeMap::from([(PartitionKey::Whole, whole.clone())])
        } else {
            whole.split()
        };
        for (partition, rows) in parts {
            let state = FileState::new(rows.fingerprint(), 0);
            found.add(partition, state, rows.span(), facts);
        }
        self.rows = Cut::Whole(whole);
        (found.rows, found.sum) == (record.rows, record.sum)
    }

    /// Returns the rows of a file, cut out of the others.
    pub(super) fn rows_of(&mut self, partition: PartitionKey) -> &mut Frame {
        let profile = self.profile;
        if partition == PartitionKey::Whole {
            self.rows = Cut::Whole(self.take_whole());
        } else if let Cut::Whole(rows) = &self.rows {
            self.rows = Cut::Parts(rows.split());
        }
        match &mut self.rows {
            Cut::Whole(rows) => rows,
            Cut::Parts(parts) => parts
                .entry(partition)
                .or_insert_with(|| Frame::empty(profile)),
        }
    }

    pub(super) fn undo(&mut self, at: DateTime<Utc>, line: &FileLine) {
        if !line.past.is_of_rows() {
            return;
        }
        let partition = line.partition;
        self.change_layout(partition);
        self.vouch(line);
        if self.check == Check::EachStep {
            self.check_rows(partition, Some(line.new), at);
        }
        let older = match &line.past {
            // There was no file: of whatever came of it, nothing was there.
            Past::Changed(_) if line.old.is_none() && self.is_unknown(partition) => {
                self.know(partition);
                Ok(Frame::empty(self.profile))
            }
            Past::Changed(changes) => {
                let undone = changes.undone(self.rows_of(partition));
                undone.map_err(|source| Unknown::OtherRows { partition, source })
            }
            Past::Kept { file, .. } => (self.kept)(file).map_err(|reason| Unknown::Kept {
                partition,
                at,
                file: file.clone(),
                reason,
            }),
            Past::Damaged { case } => Err(Unknown::Damaged {
                partition,
                at,
                case: case.clone(),
            }),
            Past::Moved | Past::Copied(_) => return,
        };
        match older {
            Ok(older) => {
                if matches!(line.past, Past::Kept { .. }) {
                    self.know(partition);
                }
                *self.rows_of(partition) = older;
                self.expected.insert(partition, (line.old, at));
            }
            Err(unknown) => {
                self.expected.remove(&partition);
                self.doubt(partition, unknown);
            }
        }
    }

    /// What left the tree as a whole was a copy, if the rows are the very ones that a legacy file had before.
    pub(super) fn vouch(&mut self, line: &FileLine) {
        let is_gone =
            |(_, unknown): &(PartitionKey, Unknown)| matches!(unknown, Unknown::Gone { .. });
        if line.is_legacy()
            && self.unknown.iter().any(is_gone)
            && line.new.fits(self.rows_of(line.partition).fingerprint())
        {
            self.unknown.retain(|unknown| !is_gone(unknown));
        }
    }

    pub(super) fn doubt(&mut self, partition: PartitionKey, unknown: Unknown) {
        self.unknown.push((partition, unknown));
    }

    pub(super) fn is_unknown(&self, partition: PartitionKey) -> bool {
        let is_part = |of: PartitionKey| partition == PartitionKey::Whole || partition == of;
        self.unknown.iter().any(|(of, _)| is_part(*of))
    }

    pub(super) fn is_unknown_whole(&self) -> bool {
        let mut all = self.unknown.iter();
        all.any(|(of, _)| *of == PartitionKey::Whole)
    }

    /// Forgets why the rows of a file were not known: they are from here on, whatever came later.
    pub(super) fn know(&mut self, partition: PartitionKey) {
        let is_part = |of: PartitionKey| partition == PartitionKey::Whole || partition == of;
        self.unknown.retain(|(of, _)| !is_part(*of));
    }

    /// Checks what is expected of the files of the other layout, before rows are seen as those of this one.
    pub(super) fn change_layout(&mut self, partition: PartitionKey) {
        let is_whole = |partition: &PartitionKey| *partition == PartitionKey::Whole;
        let mut others = self.expected.keys();
        if others.any(|other| is_whole(other) != is_whole(&partition)) {
            self.check_expected();
        }
    }

    pub(super) fn check_expected(&mut self) {
        for (partition, (state, since)) in std::mem::take(&mut self.expected) {
            self.check_rows(partition, state, since);
        }
    }

    pub(super) fn check_rows(
        &mut self,
        partition: PartitionKey,
        state: Option<FileState>,
        since: DateTime<Utc>,
    ) {
        // Of what is not known nobody expects anything, and why is told already.
        if self.is_unknown(partition) || self.is_unknown_whole() {
            return;
        }
        let rows = self.rows_of(partition);
        let is_known = match state {
            Some(state) => state.rows == rows.len() as u64 && state.fits(rows.fingerprint()),
            None => rows.is_empty(),
        };
        if !is_known {
            self.doubt(partition, Unknown::Changed { partition, since });
        }
    }
}
