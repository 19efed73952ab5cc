//! The file in which it is remembered how a feed was asked: `state/feeds/<market>.<source>/habits.json`.
//!
//! Promises: what cannot be understood is forgotten, which costs requests and no minute.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::source::posttrade::{DailySeen, Habits};

/// Returns the text of the file.
pub(super) fn text(habits: &Habits) -> String {
    let dailies = habits.dailies.iter().map(|(day, seen)| {
        let seen = json!({ "seen_at": stamp(seen.at), "is_whole": seen.is_whole });
        (day.to_string(), seen)
    });
    let document = json!({
        "asked": habits.asked.iter().copied().map(stamp).collect::<Vec<_>>(),
        "dailies": dailies.collect::<Map<_, _>>(),
        "days_kept": habits.days_kept,
    });
    format!("{document}\n")
}

fn stamp(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Reads the text of a file.
pub(super) fn parse(bytes: &[u8]) -> Habits {
    let document: Option<Value> = serde_json::from_slice(bytes).ok();
    document.as_ref().and_then(habits).unwrap_or_default()
}

fn habits(document: &Value) -> Option<Habits> {
    let asked = document.get("asked")?.as_array()?.iter().map(moment);
    let asked = asked.collect::<Option<Vec<_>>>()?;
    let mut dailies = BTreeMap::new();
    for (day, seen) in document
        .get("dailies")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let seen = DailySeen {
            at: moment(seen.get("seen_at")?)?,
            is_whole: seen.get("is_whole").and_then(Value::as_bool),
        };
        dailies.insert(day.parse().ok()?, seen);
    }
    let days_kept = document.get("days_kept").and_then(Value::as_u64);
    Some(Habits {
        asked,
        dailies,
        days_kept: days_kept.and_then(|days| u32::try_from(days).ok()),
    })
}

fn moment(value: &Value) -> Option<DateTime<Utc>> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_read_back_and_what_is_cut_has_none() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let mut habits = Habits {
            days_kept: Some(1),
            ..Habits::default()
        };
        habits.note_asked(at("2026-09-17T20:00:00Z"));
        habits.note_asked(at("2026-09-18T20:00:03Z"));
        let day = "2026-09-17".parse().unwrap();
        habits.note_listed(day, at("2026-09-18T20:00:03Z"));
        habits.note_judged(day, true);
        let text = text(&habits);

        assert_eq!(parse(text.as_bytes()), habits);
        for end in 0..text.trim_end().len() {
            assert_eq!(parse(&text.as_bytes()[..end]), Habits::default(), "{end}");
        }
    }
}
