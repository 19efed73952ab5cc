//! Odd places: wrong ones, raw spellings, links, and the two places of legacy files.

mod flat;

use super::{assert_left_alone, is_foreign, is_refused, prepare, read};
use crate::support::foreign::{ForeignFile, daily, days};
use crate::support::series::Shape::{self, Events, LegacyBars, PartitionedBars, Prepost, Trades};
use crate::support::series::{provenance, rows};
use crate::support::sim::{Fault, SimFs};
use crate::support::workspace::TestWorkspace;
use barkeep::model::{Interval, PriceBasis, Provenance, StorageRequest};
use barkeep::storage::{Flaw, Layout, Prepared, StorageError};
use barkeep::sys::atomic::create_dirs;
use rstest::rstest;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

const JANUARY: &str = "2024-01-30";
const FEBRUARY: &str = "2024-02-05";

fn prepare_for(
    bench: &TestWorkspace,
    shape: Shape,
    request: &StorageRequest,
    day: &str,
) -> Result<Prepared, StorageError> {
    let stores = bench.stores();
    shape
        .store(&stores)
        .prepare(request, &rows(request, &[day], 8.0), &provenance())
}

#[rstest]
fn a_file_of_another_ticker_is_refused_and_never_overwritten(
    #[values(LegacyBars, PartitionedBars, Events)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let files = bench.store(shape, &rows(&shape.request(), &[JANUARY], 7.0));
    let wrong = shape.request_of("B");
    bench.write(
        shape.file(&bench.places, &wrong, JANUARY),
        bench.read(&files[0]),
    );

    assert_left_alone(&bench, shape, &wrong, JANUARY, is_refused);
}

#[rstest]
fn a_file_of_another_venue_is_refused_and_never_overwritten(
    #[values(PartitionedBars, Prepost, Events, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let files = bench.store(shape, &rows(&shape.request(), &[JANUARY], 7.0));
    let wrong = StorageRequest {
        venue: Some("us:other".parse().unwrap()),
        ..shape.request()
    };
    let place = shape.file(&bench.places, &wrong, JANUARY);
    bench.write(&place, bench.read(&files[0]));

    assert_left_alone(&bench, shape, &wrong, JANUARY, is_refused);
    let stores = bench.stores();
    let found = stores.files_of(&wrong, Layout::Partitioned).unwrap();
    assert!(
        matches!(found[0].holds, Err(Flaw::Misfiled(_))),
        "{found:?}"
    );
}

#[rstest]
fn a_file_of_another_month_is_refused_and_never_overwritten(
    #[values(PartitionedBars, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let request = shape.request();
    let files = bench.store(shape, &rows(&request, &[JANUARY], 7.0));
    let wrong = shape.file(&bench.places, &request, FEBRUARY);
    bench.write(&wrong, bench.read(&files[0]));

    assert_left_alone(&bench, shape, &request, FEBRUARY, is_refused);
}

#[rstest]
fn a_file_of_another_dataset_is_refused_and_never_overwritten(
    #[values(LegacyBars, PartitionedBars, Trades)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let files = bench.store(Events, &rows(&Events.request(), &[JANUARY], 7.0));
    bench.write(
        shape.file(&bench.places, &shape.request(), JANUARY),
        bench.read(&files[0]),
    );

    assert_left_alone(&bench, shape, &shape.request(), JANUARY, is_foreign);
}

fn raw_dir(bench: &TestWorkspace) -> PathBuf {
    bench.places.data.join("us/demo/stocks_1d/ticker=EURUSD=X")
}

#[test]
fn a_raw_spelling_of_the_predecessor_is_read_and_continued_where_it_is() {
    let bench = TestWorkspace::on_disk();
    let request = PartitionedBars.request_of("EURUSD=X");
    let old = ForeignFile::of(days("EURUSD=X", &[(JANUARY, 7.0)]));
    bench.write(
        raw_dir(&bench).join("year=2024/month=01/data.parquet"),
        old.bytes(),
    );

    let prepared = prepare_for(&bench, PartitionedBars, &request, FEBRUARY).unwrap();
    bench.commit(&prepared).unwrap();

    let new = raw_dir(&bench).join("year=2024/month=02/data.parquet");
    assert_eq!(prepared.files[0].target, new);
    let both_layouts = bench.stores();
    let stored = PartitionedBars
        .store(&both_layouts)
        .read(&request)
        .unwrap()
        .unwrap();
    assert_eq!(stored.frame.len(), 2);
}

#[test]
fn rows_under_both_spellings_are_read_together_and_each_month_goes_on_where_it_is() {
    let bench = TestWorkspace::on_disk();
    let request = PartitionedBars.request_of("EURUSD=X");
    let encoded = prepare_for(&bench, PartitionedBars, &request, FEBRUARY).unwrap();
    bench.commit(&encoded).unwrap();
    let old = ForeignFile::of(days("EURUSD=X", &[(JANUARY, 7.0)]));
    let january = raw_dir(&bench).join("year=2024/month=01/data.parquet");
    bench.write(&january, old.bytes());

    let both_layouts = bench.stores();
    let store = PartitionedBars.store(&both_layouts);
    let stored = store.read(&request).unwrap().unwrap();
    let target = |day| {
        let newer = rows(&request, &[day], 9.0);
        let unknown = Provenance {
            basis: PriceBasis::Unknown,
            ..provenance()
        };
        let prepared = store.prepare(&request, &newer, &unknown).unwrap();
        prepared.files[0].target.clone()
    };

    assert_eq!(stored.frame.len(), 2, "neither spelling hides the other");
    assert_eq!(store.stat(&request).unwrap().unwrap().files, 2);
    assert_eq!(target("2024-01-31"), january);
    assert_eq!(target("2024-02-06"), encoded.files[0].target);
    assert!(target("2024-03-01").to_string_lossy().contains("%3D"));
}

#[test]
fn a_month_keeps_the_price_basis_that_it_names_whatever_its_neighbours_have() {
    let (bench, other) = (TestWorkspace::on_disk(), TestWorkspace::on_disk());
    let request = PartitionedBars.request_of("B");
    bench.store(
        PartitionedBars,
        &rows(&PartitionedBars.request(), &[JANUARY], 7.0),
    );
    let as_traded = Provenance {
        basis: PriceBasis::AsTraded,
        ..provenance()
    };
    let stores = other.stores();
    let newer = rows(&request, &[JANUARY], 7.0);
    let prepared = PartitionedBars
        .store(&stores)
        .prepare(&request, &newer, &as_traded);
    bench.write(
        PartitionedBars.file(&bench.places, &request, JANUARY),
        &prepared.unwrap().files[0].bytes,
    );

    let refused = prepare_for(&bench, PartitionedBars, &request, "2024-01-31");

    assert!(
        matches!(refused, Err(StorageError::Refused { .. })),
        "{refused:?}"
    );
}

#[test]
fn one_unreadable_neighbour_does_not_keep_a_series_from_being_written() {
    const EIO: i32 = 5;
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let planted = TestWorkspace::simulated(&disk);
    for name in ["0", "A"] {
        let request = PartitionedBars.request_of(name);
        let prepared = prepare_for(&planted, PartitionedBars, &request, JANUARY).unwrap();
        planted.commit(&prepared).unwrap();
    }
    let opened = disk.again();
    TestWorkspace::simulated(&opened).stores();
    let mut failed = 0;
    for call in opened.reads() + 1..opened.reads() + 40 {
        let faulty = disk.again().fail_read(call, EIO, Fault::Once);
        let bench = TestWorkspace::simulated(&faulty);

        let prepared = prepare_for(
            &bench,
            PartitionedBars,
            &PartitionedBars.request(),
            FEBRUARY,
        );

        if let Err(error) = prepared {
            failed += 1;
            assert!(!error.to_string().contains("ticker=0"), "{error}");
        }
    }
    assert!(failed > 0, "some faults hit the series itself");
}

#[test]
fn a_new_symbol_of_that_kind_is_encoded() {
    let bench = TestWorkspace::on_disk();
    let request = PartitionedBars.request_of("EURUSD=X");

    let prepared = prepare_for(&bench, PartitionedBars, &request, FEBRUARY).unwrap();

    let target = prepared.files[0].target.display().to_string();
    assert!(target.contains("ticker=EURUSD%3DX"), "{target}");
}

#[test]
fn days_of_an_older_layout_are_read_with_the_month() {
    let bench = TestWorkspace::on_disk();
    let request = PartitionedBars.request();
    bench.store(PartitionedBars, &rows(&request, &[JANUARY], 7.0));
    let month = PartitionedBars.file(&bench.places, &request, JANUARY);
    let day = month.with_file_name("day=29").join("data.parquet");
    bench.write(&day, daily("A", &[("2024-01-29", 6.0)]));

    let stored = read(&bench, PartitionedBars);

    assert_eq!(stored.frame.len(), 2);
}

#[rstest]
#[case::market("us")]
#[case::ticker("us/demo/stocks_1d/ticker=A")]
#[case::year("us/demo/stocks_1d/ticker=A/year=2024")]
fn a_link_below_the_data_root_is_refused_and_nothing_is_written_through_it(#[case] link: &str) {
    let bench = TestWorkspace::on_disk();
    let elsewhere = bench.places.root.join("elsewhere");
    create_dirs(bench.fs(), &bench.places.root, &elsewhere).unwrap();
    let link = bench.places.data.join(link);
    create_dirs(bench.fs(), &bench.places.root, link.parent().unwrap()).unwrap();
    symlink(&elsewhere, &link).unwrap();
    let prepared = prepare(
        &bench,
        PartitionedBars,
        &rows(&PartitionedBars.request(), &[JANUARY], 7.0),
    );

    // The folders of the month are judged before anything is read; those above the tree when the group is committed.
    let refused = prepared.and_then(|prepared| bench.commit(&prepared));

    assert!(
        matches!(
            refused,
            Err(StorageError::NotADirectory { .. } | StorageError::Foreign { .. })
        ),
        "{:?}",
        refused.err()
    );
    assert_eq!(bench.fs().list(&elsewhere).unwrap().unwrap(), []);
}

#[test]
fn the_data_root_itself_may_be_a_link() {
    let bench = TestWorkspace::on_disk();
    let elsewhere = bench.places.root.join("elsewhere");
    create_dirs(bench.fs(), &bench.places.root, &elsewhere).unwrap();
    symlink(&elsewhere, &bench.places.data).unwrap();
    let new = rows(&PartitionedBars.request(), &[JANUARY], 7.0);

    bench.store(PartitionedBars, &new);

    assert_eq!(read(&bench, PartitionedBars).frame, new);
    assert!(
        bench
            .fs()
            .metadata(&elsewhere.join("us/demo"))
            .unwrap()
            .is_some()
    );
}

#[rstest]
#[case("A/B")]
#[case("A (1)")]
fn what_a_file_name_cannot_spell_is_refused_by_legacy_and_held_by_partitions(#[case] name: &str) {
    let bench = TestWorkspace::on_disk();

    let refused = prepare_for(&bench, LegacyBars, &LegacyBars.request_of(name), JANUARY);
    let held = prepare_for(
        &bench,
        PartitionedBars,
        &PartitionedBars.request_of(name),
        JANUARY,
    );

    assert!(
        matches!(refused, Err(StorageError::LegacyName { .. })),
        "{:?}",
        refused.err()
    );
    let held = held.unwrap();
    assert!(
        held.files[0]
            .target
            .starts_with(bench.places.data.join("us/demo/stocks_1d"))
    );
}

#[test]
fn a_layout_says_what_it_cannot_be_asked() {
    let bench = TestWorkspace::on_disk();
    let stores = bench.stores();
    let nowhere = StorageRequest {
        venue: None,
        ..PartitionedBars.request()
    };

    let no_venue = PartitionedBars.store(&stores).read(&nowhere);
    let no_bars = LegacyBars.store(&stores).read(&Trades.request());

    assert!(
        matches!(no_venue, Err(StorageError::VenueMissing(_))),
        "{:?}",
        no_venue.err()
    );
    assert!(
        matches!(no_bars, Err(StorageError::LegacyDataset { .. })),
        "{:?}",
        no_bars.err()
    );
}

#[test]
fn equal_bytes_of_two_places_are_two_cases_in_quarantine() {
    let bench = TestWorkspace::on_disk();
    for name in ["A", "B"] {
        let request = PartitionedBars.request_of(name);
        bench.write(
            PartitionedBars.file(&bench.places, &request, JANUARY),
            b"zeros",
        );
        let prepared = prepare_for(&bench, PartitionedBars, &request, JANUARY).unwrap();
        bench.commit(&prepared).unwrap();
    }

    let cases = bench.fs().list(&bench.places.quarantine).unwrap().unwrap();

    assert_eq!(
        cases.len(),
        2,
        "power loss leaves many files damaged alike: {cases:?}"
    );
}

#[test]
fn a_damaged_file_on_another_disk_than_the_quarantine_is_put_away_all_the_same() {
    const EXDEV: i32 = 18;
    let disk = SimFs::new();
    disk.plant("/ws/x", b"");
    let request = PartitionedBars.request();
    let planted = TestWorkspace::simulated(&disk);
    let path = PartitionedBars.file(&planted.places, &request, JANUARY);
    planted.write(&path, b"damaged");
    let logged = disk.again().logged();
    let prepared = prepare_for(
        &TestWorkspace::simulated(&logged),
        PartitionedBars,
        &request,
        JANUARY,
    )
    .unwrap();
    TestWorkspace::simulated(&logged).commit(&prepared).unwrap();
    let away = |call: &String| {
        call.contains("rename") && call.contains("quarantine") && call.contains("/year=2024")
    };
    let call = 1 + logged.log().iter().position(away).unwrap();

    let other = disk.again().fail_call(call, EXDEV, Fault::Once);
    TestWorkspace::simulated(&other).commit(&prepared).unwrap();

    let contents = |fs: &SimFs| {
        fs.snapshot()
            .into_values()
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(contents(&other), contents(&logged));
    assert!(contents(&other).contains(b"damaged".as_slice()));
}
