//! Tickers that were named and that no venue of the question keeps.

use crate::catalog::{Catalog, adding, did_you_mean, some_unknown};
use crate::model::words::some_of;
use crate::model::{Ticker, Unclear, Venue};
use crate::update::UpdateRequest;

/// How many tickers are named to people.
const MOST_NAMED: usize = 10;

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

    /// Says why they are not asked for, of whom a question names `venue`; `None` when there are none.
    pub fn refusal(&self, venue: Option<&Venue>, catalog: &Catalog) -> Option<Unclear> {
        let unknown: Vec<&Ticker> = self.unknown.iter().collect();
        if let (Some((ticker, _)), Some(venue)) = (self.elsewhere.first(), venue) {
            let elsewhere = self.elsewhere.iter();
            let elsewhere = elsewhere.map(|(ticker, home)| format!("{ticker} ({home})"));
            let known = elsewhere.chain(unknown.iter().map(ToString::to_string));
            let known: Vec<String> = known.collect();
            let is = if known.len() == 1 {
                "is no ticker"
            } else {
                "are no tickers"
            };
            let names = some_of(&known, MOST_NAMED);
            let unclear = Unclear::words(format!("{names} {is} of {venue}"));
            return Some(unclear.hint(adding(&[ticker], Some(venue))));
        }
        (!unknown.is_empty()).then(|| {
            let names = some_unknown(&unknown);
            let near = did_you_mean(catalog, &unknown);
            let hint = near.unwrap_or_else(|| adding(&unknown, venue));
            Unclear::rows(format!("tickers.json does not have {names}")).hint(hint)
        })
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
