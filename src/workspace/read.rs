//! The one way to what is stored of a series: where it is, what it holds, and what its files say at their ends.
//!
//! Promises: rows of another venue are never given out.
//! Leaves to others: what a file holds and whose it is (`storage`).

use crate::catalog::Catalog;
use crate::model::{StorageRequest, Venue};
use crate::storage::{FoundFile, Layout, Routed, StorageError, Stored};

use super::{Reading, Workspace};

/// What is stored of a series.
#[derive(Debug)]
pub struct Found {
    /// Where it is.
    pub layout: Layout,
    /// Its rows, and what is the matter with its files.
    pub stored: Stored,
}

/// The files of a series.
#[derive(Clone, Debug)]
pub struct FoundSeries {
    /// Where they lie.
    pub layout: Layout,
    /// The files, in time order; at least one.
    pub files: Vec<FoundFile>,
}

impl<'s> Workspace<'s> {
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
        let stored = self.stores.read(request, layout)?;
        Ok(stored.map(|stored| Found { layout, stored }))
    }

    /// Looks at the files of a series wherever they are; `None` when nothing of its venue is stored.
    ///
    /// # Errors
    /// When the disk cannot be asked, or something else stands at the place of a file or a folder.
    pub fn files_of(
        &self,
        catalog: &Catalog,
        request: &StorageRequest,
    ) -> Result<Option<FoundSeries>, StorageError> {
        let routed = self.route(catalog, request)?;
        if !routed.has_rows {
            return Ok(None);
        }
        let layout = routed.route.layout;
        let files = self.stores.files_of(request, layout)?;
        Ok((!files.is_empty()).then_some(FoundSeries { layout, files }))
    }

    /// Returns a way to read series as they are.
    pub fn reading<'w>(&'w self, catalog: &'w Catalog) -> Reading<'w, 's> {
        Reading {
            workspace: self,
            catalog,
            as_of: None,
            ledgers: None,
        }
    }
}
