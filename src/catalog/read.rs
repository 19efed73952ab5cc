//! Questions to the registry.
//!
//! Promises: the predecessor's answers. A missing or malformed field never excludes a ticker.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};
use serde_json::Value;

use super::block::{self, Block};
use super::{Catalog, fields, place};
use crate::document::Object;
use crate::model::{Interval, Ticker, Venue, time};

/// Days for which a series that was not found is left alone.
const COOLDOWN_DAYS: i64 = 30;

impl Catalog {
    /// Returns the tickers of a venue in the order of the file: those at home there and those with records of it.
    pub fn tickers_at(&self, venue: &Venue) -> Vec<Ticker> {
        let is_there = |ticker: &&Ticker| self.is_at(ticker, venue);
        self.tickers.iter().filter(is_there).cloned().collect()
    }

    /// Tells whether a usable ticker is kept at a venue.
    pub fn is_at(&self, ticker: &Ticker, venue: &Venue) -> bool {
        self.records(ticker, venue).is_some()
    }

    /// Returns every venue that usable tickers are kept at.
    pub fn venues(&self) -> BTreeSet<Venue> {
        let entries = self.tickers.iter().filter_map(|ticker| self.entry(ticker));
        entries.flat_map(place::venues).collect()
    }

    /// Returns the venues that one ticker is kept at, its home first.
    pub fn venues_of(&self, ticker: &Ticker) -> Vec<Venue> {
        let entry = self.entry(ticker).into_iter();
        entry.flat_map(place::venues).collect()
    }

    /// Tells whether a ticker is not given up as a whole. One without records is active.
    pub fn is_active(&self, ticker: &Ticker, venue: &Venue) -> bool {
        self.records(ticker, venue)
            .is_none_or(|records| !fields::is_not_found(records))
    }

    /// Tells whether a series may be asked for today: not while a not-found is younger than 30 days, or than `most`
    /// days where the source forgets sooner.
    ///
    /// A ticker that is given up as a whole is asked for again through the intervals that gave it up, once
    /// their 30 days are over; its other intervals wait for that.
    pub fn is_due(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        today: NaiveDate,
        most: Option<u32>,
    ) -> bool {
        let missing = self
            .interval(ticker, venue, interval)
            .filter(|entry| fields::is_not_found(entry));
        match missing {
            Some(entry) => has_cooled(entry, today, most),
            None => self.is_active(ticker, venue),
        }
    }

    /// Returns the day of the newest row that is known; `None` when there is none or it is no date.
    pub fn last_data_date(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Option<NaiveDate> {
        fields::date(self.interval(ticker, venue, interval)?, "last_data_date")
    }

    /// Returns the day on which rows last came; `None` when none ever did.
    pub fn last_found_date(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Option<NaiveDate> {
        fields::date(self.interval(ticker, venue, interval)?, "last_found_date")
    }

    /// Returns the day on which the source last answered; `None` when it never did.
    pub fn last_checked(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Option<NaiveDate> {
        fields::date(self.interval(ticker, venue, interval)?, "last_checked")
    }

    /// Counts the tickers of a venue of which the source said something on a day or after it.
    pub fn checked_since(&self, venue: &Venue, day: NaiveDate) -> usize {
        let is_checked = |ticker: &&Ticker| {
            let records = self.records(ticker, venue);
            let checked = records.and_then(|records| fields::date(records, "last_checked"));
            checked.is_some_and(|checked| checked >= day)
        };
        self.tickers.iter().filter(is_checked).count()
    }

    /// Returns the wall clock of the newest intraday row, unless the day says that another writer went on.
    pub fn last_data_at(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Option<NaiveDateTime> {
        last_data_at(self.interval(ticker, venue, interval)?)
    }

    /// Returns where a series was put.
    pub fn storage_block(&self, ticker: &Ticker, venue: &Venue, interval: Interval) -> Block {
        if self.unusable.contains_key(ticker) {
            return Block::Damaged;
        }
        self.interval(ticker, venue, interval)
            .map_or(Block::Absent, |entry| block::read(entry.get("storage")))
    }

    /// Returns the venue that the top level of a ticker's entry, and so what the predecessor stored, is of. An entry that
    /// records nothing does not say so.
    pub fn home(&self, ticker: &Ticker) -> Option<Venue> {
        let entry = self.entry(ticker).filter(|entry| !place::is_blank(entry))?;
        place::home(entry)
    }

    /// Tells whether a ticker is kept at another venue than this one, beside it or instead.
    pub fn is_kept_beside(&self, ticker: &Ticker, venue: &Venue) -> bool {
        self.entry(ticker).is_some_and(|entry| {
            let is_elsewhere = !place::is_home(entry, venue) && !place::is_blank(entry);
            is_elsewhere || place::has_further(entry)
        })
    }

    /// Tells whether the whole history of a series is to be asked for again.
    pub fn wants_whole(&self, ticker: &Ticker, venue: &Venue, interval: Interval) -> bool {
        let entry = self.interval(ticker, venue, interval);
        entry.and_then(|entry| entry.get("refetch")?.as_bool()) == Some(true)
    }

    /// Returns the mark that the source left at the last download.
    pub fn mark(&self, ticker: &Ticker, venue: &Venue, interval: Interval) -> Option<&str> {
        self.interval(ticker, venue, interval)?
            .get("mark")?
            .as_str()
    }

    pub(super) fn records(&self, ticker: &Ticker, venue: &Venue) -> Option<&Object> {
        place::records(self.entry(ticker)?, venue)
    }

    pub(super) fn interval(
        &self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
    ) -> Option<&Object> {
        self.records(ticker, venue)?
            .get("intervals")?
            .get(interval.as_str())
            .and_then(Value::as_object)
    }
}

/// Returns the stamp of an interval's newest row if it falls on the day of the newest row.
pub(super) fn last_data_at(entry: &Object) -> Option<NaiveDateTime> {
    let stamp = time::parse(entry.get("last_data_at")?.as_str()?)?;
    let moment = time::naive(stamp);
    (fields::date(entry, "last_data_date") == Some(moment.date())).then_some(moment)
}

fn has_cooled(entry: &Object, today: NaiveDate, most: Option<u32>) -> bool {
    let Some(found_missing) = fields::date(entry, "last_not_found_date") else {
        return true;
    };
    let rest = most.map_or(COOLDOWN_DAYS, |most| COOLDOWN_DAYS.min(most.into()));
    (today - found_missing).num_days() >= rest
}
