//! The registry of tickers (`tickers.json`) and of intervals (`intervals.json`).
//!
//! Promises: what is not understood survives. Unknown keys stay where they are; a ticker whose entry is of
//! another shape is reported, left as it is, and does not stop the others. A damaged file is an error that
//! names the place and the last good generation; it is never read as empty and never overwritten.
//! Adding never overwrites, and the newest known row never moves backwards.
//! Leaves to others: which rows are stored (`storage`), when to write (`to_bytes` is an entry of the commit
//! group), and holding the run lock.

mod block;
mod error;
mod fields;
mod found;
mod identity;
mod intervals;
mod known;
mod missing;
mod near;
mod place;
mod read;
mod record;
mod shape;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use block::{Block, StorageBlock};
pub use error::{CatalogError, CatalogWarning, Unusable};
pub use found::{Found, Wanted};
pub use intervals::{INTERVALS_FILE, Intervals};
pub use missing::{KnownRows, Missing};

use crate::document::{self, Object};
use crate::model::Ticker;
use crate::sys::Fs;
use crate::sys::atomic::TempNames;

/// The name of the registry in the workspace.
pub const TICKERS_FILE: &str = "tickers.json";

/// The name of the copy that was good when it was last replaced.
pub const LAST_GOOD_FILE: &str = "tickers.last-good.json";

/// The size at which the registry is refused: 9,276 tickers in 13 intervals are 65 MiB.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The registry of tickers, in memory.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    document: Object,
    /// Usable tickers in the order of the file.
    tickers: Vec<Ticker>,
    unusable: BTreeMap<Ticker, String>,
    /// Keys that are not spelled as their ticker is, because they are not in Unicode NFC.
    spellings: HashMap<Ticker, String>,
    warnings: Vec<CatalogWarning>,
    is_changed: bool,
}

impl Catalog {
    /// Returns the path of the registry.
    pub fn path(workspace: &Path) -> PathBuf {
        workspace.join(TICKERS_FILE)
    }

    /// Reads the registry; `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read or understood.
    pub fn load(fs: &dyn Fs, workspace: &Path) -> Result<Option<Self>, CatalogError> {
        match document::read_object(fs, &Self::path(workspace), MAX_BYTES) {
            Ok(found) => Ok(found.map(Self::from_document)),
            Err(error) => Err(CatalogError::document(fs, workspace, error)),
        }
    }

    /// Takes in a document, ticker by ticker.
    pub fn from_document(document: Object) -> Self {
        let mut catalog = Self::default();
        for (key, value) in &document {
            catalog.take_in(&document, key, value);
        }
        catalog.document = document;
        catalog
    }

    fn take_in(&mut self, document: &Object, key: &str, value: &Value) {
        let ticker: Ticker = match key.parse() {
            Ok(ticker) => ticker,
            Err(reason) => return self.warnings.push(CatalogWarning::NoTicker { reason }),
        };
        if ticker.as_str() != key {
            let is_taken =
                document.contains_key(ticker.as_str()) || self.spellings.contains_key(&ticker);
            if is_taken {
                return self.warnings.push(CatalogWarning::SameTicker { ticker });
            }
            self.spellings.insert(ticker.clone(), key.to_owned());
        }
        match shape::flaw(value) {
            None => self.tickers.push(ticker),
            Some(reason) => {
                self.warnings.push(CatalogWarning::Unusable(Unusable {
                    ticker: ticker.clone(),
                    reason: reason.clone(),
                }));
                self.unusable.insert(ticker, reason);
            }
        }
    }

    /// Returns every usable ticker, in the order of the file.
    pub fn tickers(&self) -> &[Ticker] {
        &self.tickers
    }

    /// Tells whether a ticker has an entry, usable or not.
    pub fn contains(&self, ticker: &Ticker) -> bool {
        self.document.contains_key(self.key(ticker))
    }

    /// Returns what was found wrong while loading.
    pub fn warnings(&self) -> &[CatalogWarning] {
        &self.warnings
    }

    /// Returns the groups of tickers that differ only in case, which some disks cannot tell apart.
    pub fn case_twins(&self) -> Vec<Vec<Ticker>> {
        let mut folded: BTreeMap<String, Vec<Ticker>> = BTreeMap::new();
        for ticker in self.tickers.iter().chain(self.unusable.keys()) {
            // Upper case first: that is how `ß` and `SS` meet.
            let fold = ticker.as_str().to_uppercase().to_lowercase();
            folded.entry(fold).or_default().push(ticker.clone());
        }
        folded
            .into_values()
            .filter(|group| group.len() > 1)
            .collect()
    }

    /// Tells whether something was recorded that the file does not hold.
    pub fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Returns the bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        document::object_to_bytes(&self.document)
    }

    /// Copies the registry as it lies on disk to the last good generation; `false` when there is none.
    ///
    /// # Errors
    /// When the registry on disk is damaged, or a file cannot be read or written.
    pub fn keep_last_good(
        fs: &dyn Fs,
        temps: &TempNames,
        workspace: &Path,
    ) -> Result<bool, CatalogError> {
        let path = Self::path(workspace);
        let Some(bytes) = fs.read(&path)? else {
            return Ok(false);
        };
        let judged = document::parse_object(&bytes, &path, MAX_BYTES);
        judged.map_err(|error| CatalogError::document(fs, workspace, error))?;
        document::save_copy(fs, temps, &path, &workspace.join(LAST_GOOD_FILE), &bytes)?;
        Ok(true)
    }

    /// Replaces the registry with bytes of `to_bytes`, keeping the last good generation. The caller holds the
    /// run lock.
    ///
    /// # Errors
    /// When the registry on disk is damaged: it is then left for a person to look at. When writing fails.
    pub fn save(
        fs: &dyn Fs,
        temps: &TempNames,
        workspace: &Path,
        bytes: &[u8],
    ) -> Result<(), CatalogError> {
        Self::keep_last_good(fs, temps, workspace)?;
        Ok(document::save(fs, temps, &Self::path(workspace), bytes)?)
    }

    fn key<'c>(&'c self, ticker: &'c Ticker) -> &'c str {
        self.spellings
            .get(ticker)
            .map_or(ticker.as_str(), String::as_str)
    }

    /// Returns the entry of a usable ticker.
    fn entry(&self, ticker: &Ticker) -> Option<&Object> {
        if self.unusable.contains_key(ticker) {
            return None;
        }
        self.document.get(self.key(ticker))?.as_object()
    }
}
