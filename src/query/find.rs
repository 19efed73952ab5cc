//! The one series of bars that a question about a ticker is about.
//!
//! Promises: nobody chooses among several: they are named, with what to type.

use chrono::SecondsFormat;

use super::QueryError;
use crate::catalog::{adding, did_you_mean};
use crate::model::words::{quoted, some_of};
use crate::model::{Dataset, Interval, StorageRequest, Ticker, Unclear, Venue};
use crate::storage::Stored;
use crate::workspace::{Reading, nothing};

/// Which series of a ticker a command is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// The command, for advice.
    pub command: &'static str,
    /// The length of the bars, if one is named.
    pub interval: Option<Interval>,
    /// The interval that bars are joined to; those that fill it are meant.
    pub filling: Option<Interval>,
    /// The venue, if one is named.
    pub venue: Option<&'w Venue>,
    /// Whether bars outside of the session count as well.
    pub with_outside: bool,
}

impl Wanted<'_> {
    /// Returns the interval that was named, else the only one that is stored of the ticker, else the only one of the workspace.
    ///
    /// # Errors
    /// `Unclear` when there are several or none; when nobody can say what is stored.
    pub fn interval(
        self,
        reading: Reading<'_, '_>,
        ticker: &Ticker,
    ) -> Result<Interval, QueryError> {
        if let Some(interval) = self.interval {
            return Ok(interval);
        }
        let stored = lengths(reading, ticker, self.venue)?;
        // What is stored can be looked at also where intervals.json cannot be read.
        if let Some(only) = only_length(&stored, &[], self.filling) {
            return Ok(only);
        }
        let kept = reading.workspace.intervals()?;
        if let Some(only) = only_length(&stored, &kept, self.filling) {
            return Ok(only);
        }
        let several = |message: &str, first: Interval, intervals: &[Interval]| {
            let all = some_of(intervals, Interval::ALL.len());
            let unclear = Unclear::words(format!("{message}: {all}"));
            unclear.hint(self.naming(ticker, first, ""))
        };
        Err(match (stored.as_slice(), kept.as_slice()) {
            ([], _) if !reading.catalog.contains(ticker) => self.unknown(reading, ticker, None),
            ([], []) => Unclear::words("no interval was named, and none is kept")
                .hint("keep one: barkeep intervals add 1d"),
            ([], [first, ..]) => several(
                &format!("nothing is stored of {ticker}, and several intervals are kept"),
                *first,
                &kept,
            ),
            ([first, ..], _) => several(
                &format!("{ticker} has bars of several intervals"),
                *first,
                &stored,
            ),
        }
        .into())
    }

    /// Finds the series: at the venue that was named, else at the default one, else at the only other one that holds it. A series of
    /// other hours only counts where these are wanted: until its first session is over it may have no others.
    ///
    /// # Errors
    /// `Unclear` when there are several or none; when one cannot be read.
    pub fn find(
        self,
        reading: Reading<'_, '_>,
        ticker: &Ticker,
        interval: Interval,
    ) -> Result<(StorageRequest, Stored), QueryError> {
        let workspace = reading.workspace;
        let at = |venue: &Venue| {
            let request = StorageRequest::bars(venue.clone(), ticker.clone(), interval);
            self.read(reading, request)
        };
        let first = self.venue.unwrap_or_else(|| workspace.default_venue());
        let mut found: Vec<_> = at(first)?.into_iter().collect();
        if found.is_empty() && self.venue.is_none() {
            for venue in workspace.venues()?.iter().filter(|venue| *venue != first) {
                found.extend(at(venue)?);
            }
        }
        if found.len() > 1 {
            let venues = found.iter();
            let venues = venues.filter_map(|(request, _)| request.venue.as_ref());
            let venues: Vec<&Venue> = venues.collect();
            let all = some_of(&venues, 5);
            let unclear = Unclear::words(format!("several venues hold {ticker} {interval}: {all}"));
            let first = venues.first().map(|venue| format!(" --venue {venue}"));
            let hint = self.naming(ticker, interval, &first.unwrap_or_default());
            return Err(unclear.hint(hint).into());
        }
        let found = found.pop();
        Ok(found.ok_or_else(|| self.nothing(reading, ticker, interval))?)
    }

    fn read(
        self,
        reading: Reading<'_, '_>,
        request: StorageRequest,
    ) -> Result<Option<(StorageRequest, Stored)>, QueryError> {
        if let Some(found) = reading.read(&request)? {
            return Ok(Some((request, found.stored)));
        }
        let is_begun = self.with_outside && reading.outside(&request)?.is_some();
        Ok(is_begun.then(|| (request, nothing(Dataset::Stocks))))
    }

    /// Returns the command that leaves nothing open.
    fn naming(self, ticker: &Ticker, interval: Interval, at: &str) -> String {
        let (typed, command) = (quoted(ticker.as_str()), self.command);
        format!("name one: barkeep {command} {typed} --interval {interval}{at}")
    }

    fn nothing(self, reading: Reading<'_, '_>, ticker: &Ticker, interval: Interval) -> Unclear {
        if let Some(at) = reading.as_of {
            let at = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            return Unclear::rows(format!("nothing was stored of {ticker} {interval} at {at}"));
        }
        if !reading.catalog.contains(ticker) {
            return self.unknown(reading, ticker, Some(interval));
        }
        let typed = quoted(ticker.as_str());
        Unclear::rows(format!("nothing is stored of {ticker} {interval}")).hint(format!(
            "fetch it: barkeep update --ticker {typed} --interval {interval}"
        ))
    }

    fn unknown(
        self,
        reading: Reading<'_, '_>,
        ticker: &Ticker,
        interval: Option<Interval>,
    ) -> Unclear {
        let interval = interval.map_or_else(String::new, |interval| format!(" {interval}"));
        let default = || reading.workspace.default_venue();
        let venue = self.venue.unwrap_or_else(default);
        let near = did_you_mean(reading.catalog, &[ticker]);
        let hint = near.unwrap_or_else(|| adding(&[ticker], Some(venue)));
        Unclear::rows(format!("nothing is stored of {ticker}{interval}")).hint(hint)
    }
}

/// Returns the lengths of bars that are stored of a ticker, at the venue that was named or at any.
pub(super) fn lengths(
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

/// The only one that is stored; else the longest stored one that fills the bars that are wanted; else the only one that is kept.
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

/// Returns the longest bars that fill those of a length: the fewer bars are joined the better, and longer ones mostly reach further
/// back.
pub(super) fn filled(lengths: &[Interval], to: Interval) -> Option<Interval> {
    lengths.iter().filter(|from| from.fills(to)).max().copied()
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
}
