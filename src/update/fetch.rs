//! Asking the sources: many at a time, and what each says is on its way to the writing thread at once.
//!
//! Promises: nothing here changes a file. Every job gives exactly one message; when the run is asked to stop, the jobs that
//! were not begun or wait for their next try give none. A job that waits holds no thread as long as another one can be asked.
//! Leaves to others: what an answer amounts to (`answers`), which job is next (`queue`), when it is tried again (`http`).

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::mpsc::SyncSender;
use std::thread::Scope;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use crate::http::Talk;
use crate::model::{PriceBasis, time};
use crate::source::{Asked, Download, FetchJob, MarketDataSource, SourceError};
use crate::storage::Stores;
use crate::sys::{Clock, Shutdown, Stopwatch, locked};

use super::queue::{Next, Queue};
use super::{History, PlannedJob, PlannedVenue, RunOptions, bars_request};
use crate::answers::{Answer, AskedSeries};
use crate::feeds::{self, Arrival, FeedTask};
use crate::workspace::Session;

/// What is on its way to the writing thread.
#[derive(Debug)]
pub(super) enum Incoming {
    /// An answer of a source.
    Answer(Message),
    /// Something of the feed with this number.
    Feed(usize, Arrival),
}

/// An answer on its way to the writing thread.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) venue: usize,
    pub(super) job: usize,
    pub(super) answer: Answer,
    /// What was heard, for the vault.
    pub(super) downloads: Vec<Download>,
}

/// A job that was begun.
#[derive(Debug)]
struct Begun {
    job: usize,
    question: FetchJob,
    talk: Talk,
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
    pub(super) pace: Option<Duration>,
    queue: Mutex<Queue<Begun>>,
    /// Since when the moments of the queue are counted.
    watch: Stopwatch,
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
        let queue = Mutex::new(Queue::of(planned.jobs.len()));
        Self {
            at,
            planned,
            source,
            stores,
            now,
            clock,
            stop,
            pace,
            queue,
            watch: Stopwatch::start(),
            last_request: Mutex::new(None),
        }
    }

    /// Starts the threads of this venue.
    pub(super) fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        threads: NonZeroUsize,
        answers: &SyncSender<Incoming>,
    ) {
        for _ in 0..threads.get().min(self.planned.jobs.len()) {
            let answers = answers.clone();
            scope.spawn(move || self.work(&answers));
        }
    }

    fn work(&self, answers: &SyncSender<Incoming>) {
        while let Some(mut begun) = self.next() {
            let Some(job) = self.planned.jobs.get(begun.job) else {
                return;
            };
            self.keep_pace();
            match self.ask(job, &begun.question, &mut begun.talk) {
                Err(wait) => {
                    let due = self.watch.elapsed().saturating_add(wait);
                    locked(&self.queue).put_back(due, begun);
                }
                Ok(answer) => {
                    let downloads = self.downloads(&begun, &answer);
                    let message = Message {
                        venue: self.at,
                        job: begun.job,
                        answer,
                        downloads,
                    };
                    // Nobody listens any more: the writing thread has ended the run.
                    let message = Incoming::Answer(message);
                    if answers.send(message).is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Returns the question for one series.
    fn question(&self, job: &PlannedJob) -> FetchJob {
        let mut question = job.fetch_job(self.now, self.basis(job));
        if job.asked == Asked::Explicit && question.basis.is_some() && question.known.is_none() {
            question.known = self.newest(job);
        }
        question
    }

    /// Returns the basis of the stored rows, for sources that count requests and can give more than one: looking for
    /// it may cost a whole file. What cannot be read now is judged once more before anything is merged with it.
    fn basis(&self, job: &PlannedJob) -> Option<PriceBasis> {
        let is_asked = self.source.cost(&job.fetch_job(self.now, None)) > 0;
        if !job.has_rows || !is_asked {
            return None;
        }
        let request = bars_request(&self.planned.venue, job);
        self.stores
            .basis(&request, job.route.layout)
            .unwrap_or_default()
    }

    /// Returns the day of the newest stored row, where windows have left rows that the registry does not know as newest.
    fn newest(&self, job: &PlannedJob) -> Option<NaiveDate> {
        let request = bars_request(&self.planned.venue, job);
        let stored = self.stores.of(job.route.layout).read(&request);
        // What cannot be read now is judged once more before anything is merged with it.
        let (_, newest) = stored.ok().flatten()?.frame.span()?;
        Some(time::day(newest))
    }

    /// Asks for one series; an error is the pause after which it is to be asked for again.
    fn ask(
        &self,
        job: &PlannedJob,
        question: &FetchJob,
        talk: &mut Talk,
    ) -> Result<Answer, Duration> {
        let asked = AskedSeries {
            source: self.source,
            stores: self.stores,
            ticker: &job.ticker,
            interval: job.interval,
            identity: job.identity.as_ref(),
            has_rows: job.has_rows,
            layout: job.route.layout,
            is_rebased: job.history == History::Whole,
            continuity: job.continuity,
        };
        match self.source.fetch_on(question, talk, self.stop) {
            Err(SourceError::Later { wait, .. }) => Err(wait),
            heard => Ok(asked.answer(heard)),
        }
    }

    fn downloads(&self, begun: &Begun, answer: &Answer) -> Vec<Download> {
        match self.source.vault() {
            None => Vec::new(),
            Some(_) => self
                .source
                .record(&begun.question, answer.mark(), &begun.talk),
        }
    }

    /// Takes the next job, and waits for its moment; `None` when there is none, or the run is asked to stop.
    fn next(&self) -> Option<Begun> {
        if self.stop.is_raised() {
            return None;
        }
        let next = locked(&self.queue).take(self.watch.elapsed());
        match next {
            Next::Begin(at) => {
                let question = self.question(self.planned.jobs.get(at)?);
                Some(Begun {
                    job: at,
                    question,
                    talk: Talk::default(),
                })
            }
            Next::GoOn { after, job } => {
                // What was waited for has come, also by a clock that stands still.
                self.clock.sleep(after, self.stop);
                (!self.stop.is_raised()).then_some(job)
            }
            Next::Nothing => None,
        }
    }

    /// Spaces requests evenly, over all threads of the venue.
    fn keep_pace(&self) {
        let Some(pace) = self.pace else { return };
        let mut last = locked(&self.last_request);
        if let Some(last) = *last {
            self.clock
                .sleep(pace.saturating_sub(last.elapsed()), self.stop);
        }
        *last = Some(Stopwatch::start());
    }
}

/// Starts a thread for each feed.
pub(super) fn start_feeds<'scope>(
    scope: &'scope Scope<'scope, '_>,
    tasks: &'scope [FeedTask<'_>],
    answers: &SyncSender<Incoming>,
) {
    for (at, task) in tasks.iter().enumerate() {
        let answers = answers.clone();
        let send = move |arrival| answers.send(Incoming::Feed(at, arrival)).is_ok();
        scope.spawn(move || feeds::fetch(task, &send));
    }
}
