//! Folders of tickers of which only a part of the characters is composed (Unicode), as some programs write them: no rule says what
//! they are called, so they are looked for.
//!
//! Promises: a tree is listed once, and only for tickers that can be written in several ways.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::StorageError;
use super::misplaced::series_ticker;
use crate::model::Ticker;
use crate::sys::{Fs, locked};

/// The folders in a tree whose names are no plain ones, by their tickers.
type ByTicker = Arc<BTreeMap<Ticker, Vec<PathBuf>>>;

/// Remembers these folders of the trees that were asked for.
#[derive(Debug, Default)]
pub(super) struct ComposedInPart {
    known: Mutex<BTreeMap<PathBuf, ByTicker>>,
}

impl ComposedInPart {
    /// Returns the folders of a ticker in a tree, in whatever normal form their names are.
    pub(super) fn of(
        &self,
        fs: &dyn Fs,
        tree: &Path,
        ticker: Option<&Ticker>,
    ) -> Result<Vec<PathBuf>, StorageError> {
        let Some(ticker) = ticker.filter(|ticker| !ticker.as_str().is_ascii()) else {
            return Ok(Vec::new());
        };
        let of_tree = self.in_tree(fs, tree)?;
        Ok(of_tree.get(ticker).cloned().unwrap_or_default())
    }

    fn in_tree(&self, fs: &dyn Fs, tree: &Path) -> Result<ByTicker, StorageError> {
        let mut known = locked(&self.known);
        if let Some(folders) = known.get(tree) {
            return Ok(Arc::clone(folders));
        }
        let mut folders: BTreeMap<Ticker, Vec<PathBuf>> = BTreeMap::new();
        for entry in fs.list(tree)?.unwrap_or_default() {
            if !entry.name.is_ascii()
                && let Some(ticker) = ticker_of(&entry.name)
            {
                let path = tree.join(&entry.name);
                folders.entry(ticker).or_default().push(path);
            }
        }
        let folders = Arc::new(folders);
        known.insert(tree.to_owned(), Arc::clone(&folders));
        Ok(folders)
    }
}

/// Returns the ticker whose folder this is in some normal form.
pub(super) fn ticker_of(name: &str) -> Option<Ticker> {
    let ticker = series_ticker(name)?;
    let segment = name.strip_prefix("ticker=")?;
    ticker.is_composed(segment).then_some(ticker)
}
