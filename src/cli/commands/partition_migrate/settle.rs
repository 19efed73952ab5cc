//! What is written down once tickers are proven: the plan, and the switch of a venue.

use super::open;
use crate::cli::failure::Failure;
use crate::migrate::{
    self, Hands, MigrationPlan, PlannedInterval, Progress as Recorded, Proofs, ProvenInterval,
    Status, Tuple,
};
use crate::model::Venue;
use crate::workspace::Workspace;

/// Writes into the plan how far an interval is.
pub(super) fn record(
    hands: Hands<'_>,
    plan: &mut MigrationPlan,
    tuple: &Tuple,
    proofs: &Proofs,
    status: Status,
) -> Result<(), Failure> {
    let (total, rows) = match ProvenInterval::confirm(hands.sight, tuple, proofs)? {
        Ok(proven) => (proofs.len(), proven.rows()),
        Err(unproven) => (proofs.len().max(unproven.tickers), unproven.rows),
    };
    let now = hands.clock.now();
    let progress = Recorded {
        verified_at: (status == Status::Complete).then_some(now),
        status,
        jobs: (total as u64, proofs.len() as u64),
        rows,
    };
    plan.record(tuple, &progress, now);
    Ok(migrate::save_plan(hands, plan)?)
}

/// Turns partitions on for each venue of which every planned interval is proven now.
pub(super) fn switch(
    hands: Hands<'_>,
    workspace: &Workspace<'_>,
    plan: &mut MigrationPlan,
    chosen: &[PlannedInterval],
) -> Result<Vec<(Venue, migrate::Switched)>, Failure> {
    let mut venues: Vec<Venue> = chosen.iter().map(|one| one.tuple.venue.clone()).collect();
    venues.dedup();
    let mut switched = Vec::new();
    for venue in venues {
        let planned = plan.intervals().into_iter();
        let of_venue: Vec<_> = planned.filter(|one| one.tuple.venue == venue).collect();
        let states = open::states(workspace, hands.sight, &of_venue)?;
        let (mut proven, mut finished) = (Vec::new(), Vec::new());
        let mut is_whole = true;
        for state in &states {
            let tuple = &state.planned.tuple;
            if state.is_left_out() {
                finished.extend(state.is_eligible.then(|| tuple.clone()));
                continue;
            }
            let proofs = Proofs::load(hands.sight.fs, hands.sight.places, tuple)?;
            match ProvenInterval::confirm(hands.sight, tuple, &proofs)? {
                Ok(interval) => proven.push(interval),
                Err(_) => is_whole = false,
            }
        }
        if is_whole && !proven.is_empty() {
            let outcome = migrate::activate(hands, plan, &venue, &proven, &finished)?;
            switched.push((venue, outcome));
        }
    }
    Ok(switched)
}
