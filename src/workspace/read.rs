//! The one way to what is stored of a series: where it is, whose it is, what it holds.
//!
//! Promises: rows of another venue are never given out. A legacy file belongs to the venue that its footer names; without
//! one, to the ticker's home in tickers.json.
//! Leaves to others: what a file holds (`storage`).

use crate::catalog::Catalog;
use crate::model::StorageRequest;
use crate::storage::{Layout, Routed, StorageError, Stored};

use super::Workspace;

/// What is stored of a series.
#[derive(Debug)]
pub struct Found {
    /// Where it is.
    pub layout: Layout,
    /// Its rows, and what is the matter with its files.
    pub stored: Stored,
}

impl Workspace<'_> {
    /// Says where the rows of a series are, or where its first ones will go.
    ///
    /// # Errors
    /// When the disk cannot be asked.
    pub fn route(
        &self,
        catalog: &Catalog,
        request: &StorageRequest,
    ) -> Result<Routed, StorageError> {
        let venue = request.venue.as_ref();
        let venue = venue.unwrap_or_else(|| self.default_venue());
        let facts = self.view().routing_facts(catalog, venue, &request.series);
        self.stores.route(request, facts)
    }

    /// Reads a series wherever it is; `None` when nothing of its venue is stored. Damage is in the answer.
    ///
    /// # Errors
    /// When a file cannot be read, is foreign or is refused.
    pub fn read(
        &self,
        catalog: &Catalog,
        request: &StorageRequest,
    ) -> Result<Option<Found>, StorageError> {
        let routed = self.route(catalog, request)?;
        if !routed.has_rows {
            return Ok(None);
        }
        let layout = routed.route.layout;
        let stored = self.stores.of(layout).read(request)?;
        let ours = stored.filter(|stored| self.owns(catalog, request, layout, stored));
        Ok(ours.map(|stored| Found { layout, stored }))
    }

    /// Tells whether a series that was read is the one that was asked for: a legacy file has one place for all venues.
    fn owns(
        &self,
        catalog: &Catalog,
        request: &StorageRequest,
        layout: Layout,
        stored: &Stored,
    ) -> bool {
        let venue = request.venue.as_ref();
        let venue = venue.unwrap_or_else(|| self.default_venue());
        let named = stored.provenance.source.as_ref();
        match (layout, request.series.ticker()) {
            (Layout::Partitioned, _) | (_, None) => true,
            (Layout::Legacy, Some(ticker)) => catalog.owns_legacy_file(ticker, venue, named),
        }
    }
}
