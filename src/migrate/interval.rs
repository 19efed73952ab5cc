//! One interval of a plan from beginning to end: migrated, written into the plan, and rid of its legacy files if that is wanted.
//!
//! Promises: the plan is written before and after, also where the work between ends early; legacy files go only where the interval
//! is proven and both sides were read again.

use super::{
    Choices, Failed, IntervalReport, MigrateError, MigrationPlan, Mover, Proofs, ProvenInterval,
    Removed, Status, Survey, Unproven, VenueInterval, VerifiedInterval, delete_legacy,
    migrate_interval, record,
};
use crate::storage::QuarantineRecord;
use crate::sys::Stopwatch;

/// What happens to legacy files of which both sides are proven equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegacyFiles {
    /// They stay.
    Stay,
    /// They go, once both sides were read again.
    Go,
}

/// What became of one interval.
#[derive(Debug)]
pub struct Migrated {
    /// Its tickers.
    pub report: IntervalReport,
    /// What keeps the interval from being proven.
    pub unproven: Option<Unproven>,
    /// Whether there was nothing to migrate, and nothing that was.
    pub is_bare: bool,
    /// The legacy files that went.
    pub removed: Option<Removed>,
    /// Tickers that keep them all.
    pub not_removed: Vec<Failed>,
    /// How long it took.
    pub seconds: f64,
}

impl Migrated {
    /// Returns the tickers that failed, whatever was done with them.
    pub fn failures(&self) -> impl Iterator<Item = &Failed> {
        self.report.failures.iter().chain(&self.not_removed)
    }

    /// Returns what was put away.
    pub fn kept(&self) -> impl Iterator<Item = &QuarantineRecord> {
        let removed = self.removed.iter().flat_map(|removed| &removed.kept);
        self.report.kept.iter().chain(removed)
    }

    /// Tells whether it did what it was for, but for tickers that failed: unless it was cut short, nothing keeps the interval from
    /// being proven.
    pub fn is_done(&self) -> bool {
        let is_unproven = self.unproven.is_some() && !self.report.is_cut_short;
        !is_unproven && self.report.strangers.is_empty()
    }
}

/// Migrates one interval of a plan; `proofs` has afterwards what is proven, also where this fails.
///
/// # Errors
/// As `migrate_interval`; when the plan cannot be written.
pub fn migrate_planned(
    mover: Mover<'_>,
    choices: &Choices,
    (plan, tuple): (&mut MigrationPlan, &VenueInterval),
    proofs: &mut Proofs,
    legacy: LegacyFiles,
) -> Result<Migrated, MigrateError> {
    let watch = Stopwatch::start();
    // A plan of which nothing is there keeps what it says: the predecessor may have finished it.
    let is_bare = proofs.is_empty() && Survey::of(mover.sides, tuple)?.is_bare();
    if !is_bare {
        record(mover, plan, tuple, proofs, Status::Migrating)?;
    }
    let outcome = migrate_interval(mover, choices, tuple, proofs);
    let unproven = ProvenInterval::confirm(mover.sides, tuple, proofs)?.err();
    let is_proven = unproven.is_none();
    let status = if is_proven {
        Status::Complete
    } else {
        Status::Migrating
    };
    if !is_bare {
        record(mover, plan, tuple, proofs, status)?;
    }
    let mut done = Migrated {
        report: outcome?,
        unproven,
        is_bare,
        removed: None,
        not_removed: Vec::new(),
        seconds: 0.0,
    };
    if legacy == LegacyFiles::Go && is_proven && !mover.sides.stop.is_raised() {
        match VerifiedInterval::by_reading(mover, tuple, proofs)? {
            Ok(verified) => done.removed = Some(delete_legacy(verified, proofs)?),
            Err(failed) => done.not_removed = failed,
        }
    }
    done.seconds = watch.seconds();
    Ok(done)
}
