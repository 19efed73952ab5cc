//! The lines of the journal of proofs.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::plan_change::stamp;
use super::{LegacyStamp, MigrateError, Note};
use crate::model::Fingerprint;

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Record {
    /// Both sides were equal.
    Proven {
        ticker: String,
        at: String,
        legacy: Side,
        partitions: Side,
        /// The legacy file as it was when it was read.
        file: LegacyStamp,
        /// First and last timestamp of the partitions, in nanoseconds.
        span: (i64, i64),
        /// Files of the series, and their bytes.
        files: u64,
        bytes: u64,
        /// Whether the partitions were read from the disk rather than from memory.
        from_disk: bool,
        /// How many milliseconds it took, as its share of its batch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        millis: Option<u64>,
    },
    /// The ticker could not be migrated.
    Failed {
        ticker: String,
        at: String,
        reason: String,
    },
    /// Both sides were read once more, and the legacy file is about to be removed.
    LegacyRemoved { ticker: String, at: String },
    /// The rows went back into the legacy layout; what was proven before counts no longer.
    RolledBack { ticker: String, at: String },
}

/// The fingerprint of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Side {
    rows: u64,
    sha256: String,
}

/// Returns the line of a note.
pub(super) fn record(note: Note, now: DateTime<Utc>) -> Record {
    let side = |print: Fingerprint| Side {
        rows: print.rows,
        sha256: print.digest.to_string(),
    };
    let at = stamp(now);
    match note {
        Note::Proven(ticker, proof) => Record::Proven {
            ticker: ticker.to_string(),
            at: stamp(proof.at),
            legacy: side(proof.legacy),
            partitions: side(proof.partitions),
            file: proof.file,
            span: proof.span,
            files: proof.files,
            bytes: proof.bytes,
            from_disk: proof.from_disk,
            millis: proof.millis,
        },
        Note::Failed(ticker, reason) => Record::Failed {
            ticker: ticker.to_string(),
            at,
            reason,
        },
        Note::LegacyRemoved(ticker) => Record::LegacyRemoved {
            ticker: ticker.to_string(),
            at,
        },
        Note::RolledBack(ticker) => Record::RolledBack {
            ticker: ticker.to_string(),
            at,
        },
    }
}

/// Reads the fingerprint of one side.
pub(super) fn fingerprint(side: &Side, path: &Path) -> Result<Fingerprint, MigrateError> {
    Ok(Fingerprint {
        rows: side.rows,
        digest: parsed(&side.sha256, path)?,
    })
}

/// Reads a value that is kept as text.
pub(super) fn parsed<T: FromStr<Err: fmt::Display>>(
    text: &str,
    path: &Path,
) -> Result<T, MigrateError> {
    text.parse().map_err(|error| MigrateError::Record {
        path: path.to_owned(),
        reason: format!("{text}: {error}"),
    })
}
