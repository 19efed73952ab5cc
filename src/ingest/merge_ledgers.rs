//! Keeping the ledgers of a workspace short: of many files few are made.

use crate::layout::Places;
use crate::ledger::{is_merge_due, is_sum_due, merge_files, sum_up, venues};
use crate::storage::leftover_runs;
use crate::sys::Fs;
use crate::sys::atomic::TempNames;
use crate::workspace::Session;

use super::IngestError;

/// How many groups may have a file of their own. A reader opens so many at most.
const MOST_SINGLE: usize = 64;

/// Tells whether a ledger has so many files that some should become one, or so much that it should be summed up.
///
/// # Errors
/// When a folder cannot be listed.
pub fn is_ledger_long(fs: &dyn Fs, places: &Places) -> Result<bool, IngestError> {
    for venue in venues(fs, places)? {
        if is_merge_due(fs, places, &venue, MOST_SINGLE)? || is_sum_due(fs, places, &venue)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Merges files of the ledgers, and sums them up. What they say stays the same.
///
/// # Errors
/// When the lock was lost or the disk refuses. No line is lost.
pub fn merge_ledgers(session: Session<'_>) -> Result<(), IngestError> {
    let Session {
        fs, held, places, ..
    } = session;
    // A group that waits for its commit to be completed brings its ledger under a number that may be taken.
    if !leftover_runs(fs, places)?.is_empty() {
        return Ok(());
    }
    let temps = TempNames::of(session.runs.next());
    for venue in venues(fs, places)? {
        if is_merge_due(fs, places, &venue, MOST_SINGLE)? {
            merge_files(fs, held, places, &venue, &temps, MOST_SINGLE)?;
        }
        if is_sum_due(fs, places, &venue)? {
            sum_up(fs, held, places, &venue, &temps)?;
        }
    }
    Ok(())
}
