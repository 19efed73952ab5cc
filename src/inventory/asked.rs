//! Which series somebody asks about.

use crate::model::{Interval, Series, StorageRequest, Ticker, Venue};

/// Which series somebody asks about; what is empty narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Asked {
    pub venues: Vec<Venue>,
    pub intervals: Vec<Interval>,
    pub tickers: Vec<Ticker>,
}

impl Asked {
    /// Tells whether a venue is meant.
    pub fn means_venue(&self, venue: &Venue) -> bool {
        self.venues.is_empty() || self.venues.contains(venue)
    }

    /// Tells whether a series is meant. Events have no interval, so who names one does not mean them.
    pub fn means(&self, request: &StorageRequest) -> bool {
        let venue = request.venue.as_ref();
        let (ticker, interval) = (request.series.ticker(), interval_of(&request.series));
        venue.is_none_or(|venue| self.means_venue(venue))
            && (self.tickers.is_empty() || ticker.is_some_and(|t| self.tickers.contains(t)))
            && (self.intervals.is_empty() || interval.is_some_and(|i| self.intervals.contains(&i)))
    }
}

/// Returns the length of the bars of a series, if it has any.
pub fn interval_of(series: &Series) -> Option<Interval> {
    match series {
        Series::Bars { interval, .. }
        | Series::Adjusted { interval, .. }
        | Series::Prepost { interval, .. } => Some(*interval),
        Series::Events { .. } | Series::Auctions { .. } | Series::Trades { .. } => None,
    }
}
