//! One column of many series side by side.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ExportQuestion, Told};
use crate::cli::failure::Failure;
use crate::export::{Head, Sheet};
use crate::frame::{Column, KindOf, Profile, Values, side_by_side};
use crate::model::{Dataset, Ticker};
use crate::query::Chosen;

/// The column beside those of the tickers.
const DATE: &str = "date";

/// Refuses tickers whose columns could not be told from another one: many readers take no notice of upper and lower case.
pub(super) fn refuse_one_name(chosen: &Chosen) -> Result<(), Failure> {
    let mut names = BTreeMap::from([(DATE.to_owned(), None)]);
    for ticker in chosen.series.iter().filter_map(|one| one.series.ticker()) {
        let refused = match names.insert(ticker.as_str().to_lowercase(), Some(ticker)) {
            None => continue,
            Some(None) => format!("the column of {ticker} would be called like that of the dates"),
            Some(Some(other)) => {
                format!(
                    "the columns of {other} and {ticker} would have one name, but for upper and lower case"
                )
            }
        };
        return Err(
            Failure::usage(refused).hint("name tickers that go together; or leave out --wide")
        );
    }
    Ok(())
}

/// Returns a sheet with a row for each date and a column for each ticker.
pub(super) fn sheet(
    question: ExportQuestion<'_>,
    chosen: &Chosen,
    column: &str,
) -> Result<(Sheet, Told), Failure> {
    let mut kind = None;
    let mut heads = vec![Head::new(DATE, KindOf::Time, question.times)];
    let mut series: Vec<(Vec<i64>, Column)> = Vec::new();
    let mut told = question.each(chosen, |request, frame, _| {
        let (at, found) = numbers(frame.profile(), column)?;
        if *kind.get_or_insert(found) != found {
            let message = format!("`{column}` of {request} is another kind of number than that of the tickers before it");
            return Err(Failure::usage(message));
        }
        let name = request.series.ticker().map_or("", Ticker::as_str);
        heads.push(Head::new(name, found, question.times));
        let times: Vec<i64> = frame.times().collect();
        let values = frame.into_columns().into_iter().nth(at);
        let rows = times.len();
        series.push((times, values.unwrap_or_else(|| Column::nulls(found, rows))));
        Ok(rows)
    })?;
    if kind.is_none() {
        numbers(Profile::of(Dataset::Stocks), column)?;
    }
    let (dates, columns) = side_by_side(&series);
    told.rows = dates.len();
    let dates = Column::Time(Values::whole(dates));
    let columns = std::iter::once(dates).chain(columns).collect();
    Ok((Sheet::new(Arc::from(heads), columns), told))
}

/// Returns where a column of numbers stands in a profile, and what kind of numbers they are.
fn numbers(profile: &'static Profile, column: &str) -> Result<(usize, KindOf), Failure> {
    let positions = profile.positions(&[column.to_owned()])?;
    let specs = positions
        .first()
        .and_then(|at| Some((*at, profile.columns.get(*at)?)));
    match specs {
        Some((at, spec)) if matches!(spec.kind, KindOf::Float | KindOf::Int) => Ok((at, spec.kind)),
        _ => Err(Failure::usage(format!("`{column}` holds no numbers"))),
    }
}
