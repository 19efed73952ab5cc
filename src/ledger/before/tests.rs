//! Rows of an earlier moment.

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
        was: None,
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
    let moved = [
        (3, line(JANUARY, &empty(), &first, Past::Moved)),
        (3, line(FEBRUARY, &empty(), &february, Past::Moved)),
    ];
    let (later, month) = merged(FEBRUARY, &february, &rows(&[("2024-02-01", 9.0)]));
    let now = frame::merge(&legacy, &month).frame;
    let lines = [(1, began), (2, grown)].into_iter().chain(moved);
    let history = history(lines.chain([(4, later)]).collect());

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

/// A series that was migrated, of which an update has written February since.
fn migrated() -> (History, Frame, Frame) {
    let january = rows(&[("2024-01-30", 1.0), ("2024-01-31", 2.0)]);
    let february = rows(&[("2024-02-01", 3.0)]);
    let legacy = frame::merge(&january, &february).frame;
    let (began, _) = merged("whole", &empty(), &legacy);
    let copy = |of: &Frame| Past::Copied(RowChanges::of_merge(&frame::merge(&empty(), of)));
    let (later, month) = merged(FEBRUARY, &february, &rows(&[("2024-02-02", 4.0)]));
    let history = history(vec![
        (1, began),
        (2, line(JANUARY, &empty(), &january, copy(&january))),
        (2, line(FEBRUARY, &empty(), &february, copy(&february))),
        (3, later),
    ]);
    (history, january, month)
}

#[test]
fn a_month_that_was_copied_by_a_migration_and_nobody_wrote_since_is_known() {
    let (history, january, february) = migrated();
    let now = frame::merge(&january, &february).frame;

    assert_eq!(history.as_of(&now, at(3), &none).unwrap().rows, now);
    assert_eq!(history.as_of(&now, at(1), &none).unwrap().rows.len(), 3);
}

#[test]
fn a_month_that_was_copied_by_a_migration_and_is_gone_or_other_is_refused() {
    let (history, _, february) = migrated();
    let other = rows(&[("2024-01-30", 1.0), ("2024-01-31", 7.0)]);

    for now in [february.clone(), frame::merge(&other, &february).frame] {
        for second in [1, 2, 3] {
            let then = history.as_of(&now, at(second), &none);
            let refused = matches!(then, Err(Unknown::Changed { .. }));
            assert!(refused, "{second}: {then:?}");
        }
    }
}

#[test]
fn a_series_that_does_not_begin_with_its_first_line_is_not_known_before_it() {
    let foreign = rows(&[("2024-01-30", 1.0)]);
    let (joined, now) = merged(JANUARY, &foreign, &rows(&[("2024-01-31", 2.0)]));
    let mut history = history(vec![(5, joined)]);
    history.begun = Some(at(1));

    let before = history.as_of(&now, at(4), &none);

    let begun = Some(at(5));
    assert_eq!(before.unwrap_err(), Unknown::NotRecorded { begun });
    assert_eq!(history.as_of(&now, at(5), &none).unwrap().rows, now);
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
