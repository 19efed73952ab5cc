//! Stored bars that may still change, because their time was not over when they came.
//!
//! Promises: takes no lock. Leaves to others: which bars these are (`update`).

use crate::calendar::WallClock;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::some_of;
use crate::frame::Frame;
use crate::model::{Interval, Series, StorageRequest, time};
use crate::query::Provisional;
use crate::workspace::Reading;

/// How many of them a message names.
const MOST_NAMED: usize = 3;

/// Returns which bars of a series are provisional; none of an earlier moment, of which nobody knows it any more.
pub(super) fn provisional(
    reading: Reading<'_, '_>,
    shell: &Shell<'_>,
    request: &StorageRequest,
    bars: &Frame,
) -> Result<Vec<i64>, Failure> {
    let (Some(venue), Series::Bars { ticker, interval }) = (&request.venue, &request.series) else {
        return Ok(Vec::new());
    };
    if reading.as_of.is_some() {
        return Ok(Vec::new());
    }
    let (fs, now) = (&*shell.world.fs, shell.around.clock.now());
    let bars: Vec<i64> = bars.times().collect();
    let mut provisional = Provisional::of(reading.workspace, fs, reading.catalog, now);
    Ok(provisional.among((ticker, venue, *interval), &bars)?)
}

/// Names provisional bars, of which some may be over by now on the clock of the exchange.
pub(super) fn tell(shell: &Shell<'_>, bars: &[i64], interval: Interval, zone: Option<&str>) {
    let now = time::nanos(shell.around.clock.now().naive_utc());
    let wall = zone.and_then(WallClock::of).zip(now);
    let wall = wall.map(|(mut clock, now)| clock.shows(now));
    let is_over = |bar: &&i64| interval.end_of(**bar) <= wall.unwrap_or(i64::MIN);
    let (over, lasting): (Vec<&i64>, Vec<&i64>) = bars.iter().partition(is_over);
    for (bars, is, what) in [
        (lasting, ["is", "are"], "not over yet"),
        (
            over,
            ["was", "were"],
            "not over when fetched, and may still change",
        ),
    ] {
        let names: Vec<String> = bars.iter().map(|bar| name(**bar, interval)).collect();
        let named = some_of(&names, MOST_NAMED);
        let [one, many] = is;
        match bars.as_slice() {
            [] => {}
            [_] => shell
                .printer
                .note(&format!("The bar of {named} {one} {what}.")),
            _ => shell
                .printer
                .note(&format!("The bars of {named} {many} {what}.")),
        }
    }
}

fn name(bar: i64, interval: Interval) -> String {
    let at = time::naive(bar);
    if interval.is_intraday() {
        at.to_string()
    } else {
        at.date().to_string()
    }
}
