//! Which series a question about many is of: those of one venue and one length of bars.

use std::collections::BTreeSet;

use super::QueryError;
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
    let mut found = bars(reading, asked)?;
    let venues: BTreeSet<Venue> = found.iter().filter_map(|one| one.venue.clone()).collect();
    let lengths = found.iter().filter_map(|one| interval_of(&one.series));
    let intervals = serving(purpose, &lengths.collect())?;
    let named: Vec<&Ticker> = asked.tickers.iter().collect();
    let venues: Vec<Venue> = venues.into_iter().collect();
    let (venue, interval) = only(&venues, &intervals, &named, reading)?;
    found.retain(|one| {
        one.venue.as_ref() == Some(&venue) && interval_of(&one.series) == Some(interval)
    });
    let series: Vec<StorageRequest> = found.into_iter().collect();
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

/// Returns the series of bars that lie there of what is asked for, or were recorded at the moment of the question.
fn bars(
    reading: Reading<'_, '_>,
    asked: &Asked,
) -> Result<BTreeSet<StorageRequest>, InventoryError> {
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
    Ok(found)
}

/// Returns the lengths that serve a purpose: for factors, which serve bars of every length, days if there are any; for bars that are
/// joined, the longest ones of which those can be made.
fn serving(purpose: Purpose, stored: &BTreeSet<Interval>) -> Result<Vec<Interval>, Unclear> {
    let all: Vec<Interval> = stored.iter().copied().collect();
    match purpose {
        Purpose::Factors if stored.contains(&Interval::D1) => Ok(vec![Interval::D1]),
        Purpose::Joined(to) if !stored.is_empty() => {
            let longest = all.iter().filter(|from| from.fills(to)).max();
            longest.map(|from| vec![*from]).ok_or_else(|| {
                let all = some_of(&all, Interval::ALL.len());
                Unclear::words(format!("bars of {all} cannot be joined to bars of {to}"))
            })
        }
        _ => Ok(all),
    }
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
