//! What an update tidies up: the folders that it wrote to, once a day everything, and long ledgers.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Update;
use crate::cli::Exit;
use crate::cli::commands::sweep;
use crate::cli::failure::Failure;
use crate::cli::ui::progress::Progress;
use crate::ingest::sweep as temps;
use crate::ingest::{self, LeftoverReport, Registry, RunReport};
use crate::lock::LockGuard;
use crate::workspace::Session;

/// How a run ended, as far as it matters for what is tidied up after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// Whether `data` is there and the run came to its end.
    is_whole: bool,
    /// Whether the run before it died. Whatever that one was writing is not written any more.
    is_after_death: bool,
}

impl Ending {
    pub(super) fn of(report: &RunReport, held: &LockGuard<'_>) -> Self {
        Self {
            is_whole: report.data.is_there() && report.interrupted.is_none(),
            is_after_death: held.took_over().is_some(),
        }
    }
}

impl Update<'_> {
    /// Settles stale temporary files in the folders that the run wrote to.
    pub(super) fn sweep_touched(
        &self,
        session: Session<'_>,
        folders: &BTreeSet<PathBuf>,
        registry: &mut Registry,
        (report, leftovers): (&mut RunReport, &mut LeftoverReport),
    ) -> Result<(), Failure> {
        let plan = temps::plan_in(session.fs, session.places, folders)?;
        let plan = match session.held.took_over() {
            Some(_) => plan,
            None => plan.of_stale(session.clock.now()),
        };
        let swept = temps::apply(&plan, &self.workspace.stores, session)?;
        if !swept.staged.is_empty() {
            let merged = ingest::finish_leftovers(self.workspace.view(), session, registry)?;
            registry.save(session)?;
            leftovers.add_earlier(merged);
        }
        report.kept.extend(swept.quarantined);
        let left = swept.left.iter();
        let left = left.map(|left| format!("{} stays: {}", left.path.display(), left.reason));
        report.warnings.extend(left);
        Ok(())
    }

    /// Merges the ledgers of which many groups have a file of their own. What they say stays the same.
    pub(super) fn merge_ledgers(&self, ending: Ending) -> Result<(), Failure> {
        let (shell, workspace) = (self.shell, self.workspace);
        let (fs, places) = (&*shell.world.fs, &workspace.places);
        if !ending.is_whole || !ingest::is_ledger_long(fs, places)? {
            return Ok(());
        }
        let held = match workspace.lock().acquire("update") {
            // Another run is at work, and merges after it.
            Err(error) if error.is_contention() => return Ok(()),
            acquired => acquired?,
        };
        let progress = Progress::new(shell, self.args.json);
        let merged = ingest::merge_ledgers(workspace.session(&held, &progress));
        progress.end();
        merged?;
        Ok(held.release()?)
    }

    /// Settles stale temporary files everywhere, in the first run of a day and in one that took over from a dead one.
    pub(super) fn sweep_daily(&self, ending: Ending) -> Result<Exit, Failure> {
        let (shell, workspace) = (self.shell, self.workspace);
        if !ending.is_whole || workspace.stores.refusal().is_some() {
            return Ok(Exit::Ok);
        }
        if !temps::is_due(&*shell.world.fs, &workspace.places, shell.today()) {
            return Ok(Exit::Ok);
        }
        let fs = &*shell.world.fs;
        // Looking needs no lock.
        let plan = temps::plan(fs, &workspace.places)?;
        let plan = if ending.is_after_death {
            plan
        } else {
            plan.of_stale(shell.around.clock.now())
        };
        let held = match workspace.lock().acquire("update") {
            // Another run is at work, and sweeps after it.
            Err(error) if error.is_contention() => return Ok(Exit::Ok),
            acquired => acquired?,
        };
        let progress = Progress::new(shell, self.args.json);
        let session = workspace.session(&held, &progress);
        let swept = temps::apply(&plan, &workspace.stores, session)?;
        let mut exit = Exit::Ok;
        if !swept.staged.is_empty() {
            let mut registry = self.registry()?;
            let merged = ingest::finish_leftovers(workspace.view(), session, &mut registry)?;
            registry.save(session)?;
            for failure in &merged.failures {
                shell.printer.warning(&format!("{failure}."));
                exit = Exit::Partial;
            }
        }
        progress.end();
        temps::remember(session, shell.today())?;
        held.release()?;
        sweep::print(&swept, shell);
        for record in &swept.quarantined {
            let (path, folder) = (shell.shown(&record.path), shell.shown(&record.folder));
            let reason = &record.reason;
            shell
                .printer
                .warning(&format!("{path} is kept in {folder}: {reason}."));
        }
        Ok(exit)
    }
}
