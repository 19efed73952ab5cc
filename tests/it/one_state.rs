//! Readers beside a run that commits: what they get of a series is one state of it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use barkeep::catalog::Catalog;
use barkeep::frame::{Adjust, Cell, Frame};
use barkeep::model::{Interval, StorageRequest};
use barkeep::query::{Pieces, each_piece};

use crate::support::series::{Shape, provenance, rows};
use crate::support::sim::{MutantFs, Op, SimFs};
use crate::support::workspace::TestWorkspace;

const SHAPE: Shape = Shape::PartitionedBars;
const DAYS: [&str; 3] = ["2024-01-30", "2024-02-01", "2024-03-01"];
const BEFORE: f64 = 400.0;
const AFTER: f64 = 100.0;

/// A series of some months before a split.
fn before() -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    store(&disk, BEFORE);
    disk
}

/// Stores all bars of the series, as an update does that moves them to another basis.
fn store(disk: &SimFs, value: f64) {
    let bars = rows(&SHAPE.request(), &DAYS, value);
    TestWorkspace::simulated(disk).store(SHAPE, &bars);
}

/// Returns the values of the closes, each once.
fn closes(frame: &Frame) -> Vec<f64> {
    let close = frame.profile().position("close").unwrap();
    let of_row = |row| match frame.columns()[close].cell(row) {
        Cell::Float(value) => value,
        other => panic!("{other:?}"),
    };
    let mut closes: Vec<f64> = (0..frame.len()).map(of_row).collect();
    closes.dedup();
    closes
}

fn read(bench: &TestWorkspace) -> Frame {
    let workspace = bench.open().unwrap();
    let found = workspace.read(&Catalog::default(), &SHAPE.request());
    found.unwrap().unwrap().stored.frame
}

#[test]
fn what_is_committed_between_two_files_is_in_all_of_them() {
    let disk = before();
    let (other, months) = (disk.clone(), AtomicUsize::new(0));
    let door = MutantFs::hearing(Arc::new(disk.clone()), move |path| {
        if path.ends_with("data.parquet") && months.fetch_add(1, Ordering::SeqCst) == 1 {
            store(&other, AFTER);
        }
    });

    let frame = read(&TestWorkspace::behind(&disk, Arc::new(door)));

    assert_eq!((frame.len(), closes(&frame)), (3, vec![AFTER]));
}

/// The group counts from its commit point on, wherever its files lie.
#[test]
fn of_a_commit_that_was_cut_off_a_reader_sees_all() {
    let disk = before();
    let is_cut = |op: &Op<'_>| match op {
        Op::Rename { to, .. } => to.ends_with("month=02/data.parquet"),
        Op::RemoveFile(path) | Op::RemoveDir(path) => {
            path.starts_with(Path::new("/ws/partition-staging"))
        }
        _ => false,
    };
    let cut = MutantFs::new(Arc::new(disk.clone()), is_cut);
    let bars = rows(&SHAPE.request(), &DAYS, AFTER);
    TestWorkspace::behind(&disk, Arc::new(cut)).store(SHAPE, &bars);

    let frame = read(&TestWorkspace::simulated(&disk));

    assert_eq!((frame.len(), closes(&frame)), (3, vec![AFTER]));
}

#[test]
fn bars_that_were_read_before_a_commit_are_not_joined_to_events_after_it() {
    let disk = before();
    let bench = TestWorkspace::simulated(&disk);
    let (workspace, catalog) = (bench.open().unwrap(), Catalog::default());
    let reading = workspace.reading(&catalog);
    let request = SHAPE.request();
    let stored = reading.read(&request).unwrap().unwrap().stored;
    store(&disk, AFTER);

    let adjusted = reading.adjusted(&request, &stored, Adjust::All).unwrap();

    assert_eq!(closes(&stored.frame), [BEFORE]);
    assert_eq!(closes(&adjusted), [AFTER]);
}

/// Those of minutes are handed over some months at a time, and whoever takes them may be slow.
#[test]
fn months_that_are_handed_over_one_by_one_are_those_of_the_first() {
    let minutes = |(month, count): (u32, u32)| {
        (0..count).map(move |at| {
            let (day, minute) = (1 + at / 1440, at % 1440);
            format!(
                "2024-{month:02}-{day:02}T{:02}:{:02}:00",
                minute / 60,
                minute % 60
            )
        })
    };
    let moments: Vec<String> = [(1, 33_000), (2, 33_000), (3, 10)]
        .into_iter()
        .flat_map(minutes)
        .collect();
    let moments: Vec<&str> = moments.iter().map(String::as_str).collect();
    let (venue, ticker) = ("us:demo".parse().unwrap(), "A".parse().unwrap());
    let request = StorageRequest::bars(venue, ticker, Interval::M1);
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let bench = TestWorkspace::simulated(&disk);
    let store = |value| {
        let (stores, bars) = (bench.stores(), rows(&request, &moments, value));
        let store: &dyn barkeep::storage::StorageInterface = &stores.partitioned;
        let prepared = store.prepare(&request, &bars, &provenance()).unwrap();
        bench.commit(&prepared).unwrap();
    };
    store(BEFORE);
    let (workspace, catalog) = (bench.open().unwrap(), Catalog::default());
    let (reading, series) = (workspace.reading(&catalog), [request.clone()]);
    let mut taken = Vec::new();

    let done: Result<(), ()> = each_piece(reading, &series, (Pieces::Months, 1), |_, read| {
        let frame = read.unwrap().unwrap().frame;
        taken.push((frame.len(), closes(&frame)));
        if taken.len() == 1 {
            store(AFTER);
        }
        Ok(())
    });

    assert_eq!(done, Ok(()));
    let whole = |rows| (rows, vec![BEFORE]);
    assert_eq!(taken, [whole(33_000), whole(33_000), whole(10)]);
}
