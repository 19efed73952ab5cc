//! What a run would fetch, as `--dry-run` prints it.

use serde_json::{Value, json};

use super::Printer;
use super::table::Columns;
use super::troubles::{print_data_root, print_unserved};
use crate::model::words::{count, some_of};
use crate::model::{Venue, time};
use crate::update::{PlannedJob, SkipReason, UpdatePlan};
use crate::workspace::DataRoot;

/// Prints the plan as a table.
pub(in crate::cli) fn print(plan: &UpdatePlan, printer: &Printer) {
    let planned = plan.venues.iter();
    let jobs: Vec<(&Venue, &PlannedJob)> = planned
        .flat_map(|of| of.jobs.iter().map(|job| (&of.venue, job)))
        .collect();
    if !jobs.is_empty() {
        Columns::of(&jobs)
            .text("venue", |(venue, _)| venue.to_string())
            .text("ticker", |(_, job)| job.ticker.to_string())
            .text("interval", |(_, job)| job.interval)
            .text("from", |(_, job)| {
                from(job).unwrap_or_else(|| "the beginning".to_owned())
            })
            .text("until", |(_, job)| {
                to(job).unwrap_or_else(|| "now".to_owned())
            })
            .text("layout", |(_, job)| job.route.layout)
            .text("because", |(_, job)| job.route.because)
            .print(printer);
    }
    print_data_root(&plan.data, 0, printer);
    for one in &plan.unserved {
        print_unserved(one, printer);
    }
    let skipped: usize = plan
        .venues
        .iter()
        .map(|planned| planned.skipped.len())
        .sum();
    printer.note(&format!(
        "{} would be fetched, and {} would be left to rest. Nothing was changed.",
        count(plan.series(), "series", "series"),
        count(skipped, "series", "series"),
    ));
}

/// Says which series have fewer rows than tickers.json knows.
pub(in crate::cli) fn print_missing(plan: &UpdatePlan, printer: &Printer) {
    let missing: Vec<String> = plan
        .missing()
        .map(|job| format!("{} {}", job.ticker, job.interval))
        .collect();
    if !missing.is_empty() {
        printer.warning(&format!(
            "{} fewer rows than tickers.json knows, and what is gone is asked for again: {}.",
            count(missing.len(), "series has", "series have"),
            some_of(&missing, 10)
        ));
    }
}

/// Returns the plan as one document; `files` are those of feeds.
pub(in crate::cli) fn json(plan: &UpdatePlan, files: &Value) -> Value {
    let jobs = plan.venues.iter().flat_map(|planned| {
        planned.jobs.iter().map(|job| {
            json!({
                "venue": planned.venue.to_string(),
                "ticker": job.ticker.as_str(),
                "interval": job.interval.as_str(),
                "from": from(job),
                "until": to(job),
                "layout": job.route.layout.to_string(),
                "because": job.route.because.to_string(),
                "against_toggle": job.route.is_against_toggle,
            })
        })
    });
    let skipped = plan.venues.iter().flat_map(|planned| {
        planned.skipped.iter().map(|skipped| {
            json!({
                "venue": planned.venue.to_string(),
                "ticker": skipped.ticker.as_str(),
                "interval": skipped.interval.as_str(),
                "reason": match skipped.reason {
                    SkipReason::NotFound => "given_up",
                    SkipReason::Cooldown => "cooldown",
                },
            })
        })
    });
    json!({
        "event": "plan",
        "jobs": jobs.collect::<Vec<_>>(),
        "skipped": skipped.collect::<Vec<_>>(),
        "files": files,
        "is_data_absent": plan.data == DataRoot::Absent,
        "data_refusal": plan.data.refusal(),
        "unserved": plan.unserved,
    })
}

fn from(job: &PlannedJob) -> Option<String> {
    job.window.from.map(|from| time::day(from).to_string())
}

/// The last day that is included, as it is typed; a window ends at the first moment outside.
fn to(job: &PlannedJob) -> Option<String> {
    job.window.to.map(|to| time::day(to - 1).to_string())
}
