//! A series of which its source had no bars: what is recorded of that.

use chrono::NaiveDate;

use super::missing::GaveUp;
use super::{Registry, RunReport};
use crate::catalog::Missing;
use crate::model::{Interval, Ticker, Venue};

/// A series that was asked for and of which the source had no bars.
#[derive(Debug)]
pub struct Checked {
    /// The ticker.
    pub ticker: Ticker,
    /// The length of its bars.
    pub interval: Interval,
    /// The mark to hand back next time; `None` leaves the one that is known.
    pub mark: Option<String>,
    /// What the question was to bring back, if the answer covers it.
    pub missing: Option<Missing>,
    /// The length of the newest file, if it lacks no rows.
    pub newest_bytes: Option<u64>,
}

impl Checked {
    /// Records that the source was asked and had nothing new.
    pub fn record(
        self,
        venue: &Venue,
        registry: &mut Registry,
        report: &mut RunReport,
        today: NaiveDate,
    ) {
        let Self {
            ticker,
            interval,
            mark,
            missing,
            newest_bytes,
        } = self;
        if let Some(missing) = missing {
            let gave_up = GaveUp {
                ticker: &ticker,
                venue,
                interval,
                missing,
                reached: missing.left,
            };
            gave_up.record(registry, report, today);
        }
        let catalog = registry.catalog_mut();
        if let Err(unusable) = catalog.record_checked(&ticker, venue, interval, today, mark) {
            report.warnings.push(unusable.to_string());
        }
        if let Some(bytes) = newest_bytes {
            catalog.record_newest_bytes(&ticker, venue, interval, bytes);
        }
    }
}
