//! Who a ticker is at a venue, as recorded with its first rows.
//!
//! Promises: a recorded identity is completed and never replaced, unless a person accepts the one that was seen.

use serde_json::{Map, Value};

use super::fields::{self, TICKER_ORDER};
use crate::document::Object;
use crate::model::Identity;

const KNOWN: &str = "identity";
const SEEN: &str = "identity_seen";

/// Returns who a ticker is by its records; `None` when nothing is recorded.
pub(super) fn known(records: &Object) -> Option<Identity> {
    read(records, KNOWN)
}

/// Returns who the source said that a ticker is, where that contradicts what is known.
pub(super) fn seen(records: &Object) -> Option<Identity> {
    read(records, SEEN)
}

/// Completes what is known, and forgets what was seen.
pub(super) fn complete(records: &mut Object, identity: &Identity) -> bool {
    let known = known(records).unwrap_or_default();
    let is_forgotten = records.shift_remove(SEEN).is_some();
    put(records, KNOWN, &known.completed_by(identity)) || is_forgotten
}

/// Notes what was seen, for a person to decide.
pub(super) fn put_seen(records: &mut Object, seen: &Identity) -> bool {
    put(records, SEEN, seen)
}

/// Takes what was seen for what is known.
pub(super) fn accept(records: &mut Object, seen: &Identity) -> bool {
    records.shift_remove(SEEN);
    put(records, KNOWN, seen)
}

fn read(records: &Object, key: &str) -> Option<Identity> {
    let known = records.get(key)?.as_object()?;
    let text = |name: &str| known.get(name)?.as_str().map(str::to_owned);
    Some(Identity::from_fields(text))
}

fn put(records: &mut Object, key: &str, identity: &Identity) -> bool {
    let known = identity.fields().into_iter();
    let known: Map<String, Value> = known
        .filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))))
        .collect();
    fields::put(records, TICKER_ORDER, key, Value::Object(known))
}
