//! `barkeep tickers`: adds, imports, removes and lists tickers. Stored rows are never touched.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::named;
use super::not_founds::{self, NotFoundsArgs};
use super::registration;
use super::symbol_import::{self, ImportArgs};
use crate::cli::wiring::{self, registry, registry_or_new};
use crate::cli::{Exit, Failure, Shell};
use crate::model::words::{count, some_of};
use crate::model::{Ticker, Venue};
use crate::roster::{self, Accepted, Removed};

/// What to do with tickers.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TickersCommand {
    /// Add tickers to a venue
    Add(AddArgs),
    /// Add the tickers of lists, and take back given-up ones that they name
    Import(ImportArgs),
    /// Ask the source for the tickers that are given up, and take back those that it has bars of
    Confirm(NotFoundsArgs),
    /// Take back the given-up tickers that had bars in the last 90 days
    Reparse(NotFoundsArgs),
    /// Remove tickers and what is known of them; their bars stay
    Remove(RemoveArgs),
    /// List the tickers
    List(ListArgs),
    /// Accept that the source describes a ticker otherwise than before
    Accept(AcceptArgs),
}

/// Options of `tickers accept`.
#[derive(Debug, Args)]
pub(in crate::cli) struct AcceptArgs {
    /// The tickers
    #[arg(value_name = "TICKER", required = true)]
    tickers: Vec<Ticker>,
    /// Their venue [default: the only one of the workspace, else us:yahoo]
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
}

/// Options of `tickers add`.
#[derive(Debug, Args)]
pub(in crate::cli) struct AddArgs {
    /// The tickers
    #[arg(
        value_name = "TICKER",
        required_unless_present = "tickers_file",
        value_delimiter = ','
    )]
    tickers: Vec<Ticker>,
    /// A file of tickers, parted by lines, commas or blanks; what follows a # is a comment
    #[arg(long, alias = "file", value_name = "FILE")]
    tickers_file: Option<PathBuf>,
    /// Their venue [default: the only one of the workspace, else us:yahoo]
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
}

/// Options of `tickers remove`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RemoveArgs {
    /// The tickers
    #[arg(value_name = "TICKER", required = true)]
    tickers: Vec<Ticker>,
    /// Only what is known of them at this venue [default: at every venue]
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
}

/// Options of `tickers list`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Only the tickers of this venue
    #[arg(long, value_name = "MARKET:SOURCE")]
    venue: Option<Venue>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `tickers`.
pub(in crate::cli) fn run(command: &TickersCommand, shell: &Shell<'_>) -> Result<Exit, Failure> {
    match command {
        TickersCommand::Add(args) => add(args, shell),
        TickersCommand::Import(args) => symbol_import::run(args, shell),
        TickersCommand::Confirm(args) => not_founds::confirm(args, shell),
        TickersCommand::Reparse(args) => not_founds::reparse(args, shell),
        TickersCommand::Remove(args) => remove(args, shell),
        TickersCommand::List(args) => list(args, shell),
        TickersCommand::Accept(args) => accept(args, shell),
    }
}

fn accept(args: &AcceptArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open_at(shell, args.venue.as_ref())?;
    let venue = workspace.default_venue();
    let around = (&workspace, shell);
    let Accepted { changed, settled } =
        registration::change(around, "tickers accept", registry, |catalog| {
            let (reading, at) = (workspace.reading(catalog), std::slice::from_ref(venue));
            let tickers = named::tickers(shell, reading, at, &args.tickers)?;
            let today = shell.world.clock.now().date_naive();
            Ok(roster::accept(catalog, venue, tickers, today)?)
        })?;
    for (ticker, identity) in changed {
        let fields = identity.fields().into_iter();
        let told = fields.filter_map(|(name, text)| Some(format!("{name} {}", text?)));
        let told = told.collect::<Vec<_>>().join(", ");
        shell.note(&format!("{ticker} is now: {told}."));
    }
    if settled.is_empty() {
        return Ok(Exit::Ok);
    }
    let message = format!("{venue} describes {} as before", some_of(&settled, 5));
    Err(Failure::new(Exit::Failed, message))
}

fn add(args: &AddArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open_at(shell, args.venue.as_ref())?;
    let venue = workspace.default_venue();
    let words = registration::listed(shell, &args.tickers, args.tickers_file.as_deref())?;
    wiring::warn_without_source(&workspace, shell, venue);
    let around = (&workspace, shell);
    let added = registration::change(around, "tickers add", registry_or_new, |catalog| {
        let (reading, at) = (workspace.reading(catalog), std::slice::from_ref(venue));
        let tickers = named::tickers(shell, reading, at, &words)?;
        registration::warn_of_unspelled(shell, roster::unspelled(&workspace, venue, &tickers)?);
        let added = roster::add(catalog, venue, &tickers, shell.today());
        registration::warn_of_twins(shell, catalog, &tickers);
        for ticker in &tickers {
            catalog.reactivate(ticker, venue);
        }
        Ok(added)
    })?;
    let added = count(added, "ticker", "tickers");
    shell.note(&format!("Added {added} to {venue}."));
    Ok(Exit::Ok)
}

fn remove(args: &RemoveArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell)?;
    let venue = args.venue.as_ref();
    let held = registration::lock(&workspace, shell, "tickers remove", Duration::ZERO)?;
    let mut catalog = registry(&workspace, shell)?;
    let reading = workspace.reading(&catalog);
    let tickers = named::tickers(shell, reading, args.venue.as_slice(), &args.tickers)?;
    let Removed { known, unknown } = roster::remove(&workspace, &mut catalog, &tickers, venue)?;
    if !known.is_empty() {
        roster::save(workspace.fs(), &held, &catalog)?;
        let removed = count(known.len(), "ticker", "tickers");
        let from = venue.map_or_else(String::new, |venue| format!(" from {venue}"));
        shell.note(&format!(
            "Removed {removed}{from}. Stored bars stay where they are."
        ));
    }
    held.release()?;
    roster::refuse_unknown(&unknown, venue, &catalog)?;
    Ok(Exit::Ok)
}

fn list(args: &ListArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let (_, catalog) = wiring::open_with_registry(shell)?;
    let tickers = match &args.venue {
        Some(venue) => catalog.tickers_at(venue),
        None => catalog.tickers().to_vec(),
    };
    let printer = shell.printer;
    for warning in catalog.warnings() {
        printer.warning(&format!("{warning}."));
    }
    if !args.json {
        let mut text = String::new();
        for ticker in &tickers {
            text.push_str(ticker.as_str());
            text.push('\n');
        }
        printer.text(&text);
        return Ok(Exit::Ok);
    }
    let described = tickers.iter().map(|ticker| {
        let mut at = catalog.venues_of(ticker);
        at.sort_unstable();
        let venues: Vec<_> = at
            .iter()
            .map(|venue| {
                json!({
                    "venue": venue.to_string(),
                    "mnemonic": catalog.mnemonic(ticker, venue),
                    "active": catalog.is_active(ticker, venue),
                })
            })
            .collect();
        json!({ "ticker": ticker.as_str(), "venues": venues })
    });
    printer.json(&json!({ "tickers": described.collect::<Vec<_>>() }));
    Ok(Exit::Ok)
}
