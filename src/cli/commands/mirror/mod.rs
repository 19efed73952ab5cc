//! `barkeep mirror`: makes, checks, finds and drops the copies that readers read faster.
//!
//! Promises: whatever becomes of a mirror, nothing of the data changes, and no update fails by it.

mod standing;
mod verify;

pub(super) use standing::{MirrorStanding, standings};

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::named;
use super::registration;
use super::show::catalog_if_usable;
use crate::catalog::Catalog;
use crate::cli::wiring::{self, registry};
use crate::cli::{Exit, Failure, Shell};
use crate::mirror::{self, AskedMirrors, MirrorError, Report, Thoroughness, Tree};
use crate::model::words::{count, size};
use crate::model::{Dataset, Interval, Ticker, Venue};
use crate::query;
use crate::workspace::Workspace;

/// Options of `mirror`.
#[derive(Debug, Args)]
pub(in crate::cli) struct MirrorArgs {
    /// Only this venue, may be repeated [default: those that the settings name]
    #[arg(long = "venue", value_name = "MARKET:SOURCE")]
    venues: Vec<Venue>,
    /// Only this interval, may be repeated, also one that the settings do not name
    #[arg(short, long = "interval", value_name = "INTERVAL")]
    intervals: Vec<Interval>,
    /// Only that of trades, also where the settings name none
    #[arg(long, conflicts_with = "intervals")]
    trades: bool,
    /// Make it anew from what is stored
    #[arg(long, conflicts_with_all = ["verify", "path", "drop"])]
    full: bool,
    /// Compare it with what is stored, series by series
    #[arg(long, conflicts_with_all = ["path", "drop"])]
    verify: bool,
    /// Print the folder of the bars as they are now, or their files where it has none
    #[arg(long, conflicts_with = "drop")]
    path: bool,
    /// Print the files that hold this ticker instead; of trades those that may hold this ISIN or mnemonic
    #[arg(long, value_name = "TICKER", requires = "path")]
    ticker: Option<Ticker>,
    /// Remove it
    #[arg(long)]
    drop: bool,
    /// Also lose rows that only the mirror has still
    #[arg(short, long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl MirrorArgs {
    /// Returns which mirrors are meant.
    fn asked(&self) -> AskedMirrors<'_> {
        AskedMirrors {
            venues: &self.venues,
            intervals: &self.intervals,
            are_of_trades: self.trades,
        }
    }

    /// Refuses to lose last copies, unless a person said that they may be lost.
    fn refuse_last_copies(
        &self,
        (workspace, catalog): (&Workspace<'_>, &Catalog),
        trees: &[Tree],
    ) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        Ok(mirror::refuse_last_copies(workspace, catalog, trees)?)
    }
}

/// Runs `mirror`.
pub(in crate::cli) fn run(args: &MirrorArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell)?;
    let trees = args.asked().trees(&workspace)?;
    if args.path {
        return print_path(args, shell, &workspace, &trees);
    }
    if args.drop {
        return drop_all(args, shell, &workspace, &trees);
    }
    let catalog = registry(&workspace, shell)?;
    if args.verify {
        return verify::run(args, shell, &workspace, &catalog, &trees);
    }
    make(args, shell, &workspace, &catalog, &trees)
}

fn make(
    args: &MirrorArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    trees: &[Tree],
) -> Result<Exit, Failure> {
    let how = match (args.full, args.yes) {
        (true, true) => Thoroughness::AnewWithLoss,
        (true, false) => Thoroughness::Anew,
        (false, _) => Thoroughness::Whole,
    };
    let held = registration::lock(workspace, shell, "mirror", Duration::ZERO)?;
    let known = mirror::known_of(workspace, catalog, trees)?;
    let done = mirror::refresh_each(workspace, catalog, &known, trees, how);
    held.release()?;
    let (mut documents, mut exit) = (Vec::new(), Exit::Ok);
    for (tree, done) in done {
        match done {
            Ok(report) => {
                for line in mirror::worth_telling(&report) {
                    shell.warning(&format!("{line}."));
                    exit = Exit::worst([exit, Exit::Partial]);
                }
                for line in mirror::strangers_of(&report) {
                    shell.warning(&format!("{line}."));
                }
                if let Some(version) = report.version {
                    print_report(&report, version, shell);
                }
                documents.push(json!(report));
            }
            Err(error) => {
                documents.push(json!({ "mirror": tree.to_string(), "error": error.to_string() }));
                let failure = failed(error, &tree, trees).during(&format!("mirror {tree}"));
                failure.tell(shell.printer, false);
                exit = Exit::worst([exit, failure.exit]);
            }
        }
    }
    if args.json {
        shell.json(&json!({ "mirrors": documents }));
    }
    Ok(exit)
}

fn print_report(report: &Report, version: u64, shell: &Shell<'_>) {
    let files = count(report.files, "file", "files");
    let (held, changed, new) = if report.tree.dataset == Dataset::Trades {
        let feeds = count(report.series, "feed", "feeds");
        let changed = count(report.changed, "day differed", "days differed");
        // Mostly by a second name.
        (feeds, changed, "new")
    } else {
        let series = count(report.series, "series", "series");
        let changed = count(report.changed, "series differed", "series differed");
        (series, changed, "written")
    };
    shell.note(&format!(
        "{}: version {version}, {held} in {files}; {changed}, {} {new}.",
        report.tree,
        size(report.written)
    ));
}

fn drop_all(
    args: &MirrorArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    trees: &[Tree],
) -> Result<Exit, Failure> {
    let (catalog, _) = catalog_if_usable(workspace, shell)?;
    args.refuse_last_copies((workspace, &catalog), trees)?;
    let mut dropped = Vec::new();
    for tree in trees {
        if let Some(left) = mirror::drop_mirror(workspace, tree)? {
            dropped.push(tree.to_string());
            for path in left {
                let path = path.display();
                let line = format!("{path} is nothing that barkeep made, and stays where it is.");
                shell.warning(&line);
            }
        }
    }
    if args.json {
        shell.json(&json!({ "dropped": dropped }));
    } else if dropped.is_empty() {
        shell.note("There is no mirror to remove.");
    } else {
        shell.note(&format!("Removed: {}.", dropped.join(", ")));
    }
    Ok(Exit::Ok)
}

fn print_path(
    args: &MirrorArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    trees: &[Tree],
) -> Result<Exit, Failure> {
    let tree = args.asked().only(trees)?;
    let root = mirror::root(workspace);
    let folder = mirror::place(workspace, &root).folder(tree);
    let whole = mirror::whole(&folder).map_err(|error| failed(error, tree, trees))?;
    let version = whole.ok_or_else(|| mirror::absent(tree, trees))?;
    let (catalog, told) = catalog_if_usable(workspace, shell)?;
    let (reading, at) = (
        workspace.reading(&catalog),
        std::slice::from_ref(&tree.venue),
    );
    let ticker = named::tickers(shell, reading, at, args.ticker.as_slice())?.pop();
    let name = match &ticker {
        Some(ticker) if args.trades => Some(query::isin(ticker)?.0),
        ticker => ticker.as_ref().map(Ticker::as_str),
    };
    let paths = mirror::paths(&folder, &version, name, args.trades);
    if paths.is_empty() {
        let name = name.unwrap_or_default();
        return Err(Failure::new(
            Exit::Failed,
            format!("the mirror of {tree} has no rows of {name}"),
        ));
    }
    let shown = paths.iter().map(|path| path.display().to_string());
    if args.json {
        let paths: Vec<String> = shown.collect();
        shell.json(&json!({ "version": version.number, "paths": paths }));
    } else {
        shown.for_each(|path| shell.line(&path));
    }
    Ok(told)
}

/// Returns a failure of the mirror of a tree, of those that were asked for, with a command that mends it if there is one.
fn failed(error: MirrorError, tree: &Tree, asked: &[Tree]) -> Failure {
    let is_damaged = matches!(error, MirrorError::Damaged { .. });
    let failure = Failure::from(error);
    if is_damaged {
        return failure.hint(mirror::mending(tree, asked));
    }
    failure
}
