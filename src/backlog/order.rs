//! In which order a source is asked for series, and what is lost whatever is asked for first.
//!
//! Promises: pure. Leaves to others: which order loses least (`gaps`), what is asked for (`update`).

use std::collections::BTreeMap;
use std::time::Duration;

use super::Owed;
use crate::gaps::{Task, schedule};
use crate::model::Interval;
use crate::source::{FetchJob, MarketDataSource};

/// The sessions of a series beyond the first by which its place in the order is decided.
const MOST_DEADLINES: usize = 5;

/// The order of the jobs of a source.
#[derive(Debug)]
pub struct Order {
    /// The jobs by their numbers, in the order in which the source forgets what they bring. Those that bring nothing or lose
    /// nothing come last, in their own order.
    pub order: Vec<usize>,
    /// How many sessions of an interval the source forgets whatever is asked for first, as far as its budget tells.
    pub missed: BTreeMap<Interval, usize>,
}

/// Returns the order of the jobs of a source; `pace` is the least time between two requests, where a person chose one.
pub fn order(
    owed: &Owed<'_>,
    source: &dyn MarketDataSource,
    jobs: impl Iterator<Item = FetchJob>,
    pace: Option<Duration>,
) -> Order {
    let millis = millis_of_a_request(source, pace);
    let tasks = jobs.map(|job| (job.interval, task(owed, source, millis, &job)));
    let (intervals, tasks): (Vec<Interval>, Vec<Task>) = tasks.unzip();
    let schedule = schedule(&tasks);
    let mut missed = BTreeMap::new();
    for (at, sessions) in schedule.missed {
        if let Some(interval) = intervals.get(at) {
            *missed.entry(*interval).or_default() += sessions;
        }
    }
    Order {
        order: schedule.order,
        missed,
    }
}

fn task(owed: &Owed<'_>, source: &dyn MarketDataSource, millis: u64, job: &FetchJob) -> Task {
    let requests = source.cost(job);
    let cost = millis.saturating_mul(requests.into());
    if requests == 0 || source.depth_days(job.interval).is_none() {
        return Task {
            cost,
            deadlines: Vec::new(),
        };
    }
    let facts = owed.facts((&job.ticker, source.venue(), job.interval), None);
    let deadlines = facts.unasked().filter_map(|day| facts.deadline(day));
    let left = deadlines.filter_map(|deadline| {
        let left = (deadline - owed.now).num_milliseconds();
        u64::try_from(left).ok().filter(|left| *left > 0)
    });
    Task {
        cost,
        deadlines: left.take(MOST_DEADLINES).collect(),
    }
}

/// Returns how long a request takes by the budget of the server, or by what a person allows if that is less.
fn millis_of_a_request(source: &dyn MarketDataSource, pace: Option<Duration>) -> u64 {
    let budget = source.rate();
    let budget = budget.and_then(|rate| rate.average().to_std().ok());
    let slowest = budget.max(pace).unwrap_or_default();
    u64::try_from(slowest.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
