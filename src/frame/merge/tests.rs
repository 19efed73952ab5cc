//! What newer rows do to older ones.

use super::super::{KindOf, Texts, Values};
use super::*;

/// One bar, with those prices of four that a bit is set for.
fn bar(prices: u8, price: f64) -> Frame {
    let value = |at: u8| (prices & (1 << at) != 0).then_some(price);
    let mut columns = vec![
        Column::Text(Texts::same(Some("A".into()), 1)),
        Column::Time(Values::whole(vec![0])),
    ];
    columns.extend((0..4).map(|at| Column::Float([value(at)].into_iter().collect())));
    columns.extend([Column::Int(Values::nulls(1)), Column::Int(Values::nulls(1))]);
    Frame::ordered(Profile::of(Dataset::Stocks), columns).frame
}

#[test]
fn rows_that_another_frame_has_are_taken_out_whatever_their_values() {
    let frame = |times: &[i64], price: f64| {
        let rows = times.len();
        let mut columns = vec![
            Column::Text(Texts::same(Some("A".into()), rows)),
            Column::Time(Values::whole(times.to_vec())),
        ];
        columns.extend((0..4).map(|_| Column::Float(Values::whole(vec![price; rows]))));
        columns.extend([
            Column::Int(Values::nulls(rows)),
            Column::Int(Values::nulls(rows)),
        ]);
        Frame::ordered(Profile::of(Dataset::Stocks), columns).frame
    };
    let all = frame(&[1, 2, 3, 5, 8], 1.0);

    assert_eq!(
        without(&all, &frame(&[2, 4, 8, 9], 2.0)),
        frame(&[1, 3, 5], 1.0)
    );
    assert_eq!(without(&all, &frame(&[], 2.0)), all);
    assert!(without(&all, &all).is_empty());
}

#[test]
fn rows_of_two_ways_are_joined_to_no_series_whether_they_follow_one_another_or_not() {
    let profile = Profile::of_trades(Dataset::Stocks).unwrap();
    let of_source = bar(0b1111, 1.0);
    let of_trades = |time: i64| {
        let specs = profile.columns.iter();
        let columns = specs.map(|spec| match spec.kind {
            KindOf::Text => Column::Text(Texts::same(Some("A".into()), 1)),
            KindOf::Time => Column::Time(Values::whole(vec![time])),
            kind => Column::nulls(kind, 1),
        });
        Frame::ordered(profile, columns.collect()).frame
    };
    let usual = Profile::of(Dataset::Stocks);
    let joined = |parts: &[&Frame]| {
        let parts = parts.iter().map(|part| (*part).clone());
        Frame::joined(usual, parts.collect())
    };
    let other = Err(OtherRows {
        held: "bars of a source",
        others: "bars made of trades",
    });

    assert_eq!(joined(&[&of_source, &of_trades(0)]), other);
    assert_eq!(joined(&[&of_source, &of_trades(1)]), other);
    assert!(Frame::concat(usual, vec![of_source.clone(), of_trades(1)]).is_err());
    let alone = joined(&[&Frame::empty(usual), &of_trades(1)]);
    assert_eq!(alone, Ok(of_trades(1)));
    let both = joined(&[&of_source, &bar(0b1111, 2.0)]);
    assert_eq!(both, Ok(bar(0b1111, 2.0)));
}

/// What is half empty yields to what is whole, in whichever order the two are merged.
#[test]
fn a_row_that_is_not_taken_over_is_counted_in_both_orders() {
    let (whole, half) = (bar(0b1111, 1.0), bar(0b0011, 2.0));

    for merged in [merge(&whole, &half).frame, merge(&half, &whole).frame] {
        assert_eq!(yielding(&whole, &merged), 0);
        assert_eq!(yielding(&half, &merged), 1);
    }
}

fn moments(times: std::ops::Range<i64>, price: f64) -> Arc<Frame> {
    let rows = usize::try_from(times.end - times.start).unwrap();
    let trade = |time: i64| super::super::Trade {
        isin: "DE000BASF111".into(),
        trans_id: "1".into(),
        modification_flag: "-".into(),
        trade_time: time * 1_000,
        price: Some(price),
        ..Default::default()
    };
    let trades: Vec<_> = times.map(trade).collect();
    let frame = super::super::rows_of_trades(&trades).frame;
    assert_eq!(frame.len(), rows);
    Arc::new(frame)
}

/// Batches as they come, with a few rows that belong before the end of the batch before.
#[test]
fn frames_that_follow_one_another_are_joined_in_turn_and_others_are_not() {
    for (ranges, is_in_turn) in [
        ([0..4, 4..8, 8..12], true),
        ([0..4, 3..9, 9..12], true),
        ([0..5, 3..9, 7..12], true),
        // The third has a row that belongs before the first one's settled rows, or where these end.
        ([0..4, 4..8, 1..12], false),
        ([0..4, 4..8, 3..12], false),
        ([2..4, 4..8, 0..1], false),
        // Most of a frame overlaps.
        ([0..4, 1..5, 5..9], false),
        ([8..12, 4..8, 0..4], false),
    ] {
        let frames: Vec<Arc<Frame>> = ranges
            .iter()
            .cloned()
            .zip([1.0, 2.0, 3.0])
            .map(|(range, price)| moments(range, price))
            .collect();
        let mut overruled = Vec::new();

        let joined = in_turn(&frames, &mut overruled);

        assert_eq!(joined.is_some(), is_in_turn, "{ranges:?}");
        let empty = Frame::empty(frames[0].profile());
        let one_by_one = frames
            .iter()
            .fold(empty, |all, more| merge(&all, more).frame);
        let (merged, all_overruled) = merge_all(frames[0].profile(), frames);
        assert_eq!(*merged, one_by_one, "{ranges:?}");
        if let Some(joined) = joined {
            assert_eq!(joined, one_by_one, "{ranges:?}");
            assert_eq!(overruled, all_overruled);
        }
        let rows: usize = ranges.iter().map(|range| range.clone().count()).sum();
        let lost: usize = all_overruled.iter().map(Frame::len).sum();
        assert_eq!(merged.len() + lost, rows, "{ranges:?}");
    }
}

#[test]
fn a_bar_that_only_lacks_prices_never_replaces_one_that_has_them() {
    for older in 0..16_u8 {
        for newer in 0..16_u8 {
            let merged = merge(&bar(older, 1.0), &bar(newer, 2.0));

            let only_lacks = older & !newer != 0 && newer & !older == 0;
            let expected = if only_lacks {
                bar(older, 1.0)
            } else {
                bar(newer, 2.0)
            };
            assert_eq!(merged.frame, expected, "{older:04b} {newer:04b}");
        }
    }
}
