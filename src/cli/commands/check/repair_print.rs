//! What `check --repair` would take out, and has taken out, as a table or as a document.

use serde_json::{Value, json};

use super::CheckArgs;
use super::print::{moment, place, troubles};
use super::repair::Plan;
use super::restore_print;
use crate::audit::{Repaired, SeriesRepair};
use crate::check::Kind;
use crate::cli::shell::Shell;
use crate::cli::ui::json::{about, record};
use crate::frame::{self, Bar, Frame, Volume};
use crate::model::words::{count, left_of};
use crate::model::{Series, StorageRequest};

/// How many things of one sort are named to people.
const MOST_NAMED: usize = 10;

/// Prints a table of the rows: those that go and those that stay.
pub(super) fn table(plan: &Plan, shell: &Shell<'_>) {
    let mut rows: Vec<[String; 9]> = Vec::new();
    for planned in plan.found.out.series.iter().filter(|one| !is_beside(one)) {
        for (stamp, (kind, why)) in &planned.gone {
            let bar = bar_at(&planned.rows, *stamp);
            rows.push(row(
                &planned.take.request,
                *stamp,
                bar,
                (*kind, "goes", why),
            ));
        }
    }
    for (request, finding, frame) in &plan.found.out.doubtful {
        let bar = bar_at(frame, finding.from);
        let what = (finding.kind, "stays", finding.reason.as_str());
        rows.push(row(request, finding.from, bar, what));
    }
    if !rows.is_empty() {
        let header = [
            "venue", "ticker", "interval", "date", "close", "volume", "kind", "bar", "why",
        ];
        shell.table(&header, &rows, &[4, 5]);
    }
    restore_print::table(&plan.found.restore, shell);
    troubles(&plan.outcome, shell);
}

/// An adjusted close goes with its bar, and is not told beside it.
fn is_beside(planned: &SeriesRepair) -> bool {
    matches!(planned.take.request.series, Series::Adjusted { .. })
}

fn bar_at(frame: &Frame, stamp: i64) -> Option<Bar> {
    frame::bars_of(frame).find(|bar| bar.date == Some(stamp))
}

fn row(
    request: &StorageRequest,
    stamp: i64,
    bar: Option<Bar>,
    (kind, becomes, why): (Kind, &str, &str),
) -> [String; 9] {
    let (venue, ticker, interval) = place(request);
    let close = bar.and_then(|bar| bar.close);
    let volume = bar.and_then(|bar| bar.volume).map(|volume| match volume {
        Volume::Units(units) => units.to_string(),
        Volume::Fraction(number) => number.to_string(),
    });
    [
        venue,
        ticker,
        interval,
        moment(request, stamp, " "),
        close.map(|close| close.to_string()).unwrap_or_default(),
        volume.unwrap_or_default(),
        kind.to_string(),
        becomes.to_owned(),
        why.to_owned(),
    ]
}

/// Returns what was done, or would be, in one line.
fn summary(args: &CheckArgs, plan: &Plan, done: &Repaired) -> String {
    let rows = |number: usize| count(number, "row", "rows");
    let all = |number: usize| count(number, "series", "series");
    let looked = format!(
        "Looked through {} of {}",
        count(plan.outcome.found.bars, "bar", "bars"),
        all(plan.outcome.found.series)
    );
    let stay = match plan.found.out.doubtful.len() {
        0 => String::new(),
        doubtful => format!(
            " {} where none should and may be the only one for its time: it stays.",
            count(doubtful, "bar stands", "bars stand")
        ),
    };
    let note = if plan.found.out.series.is_empty() {
        format!("{looked}: no row can be taken out.{stay}")
    } else if args.dry_run {
        let (rows, all) = (
            rows(plan.found.out.rows()),
            all(plan.found.out.series.len()),
        );
        format!("{looked}: {rows} would be taken out of {all}. Nothing was changed.{stay}")
    } else {
        let taken: usize = done.taken.series.iter().map(|(_, rows)| rows.len()).sum();
        let all = all(done.taken.series.len());
        let rows = count(taken, "row was", "rows were");
        format!(
            "{looked}: {rows} taken out of {all}; quarantine and the ledger keep what is gone.{stay}"
        )
    };
    let returned = restore_print::summary(&plan.found.restore, args.dry_run, &done.returned);
    let all = [Some(note), returned, done_before(done)];
    all.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Says what of it was done already, as by a repair that was stopped; `None` where nothing was.
fn done_before(done: &Repaired) -> Option<String> {
    let rows: usize = done.before.iter().map(|(_, rows)| rows).sum();
    let rows_had = count(rows, "row was", "rows were");
    (rows > 0).then(|| format!("{rows_had} out or back already when this began."))
}

/// Says what was done, or would be.
pub(super) fn done(args: &CheckArgs, plan: &Plan, done: &Repaired, shell: &Shell<'_>) {
    let kept: Vec<_> = done.taken.kept.iter().chain(&done.returned.kept).collect();
    for record in kept.iter().take(MOST_NAMED) {
        let folder = shell.shown(&record.folder);
        shell.note(&format!("Kept: {folder}"));
    }
    if let Some(more) = left_of(kept.len(), MOST_NAMED, "more file is", "more files are") {
        shell.note(&format!("{more} in quarantine."));
    }
    for warning in done.taken.warnings.iter().chain(&done.returned.warnings) {
        shell.warning(warning);
    }
    if done.outdated > 0 {
        shell.error(&format!(
            "error: {} changed meanwhile and stay\nhint: run barkeep check --repair again",
            count(done.outdated, "row", "rows")
        ));
    }
    for failure in &done.leftovers.failures {
        shell.error(&format!("error: {failure}"));
    }
    for (request, error) in done.taken.failures.iter().chain(&done.returned.failures) {
        shell.error(&format!("error: {request} stays as it is: {error}"));
    }
    for (request, reason) in done.taken.left.iter().chain(&done.returned.left) {
        shell.error(&format!("error: {request}: {reason}"));
    }
    shell.note(&summary(args, plan, done));
}

/// Prints one document.
pub(super) fn document(args: &CheckArgs, plan: &Plan, done: &Repaired, shell: &Shell<'_>) {
    let mut rows = Vec::new();
    for planned in &plan.found.out.series {
        let request = &planned.take.request;
        for (stamp, (kind, why)) in &planned.gone {
            let bar = bar_at(&planned.rows, *stamp);
            rows.push(row_document(request, *stamp, bar, (*kind, why)));
        }
    }
    let doubtful = plan
        .found
        .out
        .doubtful
        .iter()
        .map(|(request, finding, frame)| {
            let bar = bar_at(frame, finding.from);
            row_document(request, finding.from, bar, (finding.kind, &finding.reason))
        });
    let damaged = plan.outcome.found.damaged.iter().map(|file| {
        let path = shell.shown(&file.path).to_string();
        about(
            &file.request,
            json!({ "path": path, "reason": file.reason }),
        )
    });
    let unreadable = plan.outcome.troubles.iter();
    let unreadable =
        unreadable.map(|(request, failure)| about(request, json!({ "error": failure.json() })));
    let (taken, returned) = (&done.taken, &done.returned);
    let emptied = plan.found.out.series.iter().flat_map(|one| &one.emptied);
    let rows_out: usize = taken.series.iter().map(|(_, frame)| frame.len()).sum();
    let rows_back: usize = returned.series.iter().map(|(_, rows)| rows).sum();
    let kept = taken.kept.iter().chain(&returned.kept);
    let warnings: Vec<&String> = taken.warnings.iter().chain(&returned.warnings).collect();
    let (copies, refused) = restore_print::document(&plan.found.restore);
    shell.json(&json!({
        "series": plan.outcome.found.series,
        "bars": plan.outcome.found.bars,
        "dry_run": args.dry_run,
        "rows": rows,
        "doubtful": doubtful.collect::<Vec<_>>(),
        "without_rows": emptied.map(|path| shell.shown(path).to_string()).collect::<Vec<_>>(),
        "taken_out": rows_out,
        "last_copies": copies,
        "put_back": rows_back,
        "not_put_back": refused,
        "changed_meanwhile": done.outdated,
        "done_before": done.before.iter().map(|(_, rows)| rows).sum::<usize>(),
        "kept": kept.map(record).collect::<Vec<_>>(),
        "failed": failed(done),
        "warnings": warnings,
        "damaged": damaged.collect::<Vec<_>>(),
        "unreadable": unreadable.collect::<Vec<_>>(),
    }));
    troubles(&plan.outcome, shell);
}

/// Returns the series that stay as they are or wait, and why.
fn failed(done: &Repaired) -> Vec<Value> {
    let (taken, returned) = (&done.taken, &done.returned);
    let failed = taken
        .failures
        .iter()
        .chain(&returned.failures)
        .map(|(request, error)| (request, error.to_string()));
    let left = taken
        .left
        .iter()
        .chain(&returned.left)
        .map(|(request, reason)| (request, reason.clone()));
    let all = failed.chain(left);
    all.map(|(request, reason)| about(request, json!({ "error": reason })))
        .collect()
}

fn row_document(
    request: &StorageRequest,
    stamp: i64,
    bar: Option<Bar>,
    (kind, why): (Kind, &str),
) -> Value {
    let volume = bar.and_then(|bar| bar.volume).map(|volume| match volume {
        Volume::Units(units) => json!(units),
        Volume::Fraction(number) => json!(number),
    });
    about(
        request,
        json!({
            "date": moment(request, stamp, "T"),
            "kind": kind.as_str(),
            "why": why,
            "open": bar.and_then(|bar| bar.open),
            "high": bar.and_then(|bar| bar.high),
            "low": bar.and_then(|bar| bar.low),
            "close": bar.and_then(|bar| bar.close),
            "volume": volume,
        }),
    )
}
