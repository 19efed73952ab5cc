//! Rows moved to another price basis.
//!
//! Promises: prices and volumes change by one factor each and nothing else does; a volume that would have no place in its
//! column keeps all of the rows where they are.

use super::measure::is_price;
use crate::frame::{Column, Frame};
use crate::model::time;

/// The factor between two bases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Older prices times this are newer ones.
    pub price: f64,
    /// Older volumes times this are newer ones; `None` where volumes stay, as after a dividend.
    pub volume: Option<f64>,
}

impl Shift {
    /// Returns what a split does: volumes move the other way.
    pub(super) fn of_split(price: f64) -> Self {
        Self {
            price,
            volume: Some(1.0 / price),
        }
    }
}

/// Stored rows on the basis of an answer, with the answer.
#[derive(Debug)]
pub struct Moved {
    /// All of them.
    pub frame: Frame,
    /// What stored prices were multiplied by.
    pub factor: f64,
}

/// What becomes of stored rows that an answer contradicts by a factor and does not cover.
#[derive(Debug)]
pub enum Uncovered {
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
///
/// # Errors
/// When a volume has no place in its column any more.
pub fn uncovered(
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
    Ok(Some(Frame::ordered(stored.profile(), columns?).frame))
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
    use crate::frame::basis::made::frame;
    use crate::frame::{bars_of, merge};

    #[test]
    fn only_rows_before_the_answer_are_moved() {
        let stored = frame(0, 10, 400.0, 1000);
        let shift = Shift {
            price: 0.25,
            volume: Some(4.0),
        };

        let moved = rescaled(&stored, |time| time < 3, shift).unwrap().unwrap();

        assert_eq!(moved.len(), 3);
        assert_eq!(bars_of(&moved).next().unwrap().close, Some(100.0));
        assert_eq!(bars_of(&moved).next().unwrap().volume, Some(4000.into()));
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
        let refused = rescaled(&merge(&whole, &beyond).frame, |_| true, shift);

        assert!(bars_of(&held).all(|bar| bar.volume != Some(i64::MAX.into())));
        let reason = refused.unwrap_err().to_string();
        assert!(reason.contains("1970-01-01 times 4 is more"), "{reason}");
    }
}
