//! `barkeep partition-migrate rollback`: brings the rows back into legacy files, and switches back.

use clap::Args;
use serde_json::{Value, json};

use super::choose;
use super::{estimate_report, open, report};
use crate::cli::ui::progress::Progress;
use crate::cli::{Exit, Failure, Shell, outcome, wiring};
use crate::migrate::{
    self, BroughtBack, Homes, IntervalState, Mover, Partitions, Shortage, Sides, VenueInterval,
    Wanted,
};
use crate::model::Interval;
use crate::model::words::{count, size};
use crate::workspace::Workspace;

/// Options of `partition-migrate rollback`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RollbackArgs {
    /// The venue in the plan [default: the only one of the workspace, else us:yahoo], or an interval
    venue: Option<String>,
    /// The interval in the plan
    interval: Option<Interval>,
    /// Every interval that was migrated
    #[arg(long)]
    all: bool,
    /// Print what would be done, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Remove the partitions afterwards, once both sides were read again
    #[arg(long)]
    remove_partitions: bool,
    /// Put the files flat into the workspace, as in `stocks_1d/A.parquet`: an earlier barkeep adopted them from there. What
    /// this one adopted goes back by itself
    #[arg(long)]
    flat: bool,
    /// Ask nothing
    #[arg(long)]
    non_interactive: bool,
    /// Answer yes to every question
    #[arg(short, long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

impl RollbackArgs {
    fn homes(&self) -> Homes {
        if self.flat {
            Homes::Flat
        } else {
            Homes::AsAdopted
        }
    }

    fn partitions(&self) -> Partitions {
        if self.remove_partitions {
            Partitions::Go
        } else {
            Partitions::Stay
        }
    }
}

/// Runs `partition-migrate rollback`.
pub(in crate::cli) fn run(args: &RollbackArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = open::workspace(shell)?;
    let progress = Progress::new(shell, args.json);
    if args.dry_run {
        let catalog = wiring::registry_or_new(&workspace, shell)?;
        let sides = Sides::of(&workspace, &catalog, &progress);
        let mut done = Vec::new();
        for tuple in &chosen(args, shell, &workspace, sides)? {
            let report = migrate::plan_rollback(sides, tuple, args.homes())?;
            done.push(BroughtBack::of(report));
        }
        tell(args, shell, &done);
        return Ok(exit(shell, &done));
    }
    open::plan(shell)?;
    // Taken before anything is looked at: what an earlier run left is finished first, also when nothing else is to do.
    let held = open::lock(&workspace, shell, "partition-migrate rollback", &progress)?;
    let catalog = wiring::registry_or_new(&workspace, shell)?;
    let sides = Sides::of(&workspace, &catalog, &progress);
    let tuples = chosen(args, shell, &workspace, sides)?;
    if !tuples.is_empty() {
        confirm(args, shell, &tuples)?;
    }
    let mover = Mover::of(sides, &workspace, &held);
    let mut plan = open::plan(shell)?;
    let mut done = Vec::new();
    for tuple in &tuples {
        if shell.world.shutdown.is_raised() {
            break;
        }
        let around = (&mut plan, tuple);
        let outcome = migrate::bring_back(mover, around, args.homes(), args.partitions())?;
        done.push(outcome.map_err(|Shortage { at, need, missing }| {
            estimate_report::no_space(shell, &at, need, missing, (true, 1))
        })?);
    }
    progress.end();
    held.release()?;
    tell(args, shell, &done);
    Ok(exit(shell, &done))
}

/// What the plan says is not asked: partitions that are there can be brought back.
fn chosen(
    args: &RollbackArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    sides: Sides<'_>,
) -> Result<Vec<VenueInterval>, Failure> {
    let planned = open::plan(shell)?.intervals();
    let states = IntervalState::each(&workspace.config, sides, &planned)?;
    let wanted = Wanted {
        venue: args.venue.as_deref(),
        interval: args.interval,
        is_all: args.all,
    };
    let has_work = |state: &IntervalState| state.partition_tickers > 0;
    let venue = workspace.default_venue();
    let meant = migrate::choose_by_state(&states, wanted, venue, has_work)?;
    let chosen = choose::settled(shell, meant, args.non_interactive)?;
    Ok(chosen.into_iter().map(|one| one.tuple).collect())
}

fn confirm(
    args: &RollbackArgs,
    shell: &Shell<'_>,
    tuples: &[VenueInterval],
) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    if args.remove_partitions {
        shell.refuse_unconfirmed("removing partitions", false, args.non_interactive)?;
    } else if !shell.may_ask(args.non_interactive) {
        return Ok(());
    }
    let names: Vec<String> = tuples.iter().map(ToString::to_string).collect();
    let removal = if args.remove_partitions {
        ", and remove the partitions"
    } else {
        ""
    };
    let names = names.join(", ");
    let question = format!("Bring {names} back into legacy files{removal}?");
    shell.confirm(&question, "nothing was changed")
}

fn exit(shell: &Shell<'_>, done: &[BroughtBack]) -> Exit {
    let failures = done.iter().flat_map(BroughtBack::failures);
    outcome::of_failures(failures, &shell.world.shutdown, None)
}

fn tell(args: &RollbackArgs, shell: &Shell<'_>, done: &[BroughtBack]) {
    if args.json {
        let intervals: Vec<Value> = done.iter().map(document).collect();
        return shell
            .json(&json!({ "event": "summary", "dry_run": args.dry_run, "intervals": intervals }));
    }
    if done.is_empty() {
        shell.note("No interval of the plan has partitions.");
    }
    for one in done {
        say(args, shell, one);
    }
}

fn say(args: &RollbackArgs, shell: &Shell<'_>, one: &BroughtBack) {
    let [equal, merged, rebuilt] = one.report.tally();
    let tuple = &one.report.tuple;
    shell.note(&format!(
        "{tuple}: {} with a legacy file that has everything, {} with {} merged into it, {} rebuilt with {}.",
        count(equal.0, "ticker", "tickers"),
        count(merged.0, "ticker", "tickers"),
        count(merged.1, "row", "rows"),
        count(rebuilt.0, "ticker", "tickers"),
        count(rebuilt.1, "row", "rows")
    ));
    for ticker in one.report.staying() {
        shell.warning(&format!(
            "{tuple}: {ticker} stays in partitions, and is used from there: no file name of the legacy layout spells it."
        ));
    }
    report::failures(shell, &one.report.failures, false);
    report::failures(shell, &one.not_removed, false);
    report::misplaced(shell, &one.report.misplaced);
    let becomes = match one.removed {
        Some(_) => "goes to quarantine",
        None => "stays where it is",
    };
    report::beyond(shell, &one.report.beyond, becomes);
    report::kept(shell, one.kept());
    report::unlike(shell, &one.report.unlike);
    if one.report.flat > 0 && (args.dry_run || one.report.switched.is_some()) {
        let files = count(one.report.flat, "file", "files");
        let interval = tuple.interval;
        shell.note(&format!(
            "{tuple}: {files} flat in stocks_{interval}, where the predecessor looks."
        ));
    }
    match &one.report.switched {
        _ if args.dry_run => shell.note("Nothing was changed."),
        Some(_) => shell.note(&format!("{tuple} is kept in legacy files again.")),
        None => shell.warning(&format!(
            "{tuple} was not switched; its rows are where they were."
        )),
    }
    if let Some(removed) = &one.removed {
        let files = count(removed.files, "partition file", "partition files");
        shell.note(&format!(
            "{tuple}: {files} of {} removed.",
            size(removed.bytes)
        ));
    }
}

fn document(one: &BroughtBack) -> Value {
    let [equal, merged, rebuilt] = one.report.tally();
    json!({
        "venue": one.report.tuple.venue.to_string(),
        "interval": one.report.tuple.interval.as_str(),
        "equal": equal.0,
        "merged": { "tickers": merged.0, "rows": merged.1 },
        "rebuilt": { "tickers": rebuilt.0, "rows": rebuilt.1 },
        "flat": one.report.flat,
        "staying": one.report.staying().iter().map(|ticker| ticker.as_str()).collect::<Vec<_>>(),
        "failures": one.failures().map(report::failed_document).collect::<Vec<_>>(),
        "switched": one.report.switched.is_some(),
        "partition_files_removed": one.removed.as_ref().map_or(0, |removed| removed.files),
        "beyond": one.report.beyond.iter().map(|file| file.path.display().to_string()).collect::<Vec<_>>(),
        "misplaced": one.report.misplaced.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        "kept": one.kept().map(|record| record.folder.display().to_string()).collect::<Vec<_>>(),
    })
}
