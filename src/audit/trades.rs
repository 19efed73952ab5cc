//! Looks through the raw trades of feeds: every byte of every day is read, one day after the other.

use std::ops::ControlFlow;

use super::Findings;
use crate::inventory::{Asked, InventoryError};
use crate::model::{Series, StorageRequest};
use crate::storage::{OlderTrades, StorageError};
use crate::workspace::Workspace;

/// Looks at the trades of the venues that are meant. Who names tickers or intervals asks for bars.
///
/// # Errors
/// When a folder cannot be listed.
pub(super) fn look_at_trades(
    asked: &Asked,
    workspace: &Workspace<'_>,
) -> Result<Findings, InventoryError> {
    let mut findings = Findings::default();
    if !asked.tickers.is_empty() || !asked.intervals.is_empty() {
        return Ok(findings);
    }
    let older = OlderTrades::below(workspace.fs(), &workspace.places.data);
    let venues = workspace.venues()?.into_iter();
    for venue in venues.filter(|venue| asked.means_venue(venue)) {
        findings.months.extend(older.all_months(&venue)?);
        let store = &workspace.stores.partitioned;
        for feed in store.feeds(&venue)? {
            let request = StorageRequest {
                venue: Some(venue.clone()),
                series: Series::Trades { feed },
            };
            findings.series += 1;
            let read = store.read_each(&request, &|_| true, &mut |_, stored| {
                match stored {
                    Ok(stored) => {
                        findings.add_damage(&stored);
                        findings.misplaced.extend(stored.misplaced);
                        findings.trades += stored.frame.len();
                    }
                    Err(error) => findings.add_trouble(request.clone(), error),
                }
                Ok::<_, StorageError>(if workspace.stop().is_raised() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            });
            if let Err(error) = read {
                findings.add_trouble(request, error);
            }
        }
    }
    Ok(findings)
}
