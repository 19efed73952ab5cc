//! Auctions, and what is traded outside of the session.

use super::*;

#[test]
fn auctions_are_in_the_bar_of_their_print_and_kept_apart() {
    let auction = |id: &str, at: &str, mode: &str, price: f64, volume: f64| Trade {
        trading_mode: Some(mode.into()),
        ..trade(id, at, price, volume)
    };
    let lines = [
        auction("1", "2026-09-18T07:00:00.141Z", "O", 7.5, 30.0),
        trade("2", "2026-09-18T07:00:00.2Z", 8.5, 10.0),
        auction("3", "2026-09-18T11:02:00Z", "I", 7.9, 5.0),
        trade("4", "2026-09-18T15:29:59Z", 8.1, 10.0),
        auction("5", "2026-09-18T15:35:12Z", "K", 8.0, 1_000.0),
        auction("6", "2026-09-18T15:35:12Z", "K", 8.0, 500.5),
        auction("7", "2026-09-18T15:44:59Z", "3", 8.0, 40.0),
    ];

    let made = minutes(&lines);
    let day = made_of("DETR", &lines, Interval::D1);

    let bars = rows(&made.bars, SAP);
    assert_eq!(bars[0], "09-18 09:00 7.5 8.5 7.5 8.5 40 2 7.75");
    assert_eq!(bars[3], "09-18 17:35 8 8 8 8 1500.5 2 8");
    assert_eq!(bars[4], "09-18 17:44 8 8 8 8 40 1 8");
    assert!(rows(&day.bars, SAP)[0].starts_with("09-18 00:00 7.5 8.5 7.5 8 1595.5 7 "));
    assert!(made.outside.is_empty());
    assert_eq!(
        auctions_of(&made),
        [
            "09-18 00:00 closing 8 1500.5 2 09-18 17:35",
            "09-18 00:00 intraday 7.9 5 1 09-18 13:02",
            "09-18 00:00 opening 7.5 30 1 09-18 09:00",
        ]
    );
    assert_eq!(made.auctions, day.auctions);
}

#[test]
fn a_price_that_was_made_elsewhere_is_not_that_of_an_auction() {
    let auction = trade("1", "2026-09-18T15:35:12Z", 8.0, 10.0);
    let auction = Trade {
        trading_mode: Some("K".into()),
        ..auction
    };
    let midpoint = Trade {
        trans_id: "2".into(),
        price: Some(9.0),
        trading_system: Some("3".into()),
        ..auction.clone()
    };

    let made = minutes(&[auction, midpoint]);

    assert_eq!(
        auctions_of(&made),
        ["09-18 00:00 closing 8 20 2 09-18 17:35"]
    );
}

#[test]
fn an_auction_after_a_halt_is_dated_by_its_minute_and_a_cancelled_one_is_empty() {
    let halt = |id: &str, at: &str| Trade {
        trading_mode: Some("U".into()),
        ..trade(id, at, 7.0, 2.0)
    };
    let cancelled = halt("3", "2026-09-18T11:00:00Z");

    let made = minutes(&[
        halt("1", "2026-09-18T10:00:01Z"),
        halt("2", "2026-09-18T10:30:01Z"),
        corrected(&cancelled, "C", 1),
        cancelled,
    ]);

    assert_eq!(
        auctions_of(&made),
        [
            "09-18 12:00 unscheduled 7 2 1 09-18 12:00",
            "09-18 12:30 unscheduled 7 2 1 09-18 12:30",
            "09-18 13:00 unscheduled - 0 0 -",
        ]
    );
}

#[test]
fn on_a_half_day_the_closing_auction_is_at_two_and_later_trades_are_outside() {
    let close = Trade {
        trading_mode: Some("K".into()),
        ..trade("1", "2026-12-30T13:05:10Z", 8.0, 100.0)
    };
    let late = trade("2", "2026-12-30T13:16:00Z", 9.0, 1.0);

    let made = minutes(&[close.clone(), late.clone()]);
    let at_dealers = made_of("DGAT", &[late], Interval::M1);

    assert_eq!(rows(&made.bars, SAP), ["12-30 14:05 8 8 8 8 100 1 8"]);
    assert_eq!(rows(&made.outside, SAP), ["12-30 14:16 9 9 9 9 1 1 9"]);
    assert_eq!(rows(&at_dealers.bars, SAP), ["12-30 14:16 9 9 9 9 1 1 9"]);
}

#[test]
fn what_is_traded_before_and_after_the_session_is_apart_and_in_no_bar_of_a_day() {
    let early = Trade {
        trading_mode: Some("4".into()),
        ..trade("1", "2026-09-18T06:00:00.761Z", 123.3, 15.0)
    };
    let on_christmas = trade("2", "2026-12-25T10:00:00Z", 1.0, 1.0);
    let lines = [early, on_christmas];

    let made = minutes(&lines);
    let day = made_of("DETR", &lines, Interval::D1);

    assert_eq!(
        rows(&made.outside, SAP),
        [
            "09-18 08:00 123.3 123.3 123.3 123.3 15 1 123.3",
            "12-25 11:00 1 1 1 1 1 1 1"
        ]
    );
    assert_eq!(made.outside[0].1.profile().dataset, Dataset::Prepost);
    assert!(made.bars.is_empty() && day.bars.is_empty() && day.outside.is_empty());
    assert_eq!(day.left_out, BTreeMap::from([(LeftOut::Outside, 2)]));
    let christmas = "2026-12-25".parse().unwrap();
    assert_eq!(made.without_session, BTreeSet::from([christmas]));
}

/// Lines of other hours stand behind those of the session, however early they were.
#[test]
fn the_price_of_an_auction_is_that_of_its_last_print() {
    let auction = |id: &str, at: &str, price: f64| Trade {
        trading_mode: Some("K".into()),
        ..trade(id, at, price, 2.0)
    };

    let made = minutes(&[
        auction("1", "2026-09-18T06:30:00Z", 10.0),
        auction("2", "2026-09-18T15:35:00Z", 12.0),
    ]);

    assert_eq!(
        auctions_of(&made),
        ["09-18 00:00 closing 12 4 2 09-18 08:30"]
    );
}
