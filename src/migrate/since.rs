//! Partitions as they were when they were proven, whatever updates have done to them since.

use std::collections::{HashMap, HashSet};

use super::{Proof, Sight};
use crate::frame::{Column, Frame, Revision, RowKey};
use crate::ledger::{LedgerLine, read_ledger, read_removals};
use crate::model::StorageRequest;
use crate::storage::StorageError;

/// Returns what the rows of a series may have been when they were proven: without what is newer than their migration,
/// and with the values and rows that the ledger says were replaced or taken out since.
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
    let removals = read_removals(sight.fs, sight.places, request)?;
    let ledger = read_ledger(sight.fs, sight.places, request)?;
    if ledger.is_none() && removals.all.is_empty() {
        return Ok(vec![within]);
    }
    let ledger = ledger.unwrap_or_default();
    let proven_at = proof.at.timestamp();
    let undone = |is_since: &dyn Fn(i64) -> bool| {
        let since = |line: &&LedgerLine| is_since(line.at.timestamp());
        let lines = ledger.lines.iter().filter(since);
        let mut revisions: Vec<(i64, Revision)> = lines
            .filter_map(|line| Some((line.at.timestamp(), line.revision(now.profile())?)))
            .collect();
        let mut then = within.clone();
        let removals = removals.all.iter().rev();
        for removal in removals.filter(|removal| is_since(removal.at.timestamp())) {
            let removed_at = removal.at.timestamp();
            let later = revisions.partition_point(|(at, _)| *at <= removed_at);
            let later: Vec<Revision> = revisions.drain(later..).map(|(_, one)| one).collect();
            // What was stored again under such a key since was not there before.
            let rows = removal.rows.between(Some(first), last.checked_add(1));
            then = then.before(&later).without(&rows).merge(&rows).frame;
        }
        let revisions: Vec<Revision> = revisions.into_iter().map(|(_, one)| one).collect();
        then.before(&revisions)
    };
    let mut frames = vec![undone(&|at| at > proven_at)];
    let inclusive = undone(&|at| at >= proven_at);
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
    let then = when_proven(sight, request, partitions, proof)?;
    let is_as_proven = |then: &Frame| then.fingerprint() == proof.partitions;
    if !then.iter().any(is_as_proven) {
        return Ok(false);
    }
    Ok(proof.legacy == legacy.fingerprint() || is_older(sight, request, legacy, partitions)?)
}

/// Tells whether a legacy file has nothing but rows of the partitions, with values that they have or had, and rows that were
/// taken out of them: a rollback that does not get to its switch has merged into it what the partitions were then.
fn is_older(
    sight: Sight<'_>,
    request: &StorageRequest,
    legacy: &Frame,
    partitions: &Frame,
) -> Result<bool, StorageError> {
    let Some((first, last)) = legacy.span() else {
        return Ok(false);
    };
    let within = partitions.between(Some(first), last.checked_add(1));
    let within = within
        .merge(&taken_out(sight, request, legacy, partitions)?)
        .frame;
    if !legacy.times().eq(within.times()) {
        return Ok(false);
    }
    let ledger = read_ledger(sight.fs, sight.places, request)?;
    let lines = ledger.as_ref().map_or(&[][..], |ledger| &ledger.lines);
    let mut replaced: HashMap<(RowKey, &str), Vec<Column>> = HashMap::new();
    for revision in lines
        .iter()
        .filter_map(|line| line.revision(legacy.profile()))
    {
        let place = replaced.entry((revision.key, revision.field));
        place.or_default().push(revision.old);
    }
    let specs = legacy.profile().columns.iter();
    let columns: Vec<_> = specs
        .zip(legacy.columns().iter().zip(within.columns()))
        .collect();
    let is_known = |row: usize| {
        let key = legacy.key(row);
        columns.iter().all(|(spec, (old, new))| {
            let was = |olds: &Vec<Column>| olds.iter().any(|value| value.cell(0) == old.cell(row));
            old.cell(row) == new.cell(row)
                || replaced.get(&(key.clone(), spec.name)).is_some_and(was)
        })
    };
    Ok((0..legacy.len()).all(is_known))
}

/// Returns the rows that were taken out of a series, nobody has stored again, and a legacy file has still: they do not return.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn taken_out(
    sight: Sight<'_>,
    request: &StorageRequest,
    legacy: &Frame,
    partitions: &Frame,
) -> Result<Frame, StorageError> {
    let out = read_removals(sight.fs, sight.places, request)?.out;
    let out = out.without(partitions);
    let of_legacy: HashSet<i64> = if out.is_empty() {
        HashSet::new()
    } else {
        legacy.times().collect()
    };
    Ok(out.at(|stamp| of_legacy.contains(&stamp)))
}
