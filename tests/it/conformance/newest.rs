//! How far a series reaches, told without reading its rows.

use super::*;
use crate::support::foreign::{ForeignFile, Stamp, daily, days};

/// Returns the day that the newest file of a series tells.
fn newest(bench: &TestWorkspace, shape: Shape) -> Option<String> {
    let stores = bench.stores();
    let request = shape.request();
    let file = shape.store(&stores).newest(&request).unwrap()?;
    let day = stores.newest_day(&request, &file).unwrap();
    day.map(|day| day.to_string())
}

#[rstest]
fn the_newest_row_is_that_of_the_last_month_whatever_is_written_last(
    #[values(LegacyBars, PartitionedBars, Events)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();

    assert_eq!(newest(&bench, shape), None);
    for day in ["2024-11-05", FEBRUARY, JANUARY] {
        bench.store(shape, &rows(&request, &[day], 7.0));
        assert_eq!(newest(&bench, shape).as_deref(), Some("2024-11-05"));
    }
}

#[rstest]
fn files_of_other_writers_tell_it_too(
    #[values(Stamp::Millis, Stamp::Micros, Stamp::Nanos, Stamp::Int96, Stamp::Date)] stamp: Stamp,
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let file = ForeignFile {
        stamp,
        ..ForeignFile::of(days("A", &[("2024-01-31", 2.0), (JANUARY, 1.0)]))
    };
    let path = shape.file(&bench.places, &shape.request(), JANUARY);
    bench.write(&path, file.bytes());

    assert_eq!(newest(&bench, shape).as_deref(), Some("2024-01-31"));
}

#[test]
fn months_without_a_leading_zero_are_in_the_order_of_time() {
    let bench = TestWorkspace::on_disk();
    let request = PartitionedBars.request();
    let file = PartitionedBars.file(&bench.places, &request, JANUARY);
    let series = file.ancestors().nth(3).unwrap().to_owned();
    for (month, day) in [("2", FEBRUARY), ("10", "2024-10-01")] {
        let bytes = daily("A", &[(day, 1.0)]);
        let name = format!("year=2024/month={month}/data.parquet");
        bench.write(series.join(name), &bytes);
    }

    assert_eq!(
        newest(&bench, PartitionedBars).as_deref(),
        Some("2024-10-01")
    );
}

#[rstest]
fn a_damaged_file_tells_nothing(#[values(LegacyBars, PartitionedBars)] shape: Shape) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    bench.store(shape, &rows(&request, &[JANUARY], 7.0));
    let path = shape.file(&bench.places, &request, JANUARY);
    for bytes in [b"" as &[u8], b"PAR1 cut PAR1"] {
        bench.write(&path, bytes);

        assert_eq!(newest(&bench, shape), None);
    }
}

#[test]
fn a_tree_is_bare_until_a_file_lies_in_it_and_a_bad_folder_hides_none() {
    let bench = TestWorkspace::on_disk();
    let stores = bench.stores();
    let data = &bench.places.data;
    assert!(stores.is_data_bare().unwrap() && stores.are_flat_folders_bare().unwrap());

    for name in [
        ".partition-staging/x.parquet",
        "us/._data.parquet",
        "us/mine/readme.txt",
    ] {
        bench.write(data.join(name), b"x");
        assert!(stores.is_data_bare().unwrap(), "{name}");
    }
    bench.write(bench.places.root.join("stocks_1wk/A.parquet"), b"x");
    assert!(!stores.are_flat_folders_bare().unwrap());
    bench.write(data.join("us/mine/stocks_1d/ticker=A/x.parquet"), b"x");
    assert!(!stores.is_data_bare().unwrap());
}
