//! Sweeping for temporary files: in `cleanup` and before migrations, and unasked in `update`.
//!
//! An update looks into the folders that it wrote to, each time, and through the whole workspace after the first report of
//! a day, so that nobody waits for it. Which day that was is in `state/swept`; where nothing is there, it is due. Whoever takes
//! over the lock of a dead run, and a run that fails, removes the mark.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::count;
use crate::ingest::sweep::{self, SweepReport};
use crate::ingest::{LookedInto, Registry};
use crate::layout::Places;
use crate::model::Venue;
use crate::sys::atomic::{TempNames, create_dirs, replace};
use crate::sys::{Fs, FsResult};
use crate::workspace::{Session, Workspace};

/// Removes temporary files wherever they are; rows in them are staged, for `finish_leftovers` to merge.
pub(in crate::cli) fn sweep(
    workspace: &Workspace<'_>,
    session: Session<'_>,
) -> Result<SweepReport, Failure> {
    let plan = sweep::plan(session.fs, &workspace.places)?;
    Ok(sweep::apply(&plan, &workspace.stores, session)?)
}

/// Tells which legacy files a clean-up looks into: all of them where any venue has a folder of its own for some.
pub(in crate::cli) fn looked_into(
    workspace: &Workspace<'_>,
    registry: &Registry,
) -> Result<LookedInto, Failure> {
    let mut known: BTreeSet<Venue> = workspace.stored_venues()?;
    known.extend(workspace.config.settings().described_venues().cloned());
    known.extend(registry.catalog().venues());
    known.remove(workspace.legacy_venue());
    Ok(if known.is_empty() {
        LookedInto::Known
    } else {
        LookedInto::All
    })
}

/// Says which legacy files stay where they are, as sentences without a period.
pub(in crate::cli) fn unmoved(left: &[(PathBuf, String)]) -> impl Iterator<Item = String> {
    left.iter()
        .map(|(path, reason)| format!("{} stays: {reason}", path.display()))
}

/// Says what became of temporary files. What was put away is listed by whoever has a report for it.
pub(in crate::cli) fn print(swept: &SweepReport, shell: &Shell<'_>) {
    let merged = count(swept.staged.len(), "temporary file", "temporary files");
    if !swept.staged.is_empty() {
        shell.printer.note(&format!("Merged the rows of {merged}."));
    }
    let removed = count(swept.removed.len(), "temporary file", "temporary files");
    if !swept.removed.is_empty() {
        shell.printer.note(&format!("Removed {removed}."));
    }
    for left in &swept.left {
        shell
            .printer
            .warning(&format!("{} stays: {}.", left.path.display(), left.reason));
    }
}

/// The day of the last sweep of everything.
fn mark(places: &Places) -> PathBuf {
    places.state.join("swept")
}

/// Tells whether everything is to be swept today.
pub(in crate::cli) fn is_due(workspace: &Workspace<'_>, shell: &Shell<'_>) -> bool {
    let found = shell.world.fs.read(&mark(&workspace.places));
    let is_today = |bytes: Vec<u8>| bytes == line(shell).as_bytes();
    // What cannot be read says nothing.
    !found.ok().flatten().is_some_and(is_today)
}

/// Notes, durably, that everything was swept today.
pub(in crate::cli) fn remember(session: Session<'_>, shell: &Shell<'_>) -> FsResult<()> {
    let places = session.places;
    create_dirs(session.fs, &places.root, &places.state)?;
    let temps = TempNames::of(session.held.run().clone());
    replace(session.fs, &temps, &mark(places), line(shell).as_bytes())
}

/// Sees to it that the next update sweeps everything.
pub(in crate::cli) fn forget(fs: &dyn Fs, places: &Places) -> FsResult<()> {
    if fs.remove_file(&mark(places))? {
        fs.sync_dir(&places.state)?;
    }
    Ok(())
}

fn line(shell: &Shell<'_>) -> String {
    format!("{}\n", shell.today())
}
