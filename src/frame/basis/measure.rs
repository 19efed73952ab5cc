//! The factor between two price bases, measured where an answer overlaps stored rows.
//!
//! After a split a source divides the whole history, so an answer that overlaps what is stored contradicts it by one
//! constant ratio. Rows older than the answer must then change by the same ratio, or a seam would stay.
//! Promises: a ratio counts only when it is the same in every price of several rows and the answer leaves no row as it
//! was. Ratios of small whole numbers, as splits have them, are taken as exactly that.

use std::collections::BTreeMap;

use super::rescale::Shift;
use crate::frame::{Cell, Column, Revision};

/// Rows that have to agree on a ratio.
pub(super) const FEWEST_ROWS: usize = 3;
/// The oldest rows of the overlap decide: they are what the older ones continue.
const MOST_ROWS: usize = 40;
/// Prices are 32-bit floats at the source: a ratio of two is exact to about 1.2e-7.
const TOLERANCE: f64 = 2e-6;
/// Below this a constant difference is a correction of rounding, not another basis.
const SMALLEST: f64 = 1e-4;
/// The largest number of a split ratio.
const LARGEST_PART: u32 = 100;
/// Volumes are whole numbers, so their ratio is rough.
const VOLUME_TOLERANCE: f64 = 0.02;

/// What became of the stored rows that an answer overlaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// How many got other values.
    pub changed: usize,
    /// How many stayed as they were.
    pub unchanged: usize,
}

/// Finds the factor by which an answer contradicts the rows that it overlaps.
pub fn measured(revisions: &[&Revision], rows: Overlap) -> Option<Shift> {
    if rows.changed < FEWEST_ROWS || rows.unchanged > rows.changed / 10 {
        return None;
    }
    let mut prices: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    let mut volumes: BTreeMap<i64, f64> = BTreeMap::new();
    for revision in revisions {
        match revision.field {
            field if is_price(field) => {
                // A row that was empty, or is, has no ratio, and says nothing of the others.
                let ratios = prices.entry(revision.key.time).or_default();
                ratios.extend(ratio(revision));
            }
            "volume" => {
                volumes.extend(ratio(revision).map(|ratio| (revision.key.time, ratio)));
            }
            _ => {}
        }
    }
    // A row of which one price changed was corrected, not re-based.
    prices.retain(|_, ratios| ratios.len() == 4);
    if prices.len() < FEWEST_ROWS {
        return None;
    }
    let oldest: Vec<f64> = prices.values().take(MOST_ROWS).flatten().copied().collect();
    let middle = median(oldest.clone())?;
    // The newest row of the overlap was perhaps unfinished when it was stored.
    let agreeing = oldest.iter().filter(|ratio| is_near(**ratio, middle));
    let is_constant = agreeing.count() * 10 >= oldest.len() * 7;
    if !is_constant || (middle - 1.0).abs() < SMALLEST {
        return None;
    }
    let price = simplest(middle).unwrap_or(middle);
    let volume = median(volumes.into_values().take(MOST_ROWS).collect()).unwrap_or(1.0);
    // A dividend moves prices by less than the tolerance and leaves volumes alone.
    let off = (volume * price - 1.0).abs();
    let is_inverse = off < VOLUME_TOLERANCE && off < (volume - 1.0).abs();
    Some(if is_inverse {
        Shift::of_split(price)
    } else {
        Shift {
            price,
            volume: None,
        }
    })
}

/// Tells whether a field is one of the four prices of a row.
pub(super) fn is_price(field: &str) -> bool {
    matches!(field, "open" | "high" | "low" | "close")
}

/// Returns the newer number over the older one.
pub(super) fn ratio(revision: &Revision) -> Option<f64> {
    let ratio = number(&revision.new)? / number(&revision.old)?;
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "volumes are compared to two hundredths"
)]
fn number(column: &Column) -> Option<f64> {
    match column.cell(0) {
        Cell::Float(value) => Some(value),
        Cell::Int(value) => Some(value as f64),
        _ => None,
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Tells whether two ratios of prices are one.
pub(super) fn is_near(ratio: f64, other: f64) -> bool {
    (ratio / other - 1.0).abs() < TOLERANCE
}

/// Returns the fraction of small whole numbers that a ratio stands for.
pub(super) fn simplest(ratio: f64) -> Option<f64> {
    let fraction = |denominator: u32| {
        let denominator = f64::from(denominator);
        let numerator = (ratio * denominator).round();
        let is_small = (1.0..=f64::from(LARGEST_PART)).contains(&numerator);
        let exact = numerator / denominator;
        (is_small && is_near(ratio, exact)).then_some(exact)
    };
    (1..=LARGEST_PART).find_map(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::basis::made::frame;
    use crate::frame::basis::rescale::rescaled;
    use crate::frame::{Bar, BarBatch, Frame, merge};

    fn divided(frame: &Frame, by: f64, volume: f64) -> Frame {
        let shift = Shift {
            price: 1.0 / by,
            volume: Some(volume),
        };
        rescaled(frame, |_| true, shift).unwrap().unwrap()
    }

    fn seen(stored: &Frame, newer: &Frame) -> Option<Shift> {
        let merged = merge(stored, newer);
        let rows = Overlap {
            changed: merged.changed,
            unchanged: merged.unchanged,
        };
        measured(&merged.revisions.iter().collect::<Vec<_>>(), rows)
    }

    #[test]
    fn a_split_is_found_exactly_and_moves_volumes_the_other_way() {
        let stored = frame(0, 10, 400.0, 1000);

        for by in [4.0, 1.5, 0.1, 7.0, 0.05] {
            let newer = divided(&frame(6, 4, 400.0, 1000), by, by);

            let shift = seen(&stored, &newer).unwrap();

            assert!((shift.price - 1.0 / by).abs() < 1e-15, "{by}: {shift:?}");
            assert!(
                (shift.volume.unwrap() - by).abs() < 1e-12,
                "{by}: {shift:?}"
            );
        }
    }

    /// One of the overlapping rows had been stored without prices, and the split of all others went unseen.
    #[test]
    fn a_row_that_was_empty_does_not_hide_a_split() {
        let empty = Bar {
            date: Some(6),
            volume: Some(1.into()),
            ..Bar::default()
        };
        let bars = vec![empty];
        let (hole, _) = BarBatch { bars }.ordered(&"A".parse().unwrap());
        let rest = [frame(0, 6, 400.0, 1000), frame(7, 3, 400.0, 1000)];
        let stored = merge(&merge(&rest[0], &hole.frame).frame, &rest[1]).frame;
        let newer = divided(&frame(6, 4, 400.0, 1000), 4.0, 4.0);

        let shift = seen(&stored, &newer).unwrap();

        assert!((shift.price - 0.25).abs() < f64::EPSILON);
    }

    #[test]
    fn a_dividend_moves_prices_and_no_volume() {
        let stored = frame(0, 10, 400.0, 1000);
        let newer = divided(&frame(5, 5, 400.0, 1000), 1.004_321_7, 1.0);

        let shift = seen(&stored, &newer).unwrap();

        assert!((shift.price * 1.004_321_7 - 1.0).abs() < 1e-9, "{shift:?}");
        assert_eq!(shift.volume, None);
    }

    #[test]
    fn corrections_and_equal_rows_are_no_other_basis() {
        let stored = frame(0, 10, 400.0, 1000);

        assert_eq!(seen(&stored, &frame(5, 5, 400.0, 1000)), None, "the same");
        assert_eq!(seen(&stored, &frame(5, 5, 400.0, 1017)), None, "volumes");
        assert_eq!(seen(&stored, &frame(5, 5, 411.0, 1000)), None, "no ratio");
        let two = divided(&frame(8, 2, 400.0, 1000), 4.0, 4.0);
        assert_eq!(seen(&stored, &two), None, "two rows prove nothing");
    }
}
