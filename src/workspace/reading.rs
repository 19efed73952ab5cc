//! Reading series as they are, or as they were at a moment: everything that belongs to one answer is of the same moment.
//!
//! Promises: what was stored then, bit for bit, or the reason why nobody knows. Takes no lock and changes nothing.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::catalog::Catalog;
use crate::frame::{AdjustError, Frame, Profile};
use crate::ledger::{Before, History, LedgerError, Ledgers, Unknown, read_history};
use crate::model::{Dataset, PriceBasis, Provenance, StorageRequest};
use crate::storage::{StorageError, Stored, read_kept};

use super::{Found, Workspace};

/// What is looked at, and as of which moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'w, 's> {
    /// The workspace.
    pub workspace: &'w Workspace<'s>,
    /// tickers.json.
    pub catalog: &'w Catalog,
    /// The moment; `None` for now.
    pub as_of: Option<DateTime<Utc>>,
    /// Ledgers that were read, for whoever asks about many series.
    pub ledgers: Option<&'w Ledgers>,
}

/// Why a series cannot be read.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ReadError {
    /// A file cannot be read, is foreign or is refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Nobody knows what it was.
    #[error("what was stored of {request} at {at} is not known: {unknown}", at = at.to_rfc3339())]
    Unknown {
        request: Box<StorageRequest>,
        /// The moment.
        at: DateTime<Utc>,
        /// Why.
        unknown: Unknown,
    },
    /// A file of today is damaged, so that nothing can be made of its rows.
    #[error("what was stored of {request} is not known, since {} is damaged: {reason}", path.display())]
    Damaged {
        request: Box<StorageRequest>,
        path: PathBuf,
        reason: String,
    },
    /// A file of what is stored beside bars is damaged.
    #[error("{} is damaged: {reason}", path.display())]
    DamagedExtra { path: PathBuf, reason: String },
    /// What is known of payments and splits does not suffice.
    #[error("{request} cannot be adjusted: {error}")]
    Unadjustable {
        request: Box<StorageRequest>,
        /// Why.
        error: AdjustError,
    },
    /// A series of all tickers has nothing beside it.
    #[error("{request} has no ticker")]
    WithoutTicker { request: Box<StorageRequest> },
}

impl From<LedgerError> for ReadError {
    fn from(error: LedgerError) -> Self {
        Self::Storage(error.into())
    }
}

impl Reading<'_, '_> {
    /// Reads a series wherever it is; `None` when nothing of its venue is stored, or was. Damage of today is in the answer.
    ///
    /// # Errors
    /// When a file cannot be read, is foreign or is refused, or nobody knows what the rows were.
    pub fn read(self, request: &StorageRequest) -> Result<Option<Found>, ReadError> {
        let found = self.workspace.read(self.catalog, request)?;
        let Some(at) = self.as_of else {
            return Ok(found);
        };
        let Some((mut found, before)) = self.read_as_of(request, found, at)? else {
            return Ok(None);
        };
        found.stored.frame = before.rows;
        Ok((!found.stored.frame.is_empty()).then_some(found))
    }

    /// Returns which corporate actions the prices of a series contain.
    ///
    /// # Errors
    /// As `read`.
    pub fn basis(self, request: &StorageRequest) -> Result<PriceBasis, ReadError> {
        if let Some(at) = self.as_of {
            let found = self.workspace.read(self.catalog, request)?;
            let then = self.read_as_of(request, found, at)?;
            if let Some(basis) = then.and_then(|(_, before)| before.basis) {
                return Ok(basis);
            }
        }
        let layout = self.workspace.route(self.catalog, request)?.route.layout;
        let basis = self.workspace.stores.basis(request, layout)?;
        Ok(basis.unwrap_or(PriceBasis::Unknown))
    }

    /// Returns what the ledger says of a series.
    ///
    /// # Errors
    /// When a file of it cannot be read.
    pub fn history(self, request: &StorageRequest) -> Result<History, LedgerError> {
        let (fs, places) = (self.workspace.fs(), &self.workspace.places);
        match self.ledgers {
            Some(ledgers) => ledgers.history(fs, places, request),
            None => read_history(fs, places, request),
        }
    }

    fn read_as_of(
        self,
        request: &StorageRequest,
        found: Option<Found>,
        at: DateTime<Utc>,
    ) -> Result<Option<(Found, Before)>, ReadError> {
        let workspace = self.workspace;
        let fs = workspace.fs();
        let history = self.history(request)?;
        if found.is_none() && history.lines.is_empty() {
            return Ok(None);
        }
        let found = match found {
            Some(found) => found,
            None => Found {
                layout: workspace.route(self.catalog, request)?.route.layout,
                stored: nothing(request.series.dataset()),
            },
        };
        if let Some(damage) = found.stored.damaged.first() {
            return Err(ReadError::Damaged {
                request: Box::new(request.clone()),
                path: damage.path.clone(),
                reason: damage.reason.clone(),
            });
        }
        let limit = workspace.stores.limit();
        let kept = |name: &str| read_kept(fs, &workspace.places, request, name, limit);
        let before = history.as_of(&found.stored.frame, at, &kept);
        let before = before.map_err(|unknown| ReadError::Unknown {
            request: Box::new(request.clone()),
            at,
            unknown,
        })?;
        Ok(Some((found, before)))
    }
}

/// Returns a series of which nothing is stored.
pub fn nothing(dataset: Dataset) -> Stored {
    Stored {
        frame: Frame::empty(Profile::of(dataset)),
        provenance: Provenance::default(),
        displaced: 0,
        beyond: Vec::new(),
        damaged: Vec::new(),
        other_clocks: Vec::new(),
        misplaced: Vec::new(),
        since: None,
    }
}
