//! The table of factors: what payments and splits multiply the prices before them by, and since when that is known.

use std::sync::Arc;

use crate::export::{Head, Sheet, Times};
use crate::frame::{Column, KindOf, Texts, Values};
use crate::model::{StorageRequest, Ticker};
use crate::storage::Stored;
use crate::workspace::{ReadError, Reading};

use super::known_factors::known_factors;

/// Returns the heads of the table.
pub fn factor_heads() -> Arc<[Head]> {
    Arc::new([
        Head::new("stock", KindOf::Text, Times::Days),
        Head::new("date", KindOf::Time, Times::Days),
        Head::new("split_factor", KindOf::Float, Times::Days),
        Head::new("dividend_factor", KindOf::Float, Times::Days),
        Head::new("known_since", KindOf::Time, Times::Utc),
    ])
}

/// Returns the rows of one ticker.
///
/// # Errors
/// When its prices cannot be adjusted, or what is recorded cannot be read.
pub fn factor_sheet(
    reading: Reading<'_, '_>,
    heads: &Arc<[Head]>,
    bars: &StorageRequest,
    stored: &Stored,
) -> Result<Sheet, ReadError> {
    let (factors, known): (Vec<_>, Vec<_>) =
        known_factors(reading, bars, stored)?.into_iter().unzip();
    let stock = bars.series.ticker();
    let known = known.into_iter().map(|since| {
        // The forms know microseconds.
        since.map(|since| since.timestamp_micros().saturating_mul(1000))
    });
    let columns = vec![
        Column::Text(Texts::same(stock.map(Ticker::shared), factors.len())),
        Column::Time(Values::whole(factors.iter().map(|row| row.date).collect())),
        Column::Float(Values::whole(factors.iter().map(|row| row.split).collect())),
        Column::Float(Values::whole(
            factors.iter().map(|row| row.dividend).collect(),
        )),
        Column::Time(known.collect()),
    ];
    Ok(Sheet::new(Arc::clone(heads), columns))
}
