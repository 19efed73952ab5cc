//! What went wrong in a run, and the command that makes good for it.
//!
//! Promises: troubles are printed even when silence was asked for, and a long list is cut.

use chrono::NaiveDate;

use super::Printer;
use super::summary::Finished;
use super::words::{count, quoted};
use crate::model::{Series, StorageRequest};
use crate::update::DamagedSeries;

/// How many failures are listed to people.
const MOST_LINES: usize = 8;

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
        printer.error(&format!(
            "error: {} is damaged: {} ({request}, {partition}); it is in {}\nhint: fetch it again: {}",
            record.path.display(),
            record.reason,
            record.folder.display(),
            refetch(request, *days),
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
    let lines: Vec<String> = leftovers.failures.iter().cloned().chain(failures).collect();
    for line in lines.iter().take(MOST_LINES) {
        printer.error(&format!("error: {line}"));
    }
    if lines.len() > MOST_LINES {
        let more = count(lines.len() - MOST_LINES, "more failure", "more failures");
        printer.error(&format!("error: {more}, which --json lists"));
    }
    let kept: Vec<_> = leftovers.kept.iter().chain(&report.kept).collect();
    for record in kept.iter().take(MOST_LINES) {
        printer.warning(&format!(
            "{}: {}; what was there is kept in {}.",
            record.path.display(),
            record.reason,
            record.folder.display()
        ));
    }
    if kept.len() > MOST_LINES {
        let more = count(kept.len() - MOST_LINES, "more case is", "more cases are");
        printer.warning(&format!("{more} in quarantine."));
    }
    for warning in report.warnings.iter().take(MOST_LINES) {
        printer.warning(&format!("{warning}."));
    }
    if report.warnings.len() > MOST_LINES {
        let more = report.warnings.len() - MOST_LINES;
        let more = count(more, "more warning", "more warnings");
        printer.warning(&format!("{more}, which --json lists."));
    }
}

/// Days that lie before and after all that a source may have.
const EVER: [&str; 2] = ["1900-01-01", "2100-01-01"];

/// Returns the command that fetches days of a series again.
pub(in crate::cli) fn refetch(
    request: &StorageRequest,
    days: Option<(NaiveDate, NaiveDate)>,
) -> String {
    let mut words = vec!["barkeep".to_owned(), "update".to_owned()];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Series::Bars { ticker, interval } | Series::Prepost { ticker, interval } =
        &request.series
    {
        option("--ticker", quoted(ticker.as_str()));
        option("--interval", interval.to_string());
    }
    if let Some(venue) = &request.venue {
        option("--venue", venue.to_string());
    }
    // A file without a partition was the whole history. Without days the run would ask for what follows the newest
    // known row only, and that one was recorded before the file was damaged.
    let (first, last) = match days {
        Some((first, last)) => (first.to_string(), last.to_string()),
        None => EVER.map(str::to_owned).into(),
    };
    option("--start", first);
    option("--end", last);
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

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
