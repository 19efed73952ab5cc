//! The journal of adoptions: which legacy files were brought to `data/legacy`, so that a rollback can put them back.
//!
//! Promises: an adoption is written down, durably, before its first file moves. What it says holds whether the file did
//! move or not: the predecessor looks for it in the flat folder. Where no adoption is known, nothing goes there.
//! Form: `state/migration/adopted-stocks_<interval>/<number>.jsonl`, see `docs/migration.md`. It is no part of the journal
//! of proofs, which builds from before this one read as well.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::batches::Batches;
use super::plan_change::stamp;
use super::record::parsed;
use super::{MigrateError, Mover};
use crate::layout::Places;
use crate::model::{Interval, Ticker};
use crate::sys::Fs;

/// One line of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case", deny_unknown_fields)]
enum Record {
    /// Whatever the interval had lay in flat folders, and nothing of it was migrated yet.
    AllFlat { at: String },
    /// The file of a ticker is about to be moved or merged.
    Adopted {
        ticker: String,
        /// Where it was, relative to the workspace.
        from: String,
        at: String,
    },
}

/// The journal of one interval, read.
#[derive(Debug)]
pub(super) struct Adoptions {
    batches: Batches,
    tickers: BTreeSet<Ticker>,
    is_all_flat: bool,
}

impl Adoptions {
    /// Reads the journal of an interval; an absent one is empty.
    ///
    /// # Errors
    /// When a record cannot be read, or is not what was written.
    pub(super) fn load(
        fs: &dyn Fs,
        places: &Places,
        interval: Interval,
    ) -> Result<Self, MigrateError> {
        let name = format!("adopted-stocks_{interval}");
        let (batches, records) = Batches::load(fs, places.state.join("migration").join(name))?;
        let mut adoptions = Self {
            batches,
            tickers: BTreeSet::new(),
            is_all_flat: false,
        };
        for (record, path) in records {
            match record {
                Record::AllFlat { .. } => adoptions.is_all_flat = true,
                Record::Adopted { ticker, .. } => {
                    adoptions.tickers.insert(parsed(&ticker, &path)?);
                }
            }
        }
        Ok(adoptions)
    }

    /// Tells whether the file of a ticker was brought from a flat folder.
    pub(super) fn has(&self, ticker: &Ticker) -> bool {
        self.tickers.contains(ticker)
    }

    /// Tells whether every file of the interval lay in flat folders, so that those of later tickers belong there as well.
    pub(super) fn is_all_flat(&self) -> bool {
        self.is_all_flat
    }

    /// Writes down that files are about to be adopted, each given by its ticker and where it is.
    ///
    /// # Errors
    /// When the lock was lost or the disk refuses; nothing may be moved then.
    pub(super) fn append(
        &mut self,
        mover: Mover<'_>,
        files: &[(&Ticker, &Path)],
        is_all_flat: bool,
    ) -> Result<(), MigrateError> {
        let at = stamp(mover.clock.now());
        let root = &mover.sides.places.root;
        let mut records = Vec::new();
        if is_all_flat && !self.is_all_flat {
            records.push(Record::AllFlat { at: at.clone() });
        }
        for (ticker, path) in files.iter().filter(|(ticker, _)| !self.has(ticker)) {
            let from = path.strip_prefix(root).unwrap_or(path);
            records.push(Record::Adopted {
                ticker: ticker.to_string(),
                from: from.display().to_string(),
                at: at.clone(),
            });
        }
        if records.is_empty() {
            return Ok(());
        }
        self.batches.append(mover, &records)?;
        self.is_all_flat |= is_all_flat;
        let tickers = files.iter().map(|(ticker, _)| (*ticker).clone());
        self.tickers.extend(tickers);
        Ok(())
    }
}
