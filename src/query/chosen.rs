//! Which series a question about many is of: those of one venue and one length of bars.

use super::QueryError;
use super::find::candidates;
use crate::catalog::{near_or_listed, some_unknown};
use crate::inventory::Asked;
use crate::model::words::some_of;
use crate::model::{Interval, StorageRequest, Ticker, Unclear, Venue};
use crate::workspace::Reading;

/// What the bars are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// They are told as they are.
    AsStored,
    /// They are joined to bars of this length.
    Joined(Interval),
    /// What payments and splits do to them.
    Factors,
}

/// The series of a question, in the order of tickers.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Chosen {
    pub venue: Venue,
    pub interval: Interval,
    pub series: Vec<StorageRequest>,
}

/// Returns the series that are meant: what lies there, or was recorded at the moment of the question.
///
/// # Errors
/// `Unclear` when they are of several venues or lengths, or nothing is stored of what was named; when nobody can say what is stored.
pub fn chosen(
    reading: Reading<'_, '_>,
    asked: &Asked,
    purpose: Purpose,
) -> Result<Chosen, QueryError> {
    let mut found = candidates(reading, asked)?;
    match purpose {
        Purpose::AsStored => {}
        Purpose::Factors => found.prefer_days(),
        Purpose::Joined(to) => {
            let all = some_of(&found.intervals, Interval::ALL.len());
            if !found.fill(to) {
                let message = format!("bars of {all} cannot be joined to bars of {to}");
                return Err(Unclear::words(message).into());
            }
        }
    }
    let named: Vec<&Ticker> = asked.tickers.iter().collect();
    let (venue, interval) = only(&found.venues, &found.intervals, &named, reading)?;
    let series = found.of(&venue, interval);
    let is_found = |ticker: &Ticker| {
        let mut tickers = series.iter().map(|one| one.series.ticker());
        tickers.any(|found| found == Some(ticker))
    };
    let missing = named.into_iter().filter(|ticker| !is_found(ticker));
    let missing: Vec<&Ticker> = missing.collect();
    if !missing.is_empty() {
        let names = some_unknown(&missing);
        let unclear = Unclear::words(format!("nothing is stored of {names} {interval}"));
        let hint = near_or_listed(reading.catalog, &missing);
        return Err(unclear.hint(hint).into());
    }
    Ok(Chosen {
        venue,
        interval,
        series,
    })
}

/// Returns the one venue and the one length of bars of what was found.
fn only(
    venues: &[Venue],
    intervals: &[Interval],
    named: &[&Ticker],
    reading: Reading<'_, '_>,
) -> Result<(Venue, Interval), Unclear> {
    match (venues, intervals) {
        ([venue], [interval]) => Ok((venue.clone(), *interval)),
        ([], _) | (_, []) => {
            let unclear = Unclear::rows("nothing is stored of what was named");
            Err(unclear.hint(near_or_listed(reading.catalog, named)))
        }
        ([_, second, ..], _) => Err(Unclear::words(format!(
            "several venues have such bars: {}",
            some_of(venues, 5)
        ))
        .hint(format!("name one: --venue {second}"))),
        (_, [first, ..]) => Err(Unclear::words(format!(
            "bars of several intervals are stored: {}",
            some_of(intervals, Interval::ALL.len())
        ))
        .hint(format!("name one: --interval {first}"))),
    }
}
