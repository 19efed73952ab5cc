//! The vocabulary in JSON documents: a value is its text, a series its venue, ticker and interval.

use std::fmt::Display;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Dataset, Feed, Interval, PartitionKey, Series, Slug, StorageRequest, Ticker, Venue};

/// Writes a value as its text.
///
/// # Errors
/// Those of the serializer.
pub fn as_text<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

macro_rules! texts {
    ($($value:ty),*) => {
        $(impl Serialize for $value {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                as_text(self, serializer)
            }
        })*
    };
}

texts!(Dataset, Feed, Interval, PartitionKey, Slug, Ticker, Venue);

impl Serialize for StorageRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut facts = serializer.serialize_map(None)?;
        facts.serialize_entry("venue", &self.venue)?;
        match &self.series {
            Series::Bars { ticker, interval } => {
                facts.serialize_entry("ticker", ticker)?;
                facts.serialize_entry("interval", interval)?;
            }
            other => facts.serialize_entry("series", &other.to_string())?,
        }
        facts.end()
    }
}
