//! `barkeep partition-migrate migrate`: copies, proves, switches, and removes legacy files if told to.
//!
//! Promises: what will be needed is measured and said before anything is copied. `--dry-run` builds every file in memory
//! and touches nothing. One ticker that fails fails alone.

use std::num::NonZeroUsize;

use super::choose;
use super::migrate_args::MigrateArgs;
use super::{estimate_report, open, report};
use crate::cli::ui::progress::Progress;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::migrate::{
    self, IntervalState, Means, Migrated, MigrationPlan, Mover, PlannedInterval, Proofs, Sides,
    Stage, Wanted,
};
use crate::model::Venue;
use crate::model::words::{count, size};
use crate::storage::Stores;
use crate::sys::Stopwatch;
use crate::workspace::Workspace;

/// What the command was told, with what the settings add.
#[derive(Clone, Copy)]
struct Order<'o> {
    args: &'o MigrateArgs,
    shell: &'o Shell<'o>,
    jobs: NonZeroUsize,
}

/// Runs `partition-migrate migrate`.
pub(in crate::cli) fn run(args: &MigrateArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let mut workspace = open::workspace(shell)?;
    workspace.stores = stores(args, &workspace, shell);
    let settings = workspace.config.settings();
    let jobs = args
        .jobs
        .unwrap_or_else(|| settings.threads(shell.world.cores));
    let order = Order { args, shell, jobs };
    let progress = Progress::new(shell, args.json);
    if args.dry_run {
        let catalog = wiring::registry_or_new(&workspace, shell)?;
        let sides = Sides::of(&workspace, &catalog, &progress);
        return dry_run(order, sides, &chosen(args, shell, &workspace, sides)?);
    }
    refuse_unconfirmed(args, shell)?;
    open::plan(shell)?;
    // Taken before anything is looked at: what an earlier run left is finished first, also when nothing else is to do.
    let held = open::lock(&workspace, shell, "partition-migrate migrate", &progress)?;
    let catalog = wiring::registry_or_new(&workspace, shell)?;
    let sides = Sides::of(&workspace, &catalog, &progress);
    let chosen = chosen(args, shell, &workspace, sides)?;
    let mover = Mover::of(sides, &workspace, &held);
    let (done, switched) = carry_out(order, &workspace, mover, &chosen, &progress)?;
    let states = IntervalState::each(&workspace.config, sides, &open::plan(shell)?.intervals())?;
    let is_proven = states.iter().all(|state| state.stage == Stage::Active);
    held.release()?;
    report::migrated(shell, args.json, &done, &switched, is_proven);
    Ok(report::exit(shell, &done))
}

/// What became of the intervals, and the venues that were switched.
type Outcome = (Vec<Migrated>, Vec<(Venue, migrate::Switched)>);

/// Measures, asks, migrates and switches.
fn carry_out(
    order: Order<'_>,
    workspace: &Workspace<'_>,
    mover: Mover<'_>,
    chosen: &[PlannedInterval],
    progress: &Progress<'_>,
) -> Result<Outcome, Failure> {
    let shell = order.shell;
    let means = measure(order, mover.sides, chosen, false)?;
    confirm(order, chosen, &means)?;
    let mut plan = open::plan(shell)?;
    let mut done = Vec::new();
    for planned in chosen {
        if shell.world.shutdown.is_raised() {
            break;
        }
        done.push(migrate_one(order, mover, &mut plan, planned)?);
        progress.end();
    }
    let switched = migrate::switch(mover, &workspace.config, &mut plan, chosen)?;
    Ok((done, switched))
}

/// What cannot simply be done again needs a yes, by word or by option.
fn refuse_unconfirmed(args: &MigrateArgs, shell: &Shell<'_>) -> Result<(), Failure> {
    let what = match (args.delete_legacy, args.restart) {
        (true, _) => "removing legacy files",
        (false, true) => "putting partitions into quarantine",
        (false, false) => return Ok(()),
    };
    shell.refuse_unconfirmed(what, args.yes, args.non_interactive)
}

fn chosen(
    args: &MigrateArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    sides: Sides<'_>,
) -> Result<Vec<PlannedInterval>, Failure> {
    let wanted = Wanted {
        venue: args.venue.as_deref(),
        interval: args.interval,
        is_all: args.all,
    };
    let planned = open::plan(shell)?.intervals();
    let states = IntervalState::each(&workspace.config, sides, &planned)?;
    let has_work = |state: &IntervalState| state.has_work(args.legacy(), args.restart);
    let venue = workspace.default_venue();
    let meant = migrate::choose_by_state(&states, wanted, venue, has_work)?;
    let chosen = choose::settled(shell, meant, args.non_interactive)?;
    for state in states
        .iter()
        .filter(|state| args.all && state.is_left_out())
    {
        for sentence in &state.disagreements {
            let tuple = &state.planned.tuple;
            shell.warning(&format!("{tuple}: {sentence}."));
        }
    }
    migrate::preflight(sides, &workspace.config, &chosen, args.legacy())?;
    Ok(chosen)
}

fn stores(args: &MigrateArgs, workspace: &Workspace<'_>, shell: &Shell<'_>) -> Stores {
    let mut stores = workspace.open_stores(&shell.world.fs, args.compression);
    stores.partitioned = stores.partitioned.with_row_groups(args.row_group_size);
    stores
}

fn measure(
    order: Order<'_>,
    sides: Sides<'_>,
    chosen: &[PlannedInterval],
    is_exact: bool,
) -> Result<Means, Failure> {
    let Order { args, jobs, .. } = order;
    let choices = |planned: &PlannedInterval| args.choices(planned, jobs);
    Ok(migrate::measure(
        sides,
        chosen,
        choices,
        args.legacy(),
        is_exact,
    )?)
}

fn dry_run(
    order: Order<'_>,
    sides: Sides<'_>,
    chosen: &[PlannedInterval],
) -> Result<Exit, Failure> {
    let Order { args, shell, .. } = order;
    let watch = Stopwatch::start();
    let means = measure(order, sides, chosen, true)?;
    estimate_report::planned(shell, args.json, chosen, &means, watch.seconds());
    let mut estimates = means.estimates.iter();
    Ok(match means.missing {
        Some(_) => Exit::NoSpace,
        None => Exit::Partial.when(estimates.any(|one| !one.refusals.is_empty())),
    })
}

/// Says what will be needed, refuses if it is not there, and asks.
fn confirm(order: Order<'_>, chosen: &[PlannedInterval], means: &Means) -> Result<(), Failure> {
    let Order { args, shell, .. } = order;
    if let Some(missing) = means.missing {
        let how = (args.delete_legacy, chosen.len());
        return Err(estimate_report::no_space(
            shell, &means.at, means.need, missing, how,
        ));
    }
    let tickers: usize = means.estimates.iter().map(|one| one.tickers).sum();
    if !args.json {
        for (planned, estimate) in chosen.iter().zip(&means.estimates) {
            shell.note(&estimate_report::estimate(planned, estimate));
        }
    }
    let is_nothing = tickers == 0 && !args.delete_legacy;
    if is_nothing || args.yes || !shell.may_ask(args.non_interactive) {
        return Ok(());
    }
    let removal = if args.delete_legacy {
        ", and remove the legacy files of what is proven"
    } else {
        ""
    };
    let question = format!(
        "Copy {} ({} at most beside what is there){removal}?",
        count(tickers, "ticker", "tickers"),
        size(means.need.bytes)
    );
    shell.confirm(&question, "nothing was copied")
}

fn migrate_one(
    order: Order<'_>,
    mover: Mover<'_>,
    plan: &mut MigrationPlan,
    planned: &PlannedInterval,
) -> Result<Migrated, Failure> {
    let Order { args, shell, .. } = order;
    let tuple = &planned.tuple;
    let mut proofs = Proofs::load(mover.sides.fs, mover.sides.places, tuple)?;
    let choices = args.choices(planned, order.jobs);
    let around = (plan, tuple);
    let done = migrate::migrate_planned(mover, &choices, around, &mut proofs, args.legacy());
    if done.is_err() {
        shell.note(&format!(
            "{tuple}: {} proven so far; the next run goes on from there.",
            count(proofs.len(), "ticker is", "tickers are")
        ));
    }
    Ok(done?)
}
