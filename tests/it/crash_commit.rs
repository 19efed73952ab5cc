//! The group commit under every crash: all of a group is new, or none of it is, and what was sealed arrives.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::layout::Places;
use barkeep::lock::LockGuard;
use barkeep::model::RunId;
use barkeep::storage::{
    Document, Open, RowsToStage, Sealed, StagedRun, StorageError, leftover_runs,
};
use barkeep::sys::{Fs, Heritage};
use chrono::DateTime;

use crate::support::series::Shape::PartitionedBars;
use crate::support::series::{provenance, rows};
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::{held, recover_alone};

const OLD_MONTH: &str = "/ws/data/us/demo/stocks_1d/ticker=A/year=2024/month=01/data.parquet";
const NEW_MONTH: &str = "/ws/data/us/demo/stocks_1d/ticker=A/year=2025/month=02/data.parquet";
const REGISTRY: &str = "/ws/tickers.json";
const GROUP: [(&str, &[u8], &[u8]); 3] = [
    (OLD_MONTH, b"january, old", b"january, new"),
    (NEW_MONTH, b"", b"february, new"),
    (REGISTRY, b"{old}", b"{new}"),
];

/// What a sealed run tells the world: from now on its rows must arrive.
const SEALED: &str = "sealed";

fn places() -> Places {
    Places::of(Path::new("/ws"), false)
}

/// What the run fetched.
fn fetched() -> RowsToStage {
    let request = PartitionedBars.request();
    let frame = rows(&request, &["2024-01-02"], 1.0);
    let rows = RowsToStage::encode(request, &frame, &provenance());
    rows.unwrap().unwrap()
}

/// The disk before the run.
fn disk() -> SimFs {
    let fs = SimFs::new();
    for (path, old, _) in GROUP {
        if !old.is_empty() {
            fs.plant(path, old);
        }
    }
    fs
}

/// The files of the group that are not there yet.
fn missing(fs: &dyn Fs) -> Result<Vec<Document>, StorageError> {
    let mut files = Vec::new();
    for (path, _, new) in GROUP {
        let found = fs.read(Path::new(path))?;
        if found.as_deref() != Some(new) {
            files.push(Document::new(
                PathBuf::from(path),
                found.as_deref(),
                new.to_vec(),
            ));
        }
    }
    Ok(files)
}

/// As the real consolidation does: a group that fails is given up.
fn consolidate(fs: &dyn Fs, mut run: StagedRun<'_, Sealed>) -> Result<(), StorageError> {
    store(fs, &mut run).inspect_err(|_| run.abandon_group())?;
    run.finish()
}

fn store(fs: &dyn Fs, run: &mut StagedRun<'_, Sealed>) -> Result<(), StorageError> {
    // As the real consolidation does, too: rows that cannot be read back are put away.
    let (mut whole, mut torn) = (Vec::new(), Vec::new());
    for rows in run.staged() {
        match rows.read(fs) {
            Ok(_) => whole.push(rows.clone()),
            Err(StorageError::DamagedStaged { .. }) => torn.push(rows.clone()),
            Err(unreadable) => return Err(unreadable),
        }
    }
    run.forget(&torn)?;
    if !whole.is_empty() {
        for file in missing(fs)? {
            run.put_document(&file)?;
        }
        assert!(run.commit()?.left.is_empty());
        run.forget(&whole)?;
    }
    Ok(())
}

fn work(
    held: &LockGuard<'_>,
    fetched: &RowsToStage,
    fs: &dyn Fs,
    told: &SimFs,
) -> Result<bool, StorageError> {
    let id = RunId::new(DateTime::UNIX_EPOCH, 7, 1);
    let places = places();
    let mut run = StagedRun::begin(fs, held, &places, id)?;
    run.stage(fetched)?;
    let run = run.seal()?;
    told.mark(SEALED);
    consolidate(fs, run)?;
    Ok(true)
}

fn next_run(held: &LockGuard<'_>, fs: &dyn Fs) -> Result<(), StorageError> {
    let places = places();
    for id in leftover_runs(fs, &places)? {
        let mut run = StagedRun::<Open>::adopt(fs, held, &places, id)?;
        recover_alone(&mut run)?;
        consolidate(fs, run)?;
    }
    Ok(())
}

/// What must hold whenever the next run is over.
fn judge(fs: &SimFs, acked: bool) -> Result<(), String> {
    let found = fs.snapshot();
    let read = |path: &str| {
        found
            .get(Path::new(path.trim_start_matches('/')))
            .cloned()
            .unwrap_or_default()
    };
    let are_old = GROUP.iter().all(|(path, old, _)| read(path) == *old);
    let are_new = GROUP.iter().all(|(path, _, new)| read(path) == *new);
    if !are_old && !are_new {
        let seen: Vec<String> = GROUP
            .iter()
            .map(|(path, ..)| String::from_utf8_lossy(&read(path)).into_owned())
            .collect();
        return Err(format!("torn, mixed or lost: {seen:?}"));
    }
    if (acked || fs.marks().iter().any(|mark| mark == SEALED)) && !are_new {
        return Err("rows that were sealed did not arrive".to_owned());
    }
    match fs
        .names()
        .iter()
        .find(|name| name.starts_with("ws/partition-staging"))
    {
        Some(left) if left.components().count() > 2 => Err(format!("{} was left", left.display())),
        _ => Ok(()),
    }
}

fn sweep_commit(name: &str, leave_out: fn(&Op<'_>) -> bool, depth: usize) -> SweepReport {
    sweep_on(&disk(), name, leave_out, depth)
}

/// The same where `data` hands down a group: new files are staged in a folder that hands down the same.
fn sweep_shared(name: &str, leave_out: fn(&Op<'_>) -> bool, depth: usize) -> SweepReport {
    let disk = disk();
    let heritage = Heritage {
        group: Some(50),
        acl: None,
    };
    disk.bequeath("/ws/data", heritage);
    sweep_on(&disk, name, leave_out, depth)
}

fn sweep_on(disk: &SimFs, name: &str, leave_out: fn(&Op<'_>) -> bool, depth: usize) -> SweepReport {
    let (held, fetched) = (held(), fetched());
    let mutant = |fs: &SimFs| MutantFs::new(Arc::new(fs.clone()), leave_out);
    let report = sweep(
        name,
        disk,
        &|fs| work(&held, &fetched, &mutant(fs), fs).map_err(|error| error.to_string()),
        &|fs| next_run(&held, &mutant(fs)).map_err(|error| error.to_string()),
        &judge,
        depth,
    );
    report.print();
    report
}

#[test]
fn a_group_is_all_old_or_all_new_after_any_crash_and_what_was_sealed_arrives() {
    let report = sweep_commit("group commit", |_| false, 4);

    report.assert_clean();
    assert!(report.total() >= 200_000, "{report}");
}

/// A name, and the step that is left out under it.
type Mutant = (&'static str, fn(&Op<'_>) -> bool);

/// One step left out, by name. Each must be noticed; a sweep that cannot fail proves nothing.
const MUTANTS: [Mutant; 8] = [
    (
        "staged rows are not synced",
        |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains("/fetched/")),
    ),
    (
        "new files are not synced before the journal",
        |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains("/new/")),
    ),
    (
        "the journal is not synced before it counts",
        |op| matches!(op, Op::SyncFile(path) if path.ends_with(".journal.tmp")),
    ),
    (
        "the journal is left out",
        |op| matches!(op, Op::Rename { to, .. } if to.ends_with("journal")),
    ),
    (
        "the run's folder is not synced",
        |op| matches!(op, Op::SyncDir(path) if path.to_string_lossy().ends_with("-1")),
    ),
    (
        "new ancestors of a target are not synced",
        |op| matches!(op, Op::SyncDir(path) if path.ends_with("ticker=A") || path.ends_with("year=2025")),
    ),
    (
        "the folders of staged rows are not synced",
        |op| matches!(op, Op::SyncDir(path) if path.to_string_lossy().contains("/fetched")),
    ),
    (
        "the journal goes before the renames are durable",
        |op| matches!(op, Op::SyncDir(path) if path.starts_with("/ws/data") || path.ends_with("new")),
    ),
];

/// As above, of files that inherit.
const INHERITING_MUTANTS: [Mutant; 3] = [
    (
        "new files that inherit are not synced before the journal",
        |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains("/like-")),
    ),
    (
        "their folder is not synced",
        |op| matches!(op, Op::SyncDir(path) if path.to_string_lossy().contains("/like-")),
    ),
    (
        "the folder that holds their folder is not synced",
        |op| matches!(op, Op::SyncDir(path) if path.ends_with("new")),
    ),
];

#[test]
fn a_group_whose_files_inherit_from_their_folders_is_all_old_or_all_new_as_well() {
    let report = sweep_shared("group commit that inherits", |_| false, 3);

    report.assert_clean();
    assert!(report.total() >= 20_000, "{report}");
}

#[test]
fn every_left_out_step_of_a_group_whose_files_inherit_is_caught() {
    for (name, leave_out) in INHERITING_MUTANTS {
        sweep_shared(name, leave_out, 1).assert_caught();
    }
}

#[test]
fn every_left_out_step_of_the_group_commit_is_caught() {
    for (name, leave_out) in MUTANTS {
        sweep_commit(name, leave_out, 1).assert_caught();
    }
}
