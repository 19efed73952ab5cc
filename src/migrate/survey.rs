//! What lies in the legacy folders of an interval: in that of its venue, below `data/legacy`, and flat in the workspace.

use std::path::{Path, PathBuf};

use super::{MigrateError, Sides, VenueInterval};
use crate::layout::{LegacyName, legacy_name};
use crate::model::Ticker;
use crate::sys::{Kind, Meta};

/// The legacy folders of one interval.
#[derive(Debug, Default)]
pub struct Survey {
    /// Its tickers, in the order of their names.
    pub tickers: Vec<(Ticker, Meta)>,
    /// Files that look like data and are no ticker's, each with the reason.
    pub strangers: Vec<(PathBuf, &'static str)>,
    /// How many tickers are another venue's.
    pub elsewhere: usize,
    /// Whether there is such a folder at all.
    pub is_there: bool,
}

impl Survey {
    /// Looks.
    ///
    /// # Errors
    /// When a folder cannot be listed.
    pub fn of(sides: Sides<'_>, tuple: &VenueInterval) -> Result<Self, MigrateError> {
        let mut survey = Self::default();
        let trees = sides
            .stores
            .legacy
            .places()
            .trees(Some(&tuple.venue), tuple.interval);
        // A ticker that has a file in several is served from the first.
        for tree in trees {
            survey.look(sides, tuple, &tree)?;
        }
        survey.tickers.sort_by(|(a, _), (b, _)| a.cmp(b));
        survey.tickers.dedup_by(|(a, _), (b, _)| a == b);
        Ok(survey)
    }

    fn look(
        &mut self,
        sides: Sides<'_>,
        tuple: &VenueInterval,
        tree: &Path,
    ) -> Result<(), MigrateError> {
        let Sides { fs, catalog, .. } = sides;
        let listed = fs.list(tree)?;
        // Where nobody knows of another venue, no file is opened for the question.
        let has_others = catalog.venues().iter().any(|venue| *venue != tuple.venue);
        let (before, mut strangers) = (self.tickers.len(), Vec::new());
        self.is_there |= listed.is_some();
        for entry in listed.unwrap_or_default() {
            let path = tree.join(&entry.name);
            let ticker = match legacy_name(&entry.name) {
                LegacyName::Other => continue,
                _ if entry.kind != Kind::File => {
                    strangers.push((path, "it is no regular file"));
                    continue;
                }
                LegacyName::Copy { .. } => {
                    strangers.push((path, "its name is that of a copy"));
                    continue;
                }
                LegacyName::Decomposed(_) => {
                    strangers.push((path, "its name is in decomposed characters"));
                    continue;
                }
                LegacyName::NoTicker => {
                    strangers.push((path, "its name is no ticker's"));
                    continue;
                }
                LegacyName::Ticker(ticker) => ticker,
            };
            let places = sides.stores.legacy.places();
            let is_elsewhere = if has_others {
                !places.is_of(&tuple.venue, &path, &ticker, tuple.interval)?
            } else {
                !places.owns(&tuple.series(&ticker), &path)?
            };
            if is_elsewhere {
                self.elsewhere += 1;
            } else if let Some(meta) = fs.metadata(&path)? {
                self.tickers.push((ticker, meta));
            }
        }
        // What is no ticker's in a folder of another venue is not this one's business.
        let has_own_folder = sides
            .stores
            .legacy
            .places()
            .owners()
            .has_own_folder(&tuple.venue);
        if !has_own_folder || self.tickers.len() > before {
            self.strangers.append(&mut strangers);
        }
        Ok(())
    }

    /// Tells whether there is nothing in the folder that could be migrated.
    pub fn is_bare(&self) -> bool {
        self.tickers.is_empty() && self.strangers.is_empty()
    }

    /// Tells whether a ticker has a legacy file.
    pub fn has(&self, ticker: &Ticker) -> bool {
        self.tickers
            .binary_search_by(|(known, _)| known.cmp(ticker))
            .is_ok()
    }

    /// Returns the bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.tickers.iter().map(|(_, meta)| meta.len).sum()
    }
}
