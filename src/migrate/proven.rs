//! Whether every ticker of an interval is proven, as it stands now.

use super::run::open_tickers;
use super::{MigrateError, Proofs, Sides, Survey, VenueInterval};
use crate::model::{Dataset, Digest, Ticker};
use crate::storage::StorageInterface;
use crate::sys::{Kind, Meta};

/// An interval whose every legacy file is proven to be in the partitions, and has not changed since.
///
/// Only the journal of proofs and the disk can supply one; a plan never does.
#[derive(Clone, Debug)]
pub struct ProvenInterval {
    tuple: VenueInterval,
    tickers: Vec<Ticker>,
    rows: (u64, u64),
}

/// What keeps an interval from being proven.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unproven {
    /// Tickers in all.
    pub tickers: usize,
    /// Tickers without a proof, or changed since.
    pub open: Vec<Ticker>,
    /// Files in the legacy folder that are no ticker's.
    pub strangers: usize,
    /// Whether the legacy folder is gone, and not by barkeep.
    pub is_missing: bool,
    /// Rows of what is proven: legacy, partitions.
    pub rows: (u64, u64),
}

/// Tells whether a legacy file is proven to be in the partitions, and neither side has gone or changed since.
///
/// # Errors
/// When the disk cannot be asked.
pub(super) fn is_proven(
    sides: Sides<'_>,
    tuple: &VenueInterval,
    proofs: &Proofs,
    ticker: &Ticker,
    meta: &Meta,
) -> Result<bool, MigrateError> {
    let Some(proof) = proofs.of(ticker) else {
        return Ok(false);
    };
    let request = tuple.series(ticker);
    if !proof.file.fits(meta) {
        // A copy of a workspace has other times of change and the same bytes.
        let path = sides.stores.legacy.places().standing_path(&request)?;
        let is_same_size = proof.file.bytes == meta.len && meta.kind == Kind::File;
        let digest = || -> Result<Option<String>, MigrateError> {
            Ok(sides
                .fs
                .read(&path)?
                .map(|bytes| Digest::of(&bytes).to_string()))
        };
        if !is_same_size || digest()? != Some(proof.file.sha256.clone()) {
            return Ok(false);
        }
    }
    match sides.stores.partitioned.holds(&request) {
        // It is looked at again, and refused by name.
        Err(error) if error.is_of_place() => Ok(false),
        holds => Ok(holds?),
    }
}

impl ProvenInterval {
    /// Looks whether everything is proven.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn confirm(
        sides: Sides<'_>,
        tuple: &VenueInterval,
        proofs: &Proofs,
    ) -> Result<Result<Self, Unproven>, MigrateError> {
        let survey = Survey::of(sides, tuple)?;
        let open = open_tickers(sides, tuple, &survey, proofs)?;
        let mut rows = (0, 0);
        for (_, proof) in proofs.iter() {
            rows.0 += proof.legacy.rows;
            rows.1 += proof.partitions.rows;
        }
        let strangers = survey.strangers.len();
        let stored = sides.stores.partitioned.tickers(
            Some(&tuple.venue),
            Dataset::Stocks,
            Some(tuple.interval),
        )?;
        // A folder that is not there proves nothing, unless barkeep itself has emptied it: it may not be mounted.
        let is_emptied = proofs.iter().all(|(_, proof)| proof.is_legacy_removed);
        let is_missing = !proofs.is_empty() && !survey.is_there && !is_emptied;
        if open.is_empty() && strangers == 0 && !proofs.is_empty() && !is_missing {
            let tuple = tuple.clone();
            return Ok(Ok(Self {
                tuple,
                tickers: stored,
                rows,
            }));
        }
        Ok(Err(Unproven {
            tickers: survey.tickers.len(),
            open,
            strangers,
            is_missing,
            rows,
        }))
    }

    /// Returns which interval this is.
    pub fn tuple(&self) -> &VenueInterval {
        &self.tuple
    }

    /// Returns the tickers that the partitions hold.
    pub fn tickers(&self) -> &[Ticker] {
        &self.tickers
    }

    /// Returns the rows of the legacy files and of the partitions, as they were proven.
    pub fn rows(&self) -> (u64, u64) {
        self.rows
    }
}
