//! Adjusted closes as rows, and rows as adjusted closes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Cell, Column, Frame, Profile, Texts, Values};
use crate::model::{Dataset, Ticker};

/// Returns adjusted closes of one ticker as rows.
pub fn rows_of_closes(ticker: &Ticker, closes: impl IntoIterator<Item = (i64, f64)>) -> Frame {
    let (dates, values): (Vec<_>, Vec<_>) = closes.into_iter().unzip();
    let stock: Arc<str> = ticker.shared();
    let columns = vec![
        Column::Text(Texts::same(Some(stock), dates.len())),
        Column::Time(Values::whole(dates)),
        Column::Float(Values::whole(values)),
    ];
    Frame::ordered(Profile::of(Dataset::Adjusted), columns).frame
}

/// Returns the adjusted closes that the rows of an `adjusted` frame hold.
pub fn closes_of(frame: &Frame) -> BTreeMap<i64, f64> {
    let cell = |at: usize, row| frame.columns().get(at).map_or(Cell::Null, |c| c.cell(row));
    let close = |row| match (cell(1, row), cell(2, row)) {
        (Cell::Time(date), Cell::Float(value)) => Some((date, value)),
        _ => None,
    };
    (0..frame.len()).filter_map(close).collect()
}
