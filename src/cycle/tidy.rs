//! What an update tidies up: the folders that it wrote to, once a day everything, and long ledgers; and a clean-up of all, which a
//! person asks for.

use chrono::NaiveDate;

use crate::ingest::{
    self, Earlier, LeftoverReport, LookedInto, Registry, RunReport, sweep as temps,
};
use crate::lock::LockGuard;
use crate::observe::Observer;
use crate::sys::FsResult;
use crate::workspace::{Session, Workspace};

use super::CycleError;

/// How a run ended, as far as it matters for what is tidied up after it.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// Whether `data` is there and the run came to its end.
    is_whole: bool,
    /// Whether the run before it died. Whatever that one was writing is not written any more.
    is_after_death: bool,
}

/// What became of temporary files everywhere.
#[derive(Debug)]
pub struct Swept {
    /// What was done with them.
    pub report: temps::SweepReport,
    /// Rows of them that could not be stored, as sentences without a period.
    pub failures: Vec<String>,
}

impl Ending {
    /// Returns how a run ended that reports so, under a lock.
    pub fn of(report: &RunReport, held: &LockGuard<'_>) -> Self {
        Self {
            is_whole: report.data.is_there() && report.interrupted.is_none(),
            is_after_death: held.took_over().is_some(),
        }
    }

    /// Merges the ledgers of which many groups have a file of their own. What they say stays the same.
    ///
    /// # Errors
    /// When the disk refuses, or the lock is lost.
    pub fn merge_ledgers(
        self,
        workspace: &Workspace<'_>,
        observer: &dyn Observer,
    ) -> Result<(), CycleError> {
        if !self.is_whole || !ingest::is_ledger_long(workspace.fs(), &workspace.places)? {
            return Ok(());
        }
        let Some(held) = lock_if_free(workspace)? else {
            return Ok(());
        };
        ingest::merge_ledgers(workspace.session(&held, observer))?;
        Ok(held.release()?)
    }

    /// Settles stale temporary files everywhere, in the first run of a day and in one that took over from a dead one; `None` where
    /// that is not due.
    ///
    /// # Errors
    /// When the disk refuses, or the lock is lost.
    pub fn sweep_daily(
        self,
        workspace: &Workspace<'_>,
        today: NaiveDate,
        observer: &dyn Observer,
    ) -> Result<Option<Swept>, CycleError> {
        let (fs, places) = (workspace.fs(), &workspace.places);
        let is_able = self.is_whole && workspace.stores.refusal().is_none();
        if !is_able || !temps::is_due(fs, places, today) {
            return Ok(None);
        }
        // Looking needs no lock.
        let plan = temps::plan(fs, places)?;
        let plan = if self.is_after_death {
            plan
        } else {
            plan.of_stale(workspace.clock().now())
        };
        let Some(held) = lock_if_free(workspace)? else {
            return Ok(None);
        };
        let session = workspace.session(&held, observer);
        let report = temps::apply(&plan, &workspace.stores, session)?;
        let mut failures = Vec::new();
        if !report.staged.is_empty() {
            let mut registry = Registry::load_or_empty(fs, &places.root)?;
            workspace.learn(Some(registry.catalog()));
            let merged = ingest::finish_leftovers(workspace.view(), session, &mut registry)?;
            registry.save(session)?;
            failures = merged.failures;
        }
        temps::remember(session, today)?;
        held.release()?;
        Ok(Some(Swept { report, failures }))
    }
}

/// What a clean-up did.
#[derive(Debug)]
pub struct CleanedUp {
    /// What else it did, as a run tells it.
    pub report: RunReport,
    /// What stopped runs had left.
    pub leftovers: LeftoverReport,
    /// What became of temporary files.
    pub swept: temps::SweepReport,
    /// Whether there was nothing to do.
    pub is_nothing: bool,
    /// Whether files stay that should have gone.
    pub has_left: bool,
}

/// Settles all that runs left, and looks into every legacy file that may belong elsewhere.
///
/// # Errors
/// When the disk refuses, or the lock is lost. Rows that were fetched are then still in staging or in their files.
pub fn clean_up(
    workspace: &Workspace<'_>,
    session: Session<'_>,
    today: NaiveDate,
) -> Result<CleanedUp, CycleError> {
    let Earlier {
        registry,
        swept,
        leftovers,
    } = Earlier::finish(workspace, session, |_| {})?;
    let which = LookedInto::of(workspace, registry.catalog())?;
    let housed = ingest::rehouse(&workspace.stores, session, which)?;
    if workspace.stores.refusal().is_none() {
        // If it cannot be noted, the next update looks once more.
        let _noted: FsResult<()> = temps::remember(session, today);
    }
    let mut report = RunReport {
        interrupted: session.stop.signal(),
        warnings: housed.unmoved().collect(),
        kept: swept.quarantined.clone(),
        ..RunReport::default()
    };
    report.kept.extend(housed.kept);
    Ok(CleanedUp {
        is_nothing: leftovers.runs + leftovers.held_back == 0
            && leftovers.data.refusal().is_none()
            && leftovers.failures.is_empty()
            && housed.moved + housed.left.len() == 0
            && swept.is_empty(),
        has_left: !swept.left.is_empty() || !housed.left.is_empty(),
        report,
        leftovers,
        swept,
    })
}

/// Settles stale temporary files in the folders that the run wrote to.
pub(super) fn sweep_touched(
    workspace: &Workspace<'_>,
    session: Session<'_>,
    registry: &mut Registry,
    (report, leftovers): (&mut RunReport, &mut LeftoverReport),
) -> Result<(), CycleError> {
    let folders = std::mem::take(&mut report.untidy);
    let plan = temps::plan_in(session.fs, session.places, &folders)?;
    let plan = match session.held.took_over() {
        Some(_) => plan,
        None => plan.of_stale(session.clock.now()),
    };
    let swept = temps::apply(&plan, &workspace.stores, session)?;
    if !swept.staged.is_empty() {
        let merged = ingest::finish_leftovers(workspace.view(), session, registry)?;
        registry.save(session)?;
        leftovers.add_earlier(merged);
    }
    report.kept.extend(swept.quarantined);
    let left = swept.left.iter();
    let left = left.map(|left| format!("{} stays: {}", left.path.display(), left.reason));
    report.warnings.extend(left);
    Ok(())
}

/// Takes the lock for something that waits while another run is at work, which does it after its own.
fn lock_if_free<'s>(workspace: &Workspace<'s>) -> Result<Option<LockGuard<'s>>, CycleError> {
    match workspace.lock().acquire("update") {
        Err(error) if error.is_contention() => Ok(None),
        acquired => Ok(Some(acquired?)),
    }
}
