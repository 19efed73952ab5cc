//! `barkeep partition-migrate verify`: compares both sides and changes nothing.
//!
//! Promises: no lock, no file. Everything is read from the disk rather than from memory, where the disk allows it.

use clap::Args;
use serde_json::{Value, json};

use super::choose;
use super::{open, report};
use crate::cli::ui::progress::Progress;
use crate::cli::{Exit, Failure, Shell, outcome, wiring};
use crate::migrate::{self, Finding, Sample, Sides, Verification, Wanted};
use crate::model::Interval;
use crate::model::words::{count, grouped};

/// Options of `partition-migrate verify`.
#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyArgs {
    /// The venue in the plan [default: the only one of the workspace, else us:yahoo], or an interval
    venue: Option<String>,
    /// The interval in the plan [default: all]
    interval: Option<Interval>,
    /// Every interval of the plan
    #[arg(long)]
    all: bool,
    /// Only the N-th of T parts of the tickers, such as 1/7
    #[arg(long, value_name = "N/T")]
    sample: Option<Sample>,
    /// Accepted, and of no meaning here
    #[arg(long, value_name = "NAME", hide = true)]
    created_by: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

/// Runs `partition-migrate verify`.
pub(in crate::cli) fn run(args: &VerifyArgs, shell: &Shell<'_>) -> Result<Exit, Failure> {
    let workspace = open::workspace(shell)?;
    let progress = Progress::new(shell, args.json);
    let catalog = wiring::registry_or_new(&workspace, shell)?;
    let sides = Sides::of(&workspace, &catalog, &progress);
    let wanted = Wanted {
        venue: args.venue.as_deref(),
        interval: args.interval,
        is_all: args.all,
    };
    let planned = open::plan(shell)?.intervals();
    let venue = workspace.default_venue();
    let meant = migrate::choose(&planned, wanted.or_all(), venue, |_| true)?;
    let chosen = choose::settled(shell, meant, true)?;
    let mut found = Vec::new();
    for planned in &chosen {
        let (config, tuple) = (&workspace.config, &planned.tuple);
        found.push(migrate::verify_interval(sides, config, tuple, args.sample)?);
    }
    progress.end();
    if args.json {
        let intervals: Vec<Value> = found.iter().map(document).collect();
        shell.json(&json!({ "intervals": intervals }));
    } else {
        for one in &found {
            say(shell, one);
        }
    }
    Ok(exit(shell, &found))
}

fn exit(shell: &Shell<'_>, found: &[Verification]) -> Exit {
    let findings = found.iter().flat_map(|one| &one.findings);
    let wrong = findings.filter_map(|(_, finding)| match finding {
        Finding::Wrong(refusal) => Some(refusal),
        _ => None,
    });
    let has_strangers = found.iter().any(|one| !one.strangers.is_empty());
    let further = has_strangers.then_some(Exit::Mismatch);
    outcome::of_refusals(wrong, &shell.world.shutdown, further)
}

fn say(shell: &Shell<'_>, found: &Verification) {
    for (ticker, finding) in &found.findings {
        if let Finding::Wrong(refusal) = finding {
            shell.line(&format!("{ticker} {}: {refusal}", found.tuple.interval));
        }
    }
    for (path, reason) in &found.strangers {
        shell.line(&format!("{}: {reason}", shell.shown(path)));
    }
    report::misplaced(shell, &found.misplaced);
    let tally = found.tally();
    shell.note(&format!(
        "{}: {} of {} looked at, {} rows. {} equal, {} equal but for what updates did since, {} equal to the proof of a \
         removed legacy file, {} new in partitions, {} wrong.",
        found.tuple,
        grouped(found.findings.len()),
        count(found.tickers, "ticker", "tickers"),
        grouped(tally.rows),
        tally.equal,
        tally.grown,
        tally.proven,
        tally.new,
        tally.wrong
    ));
    report::from_memory(shell, found.from_memory, "read");
}

fn document(found: &Verification) -> Value {
    let tally = found.tally();
    let wrong: Vec<Value> = found
        .findings
        .iter()
        .filter_map(|(ticker, finding)| match finding {
            Finding::Wrong(refusal) => Some(report::refusal_document(ticker, refusal)),
            _ => None,
        })
        .collect();
    json!({
        "venue": found.tuple.venue.to_string(),
        "interval": found.tuple.interval.as_str(),
        "tickers": found.tickers,
        "looked_at": found.findings.len(),
        "rows": tally.rows,
        "equal": tally.equal,
        "grown": tally.grown,
        "proven": tally.proven,
        "new": tally.new,
        "wrong": wrong,
        "strangers": found.strangers.iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>(),
        "misplaced": found.misplaced.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        "read_from_memory": found.from_memory,
        "is_complete": !found.is_cut_short,
    })
}
