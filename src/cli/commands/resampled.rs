//! Bars as coarser ones, for `--resample`.

use chrono::NaiveDateTime;

use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::frame::Frame;
use crate::model::{Interval, StorageRequest};
use crate::workspace::Reading;

/// Coarser bars, and the beginning of the last one if it is not over.
pub(super) type Coarse = (Frame, Option<NaiveDateTime>);

/// Joins the bars of a series, which are on the clock of a zone, to coarser ones.
///
/// # Errors
/// When the stored bars do not fill the coarser ones, or this program was built without what makes them.
pub(super) fn resampled(
    reading: Reading<'_, '_>,
    shell: &Shell<'_>,
    request: &StorageRequest,
    (from, to): (Interval, Interval),
    bars: (&Frame, Option<&str>),
) -> Result<Coarse, Failure> {
    if !from.fills(to) {
        return Err(Failure::usage(format!(
            "bars of {from} cannot be joined to bars of {to}"
        )));
    }
    made(reading, shell, request, (from, to), bars)
}

#[cfg(feature = "polars")]
fn made(
    reading: Reading<'_, '_>,
    shell: &Shell<'_>,
    request: &StorageRequest,
    (from, to): (Interval, Interval),
    (bars, zone): (&Frame, Option<&str>),
) -> Result<Coarse, Failure> {
    use crate::calendar::WallClock;
    use crate::cli::Exit;
    use crate::model::time;
    use crate::resample::coarser;
    use crate::workspace::gap_calendar;

    let calendar = gap_calendar(reading.workspace, request, reading.catalog, zone).calendar;
    let coarse = coarser(bars, from, to, &calendar)
        .map_err(|error| Failure::new(Exit::Failed, format!("{request}: {error}")))?;
    let now = shell.around.clock.now().naive_utc();
    let now = zone
        .and_then(WallClock::of)
        .zip(time::nanos(now))
        .map(|(mut clock, now)| clock.shows(now));
    let unfinished = now.and_then(|now| coarse.provisional(now));
    Ok((coarse.frame, unfinished.map(time::naive)))
}

#[cfg(not(feature = "polars"))]
fn made(
    _: Reading<'_, '_>,
    _: &Shell<'_>,
    _: &StorageRequest,
    _: (Interval, Interval),
    _: (&Frame, Option<&str>),
) -> Result<Coarse, Failure> {
    Err(Failure::usage(
        "this barkeep was built without polars, which `--resample` needs",
    ))
}
