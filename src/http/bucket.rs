//! The budget of a host, and what is used of it: the moment at which it will be rested again, and the requests of a batch.
//!
//! Promises: in no span of `per_seconds`, its first moment included and its last not, do more than `max_requests`
//! have their turn, however they are spread. Integers only, so that this is exact.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// What a host allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests; 0 is no limit.
    pub max_requests: u32,
    /// In so many seconds; 0 is no limit.
    pub per_seconds: u32,
    /// How the requests are spread over the seconds.
    pub spread: Spread,
}

/// How requests are spread over the span of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// A tenth of them at once after a rest, and the others evenly.
    Evenly,
    /// All of them one after the other, and then a pause for the rest of the span.
    Batches {
        /// Milliseconds between two requests of a batch.
        apart_millis: u32,
    },
}

impl Rate {
    /// No limit.
    pub const NONE: Self = Self::evenly(0, 0);

    /// Returns a budget that is used evenly.
    pub const fn evenly(max_requests: u32, per_seconds: u32) -> Self {
        Self {
            max_requests,
            per_seconds,
            spread: Spread::Evenly,
        }
    }

    /// Tells whether there is a limit at all.
    pub fn is_limited(self) -> bool {
        self.max_requests > 0 && self.per_seconds > 0
    }

    /// Returns the time that one request takes of a run which has many.
    pub fn average(self) -> TimeDelta {
        if self.is_limited() {
            TimeDelta::nanoseconds(self.share(self.max_requests))
        } else {
            TimeDelta::zero()
        }
    }

    /// Returns how many requests may go out at once after a rest: a tenth of the budget.
    fn burst(self) -> u32 {
        (self.max_requests / 10).max(1)
    }

    /// Returns the time in which one more request is earned where they are spread evenly.
    ///
    /// After a burst the rest of the budget is spread over the span, so that burst and rest together never exceed it.
    fn spacing(self) -> TimeDelta {
        TimeDelta::nanoseconds(self.share(self.max_requests.saturating_sub(self.burst()) + 1))
    }

    /// Returns an equal share of the span, in nanoseconds.
    fn share(self, parts: u32) -> i64 {
        let span = u64::from(self.per_seconds) * 1_000_000_000;
        i64::try_from(span.div_ceil(parts.max(1).into())).unwrap_or(i64::MAX)
    }

    /// Returns how long a host rests after which it takes as much at once as it ever does.
    pub(super) fn filling(self) -> TimeDelta {
        match self.spread {
            Spread::Evenly => times(self.spacing(), self.burst()),
            Spread::Batches { apart_millis } => {
                let apart = TimeDelta::milliseconds(apart_millis.into());
                let span = TimeDelta::seconds(self.per_seconds.into());
                // With the batch before it, as long as the span; and never shorter than between two requests.
                let batch = times(apart, self.max_requests.saturating_sub(1));
                (span - batch).max(apart)
            }
        }
    }

    /// Returns the stricter of two budgets.
    pub(super) fn stricter(self, other: Self) -> Self {
        match (self.is_limited(), other.is_limited()) {
            (true, true) if other.average() > self.average() => other,
            (false, true) => other,
            _ => self,
        }
    }
}

/// What is used of the budget of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    /// When the host will be rested. Behind `now` it is already.
    pub(super) full_at: DateTime<Utc>,
    /// Requests since it was rested, where they come in batches.
    pub(super) used: u32,
}

impl Bucket {
    pub(super) fn full(now: DateTime<Utc>) -> Self {
        Self {
            full_at: now,
            used: 0,
        }
    }

    pub(super) fn empty(rate: Rate, now: DateTime<Utc>) -> Self {
        let used = match rate.spread {
            Spread::Evenly => 0,
            Spread::Batches { .. } => rate.max_requests,
        };
        Self {
            full_at: later(now, rate.filling()),
            used,
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
        match rate.spread {
            Spread::Evenly => {
                let full_at = later(self.full_at.max(now), rate.spacing());
                let earned = full_at.checked_sub_signed(rate.filling());
                (Self { full_at, used: 0 }, earned.unwrap_or(now).max(now))
            }
            Spread::Batches { apart_millis } => {
                let is_over = self.used >= rate.max_requests;
                let (turn, used) = if self.full_at <= now || is_over {
                    (self.full_at.max(now), 1)
                } else {
                    let last = self.full_at.checked_sub_signed(rate.filling());
                    let apart = TimeDelta::milliseconds(apart_millis.into());
                    let next = last.map_or(now, |last| later(last, apart));
                    (next.max(now), self.used + 1)
                };
                let full_at = later(turn, rate.filling());
                (Self { full_at, used }, turn)
            }
        }
    }

    /// Puts back a token that was not used; `before` and `as_taken` are the bucket right before and right after it was taken.
    ///
    /// Once others have their turns behind it, it is lost: two turns would come together else.
    pub(super) fn give_back(&mut self, before: Self, as_taken: Self) {
        if *self == as_taken {
            *self = before;
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

    fn batches(max_requests: u32, per_seconds: u32, apart_millis: u32) -> Rate {
        Rate {
            spread: Spread::Batches { apart_millis },
            ..Rate::evenly(max_requests, per_seconds)
        }
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
        let turns = turns(Rate::evenly(30, 28), &[0; 6]);

        let seconds: Vec<i64> = turns.iter().map(|t| (*t - start()).num_seconds()).collect();
        assert_eq!(seconds, [0, 0, 0, 1, 2, 3]);
    }

    #[test]
    fn the_whole_budget_is_used_up_in_its_span_and_not_one_request_more() {
        for max_requests in [1, 2, 9, 10, 11, 60, 2000] {
            let rate = Rate::evenly(max_requests, 60);

            let turns = turns(rate, &vec![0; 2 * max_requests as usize]);

            assert_eq!(most_in_a_span(rate, &turns), max_requests as usize);
        }
    }

    #[test]
    fn a_token_put_back_is_there_for_the_next_unless_others_wait_behind_it() {
        for rate in [Rate::evenly(1, 10), batches(2, 10, 500)] {
            let mut bucket = Bucket::full(start());
            bucket.take(rate, start());
            let before = bucket;
            let turn = bucket.take(rate, start());
            let as_taken = bucket;

            bucket.give_back(before, as_taken);
            assert_eq!(bucket.next_turn(rate, start()), turn);
            bucket.take(rate, start());
            let behind = bucket.take(rate, start());
            bucket.give_back(before, as_taken);

            assert!(bucket.next_turn(rate, start()) > behind);
        }
    }

    #[test]
    fn the_stricter_of_two_budgets_is_the_slower_one_and_no_limit_is_never_stricter() {
        let rate = Rate::evenly;

        assert_eq!(rate(10, 1).stricter(rate(10, 2)), rate(10, 2));
        assert_eq!(rate(10, 2).stricter(rate(10, 1)), rate(10, 2));
        assert_eq!(Rate::NONE.stricter(rate(10, 1)), rate(10, 1));
        assert_eq!(rate(10, 1).stricter(rate(0, 1)), rate(10, 1));
    }

    #[test]
    fn a_batch_is_followed_by_a_pause_and_a_rest_as_long_begins_a_new_one() {
        let rate = batches(30, 53, 600);
        let mut gaps = vec![0; 62];
        gaps[61] = 35_600 + 35_600 + 600 * 59;

        let turns = turns(rate, &gaps);

        let millis: Vec<i64> = turns
            .iter()
            .map(|t| (*t - start()).num_milliseconds())
            .collect();
        assert_eq!(millis[..3], [0, 600, 1_200]);
        assert_eq!(millis[29..32], [17_400, 53_000, 53_600]);
        assert_eq!(millis[59..61], [70_400, 106_000]);
        assert_eq!(millis[61], 106_600, "the last comes 600 ms after its turn");
    }

    #[test]
    fn thirteen_hundred_files_take_what_was_measured_to_be_clean() {
        let rate = batches(30, 53, 600);

        let turns = turns(rate, &[0; 1_320]);

        let seconds = (turns[1_319] - start()).num_seconds();
        assert!((2_250..2_340).contains(&seconds), "{seconds}");
        assert_eq!(rate.average().num_milliseconds(), 1_766);
    }

    proptest! {
        #[test]
        fn no_span_holds_more_than_the_budget_however_requests_come(
            max_requests in 1_u32..40,
            per_seconds in 1_u32..100,
            apart_millis in prop::option::of(0_u32..3_000),
            gaps in prop::collection::vec(prop_oneof![Just(0_u32), 0..50_u32, 0..20_000_u32], 1..150),
        ) {
            let rate = match apart_millis {
                Some(apart_millis) => batches(max_requests, per_seconds, apart_millis),
                None => Rate::evenly(max_requests, per_seconds),
            };

            let turns = turns(rate, &gaps);

            prop_assert!(most_in_a_span(rate, &turns) <= max_requests as usize);
            prop_assert!(turns.is_sorted());
        }
    }
}
