//! The `storage` block of an interval: where a series was put.
//!
//! Promises: read as the predecessor reads it (only `mode` = `partitioned` counts), but a partitioned block
//! that names no venue is damaged where the predecessor silently looked into the legacy layout.
//! Written with seven keys in the predecessor's order; keys that barkeep does not know follow them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::document::Object;
use crate::model::{Dataset, Venue};

/// What an interval records about the place of its series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Nothing, or another layout than the partitioned one.
    Absent,
    /// The partitions of a venue.
    Partitioned {
        /// The venue.
        venue: Venue,
    },
    /// Something that cannot be followed.
    Damaged,
}

/// The partitioned place of a series, to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageBlock {
    /// The venue whose tree holds it.
    pub venue: Venue,
    /// The dataset.
    pub dataset: Dataset,
    /// When a migration verified it; `None` keeps what an earlier block of the same venue says.
    pub verified_at: Option<DateTime<Utc>>,
}

impl StorageBlock {
    /// Returns the block of bars that were saved in the partitions of a venue.
    pub fn of(venue: Venue) -> Self {
        Self {
            venue,
            dataset: Dataset::Stocks,
            verified_at: None,
        }
    }

    /// Returns the JSON of the block, which replaces `existing`.
    pub(super) fn document(&self, existing: Option<&Value>) -> Value {
        let same_venue = existing
            .filter(|old| {
                read(Some(old))
                    == Block::Partitioned {
                        venue: self.venue.clone(),
                    }
            })
            .and_then(Value::as_object);
        let verified_at = match self.verified_at {
            Some(moment) => Value::String(moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
            None => same_venue
                .and_then(|old| old.get("verified_at"))
                .cloned()
                .unwrap_or_default(),
        };
        let mut block = Map::new();
        let mut put = |key: &str, value: String| block.insert(key.to_owned(), Value::String(value));
        put("mode", "partitioned".to_owned());
        put("venue", self.venue.to_string());
        put("market", self.venue.market.to_string());
        put("source", self.venue.source.to_string());
        put("dataset", self.dataset.to_string());
        put("root", "data".to_owned());
        block.insert("verified_at".to_owned(), verified_at);
        for (key, value) in existing.and_then(Value::as_object).into_iter().flatten() {
            if !block.contains_key(key) {
                block.insert(key.clone(), value.clone());
            }
        }
        Value::Object(block)
    }
}

/// Reads the block of an interval's entry.
pub(super) fn read(block: Option<&Value>) -> Block {
    let block = match block {
        None | Some(Value::Null) => return Block::Absent,
        Some(Value::Object(block)) => block,
        Some(_) => return Block::Damaged,
    };
    if block.get("mode").and_then(Value::as_str) != Some("partitioned") {
        return Block::Absent;
    }
    match venue(block) {
        Some(venue) => Block::Partitioned { venue },
        None => Block::Damaged,
    }
}

/// Tells whether a block is one of this venue; `None` when it names no venue that can be followed.
pub(super) fn is_of(block: Option<&Value>, venue: &Venue) -> Option<bool> {
    let text = |key: &str| block?.get(key)?.as_str();
    // Registries have a block for each of 100,000 series, nearly all spelled as barkeep spells them.
    let is_plainly_so = text("mode") == Some("partitioned")
        && text("market") == Some(venue.market.as_str())
        && text("source") == Some(venue.source.as_str());
    if is_plainly_so {
        return Some(true);
    }
    venue_of(block).map(|other| other == *venue)
}

/// Returns the venue whose partitions a block names; `None` when it names none that can be followed.
pub(super) fn venue_of(block: Option<&Value>) -> Option<Venue> {
    match read(block) {
        Block::Partitioned { venue } => Some(venue),
        Block::Absent | Block::Damaged => None,
    }
}

fn venue(block: &Object) -> Option<Venue> {
    Some(Venue {
        market: block.get("market")?.as_str()?.parse().ok()?,
        source: block.get("source")?.as_str()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn yahoo() -> Venue {
        "us:yahoo".parse().unwrap()
    }

    #[rstest]
    #[case(json!(null), Block::Absent)]
    #[case(json!({}), Block::Absent)]
    #[case(json!({"mode": "legacy", "market": "us", "source": "yahoo"}), Block::Absent)]
    #[case(json!({"backend": "partitioned", "market": "us", "source": "yahoo"}), Block::Absent)]
    #[case(json!({"mode": "partitioned", "market": " US", "source": "Yahoo"}), Block::Partitioned { venue: yahoo() })]
    #[case(json!({"mode": "partitioned", "venue": "us:yahoo"}), Block::Damaged)]
    #[case(json!({"mode": "partitioned", "market": "us"}), Block::Damaged)]
    #[case(json!({"mode": "partitioned", "market": "../..", "source": "x"}), Block::Damaged)]
    #[case(json!("partitioned"), Block::Damaged)]
    fn only_a_partitioned_block_with_a_venue_can_be_followed(
        #[case] block: Value,
        #[case] expected: Block,
    ) {
        assert_eq!(read(Some(&block)), expected);
    }

    #[test]
    fn the_seven_keys_come_in_order_and_unknown_ones_after_them() {
        let four = json!({"mine": 1, "mode": "partitioned", "market": "us", "source": "yahoo", "dataset": "stocks"});

        let block = StorageBlock::of(yahoo()).document(Some(&four));

        assert_eq!(
            block.to_string(),
            r#"{"mode":"partitioned","venue":"us:yahoo","market":"us","source":"yahoo","dataset":"stocks","root":"data","verified_at":null,"mine":1}"#
        );
    }

    #[test]
    fn a_verification_survives_at_its_own_venue_only() {
        let stamp = "2025-11-02T08:15:00Z";
        let verified = StorageBlock {
            verified_at: stamp.parse().ok(),
            ..StorageBlock::of(yahoo())
        }
        .document(None);

        let same = StorageBlock::of(yahoo()).document(Some(&verified));
        let other = StorageBlock::of("us:stooq".parse().unwrap()).document(Some(&verified));

        assert_eq!(same["verified_at"], stamp);
        assert_eq!(other["verified_at"], Value::Null);
    }
}
