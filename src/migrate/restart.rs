//! Starting afresh: partitions that nobody has proven are put away, whole and unchanged.

use std::path::Path;

use super::{Hands, MigrateError, Proofs, Sight, Tuple};
use crate::layout::PartitionPathBuilder;
use crate::model::Ticker;
use crate::sys::atomic::{create_dirs, parent};

/// Moves the partitions of tickers without a proof into quarantine.
///
/// # Errors
/// When the disk refuses; what was not moved is where it was.
pub(super) fn put_aside(
    hands: Hands<'_>,
    tuple: &Tuple,
    tickers: &[Ticker],
    proofs: &Proofs,
) -> Result<(), MigrateError> {
    let Sight { fs, places, .. } = hands.sight;
    let paths = PartitionPathBuilder::new(&places.data);
    let folder = places
        .quarantine
        .join(format!("{}-restart", hands.runs.next()));
    for ticker in tickers.iter().filter(|ticker| proofs.of(ticker).is_none()) {
        let request = tuple.series(ticker);
        let series = request
            .partitioned()
            .map_err(crate::storage::StorageError::from)?;
        let dirs = [Some(paths.series_dir(series)), paths.raw_series_dir(series)];
        for dir in dirs.into_iter().flatten() {
            if fs.metadata(&dir)?.is_none() {
                continue;
            }
            let below: &Path = dir.strip_prefix(&places.root).unwrap_or(&dir);
            let target = folder.join(below);
            create_dirs(fs, &places.root, parent(&target))?;
            hands.held.confirm()?;
            fs.rename(&dir, &target)?;
            fs.sync_dir(parent(&target))?;
            fs.sync_dir(parent(&dir))?;
        }
    }
    Ok(())
}
