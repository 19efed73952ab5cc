//! What a successful save leaves to record, and its fields.
//!
//! Promises: each function tells whether it changed something, so that a file without news is not written.

use serde_json::Value;

use super::block::StorageBlock;
use super::fields::{self, INTERVAL_ORDER};
use crate::document::Object;
use crate::model::time;

/// What a successful save leaves to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The stamp of the newest row, nanoseconds of wall clock; `None` when the rows lie apart from those that are
    /// known, or what came along is to come again, so that the newest known row must stay where it is.
    pub last_row: Option<i64>,
    /// Where the series lies, if in partitions.
    pub storage: Option<StorageBlock>,
    /// What the source wants to see again at the next download.
    pub mark: Option<String>,
    /// Stamps of stored bars that may still change because their period had not ended.
    pub provisional: Vec<i64>,
    /// The stamp of the newest row that came: what is known of later ones stays.
    pub newest: i64,
    /// Whether the whole history is to be asked for again.
    pub history: Wanted,
}

/// What the next run asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// What follows the newest known row.
    #[default]
    Known,
    /// The whole history, because what is stored was corrected by estimate.
    Whole,
    /// What it would have asked for without this save.
    AsBefore,
}

pub(super) fn put_mark(entry: &mut Object, mark: Option<String>) -> bool {
    mark.is_some_and(|mark| fields::put(entry, INTERVAL_ORDER, "mark", Value::String(mark)))
}

pub(super) fn put_wanted(entry: &mut Object, history: Wanted) -> bool {
    match history {
        Wanted::Whole => fields::put(entry, INTERVAL_ORDER, "refetch", Value::Bool(true)),
        Wanted::AsBefore => false,
        Wanted::Known => entry.shift_remove("refetch").is_some(),
    }
}

/// A series without unfinished bars has no such field.
pub(super) fn put_provisional(entry: &mut Object, stamps: &[i64], newest: i64) -> bool {
    let known = entry.get("provisional").and_then(Value::as_array);
    let later = known.into_iter().flatten().filter_map(|stamp| {
        let stamp = time::parse(stamp.as_str()?)?;
        (stamp > newest).then_some(stamp)
    });
    let mut stamps: Vec<i64> = stamps.iter().copied().chain(later).collect();
    stamps.sort_unstable();
    if stamps.is_empty() {
        return entry.shift_remove("provisional").is_some();
    }
    let text = |stamp| time::naive(stamp).format("%Y-%m-%dT%H:%M:%S").to_string();
    let stamps = stamps.into_iter().map(|stamp| Value::String(text(stamp)));
    fields::put(entry, INTERVAL_ORDER, "provisional", stamps.collect())
}
