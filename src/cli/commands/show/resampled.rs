//! Bars as coarser ones, for `--resample`.

use super::Question;
use crate::cli::failure::Failure;
use crate::model::{Interval, StorageRequest};
use crate::storage::Stored;

/// Puts coarser bars in the place of stored ones, and returns which of them are provisional: those with a part that is, and the
/// last one while its session lasts.
///
/// # Errors
/// When the stored bars do not fill the coarser ones, or this program was built without what makes them.
pub(super) fn resampled(
    question: Question<'_>,
    request: &StorageRequest,
    (from, to): (Interval, Interval),
    (finer, stored): (&[i64], &mut Stored),
) -> Result<Vec<i64>, Failure> {
    if !from.fills(to) {
        return Err(Failure::usage(format!(
            "bars of {from} cannot be joined to bars of {to}"
        )));
    }
    made(question, request, (from, to), (finer, stored))
}

#[cfg(feature = "polars")]
fn made(
    question: Question<'_>,
    request: &StorageRequest,
    (from, to): (Interval, Interval),
    (finer, stored): (&[i64], &mut Stored),
) -> Result<Vec<i64>, Failure> {
    use crate::calendar::WallClock;
    use crate::cli::Exit;
    use crate::model::time;
    use crate::resample::{Hours, coarser};
    use crate::workspace::gap_calendar;

    let (shell, reading) = (question.shell, question.reading);
    let zone = stored.provenance.timezone.as_deref();
    let calendar = gap_calendar(reading.workspace, request, reading.catalog, zone).calendar;
    let coarse = coarser(&stored.frame, from, to, &calendar)
        .map_err(|error| Failure::new(Exit::Failed, format!("{request}: {error}")))?;
    let hours = if question.args.prepost {
        Hours::All
    } else {
        Hours::Session
    };
    let now = time::nanos(shell.around.clock.now().naive_utc());
    let wall = zone.and_then(WallClock::of).zip(now);
    let wall = wall.map(|(mut clock, now)| clock.shows(now));
    let last = wall.and_then(|now| coarse.provisional(now, hours, &calendar));
    stored.frame = coarse.frame;
    // Of a moment in the past only the bars of then are shown, and they do not change any more.
    if reading.as_of.is_some() {
        return Ok(Vec::new());
    }
    // A part is in the last bar that does not begin after it.
    let bars: Vec<i64> = stored.frame.times().collect();
    let of_part = |part: &i64| {
        let after = bars.partition_point(|bar| bar <= part);
        after.checked_sub(1).and_then(|at| bars.get(at)).copied()
    };
    Ok(finer.iter().filter_map(of_part).chain(last).collect())
}

#[cfg(not(feature = "polars"))]
fn made(
    _: Question<'_>,
    _: &StorageRequest,
    _: (Interval, Interval),
    _: (&[i64], &mut Stored),
) -> Result<Vec<i64>, Failure> {
    Err(Failure::usage(
        "this barkeep was built without polars, which `--resample` needs",
    ))
}
