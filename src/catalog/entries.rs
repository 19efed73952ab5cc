//! The entries of tickers.json, as a document: which can be used, under which key each stands, and what changed.
//!
//! Promises: what is not understood survives, where it stands. Leaves to others: what is in an entry (`read`, `record`).

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{CatalogWarning, Unusable, shape};
use crate::document::{self, Object};
use crate::model::Ticker;

/// The entries of tickers.json.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    document: Object,
    /// Usable tickers in the order of the file.
    tickers: Vec<Ticker>,
    unusable: BTreeMap<Ticker, String>,
    /// Keys that are not spelled as their ticker is, because they are not in Unicode NFC.
    spellings: HashMap<Ticker, String>,
    warnings: Vec<CatalogWarning>,
    is_changed: bool,
}

impl Entries {
    /// Takes in a document, ticker by ticker.
    pub(super) fn of(document: Object) -> Self {
        let mut entries = Self::default();
        for (key, value) in &document {
            entries.take_in(&document, key, value);
        }
        entries.document = document;
        entries
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
    pub(super) fn tickers(&self) -> &[Ticker] {
        &self.tickers
    }

    /// Returns the entries of all usable tickers.
    pub(super) fn all(&self) -> impl Iterator<Item = &Object> {
        self.tickers.iter().filter_map(|ticker| self.get(ticker))
    }

    /// Returns the entry of a usable ticker.
    pub(super) fn get(&self, ticker: &Ticker) -> Option<&Object> {
        if self.unusable.contains_key(ticker) {
            return None;
        }
        self.document.get(self.key(ticker))?.as_object()
    }

    /// Tells whether a ticker has an entry, usable or not.
    pub(super) fn contains(&self, ticker: &Ticker) -> bool {
        self.document.contains_key(self.key(ticker))
    }

    /// Tells whether a ticker has an entry of another shape.
    pub(super) fn is_unusable(&self, ticker: &Ticker) -> bool {
        self.unusable.contains_key(ticker)
    }

    /// Returns what was found wrong.
    pub(super) fn warnings(&self) -> &[CatalogWarning] {
        &self.warnings
    }

    /// Returns the groups of tickers that differ only in case, which some disks cannot tell apart.
    pub(super) fn case_twins(&self) -> Vec<Vec<Ticker>> {
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

    /// Tells whether something was changed.
    pub(super) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Returns the bytes of the file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        document::object_to_bytes(&self.document)
    }

    /// Adds the entry of a ticker that has none.
    pub(super) fn insert(&mut self, ticker: &Ticker, entry: Object) {
        self.document
            .insert(ticker.to_string(), Value::Object(entry));
        self.tickers.push(ticker.clone());
        self.is_changed = true;
    }

    /// Applies a change to the entry of a ticker, and notes whether it changed something.
    ///
    /// # Errors
    /// When the entry cannot be used; nothing is changed then.
    pub(super) fn change(
        &mut self,
        ticker: &Ticker,
        apply: impl FnOnce(&mut Object) -> bool,
    ) -> Result<(), Unusable> {
        if let Some(reason) = self.unusable.get(ticker) {
            return Err(Unusable {
                ticker: ticker.clone(),
                reason: reason.clone(),
            });
        }
        let key = self.key(ticker).to_owned();
        if let Some(Value::Object(entry)) = self.document.get_mut(&key) {
            self.is_changed |= apply(entry);
        }
        Ok(())
    }

    /// Applies a change to every entry, also of tickers that cannot be used.
    pub(super) fn change_all(&mut self, mut apply: impl FnMut(&mut Object) -> bool) {
        for (_, value) in &mut self.document {
            if let Some(entry) = value.as_object_mut() {
                self.is_changed |= apply(entry);
            }
        }
    }

    /// Removes a ticker with everything that is recorded of it; `false` when there was none.
    pub(super) fn remove(&mut self, ticker: &Ticker) -> bool {
        let key = self.key(ticker).to_owned();
        if self.document.shift_remove(&key).is_none() {
            return false;
        }
        self.tickers.retain(|known| known != ticker);
        self.unusable.remove(ticker);
        self.spellings.remove(ticker);
        self.is_changed = true;
        true
    }

    fn key<'c>(&'c self, ticker: &'c Ticker) -> &'c str {
        self.spellings
            .get(ticker)
            .map_or(ticker.as_str(), String::as_str)
    }
}
