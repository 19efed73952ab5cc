//! Stored rows that end before a split, and an answer that begins after it: nothing overlaps that would tell the ratio.
//!
//! Promises: the split itself is the factor, and is applied once: not to rows that were stored on its day or later, and not
//! where overlapping rows show that it is applied. Where enough rows overlap, `measure` finds it.

use super::measure::{FEWEST_ROWS, is_near, is_price, ratio};
use super::rescale::{Moved, Shift, VolumeTooLarge, rescaled};
use super::split::Split;
use crate::frame::{Frame, MarketEvent, Merged, merge};

/// Moves stored rows across the splits that took effect since they were fetched; `None` when they stay.
///
/// # Errors
/// When a volume has no place in its column any more.
pub fn moved_by_split(
    stored: &Frame,
    newer: &Frame,
    splits: &[MarketEvent],
) -> Result<Option<Moved>, VolumeTooLarge> {
    let Some((_, newest)) = stored.span() else {
        return Ok(None);
    };
    let since = splits.iter().filter(|split| split.date > newest);
    let factor: f64 = since
        .filter_map(Split::of)
        .map(Split::price_factor)
        .product();
    let merged = merge(stored, newer);
    let goes_on = newer.span().is_none_or(|(_, last)| last < newest);
    if is_near(factor, 1.0) || !agrees(&merged, factor, goes_on) {
        return Ok(None);
    }
    let older = rescaled(stored, |_| true, Shift::of_split(factor))?;
    Ok(older.map(|older| Moved {
        frame: merge(&older, newer).frame,
        factor,
    }))
}

/// Tells whether the rows that overlap, if any, show that the split is not applied. What the end of an answer overlaps is
/// measured if it is enough for that; nothing is measured where stored rows go on after it.
fn agrees(merged: &Merged, factor: f64, goes_on: bool) -> bool {
    let prices = merged.revisions.iter().filter(|r| is_price(r.field));
    merged.unchanged == 0
        && (goes_on || merged.changed < FEWEST_ROWS)
        && prices
            .map(ratio)
            .all(|ratio| ratio.is_some_and(|ratio| is_near(ratio, factor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Bar, BarBatch, EventKind};
    use crate::model::time::DAY;

    fn frame(days: std::ops::Range<i64>, price: f64, volume: i64) -> Frame {
        let bar = |day: i64| Bar {
            date: Some(day * DAY + 1),
            open: Some(price),
            high: Some(price),
            low: Some(price),
            close: Some(price),
            volume: Some(volume.into()),
            sequence: None,
        };
        let bars = days.map(bar).collect();
        BarBatch { bars }.ordered(&"A".parse().unwrap()).0.frame
    }

    fn split(day: i64) -> [MarketEvent; 1] {
        let kind = EventKind::Split {
            numerator: 4.0,
            denominator: 1.0,
        };
        [MarketEvent::new(day * DAY, kind)]
    }

    #[test]
    fn rows_before_a_split_are_moved_by_exactly_it() {
        let (stored, newer) = (frame(0..5, 400.0, 10), frame(9..12, 100.0, 40));

        let moved = moved_by_split(&stored, &newer, &split(7)).unwrap().unwrap();

        let expected = merge(&frame(0..5, 100.0, 40), &newer).frame;
        assert_eq!(moved.frame, expected);
        assert!((moved.factor - 0.25).abs() < f64::EPSILON);
    }

    #[test]
    fn rows_that_have_seen_the_split_stay() {
        let newer = frame(9..12, 100.0, 40);

        let is_moved = |stored: &Frame, on| {
            moved_by_split(stored, &newer, &split(on))
                .unwrap()
                .is_some()
        };

        assert!(!is_moved(&frame(0..5, 100.0, 40), 4), "stored on its day");
        assert!(
            !is_moved(&frame(0..10, 100.0, 40), 11),
            "as the answer has them"
        );
        assert!(!is_moved(&frame(0..10, 300.0, 40), 11), "by another ratio");
        assert!(is_moved(&frame(0..10, 400.0, 10), 11), "by this one");
    }

    #[test]
    fn enough_rows_that_overlap_are_left_to_measure() {
        let (stored, newer) = (frame(0..12, 400.0, 10), frame(9..14, 100.0, 40));

        assert!(
            moved_by_split(&stored, &newer, &split(13))
                .unwrap()
                .is_none()
        );
    }
}
