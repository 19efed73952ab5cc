//! Every sentence of `StorageInterface`, held against every implementation.
//!
//! Absent, empty, damaged, foreign and unreadable are five outcomes; a store never changes by itself; only what changes is
//! written. The files here are barkeep's own; those of other writers are in `foreign`, odd places in `places`.

mod foreign;
mod merging;
mod misplaced;
mod newest;
mod outcomes;
mod places;
mod strays;
mod types;

use crate::support::series::{Shape, provenance, rows};
use crate::support::sim::{Fault, SimFs};
use crate::support::workspace::TestWorkspace;
use Shape::{Events, LegacyBars, PartitionedBars, Prepost, Trades};
use barkeep::codec::{self, Facts};
use barkeep::frame::{self, Frame, Profile};
use barkeep::model::{Dataset, Interval, PriceBasis, Provenance, StorageRequest};
use barkeep::storage::{Damage, Prepared, RowCounts, StorageError, Stores};
use rstest::rstest;

const EIO: i32 = 5;
const EACCES: i32 = 13;

/// Two days of two months.
const JANUARY: &str = "2024-01-30";
const FEBRUARY: &str = "2024-02-05";

fn read(bench: &TestWorkspace, shape: Shape) -> barkeep::storage::Stored {
    let both_layouts = bench.stores();
    let stored = shape.store(&both_layouts).read(&shape.request()).unwrap();
    stored.expect("something is stored")
}

fn is_refused(error: &StorageError) -> bool {
    matches!(error, StorageError::Refused { .. })
}

fn is_foreign(error: &StorageError) -> bool {
    matches!(error, StorageError::Foreign { .. })
}

/// Asserts that a series is neither read nor prepared to be written, for the reason that is expected, and that nothing of
/// the tree changes.
fn assert_left_alone(
    bench: &TestWorkspace,
    shape: Shape,
    request: &StorageRequest,
    day: &str,
    is_expected: fn(&StorageError) -> bool,
) {
    let before = bench.stamped_tree();
    let stores = bench.stores();
    let newer = rows(request, &[day], 8.0);

    let unread = shape.store(&stores).read(request);
    let unwritten = shape.store(&stores).prepare(request, &newer, &provenance());

    let (unread, unwritten) = (unread.unwrap_err(), unwritten.unwrap_err());
    assert!(is_expected(&unread), "{unread:?}");
    assert!(is_expected(&unwritten), "{unwritten:?}");
    assert_eq!(bench.stamped_tree(), before);
}

fn prepare(bench: &TestWorkspace, shape: Shape, newer: &Frame) -> Result<Prepared, StorageError> {
    prepare_as(bench, shape, newer, &provenance())
}

fn prepare_as(
    bench: &TestWorkspace,
    shape: Shape,
    newer: &Frame,
    provenance: &Provenance,
) -> Result<Prepared, StorageError> {
    let stores = bench.stores();
    shape
        .store(&stores)
        .prepare(&shape.request(), newer, provenance)
}

fn both(value: f64, shape: Shape) -> Frame {
    rows(&shape.request(), &[JANUARY, FEBRUARY], value)
}

fn flip_a_byte(bench: &TestWorkspace, path: &std::path::Path) -> Vec<u8> {
    let mut bytes = bench.read(path);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bench.write(path, &bytes);
    bytes
}

#[rstest]
fn where_nothing_is_stored_there_is_none_and_no_empty_frame(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let stores = bench.stores();
    let (store, request) = (shape.store(&stores), shape.request());

    assert!(store.read(&request).unwrap().is_none());
    assert!(!store.holds(&request).unwrap());
    assert_eq!(store.stat(&request).unwrap(), None);
    let venue = request.venue.as_ref();
    let tickers = store.tickers(venue, request.series.dataset(), Some(Interval::D1));
    assert_eq!(tickers.unwrap(), []);
}

#[rstest]
fn a_stored_file_without_rows_is_some_and_empty(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let empty = Frame::empty(Profile::of(request.series.dataset()));
    let encoded = codec::encode(&empty, &Facts::default()).unwrap();
    bench.write(shape.file(&bench.places, &request, JANUARY), &encoded.bytes);

    let stored = read(&bench, shape);

    assert!(stored.frame.is_empty() && stored.damaged.is_empty());
    let both_layouts = bench.stores();
    assert!(shape.store(&both_layouts).holds(&request).unwrap());
}

#[rstest]
fn what_was_committed_is_read_back_with_its_provenance(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();

    bench.store(shape, &both(7.0, shape));

    let stored = read(&bench, shape);
    assert_eq!(stored.frame, both(7.0, shape));
    assert_eq!(stored.provenance, provenance());
    assert_eq!((stored.displaced, stored.damaged.len()), (0, 0));
}

#[rstest]
fn a_damaged_file_is_listed_and_is_neither_an_absence_nor_touched(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let path = shape.file(&bench.places, &request, JANUARY);
    bench.store(shape, &rows(&request, &[JANUARY], 7.0));
    let bytes = flip_a_byte(&bench, &path);
    let before = bench.stamped_tree();

    let stored = read(&bench, shape);

    assert!(stored.frame.is_empty());
    let [
        Damage {
            path: found,
            request: whose,
            bytes: kept,
            ..
        },
    ] = stored.damaged.as_slice()
    else {
        panic!("one file is damaged: {:?}", stored.damaged)
    };
    assert_eq!(
        (found, whose, &kept[..]),
        (&path, &request, bytes.as_slice())
    );
    let both_layouts = bench.stores();
    assert!(shape.store(&both_layouts).holds(&request).unwrap());
    assert_eq!(bench.stamped_tree(), before);
}

#[rstest]
#[case::no_byte(b"")]
#[case::zeros(&[0; 512])]
#[case::text(b"404 not found")]
fn a_file_that_is_no_parquet_is_damaged(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
    #[case] bytes: &[u8],
) {
    let bench = TestWorkspace::on_disk();
    bench.write(shape.file(&bench.places, &shape.request(), JANUARY), bytes);

    assert_eq!(read(&bench, shape).damaged.len(), 1);
}

#[rstest]
fn a_damaged_month_leaves_the_other_months_readable_and_writable(
    #[values(PartitionedBars, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    bench.store(shape, &both(7.0, shape));
    flip_a_byte(&bench, &shape.file(&bench.places, &request, JANUARY));

    let stored = read(&bench, shape);
    let prepared = prepare(&bench, shape, &rows(&request, &[FEBRUARY], 8.0)).unwrap();

    assert_eq!(stored.frame, rows(&request, &[FEBRUARY], 7.0));
    assert_eq!(stored.damaged.len(), 1);
    assert_eq!((prepared.files.len(), prepared.damaged.len()), (1, 0));
}

#[rstest]
fn rows_for_a_damaged_file_make_a_new_one_that_replaces_nothing(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let path = shape.file(&bench.places, &request, JANUARY);
    bench.store(shape, &rows(&request, &[JANUARY], 7.0));
    let damaged = flip_a_byte(&bench, &path);
    let newer = rows(&request, &[JANUARY], 8.0);

    let prepared = prepare(&bench, shape, &newer).unwrap();
    bench.commit(&prepared).unwrap();

    assert_eq!(prepared.damaged.len(), 1);
    assert_eq!(prepared.files[0].old, None);
    assert_eq!(read(&bench, shape).frame, newer);
    let quarantined = bench
        .tree()
        .into_iter()
        .find(|(path, bytes)| path.starts_with(&bench.places.quarantine) && *bytes == damaged);
    assert!(quarantined.is_some(), "the damaged bytes are kept");
}

/// Lets each reading call of `ask` fail in turn; all of them must be errors, and none may change the disk.
fn assert_unreadable_is_an_error<T: std::fmt::Debug>(
    shape: Shape,
    ask: impl Fn(&Stores, &StorageRequest) -> Result<T, StorageError>,
) {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    TestWorkspace::simulated(&disk).store(shape, &both(7.0, shape));
    let clean = disk.again();
    let stores = TestWorkspace::simulated(&clean).stores();
    let opened = clean.reads();
    ask(&stores, &shape.request()).unwrap();
    assert!(clean.reads() > opened, "the store looks at the disk");
    for errno in [EIO, EACCES] {
        for call in opened + 1..=clean.reads() {
            let failing = disk.again().fail_read(call, errno, Fault::Forever);

            let answer = ask(
                &TestWorkspace::simulated(&failing).stores(),
                &shape.request(),
            );

            assert!(
                matches!(answer, Err(StorageError::Fs(_))),
                "errno {errno} at read {call}: {answer:?}"
            );
            assert_eq!((failing.calls(), failing.snapshot()), (0, disk.snapshot()));
        }
    }
}

#[rstest]
fn a_file_that_cannot_be_read_is_an_error_and_nothing_is_moved(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let newer = both(8.0, shape);
    assert_unreadable_is_an_error(shape, |stores, request| shape.store(stores).read(request));
    assert_unreadable_is_an_error(shape, |stores, request| shape.store(stores).holds(request));
    assert_unreadable_is_an_error(shape, |stores, request| shape.store(stores).stat(request));
    assert_unreadable_is_an_error(shape, |stores, request| {
        shape.store(stores).prepare(request, &newer, &provenance())
    });
    assert_unreadable_is_an_error(shape, |stores, request| {
        let dataset = request.series.dataset();
        let interval = (dataset == Dataset::Stocks).then_some(Interval::D1);
        shape
            .store(stores)
            .tickers(request.venue.as_ref(), dataset, interval)
    });
}

#[rstest]
fn a_series_tells_its_size_and_extent(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let files = bench.store(shape, &both(7.0, shape));
    let stores = bench.stores();

    let stat = shape.store(&stores).stat(&request).unwrap().unwrap();

    let bytes: usize = files.iter().map(|file| bench.read(file).len()).sum();
    assert_eq!((stat.files, stat.bytes), (files.len(), bytes as u64));
    if let Some((first, last)) = stat.span {
        assert!(first <= last);
        assert_eq!(first != last, files.len() > 1);
    }
}

#[rstest]
fn tickers_with_files_are_listed_by_name(
    #[values(LegacyBars, PartitionedBars, Events)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    for name in ["ZZ", "^GSPC", "BRK.B", "EURUSD=X"] {
        let request = shape.request_of(name);
        let stores = bench.stores();
        let new = rows(&request, &[JANUARY], 7.0);
        let prepared = shape
            .store(&stores)
            .prepare(&request, &new, &provenance())
            .unwrap();
        bench.commit(&prepared).unwrap();
    }
    let stores = bench.stores();
    let request = shape.request();
    let dataset = request.series.dataset();
    let interval = (dataset == Dataset::Stocks).then_some(Interval::D1);

    let tickers = shape
        .store(&stores)
        .tickers(request.venue.as_ref(), dataset, interval)
        .unwrap();

    let names: Vec<&str> = tickers.iter().map(barkeep::model::Ticker::as_str).collect();
    assert_eq!(names, ["BRK.B", "EURUSD=X", "ZZ", "^GSPC"]);
}

#[rstest]
fn equal_rows_are_equal_bytes_whatever_the_order_they_came_in(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let (one, two) = (TestWorkspace::on_disk(), TestWorkspace::on_disk());
    let request = shape.request();
    let path = shape.file(&one.places, &request, FEBRUARY);

    one.store(shape, &both(7.0, shape));
    two.store(shape, &rows(&request, &[FEBRUARY], 7.0));
    two.store(shape, &rows(&request, &[JANUARY], 7.0));

    assert_eq!(
        one.read(&path),
        two.read(shape.file(&two.places, &request, FEBRUARY))
    );
}
