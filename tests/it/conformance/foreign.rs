//! Files of other writers: what is understood, what is kept aside, what is refused.

use barkeep::frame::{self, Bar, Frame};
use barkeep::model::{PriceBasis, Provenance, TimeUnit};
use barkeep::storage::StorageError;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use rstest::rstest;

use super::{assert_left_alone, is_foreign, prepare, prepare_as, read};
use crate::support::foreign::{ForeignBar, ForeignFile, Stamp, Whole, days};
use crate::support::series::Shape::{self, LegacyBars, PartitionedBars};
use crate::support::series::{provenance, rows, stamp};
use crate::support::workspace::TestWorkspace;

const OLD: [(&str, f64); 2] = [("2024-01-02", 10.0), ("2024-01-03", 11.0)];

fn gzip() -> Compression {
    Compression::GZIP(GzipLevel::default())
}

fn zstd() -> Compression {
    Compression::ZSTD(ZstdLevel::default())
}

fn january() -> ForeignFile {
    ForeignFile::of(days("A", &OLD))
}

fn put(bench: &TestWorkspace, shape: Shape, file: &ForeignFile) -> std::path::PathBuf {
    let path = shape.file(&bench.places, &shape.request(), "2024-01-02");
    bench.write(&path, file.bytes());
    path
}

fn bar(day: &str, price: f64) -> Bar {
    Bar {
        date: Some(stamp(day)),
        open: Some(price),
        high: Some(price),
        low: Some(price),
        close: Some(price),
        volume: Some(price.into()),
        sequence: None,
    }
}

fn bars(frame: &Frame) -> Vec<Bar> {
    frame::bars_of(frame).collect()
}

#[rstest]
#[case::milliseconds(ForeignFile { stamp: Stamp::Millis, ..january() })]
#[case::microseconds(ForeignFile { stamp: Stamp::Micros, ..january() })]
#[case::nanoseconds(ForeignFile { stamp: Stamp::Nanos, ..january() })]
#[case::impala(ForeignFile { stamp: Stamp::Int96, ..january() })]
#[case::days(ForeignFile { stamp: Stamp::Date, ..january() })]
#[case::gzip(ForeignFile { compression: gzip(), ..january() })]
#[case::zstd(ForeignFile { compression: zstd(), ..january() })]
#[case::uncompressed(ForeignFile { compression: Compression::UNCOMPRESSED, ..january() })]
#[case::brotli(ForeignFile { compression: Compression::BROTLI(parquet::basic::BrotliLevel::default()), ..january() })]
#[case::lz4(ForeignFile { compression: Compression::LZ4_RAW, ..january() })]
#[case::plain_volume(ForeignFile { volume: Whole::Plain, ..january() })]
#[case::float_volume(ForeignFile { volume: Whole::Float, ..january() })]
#[case::no_sequence(ForeignFile { sequence: Whole::Missing, ..january() })]
#[case::null_typed_sequence(ForeignFile { sequence: Whole::NullTyped, ..january() })]
#[case::float_sequence(ForeignFile { sequence: Whole::Float, ..january() })]
#[case::required_stock(ForeignFile { is_stock_required: true, ..january() })]
#[case::index_beside_sequence(ForeignFile { extra: Some("__index_level_0__"), ..january() })]
fn a_file_of_another_writer_is_read_and_continued(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
    #[case] file: ForeignFile,
) {
    let bench = TestWorkspace::on_disk();
    put(&bench, shape, &file);
    let newer = rows(&shape.request(), &["2024-01-04"], 12.0);

    let stored = read(&bench, shape);
    bench.store(shape, &newer);

    assert_eq!(bars(&stored.frame), OLD.map(|(day, price)| bar(day, price)));
    assert_eq!((stored.displaced, stored.damaged.len()), (0, 0));
    assert_eq!(
        read(&bench, shape).frame,
        frame::merge(&stored.frame, &newer).frame
    );
}

#[rstest]
#[case("index")]
#[case("__index_level_0__")]
fn a_stored_index_of_numbers_stands_in_for_a_missing_sequence(#[case] extra: &'static str) {
    let bench = TestWorkspace::on_disk();
    let file = ForeignFile {
        sequence: Whole::Missing,
        extra: Some(extra),
        ..january()
    };
    put(&bench, PartitionedBars, &file);

    let stored = read(&bench, PartitionedBars);

    let sequences: Vec<_> = frame::bars_of(&stored.frame)
        .map(|bar| bar.sequence)
        .collect();
    assert_eq!(sequences, [Some(0), Some(1)]);
}

#[test]
fn a_column_of_volumes_without_a_type_is_null() {
    let bench = TestWorkspace::on_disk();
    put(
        &bench,
        PartitionedBars,
        &ForeignFile {
            volume: Whole::NullTyped,
            ..january()
        },
    );

    let stored = read(&bench, PartitionedBars);

    assert!(frame::bars_of(&stored.frame).all(|bar| bar.volume.is_none() && bar.close.is_some()));
    assert_eq!(stored.frame.len(), 2);
}

#[test]
fn dates_before_1970_are_read_in_every_unit() {
    for stamp in [
        Stamp::Millis,
        Stamp::Micros,
        Stamp::Nanos,
        Stamp::Int96,
        Stamp::Date,
    ] {
        let bench = TestWorkspace::on_disk();
        let file = ForeignFile {
            stamp,
            ..ForeignFile::of(days("A", &[("1962-01-02", 7.0)]))
        };
        let path = PartitionedBars.file(&bench.places, &PartitionedBars.request(), "1962-01-02");
        bench.write(&path, file.bytes());

        assert_eq!(
            bars(&read(&bench, PartitionedBars).frame),
            [bar("1962-01-02", 7.0)],
            "{stamp:?}"
        );
    }
}

#[rstest]
fn a_tree_in_nanoseconds_stays_in_nanoseconds_and_a_new_one_is_in_microseconds(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    let (old, new) = (TestWorkspace::on_disk(), TestWorkspace::on_disk());
    put(&old, shape, &january());
    let february = rows(&shape.request_of("B"), &["2024-02-05"], 12.0);
    let unit_of = |bench: &TestWorkspace| {
        let stores = bench.stores();
        let prepared =
            shape
                .store(&stores)
                .prepare(&shape.request_of("B"), &february, &provenance());
        let bytes = prepared.unwrap().files[0].bytes.clone();
        barkeep::codec::decode(&bytes, february.profile())
            .unwrap()
            .unit
    };

    assert_eq!(unit_of(&old), TimeUnit::Nanos);
    assert_eq!(unit_of(&new), TimeUnit::Micros);
}

#[rstest]
fn a_foreign_yahoo_tree_is_adjusted_for_dividends_and_refuses_rows_that_are_not(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    let mut request = shape.request();
    request.venue = Some("us:yahoo".parse().unwrap());
    bench.write(
        shape.file(&bench.places, &request, "2024-01-02"),
        january().bytes(),
    );
    let newer = rows(&request, &["2024-01-04"], 12.0);
    let prepare = |basis| {
        let provenance = Provenance {
            basis,
            source: request.venue.clone(),
            timezone: None,
        };
        let stores = bench.open_for("us:yahoo").unwrap().stores;
        shape.store(&stores).prepare(&request, &newer, &provenance)
    };

    let refused = prepare(PriceBasis::SplitAdjusted);
    let same = prepare(PriceBasis::SplitDividendAdjusted).unwrap();

    assert!(
        matches!(refused, Err(StorageError::Refused { .. })),
        "{:?}",
        refused.err()
    );
    let decoded = barkeep::codec::decode(&same.files[0].bytes, newer.profile()).unwrap();
    assert_eq!(decoded.provenance.basis, PriceBasis::SplitDividendAdjusted);
}

#[rstest]
fn a_date_with_a_zone_is_refused_and_never_overwritten(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    put(
        &bench,
        shape,
        &ForeignFile {
            stamp: Stamp::Zoned,
            ..january()
        },
    );

    assert_left_alone(&bench, shape, &shape.request(), "2024-01-04", is_foreign);
}

#[rstest]
fn a_column_that_barkeep_does_not_know_refuses_a_rewrite_but_not_a_read(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    put(
        &bench,
        shape,
        &ForeignFile {
            extra: Some("dividends"),
            ..january()
        },
    );
    let other = rows(&shape.request(), &["2024-01-04"], 12.0);

    let stored = read(&bench, shape);
    let refused = prepare(&bench, shape, &other).unwrap_err();

    assert_eq!(stored.frame.len(), 2);
    assert!(
        matches!(refused, StorageError::Refused { .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains("dividends"), "{refused}");
    let unchanged = prepare(&bench, shape, &stored.frame).unwrap();
    assert!(
        unchanged.files.is_empty(),
        "nothing to rewrite, nothing to refuse"
    );
}

#[rstest]
#[case::undated(vec![ForeignBar { date: None, ..days("A", &OLD)[0].clone() }])]
#[case::nameless(vec![ForeignBar { stock: None, ..days("A", &[("2024-01-09", 3.0)])[0].clone() }])]
#[case::duplicate(days("A", &[("2024-01-02", 3.0)]))]
fn rows_without_a_place_are_kept_aside_when_their_file_is_rewritten(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
    #[case] odd: Vec<ForeignBar>,
) {
    let bench = TestWorkspace::on_disk();
    let file = ForeignFile::of([days("A", &OLD), odd].concat());
    put(&bench, shape, &file);

    let stored = read(&bench, shape);
    let prepared = prepare(
        &bench,
        shape,
        &rows(&shape.request(), &["2024-01-04"], 12.0),
    )
    .unwrap();

    assert_eq!((stored.frame.len(), stored.displaced), (2, 1));
    let [written] = &prepared.files[..] else {
        panic!("{:?}", prepared.files)
    };
    let reason = written.beyond.as_ref().expect("the old file is kept");
    assert_eq!(written.replaced.as_deref(), Some(&file.bytes()[..]));
    assert!(
        reason.contains("1 undated or duplicate row has"),
        "{reason}"
    );
}

#[rstest]
fn a_duplicate_that_equals_its_twin_in_every_value_is_not_worth_keeping(
    #[values(LegacyBars, PartitionedBars)] shape: Shape,
) {
    let bench = TestWorkspace::on_disk();
    put(
        &bench,
        shape,
        &ForeignFile::of([days("A", &OLD), days("A", &OLD)].concat()),
    );

    let prepared = prepare(
        &bench,
        shape,
        &rows(&shape.request(), &["2024-01-04"], 12.0),
    )
    .unwrap();

    assert!(prepared.files[0].beyond.is_none());
}

#[test]
fn a_basis_that_nobody_wrote_down_stands_in_nobodys_way_and_stays_unknown() {
    let bench = TestWorkspace::on_disk();
    put(&bench, PartitionedBars, &january());
    let newer = rows(&PartitionedBars.request(), &["2024-01-04"], 12.0);

    let prepared = prepare_as(&bench, PartitionedBars, &newer, &provenance()).unwrap();

    let decoded = barkeep::codec::decode(&prepared.files[0].bytes, newer.profile()).unwrap();
    assert_eq!(decoded.provenance.basis, PriceBasis::Unknown);
}
