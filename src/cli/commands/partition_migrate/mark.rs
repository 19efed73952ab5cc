//! `barkeep partition-migrate mark`: what a person says of an interval.
//!
//! Promises: under the lock, and for intervals that the plan has. A mark verifies nothing: "complete" by hand is
//! complete without proof, and activates nothing.

use clap::Args;

use super::open;
use crate::cli::ui::progress::Progress;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::migrate::{self, Mark, Mover, Sides, Status, VenueInterval};
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
    let mark = Mark {
        status: args.status.as_deref().map(|word| Status::from(word.trim())),
        jobs_total: args.jobs_total,
        jobs_completed: args.jobs_completed,
        legacy_rows: args.legacy_rows,
        partition_rows: args.partition_rows,
        resume_token: args.resume_token.clone(),
    };
    mark.check()?;
    let workspace = open::workspace(shell)?;
    let tuple = VenueInterval {
        venue: args.venue.clone(),
        interval: args.interval,
    };
    // Before the lock too, so that a mistyped name does not wait for it.
    open::plan(shell)?.takes(&tuple, &mark)?;
    let progress = Progress::new(shell, false);
    let held = open::lock(&workspace, shell, "partition-migrate mark", &progress)?;
    let catalog = wiring::registry_or_new(&workspace, shell)?;
    let mover = Mover::of(
        Sides::of(&workspace, &catalog, &progress),
        &workspace,
        &held,
    );
    let mut plan = open::plan(shell)?;
    plan.takes(&tuple, &mark)?;
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
