//! Bringing a workspace up to date: plan, fetch, stage, seal, consolidate, record, report.
//!
//! Promises: one ticker's failure never ends a run; rows that were fetched reach the tree, staging or quarantine,
//! and the report says which; tickers.json and the rows it speaks of are committed together. Planning is a pure
//! look: `--dry-run` prints what `run` would execute.
//! Leaves to others: what a source is (`source`), how a group becomes durable (`storage`), words (`cli`).

mod arrivals;
mod fetch;
mod plan;
mod planned;
mod queue;
mod request;
mod run;
mod wanted;

pub use plan::plan;
pub use planned::{
    AgainstToggle, InBothLayouts, LayoutWish, PlannedJob, PlannedVenue, SkipReason, Skipped,
    UpdatePlan,
};
pub use request::{Feeding, History, UpdateRequest};
pub use run::{NotFounds, RunOptions, run};
pub use wanted::{FilesOfFeed, WantedFile, foresee_minutes, wanted_files};

use crate::answers::AnswersError;
use crate::catalog::CatalogError;
use crate::feeds::FeedRunError;
use crate::ingest::IngestError;
use crate::model::{StorageRequest, Venue};
use crate::storage::StorageError;
use crate::sys::FsError;
use crate::vault::VaultError;

/// What ends a run. Failures of single tickers are in the report and are none of these.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Storage did not do what was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The registry cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The vault did not do what was asked.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A venue was asked for that neither settings nor tickers.json know.
    #[error("no source is configured for {venue}")]
    UnknownVenue {
        /// The venue.
        venue: Venue,
    },
    /// A venue was asked for that has no ticker.
    #[error("tickers.json has no ticker of {venue}")]
    NoTickers {
        /// The venue.
        venue: Venue,
    },
}

impl From<FeedRunError> for UpdateError {
    fn from(error: FeedRunError) -> Self {
        match error {
            FeedRunError::Storage(error) => Self::Storage(error),
            FeedRunError::Ingest(error) => error.into(),
            FeedRunError::Vault(VaultError::Fs(error)) | FeedRunError::Fs(error) => Self::Fs(error),
            FeedRunError::Vault(error) => Self::Vault(error),
        }
    }
}

impl From<AnswersError> for UpdateError {
    fn from(error: AnswersError) -> Self {
        match error {
            AnswersError::Storage(error) => Self::Storage(error),
            AnswersError::Ingest(error) => error.into(),
            AnswersError::Vault(error) => Self::Vault(error),
        }
    }
}

impl From<IngestError> for UpdateError {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Storage(error) => Self::Storage(error),
            IngestError::Catalog(error) => Self::Catalog(error),
            IngestError::Fs(error) => Self::Fs(error),
        }
    }
}

/// Returns the request for the bars of a job.
fn bars_request(venue: &Venue, job: &PlannedJob) -> StorageRequest {
    StorageRequest::bars(venue.clone(), job.ticker.clone(), job.interval)
}
