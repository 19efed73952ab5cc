//! Series that their sources do not know: whether that is believed, and what is recorded of it.

use chrono::NaiveDate;

use super::report::{RunReport, VenueReport};
use crate::catalog::{Catalog, Unusable};

/// Returns how many series, unknown to their sources and not recorded as such, a person may let rest; `None` where there is none.
/// When nothing else was found either, it is more likely that something is wrong with the source.
pub fn may_rest(report: &RunReport) -> Option<usize> {
    let counts = report.tickers();
    let is_answered = counts.ok + counts.empty > 0 && report.interrupted.is_none();
    (is_answered && counts.unknown > 0).then_some(counts.unknown)
}

/// Lets the series rest that believable answers did not know. One whose entry cannot be used, which who reads tickers.json tells,
/// is asked for again, which is all that is lost.
pub fn let_rest(venues: &[VenueReport], catalog: &mut Catalog, today: NaiveDate) {
    for report in venues.iter().filter(|report| report.is_believable()) {
        for unknown in &report.unknown {
            let (venue, interval) = (&report.venue, unknown.interval);
            let _told: Result<(), Unusable> =
                catalog.record_not_found(&unknown.ticker, venue, interval, today);
        }
    }
}

/// Says of which venues the unknown series are not believed: an outage must not look like a thousand dead tickers.
pub fn outages(venues: &[VenueReport]) -> Vec<String> {
    let doubted = venues
        .iter()
        .filter(|report| !report.is_believable() && !report.unknown.is_empty() && report.heard > 0);
    let told = doubted.map(|report| {
        format!(
            "{} knows {} series of this run and {} not, which looks like an outage: none is recorded as not found",
            report.venue, report.heard, report.unknown.len()
        )
    });
    told.collect()
}
