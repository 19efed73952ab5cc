//! Stored bars that may still change, because their time was not over when they came.
//!
//! Promises: takes no lock. Of a feed of trades it is told by what is held of its days now; of a source by what was noted when
//! it was asked.

use crate::calendar::WallClock;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::some_of;
use crate::feeds::{Marks, Unsettled};
use crate::frame::Frame;
use crate::model::{Interval, Series, StorageRequest, time};
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
    if let Some(feed) = reading.workspace.view().feed(venue) {
        let (fs, now) = (&*shell.world.fs, shell.around.clock.now());
        let mut marks = Marks::of(&reading.workspace.places, venue);
        let asked = marks.asked_before(fs)?;
        let mut unsettled = Unsettled::of(marks, &feed.spec().calendar, asked, now);
        return Ok(unsettled.provisional(fs, *interval, bars.times())?);
    }
    let known = reading.catalog.provisional(ticker, venue, *interval);
    let is_there = |stamp: &i64| bars.times().any(|time| time == *stamp);
    Ok(known.into_iter().filter(is_there).collect())
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
