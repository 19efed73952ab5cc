//! What can be wrong with the registry.

use std::path::{Path, PathBuf};

use super::LAST_GOOD_FILE;
use crate::document::DocumentError;
use crate::model::{InvalidTicker, Ticker};
use crate::sys::{Fs, FsError};

/// The registry cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// A file is there and cannot be used.
    #[error("{source}{}", hint(last_good.as_deref()))]
    Document {
        /// What is wrong with it.
        source: DocumentError,
        /// The last good generation, if one was kept.
        last_good: Option<PathBuf>,
    },
    /// The registry is gone, and its last good generation is there.
    #[error("there is no tickers.json any more in {}; the last good generation is {}", workspace.display(), last_good.display())]
    Gone {
        /// The workspace.
        workspace: PathBuf,
        /// The last good generation.
        last_good: PathBuf,
    },
    /// `intervals.json` names something that is no interval.
    #[error("{} names `{name}`, which is not an interval (1m 2m 5m 15m 30m 60m 90m 1h 1d 5d 1wk 1mo 3mo)", path.display())]
    UnknownInterval {
        /// The file.
        path: PathBuf,
        /// What it names.
        name: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
}

fn hint(last_good: Option<&Path>) -> String {
    last_good.map_or_else(String::new, |path| {
        format!("; the last good generation is {}", path.display())
    })
}

impl CatalogError {
    /// Names the last good generation of a registry that is gone.
    pub(super) fn gone(workspace: &Path) -> Self {
        Self::Gone {
            workspace: workspace.to_owned(),
            last_good: workspace.join(LAST_GOOD_FILE),
        }
    }

    /// Names the last good generation beside a damaged registry.
    pub(super) fn document(fs: &dyn Fs, workspace: &Path, source: DocumentError) -> Self {
        let kept = workspace.join(LAST_GOOD_FILE);
        let is_kept = source.is_damage() && matches!(fs.metadata(&kept), Ok(Some(_)));
        Self::Document {
            source,
            last_good: is_kept.then_some(kept),
        }
    }
}

/// A ticker whose entry has another shape than barkeep and its predecessor write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the entry of {ticker} in tickers.json cannot be used: {reason}")]
pub struct Unusable {
    /// The ticker.
    pub ticker: Ticker,
    /// What is wrong with its entry.
    pub reason: String,
}

/// Something in the registry that is left as it is while the rest is used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogWarning {
    /// A key that cannot be a ticker.
    #[error("a key of tickers.json is no ticker: {reason}")]
    NoTicker {
        /// Why not.
        reason: InvalidTicker,
    },
    /// Two keys that Unicode counts as the same text.
    #[error("tickers.json has {ticker} twice, in two spellings of the same characters")]
    SameTicker {
        /// The ticker.
        ticker: Ticker,
    },
    /// An entry of another shape.
    #[error(transparent)]
    Unusable(Unusable),
}
