//! The one series of bars that a question about a ticker is about.
//!
//! Promises: nobody chooses among several: they are named, with what to type.

use chrono::SecondsFormat;

use super::QueryError;
use super::find::{find, lengths, only_length};
use crate::catalog::{adding, did_you_mean};
use crate::model::words::{quoted, some_of};
use crate::model::{Interval, StorageRequest, Ticker, Unclear, Venue};
use crate::storage::Stored;
use crate::workspace::Reading;

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

    /// Finds the series: at the venue that was named, else at the default one, else at the only one that holds it.
    ///
    /// # Errors
    /// `Unclear` when there are several or none; when one cannot be read.
    pub fn find(
        self,
        reading: Reading<'_, '_>,
        ticker: &Ticker,
        interval: Interval,
    ) -> Result<(StorageRequest, Stored), QueryError> {
        let mut found = find(reading, (ticker, interval), self.venue, self.with_outside)?;
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
