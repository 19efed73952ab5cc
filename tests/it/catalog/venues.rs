//! Several venues in one registry.

use super::*;

/// `update --venue us:demo` found a file of the same name, and the ticker was us:demo's from then on.
#[test]
fn a_ticker_without_a_venue_is_yahoos_whatever_another_venue_finds() {
    let mut catalog = catalog(json!({"X": {"ticker": "X", "status": "active"}, "Y": {}}));
    let (demo, today) = (venue("us:demo"), day("2025-11-20"));

    catalog
        .record_found(&ticker("X"), &demo, D1, today, found("2025-11-19"))
        .unwrap();
    catalog
        .record_found(&ticker("Y"), &yahoo(), D1, today, found("2025-11-19"))
        .unwrap();

    let written = document(&catalog);
    assert_eq!(written["X"].get("venue"), None);
    assert_eq!(keys(&written["X"]), ["ticker", "status", "venues"]);
    assert_eq!(keys(&written["Y"]), ["status", "last_checked", "intervals"]);
    assert_eq!(
        catalog.last_data_date(&ticker("X"), &demo, D1),
        Some(day("2025-11-19"))
    );
    assert_eq!(catalog.last_data_date(&ticker("X"), &yahoo(), D1), None);
    assert_eq!(catalog.venues_of(&ticker("X")), [yahoo(), demo]);
}

/// `partition-migrate init --venue us:demo` refused the files of tickers of which nothing was recorded yet.
#[test]
fn an_entry_that_records_nothing_does_not_say_whose_a_file_is() {
    let catalog = catalog(json!({
        "X": {"ticker": "X", "status": "active", "intervals": {}},
        "Y": {"intervals": {"1d": {"status": "active"}}},
        "Z": {"status": "not_found"},
    }));
    let home = |name| catalog.home(&ticker(name));
    let is_beside = |name| catalog.is_kept_beside(&ticker(name), &venue("us:demo"));

    let homes = [None, Some(yahoo()), Some(yahoo()), None];
    assert_eq!(["X", "Y", "Z", "NONE"].map(home), homes);
    let beside = [false, true, true, false];
    assert_eq!(["X", "Y", "Z", "NONE"].map(is_beside), beside);
}

/// A rollback takes the block away, and with it the only word on whose the ticker is.
#[test]
fn a_home_that_only_a_storage_block_tells_is_written_down_before_the_block_can_go() {
    let block = json!({"mode": "partitioned", "market": "de", "source": "xetra"});
    let mut catalog = catalog(json!({"B": {"intervals": {"1d": {"storage": block}}}}));
    let (b, xetra, today) = (ticker("B"), venue("de:xetra"), day("2025-11-20"));

    assert!(catalog.forget_storage(&b, &xetra, D1, today).unwrap());

    assert_eq!(catalog.venues_of(&b), [xetra]);
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
fn a_venue_has_the_tickers_at_home_there_and_its_further_ones() {
    let block = json!({"mode": "partitioned", "market": "us", "source": "stooq"});
    let mut catalog = catalog(json!({
        "OLD": {"intervals": {"1d": {"status": "active"}}},
        "DEMO": {"venue": "us:demo"},
        "BOTH": {"venue": "us:demo", "venues": {"us:stooq": {}}},
        "MOVED": {"intervals": {"1h": {}, "1d": {"storage": block}}},
        "FREE": {},
    }));
    catalog.add(&ticker("NEW"), &venue("us:demo"), day("2025-11-20"));
    let at = |asked: &str| -> Vec<String> {
        let tickers = catalog.tickers_at(&venue(asked));
        tickers.iter().map(ToString::to_string).collect()
    };

    assert_eq!(at("us:yahoo"), ["OLD", "FREE"]);
    assert_eq!(at("us:demo"), ["DEMO", "BOTH", "NEW"]);
    assert_eq!(at("us:stooq"), ["BOTH", "MOVED"]);
    assert_eq!(at("de:mine"), [""; 0]);
    let venues: Vec<String> = catalog.venues().iter().map(ToString::to_string).collect();
    assert_eq!(venues, ["us:demo", "us:stooq", "us:yahoo"]);
}

/// What an earlier barkeep left, when settings named another default: nothing recorded, no venue, and the records of
/// the other venue apart.
#[test]
fn adding_a_ticker_without_a_venue_to_another_venue_keeps_both() {
    let mut catalog = catalog(json!({"FREE": {}}));

    assert!(catalog.add(&ticker("FREE"), &venue("de:mine"), day("2025-11-20")));
    assert!(!catalog.add(&ticker("FREE"), &venue("de:mine"), day("2025-11-20")));
    assert!(!catalog.add(&ticker("FREE"), &yahoo(), day("2025-11-20")));

    let both = [yahoo(), venue("de:mine")];
    assert_eq!(catalog.venues_of(&ticker("FREE")), both);
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

#[test]
fn a_ticker_that_leaves_one_venue_keeps_its_records_of_the_others() {
    let stooq = json!({"status": "active", "intervals": {"1d": {"last_data_date": "2025-11-18"}}});
    let mine = json!({"status": "not_found"});
    let entry = json!({"status": "active", "intervals": {"1h": {"status": "active"}},
        "venues": {"us:stooq": stooq, "de:mine": mine}});
    let left_by = |gone: &[&str]| {
        let mut catalog = catalog(json!({"A": entry, "B": {"venue": "us:stooq"}}));
        for at in gone {
            assert!(catalog.remove_at(&ticker("A"), &venue(at)), "{at}");
            assert!(!catalog.remove_at(&ticker("A"), &venue(at)), "{at}, twice");
        }
        assert!(!catalog.remove_at(&ticker("B"), &yahoo()));
        document(&catalog)
    };

    assert_eq!(
        left_by(&["de:mine"])["A"],
        json!({"status": "active", "intervals": {"1h": {"status": "active"}}, "venues": {"us:stooq": stooq}})
    );
    let mut heir = stooq.clone();
    heir["venue"] = json!("us:stooq");
    assert_eq!(left_by(&["us:yahoo", "de:mine"])["A"], heir);
    heir["venues"] = json!({"de:mine": mine});
    assert_eq!(left_by(&["us:yahoo"])["A"], heir);
    let all_gone = left_by(&["us:yahoo", "us:stooq", "de:mine"]);
    assert_eq!(all_gone, json!({"B": {"venue": "us:stooq"}}));
}
