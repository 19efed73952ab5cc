//! `barkeep partition-migrate status`: how far each interval is, and what to type next. Reads only, and takes no lock.

use clap::Args;
use serde_json::{Value, json};

use super::open;
use crate::cli::ui::json::of_tickers;
use crate::cli::ui::progress::Progress;
use crate::cli::ui::table::Columns;
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::migrate::{self, IntervalState, MigrateError, NextStep, RowCounts, Sides, Stage};
use crate::model::Ticker;
use crate::model::words::{duration, size};

/// Options of `partition-migrate status`.
#[derive(Debug, Args)]
pub(in crate::cli) struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// How many failures are named one by one.
const NAMED: usize = 20;

/// Runs `partition-migrate status`.
pub(in crate::cli) fn run(args: &StatusArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = open::workspace(shell)?;
    let progress = Progress::new(shell, args.json);
    let catalog = wiring::registry_or_new(&workspace, shell)?;
    let sides = Sides::of(&workspace, &catalog, &progress);
    let states = IntervalState::each(&workspace.config, sides, &open::plan(shell)?.intervals())?;
    let count = |state: &IntervalState| state.count_rows(sides);
    let counts: Vec<RowCounts> = states
        .iter()
        .map(count)
        .collect::<Result<_, MigrateError>>()?;
    if args.json {
        let counted = states.iter().zip(&counts);
        let intervals: Vec<Value> = counted.map(|(state, rows)| document(state, rows)).collect();
        shell.json(&json!({ "intervals": intervals }));
        return Ok(Exit::Ok);
    }
    table(&states.iter().zip(&counts).collect::<Vec<_>>(), shell);
    for (state, rows) in states.iter().zip(&counts) {
        let tuple = &state.planned.tuple;
        if let [first, ..] = rows.unknown.as_slice() {
            shell.warning(&format!(
                "{tuple}: the rows are without those of {} tickers, first {first}: files of theirs have no whole footer.",
                rows.unknown.len()
            ));
        }
        for (ticker, error) in rows.unreadable.iter().take(NAMED) {
            shell.warning(&format!(
                "{tuple}: the rows are without those of {ticker}: {error}."
            ));
        }
        for (ticker, reason) in state.failures.iter().take(NAMED) {
            shell.warning(&format!("{tuple}: {ticker}: {reason}."));
        }
        let more = state.failures.len().saturating_sub(NAMED);
        if more > 0 {
            shell.warning(&format!(
                "{tuple}: {more} more failed; --json has them all."
            ));
        }
        for (path, reason) in &state.strangers {
            shell.warning(&format!(
                "{tuple}: {} is in the way: {reason}. Move it out of the folder.",
                shell.shown(path)
            ));
        }
        for sentence in &state.disagreements {
            shell.warning(&format!("{tuple}: {sentence}."));
        }
        if let Some(seconds) = state.seconds_left {
            shell.note(&format!(
                "{tuple}: about {} left at the rate so far.",
                duration(seconds)
            ));
        }
    }
    shell.note(&next(&states));
    Ok(Exit::Ok)
}

/// Says what to type next.
fn next(states: &[IntervalState]) -> String {
    let migrate = "barkeep partition-migrate migrate";
    let command = match migrate::next_step(states) {
        Some(NextStep::Migrate(tuple)) => format!("{migrate} {tuple}"),
        Some(NextStep::MigrateAll) => format!("{migrate} --all"),
        Some(NextStep::LeaveOut(tuple)) => format!(
            "if there is nothing to migrate, barkeep partition-migrate mark {tuple} --status skipped"
        ),
        Some(NextStep::RemoveLegacy(tuple)) => {
            format!("once you trust the partitions, {migrate} {tuple} --delete-legacy --dry-run")
        }
        None if states.iter().all(|state| state.stage == Stage::Active) => {
            return "Everything is migrated.".to_owned();
        }
        None => {
            return "Nothing is left to migrate. What nothing proves is named above.".to_owned();
        }
    };
    format!("Next: {command}")
}

fn table(counted: &[(&IntervalState, &RowCounts)], shell: &Shell<'_>) {
    let verified = |state: &IntervalState| {
        let is_verified = matches!(state.stage, Stage::Verified | Stage::Active);
        let at = state.proven_at.filter(|_| is_verified);
        at.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M").to_string())
    };

    Columns::of(counted)
        .text("venue", |(state, _)| &state.planned.tuple.venue)
        .text("dataset", |_| "stocks")
        .text("interval", |(state, _)| state.planned.tuple.interval)
        .text("state", |(state, _)| state.stage.as_str())
        .number("done", |(state, _)| state.proven)
        .number("failed", |(state, _)| state.failures.len())
        .number("left", |(state, _)| state.tickers - state.proven)
        .number("legacy rows", |(_, rows)| rows.legacy)
        .number("partition rows", |(_, rows)| rows.partitions)
        .number("legacy", |(state, _)| size(state.legacy_bytes))
        .number("partitions", |(_, rows)| size(rows.partition_bytes))
        .text("verified", |(state, _)| verified(state))
        .print(shell);
}

fn document(state: &IntervalState, rows: &RowCounts) -> Value {
    let tuple = &state.planned.tuple;
    json!({
        "venue": tuple.venue.to_string(),
        "market": tuple.venue.market.as_str(),
        "source": tuple.venue.source.as_str(),
        "dataset": "stocks",
        "interval": tuple.interval.as_str(),
        "state": state.stage.as_str(),
        "plan_status": state.planned.status.as_str(),
        "tickers": { "total": state.tickers, "done": state.proven, "failed": state.failures.len(), "left": state.tickers - state.proven },
        "failures": of_tickers(&state.failures),
        "strangers": state.strangers.iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>(),
        "legacy_rows": rows.legacy,
        "partition_rows": rows.partitions,
        "tickers_not_counted": rows.not_counted().map(Ticker::as_str).collect::<Vec<_>>(),
        "legacy_bytes": state.legacy_bytes,
        "partition_bytes": rows.partition_bytes,
        "legacy_files": state.legacy_files,
        "last_proven": state.proven_at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        "seconds_left": state.seconds_left,
        "disagreements": state.disagreements,
    })
}
