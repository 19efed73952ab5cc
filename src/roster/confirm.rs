//! Asking a source again for tickers that were given up.
//!
//! Promises: an error says nothing of a ticker; a source that wants to be left alone, or cannot work at all, is asked no more.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::RosterError;
use crate::catalog::Catalog;
use crate::model::{Interval, Ticker, Venue, time};
use crate::source::{Asked, FetchJob, Fetched, MarketDataSource, SourceError, Window};
use crate::sys::Shutdown;
use crate::workspace::Workspace;

/// What a source said of given-up tickers.
#[derive(Debug, Default)]
pub struct Confirmed {
    /// Those that it has bars of.
    pub found: Vec<Ticker>,
    /// Those of which it said nothing, and why.
    pub errors: Vec<(Ticker, SourceError)>,
    /// Those that were left out because the source wants to be left alone, or cannot work at all.
    pub not_asked: usize,
}

/// Asks the source of a venue for the last bars of its tickers that were given up, one after the other.
///
/// # Errors
/// `NoSource` or `NoInterval` when it cannot be asked, or when the intervals cannot be read.
pub fn confirm(
    workspace: &Workspace<'_>,
    (catalog, venue): (&Catalog, &Venue),
    days: (DateTime<Utc>, NaiveDate),
    stop: &Shutdown,
) -> Result<Confirmed, RosterError> {
    let (source, interval) = asked(workspace, venue)?;
    let mut given_up = catalog.tickers_at(venue);
    given_up.retain(|ticker| !catalog.is_active(ticker, venue));
    Ok(ask(&given_up, (&**source, interval), days, stop))
}

/// Returns the source of a venue, and the first interval of the workspace that it serves.
fn asked<'w>(
    workspace: &'w Workspace<'_>,
    venue: &Venue,
) -> Result<(&'w Arc<dyn MarketDataSource>, Interval), RosterError> {
    let venue = || venue.clone();
    let mut sources = workspace.sources.iter();
    let source = sources.find(|source| *source.venue() == venue());
    let source = source.ok_or_else(|| RosterError::NoSource { venue: venue() })?;
    let mut intervals = workspace.intervals()?.into_iter();
    let interval = intervals.find(|interval| source.serves(*interval));
    let interval = interval.ok_or_else(|| RosterError::NoInterval { venue: venue() })?;
    Ok((source, interval))
}

fn ask(
    given_up: &[Ticker],
    (source, interval): (&dyn MarketDataSource, Interval),
    (now, today): (DateTime<Utc>, NaiveDate),
    stop: &Shutdown,
) -> Confirmed {
    let since = today.checked_sub_days(Days::new(days(interval)));
    let mut answers = Confirmed::default();
    for (at, ticker) in given_up.iter().enumerate() {
        let job = FetchJob {
            ticker: ticker.clone(),
            interval,
            window: Window {
                from: since.and_then(time::midnight),
                to: None,
            },
            asked: Asked::Explicit,
            mark: None,
            known: None,
            basis: None,
            now,
        };
        match source.fetch(&job, stop) {
            Ok(Fetched::Bars { .. }) => answers.found.push(ticker.clone()),
            Ok(Fetched::Nothing { .. } | Fetched::UpToDate | Fetched::UnknownTicker) => {}
            Err(error) => {
                let is_last = matches!(
                    error,
                    SourceError::Throttled { .. }
                        | SourceError::Misconfigured { .. }
                        | SourceError::Stopped { .. }
                );
                answers.errors.push((ticker.clone(), error));
                if is_last {
                    answers.not_asked = given_up.len() - at - 1;
                    break;
                }
            }
        }
    }
    answers
}

/// Returns the days in which an interval has a bar even over holidays.
fn days(interval: Interval) -> u64 {
    match interval {
        Interval::Mo1 | Interval::Mo3 => 190,
        Interval::Wk1 | Interval::D5 => 30,
        _ => 10,
    }
}
