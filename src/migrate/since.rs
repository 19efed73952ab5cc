//! Partitions as they were when they were proven, whatever updates have done to them since.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Proof, Sides};
use crate::frame::{self, Column, Frame, Revision, RowKey};
use crate::ledger::{Ledger, LedgerLine, Line, Past, read_earlier, rows_out};
use crate::model::StorageRequest;
use crate::storage::{StorageError, read_kept};

/// Returns what the rows of a series may have been when they were proven: without what was added since, and with what the
/// ledger says was replaced or taken out since. Of what nobody knows, the rows of today stand in: they may be the same.
///
/// There are several answers when something happened in the very second of the proof, which proofs do not resolve.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn when_proven(
    sides: Sides<'_>,
    request: &StorageRequest,
    now: &Frame,
    proof: &Proof,
) -> Result<Vec<Frame>, StorageError> {
    let Sides { fs, places, .. } = sides;
    let (first, last) = proof.span;
    let proven_at = proof.at.timestamp();
    let earlier = read_earlier(fs, places, request)?;
    let history = sides.ledgers.history(fs, places, request)?;
    let history = history.of_partitions().without_returns();
    let kept = |name: &str| read_kept(fs, places, request, name, sides.stores.limit());
    let up_to = |second: i64| {
        let lines = &history.lines;
        lines.partition_point(|(at, _)| at.timestamp() <= second)
    };
    let mut frames: Vec<Frame> = Vec::new();
    let mut cuts: BTreeSet<usize> = (up_to(proven_at - 1)..=up_to(proven_at)).collect();
    while let Some(lines) = cuts.pop_last() {
        let undone = history.undone(now, lines, &kept);
        let within = undone.between(Some(first), last.checked_add(1));
        for second in [proven_at, proven_at - 1] {
            let then = frame::before(&within, &revisions_after(&earlier, second, now));
            if !frames.contains(&then) {
                frames.push(then);
            }
        }
    }
    Ok(frames)
}

/// Returns what earlier builds recorded after a second.
fn revisions_after(earlier: &Ledger, second: i64, rows: &Frame) -> Vec<Revision> {
    let is_after = |line: &&LedgerLine| line.at.timestamp() > second;
    let lines = earlier.lines.iter().filter(is_after);
    lines
        .filter_map(|line| line.revision(rows.profile()))
        .collect()
}

/// Tells whether two sides differ by nothing but what updates have done since they were proven: newer rows, and values that
/// the ledger has.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn is_explained(
    sides: Sides<'_>,
    request: &StorageRequest,
    legacy: &Frame,
    partitions: &Frame,
    proof: &Proof,
) -> Result<bool, StorageError> {
    let then = when_proven(sides, request, partitions, proof)?;
    let is_as_proven = |then: &Frame| then.fingerprint() == proof.partitions;
    if !then.iter().any(is_as_proven) {
        return Ok(false);
    }
    Ok(proof.legacy == legacy.fingerprint() || is_older(sides, request, legacy, partitions)?)
}

/// Tells whether a legacy file has nothing but rows of the partitions, with values that they have or had, and rows that were
/// taken out of them: a rollback that does not get to its switch has merged into it what the partitions were then.
fn is_older(
    sides: Sides<'_>,
    request: &StorageRequest,
    legacy: &Frame,
    partitions: &Frame,
) -> Result<bool, StorageError> {
    let Some((first, last)) = legacy.span() else {
        return Ok(false);
    };
    let within = partitions.between(Some(first), last.checked_add(1));
    if !(0..within.len()).all(|row| legacy.find(&within.key(row)).is_some()) {
        return Ok(false);
    }
    was_all_of(sides, request, legacy, &within)
}

/// Tells whether partitions that are a copy have nothing that is missing in the legacy file: rows of it with values that it has or
/// had, and rows that were taken out of it. Then they are behind it, and it has all there is.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn is_copy_behind(
    sides: Sides<'_>,
    request: &StorageRequest,
    legacy: &Frame,
    partitions: &Frame,
) -> Result<bool, StorageError> {
    let Sides { fs, places, .. } = sides;
    let are_a_copy = !sides.are_in_partitions(request)
        && sides.ledgers.history(fs, places, request)?.is_in_legacy();
    Ok(are_a_copy && was_all_of(sides, request, partitions, legacy)?)
}

/// Tells whether all that a copy has was, or is, in the rows of a series.
fn was_all_of(
    sides: Sides<'_>,
    request: &StorageRequest,
    copy: &Frame,
    rows: &Frame,
) -> Result<bool, StorageError> {
    let olds = Olds::read(sides, request, copy)?;
    let specs = copy.profile().columns.iter();
    let specs: Vec<_> = specs.zip(copy.columns()).collect();
    let is_known = |row: usize| {
        let key = copy.key(row);
        let there = rows.find(&key);
        let mut columns = specs.iter().zip(rows.columns());
        columns.all(|((spec, old), new)| {
            there.is_some_and(|there| old.cell(row) == new.cell(there))
                || olds.had(&key, spec.name, old, row)
        })
    };
    Ok((0..copy.len()).all(is_known))
}

/// Returns the rows that were taken out of a series, nobody has stored again, and a legacy file has still: they do not return.
///
/// # Errors
/// When the ledger cannot be read.
pub(super) fn taken_out(
    sides: Sides<'_>,
    request: &StorageRequest,
    legacy: &Frame,
    partitions: &Frame,
) -> Result<Frame, StorageError> {
    let history = sides.ledgers.history(sides.fs, sides.places, request)?;
    let out = frame::without(&rows_out(&history, legacy.profile()), partitions);
    let of_legacy: HashSet<i64> = if out.is_empty() {
        HashSet::new()
    } else {
        legacy.times().collect()
    };
    Ok(out.at(|stamp| of_legacy.contains(&stamp)))
}

/// What the ledger says that a series held once.
struct Olds {
    replaced: HashMap<(RowKey, &'static str), Vec<Column>>,
    /// Rows of files that are kept, and rows that were taken out.
    rows: Vec<Frame>,
}

impl Olds {
    fn read(sides: Sides<'_>, request: &StorageRequest, of: &Frame) -> Result<Self, StorageError> {
        let Sides { fs, places, .. } = sides;
        let earlier = read_earlier(fs, places, request)?;
        let mut olds = Self {
            replaced: HashMap::new(),
            rows: Vec::new(),
        };
        let earlier = earlier.lines.iter();
        olds.take(earlier.filter_map(|line| line.revision(of.profile())));
        for (_, line) in sides.ledgers.history(fs, places, request)?.lines {
            let Line::File(line) = line else { continue };
            match line.past {
                Past::Changed(changes) | Past::Copied(changes) => {
                    olds.take(changes.replaced);
                    olds.rows.extend(changes.removed.map(|(rows, _)| rows));
                }
                Past::Kept { file, .. } => {
                    let limit = sides.stores.limit();
                    // What cannot be read explains nothing.
                    olds.rows
                        .extend(read_kept(fs, places, request, &file, limit).ok());
                }
                Past::Damaged { .. } | Past::Moved => {}
            }
        }
        Ok(olds)
    }

    fn take(&mut self, revisions: impl IntoIterator<Item = Revision>) {
        for revision in revisions {
            let place = self.replaced.entry((revision.key, revision.field));
            place.or_default().push(revision.old);
        }
    }

    /// Tells whether a row had the value of `column` in `row` once.
    fn had(&self, key: &RowKey, field: &'static str, column: &Column, row: usize) -> bool {
        let value = column.cell(row);
        let was = |olds: &Vec<Column>| olds.iter().any(|old| old.cell(0) == value);
        let held = |rows: &Frame| {
            let at = rows.profile().position(field);
            let column = at.and_then(|at| rows.columns().get(at));
            let there = rows.find(key);
            there.is_some_and(|there| column.is_some_and(|column| column.cell(there) == value))
        };
        self.replaced.get(&(key.clone(), field)).is_some_and(was) || self.rows.iter().any(held)
    }
}
