//! Every sentence of `StorageInterface`, held against every implementation.
//!
//! Absent, empty, damaged, foreign and unreadable are five outcomes; a store never changes by itself; only what changes is
//! written. The files here are barkeep's own; those of other writers are in `foreign`, odd places in `places`.

mod foreign;
mod misplaced;
mod newest;
mod outcomes;
mod places;
mod types;

use barkeep::codec::{self, Facts};
use barkeep::frame::{self, Frame, Profile};
use barkeep::model::{Dataset, Interval, PriceBasis, Provenance, StorageRequest};
use barkeep::storage::{Damage, Prepared, RowCounts, StorageError, Stores};
use rstest::rstest;

use Shape::{Events, LegacyBars, PartitionedBars, Prepost, Trades};

use crate::support::series::{Shape, provenance, rows};
use crate::support::sim::{Fault, SimFs};
use crate::support::workspace::TestWorkspace;

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
fn preparing_changes_nothing_on_disk(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
    #[values(false, true)] is_damaged: bool,
) {
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let planted = TestWorkspace::simulated(&disk);
    planted.store(shape, &both(7.0, shape));
    if is_damaged {
        flip_a_byte(
            &planted,
            &shape.file(&planted.places, &shape.request(), JANUARY),
        );
    }
    let fs = disk.again();

    let prepared = prepare(&TestWorkspace::simulated(&fs), shape, &both(8.0, shape)).unwrap();

    assert!(!prepared.files.is_empty());
    assert_eq!(fs.calls(), 0, "preparing makes no changing call");
}

#[rstest]
fn rows_that_are_there_already_prepare_no_file(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    bench.store(shape, &both(7.0, shape));
    let before = bench.stamped_tree();

    let prepared = prepare(&bench, shape, &both(7.0, shape)).unwrap();
    bench.commit(&prepared).unwrap();

    assert!(prepared.files.is_empty() && prepared.revisions().next().is_none());
    let counts = RowCounts {
        unchanged: 2,
        ..RowCounts::default()
    };
    assert_eq!(prepared.rows, counts);
    assert_eq!(
        bench.stamped_tree(),
        before,
        "bytes and times of change stay"
    );
}

#[rstest]
fn only_the_months_whose_rows_change_are_written(#[values(PartitionedBars, Trades)] shape: Shape) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    bench.store(shape, &both(7.0, shape));
    let (january, february) = (
        shape.file(&bench.places, &request, JANUARY),
        shape.file(&bench.places, &request, FEBRUARY),
    );
    let before = bench.stamped_tree();
    let newer = frame::merge(
        &rows(&request, &[JANUARY], 7.0),
        &rows(&request, &[FEBRUARY], 8.0),
    )
    .frame;

    let prepared = prepare(&bench, shape, &newer).unwrap();
    bench.commit(&prepared).unwrap();

    let targets: Vec<_> = prepared.files.iter().map(|file| &file.target).collect();
    assert_eq!(targets, [&february]);
    let after = bench.stamped_tree();
    assert_eq!(
        after[&january], before[&january],
        "bytes and time of change stay"
    );
    assert_ne!(after[&february].0, before[&february].0);
    let new: Vec<_> = after
        .keys()
        .filter(|path| !before.contains_key(*path))
        .collect();
    let ledgers = bench.places.state.join("ledger");
    assert!(
        matches!(new[..], [ledger] if ledger.starts_with(&ledgers)),
        "{new:?}"
    );
}

#[rstest]
fn a_merge_keeps_every_key_that_was_stored(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let stored = ["2023-12-31", "2024-01-01", "2024-01-30", "2024-02-05"];
    bench.store(shape, &rows(&request, &stored, 7.0));

    // An answer that would shrink history: two days, one of them new.
    bench.store(shape, &rows(&request, &["2024-01-02", "2024-01-30"], 8.0));

    let found = read(&bench, shape).frame;
    let expected = frame::merge(
        &rows(&request, &stored, 7.0),
        &rows(&request, &["2024-01-02", "2024-01-30"], 8.0),
    )
    .frame;
    assert_eq!(found.len(), 5);
    assert_eq!(found, expected);
}

#[rstest]
fn values_that_change_are_counted_and_told(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    bench.store(shape, &both(7.0, shape));
    let newer = rows(&request, &[FEBRUARY, "2024-02-06"], 8.0);

    let prepared = prepare(&bench, shape, &newer).unwrap();

    assert_eq!(
        prepared.rows,
        RowCounts {
            added: 1,
            changed: 1,
            unchanged: 0
        }
    );
    assert!(prepared.revisions().next().is_some());
    let day = crate::support::series::stamp(FEBRUARY);
    assert!(
        prepared
            .revisions()
            .all(|revision| revision.key.time == day)
    );
}

#[rstest]
#[case::basis(Provenance { basis: PriceBasis::AsTraded, ..provenance() }, "price basis")]
#[case::zone(Provenance { timezone: Some("Europe/Berlin".to_owned()), ..provenance() }, "time zone")]
#[case::source(Provenance { source: Some("us:other".parse().unwrap()), ..provenance() }, "source")]
fn rows_that_do_not_belong_to_the_stored_ones_are_refused(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
    #[case] other: Provenance,
    #[case] what: &str,
) {
    let bench = TestWorkspace::on_disk();
    bench.store(shape, &both(7.0, shape));
    let before = bench.stamped_tree();

    let refused = prepare_as(&bench, shape, &both(8.0, shape), &other).unwrap_err();

    assert!(
        matches!(refused, StorageError::Refused { .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains(what), "{refused}");
    assert_eq!(bench.stamped_tree(), before);
}

/// Older builds wrote down the zone of the market for rows on the clock of UTC.
#[rstest]
fn rows_that_are_the_newer_ones_take_the_name_of_their_clock(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    let days = ["2024-02-05", "2024-02-06", "2024-02-07", "2024-02-08"];
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let stored = rows(&request, &days[..3], 7.0);
    bench.store(shape, &stored);
    let before = bench.stamped_tree();
    let utc = Provenance {
        timezone: Some("UTC".to_owned()),
        ..provenance()
    };
    let refused = |newer: &Frame| prepare_as(&bench, shape, newer, &utc).is_err();
    assert!(refused(&rows(&request, &days, 8.0)), "other values");
    assert!(refused(&rows(&request, &days[1..], 7.0)), "not all of them");
    assert!(refused(&rows(&request, &days[2..], 7.0)), "too few to tell");

    for newer in [rows(&request, &days[..3], 7.0), rows(&request, &days, 7.0)] {
        let prepared = prepare_as(&bench, shape, &newer, &utc).unwrap();
        bench.commit(&prepared).unwrap();

        let stores = bench.stores();
        let found = shape.store(&stores).read(&request).unwrap().unwrap();
        assert_eq!(found.provenance.timezone.as_deref(), Some("UTC"));
        assert_eq!(found.frame, newer);
    }
    assert!(bench.stamped_tree() != before);
}

#[rstest]
fn a_new_month_has_the_basis_of_its_tree_or_is_refused(
    #[values(PartitionedBars, Trades)] shape: Shape,
    #[values(false, true)] is_one_process: bool,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let first = bench.stores();
    let january = rows(&request, &[JANUARY], 7.0);
    let prepared = shape
        .store(&first)
        .prepare(&request, &january, &provenance())
        .unwrap();
    bench.commit(&prepared).unwrap();
    let second = if is_one_process {
        first
    } else {
        bench.stores()
    };
    let other = Provenance {
        basis: PriceBasis::AsTraded,
        ..provenance()
    };

    let february = rows(&request, &[FEBRUARY], 7.0);
    let refused = shape.store(&second).prepare(&request, &february, &other);

    assert!(
        matches!(refused, Err(StorageError::Refused { .. })),
        "{:?}",
        refused.err()
    );
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
