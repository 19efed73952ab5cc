//! Asking the sources: many at a time, and what each says is on its way to the writing thread at once.
//!
//! Promises: nothing here changes a file. Every job that was asked gives exactly one message; when the run is
//! asked to stop, the jobs that were not begun give none.
//! Leaves to others: what an answer means (`answer`).

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, PoisonError};
use std::thread::Scope;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::source::MarketDataSource;
use crate::storage::Stores;
use crate::sys::{Clock, Shutdown, Stopwatch};

use super::answer::Answer;
use super::{Pace, PlannedVenue, RunOptions};
use crate::workspace::Session;

/// An answer on its way to the writing thread.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) venue: usize,
    pub(super) job: usize,
    pub(super) answer: Answer,
}

/// What the fetching threads of one venue share.
#[derive(Debug)]
pub(super) struct Fetchers<'l> {
    pub(super) at: usize,
    pub(super) planned: &'l PlannedVenue,
    pub(super) source: &'l dyn MarketDataSource,
    pub(super) stores: &'l Stores,
    pub(super) now: DateTime<Utc>,
    pub(super) clock: &'l dyn Clock,
    pub(super) stop: &'l Shutdown,
    pub(super) pace: Option<Pace>,
    next: AtomicUsize,
    last_request: Mutex<Option<Stopwatch>>,
}

impl<'l> Fetchers<'l> {
    pub(super) fn new(
        at: usize,
        planned: &'l PlannedVenue,
        source: &'l dyn MarketDataSource,
        stores: &'l Stores,
        session: Session<'l>,
        options: &RunOptions,
    ) -> Self {
        let (now, pace) = (options.now, options.pace);
        let Session { clock, stop, .. } = session;
        let (next, last_request) = (AtomicUsize::new(0), Mutex::new(None));
        Self {
            at,
            planned,
            source,
            stores,
            now,
            clock,
            stop,
            pace,
            next,
            last_request,
        }
    }

    /// Starts the threads of this venue.
    pub(super) fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        threads: NonZeroUsize,
        answers: &SyncSender<Message>,
    ) {
        for _ in 0..threads.get().min(self.planned.jobs.len()) {
            let answers = answers.clone();
            scope.spawn(move || self.work(&answers));
        }
    }

    fn work(&self, answers: &SyncSender<Message>) {
        while !self.stop.is_raised() {
            let job_at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = self.planned.jobs.get(job_at) else {
                return;
            };
            self.keep_pace();
            let message = Message {
                venue: self.at,
                job: job_at,
                answer: self.ask(job),
            };
            // Nobody listens any more: the writing thread has ended the run.
            if answers.send(message).is_err() {
                return;
            }
        }
    }

    /// Spaces requests evenly, over all threads of the venue.
    fn keep_pace(&self) {
        let Some(pace) = self.pace else { return };
        let mut last = self
            .last_request
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = *last {
            let spacing = pace.seconds / f64::from(pace.requests.max(1));
            let left = (spacing - last.seconds()).max(0.0);
            self.clock.sleep(
                Duration::try_from_secs_f64(left).unwrap_or_default(),
                self.stop,
            );
        }
        *last = Some(Stopwatch::start());
    }
}
