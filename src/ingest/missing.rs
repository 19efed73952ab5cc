//! Rows that tickers.json knows and the disk has not: what planning finds of them, and what becomes of them.
//!
//! Promises: the registry is believed only as far as the rows. What is gone is asked for again from what lies there on,
//! without the mark that calls it done; what an answer to that does not bring is given up, recorded and told, once.
//! Leaves to others: a data root that is not there at all (`workspace::View::data_root`).

use chrono::NaiveDate;

use crate::catalog::{Catalog, Missing};
use crate::model::{Interval, StorageRequest, Ticker, Venue};
use crate::storage::Routed;
use crate::workspace::View;

use super::{Registry, RunReport};

/// Returns which rows of a series are gone. Where its newest file is the one that was left, by its month and its length,
/// nothing is read.
pub fn missing(
    view: View<'_>,
    catalog: &Catalog,
    request: &StorageRequest,
    routed: &Routed,
    (ticker, venue, interval): (&Ticker, &Venue, Interval),
) -> Option<Missing> {
    let known = catalog.last_data_date(ticker, venue, interval)?;
    let Some(file) = &routed.newest else {
        return (!routed.has_rows).then_some(Missing { left: None, known });
    };
    // Two files of one bar have the same length: the month counts as well.
    if file.is_of(known) && catalog.newest_bytes(ticker, venue, interval) == Some(file.bytes) {
        return None;
    }
    // A file that cannot be read, or says nothing, is judged when something is merged with it.
    let newest = view.stores.newest_day(request, file).ok().flatten()?;
    // What is refused or hidden is not gone; whoever looks at all of the series says so by name.
    let store = view.stores.of(routed.route.layout);
    let is_gone = newest < known && store.stat(request).is_ok();
    is_gone.then_some(Missing {
        left: Some(newest),
        known,
    })
}

/// Tells whether a day is to come wherever one is: a newest row of it is a mistake of a source, of a clock, or of who wrote it down.
/// Waiting for what follows it would fetch nothing for years.
pub fn is_to_come(day: NaiveDate, today: NaiveDate) -> bool {
    today.succ_opt().is_some_and(|latest| day > latest)
}

/// Has tickers.json know the newest stored row of each series of which it says a day to come, and no mark that calls what lies
/// between done. Returns what was wrong, as sentences without a period.
///
/// Rows that cannot be read, or are of such a day themselves, are left to whoever looks at them; where none is stored, all are
/// [missing].
pub fn set_right(view: View<'_>, registry: &mut Registry, today: NaiveDate) -> Vec<String> {
    let mut told = Vec::new();
    for venue in registry.catalog().venues() {
        for (ticker, interval) in registry.catalog().series_known_at(&venue) {
            let catalog = registry.catalog();
            let known = catalog.last_data_date(&ticker, &venue, interval);
            let Some(known) = known.filter(|day| is_to_come(*day, today)) else {
                continue;
            };
            let request = StorageRequest::bars(venue.clone(), ticker.clone(), interval);
            let facts = view.routing_facts(catalog, &venue, &request.series);
            let newest = view.stores.route(&request, facts).ok();
            let newest = newest.and_then(|routed| {
                let file = routed.newest?;
                view.stores.newest_day(&request, &file).ok().flatten()
            });
            let Some(newest) = newest.filter(|newest| *newest < known) else {
                continue;
            };
            let catalog = registry.catalog_mut();
            catalog.set_back(&ticker, &venue, interval, Some(newest));
            told.push(format!(
                "{ticker} {interval} at {venue}: tickers.json said that rows up to {known} are stored, a day to come; they end on \
                 {newest}, and what follows is asked for"
            ));
        }
    }
    told
}

/// A series of which rows were gone, and how far it reaches now that its source was asked for them.
#[derive(Debug)]
pub(super) struct GaveUp<'s> {
    /// The ticker.
    pub(super) ticker: &'s Ticker,
    /// The venue.
    pub(super) venue: &'s Venue,
    /// The length of its bars.
    pub(super) interval: Interval,
    /// What was gone.
    pub(super) missing: Missing,
    /// The day of the newest row that is stored now.
    pub(super) reached: Option<NaiveDate>,
}

impl GaveUp<'_> {
    /// Gives up what did not come, if something did not.
    pub(super) fn record(self, registry: &mut Registry, report: &mut RunReport, today: NaiveDate) {
        let Self {
            ticker,
            venue,
            interval,
            missing,
            reached,
        } = self;
        if reached.is_some_and(|day| day >= missing.known) {
            return;
        }
        let catalog = registry.catalog_mut();
        let recorded = catalog.record_lost(ticker, venue, interval, today, missing, reached);
        if let Err(unusable) = recorded {
            report.warnings.push(unusable.to_string());
        }
        let stored = reached.map_or_else(
            || "nothing is stored".to_owned(),
            |day| format!("what is stored ends on {day}"),
        );
        report.losses.push(format!(
            "{ticker} {interval} at {venue}: rows up to {} were known, {stored}, and the source has no later ones any more",
            missing.known
        ));
    }
}
