//! JSON answers that somebody saved: those of Alpha Vantage and Polygon.
//!
//! Promises: an answer is recognised by the keys under which its rows lie; any other is refused with the keys that it has.
//! Its values are read as those of a text of lines are. Leaves to others: the two forms (`alpha_vantage`, `polygon`).

use serde_json::{Map, Value};

use super::number::{Numbers, Point, Scale};
use super::sheet::Sheet;
use super::spec::FilesSpec;
use super::{alpha_vantage, polygon};

/// How many bytes of memory a byte of JSON may take once it is parsed: a list of zeros takes sixteen.
const MEMORY_OF_BYTE: u64 = 24;

/// An answer whose rows may take so many bytes.
#[derive(Debug)]
pub(super) struct Saved<'s> {
    /// Its keys.
    pub(super) answer: &'s Map<String, Value>,
    /// The settings.
    pub(super) spec: &'s FilesSpec,
    /// How many bytes its rows may take.
    pub(super) most_bytes: u64,
}

impl Saved<'_> {
    /// Returns how its numbers are read.
    pub(super) fn numbers(&self) -> Numbers<'_> {
        let scale = self.spec.scale.map_or(Scale::One, Scale::by);
        Numbers::new(Point::Dot, scale, self.spec)
    }
}

/// Tells whether a text is JSON.
pub(super) fn is_json(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{")
}

/// Reads a saved answer. The error is the reason why it cannot be.
pub(super) fn read(text: &[u8], spec: &FilesSpec, most_bytes: u64) -> Result<Sheet, String> {
    let taken = (text.len() as u64).saturating_mul(MEMORY_OF_BYTE);
    let most_bytes = most_bytes
        .checked_sub(taken)
        .ok_or("as JSON it would take more memory than a file may (max_file_memory)")?;
    let answer: Map<String, Value> = serde_json::from_slice(text).map_err(|error| {
        if error.is_eof() {
            "it is JSON that ends too early: none of it is taken before it is whole".to_owned()
        } else {
            format!("it begins as JSON and is none ({error})")
        }
    })?;
    let saved = Saved {
        answer: &answer,
        spec,
        most_bytes,
    };
    let forms = [alpha_vantage::read, polygon::read];
    forms
        .into_iter()
        .find_map(|form| form(&saved))
        .unwrap_or_else(|| {
            let keys: Vec<&str> = answer.keys().take(5).map(String::as_str).collect();
            let keys = keys.join("`, `").escape_debug().to_string();
            Err(format!(
                "it is JSON without bars in a known form; it has `{keys}`"
            ))
        })
}

/// Returns the text of a value that is a number or a text; of null, none.
pub(super) fn cell(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null => Some(String::new()),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str, most: u64) -> String {
        read(text.as_bytes(), &FilesSpec::of("x".into()), most).unwrap_err()
    }

    #[test]
    fn what_holds_no_bars_is_refused_with_its_keys() {
        let note = r#"{"Note": "our standard call frequency is 5 calls per minute"}"#;
        let splits =
            r#"{"results": [{"execution_date": "2022-07-18", "split_from": 1, "split_to": 20}]}"#;

        assert!(reason(note, 1 << 20).contains("`Note`"));
        assert!(reason(splits, 1 << 20).contains("`results`"));
        assert!(reason("{]", 1 << 20).contains("is none"));
    }

    #[test]
    fn an_answer_that_is_cut_or_large_is_refused() {
        assert!(reason(r#"{"ticker": "A", "resu"#, 1 << 20).contains("before it is whole"));
        assert!(reason(r#"{"ticker": "A"}"#, 100).contains("max_file_memory"));
    }
}
