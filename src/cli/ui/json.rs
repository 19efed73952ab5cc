//! Small pieces of JSON documents that several commands print.

use serde_json::{Map, Value, json};

use super::summary::Finished;
use crate::ingest::{DamagedSeries, Unserved};
use crate::model::{Series, StorageRequest, Ticker};
use crate::storage::QuarantineRecord;

/// Returns an event that is about a series, and one fact of it.
pub(in crate::cli) fn event(name: &str, request: &StorageRequest, fact: (&str, Value)) -> Value {
    let mut event = Map::new();
    event.insert("event".to_owned(), json!(name));
    event.extend(series(request));
    event.insert(fact.0.to_owned(), fact.1);
    Value::Object(event)
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

/// Returns what is said of a series behind its venue, ticker and interval.
pub(in crate::cli) fn about(request: &StorageRequest, said: Value) -> Value {
    let mut facts = series(request);
    if let Value::Object(said) = said {
        facts.extend(said);
    }
    Value::Object(facts)
}

/// Returns a damaged file that was put away.
pub(in crate::cli) fn damaged(damaged: &DamagedSeries, finished: &Finished) -> Value {
    let DamagedSeries {
        request,
        partition,
        days,
        record,
    } = damaged;
    about(
        request,
        json!({
            "partition": partition,
            "path": record.path.display().to_string(),
            "reason": record.reason,
            "quarantine": record.folder.display().to_string(),
            "refetch": (!finished.asked_for(damaged)).then(|| super::troubles::refetch(request, *days)),
        }),
    )
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
pub(in crate::cli) fn record(record: &QuarantineRecord) -> Value {
    json!({
        "path": record.path.display().to_string(),
        "reason": record.reason,
        "quarantine": record.folder.display().to_string(),
    })
}
