//! `barkeep partition-migrate init`: which intervals are migrated, written down as a plan.
//!
//! Promises: an old plan is never overwritten without a copy; nothing but the plan is written, except by `--adopt`, which
//! lists the files that it will move and asks.

use clap::Args;

use super::{open, report};
use crate::cli::ui::progress::Progress;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::migrate::{self, Adoptable, MigrationPlan, Mover, Sides, VenueInterval};
use crate::model::words::{count, some_of};
use crate::model::{Interval, PriceBasis, Slug, Venue};
use crate::workspace::Workspace;

/// Options of `partition-migrate init`.
#[derive(Debug, Args)]
pub(in crate::cli) struct InitArgs {
    /// The venue whose tree takes the rows in [default: the default venue of the workspace]
    #[arg(short = 'V', long, value_name = "VENUE", conflicts_with_all = ["market", "source"])]
    venue: Option<Venue>,
    /// The market of the venue
    #[arg(short, long, value_name = "MARKET", requires = "source")]
    market: Option<Slug>,
    /// The source of the venue
    #[arg(short = 'S', long, value_name = "SOURCE", requires = "market")]
    source: Option<Slug>,
    /// An interval to migrate; may be given several times
    #[arg(
        short,
        long = "interval",
        value_name = "INTERVAL",
        required_unless_present = "all_found"
    )]
    intervals: Vec<Interval>,
    /// Every interval that has legacy files, or had some that were migrated
    #[arg(long, conflicts_with = "intervals")]
    all_found: bool,
    /// Move legacy files of these intervals that lie in other folders of the workspace into data/legacy first
    #[arg(long)]
    adopt: bool,
    /// The price basis of the files: `as_traded`, `split_adjusted`, `split_dividend_adjusted` or `unknown`
    #[arg(long, value_name = "BASIS")]
    basis: Option<PriceBasis>,
    /// Replace a plan that is there; a copy of it is kept
    #[arg(long)]
    force: bool,
    /// Answer yes to every question
    #[arg(short, long)]
    yes: bool,
    /// Who made the plan
    #[arg(long, value_name = "NAME", hide = true, default_value = "barkeep")]
    created_by: String,
}

/// Runs `partition-migrate init`.
pub(in crate::cli) fn run(args: &InitArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = open::workspace(shell)?;
    let progress = Progress::new(shell, false);
    let held = open::lock(&workspace, shell, "partition-migrate init", &progress)?;
    let catalog = wiring::registry_or_new(&workspace, shell)?;
    let sides = Sides::of(&workspace, &catalog, &progress);
    let mover = Mover::of(sides, &workspace, &held);
    refuse_second_plan(args, shell)?;
    let venue = venue(args, &workspace);
    // What names no venue and is nobody's is this one's from now on.
    let owners = workspace.stores.legacy.places().owners();
    for interval in wanted(args) {
        owners.plan(*interval, &venue);
    }
    let movable = migrate::movable(&workspace.config, &venue, wanted(args));
    decide_adoption(args, shell, mover, &movable)?;
    let found = migrate::plannables(sides, &workspace.config, &venue, &args.intervals)?;
    for interval in found.too_wide {
        shell.note(&format!(
            "{interval} stays in the legacy layout: its bars are too wide for monthly files."
        ));
    }
    let tuples = found.tuples;
    if tuples.is_empty() {
        return Err(Failure::new(
            Exit::NotInitialised,
            "there are no legacy files that can be migrated in data/legacy, and the journal knows of none",
        ));
    }
    if let Some(kept) = migrate::begin_plan(mover, &args.created_by, &tuples, args.basis)? {
        let kept = shell.shown(&kept);
        shell.note(&format!("The old plan is kept as {kept}."));
    }
    held.release()?;
    let names: Vec<Interval> = tuples.iter().map(|tuple| tuple.interval).collect();
    let names = some_of(&names, names.len());
    shell.note(&format!("The plan has {names} of {venue}."));
    shell.note("Next: barkeep partition-migrate migrate --all --dry-run");
    Ok(Exit::Ok)
}

fn venue(args: &InitArgs, workspace: &Workspace<'_>) -> Venue {
    match (&args.venue, &args.market, &args.source) {
        (None, Some(market), Some(source)) => Venue {
            market: market.clone(),
            source: source.clone(),
        },
        (Some(venue), ..) => venue.clone(),
        _ => workspace.default_venue().clone(),
    }
}

fn refuse_second_plan(args: &InitArgs, shell: &Shell<'_>) -> Result<(), Failure> {
    let path = MigrationPlan::path(shell.root());
    if args.force || shell.world.fs.metadata(&path)?.is_none() {
        return Ok(());
    }
    Err(
        Failure::new(Exit::Failed, "there is a migration_plan.json already")
            .hint("go on with it: barkeep partition-migrate status")
            .hint("or put a new one in its place, which keeps a copy and every proof: --force"),
    )
}

fn wanted(args: &InitArgs) -> &[Interval] {
    if args.all_found {
        &Interval::ALL
    } else {
        &args.intervals
    }
}

/// Legacy files are migrated from one folder. Those elsewhere are refused, or moved if the user says so.
fn decide_adoption(
    args: &InitArgs,
    shell: &Shell<'_>,
    mover: Mover<'_>,
    tuples: &[VenueInterval],
) -> Result<(), Failure> {
    report::misplaced(shell, &migrate::unadoptable(mover.sides, tuples)?);
    let adoptables = migrate::adoptables(mover.sides, tuples)?;
    if adoptables.is_empty() {
        return Ok(());
    }
    let files = count(adoptables.len(), "legacy file lies", "legacy files lie");
    let folders = Adoptable::folders(&adoptables).into_iter();
    let folders: Vec<String> = folders.map(|dir| shell.shown(dir).to_string()).collect();
    if !args.adopt {
        return Err(Failure::new(
            Exit::Failed,
            format!("{files} outside of data/legacy, in {}", folders.join(", ")),
        )
        .hint("move them there: barkeep partition-migrate init --all-found --adopt"));
    }
    for folder in &folders {
        shell.line(folder);
    }
    let taken = adoptables
        .iter()
        .filter(|adoptable| adoptable.is_taken)
        .count();
    let question = format!(
        "{files} outside of data/legacy and will be moved there; {} merged into a file that is there already. Go on?",
        count(taken, "is", "are")
    );
    shell.refuse_unconfirmed("moving legacy files", args.yes, false)?;
    if !args.yes {
        shell.confirm(&question, "nothing was moved")?;
    }
    let adopted = migrate::adopt(mover, &adoptables)?;
    shell.note(&format!(
        "Moved {} and merged {}.",
        count(adopted.moved, "file", "files"),
        count(adopted.merged, "file", "files")
    ));
    for record in &adopted.kept {
        shell.tell_kept(record);
    }
    match adopted.refused.first() {
        None => Ok(()),
        Some((path, reason)) => Err(Failure::new(
            Exit::Partial,
            format!(
                "{} not be brought to data/legacy, among them {}: {reason}",
                count(adopted.refused.len(), "file could", "files could"),
                shell.shown(path)
            ),
        )),
    }
}
