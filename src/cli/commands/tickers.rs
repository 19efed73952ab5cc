//! `barkeep tickers`: adds, imports, removes and lists tickers. Stored rows are never touched.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::named::Lookup;
use super::not_founds::{self, NotFoundsArgs};
use super::registration;
use super::symbol_import::{self, ImportArgs};
use super::unknown;
use crate::catalog::Catalog;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::{count, some_of};
use crate::cli::wiring::{self, registry};
use crate::config::Overrides;
use crate::model::{Ticker, Venue};
use crate::workspace::Workspace;

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

impl TickersCommand {
    /// Tells whether output is for machines.
    pub(in crate::cli) fn is_json(&self) -> bool {
        match self {
            Self::List(args) => args.json,
            Self::Import(args) => args.is_json(),
            _ => false,
        }
    }
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
    let held = registration::lock(&workspace, shell, "tickers accept", Duration::ZERO)?;
    let mut catalog = registry(&workspace, shell)?;
    let tickers = Lookup::of(shell, &workspace, &catalog, std::slice::from_ref(venue))
        .tickers(&args.tickers)?;
    let unknown: Vec<&Ticker> = tickers
        .iter()
        .filter(|ticker| !catalog.is_at(ticker, venue))
        .collect();
    if !unknown.is_empty() {
        let message = format!("{} not at {venue} in tickers.json", verb(&unknown));
        let hint = unknown::near(&catalog, &unknown, || unknown::LISTED.to_owned());
        return Err(Failure::new(Exit::Failed, message).hint(hint));
    }
    let mut settled = Vec::new();
    for ticker in &tickers {
        match catalog.accept_identity(ticker, venue, shell.world.clock.now().date_naive()) {
            Some(identity) => {
                let fields = identity.fields().into_iter();
                let told: Vec<String> = fields
                    .filter_map(|(name, text)| Some(format!("{name} {}", text?)))
                    .collect();
                let told = told.join(", ");
                shell.printer.note(&format!("{ticker} is now: {told}."));
            }
            None => settled.push(ticker),
        }
    }
    if catalog.is_changed() {
        registration::save(shell, &held, &catalog)?;
    }
    held.release()?;
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
    let held = registration::lock(&workspace, shell, "tickers add", Duration::ZERO)?;
    let mut catalog = workspace.catalog()?.unwrap_or_default();
    let tickers =
        Lookup::of(shell, &workspace, &catalog, std::slice::from_ref(venue)).tickers(&words)?;
    registration::refuse_unsafe_names(&workspace, shell, venue, &tickers)?;
    let added = registration::add(shell, &mut catalog, venue, &tickers);
    for ticker in &tickers {
        catalog.reactivate(ticker, venue);
    }
    if catalog.is_changed() {
        registration::save(shell, &held, &catalog)?;
    }
    held.release()?;
    shell.printer.note(&format!(
        "Added {} to {venue}.",
        count(added, "ticker", "tickers")
    ));
    Ok(Exit::Ok)
}

fn remove(args: &RemoveArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell, &Overrides::default())?;
    let held = registration::lock(&workspace, shell, "tickers remove", Duration::ZERO)?;
    let mut catalog = registry(&workspace, shell)?;
    let venues = args.venue.as_slice();
    let tickers = Lookup::of(shell, &workspace, &catalog, venues).tickers(&args.tickers)?;
    if let Some(venue) = &args.venue {
        for ticker in &tickers {
            refuse_orphans(&workspace, &catalog, (ticker, venue), shell)?;
        }
    }
    let (known, unknown): (Vec<_>, Vec<_>) = tickers.iter().partition(|ticker| match &args.venue {
        Some(venue) => catalog.remove_at(ticker, venue),
        None => catalog.remove(ticker),
    });
    if !known.is_empty() {
        registration::save(shell, &held, &catalog)?;
        let removed = count(known.len(), "ticker", "tickers");
        let from = args.venue.as_ref();
        let from = from.map_or_else(String::new, |venue| format!(" from {venue}"));
        shell.printer.note(&format!(
            "Removed {removed}{from}. Stored bars stay where they are."
        ));
    }
    held.release()?;
    if unknown.is_empty() {
        return Ok(Exit::Ok);
    }
    let message = match &args.venue {
        Some(venue) => format!("{} not at {venue} in tickers.json", verb(&unknown)),
        None => format!("{} not in tickers.json", verb(&unknown)),
    };
    let hint = unknown::near(&catalog, &unknown, || unknown::LISTED.to_owned());
    Err(Failure::new(Exit::Failed, message).hint(hint))
}

/// A legacy file that names no venue is that of the ticker's home: with another home it would be another venue's at once.
fn refuse_orphans(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    (ticker, venue): (&Ticker, &Venue),
    shell: &Shell<'_>,
) -> Result<(), Failure> {
    let venues = catalog.venues_of(ticker);
    let [home, heir, ..] = venues.as_slice() else {
        return Ok(());
    };
    if home != venue {
        return Ok(());
    }
    let Some(path) = workspace.stores.legacy.places().unnamed(ticker)? else {
        return Ok(());
    };
    let path = shell.shown(&path);
    Err(Failure::new(
        Exit::Failed,
        format!("{path} names no venue, and without {ticker} at {venue} it would be {heir}'s"),
    )
    .hint("migrate it, or move it away, or remove the ticker at every venue"))
}

fn verb(tickers: &[&Ticker]) -> String {
    format!(
        "{} {}",
        some_of(tickers, 5),
        if tickers.len() == 1 { "is" } else { "are" }
    )
}

fn list(args: &ListArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell, &Overrides::default())?;
    let catalog = registry(&workspace, shell)?;
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
