//! What a run did, on one screen.
//!
//! Promises: counts agree with their nouns. Leaves to others: what went wrong (`troubles`), the same for machines
//! (`summary_json`).

use super::troubles::print_troubles;
use super::{Printer, feeds};
use crate::cli::Exit;
use crate::ingest::{DamagedSeries, LeftoverReport, RunReport};
use crate::lock::TakenOver;
use crate::model::words::{count, duration, grouped, size};
use crate::overview::RequestWeek;
use crate::update::UpdateRequest;
use crate::workspace::DataRoot;

/// A run that is over.
#[derive(Debug)]
pub(in crate::cli) struct Finished {
    pub(in crate::cli) report: RunReport,
    pub(in crate::cli) leftovers: LeftoverReport,
    /// What was asked for; `None` where nobody was asked.
    pub(in crate::cli) asked: Option<UpdateRequest>,
    /// What the venues were asked lately.
    pub(in crate::cli) requests: Vec<RequestWeek>,
    pub(in crate::cli) lock_seconds: f64,
    pub(in crate::cli) total_seconds: f64,
    pub(in crate::cli) exit: Exit,
}

impl Finished {
    /// Returns why rows cannot be stored, if they cannot, and how many fetches wait for that.
    pub(in crate::cli) fn withheld(&self) -> (&DataRoot, usize) {
        self.leftovers.withheld(&self.report)
    }

    /// Returns every file that was put away as damaged.
    pub(in crate::cli) fn damaged(&self) -> impl Iterator<Item = &DamagedSeries> {
        self.leftovers.damaged.iter().chain(&self.report.damaged)
    }
}

/// Says whose work is continued.
pub(in crate::cli) fn took_over(ended: &TakenOver) -> String {
    let owner = ended
        .owner
        .as_ref()
        .map_or_else(|| "an earlier run".to_owned(), ToString::to_string);
    match ended.because {
        Some(proof) => format!("Took over the lock of {owner}: {proof}."),
        None => format!("Took over from {owner}, which did not end well."),
    }
}

/// Prints the summary for people.
pub(in crate::cli) fn print(finished: &Finished, printer: &Printer) {
    print_leftovers(finished, printer);
    print_outcomes(finished, printer);
    print_troubles(finished, printer);
    let report = &finished.report;
    if let Some(signal) = report.interrupted {
        let name = signal.name();
        let last = report.last_partition.as_deref().unwrap_or("none");
        printer.note(&format!(
            "Stopped by {name}. The last partition stored is {last}. The next run continues."
        ));
    }
}

/// Prints what earlier runs had left.
fn print_leftovers(finished: &Finished, printer: &Printer) {
    let leftovers = &finished.leftovers;
    if leftovers.runs > 0 {
        let went_on = if leftovers.failures.is_empty() {
            "Finished"
        } else {
            "Took up"
        };
        printer.note(&format!(
            "{went_on} {} with {}: {} new or changed.",
            count(leftovers.runs, "interrupted run", "interrupted runs"),
            count(leftovers.series, "staged fetch", "staged fetches"),
            count(leftovers.rows.added + leftovers.rows.changed, "bar", "bars"),
        ));
    }
}

/// Prints what a clean-up did.
pub(in crate::cli) fn print_cleanup(finished: &Finished, printer: &Printer) {
    print_leftovers(finished, printer);
    print_troubles(finished, printer);
}

/// Prints how many series of each venue had which outcome.
fn print_series(report: &RunReport, printer: &Printer) {
    for venue in &report.venues {
        let counts = venue.tickers;
        let parts: Vec<String> = [
            (counts.ok, "with new bars"),
            (counts.empty, "without"),
            (counts.skipped, "resting"),
            (counts.unknown, "unknown"),
            (counts.failed, "failed"),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{} {what}", grouped(number)))
        .collect();
        if !parts.is_empty() {
            let all = counts.ok + counts.empty + counts.skipped + counts.unknown + counts.failed;
            let all = count(all, "series", "series");
            printer.note(&format!("{}: {all}, {}.", venue.venue, parts.join(", ")));
        }
    }
}

/// Prints how many requests were sent, at venues that count them.
fn print_requests(weeks: &[RequestWeek], printer: &Printer) {
    for week in weeks {
        let (venue, sent) = (&week.venue, count(week.sent, "request", "requests"));
        let in_week = grouped(week.in_week);
        printer.note(&match week.per_ticker() {
            Some(each) => format!(
                "{venue}: {sent} in this run, {each:.1} per ticker and week ({in_week} for {} in the last 7 days).",
                count(week.tickers, "ticker", "tickers")
            ),
            None => format!("{venue}: {sent} in this run, {in_week} in the last 7 days."),
        });
    }
}

fn print_outcomes(finished: &Finished, printer: &Printer) {
    let report = &finished.report;
    print_series(report, printer);
    feeds::print(&report.feeds, printer);
    print_requests(&finished.requests, printer);
    let (rows, (files, bytes)) = (report.rows(), report.written());
    if files == 0 {
        printer.note(&format!(
            "Nothing new was stored in {}.",
            duration(finished.total_seconds)
        ));
        return;
    }
    printer.note(&format!(
        "Stored {} ({} new, {} changed; {} were there already) in {} of {} within {}.",
        count(rows.added + rows.changed, "bar", "bars"),
        grouped(rows.added),
        grouped(rows.changed),
        grouped(rows.unchanged),
        count(files, "file", "files"),
        size(bytes),
        duration(finished.total_seconds),
    ));
    let seconds = report.seconds;
    printer.note(&format!(
        "It took {} to plan, {} to fetch ({} of it waiting for sources) and {} to merge and commit.",
        duration(seconds.plan),
        duration(seconds.fetch),
        duration(seconds.source_wait),
        duration(seconds.consolidate),
    ));
    print_conversions(report, printer);
}

/// Prints which values could not be stored as they came.
fn print_conversions(report: &RunReport, printer: &Printer) {
    let rounded: usize = report
        .venues
        .iter()
        .map(|venue| venue.rounded_volumes)
        .sum();
    let not_finite: usize = report.venues.iter().map(|venue| venue.not_finite).sum();
    if rounded > 0 {
        printer.note(&format!(
            "Rounded {}.",
            count(rounded, "fractional volume", "fractional volumes")
        ));
    }
    if not_finite > 0 {
        let values = count(not_finite, "value", "values");
        printer.note(&format!("Stored {values} that were not finite as missing."));
    }
}
