//! What a repair does not do of that which was shown: rows that have changed meanwhile, and rows that are out or back already.

use crate::catalog::Catalog;
use crate::frame::{self, Frame};
use crate::model::StorageRequest;
use crate::workspace::{Found, Workspace};

/// What of that which was shown is not done.
#[derive(Debug, Default)]
pub(super) struct Unmet {
    /// Rows that are not as they were shown.
    pub(super) outdated: usize,
    /// Rows that were out or back already, by series.
    pub(super) before: Vec<(StorageRequest, usize)>,
}

impl Unmet {
    /// Adds rows of a series, of which some are as they were to be.
    pub(super) fn add(&mut self, request: &StorageRequest, before: usize, all: usize) {
        self.outdated += all - before;
        if before > 0 {
            self.before.push((request.clone(), before));
        }
    }
}

/// Counts the rows that are stored, by their keys; `None` where nobody can say it.
pub(super) fn stored_among(
    rows: &Frame,
    (workspace, catalog): (&Workspace<'_>, &Catalog),
    request: &StorageRequest,
) -> Option<usize> {
    let found = workspace.read(catalog, request).ok()?;
    let Some(Found { stored, .. }) = found else {
        return Some(0);
    };
    Some(rows.len() - frame::without(rows, &stored.frame).len())
}
