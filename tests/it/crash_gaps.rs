//! Crash tests of what is remembered of gaps: the old or the new after every crash, and never a session that passes for had.

use std::path::Path;
use std::sync::Arc;

use barkeep::cli::Exit;
use barkeep::gaps::{GapBook, Noted, SeriesGaps};
use barkeep::model::{Interval, RunId, Ticker, Venue};
use barkeep::sys::atomic::TempNames;
use chrono::{DateTime, Days, NaiveDate};

use crate::support::barkeep::run_on;
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::{TestWorkspace, held};

fn venue() -> Venue {
    "us:files".parse().unwrap()
}

fn ticker(at: u64) -> Ticker {
    format!("T{at}").parse().unwrap()
}

fn told(days: u64) -> SeriesGaps {
    let first = NaiveDate::from_ymd_opt(2025, 11, 3).unwrap();
    let last = first.checked_add_days(Days::new(days)).unwrap();
    let mut gaps = SeriesGaps::default();
    gaps.note(first, last, Noted::Told);
    gaps
}

fn read(bench: &TestWorkspace) -> Result<GapBook, String> {
    let book = GapBook::read(bench.fs(), &bench.places, &venue(), Interval::D1);
    book.map_err(|error| error.to_string())
}

/// Remembers that tickers reach so far; true when that is written.
fn remember(bench: &TestWorkspace, tickers: u64, days: u64) -> Result<bool, String> {
    let mut book = read(bench)?;
    for at in 0..tickers {
        book.put(&ticker(at), &told(days));
    }
    let temps = TempNames::of(RunId::new(DateTime::UNIX_EPOCH, 1, 1));
    let of = (&venue(), Interval::D1);
    let written = book.write(bench.fs(), &held(), &bench.places, &temps, of);
    Ok(written.is_ok())
}

/// Writes of so many of ten tickers after each other, of which the last is crashed.
fn sweep_writes(name: &str, writes: &'static [u64], leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let initial = SimFs::new();
    initial.plant("/ws/tickers.json", b"{}");
    let (last, earlier) = writes.split_last().unwrap();
    for (at, tickers) in (1..).zip(earlier) {
        assert_eq!(
            remember(&TestWorkspace::simulated(&initial), *tickers, at),
            Ok(true)
        );
    }
    let initial = initial.again();
    let before = read(&TestWorkspace::simulated(&initial))
        .unwrap()
        .of(&ticker(0));
    let days = u64::try_from(writes.len()).unwrap();
    let report = sweep(
        name,
        &initial,
        &|disk| {
            let door = MutantFs::new(Arc::new(disk.clone()), leave_out);
            remember(&TestWorkspace::behind(disk, Arc::new(door)), *last, days)
        },
        // The next run removes what an earlier one left.
        &|_disk| Ok(()),
        &|disk, is_acked| {
            let book = read(&TestWorkspace::simulated(disk))?;
            if !book.damaged().is_empty() {
                return Err(format!("{:?} is damaged", book.damaged()));
            }
            let found = book.of(&ticker(0));
            let is_new = found == told(days);
            if is_new || (found == before && !is_acked) {
                Ok(())
            } else {
                Err(format!("acked {is_acked}: {found}"))
            }
        },
        1,
    );
    report.print();
    report
}

#[test]
fn what_is_remembered_is_the_old_or_the_new_after_every_crash() {
    // The first file, one of news, and one that takes the place of all.
    for (name, writes) in [
        ("first", &[10_u64][..]),
        ("news", &[10, 1]),
        ("whole", &[10, 1, 1, 10]),
    ] {
        let report = sweep_writes(name, writes, |_| false);

        report.assert_clean();
        assert!(report.total() > 20, "{report}");
    }
}

#[test]
fn a_file_of_gaps_that_is_not_synced_is_caught() {
    let no_file_sync = sweep_writes("no sync of the file", &[10, 10], |op| {
        matches!(op, Op::SyncFile(_))
    });
    let no_dir_sync = sweep_writes("no sync of the folders", &[10, 10], |op| {
        matches!(op, Op::SyncDir(_))
    });

    no_file_sync.assert_caught();
    no_dir_sync.assert_caught();
}

const UPDATE: [&str; 3] = ["-C", "/ws", "update"];

/// Rows of a week without its Wednesday: when they can be read, it is known that there was no trade.
#[test]
fn a_session_without_a_bar_is_remembered_before_the_rows_around_it_are_committed() {
    let initial = SimFs::new();
    let settings = b"[sources.\"us:files\"]\nkind = \"files\"\npath = \"in\"\ntimezone = \"America/New_York\"\n";
    initial.plant("/ws/barkeep.toml", settings);
    let days = ["2025-11-17", "2025-11-18", "2025-11-20", "2025-11-21"];
    let row = |day: &&str| format!("{day},1,1,1,1,1\n");
    let rows: String = days.iter().map(row).collect();
    let csv = format!("date,open,high,low,close,volume\n{rows}");
    initial.plant("/ws/in/T0.csv", csv.as_bytes());
    let init = [
        "-C",
        "/ws",
        "init",
        "--venue",
        "us:files",
        "--partitioned",
        "--ticker",
        "T0",
    ];
    assert_eq!(run_on(&initial, &init), Exit::Ok);
    let initial = initial.again();
    let wednesday = "2025-11-19".parse().unwrap();
    let month = Path::new("/ws/data/us/files/stocks_1d/ticker=T0/year=2025/month=11/data.parquet");

    let report = sweep(
        "update with a gap",
        &initial,
        &|disk| Ok(run_on(disk, &UPDATE) == Exit::Ok),
        &|_disk| Ok(()),
        &|disk, is_acked| {
            let bench = TestWorkspace::simulated(disk);
            let noted = read(&bench)?.of(&ticker(0)).of(wednesday);
            let has_rows = bench
                .fs()
                .metadata(month)
                .map_err(|error| error.to_string())?
                .is_some();
            match noted {
                Some(Noted::NoTrades) => Ok(()),
                None if !has_rows && !is_acked => Ok(()),
                other => Err(format!("rows {has_rows}, acked {is_acked}: {other:?}")),
            }
        },
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}
