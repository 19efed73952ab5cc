//! A reader while a mirror is made, and after every kill and power cut in the middle of that: one whole state, or none.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use barkeep::cli::Exit;
use barkeep::mirror::{MirrorError, Place, Tree};
use barkeep::model::{Dataset, Interval};
use barkeep::sys::Fs;

use super::table::through_log;
use super::{Closes, read};
use crate::support::barkeep::{Barkeep, demo_disk, run_on, update_demo};
use crate::support::sim::{MutantFs, Op, SimFs, SweepReport, sweep};
use crate::support::workspace::{NOW, TestWorkspace};

pub(super) const MIRROR: [&str; 7] = ["-C", "/ws", "mirror", "--venue", "us:demo", "-i", "1d"];
pub(super) const VERIFY: [&str; 8] = [
    "-C", "/ws", "mirror", "--verify", "--venue", "us:demo", "-i", "1d",
];

const FILES: &str = "/ws/mirror/us/demo/stocks_1d/files";
/// Two days after all other runs, when versions of then are old.
const LATER: &str = "2025-11-23T22:00:00Z";

/// A workspace without a mirror.
pub(super) fn without() -> SimFs {
    demo_disk(&["A", "B"], ("2025-10-27", "2025-11-05"))
}

/// One whose mirror has not seen the last days.
pub(super) fn behind() -> SimFs {
    let disk = without();
    assert_eq!(run_on(&disk, &MIRROR), Exit::Ok);
    update_demo(&disk, ("2025-10-27", "2025-11-07"));
    disk.again()
}

/// What a reader of `current` gets: nothing, a whole state, or what is wrong with it.
pub(super) fn seen(disk: &SimFs) -> Result<Option<Closes>, String> {
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

/// What a reader of the table gets.
pub(super) fn seen_in_table(disk: &SimFs) -> Result<Option<Closes>, String> {
    through_log(disk, Path::new(FILES))
}

fn mirror(disk: &SimFs, door: Arc<dyn Fs>, now: &str) -> Exit {
    let mut bar = Barkeep::within(TestWorkspace::behind(disk, door));
    now.clone_into(&mut bar.now);
    bar.run(&MIRROR).exit
}

/// Sweeps the making of a mirror; a reader has one of these states at every moment, and the last of them in the end. So has a
/// reader of the table.
fn swept(
    name: &str,
    initial: &SimFs,
    door: fn(&SimFs) -> Arc<dyn Fs>,
    (now, depth): (&str, usize),
) -> SweepReport {
    let finished = initial.again();
    assert_eq!(mirror(&finished, straight(&finished), now), Exit::Ok);
    let (before, after) = (seen(initial).unwrap(), seen(&finished).unwrap());
    assert_ne!(before, after);
    assert_eq!(seen_in_table(initial).unwrap(), before);
    sweep(
        name,
        initial,
        &|disk| Ok(mirror(disk, door(disk), now) == Exit::Ok),
        &|_disk| Ok(()),
        &|disk, is_acked| {
            for found in [seen(disk)?, seen_in_table(disk)?] {
                if found != after && (is_acked || found != before) {
                    return Err("a reader has neither the old state nor the new one".to_owned());
                }
            }
            let again = disk.again();
            let ended = mirror(&again, straight(&again), now);
            if ended != Exit::Ok || seen(&again)? != after || seen_in_table(&again)? != after {
                return Err(format!("the next one ended with {ended:?}"));
            }
            match run_on(&again, &VERIFY) {
                Exit::Ok => Ok(()),
                exit => Err(format!("verify ended with {exit:?}")),
            }
        },
        depth,
    )
}

fn straight(disk: &SimFs) -> Arc<dyn Fs> {
    Arc::new(disk.clone())
}

#[test]
fn crash_while_the_first_version_is_made() {
    let report = swept("mirror, first", &without(), straight, (NOW, 1));

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn crash_while_a_version_takes_the_place_of_another() {
    let report = swept("mirror, next", &behind(), straight, (NOW, 1));

    report.print();
    report.assert_clean();
    assert!(report.total() > 100, "{report}");
}

#[test]
fn crash_while_old_versions_and_their_entries_leave() {
    let initial = behind();
    assert_eq!(run_on(&initial, &MIRROR), Exit::Ok);
    update_demo(&initial, ("2025-10-27", "2025-11-10"));
    let has = |disk: &SimFs, number: u64| {
        let name = format!("{FILES}/_delta_log/{number:020}.json");
        disk.peek(Path::new(&name)).is_some()
    };

    let report = swept("mirror, later", &initial.again(), straight, (LATER, 0));
    let finished = initial.again();
    assert_eq!(mirror(&finished, straight(&finished), LATER), Exit::Ok);

    report.print();
    report.assert_clean();
    assert_eq!(
        [1, 2, 3].map(|number| has(&initial, number)),
        [true, true, false]
    );
    assert_eq!(
        [1, 2, 3].map(|number| has(&finished, number)),
        [false, true, true]
    );
}

/// A reader of a damaged log has an error at worst, and of its successor all rows.
#[test]
fn crash_while_a_damaged_log_is_made_anew() {
    let initial = behind();
    assert_eq!(run_on(&initial, &MIRROR), Exit::Ok);
    let after = seen(&initial).unwrap();
    for number in [1, 2] {
        initial.plant(&format!("{FILES}/_delta_log/{number:020}.json"), b"{}\n");
        initial.plant(
            &format!("{FILES}/_delta_log/{number:020}.checkpoint.parquet"),
            b"PAR1",
        );
    }
    assert!(seen_in_table(&initial).is_err());

    // The first run tells of the damage.
    let report = sweep(
        "table, anew",
        &initial.again(),
        &|disk| Ok(mirror(disk, straight(disk), NOW) == Exit::Partial),
        &|_disk| Ok(()),
        &|disk, is_acked| {
            match seen_in_table(disk) {
                Ok(found) if found == after => {}
                Ok(Some(_)) => return Err("a reader has a part".to_owned()),
                _ if is_acked => return Err("a reader has nothing".to_owned()),
                _ => {}
            }
            let again = disk.again();
            mirror(&again, straight(&again), NOW);
            if seen_in_table(&again)? != after {
                return Err("the next one did not make it".to_owned());
            }
            let left = again.names().into_iter();
            match left
                .into_iter()
                .find(|name| name.to_string_lossy().contains("_delta_log.tmp-"))
            {
                None => Ok(()),
                Some(name) => Err(format!("{} is left", name.display())),
            }
        },
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 50, "{report}");
}

/// Each step that makes something durable is needed: without it a power cut shows a reader a part.
#[test]
fn crash_a_step_that_is_left_out_is_noticed() {
    type Door = (&'static str, fn(&SimFs) -> Arc<dyn Fs>);
    let doors: [Door; 5] = [
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
        ("contents of an entry of the table", |disk| {
            Arc::new(MutantFs::new(
                straight(disk),
                |op| matches!(op, Op::SyncFile(path) if path.to_string_lossy().contains(".json.tmp-")),
            ))
        }),
        ("names in the log of the table", |disk| {
            Arc::new(MutantFs::new(
                straight(disk),
                |op| matches!(op, Op::SyncDir(path) if path.ends_with("_delta_log")),
            ))
        }),
    ];
    let initial = behind();
    let mut missed = BTreeSet::new();
    for (what, door) in doors {
        if swept(what, &initial, door, (NOW, 0)).violation_count == 0 {
            missed.insert(what);
        }
    }

    assert!(missed.is_empty(), "left out and not noticed: {missed:?}");
}
