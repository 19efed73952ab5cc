//! The journal of proofs: which tickers were found equal on both sides, and what became of their legacy files.
//!
//! Promises: append-only (`batches`); a record is whole or refused. This is what a migration resumes from, and the only
//! thing that says "verified": the plan, which people edit, says how far somebody believes to be.
//! Form: `state/migration/<market>-<source>-stocks_<interval>/<number>.jsonl`, see `docs/migration.md`.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::batches::Batches;
use super::record::{Record, fingerprint, parsed, record};
use super::{MigrateError, Mover, VenueInterval};
use crate::layout::Places;
use crate::model::{Fingerprint, Ticker};
use crate::sys::{Fs, Kind, Meta};

/// A legacy file, as far as is needed to see that it has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegacyStamp {
    /// Its length.
    pub bytes: u64,
    /// The time of its last change, in nanoseconds since 1970.
    pub modified_nanos: i64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl LegacyStamp {
    /// Tells whether a file looks as it did then.
    pub fn fits(&self, meta: &Meta) -> bool {
        meta.kind == Kind::File
            && self.bytes == meta.len
            && self.modified_nanos == meta.modified_nanos
    }
}

/// That both sides of a ticker were equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// When.
    pub at: DateTime<Utc>,
    /// The rows of the legacy file that have a place.
    pub legacy: Fingerprint,
    /// The rows of the partitions: the same, and those that were kept beside them if the user asked for that.
    pub partitions: Fingerprint,
    /// The legacy file.
    pub file: LegacyStamp,
    /// First and last timestamp of the partitions, in nanoseconds.
    pub span: (i64, i64),
    /// Files of the series.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether the partitions were read from the disk rather than from memory.
    pub from_disk: bool,
    /// How many milliseconds the ticker took, as its share of its batch; `None` where nobody measured.
    pub millis: Option<u64>,
    /// Whether the legacy file was removed since.
    pub is_legacy_removed: bool,
}

/// The journal of one tuple, read.
#[derive(Debug)]
pub struct Proofs {
    batches: Batches,
    standing: BTreeMap<Ticker, Proof>,
    /// Tickers that failed the last time, with the reason.
    failed: BTreeMap<Ticker, String>,
}

/// What is to be written down.
#[derive(Clone, Debug)]
pub enum Note {
    /// Both sides were equal.
    Proven(Ticker, Box<Proof>),
    /// The ticker could not be migrated, and why.
    Failed(Ticker, String),
    /// The legacy file was removed.
    LegacyRemoved(Ticker),
    /// The rows went back into the legacy layout.
    RolledBack(Ticker),
}

impl Proofs {
    /// Reads the journal of a tuple; an absent one is empty.
    ///
    /// # Errors
    /// When a record cannot be read, or is not what was written.
    pub fn load(fs: &dyn Fs, places: &Places, tuple: &VenueInterval) -> Result<Self, MigrateError> {
        let VenueInterval { venue, interval } = tuple;
        let name = format!("{}-{}-stocks_{interval}", venue.market, venue.source);
        let dir = places.state.join("migration").join(name);
        let (batches, records) = Batches::load(fs, dir)?;
        let mut proofs = Self {
            batches,
            standing: BTreeMap::new(),
            failed: BTreeMap::new(),
        };
        for (record, path) in records {
            proofs.apply(record, &path)?;
        }
        Ok(proofs)
    }

    /// Returns what is proven of a ticker.
    pub fn of(&self, ticker: &Ticker) -> Option<&Proof> {
        self.standing.get(ticker)
    }

    /// Returns every ticker of which something is proven, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Ticker, &Proof)> {
        self.standing.iter()
    }

    /// Returns how many tickers are proven.
    pub fn len(&self) -> usize {
        self.standing.len()
    }

    /// Tells whether nothing is proven.
    pub fn is_empty(&self) -> bool {
        self.standing.is_empty()
    }

    /// Returns the tickers that could not be migrated the last time, with the reason.
    pub fn failures(&self) -> &BTreeMap<Ticker, String> {
        &self.failed
    }

    /// Writes a batch down. When this returns `Ok`, it survives power loss.
    ///
    /// # Errors
    /// When the lock was lost or the disk refuses; nothing of the batch counts then.
    pub fn append(&mut self, mover: Mover<'_>, notes: Vec<Note>) -> Result<(), MigrateError> {
        if notes.is_empty() {
            return Ok(());
        }
        let now = mover.clock.now();
        let records: Vec<Record> = notes.into_iter().map(|note| record(note, now)).collect();
        let path = self.batches.append(mover, &records)?;
        records
            .into_iter()
            .try_for_each(|record| self.apply(record, &path))
    }

    fn apply(&mut self, record: Record, path: &Path) -> Result<(), MigrateError> {
        match record {
            Record::Proven {
                ticker,
                at,
                legacy,
                partitions,
                file,
                span,
                files,
                bytes,
                from_disk,
                millis,
            } => {
                let proof = Proof {
                    at: parsed(&at, path)?,
                    legacy: fingerprint(&legacy, path)?,
                    partitions: fingerprint(&partitions, path)?,
                    file,
                    span,
                    files,
                    bytes,
                    from_disk,
                    millis,
                    is_legacy_removed: false,
                };
                let ticker = parsed(&ticker, path)?;
                self.failed.remove(&ticker);
                self.standing.insert(ticker, proof);
            }
            Record::Failed { ticker, reason, .. } => {
                self.failed.insert(parsed(&ticker, path)?, reason);
            }
            Record::LegacyRemoved { ticker, .. } => {
                if let Some(proof) = self.standing.get_mut(&parsed::<Ticker>(&ticker, path)?) {
                    proof.is_legacy_removed = true;
                }
            }
            Record::RolledBack { ticker, .. } => {
                self.standing.remove(&parsed::<Ticker>(&ticker, path)?);
            }
        }
        Ok(())
    }
}
