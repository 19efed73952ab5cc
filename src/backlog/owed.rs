//! What series are owed: which sessions no answer spoke of, and when their sources forget them.
//!
//! Promises: the one place that puts the facts of a series together, for the order of work, `status`, and what is lost. Pure.
//! Leaves to others: what follows from the facts (`gaps`).

use chrono::{DateTime, NaiveDate, Utc};

use crate::catalog::Catalog;
use crate::gaps::Facts;
use crate::model::{Interval, Ticker, Venue};
use crate::workspace::View;

/// What everybody asks of who is owed what.
#[derive(Clone, Copy, Debug)]
pub struct Owed<'l> {
    /// Settings and sources.
    pub view: View<'l>,
    /// tickers.json.
    pub catalog: &'l Catalog,
    /// The moment.
    pub now: DateTime<Utc>,
}

impl Owed<'_> {
    /// Returns what is known of a series; `first` is the day of its first stored row, as far as that is recorded.
    pub fn facts(
        &self,
        (ticker, venue, interval): (&Ticker, &Venue, Interval),
        first: Option<NaiveDate>,
    ) -> Facts {
        let Self { view, catalog, now } = *self;
        let source = view.source(venue);
        let mark = catalog.mark(ticker, venue, interval);
        let told = source
            .zip(mark)
            .and_then(|(source, mark)| source.reached(mark));
        let newest = catalog.last_data_date(ticker, venue, interval);
        let by_days = || {
            // What was asked for in vain is not missing. The days of the newest row and of the question may not have been over.
            let checked = catalog.last_checked(ticker, venue, interval);
            let checked = checked.and_then(|day| day.pred_opt());
            let known = newest.map(|newest| checked.map_or(newest, |day| newest.max(day)));
            (known.and_then(|day| day.pred_opt()), Vec::new())
        };
        let (reached, late) = told.map_or_else(by_days, |told| (Some(told.settled), told.late));
        Facts {
            calendar: view.likely_calendar((ticker, venue), catalog, None),
            first,
            reached: newest.and(reached),
            late,
            gone: catalog.lost(ticker, venue, interval),
            depth_days: self.depth_days(venue, interval),
            now,
        }
    }

    /// Returns when the source first forgets something of a series that was not fetched; `None` when it forgets nothing.
    pub fn next_loss(&self, of: (&Ticker, &Venue, Interval)) -> Option<DateTime<Utc>> {
        self.depth_days(of.1, of.2)?;
        let facts = self.facts(of, None);
        let first = facts.unasked().next()?;
        facts.deadline(first)
    }

    /// Returns how many days a source keeps; `None` when it forgets nothing.
    pub fn depth_days(&self, venue: &Venue, interval: Interval) -> Option<u32> {
        self.view.source(venue)?.depth_days(interval)
    }
}
