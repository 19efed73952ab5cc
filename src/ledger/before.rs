//! What the rows of a series were, made of those that are there now.
//!
//! Promises: rows come with a reason not to trust them, or have the very fingerprints that the ledger recorded. What was done
//! later is undone, the newest first, whichever layout the rows are in: a file of the legacy layout is the whole series.
//! Leaves to others: reading the rows, also those of files that are kept.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::walk::{Check, Cut, Walk};
use super::{FileLine, FileState, History, Line, Past, Records, SeriesRecord, Unknown};
use crate::frame::Frame;
use crate::model::{PartitionKey, PriceBasis};

/// Reads a file that is kept beside the ledger, by its name there.
pub type ReadKept<'k> = dyn Fn(&str) -> Result<Frame, String> + 'k;

/// What the rows of a series were.
#[derive(Debug)]
pub struct Before {
    /// The rows.
    pub rows: Frame,
    /// Which corporate actions their prices contained; `None` where the ledger does not say.
    pub basis: Option<PriceBasis>,
}

/// The layout that the rows of a series were in at a moment, and which lines say what was in its files then.
#[derive(Clone, Copy)]
struct LayoutThen {
    is_legacy: bool,
    /// The place of the newest line that says what became of the rows. What was copied later was a copy of rows that had gone to the
    /// other layout.
    newest: usize,
    /// From which line on the rows had not been in the other layout: what became of them there no line of these says.
    rows_since: usize,
    /// From which line on copies in partitions are there still: since these began, or somebody looked at all of them.
    copies_since: usize,
}

impl LayoutThen {
    fn of(lines: &[(DateTime<Utc>, Line)]) -> Option<Self> {
        let is_copy = |line: &FileLine| matches!(line.past, Past::Copied(_));
        let tells = |line: &Line| match line {
            Line::File(line) => !is_copy(line),
            Line::Found(..) => false,
            Line::Gone(_) => true,
        };
        let newest = lines.iter().rposition(|(_, line)| tells(line))?;
        let (_, line) = lines.get(newest)?;
        let is_legacy = line.file()?.is_legacy();
        let older = lines.get(..=newest)?;
        let is_of_other = |line: &Line| {
            let file = line.file();
            file.is_some_and(|file| !is_copy(file) && file.is_legacy() != is_legacy)
        };
        let begins = |line: &Line| match line {
            Line::File(file) => file.begins && file.is_legacy() == is_legacy,
            Line::Found(..) | Line::Gone(_) => true,
        };
        Some(Self {
            is_legacy,
            newest,
            rows_since: older
                .iter()
                .rposition(|(_, line)| is_of_other(line))
                .unwrap_or(0),
            copies_since: older
                .iter()
                .rposition(|(_, line)| begins(line))
                .unwrap_or(0),
        })
    }

    /// Tells whether a line, the one at this place, says what is in a file of it.
    fn has(self, nth: usize, line: &FileLine) -> bool {
        let since = match line.past {
            Past::Copied(_) if self.is_legacy => return false,
            Past::Copied(_) => self.copies_since,
            _ => self.rows_since,
        };
        (since..=self.newest).contains(&nth) && line.is_legacy() == self.is_legacy
    }
}

impl History {
    /// Returns what the rows were at a moment.
    ///
    /// # Errors
    /// When nobody knows.
    pub fn as_of(
        &self,
        now: &Frame,
        at: DateTime<Utc>,
        kept: &ReadKept<'_>,
    ) -> Result<Before, Unknown> {
        let lines = self.up_to(at)?;
        self.refuse_undated(lines)?;
        let mut walk = self.walk(now, lines, kept, Check::End);
        let recorded = self.recorded(lines);
        let is_recorded = walk.unknown.is_empty()
            && walk.expected.is_empty()
            && recorded.as_ref().is_some_and(|record| walk.is_of(record));
        // What was looked at since its last line, as by a person who made the records anew, is what the record says.
        if !is_recorded {
            self.expect_known(&mut walk, lines);
            walk.check_expected();
            self.doubt_unrecorded(&mut walk, recorded.as_ref(), (lines, at));
        }
        let rows = walk.take_whole();
        if walk.unknown.is_empty() {
            let newest = self.lines.iter().take(lines).rev();
            let mut files = newest.filter_map(|(_, line)| line.file());
            return Ok(Before {
                rows,
                basis: files.find_map(|line| line.facts).map(|(_, basis)| basis),
            });
        }
        let told = self.walk(now, lines, kept, Check::EachStep).unknown;
        let mut reasons = told.into_iter().chain(walk.unknown);
        let first = reasons.next().map(|(_, unknown)| unknown);
        Err(first.unwrap_or(Unknown::NotRecorded { begun: None }))
    }

    /// Returns what the rows were before all lines but the oldest `lines`, as far as anybody knows: of what cannot be undone
    /// the rows of today stand in.
    pub fn undone(&self, now: &Frame, lines: usize, kept: &ReadKept<'_>) -> Frame {
        let mut walk = self.walk(now, lines, kept, Check::End);
        let rows = walk.take_whole();
        let is_other =
            |(_, unknown): &(PartitionKey, Unknown)| matches!(unknown, Unknown::OtherRows { .. });
        if walk.unknown.iter().any(is_other) {
            now.clone()
        } else {
            rows
        }
    }

    fn walk<'w>(
        &self,
        now: &Frame,
        lines: usize,
        kept: &'w ReadKept<'w>,
        check: Check,
    ) -> Walk<'w> {
        let mut walk = Walk {
            rows: Cut::Whole(now.clone()),
            profile: now.profile(),
            kept,
            check,
            expected: BTreeMap::new(),
            unknown: Vec::new(),
        };
        for (at, line) in self.lines.iter().skip(lines).rev() {
            match line {
                Line::File(line) => walk.undo(*at, line),
                Line::Found(..) => {}
                Line::Gone(_) => {
                    walk.doubt(PartitionKey::Whole, Unknown::Gone { at: *at });
                }
            }
        }
        walk
    }

    /// Tells whether the last group that wrote rows of the series wrote them into a legacy file.
    pub fn is_in_legacy(&self) -> bool {
        let layout = self.layout_then(self.lines.len());
        layout.is_some_and(|layout| layout.is_legacy)
    }

    /// Refuses a moment before the first line of a series that does not begin with it: nobody knows whether its files were there.
    fn refuse_undated(&self, lines: usize) -> Result<(), Unknown> {
        match self.lines.first() {
            Some((first, line)) if lines == 0 && !line.begins_series() => {
                let begun = Some(*first);
                Err(Unknown::NotRecorded { begun })
            }
            _ => Ok(()),
        }
    }

    fn layout_then(&self, lines: usize) -> Option<LayoutThen> {
        LayoutThen::of(self.lines.get(..lines)?)
    }

    /// Returns the record of the series after its oldest `lines`; `None` where these do not say all of it.
    fn recorded(&self, lines: usize) -> Option<SeriesRecord> {
        let mut records = Records::default();
        // A copy in the other layout is none of the rows, and a move changes none. What was copied to where the rows are now is in
        // their files still.
        let layout = self.layout_then(lines).filter(|layout| !layout.is_legacy);
        let counts = |nth: usize, file: &FileLine| {
            file.past.is_of_rows() || layout.is_some_and(|layout| layout.has(nth, file))
        };
        for (nth, (_, line)) in self.lines.iter().enumerate().take(lines) {
            if line.file().is_none_or(|file| counts(nth, file)) {
                records.take(line.clone());
            }
        }
        let record = records.series.into_values().next();
        record.filter(SeriesRecord::is_exact)
    }

    /// Adds a doubt where rows are those of no record, and of files that no line speaks of.
    fn doubt_unrecorded(
        &self,
        walk: &mut Walk<'_>,
        recorded: Option<&SeriesRecord>,
        (lines, at): (usize, DateTime<Utc>),
    ) {
        if !walk.unknown.is_empty() {
            return;
        }
        let layout = self.layout_then(lines);
        let is_told = |(nth, line): &(usize, &FileLine)| {
            line.past.is_of_rows() || layout.is_some_and(|layout| layout.has(*nth, line))
        };
        let files = self.lines.iter().enumerate();
        let files = files.filter_map(|(nth, (_, line))| Some((nth, line.file()?)));
        let spoken: BTreeSet<PartitionKey> = files
            .filter(is_told)
            .map(|(_, line)| line.partition)
            .collect();
        // One file is all of the series, and what it has to be is known.
        let is_one_file = layout.map_or(spoken.contains(&PartitionKey::Whole), |layout| {
            layout.is_legacy
        });
        if is_one_file {
            return;
        }
        let partition = match recorded {
            Some(record) if walk.is_of(record) => return,
            Some(_) => PartitionKey::Whole,
            None => {
                let mut there = walk.partitions().into_iter();
                match there.find(|partition| !spoken.contains(partition)) {
                    Some(partition) => partition,
                    None => return,
                }
            }
        };
        let since = self.lines.iter().rev().map(|(moment, _)| *moment);
        let since = since.into_iter().find(|moment| *moment <= at);
        let since = since.or(self.begun).unwrap_or(at);
        walk.doubt(partition, Unknown::Changed { partition, since });
    }

    /// Adds what is known of the rows at the moment itself: the last line of each file.
    fn expect_known(&self, walk: &mut Walk<'_>, lines: usize) {
        let Some(layout) = self.layout_then(lines) else {
            return;
        };
        let mut seen = Vec::new();
        for (nth, (at, line)) in self.lines.iter().enumerate().take(lines).rev() {
            let line = match line {
                // Also of what was copied or moved: that is in the files of this layout still.
                Line::File(line) if layout.has(nth, line) => line,
                Line::File(_) | Line::Found(..) => continue,
                Line::Gone(_) => return,
            };
            if seen.contains(&line.partition) {
                continue;
            }
            seen.push(line.partition);
            walk.change_layout(line.partition);
            walk.vouch(line);
            let new = Some(line.new);
            let (partition, since) = (line.partition, *at);
            match walk.expected.insert(partition, (new, since)) {
                Some((old, _)) if !is_same(old, new) => {
                    walk.doubt(partition, Unknown::Changed { partition, since });
                }
                _ => {}
            }
        }
    }
}

fn is_same(a: Option<FileState>, b: Option<FileState>) -> bool {
    // A file without rows is none: a repair leaves one for a moment, in the place of a month that it has emptied.
    let rows = |state: Option<FileState>| {
        let state = state.filter(|state| state.rows > 0);
        state.map(|state| (state.rows, state.digest))
    };
    rows(a) == rows(b)
}

impl Past {
    /// Tells whether it says what became of rows of the series, not only of a copy of them.
    pub(super) fn is_of_rows(&self) -> bool {
        match self {
            Self::Changed(_) | Self::Kept { .. } | Self::Damaged { .. } => true,
            Self::Moved | Self::Copied(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
