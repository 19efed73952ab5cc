//! `barkeep partition-migrate mark`: what a person says of an interval.
//!
//! Promises: under the lock, and for intervals that the plan has. A mark verifies nothing: "complete" by hand is
//! complete without proof, and activates nothing.

use clap::Args;

use super::open;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::progress::Progress;
use crate::migrate::{self, Mark, MigrationPlan, Status, VenueInterval};
use crate::model::{Interval, Venue};

/// Options of `partition-migrate mark`.
#[derive(Debug, Args)]
pub(in crate::cli) struct MarkArgs {
    /// The venue in the plan
    venue: Venue,
    /// The interval in the plan
    interval: Interval,
    /// How far it is: pending, migrating, complete or a word of your own
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Tickers in all
    #[arg(long, value_name = "N")]
    jobs_total: Option<u64>,
    /// Tickers that are done
    #[arg(long, value_name = "N")]
    jobs_completed: Option<u64>,
    /// Rows in the legacy files
    #[arg(long, value_name = "N")]
    legacy_rows: Option<u64>,
    /// Rows in the partitions
    #[arg(long, value_name = "N")]
    partition_rows: Option<u64>,
    /// A note for whoever goes on
    #[arg(long, value_name = "TEXT")]
    resume_token: Option<String>,
    /// Accepted, and of no meaning here
    #[arg(long, value_name = "NAME", hide = true)]
    created_by: Option<String>,
}

/// Runs `partition-migrate mark`.
pub(in crate::cli) fn run(args: &MarkArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let mark = mark(args)?;
    let workspace = open::workspace(shell)?;
    // Looked at before the lock too, so that a mistyped name does not wait for it.
    let tuple = VenueInterval {
        venue: args.venue.clone(),
        interval: args.interval,
    };
    refuse_unplanned(shell, &tuple)?;
    let progress = Progress::new(shell, false);
    let held = open::lock(&workspace, shell, "partition-migrate mark", &progress)?;
    let catalog = open::catalog(&workspace)?;
    let sides = open::sides(&workspace, shell, &catalog, &progress);
    let mover = open::mover(sides, &workspace, shell, &held);
    let mut plan = open::plan(shell)?;
    refuse_more_than_all(&plan, &tuple, &mark)?;
    plan.mark(&tuple, &mark, shell.around.clock.now());
    migrate::save_plan(mover, &plan)?;
    held.release()?;
    let note = match &mark.status {
        Some(Status::Complete) => {
            format!("{tuple} is marked complete, which proves nothing and switches nothing.")
        }
        _ => format!("{tuple} is marked."),
    };
    shell.note(&note);
    Ok(Exit::Ok)
}

fn mark(args: &MarkArgs) -> Result<Mark, Failure> {
    let mark = Mark {
        status: args.status.as_deref().map(|word| Status::from(word.trim())),
        jobs_total: args.jobs_total,
        jobs_completed: args.jobs_completed,
        legacy_rows: args.legacy_rows,
        partition_rows: args.partition_rows,
        resume_token: args.resume_token.clone(),
    };
    if mark == Mark::default() {
        return Err(Failure::usage("nothing was said of the interval").hint("see --help"));
    }
    if mark
        .status
        .as_ref()
        .is_some_and(|status| status.as_str().is_empty())
    {
        return Err(Failure::usage("a status is a word"));
    }
    Ok(mark)
}

/// Of what is said and of what the plan says already.
fn refuse_more_than_all(
    plan: &MigrationPlan,
    tuple: &VenueInterval,
    mark: &Mark,
) -> Result<(), Failure> {
    let (was_total, was_done) = plan.interval(tuple).map_or((0, 0), |planned| planned.jobs);
    let total = mark.jobs_total.unwrap_or(was_total);
    let done = mark.jobs_completed.unwrap_or(was_done);
    let is_about_jobs = mark.jobs_total.is_some() || mark.jobs_completed.is_some();
    if is_about_jobs && done > total {
        return Err(Failure::usage(format!(
            "{done} of {total} tickers cannot be done"
        )));
    }
    Ok(())
}

fn refuse_unplanned(shell: &Shell<'_>, tuple: &VenueInterval) -> Result<(), Failure> {
    let plan = open::plan(shell)?;
    if plan.interval(tuple).is_some() {
        return Ok(());
    }
    let names: Vec<String> = plan
        .intervals()
        .iter()
        .map(|one| one.tuple.to_string())
        .collect();
    Err(Failure::usage(format!(
        "{tuple} is not in the plan, which has {}",
        names.join(", ")
    )))
}
