//! One interval of a plan brought back from beginning to end, and rid of its partitions if that is wanted.
//!
//! Promises: nothing is written unless there is room for all of it. Partitions go only where the switch was turned and both sides
//! were read again.

use std::path::PathBuf;

use super::need::space_at;
use super::{
    Failed, Homes, MigrateError, MigrationPlan, Missing, Mover, Need, Proofs, Removed,
    RollbackReport, VenueInterval, remove_partitions, roll_back, rollback_need,
};
use crate::storage::QuarantineRecord;

/// What happens to partitions whose rows are back in legacy files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitions {
    /// They stay.
    Stay,
    /// They go, once both sides were read again.
    Go,
}

/// What became of one interval.
#[derive(Debug)]
pub struct BroughtBack {
    /// Its tickers.
    pub report: RollbackReport,
    /// The partitions that went.
    pub removed: Option<Removed>,
    /// Tickers that keep them all.
    pub not_removed: Vec<Failed>,
}

/// A disk that has too little room.
#[derive(Debug)]
pub struct Shortage {
    /// A folder on it.
    pub at: PathBuf,
    /// What is needed.
    pub need: Need,
    /// What of that is missing.
    pub missing: Missing,
}

impl BroughtBack {
    /// Returns the tickers that failed, whatever was done with them.
    pub fn failures(&self) -> impl Iterator<Item = &Failed> {
        self.report.failures.iter().chain(&self.not_removed)
    }

    /// Returns what was put away.
    pub fn kept(&self) -> impl Iterator<Item = &QuarantineRecord> {
        let removed = self.removed.iter().flat_map(|removed| &removed.kept);
        self.report.kept.iter().chain(removed)
    }

    /// Returns what a rollback would do, or did, with the partitions as they are.
    pub fn of(report: RollbackReport) -> Self {
        Self {
            report,
            removed: None,
            not_removed: Vec::new(),
        }
    }
}

/// Brings one interval of a plan back. The inner error is a disk without room, on which nothing was begun.
///
/// # Errors
/// As `roll_back` and `remove_partitions`.
pub fn bring_back(
    mover: Mover<'_>,
    (plan, tuple): (&mut MigrationPlan, &VenueInterval),
    homes: Homes,
    partitions: Partitions,
) -> Result<Result<BroughtBack, Shortage>, MigrateError> {
    let sides = mover.sides;
    let mut proofs = Proofs::load(sides.fs, sides.places, tuple)?;
    let need = rollback_need(sides, tuple, &proofs)?;
    let at = space_at(sides)?;
    if let Some(missing) = need.missing(sides.fs, &at)? {
        return Ok(Err(Shortage { at, need, missing }));
    }
    let report = roll_back(mover, plan, tuple, &mut proofs, homes)?;
    let mut done = BroughtBack::of(report);
    if partitions == Partitions::Go && done.report.switched.is_some() {
        match remove_partitions(mover, tuple)? {
            Ok(removed) => done.removed = Some(removed),
            Err(failed) => done.not_removed = failed,
        }
    }
    Ok(Ok(done))
}
