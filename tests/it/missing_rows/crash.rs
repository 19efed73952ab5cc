//! Crashes of runs that meet a data root without rows: of one that only stages, and of one that fetches all anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;
use barkeep::sys::Fs;

use crate::support::barkeep::run_on;
use crate::support::sim::{Recover, SimFs, sweep};

const UPDATE: [&str; 3] = ["-C", "/ws", "update"];
const ANEW: [&str; 4] = ["-C", "/ws", "update", "--accept-missing"];
const HEAD: &str = "Date,Open,High,Low,Close,Volume\n";

fn csv(days: &[u8]) -> Vec<u8> {
    let lines = days
        .iter()
        .map(|day| format!("2025-11-{day},1,1,1,1,1000\n"));
    (HEAD.to_owned() + &lines.collect::<String>()).into_bytes()
}

/// Returns what is stored.
fn stored(disk: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = disk.snapshot();
    files.retain(|path, _| path.starts_with("ws/data") || path.starts_with("/ws/data"));
    files
}

/// A workspace whose rows of two days are gone, a source that has a third, and what was stored before.
fn bare() -> (SimFs, BTreeMap<PathBuf, Vec<u8>>) {
    let disk = SimFs::new();
    let settings = b"[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\n";
    disk.plant("/ws/barkeep.toml", settings);
    disk.plant("/ws/in/A.csv", &csv(&[18, 19]));
    let init = ["-C", "/ws", "init", "--ticker", "A", "--partitioned"];
    assert_eq!(run_on(&disk, &init), Exit::Ok);
    let disk = disk.again();
    assert_eq!(run_on(&disk, &UPDATE), Exit::Ok);
    let disk = disk.again();
    let files = stored(&disk);
    assert_eq!(files.len(), 1);
    for path in files.keys() {
        assert!(disk.remove_file(&Path::new("/").join(path)).unwrap());
    }
    disk.plant("/ws/in/A.csv", &csv(&[18, 19, 20]));
    (disk.again(), files)
}

/// Staged rows that a power cut tore are put away and told; what they held is fetched again.
fn is_done(exit: Exit) -> bool {
    matches!(exit, Exit::Ok | Exit::Partial)
}

fn mount(disk: &SimFs, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for (path, bytes) in files {
        disk.plant(&Path::new("/").join(path).to_string_lossy(), bytes);
    }
}

/// Returns what is stored of all three days.
fn whole(initial: &SimFs, files: &BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    let disk = initial.again();
    mount(&disk, files);
    assert_eq!(run_on(&disk, &UPDATE), Exit::Ok);
    stored(&disk)
}

#[test]
fn a_run_that_only_stages_loses_nothing_wherever_it_crashes() {
    let (initial, files) = bare();
    let expected = whole(&initial, &files);
    let nobody: &Recover<'_> = &|_| Ok(());

    let report = sweep(
        "a run without its disk",
        &initial,
        &|fs| Ok(run_on(fs, &UPDATE) == Exit::Failed),
        nobody,
        &|fs, _| {
            if !stored(fs).is_empty() {
                return Err("rows were stored where no disk is mounted".to_owned());
            }
            let rerun = fs.again();
            mount(&rerun, &files);
            let exit = run_on(&rerun, &UPDATE);
            (is_done(exit) && stored(&rerun) == expected)
                .then_some(())
                .ok_or_else(|| format!("with the disk, update ends with {exit:?}"))
        },
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn a_history_that_is_fetched_anew_is_whole_wherever_that_crashes() {
    let (initial, files) = bare();
    let expected = whole(&initial, &files);
    // The third day waits in staging.
    assert_eq!(run_on(&initial, &UPDATE), Exit::Failed);
    let initial = initial.again();
    let nobody: &Recover<'_> = &|_| Ok(());

    let report = sweep(
        "all anew",
        &initial,
        &|fs| Ok(run_on(fs, &ANEW) == Exit::Ok),
        nobody,
        &|fs, _| {
            let rerun = fs.again();
            let first = run_on(&rerun, &ANEW);
            (is_done(first) && stored(&rerun) == expected)
                .then_some(())
                .ok_or_else(|| format!("again it ends with {first:?}"))
        },
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}
