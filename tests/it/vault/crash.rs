//! The vault under every crash: what was acknowledged is there, a merge loses nothing, and no crash looks like damage.

use std::path::Path;
use std::sync::Arc;

use barkeep::sys::Fs;
use barkeep::vault::{Finding, Keeper, Vault, VaultError};

use super::{FOLDER, all, day, disk, fetched_at, fresh, keep, merge, owned, run, shelf};
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::held;

const DOWNLOADS: [(&str, &[u8]); 3] = [("a", b"first"), ("b", b"second"), ("c", b"third")];

/// Keeps all, and marks the disk after each that was acknowledged.
fn keep_all(fs: &dyn Fs, told: &SimFs) -> Result<bool, VaultError> {
    let held = held();
    let mut keeper = Keeper::of(fs, &held, Path::new(FOLDER), run(7));
    for (name, bytes) in DOWNLOADS {
        keeper.keep((&shelf(), day(18)), name, fetched_at(), bytes)?;
        told.mark(name);
    }
    Ok(true)
}

fn sweep_keep(name: &str, leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let initial = disk();
    keep(&initial, 1, &[("z", b"before")]);
    let initial = initial.again();
    let report = sweep(
        name,
        &initial,
        &|fs| {
            let door = MutantFs::new(Arc::new(fs.clone()), leave_out);
            keep_all(&door, fs).map_err(|error| error.to_string())
        },
        // The next run keeps what it does not find.
        &|fs| {
            let held = held();
            let mut keeper = Keeper::of(fs, &held, Path::new(FOLDER), fresh(fs));
            let kept = keeper.keep((&shelf(), day(18)), "c", fetched_at(), b"third");
            kept.map(drop).map_err(|error| error.to_string())
        },
        &|fs, _acked| judge(fs),
        1,
    );
    report.print();
    report
}

/// What was acknowledged is there, and what is there is what was kept.
fn judge(fs: &SimFs) -> Result<(), String> {
    let found = all(fs, day(18));
    let owed = fs
        .marks()
        .into_iter()
        .chain(["z".to_owned(), "c".to_owned()]);
    for name in owed {
        if !found.iter().any(|(found, _)| *found == name) {
            return Err(format!("{name} is gone: {found:?}"));
        }
    }
    let whole = owned(&[&DOWNLOADS[..], &[("z", b"before")]].concat());
    if let Some(other) = found.iter().find(|one| !whole.contains(one)) {
        return Err(format!("{other:?} was never kept"));
    }
    let findings = Vault::of(fs, Path::new(FOLDER)).look(&shelf());
    let findings = findings.map_err(|error| error.to_string())?;
    match findings
        .iter()
        .find(|one| !matches!(one, Finding::Torn { .. }))
    {
        Some(damage) => Err(format!("a crash looks like damage: {damage:?}")),
        None => Ok(()),
    }
}

#[test]
fn what_was_acknowledged_survives_every_crash_and_every_fault() {
    let report = sweep_keep("vault", |_| false);

    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn a_keeper_that_leaves_a_step_out_is_caught() {
    sweep_keep("no sync of the bytes", |op| matches!(op, Op::SyncFile(_))).assert_caught();
    sweep_keep("no sync of the name", |op| matches!(op, Op::SyncDir(_))).assert_caught();
}

fn sweep_merge(name: &str, leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let initial = disk();
    keep(&initial, 1, &DOWNLOADS[..1]);
    merge(&initial, &|_| true);
    keep(&initial, 2, &DOWNLOADS[1..2]);
    keep(&initial, 3, &DOWNLOADS[2..]);
    let initial = initial.again();
    let before = all(&initial, day(18));
    let report = sweep(
        name,
        &initial,
        &|fs| {
            let door = MutantFs::new(Arc::new(fs.clone()), leave_out);
            let held = held();
            let mut keeper = Keeper::of(&door, &held, Path::new(FOLDER), run(9));
            let merged = keeper.merge((&shelf(), day(18)), &|_| true);
            merged
                .map(|gone| gone == 2)
                .map_err(|error| error.to_string())
        },
        &|fs| {
            let held = held();
            let mut keeper = Keeper::of(fs, &held, Path::new(FOLDER), fresh(fs));
            let merged = keeper.merge((&shelf(), day(18)), &|_| true);
            merged.map(drop).map_err(|error| error.to_string())
        },
        &|fs, _acked| {
            let found = all(fs, day(18));
            if found == before {
                Ok(())
            } else {
                Err(format!("{found:?}"))
            }
        },
        2,
    );
    report.print();
    report
}

#[test]
fn a_merge_loses_and_doubles_nothing_after_every_crash() {
    let report = sweep_merge("merge of the vault", |_| false);

    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn a_merge_that_leaves_a_step_out_is_caught() {
    sweep_merge("no sync of the pack", |op| matches!(op, Op::SyncFile(_))).assert_caught();
    sweep_merge("no sync of its name", |op| matches!(op, Op::SyncDir(_))).assert_caught();
}
