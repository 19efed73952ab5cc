//! What a run would fetch, as `--dry-run` prints it.

use serde_json::{Value, json};

use super::Printer;
use super::json as pieces;
use super::troubles::{print_data_root, print_unserved};
use super::words::{count, some_of};
use crate::config::{StorageConfig, ToggleOrigin};
use crate::model::{Interval, Ticker, time};
use crate::storage::{Layout, RouteReason};
use crate::update::{AgainstToggle, InBothLayouts, LayoutWish, PlannedJob, SkipReason, UpdatePlan};
use crate::workspace::DataRoot;

/// Prints the plan as a table.
pub(in crate::cli) fn print(plan: &UpdatePlan, printer: &Printer) {
    let mut rows = Vec::new();
    for planned in &plan.venues {
        for job in &planned.jobs {
            rows.push([
                planned.venue.to_string(),
                job.ticker.to_string(),
                job.interval.to_string(),
                from(job).unwrap_or_else(|| "the beginning".to_owned()),
                to(job).unwrap_or_else(|| "now".to_owned()),
                job.route.layout.to_string(),
                because(job.route.because).to_owned(),
            ]);
        }
    }
    if !rows.is_empty() {
        let header = [
            "venue", "ticker", "interval", "from", "until", "layout", "because",
        ];
        printer.table(&header, &rows, &[]);
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

/// Returns what a person should know of the toggles, as sentences without a period: which series stay where they are though
/// a toggle says otherwise, and which toggles contradict themselves.
pub(in crate::cli) fn toggle_warnings(
    (against, in_both): (&[AgainstToggle], &[InBothLayouts]),
    toggles: &StorageConfig,
) -> Vec<String> {
    let contradictions = toggles.contradictions().iter().map(|name| {
        format!(
            "storage_config.json names {name} twice and says partitioned once, legacy once; what comes later counts: decide with barkeep partition-toggle"
        )
    });
    contradictions
        .chain(against.iter().map(against_toggle))
        .chain(in_both.iter().map(in_both_layouts))
        .collect()
}

fn in_both_layouts(one: &InBothLayouts) -> String {
    let (read, other) = match one.layout {
        Layout::Legacy => ("legacy files", "partitions"),
        Layout::Partitioned => ("partitions", "legacy files"),
    };
    format!(
        "{} at {} in both layouts: only the {read} are read, and nobody compared them with the {other}; barkeep partition-migrate verify does: {}",
        count(one.series.len(), "series has rows", "series have rows"),
        one.venue,
        names(&one.series)
    )
}

fn names(series: &[(Ticker, Interval)]) -> String {
    let names = series.iter();
    let names: Vec<String> = names
        .map(|(ticker, interval)| format!("{ticker} {interval}"))
        .collect();
    some_of(&names, 3)
}

fn against_toggle(one: &AgainstToggle) -> String {
    let AgainstToggle {
        venue,
        layout,
        wish,
        series,
    } = one;
    let (place, other) = match layout {
        Layout::Legacy => ("the legacy layout", "partitioned"),
        Layout::Partitioned => ("partitions", "legacy"),
    };
    let although = match wish {
        LayoutWish::Toggle(ToggleOrigin::Default) => "no toggle says so".to_owned(),
        LayoutWish::Toggle(origin) => format!("the toggle ({origin}) says {other}"),
        LayoutWish::WideInterval => "the settings partition no such interval".to_owned(),
    };
    format!(
        "{} at {venue} in {place}, although {although}; they stay there until they are moved, which begins with barkeep partition-migrate status: {}",
        count(
            series.len(),
            "series has its rows",
            "series have their rows"
        ),
        names(series)
    )
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
                "because": because(job.route.because),
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
        "unserved": plan.unserved.iter().map(pieces::unserved).collect::<Vec<_>>(),
    })
}

fn from(job: &PlannedJob) -> Option<String> {
    job.window.from.map(|from| time::day(from).to_string())
}

/// The last day that is included, as it is typed; a window ends at the first moment outside.
fn to(job: &PlannedJob) -> Option<String> {
    job.window.to.map(|to| time::day(to - 1).to_string())
}

fn because(because: RouteReason) -> &'static str {
    match because {
        RouteReason::RowsAreThere => "its rows are there",
        RouteReason::StorageBlock => "it was migrated",
        RouteReason::Toggle => "the toggle says so",
        RouteReason::WideInterval => "the interval is wide",
        RouteReason::Dataset => "the dataset has no other",
    }
}
