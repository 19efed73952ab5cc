//! What bars are made of published lines.

mod auctions;
mod together;

use super::*;
use crate::frame::{Cell, Profile, Trade, bars_of, rows_of_trades};
use proptest::prelude::*;

const SAP: &str = "DE0007164600";

/// Returns an instant in nanoseconds.
fn utc(text: &str) -> i64 {
    let moment: chrono::DateTime<chrono::Utc> = text.parse().unwrap();
    moment.timestamp_nanos_opt().unwrap()
}

fn trade(id: &str, at: &str, price: f64, volume: f64) -> Trade {
    Trade {
        isin: SAP.into(),
        trans_id: id.into(),
        price: Some(price),
        volume: Some(volume),
        currency: Some("EUR".into()),
        quote_type: Some(1),
        trade_time: utc(at),
        distribution_time: utc(at) + 1_000_000,
        trading_mode: Some("2".into()),
        modification_flag: "-".into(),
        ..Trade::default()
    }
}

/// Returns a later line of the same transaction.
fn corrected(trade: &Trade, flag: &str, minutes: i64) -> Trade {
    Trade {
        modification_flag: flag.into(),
        distribution_time: trade.distribution_time + minutes * MINUTE,
        ..trade.clone()
    }
}

fn made_of(feed: &str, trades: &[Trade], interval: Interval) -> Made {
    let frame = rows_of_trades(trades).frame;
    let calendar = Calendar::of("XETR").unwrap();
    bars_of_trades(&frame, &VenueRules::of(feed, "EUR"), &calendar, interval).unwrap()
}

fn minutes(trades: &[Trade]) -> Made {
    made_of("DETR", trades, Interval::M1)
}

/// Returns the rows of a series as text: time, open, high, low, close, volume, trades, vwap.
fn rows(series: &[(Ticker, Frame)], ticker: &str) -> Vec<String> {
    let found = series.iter().find(|(known, _)| known.as_str() == ticker);
    found.map_or(Vec::new(), |(_, frame)| {
        texts(frame, &[1, 2, 3, 4, 5, 6, 8, 9])
    })
}

/// Returns the auctions of the only series as text: date, kind, price, volume, trades, first print.
fn auctions_of(made: &Made) -> Vec<String> {
    let [(_, frame)] = made.auctions.as_slice() else {
        panic!("{} series have auctions", made.auctions.len())
    };
    texts(frame, &[1, 2, 3, 4, 5, 6])
}

fn texts(frame: &Frame, columns: &[usize]) -> Vec<String> {
    let text = |cell: Cell<'_>| match cell {
        Cell::Null => "-".to_owned(),
        Cell::Text(text) => text.to_owned(),
        Cell::Time(time) => time::naive(time).format("%m-%d %H:%M").to_string(),
        Cell::Int(number) => number.to_string(),
        Cell::Float(number) => number.to_string(),
        Cell::Flag(flag) => flag.to_string(),
    };
    let cell = |at: usize, row: usize| text(frame.columns()[at].cell(row));
    let row = |row: usize| {
        let cells = columns.iter().map(|at| cell(*at, row));
        cells.collect::<Vec<_>>().join(" ")
    };
    (0..frame.len()).map(row).collect()
}

#[test]
fn a_bar_has_first_highest_lowest_and_last_price_and_all_volume() {
    let made = minutes(&[
        trade("1", "2026-09-18T08:00:05Z", 10.0, 3.0),
        trade("2", "2026-09-18T08:00:10Z", 12.0, 1.0),
        trade("3", "2026-09-18T08:00:15Z", 9.0, 1.0),
        trade("4", "2026-09-18T08:00:59.999999999Z", 11.0, 5.0),
        trade("5", "2026-09-18T08:02:00Z", 11.5, 0.5),
    ]);

    assert_eq!(
        rows(&made.bars, SAP),
        [
            "09-18 10:00 10 12 9 11 10 4 10.6",
            "09-18 10:02 11.5 11.5 11.5 11.5 0.5 1 11.5"
        ]
    );
    assert_eq!(made.bars[0].1.profile().name, "bars made of trades");
    assert!(made.outside.is_empty() && made.left_out.is_empty() && made.refused.is_empty());
}

#[test]
fn trades_of_one_microsecond_are_in_the_order_of_nanoseconds_and_then_of_ids() {
    let made = minutes(&[
        trade("1", "2026-09-18T08:00:05.000000900Z", 3.0, 1.0),
        trade("2", "2026-09-18T08:00:05.000000100Z", 1.0, 1.0),
        trade("4", "2026-09-18T08:00:05.000000900Z", 4.0, 1.0),
        trade("3", "2026-09-18T08:00:05.000000100Z", 2.0, 1.0),
    ]);

    assert_eq!(rows(&made.bars, SAP), ["09-18 10:00 1 4 1 4 4 4 2.5"]);
}

#[test]
fn a_bar_is_of_the_wall_clock_in_summer_and_in_winter() {
    let made = minutes(&[
        trade("1", "2026-10-23T07:00:00.1Z", 1.0, 1.0),
        trade("2", "2026-10-26T08:00:00.1Z", 2.0, 1.0),
        trade("3", "2026-10-26T07:00:00.1Z", 3.0, 1.0),
    ]);

    assert_eq!(
        rows(&made.bars, SAP),
        ["10-23 09:00 1 1 1 1 1 1 1", "10-26 09:00 2 2 2 2 1 1 2"]
    );
    assert_eq!(rows(&made.outside, SAP), ["10-26 08:00 3 3 3 3 1 1 3"]);
}

#[test]
fn currencies_are_series_of_their_own() {
    let dollars = Trade {
        currency: Some("USD".into()),
        ..trade("2", "2026-09-18T08:00:10Z", 12.0, 1.0)
    };

    let made = minutes(&[trade("1", "2026-09-18T08:00:05Z", 10.0, 3.0), dollars]);

    let tickers: Vec<_> = made
        .bars
        .iter()
        .map(|(ticker, _)| ticker.as_str())
        .collect();
    assert_eq!(tickers, [SAP, "DE0007164600.USD"]);
    assert_eq!(
        rows(&made.bars, "DE0007164600.USD"),
        ["09-18 10:00 12 12 12 12 1 1 12"]
    );
}

#[test]
fn a_cancelled_trade_is_in_no_bar_and_one_that_was_alone_leaves_an_empty_one() {
    let first = trade("1", "2026-09-18T08:00:05Z", 10.0, 3.0);
    let second = trade("2", "2026-09-18T08:00:10Z", 12.0, 1.0);
    let alone = trade("3", "2026-09-18T08:05:00Z", 99.0, 7.0);
    let lines = [
        corrected(&alone, "C", 5),
        first,
        corrected(&second, "C", 1),
        alone,
        second,
    ];

    let made = minutes(&lines);

    assert_eq!(
        rows(&made.bars, SAP),
        [
            "09-18 10:00 10 10 10 10 3 1 10",
            "09-18 10:05 - - - - 0 0 -"
        ]
    );
    assert_eq!(made.left_out, BTreeMap::from([(LeftOut::Cancelled, 4)]));
    let days = made_of("DETR", &lines, Interval::D1);
    assert_eq!(rows(&days.bars, SAP), ["09-18 00:00 10 10 10 10 3 1 10"]);
}

#[test]
fn an_amendment_counts_where_and_as_it_says() {
    let first = trade("1", "2026-09-18T08:00:05Z", 10.0, 3.0);
    let moved = Trade {
        trade_time: utc("2026-09-18T08:03:00Z"),
        price: Some(11.0),
        ..corrected(&first, "A", 4)
    };

    let made = minutes(&[first.clone(), moved.clone(), corrected(&moved, "A", 1)]);

    assert_eq!(
        rows(&made.bars, SAP),
        [
            "09-18 10:00 - - - - 0 0 -",
            "09-18 10:03 11 11 11 11 3 1 11"
        ]
    );
    assert_eq!(made.left_out, BTreeMap::from([(LeftOut::Superseded, 2)]));
}

#[test]
fn a_midpoint_adds_volume_and_no_price() {
    let midpoint = |id: &str, at: &str| Trade {
        trading_system: Some("3".into()),
        ..trade(id, at, 10.5, 4.0)
    };

    let made = minutes(&[
        midpoint("1", "2026-09-18T08:00:01Z"),
        trade("2", "2026-09-18T08:00:05Z", 10.0, 4.0),
        midpoint("3", "2026-09-18T08:01:01Z"),
    ]);

    assert_eq!(
        rows(&made.bars, SAP),
        [
            "09-18 10:00 10 10 10 10 8 2 10.25",
            "09-18 10:01 - - - - 4 1 10.5"
        ]
    );
}

#[test]
fn lines_that_no_bar_is_made_of_are_told_by_reason() {
    let at = "2026-09-18T08:00:05Z";
    let lines = [
        Trade {
            price: None,
            ..trade("1", at, 0.0, 1.0)
        },
        trade("2", at, f64::NAN, 1.0),
        Trade {
            volume: None,
            ..trade("3", at, 1.0, 0.0)
        },
        trade("4", at, 1.0, 0.0),
        trade("5", at, 1.0, -3.0),
        Trade {
            trading_mode: Some("5".into()),
            ..trade("6", at, 1.0, 1.0)
        },
        Trade {
            trading_mode: None,
            ..trade("7", at, 1.0, 1.0)
        },
        trade("8", at, 99.5, 1_000.0),
        Trade {
            quote_type: Some(2),
            ..trade("9", at, 99.5, 1_000.0)
        },
    ];

    let made = minutes(&lines);

    assert_eq!(
        rows(&made.bars, SAP),
        ["09-18 10:00 99.5 99.5 99.5 99.5 1000 1 99.5"]
    );
    assert_eq!(
        made.left_out,
        BTreeMap::from([
            (LeftOut::NoPrice, 2),
            (LeftOut::NoVolume, 3),
            (LeftOut::Reported, 1),
            (LeftOut::UnknownMode, 1),
            (LeftOut::OtherNotation, 1),
        ])
    );
}

#[test]
fn a_series_whose_volume_cannot_be_counted_is_refused_and_costs_no_other() {
    let other = Trade {
        isin: "DE0007100000".into(),
        ..trade("2", "2026-09-18T08:00:05Z", 10.0, 0.1)
    };

    let made = minutes(&[trade("1", "2026-09-18T08:00:05Z", 10.0, 1.0 / 3.0), other]);

    assert_eq!(made.refused.len(), 1);
    assert_eq!(made.refused[0].0, SAP);
    assert_eq!(rows(&made.bars, SAP), ["09-18 10:00 - - - - 0 0 -"]);
    let others = rows(&made.bars, "DE0007100000");
    assert_eq!(others, ["09-18 10:00 10 10 10 10 0.1 1 10"]);
}

#[test]
fn rows_that_are_no_trades_are_refused() {
    let bars = Frame::empty(Profile::of(Dataset::Stocks));
    let calendar = Calendar::of("XETR").unwrap();

    let refused = bars_of_trades(
        &bars,
        &VenueRules::of("DETR", "EUR"),
        &calendar,
        Interval::M1,
    );

    assert_eq!(
        refused.unwrap_err().to_string(),
        "bars of a source are no trades"
    );
}

/// What a bar is, counted by itself: open, high, low, close, hundredths of volume, trades.
type Counted = (f64, f64, f64, f64, i64, i64);

/// Counts bars one by one, in the order of time and id.
fn counted(trades: &[Trade]) -> BTreeMap<(String, i64), Counted> {
    let mut sorted: Vec<&Trade> = trades.iter().collect();
    sorted.sort_by_key(|trade| (trade.trade_time, trade.trans_id.clone()));
    let mut bars: BTreeMap<(String, i64), Counted> = BTreeMap::new();
    for trade in sorted {
        let price = trade.price.unwrap();
        let units = (trade.volume.unwrap() * 100.0).round();
        #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
        let units = units as i64;
        // Berlin is two hours ahead of UTC in September.
        let minute = (trade.trade_time + 120 * MINUTE).div_euclid(MINUTE) * MINUTE;
        let bar = bars
            .entry((trade.isin.to_string(), minute))
            .or_insert((price, price, price, price, 0, 0));
        *bar = (
            bar.0,
            bar.1.max(price),
            bar.2.min(price),
            price,
            bar.4 + units,
            bar.5 + 1,
        );
    }
    bars
}

proptest! {
    #[test]
    fn bars_are_what_counting_by_itself_says(
        lines in prop::collection::vec((0_u8..4, 0_i64..600, 1_u32..5_000, 1_u32..100_000), 1..200)
    ) {
        let first = utc("2026-09-18T08:00:00Z");
        let trades: Vec<Trade> = lines.iter().enumerate().map(|(at, (isin, second, price, volume))| Trade {
            isin: format!("DE000000000{isin}").into(),
            trade_time: first + second * 1_000_000_000,
            price: Some(f64::from(*price) / 100.0),
            volume: Some(f64::from(*volume) / 100.0),
            ..trade(&format!("{at:05}"), "2026-09-18T08:00:00Z", 0.0, 0.0)
        }).collect();

        let made = minutes(&trades);

        let mut found = BTreeMap::new();
        for (ticker, frame) in &made.bars {
            let trades = &frame.columns()[8];
            let volumes = &frame.columns()[6];
            for (row, bar) in bars_of(frame).enumerate() {
                let (Cell::Int(count), Cell::Float(volume)) = (trades.cell(row), volumes.cell(row)) else {
                    panic!("a bar without volume")
                };
                #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
                let units = (volume * 100.0).round() as i64;
                let prices = [bar.open, bar.high, bar.low, bar.close].map(Option::unwrap);
                let [open, high, low, close] = prices;
                let key = (ticker.to_string(), bar.date.unwrap());
                found.insert(key, (open, high, low, close, units, count));
            }
        }
        prop_assert_eq!(found, counted(&trades));
    }
}
