//! Crash tests of the run lock: whatever became of one run, the next takes the lock, once, and knows of it.

use std::path::Path;
use std::sync::Arc;

use barkeep::lock::{GlobalRunLock, LockError, LockGuard, NetworkDisks};
use barkeep::sys::{FixedClock, Fs, Shutdown};
use chrono::DateTime;

use crate::support::host::ScriptedHost;
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};

const STRANGERS_DIR: &str = "/w/.run_lock.stale-of-a-stranger";
const STRANGERS: &str = "/w/.run_lock.stale-of-a-stranger/notes";

struct Machine {
    host: ScriptedHost,
    clock: FixedClock,
    stop: Shutdown,
}

impl Machine {
    fn new() -> Self {
        Self {
            host: ScriptedHost::named("nas-2", 1_000),
            clock: FixedClock(DateTime::from_timestamp(1_767_319_207, 0).unwrap()),
            stop: Shutdown::default(),
        }
    }

    fn lock<'w>(&'w self, fs: &'w dyn Fs) -> GlobalRunLock<'w> {
        GlobalRunLock {
            fs,
            clock: &self.clock,
            host: &self.host,
            stop: &self.stop,
            workspace: Path::new("/w"),
            network: NetworkDisks::Refused,
        }
    }

    fn acquire<'w>(&'w self, fs: &'w dyn Fs) -> Result<LockGuard<'w>, LockError> {
        self.lock(fs).acquire("update")
    }
}

fn workspace() -> SimFs {
    let fs = SimFs::new();
    fs.plant("/w/tickers.json", b"{}");
    fs.plant(STRANGERS, b"not ours");
    fs
}

/// A workspace whose last run was killed.
fn workspace_of_a_dead_run() -> SimFs {
    let machine = Machine::new();
    let fs = workspace();
    machine.acquire(&fs).unwrap().abandon();
    let fs = fs.again();
    fs.mark("working");
    fs
}

/// Takes the lock, works, releases it. The marks are what a person would know of it.
fn work(machine: &Machine, fs: &dyn Fs, told: &SimFs) -> Result<bool, String> {
    let guard = machine.acquire(fs).map_err(|error| error.to_string())?;
    sweep_if_owed(&guard, told)?;
    told.mark("working");
    if let Err(error) = guard.confirm() {
        guard.abandon();
        return Err(error.to_string());
    }
    told.mark("done");
    guard.release().map_err(|error| error.to_string())?;
    Ok(true)
}

/// A run that ended in the middle of its work must be known to whoever takes the lock next.
fn sweep_if_owed(guard: &LockGuard<'_>, told: &SimFs) -> Result<(), String> {
    let marks = told.marks();
    let is_unswept = marks.last().is_some_and(|mark| mark == "working");
    if is_unswept && guard.took_over().is_none() {
        return Err("nobody knows that a run ended in the middle".to_owned());
    }
    if is_unswept {
        told.mark("swept");
    }
    Ok(())
}

fn break_lock(machine: &Machine, fs: &dyn Fs) -> Result<(), String> {
    let refused = match machine.acquire(fs) {
        Ok(_guard) => return Err("a live lock was taken".to_owned()),
        Err(error) => error,
    };
    let key = refused.key().ok_or_else(|| refused.to_string())?;
    let broken = machine.lock(fs).break_lock(key);
    broken.map(|_owner| ()).map_err(|error| error.to_string())
}

/// The next run: takes the lock exactly once and releases it.
fn next_run(machine: &Machine, fs: &dyn Fs, told: &SimFs) -> Result<(), String> {
    let guard = machine.acquire(fs).map_err(|error| error.to_string())?;
    sweep_if_owed(&guard, told)?;
    match machine.acquire(fs) {
        Err(LockError::Held { key: None, .. }) => {}
        other => return Err(format!("taken twice: {other:?}")),
    }
    guard.confirm().map_err(|error| error.to_string())?;
    guard.release().map_err(|error| error.to_string())
}

/// Nothing but the guard file is left of the lock, and the rest of the workspace is as it was.
fn judge(fs: &SimFs, _acked: bool) -> Result<(), String> {
    let names: Vec<String> = fs
        .names()
        .into_iter()
        .map(|path| format!("/{}", path.display()))
        .collect();
    let expected = [
        "/w",
        "/w/.run_lock.guard",
        STRANGERS_DIR,
        STRANGERS,
        "/w/tickers.json",
    ];
    if names == expected {
        Ok(())
    } else {
        Err(format!("found {names:?}"))
    }
}

fn sweep_lock(
    name: &str,
    initial: &SimFs,
    depth: usize,
    leave_out: fn(&Op<'_>) -> bool,
) -> SweepReport {
    let machine = Machine::new();
    let mutant = |fs: &SimFs| MutantFs::new(Arc::new(fs.clone()), leave_out);
    let report = sweep(
        name,
        initial,
        &|fs| work(&machine, &mutant(fs), fs),
        &|fs| next_run(&machine, &mutant(fs), fs),
        &judge,
        depth,
    );
    report.print();
    report
}

#[test]
fn after_any_crash_of_a_run_the_next_takes_the_lock_once_and_knows_of_it() {
    let report = sweep_lock("acquire and release", &workspace(), 3, |_| false);

    report.assert_clean();
    assert!(report.total() > 1_000, "{report}");
}

#[test]
fn after_any_crash_of_a_takeover_the_next_takes_the_lock_once_and_knows_of_it() {
    let report = sweep_lock("take over", &workspace_of_a_dead_run(), 3, |_| false);

    report.assert_clean();
    assert!(report.total() > 1_000, "{report}");
}

#[test]
fn after_any_crash_of_breaking_a_lock_it_can_be_broken_or_is_gone() {
    let machine = Machine::new();
    let initial = SimFs::new();
    let owner = br#"{"pid": 1, "host": "nas-3", "ts": 5000.0, "cwd": "/srv/yf"}"#;
    initial.plant("/w/.run_lock/owner.json", owner);

    let report = sweep(
        "break",
        &initial,
        &|fs| break_lock(&machine, fs).map(|()| true),
        &|fs| match machine.acquire(fs) {
            Err(LockError::Held { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
            Ok(guard) if guard.took_over().is_none() => Err("forgotten".to_owned()),
            Ok(guard) => {
                guard.abandon();
                Ok(())
            }
        },
        &|fs, acked| match machine.acquire(fs) {
            Err(error) if acked => Err(error.to_string()),
            _ => Ok(()),
        },
        2,
    );

    report.print();
    report.assert_clean();
}

#[test]
fn a_lock_with_one_step_left_out_is_caught() {
    type Mutant = (&'static str, fn(&Op<'_>) -> bool);
    let mutants: [Mutant; 4] = [
        (
            "no sync of the workspace",
            |op| matches!(op, Op::SyncDir(path) if path.ends_with("w")),
        ),
        (
            "no sync of the owner",
            |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains("owner")),
        ),
        ("lock directories never removed", |op| {
            matches!(op, Op::RemoveDir(_))
        }),
        (
            "released without moving it away",
            |op| matches!(op, Op::Rename { to, .. } if to.to_string_lossy().contains("done")),
        ),
    ];
    for (name, leave_out) in mutants {
        let fresh = sweep_lock(name, &workspace(), 1, leave_out);
        let taken_over = sweep_lock(name, &workspace_of_a_dead_run(), 1, leave_out);

        assert!(
            fresh.violation_count + taken_over.violation_count > 0,
            "not caught: {name}"
        );
    }
}
