//! Why a workspace cannot be opened or looked at.

use std::path::PathBuf;

use crate::catalog::CatalogError;
use crate::config::ConfigError;
use crate::http::InvalidProxy;
use crate::model::Venue;
use crate::sys::FsError;

/// Why a workspace cannot be opened or looked at.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The folder is none.
    #[error("there is no workspace in {}", root.display())]
    NotInitialised {
        /// The folder.
        root: PathBuf,
    },
    /// Its settings or toggles cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// tickers.json or intervals.json cannot be used.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The disk cannot be asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The settings of a source cannot work.
    #[error("the settings of {venue} in barkeep.toml cannot be used: {reason}")]
    Source {
        /// Its venue.
        venue: Venue,
        /// Which setting, and why.
        reason: String,
    },
    /// A variable of the environment is no proxy.
    #[error(transparent)]
    Proxy(#[from] InvalidProxy),
}
