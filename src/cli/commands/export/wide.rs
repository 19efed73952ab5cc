//! One column of many series side by side.

use std::sync::Arc;

use super::chosen::Chosen;
use super::{ExportQuestion, Told};
use crate::cli::failure::Failure;
use crate::export::{Head, Sheet};
use crate::frame::{Column, KindOf, Profile, Values, side_by_side};
use crate::model::{Dataset, Ticker};

/// Returns a sheet with a row for each date and a column for each ticker.
///
/// # Errors
/// When there is no such column, or it holds no numbers.
pub(super) fn sheet(
    question: ExportQuestion<'_>,
    chosen: &Chosen,
    column: &str,
) -> Result<(Sheet, Told), Failure> {
    let profile = Profile::of(Dataset::Stocks);
    let positions = super::named_columns(&[column.to_owned()], profile)?;
    let at = positions.first().copied().unwrap_or_default();
    let kind = profile
        .columns
        .get(at)
        .map_or(KindOf::Float, |spec| spec.kind);
    if !matches!(kind, KindOf::Float | KindOf::Int) {
        return Err(Failure::usage(format!("`{column}` holds no numbers")));
    }
    let mut heads = vec![Head::new("date", KindOf::Time, question.times)];
    let mut series: Vec<(Vec<i64>, Column)> = Vec::new();
    let mut told = question.each(chosen, |request, frame, _| {
        let name = request.series.ticker().map_or("", Ticker::as_str);
        heads.push(Head::new(name, kind, question.times));
        let times: Vec<i64> = frame.times().collect();
        let values = frame.into_columns().into_iter().nth(at);
        let rows = times.len();
        series.push((times, values.unwrap_or_else(|| Column::nulls(kind, rows))));
        Ok(rows)
    })?;
    let (dates, columns) = side_by_side(&series);
    told.rows = dates.len();
    let dates = Column::Time(Values::whole(dates));
    let columns = std::iter::once(dates).chain(columns).collect();
    Ok((Sheet::new(Arc::from(heads), columns), told))
}
