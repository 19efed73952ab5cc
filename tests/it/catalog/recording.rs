//! What runs record in the registry of tickers.

use super::*;

#[test]
fn a_success_is_stamped_and_reactivates_ticker_and_interval() {
    let mut catalog = missing_since(&json!("2025-10-01"), "not_found");

    catalog
        .record_found(
            &ticker("X"),
            &yahoo(),
            D1,
            day("2025-11-20"),
            found("2025-11-19"),
        )
        .unwrap();

    assert!(catalog.is_changed());
    assert_eq!(
        document(&catalog)["X"],
        json!({
            "status": "active",
            "last_checked": "2025-11-20",
            "intervals": {
                "1d": {
                    "status": "active",
                    "last_found_date": "2025-11-20",
                    "last_not_found_date": "2025-10-01",
                    "last_checked": "2025-11-20",
                    "last_data_date": "2025-11-19"
                },
                "1h": {"status": "active"}
            }
        })
    );
}

#[test]
fn a_new_ticker_has_the_predecessors_fields_in_its_order() {
    let mut catalog = Catalog::default();
    let saved = Found {
        storage: Some(StorageBlock::of(yahoo())),
        mark: Some("etag-1".to_owned()),
        provisional: Vec::new(),
        newest: 0,
        history: barkeep::catalog::Wanted::Known,
        ..found("2025-11-19T15:59:00")
    };

    catalog
        .record_found(
            &ticker("N"),
            &yahoo(),
            Interval::M1,
            day("2025-11-20"),
            saved,
        )
        .unwrap();
    catalog
        .record_not_found(&ticker("N"), &yahoo(), D1, day("2025-11-20"))
        .unwrap();

    let entry = &document(&catalog)["N"];
    assert_eq!(
        keys(entry),
        [
            "ticker",
            "added_date",
            "status",
            "last_checked",
            "intervals"
        ]
    );
    assert_eq!(
        keys(&entry["intervals"]["1m"]),
        [
            "status",
            "last_found_date",
            "last_checked",
            "last_data_date",
            "last_data_at",
            "mark",
            "storage"
        ]
    );
    assert_eq!(
        keys(&entry["intervals"]["1m"]["storage"]),
        [
            "mode",
            "venue",
            "market",
            "source",
            "dataset",
            "root",
            "verified_at"
        ]
    );
    assert_eq!(
        keys(&entry["intervals"]["1d"]),
        ["status", "last_not_found_date", "last_checked"]
    );
    assert_eq!(
        entry["intervals"]["1m"]["last_data_at"],
        "2025-11-19T15:59:00"
    );
    assert_eq!(
        catalog.mark(&ticker("N"), &yahoo(), Interval::M1),
        Some("etag-1")
    );
}

#[test]
fn unknown_keys_survive_recording_at_every_level() {
    let mut catalog = catalog(json!({"X": {
        "mine": 1,
        "intervals": {"1d": {"mine": 2, "storage": {"mode": "partitioned", "market": "us", "source": "yahoo", "mine": 3}}}
    }}));
    let saved = Found {
        storage: Some(StorageBlock::of(yahoo())),
        ..found("2025-11-19")
    };

    catalog
        .record_found(&ticker("X"), &yahoo(), D1, day("2025-11-20"), saved)
        .unwrap();
    catalog
        .record_not_found(&ticker("X"), &yahoo(), D1, day("2025-11-21"))
        .unwrap();
    catalog.reactivate(&ticker("X"), &yahoo());

    let entry = &document(&catalog)["X"];
    assert_eq!(entry["mine"], 1);
    assert_eq!(entry["intervals"]["1d"]["mine"], 2);
    assert_eq!(entry["intervals"]["1d"]["storage"]["mine"], 3);
}

#[test]
fn a_partitioned_save_keeps_the_verification_of_its_venue() {
    let mut catalog = acme();
    let saved = Found {
        storage: Some(StorageBlock::of(yahoo())),
        ..found("2025-11-20")
    };

    catalog
        .record_found(&ticker("ACME"), &yahoo(), D1, day("2025-11-21"), saved)
        .unwrap();

    let block = &document(&catalog)["ACME"]["intervals"]["1d"]["storage"];
    assert_eq!(block["verified_at"], "2025-11-02T08:15:00Z");
    assert_eq!(
        catalog.storage_block(&ticker("ACME"), &yahoo(), D1),
        Block::Partitioned { venue: yahoo() }
    );
}

#[test]
fn a_storage_block_can_be_recorded_and_forgotten() {
    let mut catalog = catalog(json!({"X": {"intervals": {"1d": {"status": "active"}}}}));
    let (x, today) = (ticker("X"), day("2025-11-20"));

    assert_eq!(catalog.storage_block(&x, &yahoo(), D1), Block::Absent);
    catalog
        .record_storage(&x, &yahoo(), D1, today, &StorageBlock::of(yahoo()))
        .unwrap();
    assert_eq!(
        catalog.storage_block(&x, &yahoo(), D1),
        Block::Partitioned { venue: yahoo() }
    );
    assert!(catalog.forget_storage(&x, &yahoo(), D1, today).unwrap());
    assert!(!catalog.forget_storage(&x, &yahoo(), D1, today).unwrap());

    assert_eq!(
        document(&catalog)["X"],
        json!({"intervals": {"1d": {"status": "active"}}})
    );
}

#[test]
fn the_newest_known_row_never_moves_backwards() {
    let mut catalog = acme();
    let acme = ticker("ACME");

    catalog
        .record_found(&acme, &yahoo(), D1, day("2025-11-21"), found("2024-01-05"))
        .unwrap();
    assert_eq!(
        catalog.last_data_date(&acme, &yahoo(), D1),
        Some(day("2025-11-19"))
    );

    catalog
        .record_found(&acme, &yahoo(), D1, day("2025-11-21"), found("2025-11-20"))
        .unwrap();
    assert_eq!(
        catalog.last_data_date(&acme, &yahoo(), D1),
        Some(day("2025-11-20"))
    );
    assert_eq!(
        document(&catalog)["ACME"]["intervals"]["1d"].get("last_data_at"),
        None
    );
}

#[test]
fn the_newest_intraday_row_is_known_to_the_second_and_never_moves_backwards() {
    let mut catalog = Catalog::default();
    let (x, m1, today) = (ticker("X"), Interval::M1, day("2025-11-20"));
    let known = |catalog: &Catalog| {
        catalog
            .last_data_at(&x, &yahoo(), m1)
            .map(|at| at.to_string())
    };

    for row in [
        "2025-11-19T15:58:00",
        "2025-11-19T10:00:00",
        "2025-11-18T15:59:00",
    ] {
        catalog
            .record_found(&x, &yahoo(), m1, today, found(row))
            .unwrap();
        assert_eq!(
            known(&catalog).as_deref(),
            Some("2025-11-19 15:58:00"),
            "{row}"
        );
    }
    catalog
        .record_found(&x, &yahoo(), m1, today, found("2025-11-19T15:59:00"))
        .unwrap();
    assert_eq!(known(&catalog).as_deref(), Some("2025-11-19 15:59:00"));
}

#[test]
fn a_stamp_that_the_predecessor_left_behind_is_not_believed() {
    let catalog = catalog(json!({"X": {"intervals": {"1m": {
        "last_data_date": "2025-11-20", "last_data_at": "2025-11-19T15:59:00"
    }}}}));

    assert_eq!(
        catalog.last_data_at(&ticker("X"), &yahoo(), Interval::M1),
        None
    );
    assert_eq!(
        catalog.last_data_date(&ticker("X"), &yahoo(), Interval::M1),
        Some(day("2025-11-20"))
    );
}

#[test]
fn a_ticker_is_given_up_when_all_its_intervals_are_missing_and_not_before() {
    let mut catalog =
        catalog(json!({"X": {"status": "active", "intervals": {"1d": {}, "1h": {}}}}));
    let (x, today) = (ticker("X"), day("2025-11-20"));

    catalog.record_not_found(&x, &yahoo(), D1, today).unwrap();
    assert!(catalog.is_active(&x, &yahoo()));
    assert!(!catalog.is_due(&x, &yahoo(), D1, today, None));

    catalog
        .record_not_found(&x, &yahoo(), Interval::H1, today)
        .unwrap();
    assert!(!catalog.is_active(&x, &yahoo()));

    catalog
        .record_found(&x, &yahoo(), D1, today, found("2025-11-19"))
        .unwrap();
    assert!(catalog.is_active(&x, &yahoo()));
    let intervals = &document(&catalog)["X"]["intervals"];
    assert_eq!(intervals["1h"]["status"], "not_found");
    assert_eq!(intervals["1d"]["last_not_found_date"], "2025-11-20");
}

#[test]
fn a_check_without_rows_changes_only_the_day_of_the_check_however_often() {
    let mut catalog = missing_since(&json!("2025-10-01"), "not_found");
    let x = ticker("X");

    for today in ["2025-11-20", "2025-11-21"] {
        catalog
            .record_checked(&x, &yahoo(), D1, day(today), None)
            .unwrap();
    }

    let entry = &document(&catalog)["X"];
    assert_eq!(entry["status"], "not_found");
    assert_eq!(entry["last_checked"], "2025-11-21");
    assert_eq!(
        entry["intervals"]["1d"],
        json!({"status": "not_found", "last_not_found_date": "2025-10-01", "last_checked": "2025-11-21"})
    );
}

#[test]
fn recording_the_same_again_is_no_change() {
    let mut first = Catalog::default();
    let saved = || Found {
        storage: Some(StorageBlock::of(yahoo())),
        ..found("2025-11-19")
    };
    first
        .record_found(&ticker("X"), &yahoo(), D1, day("2025-11-20"), saved())
        .unwrap();
    let mut second = catalog(document(&first));

    second
        .record_found(&ticker("X"), &yahoo(), D1, day("2025-11-20"), saved())
        .unwrap();

    assert!(!second.is_changed());
    assert_eq!(second.to_bytes(), first.to_bytes());
}

#[test]
fn adding_never_overwrites() {
    let mut catalog = acme();

    assert!(!catalog.add(&ticker("ACME"), &yahoo(), day("2025-11-21")));
    assert!(!catalog.is_changed());
    assert!(catalog.add(&ticker("NEW"), &yahoo(), day("2025-11-21")));
    assert!(!catalog.add(&ticker("NEW"), &yahoo(), day("2025-11-22")));

    assert_eq!(
        document(&catalog)["NEW"],
        json!({"ticker": "NEW", "added_date": "2025-11-21", "status": "active", "last_checked": null})
    );
    assert_eq!(String::from_utf8(acme().to_bytes()).unwrap(), ACME);
}

#[test]
fn removing_takes_one_ticker_and_keeps_the_order_of_the_others() {
    let mut catalog = catalog(json!({"A": {}, "B": 1, "C": {}, "D": {}}));

    assert!(catalog.remove(&ticker("A")));
    assert!(catalog.remove(&ticker("B")));
    assert!(!catalog.remove(&ticker("B")));

    assert_eq!(keys(&document(&catalog)), ["C", "D"]);
    assert_eq!(catalog.tickers(), [ticker("C"), ticker("D")]);
}

#[test]
fn a_symbol_list_takes_a_ticker_back_while_its_interval_keeps_the_cooldown() {
    let mut catalog = missing_since(&json!("2025-11-16"), "not_found");
    let x = ticker("X");

    assert!(catalog.reactivate(&x, &yahoo()));
    assert!(!catalog.reactivate(&x, &yahoo()));

    assert!(catalog.is_active(&x, &yahoo()));
    assert!(!catalog.is_due(&x, &yahoo(), D1, day("2025-11-20"), None));
    assert_eq!(
        document(&catalog)["X"]["intervals"]["1d"]["status"],
        "not_found"
    );
}

#[rstest]
#[case(30, true)]
#[case(90, true)]
#[case(91, false)]
#[case(120, false)]
fn a_given_up_ticker_with_rows_in_the_last_ninety_days_is_taken_back(
    #[case] days: u64,
    #[case] is_back: bool,
) {
    let today = day("2025-11-20");
    let last = today
        .checked_sub_days(chrono::Days::new(days))
        .unwrap()
        .to_string();
    let mut catalog = catalog(json!({"X": {
        "status": "not_found", "mine": 1, "intervals": {"1d": {"status": "active", "last_found_date": last}}
    }}));

    let back = catalog.reactivate_recent(&yahoo(), today);

    assert_eq!(!back.is_empty(), is_back);
    assert_eq!(catalog.is_active(&ticker("X"), &yahoo()), is_back);
    assert_eq!(document(&catalog)["X"]["mine"], 1);
}
