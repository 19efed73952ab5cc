//! What runs record in the registry.
//!
//! Promises: only the fields of the outcome change; old fields and unknown keys stay. The newest known row
//! never moves backwards. A ticker that cannot be used is left as it is, and the caller is told.

use chrono::{Days, NaiveDate};
use serde_json::{Map, Value};

use super::block::StorageBlock;
use super::fields::{self, ACTIVE, INTERVAL_ORDER, NOT_FOUND, TICKER_ORDER};
use super::found::{self, Found, Wanted};
use super::identity::ToldIdentity;
use super::missing::{self, Missing};
use super::{Catalog, Unusable, identity, place, read};
use crate::document::Object;
use crate::model::{Identity, Interval, Ticker, Venue, time};

/// Days after its last rows for which a given-up ticker is taken back without asking the source.
const RECENT_DAYS: u64 = 90;

impl Catalog {
    /// Records that rows came and are stored.
    ///
    /// # Errors
    /// When the entry of the ticker cannot be used; nothing is recorded then.
    pub fn record_found(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        today: NaiveDate,
        found: Found,
    ) -> Result<(), Unusable> {
        self.change(ticker, venue, today, |records| {
            let mut is_changed = set(records, TICKER_ORDER, "status", ACTIVE);
            is_changed |= fields::put(records, TICKER_ORDER, "last_checked", fields::text(today));
            let entry = interval_entry(records, interval);
            is_changed |= set(entry, INTERVAL_ORDER, "status", ACTIVE);
            for key in ["last_found_date", "last_checked"] {
                is_changed |= fields::put(entry, INTERVAL_ORDER, key, fields::text(today));
            }
            if let Some(last_row) = found.last_row {
                is_changed |= advance(entry, interval, last_row);
            }
            is_changed |= found::put_mark(entry, found.mark);
            is_changed |= found::put_provisional(entry, &found.provisional, found.newest);
            is_changed |= found::put_wanted(entry, found.history);
            if let Some(block) = found.storage {
                is_changed |= put_block(entry, &block);
            }
            is_changed
        })
    }

    /// Records that the source was asked and had nothing new.
    ///
    /// # Errors
    /// When the entry of the ticker cannot be used; nothing is recorded then.
    pub fn record_checked(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        today: NaiveDate,
        mark: Option<String>,
    ) -> Result<(), Unusable> {
        self.change(ticker, venue, today, |records| {
            let day = fields::text(today);
            let mut is_changed = fields::put(records, TICKER_ORDER, "last_checked", day.clone());
            let entry = interval_entry(records, interval);
            is_changed |= found::put_mark(entry, mark);
            fields::put(entry, INTERVAL_ORDER, "last_checked", day) || is_changed
        })
    }

    /// Records that the source does not know the series; the ticker is given up when it knows none of them.
    ///
    /// # Errors
    /// When the entry of the ticker cannot be used; nothing is recorded then.
    pub fn record_not_found(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        today: NaiveDate,
    ) -> Result<(), Unusable> {
        self.change(ticker, venue, today, |records| {
            let day = fields::text(today);
            let mut is_changed = fields::put(records, TICKER_ORDER, "last_checked", day.clone());
            let entry = interval_entry(records, interval);
            is_changed |= set(entry, INTERVAL_ORDER, "status", NOT_FOUND);
            is_changed |= fields::put(entry, INTERVAL_ORDER, "last_not_found_date", day.clone());
            is_changed |= fields::put(entry, INTERVAL_ORDER, "last_checked", day);
            if is_given_up(records) {
                is_changed |= set(records, TICKER_ORDER, "status", NOT_FOUND);
            }
            is_changed
        })
    }

    /// Records where a series lies, as a migration does.
    ///
    /// # Errors
    /// When the entry of the ticker cannot be used; nothing is recorded then.
    pub fn record_storage(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        today: NaiveDate,
        block: &StorageBlock,
    ) -> Result<(), Unusable> {
        self.change(ticker, venue, today, |records| {
            put_block(interval_entry(records, interval), block)
        })
    }

    /// Forgets where a series lies, as a rollback does; `false` when nothing was recorded.
    ///
    /// # Errors
    /// When the entry of the ticker cannot be used; nothing is forgotten then.
    pub fn forget_storage(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        today: NaiveDate,
    ) -> Result<bool, Unusable> {
        let has_block = self
            .records(ticker, venue)
            .and_then(|records| {
                records
                    .get("intervals")?
                    .get(interval.as_str())?
                    .get("storage")
            })
            .is_some();
        if has_block {
            self.change(ticker, venue, today, |records| {
                let entry = interval_entry(records, interval);
                entry.shift_remove("storage").is_some()
            })?;
        }
        Ok(has_block)
    }

    /// Records who a ticker is by what the source says: what is known is completed, or replaced and kept beside that with the
    /// day; what contradicts it is noted, for a person to decide.
    ///
    /// # Errors
    /// When the entry of the ticker cannot be used; nothing is recorded then.
    pub fn record_identity(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        today: NaiveDate,
        told: ToldIdentity<'_>,
    ) -> Result<(), Unusable> {
        self.change(ticker, venue, today, |records| match told {
            ToldIdentity::Known(identity) => identity::complete(records, identity),
            ToldIdentity::Moved(identity) => identity::move_to(records, identity, today),
            ToldIdentity::Another(identity) => identity::put_seen(records, identity),
        })
    }

    /// Takes the identity that was seen for the one that is known; `None` when nothing else was seen.
    pub fn accept_identity(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        today: NaiveDate,
    ) -> Option<Identity> {
        let seen = identity::seen(self.records(ticker, venue)?)?;
        self.change(ticker, venue, NaiveDate::MIN, |records| {
            identity::accept(records, &seen, today)
        })
        .ok()?;
        Some(seen)
    }

    /// Records how long the file with the newest row is. A series without an entry has none to record it in.
    pub fn record_newest_bytes(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        bytes: u64,
    ) {
        let entry = self.interval(ticker, venue, interval);
        let recorded = entry.map(missing::newest_bytes);
        if recorded.is_none_or(|recorded| recorded == Some(bytes)) {
            return;
        }
        // Who cannot record it looks into the file once more.
        let _recorded = self.change(ticker, venue, NaiveDate::MIN, |records| {
            missing::put_newest_bytes(interval_entry(records, interval), bytes)
        });
    }

    /// Records that rows are gone for good: the registry then knows those up to `reached` only, and the days after it as
    /// lost.
    ///
    /// # Errors
    /// When the entry of the ticker cannot be used; nothing is recorded then.
    pub fn record_lost(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        today: NaiveDate,
        missing: Missing,
        reached: Option<NaiveDate>,
    ) -> Result<(), Unusable> {
        self.change(ticker, venue, today, |records| {
            let entry = interval_entry(records, interval);
            missing::put_lost(entry, missing, reached, today);
            true
        })
    }

    /// Makes the registry know rows up to `left` only, so that what follows is asked for again.
    pub fn set_back(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        left: Option<NaiveDate>,
    ) {
        // What cannot be recorded was not recorded as known either.
        let _recorded = self.change(ticker, venue, NaiveDate::MIN, |records| {
            missing::forget_newest_but(interval_entry(records, interval), left);
            true
        });
    }

    /// Makes the next run ask for the whole history.
    pub fn want_whole(&mut self, ticker: &Ticker, venue: &Venue, interval: Interval) {
        // What is not recorded is missed all the same, and told.
        let _recorded = self.change(ticker, venue, NaiveDate::MIN, |records| {
            found::put_wanted(interval_entry(records, interval), Wanted::Whole)
        });
    }

    /// Gives up every row that is known: all series are asked for again, whole. Returns how many there were.
    pub fn give_up_rows(&mut self, today: NaiveDate) -> usize {
        let mut given_up = 0;
        self.entries.change_all(|entry| {
            let of_ticker = missing::give_up_all(entry, today);
            given_up += of_ticker;
            of_ticker > 0
        });
        given_up
    }

    /// Forgets that a history was given up, once a source that keeps it whole has brought it again.
    pub fn forget_given_up(&mut self, ticker: &Ticker, venue: &Venue, interval: Interval) {
        let is_noted = self
            .interval(ticker, venue, interval)
            .is_some_and(missing::has_lost);
        if !is_noted {
            return;
        }
        // Who cannot record it knows of a loss too many.
        let _recorded = self.change(ticker, venue, NaiveDate::MIN, |records| {
            missing::forget_given_up(interval_entry(records, interval))
        });
    }

    /// Adds a ticker to a venue; `false` when it was there, and then nothing changes.
    pub fn add(&mut self, ticker: &Ticker, venue: &Venue, today: NaiveDate) -> bool {
        if self.contains(ticker) {
            let is_known = self.records(ticker, venue).is_some();
            let is_added = !is_known && self.change(ticker, venue, today, |_| true).is_ok();
            return is_added;
        }
        let mut entry = Map::new();
        let fresh = [
            ("ticker", Value::String(ticker.to_string())),
            ("added_date", fields::text(today)),
            ("status", Value::String(ACTIVE.to_owned())),
            ("last_checked", Value::Null),
        ];
        entry.extend(fresh.map(|(key, value)| (key.to_owned(), value)));
        // Without a venue the entry is one that the predecessor could have made.
        if !place::is_predecessors(venue) {
            entry.insert("venue".to_owned(), Value::String(venue.to_string()));
        }
        self.entries.insert(ticker, entry);
        true
    }

    /// Takes back a given-up ticker, as a symbol list that names it does; its intervals keep their cooldown.
    /// `false` when it was not given up.
    pub fn reactivate(&mut self, ticker: &Ticker, venue: &Venue) -> bool {
        if self.is_active(ticker, venue) {
            return false;
        }
        self.change(ticker, venue, NaiveDate::MIN, |records| {
            set(records, TICKER_ORDER, "status", ACTIVE)
        })
        .is_ok()
    }

    /// Takes back the given-up tickers that had rows in the last 90 days, and returns them.
    pub fn reactivate_recent(&mut self, venue: &Venue, today: NaiveDate) -> Vec<Ticker> {
        let since = today.checked_sub_days(Days::new(RECENT_DAYS));
        let had_rows = |interval: &Object| {
            interval.get("status").and_then(Value::as_str) == Some(ACTIVE)
                && fields::date(interval, "last_found_date") >= since
        };
        let is_recent = |ticker: &&Ticker| {
            self.records(ticker, venue)
                .and_then(|records| records.get("intervals")?.as_object())
                .into_iter()
                .flat_map(Map::values)
                .filter_map(Value::as_object)
                .any(had_rows)
        };
        let recent: Vec<_> = self.tickers().iter().filter(is_recent).cloned().collect();
        recent
            .into_iter()
            .filter(|ticker| self.reactivate(ticker, venue))
            .collect()
    }

    /// Removes a ticker with everything that is recorded of it; `false` when there was none.
    pub fn remove(&mut self, ticker: &Ticker) -> bool {
        self.entries.remove(ticker)
    }

    /// Removes what is recorded of a ticker at one venue; `false` when nothing was. The records of other venues stay as they
    /// are: without its home, a ticker is at home at the first of them.
    pub fn remove_at(&mut self, ticker: &Ticker, venue: &Venue) -> bool {
        let at = self.venues_of(ticker);
        if !at.contains(venue) {
            return false;
        }
        let Some(heir) = at.into_iter().find(|other| other != venue) else {
            return self.remove(ticker);
        };
        let removed = self.entries.change(ticker, |entry| {
            place::forget(entry, venue, &heir);
            true
        });
        removed.is_ok()
    }

    /// Applies a change to the records of a venue, which are made where they are missing.
    fn change(
        &mut self,
        ticker: &Ticker,
        venue: &Venue,
        today: NaiveDate,
        apply: impl FnOnce(&mut Object) -> bool,
    ) -> Result<(), Unusable> {
        if !self.contains(ticker) {
            self.add(ticker, venue, today);
        }
        self.entries
            .change(ticker, |entry| apply(place::records_mut(entry, venue)))
    }
}

fn set(object: &mut Object, order: &[&str], key: &str, text: &str) -> bool {
    fields::put(object, order, key, Value::String(text.to_owned()))
}

fn interval_entry(records: &mut Object, interval: Interval) -> &mut Object {
    let intervals = fields::object_at(records, TICKER_ORDER, "intervals");
    fields::object_at(intervals, &[], interval.as_str())
}

fn is_given_up(records: &Object) -> bool {
    records
        .get("intervals")
        .and_then(Value::as_object)
        .is_some_and(|intervals| {
            let mut entries = intervals.values().filter_map(Value::as_object);
            entries.all(fields::is_not_found)
        })
}

fn put_block(entry: &mut Object, block: &StorageBlock) -> bool {
    let document = block.document(entry.get("storage"));
    fields::put(entry, INTERVAL_ORDER, "storage", document)
}

/// Moves the newest known row forward to `last_row`, never back.
fn advance(entry: &mut Object, interval: Interval, last_row: i64) -> bool {
    let moment = time::naive(last_row);
    let known = fields::date(entry, "last_data_date");
    if known.is_some_and(|day| day > moment.date()) {
        return false;
    }
    let known_at = read::last_data_at(entry);
    let day = fields::text(moment.date());
    let is_changed = fields::put(entry, INTERVAL_ORDER, "last_data_date", day);
    if !interval.is_intraday() || known_at.is_some_and(|at| at >= moment) {
        return is_changed;
    }
    let stamp = moment.format("%Y-%m-%dT%H:%M:%S%.f").to_string();
    set(entry, INTERVAL_ORDER, "last_data_at", &stamp) || is_changed
}
