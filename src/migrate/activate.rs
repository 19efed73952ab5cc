//! The switch of a venue from one layout to the other: toggle, registry and plan, in one step.
//!
//! Promises: the three files are one group, so no crash leaves a venue half-switched. The switch to partitions takes the
//! proof of every interval of the venue; the switch back is made for one interval, after `rollback` has brought
//! its rows back.

use std::path::PathBuf;

use super::plan_change::Progress;
use super::{MigrateError, MigrationPlan, Mover, ProvenInterval, Sides, Status, VenueInterval};
use crate::catalog::{Catalog, LAST_GOOD_FILE, StorageBlock, Unusable};
use crate::config::{StorageConfig, ToggleScope};
use crate::document;
use crate::model::{Dataset, PriceBasis, Ticker, Venue};
use crate::storage::{Committed, Document, StorageInterface};
use crate::sys::atomic::{TempNames, replace_from};
use crate::sys::rights_of;

/// What a switch changed.
#[derive(Debug, Default)]
pub struct Switched {
    /// How many series are now recorded as partitioned, or are so no longer.
    pub series: usize,
    /// Tickers whose entry in tickers.json cannot be used; their rows are found where they are.
    pub unusable: Vec<Unusable>,
}

/// Turns partitions on for a venue of which every planned interval is proven, but those that the predecessor `finished`: of
/// them the partitions are all that there is, and their blocks say nothing of a verification.
///
/// # Errors
/// When a file cannot be read, understood or written; then nothing is switched.
pub fn activate(
    mover: Mover<'_>,
    plan: &mut MigrationPlan,
    venue: &Venue,
    proven: &[ProvenInterval],
    finished: &[VenueInterval],
) -> Result<Switched, MigrateError> {
    let now = mover.clock.now();
    let mut catalog = load_catalog(mover.sides)?;
    let mut switched = Switched::default();
    let mut record = |tuple: &VenueInterval, tickers: &[Ticker], verified_at| {
        let block = StorageBlock {
            verified_at,
            ..StorageBlock::of(venue.clone())
        };
        let today = mover.clock.today();
        for ticker in tickers {
            match catalog.record_storage(ticker, venue, tuple.interval, today, &block) {
                Ok(()) => switched.series += 1,
                Err(unusable) => switched.unusable.push(unusable),
            }
        }
    };
    for interval in proven {
        record(interval.tuple(), interval.tickers(), Some(now));
    }
    for tuple in finished {
        let partitioned = &mover.sides.stores.partitioned;
        let interval = Some(tuple.interval);
        let tickers = partitioned.tickers(Some(venue), Dataset::Stocks, interval)?;
        record(tuple, &tickers, None);
    }
    let mut toggles = StorageConfig::load(mover.sides.fs, &mover.sides.places.root)?;
    toggles.set(&ToggleScope::Source(venue.clone()), true);
    commit(mover, plan, &catalog, &toggles)?;
    Ok(switched)
}

/// Turns partitions off for a venue, and forgets that the series of one interval are there.
pub(super) fn deactivate(
    mover: Mover<'_>,
    plan: &mut MigrationPlan,
    tuple: &VenueInterval,
    tickers: &[Ticker],
) -> Result<Switched, MigrateError> {
    let mut catalog = load_catalog(mover.sides)?;
    let mut switched = Switched::default();
    let today = mover.clock.today();
    for ticker in tickers
        .iter()
        .filter(|ticker| catalog.contains(ticker))
        .cloned()
        .collect::<Vec<_>>()
    {
        match catalog.forget_storage(&ticker, &tuple.venue, tuple.interval, today) {
            Ok(is_forgotten) => switched.series += usize::from(is_forgotten),
            Err(unusable) => switched.unusable.push(unusable),
        }
    }
    let mut toggles = StorageConfig::load(mover.sides.fs, &mover.sides.places.root)?;
    toggles.set(&ToggleScope::Source(tuple.venue.clone()), false);
    let pending = Progress {
        status: Status::Pending,
        jobs: (tickers.len() as u64, 0),
        rows: (0, 0),
        verified_at: None,
    };
    plan.record(tuple, &pending, mover.clock.now());
    commit(mover, plan, &catalog, &toggles)?;
    Ok(switched)
}

/// Replaces the plan alone.
///
/// # Errors
/// When the lock was lost or the disk refuses; the plan is then as it was.
pub fn save_plan(mover: Mover<'_>, plan: &MigrationPlan) -> Result<(), MigrateError> {
    let Sides { fs, places, .. } = mover.sides;
    let path = MigrationPlan::path(&places.root);
    let bytes = plan.to_bytes();
    if fs.read(&path)?.as_deref() == Some(&bytes) {
        return Ok(());
    }
    mover.held.confirm()?;
    Ok(document::save(
        fs,
        &TempNames::of(mover.runs.next()),
        &path,
        &bytes,
    )?)
}

/// Puts a new plan in the place of the one that is there, and returns where a copy of that is kept, if there was one. What was said
/// of the price basis of files holds on where nobody says otherwise, also when the old plan cannot be followed.
///
/// # Errors
/// When the lock was lost or the disk refuses.
pub fn begin_plan(
    mover: Mover<'_>,
    created_by: &str,
    tuples: &[VenueInterval],
    basis: Option<PriceBasis>,
) -> Result<Option<PathBuf>, MigrateError> {
    let Sides { fs, places, .. } = mover.sides;
    let old = MigrationPlan::load(fs, &places.root).ok().flatten();
    let kept = keep_plan(mover)?;
    let mut plan = MigrationPlan::new(created_by);
    for tuple in tuples {
        let known = old.as_ref().and_then(|old| old.interval(tuple)?.basis);
        plan.add(tuple, basis.or(known), mover.clock.now());
    }
    save_plan(mover, &plan)?;
    Ok(kept)
}

/// Puts a copy of the plan that is to be replaced beside it, and returns where; `None` when there is none.
fn keep_plan(mover: Mover<'_>) -> Result<Option<PathBuf>, MigrateError> {
    let Sides { fs, places, .. } = mover.sides;
    let path = MigrationPlan::path(&places.root);
    let Some(bytes) = fs.read(&path)? else {
        return Ok(None);
    };
    let stamp = mover.clock.now().format("%Y%m%dT%H%M%SZ");
    let mut kept = places.root.join(format!("migration_plan.{stamp}.json"));
    let mut number = 2;
    while fs.metadata(&kept)?.is_some() {
        let name = format!("migration_plan.{stamp}-{number}.json");
        kept = places.root.join(name);
        number += 1;
    }
    mover.held.confirm()?;
    let temps = TempNames::of(mover.runs.next());
    replace_from(fs, &temps, &kept, &bytes, rights_of(fs, &path)?)?;
    Ok(Some(kept))
}

fn load_catalog(sides: Sides<'_>) -> Result<Catalog, MigrateError> {
    Ok(Catalog::load(sides.fs, &sides.places.root)?.unwrap_or_default())
}

fn commit(
    mover: Mover<'_>,
    plan: &MigrationPlan,
    catalog: &Catalog,
    toggles: &StorageConfig,
) -> Result<(), MigrateError> {
    let Sides { fs, places, .. } = mover.sides;
    let root = &places.root;
    let registry = Catalog::path(root);
    let mut wanted = vec![
        (registry.clone(), catalog.to_bytes()),
        (StorageConfig::path(root), toggles.to_bytes()),
        (MigrationPlan::path(root), plan.to_bytes()),
    ];
    let mut origin = None;
    if let Some(bytes) = fs.read(&registry)? {
        wanted.push((root.join(LAST_GOOD_FILE), bytes));
        origin = rights_of(fs, &registry)?;
    }
    let mut run = mover.begin()?;
    for (path, bytes) in wanted {
        let found = fs.read(&path)?;
        if found.as_deref() != Some(&bytes) {
            let is_copy = path.ends_with(LAST_GOOD_FILE);
            let document = Document::new(path, found.as_deref(), bytes);
            run.put_document(&document.from_file(origin.filter(|_| is_copy)))?;
        }
    }
    // Documents are never left: the commit fails.
    let _committed: Committed = run.commit()?;
    Ok(run.finish()?)
}
