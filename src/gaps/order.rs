//! In which order open work is done, so that as little as possible is forgotten before its turn.
//!
//! Promises: what the source forgets first comes first. Where not all can be had in time, what is given up for now is what
//! loses least by that, and it comes after all that can be had. For tasks of one length no order loses less, nor for tasks
//! that have one session each; a test compares it with every order. Pure.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

/// Something to be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Task {
    /// How long it takes, in any unit.
    pub cost: u64,
    /// By when it has to be done, counted from now in the same unit: one for each session that is lost after it, oldest first.
    pub deadlines: Vec<u64>,
}

/// The order of tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The tasks by their numbers, the next one first.
    pub order: Vec<usize>,
    /// How many sessions of each task are lost whatever is done first; tasks without a loss are not named.
    pub missed: BTreeMap<usize, usize>,
}

impl Task {
    /// Counts the sessions that are lost if it is done at a moment.
    fn lost_at(&self, moment: u64) -> usize {
        self.deadlines
            .partition_point(|deadline| *deadline < moment)
    }

    /// Counts the sessions that are lost if it is done later than a moment.
    fn lost_after(&self, moment: u64) -> usize {
        self.lost_at(moment.saturating_add(1))
    }

    /// Returns the deadline by which the rest of it can be had, if it is not done by a moment.
    fn next_after(&self, moment: u64) -> Option<u64> {
        self.deadlines.get(self.lost_after(moment)).copied()
    }
}

/// What giving a taken task up would cost. The cheapest one comes first: of those that lose the same for the time that they take
/// the longest, and of these the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Price {
    lost: u64,
    cost: u64,
    /// Its place among the taken ones.
    place: usize,
}

impl Ord for Price {
    fn cmp(&self, other: &Self) -> Ordering {
        // Lost per time, without a division.
        let rate = |one: &Self, by: &Self| u128::from(one.lost) * u128::from(by.cost.max(1));
        rate(self, other)
            .cmp(&rate(other, self))
            .then(other.cost.cmp(&self.cost))
            .then(other.place.cmp(&self.place))
    }
}

impl PartialOrd for Price {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Returns the order of tasks. Those without deadline come last, and what is alike stays in the order in which it is given.
pub fn schedule(tasks: &[Task]) -> Schedule {
    let mut open: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    for (at, task) in tasks.iter().enumerate() {
        if let Some(first) = task.deadlines.first() {
            open.push(Reverse((*first, at)));
        }
    }
    // By deadline, each in time; given up ones leave an empty place.
    let mut taken: Vec<Option<usize>> = Vec::new();
    let mut prices: BinaryHeap<Reverse<Price>> = BinaryHeap::new();
    let mut busy: u64 = 0;
    while let Some(Reverse((deadline, at))) = open.pop() {
        let Some(task) = tasks.get(at) else { continue };
        let lost = u64::try_from(task.lost_after(deadline)).unwrap_or(u64::MAX);
        let (cost, place) = (task.cost, taken.len());
        prices.push(Reverse(Price { lost, cost, place }));
        taken.push(Some(at));
        busy = busy.saturating_add(cost);
        while busy > deadline {
            let Some(Reverse(Price { cost, place, .. })) = prices.pop() else {
                break;
            };
            busy = busy.saturating_sub(cost);
            let given_up = taken.get_mut(place).and_then(Option::take);
            let rest = given_up.and_then(|at| Some((tasks.get(at)?.next_after(deadline)?, at)));
            open.extend(rest.map(Reverse));
        }
    }
    finished(tasks, taken.into_iter().flatten())
}

/// Adds what is not taken behind what is, and counts what is lost so.
fn finished(tasks: &[Task], taken: impl Iterator<Item = usize>) -> Schedule {
    let mut schedule = Schedule::default();
    let mut is_taken = vec![false; tasks.len()];
    for at in taken {
        schedule.order.push(at);
        if let Some(one) = is_taken.get_mut(at) {
            *one = true;
        }
    }
    let left = is_taken.iter().enumerate();
    let mut left: Vec<usize> = left
        .filter(|(_, is_taken)| !**is_taken)
        .map(|(at, _)| at)
        .collect();
    let has_no_deadline = |at: &usize| tasks.get(*at).is_some_and(|t| t.deadlines.is_empty());
    left.sort_by_key(has_no_deadline);
    schedule.order.extend(left);
    let mut moment: u64 = 0;
    for at in &schedule.order {
        let Some(task) = tasks.get(*at) else { continue };
        moment = moment.saturating_add(task.cost);
        let lost = task.lost_at(moment);
        if lost > 0 {
            schedule.missed.insert(*at, lost);
        }
    }
    schedule
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn task(cost: u64, deadlines: &[u64]) -> Task {
        let deadlines = deadlines.to_vec();
        Task { cost, deadlines }
    }

    fn lost(tasks: &[Task]) -> usize {
        schedule(tasks).missed.values().sum()
    }

    /// Tries every order: for each set of tasks that were done first the least that is lost among them, since the moment at
    /// which they are done is the same in each order of theirs.
    fn least(tasks: &[Task]) -> usize {
        let sets = 1_usize << tasks.len();
        let mut least = vec![usize::MAX; sets];
        least[0] = 0;
        for done in 0..sets {
            let is_in = |at: &usize| done & (1 << at) != 0;
            let moment: u64 = (0..tasks.len())
                .filter(is_in)
                .map(|at| tasks[at].cost)
                .sum();
            for (at, next) in tasks.iter().enumerate().filter(|(at, _)| !is_in(at)) {
                let late = next.deadlines.iter();
                let late = late
                    .filter(|deadline| **deadline < moment + next.cost)
                    .count();
                let with = done | 1 << at;
                least[with] = least[with].min(least[done] + late);
            }
        }
        least[sets - 1]
    }

    #[test]
    fn what_is_forgotten_first_comes_first_and_what_is_alike_stays_in_order() {
        let tasks = [
            task(1, &[]),
            task(1, &[9]),
            task(1, &[5]),
            task(1, &[9]),
            task(0, &[]),
        ];

        let found = schedule(&tasks);

        assert_eq!(found.order, [2, 1, 3, 0, 4]);
        assert!(found.missed.is_empty());
    }

    #[test]
    fn what_cannot_be_had_in_time_keeps_nothing_else_from_it() {
        let tasks = [task(10, &[3]), task(1, &[4]), task(1, &[5])];

        let found = schedule(&tasks);

        assert_eq!(found.order, [1, 2, 0]);
        assert_eq!(found.missed, BTreeMap::from([(0, 1)]));
    }

    #[test]
    fn a_page_of_many_sessions_goes_before_one_of_few_that_is_due_sooner() {
        let many = task(1, &[2, 2, 2]);
        let tasks = [task(1, &[1]), many.clone(), many];

        let found = schedule(&tasks);

        assert_eq!(found.order, [1, 2, 0]);
        assert_eq!(lost(&tasks), 1);
    }

    #[test]
    fn of_what_is_given_up_the_later_sessions_are_still_had() {
        let tasks = [task(2, &[2, 9]), task(2, &[2]), task(2, &[7])];

        assert_eq!(lost(&tasks), 1);
    }

    fn outage(costs: std::ops::Range<u64>, most: usize) -> impl Strategy<Value = Vec<Task>> {
        let deadlines = prop::collection::vec(0_u64..12, 1..=most);
        let task = (costs, deadlines).prop_map(|(cost, mut deadlines)| {
            deadlines.sort_unstable();
            Task { cost, deadlines }
        });
        prop::collection::vec(task, 0..9)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// An outage of minutes of a feed: each is a request, and has one deadline.
        #[test]
        fn no_order_saves_a_minute_that_this_one_loses(tasks in outage(1..2, 1)) {
            prop_assert_eq!(lost(&tasks), least(&tasks));
        }

        /// Requests of several sessions that are forgotten together, as those of one day of many tickers.
        #[test]
        fn no_order_saves_a_request_that_weighs_more(
            tasks in prop::collection::vec((0_u64..9, 1_usize..6), 0..9)
        ) {
            let task = |(deadline, weight): (u64, usize)| Task { cost: 1, deadlines: vec![deadline; weight] };
            let tasks: Vec<Task> = tasks.into_iter().map(task).collect();

            prop_assert_eq!(lost(&tasks), least(&tasks));
        }

        /// Series whose answers are of several pages, and that lose one session.
        #[test]
        fn no_order_saves_more_series_of_any_length(tasks in outage(1..5, 1)) {
            prop_assert_eq!(lost(&tasks), least(&tasks));
        }

        /// With both, no order that ends in time is missed: whatever can be saved as a whole is.
        #[test]
        fn what_can_all_be_had_is_had(tasks in outage(1..4, 4)) {
            prop_assert_eq!(lost(&tasks) == 0, least(&tasks) == 0);
        }

        #[test]
        fn every_task_is_in_the_order_once(tasks in outage(0..4, 3)) {
            let mut order = schedule(&tasks).order;
            order.sort_unstable();

            prop_assert_eq!(order, (0..tasks.len()).collect::<Vec<_>>());
        }
    }
}
