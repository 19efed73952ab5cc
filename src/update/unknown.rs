//! Tickers that nobody keeps: those that sources do not know, and those that were named and that no venue of the question has.

use chrono::NaiveDate;

use super::{NotFounds, UpdateRequest};
use crate::catalog::{Catalog, Unusable};
use crate::ingest::{RunReport, VenueReport};
use crate::model::{Ticker, Venue, instrument_of};
use crate::source::posttrade::BarsOf;
use crate::workspace::View;

/// Named tickers that cannot be asked for: a question about venues narrows, so that one of another venue is never asked for there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Strangers {
    /// Those that tickers.json does not have.
    pub unknown: Vec<Ticker>,
    /// Those of other venues, with their homes.
    pub elsewhere: Vec<(Ticker, Venue)>,
}

impl Strangers {
    /// Returns the named tickers that no venue of a question keeps, nor has as `is_of_feed` says.
    pub fn of(
        request: &UpdateRequest,
        catalog: &Catalog,
        is_of_feed: impl Fn(&Ticker, &Venue) -> bool,
    ) -> Self {
        let venues = &request.venues;
        let is_meant = |venue: &Venue| venues.is_empty() || venues.contains(venue);
        let mut found = Self::default();
        for ticker in &request.tickers {
            let at = catalog.venues_of(ticker);
            if at.iter().any(is_meant) || (venues.is_empty() && catalog.contains(ticker)) {
                continue;
            }
            if venues.iter().any(|venue| is_of_feed(ticker, venue)) {
                continue;
            }
            match at.into_iter().next() {
                Some(home) => found.elsewhere.push((ticker.clone(), home)),
                None => found.unknown.push(ticker.clone()),
            }
        }
        found
    }

    /// Counts them.
    pub fn count(&self) -> usize {
        self.unknown.len() + self.elsewhere.len()
    }
}

/// Tells whether a feed makes bars of an instrument without an entry in tickers.json.
pub fn makes_bars_of(view: View<'_>, ticker: &Ticker, venue: &Venue) -> bool {
    let feed = view.feed(venue);
    let makes_all = feed.is_some_and(|feed| feed.spec().bars == BarsOf::All);
    makes_all && instrument_of(ticker.as_str()).is_some()
}

/// Returns how many series, unknown to their sources, a person may let rest; `None` where there is none or the run has done so.
/// When nothing else was found either, it is more likely that something is wrong with the source.
pub fn may_rest(report: &RunReport, not_founds: NotFounds) -> Option<usize> {
    let counts = report.tickers();
    let is_open = not_founds == NotFounds::Leave && counts.unknown > 0;
    let is_answered = counts.ok + counts.empty > 0 && report.interrupted.is_none();
    (is_open && is_answered).then_some(counts.unknown)
}

/// Lets the series rest that believable answers did not know. One that cannot be recorded is asked for again, which is all that
/// is lost.
///
/// # Errors
/// When an entry of tickers.json cannot be used; the others are recorded all the same.
pub fn let_rest(
    venues: &[VenueReport],
    catalog: &mut Catalog,
    today: NaiveDate,
) -> Result<(), Unusable> {
    let mut outcome = Ok(());
    for report in venues.iter().filter(|report| report.is_believable()) {
        for unknown in &report.unknown {
            let venue = &report.venue;
            let recorded =
                catalog.record_not_found(&unknown.ticker, venue, unknown.interval, today);
            outcome = outcome.and(recorded);
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticker_of_another_venue_is_a_stranger_only_to_a_question_about_venues() {
        let (here, there): (Venue, Venue) =
            ("us:demo".parse().unwrap(), "de:xetra".parse().unwrap());
        let ticker = |name: &str| name.parse::<Ticker>().unwrap();
        let mut catalog = Catalog::default();
        let today = "2026-07-01".parse().unwrap();
        catalog.add(&ticker("A"), &here, today);
        catalog.add(&ticker("B"), &there, today);
        let asked = |venues: &[&Venue]| UpdateRequest {
            tickers: ["A", "B", "C"].map(ticker).to_vec(),
            venues: venues.iter().map(|venue| (*venue).clone()).collect(),
            ..UpdateRequest::default()
        };

        let of_all = Strangers::of(&asked(&[]), &catalog, |_, _| false);
        let of_one = Strangers::of(&asked(&[&here]), &catalog, |_, _| false);

        let unknown = vec![ticker("C")];
        assert_eq!(
            (of_all.unknown, of_all.elsewhere),
            (unknown.clone(), vec![])
        );
        let elsewhere = vec![(ticker("B"), there)];
        assert_eq!((of_one.unknown, of_one.elsewhere), (unknown, elsewhere));
    }
}
