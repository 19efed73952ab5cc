//! A reader while a mirror is made, and after every kill and power cut in the middle of that: one whole state, or none.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use barkeep::cli::Exit;
use barkeep::mirror::{MirrorError, Place, Tree};
use barkeep::model::{Dataset, Interval};
use barkeep::sys::Fs;

use super::{Closes, read};
use crate::support::barkeep::{demo_disk, run_on, run_through, update_demo};
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};

const MIRROR: [&str; 7] = ["-C", "/ws", "mirror", "--venue", "us:demo", "-i", "1d"];
const VERIFY: [&str; 8] = [
    "-C", "/ws", "mirror", "--verify", "--venue", "us:demo", "-i", "1d",
];

/// A workspace without a mirror.
fn without() -> SimFs {
    demo_disk(&["A", "B"], ("2025-10-27", "2025-11-05"))
}

/// One whose mirror has not seen the last days.
fn behind() -> SimFs {
    let disk = without();
    assert_eq!(run_on(&disk, &MIRROR), Exit::Ok);
    update_demo(&disk, ("2025-10-27", "2025-11-07"));
    disk.again()
}

/// What a reader of `current` gets: nothing, a whole state, or what is wrong with it.
fn seen(disk: &SimFs) -> Result<Option<Closes>, String> {
    let tree = Tree {
        venue: "us:demo".parse().unwrap(),
        dataset: Dataset::Stocks,
        interval: Some(Interval::D1),
    };
    let place = Place {
        fs: disk,
        root: Path::new("/ws/mirror"),
    };
    let folder = place.folder(&tree);
    match folder.current() {
        Ok(None) => Ok(None),
        Ok(Some(version)) => read(disk, &folder, &version).map(Some),
        Err(MirrorError::Fs(error)) => Err(error.to_string()),
        Err(error) => Err(format!("a reader meets: {error}")),
    }
}

/// Sweeps the making of a mirror; a reader has one of these states at every moment, and the last of them in the end.
fn swept(name: &str, initial: &SimFs, door: fn(&SimFs) -> Arc<dyn Fs>) -> SweepReport {
    let finished = initial.again();
    assert_eq!(run_on(&finished, &MIRROR), Exit::Ok);
    let (before, after) = (seen(initial).unwrap(), seen(&finished).unwrap());
    assert_ne!(before, after);
    sweep(
        name,
        initial,
        &|disk| Ok(run_through(disk, door(disk), &MIRROR) == Exit::Ok),
        &|_disk| Ok(()),
        &|disk, is_acked| {
            let now = seen(disk)?;
            if now != after && (is_acked || now != before) {
                return Err("a reader has neither the old state nor the new one".to_owned());
            }
            let again = disk.again();
            let ended = run_on(&again, &MIRROR);
            if ended != Exit::Ok || seen(&again)? != after {
                return Err(format!("the next one ended with {ended:?}"));
            }
            match run_on(&again, &VERIFY) {
                Exit::Ok => Ok(()),
                exit => Err(format!("verify ended with {exit:?}")),
            }
        },
        1,
    )
}

fn straight(disk: &SimFs) -> Arc<dyn Fs> {
    Arc::new(disk.clone())
}

#[test]
fn crash_while_the_first_version_is_made() {
    let report = swept("mirror, first", &without(), straight);

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn crash_while_a_version_takes_the_place_of_another() {
    let report = swept("mirror, next", &behind(), straight);

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

/// Each step that makes something durable is needed: without it a power cut shows a reader a part.
#[test]
fn crash_a_step_that_is_left_out_is_noticed() {
    type Door = (&'static str, fn(&SimFs) -> Arc<dyn Fs>);
    let doors: [Door; 3] = [
        ("contents of a file", |disk| {
            Arc::new(MutantFs::new(
                straight(disk),
                |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains("parquet")),
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
                |op| matches!(op, Op::SyncDir(path) if path.ends_with("stocks_1d")),
            ))
        }),
    ];
    let initial = behind();
    let mut missed = BTreeSet::new();
    for (what, door) in doors {
        if swept(what, &initial, door).violation_count == 0 {
            missed.insert(what);
        }
    }

    assert!(missed.is_empty(), "left out and not noticed: {missed:?}");
}
