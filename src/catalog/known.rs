//! The series that the registry knows rows of.

use super::{Catalog, fields};
use crate::model::{Interval, Ticker, Venue};

impl Catalog {
    /// Returns the series of bars at a venue of which rows are known, in the order of the file.
    pub fn series_known_at(&self, venue: &Venue) -> Vec<(Ticker, Interval)> {
        let mut known = Vec::new();
        for ticker in self.tickers() {
            let records = self.records(ticker, venue);
            let intervals = records.and_then(|records| records.get("intervals")?.as_object());
            for (name, entry) in intervals.into_iter().flatten() {
                let has_rows = entry
                    .as_object()
                    .is_some_and(|entry| fields::date(entry, "last_data_date").is_some());
                if let (true, Ok(interval)) = (has_rows, name.parse()) {
                    known.push((ticker.clone(), interval));
                }
            }
        }
        known
    }
}
