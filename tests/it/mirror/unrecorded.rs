//! `mirror` over files of which nothing was recorded, such as those that the predecessor still writes, and over those that another
//! program changed.

use std::path::Path;

use barkeep::cli::Exit;
use barkeep::sys::Fs;

use crate::support::barkeep::{demo_disk, run_on, update_demo};
use crate::support::sim::SimFs;

const MIRROR: [&str; 7] = ["-C", "/ws", "mirror", "--venue", "us:demo", "-i", "1d"];
const VERIFY: [&str; 8] = [
    "-C", "/ws", "mirror", "--verify", "--venue", "us:demo", "-i", "1d",
];
const SETTINGS: &[u8] = b"[workspace]\nlegacy_venue = \"us:demo\"\n";
const FILE: &str = "/ws/data/legacy/stocks_1d/A.parquet";

/// A mirrored workspace of one legacy file, without any record.
fn unrecorded() -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/barkeep.toml", SETTINGS);
    let init = ["-C", "/ws", "init", "--venue", "us:demo", "--ticker", "A"];
    assert_eq!(run_on(&disk, &init), Exit::Ok);
    update_demo(&disk, ("2025-10-27", "2025-11-05"));
    forget(&disk);
    assert_eq!(run_on(&disk, &MIRROR), Exit::Ok);
    disk
}

fn forget(disk: &SimFs) {
    let names = disk.snapshot().into_keys();
    let of_ledger: Vec<_> = names
        .filter(|path| path.starts_with("ws/state/ledger"))
        .collect();
    assert!(!of_ledger.is_empty());
    for path in of_ledger {
        disk.remove_file(&Path::new("/").join(path)).unwrap();
    }
}

/// How many reading calls a refresh takes.
fn reads(disk: &SimFs) -> usize {
    let before = disk.reads();
    assert_eq!(run_on(disk, &MIRROR), Exit::Ok);
    disk.reads() - before
}

#[test]
fn a_file_that_is_the_one_of_the_last_refresh_is_not_read_again() {
    let disk = unrecorded();

    let as_it_was = reads(&disk);
    let bytes = disk.peek(Path::new(FILE)).unwrap();
    disk.plant(FILE, &bytes);
    let written_again = reads(&disk);

    assert!(
        as_it_was < written_again,
        "{as_it_was} reads, and {written_again} of a file that was written again"
    );
    let as_it_is = reads(&disk);
    assert!(as_it_is < written_again, "{as_it_is} reads after that");
}

#[test]
fn rows_that_another_program_writes_come_into_the_mirror() {
    let disk = unrecorded();

    update_demo(&disk, ("2025-10-27", "2025-11-07"));
    forget(&disk);
    assert_eq!(run_on(&disk, &VERIFY), Exit::Mismatch);
    assert_eq!(run_on(&disk, &MIRROR), Exit::Ok);

    assert_eq!(run_on(&disk, &VERIFY), Exit::Ok);
}

/// A disk with bars of one ticker, in partitions or in one file.
fn recorded(is_partitioned: bool, end: &str) -> SimFs {
    if is_partitioned {
        return demo_disk(&["A"], ("2025-10-27", end));
    }
    let disk = SimFs::new();
    disk.plant("/ws/barkeep.toml", SETTINGS);
    let init = ["-C", "/ws", "init", "--venue", "us:demo", "--ticker", "A"];
    assert_eq!(run_on(&disk, &init), Exit::Ok);
    update_demo(&disk, ("2025-10-27", end));
    disk
}

/// Nothing is written down of it, and the next commit takes the rows for its own.
#[test]
fn rows_that_another_program_adds_to_a_recorded_file_come_into_the_mirror() {
    const MONTH: &str = "/ws/data/us/demo/stocks_1d/ticker=A/year=2025/month=11/data.parquet";
    for (is_partitioned, file) in [(true, MONTH), (false, FILE)] {
        let (disk, other) = (
            recorded(is_partitioned, "2025-11-05"),
            recorded(is_partitioned, "2025-11-06"),
        );
        assert_eq!(run_on(&disk, &MIRROR), Exit::Ok);

        disk.plant(file, &other.peek(Path::new(file)).unwrap());
        assert_eq!(run_on(&disk, &VERIFY), Exit::Mismatch, "{file}");
        assert_eq!(run_on(&disk, &MIRROR), Exit::Ok);

        assert_eq!(run_on(&disk, &VERIFY), Exit::Ok, "{file}");
        update_demo(&disk, ("2025-11-07", "2025-11-10"));
        assert_eq!(run_on(&disk, &MIRROR), Exit::Ok);
        assert_eq!(run_on(&disk, &VERIFY), Exit::Ok, "{file}, written again");
    }
}
