//! A clock that passes only while somebody waits.

use std::sync::Mutex;
use std::time::Duration;

use barkeep::sys::{Clock, Shutdown};
use chrono::{DateTime, TimeDelta, Utc};

/// Stands still but for waits, which pass at once and are remembered.
#[derive(Debug)]
pub(crate) struct WaitingClock {
    now: Mutex<DateTime<Utc>>,
    waits: Mutex<Vec<Duration>>,
}

impl WaitingClock {
    pub(crate) fn at(now: DateTime<Utc>) -> Self {
        Self {
            now: Mutex::new(now),
            waits: Mutex::default(),
        }
    }

    /// The waits up to now, in seconds; those that were none are left out.
    pub(crate) fn waits(&self) -> Vec<f64> {
        let waits = self.waits.lock().unwrap();
        let real = waits.iter().filter(|wait| !wait.is_zero());
        real.map(Duration::as_secs_f64).collect()
    }

    /// Lets time pass, or sets the clock back.
    pub(crate) fn pass(&self, seconds: i64) {
        *self.now.lock().unwrap() += TimeDelta::seconds(seconds);
    }
}

impl Clock for WaitingClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    fn sleep(&self, wait: Duration, _stop: &Shutdown) {
        *self.now.lock().unwrap() += TimeDelta::from_std(wait).unwrap();
        self.waits.lock().unwrap().push(wait);
    }
}
