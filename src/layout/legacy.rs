//! Paths of the legacy layout: one file per ticker and interval.

use std::path::{Path, PathBuf};

use crate::model::{Interval, Ticker};

/// Builds paths of legacy files. There are two roots that users have, and no venue in either.
#[derive(Clone, Debug)]
pub struct LegacyPathBuilder {
    workspace: PathBuf,
}

impl LegacyPathBuilder {
    /// Returns a builder for a workspace.
    pub fn new(workspace: &Path) -> Self {
        Self {
            workspace: workspace.to_owned(),
        }
    }

    /// Returns the directory where new legacy series go and where migration looks.
    pub fn tree(&self, interval: Interval) -> PathBuf {
        self.workspace
            .join("data")
            .join("legacy")
            .join(format!("stocks_{interval}"))
    }

    /// Returns the flat directory that the predecessor's updater wrote to.
    pub fn flat_tree(&self, interval: Interval) -> PathBuf {
        self.workspace.join(format!("stocks_{interval}"))
    }

    /// Returns a ticker's file in one of the two directories; `None` when the layout cannot spell the symbol.
    pub fn file_in(&self, tree: &Path, ticker: &Ticker) -> Option<PathBuf> {
        ticker
            .legacy_stem()
            .map(|stem| tree.join(format!("{stem}.parquet")))
    }
}
