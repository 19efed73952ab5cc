//! What the subcommands share: the plan, the lock, and both sides.

use std::time::Duration;

use crate::cli::commands::{registration, sweep};
use crate::cli::failure::{Failure, nothing_stored};
use crate::cli::ui::progress::Progress;
use crate::cli::ui::troubles::put_away;
use crate::cli::wiring::absent;
use crate::cli::{Exit, Shell};
use crate::ingest::Earlier;
use crate::lock::LockGuard;
use crate::migrate::MigrationPlan;
use crate::model::words::count;
use crate::workspace::{Workspace, has_legacy_data, is_workspace};

/// Returns the plan of the workspace.
pub(super) fn plan(shell: &Shell<'_>) -> Result<MigrationPlan, Failure> {
    MigrationPlan::load(&*shell.world.fs, shell.root())?.ok_or_else(|| {
        let root = shell.root().display();
        Failure::new(
            Exit::NotInitialised,
            format!("there is no migration_plan.json in {root}"),
        )
        .hint("make one: barkeep partition-migrate init --all-found")
    })
}

/// Takes the run lock and finishes what earlier runs left: their rows belong to where they were going before anything
/// is moved.
pub(super) fn lock<'s>(
    workspace: &Workspace<'s>,
    shell: &Shell<'_>,
    command: &str,
    progress: &Progress<'_>,
) -> Result<LockGuard<'s>, Failure> {
    let held = registration::lock(workspace, shell, command, Duration::ZERO)?;
    let session = workspace.session(&held, progress);
    let earlier = Earlier::finish(workspace, session, |swept| {
        sweep::print(swept, shell);
        for record in &swept.quarantined {
            shell.warning(&format!("{}.", put_away(record)));
        }
    })?;
    let left = earlier.leftovers;
    if let Some(data) = left.obstacle() {
        return Err(nothing_stored(data));
    }
    if let Some(failure) = left.failures.first() {
        let runs = count(left.failures.len(), "series", "series");
        return Err(Failure::new(
            Exit::Partial,
            format!("rows of {runs} that an earlier run staged cannot be stored: {failure}"),
        )
        .hint("mend what is named, then run again: barkeep cleanup stores what waits"));
    }
    Ok(held)
}

/// Opens the workspace.
pub(super) fn workspace<'s>(shell: &'s Shell<'s>) -> Result<Workspace<'s>, Failure> {
    let workspace = Workspace::open_any(&shell.around, &crate::config::Overrides::default())?;
    // Legacy data alone make a folder a workspace here: the migration gives it the rest.
    if !is_workspace(&shell.around)? && !has_legacy_data(&shell.around)? {
        return Err(absent(shell, "there is no workspace"));
    }
    Ok(workspace)
}
