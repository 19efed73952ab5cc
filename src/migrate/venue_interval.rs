//! What is migrated as one: the bars of one interval of one venue.

use std::fmt;

use crate::model::{Interval, StorageRequest, Ticker, Venue};

/// The bars of one interval of one venue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VenueInterval {
    /// The venue whose tree takes the rows in.
    pub venue: Venue,
    /// The interval.
    pub interval: Interval,
}

impl VenueInterval {
    /// Returns the request for the series of one ticker.
    pub fn series(&self, ticker: &Ticker) -> StorageRequest {
        StorageRequest::bars(self.venue.clone(), ticker.clone(), self.interval)
    }
}

impl fmt::Display for VenueInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.venue, self.interval)
    }
}
