//! Which series a question about many is of: those of one venue and one length of bars, or of the lengths that serve each ticker best.

use std::collections::{BTreeMap, BTreeSet};

use super::QueryError;
use super::find::filled;
use crate::catalog::{near_or_listed, some_unknown};
use crate::inventory::{self, Asked, InventoryError, interval_of};
use crate::model::words::some_of;
use crate::model::{Interval, Series, StorageRequest, Ticker, Unclear, Venue};
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
pub struct Chosen {
    /// Their venue.
    pub venue: Venue,
    /// How long the bars are that are told; factors are of days.
    pub interval: Interval,
    /// The stored bars; those that are joined may be of several lengths, and those of factors.
    pub series: Vec<StorageRequest>,
    /// Tickers that have bars, and none that can be joined.
    pub without: Vec<Ticker>,
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
    let mut found = bars(reading, asked)?;
    let named: Vec<&Ticker> = asked.tickers.iter().collect();
    let venue = only_venue(&found, &named, reading)?;
    found.retain(|one| one.venue.as_ref() == Some(&venue));
    let (interval, (series, without)) = match purpose {
        Purpose::AsStored => {
            let interval = only_length(&lengths(&found))?;
            found.retain(|one| interval_of(&one.series) == Some(interval));
            (interval, (found.into_iter().collect(), Vec::new()))
        }
        Purpose::Factors => (Interval::D1, best(&found, of_factors)),
        Purpose::Joined(to) => (to, joined(&found, to)?),
    };
    let chosen = Chosen {
        venue,
        interval,
        series,
        without,
    };
    chosen.refuse_missing(reading, named, purpose)?;
    Ok(chosen)
}

impl Chosen {
    /// Refuses names of which nothing is stored.
    fn refuse_missing(
        &self,
        reading: Reading<'_, '_>,
        named: Vec<&Ticker>,
        purpose: Purpose,
    ) -> Result<(), Unclear> {
        let of_series = self.series.iter().filter_map(|one| one.series.ticker());
        let there: BTreeSet<&Ticker> = of_series.chain(&self.without).collect();
        let missing = named.into_iter().filter(|ticker| !there.contains(ticker));
        let missing: Vec<&Ticker> = missing.collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names = some_unknown(&missing);
        let unclear = Unclear::words(match purpose {
            Purpose::AsStored => format!("nothing is stored of {names} {}", self.interval),
            Purpose::Joined(_) | Purpose::Factors => format!("nothing is stored of {names}"),
        });
        Err(unclear.hint(near_or_listed(reading.catalog, &missing)))
    }
}

/// Returns the series of bars that lie there of what is asked for, or were recorded at the moment of the question.
fn bars(
    reading: Reading<'_, '_>,
    asked: &Asked,
) -> Result<BTreeSet<StorageRequest>, InventoryError> {
    let (workspace, catalog) = (reading.workspace, reading.catalog);
    let known = inventory::known(workspace, catalog, asked)?;
    let there = known.records.keys().chain(&known.unrecorded);
    let mut found: BTreeSet<StorageRequest> = there.cloned().collect();
    if let Some(at) = reading.as_of {
        // What left the tree since then was there.
        let then = inventory::known_at(workspace, catalog, asked, at)?;
        found.extend(then.records.into_keys());
    }
    found.retain(|request| matches!(request.series, Series::Bars { .. }));
    Ok(found)
}

/// Returns the lengths of bars, from the shortest on.
fn lengths(found: &BTreeSet<StorageRequest>) -> Vec<Interval> {
    let lengths = found.iter().filter_map(|one| interval_of(&one.series));
    let lengths: BTreeSet<Interval> = lengths.collect();
    lengths.into_iter().collect()
}

/// Returns of each ticker of a venue the series of the length that `serving` chooses among those that it has, and the tickers of which
/// it chooses none, both in the order of tickers.
fn best(
    found: &BTreeSet<StorageRequest>,
    serving: impl Fn(&[Interval]) -> Option<Interval>,
) -> (Vec<StorageRequest>, Vec<Ticker>) {
    let mut by_ticker: BTreeMap<&Ticker, Vec<(Interval, &StorageRequest)>> = BTreeMap::new();
    for one in found {
        if let (Some(ticker), Some(length)) = (one.series.ticker(), interval_of(&one.series)) {
            by_ticker.entry(ticker).or_default().push((length, one));
        }
    }
    let (mut series, mut without) = (Vec::new(), Vec::new());
    for (ticker, of_ticker) in by_ticker {
        let lengths: Vec<Interval> = of_ticker.iter().map(|(length, _)| *length).collect();
        let chosen = serving(&lengths);
        let mut of_ticker = of_ticker.into_iter();
        match of_ticker.find(|(length, _)| Some(*length) == chosen) {
            Some((_, one)) => series.push(one.clone()),
            None => without.push(ticker.clone()),
        }
    }
    (series, without)
}

/// Returns of each ticker the longest bars of which those of a length can be made, and the tickers without such bars.
fn joined(
    found: &BTreeSet<StorageRequest>,
    to: Interval,
) -> Result<(Vec<StorageRequest>, Vec<Ticker>), Unclear> {
    let (series, without) = best(found, |lengths| filled(lengths, to));
    if series.is_empty() {
        let all = some_of(&lengths(found), Interval::ALL.len());
        let message = format!("bars of {all} cannot be joined to bars of {to}");
        return Err(Unclear::words(message));
    }
    Ok((series, without))
}

/// Returns the bars of which factors are made: those of a day, or the nearest to them. Factors are of days, and serve bars of every
/// length.
fn of_factors(lengths: &[Interval]) -> Option<Interval> {
    let day = lengths.iter().find(|length| **length == Interval::D1);
    let shorter = || filled(lengths, Interval::D1);
    day.copied()
        .or_else(shorter)
        .or(lengths.iter().min().copied())
}

/// Returns the one venue of what was found.
fn only_venue(
    found: &BTreeSet<StorageRequest>,
    named: &[&Ticker],
    reading: Reading<'_, '_>,
) -> Result<Venue, Unclear> {
    let venues: BTreeSet<&Venue> = found.iter().filter_map(|one| one.venue.as_ref()).collect();
    let venues: Vec<&Venue> = venues.into_iter().collect();
    match venues.as_slice() {
        [venue] => Ok((*venue).clone()),
        [] => {
            let unclear = Unclear::rows("nothing is stored of what was named");
            Err(unclear.hint(near_or_listed(reading.catalog, named)))
        }
        [_, second, ..] => Err(Unclear::words(format!(
            "several venues have such bars: {}",
            some_of(&venues, 5)
        ))
        .hint(format!("name one: --venue {second}"))),
    }
}

/// Returns the one length of bars.
fn only_length(lengths: &[Interval]) -> Result<Interval, Unclear> {
    if let [only] = lengths {
        return Ok(*only);
    }
    let all = some_of(lengths, Interval::ALL.len());
    let unclear = Unclear::words(format!("bars of several intervals are stored: {all}"));
    let first = lengths.first().map(ToString::to_string);
    Err(unclear.hint(format!(
        "name one: --interval {}",
        first.unwrap_or_default()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Interval::{D1, H1, M1, M5, Wk1};

    #[test]
    fn each_ticker_has_the_bars_that_fill_what_is_wanted_best() {
        let venue: Venue = "us:demo".parse().unwrap();
        let bars = |ticker: &str, interval| {
            StorageRequest::bars(venue.clone(), ticker.parse().unwrap(), interval)
        };
        let found = BTreeSet::from([
            bars("A", M1),
            bars("A", H1),
            bars("B", M1),
            bars("C", D1),
            bars("C", M1),
        ]);
        let chosen = |to| best(&found, |lengths| filled(lengths, to));

        let all = |a, b, c| vec![bars("A", a), bars("B", b), bars("C", c)];
        assert_eq!(chosen(D1), (all(H1, M1, M1), vec![]));
        assert_eq!(chosen(M5), (all(M1, M1, M1), vec![]));
        assert_eq!(chosen(Wk1), (all(H1, M1, D1), vec![]));
        assert_eq!(best(&found, of_factors), (all(H1, M1, D1), vec![]));
        let tickers = ["A", "B", "C"].map(|ticker| ticker.parse().unwrap());
        assert_eq!(chosen(M1), (vec![], tickers.to_vec()));
        assert!(joined(&found, M1).is_err());
    }
}
