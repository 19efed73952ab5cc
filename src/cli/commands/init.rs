//! `barkeep init`: makes a workspace, or adds to one.
//!
//! Promises: adds and never overwrites; running it twice changes nothing the second time. A file that is there and
//! cannot be understood is left alone.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::named::Lookup;
use super::registration;
use crate::catalog::Catalog;
use crate::cli::ui::words::count;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::config::{Overrides, ToggleScope};
use crate::model::{Interval, Ticker, Venue};
use crate::roster::{self, Change};
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
    let tickers =
        Lookup::of(shell, &workspace, &catalog, std::slice::from_ref(&venue)).tickers(&words)?;
    if args.partitioned {
        let scope = ToggleScope::Source(venue.clone());
        roster::change_toggle(&mut workspace, &held, &scope, Change::Enable)?;
    }
    registration::warn_of_unspelled(&workspace, shell, &venue, &tickers)?;
    roster::begin_intervals(fs, &held, &args.intervals)?;
    let added = registration::add(shell, &mut catalog, &venue, &tickers);
    if is_new || catalog.is_changed() {
        roster::save(fs, &held, &catalog)?;
    }
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
