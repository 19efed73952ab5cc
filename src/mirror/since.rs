//! What the ledger says of the series of a tree since a mirror was made.

use std::collections::BTreeMap;

use super::read::Origin;
use super::{MirrorError, Tree, Version};
use crate::ledger::{Line, Mark, read_since};
use crate::model::StorageRequest;

/// What the ledger says of the series of a tree behind the mark of a version.
#[derive(Debug)]
pub(super) struct LinesSince {
    of_series: BTreeMap<StorageRequest, Vec<Line>>,
    /// How far it was read.
    pub(super) mark: Option<Mark>,
    /// Whether these are all lines behind the mark.
    pub(super) is_known: bool,
}

impl LinesSince {
    /// Returns the lines of a series, oldest first.
    pub(super) fn of(&self, request: &StorageRequest) -> &[Line] {
        self.of_series
            .get(request)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// Reads what the ledger says of the series of a tree behind the mark of a version.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn lines_since(
    origin: Origin<'_, '_>,
    tree: &Tree,
    version: Option<&Version>,
) -> Result<LinesSince, MirrorError> {
    let mark = version.and_then(|version| version.mark.as_ref());
    let places = &origin.workspace.places;
    let since = read_since(origin.fs, places, &tree.venue, mark)?;
    let mut of_series: BTreeMap<StorageRequest, Vec<Line>> = BTreeMap::new();
    for line in since.lines {
        if tree.holds(line.series()) {
            let of_one = of_series.entry(line.series().clone()).or_default();
            of_one.push(line);
        }
    }
    Ok(LinesSince {
        of_series,
        mark: since.mark,
        is_known: since.is_known,
    })
}
