//! `barkeep intervals`: adds, removes and lists the intervals that are kept. Stored rows are never touched.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::registration;
use crate::catalog::Intervals;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::shell::Shell;
use crate::cli::ui::words::some_of;
use crate::cli::wiring;
use crate::config::Overrides;
use crate::lock::LockGuard;
use crate::model::Interval;

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

impl IntervalsCommand {
    /// Tells whether output is for machines.
    pub(in crate::cli) fn is_json(&self) -> bool {
        matches!(self, Self::List(ListArgs { json: true }))
    }
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
    let workspace = wiring::open(shell, &Overrides::default())?;
    let held = registration::lock(&workspace, shell, command, Duration::ZERO)?;
    let fs = &*shell.world.fs;
    let mut kept = Intervals::load(fs, shell.root())?.unwrap_or_default();
    for &interval in intervals {
        apply(&mut kept, interval);
    }
    save(&kept, shell, &held)?;
    held.release()?;
    let names = match kept.as_slice() {
        // As `Workspace::intervals` has it.
        [] => "1d, since no interval is named".to_owned(),
        kept => some_of(kept, kept.len()),
    };
    shell.printer.note(&format!("The workspace keeps {names}."));
    Ok(Exit::Ok)
}

/// Replaces intervals.json, if something changed and the lock is still ours.
///
/// # Errors
/// When the lock is lost, or the file cannot be replaced.
pub(super) fn save(
    intervals: &Intervals,
    shell: &Shell<'_>,
    held: &LockGuard<'_>,
) -> Result<(), Failure> {
    if !intervals.is_changed() {
        return Ok(());
    }
    held.confirm()?;
    let temps = registration::temps(held);
    let bytes = intervals.to_bytes();
    Ok(Intervals::save(
        &*shell.world.fs,
        &temps,
        shell.root(),
        &bytes,
    )?)
}

fn list(args: &ListArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell, &Overrides::default())?;
    let kept = workspace.intervals()?;
    if args.json {
        let names: Vec<&str> = kept.iter().map(|interval| interval.as_str()).collect();
        shell.printer.json(&json!({ "intervals": names }));
        return Ok(Exit::Ok);
    }
    for interval in kept {
        shell.printer.line(interval.as_str());
    }
    Ok(Exit::Ok)
}
