//! `barkeep tickers confirm` and `tickers reparse`: take back tickers that were given up.
//!
//! Promises: only a ticker of which something is known comes back; an error of a source changes nothing.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::registration;
use crate::catalog::Catalog;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::{count, some_of};
use crate::cli::wiring::{self, registry};
use crate::model::{Interval, Ticker, Venue};
use crate::source::MarketDataSource;
use crate::update;
use crate::workspace::Workspace;

/// How many tickers a message names.
const MOST_NAMED: usize = 20;

/// Options of `tickers confirm` and `tickers reparse`.
#[derive(Debug, Args)]
pub(in crate::cli) struct NotFoundsArgs {
    /// The venue of the tickers [default: the only one of the workspace, else us:yahoo]
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
}

/// Runs `tickers reparse`.
pub(in crate::cli) fn reparse(args: &NotFoundsArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open_at(shell, args.venue.as_ref())?;
    let venue = workspace.default_venue();
    let taken_back = change(&workspace, shell, "tickers reparse", |catalog| {
        catalog.reactivate_recent(venue, shell.today())
    })?;
    tell(&taken_back, venue, shell);
    Ok(Exit::Ok)
}

/// Runs `tickers confirm`.
pub(in crate::cli) fn confirm(args: &NotFoundsArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open_at(shell, args.venue.as_ref())?;
    let venue = workspace.default_venue();
    let (source, interval) = served(&workspace, venue)?;
    let catalog = registry(&workspace, shell)?;
    let mut given_up = catalog.tickers_at(venue);
    given_up.retain(|ticker| !catalog.is_active(ticker, venue));
    let days = (shell.around.clock.now(), shell.today());
    let answers = update::confirm(&given_up, (&*source, interval), days, &shell.world.shutdown);
    let taken_back = if answers.found.is_empty() {
        Vec::new()
    } else {
        change(&workspace, shell, "tickers confirm", |catalog| {
            let mut found = answers.found;
            found.retain(|ticker| catalog.reactivate(ticker, venue));
            found
        })?
    };
    tell(&taken_back, venue, shell);
    for (_, error) in answers.errors.iter().take(MOST_NAMED) {
        shell.printer.error(&format!("error: {error}"));
    }
    if let Some(signal) = shell.world.shutdown.signal() {
        return Ok(Exit::Interrupted(signal));
    }
    if answers.errors.is_empty() && answers.not_asked == 0 {
        return Ok(Exit::Ok);
    }
    let failed: Vec<&Ticker> = answers.errors.iter().map(|(ticker, _)| ticker).collect();
    shell.printer.warning(&format!(
        "Nothing is known of {}, and {} not asked for.",
        some_of(&failed, MOST_NAMED),
        match answers.not_asked {
            1 => "1 more ticker was".to_owned(),
            more => format!("{more} more tickers were"),
        }
    ));
    Ok(Exit::Partial)
}

fn served(
    workspace: &Workspace<'_>,
    venue: &Venue,
) -> Result<(Arc<dyn MarketDataSource>, Interval), Failure> {
    let source = workspace
        .sources
        .iter()
        .find(|source| source.venue() == venue)
        .ok_or_else(|| Failure::usage(format!("no source is configured for {venue}")))?;
    let mut intervals = workspace.intervals()?.into_iter();
    let interval = intervals
        .find(|interval| source.serves(*interval))
        .ok_or_else(|| {
            let message = format!("{venue} serves none of the intervals of the workspace");
            Failure::new(Exit::Failed, message)
        })?;
    Ok((Arc::clone(source), interval))
}

/// Applies a change to the registry under the lock, and saves what changed.
fn change(
    workspace: &Workspace<'_>,
    shell: &Shell<'_>,
    command: &str,
    apply: impl FnOnce(&mut Catalog) -> Vec<Ticker>,
) -> Result<Vec<Ticker>, Failure> {
    let held = registration::lock(workspace, shell, command, Duration::ZERO)?;
    let mut catalog = registry(workspace, shell)?;
    let taken_back = apply(&mut catalog);
    if catalog.is_changed() {
        registration::save(shell, &held, &catalog)?;
    }
    held.release()?;
    Ok(taken_back)
}

fn tell(taken_back: &[Ticker], venue: &Venue, shell: &Shell<'_>) {
    let tickers = count(taken_back.len(), "ticker", "tickers");
    let named = match taken_back {
        [] => String::new(),
        _ => format!(": {}", some_of(taken_back, MOST_NAMED)),
    };
    shell
        .printer
        .note(&format!("Took back {tickers} of {venue}{named}."));
}
