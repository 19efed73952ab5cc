//! What series are owed: which sessions no answer spoke of, and when their sources forget them.
//!
//! Promises: the one place that puts the facts of a series together, for the order of work, `status`, and what is lost. Pure.
//! Leaves to others: what follows from the facts (`gaps`).

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use crate::catalog::Catalog;
use crate::gaps::{Facts, Task, schedule};
use crate::model::{Interval, Ticker, Venue};
use crate::source::{Asked, MarketDataSource};
use crate::workspace::View;

use super::{Pace, PlannedJob, PlannedVenue, UpdatePlan};

/// The sessions of a series beyond the first by which its place in the order is decided.
const MOST_DEADLINES: usize = 5;

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
    pub(super) fn next_loss(&self, of: (&Ticker, &Venue, Interval)) -> Option<DateTime<Utc>> {
        self.depth_days(of.1, of.2)?;
        let facts = self.facts(of, None);
        let first = facts.unasked().next()?;
        facts.deadline(first)
    }

    /// Returns how many days a source keeps; `None` when it forgets nothing.
    pub(super) fn depth_days(&self, venue: &Venue, interval: Interval) -> Option<u32> {
        self.view.source(venue)?.depth_days(interval)
    }

    /// Puts the jobs of a venue into the order in which their source forgets what they bring, and counts what it forgets
    /// whatever is asked for first. Jobs that bring nothing or lose nothing come last, in their own order.
    pub(super) fn arrange(
        &self,
        planned: &mut PlannedVenue,
        source: &dyn MarketDataSource,
        pace: Option<Pace>,
    ) {
        let (order, missed) = self.schedule(planned, source, pace);
        planned.missed = missed;
        let mut jobs: Vec<Option<PlannedJob>> = planned.jobs.drain(..).map(Some).collect();
        let next = order.into_iter().filter_map(|at| jobs.get_mut(at)?.take());
        planned.jobs = next.collect();
    }

    /// Counts the sessions that their sources will have forgotten before a next run can fetch them at this pace: of what a plan
    /// was to bring, what has not come.
    pub fn missed(&self, plan: &UpdatePlan, pace: Option<Pace>) -> Vec<(Venue, Interval, usize)> {
        let mut found = Vec::new();
        for planned in &plan.venues {
            let Some(source) = self.view.source(&planned.venue) else {
                continue;
            };
            let mut left = planned.clone();
            let venue = &planned.venue;
            // A window that a person chose leaves nothing to go on from.
            left.jobs.retain(|job| job.asked == Asked::Incremental);
            for job in &mut left.jobs {
                let (ticker, interval) = (&job.ticker, job.interval);
                job.mark = self
                    .catalog
                    .mark(ticker, venue, interval)
                    .map(str::to_owned);
                job.known = self.catalog.last_data_date(ticker, venue, interval);
            }
            let (_, missed) = self.schedule(&left, &**source, pace);
            let missed = missed.into_iter();
            found.extend(missed.map(|(interval, sessions)| (venue.clone(), interval, sessions)));
        }
        found
    }

    fn schedule(
        &self,
        planned: &PlannedVenue,
        source: &dyn MarketDataSource,
        pace: Option<Pace>,
    ) -> (Vec<usize>, BTreeMap<Interval, usize>) {
        let millis = millis_of_a_request(source, pace);
        let jobs = &planned.jobs;
        let tasks = jobs
            .iter()
            .map(|job| self.task(&planned.venue, source, millis, job));
        let schedule = schedule(&tasks.collect::<Vec<_>>());
        let mut missed = BTreeMap::new();
        for (at, sessions) in schedule.missed {
            if let Some(job) = jobs.get(at) {
                *missed.entry(job.interval).or_default() += sessions;
            }
        }
        (schedule.order, missed)
    }

    fn task(
        &self,
        venue: &Venue,
        source: &dyn MarketDataSource,
        millis: u64,
        job: &PlannedJob,
    ) -> Task {
        let requests = source.cost(&job.fetch_job(self.now, None));
        if requests == 0 || source.depth_days(job.interval).is_none() {
            return Task {
                cost: millis.saturating_mul(requests.into()),
                deadlines: Vec::new(),
            };
        }
        let facts = self.facts((&job.ticker, venue, job.interval), None);
        let deadlines = facts.unasked().filter_map(|day| facts.deadline(day));
        let left = deadlines.filter_map(|deadline| {
            let left = (deadline - self.now).num_milliseconds();
            u64::try_from(left).ok().filter(|left| *left > 0)
        });
        Task {
            cost: millis.saturating_mul(requests.into()),
            deadlines: left.take(MOST_DEADLINES).collect(),
        }
    }
}

/// Returns how long a request takes by the budget of the server, or by what a person allows if that is less.
fn millis_of_a_request(source: &dyn MarketDataSource, pace: Option<Pace>) -> u64 {
    let budget = source.rate().map_or(0.0, |rate| {
        f64::from(rate.per_seconds) / f64::from(rate.max_requests)
    });
    let paced = pace.map_or(0.0, |pace| pace.seconds / f64::from(pace.requests.max(1)));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 86,400 s for a request, and never below zero"
    )]
    let millis = (budget.max(paced) * 1000.0).ceil() as u64;
    millis
}
