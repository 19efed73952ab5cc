//! `barkeep partition-toggle`: chooses whether new series are kept in monthly partitions.
//!
//! Leaves to others: which change would leave rows behind in the other layout (`roster`).

use std::time::Duration;

use clap::Args;

use super::registration;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::config::ToggleScope;
use crate::model::{Slug, Venue};
use crate::roster::{self, Change};
use crate::workspace::Workspace;

/// Options of `partition-toggle`.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct ToggleArgs {
    /// Only this market [default: everything]
    #[arg(short, long, value_name = "MARKET")]
    market: Option<Slug>,
    /// Only this source of the market
    #[arg(short, long, value_name = "SOURCE", requires = "market")]
    source: Option<Slug>,
    /// Turn partitions off; without this they are turned on
    #[arg(long, conflicts_with = "clear")]
    disable: bool,
    /// Forget the choice at this level; the next wider one decides
    #[arg(long)]
    clear: bool,
    /// Print what holds for each venue, and change nothing
    #[arg(long, conflicts_with_all = ["disable", "clear"])]
    show: bool,
}

/// Runs `partition-toggle`.
pub(in crate::cli) fn run(args: &ToggleArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let mut workspace = wiring::open(shell)?;
    let scope = scope(args);
    if args.show {
        return show(args, &workspace, shell);
    }
    let wanted = match (args.clear, args.disable) {
        (true, _) => Change::Clear,
        (false, true) => Change::Disable,
        (false, false) => Change::Enable,
    };
    let held = registration::lock(&workspace, shell, "partition-toggle", Duration::ZERO)?;
    let is_changed = roster::change_toggle(&mut workspace, &held, &scope, wanted)?;
    held.release()?;
    shell.note(&sentence(&scope, wanted, is_changed));
    Ok(Exit::Ok)
}

fn scope(args: &ToggleArgs) -> ToggleScope {
    match (args.market.clone(), args.source.clone()) {
        (Some(market), Some(source)) => ToggleScope::Source(Venue { market, source }),
        (Some(market), None) => ToggleScope::Market(market),
        (None, _) => ToggleScope::Global,
    }
}

fn sentence(scope: &ToggleScope, wanted: Change, is_changed: bool) -> String {
    let place = match scope {
        ToggleScope::Global => "globally".to_owned(),
        ToggleScope::Market(market) => format!("for market {market}"),
        ToggleScope::Source(venue) => format!("for {}/{}", venue.market, venue.source),
    };
    match (wanted, is_changed) {
        (Change::Enable, true) => format!("Partitioned storage is now on {place}."),
        (Change::Enable, false) => format!("Partitioned storage was on {place} already."),
        (Change::Disable, true) => format!("Partitioned storage is now off {place}."),
        (Change::Disable, false) => format!("Partitioned storage was off {place} already."),
        (Change::Clear, true) => format!("The choice made {place} is cleared."),
        (Change::Clear, false) => format!("There was no choice made {place}."),
    }
}

fn show(args: &ToggleArgs, workspace: &Workspace<'_>, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let is_meant = |venue: &Venue| {
        args.market
            .as_ref()
            .is_none_or(|market| venue.market == *market)
            && args
                .source
                .as_ref()
                .is_none_or(|source| venue.source == *source)
    };
    let rows: Vec<[String; 3]> = workspace
        .venues()?
        .into_iter()
        .filter(is_meant)
        .map(|venue| {
            let (is_enabled, origin) = workspace.config.is_partitioned_enabled(&venue);
            let layout = if is_enabled { "partitioned" } else { "legacy" };
            [venue.to_string(), layout.to_owned(), origin.to_string()]
        })
        .collect();
    let header = ["venue", "new series", "decided by"];
    shell.table(&header, &rows, &[]);
    Ok(Exit::Ok)
}
