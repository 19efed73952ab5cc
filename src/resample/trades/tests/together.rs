//! Lines of a series that cannot all count: what counts hangs neither on the order of lines nor on the length of bars, and the
//! bars of what counts no more are emptied.

use super::*;

/// Returns a line whose price is per cent of the face value.
fn per_cent(id: &str, at: &str, volume: f64) -> Trade {
    Trade {
        quote_type: Some(2),
        ..trade(id, at, 99.5, volume)
    }
}

/// Returns the volume of all bars, which is whole here.
fn volume(series: &[(Ticker, Frame)]) -> i64 {
    let rows = series.iter().flat_map(|(_, frame)| texts(frame, &[6]));
    rows.map(|volume| volume.parse::<i64>().unwrap()).sum()
}

#[test]
fn a_line_that_counts_nothing_does_not_say_what_prices_of_its_series_are() {
    let (first, later) = ("2026-09-18T08:00:01Z", "2026-09-18T08:02:01Z");
    let good = [
        trade("1", "2026-09-18T08:01:00Z", 10.0, 5.0),
        trade("2", later, 10.0, 6.0),
    ];
    let odd = per_cent("X", first, 1_000.0);
    let cancelled = [odd.clone(), corrected(&odd, "C", 1)];
    let amended = [
        odd.clone(),
        Trade {
            quote_type: Some(1),
            ..corrected(&trade("X", first, 10.0, 7.0), "A", 1)
        },
    ];
    let outside = [Trade {
        trading_mode: Some("4".into()),
        ..odd.clone()
    }];
    for (lines, expected) in [(&cancelled[..], 11), (&amended, 18), (&outside, 11)] {
        let lines = [lines, &good].concat();
        for interval in [Interval::M1, Interval::D1] {
            let made = made_of("DETR", &lines, interval);

            assert_eq!(volume(&made.bars), expected, "{lines:?}");
        }
    }
}

#[test]
fn of_two_notations_the_usual_one_counts_in_whatever_order_lines_come() {
    let units = [
        trade("1", "2026-09-18T08:00:02Z", 10.0, 5.0),
        trade("2", "2026-09-18T08:01:02Z", 10.0, 6.0),
    ];
    let odd = per_cent("0", "2026-09-18T07:59:01Z", 1_000.0);
    let expected = [
        "09-18 09:59 - - - - 0 0 -",
        "09-18 10:00 10 10 10 10 5 1 10",
        "09-18 10:01 10 10 10 10 6 1 10",
    ];

    let made = minutes(&[&units[..], std::slice::from_ref(&odd)].concat());
    // As many of each: per unit, so that a stray line does not decide for a share that is hardly traded.
    let even = minutes(&[odd, units[0].clone()]);

    assert_eq!(rows(&made.bars, SAP), expected);
    assert_eq!(rows(&even.bars, SAP), expected[..2]);
    assert_eq!(made.left_out, BTreeMap::from([(LeftOut::OtherNotation, 1)]));
    assert!(LeftOut::OtherNotation.surprise().is_some());
}

#[test]
fn a_line_whose_volume_cannot_be_counted_empties_the_bars_that_were_made_before_it() {
    let before = trade("1", "2026-09-18T08:00:02Z", 10.0, 5.0);

    let made = minutes(&[before, trade("2", "2026-09-18T08:01:02Z", 10.0, 1.0 / 3.0)]);

    assert_eq!(made.refused.len(), 1);
    assert_eq!(
        rows(&made.bars, SAP),
        ["09-18 10:00 - - - - 0 0 -", "09-18 10:01 - - - - 0 0 -"]
    );
}

#[test]
fn lines_without_a_currency_are_of_the_series_that_says_so_by_its_word() {
    let lines = [None, Some("XXX"), Some("")].into_iter().zip(1..);
    let lines: Vec<Trade> = lines
        .map(|(currency, number)| Trade {
            currency: currency.map(Into::into),
            ..trade(
                &number.to_string(),
                "2026-09-18T08:00:02Z",
                10.0,
                f64::from(number),
            )
        })
        .collect();

    let made = minutes(&lines);

    let tickers: Vec<_> = made
        .bars
        .iter()
        .map(|(ticker, _)| ticker.as_str())
        .collect();
    assert_eq!(tickers, ["DE0007164600.XXX"]);
    assert_eq!(volume(&made.bars), 6);
}
