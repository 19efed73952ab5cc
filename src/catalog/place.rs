//! Where in the entry of a ticker the records of one venue lie, and which venue a ticker is at home at.
//!
//! The predecessor knew one venue and recorded it at the top level. barkeep keeps the ticker's home there
//! (`"venue"`) and every further venue under `"venues"`, in the same shape. Without `"venue"` the top level is the
//! venue of its first storage block that can be followed, else us:yahoo, the one that the predecessor asked.
//! Promises: a home is never guessed from what somebody asks for, so no question moves a ticker to another venue;
//! reading and recording find the same place.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value};

use super::block;
use super::fields::{self, TICKER_ORDER};
use crate::document::Object;
use crate::model::Venue;

/// The venue that the predecessor means when it names none.
const PREDECESSORS: [&str; 2] = ["us", "yahoo"];

/// Tells whether this is the venue that the predecessor means when it names none.
pub(super) fn is_predecessors(venue: &Venue) -> bool {
    [venue.market.as_str(), venue.source.as_str()] == PREDECESSORS
}

/// Returns the venue that the top level of an entry belongs to.
pub(super) fn home(entry: &Object) -> Option<Venue> {
    match named(entry) {
        Some(name) => name.parse().ok(),
        None => by_block(entry, block::venue_of).or_else(|| PREDECESSORS.join(":").parse().ok()),
    }
}

/// Tells whether the top level of an entry is this venue's: `home`, without making a venue for each of many entries.
pub(super) fn is_home(entry: &Object, venue: &Venue) -> bool {
    match named(entry) {
        // Loading refuses other spellings, so the text decides.
        Some(name) => name.split_once(':') == Some((venue.market.as_str(), venue.source.as_str())),
        None => by_block(entry, |block| block::is_of(block, venue))
            .unwrap_or_else(|| is_predecessors(venue)),
    }
}

/// Tells whether an entry records nothing of any venue: then it does not say either whose rows a file holds that names none.
pub(super) fn is_blank(entry: &Object) -> bool {
    let intervals = entry.get("intervals").and_then(Value::as_object);
    named(entry).is_none() && intervals.is_none_or(Map::is_empty) && !fields::is_not_found(entry)
}

fn named(entry: &Object) -> Option<&str> {
    entry.get("venue")?.as_str()
}

/// Returns what the first storage block says that says something.
fn by_block<T>(entry: &Object, says: impl Fn(Option<&Value>) -> Option<T>) -> Option<T> {
    let intervals = entry.get("intervals").and_then(Value::as_object);
    let mut recorded = intervals.into_iter().flat_map(Map::values);
    recorded.find_map(|interval| says(interval.get("storage")))
}

/// Returns every venue that an entry has records of: its home, then the further ones.
pub(super) fn venues(entry: &Object) -> impl Iterator<Item = Venue> {
    let further = further_names(entry).filter_map(|name| name.parse().ok());
    home(entry).into_iter().chain(further)
}

/// Returns every venue that some of many entries have records of; each name is read once.
pub(super) fn venues_of_all<'e>(entries: impl Iterator<Item = &'e Object>) -> BTreeSet<Venue> {
    let (mut names, mut venues) = (HashSet::new(), BTreeSet::new());
    for entry in entries {
        match named(entry) {
            Some(name) => _ = names.insert(name),
            None => venues.extend(home(entry)),
        }
        names.extend(further_names(entry));
    }
    venues.extend(names.into_iter().filter_map(|name| name.parse().ok()));
    venues
}

fn further_names(entry: &Object) -> impl Iterator<Item = &str> {
    let further = entry.get("venues").and_then(Value::as_object);
    further.into_iter().flat_map(Map::keys).map(String::as_str)
}

/// Tells whether an entry has records of further venues.
pub(super) fn has_further(entry: &Object) -> bool {
    let further = entry.get("venues").and_then(Value::as_object);
    further.is_some_and(|further| !further.is_empty())
}

/// Returns the records of a venue; `None` when there are none.
pub(super) fn records<'e>(entry: &'e Object, venue: &Venue) -> Option<&'e Object> {
    if is_home(entry, venue) {
        Some(entry)
    } else {
        further(entry, venue)
    }
}

/// Returns the records of a venue for writing, making what is missing.
pub(super) fn records_mut<'e>(entry: &'e mut Object, venue: &Venue) -> &'e mut Object {
    if !is_home(entry, venue) {
        return further_mut(entry, venue);
    }
    // A home that only a storage block tells would be another one once the block is gone.
    if !entry.contains_key("venue") && !is_predecessors(venue) {
        let home = Value::String(venue.to_string());
        fields::put(entry, TICKER_ORDER, "venue", home);
    }
    entry
}

/// Removes the records of a venue. If it is the home, `heir`, a further one, is the home from now on.
pub(super) fn forget(entry: &mut Object, venue: &Venue, heir: &Venue) {
    let is_home = is_home(entry, venue);
    let gone = if is_home { heir } else { venue };
    let records = further_of(entry).and_then(|venues| venues.shift_remove(&gone.to_string()));
    let is_last = further_of(entry).is_some_and(|venues| venues.is_empty());
    let rest = entry.shift_remove("venues").filter(|_| !is_last);
    if is_home {
        *entry = match records {
            Some(Value::Object(records)) => records,
            _ => Map::new(),
        };
        fields::put(
            entry,
            TICKER_ORDER,
            "venue",
            Value::String(heir.to_string()),
        );
    }
    if let Some(rest) = rest {
        fields::put(entry, TICKER_ORDER, "venues", rest);
    }
}

fn further_of(entry: &mut Object) -> Option<&mut Object> {
    entry.get_mut("venues")?.as_object_mut()
}

/// Returns the records of a venue under `venues`.
fn further<'e>(entry: &'e Object, venue: &Venue) -> Option<&'e Object> {
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
