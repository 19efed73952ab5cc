//! Small pieces of JSON documents that several commands print.

use std::path::PathBuf;

use super::summary::Finished;
use serde_json::{Value, json};

use crate::cli::Shell;
use crate::ingest::DamagedSeries;
use crate::model::{StorageRequest, Ticker};
use crate::storage::QuarantineRecord;

/// Returns what is said of a series behind its venue, ticker and interval.
pub(in crate::cli) fn about(request: &StorageRequest, said: Value) -> Value {
    let mut facts = json!(request);
    if let (Value::Object(facts), Value::Object(said)) = (&mut facts, said) {
        facts.extend(said);
    }
    facts
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
            "refetch": (!finished.asked_for(damaged)).then(|| crate::inventory::refetch(request, *days)),
        }),
    )
}

/// Returns what is said of files, each as a phrase.
pub(in crate::cli) fn of_files(files: &[(PathBuf, String)], shell: &Shell<'_>) -> Vec<Value> {
    let files = files.iter().map(|(path, reason)| {
        let path = shell.shown(path).to_string();
        json!({ "path": path, "reason": reason })
    });
    files.collect()
}

/// Returns what is said of tickers, each as a phrase.
pub(in crate::cli) fn of_tickers(tickers: &[(Ticker, String)]) -> Vec<Value> {
    let tickers = tickers.iter();
    tickers
        .map(|(ticker, reason)| json!({ "ticker": ticker, "reason": reason }))
        .collect()
}

/// Returns something that was put away.
pub(in crate::cli) fn record(record: &QuarantineRecord) -> Value {
    json!({
        "path": record.path.display().to_string(),
        "reason": record.reason,
        "quarantine": record.folder.display().to_string(),
    })
}
