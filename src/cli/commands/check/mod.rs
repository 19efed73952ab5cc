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
mod restore_print;
mod vault;

use chrono::NaiveDate;
use clap::Args;

use super::named;
use crate::audit::{self, Checked, Findings};
use crate::check::Scope;
use crate::cli::ui::progress::Progress;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::inventory::{Asked, Looked};
use crate::model::{Interval, StorageRequest, Ticker, Venue};

/// Options of `check`.
#[derive(Debug, Args)]
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
    /// Put back also where no row lies at all: the disk of `data` is there and empty
    #[arg(long, requires = "repair")]
    accept_missing: bool,
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

/// What was found, and the exit that it deserves.
#[derive(Debug, Default)]
struct Outcome {
    /// What the rows say, without what could not be read.
    found: Findings,
    /// What could not be read, and why.
    troubles: Vec<(StorageRequest, Failure)>,
    /// What the files are beside what was recorded of them.
    files: Looked,
    /// What is wrong in the vault.
    vault: Vec<crate::vault::Finding>,
}

impl Outcome {
    fn of(checked: impl Into<Checked>) -> Self {
        let Checked {
            mut found,
            files,
            vault,
        } = checked.into();
        let troubles = std::mem::take(&mut found.troubles).into_iter();
        Self {
            troubles: troubles
                .map(|(request, error)| (request, error.into()))
                .collect(),
            found,
            files,
            vault,
        }
    }

    /// Tells whether everything that is there could be read.
    fn is_untroubled(&self) -> bool {
        self.troubles.is_empty() && self.found.is_untroubled()
    }

    fn exit(&self) -> Exit {
        let troubles = self.troubles.iter().map(|(_, failure)| failure.exit);
        let found = [
            (!self.found.damaged.is_empty()).then_some(Exit::Damaged),
            (!self.found.is_sound()).then_some(Exit::Mismatch),
        ];
        let of_files = files::exits(&self.files);
        let of_files = of_files.chain(vault::exit(&self.vault));
        Exit::worst(troubles.chain(found.into_iter().flatten()).chain(of_files))
    }
}

/// Runs `check`.
pub(in crate::cli) fn run(args: &CheckArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let (workspace, catalog) = wiring::open_with_registry(shell)?;
    let reading = workspace.reading(&catalog);
    let asked = &Asked {
        venues: args.venues.clone(),
        intervals: args.intervals.clone(),
        tickers: named::tickers(shell, reading, &args.venues, &args.tickers)?,
    };
    if args.repair {
        return repair::run((args, asked), &workspace, &catalog, shell);
    }
    let subjects = audit::subjects(&workspace, &catalog, asked)?;
    if args.rebuild {
        return rebuild::run((args, asked), &workspace, &catalog, shell);
    }
    let scope = if args.basis { Scope::Basis } else { Scope::All };
    let progress = Progress::new(shell, args.json);
    let around = (&workspace, &catalog);
    let checked = audit::check(around, (asked, &subjects), scope, &progress);
    progress.end();
    let outcome = Outcome::of(checked?);
    let mut exit = Exit::Ok;
    let unknown = audit::refuse_unknown(&asked.tickers, &catalog, &subjects);
    if outcome.found.series == 0 && outcome.files.faults.is_empty() && outcome.is_untroubled() {
        unknown?;
    } else if let Err(unknown) = unknown.map_err(Failure::from) {
        shell.error(&unknown.text());
        exit = unknown.exit;
    }
    if args.json {
        print::document(&outcome, shell);
    } else {
        print::table(&outcome, shell);
    }
    let mut exit = Exit::worst([exit, outcome.exit()]);
    // Bars are missed by the registry, and trades by nobody.
    if exit == Exit::Ok
        && let Err(absent) = workspace.view().data_root(&catalog).refuse_absent()
    {
        let absent = Failure::from(absent);
        shell.error(&absent.text());
        exit = absent.exit;
    }
    Ok(shell.interrupted().unwrap_or(exit))
}
