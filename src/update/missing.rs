//! Rows that tickers.json knows and the disk has not: what planning finds of them, and what becomes of them.
//!
//! Promises: the registry is believed only as far as the rows. What is gone is asked for again from what lies there on,
//! without the mark that calls it done; what an answer to that does not bring is given up, recorded and told, once.
//! Where the registry knows rows and no file of any series lies anywhere, the data root is most likely not mounted:
//! nothing is committed then, nor where the data root takes no files.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::catalog::{Catalog, KnownRows, Missing};
use crate::layout::Places;
use crate::model::{Interval, StorageRequest, Ticker, Venue};
use crate::storage::{Routed, StorageError, waiting_series};
use crate::sys::Fs;

use super::{DataRoot, Outlook, Registry, UpdateReport};

impl Outlook<'_> {
    /// Tells whether rows can be stored. If not, what is fetched is staged beside tickers.json, and no command but one that
    /// a person gave (`--accept-missing`) merges, records or rolls forward anything.
    pub fn data_root(&self, catalog: &Catalog) -> DataRoot {
        let is_bare = self.is_bare(catalog);
        if matches!(is_bare, Ok(true)) {
            return DataRoot::Absent;
        }
        match self.stores.refusal() {
            Some(refusal) => DataRoot::Shut {
                reason: refusal.to_string(),
            },
            // Where a disk does not answer, nothing can be committed either.
            None if is_bare.is_err() => DataRoot::Absent,
            None => DataRoot::There,
        }
    }

    /// Returns the series of which rows wait in staging or in a journal. Where the data root may not even be looked into,
    /// nothing of it counts as gone, and those beside tickers.json are all that anybody knows of.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn waiting(
        &self,
        catalog: &Catalog,
        fs: &dyn Fs,
        places: &Places,
    ) -> Result<BTreeSet<StorageRequest>, StorageError> {
        match waiting_series(fs, places) {
            Err(_) if self.data_root(catalog).refusal().is_some() => {
                waiting_series(fs, &places.without_disk())
            }
            waiting => waiting,
        }
    }

    /// Tells whether the registry knows rows and none lies there.
    fn is_bare(&self, catalog: &Catalog) -> Result<bool, StorageError> {
        match catalog.known_rows() {
            KnownRows::None => Ok(false),
            // Flat folders hold legacy files only.
            KnownRows::InPartitions => self.stores.is_data_bare(),
            KnownRows::Anywhere => match self.stores.are_flat_folders_bare() {
                Ok(false) => Ok(false),
                flat => Ok(self.stores.is_data_bare()? && flat?),
            },
        }
    }

    /// Returns which rows of a series are gone. Where its newest file is the one that was left, by its month and its length, nothing is read.
    pub(super) fn missing(
        &self,
        catalog: &Catalog,
        request: &StorageRequest,
        routed: &Routed,
        (ticker, venue, interval): (&Ticker, &Venue, Interval),
    ) -> Option<Missing> {
        let known = catalog.last_data_date(ticker, venue, interval)?;
        let Some(file) = &routed.newest else {
            return (!routed.has_rows).then_some(Missing { left: None, known });
        };
        // Two files of one bar have the same length: the month counts as well.
        if file.is_of(known) && catalog.newest_bytes(ticker, venue, interval) == Some(file.bytes) {
            return None;
        }
        // A file that cannot be read, or says nothing, is judged when something is merged with it.
        let newest = self.stores.newest_day(request, file).ok().flatten()?;
        // What is refused or hidden is not gone; whoever looks at all of the series says so by name.
        let store = self.stores.of(routed.route.layout);
        let is_gone = newest < known && store.stat(request).is_ok();
        is_gone.then_some(Missing {
            left: Some(newest),
            known,
        })
    }
}

/// A series of which rows were gone, and how far it reaches now that its source was asked for them.
pub(super) struct Settled<'s> {
    pub(super) ticker: &'s Ticker,
    pub(super) venue: &'s Venue,
    pub(super) interval: Interval,
    pub(super) missing: Missing,
    pub(super) reached: Option<NaiveDate>,
}

impl Settled<'_> {
    /// Gives up what did not come, if something did not.
    pub(super) fn settle(
        self,
        registry: &mut Registry,
        report: &mut UpdateReport,
        today: NaiveDate,
    ) {
        let Self {
            ticker,
            venue,
            interval,
            missing,
            reached,
        } = self;
        if reached.is_some_and(|day| day >= missing.known) {
            return;
        }
        let catalog = registry.catalog_mut();
        let recorded = catalog.record_lost(ticker, venue, interval, today, missing, reached);
        if let Err(unusable) = recorded {
            report.warnings.push(unusable.to_string());
        }
        let stored = reached.map_or_else(
            || "nothing is stored".to_owned(),
            |day| format!("what is stored ends on {day}"),
        );
        report.losses.push(format!(
            "{ticker} {interval} at {venue}: rows up to {} were known, {stored}, and the source has no later ones any more",
            missing.known
        ));
    }
}
