//! Whether a series is asked for, or rests.

use chrono::NaiveDate;

use super::View;
use crate::catalog::Catalog;
use crate::model::{Interval, Ticker, Venue};

impl View<'_> {
    /// Tells whether a series may be asked for today. One that was not found rests, but never until what it missed is gone
    /// at its source.
    pub fn is_due(
        &self,
        catalog: &Catalog,
        ticker: &Ticker,
        venue: &Venue,
        interval: Interval,
        today: NaiveDate,
    ) -> bool {
        let depth = self
            .source(venue)
            .and_then(|source| source.depth_days(interval));
        catalog.is_due(ticker, venue, interval, today, depth.map(|days| days / 2))
    }
}
