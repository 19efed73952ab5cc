//! `barkeep tickers confirm` and `tickers reparse`: take back tickers that were given up.
//!
//! Promises: only a ticker of which something is known comes back; an error of a source changes nothing.

use clap::Args;

use super::registration;
use crate::cli::wiring::{self, registry};
use crate::cli::{Exit, Failure, Shell};
use crate::model::words::{count, some_of};
use crate::model::{Ticker, Venue};
use crate::roster;

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
    let around = (&workspace, shell);
    let taken_back = registration::change(around, "tickers reparse", registry, |catalog| {
        Ok(catalog.reactivate_recent(venue, shell.today()))
    })?;
    tell(&taken_back, venue, shell);
    Ok(Exit::Ok)
}

/// Runs `tickers confirm`.
pub(in crate::cli) fn confirm(args: &NotFoundsArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open_at(shell, args.venue.as_ref())?;
    let venue = workspace.default_venue();
    let catalog = registry(&workspace, shell)?;
    let days = (shell.around.clock.now(), shell.today());
    let mut answers = roster::confirm(&workspace, (&catalog, venue), days, &shell.around.stop)?;
    let mut taken_back = std::mem::take(&mut answers.found);
    if !taken_back.is_empty() {
        let around = (&workspace, shell);
        registration::change(around, "tickers confirm", registry, |catalog| {
            taken_back.retain(|ticker| catalog.reactivate(ticker, venue));
            Ok(())
        })?;
    }
    tell(&taken_back, venue, shell);
    for (_, error) in answers.errors.iter().take(MOST_NAMED) {
        shell.error(&format!("error: {error}"));
    }
    if let Some(exit) = shell.interrupted() {
        return Ok(exit);
    }
    if answers.errors.is_empty() && answers.not_asked == 0 {
        return Ok(Exit::Ok);
    }
    let failed: Vec<&Ticker> = answers.errors.iter().map(|(ticker, _)| ticker).collect();
    shell.warning(&format!(
        "Nothing is known of {}, and {} not asked for.",
        some_of(&failed, MOST_NAMED),
        match answers.not_asked {
            1 => "1 more ticker was".to_owned(),
            more => format!("{more} more tickers were"),
        }
    ));
    Ok(Exit::Partial)
}

fn tell(taken_back: &[Ticker], venue: &Venue, shell: &Shell<'_>) {
    let tickers = count(taken_back.len(), "ticker", "tickers");
    let named = match taken_back {
        [] => String::new(),
        _ => format!(": {}", some_of(taken_back, MOST_NAMED)),
    };
    shell.note(&format!("Took back {tickers} of {venue}{named}."));
}
