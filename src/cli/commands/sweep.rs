//! Sweeping the whole workspace for temporary files: in `cleanup`, and when a run finds that another one died.

use crate::cleanup::{self, CleanupReport};
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::count;
use crate::storage::Quarantine;
use crate::workspace::Session;
use crate::workspace::Workspace;

/// Removes temporary files; rows in them are staged, for `finish_leftovers` to merge.
pub(in crate::cli) fn sweep(
    workspace: &Workspace<'_>,
    hands: Session<'_>,
) -> Result<CleanupReport, Failure> {
    // Where nothing can be removed, nothing is staged either: the next sweep finds it all.
    if workspace.stores.refusal().is_some() {
        return Ok(CleanupReport::default());
    }
    let plan = cleanup::plan(hands.fs, &workspace.places)?;
    if plan.leftovers.is_empty() {
        return Ok(CleanupReport {
            left: plan.unreadable,
            ..CleanupReport::default()
        });
    }
    // What lay there before this run goes before what this run fetches.
    let id = hands.runs.next_of_others();
    let quarantine = Quarantine::new(hands.fs, hands.held, hands.places, id.clone());
    let hands = cleanup::Hands {
        fs: hands.fs,
        held: hands.held,
        places: hands.places,
        stores: &workspace.stores,
        quarantine: &quarantine,
    };
    Ok(cleanup::apply(&plan, hands, id)?)
}

/// Says what became of temporary files. What was put away is listed by whoever has a report for it.
pub(in crate::cli) fn print(swept: &CleanupReport, shell: &Shell<'_>) {
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
