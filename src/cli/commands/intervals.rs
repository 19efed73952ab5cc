//! `barkeep intervals`: adds, removes and lists the intervals that are kept. Stored rows are never touched.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::registration;
use crate::catalog::Intervals;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::model::Interval;
use crate::model::words::some_of;
use crate::roster;

/// What to do with intervals.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum IntervalsCommand {
    /// Add intervals to those that are kept
    Add(ChangeArgs),
    /// Remove intervals from those that are kept; their bars stay
    Remove(ChangeArgs),
    /// List the intervals that are kept
    List(ListArgs),
}

/// Options of `intervals add` and `intervals remove`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ChangeArgs {
    /// The intervals
    #[arg(value_name = "INTERVAL", required = true)]
    intervals: Vec<Interval>,
}

/// Options of `intervals list`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `intervals`.
pub(in crate::cli) fn run(command: &IntervalsCommand, shell: &Shell<'_>) -> Result<Exit, Failure> {
    match command {
        IntervalsCommand::Add(args) => add(args, shell),
        IntervalsCommand::Remove(args) => remove(args, shell),
        IntervalsCommand::List(args) => list(args, shell),
    }
}

/// Runs `intervals add`.
pub(super) fn add(args: &ChangeArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    change(&args.intervals, "intervals add", Intervals::add, shell)
}

/// Runs `intervals remove`.
pub(super) fn remove(args: &ChangeArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    change(
        &args.intervals,
        "intervals remove",
        Intervals::remove,
        shell,
    )
}

fn change(
    intervals: &[Interval],
    command: &str,
    apply: fn(&mut Intervals, Interval) -> bool,
    shell: &Shell<'_>,
) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell)?;
    let held = registration::lock(&workspace, shell, command, Duration::ZERO)?;
    let kept = roster::change_intervals(workspace.fs(), &held, intervals, apply)?;
    held.release()?;
    let names = match kept.as_slice() {
        // As `Workspace::intervals` has it.
        [] => "1d, since no interval is named".to_owned(),
        kept => some_of(kept, kept.len()),
    };
    shell.note(&format!("The workspace keeps {names}."));
    Ok(Exit::Ok)
}

fn list(args: &ListArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell)?;
    let kept = workspace.intervals()?;
    if args.json {
        let names: Vec<&str> = kept.iter().map(|interval| interval.as_str()).collect();
        shell.json(&json!({ "intervals": names }));
        return Ok(Exit::Ok);
    }
    for interval in kept {
        shell.line(interval.as_str());
    }
    Ok(Exit::Ok)
}
