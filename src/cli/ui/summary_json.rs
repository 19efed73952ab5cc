//! What a run did, as the last line of `--json`: every failure and everything that was put away, uncut.

use serde::Serialize;
use serde_json::{Value, json};

use super::summary::Finished;
use super::{feeds, json as pieces};
use crate::ingest::{LeftoverReport, RunReport, VenueReport};
use crate::model::Venue;
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
    let (files, bytes) = report.written();
    let kept = leftovers
        .kept
        .iter()
        .chain(&report.kept)
        .map(pieces::record);
    let seconds = report.seconds;
    let (data, waiting) = finished.withheld();
    json!({
        "event": "summary",
        "tickers": report.tickers(),
        "bars": report.rows(),
        "feeds": report.feeds.iter().map(feeds::json).collect::<Vec<_>>(),
        "requests": report.venues.iter().map(|venue| venue.requests).sum::<u64>(),
        "requests_last_7_days": requests.iter().map(week).collect::<Vec<_>>(),
        "files_written": files,
        "bytes_written": bytes,
        "leftovers": {
            "runs": leftovers.runs,
            "files": leftovers.files,
            "bars": leftovers.rows,
        },
        "seconds": {
            "lock": lock_seconds, "leftovers": seconds.leftovers, "plan": seconds.plan,
            "fetch": seconds.fetch, "source_wait": seconds.source_wait,
            "consolidate": seconds.consolidate, "total": total_seconds,
        },
        "failures": failures(report, leftovers),
        "unknown": report.venues.iter().flat_map(|one| at(one, &one.unknown)).collect::<Vec<_>>(),
        "losses": report.losses,
        "withheld": (!data.is_there()).then_some(waiting),
        "data_refusal": data.refusal(),
        "unserved": report.unserved,
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

/// What is said of a venue.
#[derive(Serialize)]
struct At<'a, T> {
    venue: &'a Venue,
    #[serde(flatten)]
    said: &'a T,
}

fn at<T: Serialize>(venue: &VenueReport, said: &[T]) -> Vec<Value> {
    let venue = &venue.venue;
    said.iter().map(|said| json!(At { venue, said })).collect()
}

fn failures(report: &RunReport, leftovers: &LeftoverReport) -> Vec<Value> {
    let venues = report.venues.iter();
    let of_series = venues.clone().flat_map(|one| at(one, &one.failures));
    let of_answers = venues.flat_map(|one| at(one, &one.damaged_answers));
    let leftovers = leftovers.failures.iter();
    let leftovers = leftovers.map(|reason| json!({ "kind": "leftover", "reason": reason }));
    of_series.chain(of_answers).chain(leftovers).collect()
}
