//! Executes a plan: sources are asked side by side, one thread stages, and each venue is consolidated as soon as
//! its answers are in, so that a slow venue does not hold back a quick one.

use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use chrono::{DateTime, NaiveDate, Utc};

use crate::frame::Displaced;
use crate::layout::Places;
use crate::observe::Event;
use crate::storage::{Open, StagedRun};
use crate::sys::{Fs, Stopwatch};

use super::consolidate::{Consolidation, Marks};
use super::fetch::{Answer, FetchedRows, Fetchers, Message};
use super::report::{Failure, Unknown, UpdateReport, VenueReport};
use super::{
    Hands, Outlook, PlannedJob, PlannedVenue, Registry, UpdateError, UpdatePlan, bars_request,
};

/// Bytes of staging and tree that one series is assumed to need, before anything is known of it.
const BYTES_PER_SERIES: u64 = 16 * 1024;
/// Names that one series is assumed to need.
const INODES_PER_SERIES: u64 = 4;

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
    /// How often a source is asked; `None` leaves that to the source.
    pub pace: Option<Pace>,
    /// Bytes that must stay free.
    pub min_free_bytes: u64,
    /// Inodes that must stay free.
    pub min_free_inodes: u64,
}

/// What becomes of series that the source does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFounds {
    /// They are recorded, and rest for 30 days.
    Save,
    /// They are reported only.
    Leave,
}

/// At most `requests` in `seconds`, evenly spaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// How many requests.
    pub requests: u32,
    /// In how many seconds.
    pub seconds: f64,
}

/// Executes a plan.
///
/// # Errors
/// When the disk refuses, the lock is lost, or space is missing from the start. Whatever was committed stays, and
/// what was fetched stays staged for the next run.
pub fn run(
    plan: &UpdatePlan,
    outlook: Outlook<'_>,
    hands: Hands<'_>,
    registry: &mut Registry,
    options: &RunOptions,
) -> Result<UpdateReport, UpdateError> {
    check_space(plan, hands.fs, hands.places, options)?;
    let total = Stopwatch::start();
    let mut work = Work {
        outlook,
        hands,
        options: *options,
        registry,
        report: UpdateReport::default(),
        runs_begun: 0,
    };
    work.execute(plan)?;
    work.record_unknown();
    work.registry.save(hands)?;
    work.report.interrupted = hands.stop.signal();
    work.report.seconds.total = total.seconds();
    Ok(work.report)
}

/// Makes sure that a plan has the space that it may need.
///
/// # Errors
/// `NoSpace` with what is missing; when the disk cannot be asked.
pub fn check_space(
    plan: &UpdatePlan,
    fs: &dyn Fs,
    places: &Places,
    options: &RunOptions,
) -> Result<(), UpdateError> {
    let series = plan.series() as u64;
    if series == 0 {
        return Ok(());
    }
    let is_there = fs.metadata(&places.data)?.is_some();
    let path = if is_there { &places.data } else { &places.root };
    let space = fs.space(path)?;
    let missing = |what, found, needed| UpdateError::NoSpace {
        path: path.clone(),
        what,
        found,
        needed,
    };
    let bytes = options.min_free_bytes + series * BYTES_PER_SERIES;
    if space.bytes < bytes {
        return Err(missing("bytes", space.bytes, bytes));
    }
    let inodes = options.min_free_inodes + series * INODES_PER_SERIES;
    match space.inodes {
        Some(found) if found < inodes => Err(missing("inodes", found, inodes)),
        _ => Ok(()),
    }
}

/// A run in progress. Everything that changes a file happens on the thread that owns this.
struct Work<'r, 'l> {
    outlook: Outlook<'l>,
    hands: Hands<'l>,
    options: RunOptions,
    registry: &'r mut Registry,
    report: UpdateReport,
    runs_begun: u32,
}

/// What one venue has brought so far.
struct Arrivals<'l> {
    left: usize,
    run: Option<StagedRun<'l, Open>>,
    marks: Marks,
}

impl<'l> Work<'_, 'l> {
    fn execute(&mut self, plan: &UpdatePlan) -> Result<(), UpdateError> {
        let RunOptions {
            now, pace, jobs, ..
        } = self.options;
        let Hands {
            clock,
            stop,
            observer,
            ..
        } = self.hands;
        observer.observe(Event::FetchPlanned {
            series: plan.series(),
        });
        let outlook = self.outlook;
        let fetchers: Vec<Fetchers<'_>> = plan
            .venues
            .iter()
            .enumerate()
            .filter_map(|(at, planned)| {
                let source = &**outlook.source(&planned.venue)?;
                Some(Fetchers::new(at, planned, source, now, clock, stop, pace))
            })
            .collect();
        for planned in &plan.venues {
            self.report.at(&planned.venue).tickers.skipped = planned.skipped.len();
        }
        let watch = Stopwatch::start();
        thread::scope(|scope| {
            let (answers, arriving) = sync_channel(2 * jobs.get());
            for fetchers in &fetchers {
                fetchers.start(scope, jobs, &answers);
            }
            drop(answers);
            self.receive(plan, &arriving)
        })?;
        self.report.seconds.fetch = watch.seconds() - self.report.seconds.consolidate;
        Ok(())
    }

    fn receive(
        &mut self,
        plan: &UpdatePlan,
        arriving: &Receiver<Message>,
    ) -> Result<(), UpdateError> {
        let fresh = |planned: &PlannedVenue| Arrivals {
            left: planned.jobs.len(),
            run: None,
            marks: Marks::new(),
        };
        let mut arrivals: Vec<Arrivals<'l>> = plan.venues.iter().map(fresh).collect();
        loop {
            let wait = Stopwatch::start();
            let Ok(Message { venue, job, answer }) = arriving.recv() else {
                break;
            };
            self.report.seconds.source_wait += wait.seconds();
            let (Some(planned), Some(arrived)) = (plan.venues.get(venue), arrivals.get_mut(venue))
            else {
                continue;
            };
            if let Some(job) = planned.jobs.get(job) {
                self.take(planned, job, answer, arrived)?;
            }
            arrived.left -= 1;
            if arrived.left == 0 && !self.hands.stop.is_raised() {
                self.consolidate(planned, arrived)?;
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        planned: &PlannedVenue,
        job: &PlannedJob,
        answer: Answer,
        arrived: &mut Arrivals<'l>,
    ) -> Result<(), UpdateError> {
        let rows = if let Answer::Rows(fetched) = &answer {
            fetched.count
        } else {
            0
        };
        let request = bars_request(&planned.venue, job);
        self.hands.observer.observe(Event::Fetched {
            request: request.clone(),
            rows,
        });
        match answer {
            Answer::Rows(fetched) => self.stage(planned, job, *fetched, arrived)?,
            Answer::Nothing => {
                self.report.at(&planned.venue).tickers.empty += 1;
                let catalog = self.registry.catalog_mut();
                let recorded = catalog.record_checked(
                    &job.ticker,
                    &planned.venue,
                    job.interval,
                    self.options.today,
                );
                if let Err(unusable) = recorded {
                    self.report.warnings.push(unusable.to_string());
                }
            }
            Answer::Unknown => {
                let report = self.report.at(&planned.venue);
                report.tickers.unknown += 1;
                report.unknown.push(Unknown {
                    ticker: job.ticker.clone(),
                    interval: job.interval,
                });
            }
            Answer::Failed { reason, kind, body } => {
                if let Some(body) = body {
                    let quarantine = self.hands.quarantine(&self.hands.run_id(0));
                    let origin = self.hands.places.root.join(request.to_string());
                    let kept =
                        quarantine.keep(&origin, "answer", &body, &reason, Some(&request))?;
                    self.report.kept.push(kept);
                }
                let report = self.report.at(&planned.venue);
                report.tickers.failed += 1;
                let (ticker, interval) = (job.ticker.clone(), job.interval);
                report.failures.push(Failure {
                    ticker,
                    interval,
                    reason,
                    kind,
                });
            }
            Answer::Stopped => {}
        }
        Ok(())
    }

    fn stage(
        &mut self,
        planned: &PlannedVenue,
        job: &PlannedJob,
        fetched: FetchedRows,
        arrived: &mut Arrivals<'l>,
    ) -> Result<(), UpdateError> {
        let request = bars_request(&planned.venue, job);
        if !fetched.duplicates.is_empty() {
            self.keep_duplicates(planned, job, &fetched.duplicates)?;
        }
        let run = match &mut arrived.run {
            Some(run) => run,
            empty => {
                let Hands {
                    fs, held, places, ..
                } = self.hands;
                self.runs_begun += 1;
                let id = self.hands.run_id(self.runs_begun);
                empty.insert(StagedRun::begin(fs, held, places, id)?)
            }
        };
        run.stage(&fetched.rows)?;
        let report: &mut VenueReport = self.report.at(&planned.venue);
        report.rounded_volumes += fetched.notes.rounded_volumes;
        report.not_finite += fetched.notes.not_finite;
        if let Some(mark) = fetched.mark {
            arrived.marks.insert(request, mark);
        }
        Ok(())
    }

    /// Two different rows of one answer share a timestamp: one is stored, the other is kept beside the tree.
    fn keep_duplicates(
        &mut self,
        planned: &PlannedVenue,
        job: &PlannedJob,
        duplicates: &[Displaced],
    ) -> Result<(), UpdateError> {
        let request = bars_request(&planned.venue, job);
        let reason = format!(
            "{} rows share their timestamp with another row of the same answer",
            duplicates.len()
        );
        let text = format!("{duplicates:#?}");
        let quarantine = self.hands.quarantine(&self.hands.run_id(0));
        let origin = self.hands.places.root.join(request.to_string());
        let kept = quarantine.keep(
            &origin,
            "rows.txt",
            text.as_bytes(),
            &reason,
            Some(&request),
        )?;
        self.report.warnings.push(format!("{request}: {reason}"));
        self.report.kept.push(kept);
        Ok(())
    }

    fn consolidate(
        &mut self,
        planned: &PlannedVenue,
        arrived: &mut Arrivals<'l>,
    ) -> Result<(), UpdateError> {
        let Some(run) = arrived.run.take() else {
            return Ok(());
        };
        let watch = Stopwatch::start();
        let venue = planned.venue.clone();
        self.hands.observer.observe(Event::ConsolidationPlanned {
            venue,
            series: run.len(),
        });
        let sealed = run.seal()?;
        let Self {
            outlook,
            hands,
            registry,
            report,
            ..
        } = self;
        let (outlook, hands) = (*outlook, *hands);
        Consolidation {
            outlook,
            hands,
            registry,
            marks: &arrived.marks,
            report,
        }
        .finish(sealed)?;
        self.report.seconds.consolidate += watch.seconds();
        Ok(())
    }

    /// An outage must not look like a thousand dead tickers: the source must have known at least one of them.
    fn record_unknown(&mut self) {
        if self.options.not_founds == NotFounds::Leave {
            return;
        }
        for report in &self.report.venues {
            if report.tickers.ok + report.tickers.empty == 0 {
                continue;
            }
            for Unknown { ticker, interval } in &report.unknown {
                let catalog = self.registry.catalog_mut();
                // What cannot be recorded is asked for again, which is all that is lost.
                let _recorded =
                    catalog.record_not_found(ticker, &report.venue, *interval, self.options.today);
            }
        }
    }
}
