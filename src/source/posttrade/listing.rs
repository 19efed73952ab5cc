//! The listing of a feed: which files it has now.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use serde_json::Value;

use super::FileName;
use crate::model::Feed;

/// What a feed has now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files.
    pub files: BTreeSet<FileName>,
    /// Names that are none of this feed's, as they were sent.
    pub unknown: Vec<String>,
    /// How many days the feed says that it keeps.
    pub days_kept: Option<u32>,
    /// When the listing was made, UTC.
    pub generated: Option<NaiveDateTime>,
    /// How many files the listing says that it has, where that is another number than it has.
    pub counted: Option<u64>,
}

impl Listing {
    /// Reads a listing in the form of either year.
    ///
    /// # Errors
    /// What was seen in its place.
    pub fn parse(body: &[u8], feed: &Feed) -> Result<Self, String> {
        let document: Value =
            serde_json::from_slice(body).map_err(|error| format!("it is no JSON: {error}"))?;
        let names = document
            .get("CurrentFiles")
            .ok_or("it has no `CurrentFiles`")?
            .as_array()
            .ok_or("its `CurrentFiles` are no list")?;
        let text = |key: &str| document.get(key).and_then(Value::as_str);
        let prefix = text("SourcePrefix").unwrap_or_default();
        let mut listing = Self {
            days_kept: number(document.get("DaysToKeepOnWebpage"))
                .and_then(|days| u32::try_from(days).ok()),
            generated: text("GenerationDatetime").and_then(moment),
            ..Self::default()
        };
        for name in names {
            let name = name
                .as_str()
                .ok_or("a name of its `CurrentFiles` is no text")?;
            match FileName::listed(name, feed, prefix) {
                Ok(name) => {
                    listing.files.insert(name);
                }
                Err(_) => listing.unknown.push(name.to_owned()),
            }
        }
        let has = u64::try_from(names.len()).ok();
        listing.counted = number(document.get("FileCount")).filter(|count| Some(*count) != has);
        Ok(listing)
    }
}

/// Reads a number that is written as one, or as text as in 2025.
fn number(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    }
}

/// Reads `2025-11-02 15:06:17.876 UTC`.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let text = text.strip_suffix(" UTC")?;
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<Listing, String> {
        Listing::parse(body.as_bytes(), &"DETR".parse().unwrap())
    }

    #[test]
    fn listings_of_both_years_say_the_same() {
        let of_2025 = parsed(
            r#"{"SourcePrefix":"DETR-posttrade-2025-11-02","DaysToKeepOnWebpage":"1","FileCount":"2",
            "GenerationDatetime":"2025-11-02 15:06:17.876 UTC","CurrentFiles":[
            "DETR-posttrade-2025-11-02-2025-10-31T22_00.json.gz","DETR-posttrade-2025-11-02-2025-10-31T21_59.json.gz"]}"#,
        );
        let of_2026 = parsed(
            r#"{"SourcePrefix":"DETR-posttrade","DaysToKeepOnWebpage":1,"FileCount":2,
            "GenerationDatetime":"2025-11-02 15:06:17.876 UTC","CurrentFiles":[
            "DETR-posttrade-2025-10-31T22_00.json.gz","DETR-posttrade-2025-10-31T21_59.json.gz"]}"#,
        );
        let bare = parsed(
            r#"{"SourcePrefix":"","DaysToKeepOnWebpage":"1","FileCount":"2",
            "GenerationDatetime":"2025-11-02 15:06:17.876 UTC",
            "CurrentFiles":["-2025-10-31T22_00.json.gz","-2025-10-31T21_59.json.gz"]}"#,
        );

        let listing = of_2026.unwrap();
        assert_eq!(of_2025.unwrap(), listing);
        assert_eq!(bare.unwrap(), listing);
        assert_eq!(listing.files.len(), 2);
        assert_eq!((listing.days_kept, listing.counted), (Some(1), None));
        assert_eq!(
            listing.generated.unwrap().to_string(),
            "2025-11-02 15:06:17.876"
        );
    }

    #[test]
    fn what_is_not_understood_of_a_listing_is_named_and_the_rest_is_taken() {
        let listing = parsed(
            r#"{"FileCount":7,"CurrentFiles":["DETR-posttrade-daily-2026-09-18.json.gz","DETR-pretrade-x"]}"#,
        )
        .unwrap();

        assert_eq!(listing.files.len(), 1);
        assert_eq!(listing.unknown, ["DETR-pretrade-x"]);
        assert_eq!(listing.counted, Some(7));
        assert_eq!((listing.days_kept, listing.generated), (None, None));
    }

    #[test]
    fn what_is_no_listing_is_refused_and_an_empty_one_is_none() {
        for body in [
            "",
            "<html>",
            "[]",
            "null",
            r#"{"files":[]}"#,
            r#"{"CurrentFiles":{}}"#,
            r#"{"CurrentFiles":[1]}"#,
        ] {
            assert!(parsed(body).is_err(), "{body}");
        }
        assert_eq!(parsed(r#"{"CurrentFiles":[]}"#), Ok(Listing::default()));
    }
}
