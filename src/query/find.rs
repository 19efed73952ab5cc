//! Which stored series of bars a question is about.

use std::collections::BTreeSet;

use crate::inventory::{self, Asked, interval_of};
use crate::model::{Dataset, Interval, Series, StorageRequest, Ticker, Venue};
use crate::storage::Stored;
use crate::workspace::{Reading, nothing};

use super::QueryError;

/// Returns the lengths of bars that are stored of a ticker, at the venue that was named or at any.
///
/// # Errors
/// When nobody can say where its rows are.
pub fn lengths(
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
    let mut found = Vec::from_iter(read(reading, at(first), with_outside)?);
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
    let fs = workspace.fs();
    let known = inventory::known(workspace, fs, catalog, asked)?;
    let mut found: BTreeSet<StorageRequest> = known.records.into_keys().collect();
    found.extend(known.unrecorded);
    if let Some(at) = reading.as_of {
        // What left the tree since then was there.
        let then = inventory::known_at(workspace, fs, catalog, asked, at)?;
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
    /// Prefers bars of a day, if there are any: factors are of days, and serve bars of every length.
    pub fn prefer_days(&mut self) {
        if self.intervals.contains(&Interval::D1) {
            self.intervals = vec![Interval::D1];
        }
    }

    /// Keeps the longest bars of which those of a length can be made; `false` when there are some, and none of them can.
    pub fn fill(&mut self, to: Interval) -> bool {
        let longest = self.intervals.iter().filter(|from| from.fills(to)).max();
        let longest: Vec<Interval> = longest.copied().into_iter().collect();
        let is_filled = self.intervals.is_empty() || !longest.is_empty();
        if is_filled {
            self.intervals = longest;
        }
        is_filled
    }

    /// Returns the series of one venue and one length, in the order of tickers.
    pub fn of(&self, venue: &Venue, interval: Interval) -> Vec<StorageRequest> {
        let is_meant = |one: &&StorageRequest| {
            one.venue.as_ref() == Some(venue) && interval_of(&one.series) == Some(interval)
        };
        self.series.iter().filter(is_meant).cloned().collect()
    }
}
