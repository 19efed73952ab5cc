//! What went wrong in a run, and the command that makes good for it.
//!
//! Promises: troubles are printed even when silence was asked for, and a long list is cut.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::summary::Finished;
use super::{Printer, feeds};
use crate::cli::Shell;
use crate::ingest::{DamagedSeries, Unserved};
use crate::inventory::{is_of_feed, refetch, refetched};
use crate::model::Ticker;
use crate::model::words::{count, grouped, left_of, some_of};
use crate::storage::QuarantineRecord;
use crate::update::{Feeding, History};
use crate::workspace::DataRoot;

/// How many failures are listed to people.
const MOST_LINES: usize = 8;
/// How many tickers are named to people.
const MOST_NAMED: usize = 10;

/// Prints what was damaged, what failed, what was put away and what a person should know.
pub(super) fn print_troubles(finished: &Finished, printer: &Printer) {
    let Finished {
        report, leftovers, ..
    } = finished;
    for damaged in finished.damaged() {
        let DamagedSeries {
            request,
            partition,
            days,
            record,
        } = damaged;
        let hint = if finished.asked_for(damaged) {
            HAS_ASKED.to_owned()
        } else {
            format!("fetch it again: {}", refetch(request, *days))
        };
        printer.error(&format!(
            "error: {} is damaged: {} ({request}, {partition}); it is in {}\nhint: {hint}",
            record.path.display(),
            record.reason,
            record.folder.display(),
        ));
    }
    let (data, waiting) = finished.withheld();
    print_data_root(data, waiting, printer);
    print_first(&report.losses, ["more loss", "more losses"], printer);
    feeds::print_troubles(&report.feeds, printer);
    for one in &report.unserved {
        print_unserved(one, printer);
    }
    for venue in report.venues.iter().filter(|venue| venue.is_all_unknown()) {
        let unknown: BTreeSet<&Ticker> = venue.unknown.iter().map(|one| &one.ticker).collect();
        printer.error(&format!(
            "error: {} knows none of {}: {}",
            venue.venue,
            count(unknown.len(), "ticker", "tickers"),
            some_of(&unknown.into_iter().collect::<Vec<_>>(), MOST_NAMED),
        ));
    }
    let failures = report.venues.iter().flat_map(|venue| {
        venue.failures.iter().map(|failure| {
            let at = &venue.venue;
            format!(
                "{} {} at {at}: {}",
                failure.ticker, failure.interval, failure.reason
            )
        })
    });
    let damaged = report.venues.iter().flat_map(|venue| {
        let of = |one| format!("{}: {}", venue.venue, feeds::sentence(one));
        venue.damaged_answers.iter().map(of)
    });
    let lines = leftovers.failures.iter().cloned();
    let lines: Vec<String> = lines.chain(damaged).chain(failures).collect();
    print_first(&lines, ["more failure", "more failures"], printer);
    let kept: Vec<_> = leftovers.kept.iter().chain(&report.kept).collect();
    for record in kept.iter().take(MOST_LINES) {
        printer.warning(&format!("{}.", put_away(record)));
    }
    if let Some(more) = left_of(kept.len(), MOST_LINES, "more case is", "more cases are") {
        printer.warning(&format!("{more} in quarantine."));
    }
    for warning in report.warnings.iter().take(MOST_LINES) {
        printer.warning(&format!("{warning}."));
    }
    let warnings = report.warnings.len();
    if let Some(more) = left_of(warnings, MOST_LINES, "more warning", "more warnings") {
        printer.warning(&format!("{more}, which --json lists."));
    }
}

/// Prints the first of some errors, and how many are left.
fn print_first(errors: &[String], [one, many]: [&str; 2], printer: &Printer) {
    for error in errors.iter().take(MOST_LINES) {
        printer.error(&format!("error: {error}"));
    }
    if let Some(more) = left_of(errors.len(), MOST_LINES, one, many) {
        printer.error(&format!("error: {more}, which --json lists"));
    }
}

/// Says what was put away, as a sentence without a period.
pub(in crate::cli) fn put_away(record: &QuarantineRecord) -> String {
    let QuarantineRecord {
        path,
        reason,
        folder,
        ..
    } = record;
    let (path, folder) = (path.display(), folder.display());
    format!("{path}: {reason}; what was there is kept in {folder}")
}

/// Says why nothing can be stored, if so, and how many fetches wait for that.
pub(in crate::cli) fn print_data_root(data: &DataRoot, waiting: usize, printer: &Printer) {
    let kept = match waiting {
        0 => String::new(),
        many => format!(
            "; {} kept in staging and not stored",
            count(many, "fetch is", "fetches are")
        ),
    };
    let Some((message, hint)) = why_nothing_is_stored(data) else {
        return;
    };
    let accept = match data {
        DataRoot::Absent => {
            "\nhint: if the rows are gone for good, fetch all anew: barkeep update --accept-missing"
        }
        DataRoot::There | DataRoot::Shut { .. } => "",
    };
    printer.error(&format!(
        "error: {message}{kept}\nhint: {hint}, and the next run continues{accept}"
    ));
}

/// Returns why nothing can be stored, and the way out.
pub(in crate::cli) fn why_nothing_is_stored(data: &DataRoot) -> Option<(String, &'static str)> {
    match data {
        DataRoot::There => None,
        DataRoot::Absent => {
            let message = "tickers.json knows rows, and none can be found in `data`: most likely a disk is not mounted";
            Some((message.to_owned(), "mount it"))
        }
        DataRoot::Shut { reason } => {
            let message = format!("nothing can be stored in `data`: {reason}");
            Some((message, "make it writable"))
        }
    }
}

/// What makes the records of all series anew, also of what somebody changed on purpose.
pub(in crate::cli) const TAKE_OVER: &str = "barkeep check --rebuild";

/// Names parts of the records that cannot be understood.
pub(in crate::cli) fn print_damaged_records(damaged: &[(PathBuf, String)], shell: &Shell<'_>) {
    for (path, reason) in damaged {
        let path = shell.shown(path);
        shell.error(&format!(
            "error: {path} cannot be understood: {reason}\nhint: make the records anew: {TAKE_OVER}"
        ));
    }
}

/// Says which tickers nobody can be asked for, and why.
pub(in crate::cli) fn print_unserved(unserved: &Unserved, printer: &Printer) {
    let Unserved {
        tickers, reason, ..
    } = unserved;
    let left_out = match tickers.len() {
        0 => String::new(),
        1 => format!("; 1 ticker is not asked for: {}", some_of(tickers, 1)),
        many => format!(
            "; {} tickers are not asked for: {}",
            grouped(many),
            some_of(tickers, MOST_NAMED)
        ),
    };
    printer.error(&format!("error: {reason}{left_out}"));
}

/// What is said to who has asked for damaged days already, of which one more time brings no more.
const HAS_ASKED: &str = "this run has asked for its days again, and stored what came in its place; put the rest back from a backup, or \
     from a mirror: barkeep check --repair";

impl Finished {
    /// Tells whether the run asked for all that a damaged file had, as `refetch` does.
    pub(in crate::cli) fn asked_for(&self, damaged: &DamagedSeries) -> bool {
        let Some(asked) = &self.asked else {
            return false;
        };
        if let Feeding::Replayed { since } = asked.feeding {
            let first = damaged.days.map(|(first, _)| first);
            return since.is_none_or(|since| first.is_some_and(|first| since <= first));
        }
        if is_of_feed(&damaged.request.series) {
            return false;
        }
        let days = refetched(damaged.days);
        let has = |(start, end): (NaiveDate, NaiveDate)| {
            days.is_some_and(|(first, last)| start <= first && last <= end)
        };
        asked.history == History::Whole || asked.days.is_some_and(has)
    }
}
