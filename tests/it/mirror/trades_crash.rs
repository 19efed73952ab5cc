//! A reader of trades while their mirror is made, and after every kill, power cut and full disk in the middle of that: one whole
//! state, or none. The trades themselves are what they were.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::cli::Exit;
use barkeep::mirror::{Folder, Version};
use barkeep::sys::Fs;

use super::table::files_by_log;
use super::trades::{Days, friday, read, seen, stored_on, thursday, with_current};
use crate::support::barkeep::Barkeep;
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::trades::{day_file, trade};
use crate::support::workspace::{NOW, TestWorkspace};

const MIRROR: [&str; 6] = ["-C", "/ws", "mirror", "--venue", "de:xetra", "--trades"];
const FILES: &str = "/ws/mirror/de/xetra/trades/files";
/// When versions of `NOW` are old.
const LATER: &str = "2025-11-23T22:00:00Z";

/// Trades without a mirror.
fn without() -> SimFs {
    let disk = SimFs::new();
    stored_on(&disk, &[thursday(), friday()]);
    disk.again()
}

/// Those whose mirror has not seen that a day has more trades, one has come and one is gone.
fn behind(disk: &SimFs) -> SimFs {
    assert_eq!(mirror(disk, straight(disk), NOW), Exit::Ok);
    let more = trade("2025-10-31T14:00:00", "5", 59.0);
    stored_on(disk, &[vec![more, trade("2025-11-03T09:00:00", "6", 60.0)]]);
    let gone = Path::new("/ws").join(day_file("2025-10-30"));
    assert!(disk.remove_file(&gone).unwrap());
    disk.again()
}

fn mirror(disk: &SimFs, door: Arc<dyn Fs>, now: &str) -> Exit {
    let mut bar = Barkeep::within(TestWorkspace::behind(disk, door));
    now.clone_into(&mut bar.now);
    bar.run(&MIRROR).exit
}

fn straight(disk: &SimFs) -> Arc<dyn Fs> {
    Arc::new(disk.clone())
}

/// What a reader of `current` gets.
fn by_folder(disk: &SimFs) -> Result<Option<Days>, String> {
    let see = |folder: &Folder<'_>, version: &Version| seen(folder, version, disk);
    with_current(disk, Path::new("/ws/mirror"), see)?.transpose()
}

/// What a reader of the table gets.
fn by_table(disk: &SimFs) -> Result<Option<Days>, String> {
    let root = Path::new(FILES);
    let files = files_by_log(disk, root)?;
    let days = files.map(|files| read(disk, files.iter().map(|file| root.join(file))));
    days.transpose()
}

fn data(disk: &SimFs) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = disk.snapshot();
    files.retain(|path, _| path.starts_with("ws/data"));
    files
}

/// Sweeps the making of a mirror; a reader has one of two states at every moment, and the last of them in the end.
fn swept(
    name: &str,
    initial: &SimFs,
    door: fn(&SimFs) -> Arc<dyn Fs>,
    (now, depth): (&str, usize),
) -> SweepReport {
    let finished = initial.again();
    assert_eq!(mirror(&finished, straight(&finished), now), Exit::Ok);
    let (before, after) = (by_folder(initial).unwrap(), by_folder(&finished).unwrap());
    assert_ne!(before, after);
    let trades = data(initial);
    sweep(
        name,
        initial,
        &|disk| Ok(mirror(disk, door(disk), now) == Exit::Ok),
        &|_disk| Ok(()),
        &|disk, is_acked| {
            for found in [by_folder(disk)?, by_table(disk)?] {
                if found != after && (is_acked || found != before) {
                    return Err("a reader has neither the old state nor the new one".to_owned());
                }
            }
            if data(disk) != trades {
                return Err("the trades are others".to_owned());
            }
            let again = disk.again();
            let ended = mirror(&again, straight(&again), now);
            if ended != Exit::Ok || by_folder(&again)? != after || by_table(&again)? != after {
                return Err(format!("the next one ended with {ended:?}"));
            }
            let verify = [&MIRROR[..], &["--verify"]].concat();
            match crate::support::barkeep::run_on(&again, &verify) {
                Exit::Ok => Ok(()),
                exit => Err(format!("verify ended with {exit:?}")),
            }
        },
        depth,
    )
}

#[test]
fn crash_while_the_first_version_of_trades_is_made() {
    let report = swept("mirror of trades, first", &without(), straight, (NOW, 1));

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn crash_while_days_of_trades_take_the_place_of_others() {
    let report = swept(
        "mirror of trades, next",
        &behind(&without()),
        straight,
        (NOW, 1),
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn crash_while_days_are_copied_to_another_disk() {
    let disk = without();
    disk.plant("/ws/mirror/notes.txt", b"mine");
    let disk = disk.mounted("/ws/mirror");
    let initial = behind(&disk.again().mounted("/ws/mirror")).mounted("/ws/mirror");

    let report = swept("mirror of trades, copied", &initial, straight, (NOW, 0));

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn crash_while_old_versions_of_trades_leave() {
    let initial = behind(&without());
    assert_eq!(mirror(&initial, straight(&initial), NOW), Exit::Ok);
    stored_on(&initial, &[vec![trade("2025-11-04T09:00:00", "7", 60.0)]]);

    let report = swept(
        "mirror of trades, later",
        &initial.again(),
        straight,
        (LATER, 0),
    );

    report.print();
    report.assert_clean();
}

/// Each step that makes something durable is needed: without it a power cut shows a reader a part.
#[test]
fn crash_a_step_that_is_left_out_of_a_mirror_of_trades_is_noticed() {
    type Door = (&'static str, fn(&SimFs) -> Arc<dyn Fs>);
    let doors: [Door; 3] = [
        ("names among all files", |disk| {
            Arc::new(MutantFs::new(
                straight(disk),
                |op| matches!(op, Op::SyncDir(path) if path.ends_with("files")),
            ))
        }),
        ("names in a version", |disk| {
            Arc::new(MutantFs::new(
                straight(disk),
                |op| matches!(op, Op::SyncDir(path) if path.to_string_lossy().contains("/.v")),
            ))
        }),
        ("the name of a version, and what leads to it", |disk| {
            Arc::new(MutantFs::new(
                straight(disk),
                |op| matches!(op, Op::SyncDir(path) if path.ends_with("trades")),
            ))
        }),
    ];
    let initial = behind(&without());
    for (what, door) in doors {
        let report = swept(what, &initial, door, (NOW, 0));
        assert!(
            report.violation_count > 0,
            "left out and not noticed: {what}"
        );
    }
}

/// What somebody puts back need not be durable: the mirror has it when it says so.
#[test]
fn crash_a_day_that_nobody_made_durable_is_durable_in_the_mirror() {
    let initial = without();
    let path = Path::new("/ws").join(day_file("2025-10-30"));
    let bytes = initial.peek(&path).unwrap();
    let put_back = |disk: &SimFs| {
        disk.remove_file(&path).unwrap();
        let mut file = disk.create_new(&path, barkeep::sys::Access::Fresh).unwrap();
        file.write_all(&bytes).unwrap();
    };
    let finished = initial.again();
    assert_eq!(mirror(&finished, straight(&finished), NOW), Exit::Ok);
    let after = by_folder(&finished).unwrap();
    let whole = |door: fn(&SimFs) -> Arc<dyn Fs>| {
        sweep(
            "mirror of trades, put back",
            &initial,
            &|disk| {
                put_back(disk);
                Ok(mirror(disk, door(disk), NOW) == Exit::Ok)
            },
            &|_disk| Ok(()),
            &|disk, _is_acked| match by_folder(disk)? {
                None => Ok(()),
                found if found == after => Ok(()),
                _ => Err("a reader has a part".to_owned()),
            },
            0,
        )
    };

    whole(straight).assert_clean();
    let left_out = whole(|disk| {
        Arc::new(MutantFs::new(
            straight(disk),
            |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains("/files/.day-")),
        ))
    });
    left_out.assert_caught();
}
