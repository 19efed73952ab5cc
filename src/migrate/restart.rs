//! Putting partitions away, whole and unchanged, before a new copy takes their place.

use serde_json::json;

use super::{Hands, MigrateError, Sight, Tuple};
use crate::layout::PartitionPathBuilder;
use crate::model::Ticker;
use crate::storage::{QuarantineRecord, StorageError};
use crate::sys::atomic::{TempNames, create_dirs, parent, replace};

/// Moves the partitions of a ticker into quarantine, with the reason, and returns where they are.
///
/// # Errors
/// When the lock was lost or the disk refuses; what was not moved is where it was.
pub(super) fn put_aside(
    hands: Hands<'_>,
    tuple: &Tuple,
    ticker: &Ticker,
) -> Result<Vec<QuarantineRecord>, MigrateError> {
    let Sight { fs, places, .. } = hands.sight;
    let paths = PartitionPathBuilder::new(&places.data);
    let request = tuple.series(ticker);
    let series = request.partitioned().map_err(StorageError::from)?;
    let reason = "partitions that differ from their legacy file were copied anew from it";
    let mut kept = Vec::new();
    for dir in [Some(paths.series_dir(series)), paths.raw_series_dir(series)] {
        let Some(dir) = dir else { continue };
        if fs.metadata(&dir)?.is_none() {
            continue;
        }
        let run = hands.runs.next();
        let folder = places.quarantine.join(format!("{run}-restart"));
        create_dirs(fs, &places.root, &folder)?;
        let document = json!({
            "file": dir.strip_prefix(&places.root).unwrap_or(&dir).display().to_string(),
            "series": request.to_string(),
            "reason": reason,
            "run": run.as_str(),
        });
        let text = serde_json::to_vec_pretty(&document).unwrap_or_default();
        replace(fs, &TempNames::of(run), &folder.join("reason.json"), &text)?;
        hands.held.confirm()?;
        fs.rename(&dir, &folder.join(dir.file_name().unwrap_or_default()))?;
        fs.sync_dir(&folder)?;
        fs.sync_dir(parent(&dir))?;
        kept.push(QuarantineRecord {
            folder,
            path: dir,
            reason: reason.to_owned(),
        });
    }
    Ok(kept)
}
