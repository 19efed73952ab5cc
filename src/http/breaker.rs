//! A host that fails again and again is left alone: nine thousand tickers need not each find out that it is down.
//!
//! Promises: a host that has answered in this run is waited for, and asked again up to three times, a minute apart: what is
//! left to be asked need not fail over a bad moment. One that never answered is down, and nobody waits for it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// Failures in succession after which a host is left alone.
pub(super) const THRESHOLD: u32 = 5;
/// How long it is left alone before one request may see whether it is back.
pub(super) const PAUSE: Duration = Duration::from_mins(1);
/// So many such requests may fail before nobody waits for the host any more.
pub(super) const MOST_PROBES: u32 = 3;

/// Counts failures in succession.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Breaker {
    failures: u32,
    /// How many requests were sent, and how many of them before the failure that was counted last.
    sent: u64,
    judged: u64,
    /// When it opened, or when a request was last let through since then.
    opened: Option<DateTime<Utc>>,
    /// Whether the host answered since the run began.
    has_answered: bool,
    /// How often it was asked in vain since it was opened.
    probed: u32,
}

impl Breaker {
    /// Tells whether a request may go out: any while the host works, else one for each pause.
    pub(super) fn admits(&mut self, now: DateTime<Utc>) -> bool {
        match self.opened {
            None => true,
            Some(opened) if (now - opened).to_std().is_ok_and(|age| age >= PAUSE) => {
                self.opened = Some(now);
                true
            }
            Some(_) => false,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.opened.is_some()
    }

    /// Returns after how long a request that is not admitted may see whether the host is back; `None` where that is not
    /// waited for.
    pub(super) fn next_probe(&self, now: DateTime<Utc>) -> Option<Duration> {
        let opened = self.opened.filter(|_| self.has_answered)?;
        let is_given_up = self.probed >= MOST_PROBES;
        let pause = TimeDelta::from_std(PAUSE).unwrap_or_default();
        let left = (opened + pause - now).to_std().unwrap_or_default();
        (!is_given_up).then_some(left)
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns how many requests were sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// A request goes out. Returns its number.
    pub(super) fn sends(&mut self) -> u64 {
        self.sent += 1;
        self.sent
    }

    /// The host answered.
    pub(super) fn answered(&mut self) {
        self.failures = 0;
        self.opened = None;
        self.has_answered = true;
        self.probed = 0;
    }

    /// The host was not reached by a request, or asked for fewer. Of requests that were on their way together only
    /// the first counts: eight threads that meet one bad moment are no succession.
    pub(super) fn failed(&mut self, number: u64, now: DateTime<Utc>) {
        if number <= self.judged {
            return;
        }
        self.judged = self.sent;
        self.probed += u32::from(self.is_open());
        self.failures = self.failures.saturating_add(1);
        if self.failures >= THRESHOLD {
            self.opened = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_770_000_000 + seconds, 0).unwrap()
    }

    fn fail(breaker: &mut Breaker, seconds: i64) {
        let number = breaker.sends();
        breaker.failed(number, at(seconds));
    }

    fn open() -> Breaker {
        let mut breaker = Breaker::default();
        (0..THRESHOLD).for_each(|_| fail(&mut breaker, 0));
        breaker
    }

    #[test]
    fn one_failure_less_than_the_threshold_changes_nothing_and_an_answer_forgets_them() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            (1..THRESHOLD).for_each(|_| fail(&mut breaker, 0));
            assert!(breaker.admits(at(0)));
            breaker.answered();
        }

        assert!(!breaker.is_open());
    }

    #[test]
    fn after_the_pause_one_request_is_let_through_and_its_outcome_decides() {
        let mut breaker = open();

        assert!(!breaker.admits(at(59)));
        assert!(breaker.admits(at(60)));
        assert!(!breaker.admits(at(61)), "a second one at once");
        fail(&mut breaker, 62);
        assert!(!breaker.admits(at(121)));
        assert!(breaker.admits(at(122)));
        breaker.answered();
        assert!(breaker.admits(at(122)) && !breaker.is_open());
    }

    #[test]
    fn a_probe_whose_outcome_never_comes_does_not_shut_the_host_for_ever() {
        let mut breaker = open();
        assert!(breaker.admits(at(60)));

        assert!(breaker.admits(at(120)));
    }

    #[test]
    fn a_host_that_has_answered_is_waited_for_until_three_probes_failed() {
        let minute = Some(Duration::from_mins(1));
        assert_eq!(open().next_probe(at(0)), None, "it never answered");

        let mut breaker = Breaker::default();
        breaker.answered();
        assert_eq!(breaker.next_probe(at(0)), None, "nothing to wait for");
        (0..THRESHOLD).for_each(|_| fail(&mut breaker, 0));
        for probe in 0..i64::from(MOST_PROBES) {
            let seconds = 60 * probe;
            assert_eq!(breaker.next_probe(at(seconds)), minute, "probe {probe}");
            assert!(breaker.admits(at(seconds + 60)));
            fail(&mut breaker, seconds + 60);
        }
        assert_eq!(breaker.next_probe(at(180)), None, "given up");

        breaker.answered();
        (0..THRESHOLD).for_each(|_| fail(&mut breaker, 200));
        assert_eq!(breaker.next_probe(at(200)), minute, "it was back meanwhile");
    }

    #[test]
    fn requests_that_fail_together_count_once() {
        let mut breaker = Breaker::default();

        for volley in 1..=THRESHOLD {
            assert!(!breaker.is_open(), "open before volley {volley}");
            let numbers: Vec<u64> = (0..8).map(|_| breaker.sends()).collect();
            for number in numbers {
                breaker.failed(number, at(0));
            }
        }

        assert!(breaker.is_open());
    }
}
