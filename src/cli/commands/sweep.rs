//! What is said of temporary files that a sweep came by.

use crate::cli::shell::Shell;
use crate::ingest::sweep::SweepReport;
use crate::model::words::count;

/// Says what became of temporary files. What was put away is listed by whoever has a report for it.
pub(in crate::cli) fn print(swept: &SweepReport, shell: &Shell<'_>) {
    let merged = count(swept.staged.len(), "temporary file", "temporary files");
    if !swept.staged.is_empty() {
        shell.note(&format!("Merged the rows of {merged}."));
    }
    let removed = count(swept.removed.len(), "temporary file", "temporary files");
    if !swept.removed.is_empty() {
        shell.note(&format!("Removed {removed}."));
    }
    for left in &swept.left {
        shell.warning(&format!("{} stays: {}.", left.path.display(), left.reason));
    }
}
