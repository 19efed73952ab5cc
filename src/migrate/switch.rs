//! What is written down once tickers are proven: the plan, and the switch of a venue.

use crate::config::ConfigService;
use crate::model::Venue;

use super::{
    IntervalState, MigrateError, MigrationPlan, Mover, PlannedInterval, Progress, Proofs,
    ProvenInterval, Status, Switched, VenueInterval, activate, save_plan,
};

/// Writes into the plan how far an interval is.
///
/// # Errors
/// When a side cannot be read, or the plan cannot be written.
pub fn record(
    mover: Mover<'_>,
    plan: &mut MigrationPlan,
    tuple: &VenueInterval,
    proofs: &Proofs,
    status: Status,
) -> Result<(), MigrateError> {
    let (total, rows) = match ProvenInterval::confirm(mover.sides, tuple, proofs)? {
        Ok(proven) => (proofs.len(), proven.rows()),
        Err(unproven) => (proofs.len().max(unproven.tickers), unproven.rows),
    };
    let now = mover.clock.now();
    let progress = Progress {
        verified_at: (status == Status::Complete).then_some(now),
        status,
        jobs: (total as u64, proofs.len() as u64),
        rows,
    };
    plan.record(tuple, &progress, now);
    save_plan(mover, plan)
}

/// Turns partitions on for each venue of which every planned interval is proven now.
///
/// # Errors
/// When a side cannot be read, or something cannot be written.
pub fn switch(
    mover: Mover<'_>,
    config: &ConfigService<'_>,
    plan: &mut MigrationPlan,
    chosen: &[PlannedInterval],
) -> Result<Vec<(Venue, Switched)>, MigrateError> {
    let mut venues: Vec<Venue> = chosen.iter().map(|one| one.tuple.venue.clone()).collect();
    venues.dedup();
    let mut switched = Vec::new();
    for venue in venues {
        let planned = plan.intervals().into_iter();
        let of_venue: Vec<_> = planned.filter(|one| one.tuple.venue == venue).collect();
        let states = IntervalState::each(config, mover.sides, &of_venue)?;
        let (mut proven, mut finished) = (Vec::new(), Vec::new());
        let mut is_whole = true;
        for state in &states {
            let tuple = &state.planned.tuple;
            if state.is_left_out() {
                finished.extend(state.is_eligible.then(|| tuple.clone()));
                continue;
            }
            let proofs = Proofs::load(mover.sides.fs, mover.sides.places, tuple)?;
            match ProvenInterval::confirm(mover.sides, tuple, &proofs)? {
                Ok(interval) => proven.push(interval),
                Err(_) => is_whole = false,
            }
        }
        if is_whole && !proven.is_empty() {
            let outcome = activate(mover, plan, &venue, &proven, &finished)?;
            switched.push((venue, outcome));
        }
    }
    Ok(switched)
}
