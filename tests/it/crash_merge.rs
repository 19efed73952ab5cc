//! Merging the files of a ledger under every crash: each line is read once, and records are what they were.

use std::sync::Arc;

use barkeep::ledger::{
    Line, Log, SeriesRecord, is_merge_due, is_sum_due, merge_files, read_records, sum_up,
};
use barkeep::lock::LockGuard;
use barkeep::model::{RunId, StorageRequest, Venue};
use barkeep::storage::Replaced;
use barkeep::sys::atomic::TempNames;
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::series::Shape::{Events, LegacyBars, PartitionedBars};
use crate::support::series::{provenance, rows};
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::{TestWorkspace, held};

/// How many groups have a file of their own before some become one.
const MOST: usize = 3;

fn venue() -> Venue {
    PartitionedBars.request().venue.unwrap()
}

fn at(group: u32) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(group.into())
}

/// Commits groups of several series, of which some begin, grow and are corrected.
fn grow(bench: &TestWorkspace, held: &LockGuard<'_>, groups: std::ops::Range<u32>) {
    for group in groups {
        let shape = [PartitionedBars, Events, PartitionedBars, LegacyBars][group as usize % 4];
        let name = match shape {
            LegacyBars => "L",
            _ => ["A", "B", "C"][group as usize % 3],
        };
        let request = shape.request_of(name);
        let day = format!("2024-{:02}-{:02}", 1 + group % 5, 1 + group % 7);
        let newer = rows(&request, &[&day], f64::from(group));
        let stores = bench.stores();
        let prepared = shape
            .store(&stores)
            .prepare(&request, &newer, &provenance());
        bench
            .commit_at(held, &prepared.unwrap(), Replaced::Noted, at(group))
            .unwrap();
    }
}

fn merge(bench: &TestWorkspace, held: &LockGuard<'_>, group: u32) -> Result<(), String> {
    let temps = TempNames::of(RunId::new(at(group), bench.around.nonce(), 1));
    merge_files(bench.fs(), held, &bench.places, &venue(), &temps, MOST)
        .map_err(|error| error.to_string())
}

fn sum(bench: &TestWorkspace, held: &LockGuard<'_>, group: u32) -> Result<(), String> {
    let temps = TempNames::of(RunId::new(at(group), bench.around.nonce(), 1));
    sum_up(bench.fs(), held, &bench.places, &venue(), &temps).map_err(|error| error.to_string())
}

fn lines(bench: &TestWorkspace) -> Vec<(DateTime<Utc>, Line)> {
    let mut lines = Vec::new();
    let mut log = Log::read(bench.fs(), &bench.places, &venue()).unwrap();
    log.for_each(|group, line| lines.push((group.at, line)));
    assert!(log.damaged.is_empty(), "{:?}", log.damaged);
    lines
}

fn records(bench: &TestWorkspace) -> Vec<(StorageRequest, SeriesRecord)> {
    let records = read_records(bench.fs(), &bench.places, &venue()).unwrap();
    assert!(records.damaged.is_empty(), "{:?}", records.damaged);
    assert_eq!(records.begun, Some(at(0)));
    records.series.into_iter().collect()
}

fn names(bench: &TestWorkspace) -> Vec<String> {
    let entries = bench.fs().list(&bench.places.ledger(&venue())).unwrap();
    let names = entries.unwrap().into_iter().map(|entry| entry.name);
    let mut names: Vec<String> = names.filter(|name| name != "records.jsonl").collect();
    names.sort();
    names
}

/// The same records without what was summed up of them.
fn records_from_scratch(bench: &TestWorkspace) -> Vec<(StorageRequest, SeriesRecord)> {
    let base = bench.places.ledger(&venue()).join("records.jsonl");
    let kept = bench.fs().read(&base).unwrap();
    bench.fs().remove_file(&base).unwrap();
    let records = records(bench);
    if let Some(bytes) = kept {
        bench.write(&base, &bytes);
    }
    records
}

#[test]
fn many_files_become_few_and_say_the_same() {
    let (bench, held) = (TestWorkspace::on_disk(), held());
    let plain = TestWorkspace::on_disk();
    let mut rewritten = 0;
    let size = |name: &String| {
        let path = bench.places.ledger(&venue()).join(name);
        bench
            .fs()
            .metadata(&path)
            .unwrap()
            .map_or(0, |meta| meta.len)
    };

    for group in 0..60 {
        grow(&bench, &held, group..group + 1);
        grow(&plain, &held, group..group + 1);
        let before: Vec<(String, u64)> = names(&bench)
            .into_iter()
            .map(|name| (name.clone(), size(&name)))
            .collect();
        if is_merge_due(bench.fs(), &bench.places, &venue(), MOST).unwrap() {
            merge(&bench, &held, group).unwrap();
            let after = names(&bench);
            let gone = before.iter().filter(|(name, _)| !after.contains(name));
            rewritten += gone.map(|(_, bytes)| bytes).sum::<u64>();
        }
        assert_eq!(lines(&bench), lines(&plain), "group {group}");
        assert_eq!(records(&bench), records(&plain), "group {group}");
        assert_eq!(
            records(&bench),
            records_from_scratch(&bench),
            "group {group}"
        );
    }

    assert!(!records(&bench).is_empty());
    assert!(names(&bench).len() <= 10, "{:?}", names(&bench));
    // Each byte as often as its file doubled: fifteen merges of all would make it eight times.
    let total: u64 = names(&bench).iter().map(size).sum();
    assert!(
        (total / 2..=total * 4).contains(&rewritten),
        "{rewritten} of {total}"
    );
}

#[test]
fn what_is_summed_up_is_not_read_again() {
    let (bench, held) = (TestWorkspace::on_disk(), held());
    grow(&bench, &held, 0..20);
    merge(&bench, &held, 20).unwrap();
    grow(&bench, &held, 20..22);
    let expected = records(&bench);

    let merged = bench.places.ledger(&venue()).join(&names(&bench)[0]);
    bench.write(&merged, b"{\"form\":1");

    assert_eq!(records(&bench), expected);
}

/// As after a backup of which some files are older than others: what comes before the sum would be counted twice.
#[test]
fn a_sum_that_ends_in_the_middle_of_a_file_is_not_believed() {
    let (bench, held) = (TestWorkspace::on_disk(), held());
    let base = bench.places.ledger(&venue()).join("records.jsonl");
    grow(&bench, &held, 0..20);
    merge(&bench, &held, 20).unwrap();
    grow(&bench, &held, 20..24);
    merge(&bench, &held, 24).unwrap();
    let older = bench.read(&base);
    grow(&bench, &held, 24..28);
    merge(&bench, &held, 28).unwrap();
    let expected = records(&bench);
    assert_eq!(
        names(&bench),
        ["00000001-00000020.jsonl", "00000021-00000028.jsonl"]
    );

    bench.write(&base, &older);

    assert_eq!(records(&bench), expected);
}

#[test]
fn a_damaged_file_is_neither_merged_nor_removed() {
    let (bench, held) = (TestWorkspace::on_disk(), held());
    grow(&bench, &held, 0..9);
    let third = names(&bench)[2].clone();
    let path = bench.places.ledger(&venue()).join(&third);
    bench.write(&path, b"{\"form\":1");

    merge(&bench, &held, 9).unwrap();

    let left = names(&bench);
    assert!(left.contains(&third), "{left:?}");
    assert_eq!(left.len(), 4, "{left:?}");
    let log = Log::read(bench.fs(), &bench.places, &venue()).unwrap();
    assert_eq!(log.damaged.len(), 1);
}

/// A program that synchronises folders, or a backup, may bring files back that were merged.
#[test]
fn files_that_come_back_are_not_read_twice_and_go_with_the_next_merge() {
    let (bench, held) = (TestWorkspace::on_disk(), held());
    grow(&bench, &held, 0..5);
    let path = bench.places.ledger(&venue()).join(&names(&bench)[1]);
    let bytes = bench.read(&path);
    let expected = lines(&bench);
    merge(&bench, &held, 5).unwrap();

    bench.write(&path, &bytes);

    assert_eq!(lines(&bench), expected);
    assert!(is_merge_due(bench.fs(), &bench.places, &venue(), MOST).unwrap());
    merge(&bench, &held, 6).unwrap();
    assert_eq!(names(&bench).len(), 1, "{:?}", names(&bench));
    assert_eq!(lines(&bench), expected);
}

fn sweep_merge(name: &str, leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let held = held();
    let made = SimFs::new();
    made.plant("/ws/tickers.json", b"{}");
    let bench = TestWorkspace::simulated(&made);
    grow(&bench, &held, 0..6);
    merge(&bench, &held, 6).unwrap();
    grow(&bench, &held, 6..12);
    let disk = SimFs::new();
    for (path, bytes) in made.snapshot() {
        disk.plant(&format!("/{}", path.display()), &bytes);
    }
    let (expected, known) = (lines(&bench), records(&bench));
    let mutant = |fs: &SimFs| {
        let door = MutantFs::new(Arc::new(fs.clone()), leave_out);
        TestWorkspace::behind(fs, Arc::new(door))
    };
    let report = sweep(
        name,
        &disk,
        &|fs| merge(&mutant(fs), &held, 12).map(|()| true),
        &|fs| merge(&mutant(fs), &held, 13),
        &|fs, is_acked| {
            let bench = TestWorkspace::simulated(fs);
            let mut log = Log::read(bench.fs(), &bench.places, &venue())
                .map_err(|error| error.to_string())?;
            let mut found = Vec::new();
            log.for_each(|group, line| found.push((group.at, line)));
            if found != expected || !log.damaged.is_empty() {
                return Err(format!("{} of {} lines", found.len(), expected.len()));
            }
            let records = read_records(bench.fs(), &bench.places, &venue())
                .map_err(|error| error.to_string())?;
            if !records.series.into_iter().eq(known.iter().cloned()) {
                return Err("the records are others".to_owned());
            }
            if is_acked && names(&bench).len() != 1 {
                return Err(format!("it said it was done: {:?}", names(&bench)));
            }
            Ok(())
        },
        2,
    );
    report.print();
    report
}

#[test]
fn every_line_is_read_once_after_any_crash() {
    let report = sweep_merge("merge", |_| false);

    report.assert_clean();
    assert!(report.total() >= 200, "{report}");
}

#[test]
fn a_merged_file_that_is_not_durable_before_others_go_is_caught() {
    let leave_out: [fn(&Op<'_>) -> bool; 2] = [
        |op| matches!(op, Op::SyncFile(path) if path.starts_with("/ws/state/ledger")),
        |op| matches!(op, Op::SyncDir(path) if path.starts_with("/ws/state/ledger")),
    ];
    for leave_out in leave_out {
        sweep_merge("not durable", leave_out).assert_caught();
    }
}

/// Reading all records must not cost what was ever written: a first import of decades is one long file.
#[test]
fn a_ledger_is_summed_up_when_what_was_not_is_long() {
    let (bench, held) = (TestWorkspace::on_disk(), held());
    let is_due = || is_sum_due(bench.fs(), &bench.places, &venue()).unwrap();
    let mut groups = 0;
    while !is_due() {
        grow(&bench, &held, groups..groups + 1);
        groups += 1;
    }
    assert!(groups > 9, "{groups}");
    let expected = records_from_scratch(&bench);

    sum(&bench, &held, groups).unwrap();

    assert!(!is_due());
    assert_eq!(records(&bench), expected);
    assert_eq!(records_from_scratch(&bench), expected);
    // What is not believed spares nobody anything.
    let path = bench.places.ledger(&venue()).join("records.jsonl");
    let text = String::from_utf8(bench.read(&path)).unwrap();
    let through = format!("\"through\":{groups}");
    assert!(text.contains(&through), "{text}");
    bench.write(
        &path,
        text.replace(&through, "\"through\":999999").as_bytes(),
    );
    assert!(is_due());
}

#[test]
fn a_ledger_that_is_summed_up_says_the_same_after_any_power_cut() {
    let held = held();
    let made = SimFs::new();
    made.plant("/ws/tickers.json", b"{}");
    let bench = TestWorkspace::simulated(&made);
    grow(&bench, &held, 0..4);
    sum(&bench, &held, 4).unwrap();
    grow(&bench, &held, 4..8);
    let disk = SimFs::new();
    for (path, bytes) in made.snapshot() {
        disk.plant(&format!("/{}", path.display()), &bytes);
    }
    let expected = records(&bench);

    let report = sweep(
        "a sum",
        &disk,
        &|fs| sum(&TestWorkspace::simulated(fs), &held, 8).map(|()| true),
        &|fs| sum(&TestWorkspace::simulated(fs), &held, 9),
        &|fs, _| {
            let found = records(&TestWorkspace::simulated(fs));
            let is_same = found == expected;
            is_same.then_some(()).ok_or_else(|| format!("{found:?}"))
        },
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() >= 20, "{report}");
}
