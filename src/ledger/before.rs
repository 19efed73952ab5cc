//! What the rows of a series were, made of those that are there now.
//!
//! Promises: rows come with a reason not to trust them, or have the very fingerprints that the ledger recorded. What was done
//! later is undone, the newest first, whichever layout the rows are in: a file of the legacy layout is the whole series.
//! Leaves to others: reading the rows, also those of files that are kept.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::walk::{Check, Cut, Walk};
use super::{FileState, History, Line, Past, Records, SeriesRecord, Unknown};
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
        let mut walk = self.walk(now, lines, kept, Check::End);
        let recorded = self.recorded(lines);
        let is_recorded = walk.unknown.is_empty()
            && walk.expected.is_empty()
            && recorded.as_ref().is_some_and(|record| walk.is_of(record));
        // What was looked at since its last line, as by a person who made the records anew, is what the record says.
        if !is_recorded {
            self.expect_known(&mut walk, lines);
            walk.check_expected();
            self.doubt_unrecorded(&mut walk, recorded.as_ref(), at);
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

    /// Returns the record of the series after its oldest `lines`; `None` where these do not say all of it.
    fn recorded(&self, lines: usize) -> Option<SeriesRecord> {
        let mut records = Records::default();
        // A copy in the other layout is none of the rows, and a move changes none.
        let is_of_rows = |line: &&Line| line.file().is_none_or(|file| file.past.is_of_rows());
        let lines = self.lines.iter().take(lines).map(|(_, line)| line);
        lines
            .filter(is_of_rows)
            .for_each(|line| records.take(line.clone()));
        let record = records.series.into_values().next();
        record.filter(SeriesRecord::is_exact)
    }

    /// Adds a doubt where rows are those of no record, and of files that no line speaks of.
    fn doubt_unrecorded(
        &self,
        walk: &mut Walk<'_>,
        recorded: Option<&SeriesRecord>,
        at: DateTime<Utc>,
    ) {
        if !walk.unknown.is_empty() {
            return;
        }
        let files = self.lines.iter().filter_map(|(_, line)| line.file());
        let spoken: BTreeSet<PartitionKey> = files
            .filter(|line| line.past.is_of_rows())
            .map(|line| line.partition)
            .collect();
        if spoken.contains(&PartitionKey::Whole) {
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
        let mut is_legacy = None;
        let mut seen = Vec::new();
        for (at, line) in self.lines.iter().take(lines).rev() {
            let line = match line {
                Line::File(line) if line.past.is_of_rows() => line,
                Line::File(_) | Line::Found(..) => continue,
                Line::Gone(_) => return,
            };
            if *is_legacy.get_or_insert(line.is_legacy()) != line.is_legacy() {
                // From here on it speaks of the other layout, and what became of the rows since is not undone.
                return;
            }
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
mod tests {
    use super::*;
    use crate::frame::{self, Column, KindOf, Profile, RowChanges, Texts, Values};
    use crate::ledger::FileLine;
    use crate::model::{Dataset, StorageRequest, TimeUnit, time};

    const JANUARY: &str = "2024-01";
    const FEBRUARY: &str = "2024-02";

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn request() -> StorageRequest {
        StorageRequest::bars(
            "us:demo".parse().unwrap(),
            "A".parse().unwrap(),
            "1d".parse().unwrap(),
        )
    }

    fn rows(rows: &[(&str, f64)]) -> Frame {
        let prices = || Column::Float(Values::whole(rows.iter().map(|row| row.1).collect()));
        let stamps = rows.iter().map(|row| time::parse(row.0).unwrap());
        let columns = vec![
            Column::Text(Texts::same(Some("A".into()), rows.len())),
            Column::Time(Values::whole(stamps.collect())),
            prices(),
            prices(),
            prices(),
            prices(),
            Column::Int(Values::nulls(rows.len())),
            Column::Int(Values::nulls(rows.len())),
        ];
        Frame::ordered(Profile::of(Dataset::Stocks), columns).frame
    }

    fn state(rows: &Frame) -> Option<FileState> {
        (!rows.is_empty()).then(|| FileState::new(rows.fingerprint(), 1))
    }

    fn line(partition: &str, old: &Frame, new: &Frame, past: Past) -> Line {
        Line::File(Box::new(FileLine {
            series: request(),
            partition: partition.parse().unwrap(),
            begins: false,
            old: state(old),
            new: FileState::new(new.fingerprint(), 1),
            span: new.key_span(),
            facts: Some((TimeUnit::default(), PriceBasis::SplitAdjusted)),
            past,
        }))
    }

    fn merged(partition: &str, old: &Frame, newer: &Frame) -> (Line, Frame) {
        let merged = frame::merge(old, newer);
        let past = Past::Changed(RowChanges::of_merge(&merged));
        let line = line(partition, old, &merged.frame, past);
        (line, merged.frame)
    }

    fn history(lines: Vec<(i64, Line)>) -> History {
        let lines = lines.into_iter();
        History::of_lines(lines.map(|(second, line)| (at(second), line)).collect())
    }

    fn none(_: &str) -> Result<Frame, String> {
        Err("it is gone".to_owned())
    }

    fn empty() -> Frame {
        rows(&[])
    }

    #[test]
    fn a_value_and_a_row_that_came_later_are_undone_and_what_is_no_later_stays() {
        let first = rows(&[("2024-01-30", 1.0)]);
        let (began, _) = merged(JANUARY, &empty(), &first);
        let (later, now) = merged(
            JANUARY,
            &first,
            &rows(&[("2024-01-30", 2.0), ("2024-01-31", 3.0)]),
        );
        let history = history(vec![(1, began), (2, later)]);

        let before = |second| history.as_of(&now, at(second), &none).unwrap();

        assert_eq!(before(1).rows, first);
        assert_eq!(before(1).basis, Some(PriceBasis::SplitAdjusted));
        assert_eq!(before(2).rows, now);
    }

    #[test]
    fn a_legacy_file_is_the_whole_series_also_after_it_was_migrated() {
        let first = rows(&[("2024-01-31", 1.0)]);
        let (began, _) = merged("whole", &empty(), &first);
        let (grown, legacy) = merged("whole", &first, &rows(&[("2024-02-01", 2.0)]));
        let february = rows(&[("2024-02-01", 2.0)]);
        let moved = line(FEBRUARY, &empty(), &february, Past::Moved);
        let (later, month) = merged(FEBRUARY, &february, &rows(&[("2024-02-01", 9.0)]));
        let now = frame::merge(&legacy, &month).frame;
        let history = history(vec![(1, began), (2, grown), (3, moved), (4, later)]);

        let before = |second| history.as_of(&now, at(second), &none).unwrap().rows;

        assert_eq!(before(1), first);
        assert_eq!(before(2), legacy);
        assert_eq!(before(3), legacy);
        assert_eq!(before(4), now);
    }

    /// Bars made of trades, of which one month of a series was once, whoever put it there.
    fn of_trades(day: &str) -> Frame {
        let profile = Profile::of_trades(Dataset::Stocks).unwrap();
        let specs = profile.columns.iter();
        let columns = specs.map(|spec| match spec.kind {
            KindOf::Text => Column::Text(Texts::same(Some("A".into()), 1)),
            KindOf::Time => Column::Time(Values::whole(vec![time::parse(day).unwrap()])),
            kind => Column::nulls(kind, 1),
        });
        Frame::ordered(profile, columns.collect()).frame
    }

    #[test]
    fn rows_of_another_way_are_a_reason_not_to_know_and_today_stands_in() {
        let (old, new) = (of_trades("2024-01-30"), rows(&[("2024-01-30", 1.0)]));
        let february = rows(&[("2024-02-01", 2.0)]);
        let (began, _) = merged(FEBRUARY, &empty(), &february);
        let now = frame::merge(&new, &february).frame;
        let kept = Past::Kept {
            file: "k".to_owned(),
            factor: None,
        };
        let out = Past::Changed(RowChanges {
            removed: Some((old.clone(), "by hand".to_owned())),
            ..RowChanges::default()
        });
        let left = rows(&[("2024-01-31", 3.0)]);
        let beside = frame::merge(&left, &february).frame;
        for (past, before, after, now) in [(kept, &old, &new, &now), (out, &old, &left, &beside)] {
            let changed = line(JANUARY, before, after, past);
            let history = history(vec![(1, began.clone()), (2, changed)]);
            let read = |_: &str| Ok(old.clone());

            let known = history.as_of(now, at(1), &read);

            assert!(
                matches!(known, Err(Unknown::OtherRows { .. })),
                "{:?}",
                known.map(|before| before.rows)
            );
            assert_eq!(history.undone(now, 1, &read), *now);
        }
    }

    #[test]
    fn what_happened_to_a_copy_happened_to_no_row() {
        let first = rows(&[("2024-01-31", 1.0)]);
        let (began, _) = merged("whole", &empty(), &first);
        let added = Past::Copied(RowChanges::of_merge(&frame::merge(&empty(), &first)));
        let copied = line(JANUARY, &empty(), &first, added);
        let history = history(vec![(1, began), (2, copied)]);

        let before = history.as_of(&first, at(1), &none).unwrap();

        assert_eq!(before.rows, first);
    }

    #[test]
    fn rows_that_were_taken_out_come_back() {
        let first = rows(&[("2024-01-30", 1.0), ("2024-01-31", 2.0)]);
        let (began, _) = merged(JANUARY, &empty(), &first);
        let left = rows(&[("2024-01-30", 1.0)]);
        let changes = RowChanges {
            removed: Some((rows(&[("2024-01-31", 2.0)]), "a person said so".to_owned())),
            ..RowChanges::default()
        };
        let removed = line(JANUARY, &first, &left, Past::Changed(changes));
        let history = history(vec![(1, began), (2, removed)]);

        assert_eq!(history.as_of(&left, at(1), &none).unwrap().rows, first);
    }

    #[test]
    fn a_month_that_was_emptied_and_filled_again_is_known_in_between() {
        let first = rows(&[("2024-01-30", 1.0)]);
        let (began, _) = merged(JANUARY, &empty(), &first);
        let changes = RowChanges {
            removed: Some((first.clone(), "a person said so".to_owned())),
            ..RowChanges::default()
        };
        let emptied = line(JANUARY, &first, &empty(), Past::Changed(changes));
        let (again, now) = merged(JANUARY, &empty(), &rows(&[("2024-01-31", 2.0)]));
        let history = history(vec![(1, began), (2, emptied), (3, again)]);

        assert_eq!(history.as_of(&now, at(1), &none).unwrap().rows, first);
        assert!(history.as_of(&now, at(2), &none).unwrap().rows.is_empty());
    }

    #[test]
    fn a_file_that_is_kept_stands_for_the_older_rows_and_is_missed_by_name() {
        let first = rows(&[("2024-01-30", 1.0)]);
        let moved = rows(&[("2024-01-30", 0.5)]);
        let past = Past::Kept {
            file: "files/1.parquet".to_owned(),
            factor: Some(0.5),
        };
        let (began, _) = merged(JANUARY, &empty(), &first);
        let history = history(vec![(1, began), (2, line(JANUARY, &first, &moved, past))]);
        let kept = |_: &str| Ok(rows(&[("2024-01-30", 1.0)]));
        let other = |_: &str| Ok(rows(&[("2024-01-30", 7.0)]));

        assert_eq!(history.as_of(&moved, at(1), &kept).unwrap().rows, first);
        let gone = history.as_of(&moved, at(1), &none).unwrap_err();
        assert!(matches!(gone, Unknown::Kept { .. }), "{gone}");
        let wrong = history.as_of(&moved, at(1), &other).unwrap_err();
        assert!(matches!(wrong, Unknown::Changed { .. }), "{wrong}");
    }

    #[test]
    fn damage_hides_what_was_before_it_and_nothing_of_a_file_that_was_not_there_yet() {
        let january = rows(&[("2024-01-30", 1.0)]);
        let (began, _) = merged(JANUARY, &empty(), &january);
        let first = rows(&[("2024-02-01", 1.0)]);
        let (february, _) = merged(FEBRUARY, &empty(), &first);
        let anew = rows(&[("2024-02-01", 2.0)]);
        let case = "20240202".to_owned();
        let damaged = line(FEBRUARY, &empty(), &anew, Past::Damaged { case });
        let now = frame::merge(&january, &anew).frame;
        let history = history(vec![(1, began), (2, february), (3, damaged)]);

        assert_eq!(history.as_of(&now, at(3), &none).unwrap().rows, now);
        let lost = history.as_of(&now, at(2), &none).unwrap_err();
        assert!(matches!(lost, Unknown::Damaged { .. }), "{lost}");
        assert_eq!(history.as_of(&now, at(1), &none).unwrap().rows, january);
    }

    #[test]
    fn rows_that_the_ledger_does_not_know_are_refused_with_the_last_moment_that_it_knew_them() {
        let first = rows(&[("2024-01-30", 1.0)]);
        let (began, _) = merged(JANUARY, &empty(), &first);
        let (later, now) = merged(JANUARY, &first, &rows(&[("2024-01-31", 3.0)]));
        let history = history(vec![(1, began), (5, later)]);
        let edited = frame::merge(&now, &rows(&[("2024-01-30", 8.0)])).frame;

        for second in [1, 5] {
            let unknown = history.as_of(&edited, at(second), &none).unwrap_err();

            let Unknown::Changed { since, .. } = unknown else {
                panic!("{unknown}")
            };
            assert_eq!(since, at(5));
        }
    }

    #[test]
    fn a_clock_that_was_set_back_shows_nothing_that_came_after_a_later_group() {
        let first = rows(&[("2024-01-30", 1.0)]);
        let (began, _) = merged(JANUARY, &empty(), &first);
        let (ahead, second) = merged(JANUARY, &first, &rows(&[("2024-01-31", 2.0)]));
        let (back, now) = merged(JANUARY, &second, &rows(&[("2024-01-31", 3.0)]));
        let history = history(vec![(1, began), (9, ahead), (5, back)]);

        assert_eq!(history.as_of(&now, at(6), &none).unwrap().rows, first);
        assert_eq!(history.as_of(&now, at(9), &none).unwrap().rows, now);
    }

    #[test]
    fn a_series_that_left_the_tree_is_not_known_before_that() {
        let first = rows(&[("2024-01-30", 1.0)]);
        let (began, _) = merged(JANUARY, &empty(), &first);
        let (again, now) = merged(JANUARY, &empty(), &first);
        let gone = Line::Gone(request());
        let history = history(vec![(1, began), (2, gone), (3, again)]);

        let unknown = history.as_of(&now, at(1), &none).unwrap_err();

        assert_eq!(unknown, Unknown::Gone { at: at(2) });
        assert!(history.as_of(&now, at(2), &none).unwrap().rows.is_empty());
        assert_eq!(history.as_of(&now, at(3), &none).unwrap().rows, now);
    }

    #[test]
    fn a_copy_that_left_the_tree_takes_nothing_of_a_legacy_file_along() {
        let first = rows(&[("2024-01-30", 1.0)]);
        let (began, _) = merged("whole", &empty(), &first);
        let (later, now) = merged("whole", &first, &rows(&[("2024-01-31", 2.0)]));
        let lines = vec![(1, began), (2, later), (3, Line::Gone(request()))];
        let history = history(lines);

        assert_eq!(history.as_of(&now, at(1), &none).unwrap().rows, first);
        assert_eq!(history.as_of(&now, at(2), &none).unwrap().rows, now);
        let unknown = history.as_of(&first, at(2), &none).unwrap_err();
        assert!(matches!(unknown, Unknown::Gone { .. }), "{unknown}");
    }
}
