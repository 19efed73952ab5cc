//! Reading and setting single fields of an entry, in the predecessor's order.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::document::Object;
use crate::model::time;

/// The order of fields in the entry of a ticker.
pub(super) const TICKER_ORDER: &[&str] = &[
    "ticker",
    "added_date",
    "status",
    "last_checked",
    "venue",
    "identity",
    "identity_before",
    "identity_seen",
    "intervals",
    "venues",
];

/// The order of fields in the entry of an interval.
pub(super) const INTERVAL_ORDER: &[&str] = &[
    "status",
    "last_found_date",
    "last_not_found_date",
    "last_checked",
    "last_data_date",
    "last_data_at",
    "newest_bytes",
    "mark",
    "provisional",
    "refetch",
    "lost",
    "storage",
];

/// The status of what is there.
pub(super) const ACTIVE: &str = "active";
/// The status of what the source does not know.
pub(super) const NOT_FOUND: &str = "not_found";

/// Sets a field and tells whether that changed anything. A new field goes to its place in `order`, a field
/// that is there keeps its own.
pub(super) fn put(object: &mut Object, order: &[&str], key: &str, value: Value) -> bool {
    if let Some(old) = object.get_mut(key) {
        let is_other = *old != value;
        if is_other {
            *old = value;
        }
        return is_other;
    }
    let rank = |name: &str| order.iter().position(|known| *known == name);
    let own = rank(key);
    let earlier = object
        .keys()
        .rposition(|name| own.is_some() && rank(name).is_some_and(|r| Some(r) < own));
    let later = object
        .keys()
        .position(|name| own.is_some() && rank(name) > own);
    let index = earlier.map(|at| at + 1).or(later).unwrap_or(object.len());
    object.shift_insert(index, key.to_owned(), value);
    true
}

/// Returns the object under `key`, making it where it is missing or something else.
#[expect(
    clippy::expect_used,
    reason = "an object was put under the key just before"
)]
pub(super) fn object_at<'o>(object: &'o mut Object, order: &[&str], key: &str) -> &'o mut Object {
    if !object.get(key).is_some_and(Value::is_object) {
        put(object, order, key, Value::Object(Map::new()));
    }
    object
        .get_mut(key)
        .and_then(Value::as_object_mut)
        .expect("the object is there")
}

/// Returns a date as the predecessor writes it.
pub(super) fn text(day: NaiveDate) -> Value {
    Value::String(day.format("%Y-%m-%d").to_string())
}

/// As in `2026-06-01`.
const DATE_LENGTH: usize = 10;

/// Returns the date under `key`; `None` when it is missing or no date.
pub(super) fn date(object: &Object, key: &str) -> Option<NaiveDate> {
    let text = object.get(key)?.as_str()?;
    // The usual form first, without a pattern: a list of all series reads one for each.
    match time::parse(text) {
        Some(stamp) if text.len() == DATE_LENGTH => Some(time::day(stamp)),
        _ => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
    }
}

/// Tells whether the status is exactly `not_found`; anything else counts as usable.
pub(super) fn is_not_found(object: &Object) -> bool {
    object.get("status").and_then(Value::as_str) == Some(NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Object {
        match value {
            Value::Object(object) => object,
            other => panic!("{other} is no object"),
        }
    }

    fn keys(object: &Object) -> Vec<&str> {
        object.keys().map(String::as_str).collect()
    }

    #[test]
    fn a_new_field_goes_to_its_place_and_a_known_one_stays_in_its_own() {
        let mut entry = object(json!({"storage": {}, "mine": 1, "status": "x"}));

        assert!(put(&mut entry, INTERVAL_ORDER, "status", json!("y")));
        assert!(put(&mut entry, INTERVAL_ORDER, "last_checked", json!("z")));
        assert!(!put(&mut entry, INTERVAL_ORDER, "status", json!("y")));

        assert_eq!(keys(&entry), ["storage", "mine", "status", "last_checked"]);
    }

    #[test]
    fn a_first_field_goes_before_those_that_follow_it() {
        let mut entry = object(json!({"mine": 1, "storage": {}}));

        put(&mut entry, INTERVAL_ORDER, "mark", json!("m"));

        assert_eq!(keys(&entry), ["mine", "mark", "storage"]);
    }
}
