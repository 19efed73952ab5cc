//! Small pieces of JSON documents that several commands print.

use serde_json::{Map, Value, json};

use crate::ingest::{DamagedSeries, Unserved};
use crate::model::{Series, StorageRequest, Ticker};
use crate::storage::QuarantineRecord;

/// Returns an event that is about a series, for more to be added.
pub(in crate::cli) fn event(name: &str, request: &StorageRequest) -> Map<String, Value> {
    let mut event = Map::new();
    event.insert("event".to_owned(), json!(name));
    event.extend(series(request));
    event
}

/// Returns venue, ticker and interval of a series, as far as it has them.
pub(in crate::cli) fn series(request: &StorageRequest) -> Map<String, Value> {
    let mut facts = Map::new();
    let venue = request.venue.as_ref().map(ToString::to_string);
    facts.insert("venue".to_owned(), json!(venue));
    match &request.series {
        Series::Bars { ticker, interval } => {
            facts.insert("ticker".to_owned(), json!(ticker.as_str()));
            facts.insert("interval".to_owned(), json!(interval.as_str()));
        }
        other => {
            facts.insert("series".to_owned(), json!(other.to_string()));
        }
    }
    facts
}

/// Returns a damaged file that was put away.
pub(in crate::cli) fn damaged(damaged: &DamagedSeries) -> Value {
    let mut facts = series(&damaged.request);
    facts.insert("partition".to_owned(), json!(damaged.partition));
    facts.extend(record(&damaged.record));
    facts.insert(
        "refetch".to_owned(),
        json!(super::troubles::refetch(&damaged.request, damaged.days)),
    );
    Value::Object(facts)
}

/// Returns tickers that nobody could be asked for.
pub(in crate::cli) fn unserved(unserved: &Unserved) -> Value {
    let tickers: Vec<&str> = unserved.tickers.iter().map(Ticker::as_str).collect();
    json!({
        "venue": unserved.venue.to_string(),
        "tickers": tickers,
        "reason": unserved.reason,
    })
}

/// Returns something that was put away.
pub(in crate::cli) fn record(record: &QuarantineRecord) -> Map<String, Value> {
    let mut facts = Map::new();
    facts.insert("path".to_owned(), json!(record.path.display().to_string()));
    facts.insert("reason".to_owned(), json!(record.reason));
    facts.insert(
        "quarantine".to_owned(),
        json!(record.folder.display().to_string()),
    );
    facts
}
