//! What coarser bars hold.

use rstest::rstest;

use crate::frame::{Bar, BarBatch, Cell, Profile, Volume, bars_of};
use crate::model::{Dataset, Ticker, time};

use super::*;

fn nanos(text: &str) -> i64 {
    time::parse(text).unwrap()
}

fn bar(date: &str, prices: [Option<f64>; 4], volume: Option<i64>) -> Bar {
    let [open, high, low, close] = prices;
    Bar {
        date: Some(nanos(date)),
        open,
        high,
        low,
        close,
        volume: volume.map(Volume::Units),
        sequence: Some(7),
    }
}

fn of_source(bars: Vec<Bar>) -> Frame {
    let ticker: Ticker = "ACME".parse().unwrap();
    BarBatch { bars }.ordered(&ticker).0.frame
}

/// Moment, price, volume, number of trades and mean price of a bar.
type TradesBar<'t> = (&'t str, Option<f64>, f64, i64, Option<f64>);

fn of_trades(rows: &[TradesBar<'_>]) -> Frame {
    let price = || Column::Float(rows.iter().map(|row| row.1).collect());
    let columns = vec![
        Column::Text(Texts::same(Some("ACME".into()), rows.len())),
        Column::Time(rows.iter().map(|row| Some(nanos(row.0))).collect()),
        price(),
        price(),
        price(),
        price(),
        Column::Float(rows.iter().map(|row| Some(row.2)).collect()),
        Column::Int(Values::nulls(rows.len())),
        Column::Int(rows.iter().map(|row| Some(row.3)).collect()),
        Column::Float(rows.iter().map(|row| row.4).collect()),
    ];
    Frame::ordered(Profile::of_trades(Dataset::Stocks).unwrap(), columns).frame
}

#[test]
fn a_coarser_bar_spans_the_finer_ones_from_the_opening_of_the_session() {
    let calendar = Calendar::new_york();
    let finer = of_source(vec![
        bar(
            "2026-06-01T09:30:00",
            [Some(1.0), Some(2.0), Some(0.5), Some(1.5)],
            Some(10),
        ),
        bar(
            "2026-06-01T10:29:00",
            [Some(1.5), Some(9.0), Some(1.0), Some(2.0)],
            Some(20),
        ),
        bar(
            "2026-06-01T10:30:00",
            [Some(2.0), Some(2.5), Some(2.0), Some(2.2)],
            Some(5),
        ),
    ]);

    let made = coarser(&finer, Interval::M1, Interval::H1, &calendar).unwrap();

    assert_eq!(
        bars_of(&made.frame).collect::<Vec<_>>(),
        [
            Bar {
                sequence: None,
                ..bar(
                    "2026-06-01T09:30:00",
                    [Some(1.0), Some(9.0), Some(0.5), Some(2.0)],
                    Some(30)
                )
            },
            Bar {
                sequence: None,
                ..bar(
                    "2026-06-01T10:30:00",
                    [Some(2.0), Some(2.5), Some(2.0), Some(2.2)],
                    Some(5)
                )
            },
        ]
    );
    assert_eq!(made.frame.profile(), finer.profile());
    assert_eq!(made.frame.owners(), finer.owners());
    let (first, after) = (nanos("2026-06-01T10:30:00"), nanos("2026-06-01T11:30:00"));
    assert_eq!(made.last, Some(first..after));
    assert_eq!(
        made.provisional(after - 1, Hours::All, &calendar),
        Some(first)
    );
    assert_eq!(made.provisional(after, Hours::All, &calendar), None);
}

#[rstest]
// The last hour of New York has a half, and the closing auction comes a little later.
#[case(Interval::H1, "2026-06-01T15:59:00", "2026-06-01T16:15:00")]
#[case(Interval::H1, "2026-06-01T14:29:00", "2026-06-01T14:30:00")]
#[case(Interval::D1, "2026-06-01T12:00:00", "2026-06-01T16:15:00")]
// A half day.
#[case(Interval::D1, "2026-11-27T12:00:00", "2026-11-27T13:15:00")]
// The week of Good Friday is over on Thursday.
#[case(Interval::Wk1, "2026-03-31T12:00:00", "2026-04-02T16:15:00")]
// After hours.
#[case(Interval::M5, "2026-06-01T17:01:00", "2026-06-01T17:05:00")]
// A day of which nobody knows whether there is a session.
#[case(Interval::D1, "2100-06-01T12:00:00", "2100-06-02T00:00:00")]
fn a_bar_is_over_when_its_last_session_is(
    #[case] to: Interval,
    #[case] row: &str,
    #[case] over: &str,
) {
    let calendar = Calendar::new_york();
    let prices = [Some(1.0), Some(1.0), Some(1.0), Some(1.0)];
    let finer = of_source(vec![bar(row, prices, Some(1))]);
    let made = coarser(&finer, Interval::M1, to, &calendar).unwrap();
    let is_over = |now: i64| made.provisional(now, Hours::Session, &calendar).is_none();

    assert!(!is_over(nanos(over) - 1));
    assert!(is_over(nanos(over)));
}

#[test]
fn rows_without_prices_add_their_volume_and_nothing_else() {
    let calendar = Calendar::new_york();
    let none = [None; 4];
    let finer = of_source(vec![
        bar("2026-06-01T09:30:00", none, Some(1)),
        bar(
            "2026-06-01T09:31:00",
            [Some(1.0), Some(2.0), Some(0.5), Some(1.5)],
            None,
        ),
        bar("2026-06-01T09:34:00", none, Some(4)),
        bar("2026-06-01T09:35:00", none, None),
    ]);

    let made = coarser(&finer, Interval::M1, Interval::M5, &calendar).unwrap();

    let rows: Vec<Bar> = bars_of(&made.frame).collect();
    assert_eq!(
        rows,
        [
            Bar {
                sequence: None,
                ..bar(
                    "2026-06-01T09:30:00",
                    [Some(1.0), Some(2.0), Some(0.5), Some(1.5)],
                    Some(5)
                )
            },
            Bar {
                sequence: None,
                ..bar("2026-06-01T09:35:00", none, None)
            },
        ]
    );
}

#[test]
fn bars_of_trades_keep_fractions_trades_and_the_average_price() {
    let calendar = Calendar::of("XETR").unwrap();
    let finer = of_trades(&[
        ("2026-09-18T09:00:00", Some(10.0), 0.1, 2, Some(10.0)),
        ("2026-09-18T09:01:00", Some(13.0), 0.2, 3, Some(13.0)),
        ("2026-09-18T17:35:00", Some(12.0), 0.0, 0, None),
        ("2026-09-21T09:00:00", Some(7.0), 1.0, 1, Some(7.0)),
    ]);

    let made = coarser(&finer, Interval::M1, Interval::D1, &calendar).unwrap();

    let row = |row: usize| {
        made.frame
            .columns()
            .iter()
            .skip(1)
            .map(move |column| column.cell(row))
    };
    let expected = [
        Cell::Time(nanos("2026-09-18")),
        Cell::Float(10.0),
        Cell::Float(13.0),
        Cell::Float(10.0),
        Cell::Float(12.0),
        Cell::Float(0.3),
        Cell::Null,
        Cell::Int(5),
        Cell::Float((10.0 * 0.1 + 13.0 * 0.2) / 0.3),
    ];
    assert_eq!(made.frame.len(), 2);
    assert_eq!(row(0).collect::<Vec<_>>(), expected);
    assert_eq!(made.frame.profile(), finer.profile());
}

#[test]
fn steps_over_a_length_in_between_end_at_the_same_bars() {
    let calendar = Calendar::of("XETR").unwrap();
    let first = nanos("2026-09-18T07:30:00");
    let minutes: Vec<Bar> = (0_u32..870)
        .filter(|minute| minute % 7 != 3)
        .map(|minute| {
            let price = f64::from(minute * 37 % 101);
            Bar {
                date: Some(first + i64::from(minute) * 60_000_000_000),
                open: Some(price),
                high: Some(price + 1.0),
                low: Some(price - 1.0),
                close: Some(price + 0.5),
                volume: Some(i64::from(minute).into()),
                sequence: None,
            }
        })
        .collect();
    let minutes = of_source(minutes);
    let to = |frame: &Frame, from, to| coarser(frame, from, to, &calendar).unwrap().frame;

    let fives = to(&minutes, Interval::M1, Interval::M5);
    for (middle, end) in [
        (Interval::M15, Interval::H1),
        (Interval::M30, Interval::D1),
        (Interval::M15, Interval::M90),
    ] {
        let stepwise = to(&to(&fives, Interval::M5, middle), middle, end);
        assert_eq!(stepwise, to(&minutes, Interval::M1, end));
    }
}

#[test]
fn bars_that_do_not_fill_others_are_refused() {
    let calendar = Calendar::new_york();
    let nothing = of_source(Vec::new());

    let refused = coarser(&nothing, Interval::M2, Interval::M5, &calendar).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "bars of 2m cannot be joined to bars of 5m"
    );
}

#[test]
fn no_bars_make_no_bars() {
    let calendar = Calendar::new_york();

    let made = coarser(
        &of_source(Vec::new()),
        Interval::M1,
        Interval::M5,
        &calendar,
    )
    .unwrap();

    assert!(made.frame.is_empty());
    assert_eq!(made.last, None);
    assert_eq!(made.provisional(i64::MIN, Hours::All, &calendar), None);
}
