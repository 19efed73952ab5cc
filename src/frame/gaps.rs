//! Finds days on which a series should have rows and has none.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::model::time;

use super::{Frame, bars_of};

/// Returns the days of which there is a bar. A row without a price is none.
pub fn priced_days(frame: &Frame) -> BTreeSet<NaiveDate> {
    let priced = bars_of(frame).filter(|bar| bar.close.is_some_and(f64::is_finite));
    priced.filter_map(|bar| bar.date).map(time::day).collect()
}

/// Returns the expected days between the first and the last row on which the frame has no row.
pub fn missing_days(frame: &Frame, expected: impl Iterator<Item = NaiveDate>) -> Vec<NaiveDate> {
    let Some((first, last)) = frame.span() else {
        return Vec::new();
    };
    let (first, last) = (time::day(first), time::day(last));
    let present = priced_days(frame);
    expected
        .filter(|day| (first..=last).contains(day) && !present.contains(day))
        .collect()
}
