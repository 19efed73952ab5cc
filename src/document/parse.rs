//! Strict JSON: one value, no key twice in an object, at most 64 levels.
//!
//! Promises: no input ends in a panic or a stack overflow, and every refusal names its line and column.
//! `serde_json` alone would keep the last of two equal keys and thereby lose the first in silence.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::{Entry, Map};
use serde_json::{Number, Value};

/// How many arrays and objects may lie in one another.
pub const MAX_DEPTH: usize = 64;

/// Why bytes are no document, and where.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) reason: String,
}

/// Parses exactly one value.
pub(super) fn value(bytes: &[u8]) -> Result<Value, Flaw> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Node { depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| flaw(&error))
}

fn flaw(error: &serde_json::Error) -> Flaw {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    Flaw {
        line: error.line(),
        column: error.column(),
        reason: text.strip_suffix(&position).unwrap_or(&text).to_owned(),
    }
}

/// One value at a known depth.
#[derive(Clone, Copy)]
struct Node {
    depth: usize,
}

impl Node {
    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth < MAX_DEPTH {
            Ok(Self {
                depth: self.depth + 1,
            })
        } else {
            Err(E::custom(format_args!("more than {MAX_DEPTH} levels")))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number without a value"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(below)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut object = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            match object.entry(key) {
                Entry::Vacant(place) => {
                    place.insert(access.next_value_seed(below)?);
                }
                Entry::Occupied(place) => return Err(twice(place.key())),
            }
        }
        // Growing leaves half of the room unused, and a registry of thousands of tickers is held for a whole run.
        Ok(Value::Object(object.into_iter().collect()))
    }
}

fn twice<E: serde::de::Error>(key: &str) -> E {
    let shown: String = key.chars().take(40).collect();
    E::custom(format_args!(
        "the key `{}` is there twice",
        shown.escape_debug()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(levels: usize) -> Vec<u8> {
        [vec![b'['; levels], vec![b']'; levels]].concat()
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused_with_its_place() {
        let flaw = value(b"{\n  \"a\": {\"b\": 1,\n  \"b\": 2}}").unwrap_err();

        assert_eq!(flaw.reason, "the key `b` is there twice");
        assert_eq!(flaw.line, 3);
    }

    #[test]
    fn sixty_four_levels_are_read_and_more_are_refused() {
        assert!(value(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(
            value(&nested(MAX_DEPTH + 1)).unwrap_err().reason,
            "more than 64 levels"
        );
        assert_eq!(
            value(&nested(1_000_000)).unwrap_err().reason,
            "more than 64 levels"
        );
    }

    #[test]
    fn what_follows_the_document_is_refused() {
        assert_eq!(value(b"{} {}").unwrap_err().reason, "trailing characters");
    }

    #[test]
    fn a_document_that_ends_early_is_refused_at_its_end() {
        let flaw = value(b"{\"a\": {\"b\"").unwrap_err();

        assert!(flaw.reason.starts_with("EOF"), "{}", flaw.reason);
        assert_eq!((flaw.line, flaw.column), (1, 10));
    }

    #[test]
    fn long_and_hostile_keys_are_shortened_in_the_message() {
        let key = "x\\n".repeat(1000);
        let flaw = value(format!("{{\"{key}\":1,\"{key}\":2}}").as_bytes()).unwrap_err();

        assert!(flaw.reason.len() < 120, "{}", flaw.reason);
        assert!(!flaw.reason.contains('\n'));
    }
}
