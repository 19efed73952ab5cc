//! Questions to the registry of tickers.

use super::*;

#[test]
fn an_active_or_missing_ticker_is_usable_and_one_given_up_is_not() {
    let catalog = catalog(json!({
        "A": {"status": "active"}, "B": {}, "C": {"status": "pending"}, "D": {"status": "not_found"},
    }));
    let today = day("2025-11-20");

    for (name, is_usable) in [
        ("A", true),
        ("B", true),
        ("C", true),
        ("D", false),
        ("E", true),
    ] {
        assert_eq!(
            catalog.is_active(&ticker(name), &yahoo()),
            is_usable,
            "{name}"
        );
        assert_eq!(
            catalog.is_due(&ticker(name), &yahoo(), D1, today, None),
            is_usable,
            "{name}"
        );
    }
}

#[rstest]
#[case(4, false)]
#[case(29, false)]
#[case(30, true)]
#[case(44, true)]
#[case(45, true)]
fn a_missing_interval_is_left_alone_for_thirty_days(#[case] days: u64, #[case] is_due: bool) {
    let today = day("2025-11-20");
    let since = today.checked_sub_days(chrono::Days::new(days)).unwrap();

    let catalog = missing_since(&json!(since.to_string()), "active");

    assert_eq!(
        catalog.is_due(&ticker("X"), &yahoo(), D1, today, None),
        is_due
    );
    assert!(catalog.is_due(&ticker("X"), &yahoo(), Interval::H1, today, None));
}

#[rstest]
#[case(json!("soon"))]
#[case(json!("2025-13-40"))]
#[case(json!(20_251_120))]
#[case(json!(null))]
fn a_malformed_not_found_date_excludes_nothing(#[case] date: Value) {
    let catalog = missing_since(&date, "active");

    assert!(catalog.is_due(&ticker("X"), &yahoo(), D1, day("2025-11-20"), None));
}

#[test]
fn a_ticker_given_up_is_asked_for_again_when_its_thirty_days_are_over() {
    let catalog = missing_since(&json!("2025-10-21"), "not_found");

    assert!(!catalog.is_due(&ticker("X"), &yahoo(), D1, day("2025-11-19"), None));
    assert!(catalog.is_due(&ticker("X"), &yahoo(), D1, day("2025-11-20"), None));
    assert!(!catalog.is_due(
        &ticker("X"),
        &yahoo(),
        Interval::M1,
        day("2025-11-20"),
        None
    ));
}

#[rstest]
#[case(json!("2025-11-19"), Some("2025-11-19"))]
#[case(json!("19.11.2025"), None)]
#[case(json!(null), None)]
fn the_last_data_date_is_a_date_or_nothing(#[case] stored: Value, #[case] expected: Option<&str>) {
    let catalog = catalog(json!({"X": {"intervals": {"1d": {"last_data_date": stored}}}}));

    assert_eq!(
        catalog.last_data_date(&ticker("X"), &yahoo(), D1),
        expected.map(day)
    );
    assert_eq!(
        catalog.last_data_date(&ticker("X"), &yahoo(), Interval::M1),
        None
    );
}
