//! `barkeep partition-migrate migrate`: copies, proves, switches, and removes legacy files if told to.
//!
//! Promises: what will be needed is measured and said before anything is copied. `--dry-run` builds every file in memory
//! and touches nothing. One ticker that fails fails alone.

use std::num::NonZeroUsize;

use super::choose;
use super::migrate_args::MigrateArgs;
use super::preflight::{refuse_other_disks, refuse_strays, refuse_wide};

use super::estimate_report::{self, Means};
use super::{open, report};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::progress::Progress;
use crate::cli::ui::words::{count, size};
use crate::migrate::{
    self, Estimate, IntervalState, LegacyFiles, Migrated, MigrationPlan, Mover, Need,
    PlannedInterval, Proofs, Sides, Stage, Wanted,
};
use crate::model::Venue;
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
        let chosen = chosen(args, shell, &workspace, &progress)?;
        return dry_run(order, &workspace, &chosen, &progress);
    }
    refuse_unconfirmed(args, shell)?;
    open::plan(shell)?;
    // Taken before anything is looked at: what an earlier run left is finished first, also when nothing else is to do.
    let held = open::lock(&workspace, shell, "partition-migrate migrate", &progress)?;
    let chosen = chosen(args, shell, &workspace, &progress)?;
    let catalog = open::catalog(&workspace)?;
    let sides = open::sides(&workspace, shell, &catalog, &progress);
    let mover = open::mover(sides, &workspace, shell, &held);
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
    let estimates = estimates(order, mover.sides, chosen, false)?;
    confirm(order, mover.sides, chosen, &estimates)?;
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
    if args.yes || shell.may_ask(args.non_interactive) {
        return Ok(());
    }
    Err(Failure::usage(format!("{what} has to be confirmed")).hint("say --yes"))
}

/// What the plan says is not asked: it may say complete of what nobody has proven.
fn chosen(
    args: &MigrateArgs,
    shell: &Shell<'_>,
    workspace: &Workspace<'_>,
    progress: &Progress<'_>,
) -> Result<Vec<PlannedInterval>, Failure> {
    let wanted = Wanted {
        venue: args.venue.as_deref(),
        interval: args.interval,
        is_all: args.all,
    };
    let planned = open::plan(shell)?.intervals();
    let catalog = open::catalog(workspace)?;
    let sides = open::sides(workspace, shell, &catalog, progress);
    let states = IntervalState::each(&workspace.config, sides, &planned)?;
    let has_work = |state: &IntervalState| {
        let has_legacy = args.delete_legacy && state.legacy_files > 0;
        let is_open = state.stage != Stage::Active && !state.is_left_out();
        // One that is named is refused with the reason; among all it is passed over.
        state.is_eligible && (is_open || has_legacy || args.restart)
    };
    let is_open = |one: &PlannedInterval| {
        states
            .iter()
            .any(|state| state.planned.tuple == one.tuple && has_work(state))
    };
    let chosen = choose::choose(
        shell,
        &planned,
        wanted,
        args.non_interactive,
        workspace.default_venue(),
        is_open,
    )?;
    for state in states
        .iter()
        .filter(|state| args.all && state.is_left_out())
    {
        for sentence in &state.disagreements {
            let tuple = &state.planned.tuple;
            shell.warning(&format!("{tuple}: {sentence}."));
        }
    }
    refuse_wide(workspace, &chosen)?;
    refuse_other_disks(args, shell, workspace, &chosen)?;
    refuse_strays(args, shell, workspace, &chosen)?;
    Ok(chosen)
}

fn stores(args: &MigrateArgs, workspace: &Workspace<'_>, shell: &Shell<'_>) -> Stores {
    let mut stores = workspace.open_stores(&shell.world.fs, args.codec());
    stores.partitioned = stores.partitioned.with_row_groups(args.row_group_size);
    stores
}

fn estimates(
    order: Order<'_>,
    sides: Sides<'_>,
    chosen: &[PlannedInterval],
    is_exact: bool,
) -> Result<Vec<Estimate>, Failure> {
    let mut all = Vec::new();
    for planned in chosen {
        let proofs = Proofs::load(sides.fs, sides.places, &planned.tuple)?;
        let choices = order.args.choices(planned, order.jobs);
        all.push(migrate::estimate(
            sides,
            &choices,
            &planned.tuple,
            &proofs,
            is_exact,
        )?);
    }
    Ok(all)
}

fn dry_run(
    order: Order<'_>,
    workspace: &Workspace<'_>,
    chosen: &[PlannedInterval],
    progress: &Progress<'_>,
) -> Result<Exit, Failure> {
    let Order { args, shell, .. } = order;
    let catalog = open::catalog(workspace)?;
    let sides = open::sides(workspace, shell, &catalog, progress);
    let watch = Stopwatch::start();
    let estimates = estimates(order, sides, chosen, true)?;
    let seconds = watch.seconds();
    let at = migrate::space_at(sides)?;
    let need = Need::of(&estimates, args.delete_legacy);
    let missing = need.missing(sides.fs, &at)?;
    let means = Means {
        need,
        free: sides.fs.space(&at)?,
        missing,
        seconds,
    };
    estimate_report::planned(shell, args.json, chosen, &estimates, &means);
    Ok(match missing {
        Some(_) => Exit::NoSpace,
        None if estimates.iter().any(|one| !one.refusals.is_empty()) => Exit::Partial,
        None => Exit::Ok,
    })
}

/// Says what will be needed, refuses if it is not there, and asks.
fn confirm(
    order: Order<'_>,
    sides: Sides<'_>,
    chosen: &[PlannedInterval],
    estimates: &[Estimate],
) -> Result<(), Failure> {
    let Order { args, shell, .. } = order;
    let need = Need::of(estimates, args.delete_legacy);
    let at = migrate::space_at(sides)?;
    if let Some(missing) = need.missing(sides.fs, &at)? {
        return Err(estimate_report::no_space(
            shell,
            &at,
            need,
            missing,
            (args.delete_legacy, chosen.len()),
        ));
    }
    let tickers: usize = estimates.iter().map(|one| one.tickers).sum();
    if !args.json {
        for (planned, estimate) in chosen.iter().zip(estimates) {
            shell.note(&estimate_report::estimate(planned, estimate));
        }
    }
    if tickers == 0 && !args.delete_legacy {
        return Ok(());
    }
    if args.yes || !shell.may_ask(args.non_interactive) {
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
        size(need.bytes)
    );
    if shell.asks(&question) {
        Ok(())
    } else {
        Err(Failure::new(Exit::Failed, "nothing was copied"))
    }
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
    let legacy = if args.delete_legacy {
        LegacyFiles::Go
    } else {
        LegacyFiles::Stay
    };
    let done = migrate::migrate_planned(mover, &choices, (plan, tuple), &mut proofs, legacy);
    if done.is_err() {
        shell.note(&format!(
            "{tuple}: {} proven so far; the next run goes on from there.",
            count(proofs.len(), "ticker is", "tickers are")
        ));
    }
    Ok(done?)
}
