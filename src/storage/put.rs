//! The one way into a group: a series with everything that it must not lose, and documents.
//!
//! Promises: whoever rewrites a file, what its new form cannot hold is in quarantine before the group is committed, and a
//! value that is replaced is in the ledger of the same group (`note`) or, where a series has none, in the file that is kept.
//! Leaves to others: making the group visible (`commit`), telling people what was put aside.

use std::path::PathBuf;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::model::{Digest, PartitionKey};
use crate::sys::Rights;

use super::commit::NewFile;
use super::staged::{Sealed, StagedRun};
use super::unit::Unit;
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
pub struct Aside {
    /// Damaged files, by their partitions.
    pub damaged: Vec<(PartitionKey, QuarantineRecord)>,
    /// Files that are replaced and say more than their successors can hold.
    pub kept: Vec<QuarantineRecord>,
}

impl Aside {
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

impl StagedRun<'_, Sealed> {
    /// Puts a merge into the group that the next `commit` makes visible, and what it leaves out into quarantine. Damaged
    /// files leave the tree here; beside that, only staging changes. What was put aside is added to `aside`, also when the
    /// series does not join the group after all: whoever calls has to tell it in either case.
    ///
    /// # Errors
    /// The series joins the group whole or not at all. With nothing changed: `Refused` when another merge of this group
    /// writes the same file; an error of a place (`is_of_place`) when one of its files could not be brought to its place, or
    /// an earlier run goes first. Else when the disk refuses or the lock is lost.
    pub fn put(
        &mut self,
        prepared: &Prepared,
        custody: &Custody<'_, '_>,
        aside: &mut Aside,
    ) -> Result<(), StorageError> {
        self.refuse_held(&prepared.request)?;
        // Read before anything changes.
        let keepsakes = self.keepsakes(prepared, custody)?;
        for keepsake in &keepsakes {
            self.probe_file(&keepsake.target)?;
        }
        let targets = prepared.files.iter().map(|file| &file.target);
        for target in targets.clone() {
            self.refuse_listed(target)?;
            self.probe_file(target)?;
        }
        self.refuse_twins(targets)?;
        // First what may fail without a trace: a file that was put away and is then not told would be a loss in silence.
        let files = self.group_len();
        let damaged = aside.damaged.len();
        let joined = self
            .add_all(prepared, &keepsakes)
            .and_then(|()| put_aside(prepared, custody, aside))
            .and_then(|()| {
                let cases = aside.damaged.get(damaged..).unwrap_or_default();
                // Last: what it notes is of a series that has joined.
                self.note(prepared, custody, cases)
            });
        if joined.is_err() {
            self.take_back(files);
        }
        joined
    }

    fn add_all(&mut self, prepared: &Prepared, keepsakes: &[Document]) -> Result<(), StorageError> {
        let unit = Unit::Series(prepared.request.clone());
        for keepsake in keepsakes {
            self.add(&Unit::Document, &keepsake.as_new())?;
        }
        for file in &prepared.files {
            let file = NewFile {
                target: &file.target,
                old: file.old,
                new: file.new,
                bytes: &file.bytes,
                origin: prepared.origin,
            };
            self.add(&unit, &file)?;
        }
        Ok(())
    }

    /// Puts a document into the group. Only staging changes.
    ///
    /// # Errors
    /// When it cannot be written, or could not be brought to its place.
    pub fn put_document(&mut self, document: &Document) -> Result<(), StorageError> {
        self.probe_file(&document.target)?;
        self.add(&Unit::Document, &document.as_new())
    }
}

/// Puts away what a series leaves out: its damaged files, and those that say more than their successors can hold.
fn put_aside(
    prepared: &Prepared,
    custody: &Custody<'_, '_>,
    aside: &mut Aside,
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
