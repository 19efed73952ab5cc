//! Whether a change of the toggles would leave rows behind in a layout that is not meant any more.

use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::ui::troubles::why_nothing_is_stored;
use crate::cli::ui::words::{count, some_of};
use crate::config::StorageConfig;
use crate::model::{Interval, Ticker, Venue};
use crate::workspace::DataRoot;
use crate::workspace::Workspace;

/// Refuses a change that would orphan rows of any venue whose layout it changes.
///
/// # Errors
/// At the first venue and interval with such rows, naming the command that moves them; where no row can be found that
/// tickers.json knows.
pub(super) fn refuse_orphans(
    workspace: &Workspace<'_>,
    before: &StorageConfig,
    after: &StorageConfig,
) -> Result<(), Failure> {
    // A registry that cannot be understood cannot say whose the legacy rows are.
    let catalog = workspace.catalog()?.unwrap_or_default();
    // Of rows on a disk that is not mounted nobody can say in which layout they are.
    let data = workspace.view().data_root(&catalog);
    if let (DataRoot::Absent, Some((message, hint))) = (&data, why_nothing_is_stored(&data)) {
        let hint = format!("{hint}, then run again");
        return Err(Failure::new(Exit::Failed, message).hint(hint));
    }
    for venue in &workspace.venues()? {
        let (was, is) = (before.lookup(venue).0, after.lookup(venue).0);
        if was == is {
            continue;
        }
        for interval in Interval::ALL {
            if workspace.config.partitions(venue, interval) {
                let orphans = workspace.stores.orphans(venue, interval, is)?;
                if !orphans.is_empty() {
                    return Err(refusal(venue, interval, &orphans, is));
                }
            }
        }
    }
    Ok(())
}

fn refusal(venue: &Venue, interval: Interval, orphans: &[Ticker], is_partitioned: bool) -> Failure {
    let tickers = count(orphans.len(), "ticker", "tickers");
    let have = if orphans.len() == 1 { "has" } else { "have" };
    let names = some_of(orphans, 3);
    // The way is planned first, and its other steps follow from there.
    let (rows, command) = if is_partitioned {
        let way = "init --all-found --venue";
        ("rows only in the legacy layout", format!("{way} {venue}"))
    } else {
        let way = "rollback --dry-run";
        ("rows in partitions", format!("{way} {venue} {interval}"))
    };
    Failure::new(
        Exit::Failed,
        format!("{tickers} at {venue} {have} {interval} {rows} ({names})"),
    )
    .hint(format!(
        "move them first: barkeep partition-migrate {command}"
    ))
}
