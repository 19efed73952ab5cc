//! Partitions as they were when they were proven, whatever updates have done to them since.

use super::{Proof, Sight};
use crate::frame::{Frame, Revision};
use crate::model::StorageRequest;
use crate::storage::{StorageError, read_ledger};

/// Returns what the rows of a series may have been when they were proven: without what is newer than their migration,
/// and with the values that the ledger says were replaced since.
///
/// There are two answers when a value was replaced in the very second of the proof, which the ledger does not resolve.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn when_proven(
    sight: Sight<'_>,
    request: &StorageRequest,
    now: &Frame,
    proof: &Proof,
) -> Result<Vec<Frame>, StorageError> {
    let (first, last) = proof.span;
    let within = now.between(Some(first), last.checked_add(1));
    let Some(ledger) = read_ledger(sight.fs, sight.places, request)? else {
        return Ok(vec![within]);
    };
    // Both are UTC to the second, so that the order of the texts is that of the moments.
    let proven_at = super::plan_change::stamp(proof.at);
    let undone = |is_since: &dyn Fn(&str) -> bool| {
        let lines = ledger.lines.iter().filter(|line| is_since(&line.at));
        let revisions: Vec<Revision> = lines
            .filter_map(|line| line.revision(now.profile()))
            .collect();
        within.before(&revisions)
    };
    let mut frames = vec![undone(&|at| at > proven_at.as_str())];
    let inclusive = undone(&|at| at >= proven_at.as_str());
    if !frames.contains(&inclusive) {
        frames.push(inclusive);
    }
    Ok(frames)
}

/// Tells whether two sides differ by nothing but what updates have done since they were proven: newer rows, and values that
/// have their line in the ledger.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn is_explained(
    sight: Sight<'_>,
    request: &StorageRequest,
    legacy: &Frame,
    partitions: &Frame,
    proof: &Proof,
) -> Result<bool, StorageError> {
    if proof.legacy != legacy.fingerprint() {
        return Ok(false);
    }
    let then = when_proven(sight, request, partitions, proof)?;
    Ok(then
        .iter()
        .any(|then| then.fingerprint() == proof.partitions))
}
