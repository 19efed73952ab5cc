//! Several venues in one registry.

use super::*;

#[test]
fn the_first_success_claims_a_ticker_that_nobody_has_recorded() {
    let mut catalog = catalog(json!({"X": {"ticker": "X", "status": "active"}, "Y": {}}));
    let (demo, today) = (venue("us:demo"), day("2025-11-20"));

    catalog
        .record_found(&ticker("X"), &demo, D1, today, found("2025-11-19"))
        .unwrap();
    catalog
        .record_found(&ticker("Y"), &yahoo(), D1, today, found("2025-11-19"))
        .unwrap();

    let written = document(&catalog);
    assert_eq!(written["X"]["venue"], "us:demo");
    assert_eq!(
        keys(&written["X"]),
        ["ticker", "status", "last_checked", "venue", "intervals"]
    );
    assert_eq!(keys(&written["Y"]), ["status", "last_checked", "intervals"]);
    assert_eq!(
        catalog.last_data_date(&ticker("X"), &demo, D1),
        Some(day("2025-11-19"))
    );
    assert_eq!(catalog.last_data_date(&ticker("X"), &yahoo(), D1), None);
}

#[test]
fn a_further_venue_is_recorded_apart_in_the_same_shape() {
    let mut catalog = acme();
    let (acme, stooq, today) = (ticker("ACME"), venue("us:stooq"), day("2025-11-21"));

    assert_eq!(catalog.last_data_date(&acme, &stooq, D1), None);
    assert_eq!(catalog.storage_block(&acme, &stooq, D1), Block::Absent);
    catalog
        .record_found(&acme, &stooq, D1, today, found("2025-11-18"))
        .unwrap();

    let entry = &document(&catalog)["ACME"];
    assert_eq!(
        entry["venues"],
        json!({"us:stooq": {
            "status": "active",
            "last_checked": "2025-11-21",
            "intervals": {"1d": {
                "status": "active",
                "last_found_date": "2025-11-21",
                "last_checked": "2025-11-21",
                "last_data_date": "2025-11-18"
            }}
        }})
    );
    assert_eq!(entry["last_checked"], "2025-11-20");
    assert_eq!(
        catalog.last_data_date(&acme, &stooq, D1),
        Some(day("2025-11-18"))
    );
    assert_eq!(
        catalog.last_data_date(&acme, &yahoo(), D1),
        Some(day("2025-11-19"))
    );
}

#[test]
fn a_failure_at_one_venue_says_nothing_about_another() {
    let mut catalog = catalog(json!({"X": {"status": "active"}}));
    let (x, stooq, today) = (ticker("X"), venue("us:stooq"), day("2025-11-20"));

    catalog.record_not_found(&x, &stooq, D1, today).unwrap();

    assert!(!catalog.is_active(&x, &stooq));
    assert!(catalog.is_active(&x, &yahoo()));
    assert!(catalog.is_due(&x, &yahoo(), D1, today, None));
    assert_eq!(document(&catalog)["X"]["status"], "active");
}

#[test]
fn what_the_predecessor_recorded_without_a_venue_is_yahoos_or_its_blocks() {
    let catalog = catalog(json!({
        "A": {"status": "not_found", "intervals": {"1d": {"status": "not_found", "last_not_found_date": "2025-11-20"}}},
        "B": {"intervals": {"1d": {"status": "not_found", "last_not_found_date": "2025-11-20",
              "storage": {"mode": "partitioned", "market": "de", "source": "xetra"}}}},
    }));
    let today = day("2025-11-20");

    assert!(!catalog.is_due(&ticker("A"), &yahoo(), D1, today, None));
    assert!(catalog.is_due(&ticker("A"), &venue("us:stooq"), D1, today, None));
    assert!(!catalog.is_due(&ticker("B"), &venue("de:xetra"), D1, today, None));
    assert!(catalog.is_due(&ticker("B"), &yahoo(), D1, today, None));
}

#[test]
fn a_venue_has_the_tickers_at_home_there_its_further_ones_and_by_default_the_unclaimed() {
    let mut catalog = catalog(json!({
        "OLD": {"intervals": {"1d": {"status": "active"}}},
        "DEMO": {"venue": "us:demo"},
        "BOTH": {"venue": "us:demo", "venues": {"us:stooq": {}}},
        "FREE": {},
    }));
    catalog.add(&ticker("NEW"), &venue("us:demo"), day("2025-11-20"));
    let at = |asked: &str, default: &str| -> Vec<String> {
        let tickers = catalog.tickers_at(&venue(asked), &venue(default));
        tickers.iter().map(ToString::to_string).collect()
    };

    assert_eq!(at("us:yahoo", "us:yahoo"), ["OLD", "FREE"]);
    assert_eq!(at("us:demo", "us:yahoo"), ["DEMO", "BOTH", "NEW"]);
    assert_eq!(at("us:stooq", "us:yahoo"), ["BOTH"]);
    assert_eq!(at("us:stooq", "us:stooq"), ["OLD", "BOTH", "FREE"]);
    assert_eq!(at("us:yahoo", "us:stooq"), ["OLD"]);
}

#[test]
fn adding_a_known_ticker_to_another_venue_keeps_what_is_recorded() {
    let mut catalog = acme();

    assert!(catalog.add(&ticker("ACME"), &venue("us:demo"), day("2025-11-21")));

    let mut entry = document(&catalog)["ACME"].clone();
    let further = entry.as_object_mut().unwrap().remove("venues").unwrap();
    assert_eq!(
        further,
        json!({"us:demo": {"status": "active", "last_checked": null, "intervals": {}}})
    );
    assert_eq!(
        json!({"ACME": entry}),
        serde_json::from_str::<Value>(ACME).unwrap()
    );
}
