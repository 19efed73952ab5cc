//! The registries of tickers and intervals on a real disk.

use std::path::Path;

use barkeep::catalog::{
    Block, Catalog, CatalogError, CatalogWarning, Found, Intervals, StorageBlock,
};
use barkeep::cli::Exit;
use barkeep::document;
use barkeep::model::{Interval, Ticker, Venue, time};
use barkeep::sys::OsFs;
use chrono::NaiveDate;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::barkeep::Barkeep;
use crate::support::workspace::{TestWorkspace, temps};

mod intervals;
mod reading;
mod recording;
mod size;
mod venues;

const D1: Interval = Interval::D1;

/// The registry of the predecessor's documentation: 1d migrated, 1h not found.
const ACME: &str = r#"{
    "ACME": {
        "ticker": "ACME",
        "added_date": "2025-03-04",
        "status": "active",
        "last_checked": "2025-11-20",
        "intervals": {
            "1d": {
                "status": "active",
                "last_found_date": "2025-11-20",
                "last_checked": "2025-11-20",
                "last_data_date": "2025-11-19",
                "storage": {
                    "mode": "partitioned",
                    "venue": "us:yahoo",
                    "market": "us",
                    "source": "yahoo",
                    "dataset": "stocks",
                    "root": "data",
                    "verified_at": "2025-11-02T08:15:00Z"
                }
            },
            "1h": {
                "status": "not_found",
                "last_not_found_date": "2025-11-20",
                "last_checked": "2025-11-20"
            }
        }
    }
}"#;

fn catalog(value: Value) -> Catalog {
    match value {
        Value::Object(object) => Catalog::from_document(object),
        other => panic!("{other} is no object"),
    }
}

fn acme() -> Catalog {
    catalog(serde_json::from_str(ACME).unwrap())
}

fn document(catalog: &Catalog) -> Value {
    serde_json::from_slice(&catalog.to_bytes()).unwrap()
}

fn ticker(text: &str) -> Ticker {
    text.parse().unwrap()
}

fn venue(text: &str) -> Venue {
    text.parse().unwrap()
}

fn yahoo() -> Venue {
    venue("us:yahoo")
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn found(last_row: &str) -> Found {
    Found {
        last_row: time::parse(last_row),
        storage: None,
        mark: None,
        provisional: Vec::new(),
        newest: 0,
        history: barkeep::catalog::Wanted::Known,
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// A registry with one ticker whose 1d interval was not found on a day.
fn missing_since(date: &Value, ticker_status: &str) -> Catalog {
    catalog(json!({"X": {
        "status": ticker_status,
        "intervals": {
            "1d": {"status": "not_found", "last_not_found_date": date},
            "1h": {"status": "active"}
        }
    }}))
}

#[test]
fn a_missing_registry_is_absent() {
    let dir = TestWorkspace::on_disk();

    assert!(Catalog::load(&OsFs, dir.path()).unwrap().is_none());
    assert!(Intervals::load(&OsFs, dir.path()).unwrap().is_none());
}

#[rstest]
#[case("", "is empty")]
#[case(
    "{\"A\": {\"status\": \"act",
    "is damaged at line 1, column 21: EOF while parsing a string"
)]
#[case(
    "{\"A\": {},\n\"A\": {}}",
    "is damaged at line 2, column 3: the key `A` is there twice"
)]
#[case("[]", "is damaged: it does not hold an object")]
fn a_damaged_registry_is_an_error_names_the_last_good_one_and_is_never_overwritten(
    #[case] contents: &str,
    #[case] expected: &str,
) {
    let dir = TestWorkspace::holding("tickers.json", contents);
    dir.write("tickers.last-good.json", "{}");

    let error = Catalog::load(&OsFs, dir.path()).unwrap_err();
    let saved = Catalog::save(&OsFs, &temps(), dir.path(), b"{}");

    let file = dir.path().join("tickers.json");
    let kept = dir.path().join("tickers.last-good.json");
    assert_eq!(
        error.to_string(),
        format!(
            "{} {expected}; the last good generation is {}",
            file.display(),
            kept.display()
        )
    );
    assert!(matches!(saved, Err(CatalogError::Document { .. })));
    assert_eq!(dir.text("tickers.json"), contents);
    assert_eq!(dir.text("tickers.last-good.json"), "{}");
}

#[test]
fn the_registry_round_trips_and_its_last_generation_is_kept() {
    let dir = TestWorkspace::holding("tickers.json", ACME);
    let mut catalog = Catalog::load(&OsFs, dir.path()).unwrap().unwrap();
    assert_eq!(String::from_utf8(catalog.to_bytes()).unwrap(), ACME);

    catalog.add(&ticker("NEW"), &yahoo(), day("2025-11-21"));
    Catalog::save(&OsFs, &temps(), dir.path(), &catalog.to_bytes()).unwrap();

    let again = Catalog::load(&OsFs, dir.path()).unwrap().unwrap();
    assert_eq!(again.tickers(), [ticker("ACME"), ticker("NEW")]);
    assert_eq!(dir.text("tickers.last-good.json"), ACME);
}

#[test]
fn edits_from_outside_are_seen_at_the_next_load() {
    let dir = TestWorkspace::holding("tickers.json", "{}");
    assert!(
        Catalog::load(&OsFs, dir.path())
            .unwrap()
            .unwrap()
            .tickers()
            .is_empty()
    );

    dir.write("tickers.json", ACME);

    assert_eq!(
        Catalog::load(&OsFs, dir.path()).unwrap().unwrap().tickers(),
        [ticker("ACME")]
    );
}

#[test]
fn an_entry_of_another_shape_is_reported_and_left_while_the_others_go_on() {
    let mut catalog = catalog(json!({
        "BAD": [1, {"x": null}],
        "WORSE": {"intervals": {"1d": "yesterday"}},
        "GOOD": {"status": "active"},
    }));

    let refused = catalog.record_found(
        &ticker("BAD"),
        &yahoo(),
        D1,
        day("2025-11-20"),
        found("2025-11-19"),
    );
    catalog
        .record_found(
            &ticker("GOOD"),
            &yahoo(),
            D1,
            day("2025-11-20"),
            found("2025-11-19"),
        )
        .unwrap();

    assert_eq!(
        refused.unwrap_err().to_string(),
        "the entry of BAD in tickers.json cannot be used: it is not an object"
    );
    assert_eq!(catalog.tickers(), [ticker("GOOD")]);
    assert_eq!(catalog.warnings().len(), 2);
    assert_eq!(
        catalog.storage_block(&ticker("WORSE"), &yahoo(), D1),
        Block::Damaged
    );
    let written = document(&catalog);
    assert_eq!(written["BAD"], json!([1, {"x": null}]));
    assert_eq!(written["WORSE"], json!({"intervals": {"1d": "yesterday"}}));
    assert_eq!(
        written["GOOD"]["intervals"]["1d"]["last_data_date"],
        "2025-11-19"
    );
}

#[test]
fn a_key_that_is_no_ticker_is_reported_and_kept_and_a_path_is_a_ticker() {
    let long = "x".repeat(4096);
    let catalog = catalog(json!({"": {}, "A\0B": {}, long.clone(): {}, "../x": {}}));

    assert_eq!(catalog.tickers(), [ticker("../x")]);
    assert_eq!(catalog.warnings().len(), 3);
    assert!(matches!(
        catalog.warnings()[0],
        CatalogWarning::NoTicker { .. }
    ));
    assert_eq!(keys(&document(&catalog)), ["", "A\0B", &long, "../x"]);
}

#[test]
fn tickers_that_differ_only_in_case_are_reported_as_twins() {
    let catalog = catalog(json!({"abc": {}, "X": {}, "ABC": 1, "straße": {}, "STRASSE": {}}));

    assert_eq!(
        catalog.case_twins(),
        [
            vec![ticker("abc"), ticker("ABC")],
            vec![ticker("straße"), ticker("STRASSE")]
        ]
    );
}

#[test]
fn a_decomposed_key_is_found_and_keeps_its_spelling() {
    let mut catalog = catalog(json!({"Mu\u{308}V2": {"status": "not_found"}, "M\u{fc}V2X": {}}));

    assert!(!catalog.is_active(&ticker("M\u{fc}V2"), &yahoo()));
    assert!(catalog.reactivate(&ticker("M\u{fc}V2"), &yahoo()));
    assert_eq!(document(&catalog)["Mu\u{308}V2"]["status"], "active");
    assert_eq!(keys(&document(&catalog)).len(), 2);
}

/// It would begin without the tickers that are kept, and its second save would take the last good generation with it.
#[test]
fn a_registry_that_is_gone_is_not_begun_anew_while_its_last_good_generation_is_there() {
    let bar = Barkeep::partitioned(&["AAPL", "MSFT"]);
    bar.run(&["update"]).expect(Exit::Ok);
    let good = bar.read("tickers.last-good.json");
    bar.remove("tickers.json");

    for words in [
        &["update"][..],
        &["init", "--ticker", "KO"],
        &["tickers", "add", "KO"],
        &["list"],
        &["check"],
    ] {
        let ran = bar.run(words).expect(Exit::NotInitialised);
        assert!(ran.stderr.contains("tickers.last-good.json"), "{ran:?}");
        assert!(!bar.has("tickers.json"), "{words:?}");
    }

    assert_eq!(bar.read("tickers.last-good.json"), good);
    bar.write("tickers.json", good);
    bar.run(&["update"]).expect(Exit::Ok);
}
