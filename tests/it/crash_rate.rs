//! Crash tests of what a run leaves to the next one of how it used a host.

use std::path::Path;
use std::sync::Arc;

use barkeep::http::{Rate, RateLimiter, Tries};
use barkeep::model::RunId;
use barkeep::sys::{Clock, FixedClock, Fs, Shutdown, atomic::TempNames};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};

const FILE: &str = "/w/state/rate/q.example.json";
const RATE: Rate = Rate::evenly(2, 600);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_445_600, 0).unwrap()
}

/// A run that asks once and ends; true when its file is written.
fn ask_once(fs: Arc<dyn Fs>, at: DateTime<Utc>) -> bool {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(at));
    let temps = TempNames::of(RunId::new(at, 7, 1));
    let limiter = RateLimiter::new(fs, clock, Path::new("/w/state"), temps);
    let gate = limiter.gate("q.example", RATE);
    gate.wait_turn(&Tries::default(), &Shutdown::default())
        .unwrap();
    limiter.flush().is_ok()
}

/// A run in a new workspace, and one an hour later over the file of the first.
fn sweep_runs(name: &str, has_file: bool, leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let initial = SimFs::new();
    initial.plant("/w/barkeep.toml", b"");
    if has_file {
        assert!(ask_once(Arc::new(initial.clone()), now()));
    }
    let old = initial.read(Path::new(FILE)).unwrap();
    let initial = initial.again();
    let later = now() + TimeDelta::hours(1);
    let report = sweep(
        name,
        &initial,
        &|fs| {
            let fs = MutantFs::new(Arc::new(fs.clone()), leave_out);
            Ok(ask_once(Arc::new(fs), later))
        },
        &|_fs| Ok(()),
        &|fs, acked| {
            let found = fs
                .read(Path::new(FILE))
                .map_err(|error| error.to_string())?;
            let is_old = found == old;
            let is_new = found
                .as_deref()
                .is_some_and(|bytes| bytes.ends_with(b"}\n") && !is_old);
            if is_new || (is_old && !acked) {
                Ok(())
            } else {
                Err(format!("acked {acked}: {found:?}"))
            }
        },
        1,
    );
    report.print();
    report
}

#[test]
fn the_use_of_a_host_is_the_old_or_the_new_one_after_every_crash() {
    for has_file in [false, true] {
        let report = sweep_runs("rate", has_file, |_| false);

        report.assert_clean();
        assert!(report.total() > 50, "{report}");
    }
}

#[test]
fn a_state_that_is_not_synced_is_caught() {
    let no_file_sync = sweep_runs("no sync of the file", true, |op| {
        matches!(op, Op::SyncFile(_))
    });
    let no_dir_sync = sweep_runs("no sync of the folders", false, |op| {
        matches!(op, Op::SyncDir(_))
    });

    no_file_sync.assert_caught();
    no_dir_sync.assert_caught();
}
