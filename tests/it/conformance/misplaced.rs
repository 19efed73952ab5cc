//! One file is one partition, in every dataset and in both layouts: the copy beside it is never rows, and a copy alone is foreign.

use std::path::{Path, PathBuf};

use barkeep::model::{Dataset, Series, StorageRequest, TimeUnit};
use barkeep::storage::StorageError;
use rstest::rstest;

use super::{
    Events, FEBRUARY, JANUARY, LegacyBars, PartitionedBars, Prepost, Trades, prepare, read,
};
use crate::support::foreign::daily;
use crate::support::series::{Shape, provenance, rows};
use crate::support::workspace::TestWorkspace;

/// Returns where a copy of a file stands. In the order of names it comes before the file.
fn copy(file: &Path) -> PathBuf {
    let stem = file.file_stem().unwrap().to_string_lossy();
    file.with_file_name(format!("{stem} (1).parquet"))
}

/// Returns the bytes of a file with other values of the same day.
fn other_values(shape: Shape) -> Vec<u8> {
    let elsewhere = TestWorkspace::on_disk();
    let files = elsewhere.store(shape, &rows(&shape.request(), &[JANUARY], 99.0));
    elsewhere.read(&files[0])
}

#[rstest]
fn a_copy_beside_a_file_is_named_and_is_no_row(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let stored = rows(&request, &[JANUARY], 7.0);
    let file = bench.store(shape, &stored).remove(0);
    let copy = copy(&file);
    bench.write(&copy, other_values(shape));

    let found = read(&bench, shape);
    let stores = bench.stores();
    let store = shape.store(&stores);
    let changed = prepare(&bench, shape, &rows(&request, &[JANUARY], 8.0)).unwrap();
    let same = prepare(&bench, shape, &stored).unwrap();

    assert_eq!(found.frame, stored);
    assert_eq!(found.misplaced, std::slice::from_ref(&copy));
    assert_eq!(store.stat(&request).unwrap().unwrap().files, 1);
    assert_eq!(changed.misplaced, std::slice::from_ref(&copy));
    assert_eq!(changed.rows.changed, 1);
    assert_eq!(same.misplaced, std::slice::from_ref(&copy));
    bench.commit(&changed).unwrap();
    assert_eq!(bench.read(&copy), other_values(shape));
}

#[rstest]
fn a_copy_alone_is_foreign_and_neither_absent_nor_empty(
    #[values(LegacyBars, PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let copy = copy(&shape.file(&bench.places, &request, JANUARY));
    bench.write(&copy, other_values(shape));
    let before = bench.stamped_tree();
    let stores = bench.stores();
    let store = shape.store(&stores);
    let is_foreign =
        |error: StorageError| matches!(error, StorageError::Foreign { path, .. } if path == copy);

    assert!(is_foreign(store.read(&request).unwrap_err()));
    let newer = rows(&request, &[JANUARY], 8.0);
    assert!(is_foreign(
        store.prepare(&request, &newer, &provenance()).unwrap_err()
    ));
    if shape != LegacyBars {
        assert!(store.holds(&request).unwrap());
        assert!(is_foreign(store.stat(&request).unwrap_err()));
        let partitioned = &stores.partitioned;
        assert!(is_foreign(partitioned.claimed_rows(&request).unwrap_err()));
        assert!(is_foreign(
            partitioned.read_from_medium(&request).unwrap_err()
        ));
        assert!(is_foreign(partitioned.holdings(&request).unwrap_err()));
    }
    assert_eq!(bench.stamped_tree(), before);
}

/// An update looks at the months that it writes: an old one that is foreign does not keep today's bars out.
#[test]
fn a_foreign_month_does_not_stop_the_months_beside_it() {
    let bench = TestWorkspace::on_disk();
    let request = PartitionedBars.request();
    let january = PartitionedBars.file(&bench.places, &request, JANUARY);
    bench.write(copy(&january), other_values(PartitionedBars));

    bench.store(PartitionedBars, &rows(&request, &[FEBRUARY], 7.0));

    let stores = bench.stores();
    let unread = PartitionedBars.store(&stores).read(&request);
    assert!(matches!(unread, Err(StorageError::Foreign { .. })));
}

/// Rows of a year in another writer's way: a month beside them would make them misplaced.
#[rstest]
#[case::year("../part-0.parquet")]
#[case::series("../../part-0.parquet")]
#[case::folder("../all/data.parquet")]
fn a_first_month_does_not_begin_beside_foreign_rows(#[case] name: &str) {
    let bench = TestWorkspace::on_disk();
    let request = PartitionedBars.request();
    let january = PartitionedBars.file(&bench.places, &request, JANUARY);
    let mut place = january.parent().unwrap().to_owned();
    for part in name.split('/') {
        match part {
            ".." => assert!(place.pop()),
            part => place.push(part),
        }
    }
    bench.write(&place, other_values(PartitionedBars));

    let unwritten = prepare(&bench, PartitionedBars, &rows(&request, &[JANUARY], 8.0));

    assert!(matches!(unwritten, Err(StorageError::Foreign { .. })));
}

#[rstest]
#[case::short("month=1")]
#[case::long("month=001")]
fn a_month_in_another_spelling_is_that_month(#[case] spelled: &str) {
    let bench = TestWorkspace::on_disk();
    let request = PartitionedBars.request();
    bench.store(PartitionedBars, &rows(&request, &[FEBRUARY], 7.0));
    let january = PartitionedBars.file(&bench.places, &request, JANUARY);
    let year = january.parent().unwrap().parent().unwrap();
    bench.write(
        year.join(spelled).join("data.parquet"),
        other_values(PartitionedBars),
    );

    let stores = bench.stores();
    let unread = PartitionedBars.store(&stores).read(&request);
    let unwritten = prepare(&bench, PartitionedBars, &rows(&request, &[JANUARY], 8.0));
    let written = prepare(&bench, PartitionedBars, &rows(&request, &[FEBRUARY], 8.0));

    assert!(matches!(unread, Err(StorageError::Foreign { .. })));
    assert!(matches!(unwritten, Err(StorageError::Foreign { .. })));
    assert!(written.is_ok());
}

/// The copy was written by another program, in nanoseconds and on another price basis.
#[rstest]
#[case::copy("data (1).parquet")]
#[case::hidden("._data.parquet")]
#[case::folder("old/data.parquet")]
fn what_is_misplaced_says_nothing_of_its_tree(#[case] name: &str) {
    let bench = TestWorkspace::on_disk();
    let request = PartitionedBars.request();
    let file = bench
        .store(PartitionedBars, &rows(&request, &[JANUARY], 7.0))
        .remove(0);
    let odd = daily("A", &[(JANUARY, 9.0)]);
    bench.write(file.parent().unwrap().join(name), &odd);
    let other = PartitionedBars.request_of("B");
    let stores = bench.stores();
    let store = PartitionedBars.store(&stores);

    let prepared = store.prepare(&other, &rows(&other, &[JANUARY], 7.0), &provenance());

    let bytes = prepared.unwrap().files.remove(0).bytes;
    let profile = barkeep::frame::Profile::of(Dataset::Stocks);
    let decoded = barkeep::codec::decode(&bytes, profile).unwrap();
    assert_eq!(decoded.unit, TimeUnit::Micros);
}

#[test]
fn a_copied_folder_is_no_series_and_is_named() {
    let bench = TestWorkspace::on_disk();
    let request = PartitionedBars.request();
    let file = bench
        .store(PartitionedBars, &rows(&request, &[JANUARY], 7.0))
        .remove(0);
    let tree = file.ancestors().nth(4).unwrap();
    let below = file.strip_prefix(tree.join("ticker=A")).unwrap();
    let copied = tree.join("ticker=A (1)").join(below);
    bench.write(&copied, bench.read(&file));
    let stores = bench.stores();
    let StorageRequest { venue, series } = &request;
    let Series::Bars { interval, .. } = series else {
        panic!("bars are stored");
    };

    let store = PartitionedBars.store(&stores);
    let tickers = store.tickers(venue.as_ref(), Dataset::Stocks, Some(*interval));
    let venue = venue.as_ref().unwrap();
    let misplaced = stores
        .partitioned
        .misplaced(venue, Dataset::Stocks, Some(*interval));

    assert_eq!(tickers.unwrap(), ["A".parse().unwrap()]);
    assert_eq!(misplaced.unwrap(), [copied]);
}
