//! Stored rows that a known split was not applied to, and that the source does not keep any more.
//!
//! Promises: only rows older than the answer move, and only by the ratio of a split that stands beside them. Once they are
//! moved nothing is named, so a second time changes nothing.
//! Leaves to others: naming them (`check`); deciding that they are to be healed, which only a person does.

use super::measure::simplest;
use super::rescale::{Moved, Shift, VolumeTooLarge, rescaled};
use crate::frame::{Frame, merge};

/// Stored rows that a split was not applied to, or was applied to twice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unapplied {
    /// The stamp of the first one.
    pub from: i64,
    /// The stamp of the last one.
    pub to: i64,
    /// How many times too large their prices are.
    pub times: f64,
}

/// Moves rows older than an answer across splits that were not applied to them; `None` when `named` names none among all
/// the rows.
///
/// # Errors
/// When a volume has no place in its column any more.
pub fn healed_splits(
    stored: &Frame,
    newer: &Frame,
    named: impl FnOnce(Frame) -> Vec<Unapplied>,
) -> Result<Option<Moved>, VolumeTooLarge> {
    let Some((first, _)) = newer.span() else {
        return Ok(None);
    };
    let mut healed: Option<Moved> = None;
    for rows in named(merge(stored, newer).frame) {
        if rows.to >= first {
            continue;
        }
        let Some(factor) = simplest(1.0 / rows.times) else {
            continue;
        };
        let older = healed.as_ref().map_or(stored, |healed| &healed.frame);
        let is_meant = |time| (rows.from..=rows.to).contains(&time);
        if let Some(moved) = rescaled(older, is_meant, Shift::of_split(factor))? {
            let frame = merge(older, &moved).frame;
            healed = Some(Moved { frame, factor });
        }
    }
    Ok(healed.map(|healed| Moved {
        frame: merge(&healed.frame, newer).frame,
        ..healed
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::bars_of;
    use crate::frame::basis::made::frame;

    fn four_times(from: i64, to: i64) -> Vec<Unapplied> {
        let times = 4.000_000_3;
        vec![Unapplied { from, to, times }]
    }

    #[test]
    fn rows_before_the_answer_are_moved_by_exactly_the_split_and_no_others() {
        let (stored, newer) = (frame(0, 10, 400.0, 10), frame(20, 3, 100.0, 40));

        let moved = healed_splits(&stored, &newer, |_| four_times(0, 4));

        let moved = moved.unwrap().unwrap();
        assert!((moved.factor - 0.25).abs() < f64::EPSILON);
        let of = |frame: &Frame| bars_of(frame).map(|bar| bar.close).collect::<Vec<_>>();
        let (before, after) = (of(&stored), of(&moved.frame));
        assert_eq!(after[4], before[4].map(|close| close * 0.25));
        assert_eq!(after[5..10], before[5..]);
        assert_eq!(after[10..], of(&newer));
    }

    #[test]
    fn rows_that_the_answer_reaches_and_ratios_of_no_split_stay() {
        let (stored, newer) = (frame(0, 10, 400.0, 10), frame(5, 3, 100.0, 40));
        let odd = |_| {
            let (from, to) = (0, 3);
            let times = std::f64::consts::PI;
            vec![Unapplied { from, to, times }]
        };

        let reached = healed_splits(&stored, &newer, |_| four_times(0, 5));
        let unclear = healed_splits(&stored, &newer, odd);

        assert!(reached.unwrap().is_none() && unclear.unwrap().is_none());
    }
}
