//! Where in the entry of a ticker the records of one venue lie.
//!
//! The predecessor knew one venue and recorded it at the top level. barkeep keeps the ticker's home there
//! (`"venue"`) and every further venue under `"venues"`, in the same shape. Without `"venue"`, a top level
//! that records something is the predecessor's: the venue of its storage block, or us:yahoo. One that
//! records nothing is unclaimed: it answers for any venue, and the first success claims it. Failures of
//! other venues than us:yahoo never go to an unclaimed top level, where the predecessor would believe them.
//! Promises: reading and recording find the same place.

use serde_json::{Map, Value};

use super::block;
use super::fields::{self, TICKER_ORDER};
use crate::document::Object;
use crate::model::Venue;

/// What is about to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Rows came.
    Success,
    /// Anything else.
    Other,
}

/// Tells whether this is the venue that the predecessor means when it names none.
pub(super) fn is_predecessors(venue: &Venue) -> bool {
    venue.market.as_str() == "us" && venue.source.as_str() == "yahoo"
}

/// Tells whether the top level of an entry is this venue's; `None` when nobody has claimed it.
pub(super) fn is_home(entry: &Object, venue: &Venue) -> Option<bool> {
    if let Some(home) = entry.get("venue").and_then(Value::as_str) {
        // Loading refuses other spellings, so the text decides.
        return Some(home.split_once(':') == Some((venue.market.as_str(), venue.source.as_str())));
    }
    let intervals = entry.get("intervals").and_then(Value::as_object);
    let mut recorded = intervals.into_iter().flat_map(Map::values);
    recorded
        .find_map(|interval| block::is_of(interval.get("storage"), venue))
        .or_else(|| {
            let is_used = intervals.is_some_and(|all| !all.is_empty());
            (is_used || fields::is_not_found(entry)).then(|| is_predecessors(venue))
        })
}

/// Returns the records of a venue; `None` when there are none.
pub(super) fn records<'e>(entry: &'e Object, venue: &Venue) -> Option<&'e Object> {
    match is_home(entry, venue) {
        Some(true) => Some(entry),
        Some(false) => further(entry, venue),
        None => further(entry, venue).or(Some(entry)),
    }
}

/// Returns the records of a venue for writing, making and claiming what is missing.
pub(super) fn records_mut<'e>(
    entry: &'e mut Object,
    venue: &Venue,
    outcome: Outcome,
) -> &'e mut Object {
    let is_top = is_home(entry, venue).unwrap_or_else(|| {
        let is_allowed = outcome == Outcome::Success || is_predecessors(venue);
        is_allowed && further(entry, venue).is_none()
    });
    if !is_top {
        return further_mut(entry, venue);
    }
    if !entry.contains_key("venue") && !is_predecessors(venue) {
        let home = Value::String(venue.to_string());
        fields::put(entry, TICKER_ORDER, "venue", home);
    }
    entry
}

/// Tells whether an entry has records of a venue under `venues`.
pub(super) fn further<'e>(entry: &'e Object, venue: &Venue) -> Option<&'e Object> {
    entry.get("venues")?.get(venue.to_string())?.as_object()
}

fn further_mut<'e>(entry: &'e mut Object, venue: &Venue) -> &'e mut Object {
    let venues = fields::object_at(entry, TICKER_ORDER, "venues");
    let name = venue.to_string();
    let is_new = !venues.contains_key(&name);
    let records = fields::object_at(venues, &[], &name);
    if is_new {
        let active = Value::String(fields::ACTIVE.to_owned());
        fields::put(records, TICKER_ORDER, "status", active);
        fields::put(records, TICKER_ORDER, "last_checked", Value::Null);
        let none = Value::Object(Map::new());
        fields::put(records, TICKER_ORDER, "intervals", none);
    }
    records
}
