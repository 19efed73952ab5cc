//! Crash tests of the atomic writer: old or new after every crash, and new once it was acknowledged.

use std::path::Path;
use std::sync::Arc;

use barkeep::model::RunId;
use barkeep::sys::{Access, Fs, FsResult, atomic};
use chrono::DateTime;

use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};

const OLD: &[u8] = b"old contents";
const NEW: &[u8] = b"new contents, and longer";

type Writer = fn(&dyn Fs, &Path, &[u8]) -> FsResult<()>;

fn replace(fs: &dyn Fs, path: &Path, bytes: &[u8]) -> FsResult<()> {
    let temps = atomic::TempNames::of(RunId::new(DateTime::UNIX_EPOCH, 7, 1));
    atomic::replace(fs, &temps, path, bytes)
}

/// What many programs do.
fn write_in_place(fs: &dyn Fs, path: &Path, bytes: &[u8]) -> FsResult<()> {
    fs.remove_file(path)?;
    atomic::write_new(fs, path, bytes, Access::Fresh)?;
    fs.sync_dir(atomic::parent(path))
}

/// Replaces an existing file and reports.
fn sweep_replace(name: &str, writer: Writer, leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let initial = SimFs::new();
    initial.plant("/w/f.json", OLD);
    let report = sweep(
        name,
        &initial,
        &|fs| {
            let fs = MutantFs::new(Arc::new(fs.clone()), leave_out);
            writer(&fs, Path::new("/w/f.json"), NEW)
                .map(|()| true)
                .map_err(|error| error.to_string())
        },
        // The next start finds nothing to do.
        &|_fs| Ok(()),
        &|fs, acked| match fs.read(Path::new("/w/f.json")) {
            Ok(Some(bytes)) if bytes == NEW => Ok(()),
            Ok(Some(bytes)) if bytes == OLD && !acked => Ok(()),
            other => Err(format!("acked {acked}: {other:?}")),
        },
        2,
    );
    report.print();
    report
}

/// Creates a file below directories that are not there yet, and reports.
fn sweep_create(name: &str, leave_out: fn(&Op<'_>) -> bool) -> SweepReport {
    let initial = SimFs::new();
    initial.plant("/w/other", b"");
    let path = Path::new("/w/year=2026/month=01/data");
    let report = sweep(
        name,
        &initial,
        &|fs| {
            let fs = MutantFs::new(Arc::new(fs.clone()), leave_out);
            atomic::create_dirs(&fs, Path::new("/w"), atomic::parent(path))
                .and_then(|()| replace(&fs, path, NEW))
                .map(|()| true)
                .map_err(|error| error.to_string())
        },
        // The next start finds nothing to do.
        &|_fs| Ok(()),
        &|fs, acked| match fs.read(path) {
            Ok(Some(bytes)) if bytes == NEW => Ok(()),
            Ok(None) if !acked => Ok(()),
            other => Err(format!("acked {acked}: {other:?}")),
        },
        2,
    );
    report.print();
    report
}

#[test]
fn a_replaced_file_is_old_or_new_after_every_crash_and_new_once_acknowledged() {
    let report = sweep_replace("replace", replace, |_| false);

    report.assert_clean();
    assert!(report.total() > 50, "{report}");
}

#[test]
fn a_file_in_new_directories_is_as_durable_as_its_directories() {
    let report = sweep_create("create below new directories", |_| false);

    report.assert_clean();
    assert!(report.total() > 50, "{report}");
}

#[test]
fn a_failed_replacement_leaves_no_temporary_file_where_the_disk_lets_it() {
    use crate::support::sim::Fault;
    for call in 1..=4 {
        let fs = SimFs::new();
        fs.plant("/w/f.json", OLD);
        let fs = fs.again().fail_call(call, 28, Fault::Once);

        let outcome = replace(&fs, Path::new("/w/f.json"), NEW);

        assert!(outcome.unwrap_err().is_out_of_space(), "call {call}");
        let names: Vec<_> = fs.snapshot().into_keys().collect();
        assert_eq!(names, [Path::new("w/f.json")], "call {call}");
    }
}

#[test]
fn a_writer_with_one_step_left_out_is_caught() {
    let no_file_sync = sweep_replace(
        "no sync of the temporary file",
        replace,
        |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains(".tmp-")),
    );
    let no_dir_sync = sweep_replace("no sync of the directory", replace, |op| {
        matches!(op, Op::SyncDir(_))
    });
    let no_rename = sweep_replace("no rename", replace, |op| matches!(op, Op::Rename { .. }));
    let in_place = sweep_replace("written in place", write_in_place, |_| false);
    let no_ancestor_sync = sweep_create(
        "no sync of the directories above",
        |op| matches!(op, Op::SyncDir(path) if !path.ends_with("month=01")),
    );

    for report in [
        no_file_sync,
        no_dir_sync,
        no_rename,
        in_place,
        no_ancestor_sync,
    ] {
        report.assert_caught();
    }
}
