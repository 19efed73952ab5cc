//! `barkeep partition-migrate status`: how far each interval is, and what to type next. Reads only, and takes no lock.

use clap::Args;
use serde_json::{Value, json};

use super::open;
use crate::cli::ui::progress::Progress;
use crate::cli::ui::words::{duration, size};
use crate::cli::{Exit, Failure, Shell, wiring};
use crate::migrate::{self, IntervalState, MigrateError, NextStep, RowCounts, Sides, Stage};
use crate::model::Ticker;

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
    let counted = states.iter().zip(&counts);
    let rows: Vec<[String; 12]> = counted.map(|(state, rows)| row(state, rows)).collect();
    let header = [
        "venue",
        "dataset",
        "interval",
        "state",
        "done",
        "failed",
        "left",
        "legacy rows",
        "partition rows",
        "legacy",
        "partitions",
        "verified",
    ];
    shell.table(&header, &rows, &[4, 5, 6, 7, 8, 9, 10]);
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
        if let Some(more) = state
            .failures
            .len()
            .checked_sub(NAMED)
            .filter(|more| *more > 0)
        {
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

fn row(state: &IntervalState, rows: &RowCounts) -> [String; 12] {
    let tuple = &state.planned.tuple;
    let verified = match state.stage {
        Stage::Verified | Stage::Active => state.proven_at,
        _ => None,
    };
    [
        tuple.venue.to_string(),
        "stocks".to_owned(),
        tuple.interval.to_string(),
        state.stage.as_str().to_owned(),
        state.proven.to_string(),
        state.failures.len().to_string(),
        (state.tickers - state.proven).to_string(),
        rows.legacy.to_string(),
        rows.partitions.to_string(),
        size(state.legacy_bytes),
        size(rows.partition_bytes),
        verified.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M").to_string()),
    ]
}

fn document(state: &IntervalState, rows: &RowCounts) -> Value {
    let tuple = &state.planned.tuple;
    let failures: Vec<Value> = state
        .failures
        .iter()
        .map(|(ticker, reason)| json!({ "ticker": ticker.as_str(), "reason": reason }))
        .collect();
    json!({
        "venue": tuple.venue.to_string(),
        "market": tuple.venue.market.as_str(),
        "source": tuple.venue.source.as_str(),
        "dataset": "stocks",
        "interval": tuple.interval.as_str(),
        "state": state.stage.as_str(),
        "plan_status": state.planned.status.as_str(),
        "tickers": { "total": state.tickers, "done": state.proven, "failed": state.failures.len(), "left": state.tickers - state.proven },
        "failures": failures,
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
