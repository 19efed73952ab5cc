//! What the log of a table says of its columns, and what of itself.

use serde_json::{Value, json};

use crate::frame::{KindOf, Profile};
use crate::model::Digest;

use super::super::Tree;
use super::super::day_files::INSTRUMENT;
use super::super::refresh::INSTANTS;

/// What a reader has to know: that `date` is a clock on a wall and no instant.
const WALL_CLOCKS: &str = "timestampNtz";
/// What a writer has to know, and no other program does: whoever wrote here, or cleaned up, would do it behind barkeep's back.
const OURS_ALONE: &str = "barkeep";
/// The version from which on readers are told of what they have to know by name.
const READER: u64 = 3;
/// Likewise writers.
const WRITER: u64 = 7;

/// Returns what readers and writers have to know.
pub(super) fn protocol() -> Value {
    json!({
        "minReaderVersion": READER,
        "minWriterVersion": WRITER,
        "readerFeatures": [WALL_CLOCKS],
        "writerFeatures": [WALL_CLOCKS, OURS_ALONE],
    })
}

/// Returns what of a protocol this barkeep does not know; `None` where it knows all of it.
pub(super) fn unknown_in(protocol: &Value) -> Option<String> {
    for (name, known) in [("minReaderVersion", READER), ("minWriterVersion", WRITER)] {
        let version = protocol.get(name).and_then(Value::as_u64).unwrap_or(0);
        if version > known {
            return Some(format!("{name} {version}"));
        }
    }
    let features = ["readerFeatures", "writerFeatures"].into_iter();
    let features = features.filter_map(|name| protocol.get(name)?.as_array());
    let mut features = features.flatten().filter_map(Value::as_str);
    let unknown = features.find(|name| ![WALL_CLOCKS, OURS_ALONE].contains(name));
    unknown.map(|name| format!("the table feature {name}"))
}

/// Returns what the table is: its name, which no move changes, and its columns.
pub(super) fn metadata(tree: &Tree, workspace: &str, profile: &Profile) -> Value {
    let columns = profile.columns.iter();
    let columns = columns.map(|spec| column(spec.name, kind(spec.kind)));
    // The clock of trades shows UTC, so that each has its instant already.
    let instants = profile.owner.map(|_| column(INSTANTS, "timestamp"));
    let columns: Vec<Value> = columns.chain(instants).collect();
    let schema = json!({ "type": "struct", "fields": columns });
    json!({
        "id": name_of(tree, workspace),
        "format": { "provider": "parquet", "options": {} },
        "schemaString": schema.to_string(),
        "partitionColumns": [],
        "configuration": {
            "delta.logRetentionDuration": "interval 24 hours",
            "delta.deletedFileRetentionDuration": "interval 24 hours",
            // Readers make a condition of each column and file: of those that no entry says anything of, too, if not told.
            "delta.dataSkippingStatsColumns": told_of(profile).join(","),
        },
    })
}

/// Returns the columns by which entries tell which files a reader can leave out.
pub(super) fn told_of(profile: &Profile) -> Vec<&'static str> {
    let owner = profile.owner.or_else(|| profile.position(INSTRUMENT));
    let columns = [owner, Some(profile.time)].into_iter();
    let columns = columns.map(|at| Some(profile.columns.get(at?)?.name));
    columns.flatten().collect()
}

fn column(name: &str, kind: &str) -> Value {
    json!({ "name": name, "type": kind, "nullable": true, "metadata": {} })
}

fn kind(kind: KindOf) -> &'static str {
    match kind {
        KindOf::Text => "string",
        KindOf::Int => "long",
        KindOf::Float => "double",
        KindOf::Time => "timestamp_ntz",
        KindOf::Flag => "boolean",
    }
}

/// Returns the name of a table in the form of a UUID, version 8: made of what it is a copy of.
pub(super) fn name_of(tree: &Tree, workspace: &str) -> String {
    let digest = Digest::of(format!("{workspace} {tree}").as_bytes()).to_string();
    let part = |from: usize, to: usize| digest.get(from..to).unwrap_or_default();
    format!(
        "{}-{}-8{}-8{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 15),
        part(15, 18),
        part(18, 30)
    )
}

/// Returns the schema of checkpoints, in Parquet's notation. Files that left are in none: nobody but barkeep removes them.
pub(super) const CHECKPOINT: &str = "message checkpoint {
  optional group protocol {
    required int32 minReaderVersion;
    required int32 minWriterVersion;
    optional group readerFeatures (LIST) { repeated group list { optional binary element (STRING); } }
    optional group writerFeatures (LIST) { repeated group list { optional binary element (STRING); } }
  }
  optional group metaData {
    required binary id (STRING);
    optional binary name (STRING);
    optional binary description (STRING);
    required group format {
      required binary provider (STRING);
      optional group options (MAP) {
        repeated group key_value { required binary key (STRING); optional binary value (STRING); }
      }
    }
    required binary schemaString (STRING);
    optional group partitionColumns (LIST) { repeated group list { optional binary element (STRING); } }
    optional int64 createdTime;
    optional group configuration (MAP) {
      repeated group key_value { required binary key (STRING); optional binary value (STRING); }
    }
  }
  optional group txn {
    required binary appId (STRING);
    required int64 version;
    optional int64 lastUpdated;
  }
  optional group add {
    required binary path (STRING);
    optional group partitionValues (MAP) {
      repeated group key_value { required binary key (STRING); optional binary value (STRING); }
    }
    required int64 size;
    required int64 modificationTime;
    required boolean dataChange;
    optional binary stats (STRING);
  }
  optional group remove {
    required binary path (STRING);
    optional int64 deletionTimestamp;
    required boolean dataChange;
  }
}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dataset, Interval};

    #[test]
    fn what_this_barkeep_writes_it_knows_and_anything_beyond_is_named() {
        assert_eq!(unknown_in(&protocol()), None);
        assert_eq!(
            unknown_in(&json!({ "minReaderVersion": 1, "minWriterVersion": 2 })),
            None
        );
        for (beyond, name) in [
            (json!({ "minReaderVersion": 4 }), "minReaderVersion 4"),
            (json!({ "minWriterVersion": 8 }), "minWriterVersion 8"),
            (
                json!({ "readerFeatures": ["timestampNtz", "deletionVectors"] }),
                "the table feature deletionVectors",
            ),
            (
                json!({ "writerFeatures": ["rowTracking"] }),
                "the table feature rowTracking",
            ),
        ] {
            assert_eq!(unknown_in(&beyond).as_deref(), Some(name));
        }
    }
    #[test]
    fn columns_are_those_of_the_files_and_only_the_instant_has_a_zone() {
        let of_trades = Profile::of_trades(Dataset::Stocks).unwrap();
        let tree = Tree {
            venue: "de:xetra".parse().unwrap(),
            dataset: Dataset::Stocks,
            interval: Some(Interval::M1),
        };

        let table = metadata(&tree, "w", of_trades);

        let schema: Value = serde_json::from_str(table["schemaString"].as_str().unwrap()).unwrap();
        let fields = schema["fields"].as_array().unwrap().iter();
        let columns: Vec<String> = fields
            .map(|field| format!("{} {}", field["name"], field["type"]).replace('"', ""))
            .collect();
        assert_eq!(
            columns,
            [
                "stock string",
                "date timestamp_ntz",
                "open double",
                "high double",
                "low double",
                "close double",
                "volume double",
                "sequence long",
                "trades long",
                "vwap double",
                "utc timestamp"
            ]
        );
        assert_eq!(table["id"].as_str().unwrap().len(), 36);
        assert_ne!(table["id"], metadata(&tree, "other", of_trades)["id"]);
    }
}
