//! Rows that the registry knows and the disk has not: after a backup was put back, or a disk was lost.
//!
//! Promises: what is given up is written down once, with its days, and the registry then says what lies there, so that
//! nothing is asked for in vain for ever. Leaves to others: looking at the disk, asking again (`update::plan`).

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::block::{self, Block};
use super::fields::{self, INTERVAL_ORDER};
use crate::document::Object;

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

/// Tells which rows are known of all series together.
pub(super) fn known_rows<'r>(records: impl Iterator<Item = &'r Object>) -> KnownRows {
    let mut found = KnownRows::None;
    for interval in records.flat_map(intervals) {
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
    found
}

/// Returns how long the file with the newest row was when that row was stored.
pub(super) fn newest_bytes(entry: &Object) -> Option<u64> {
    entry.get(NEWEST_BYTES)?.as_u64()
}

/// Notes how long the file with the newest row is.
pub(super) fn put_newest_bytes(entry: &mut Object, bytes: u64) -> bool {
    fields::put(entry, INTERVAL_ORDER, NEWEST_BYTES, bytes.into())
}

/// Notes that rows are gone for good: those up to `reached` are known, and the days after it lost.
pub(super) fn put_lost(
    entry: &mut Object,
    missing: Missing,
    reached: Option<NaiveDate>,
    today: NaiveDate,
) {
    forget_newest_but(entry, reached);
    // A newest row of days to come was a mistake, and no loss.
    let last = missing.known.min(today);
    note_lost(entry, reached, last, today);
}

/// Returns the days that are noted as lost, as closed spans; without a first day all up to the last.
pub(super) fn lost(entry: &Object) -> Vec<(Option<NaiveDate>, NaiveDate)> {
    let noted = entry.get(LOST).and_then(Value::as_array);
    let objects = noted.into_iter().flatten().filter_map(Value::as_object);
    objects
        .filter_map(|one| Some((fields::date(one, "from"), fields::date(one, "to")?)))
        .collect()
}

/// Tells whether days of a series are noted as lost.
pub(super) fn has_lost(entry: &Object) -> bool {
    entry.contains_key(LOST)
}

/// Forgets that a history was given up.
pub(super) fn forget_given_up(entry: &mut Object) -> bool {
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
}

/// Gives up every row that is known of a ticker, at every venue. Returns of how many series.
pub(super) fn give_up_all(entry: &mut Object, today: NaiveDate) -> usize {
    let mut given_up = give_up(entry, today);
    let further = entry.get_mut("venues").and_then(Value::as_object_mut);
    for (_, records) in further.into_iter().flatten() {
        given_up += records
            .as_object_mut()
            .map_or(0, |records| give_up(records, today));
    }
    given_up
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
pub(super) fn forget_newest_but(entry: &mut Object, left: Option<NaiveDate>) {
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
