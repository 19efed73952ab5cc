//! What goes into a group, and what becomes of all that a new file does not hold.
//!
//! Promises: whoever rewrites a file, what its new form cannot hold is in quarantine before the group is committed, and a
//! value that is replaced is in the ledger of the same group (`note`) or, where a series has none, in the file that is kept.
//! Leaves to others: the order of these steps (`sealed`), telling people what was put aside.

use std::path::PathBuf;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::model::{Digest, PartitionKey};
use crate::sys::Rights;

use super::group::NewFile;
use super::{CorruptFiles, Prepared, PreparedFile, Quarantine, QuarantineRecord, StorageError};

/// What becomes of the values that a merge replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// The ledger gets them. A series without a venue has none: its file is kept whole.
    Noted,
    /// The ledger has them since another layout held the series.
    Known,
    /// The ledger gets them. They are of a copy of the series, which another layout holds, or another file.
    Copied,
}

/// Who takes care of what a new file does not hold.
#[derive(Debug)]
pub struct Custody<'q, 'l> {
    /// Where it goes.
    pub quarantine: &'q Quarantine<'l>,
    /// What is done with damaged files.
    pub corrupt_files: CorruptFiles,
    /// What becomes of replaced values.
    pub replaced: Replaced,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was put aside for a series, for the report.
#[derive(Debug, Default)]
pub struct PutAway {
    /// Damaged files, by their partitions.
    pub damaged: Vec<(PartitionKey, QuarantineRecord)>,
    /// Files that are replaced and say more than their successors can hold.
    pub kept: Vec<QuarantineRecord>,
}

impl PutAway {
    /// Returns every case.
    pub fn into_records(self) -> impl Iterator<Item = QuarantineRecord> {
        let damaged = self.damaged.into_iter().map(|(_, record)| record);
        damaged.chain(self.kept)
    }
}

/// A whole new file that is no part of a series, such as tickers.json.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it will stand.
    pub target: PathBuf,
    /// SHA-256 of the file that it replaces; `None` when there is none.
    pub old: Option<Digest>,
    /// SHA-256 of its bytes.
    pub new: Digest,
    /// Its bytes.
    pub bytes: Bytes,
    /// What the files grant that its bytes come from, other than the one that it replaces.
    pub origin: Option<Rights>,
}

impl Document {
    /// Returns a document that replaces `old`.
    pub fn new(target: PathBuf, old: Option<&[u8]>, bytes: Vec<u8>) -> Self {
        let bytes = Bytes::from(bytes);
        Self {
            target,
            old: old.map(Digest::of),
            new: Digest::of(&bytes),
            bytes,
            origin: None,
        }
    }

    /// Returns the document, kept from whomever the file that its bytes come from keeps out.
    #[must_use]
    pub fn from_file(self, origin: Option<Rights>) -> Self {
        Self { origin, ..self }
    }

    pub(super) fn as_new(&self) -> NewFile<'_> {
        NewFile {
            target: &self.target,
            old: self.old,
            new: self.new,
            bytes: &self.bytes,
            origin: self.origin,
        }
    }
}

/// Puts away what a series leaves out: its damaged files, and those that say more than their successors can hold.
pub(super) fn put_aside(
    prepared: &Prepared,
    custody: &Custody<'_, '_>,
    aside: &mut PutAway,
) -> Result<(), StorageError> {
    for damage in &prepared.damaged {
        let quarantine = custody.quarantine;
        quarantine.damaged(damage, custody.corrupt_files, &mut aside.damaged)?;
    }
    for file in &prepared.files {
        let is_unlisted = prepared.request.venue.is_none() && file.change.rows.takes_away();
        if let Some((bytes, reason)) = keepsake(file, is_unlisted) {
            let name = file.target.file_name().unwrap_or_default();
            let (name, request) = (name.to_string_lossy(), Some(&prepared.request));
            let quarantine = custody.quarantine;
            let kept = quarantine.keep(&file.target, &name, bytes, &reason, request)?;
            aside.kept.push(kept);
        }
    }
    Ok(())
}

/// Returns the bytes of a replaced file that has to be kept, and why.
fn keepsake(file: &PreparedFile, is_unlisted: bool) -> Option<(&Bytes, String)> {
    let unlisted = is_unlisted.then(|| "values of it are replaced and no ledger lists them".into());
    let reasons: Vec<String> = file.beyond.iter().cloned().chain(unlisted).collect();
    let bytes = file.replaced.as_ref()?;
    (!reasons.is_empty()).then(|| (bytes, reasons.join("; ")))
}
