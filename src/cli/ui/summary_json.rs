//! What a run did, as the last line of `--json`: every failure and everything that was put away, uncut.

use serde_json::{Value, json};

use super::summary::Finished;
use super::{feeds, json as pieces};
use crate::ingest::{LeftoverReport, RunReport};
use crate::overview::RequestWeek;
use crate::sys::Signal;

/// Returns the summary for machines: the last line of `update --json`.
pub(in crate::cli) fn render(finished: &Finished) -> Value {
    let Finished {
        report,
        leftovers,
        asked: _,
        requests,
        lock_seconds,
        total_seconds,
        exit,
    } = finished;
    let (counts, rows, (files, bytes)) = (report.tickers(), report.rows(), report.written());
    let kept = leftovers
        .kept
        .iter()
        .chain(&report.kept)
        .map(pieces::record);
    let seconds = report.seconds;
    let (data, waiting) = finished.withheld();
    json!({
        "event": "summary",
        "tickers": {
            "ok": counts.ok, "empty": counts.empty, "skipped": counts.skipped,
            "unknown": counts.unknown, "failed": counts.failed,
        },
        "bars": { "new": rows.added, "changed": rows.changed, "unchanged": rows.unchanged },
        "feeds": report.feeds.iter().map(feeds::json).collect::<Vec<_>>(),
        "requests": report.venues.iter().map(|venue| venue.requests).sum::<u64>(),
        "requests_last_7_days": requests.iter().map(week).collect::<Vec<_>>(),
        "files_written": files,
        "bytes_written": bytes,
        "leftovers": {
            "runs": leftovers.runs,
            "files": leftovers.files,
            "bars": {
                "new": leftovers.rows.added,
                "changed": leftovers.rows.changed,
                "unchanged": leftovers.rows.unchanged,
            },
        },
        "seconds": {
            "lock": lock_seconds, "leftovers": seconds.leftovers, "plan": seconds.plan,
            "fetch": seconds.fetch, "source_wait": seconds.source_wait,
            "consolidate": seconds.consolidate, "total": total_seconds,
        },
        "failures": failures(report, leftovers),
        "unknown": unknown(report),
        "losses": report.losses,
        "withheld": (!data.is_there()).then_some(waiting),
        "data_refusal": data.refusal(),
        "unserved": report.unserved.iter().map(pieces::unserved).collect::<Vec<_>>(),
        "damaged": finished.damaged().map(|one| pieces::damaged(one, finished)).collect::<Vec<_>>(),
        "quarantined": kept.collect::<Vec<_>>(),
        "warnings": report.warnings,
        "last_partition": report.last_partition,
        "interrupted": report.interrupted.map(Signal::name),
        "exit": exit.code(),
    })
}

fn week(week: &RequestWeek) -> Value {
    json!({
        "venue": week.venue.to_string(),
        "requests": week.in_week,
        "tickers": week.tickers,
        "per_ticker": week.per_ticker(),
    })
}

fn failures(report: &RunReport, leftovers: &LeftoverReport) -> Vec<Value> {
    report
        .venues
        .iter()
        .flat_map(|venue| {
            venue.failures.iter().map(|failure| {
                json!({
                    "venue": venue.venue.to_string(),
                    "ticker": failure.ticker.as_str(),
                    "interval": failure.interval.as_str(),
                    "kind": failure.kind.as_str(),
                    "reason": failure.reason,
                })
            })
        })
        .chain(report.venues.iter().flat_map(|venue| {
            venue.damaged_answers.iter().map(|one| {
                json!({
                    "venue": venue.venue.to_string(),
                    "kind": one.kind.as_str(),
                    "file": one.file,
                    "reason": one.reason,
                })
            })
        }))
        .chain(
            leftovers
                .failures
                .iter()
                .map(|reason| json!({ "kind": "leftover", "reason": reason })),
        )
        .collect()
}

fn unknown(report: &RunReport) -> Vec<Value> {
    report
        .venues
        .iter()
        .flat_map(|venue| {
            venue.unknown.iter().map(|unknown| {
                json!({
                    "venue": venue.venue.to_string(),
                    "ticker": unknown.ticker.as_str(),
                    "interval": unknown.interval.as_str(),
                })
            })
        })
        .collect()
}
