//! What `check` found, as a table or as a document.

use std::collections::BTreeSet;

use chrono::Timelike;
use serde_json::json;

use super::{Outcome, files, vault};
use crate::audit::{DamagedFile, cure};
use crate::catalog::Missing;
use crate::check::Finding;
use crate::cli::shell::Shell;
use crate::cli::ui::json::about;
use crate::cli::ui::table::Columns;
use crate::inventory::refetch;
use crate::model::words::{count, left_of};
use crate::model::{Series, StorageRequest, time};

/// How many commands are named.
const MOST_CURES: usize = 10;

/// Prints a table of the findings, and what to do about them.
pub(super) fn table(outcome: &Outcome, shell: &Shell<'_>) {
    let contradictions = &outcome.found.contradictions;
    if !contradictions.is_empty() {
        Columns::of(contradictions)
            .text("venue", |(request, _)| place(request).0)
            .text("ticker", |(request, _)| place(request).1)
            .text("interval", |(request, _)| place(request).2)
            .text("kind", |(_, finding)| finding.kind)
            .text("from", |(request, finding)| {
                moment(request, finding.from, " ")
            })
            .text("to", |(request, finding)| moment(request, finding.to, " "))
            .text("what", |(_, finding)| &finding.reason)
            .print(shell);
    }
    troubles(outcome, shell);
    files::print(&outcome.files, shell);
    vault::print(&outcome.vault, shell);
    cures(outcome, shell);
    if !outcome.found.months.is_empty() {
        let months = count(outcome.found.months.len(), "month", "months");
        let first = outcome.found.months.first().map(|path| shell.shown(path));
        shell.note(&format!(
            "{months} of trades that the predecessor put together lie beside the days, which have all of their rows once the feed \
             was updated: {}{}.",
            first.map(|path| path.to_string()).unwrap_or_default(),
            if outcome.found.months.len() > 1 { " and more" } else { "" }
        ));
    }
    let trades = match outcome.found.trades {
        0 => String::new(),
        trades => format!(" and {}", count(trades, "trade", "trades")),
    };
    let looked = format!(
        "Checked {}{trades} of {}",
        count(outcome.found.bars, "bar", "bars"),
        count(outcome.found.series, "series", "series")
    );
    let found = match outcome.found.contradictions.len() {
        0 => "nothing that contradicts itself".to_owned(),
        findings => {
            let of: BTreeSet<&StorageRequest> = outcome
                .found
                .contradictions
                .iter()
                .map(|(r, _)| r)
                .collect();
            format!(
                "{} in {}",
                count(findings, "contradiction", "contradictions"),
                count(of.len(), "series", "series")
            )
        }
    };
    shell.note(&format!("{looked}: {found}."));
}

/// Prints one document.
pub(super) fn document(outcome: &Outcome, shell: &Shell<'_>) {
    troubles(outcome, shell);
    files::print(&outcome.files, shell);
    vault::print(&outcome.vault, shell);
    let finding = |(request, finding): &(StorageRequest, Finding)| {
        about(
            request,
            json!({
                "kind": finding.kind.as_str(),
                "from": moment(request, finding.from, "T"),
                "to": moment(request, finding.to, "T"),
                "factor": finding.factor,
                "reason": finding.reason,
                "cure": cure(request, finding),
            }),
        )
    };
    let damaged = |file: &DamagedFile| {
        about(
            &file.request,
            json!({
                "path": shell.shown(&file.path).to_string(),
                "partition": file.partition.to_string(),
                "reason": file.reason,
            }),
        )
    };
    let missing = |(request, missing): &(StorageRequest, Missing)| {
        let stored = missing.left.map(|day| day.to_string());
        about(
            request,
            json!({ "known": missing.known.to_string(), "stored": stored }),
        )
    };
    let unreadable = outcome.troubles.iter();
    let unreadable =
        unreadable.map(|(request, failure)| about(request, json!({ "error": failure.json() })));
    shell.json(&json!({
        "series": outcome.found.series,
        "bars": outcome.found.bars,
        "trades": outcome.found.trades,
        "findings": outcome.found.contradictions.iter().map(finding).collect::<Vec<_>>(),
        "damaged": outcome.found.damaged.iter().map(damaged).collect::<Vec<_>>(),
        "missing": outcome.found.missing.iter().map(missing).collect::<Vec<_>>(),
        "monthly_trades": outcome.found.months.iter().map(|path| shell.shown(path).to_string()).collect::<Vec<_>>(),
        "misplaced": outcome.found.misplaced.iter().map(|path| shell.shown(path).to_string()).collect::<Vec<_>>(),
        "unreadable": unreadable.collect::<Vec<_>>(),
        "files": files::document(&outcome.files, shell),
        "vault": vault::document(&outcome.vault, shell),
    }));
}

/// Returns venue, ticker and interval of a series as people write them.
pub(super) fn place(request: &StorageRequest) -> (String, String, String) {
    let (ticker, interval) = match &request.series {
        Series::Bars { ticker, interval } => (ticker.to_string(), interval.to_string()),
        Series::Prepost { ticker, interval } => (ticker.to_string(), format!("prepost {interval}")),
        other => (other.to_string(), String::new()),
    };
    let venue = request.venue.as_ref().map(ToString::to_string);
    (venue.unwrap_or_default(), ticker, interval)
}

/// Returns the stamp of a bar as people write it.
pub(super) fn moment(request: &StorageRequest, stamp: i64, between: &str) -> String {
    let is_intraday = matches!(
        &request.series,
        Series::Bars { interval, .. } | Series::Prepost { interval, .. } if interval.is_intraday()
    );
    let naive = time::naive(stamp);
    if is_intraday {
        // A bar off the grid is told by its seconds.
        let seconds = if naive.second() == 0 { "" } else { ":%S" };
        let format = format!("%Y-%m-%d{between}%H:%M{seconds}");
        naive.format(&format).to_string()
    } else {
        naive.date().to_string()
    }
}

pub(super) fn troubles(outcome: &Outcome, shell: &Shell<'_>) {
    for file in &outcome.found.damaged {
        shell.error(&format!(
            "error: {} is damaged: {}\n  caused by: the bars of {} of {} were not checked\nhint: fetch them again: {}",
            shell.shown(&file.path),
            file.reason,
            file.request.series,
            file.partition,
            refetch(&file.request, file.partition.days()),
        ));
    }
    for (request, missing) in outcome.found.missing.iter().take(MOST_CURES) {
        let stored = missing.left.map_or_else(
            || "nothing is stored".to_owned(),
            |day| format!("what is stored ends on {day}"),
        );
        shell.error(&format!(
            "error: {request}: tickers.json knows rows up to {}, and {stored}",
            missing.known
        ));
    }
    let missing = outcome.found.missing.len();
    if let Some(more) = left_of(missing, MOST_CURES, "more series has", "more series have") {
        shell.error(&format!("error: {more} fewer rows than tickers.json knows"));
    }
    if !outcome.found.missing.is_empty() {
        shell.error("hint: the next update asks for them again: barkeep update");
    }
    for path in &outcome.found.misplaced {
        let named = shell.misplaced(path);
        shell.error(&format!(
            "error: {named}\nhint: move it away, or compare it with what is stored"
        ));
    }
    for (request, failure) in &outcome.troubles {
        shell.error(&format!(
            "{}\n  caused by: {request} was checked without it, or not at all",
            failure.text()
        ));
    }
}

fn cures(outcome: &Outcome, shell: &Shell<'_>) {
    if outcome
        .found
        .contradictions
        .iter()
        .any(|(_, finding)| finding.kind.is_of_place())
    {
        shell.note(
            "Bars that stand where none should stay where they are: no answer of a source takes them back. barkeep check --repair --dry-run shows which can be taken out.",
        );
    }
    let commands = outcome.found.cures();
    if commands.is_empty() {
        return;
    }
    shell.note("Fetched again, prices stand on one basis, and what the source has put right since is right:");
    for command in commands.iter().take(MOST_CURES) {
        shell.note(&format!("  {command}"));
    }
    if let Some(more) = left_of(commands.len(), MOST_CURES, "series", "series") {
        shell.note(&format!("  and so on, for {more} more."));
    }
}
