//! The simulated disk itself: it must lose what a disk may lose, keep what was synced, and notice mistakes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::model::RunId;
use barkeep::sys::{Access, Fs, atomic};
use chrono::DateTime;

use crate::support::sim::{Fault, MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::TestWorkspace;

const ENOSPC: i32 = 28;

fn temps() -> atomic::TempNames {
    atomic::TempNames::of(RunId::new(DateTime::UNIX_EPOCH, 7, 1))
}

/// Returns what a file may hold after a power cut; `None` is absent.
fn possible(fs: &SimFs, path: &str) -> BTreeSet<Option<Vec<u8>>> {
    let mut found = BTreeSet::new();
    fs.after_cut(64, 1, &mut |after, _lost| {
        found.insert(after.read(Path::new(path)).unwrap());
    });
    found
}

fn set(values: &[Option<&[u8]>]) -> BTreeSet<Option<Vec<u8>>> {
    values
        .iter()
        .map(|value| value.map(<[u8]>::to_vec))
        .collect()
}

#[test]
fn a_rename_to_a_name_that_must_be_free_replaces_nothing() {
    let simulated = SimFs::new();
    simulated.plant("/ws/x", b"");
    for bench in [
        TestWorkspace::on_disk(),
        TestWorkspace::simulated(&simulated),
    ] {
        let (fs, root) = (bench.fs(), &bench.places.root);
        let [old, taken, folder, free] = ["old", "taken", "folder", "free"].map(|n| root.join(n));
        bench.write(&old, b"new");
        bench.write(&taken, b"precious");
        fs.create_dir(&folder).unwrap();

        for there in [&taken, &folder] {
            let refused = fs.rename_new(&old, there).unwrap_err();
            assert!(refused.is_taken(), "{refused}");
        }
        fs.rename_new(&old, &free).unwrap();

        assert_eq!(fs.read(&taken).unwrap().unwrap(), b"precious");
        assert_eq!(fs.read(&free).unwrap().unwrap(), b"new");
        assert_eq!(fs.read(&old).unwrap(), None);
    }
}

#[test]
fn a_simulated_disk_reads_as_a_real_one_does() {
    let simulated = SimFs::new();
    simulated.plant("/ws/x", b"");
    for bench in [
        TestWorkspace::on_disk(),
        TestWorkspace::simulated(&simulated),
    ] {
        let (fs, root) = (bench.fs(), &bench.places.root);
        let (file, absent) = (root.join("f"), root.join("g"));
        bench.write(&file, b"abcd");

        let ends = [0, 1, 3, 4, 5, u64::MAX].map(|most| fs.read_end(&file, most).unwrap().unwrap());
        assert_eq!(ends, [&b""[..], b"d", b"bcd", b"abcd", b"abcd", b"abcd"]);
        assert_eq!(fs.read(&file).unwrap().unwrap(), b"abcd");
        assert_eq!(fs.read_from_medium(&file).unwrap().unwrap().0, b"abcd");
        assert_eq!(fs.metadata(&file).unwrap().unwrap().len, 4);
        assert_eq!(fs.read_end(&absent, 4).unwrap(), None);
        assert_eq!(fs.read(&absent).unwrap(), None);
        assert!(fs.read_from_medium(&absent).unwrap().is_none());
        assert!(fs.metadata(&absent).unwrap().is_none());
        assert!(fs.list(&absent).unwrap().is_none());
        // A folder is no file: neither absent nor empty.
        assert!(fs.read_end(root, 4).is_err());
        assert!(fs.read(root).is_err());
        assert!(fs.read_from_medium(root).is_err());
    }
}

#[test]
fn unsynced_bytes_may_be_missing_zeroed_or_half_there() {
    let fs = SimFs::new();
    let mut file = fs.create_new(Path::new("/f"), Access::Fresh).unwrap();
    fs.sync_dir(Path::new("/")).unwrap();

    file.write_all(b"abcd").unwrap();
    let before = possible(&fs, "/f");
    file.sync().unwrap();
    let after = possible(&fs, "/f");

    assert_eq!(
        before,
        set(&[Some(b""), Some(b"\0\0\0\0"), Some(b"ab"), Some(b"abcd")])
    );
    assert_eq!(after, set(&[Some(b"abcd")]));
}

#[test]
fn a_synced_file_needs_its_directory_synced_too() {
    let fs = SimFs::new();
    atomic::write_new(&fs, Path::new("/f"), b"x", Access::Fresh).unwrap();

    let before = possible(&fs, "/f");
    fs.sync_dir(Path::new("/")).unwrap();

    assert_eq!(before, set(&[None, Some(b"x")]));
    assert_eq!(possible(&fs, "/f"), set(&[Some(b"x")]));
}

#[test]
fn a_rename_between_directories_never_loses_the_file() {
    for synced in ["/a", "/b"] {
        let fs = SimFs::new();
        fs.plant("/a/f", b"x");
        fs.plant("/b/other", b"");
        fs.rename(Path::new("/a/f"), Path::new("/b/f")).unwrap();
        fs.sync_dir(Path::new(synced)).unwrap();

        fs.after_cut(64, 1, &mut |after, lost| {
            let names = after.names();
            assert!(names.contains(Path::new("b/f")), "{synced} {lost}");
            assert!(synced == "/b" || !names.contains(Path::new("a/f")));
        });
    }
}

#[test]
fn a_barrier_keeps_exactly_what_it_was_told_of() {
    let fs = SimFs::new();
    for name in ["/named", "/other"] {
        let mut file = fs.create_new(Path::new(name), Access::Fresh).unwrap();
        file.write_all(b"x").unwrap();
    }

    let barrier = fs.barrier(Path::new("/")).unwrap();
    barrier
        .sync(&[PathBuf::from("/named")], &[PathBuf::from("/")])
        .unwrap();

    assert_eq!(possible(&fs, "/named"), set(&[Some(b"x")]));
    assert_eq!(
        possible(&fs, "/other"),
        set(&[Some(b""), Some(b"\0"), Some(b"x")])
    );
}

#[test]
fn a_failed_sync_is_not_mended_by_a_second_one() {
    let fs = SimFs::new().fail_call(3, 5, Fault::Once);
    let mut file = fs.create_new(Path::new("/f"), Access::Fresh).unwrap();
    file.write_all(b"ab").unwrap();

    assert!(file.sync().is_err());
    file.sync().unwrap();
    fs.sync_dir(Path::new("/")).unwrap();

    assert!(possible(&fs, "/f").contains(&Some(b"\0\0".to_vec())));
}

#[test]
fn a_full_disk_keeps_half_of_a_write_and_stays_full() {
    let fs = SimFs::new().fail_call(2, ENOSPC, Fault::Forever).logged();
    let mut file = fs.create_new(Path::new("/f"), Access::Fresh).unwrap();

    let error = file.write_all(b"abcd").unwrap_err();

    assert!(error.is_out_of_space());
    assert_eq!(fs.read(Path::new("/f")).unwrap(), Some(b"ab".to_vec()));
    assert!(fs.create_dir(Path::new("/d")).is_err());
    assert_eq!(fs.log(), ["create /f", "write /f", "mkdir /d"]);
}

#[test]
fn a_dead_process_changes_nothing_and_holds_no_lock() {
    let fs = SimFs::new().crash_after(1);
    let held = fs.try_lock(Path::new("/guard")).unwrap();

    assert!(held.is_some());
    assert!(fs.create_dir(Path::new("/d")).is_err());
    assert!(fs.try_lock(Path::new("/guard")).is_err());
    assert!(fs.read(Path::new("/guard")).is_err());
    let next = fs.killed();
    let guard = next.try_lock(Path::new("/guard")).unwrap();
    assert!(guard.is_some());
    assert!(next.try_lock(Path::new("/guard")).unwrap().is_none());
    drop(guard);
    assert!(next.try_lock(Path::new("/guard")).unwrap().is_some());
}

#[test]
fn what_the_world_was_told_outlives_the_power() {
    let fs = SimFs::new();
    fs.mark("one");
    fs.create_new(Path::new("/f"), Access::Fresh).unwrap();

    fs.after_cut(1, 1, &mut |after, _lost| assert_eq!(after.marks(), ["one"]));

    assert_eq!(fs.snapshot().len(), 1);
}

/// Two files that must change together, sealed by a third: a small model of a group commit.
fn commit_pair(fs: &dyn Fs) -> Result<(), String> {
    let told = |error: barkeep::sys::FsError| error.to_string();
    let temps = temps();
    for name in ["/s/a", "/s/b"] {
        atomic::write_new(fs, Path::new(name), b"new", Access::Fresh).map_err(told)?;
    }
    fs.sync_dir(Path::new("/s")).map_err(told)?;
    atomic::replace(fs, &temps, Path::new("/s/seal"), b"sealed").map_err(told)?;
    roll_forward(fs)
}

fn roll_forward(fs: &dyn Fs) -> Result<(), String> {
    let told = |error: barkeep::sys::FsError| error.to_string();
    let seal = Path::new("/s/seal");
    if fs.read(seal).map_err(told)?.as_deref() == Some(b"sealed") {
        // A killed run may have left the seal in memory only.
        fs.sync_file(seal).map_err(told)?;
        fs.sync_dir(Path::new("/s")).map_err(told)?;
        for (from, to) in [("/s/a", "/d/a"), ("/s/b", "/d/b")] {
            if fs.metadata(Path::new(from)).map_err(told)?.is_some() {
                fs.rename(Path::new(from), Path::new(to)).map_err(told)?;
            }
        }
        fs.sync_dir(Path::new("/d")).map_err(told)?;
        fs.sync_dir(Path::new("/s")).map_err(told)?;
        fs.remove_file(seal).map_err(told)?;
        fs.sync_dir(Path::new("/s")).map_err(told)?;
    }
    for entry in fs.list(Path::new("/s")).map_err(told)?.unwrap_or_default() {
        fs.remove_file(&Path::new("/s").join(entry.name))
            .map_err(told)?;
    }
    Ok(())
}

fn judge_pair(fs: &SimFs, acked: bool) -> Result<(), String> {
    let read = |path: &str| fs.read(Path::new(path)).unwrap().unwrap_or_default();
    match (read("/d/a").as_slice(), read("/d/b").as_slice()) {
        (b"new", b"new") => Ok(()),
        (b"old", b"old") if !acked => Ok(()),
        (a, b) => Err(format!("acked {acked}: a {a:?}, b {b:?}")),
    }
}

fn sweep_pair(name: &str, leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let initial = SimFs::new();
    initial.plant("/d/a", b"old");
    initial.plant("/d/b", b"old");
    initial.plant("/s/", b"");
    let mutant = |fs: &SimFs| MutantFs::new(Arc::new(fs.clone()), leave_out);
    let report = sweep(
        name,
        &initial,
        &|fs| commit_pair(&mutant(fs)).map(|()| true),
        &|fs| roll_forward(&mutant(fs)),
        &judge_pair,
        3,
    );
    report.print();
    report
}

#[test]
fn a_sound_group_commit_passes_the_sweep() {
    let report = sweep_pair("pair", |_| false);

    report.assert_clean();
    assert!(report.total() > 1_000, "{report}");
}

#[test]
fn a_group_commit_without_one_of_its_syncs_is_caught() {
    type Mutant = (&'static str, fn(&Op<'_>) -> bool);
    let mutants: [Mutant; 5] = [
        (
            "no sync of staged files",
            |op| matches!(op, Op::SyncFile(path) if path.ends_with("a") || path.ends_with("b")),
        ),
        (
            "no sync of the seal's bytes",
            |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains("seal")),
        ),
        (
            "no sync of the staging directory",
            |op| matches!(op, Op::SyncDir(path) if path.ends_with("s")),
        ),
        ("no sync of any directory", |op| {
            matches!(op, Op::SyncDir(_))
        }),
        (
            "no renames",
            |op| matches!(op, Op::Rename { to, .. } if to.starts_with("/d")),
        ),
    ];
    for (name, leave_out) in mutants {
        sweep_pair(name, leave_out).assert_caught();
    }
}
