//! Putting partitions away, whole and unchanged, before a new copy takes their place.

use super::{MigrateError, Mover, Sides, VenueInterval};
use crate::layout::PartitionPathBuilder;
use crate::ledger::Line;
use crate::model::Ticker;
use crate::storage::{InPieces, QuarantineRecord, Sealed, StagedRun, StorageError};

/// Moves the partitions of a ticker into quarantine, with the reason, and returns where they are.
///
/// # Errors
/// When the lock was lost or the disk refuses; what was not moved is where it was.
pub(super) fn put_aside(
    mover: Mover<'_>,
    run: &mut StagedRun<'_, Sealed>,
    tuple: &VenueInterval,
    ticker: &Ticker,
    reason: &str,
) -> Result<Vec<QuarantineRecord>, MigrateError> {
    let Sides { fs, places, .. } = mover.sides;
    let paths = PartitionPathBuilder::new(&places.data);
    let request = tuple.series(ticker);
    let series = request.partitioned().map_err(StorageError::from)?;
    let mut kept = Vec::new();
    let mut dirs = paths.earlier_series_dirs(series);
    dirs.push(paths.series_dir(series));
    for dir in dirs {
        if fs.metadata(&dir)?.is_some() {
            let (record, is_moved) = mover.quarantine().series(&dir, reason, &request)?;
            if !is_moved {
                run.trash(&[dir], InPieces::Refused)?;
            }
            kept.push(record);
        }
    }
    if !kept.is_empty() {
        mover.write_down(&tuple.venue, &[Line::Gone(request)])?;
    }
    Ok(kept)
}
