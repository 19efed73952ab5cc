//! Rows that tickers.json knows and the disk has not: what planning finds of them, and what becomes of them.
//!
//! Promises: the registry is believed only as far as the rows. What is gone is asked for again from what lies there on,
//! without the mark that calls it done; what an answer to that does not bring is given up, recorded and told, once.
//! Where the registry knows rows and no file of any series lies anywhere, the data root is most likely not mounted:
//! nothing is committed then.

use chrono::NaiveDate;

use crate::catalog::{Catalog, KnownRows, Missing};
use crate::model::{Interval, StorageRequest, Ticker, Venue};
use crate::storage::Routed;

use super::{Outlook, Registry, UpdateReport};

impl Outlook<'_> {
    /// Tells whether the registry knows rows and none can be found. Where a disk does not answer, nothing can be committed
    /// either, and what is fetched is staged beside tickers.json.
    pub fn is_data_absent(&self, catalog: &Catalog) -> bool {
        let is_data_bare = || self.stores.is_data_bare().unwrap_or(true);
        match catalog.known_rows() {
            KnownRows::None => false,
            // Flat folders hold legacy files only.
            KnownRows::InPartitions => is_data_bare(),
            KnownRows::Anywhere => {
                is_data_bare() && self.stores.are_flat_folders_bare().unwrap_or(true)
            }
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
