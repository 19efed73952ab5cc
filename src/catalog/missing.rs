//! Rows that the registry knows and the disk has not: after a backup was put back, or a disk was lost.
//!
//! Promises: what is given up is written down once, with its days, and the registry then says what lies there, so that
//! nothing is asked for in vain for ever. Leaves to others: looking at the disk, asking again (`update::plan`).

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::block::{self, Block};
use super::fields::{self, INTERVAL_ORDER};
use super::{Catalog, Unusable};
use crate::document::Object;
use crate::model::{Interval, Ticker, Venue};

const LOST: &str = "lost";
const NEWEST_BYTES: &str = "newest_bytes";

/// Rows of one series that the registry knows and the disk has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The day of the newest row that lies there; `None` when there is none.
    pub left: Option<NaiveDate>,
    /// The day of the newest row that the registry knows.
    pub known: NaiveDate,
}

/// Which rows the registry knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownRows {
    /// None.
    None,
    /// Some, none of which is known to lie in partitions.
    Anywhere,
    /// Some that lie in partitions.
    InPartitions,
}

impl Catalog {
    /// Tells which rows are known of all series together.
    pub fn known_rows(&self) -> KnownRows {
        let mut found = KnownRows::None;
        for records in self.all_records() {
            for interval in intervals(records) {
                if fields::date(interval, "last_data_date").is_none() {
                    continue;
                }
                if matches!(
                    block::read(interval.get("storage")),
                    Block::Partitioned { .. }
                ) {
                    return KnownRows::InPartitions;
                }
                found = KnownRows::Anywhere;
            }
        }
        found
    }

    /// Counts the series of which rows are known.
    pub fn series_with_rows(&self) -> usize {
        let records = self.all_records();
        let of = |interval: &&Object| fields::date(interval, "last_data_date").is_some();
        records.flat_map(intervals).filter(of).count()
    }

    /// Returns how long the file with the newest row was when that row was stored; `None` when nobody wrote it down.
    pub fn newest_bytes(&self, ticker: &Ticker, venue: &Venue, interval: Interval) -> Option<u64> {
        self.interval(ticker, venue, interval)?
            .get(NEWEST_BYTES)?
            .as_u64()
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
        let recorded = entry.map(|entry| entry.get(NEWEST_BYTES).and_then(Value::as_u64));
        if recorded.is_none_or(|recorded| recorded == Some(bytes)) {
            return;
        }
        // Who cannot record it looks into the file once more.
        let _recorded = self.change(ticker, venue, NaiveDate::MIN, |records| {
            let entry = super::record::interval_entry(records, interval);
            fields::put(entry, INTERVAL_ORDER, NEWEST_BYTES, bytes.into())
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
            let entry = super::record::interval_entry(records, interval);
            forget_newest_but(entry, reached);
            // A newest row of days to come was a mistake, and no loss.
            let last = missing.known.min(today);
            note_lost(entry, reached, last, today);
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
            forget_newest_but(super::record::interval_entry(records, interval), left);
            true
        });
    }

    /// Gives up every row that is known: all series are asked for again, whole. Returns how many there were.
    pub fn give_up_rows(&mut self, today: NaiveDate) -> usize {
        let mut given_up = 0;
        for (_, value) in &mut self.document {
            let Some(entry) = value.as_object_mut() else {
                continue;
            };
            given_up += give_up(entry, today);
            let further = entry.get_mut("venues").and_then(Value::as_object_mut);
            for (_, records) in further.into_iter().flatten() {
                given_up += records
                    .as_object_mut()
                    .map_or(0, |records| give_up(records, today));
            }
        }
        self.is_changed |= given_up > 0;
        given_up
    }

    /// Forgets that a history was given up, once a source that keeps it whole has brought it again.
    pub fn forget_given_up(&mut self, ticker: &Ticker, venue: &Venue, interval: Interval) {
        let is_noted = self
            .interval(ticker, venue, interval)
            .is_some_and(|entry| entry.contains_key(LOST));
        if !is_noted {
            return;
        }
        // Who cannot record it knows of a loss too many.
        let _recorded = self.change(ticker, venue, NaiveDate::MIN, |records| {
            let entry = super::record::interval_entry(records, interval);
            let known = entry.get(LOST).and_then(Value::as_array);
            let kept = known.into_iter().flatten();
            let kept: Vec<Value> = kept
                .filter(|lost| !lost["from"].is_null())
                .cloned()
                .collect();
            if kept.is_empty() {
                return entry.shift_remove(LOST).is_some();
            }
            fields::put(entry, INTERVAL_ORDER, LOST, Value::Array(kept))
        });
    }

    /// Returns the records of every usable ticker at every venue.
    fn all_records(&self) -> impl Iterator<Item = &Object> {
        let entries = self.tickers.iter().filter_map(|ticker| self.entry(ticker));
        entries.flat_map(|entry| {
            let further = entry.get("venues").and_then(Value::as_object);
            let further = further.into_iter().flat_map(Map::values);
            std::iter::once(entry).chain(further.filter_map(Value::as_object))
        })
    }
}

fn intervals(records: &Object) -> impl Iterator<Item = &Object> {
    let intervals = records.get("intervals").and_then(Value::as_object);
    let intervals = intervals.into_iter().flat_map(Map::values);
    intervals.filter_map(Value::as_object)
}

fn give_up(records: &mut Object, today: NaiveDate) -> usize {
    let mut given_up = 0;
    let intervals = records.get_mut("intervals").and_then(Value::as_object_mut);
    for (_, interval) in intervals.into_iter().flatten() {
        let Some(entry) = interval.as_object_mut() else {
            continue;
        };
        let Some(known) = fields::date(entry, "last_data_date") else {
            continue;
        };
        forget_newest_but(entry, None);
        fields::put(entry, INTERVAL_ORDER, "refetch", Value::Bool(true));
        note_lost(entry, None, known.min(today), today);
        given_up += 1;
    }
    given_up
}

/// Forgets what is known of the rows after `left`, and what would call them done.
fn forget_newest_but(entry: &mut Object, left: Option<NaiveDate>) {
    for key in ["last_data_at", "mark", "provisional", NEWEST_BYTES] {
        entry.shift_remove(key);
    }
    match left {
        Some(left) => {
            fields::put(entry, INTERVAL_ORDER, "last_data_date", fields::text(left));
        }
        None => {
            entry.shift_remove("last_data_date");
        }
    }
}

/// Writes down that the days after `reached` up to `last` are lost, if there are any.
fn note_lost(entry: &mut Object, reached: Option<NaiveDate>, last: NaiveDate, today: NaiveDate) {
    let first = reached.and_then(|day| day.succ_opt());
    if first.is_some_and(|first| first > last) {
        return;
    }
    let lost = json!({
        "from": first.map(fields::text),
        "to": fields::text(last),
        "noticed": fields::text(today),
    });
    let known = entry.get(LOST).and_then(Value::as_array);
    let mut all: Vec<Value> = known.cloned().unwrap_or_default();
    all.push(lost);
    fields::put(entry, INTERVAL_ORDER, LOST, Value::Array(all));
}
