//! Finds days on which a series should have rows and has none.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::model::time;

use super::{Frame, bars_of};

/// Returns the expected days between the first and the last row on which the frame has no row.
pub fn missing_days(frame: &Frame, expected: impl Iterator<Item = NaiveDate>) -> Vec<NaiveDate> {
    let Some((first, last)) = frame.span() else {
        return Vec::new();
    };
    let (first, last) = (time::day(first), time::day(last));
    // A row without a price is no bar.
    let priced = bars_of(frame).filter(|bar| bar.close.is_some_and(f64::is_finite));
    let present: BTreeSet<NaiveDate> = priced.filter_map(|bar| bar.date).map(time::day).collect();
    expected
        .filter(|day| (first..=last).contains(day) && !present.contains(day))
        .collect()
}
