//! Whether the disk has room for a plan.
//!
//! Promises: a run that may not fit ends before a source is asked, with what is missing. Later a full disk ends the
//! run with what was committed kept.

use crate::layout::Places;
use crate::sys::Fs;

use super::run::RunOptions;
use super::{UpdateError, UpdatePlan};

/// Bytes of staging and tree that one series is assumed to need, before anything is known of it.
const BYTES_PER_SERIES: u64 = 16 * 1024;
/// Names that one series is assumed to need.
const INODES_PER_SERIES: u64 = 4;
/// Bytes that a day of a feed takes: its downloads, its trades staged and stored, and bars of all that was traded.
const BYTES_PER_FEED: u64 = 256 * 1024 * 1024;
/// Names that those need: some 3,000 instruments are traded on a day.
const INODES_PER_FEED: u64 = 4 * 3_000;

/// Makes sure that a plan has the space that it may need.
///
/// # Errors
/// `NoSpace` with what is missing; when the disk cannot be asked.
pub fn check_space(
    plan: &UpdatePlan,
    fs: &dyn Fs,
    places: &Places,
    options: &RunOptions,
) -> Result<(), UpdateError> {
    let (series, feeds) = (plan.series() as u64, plan.feeds.len() as u64);
    if series + feeds == 0 {
        return Ok(());
    }
    let is_there = plan.data.is_there() && fs.metadata(&places.data)?.is_some();
    let path = if is_there { &places.data } else { &places.root };
    let space = fs.space(path)?;
    let missing = |what, found, needed| UpdateError::NoSpace {
        path: path.clone(),
        what,
        found,
        needed,
    };
    let bytes = options.min_free_bytes + series * BYTES_PER_SERIES + feeds * BYTES_PER_FEED;
    if space.bytes < bytes {
        return Err(missing("bytes", space.bytes, bytes));
    }
    let inodes = options.min_free_inodes + series * INODES_PER_SERIES + feeds * INODES_PER_FEED;
    match space.inodes {
        Some(found) if found < inodes => Err(missing("inodes", found, inodes)),
        _ => Ok(()),
    }
}
