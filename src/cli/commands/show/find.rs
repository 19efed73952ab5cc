//! Finds the stored bars of a ticker that a command is asked for.

use chrono::SecondsFormat;

use crate::cli::commands::unknown;
use crate::cli::ui::words::{quoted, some_of};
use crate::cli::{Exit, Failure};
use crate::model::{Interval, StorageRequest, Ticker, Venue};
use crate::query::{self, Length};
use crate::storage::Stored;
use crate::workspace::Reading;

/// Which series of a ticker a command is asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli::commands) struct Wanted<'w> {
    /// The command, for advice.
    pub(in crate::cli::commands) command: &'static str,
    pub(in crate::cli::commands) interval: Option<Interval>,
    /// The interval that bars are joined to; those that fill it are meant.
    pub(in crate::cli::commands) filling: Option<Interval>,
    pub(in crate::cli::commands) venue: Option<&'w Venue>,
    /// Whether bars outside of the session count as well.
    pub(in crate::cli::commands) with_outside: bool,
}

/// Returns the interval that was named, else the only one that is stored of the ticker, else the only one of the workspace.
pub(in crate::cli::commands) fn interval(
    wanted: Wanted<'_>,
    reading: Reading<'_, '_>,
    ticker: &Ticker,
) -> Result<Interval, Failure> {
    if let Some(interval) = wanted.interval {
        return Ok(interval);
    }
    let (stored, kept) = match query::length(reading, ticker, wanted.venue, wanted.filling)? {
        Length::Only(interval) => return Ok(interval),
        Length::Several { stored, kept } => (stored, kept),
    };
    let (typed, command) = (quoted(ticker.as_str()), wanted.command);
    match (stored.as_slice(), kept.as_slice()) {
        ([], _) if !reading.catalog.contains(ticker) => {
            Err(unknown_ticker(wanted, reading, ticker, None))
        }
        ([], []) => Err(Failure::usage("no interval was named, and none is kept")
            .hint("keep one: barkeep intervals add 1d")),
        ([], [first, ..]) => Err(Failure::usage(format!(
            "nothing is stored of {ticker}, and several intervals are kept: {}",
            some_of(&kept, Interval::ALL.len())
        ))
        .hint(format!(
            "name one: barkeep {command} {typed} --interval {first}"
        ))),
        ([first, ..], _) => Err(Failure::usage(format!(
            "{ticker} has bars of several intervals: {}",
            some_of(&stored, Interval::ALL.len())
        ))
        .hint(format!(
            "name one: barkeep {command} {typed} --interval {first}"
        ))),
    }
}

/// Finds the series: at the venue that was named, else at the default one, else at the only one that holds it.
pub(in crate::cli::commands) fn find(
    wanted: Wanted<'_>,
    reading: Reading<'_, '_>,
    ticker: &Ticker,
    interval: Interval,
) -> Result<(StorageRequest, Stored), Failure> {
    let of = (ticker, interval);
    let mut found = query::find(reading, of, wanted.venue, wanted.with_outside)?;
    if found.len() > 1 {
        let venues: Vec<&Venue> = found
            .iter()
            .filter_map(|(request, _)| request.venue.as_ref())
            .collect();
        let message = format!(
            "several venues hold {ticker} {interval}: {}",
            some_of(&venues, 5)
        );
        let hint = venues.first().map_or_else(String::new, |venue| {
            let (typed, command) = (quoted(ticker.as_str()), wanted.command);
            format!("name one: barkeep {command} {typed} --interval {interval} --venue {venue}")
        });
        return Err(Failure::usage(message).hint(hint));
    }
    found
        .pop()
        .ok_or_else(|| nothing_stored(wanted, reading, ticker, interval))
}

fn nothing_stored(
    wanted: Wanted<'_>,
    reading: Reading<'_, '_>,
    ticker: &Ticker,
    interval: Interval,
) -> Failure {
    if let Some(at) = reading.as_of {
        let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let message = format!("nothing was stored of {ticker} {interval} at {at}");
        return Failure::new(Exit::Failed, message);
    }
    if !reading.catalog.contains(ticker) {
        return unknown_ticker(wanted, reading, ticker, Some(interval));
    }
    let typed = quoted(ticker.as_str());
    let message = format!("nothing is stored of {ticker} {interval}");
    Failure::new(Exit::Failed, message).hint(format!(
        "fetch it: barkeep update --ticker {typed} --interval {interval}"
    ))
}

fn unknown_ticker(
    wanted: Wanted<'_>,
    reading: Reading<'_, '_>,
    ticker: &Ticker,
    interval: Option<Interval>,
) -> Failure {
    let interval = interval.map_or_else(String::new, |interval| format!(" {interval}"));
    let message = format!("nothing is stored of {ticker}{interval}");
    let default = || reading.workspace.default_venue();
    let venue = wanted.venue.unwrap_or_else(default);
    let adding = unknown::adding(&[ticker], Some(venue));
    Failure::new(Exit::Failed, message)
        .hint(unknown::near_or(reading.catalog, &[ticker], || adding))
}
