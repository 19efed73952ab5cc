//! Whether the entry of one ticker has the shape that reading and recording rely on.

use serde_json::Value;

use crate::document::Object;
use crate::model::Venue;

/// Returns what is wrong with an entry, if something is.
pub(super) fn flaw(entry: &Value) -> Option<String> {
    let Some(entry) = entry.as_object() else {
        return Some("it is not an object".to_owned());
    };
    if let Some(venue) = entry.get("venue")
        && !venue.as_str().is_some_and(is_venue)
    {
        return Some("`venue` is not a venue such as us:yahoo".to_owned());
    }
    flaw_of_intervals(entry).or_else(|| flaw_of_venues(entry))
}

fn flaw_of_intervals(records: &Object) -> Option<String> {
    match records.get("intervals") {
        None => None,
        Some(Value::Object(intervals)) => intervals
            .iter()
            .find(|(_, entry)| !entry.is_object())
            .map(|(interval, _)| format!("interval `{}` is not an object", shown(interval))),
        Some(_) => Some("`intervals` is not an object".to_owned()),
    }
}

fn flaw_of_venues(entry: &Object) -> Option<String> {
    match entry.get("venues") {
        None => None,
        Some(Value::Object(venues)) => venues.iter().find_map(|(venue, records)| {
            let reason = match records.as_object() {
                _ if !is_venue(venue) => "it is not a venue such as us:yahoo".to_owned(),
                None => "it is not an object".to_owned(),
                Some(records) => flaw_of_intervals(records)?,
            };
            Some(format!("at venue `{}`: {reason}", shown(venue)))
        }),
        Some(_) => Some("`venues` is not an object".to_owned()),
    }
}

/// Tells whether the text is a venue in the spelling that barkeep looks it up by.
fn is_venue(text: &str) -> bool {
    text.parse::<Venue>()
        .is_ok_and(|venue| venue.to_string() == text)
}

fn shown(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    start.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({}))]
    #[case(json!({"status": 7, "other": [1], "intervals": {"9h": {"storage": "x"}}}))]
    #[case(json!({"venue": "us:demo", "venues": {"us:stooq": {"intervals": {"1d": {}}}}}))]
    fn what_can_be_worked_with_is_usable(#[case] entry: Value) {
        assert_eq!(flaw(&entry), None);
    }

    #[rstest]
    #[case(json!(null), "it is not an object")]
    #[case(json!([]), "it is not an object")]
    #[case(json!({"intervals": []}), "`intervals` is not an object")]
    #[case(json!({"intervals": null}), "`intervals` is not an object")]
    #[case(json!({"intervals": {"1d": "x"}}), "interval `1d` is not an object")]
    #[case(json!({"venue": 3}), "`venue` is not a venue such as us:yahoo")]
    #[case(json!({"venue": "US:Demo"}), "`venue` is not a venue such as us:yahoo")]
    #[case(json!({"venues": 3}), "`venues` is not an object")]
    #[case(json!({"venues": {"x": {}}}), "at venue `x`: it is not a venue such as us:yahoo")]
    #[case(json!({"venues": {"us:x": 1}}), "at venue `us:x`: it is not an object")]
    #[case(json!({"venues": {"us:x": {"intervals": 1}}}), "at venue `us:x`: `intervals` is not an object")]
    fn what_cannot_be_worked_with_says_why(#[case] entry: Value, #[case] reason: &str) {
        assert_eq!(flaw(&entry).as_deref(), Some(reason));
    }
}
