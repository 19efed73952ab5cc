//! `barkeep init`: makes a workspace, or adds to one.
//!
//! Promises: adds and never overwrites; running it twice changes nothing the second time. A file that is there and
//! cannot be understood is left alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::named;
use super::registration;
use crate::catalog::Catalog;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::config::Overrides;
use crate::model::words::count;
use crate::model::{Interval, Ticker, Venue};
use crate::roster::{self, Beginning};
use crate::sys::atomic;
use crate::workspace::Workspace;

/// Options of `init`.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct InitArgs {
    /// The venue of the tickers [default: the only one of the workspace, else us:yahoo]
    #[arg(long, value_name = "MARKET:SOURCE")]
    pub(in crate::cli) venue: Option<Venue>,
    /// An interval to keep, may be repeated [default: 1d]
    #[arg(short, long = "interval", value_name = "INTERVAL")]
    pub(in crate::cli) intervals: Vec<Interval>,
    /// A ticker to keep, may be repeated
    #[arg(short, long = "ticker", value_name = "TICKER", value_delimiter = ',')]
    pub(in crate::cli) tickers: Vec<Ticker>,
    /// A file of tickers, parted by lines, commas or blanks; what follows a # is a comment
    #[arg(long, alias = "file", value_name = "FILE")]
    pub(in crate::cli) tickers_file: Option<PathBuf>,
    /// Keep the series of the venue in monthly partitions
    #[arg(long)]
    pub(in crate::cli) partitioned: bool,
}

/// Runs `init`.
pub(in crate::cli) fn run(args: &InitArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let words = registration::listed(shell, &args.tickers, args.tickers_file.as_deref())?;
    let fs = &*shell.world.fs;
    // Links on the way to the workspace are the user's own; below it there are none.
    let is_there = |dir: &&Path| !matches!(fs.metadata(dir), Ok(None));
    let there = shell.root().ancestors().find(is_there);
    atomic::create_dirs(fs, there.unwrap_or("/".as_ref()), shell.root())?;
    let flags = Overrides {
        default_venue: args.venue.clone(),
        ..Overrides::default()
    };
    let mut workspace = Workspace::open_any(&shell.around, &flags)?;
    let venue = workspace.default_venue().clone();
    wiring::warn_without_source(&workspace, shell, &venue);
    let held = registration::lock(&workspace, shell, "init", Duration::ZERO)?;
    // Before anything is written: a registry that cannot be understood says neither what is there nor at which venue.
    let found = Catalog::load(fs, shell.root())?;
    let is_new = found.is_none();
    let mut catalog = found.unwrap_or_default();
    catalog.know_aliases(workspace.aliases()?);
    let (reading, at) = (workspace.reading(&catalog), std::slice::from_ref(&venue));
    let tickers = named::tickers(shell, reading, at, &words)?;
    let beginning = Beginning {
        venue: &venue,
        tickers: &tickers,
        intervals: &args.intervals,
        is_partitioned: args.partitioned,
        today: shell.today(),
    };
    let registry = (&mut catalog, is_new);
    let (added, unspelled) = roster::begin(&mut workspace, &held, registry, beginning)?;
    registration::warn_of_unspelled(shell, unspelled);
    registration::warn_of_twins(shell, &catalog, &tickers);
    held.release()?;
    report(&workspace, shell, &venue, added, &catalog)?;
    Ok(Exit::Ok)
}

fn report(
    workspace: &Workspace<'_>,
    shell: &Shell<'_>,
    venue: &Venue,
    added: usize,
    catalog: &Catalog,
) -> Result<(), Failure> {
    let intervals = workspace.intervals()?;
    let names: Vec<&str> = intervals.iter().map(|interval| interval.as_str()).collect();
    let known = catalog.tickers_at(venue).len();
    shell.note(&format!("The workspace is {}", shell.root().display()));
    shell.note(&format!(
        "It keeps {} of {} at {venue} ({added} new).",
        names.join(", "),
        count(known, "ticker", "tickers"),
    ));
    if known > 0 && workspace.view().source(venue).is_some() {
        shell.note("Next: barkeep update");
    }
    Ok(())
}
