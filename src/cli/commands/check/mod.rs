//! `barkeep check`: looks through what is stored for prices that contradict each other.
//!
//! Promises: takes no lock and writes nothing, unless it is asked to (`rebuild`, `repair`). A series that is damaged or cannot
//! be read costs that series; the others
//! are looked through all the same, and the outcome says all of it.

mod files;
mod print;
mod rebuild;
mod repair;
mod repair_print;
mod restore;
mod series;
mod trades;
mod vault;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Args;
use rayon::prelude::*;

use super::named::Lookup;
use super::status::registry;
use super::unknown;
use crate::catalog::{Catalog, Missing};
use crate::check::{Finding, Scope};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::progress::Progress;
use crate::cli::wiring;
use crate::config::Overrides;
use crate::inventory::{self, Looked};
use crate::model::{Interval, PartitionKey, StorageRequest, Ticker, Venue};
use crate::observe::{Event, Observer, Work};
use crate::workspace::Workspace;

/// Options of `check`.
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// Only these venues [default: all]
    #[arg(value_name = "VENUE")]
    venues: Vec<Venue>,
    /// Only this interval, may be repeated [default: all]
    #[arg(short, long = "interval", value_name = "INTERVAL")]
    intervals: Vec<Interval>,
    /// Only this ticker, may be repeated [default: all]
    #[arg(short, long = "ticker", value_name = "TICKER")]
    tickers: Vec<Ticker>,
    /// Only look for prices that stand on different bases, as after a split
    #[arg(long)]
    basis: bool,
    /// Only write down anew what is stored, as `list` and `status` tell it
    #[arg(long, conflicts_with = "basis")]
    rebuild: bool,
    /// Take out bars of days without a session, off their border and off their grid, where others hold their time, and put back
    /// what was lost and a mirror has still
    #[arg(long, conflicts_with = "basis")]
    repair: bool,
    /// A day without a session, may be repeated; without it, no bar with a volume goes on the word of a calendar of barkeep.toml
    #[arg(long = "day", value_name = "YYYY-MM-DD", requires = "repair")]
    days: Vec<NaiveDate>,
    /// Print what `--repair` would take out and put back, and change nothing
    #[arg(short = 'n', long, requires = "repair")]
    dry_run: bool,
    /// Answer yes to every question
    #[arg(long, requires = "repair")]
    yes: bool,
    /// Ask nothing
    #[arg(long, requires = "repair")]
    non_interactive: bool,
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// What was found in some series.
#[derive(Debug, Default)]
struct Outcome {
    /// Series and bars that were looked through.
    series: usize,
    bars: usize,
    trades: usize,
    findings: Vec<(StorageRequest, Finding)>,
    damaged: Vec<DamagedFile>,
    /// Rows that tickers.json knows and that are not stored.
    missing: Vec<(StorageRequest, Missing)>,
    /// Parquet files that are none of the series beside which they lie.
    misplaced: Vec<PathBuf>,
    /// Months of trades that the predecessor kept beside the days: they stay, and nothing reads them any more.
    months: Vec<PathBuf>,
    /// What could not be read, and why.
    troubles: Vec<(StorageRequest, Failure)>,
    /// What the files are beside what was recorded of them.
    files: Looked,
    /// What is wrong in the vault.
    vault: Vec<crate::vault::Finding>,
}

/// A damaged file, without its bytes.
#[derive(Debug)]
struct DamagedFile {
    path: String,
    reason: String,
    request: StorageRequest,
    partition: PartitionKey,
}

impl Outcome {
    fn add(&mut self, more: Self) {
        self.series += more.series;
        self.bars += more.bars;
        self.trades += more.trades;
        self.findings.extend(more.findings);
        self.damaged.extend(more.damaged);
        self.missing.extend(more.missing);
        self.misplaced.extend(more.misplaced);
        self.months.extend(more.months);
        self.troubles.extend(more.troubles);
    }

    /// Tells whether everything that is there could be read.
    fn is_untroubled(&self) -> bool {
        self.damaged.is_empty() && self.troubles.is_empty() && self.missing.is_empty()
    }

    fn exit(&self) -> Exit {
        let troubles = self.troubles.iter().map(|(_, failure)| failure.exit);
        let is_sound =
            self.findings.is_empty() && self.missing.is_empty() && self.misplaced.is_empty();
        let found = [
            (!self.damaged.is_empty()).then_some(Exit::Damaged),
            (!is_sound).then_some(Exit::Mismatch),
        ];
        let of_files = files::exits(&self.files);
        let of_files = of_files.chain(vault::exit(&self.vault));
        Exit::worst(troubles.chain(found.into_iter().flatten()).chain(of_files))
    }
}

/// Runs `check`.
pub(in crate::cli) fn run(args: &CheckArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell, &Overrides::default())?;
    let catalog = registry(&workspace, shell)?;
    let lookup = Lookup::of(shell, &workspace, &catalog, &args.venues);
    let args = &CheckArgs {
        tickers: lookup.tickers(&args.tickers)?,
        ..args.clone()
    };
    if args.repair {
        return repair::run(args, &workspace, &catalog, shell);
    }
    let asked = series::asked(args, &workspace, &catalog)?;
    if args.rebuild {
        return rebuild::run(args, &workspace, &catalog, shell);
    }
    let scope = if args.basis { Scope::Basis } else { Scope::All };
    let progress = Progress::new(shell, args.json);
    let mut outcome = look(&asked, &workspace, &catalog, shell, scope, &progress);
    progress.end();
    if scope == Scope::All {
        outcome.add(trades::look(args, &workspace, shell)?);
    }
    outcome
        .misplaced
        .extend(inventory::misplaced(&workspace, &files::asked(args))?);
    outcome.misplaced.sort();
    outcome.misplaced.dedup();
    if scope == Scope::All {
        let looked = files::look(args, &workspace, &catalog, shell)?;
        outcome.add_files(looked, shell);
        outcome.vault = vault::look(args, &workspace, shell)?;
    }
    let mut exit = Exit::Ok;
    let unknown = refuse_unknown(args, &catalog, &asked);
    if outcome.series == 0 && outcome.files.faults.is_empty() && outcome.is_untroubled() {
        unknown?;
    } else if let Err(unknown) = unknown {
        shell.printer.error(&unknown.text());
        exit = unknown.exit;
    }
    if args.json {
        print::document(&outcome, shell);
    } else {
        print::table(&outcome, shell);
    }
    Ok(match shell.world.shutdown.signal() {
        Some(signal) => Exit::Interrupted(signal),
        None => Exit::worst([exit, outcome.exit()]),
    })
}

/// Looks through series side by side, those of one ticker one after the other, so that few are in memory at once.
fn look(
    asked: &[series::Asked],
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    shell: &Shell<'_>,
    scope: Scope,
    progress: &Progress<'_>,
) -> Outcome {
    let series = asked.iter().flat_map(series::Asked::requests).count();
    progress.observe(Event::CheckPlanned { series });
    let of_ticker = |asked: &series::Asked| {
        if shell.world.shutdown.is_raised() {
            return Outcome::default();
        }
        let found = series::look(asked, workspace, catalog, shell, scope);
        for (_, request) in asked.requests() {
            progress.observe(Event::Step(Work::Check, request.series));
        }
        found
    };
    let found: Vec<Outcome> = asked.par_iter().map(of_ticker).collect();
    found.into_iter().fold(Outcome::default(), |mut all, more| {
        all.add(more);
        all
    })
}

/// A ticker that was named and is neither known nor stored is a slip of the keyboard.
fn refuse_unknown(
    args: &CheckArgs,
    catalog: &Catalog,
    asked: &[series::Asked],
) -> Result<(), Failure> {
    let is_stored = |ticker: &Ticker| asked.iter().any(|asked| asked.ticker == *ticker);
    let tickers = args.tickers.iter();
    let unknown: Vec<&Ticker> = tickers
        .filter(|ticker| !catalog.contains(ticker) && !is_stored(ticker))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let names = unknown::named(&unknown);
    let refused = Failure::usage(format!(
        "tickers.json does not have {names}, and nothing is stored"
    ));
    Err(refused.hint(unknown::near(catalog, &unknown, || {
        unknown::LISTED.to_owned()
    })))
}
