//! Which job is next: one whose next try is due, one that was not begun yet, or one that waits.
//!
//! Promises: pure; who takes a job that waits does the waiting. Every job is begun once. None is left behind: whoever puts one
//! back is free to take the next.

use std::collections::BTreeMap;
use std::time::Duration;

/// Jobs by their numbers, and what is kept of those that wait.
#[derive(Debug)]
pub(super) struct Queue<T> {
    next: usize,
    count: usize,
    /// By the moment of the next try, since the start of the run, and the order in which they were put back.
    waiting: BTreeMap<(Duration, u64), T>,
    put_back: u64,
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<T> {
    /// The job of this number begins.
    Begin(usize),
    /// The job goes on, after a pause.
    GoOn { after: Duration, job: T },
    /// What is left is in the hands of others.
    Nothing,
}

impl<T> Queue<T> {
    pub(super) fn of(count: usize) -> Self {
        Self {
            next: 0,
            count,
            waiting: BTreeMap::new(),
            put_back: 0,
        }
    }

    /// Takes the next job. One that is due goes before those that were not begun, so that few wait at a time.
    pub(super) fn take(&mut self, now: Duration) -> Next<T> {
        let is_fresh = self.next < self.count;
        let waiting = self.waiting.first_entry();
        match waiting.filter(|first| !is_fresh || first.key().0 <= now) {
            Some(first) => {
                let ((due, _), job) = first.remove_entry();
                let after = due.saturating_sub(now);
                Next::GoOn { after, job }
            }
            None if is_fresh => {
                self.next += 1;
                Next::Begin(self.next - 1)
            }
            None => Next::Nothing,
        }
    }

    /// Puts a job back whose next try is at a moment.
    pub(super) fn put_back(&mut self, due: Duration, job: T) {
        self.waiting.insert((due, self.put_back), job);
        self.put_back += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn go_on(after: u64, job: &str) -> Next<&str> {
        let after = seconds(after);
        Next::GoOn { after, job }
    }

    #[test]
    fn a_job_that_waits_is_passed_by_those_that_can_begin_until_it_is_due() {
        let mut queue = Queue::of(4);
        assert_eq!(queue.take(seconds(0)), Next::Begin(0));
        queue.put_back(seconds(5), "first");

        assert_eq!(queue.take(seconds(1)), Next::Begin(1));
        assert_eq!(queue.take(seconds(4)), Next::Begin(2));
        assert_eq!(queue.take(seconds(5)), go_on(0, "first"));
        assert_eq!(queue.take(seconds(5)), Next::Begin(3));
        assert_eq!(queue.take(seconds(5)), Next::Nothing);
    }

    #[test]
    fn when_nothing_can_begin_the_earliest_is_waited_for() {
        let mut queue = Queue::of(0);
        queue.put_back(seconds(9), "late");
        queue.put_back(seconds(3), "early");
        queue.put_back(seconds(9), "later");

        assert_eq!(queue.take(seconds(1)), go_on(2, "early"));
        assert_eq!(queue.take(seconds(1)), go_on(8, "late"));
        assert_eq!(queue.take(seconds(10)), go_on(0, "later"));
        assert_eq!(queue.take(seconds(10)), Next::Nothing);
    }
}
