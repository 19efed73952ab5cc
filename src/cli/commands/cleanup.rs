//! `barkeep cleanup`: finishes interrupted runs and removes what they left.
//!
//! Promises: rows that were fetched are stored, never discarded. `--dry-run` takes no lock and changes nothing.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::{registration, sweep};
use crate::cli::ui::progress::Progress;
use crate::cli::ui::summary::{self, Finished};
use crate::cli::ui::summary_json;
use crate::cli::{Exit, Failure, Shell, outcome, wiring};
use crate::cycle::{self, CleanedUp};
use crate::ingest::sweep as temps;
use crate::model::RunId;
use crate::model::words::count;
use crate::storage::leftover_runs;
use crate::sys::Stopwatch;
use crate::workspace::Workspace;

/// Options of `cleanup`.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct CleanupArgs {
    /// Print what is left over, and change nothing
    #[arg(short = 'n', long)]
    pub(in crate::cli) dry_run: bool,
    /// Remove a lock that nobody can judge; the refusal printed its token
    #[arg(long, value_name = "TOKEN", conflicts_with = "dry_run")]
    pub(in crate::cli) break_lock: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Runs `cleanup`.
pub(in crate::cli) fn run(args: &CleanupArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = wiring::open(shell)?;
    if args.dry_run {
        return look(args, &workspace, shell);
    }
    if let Some(key) = &args.break_lock {
        let owner = workspace.lock().break_lock(key)?;
        let owner = owner.map_or_else(|| "an unknown run".to_owned(), |owner| owner.to_string());
        shell.note(&format!("Removed the lock of {owner}."));
    }
    let watch = Stopwatch::start();
    let held = registration::lock(&workspace, shell, "cleanup", Duration::ZERO)?;
    let lock_seconds = watch.seconds();
    let progress = Progress::new(shell, args.json);
    let session = workspace.session(&held, &progress);
    let cleaned = cycle::clean_up(&workspace, session, shell.today())?;
    progress.end();
    held.release()?;

    let CleanedUp {
        mut report,
        leftovers,
        swept,
        is_nothing,
        has_left,
    } = cleaned;
    report.seconds.leftovers = watch.seconds();
    let exit = Exit::worst([
        Exit::Partial.when(has_left),
        outcome::of_run(&report, &leftovers),
    ]);
    let finished = Finished {
        report,
        leftovers,
        asked: None,
        requests: Vec::new(),
        lock_seconds,
        total_seconds: watch.seconds(),
        exit,
    };
    if args.json {
        shell.json(&summary_json::render(&finished));
    } else if is_nothing {
        shell.note("Nothing to clean up.");
    } else {
        summary::print_cleanup(&finished, shell.printer);
        sweep::print(&swept, shell);
    }
    Ok(exit)
}

fn look(args: &CleanupArgs, workspace: &Workspace<'_>, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let lock = workspace.lock().describe()?;
    let fs = &*shell.world.fs;
    let runs = leftover_runs(fs, &workspace.places)?;
    let plan = temps::plan(fs, &workspace.places)?;
    let files = plan
        .leftovers
        .iter()
        .map(|leftover| leftover.path.display().to_string());
    let files: Vec<String> = files.collect();
    if args.json {
        let runs: Vec<&str> = runs.iter().map(RunId::as_str).collect();
        shell.json(&json!({ "event": "plan", "lock": lock, "runs": runs, "files": files }));
        return Ok(Exit::Ok);
    }
    shell.note(&format!("Lock: {lock}."));
    for run in &runs {
        shell.line(run.as_str());
    }
    for file in &files {
        shell.line(file);
    }
    let runs = count(runs.len(), "interrupted run", "interrupted runs");
    let files = count(files.len(), "temporary file", "temporary files");
    shell.note(&format!(
        "{runs} would be finished and {files} settled. Nothing was changed."
    ));
    Ok(Exit::Ok)
}
