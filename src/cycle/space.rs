//! Whether the disk has room for a plan.
//!
//! Promises: a run that may not fit ends before a source is asked, with what is missing. Later a full disk ends the
//! run with what was committed kept.

use super::CycleError;
use crate::update::UpdatePlan;
use crate::workspace::Workspace;

/// Bytes of staging and tree that one series is assumed to need, before anything is known of it.
const BYTES_PER_SERIES: u64 = 16 * 1024;
/// Names that one series is assumed to need.
const INODES_PER_SERIES: u64 = 4;
/// Bytes that a day of a feed takes: its downloads, its trades staged and stored, and bars of all that was traded.
const BYTES_PER_FEED: u64 = 256 * 1024 * 1024;
/// Names that those need: some 3,000 instruments are traded on a day.
const INODES_PER_FEED: u64 = 4 * 3_000;

/// Makes sure that a plan has the space that it may need, beside what the settings leave free.
///
/// # Errors
/// `NoSpace` with what is missing; when the disk cannot be asked.
pub fn check_space(workspace: &Workspace<'_>, plan: &UpdatePlan) -> Result<(), CycleError> {
    let (series, feeds) = (plan.series() as u64, plan.feeds.len() as u64);
    if series + feeds == 0 {
        return Ok(());
    }
    let (fs, places) = (workspace.fs(), &workspace.places);
    let is_there = plan.data.is_there() && fs.metadata(&places.data)?.is_some();
    let path = if is_there { &places.data } else { &places.root };
    let space = fs.space(path)?;
    let missing = |what, found, needed| CycleError::NoSpace {
        path: path.clone(),
        what,
        found,
        needed,
    };
    let settings = workspace.config.settings();
    let bytes = series * BYTES_PER_SERIES + feeds * BYTES_PER_FEED;
    let bytes = settings.min_free_bytes.value + bytes;
    if space.bytes < bytes {
        return Err(missing("bytes", space.bytes, bytes));
    }
    let inodes = series * INODES_PER_SERIES + feeds * INODES_PER_FEED;
    let inodes = settings.min_free_inodes.value + inodes;
    match space.inodes {
        Some(found) if found < inodes => Err(missing("inodes", found, inodes)),
        _ => Ok(()),
    }
}
