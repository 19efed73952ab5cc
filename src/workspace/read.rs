//! The one way to what is stored of a series: where it is and what it holds.
//!
//! Promises: rows of another venue are never given out.
//! Leaves to others: what a file holds and whose it is (`storage`).

use crate::catalog::Catalog;
use crate::model::{StorageRequest, Venue};
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
        let venue = self.venue_of(request);
        let facts = self.view().routing_facts(catalog, venue, &request.series);
        self.stores.route(request, facts)
    }

    fn venue_of<'r>(&'r self, request: &'r StorageRequest) -> &'r Venue {
        let venue = request.venue.as_ref();
        venue.unwrap_or_else(|| self.default_venue())
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
        Ok(stored.map(|stored| Found { layout, stored }))
    }
}
