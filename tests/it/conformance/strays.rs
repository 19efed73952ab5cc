//! Files that somebody put into a tree: they say nothing of the series of others, and whoever is refused by one hears which.

use super::{FEBRUARY, JANUARY, is_refused};
use crate::support::foreign::daily;
use crate::support::series::Shape::PartitionedBars;
use crate::support::series::{provenance, rows};
use crate::support::workspace::TestWorkspace;
use barkeep::codec::{Facts, decode, encode};
use barkeep::frame::Profile;
use barkeep::model::{Dataset, PriceBasis, Provenance, StorageRequest, TimeUnit};
use barkeep::storage::{Layout, Prepared, StorageError, StorageInterface, Stores};
use std::path::PathBuf;

/// A venue at which files of other writers stand on a known basis, which is not the one that its source has today.
const VENUE: &str = "us:yahoo";

fn request(ticker: &str) -> StorageRequest {
    StorageRequest {
        venue: Some(VENUE.parse().unwrap()),
        ..PartitionedBars.request_of(ticker)
    }
}

fn stores(bench: &TestWorkspace) -> Stores {
    bench.open_for(VENUE).unwrap().stores
}

fn prepare(
    bench: &TestWorkspace,
    ticker: &str,
    day: &str,
    basis: PriceBasis,
) -> Result<Prepared, StorageError> {
    let request = request(ticker);
    let provenance = Provenance {
        basis,
        source: request.venue.clone(),
        ..provenance()
    };
    let newer = rows(&request, &[day], 7.0);
    stores(bench)
        .partitioned
        .prepare(&request, &newer, &provenance)
}

/// Has barkeep write a file, in a workspace where nothing else is.
fn written(ticker: &str, day: &str, basis: PriceBasis) -> Vec<u8> {
    let prepared = prepare(&TestWorkspace::on_disk(), ticker, day, basis).unwrap();
    prepared.files[0].bytes.to_vec()
}

fn file(bench: &TestWorkspace, ticker: &str, day: &str) -> PathBuf {
    PartitionedBars.file(&bench.places, &request(ticker), day)
}

/// KO as barkeep keeps it.
fn kept() -> TestWorkspace {
    let bench = TestWorkspace::on_disk();
    let january = written("KO", JANUARY, PriceBasis::SplitAdjusted);
    bench.write(file(&bench, "KO", JANUARY), january);
    bench
}

/// Returns what the only new file says of itself.
fn said(prepared: Result<Prepared, StorageError>) -> (TimeUnit, PriceBasis) {
    let [new] = &prepared.unwrap().files[..] else {
        panic!("one file is new");
    };
    let decoded = decode(&new.bytes, Profile::of(Dataset::Stocks)).unwrap();
    (decoded.unit, decoded.provenance.basis)
}

const AS_KEPT: (TimeUnit, PriceBasis) = (TimeUnit::Micros, PriceBasis::SplitAdjusted);

#[test]
fn a_file_of_another_writer_that_comes_first_in_a_tree_costs_no_other_series() {
    let bench = kept();
    let stray = daily("AAA", &[("2010-10-29", 50.0)]);
    bench.write(file(&bench, "AAA", "2010-10-29"), stray);

    let of = |ticker, day| said(prepare(&bench, ticker, day, PriceBasis::SplitAdjusted));

    assert_eq!(of("KO", FEBRUARY), AS_KEPT, "a month of a series");
    assert_eq!(of("PEP", JANUARY), AS_KEPT, "a series");
    let known = stores(&bench).basis(&request("KO"), Layout::Partitioned);
    assert_eq!(known.unwrap(), Some(PriceBasis::SplitAdjusted));
}

#[test]
fn the_series_that_it_is_put_into_is_refused_by_its_name() {
    let bench = kept();
    let stray = file(&bench, "AAA", JANUARY);
    bench.write(&stray, daily("AAA", &[(JANUARY, 50.0)]));

    let refused = prepare(&bench, "AAA", FEBRUARY, PriceBasis::SplitAdjusted).unwrap_err();

    assert!(is_refused(&refused), "{refused:?}");
    let named = stray.display().to_string();
    assert!(refused.to_string().contains(&named), "{refused}");
}

#[test]
fn a_month_of_another_writer_says_nothing_of_a_series_that_barkeep_wrote() {
    let bench = kept();
    bench.write(
        file(&bench, "KO", "2024-12-02"),
        daily("KO", &[("2024-12-02", 50.0)]),
    );

    let february = prepare(&bench, "KO", FEBRUARY, PriceBasis::SplitAdjusted);

    assert_eq!(said(february), AS_KEPT);
}

#[test]
fn of_two_files_of_barkeep_the_one_whose_ticker_is_kept_speaks_for_a_new_series() {
    let bench = kept();
    let stray = file(&bench, "AAA", JANUARY);
    bench.write(&stray, written("AAA", JANUARY, PriceBasis::AsTraded));
    let new = || prepare(&bench, "PEP", JANUARY, PriceBasis::SplitAdjusted);

    let unknown = new().unwrap_err();
    bench.write(
        "tickers.json",
        r#"{"KO": {"venue": "us:yahoo"}, "PEP": {"venue": "us:yahoo"}}"#,
    );

    let named = stray.display().to_string();
    assert!(unknown.to_string().contains(&named), "{unknown}");
    assert_eq!(said(new()), AS_KEPT);
}

/// Who copied it there is told when daily bars are merged with it.
#[test]
fn bars_of_hours_in_the_place_of_a_month_of_days_are_counted() {
    let bench = TestWorkspace::on_disk();
    let hours = ["2024-01-30T09:30:00", "2024-01-30T10:30:00"];
    let request = request("KO");
    let stored = rows(&request, &hours, 7.0);
    let as_kept = Facts {
        provenance: Provenance {
            source: request.venue.clone(),
            ..provenance()
        },
        ..Facts::default()
    };
    let month = encode(&stored, &as_kept).unwrap().bytes;
    bench.write(file(&bench, "KO", JANUARY), month);

    let merged = prepare(&bench, "KO", JANUARY, PriceBasis::SplitAdjusted);

    assert_eq!(merged.unwrap().off_border, hours.len());
}

/// Of a tree that the predecessor left, a file in another unit is put among those of the tickers that are kept.
#[test]
fn where_barkeep_wrote_nothing_the_tickers_that_are_kept_say_what_a_tree_is() {
    let bench = TestWorkspace::on_disk();
    bench.write("tickers.json", r#"{"KO": {"venue": "us:yahoo"}}"#);
    bench.write(file(&bench, "KO", JANUARY), daily("KO", &[(JANUARY, 50.0)]));
    let stray = written("AAA", JANUARY, PriceBasis::AsTraded);
    bench.write(file(&bench, "AAA", JANUARY), stray);

    let new = prepare(&bench, "PEP", JANUARY, PriceBasis::SplitDividendAdjusted);

    let as_left = (TimeUnit::Nanos, PriceBasis::SplitDividendAdjusted);
    assert_eq!(said(new), as_left);
}
