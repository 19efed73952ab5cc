//! Counting the requests of a run, and those of the last days with them. Trouble with the count is told and changes nothing of the run.

use crate::catalog::Catalog;
use crate::cli::commands::registration;
use crate::cli::shell::Shell;
use crate::ingest::RunReport;
use crate::lock::LockGuard;
use crate::overview::{RequestCount, RequestWeek};
use crate::workspace::Workspace;

fn count<'u>(shell: &'u Shell<'_>, workspace: &'u Workspace<'_>) -> RequestCount<'u> {
    RequestCount {
        fs: &*shell.world.fs,
        places: &workspace.places,
        today: shell.around.clock.now().date_naive(),
    }
}

/// Adds the requests of a run to those of the last days, and returns both by venue.
pub(super) fn add(
    (shell, workspace): (&Shell<'_>, &Workspace<'_>),
    report: &RunReport,
    catalog: &Catalog,
    held: &LockGuard<'_>,
) -> Vec<RequestWeek> {
    let count = count(shell, workspace);
    let path = count.path();
    let path = path.display();
    let venues = || report.venues.iter().map(|one| (&one.venue, one.requests));
    let counted = count.read().and_then(|(mut log, is_damaged)| {
        if is_damaged {
            let text = format!("{path} is damaged; the count of requests begins again.");
            shell.printer.warning(&text);
        }
        count.add(&mut log, venues(), &registration::temps(held))?;
        Ok(log)
    });
    match counted {
        Ok(log) => count.weeks(&log, catalog, venues()),
        Err(error) => {
            let text = format!("the requests are not counted in {path}: {error}.");
            shell.printer.warning(&text);
            Vec::new()
        }
    }
}

/// Returns what was counted, without a run. What is wrong with the file was told when the run was counted.
pub(super) fn read(
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
) -> Vec<RequestWeek> {
    let count = count(shell, workspace);
    let (log, _) = count.read().unwrap_or_default();
    let sources = workspace.view().sources.iter();
    count.weeks(&log, catalog, sources.map(|source| (source.venue(), 0)))
}
