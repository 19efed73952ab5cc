//! Executes a plan: sources are asked side by side, one thread stages, and each venue is consolidated as soon as
//! its answers are in, so that a slow venue does not hold back a quick one.
//!
//! Promises: everything that changes a file happens on the thread that called `run`. A stop leaves what is not asked
//! for yet and consolidates no venue whose answers are not all in.
//! Leaves to others: what becomes of one answer (`arrivals`), of the rows of a venue (`consolidate`).

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use crate::answers::{KeptAnswers, Replay};
use crate::backlog::{GapNote, Owed, Remembered, Remembering};
use crate::feeds::{FeedRuns, FeedsAsked};
use crate::layout::Places;
use crate::model::{Interval, Ticker, Venue};
use crate::observe::Event;
use crate::storage::{StorageError, check_staging};
use crate::sys::Stopwatch;

use super::arrivals::Arrivals;
use super::fetch::{Fetchers, Incoming, Message, start_feeds};
use super::planned::VenueJob;
use super::{Feeding, PlannedVenue, UpdateError, UpdatePlan};
use crate::ingest::{Consolidation, Registry, RunReport, SourceNotes, let_rest, outages};
use crate::workspace::{Session, View, keep_learned};

/// How a plan is executed.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// The moment of the run.
    pub now: DateTime<Utc>,
    /// The day that outcomes are recorded under.
    pub today: NaiveDate,
    /// Threads per venue that ask the source.
    pub jobs: NonZeroUsize,
    /// What becomes of series that the source does not know.
    pub not_founds: NotFounds,
    /// The least time between two requests to a source; `None` leaves that to the source.
    pub pace: Option<Duration>,
}

/// What becomes of series that the source does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFounds {
    /// They are recorded, and rest for 30 days.
    Save,
    /// They are reported only.
    Leave,
}

/// Executes a plan.
///
/// # Errors
/// When the disk refuses, or the lock is lost. Whatever was committed stays, and
/// what was fetched stays staged for the next run.
pub fn run(
    plan: &UpdatePlan,
    view: View<'_>,
    session: Session<'_>,
    registry: &mut Registry,
    options: &RunOptions,
) -> Result<RunReport, UpdateError> {
    // A mount point without its disk is no place for rows.
    let home = session.places.without_disk();
    let session = if plan.data.is_there() {
        session
    } else {
        Session {
            places: &home,
            ..session
        }
    };
    check_staging(session.fs, session.places)?;
    let total = Stopwatch::start();
    let mut run = Run {
        view,
        session,
        options: *options,
        registry,
        report: RunReport {
            unserved: plan.unserved.clone(),
            data: plan.data.clone(),
            ..RunReport::default()
        },
        home: &home,
        gaps: Remembered::default(),
    };
    if let Err(error) = run.execute(plan) {
        run.report.warn_of_damage(session.observer);
        return Err(error);
    }
    if run.report.data.is_there() {
        if plan.feeding == Feeding::Asked {
            run.note_losses(plan);
        }
        run.record_unknown();
        run.registry.save(session)?;
    }
    run.report.interrupted = session.stop.signal();
    run.report.seconds.total = total.seconds();
    Ok(run.report)
}

/// A run in progress. Everything that changes a file happens on the thread that owns this.
pub(super) struct Run<'r, 'l> {
    pub(super) view: View<'l>,
    pub(super) session: Session<'l>,
    pub(super) options: RunOptions,
    pub(super) registry: &'r mut Registry,
    pub(super) report: RunReport,
    /// The places of a run that must not touch the data root.
    home: &'l Places,
    /// What is remembered of gaps, as far as it was looked at.
    pub(super) gaps: Remembered,
}

impl<'l> Run<'_, 'l> {
    /// Makes the bars of every venue anew whose answers are kept.
    fn replay_answers(
        &mut self,
        plan: &UpdatePlan,
        since: Option<NaiveDate>,
    ) -> Result<(), UpdateError> {
        if !self.report.data.is_there() {
            // The answers stay where they are; that the rows are gone is the outcome of the run.
            return Ok(());
        }
        let mut replay = Replay {
            view: self.view,
            session: self.session,
            registry: self.registry,
            report: &mut self.report,
        };
        for planned in &plan.venues {
            let jobs = planned.jobs.iter();
            let series: Vec<_> = jobs.map(|job| (job.ticker.clone(), job.interval)).collect();
            replay.of_venue(&planned.venue, &series, since)?;
        }
        Ok(())
    }

    fn execute(&mut self, plan: &UpdatePlan) -> Result<(), UpdateError> {
        let (jobs, observer) = (self.options.jobs, self.session.observer);
        let asked = match plan.feeding {
            Feeding::Asked => plan.series(),
            Feeding::Replayed { .. } => 0,
        };
        observer.observe(Event::FetchPlanned { series: asked });
        let (view, session, options) = (self.view, self.session, self.options);
        let feeds = FeedsAsked {
            venues: &plan.feeds,
            days: plan.days,
        };
        if let Feeding::Replayed { since } = plan.feeding {
            feeds.replay(since, (view, session), self.registry, &mut self.report)?;
            return self.replay_answers(plan, since);
        }
        let fetchers: Vec<Fetchers<'_>> = plan
            .venues
            .iter()
            .enumerate()
            .filter_map(|(at, planned)| {
                let source = &**view.source(&planned.venue)?;
                let stores = view.stores;
                Some(Fetchers::new(
                    at, planned, source, stores, session, &options,
                ))
            })
            .collect();
        for planned in &plan.venues {
            self.report.at(&planned.venue).tickers.skipped = planned.skipped.len();
        }
        let requests_before: Vec<u64> = fetchers.iter().map(|f| f.source.requests()).collect();
        let mut feeds = FeedRuns::begin(feeds, view, session, &mut self.report)?;
        let tasks = feeds.tasks();
        let watch = Stopwatch::start();
        thread::scope(|scope| {
            let (answers, arriving) = sync_channel(2 * jobs.get());
            for fetchers in &fetchers {
                fetchers.start(scope, jobs, &answers);
            }
            start_feeds(scope, &tasks, &answers);
            drop(answers);
            self.receive(plan, &mut feeds, &arriving)
        })?;
        feeds.count_requests(&mut self.report);
        for (fetchers, before) in fetchers.iter().zip(requests_before) {
            let sent = fetchers.source.requests() - before;
            let venue = &fetchers.planned.venue;
            self.report.at(venue).requests = sent;
            let remarks = fetchers.source.remarks().into_iter();
            let told = remarks.map(|remark| format!("{venue}: {remark}"));
            self.report.warnings.extend(told);
        }
        keep_learned(
            self.session,
            fetchers.iter().map(|fetchers| fetchers.source),
        );
        self.report.seconds.fetch = watch.seconds() - self.report.seconds.consolidate;
        Ok(())
    }

    fn receive(
        &mut self,
        plan: &UpdatePlan,
        feeds: &mut FeedRuns<'l>,
        arriving: &Receiver<Incoming>,
    ) -> Result<(), UpdateError> {
        let (view, session) = (self.view, self.session);
        let fresh = |planned: &PlannedVenue| Arrivals {
            left: planned.jobs.len(),
            run: None,
            notes: SourceNotes::new(),
            checked: Vec::new(),
            kept: view
                .source(&planned.venue)
                .and_then(|source| KeptAnswers::of(&**source, session)),
        };
        let mut arrivals: Vec<Arrivals<'l>> = plan.venues.iter().map(fresh).collect();
        loop {
            let wait = Stopwatch::start();
            let Ok(incoming) = arriving.recv() else {
                break;
            };
            self.report.seconds.source_wait += wait.seconds();
            let Message {
                venue,
                job,
                answer,
                downloads,
            } = match incoming {
                Incoming::Answer(message) => message,
                Incoming::Feed(at, arrival) => {
                    let registry = &mut *self.registry;
                    feeds.take((at, arrival), (view, session), registry, &mut self.report)?;
                    continue;
                }
            };
            let (Some(planned), Some(arrived)) = (plan.venues.get(venue), arrivals.get_mut(venue))
            else {
                continue;
            };
            if let Some(kept) = &mut arrived.kept {
                kept.keep(&downloads, &mut self.report.warnings)?;
            }
            if let Some(job) = planned.jobs.get(job) {
                let venue = &planned.venue;
                self.take(VenueJob { venue, job }, answer, arrived)?;
            }
            arrived.left -= 1;
            if arrived.left > 0 {
                continue;
            }
            if let Some(kept) = &mut arrived.kept {
                kept.settle(&mut self.report.warnings)?;
            }
            if !self.session.stop.is_raised() {
                self.consolidate(planned, arrived)?;
                if let Some(kept) = &mut arrived.kept {
                    kept.tidy(&mut self.report.warnings)?;
                }
            }
        }
        Ok(())
    }

    fn consolidate(
        &mut self,
        planned: &PlannedVenue,
        arrived: &mut Arrivals<'l>,
    ) -> Result<(), UpdateError> {
        let Some(run) = arrived.run.take() else {
            self.remember(planned);
            return Ok(());
        };
        let watch = Stopwatch::start();
        let staged = run.len();
        let sealed = match run.seal() {
            Ok(sealed) => sealed,
            Err(error) => return self.withhold(staged, error.into()),
        };
        // The rows are durable and not committed: after a crash no day passes for told of which they are nowhere, and none of
        // those in the tree for unwatched.
        self.remember(planned);
        if !self.report.data.is_there() {
            // Nothing of it is recorded either: what is staged is merged, and asked for again, when the rows are back.
            self.report.withheld += staged;
            return Ok(());
        }
        for checked in arrived.checked.drain(..) {
            self.note_checked(&planned.venue, checked);
        }
        let Self {
            view,
            session,
            registry,
            report,
            ..
        } = self;
        let (view, session) = (*view, *session);
        let done = Consolidation {
            view,
            session,
            registry,
            notes: &arrived.notes,
            report,
        }
        .finish(sealed);
        self.report.seconds.consolidate += watch.seconds();
        done.or_else(|error| self.withhold(staged, error.into()))
    }

    /// Takes in what was learned of the days of a series, if anything was.
    pub(super) fn learn(&mut self, venue: &Venue, note: Option<GapNote>) {
        if let Some(note) = note {
            let by = remembering(self.view, self.session, self.registry, &self.options);
            self.gaps.learn(by, venue, note);
        }
    }

    /// Writes down what was learned of the series of a venue.
    fn remember(&mut self, planned: &PlannedVenue) {
        let by = remembering(self.view, self.session, self.registry, &self.options);
        self.gaps.write(by, &planned.venue);
    }

    /// Tells whether days of a series are known to be lost.
    pub(super) fn are_known_lost(
        &mut self,
        of: (&Ticker, &Venue, Interval),
        days: (NaiveDate, NaiveDate),
    ) -> bool {
        let by = remembering(self.view, self.session, self.registry, &self.options);
        self.gaps.are_known_lost(by, of, days)
    }

    /// Names what sources forgot before an answer came.
    fn note_losses(&mut self, plan: &UpdatePlan) {
        let by = remembering(self.view, self.session, self.registry, &self.options);
        let series: Vec<_> = plan.venues.iter().map(PlannedVenue::series).collect();
        let (losses, warnings) = self.gaps.note_losses(by, &series);
        self.report.losses.extend(losses);
        self.report.warnings.extend(warnings);
    }

    /// Counts what stays staged, if the data root has turned read-only under the run; any other failure ends it.
    fn withhold(&mut self, staged: usize, error: UpdateError) -> Result<(), UpdateError> {
        if !self.has_shut(&error) {
            return Err(error);
        }
        self.report.withheld += staged;
        Ok(())
    }

    /// Tells whether a failure comes of a data root that takes no files. Then the run goes on to collect, in the staging
    /// place of the workspace, and records nothing more.
    pub(super) fn has_shut(&mut self, error: &UpdateError) -> bool {
        let dir = &self.home.data;
        let is_below = match error {
            UpdateError::Storage(StorageError::Staging { path, .. }) => path.starts_with(dir),
            UpdateError::Storage(error) => error.is_of_place_below(dir),
            UpdateError::Fs(error) => error.is_of_place() && error.path.starts_with(dir),
            _ => false,
        };
        if is_below && self.report.data.is_there() {
            let data = self.view.data_root(self.registry.catalog());
            if data.refusal().is_some() {
                self.report.data = data;
                self.session.places = self.home;
            }
        }
        is_below && self.report.data.refusal().is_some()
    }

    /// Lets series rest that their sources do not know, if that is asked for.
    fn record_unknown(&mut self) {
        if self.options.not_founds == NotFounds::Leave {
            return;
        }
        let venues = &self.report.venues;
        self.report.warnings.extend(outages(venues));
        let catalog = self.registry.catalog_mut();
        let_rest(venues, catalog, self.options.today);
    }
}

/// Returns what remembering gaps takes. A function of fields, since what is remembered is one as well.
fn remembering<'r>(
    view: View<'r>,
    session: Session<'r>,
    registry: &'r Registry,
    options: &RunOptions,
) -> Remembering<'r> {
    let owed = Owed {
        view,
        catalog: registry.catalog(),
        now: options.now,
    };
    Remembering {
        owed,
        session,
        today: options.today,
    }
}
