//! Stored prices that stand on another basis than an answer: found by what the answer changes, re-scaled exactly.
//!
//! After a split Yahoo divides the whole history, so an answer that overlaps what is stored contradicts it by one
//! constant ratio. Rows older than the answer must then change by the same ratio, or a seam would stay.
//! Promises: pure. A ratio counts only when it is the same in every price of several rows and the answer leaves no row
//! as it was. Ratios of small whole numbers, as splits have them, are taken as exactly that.
//! Leaves to others: reading the older rows, recording what changes (`consolidate`).

use std::collections::BTreeMap;

use crate::frame::{Cell, Column, Frame, Revision};
use crate::model::time;
use crate::storage::RowCounts;

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

/// The factor between two bases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shift {
    /// Older prices times this are newer ones.
    pub(super) price: f64,
    /// Older volumes times this are newer ones; `None` where volumes stay, as after a dividend.
    pub(super) volume: Option<f64>,
}

/// Finds the factor by which an answer contradicts the rows that it overlaps.
pub(super) fn detect(revisions: &[Revision], rows: RowCounts) -> Option<Shift> {
    if rows.changed < FEWEST_ROWS || rows.unchanged > rows.changed / 10 {
        return None;
    }
    let mut prices: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    let mut volumes: BTreeMap<i64, f64> = BTreeMap::new();
    for revision in revisions {
        match revision.field {
            field if is_price(field) => {
                // A row that was empty, or is, has no ratio, and says nothing of the others.
                let ratios = prices.entry(revision.time).or_default();
                ratios.extend(ratio(revision));
            }
            "volume" => {
                volumes.extend(ratio(revision).map(|ratio| (revision.time, ratio)));
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
    Some(Shift {
        price,
        volume: is_inverse.then_some(1.0 / price),
    })
}

/// Tells whether a field is one of the four prices of a row.
pub(super) fn is_price(field: &str) -> bool {
    matches!(field, "open" | "high" | "low" | "close")
}

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

/// What becomes of stored rows that an answer contradicts by a factor and does not cover.
#[derive(Debug)]
pub(super) enum Uncovered {
    /// There are none.
    Nothing,
    /// All are older than the answer: they are moved to its basis.
    Moved(Frame),
    /// Some are newer: nobody can say on which basis they stand, so they stay where they are.
    Unclear,
}

/// Stored volumes cannot be moved to another basis: one would be more than a volume can be.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the volume {volume} of {} times {factor} is more than a volume can be", time::day(*stamp))]
pub struct VolumeTooLarge {
    /// The stamp of the row.
    stamp: i64,
    volume: i64,
    factor: f64,
}

/// Returns what becomes of the stored rows outside of an answer that spans the two moments.
pub(super) fn uncovered(
    stored: &Frame,
    (first, last): (i64, i64),
    shift: Shift,
) -> Result<Uncovered, VolumeTooLarge> {
    if stored.span().is_some_and(|(_, newest)| newest > last) {
        return Ok(Uncovered::Unclear);
    }
    let older = rescaled(stored, |time| time < first, shift)?;
    Ok(older.map_or(Uncovered::Nothing, Uncovered::Moved))
}

/// Returns the rows of some moments, moved to the other basis; `None` when there are none.
///
/// # Errors
/// When a volume has no place in its column any more: none of the rows is moved then.
pub(super) fn rescaled(
    stored: &Frame,
    is_meant: impl Fn(i64) -> bool,
    shift: Shift,
) -> Result<Option<Frame>, VolumeTooLarge> {
    let rows: Vec<usize> = stored
        .times()
        .enumerate()
        .filter_map(|(row, time)| is_meant(time).then_some(row))
        .collect();
    if rows.is_empty() {
        return Ok(None);
    }
    let stamps: Vec<i64> = stored.times().collect();
    let specs = stored.profile().columns.iter().zip(stored.columns());
    let columns = specs.map(|(spec, column)| match (spec.name, column.take(&rows)) {
        (field, Column::Float(prices)) if is_price(field) => {
            let moved = |price: Option<f64>| price.map(|price| price * shift.price);
            Ok(Column::Float(prices.iter().map(moved).collect()))
        }
        ("volume", Column::Int(volumes)) if let Some(factor) = shift.volume => {
            let moved = |(volume, row): (Option<i64>, &usize)| {
                let Some(volume) = volume else {
                    return Ok(None);
                };
                let stamp = stamps.get(*row).copied().unwrap_or_default();
                let too_large = VolumeTooLarge {
                    stamp,
                    volume,
                    factor,
                };
                times(volume, factor).map(Some).ok_or(too_large)
            };
            let moved: Result<_, _> = volumes.iter().zip(&rows).map(moved).collect();
            Ok(Column::Int(moved?))
        }
        (_, column) => Ok(column),
    });
    let columns: Result<Vec<Column>, VolumeTooLarge> = columns.collect();
    Ok(Some(Frame::prove(stored.profile(), columns?).frame))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a count of shares times a split ratio, as near as a float is; what is out of range is looked for"
)]
fn times(volume: i64, factor: f64) -> Option<i64> {
    // The largest whole number is no float: the next one is the first that is too large.
    const FIRST_BEYOND: f64 = 9_223_372_036_854_775_808.0;
    let moved = (volume as f64 * factor).round_ties_even();
    (-FIRST_BEYOND..FIRST_BEYOND)
        .contains(&moved)
        .then_some(moved as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Bar, BarBatch};

    fn frame(from: i64, rows: i64, price: f64, volume: i64) -> Frame {
        let bar = |at: i64| {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "prices as the source rounds them"
            )]
            let value = Some(f64::from((price + at as f64 * 0.37) as f32));
            Bar {
                date: Some(at),
                open: value,
                high: value,
                low: value,
                close: value,
                volume: Some(volume.into()),
                sequence: None,
            }
        };
        let bars = (from..from + rows).map(bar).collect();
        BarBatch { bars }.prove(&"A".parse().unwrap()).0.frame
    }

    fn divided(frame: &Frame, by: f64, volume: f64) -> Frame {
        let shift = Shift {
            price: 1.0 / by,
            volume: Some(volume),
        };
        rescaled(frame, |_| true, shift).unwrap().unwrap()
    }

    fn seen(stored: &Frame, newer: &Frame) -> Option<Shift> {
        let merged = stored.merge(newer);
        let rows = RowCounts {
            added: merged.added,
            changed: merged.changed,
            unchanged: merged.unchanged,
        };
        detect(&merged.revisions, rows)
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
        let (hole, _) = BarBatch { bars }.prove(&"A".parse().unwrap());
        let rest = [frame(0, 6, 400.0, 1000), frame(7, 3, 400.0, 1000)];
        let stored = rest[0].merge(&hole.frame).frame.merge(&rest[1]).frame;
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

    #[test]
    fn only_rows_before_the_answer_are_moved() {
        let stored = frame(0, 10, 400.0, 1000);
        let shift = Shift {
            price: 0.25,
            volume: Some(4.0),
        };

        let moved = rescaled(&stored, |time| time < 3, shift).unwrap().unwrap();

        assert_eq!(moved.len(), 3);
        assert_eq!(moved.bars().next().unwrap().close, Some(100.0));
        assert_eq!(moved.bars().next().unwrap().volume, Some(4000.into()));
        assert_eq!(rescaled(&stored, |time| time < 0, shift), Ok(None));
    }

    /// It became the largest number there is, without a word.
    #[test]
    fn a_volume_that_has_no_place_any_more_is_refused_and_nothing_is_moved() {
        let shift = Shift {
            price: 0.25,
            volume: Some(4.0),
        };
        let whole = frame(0, 10, 400.0, i64::MAX / 4 - 1000);
        let beyond = frame(5, 1, 400.0, i64::MAX / 4 + 1000);

        let held = rescaled(&whole, |_| true, shift).unwrap().unwrap();
        let refused = rescaled(&whole.merge(&beyond).frame, |_| true, shift);

        assert!(held.bars().all(|bar| bar.volume != Some(i64::MAX.into())));
        let reason = refused.unwrap_err().to_string();
        assert!(reason.contains("1970-01-01 times 4 is more"), "{reason}");
    }
}
