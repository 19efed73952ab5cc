//! The raw trades of feeds: every byte of every day is read, one day after the other.

use std::ops::ControlFlow;

use super::series::damage;
use super::{CheckArgs, Outcome};
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::model::{Series, StorageRequest};
use crate::storage::OlderTrades;
use crate::workspace::Workspace;

/// Looks at the trades of the venues that are meant. Who names tickers or intervals asks for bars.
pub(super) fn look(
    args: &CheckArgs,
    workspace: &Workspace<'_>,
    shell: &Shell<'_>,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    if !args.tickers.is_empty() || !args.intervals.is_empty() {
        return Ok(outcome);
    }
    let older = OlderTrades::below(&*shell.world.fs, &workspace.places.data);
    for venue in workspace.venues()? {
        if !args.venues.is_empty() && !args.venues.contains(&venue) {
            continue;
        }
        outcome.months.extend(older.all_months(&venue)?);
        let store = &workspace.stores.partitioned;
        for feed in store.feeds(&venue)? {
            let request = StorageRequest {
                venue: Some(venue.clone()),
                series: Series::Trades { feed },
            };
            outcome.series += 1;
            let read = store.read_each(&request, &|_| true, &mut |_, stored| {
                match stored {
                    Ok(stored) => {
                        outcome.add(damage(&stored, shell));
                        outcome.misplaced.extend(stored.misplaced);
                        outcome.trades += stored.frame.len();
                    }
                    Err(error) => outcome.add_trouble(request.clone(), error.into()),
                }
                let is_stopped = shell.world.shutdown.is_raised();
                Ok::<_, crate::storage::StorageError>(if is_stopped {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            });
            if let Err(error) = read {
                outcome.add_trouble(request, error.into());
            }
        }
    }
    Ok(outcome)
}
