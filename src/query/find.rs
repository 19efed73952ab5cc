//! Which stored series of bars a question is about.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::{self, Asked, interval_of};
use crate::model::{Dataset, Interval, Series, StorageRequest, Ticker, Venue};
use crate::storage::Stored;
use crate::workspace::{Reading, nothing};

use super::QueryError;

/// Returns the lengths of bars that are stored of a ticker, at the venue that was named or at any.
fn lengths(
    reading: Reading<'_, '_>,
    ticker: &Ticker,
    venue: Option<&Venue>,
) -> Result<Vec<Interval>, QueryError> {
    let workspace = reading.workspace;
    let venues = match venue {
        Some(venue) => vec![venue.clone()],
        None => workspace.venues()?.into_iter().collect(),
    };
    let mut stored = Vec::new();
    for interval in Interval::ALL {
        for venue in &venues {
            let request = StorageRequest::bars(venue.clone(), ticker.clone(), interval);
            if workspace.route(reading.catalog, &request)?.has_rows {
                stored.push(interval);
                break;
            }
        }
    }
    Ok(stored)
}

/// Which length of bars is meant where nobody names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Length {
    /// This one.
    Only(Interval),
    /// Nothing tells which.
    Several {
        /// Those that are stored of the ticker.
        stored: Vec<Interval>,
        /// Those that the workspace keeps.
        kept: Vec<Interval>,
    },
}

/// Returns the length of bars that is meant of a ticker where nobody names one; `filling` is that of the bars that they are joined to.
///
/// # Errors
/// When nobody can say where its rows are, or which intervals are kept.
pub fn length(
    reading: Reading<'_, '_>,
    ticker: &Ticker,
    venue: Option<&Venue>,
    filling: Option<Interval>,
) -> Result<Length, QueryError> {
    let stored = lengths(reading, ticker, venue)?;
    // What is stored can be looked at also where intervals.json cannot be read.
    if let Some(only) = only_length(&stored, &[], filling) {
        return Ok(Length::Only(only));
    }
    let kept = reading.workspace.intervals()?;
    Ok(match only_length(&stored, &kept, filling) {
        Some(only) => Length::Only(only),
        None => Length::Several { stored, kept },
    })
}

/// The only one that is stored; else the longest stored one that fills the bars that are wanted, since the fewer bars are joined the
/// better, and longer ones mostly reach further back; else the only one that is kept.
fn only_length(
    stored: &[Interval],
    kept: &[Interval],
    filling: Option<Interval>,
) -> Option<Interval> {
    let filling = filling.and_then(|to| filled(stored, to));
    match (stored, kept) {
        ([only], _) => Some(*only),
        (_, [only]) => filling.or(Some(*only)),
        _ => filling,
    }
}

/// Returns a venue at which a word is a ticker itself: one that keeps it, or at which bars of it are stored. No other venues than
/// those that are named are meant, if any is.
///
/// # Errors
/// When nobody can say where rows are.
pub fn home(
    reading: Reading<'_, '_>,
    word: &Ticker,
    named: &[Venue],
) -> Result<Option<Venue>, QueryError> {
    let mut at = reading.catalog.venues_of(word).into_iter();
    if let Some(venue) = at.find(|venue| named.is_empty() || named.contains(venue)) {
        return Ok(Some(venue));
    }
    let venues = match named {
        [] => reading.workspace.venues()?.into_iter().collect(),
        named => named.to_vec(),
    };
    for venue in venues {
        if !lengths(reading, word, Some(&venue))?.is_empty() {
            return Ok(Some(venue));
        }
    }
    Ok(None)
}

/// Returns the bars of a ticker: those of the venue that was named, else of the default one, else of every other one that holds
/// some. A series of other hours only counts where these are wanted: until its first session is over it may have no others.
///
/// # Errors
/// When one of them cannot be read.
pub fn find(
    reading: Reading<'_, '_>,
    (ticker, interval): (&Ticker, Interval),
    venue: Option<&Venue>,
    with_outside: bool,
) -> Result<Vec<(StorageRequest, Stored)>, QueryError> {
    let workspace = reading.workspace;
    let at = |venue: &Venue| StorageRequest::bars(venue.clone(), ticker.clone(), interval);
    let first = venue.unwrap_or_else(|| workspace.default_venue());
    let here = read(reading, at(first), with_outside)?;
    let mut found: Vec<_> = here.into_iter().collect();
    if found.is_empty() && venue.is_none() {
        for venue in workspace.venues()?.iter().filter(|venue| *venue != first) {
            found.extend(read(reading, at(venue), with_outside)?);
        }
    }
    Ok(found)
}

fn read(
    reading: Reading<'_, '_>,
    request: StorageRequest,
    with_outside: bool,
) -> Result<Option<(StorageRequest, Stored)>, QueryError> {
    if let Some(found) = reading.read(&request)? {
        return Ok(Some((request, found.stored)));
    }
    let is_begun = with_outside && reading.outside(&request)?.is_some();
    Ok(is_begun.then(|| (request, nothing(Dataset::Stocks))))
}

/// Series of bars among which a question is about those of one venue and one length.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// Where they are.
    pub venues: Vec<Venue>,
    /// How long their bars are.
    pub intervals: Vec<Interval>,
    series: Vec<StorageRequest>,
}

/// Returns the series of bars that lie there of what is asked for, or were recorded at the moment of the question.
///
/// # Errors
/// When nobody can say which there are.
pub fn candidates(reading: Reading<'_, '_>, asked: &Asked) -> Result<Candidates, QueryError> {
    let (workspace, catalog) = (reading.workspace, reading.catalog);
    let known = inventory::known(workspace, catalog, asked)?;
    let mut found: BTreeSet<StorageRequest> = known.records.into_keys().collect();
    found.extend(known.unrecorded);
    if let Some(at) = reading.as_of {
        // What left the tree since then was there.
        let then = inventory::known_at(workspace, catalog, asked, at)?;
        found.extend(then.records.into_keys());
    }
    found.retain(|request| matches!(request.series, Series::Bars { .. }));
    let venues: BTreeSet<&Venue> = found.iter().filter_map(|one| one.venue.as_ref()).collect();
    let intervals: BTreeSet<Interval> = found
        .iter()
        .filter_map(|one| interval_of(&one.series))
        .collect();
    let mut series: Vec<StorageRequest> = found.iter().cloned().collect();
    series.sort_by(|a, b| a.series.ticker().cmp(&b.series.ticker()).then(a.cmp(b)));
    Ok(Candidates {
        venues: venues.into_iter().cloned().collect(),
        intervals: intervals.into_iter().collect(),
        series,
    })
}

impl Candidates {
    /// Returns the series of one venue and one length, in the order of tickers.
    pub fn of(&self, venue: &Venue, interval: Interval) -> Vec<StorageRequest> {
        let is_meant = |one: &&StorageRequest| interval_of(&one.series) == Some(interval);
        self.at(venue).filter(is_meant).cloned().collect()
    }

    /// Returns of each ticker of a venue the series of which bars of a length are made, or factors where no length is named, and the
    /// tickers without such a one, both in the order of tickers.
    pub fn best(&self, venue: &Venue, to: Option<Interval>) -> (Vec<StorageRequest>, Vec<Ticker>) {
        let mut lengths: BTreeMap<&Ticker, Vec<Interval>> = BTreeMap::new();
        for one in self.at(venue) {
            if let (Some(ticker), Some(length)) = (one.series.ticker(), interval_of(&one.series)) {
                lengths.entry(ticker).or_default().push(length);
            }
        }
        let (mut series, mut without) = (Vec::new(), Vec::new());
        for (ticker, lengths) in lengths {
            let best = match to {
                Some(to) => filled(&lengths, to),
                None => of_factors(&lengths),
            };
            match best {
                Some(length) => {
                    series.push(StorageRequest::bars(venue.clone(), ticker.clone(), length));
                }
                None => without.push(ticker.clone()),
            }
        }
        (series, without)
    }

    fn at(&self, venue: &Venue) -> impl Iterator<Item = &StorageRequest> {
        let is_there = move |one: &&StorageRequest| one.venue.as_ref() == Some(venue);
        self.series.iter().filter(is_there)
    }
}

/// Returns the longest bars that fill those of a length: the fewer bars are joined the better.
fn filled(lengths: &[Interval], to: Interval) -> Option<Interval> {
    lengths.iter().filter(|from| from.fills(to)).max().copied()
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

#[cfg(test)]
mod tests {
    use super::*;
    use Interval::{D1, H1, M1, M5};

    #[test]
    fn a_length_that_nobody_names_is_the_only_one_or_fills_what_is_wanted() {
        for (stored, kept, filling, expected) in [
            (&[M1][..], &[D1][..], None, Some(M1)),
            (&[M1], &[D1, H1], Some(D1), Some(M1)),
            (&[M1, M5, D1], &[D1], Some(H1), Some(M5)),
            (&[M1, D1], &[M1, D1], Some(H1), Some(M1)),
            (&[M1, D1], &[D1], None, Some(D1)),
            (&[], &[D1], Some(H1), Some(D1)),
            (&[M1, D1], &[M1, D1], None, None),
            (&[], &[M1, D1], None, None),
            (&[], &[], None, None),
        ] {
            let found = only_length(stored, kept, filling);
            assert_eq!(found, expected, "{stored:?} {kept:?} {filling:?}");
        }
    }

    #[test]
    fn each_ticker_has_the_bars_that_fill_what_is_wanted_best() {
        let venue: Venue = "us:demo".parse().unwrap();
        let bars = |ticker: &str, interval| {
            StorageRequest::bars(venue.clone(), ticker.parse().unwrap(), interval)
        };
        let candidates = Candidates {
            venues: vec![venue.clone()],
            intervals: vec![M1, H1, D1],
            series: vec![
                bars("A", M1),
                bars("A", H1),
                bars("B", M1),
                bars("C", D1),
                bars("C", M1),
            ],
        };
        let chosen = |to| {
            let (series, without) = candidates.best(&venue, to);
            let without: Vec<String> = without.iter().map(ToString::to_string).collect();
            (series, without)
        };

        let all = |a, b, c| vec![bars("A", a), bars("B", b), bars("C", c)];
        assert_eq!(chosen(Some(D1)), (all(H1, M1, M1), vec![]));
        assert_eq!(chosen(Some(M5)), (all(M1, M1, M1), vec![]));
        assert_eq!(chosen(None), (all(H1, M1, D1), vec![]));
        let weeks = chosen(Some(Interval::Wk1));
        assert_eq!(weeks, (all(H1, M1, D1), vec![]));
        let (series, without) = chosen(Some(M1));
        assert_eq!(
            (series, without),
            (vec![], vec!["A".into(), "B".into(), "C".into()])
        );
    }
}
