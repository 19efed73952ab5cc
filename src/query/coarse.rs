//! Bars as coarser ones.

use crate::frame::Frame;
use crate::model::{Interval, StorageRequest};
use crate::workspace::Reading;

use super::QueryError;

/// Stored bars of one series, the zone whose clock they are on, and whether bars outside of the session are among them.
pub(super) type Finer<'f> = (&'f Frame, Option<&'f str>, bool);

/// Coarser bars.
#[derive(Debug)]
pub struct Coarse {
    /// The bars.
    pub frame: Frame,
    /// Which of them are provisional: those with a part that is, and the last one while its session lasts.
    pub provisional: Vec<i64>,
}

/// Joins the bars of a series to coarser ones.
///
/// # Errors
/// When the stored bars do not fill the coarser ones, or this program was built without what makes them.
pub(super) fn resampled(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
    (from, to): (Interval, Interval),
    finer: Finer<'_>,
) -> Result<Coarse, QueryError> {
    if !from.fills(to) {
        return Err(QueryError::NotAMultiple { from, to });
    }
    made(reading, request, (from, to), finer)
}

#[cfg(feature = "polars")]
fn made(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
    (from, to): (Interval, Interval),
    (finer, zone, with_outside): Finer<'_>,
) -> Result<Coarse, QueryError> {
    use std::collections::BTreeSet;

    use super::provisional;
    use super::provisional::shows_now;
    use crate::model::Series;
    use crate::resample::{Hours, coarser};
    use crate::workspace::gap_calendar;

    let calendar = gap_calendar(reading.workspace, request, reading.catalog, zone).calendar;
    let coarse = coarser(finer, from, to, &calendar).map_err(|error| QueryError::Unjoined {
        request: Box::new(request.clone()),
        reason: error.to_string(),
    })?;
    // Of a moment in the past only the bars of then are shown, and they do not change any more.
    let Some(ticker) = request.series.ticker().filter(|_| reading.as_of.is_none()) else {
        return Ok(Coarse {
            frame: coarse.frame,
            provisional: Vec::new(),
        });
    };
    let hours = if with_outside {
        Hours::All
    } else {
        Hours::Session
    };
    let wall = shows_now(reading.workspace.clock(), zone);
    let last = wall.and_then(|now| coarse.provisional(now, hours, &calendar));
    // A part is in the last bar that does not begin after it.
    let bars: Vec<i64> = coarse.frame.times().collect();
    let of_part = |part: i64| {
        let after = bars.partition_point(|bar| *bar <= part);
        after.checked_sub(1).and_then(|at| bars.get(at)).copied()
    };
    let parts = provisional(reading, request, finer)?;
    let series = Series::Bars {
        ticker: ticker.clone(),
        interval: to,
    };
    let joined = StorageRequest {
        series,
        ..request.clone()
    };
    let mut found: BTreeSet<i64> = parts.into_iter().filter_map(of_part).collect();
    found.extend(provisional(reading, &joined, &coarse.frame)?);
    found.extend(last);
    Ok(Coarse {
        frame: coarse.frame,
        provisional: found.into_iter().collect(),
    })
}

#[cfg(not(feature = "polars"))]
fn made(
    _: Reading<'_, '_>,
    _: &StorageRequest,
    _: (Interval, Interval),
    _: Finer<'_>,
) -> Result<Coarse, QueryError> {
    Err(QueryError::WithoutPolars)
}
