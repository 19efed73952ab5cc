//! A mirror on a disk that is full: what may go goes first, and what nobody gets is not left lying there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;

use super::crash::{MIRROR, behind, seen, without};
use crate::support::barkeep::{Barkeep, update_demo};
use crate::support::sim::{BadFolder, SimFs};
use crate::support::workspace::{NOW, TestWorkspace};

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
            } else {
                assert_eq!(found, after, "full behind {calls}");
            }
            assert_eq!(refresh(&disk, now), Exit::Ok, "full behind {calls}");
            assert_eq!(seen(&disk).unwrap(), after, "full behind {calls}");
        }
        assert!(failed > 4, "{failed}");
    }
}
