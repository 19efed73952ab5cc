//! What lies of a series, without its rows.
//!
//! Promises: as `read`, files of another venue are never given out.

use crate::catalog::Catalog;
use crate::model::StorageRequest;
use crate::storage::{FoundFile, Layout, StorageError};

use super::Workspace;

/// The files of a series.
#[derive(Clone, Debug)]
pub struct FoundSeries {
    /// Where they lie.
    pub layout: Layout,
    /// The files, in time order; at least one.
    pub files: Vec<FoundFile>,
}

impl Workspace<'_> {
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
}
