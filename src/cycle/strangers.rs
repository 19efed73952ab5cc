//! Tickers that were named and that no venue of the question keeps.

use crate::catalog::Catalog;
use crate::model::{Ticker, Venue};
use crate::update::UpdateRequest;

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
    pub(super) fn of(
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
