//! Crashes of a repair: either all rows of a series are there, or they are out, in quarantine and in the ledger.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::cli::Exit;
use barkeep::sys::Fs;

use super::{SATURDAYS, SETTINGS, csv};
use crate::support::barkeep::{run_on, run_through};
use crate::support::sim::{MutantFs, Op, Recover, SimFs, SweepReport, sweep};

const REPAIR: [&str; 5] = ["-C", "/ws", "check", "--repair", "--yes"];
const CLEANUP: [&str; 3] = ["-C", "/ws", "cleanup"];

fn below(disk: &SimFs, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = disk.snapshot().into_iter();
    let files = files.map(|(path, bytes)| (Path::new("/").join(path), bytes));
    files.filter(|(path, _)| path.starts_with(folder)).collect()
}

/// A workspace with two Saturdays, one of which is all that its month has.
fn stored(layout: &[&str]) -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/barkeep.toml", SETTINGS.as_bytes());
    disk.plant("/ws/in/A.csv", csv(&SATURDAYS).as_bytes());
    let init = [&["-C", "/ws", "init", "--ticker", "A"], layout].concat();
    assert_eq!(run_on(&disk, &init), Exit::Ok);
    let disk = disk.again();
    assert_eq!(run_on(&disk, &["-C", "/ws", "update"]), Exit::Ok);
    disk.plant("/ws/in/A.csv", csv(&[]).as_bytes());
    disk.again()
}

/// What is stored before and after an undisturbed repair.
struct Sides {
    before: BTreeMap<PathBuf, Vec<u8>>,
    after: BTreeMap<PathBuf, Vec<u8>>,
}

impl Sides {
    fn of(initial: &SimFs) -> Self {
        let done = initial.again();
        assert_eq!(run_on(&done, &REPAIR), Exit::Ok);
        let sides = Self {
            before: data(initial),
            after: data(&done),
        };
        assert_ne!(sides.before, sides.after);
        sides
    }

    /// Judges a disk on which nothing is interrupted any more.
    fn judge(&self, disk: &SimFs, is_acked: bool) -> Result<(), String> {
        let found = data(disk);
        if found == self.before {
            return if is_acked {
                Err("rows that were said to be out are there".to_owned())
            } else {
                Ok(())
            };
        }
        for (path, bytes) in &found {
            // A month may have its file without rows still, which the next repair takes away.
            let is_known = self.after.get(path) == Some(bytes) || !self.after.contains_key(path);
            if !is_known
                || self.before.get(path) == Some(bytes) && self.after.get(path) != Some(bytes)
            {
                return Err(format!(
                    "{} is neither as before nor as after",
                    path.display()
                ));
            }
        }
        if !self.after.keys().all(|path| found.contains_key(path)) {
            return Err("a file is lost".to_owned());
        }
        let kept: Vec<Vec<u8>> = below(disk, "/ws/quarantine").into_values().collect();
        for (path, bytes) in &self.before {
            if self.after.get(path) != Some(bytes) && !kept.contains(bytes) {
                return Err(format!("what {} was is not in quarantine", path.display()));
            }
        }
        let ledger = below(disk, "/ws/state/ledger");
        let text: String = ledger
            .values()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect();
        let is_told = |day: &&str| text.contains(*day) && text.contains("taken out");
        match SATURDAYS.iter().find(|day| !is_told(day)) {
            Some(day) => Err(format!("the ledger does not have the row of {day}")),
            None => Ok(()),
        }
    }

    /// Judges a disk, and what another repair makes of it.
    fn judge_and_repeat(&self, disk: &SimFs, is_acked: bool) -> Result<(), String> {
        self.judge(disk, is_acked)?;
        if data(disk) == self.after {
            return Ok(());
        }
        let again = disk.again();
        let exit = run_on(&again, &REPAIR);
        if exit != Exit::Ok || data(&again) != self.after {
            return Err(format!("another repair ends with {exit:?}"));
        }
        self.judge(&again, true)
    }
}

fn data(disk: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = below(disk, "/ws/data");
    files.extend(below(disk, "/ws/stocks_1d"));
    files
}

fn swept(layout: &[&str], leave_out: fn(&Op<'_>) -> bool, depth: usize) -> SweepReport {
    let initial = stored(layout);
    let sides = Sides::of(&initial);
    let door =
        |fs: &SimFs| -> Arc<dyn Fs> { Arc::new(MutantFs::new(Arc::new(fs.clone()), leave_out)) };
    let recover: &Recover<'_> = &|fs| {
        let exit = run_through(fs, door(fs), &CLEANUP);
        (exit == Exit::Ok)
            .then_some(())
            .ok_or_else(|| format!("cleanup ends with {exit:?}"))
    };
    sweep(
        "a repair",
        &initial,
        &|fs| Ok(run_through(fs, door(fs), &REPAIR) == Exit::Ok),
        recover,
        &|fs, is_acked| {
            if depth == 0 {
                sides.judge(fs, is_acked)
            } else {
                sides.judge_and_repeat(fs, is_acked)
            }
        },
        depth,
    )
}

#[test]
fn rows_are_all_there_or_all_out_and_kept_wherever_a_repair_crashes() {
    for layout in [&[][..], &["--partitioned"][..]] {
        let report = swept(layout, |_| false, 1);

        report.print();
        report.assert_clean();
        assert!(report.total() > 100, "{report}");
    }
}

/// What the run before had taken out was told as changed meanwhile, which is no success.
#[test]
fn a_repair_that_crashed_is_ended_by_the_next_one_which_says_so() {
    let initial = stored(&["--partitioned"]);
    let sides = Sides::of(&initial);
    let again: &Recover<'_> = &|fs| match run_on(fs, &REPAIR) {
        Exit::Ok => Ok(()),
        exit => Err(format!("another repair ends with {exit:?}")),
    };

    let report = sweep(
        "a repair again",
        &initial,
        &|fs| Ok(run_on(fs, &REPAIR) == Exit::Ok),
        again,
        &|fs, _| sides.judge(fs, true),
        0,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 20, "{report}");
}

/// Each of these steps is needed.
#[test]
fn every_left_out_step_of_a_repair_is_caught() {
    type Mutant = (&'static str, fn(&Op<'_>) -> bool);
    let mutants: [Mutant; 3] = [
        (
            "the removal line does not get to its place",
            |op| matches!(op, Op::Rename { to, .. } if to.starts_with("/ws/state/ledger")),
        ),
        (
            "the kept file is not durable",
            |op| matches!(op, Op::SyncFile(path) | Op::SyncDir(path) if path.starts_with("/ws/quarantine")),
        ),
        (
            "the journal is not durable",
            |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains(".journal.tmp")),
        ),
    ];
    for (name, leave_out) in mutants {
        let report = swept(&["--partitioned"], leave_out, 0);
        assert!(!report.violations.is_empty(), "not caught: {name}");
    }
}
