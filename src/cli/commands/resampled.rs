//! Bars as coarser ones, for `--resample`.

use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::frame::Frame;
use crate::model::{Interval, StorageRequest};
use crate::workspace::Reading;

/// Stored bars of one series.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "polars"),
    expect(dead_code, reason = "without polars nothing joins them")
)]
pub(super) struct Finer<'f> {
    pub(super) bars: &'f Frame,
    /// The zone whose clock they are on.
    pub(super) zone: Option<&'f str>,
    /// Whether bars outside of the session are among them.
    pub(super) with_outside: bool,
}

/// Coarser bars.
#[derive(Debug)]
pub(super) struct Coarse {
    pub(super) frame: Frame,
    /// Which of them are provisional: those with a part that is, and the last one while its session lasts.
    pub(super) provisional: Vec<i64>,
}

/// Joins the bars of a series to coarser ones.
///
/// # Errors
/// When the stored bars do not fill the coarser ones, or this program was built without what makes them.
pub(super) fn resampled(
    reading: Reading<'_, '_>,
    shell: &Shell<'_>,
    request: &StorageRequest,
    (from, to): (Interval, Interval),
    finer: Finer<'_>,
) -> Result<Coarse, Failure> {
    if !from.fills(to) {
        return Err(Failure::usage(format!(
            "bars of {from} cannot be joined to bars of {to}"
        )));
    }
    made(reading, shell, request, (from, to), finer)
}

#[cfg(feature = "polars")]
fn made(
    reading: Reading<'_, '_>,
    shell: &Shell<'_>,
    request: &StorageRequest,
    (from, to): (Interval, Interval),
    finer: Finer<'_>,
) -> Result<Coarse, Failure> {
    use std::collections::BTreeSet;

    use super::provisional::provisional;
    use crate::calendar::WallClock;
    use crate::cli::Exit;
    use crate::model::{Series, time};
    use crate::resample::{Hours, coarser};
    use crate::workspace::gap_calendar;

    let zone = finer.zone;
    let calendar = gap_calendar(reading.workspace, request, reading.catalog, zone).calendar;
    let coarse = coarser(finer.bars, from, to, &calendar)
        .map_err(|error| Failure::new(Exit::Failed, format!("{request}: {error}")))?;
    // Of a moment in the past only the bars of then are shown, and they do not change any more.
    let Some(ticker) = request.series.ticker().filter(|_| reading.as_of.is_none()) else {
        return Ok(Coarse {
            frame: coarse.frame,
            provisional: Vec::new(),
        });
    };
    let hours = if finer.with_outside {
        Hours::All
    } else {
        Hours::Session
    };
    let now = time::nanos(shell.around.clock.now().naive_utc());
    let wall = zone.and_then(WallClock::of).zip(now);
    let wall = wall.map(|(mut clock, now)| clock.shows(now));
    let last = wall.and_then(|now| coarse.provisional(now, hours, &calendar));
    // A part is in the last bar that does not begin after it.
    let bars: Vec<i64> = coarse.frame.times().collect();
    let of_part = |part: i64| {
        let after = bars.partition_point(|bar| *bar <= part);
        after.checked_sub(1).and_then(|at| bars.get(at)).copied()
    };
    let parts = provisional(reading, shell, request, finer.bars)?;
    let series = Series::Bars {
        ticker: ticker.clone(),
        interval: to,
    };
    let joined = StorageRequest {
        series,
        ..request.clone()
    };
    let mut found: BTreeSet<i64> = parts.into_iter().filter_map(of_part).collect();
    found.extend(provisional(reading, shell, &joined, &coarse.frame)?);
    found.extend(last);
    Ok(Coarse {
        frame: coarse.frame,
        provisional: found.into_iter().collect(),
    })
}

#[cfg(not(feature = "polars"))]
fn made(
    _: Reading<'_, '_>,
    _: &Shell<'_>,
    _: &StorageRequest,
    _: (Interval, Interval),
    _: Finer<'_>,
) -> Result<Coarse, Failure> {
    Err(Failure::usage(
        "this barkeep was built without polars, which `--resample` needs",
    ))
}
