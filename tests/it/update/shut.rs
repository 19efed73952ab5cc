//! A data root that takes no files: a disk that was mounted or remounted read-only, a folder that is somebody else's. What is
//! fetched meanwhile can never be fetched again, so it is staged in the workspace, and arrives when the disk is writable.

use std::sync::Arc;

use barkeep::frame::Bar;
use barkeep::ingest::RunReport;
use barkeep::storage::leftover_runs;
use barkeep::sys::Heritage;
use barkeep::update::UpdateError;
use rstest::rstest;
use serde_json::Value;

use super::{DAY, World, demo};
use crate::support::scripted::{Say, bar};
use crate::support::series::Shape::PartitionedBars;
use crate::support::sim::{BadFolder, SimFs};
use crate::support::workspace::TestWorkspace;
use crate::support::workspace::held;

const TICKERS: [&str; 3] = ["A", "B", "C"];
const DAYS: [&str; 3] = ["2026-06-01", "2026-06-02", "2026-06-03"];
const DATA: &str = "/ws/data";
const EPERM: i32 = 1;
const EACCES: i32 = 13;
const EROFS: i32 = 30;
const ENOSPC: i32 = 28;

/// The bars after so many runs: each brings the next day, and the source has forgotten the others.
fn day(run: usize) -> Bar {
    bar(DAYS[run - 1], 1.0)
}

fn world(disk: &SimFs, run: usize) -> World {
    let says = |source: crate::support::scripted::ScriptedSource, ticker| {
        source.says(ticker, DAY, Say::Bars(vec![day(run)]))
    };
    let source = TICKERS.into_iter().fold(demo(), says);
    World::again(TestWorkspace::simulated(disk), source, Arc::new(held()))
}

/// A workspace with the rows of a first run, `data` being a disk of its own or not.
fn stored(is_mounted: bool) -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    disk.plant("/ws/data/x", b"");
    disk.remount(is_mounted.then_some(DATA));
    World::on(TestWorkspace::simulated(&disk), &TICKERS, demo());
    world(&disk, 1).update();
    disk.again()
}

fn assert_has(disk: &SimFs, runs: usize, said: &str) {
    let world = world(disk, 1);
    let all: Vec<Bar> = (1..=runs).map(day).collect();
    for ticker in TICKERS {
        assert_eq!(world.bars(PartitionedBars, ticker), all, "{ticker}, {said}");
        let known = &world.tickers_json()[ticker]["intervals"]["1d"]["last_data_date"];
        let last = DAYS[runs - 1].to_owned();
        assert_eq!(*known, Value::String(last), "{ticker}, {said}");
    }
    let left = leftover_runs(world.bench.fs(), &world.bench.places).unwrap();
    assert_eq!(left, [], "{said}");
}

fn assert_withheld(report: &RunReport, fetches: usize) {
    let refusal = report.data.refusal().unwrap();
    assert!(refusal.contains(DATA), "{refusal}");
    assert_eq!((report.withheld, report.tickers().failed), (fetches, 0));
}

/// `update` ended before it asked anybody, night after night, and the source forgot.
#[rstest]
fn what_is_fetched_while_data_takes_no_files_arrives_once_it_does(
    #[values(EROFS, EACCES, EPERM)] errno: i32,
    #[values(false, true)] is_blind: bool,
    #[values(false, true)] is_mounted: bool,
) {
    let disk = stored(is_mounted);
    let before = disk.snapshot();
    disk.turn_bad(BadFolder {
        is_blind,
        ..BadFolder::always(DATA, errno)
    });

    for run in [2, 3] {
        let report = world(&disk, run).update();
        assert_withheld(&report, 3);
        let told = world(&disk, run).finish_leftovers().unwrap();
        assert!(told.data.refusal().is_some(), "{told:?}");
        assert_eq!(told.held_back, 3);
    }
    // What answers said of days is remembered all the same.
    let is_gaps = |path: &std::path::Path| path.starts_with("ws/state/gaps");
    for (path, bytes) in before.iter().filter(|(path, _)| !is_gaps(path)) {
        assert_eq!(disk.snapshot().get(path), Some(bytes), "{}", path.display());
    }

    disk.heal();
    world(&disk, 3).update();
    assert_has(&disk, 3, "healed");
}

/// The first run of a workspace: nothing is known, and nothing is there.
#[rstest]
fn a_new_workspace_whose_data_takes_no_files_collects(#[values(false, true)] is_mounted: bool) {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    disk.plant("/ws/data/x", b"");
    disk.remount(is_mounted.then_some(DATA));
    World::on(TestWorkspace::simulated(&disk), &TICKERS, demo());
    disk.turn_bad(BadFolder::always(DATA, EROFS));

    assert_withheld(&world(&disk, 1).update(), 3);

    disk.heal();
    world(&disk, 1).update();
    assert_has(&disk, 1, "healed");
}

/// Rows that a killed run had staged on the disk wait there.
#[test]
fn what_was_staged_on_a_disk_that_turned_read_only_is_found_there() {
    let disk = stored(true);
    let calls = {
        let probe = disk.again();
        world(&probe, 2).update();
        probe.calls()
    };
    let killed = disk.again().crash_after(calls / 2);
    let _died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        world(&killed, 2).try_update()
    }));
    let disk = killed.killed();
    disk.turn_bad(BadFolder::always(DATA, EROFS));

    let report = world(&disk, 3).update();

    assert!(report.data.refusal().is_some());
    disk.heal();
    world(&disk, 3).update();
    assert_has(&disk, 3, "healed");
}

/// A disk is remounted read-only after an error, in the middle of a run: what the source still answers is collected.
#[rstest]
fn a_disk_that_turns_read_only_at_any_step_loses_no_answer(
    #[values(false, true)] is_mounted: bool,
) {
    let stored = stored(is_mounted);
    let undisturbed = stored.again();
    world(&undisturbed, 2).update();
    let calls = undisturbed.calls();
    let mut withheld = 0;
    for at in 0..=calls {
        let disk = stored.again();
        disk.turn_bad(BadFolder {
            calls: at..usize::MAX,
            ..BadFolder::always(DATA, EROFS)
        });

        let report = world(&disk, 2).update();

        withheld += usize::from(report.data.refusal().is_some());
        // In the tree, in the journal or staged: the source has none of it any more.
        disk.heal();
        world(&disk, 3).update();
        assert_has(&disk, 3, &format!("read-only from call {at} on"));
    }
    assert!(withheld > 0, "of {calls}");
}

/// A folder that is somebody else's at the top only is one that rows are stored below.
#[test]
fn rights_that_only_the_topmost_folder_lacks_keep_no_series_from_its_place() {
    let disk = stored(false);
    for folder in ["/ws/data/us", "/ws/data/us/demo/stocks_1d/ticker=B"] {
        let world = world(&disk, 2);
        disk.turn_bad(BadFolder::always(folder, EACCES));
        let report = world.update();
        assert!(report.data.is_there(), "{folder}: {report:?}");
        disk.heal();
    }
}

#[test]
fn a_full_disk_is_none_that_takes_no_files() {
    let disk = stored(true);
    disk.turn_bad(BadFolder::always(DATA, ENOSPC));

    let full = world(&disk, 2).try_update();

    assert!(
        matches!(full, Err(UpdateError::Storage(_))),
        "{:?}",
        full.map(|report| report.withheld)
    );
}

/// `data` is shared by a group, and whoever runs barkeep is no member of it.
#[test]
fn a_group_that_the_system_refuses_to_hand_down_is_told_and_the_rows_stored() {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    disk.plant("/ws/data/x", b"");
    let heritage = Heritage {
        group: Some(50),
        acl: None,
    };
    disk.bequeath(DATA, heritage);
    disk.refuse_rights();

    World::on(TestWorkspace::simulated(&disk), &TICKERS, demo());
    let report = world(&disk, 1).update();

    let told = report.warnings.iter();
    let told: Vec<_> = told.filter(|told| told.contains("hand down")).collect();
    assert_eq!(told.len(), 1, "{:?}", report.warnings);
    assert!(
        told[0].contains("ticker=A") && told[0].contains("more files"),
        "{told:?}"
    );
    assert_has(&disk, 1, "told");
}

/// A run as another user: the files got another owner, and nobody said so.
#[test]
fn rights_that_the_system_refuses_to_keep_are_told_and_the_rows_stored() {
    let disk = stored(false);
    disk.refuse_rights();

    let report = world(&disk, 2).update();

    let told = report.warnings.iter();
    let told: Vec<_> = told
        .filter(|told| told.contains("refused to keep"))
        .collect();
    assert_eq!(told.len(), 1, "{:?}", report.warnings);
    assert!(
        told[0].contains("ticker=A") && told[0].contains("more files"),
        "{told:?}"
    );
    assert_has(&disk, 2, "told");
}
