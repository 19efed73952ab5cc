//! The clock, injected so that tests and replays choose the time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Local, NaiveDate, Utc};

use super::Shutdown;

/// Tells the time and waits.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the current moment.
    fn now(&self) -> DateTime<Utc>;

    /// Waits, or returns early when a shutdown is asked for.
    fn sleep(&self, wait: Duration, stop: &Shutdown);

    /// Returns today's date on the machine's own calendar, which is what tickers.json records.
    fn today(&self) -> NaiveDate {
        self.now().with_timezone(&Local).date_naive()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn sleep(&self, wait: Duration, stop: &Shutdown) {
        // Slices keep a signal from waiting for a long pause.
        const SLICE: Duration = Duration::from_millis(50);
        let mut left = wait;
        while !left.is_zero() && !stop.is_raised() {
            let slice = left.min(SLICE);
            std::thread::sleep(slice);
            left = left.saturating_sub(slice);
        }
    }
}

/// A clock that stands still and never waits, for tests.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock(pub DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }

    fn sleep(&self, _wait: Duration, _stop: &Shutdown) {}
}

/// Tells a chosen moment and waits as another clock does: a source is not asked faster, and a lock is not given up
/// sooner, because a run is a replay.
#[derive(Clone, Debug)]
pub struct ReplayClock {
    /// The moment that is taken for now.
    pub now: DateTime<Utc>,
    /// Who waits.
    pub waits: Arc<dyn Clock>,
}

impl Clock for ReplayClock {
    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn sleep(&self, wait: Duration, stop: &Shutdown) {
        self.waits.sleep(wait, stop);
    }
}

/// Measures how long something takes; unlike a clock it is never set back.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// Returns the seconds since the start.
    pub fn seconds(self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}
