//! What went wrong in a run, and the command that makes good for it.
//!
//! Promises: troubles are printed even when silence was asked for, and a long list is cut.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::summary::Finished;
use super::words::{count, grouped, left_of, quoted, some_of};
use super::{Printer, feeds};
use crate::ingest::{DamagedSeries, Unserved};
use crate::inventory::interval_of;
use crate::model::{Series, StorageRequest, Ticker};
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
    for loss in report.losses.iter().take(MOST_LINES) {
        printer.error(&format!("error: {loss}"));
    }
    if let Some(more) = left_of(report.losses.len(), MOST_LINES, "more loss", "more losses") {
        printer.error(&format!("error: {more}, which --json lists"));
    }
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
    for line in lines.iter().take(MOST_LINES) {
        printer.error(&format!("error: {line}"));
    }
    if let Some(more) = left_of(lines.len(), MOST_LINES, "more failure", "more failures") {
        printer.error(&format!("error: {more}, which --json lists"));
    }
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

/// Days that lie before and after all that a source may have.
const EVER: [&str; 2] = ["1900-01-01", "2100-01-01"];
/// What is said to who has asked for damaged days already, of which one more time brings no more.
const HAS_ASKED: &str = "this run has asked for its days again, and stored what came in its place; put the rest back from a backup, or \
     from a mirror: barkeep check --repair";

/// Returns the command that fetches days of a series again, and what comes along with bars by the bars of its ticker; a feed has
/// forgotten its trades and auctions, and the vault has them.
pub(in crate::cli) fn refetch(
    request: &StorageRequest,
    days: Option<(NaiveDate, NaiveDate)>,
) -> String {
    let is_of_feed = is_of_feed(&request.series);
    let how = if is_of_feed { " --replay" } else { "" };
    let update = format!("barkeep update{how}{}", asking_for(request));
    if is_of_feed {
        let since = days.map(|(first, _)| format!(" --since {first}"));
        return update + &since.unwrap_or_default();
    }
    // A file without a partition was the whole history. Without days the run would ask for what follows the newest
    // known row only, and that one was recorded before the file was damaged.
    let (first, last) = match days {
        Some((first, last)) => (first.to_string(), last.to_string()),
        None => EVER.map(str::to_owned).into(),
    };
    format!("{update} --start {first} --end {last}")
}

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
        let ever = || Some((EVER[0].parse().ok()?, EVER[1].parse().ok()?));
        let days = damaged.days.or_else(ever);
        let has = |(start, end): (NaiveDate, NaiveDate)| {
            days.is_some_and(|(first, last)| start <= first && last <= end)
        };
        asked.history == History::Whole || asked.days.is_some_and(has)
    }
}

/// Tells whether a feed alone had what a series is of.
fn is_of_feed(series: &Series) -> bool {
    matches!(series, Series::Trades { .. } | Series::Auctions { .. })
}

/// Returns the options by which `update` asks for one series.
pub(in crate::cli) fn asking_for(request: &StorageRequest) -> String {
    let series = &request.series;
    let ticker = series.ticker().filter(|_| !is_of_feed(series));
    let ticker = ticker.map(|ticker| format!(" --ticker {}", quoted(ticker.as_str())));
    // Events come along with bars of every length.
    let interval = interval_of(series).map(|interval| format!(" --interval {interval}"));
    let venue = request.venue.as_ref();
    let venue = venue.map(|venue| format!(" --venue {venue}"));
    [ticker, interval, venue].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_along_with_bars_is_fetched_again_by_the_bars_of_its_ticker() {
        let ticker = || "BRK B".parse().unwrap();
        let interval = crate::model::Interval::D1;
        for (series, options) in [
            (
                Series::Adjusted {
                    ticker: ticker(),
                    interval,
                },
                "--ticker 'BRK B' --interval 1d --venue us:mine --start 1900-01-01 --end 2100-01-01",
            ),
            (
                Series::Events { ticker: ticker() },
                "--ticker 'BRK B' --venue us:mine --start 1900-01-01 --end 2100-01-01",
            ),
            (
                Series::Auctions { ticker: ticker() },
                "--replay --venue us:mine",
            ),
        ] {
            let request = StorageRequest {
                venue: Some("us:mine".parse().unwrap()),
                series,
            };

            assert_eq!(refetch(&request, None), format!("barkeep update {options}"));
        }
    }

    #[test]
    fn a_lost_history_is_fetched_again_whole_and_not_from_its_newest_row_on() {
        let venue = "us:mine".parse().unwrap();
        let request = StorageRequest::bars(venue, "A".parse().unwrap(), crate::model::Interval::D1);

        assert_eq!(
            refetch(&request, None),
            "barkeep update --ticker A --interval 1d --venue us:mine --start 1900-01-01 --end 2100-01-01"
        );
    }
}
