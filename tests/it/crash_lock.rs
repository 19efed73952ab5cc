//! Crash tests of the run lock: whatever became of one run, the next takes the lock, once, and knows of it.

use std::sync::Arc;

use barkeep::lock::{LockError, LockGuard};

use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::TestWorkspace;

const STRANGERS_DIR: &str = "/ws/.run_lock.stale-of-a-stranger";
const STRANGERS: &str = "/ws/.run_lock.stale-of-a-stranger/notes";

fn acquire(workspace: &TestWorkspace) -> Result<LockGuard<'_>, LockError> {
    workspace.lock().acquire("update")
}

fn workspace() -> SimFs {
    let fs = SimFs::new();
    fs.plant("/ws/tickers.json", b"{}");
    fs.plant(STRANGERS, b"not ours");
    fs
}

/// A workspace whose last run was killed.
fn workspace_of_a_dead_run() -> SimFs {
    let fs = workspace();
    acquire(&TestWorkspace::simulated(&fs)).unwrap().abandon();
    let fs = fs.again();
    fs.mark("working");
    fs
}

/// Takes the lock, works, releases it. The marks are what a person would know of it.
fn work(workspace: &TestWorkspace, told: &SimFs) -> Result<bool, String> {
    let guard = acquire(workspace).map_err(|error| error.to_string())?;
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

fn break_lock(workspace: &TestWorkspace) -> Result<(), String> {
    let refused = match acquire(workspace) {
        Ok(_guard) => return Err("a live lock was taken".to_owned()),
        Err(error) => error,
    };
    let key = refused.key().ok_or_else(|| refused.to_string())?;
    let broken = workspace.lock().break_lock(key);
    broken.map(|_owner| ()).map_err(|error| error.to_string())
}

/// The next run: takes the lock exactly once and releases it.
fn next_run(workspace: &TestWorkspace, told: &SimFs) -> Result<(), String> {
    let guard = acquire(workspace).map_err(|error| error.to_string())?;
    sweep_if_owed(&guard, told)?;
    match acquire(workspace) {
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
        "/ws",
        "/ws/.run_lock.guard",
        STRANGERS_DIR,
        STRANGERS,
        "/ws/tickers.json",
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
    let mutant = |fs: &SimFs| {
        let door = MutantFs::new(Arc::new(fs.clone()), leave_out);
        TestWorkspace::behind(fs, Arc::new(door))
    };
    let report = sweep(
        name,
        initial,
        &|fs| work(&mutant(fs), fs),
        &|fs| next_run(&mutant(fs), fs),
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
    let initial = SimFs::new();
    let owner = br#"{"pid": 1, "host": "nas-3", "ts": 5000.0, "cwd": "/srv/yf"}"#;
    initial.plant("/ws/.run_lock/owner.json", owner);

    let report = sweep(
        "break",
        &initial,
        &|fs| break_lock(&TestWorkspace::simulated(fs)).map(|()| true),
        &|fs| match acquire(&TestWorkspace::simulated(fs)) {
            Err(LockError::Held { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
            Ok(guard) if guard.took_over().is_none() => Err("forgotten".to_owned()),
            Ok(guard) => {
                guard.abandon();
                Ok(())
            }
        },
        &|fs, acked| match acquire(&TestWorkspace::simulated(fs)) {
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
            |op| matches!(op, Op::SyncDir(path) if path.ends_with("ws")),
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
