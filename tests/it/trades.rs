//! Raw trades through staging and consolidation, and those that the predecessor stored.

mod shown;

use crate::support::barkeep::Barkeep;
use crate::support::named_parquet;
use arrow::array::cast::AsArray;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::ipc::reader::StreamReader;
use barkeep::cli::Exit;
use barkeep::frame::{Profile, Trade};
use barkeep::ingest::RunReport;
use barkeep::ledger::{read_ledger, read_records};
use barkeep::model::{Dataset, time};
use barkeep::storage::OlderTrades;
use std::io::Cursor;

use crate::support::trades::{
    day_file, day_rows, decoded, ingest, month_file, older_file, older_table, request, rows, trade,
};
use crate::support::workspace::TestWorkspace;

/// Trades of one day, in nanoseconds, with an amendment that is published later.
fn friday() -> Vec<Trade> {
    let amended = Trade {
        modification_flag: "A".into(),
        price: Some(58.25),
        ..trade("2025-10-31T13:54:00.000000123", "1", 58.5)
    };
    vec![
        trade("2025-10-31T13:54:00.000000123", "1", 58.5),
        trade("2025-10-31T13:54:00.000000124", "2", 58.75),
        amended,
        trade("2025-10-31T23:59:59.999999999", "3", 59.0),
    ]
}

fn thursday() -> Vec<Trade> {
    vec![
        trade("2025-10-30T09:00:00", "4", 57.0),
        trade("2025-10-30T09:00:01", "5", 57.5),
    ]
}

/// The trades that a run added, and the files that it wrote.
fn added_and_written(report: &RunReport) -> (usize, usize) {
    let feeds = report.feeds.iter();
    let added = feeds.map(|feed| feed.trades.added).sum();
    (added, report.written().0)
}

#[test]
fn downloads_of_one_run_become_one_file_for_each_day_and_a_second_run_changes_nothing() {
    let bench = TestWorkspace::on_disk();
    let (thursday, friday) = (thursday(), friday());
    let downloads = [
        friday[2..].to_vec(),
        vec![thursday[0].clone(), friday[0].clone()],
        friday.clone(),
        thursday.clone(),
    ];

    let report = ingest(&bench, &downloads).unwrap();

    assert_eq!(day_rows(&bench, "2025-10-31"), rows(&friday));
    assert_eq!(day_rows(&bench, "2025-10-30"), rows(&thursday));
    assert_eq!(added_and_written(&report), (6, 2));
    assert_eq!(bench.files_in("data").len(), 2);
    let records = read_records(bench.fs(), &bench.places, &"de:xetra".parse().unwrap()).unwrap();
    let record = &records.series[&request()];
    assert_eq!((record.files, record.rows, record.floor), (2, 6, None));
    assert_eq!(record.last, time::parse("2025-10-31T23:59:59.999999"));
    let before = bench.files_in("data");
    let report = ingest(&bench, &downloads).unwrap();
    assert_eq!(added_and_written(&report), (0, 0));
    assert_eq!(bench.files_in("data"), before);
    assert!(!bench.has("quarantine"));
}

#[test]
fn a_line_that_is_published_again_with_other_values_replaces_none_in_silence() {
    let bench = TestWorkspace::on_disk();
    let first = trade("2025-10-31T13:54:00", "1", 58.5);
    let with_price = |price| Trade {
        price: Some(price),
        ..first.clone()
    };
    ingest(&bench, &[vec![first.clone()]]).unwrap();

    let report = ingest(&bench, &[vec![with_price(59.0)], vec![with_price(60.0)]]).unwrap();

    assert_eq!(day_rows(&bench, "2025-10-31"), rows(&[with_price(60.0)]));
    let ledger = read_ledger(bench.fs(), &bench.places, &request());
    let lines = ledger.unwrap().unwrap().lines;
    assert_eq!(lines.len(), 1);
    assert_eq!(
        lines[0].key, "2025-10-31T13:54:00 1 - 2025-10-31T14:09:00",
        "{lines:?}"
    );
    assert_eq!(
        (lines[0].old.as_f64(), lines[0].new.as_f64()),
        (Some(58.5), Some(60.0))
    );
    // The one between them was never stored.
    let [kept] = &report.kept[..] else {
        panic!("{:?}", report.kept)
    };
    let bytes = bench.read(kept.folder.join("trades.parquet"));
    assert_eq!(decoded(bytes), rows(&[with_price(59.0)]));
}

/// The predecessor's columns, its types, and a file that it appended three times.
#[test]
fn the_predecessors_trades_are_read_and_nothing_of_them_is_lost() {
    let mut trades = friday();
    trades.sort_by_key(|trade| trade.trade_time);
    let thrice = [trades.clone(), trades.clone(), trades.clone()].concat();
    let bare = Trade {
        source_name: None,
        tick_id: None,
        algo_indicator: None,
        price: Some(58.0),
        ..trades[0].clone()
    };

    assert_eq!(decoded(older_file(&thrice)), rows(&trades));
    // Columns without a type, and prices that are all whole numbers.
    assert_eq!(
        decoded(older_file(std::slice::from_ref(&bare))),
        rows(&[bare])
    );
}

#[test]
fn the_first_update_of_a_feed_takes_over_all_days_and_keeps_the_files_as_they_were() {
    let bench = TestWorkspace::on_disk();
    let (thursday, friday) = (thursday(), friday());
    let files = [
        (day_file("2025-10-30"), older_file(&thursday)),
        (day_file("2025-10-31"), older_file(&friday)),
    ];
    for (path, bytes) in &files {
        bench.write(path, bytes);
    }
    let newer = vec![trade("2025-11-03T09:00:00", "6", 60.0)];

    let report = ingest(&bench, std::slice::from_ref(&newer)).unwrap();

    assert_eq!(report.warnings, Vec::<String>::new());
    for (day, trades) in [
        ("2025-10-30", &thursday),
        ("2025-10-31", &friday),
        ("2025-11-03", &newer),
    ] {
        assert_eq!(day_rows(&bench, day), rows(trades), "{day}");
        assert!(
            !files
                .iter()
                .any(|(_, old)| *old == bench.read(day_file(day)))
        );
    }
    let kept: Vec<Vec<u8>> = report
        .kept
        .iter()
        .map(|kept| bench.read(kept.folder.join("trades.parquet")))
        .collect();
    assert_eq!(kept.len(), 2);
    assert!(files.iter().all(|(_, old)| kept.contains(old)));
    let before = bench.tree();
    let report = ingest(&bench, &[newer]).unwrap();
    assert!(report.kept.is_empty());
    assert_eq!(bench.files_in("data").len(), 3);
    assert!(
        before
            .iter()
            .all(|(path, bytes)| bench.read(path) == *bytes)
    );
}

#[test]
fn what_only_a_month_has_joins_the_days_and_the_month_stays() {
    let bench = TestWorkspace::on_disk();
    let (thursday, friday) = (thursday(), friday());
    let lost = trade("2025-10-29T09:00:00", "0", 56.0);
    let corrected = Trade {
        price: Some(57.25),
        ..thursday[0].clone()
    };
    let month = [vec![lost.clone()], thursday.clone(), friday.clone()].concat();
    bench.write(month_file("2025-10"), older_file(&month));
    // Of the days one is not there, one lacks a row and says something else of another, one is whole.
    bench.write(
        day_file("2025-10-30"),
        older_file(std::slice::from_ref(&corrected)),
    );
    bench.write(day_file("2025-10-31"), older_file(&friday));

    ingest(&bench, &[]).unwrap();

    assert_eq!(day_rows(&bench, "2025-10-29"), rows(&[lost]));
    let expected = rows(&[corrected, thursday[1].clone()]);
    assert_eq!(day_rows(&bench, "2025-10-30"), expected);
    assert_eq!(day_rows(&bench, "2025-10-31"), rows(&friday));
    assert_eq!(bench.read(month_file("2025-10")), older_file(&month));
    let older = OlderTrades::below(bench.fs(), &bench.places.data);
    let months = older.all_months(&"de:xetra".parse().unwrap()).unwrap();
    assert_eq!(months, [bench.path().join(month_file("2025-10"))]);
}

/// It named files by the day of their download: what was corrected in the morning lies in the next day's.
#[test]
fn rows_in_files_of_other_days_go_where_they_belong_and_days_without_a_file_begin() {
    let bench = TestWorkspace::on_disk();
    let (thursday, friday) = (thursday(), friday());
    let corrected = trade("2025-10-30T17:00:00", "late", 57.25);
    let first = trade("2025-10-29T09:00:00", "first", 56.0);
    let files = [
        (
            day_file("2025-10-30"),
            older_file(&[thursday.clone(), vec![first.clone()]].concat()),
        ),
        (
            day_file("2025-10-31"),
            older_file(&[friday.clone(), vec![corrected.clone()]].concat()),
        ),
    ];
    for (path, bytes) in &files {
        bench.write(path, bytes);
    }

    let report = ingest(&bench, &[]).unwrap();

    assert_eq!(report.warnings, Vec::<String>::new());
    assert_eq!(day_rows(&bench, "2025-10-29"), rows(&[first]));
    let whole = [thursday, vec![corrected]].concat();
    assert_eq!(day_rows(&bench, "2025-10-30"), rows(&whole));
    assert_eq!(day_rows(&bench, "2025-10-31"), rows(&friday));
    let kept = report.kept.iter();
    let kept: Vec<_> = kept
        .map(|kept| bench.read(kept.folder.join("trades.parquet")))
        .collect();
    assert!(files.iter().all(|(_, old)| kept.contains(old)));
    let before = bench.tree();
    assert!(ingest(&bench, &[]).unwrap().kept.is_empty());
    assert_eq!(bench.tree(), before);
}

#[test]
fn a_day_that_nobody_can_hold_is_told_and_the_others_are_taken_over() {
    let bench = TestWorkspace::on_disk();
    bench.write(day_file("2025-10-30"), older_file(&thursday()));
    // The rows of another day.
    bench.write(day_file("2025-10-31"), older_file(&thursday()));

    let report = ingest(&bench, &[]).unwrap();

    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert!(
        report.warnings[0].contains("2025-10-31"),
        "{:?}",
        report.warnings
    );
    assert_eq!(bench.read(day_file("2025-10-31")), older_file(&thursday()));
    assert_ne!(bench.read(day_file("2025-10-30")), older_file(&thursday()));
    // Once the file is mended, the next run goes on.
    bench.write(day_file("2025-10-31"), older_file(&friday()));
    assert_eq!(ingest(&bench, &[]).unwrap().kept.len(), 1);
    assert_eq!(day_rows(&bench, "2025-10-31"), rows(&friday()));
}

/// A further column, another row under a key, and an index that says something.
fn odd_files() -> Vec<Vec<u8>> {
    let corrected = Trade {
        price: Some(1.0),
        ..friday()[0].clone()
    };
    let contradicted = [friday(), vec![corrected]].concat();
    let with_column = |name: &str, cell: &str| {
        let table = older_table(&friday());
        let (names, lines) = table.split_once('\n').unwrap();
        let lines: Vec<String> = lines.lines().map(|line| format!("{line};{cell}")).collect();
        named_parquet::of(&format!("{names};{name}\n{}", lines.join("\n")))
    };
    vec![
        older_file(&contradicted),
        with_column("note text", "mine"),
        with_column("index text", "mine"),
    ]
}

/// A way by which a day of trades is written over an older file.
type Writer<'w> = &'w dyn Fn(&TestWorkspace, &[u8]) -> RunReport;

#[test]
fn no_writer_of_trades_loses_a_value_that_a_new_file_cannot_hold() {
    let newer = trade("2025-10-31T17:00:00", "9", 61.0);
    let take_over = |bench: &TestWorkspace, odd: &[u8]| {
        bench.write(day_file("2025-10-31"), odd);
        ingest(bench, &[]).unwrap()
    };
    let merge = |bench: &TestWorkspace, odd: &[u8]| {
        // Nobody looks at the whole tree again.
        ingest(bench, &[]).unwrap();
        bench.write(day_file("2025-10-31"), odd);
        ingest(bench, &[vec![newer.clone()]]).unwrap()
    };
    let both = |bench: &TestWorkspace, odd: &[u8]| {
        bench.write(day_file("2025-10-31"), odd);
        ingest(bench, &[vec![newer.clone()]]).unwrap()
    };
    let writers: [Writer<'_>; 3] = [&take_over, &merge, &both];
    for (at, odd) in odd_files().iter().enumerate() {
        for (writer, write) in writers.iter().enumerate() {
            let bench = TestWorkspace::on_disk();

            let report = write(&bench, odd);

            let is_there = bench.tree().values().any(|bytes| bytes == odd);
            assert!(is_there, "file {at}, writer {writer}: {report:?}");
            let is_told = !(report.kept.is_empty() && report.warnings.is_empty());
            assert!(is_told, "file {at}, writer {writer}: {report:?}");
        }
    }
}
