//! `barkeep mirror`: makes, checks, finds and drops the copies that readers read faster.
//!
//! Promises: whatever becomes of a mirror, nothing of the data changes, and no update fails by it.

mod standing;
mod verify;

pub(super) use standing::standings;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::named::{Lookup, isin};
use super::registration;
use super::show::catalog_if_usable;
use crate::catalog::Catalog;
use crate::cli::ui::words::{count, size};
use crate::cli::wiring::{self, registry};
use crate::cli::{Exit, Failure, Shell};
use crate::mirror::{self, Place, Report, Thoroughness, Tree, Version};
use crate::model::{Dataset, Interval, Ticker, Venue};
use crate::sys::atomic::TempNames;
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
    /// Tells whether a mirror is asked for by itself, and does not only come along.
    fn means(&self, tree: &Tree) -> bool {
        let dataset = if self.trades {
            Dataset::Trades
        } else {
            Dataset::Stocks
        };
        tree.dataset == dataset
    }
}

/// Runs `mirror`.
pub(in crate::cli) fn run(args: &MirrorArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell)?;
    let trees = chosen(args, &workspace)?;
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

/// Returns the trees that are asked for.
fn chosen(args: &MirrorArgs, workspace: &Workspace<'_>) -> Result<Vec<Tree>, Failure> {
    let settings = workspace.config.settings();
    let is_named = args.trades && !args.venues.is_empty();
    let mut trees = if is_named {
        args.venues.iter().map(Tree::of_trades).collect()
    } else if args.intervals.is_empty() {
        mirror::switched_on(workspace)
    } else {
        let venues = match args.venues.as_slice() {
            [] => vec![workspace.default_venue().clone()],
            venues => venues.to_vec(),
        };
        let of = |venue| mirror::of_intervals(venue, args.intervals.iter().copied());
        venues.iter().flat_map(of).collect()
    };
    trees.retain(|tree| args.venues.is_empty() || args.venues.contains(&tree.venue));
    trees.retain(|tree| !args.trades || tree.dataset == Dataset::Trades);
    if trees.is_empty() {
        let some = settings
            .sources()
            .any(|(_, source)| !source.mirror.value.is_empty());
        let what = if some {
            "the settings have no mirror of that venue"
        } else {
            "the settings name no interval to mirror"
        };
        return Err(Failure::usage(what).hint(
            "name an interval: barkeep mirror -i 1d; or set mirror = [\"1d\"] for a source in barkeep.toml",
        ));
    }
    Ok(trees)
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
                documents.push(document(&report));
            }
            Err(error) => {
                documents.push(json!({ "mirror": tree.to_string(), "error": error.to_string() }));
                let failure = Failure::from(error).during(&format!("mirror {tree}"));
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

fn document(report: &Report) -> Value {
    json!({
        "mirror": report.tree.to_string(),
        "version": report.version,
        "series": report.series,
        "changed": report.changed,
        "rows": report.rows,
        "files": report.files,
        "bytes_written": report.written,
        "series_with_last_copies": report.kept,
        "rebuilt": report.rebuilt,
        "warnings": report.told,
        "strangers": report.strangers,
    })
}

/// Refuses to drop rows that only a mirror has still, also where nobody can say whether there are any.
fn refuse_last_copies(
    (workspace, catalog): (&Workspace<'_>, &Catalog),
    trees: &[Tree],
) -> Result<(), Failure> {
    for tree in trees {
        let refused = match mirror::last_copy_in(workspace, catalog, tree) {
            Ok(None) => continue,
            Ok(Some(series)) => Failure::usage(format!(
                "the mirror of {tree} has the last copy of {series}"
            ))
            .hint("put it back: barkeep check --repair; or lose it: the same command with --yes"),
            Err(error) => Failure::usage(format!(
                "the mirror of {tree} may have the last copy of something: {error}"
            ))
            .hint("what it has is lost by the same command with --yes"),
        };
        return Err(refused);
    }
    Ok(())
}

fn drop_all(
    args: &MirrorArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    trees: &[Tree],
) -> Result<Exit, Failure> {
    let (catalog, _) = catalog_if_usable(workspace, shell)?;
    if !args.yes {
        refuse_last_copies((workspace, &catalog), trees)?;
    }
    let root = mirror::root(workspace);
    let temps = TempNames::of(workspace.runs.next());
    let mut dropped = Vec::new();
    for tree in trees {
        let folder = Place {
            fs: &*shell.world.fs,
            root: &root,
        }
        .folder(tree);
        if let Some(left) = folder.drop(&temps, tree)? {
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
    let mut meant = trees.iter().filter(|tree| args.means(tree));
    let (Some(tree), None) = (meant.next(), meant.next()) else {
        return Err(
            Failure::usage("several mirrors are meant, and --path is of one")
                .hint("name its venue and interval: barkeep mirror --path --venue us:yahoo -i 1d"),
        );
    };
    let root = mirror::root(workspace);
    let folder = Place {
        fs: &*shell.world.fs,
        root: &root,
    }
    .folder(tree);
    let Some(version) = folder.current()? else {
        return Err(absent(tree));
    };
    let (catalog, told) = catalog_if_usable(workspace, shell)?;
    let lookup = Lookup::of(
        shell,
        workspace,
        &catalog,
        std::slice::from_ref(&tree.venue),
    );
    let ticker = args.ticker.as_ref().map(|word| lookup.ticker(word));
    let ticker = ticker.transpose()?;
    let name = match &ticker {
        Some(ticker) if args.trades => Some(isin(ticker)?.0),
        ticker => ticker.as_ref().map(Ticker::as_str),
    };
    let paths = paths(&folder, &version, name, args.trades);
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

fn paths(
    folder: &mirror::Folder<'_>,
    version: &Version,
    name: Option<&str>,
    is_of_trades: bool,
) -> Vec<PathBuf> {
    if name.is_none() && version.is_linked {
        return vec![folder.version_dir(version.number)];
    }
    // Which instruments were traded no list says, but between which they lie.
    let is_absent = |name: &str| !is_of_trades && !version.series.contains_key(name);
    if name.is_some_and(is_absent) {
        return Vec::new();
    }
    let files = version.files_of(name);
    files.map(|piece| folder.path_of(version, piece)).collect()
}

fn absent(tree: &Tree) -> Failure {
    let refused = format!("there is no mirror of {tree}");
    let of = match tree.interval {
        Some(interval) => format!(" -i {interval}"),
        None if tree.dataset == Dataset::Trades => " --trades".to_owned(),
        None => String::new(),
    };
    Failure::new(Exit::Failed, refused).hint(format!(
        "make it: barkeep mirror --venue {}{of}",
        tree.venue
    ))
}
