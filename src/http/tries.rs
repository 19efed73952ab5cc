//! When a request is sent again: pure, for whoever waits, at once or after other work.
//!
//! Promises: a request is tried three times at most. Where much fails, second tries are a share of a run's requests: a host
//! that is in trouble is not helped by three times as many, and a run would not end.

use std::time::Duration;

use super::address::Address;

/// The pauses between tries; there is one try more than there are pauses.
pub(super) const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// So many second tries a run has for each host, and a share of its other requests beside them.
const SPARE: u64 = 20;
/// One second try for so many first ones.
const SHARE: u64 = 5;

/// What was tried of one request so far.
#[derive(Debug, Default)]
pub struct Tries {
    /// How often it failed since it was answered last.
    pub(super) failed: usize,
    /// Where the server sent it, and how often it was sent on.
    pub(super) sent_on: Option<Address>,
    pub(super) redirects: usize,
}

/// The second tries of a run at one host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SecondTries {
    count: u64,
}

impl SecondTries {
    /// Returns the pause before the next try of a request that failed so often before; `None` when there is to be none.
    /// `sent` are all requests that the host got, tries included.
    pub(super) fn pause(&mut self, failed_before: usize, sent: u64) -> Option<Duration> {
        let pause = PAUSES.get(failed_before).copied()?;
        let first_ones = sent.saturating_sub(self.count);
        if self.count >= SPARE + first_ones / SHARE {
            return None;
        }
        self.count += 1;
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many requests a run sends for so many addresses of which every `nth` always fails.
    fn sent(addresses: u64, nth: u64) -> u64 {
        let (mut tries, mut sent) = (SecondTries::default(), 0);
        for address in 0..addresses {
            sent += 1;
            if address % nth != 0 {
                continue;
            }
            let mut failed = 0;
            while tries.pause(failed, sent).is_some() {
                failed += 1;
                sent += 1;
            }
        }
        sent
    }

    #[test]
    fn a_request_is_tried_three_times() {
        let mut tries = SecondTries::default();

        let pauses: Vec<_> = (0..3).map(|failed| tries.pause(failed, 3)).collect();

        assert_eq!(pauses, [Some(PAUSES[0]), Some(PAUSES[1]), None]);
    }

    #[test]
    fn one_failure_in_ten_is_tried_three_times_each_and_many_are_not() {
        assert_eq!(sent(1000, 10), 1000 + 2 * 100);
        assert_eq!(sent(1001, 2), 1001 + 20 + 200);
        assert_eq!(sent(9000, 1), 9000 + 20 + 1800);
    }

    #[test]
    fn a_small_run_has_all_its_tries() {
        assert_eq!(sent(10, 1), 30);
    }
}
