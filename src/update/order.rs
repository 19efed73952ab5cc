//! In which order the jobs of a plan are asked for, and what is lost whatever is asked for first.
//!
//! Promises: pure. Leaves to others: which order loses least (`gaps`), what a series is owed (`backlog`).

use std::collections::BTreeMap;

use crate::backlog::Owed;
use crate::gaps::{Task, schedule};
use crate::model::{Interval, Venue};
use crate::source::{Asked, MarketDataSource};

use super::{Pace, PlannedJob, PlannedVenue, UpdatePlan};

/// The sessions of a series beyond the first by which its place in the order is decided.
const MOST_DEADLINES: usize = 5;

/// Puts the jobs of a venue into the order in which their source forgets what they bring, and counts what it forgets
/// whatever is asked for first. Jobs that bring nothing or lose nothing come last, in their own order.
pub(super) fn arrange(
    owed: &Owed<'_>,
    planned: &mut PlannedVenue,
    source: &dyn MarketDataSource,
    pace: Option<Pace>,
) {
    let (order, missed) = schedule_of(owed, planned, source, pace);
    planned.missed = missed;
    let mut jobs: Vec<Option<PlannedJob>> = planned.jobs.drain(..).map(Some).collect();
    let next = order.into_iter().filter_map(|at| jobs.get_mut(at)?.take());
    planned.jobs = next.collect();
}

/// Counts the sessions that their sources will have forgotten before a next run can fetch them at this pace: of what a plan
/// was to bring, what has not come.
pub fn missed(
    owed: &Owed<'_>,
    plan: &UpdatePlan,
    pace: Option<Pace>,
) -> Vec<(Venue, Interval, usize)> {
    let mut found = Vec::new();
    for planned in &plan.venues {
        let Some(source) = owed.view.source(&planned.venue) else {
            continue;
        };
        let mut left = planned.clone();
        let venue = &planned.venue;
        // A window that a person chose leaves nothing to go on from.
        left.jobs.retain(|job| job.asked == Asked::Incremental);
        for job in &mut left.jobs {
            let (ticker, interval) = (&job.ticker, job.interval);
            job.mark = owed
                .catalog
                .mark(ticker, venue, interval)
                .map(str::to_owned);
            job.known = owed.catalog.last_data_date(ticker, venue, interval);
        }
        let (_, missed) = schedule_of(owed, &left, &**source, pace);
        let missed = missed.into_iter();
        found.extend(missed.map(|(interval, sessions)| (venue.clone(), interval, sessions)));
    }
    found
}

fn schedule_of(
    owed: &Owed<'_>,
    planned: &PlannedVenue,
    source: &dyn MarketDataSource,
    pace: Option<Pace>,
) -> (Vec<usize>, BTreeMap<Interval, usize>) {
    let millis = millis_of_a_request(source, pace);
    let jobs = &planned.jobs;
    let tasks = jobs
        .iter()
        .map(|job| task(owed, &planned.venue, source, millis, job));
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
    owed: &Owed<'_>,
    venue: &Venue,
    source: &dyn MarketDataSource,
    millis: u64,
    job: &PlannedJob,
) -> Task {
    let requests = source.cost(&job.fetch_job(owed.now, None));
    if requests == 0 || source.depth_days(job.interval).is_none() {
        return Task {
            cost: millis.saturating_mul(requests.into()),
            deadlines: Vec::new(),
        };
    }
    let facts = owed.facts((&job.ticker, venue, job.interval), None);
    let deadlines = facts.unasked().filter_map(|day| facts.deadline(day));
    let left = deadlines.filter_map(|deadline| {
        let left = (deadline - owed.now).num_milliseconds();
        u64::try_from(left).ok().filter(|left| *left > 0)
    });
    Task {
        cost: millis.saturating_mul(requests.into()),
        deadlines: left.take(MOST_DEADLINES).collect(),
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
