//! Asking a source again for tickers that were given up.
//!
//! Promises: an error says nothing of a ticker; a source that wants to be left alone, or cannot work at all, is asked no more.

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::model::{Interval, Ticker, time};
use crate::source::{Asked, FetchJob, Fetched, MarketDataSource, SourceError, Window};
use crate::sys::Shutdown;

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

/// Asks a source for the last bars of tickers, one after the other.
pub fn confirm(
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
