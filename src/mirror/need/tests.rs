//! What has to be read, line by line of the ledger.

use super::*;
use crate::frame::{Column, Revision, RowKey, Values};
use crate::ledger::FileState;
use crate::model::{Digest, Fingerprint, PriceBasis, StorageRequest, TimeUnit};

fn request() -> StorageRequest {
    crate::layout::parse_series_name("us/demo/stocks_1d/ticker=A").unwrap()
}

fn state(rows: u64, text: &str) -> FileState {
    let digest = Digest::of(text.as_bytes());
    FileState::new(Fingerprint { rows, digest }, rows * 10)
}

fn key(day: &str) -> RowKey {
    RowKey {
        time: time::parse(day).unwrap(),
        more: Box::default(),
    }
}

fn added(first: &str, last: &str) -> Past {
    Past::Changed(RowChanges {
        added: vec![(key(first), key(last))],
        ..RowChanges::default()
    })
}

fn replaced(day: &str) -> Past {
    let close = |value| Column::Float(Values::whole(vec![value]));
    Past::Changed(RowChanges {
        replaced: vec![Revision {
            key: key(day),
            field: "close",
            old: close(1.0),
            new: close(2.0),
        }],
        ..RowChanges::default()
    })
}

fn line(month: &str, old: Option<FileState>, new: FileState, past: Past) -> Line {
    Line::File(Box::new(FileLine {
        series: request(),
        partition: month.parse().unwrap(),
        begins: false,
        old,
        was: None,
        new,
        span: None,
        facts: None,
        past,
    }))
}

/// A series of two months, of which the second one has the rows `b`.
fn mirrored(kept: &[&str]) -> Mirrored {
    let sum = state(3, "a").digest.number() ^ state(2, "b").digest.number();
    Mirrored {
        rows: 5,
        sum,
        kept: kept.iter().map(|month| month.parse().unwrap()).collect(),
        ..Mirrored::default()
    }
}

/// The record of a series whose second month has other rows by now.
fn record(rows: u64, text: &str) -> SeriesRecord {
    let mut record = SeriesRecord::nothing();
    let facts = (TimeUnit::Micros, PriceBasis::AsTraded);
    record.add("2025-10".parse().unwrap(), state(3, "a"), None, facts);
    record.add("2025-11".parse().unwrap(), state(rows, text), None, facts);
    record
}

fn november(old: &str, new: (u64, &str), past: Past) -> Line {
    line("2025-11", Some(state(2, old)), state(new.0, new.1), past)
}

#[test]
fn lines_that_lead_to_the_record_say_which_rows_differ() {
    let lines = [
        november("b", (2, "c"), replaced("2025-11-03")),
        line(
            "2025-11",
            Some(state(2, "c")),
            state(4, "d"),
            added("2025-11-05", "2025-11-06"),
        ),
    ];

    let need = need(&mirrored(&[]), Some(&record(4, "d")), &lines, true);

    let Need::Some(extent, months) = need else {
        panic!("{need:?}");
    };
    let days: Vec<String> = (1..8)
        .map(|day| format!("2025-11-0{day}"))
        .filter(|day| extent.gives(key(day).time))
        .collect();
    assert_eq!(days, ["2025-11-03", "2025-11-05", "2025-11-06"]);
    assert!(extent.takes(key("2025-11-03").time));
    assert!(!extent.takes(key("2025-11-05").time));
    assert_eq!(months, BTreeSet::from(["2025-11".parse().unwrap()]));
}

/// A dividend and a split may fall on one day, and come one after the other.
#[test]
fn what_shares_a_moment_comes_with_all_that_the_tree_has_of_it() {
    let of_events = |line: Line| match line {
        Line::File(mut line) => {
            line.series = crate::layout::parse_series_name("us/demo/events/ticker=A").unwrap();
            line.partition = PartitionKey::Whole;
            Line::File(line)
        }
        other => other,
    };
    let came = added("2025-11-05", "2025-11-06");
    let lines = [of_events(november("b", (4, "d"), came))];
    let mirrored = Mirrored {
        rows: 2,
        sum: state(2, "b").digest.number(),
        ..Mirrored::default()
    };
    let mut record = SeriesRecord::nothing();
    let facts = (TimeUnit::Micros, PriceBasis::AsTraded);
    record.add(PartitionKey::Whole, state(4, "d"), None, facts);

    let need = need(&mirrored, Some(&record), &lines, true);

    let Need::Some(extent, _) = need else {
        panic!("{need:?}");
    };
    let day = |day: &str| key(day).time;
    assert!(extent.takes(day("2025-11-05")) && extent.takes(day("2025-11-06")));
    assert!(!extent.gives(day("2025-11-04")) && !extent.gives(day("2025-11-06T00:00:01")));
}

#[test]
fn a_series_whose_record_is_that_of_the_mirror_needs_nothing() {
    let same = record(2, "b");

    assert_eq!(need(&mirrored(&[]), Some(&same), &[], true), Need::Nothing);
    assert_eq!(need(&mirrored(&[]), Some(&same), &[], false), Need::Nothing);
    // Of a record that lost a file the numbers stand still, whatever happens.
    let lost = SeriesRecord {
        floor: Some(9),
        ..same
    };
    let change = [november("b", (2, "c"), replaced("2025-11-03"))];
    assert_eq!(need(&mirrored(&[]), Some(&lost), &[], true), Need::Nothing);
    let whole = need(&mirrored(&[]), Some(&lost), &change, true);
    assert!(matches!(whole, Need::Whole(_)), "{whole:?}");
    let whole = need(&mirrored(&[]), Some(&lost), &[], false);
    let Need::Whole(hints) = whole else {
        panic!("{whole:?}")
    };
    assert!(
        hints.replaced.contains(&PartitionKey::Whole),
        "nothing may leave"
    );
}

#[test]
fn what_lines_do_not_explain_is_read_whole() {
    let right = || november("b", (2, "c"), replaced("2025-11-03"));
    let cases: [(&str, Mirrored, Vec<Line>, bool); 9] = [
        ("no line", mirrored(&[]), vec![], true),
        (
            "nobody knows which lines are new",
            mirrored(&[]),
            vec![right()],
            false,
        ),
        (
            "another older file",
            mirrored(&[]),
            vec![november("x", (2, "c"), replaced("2025-11-03"))],
            true,
        ),
        (
            "another newer file",
            mirrored(&[]),
            vec![november("b", (2, "x"), replaced("2025-11-03"))],
            true,
        ),
        (
            "a line that is missing",
            mirrored(&[]),
            vec![november("z", (2, "c"), replaced("2025-11-03"))],
            true,
        ),
        (
            "a month whose rows are kept",
            mirrored(&["2025-11"]),
            vec![right()],
            true,
        ),
        (
            "a series that was gone",
            mirrored(&["whole"]),
            vec![right()],
            true,
        ),
        (
            "moved",
            mirrored(&[]),
            vec![november("b", (2, "c"), Past::Moved)],
            true,
        ),
        (
            "gone",
            mirrored(&[]),
            vec![right(), Line::Gone(request())],
            true,
        ),
    ];
    for (what, mirrored, lines, is_known) in cases {
        let need = need(&mirrored, Some(&record(2, "c")), &lines, is_known);

        assert!(matches!(need, Need::Whole(_)), "{what}: {need:?}");
    }
    let need = need(&mirrored(&[]), Some(&record(2, "c")), &[right()], true);
    assert!(matches!(need, Need::Some(..)), "{need:?}");
}

#[test]
fn rows_of_months_that_are_kept_do_not_leave() {
    let kept: BTreeSet<PartitionKey> = ["2025-10", "2025-12"]
        .iter()
        .map(|m| m.parse().unwrap())
        .collect();

    let extent = Extent {
        spans: beside(&kept),
        ..Extent::default()
    };

    let takes = |day: &str| extent.takes(key(day).time);
    assert!(
        takes("1970-01-01") && takes("2025-09-30") && takes("2025-11-01") && takes("2026-01-01")
    );
    assert!(!takes("2025-10-01") && !takes("2025-10-31") && !takes("2025-12-31T23:59:59"));
    assert_eq!(beside(&BTreeSet::from([PartitionKey::Whole])), []);
}
