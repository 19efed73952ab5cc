//! One version of a table as the entries of its log.
//!
//! Promises: pure. An entry says its whole version, so a reader that begins at any one of them misses nothing; what was
//! there before is marked as no change. Equal versions have equal entries.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{Piece, Tree, Version};
use super::schema::{CHECKPOINT, metadata, protocol, told_of, unknown_in};
use crate::codec::{self, CodecError};
use crate::frame::Profile;
use crate::model::{Digest, time};

/// One version of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'e> {
    pub(super) tree: &'e Tree,
    pub(super) version: &'e Version,
    pub(super) profile: &'static Profile,
}

/// What bytes of a log turn out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// What was written, of a version of these files.
    Whole(BTreeSet<String>),
    /// It was not written by barkeep, or not like this.
    Damaged,
    /// Its table takes something that this barkeep does not know.
    Newer(String),
}

/// Returns the name of the table that an entry is of; `None` where it says none.
pub(super) fn table_in(entry: &[u8]) -> Option<String> {
    let lines = entry.split(|byte| *byte == b'\n');
    let mut lines = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    lines.find_map(|line| Some(line.get("metaData")?.get("id")?.as_str()?.to_owned()))
}

/// Returns the name of the entry of a version.
pub(super) fn commit_name(number: u64) -> String {
    format!("{number:020}.json")
}

/// Returns the name of the checkpoint of a version.
pub(super) fn checkpoint_name(number: u64) -> String {
    format!("{number:020}.checkpoint.parquet")
}

/// Returns the number in the name of an entry or a checkpoint.
pub(super) fn number_in(name: &str) -> Option<u64> {
    let number: u64 = name.split('.').next()?.parse().ok()?;
    [commit_name(number), checkpoint_name(number)]
        .iter()
        .any(|known| known == name)
        .then_some(number)
}

impl Entry<'_> {
    pub(super) fn number(&self) -> u64 {
        self.version.number
    }

    /// Returns the entry, given the version before it: lines of JSON, the first with the digest of the others.
    pub(super) fn commit(self, before: Option<&Version>) -> Vec<u8> {
        let names = |version: &Version| -> BTreeSet<String> {
            version.pieces.iter().map(Piece::file_name).collect()
        };
        let (old, new) = (before.map(names).unwrap_or_default(), names(self.version));
        let made = self.version.made.timestamp_millis();
        let mut lines = self.head();
        for piece in before.into_iter().flat_map(|before| &before.pieces) {
            if !new.contains(&piece.file_name()) {
                lines.push(json!({ "remove": {
                    "path": piece.file_name(),
                    "deletionTimestamp": made,
                    "dataChange": true,
                    "extendedFileMetadata": true,
                    "partitionValues": {},
                    "size": piece.bytes,
                } }));
            }
        }
        let pieces = self.version.pieces.iter();
        lines.extend(pieces.map(|piece| self.add(piece, !old.contains(&piece.file_name()))));
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        let body = lines.join("\n") + "\n";
        let first = json!({ "commitInfo": {
            "timestamp": made,
            "operation": "WRITE",
            "operationParameters": {},
            "engineInfo": "barkeep",
            "sha256": Digest::of(body.as_bytes()).to_string(),
        } });
        format!("{first}\n{body}").into_bytes()
    }

    /// Returns the checkpoint: the same as Parquet.
    pub(super) fn checkpoint(self) -> Result<Vec<u8>, CodecError> {
        let mut records = self.head();
        records.extend(
            self.version
                .pieces
                .iter()
                .map(|piece| self.add(piece, false)),
        );
        codec::encode_records(CHECKPOINT, &records)
    }

    /// Returns what tells readers where the newest checkpoint is.
    pub(super) fn hint(self) -> Vec<u8> {
        let size = self.head().len() + self.version.pieces.len();
        let hint = json!({ "version": self.version.number, "size": size });
        hint.to_string().into_bytes()
    }

    fn head(self) -> Vec<Value> {
        let metadata = metadata(self.tree, &self.version.workspace, self.profile);
        vec![
            json!({ "protocol": protocol() }),
            json!({ "metaData": metadata }),
        ]
    }

    fn add(self, piece: &Piece, is_new: bool) -> Value {
        json!({ "add": {
            "path": piece.file_name(),
            "partitionValues": {},
            "size": piece.bytes,
            "modificationTime": self.version.made.timestamp_millis(),
            "dataChange": is_new,
            "stats": self.statistics(piece).to_string(),
        } })
    }

    /// Returns what lets a reader leave a file out: its range of tickers and of time.
    fn statistics(self, piece: &Piece) -> Value {
        let columns = told_of(self.profile);
        let object = |values: [Value; 2]| {
            let names = columns.iter().map(|name| (*name).to_owned());
            Value::Object(names.zip(values).collect())
        };
        // No row lacks its key; of other columns nobody counted.
        let is_key = |name: &&&str| {
            let at = self.profile.position(name);
            at.is_some_and(|at| self.profile.key.contains(&at))
        };
        let nulls = columns.iter().filter(is_key);
        let nulls = nulls.map(|name| ((*name).to_owned(), json!(0)));
        json!({
            "numRecords": piece.rows,
            "minValues": object([json!(piece.tickers.0), json!(moment(piece.span.0, false))]),
            "maxValues": object([json!(piece.tickers.1), json!(moment(piece.span.1, true))]),
            "nullCount": Value::Object(nulls.collect()),
        })
    }
}

/// Returns a moment as statistics have it, in milliseconds: the last one of a file must not come before its rows.
fn moment(nanos: i64, is_last: bool) -> String {
    const MILLISECOND: i64 = 1_000_000;
    let whole = nanos.saturating_sub(nanos.rem_euclid(MILLISECOND));
    let whole = if is_last && whole < nanos {
        whole.saturating_add(MILLISECOND)
    } else {
        whole
    };
    time::naive(whole)
        .format("%Y-%m-%dT%H:%M:%S%.3f")
        .to_string()
}

/// Tells what the bytes of an entry are.
pub(super) fn judge(bytes: &[u8]) -> Found {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let mut protocols = lines.iter().filter_map(|line| line.get("protocol"));
    if let Some(unknown) = protocols.find_map(unknown_in) {
        return Found::Newer(unknown);
    }
    let body = text.split_once('\n').map_or("", |(_, body)| body);
    let said = lines
        .first()
        .and_then(|line| line.get("commitInfo")?.get("sha256")?.as_str());
    if said != Some(Digest::of(body.as_bytes()).to_string().as_str()) {
        return Found::Damaged;
    }
    let added = lines
        .iter()
        .filter_map(|line| line.get("add")?.get("path")?.as_str());
    Found::Whole(added.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_moment_of_a_file_lies_outside_of_its_statistics() {
        for (nanos, first, last) in [
            (0, "1970-01-01T00:00:00.000", "1970-01-01T00:00:00.000"),
            (1_000, "1970-01-01T00:00:00.000", "1970-01-01T00:00:00.001"),
            (-1, "1969-12-31T23:59:59.999", "1970-01-01T00:00:00.000"),
            (
                1_500_000,
                "1970-01-01T00:00:00.001",
                "1970-01-01T00:00:00.002",
            ),
        ] {
            assert_eq!(moment(nanos, false), first);
            assert_eq!(moment(nanos, true), last);
        }
        assert!(moment(i64::MIN, false).starts_with("1677"));
        assert!(moment(i64::MAX, true).starts_with("2262"));
    }

    #[test]
    fn only_names_of_a_log_have_a_number() {
        assert_eq!(number_in(&commit_name(12)), Some(12));
        assert_eq!(number_in(&checkpoint_name(12)), Some(12));
        for name in [
            "12.json",
            "_last_checkpoint",
            "00000000000000000012.crc",
            ".json",
            "v12",
        ] {
            assert_eq!(number_in(name), None, "{name}");
        }
    }
}
