//! One gate for each host, through which every request goes: budget, requests to wait, and hosts that are down.
//!
//! Promises: all threads, sources and runs of a workspace share the budget of a host; waiting goes through the clock
//! and ends when the run is asked to stop; nobody waits longer than the longest wait, but is told how long it would
//! have been. The state is written at the first request, about once a second from then on, at once when the host
//! asks to be left alone, and at the end; a process that is killed loses a second of it.
//! Leaves to others: what counts as a failure (`client`).

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::HttpError;
use super::address::file_name;
use super::breaker::Breaker;
use super::bucket::{Bucket, Rate, later, until};
use super::state::{StateFolder, Usage};
use super::tries::{SecondTries, Tries};
use crate::sys::atomic::TempNames;
use crate::sys::{Clock, Fs, FsResult, Shutdown, locked};

/// How long a request may wait for its turn before it is refused instead.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// How often who waits for a host looks whether it is back.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How old the file of a host may become while it is used.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// The gates of a workspace. One for the whole process, shared by every source.
#[derive(Debug)]
pub struct RateLimiter {
    clock: Arc<dyn Clock>,
    folder: StateFolder,
    gates: Mutex<BTreeMap<String, Arc<HostGate>>>,
}

impl RateLimiter {
    /// Returns the limiter of the workspace whose `state` folder is given. Nothing is read yet.
    ///
    /// `clock` must be one that runs: in a replay the clock that waits, since budgets are about real time.
    pub fn new(fs: Arc<dyn Fs>, clock: Arc<dyn Clock>, state: &Path, temps: TempNames) -> Self {
        Self {
            clock,
            folder: StateFolder {
                fs,
                temps: Arc::new(temps),
                state: state.to_owned(),
                is_made: Arc::default(),
            },
            gates: Mutex::default(),
        }
    }

    /// Returns the clock by which everybody waits.
    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Returns the gate of a host, `name` or `name:port`. Of two budgets for one host the stricter one holds.
    pub fn gate(&self, host: &str, rate: Rate) -> Arc<HostGate> {
        let mut gates = locked(&self.gates);
        if let Some(gate) = gates.get(host) {
            let mut passage = locked(&gate.passage);
            passage.rate = passage.rate.stricter(rate);
            return Arc::clone(gate);
        }
        let file = file_name(host);
        let usage = self.folder.read(&file, rate, self.clock.now());
        let gate = Arc::new(HostGate {
            host: host.to_owned(),
            file,
            clock: Arc::clone(&self.clock),
            folder: self.folder.clone(),
            passage: Mutex::new(Passage {
                rate,
                usage,
                breaker: Breaker::default(),
                second_tries: SecondTries::default(),
                saved_at: None,
                is_saved: true,
            }),
        });
        gates.insert(host.to_owned(), Arc::clone(&gate));
        gate
    }

    /// Writes what is not written yet. Dropping does so, too, and tells nobody of errors.
    ///
    /// # Errors
    /// The first file that could not be written; the others are tried all the same.
    pub fn flush(&self) -> FsResult<()> {
        let gates: Vec<_> = locked(&self.gates).values().cloned().collect();
        let outcomes: Vec<FsResult<()>> = gates.iter().map(|gate| gate.flush()).collect();
        outcomes.into_iter().collect()
    }
}

/// The gate of one host.
pub struct HostGate {
    host: String,
    file: String,
    clock: Arc<dyn Clock>,
    folder: StateFolder,
    passage: Mutex<Passage>,
}

#[derive(Debug)]
struct Passage {
    rate: Rate,
    usage: Usage,
    breaker: Breaker,
    second_tries: SecondTries,
    saved_at: Option<DateTime<Utc>>,
    is_saved: bool,
}

/// A request that may be sent, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn(u64);

/// A place in the queue.
struct Reserved {
    at: DateTime<Utc>,
    /// The bucket right before and right after the token was taken.
    before: Bucket,
    bucket: Bucket,
    /// It is to show whether a host that is left alone is back.
    is_probe: bool,
}

/// Whether a request may be sent, as far as the host is not left alone.
enum Admission {
    Granted(Reserved),
    /// To be asked again.
    After(Duration),
}

impl HostGate {
    /// Waits until the next request may be sent. While the host is left alone, that is after it is back, for a request that was
    /// never sent: one that failed before may be what the host fails at.
    ///
    /// # Errors
    /// `CircuitOpen` where the host is left alone and not waited for, `Throttled` when the turn is too far away, `Stopped`.
    pub fn wait_turn(&self, tries: &Tries, stop: &Shutdown) -> Result<Turn, HttpError> {
        let mut moment = self.clock.now();
        loop {
            let reserved = self.reserve_admitted(&mut moment, tries, stop)?;
            let waited = self.wait_for(reserved.at, moment, stop);
            let mut passage = locked(&self.passage);
            if let Err(error) = waited {
                let Reserved { before, bucket, .. } = reserved;
                passage.usage.bucket.give_back(before, bucket);
                return Err(error);
            }
            if passage.breaker.is_open() && !reserved.is_probe {
                // Others found out meanwhile that the host is down.
                moment = self.clock.now().max(reserved.at);
                continue;
            }
            if passage.rate.is_limited() {
                passage.is_saved = false;
                self.save_now_and_then(&mut passage);
            }
            return Ok(Turn(passage.breaker.sends()));
        }
    }

    /// Takes a place in the queue, once the host is not left alone any more or may be asked whether it is back.
    fn reserve_admitted(
        &self,
        moment: &mut DateTime<Utc>,
        tries: &Tries,
        stop: &Shutdown,
    ) -> Result<Reserved, HttpError> {
        loop {
            match self.reserve(*moment)? {
                Admission::Granted(reserved) => return Ok(reserved),
                Admission::After(_) if tries.failed > 0 => {
                    return Err(self.circuit_open(&locked(&self.passage)));
                }
                Admission::After(_) if stop.is_raised() => {
                    return Err(HttpError::Stopped);
                }
                Admission::After(wait) => {
                    // Somebody else's request may show sooner that it is back.
                    let step = wait.clamp(Duration::from_millis(1), LOOK_EVERY);
                    self.clock.sleep(step, stop);
                    // What was waited for has come, also by a clock that stands still.
                    let step = TimeDelta::from_std(step).unwrap_or_default();
                    *moment = self.clock.now().max(later(*moment, step));
                }
            }
        }
    }

    fn reserve(&self, now: DateTime<Utc>) -> Result<Admission, HttpError> {
        let mut passage = locked(&self.passage);
        let rate = passage.rate;
        let mut at = passage.usage.blocked_until.unwrap_or(now).max(now);
        if rate.is_limited() {
            at = at.max(passage.usage.bucket.next_turn(rate, now));
        }
        // Before a token is taken: a run with thousands of tickers would run up a debt by asking.
        if until(now, at) > LONGEST_WAIT {
            return Err(self.throttled(until(now, at)));
        }
        let is_probe = passage.breaker.is_open();
        if !passage.breaker.admits(now) {
            let wait = passage.breaker.next_probe(now);
            let wait = wait.ok_or_else(|| self.circuit_open(&passage))?;
            return Ok(Admission::After(wait));
        }
        let before = passage.usage.bucket;
        if rate.is_limited() {
            passage.usage.bucket.take(rate, now);
        }
        Ok(Admission::Granted(Reserved {
            at,
            before,
            bucket: passage.usage.bucket,
            is_probe,
        }))
    }

    fn wait_for(
        &self,
        turn: DateTime<Utc>,
        mut moment: DateTime<Utc>,
        stop: &Shutdown,
    ) -> Result<(), HttpError> {
        loop {
            if stop.is_raised() {
                return Err(HttpError::Stopped);
            }
            // Read anew after each wait: another thread may have been asked to leave the host alone.
            let blocked = locked(&self.passage).usage.blocked_until.unwrap_or(turn);
            let due = turn.max(blocked);
            let wait = until(moment, due);
            if wait.is_zero() {
                return Ok(());
            }
            if wait > LONGEST_WAIT {
                return Err(self.throttled(wait));
            }
            self.clock.sleep(wait, stop);
            // What was waited for has come, also by a clock that stands still.
            moment = self.clock.now().max(due);
        }
    }

    /// Notes that the host answered.
    pub(super) fn answered(&self) {
        locked(&self.passage).breaker.answered();
    }

    /// Notes that a request did not reach the host or that it does not work; tells whether it is left alone now.
    pub(super) fn failed(&self, turn: Turn) -> bool {
        let mut passage = locked(&self.passage);
        passage.breaker.failed(turn.0, self.clock.now());
        passage.breaker.is_open()
    }

    /// Notes that a try failed, and returns the pause before the next one, if there is to be one.
    pub(super) fn pause(&self, tries: &mut Tries) -> Option<Duration> {
        let mut passage = locked(&self.passage);
        let sent = passage.breaker.sent();
        let pause = passage.second_tries.pause(tries.failed, sent)?;
        tries.failed += 1;
        Some(pause)
    }

    /// Lets nobody through for a while.
    pub(super) fn block(&self, wait: Duration) {
        let now = self.clock.now();
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
        let mut passage = locked(&self.passage);
        let blocked = passage.usage.blocked_until.unwrap_or(now);
        passage.usage.blocked_until = Some(blocked.max(later(now, wait)));
        passage.is_saved = false;
        self.save(&mut passage, now).unwrap_or_default();
    }

    pub(super) fn throttled(&self, retry_after: Duration) -> HttpError {
        HttpError::Throttled {
            host: self.host.clone(),
            retry_after,
        }
    }

    fn circuit_open(&self, passage: &Passage) -> HttpError {
        HttpError::CircuitOpen {
            host: self.host.clone(),
            failures: passage.breaker.failures(),
        }
    }

    fn flush(&self) -> FsResult<()> {
        self.save(&mut locked(&self.passage), self.clock.now())
    }

    fn save_now_and_then(&self, passage: &mut Passage) {
        let now = self.clock.now();
        let is_due = match passage.saved_at {
            None => true,
            Some(saved_at) => until(saved_at, now) >= SAVE_EVERY,
        };
        if is_due {
            // Collecting comes first: this run knows the budget by heart, and the end of the run tries again.
            self.save(passage, now).unwrap_or_default();
        }
    }

    fn save(&self, passage: &mut Passage, now: DateTime<Utc>) -> FsResult<()> {
        if passage.is_saved {
            return Ok(());
        }
        passage.saved_at = Some(now);
        self.folder.write(&self.file, &passage.usage, now)?;
        passage.is_saved = true;
        Ok(())
    }
}

impl Drop for HostGate {
    fn drop(&mut self) {
        self.flush().unwrap_or_default();
    }
}

impl fmt::Debug for HostGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostGate")
            .field("host", &self.host)
            .field("passage", &self.passage)
            .finish_non_exhaustive()
    }
}
