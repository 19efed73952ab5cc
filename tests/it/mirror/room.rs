//! A mirror on a disk that is full: what may go goes first, and what nobody gets is not left lying there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;

use super::crash::{MIRROR, VERIFY, behind, seen, seen_in_table, without};
use crate::support::barkeep::{Barkeep, run_on, update_demo};
use crate::support::sim::{BadFolder, SimFs, sweep};
use crate::support::workspace::{NOW, TestWorkspace};

const EACCES: i32 = 13;
const ENOSPC: i32 = 28;
/// Below the root.
const DIR: &str = "ws/mirror/us/demo/stocks_1d";
/// Two days after all other runs, when versions of then are old.
const LATER: &str = "2025-11-23T22:00:00Z";

fn refresh(disk: &SimFs, now: &str) -> Exit {
    let mut bar = Barkeep::within(TestWorkspace::simulated(disk));
    now.clone_into(&mut bar.now);
    bar.run(&MIRROR).exit
}

/// Fills the disk of the mirror for all changing calls behind so many.
fn fill(disk: &SimFs, after: usize) {
    disk.turn_bad(BadFolder {
        calls: disk.calls() + after..usize::MAX,
        ..BadFolder::always("/ws/mirror", ENOSPC)
    });
}

/// The names below the folder of the mirror.
fn names(disk: &SimFs) -> BTreeSet<PathBuf> {
    let names = disk.names().into_iter();
    let below = names.filter_map(|path| path.strip_prefix(DIR).ok().map(Path::to_owned));
    below.collect()
}

/// The versions that the log of the table tells of.
fn in_log(disk: &SimFs) -> Vec<u64> {
    let names = names(disk).into_iter();
    let number = |path: PathBuf| {
        let name = path.strip_prefix("files/_delta_log").ok()?.to_str()?;
        name.strip_suffix(".json")?.parse().ok()
    };
    names.filter_map(number).collect()
}

/// A mirror with a version that is behind and one before it.
fn two_versions() -> SimFs {
    let disk = behind();
    assert_eq!(refresh(&disk, NOW), Exit::Ok);
    update_demo(&disk, ("2025-10-27", "2025-11-12"));
    disk.again()
}

/// Old versions went at the end of a refresh only, so that none ever had the room that they took.
#[test]
fn versions_that_nobody_needs_go_before_the_next_one_is_made() {
    let disk = two_versions();
    let before = seen(&disk).unwrap();
    assert!(names(&disk).contains(Path::new("v1")));
    fill(&disk, 0);

    assert_eq!(refresh(&disk, NOW), Exit::NoSpace);
    assert!(
        names(&disk).contains(Path::new("v1")),
        "readers may hold it"
    );
    assert_eq!(refresh(&disk, LATER), Exit::NoSpace);

    assert!(!names(&disk).contains(Path::new("v1")));
    assert_eq!(seen(&disk).unwrap(), before);
    disk.heal();
    assert_eq!(refresh(&disk, LATER), Exit::Ok);
    assert!(names(&disk).contains(Path::new("v3")));
    assert_ne!(seen(&disk).unwrap(), before);
}

/// What a refresh had written when the disk was full stayed, and kept everybody else from writing.
#[test]
fn a_refresh_that_finds_no_room_leaves_nothing() {
    for (initial, now) in [(without(), NOW), (two_versions(), LATER)] {
        let whole = initial.again();
        assert_eq!(refresh(&whole, now), Exit::Ok);
        let (before, after) = (seen(&initial).unwrap(), seen(&whole).unwrap());
        let mut failed = 0;
        for calls in 0.. {
            let disk = initial.again();
            fill(&disk, calls);
            let ended = refresh(&disk, now);
            disk.heal();
            if ended == Exit::Ok {
                break;
            }
            let found = seen(&disk).unwrap();
            if found == before {
                failed += 1;
                let kept = names(&initial);
                let left = names(&disk);
                let new = left.difference(&kept);
                let new = new.filter(|name| !matches!(name.to_str(), Some("" | "files" | ".lock")));
                assert_eq!(new.collect::<Vec<_>>(), [""; 0], "full behind {calls}");
                for number in in_log(&disk) {
                    let version = format!("v{number}");
                    assert!(
                        left.contains(Path::new(&version)),
                        "full behind {calls}: {version}"
                    );
                }
            } else {
                assert_eq!(found, after, "full behind {calls}");
            }
            assert_eq!(refresh(&disk, now), Exit::Ok, "full behind {calls}");
            assert_eq!(seen(&disk).unwrap(), after, "full behind {calls}");
        }
        assert!(failed > 4, "{failed}");
    }
}

/// Power goes, or the process dies, while a mirror is removed: what is made of it again has another number than any before.
#[test]
fn crash_while_a_mirror_is_removed() {
    let drop = |disk: &SimFs| run_on(disk, &[&MIRROR[..], &["--drop"]].concat());
    let initial = two_versions();
    let whole = initial.again();
    assert_eq!(drop(&whole), Exit::Ok);
    assert!(names(&whole).is_empty());

    let report = sweep(
        "mirror, removed",
        &initial,
        &|disk| Ok(drop(disk) == Exit::Ok),
        &|_disk| Ok(()),
        &|disk, _is_acked| {
            let again = disk.again();
            let ended = refresh(&again, LATER);
            let made = names(&again);
            let is_next = made.contains(Path::new("v3")) && !made.contains(Path::new("v1"));
            match (ended, is_next) {
                (Exit::Ok, true) => Ok(()),
                _ => Err(format!(
                    "the next one ended with {ended:?} and made {made:?}"
                )),
            }
        },
        1,
    );

    report.print();
    report.assert_clean();
    assert!(report.total() > 50, "{report}");
}

/// It was forgotten before it was moved, so that it stayed for ever and nobody was told.
#[test]
fn an_old_version_that_cannot_go_is_told_by_every_refresh_until_it_can() {
    let disk = two_versions();
    disk.turn_bad(BadFolder {
        is_file: true,
        ..BadFolder::always(&format!("/{DIR}/v1"), EACCES)
    });

    for _ in 0..2 {
        assert_eq!(refresh(&disk, LATER), Exit::Failed);
        assert!(names(&disk).contains(Path::new("v1")));
    }

    let after = seen(&disk).unwrap();
    disk.heal();
    assert_eq!(refresh(&disk, LATER), Exit::Ok);
    assert!(!names(&disk).contains(Path::new("v1")));
    assert_eq!(seen(&disk).unwrap(), after);
}

/// While there was no room for the log, nothing went any more, however old it was.
#[test]
fn where_the_table_is_behind_only_its_version_stays_with_the_newest() {
    let disk = two_versions();
    let in_table = seen_in_table(&disk).unwrap();
    disk.turn_bad(BadFolder::always(
        &format!("/{DIR}/files/_delta_log"),
        ENOSPC,
    ));
    assert_eq!(refresh(&disk, NOW), Exit::NoSpace);
    update_demo(&disk, ("2025-10-27", "2025-11-14"));
    assert_eq!(refresh(&disk, NOW), Exit::NoSpace);
    assert!(names(&disk).contains(Path::new("v3")) && names(&disk).contains(Path::new("v4")));
    fill(&disk, 0);

    refresh(&disk, LATER);

    let left = names(&disk);
    let version = |name: &str| left.contains(Path::new(name));
    assert_eq!(
        ["v1", "v2", "v3", "v4"].map(version),
        [false, true, false, true]
    );
    assert_eq!(seen_in_table(&disk).unwrap(), in_table);
    disk.heal();
    assert_eq!(refresh(&disk, LATER), Exit::Ok);
    assert_eq!(seen_in_table(&disk).unwrap(), seen(&disk).unwrap());
    let verified = Barkeep::within(TestWorkspace::simulated(&disk)).run(&VERIFY);
    assert_eq!(verified.exit, Exit::Ok, "{verified:?}");
}
