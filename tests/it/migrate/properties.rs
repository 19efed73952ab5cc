//! Generated histories, there and back: whatever the values, the fingerprint is the same at each station.

use barkeep::cli::Exit;
use barkeep::frame::{Column, Frame, Profile};
use barkeep::model::{Dataset, Fingerprint, StorageRequest, time};
use barkeep::storage::StorageInterface;
use proptest::prelude::*;

use crate::support::barkeep::{Barkeep, DEMO_IS_LEGACY};

/// One row: minutes since 1950, a price, a volume, a sequence.
type Row = (i64, Option<f64>, Option<i64>, Option<i64>);

fn price() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        Just(Some(f64::NAN)),
        Just(Some(-0.0)),
        Just(Some(0.0)),
        any::<f64>().prop_map(Some),
        (0.01..10_000.0).prop_map(Some),
    ]
}

/// Up to forty rows over a century: most months of it are empty, and some rows lie before 1970.
fn history() -> impl Strategy<Value = Vec<Row>> {
    let row = (
        0_i64..100 * 365 * 24 * 60,
        price(),
        proptest::option::of(any::<i64>()),
        proptest::option::of(0_i64..5),
    );
    proptest::collection::vec(row, 1..40)
}

fn frame(rows: &[Row]) -> Frame {
    let begin = time::parse("1950-01-01").unwrap();
    let prices = || Column::Float(rows.iter().map(|row| row.1).collect());
    let columns = vec![
        Column::Text(rows.iter().map(|_| Some("A".into())).collect()),
        Column::Time(
            rows.iter()
                .map(|row| Some(begin + row.0 * 60_000_000_000))
                .collect(),
        ),
        prices(),
        prices(),
        prices(),
        prices(),
        Column::Int(rows.iter().map(|row| row.2).collect()),
        Column::Int(rows.iter().map(|row| row.3).collect()),
    ];
    // Keys that repeat are settled here; files of others that contradict themselves have tests of their own.
    Frame::ordered(Profile::of(Dataset::Stocks), columns).frame
}

fn request() -> StorageRequest {
    StorageRequest::bars(
        "us:demo".parse().unwrap(),
        "A".parse().unwrap(),
        "1m".parse().unwrap(),
    )
}

fn fingerprint(store: &dyn StorageInterface) -> Option<Fingerprint> {
    let stored = store.read(&request()).unwrap()?;
    assert!(stored.damaged.is_empty() && stored.displaced == 0);
    Some(stored.frame.fingerprint())
}

/// A folder with one legacy file that holds the rows.
fn workspace(rows: &Frame) -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", DEMO_IS_LEGACY);
    let provenance = barkeep::model::Provenance::default();
    let prepared = bar.stores().legacy.prepare(&request(), rows, &provenance);
    let bytes = &prepared.unwrap().files[0].bytes;
    bar.write("data/legacy/stocks_1m/A.parquet", bytes);
    bar
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_row_survives_both_ways(history in history()) {
        let rows = frame(&history);
        let expected = Some(rows.fingerprint());
        let bar = workspace(&rows);
        let run = |words: &[&str]| bar.run(&[&["partition-migrate"], words].concat()).expect(Exit::Ok);
        prop_assert_eq!(fingerprint(&bar.stores().legacy), expected);

        run(&["init", "-V", "us:demo", "--all-found"]);
        run(&["migrate", "--all"]);
        prop_assert_eq!(fingerprint(&bar.stores().partitioned), expected);
        prop_assert_eq!(fingerprint(&bar.stores().legacy), expected);

        run(&["migrate", "1m", "--delete-legacy", "--yes"]);
        run(&["verify"]);
        prop_assert_eq!(fingerprint(&bar.stores().legacy), None);

        run(&["rollback", "1m", "--remove-partitions", "--yes"]);
        prop_assert_eq!(fingerprint(&bar.stores().legacy), expected);
        prop_assert_eq!(fingerprint(&bar.stores().partitioned), None);
    }
}
