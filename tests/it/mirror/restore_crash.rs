//! Crashes while rows are put back: a series, of trades a day, has all of them or none, and what lay in their place is in
//! quarantine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::cli::Exit;
use barkeep::sys::Fs;

use super::trades::{FRIDAY, THURSDAY, friday, stored_on, thursday};
use crate::support::barkeep::{demo_disk, run_on, run_through};
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::trades::day_file;

const MIRROR: [&str; 7] = ["-C", "/ws", "mirror", "--venue", "us:demo", "-i", "1d"];
const MIRROR_OF_TRADES: [&str; 6] = ["-C", "/ws", "mirror", "--venue", "de:xetra", "--trades"];
const REPAIR: [&str; 5] = ["-C", "/ws", "check", "--repair", "--yes"];
const CLEANUP: [&str; 3] = ["-C", "/ws", "cleanup"];
const NOVEMBER: &str = "ws/data/us/demo/stocks_1d/ticker=A/year=2025/month=11/data.parquet";
const LOST: &str = "ws/data/us/demo/stocks_1d/ticker=B/year=2025/month=11/data.parquet";

/// A workspace whose mirror has two files that the tree has not: one is damaged, and one is gone.
struct Lossy {
    disk: SimFs,
    damaged: PathBuf,
    bytes: Vec<u8>,
}

impl Lossy {
    fn of(disk: &SimFs, damaged: PathBuf, lost: &Path) -> Self {
        let disk = disk.again();
        let mut bytes = disk.snapshot()[&damaged].clone();
        bytes[40] ^= 1;
        disk.plant(&format!("/{}", damaged.display()), &bytes);
        disk.remove_file(&Path::new("/").join(lost)).unwrap();
        Self {
            disk: disk.again(),
            damaged,
            bytes,
        }
    }

    fn of_bars() -> Self {
        let disk = demo_disk(&["A", "B"], ("2025-11-03", "2025-11-05"));
        assert_eq!(run_on(&disk, &MIRROR), Exit::Ok);
        Self::of(&disk, NOVEMBER.into(), LOST.as_ref())
    }

    fn of_trades() -> Self {
        let disk = SimFs::new();
        stored_on(&disk, &[thursday(), friday()]);
        assert_eq!(run_on(&disk, &MIRROR_OF_TRADES), Exit::Ok);
        let at = |day| Path::new("ws").join(day_file(day));
        Self::of(&disk, at(FRIDAY), &at(THURSDAY))
    }
}

fn data(disk: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = disk.snapshot();
    files.retain(|path, _| path.starts_with("ws/data"));
    files
}

fn swept(lossy: &Lossy, leave_out: fn(&Op<'_>) -> bool, depth: usize) -> SweepReport {
    let initial = &lossy.disk;
    let damaged = &lossy.bytes;
    let before = data(initial);
    let done = initial.again();
    assert_eq!(run_on(&done, &REPAIR), Exit::Ok);
    let after = data(&done);
    assert_eq!(after.len(), before.len() + 1);
    let door =
        |fs: &SimFs| -> Arc<dyn Fs> { Arc::new(MutantFs::new(Arc::new(fs.clone()), leave_out)) };
    let judge = |disk: &SimFs, is_acked: bool| {
        let found = data(disk);
        let files = disk.snapshot();
        let mut others = files.iter();
        let is_kept =
            others.any(|(path, bytes)| path.starts_with("ws/quarantine") && bytes == damaged);
        let is_there = found.get(&lossy.damaged) == Some(damaged);
        if !is_kept && !is_there {
            return Err("the damaged file is lost".to_owned());
        }
        if found == after {
            let mut ledger = files
                .iter()
                .filter(|(path, _)| path.starts_with("ws/state/ledger"));
            let is_told =
                ledger.any(|(_, bytes)| String::from_utf8_lossy(bytes).contains("\"damaged\""));
            return if is_told {
                Ok(())
            } else {
                Err("no ledger tells it".to_owned())
            };
        }
        // A disk that does not answer for one series costs that one: each of the two has all of its rows or none.
        let mut paths = before.keys().chain(after.keys());
        let is_whole = paths.all(|path| {
            let now = found.get(path);
            now == before.get(path) || now == after.get(path) || (now.is_none() && is_kept)
        });
        match (is_whole, is_acked) {
            (true, false) => Ok(()),
            (true, true) => Err("rows that were said to be back are not".to_owned()),
            (false, _) => Err("a part of the rows is there".to_owned()),
        }
    };
    let repeated = |disk: &SimFs| {
        let again = disk.again();
        let exit = run_on(&again, &REPAIR);
        if exit == Exit::Ok && data(&again) == after {
            Ok(())
        } else {
            Err(format!("another repair ends with {exit:?}"))
        }
    };
    sweep(
        "putting back",
        initial,
        &|fs| Ok(run_through(fs, door(fs), &REPAIR) == Exit::Ok),
        &|fs| {
            let exit = run_through(fs, door(fs), &CLEANUP);
            (exit == Exit::Ok)
                .then_some(())
                .ok_or_else(|| format!("cleanup ends with {exit:?}"))
        },
        &|fs, is_acked| {
            judge(fs, is_acked)?;
            if depth == 0 || data(fs) == after {
                Ok(())
            } else {
                repeated(fs)
            }
        },
        depth,
    )
}

#[test]
fn crash_while_rows_are_put_back() {
    let report = swept(&Lossy::of_bars(), |_| false, 1);

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn crash_while_days_of_trades_are_put_back() {
    let report = swept(&Lossy::of_trades(), |_| false, 1);

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

/// What the run before had done was told as changed meanwhile, which is no success.
#[test]
fn crash_of_a_repair_is_ended_by_the_next_one_which_says_so() {
    for lossy in [Lossy::of_bars(), Lossy::of_trades()] {
        let done = lossy.disk.again();
        assert_eq!(run_on(&done, &REPAIR), Exit::Ok);
        let after = data(&done);
        let report = sweep(
            "putting back again",
            &lossy.disk,
            &|fs| Ok(run_on(fs, &REPAIR) == Exit::Ok),
            &|fs| match run_on(fs, &REPAIR) {
                Exit::Ok => Ok(()),
                exit => Err(format!("another repair ends with {exit:?}")),
            },
            &|fs, _| {
                let is_whole = data(fs) == after;
                is_whole
                    .then_some(())
                    .ok_or_else(|| "rows are not back".to_owned())
            },
            0,
        );

        report.print();
        report.assert_clean();
        assert!(report.total() > 20, "{report}");
    }
}

/// Each of these steps is needed.
#[test]
fn crash_a_step_of_putting_back_that_is_left_out_is_noticed() {
    type Mutant = (&'static str, fn(&Op<'_>) -> bool);
    let mutants: [Mutant; 3] = [
        (
            "a new file does not get to its place",
            |op| matches!(op, Op::Rename { to, .. } if to.starts_with("/ws/data")),
        ),
        (
            "the damaged file is not durable where it is kept",
            |op| matches!(op, Op::SyncFile(path) | Op::SyncDir(path) if path.starts_with("/ws/quarantine")),
        ),
        (
            "the journal is not durable",
            |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains(".journal.tmp")),
        ),
    ];
    for lossy in [Lossy::of_bars(), Lossy::of_trades()] {
        for (name, leave_out) in mutants {
            let report = swept(&lossy, leave_out, 0);
            assert!(!report.violations.is_empty(), "not caught: {name}");
        }
    }
}
