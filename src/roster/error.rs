//! Why what a workspace keeps is not changed.

use std::path::PathBuf;

use crate::catalog::CatalogError;
use crate::config::ConfigError;
use crate::document::DocumentError;
use crate::http::HttpError;
use crate::lock::LockError;
use crate::model::{Interval, Ticker, Venue};
use crate::source::symbols::ListError;
use crate::storage::StorageError;
use crate::sys::FsError;
use crate::workspace::{DataAbsent, WorkspaceError};

/// Why what a workspace keeps is not changed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RosterError {
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The aliases that are known cannot be read: nobody else knows what was called how on days of which no list is left.
    #[error("{0}")]
    Aliases(DocumentError),
    /// A list is not there.
    #[error("there is no {}", path.display())]
    NoList { path: PathBuf },
    /// A file of tickers that was named is not there.
    #[error("there is no {}", path.display())]
    NoFile { path: PathBuf },
    /// A file of tickers that somebody wrote holds something else.
    #[error("{} is refused: {what}", path.display())]
    Unwritten {
        path: PathBuf,
        /// What.
        what: String,
    },
    /// A server does not hand a list out.
    #[error("{origin} was not fetched: {reason}")]
    Unfetched {
        /// The address that was asked.
        origin: String,
        reason: ListError,
    },
    /// A list is none that can be taken.
    #[error("{origin} is refused: {reason}")]
    Refused {
        /// Its address or path.
        origin: String,
        reason: ListError,
    },
    /// The last list of an origin is damaged, so that nobody can say whether the new one is cut off.
    #[error("{origin} cannot be compared with {}: {reason}", kept.display())]
    Incomparable {
        /// Its address or path.
        origin: String,
        /// The last list, as it lies below the workspace.
        kept: PathBuf,
        reason: ListError,
    },
    #[error("no source is configured for {venue}")]
    NoSource { venue: Venue },
    /// No interval of the workspace can be asked for.
    #[error("{venue} serves none of the intervals of the workspace")]
    NoInterval { venue: Venue },
    /// A legacy file that names no venue is that of the ticker's home, and would be another venue's at once.
    #[error(
        "{} names no venue, and without {ticker} at {venue} it would be {heir}'s",
        path.display()
    )]
    Inherited {
        /// The file, as it lies below the workspace.
        path: PathBuf,
        ticker: Ticker,
        venue: Venue,
        heir: Venue,
    },
    /// New series of the venue are kept in the legacy layout, which has no encoding.
    #[error("the legacy layout cannot hold {ticker}: its symbol is not safe as a file name")]
    Unspellable { ticker: Ticker, venue: Venue },
    /// No row can be found that tickers.json knows, so that nobody can say in which layout they are.
    #[error(transparent)]
    DataAbsent(#[from] DataAbsent),
    /// Rows would stay behind in a layout that is not meant any more.
    #[error("rows of {interval} bars at {venue} would stay behind in the other layout")]
    Orphans {
        venue: Venue,
        interval: Interval,
        tickers: Vec<Ticker>,
        /// Whether the layout that is wished is that of partitions.
        is_partitioned: bool,
    },
}

impl RosterError {
    /// Tells whether a list was not fetched because the program is asked to end.
    pub fn is_stop(&self) -> bool {
        let stop = HttpError::Stopped;
        matches!(self, Self::Unfetched { reason: ListError::Unreachable { reason }, .. } if *reason == stop)
    }
}
