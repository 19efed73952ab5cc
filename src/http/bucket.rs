//! A token bucket, as the one moment at which it will be full again.
//!
//! Promises: in no span of `per_seconds`, its first moment included and its last not, do more than `max_requests`
//! have their turn. Integers only, so that this is exact.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// What a host allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests; 0 is no limit.
    pub max_requests: u32,
    /// In so many seconds; 0 is no limit.
    pub per_seconds: u32,
}

impl Rate {
    /// No limit.
    pub const NONE: Self = Self {
        max_requests: 0,
        per_seconds: 0,
    };

    /// Tells whether there is a limit at all.
    pub fn is_limited(self) -> bool {
        self.max_requests > 0 && self.per_seconds > 0
    }

    /// Returns how many requests may go out at once after a rest: a tenth of the budget.
    pub(super) fn burst(self) -> u32 {
        (self.max_requests / 10).max(1)
    }

    /// Returns the time in which one more request is earned.
    ///
    /// After a burst the rest of the budget is spread over the span, so that burst and rest together never exceed it.
    pub(super) fn spacing(self) -> TimeDelta {
        let span = u64::from(self.per_seconds) * 1_000_000_000;
        let rest = u64::from(self.max_requests.saturating_sub(self.burst())) + 1;
        let nanos = i64::try_from(span.div_ceil(rest)).unwrap_or(i64::MAX);
        TimeDelta::nanoseconds(nanos)
    }

    /// Returns how long an empty bucket takes to fill.
    pub(super) fn filling(self) -> TimeDelta {
        times(self.spacing(), self.burst())
    }

    /// Returns the stricter of two budgets.
    pub(super) fn stricter(self, other: Self) -> Self {
        match (self.is_limited(), other.is_limited()) {
            (true, true) if other.spacing() > self.spacing() => other,
            (false, true) => other,
            _ => self,
        }
    }
}

/// When the bucket of a host will be full. Behind `now` it is full already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    pub(super) full_at: DateTime<Utc>,
}

impl Bucket {
    pub(super) fn full(now: DateTime<Utc>) -> Self {
        Self { full_at: now }
    }

    pub(super) fn empty(rate: Rate, now: DateTime<Utc>) -> Self {
        Self {
            full_at: later(now, rate.filling()),
        }
    }

    /// Returns when the turn of the next request is: now, or when its token will have been earned.
    pub(super) fn next_turn(self, rate: Rate, now: DateTime<Utc>) -> DateTime<Utc> {
        self.taken(rate, now).1
    }

    /// Takes a token and returns when its turn is.
    pub(super) fn take(&mut self, rate: Rate, now: DateTime<Utc>) -> DateTime<Utc> {
        let (bucket, turn) = self.taken(rate, now);
        *self = bucket;
        turn
    }

    fn taken(self, rate: Rate, now: DateTime<Utc>) -> (Self, DateTime<Utc>) {
        let full_at = later(self.full_at.max(now), rate.spacing());
        let earned = full_at.checked_sub_signed(rate.filling());
        (Self { full_at }, earned.unwrap_or(now).max(now))
    }

    /// Puts back a token that was not used; `as_taken` is the bucket as it was right after the token was taken.
    ///
    /// Once others have their turns behind it, it is lost: two turns would come together else.
    pub(super) fn give_back(&mut self, rate: Rate, as_taken: Self) {
        if *self == as_taken
            && let Some(full_at) = self.full_at.checked_sub_signed(rate.spacing())
        {
            *self = Self { full_at };
        }
    }
}

/// Returns a moment and a while, or the last moment there is.
pub(super) fn later(moment: DateTime<Utc>, wait: TimeDelta) -> DateTime<Utc> {
    moment
        .checked_add_signed(wait)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Returns the time from one moment to another; none when the second is not later.
pub(super) fn until(from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
    (to - from).to_std().unwrap_or_default()
}

fn times(delta: TimeDelta, count: u32) -> TimeDelta {
    let nanos = delta.num_nanoseconds().unwrap_or(i64::MAX);
    TimeDelta::nanoseconds(nanos.saturating_mul(i64::from(count)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000, 0).unwrap()
    }

    /// Turns of requests that come so many milliseconds after each other.
    fn turns(rate: Rate, gaps: &[u32]) -> Vec<DateTime<Utc>> {
        let mut bucket = Bucket::full(start());
        let mut now = start();
        let asked = gaps.iter().map(|gap| {
            now += TimeDelta::milliseconds(i64::from(*gap));
            bucket.take(rate, now)
        });
        asked.collect()
    }

    /// The most turns in any half-open span of `per_seconds`.
    fn most_in_a_span(rate: Rate, turns: &[DateTime<Utc>]) -> usize {
        let span = TimeDelta::seconds(i64::from(rate.per_seconds));
        let count = |from: &DateTime<Utc>| {
            let inside = |turn: &&DateTime<Utc>| *turn >= from && **turn < *from + span;
            turns.iter().filter(inside).count()
        };
        turns.iter().map(count).max().unwrap_or(0)
    }

    #[test]
    fn a_rested_bucket_gives_a_tenth_at_once_and_the_rest_evenly() {
        let rate = Rate {
            max_requests: 30,
            per_seconds: 28,
        };

        let turns = turns(rate, &[0; 6]);

        let seconds: Vec<i64> = turns.iter().map(|t| (*t - start()).num_seconds()).collect();
        assert_eq!(seconds, [0, 0, 0, 1, 2, 3]);
    }

    #[test]
    fn the_whole_budget_is_used_up_in_its_span_and_not_one_request_more() {
        for max_requests in [1, 2, 9, 10, 11, 60, 2000] {
            let rate = Rate {
                max_requests,
                per_seconds: 60,
            };

            let turns = turns(rate, &vec![0; 2 * max_requests as usize]);

            assert_eq!(most_in_a_span(rate, &turns), max_requests as usize);
        }
    }

    #[test]
    fn a_token_put_back_is_there_for_the_next_unless_others_wait_behind_it() {
        let rate = Rate {
            max_requests: 1,
            per_seconds: 10,
        };
        let mut bucket = Bucket::full(start());
        bucket.take(rate, start());
        let turn = bucket.take(rate, start());
        let as_taken = bucket;

        bucket.give_back(rate, as_taken);
        assert_eq!(bucket.next_turn(rate, start()), turn);
        bucket.take(rate, start());
        let behind = bucket.take(rate, start());
        bucket.give_back(rate, as_taken);

        assert!(bucket.next_turn(rate, start()) > behind);
    }

    #[test]
    fn the_stricter_of_two_budgets_is_the_slower_one_and_no_limit_is_never_stricter() {
        let rate = |max_requests, per_seconds| Rate {
            max_requests,
            per_seconds,
        };

        assert_eq!(rate(10, 1).stricter(rate(10, 2)), rate(10, 2));
        assert_eq!(rate(10, 2).stricter(rate(10, 1)), rate(10, 2));
        assert_eq!(Rate::NONE.stricter(rate(10, 1)), rate(10, 1));
        assert_eq!(rate(10, 1).stricter(rate(0, 1)), rate(10, 1));
    }

    proptest! {
        #[test]
        fn no_span_holds_more_than_the_budget_however_requests_come(
            max_requests in 1_u32..40,
            per_seconds in 1_u32..100,
            gaps in prop::collection::vec(prop_oneof![Just(0_u32), 0..50_u32, 0..20_000_u32], 1..150),
        ) {
            let rate = Rate { max_requests, per_seconds };

            let turns = turns(rate, &gaps);

            prop_assert!(most_in_a_span(rate, &turns) <= max_requests as usize);
            prop_assert!(turns.is_sorted());
        }
    }
}
