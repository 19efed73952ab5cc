//! Who a ticker is at a venue, as recorded with its first rows.
//!
//! Promises: a recorded identity is completed, and replaced only by a move of the same security or on a person's word.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::fields::{self, TICKER_ORDER};
use crate::document::Object;
use crate::model::Identity;

const KNOWN: &str = "identity";
const SEEN: &str = "identity_seen";
const BEFORE: &str = "identity_before";

/// What a source says of who a ticker is.
#[derive(Clone, Copy, Debug)]
pub enum ToldIdentity<'i> {
    /// Who it is known to be, or nobody was known.
    Known(&'i Identity),
    /// The same security, as something else than before.
    Moved(&'i Identity),
    /// Another security.
    Another(&'i Identity),
}

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

/// Replaces what is known, and keeps that beside it with the day.
pub(super) fn move_to(records: &mut Object, identity: &Identity, today: NaiveDate) -> bool {
    let known = known(records).unwrap_or_default();
    records.shift_remove(SEEN);
    keep_before(records, &known, today) | put(records, KNOWN, &identity.completed_by(&known))
}

/// Takes what was seen for what is known, and keeps that beside it with the day.
pub(super) fn accept(records: &mut Object, seen: &Identity, today: NaiveDate) -> bool {
    records.shift_remove(SEEN);
    let is_kept = known(records).is_some_and(|known| keep_before(records, &known, today));
    put(records, KNOWN, seen) || is_kept
}

fn keep_before(records: &mut Object, known: &Identity, today: NaiveDate) -> bool {
    let mut before = object(known);
    before.insert("until".to_owned(), Value::String(today.to_string()));
    let earlier = records.get(BEFORE).and_then(Value::as_array);
    let mut all = earlier.cloned().unwrap_or_default();
    all.push(Value::Object(before));
    fields::put(records, TICKER_ORDER, BEFORE, Value::Array(all))
}

/// Returns the first day of trading of who a ticker is, where it was another one before: what is older is of that one.
pub(super) fn first_of_another(records: &Object) -> Option<NaiveDate> {
    let first = known(records)?.first_trade?;
    let before = records.get(BEFORE)?.as_array()?;
    let day = |one: &Value| -> Option<NaiveDate> { one.get("first_trade")?.as_str()?.parse().ok() };
    let mut firsts = before.iter().filter_map(day);
    firsts.any(|one| one != first).then_some(first)
}

fn read(records: &Object, key: &str) -> Option<Identity> {
    let known = records.get(key)?.as_object()?;
    let text = |name: &str| known.get(name)?.as_str().map(str::to_owned);
    Some(Identity::from_fields(text))
}

fn put(records: &mut Object, key: &str, identity: &Identity) -> bool {
    fields::put(records, TICKER_ORDER, key, Value::Object(object(identity)))
}

fn object(identity: &Identity) -> Map<String, Value> {
    let fields = identity.fields().into_iter();
    fields
        .filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))))
        .collect()
}
