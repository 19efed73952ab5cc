//! The feeds of an update: each is asked on a thread of its own, beside the sources of bars, and consolidated when it is done.

use chrono::NaiveDate;

use super::home::bring_home;
use super::plan::other_feed;
use super::replay::replay;
use super::task::task_of;
use super::{Arrival, FeedRun, FeedRunError, FeedTask};
use crate::ingest::{FailureKind, FileFailure, Registry, RunReport};
use crate::model::Venue;
use crate::sys::Stopwatch;
use crate::workspace::{Session, View};

/// What is asked of feeds.
#[derive(Clone, Copy, Debug)]
pub struct FeedsAsked<'p> {
    /// The venues whose feeds are asked.
    pub venues: &'p [Venue],
    /// Which days, both included; all that the feeds have when `None`.
    pub days: Option<(NaiveDate, NaiveDate)>,
}

impl FeedsAsked<'_> {
    /// Returns what fetching from each feed takes. One that is another than its venue was collected from is told, and not asked.
    fn tasks<'l>(
        self,
        view: View<'l>,
        session: Session<'l>,
        report: &mut RunReport,
    ) -> Result<Vec<FeedTask<'l>>, FeedRunError> {
        let outside = (session.clock, session.stop);
        let wanted = self.venues.iter().filter_map(|venue| {
            let feed = view.feeds.iter().find(|feed| feed.venue() == venue)?;
            task_of(feed, (session.fs, session.places), outside, self.days)
        });
        let mut tasks: Vec<FeedTask<'l>> = Vec::new();
        for task in wanted {
            let Some(reason) = other_feed(&task)? else {
                tasks.push(task);
                continue;
            };
            let (file, kind) = (None, FailureKind::Refused);
            let refused = FileFailure { kind, file, reason };
            let feed = report.feed_at(task.feed.venue());
            feed.failures.push(refused);
        }
        bring_home(&tasks, (view, session), report)?;
        share(&mut tasks);
        Ok(tasks)
    }

    /// Makes what is stored of them anew since a day, one feed after the other.
    ///
    /// # Errors
    /// When the disk refuses or the lock is lost. What was committed stays.
    pub fn replay<'l>(
        self,
        since: Option<NaiveDate>,
        (view, session): (View<'l>, Session<'l>),
        registry: &mut Registry,
        report: &mut RunReport,
    ) -> Result<(), FeedRunError> {
        let watch = Stopwatch::start();
        for task in self.tasks(view, session, report)? {
            replay(&task, since, (view, session), registry, report)?;
        }
        report.seconds.consolidate += watch.seconds();
        Ok(())
    }
}

/// Says to each feed how many share the budget of its server.
fn share(tasks: &mut [FeedTask<'_>]) {
    let servers: Vec<String> = tasks.iter().map(|task| server_of(task)).collect();
    for task in tasks {
        let server = server_of(task);
        task.side_by_side = servers.iter().filter(|other| **other == server).count();
    }
}

fn server_of(task: &FeedTask<'_>) -> String {
    task.feed.spec().base_url.clone()
}

/// The runs of feeds, side by side.
#[derive(Debug)]
pub struct FeedRuns<'l> {
    /// `None` once a feed is done.
    runs: Vec<Option<FeedRun<'l>>>,
    tasks: Vec<FeedTask<'l>>,
    sent_before: Vec<u64>,
}

impl<'l> FeedRuns<'l> {
    /// Begins them.
    ///
    /// # Errors
    /// When what is remembered of a feed, or its vault, cannot be read.
    pub fn begin(
        asked: FeedsAsked<'_>,
        view: View<'l>,
        session: Session<'l>,
        report: &mut RunReport,
    ) -> Result<Self, FeedRunError> {
        let tasks = asked.tasks(view, session, report)?;
        let runs = tasks.iter();
        let runs = runs.map(|task| Ok(Some(FeedRun::begin(task.clone(), session)?)));
        Ok(Self {
            runs: runs.collect::<Result<_, FeedRunError>>()?,
            sent_before: tasks.iter().map(|task| task.feed.requests()).collect(),
            tasks,
        })
    }

    /// Returns what fetching from each takes, by their numbers.
    pub fn tasks(&self) -> Vec<FeedTask<'l>> {
        self.tasks.clone()
    }

    /// Counts the requests that were sent since they began.
    pub fn count_requests(&self, report: &mut RunReport) {
        for (task, before) in self.tasks.iter().zip(&self.sent_before) {
            report.at(task.feed.venue()).requests = task.feed.requests() - before;
        }
    }

    /// Takes in what came of the feed with this number. When all has come, it is consolidated; a run that is being stopped leaves
    /// that to the next one, which finds the downloads in the vault.
    ///
    /// # Errors
    /// When the disk refuses or the lock is lost.
    pub fn take(
        &mut self,
        (at, arrival): (usize, Arrival),
        (view, session): (View<'l>, Session<'l>),
        registry: &mut Registry,
        report: &mut RunReport,
    ) -> Result<(), FeedRunError> {
        let Some(slot) = self.runs.get_mut(at) else {
            return Ok(());
        };
        let Some(run) = slot.as_mut() else {
            return Ok(());
        };
        let is_over = run.take(arrival, report)?;
        if !is_over || session.stop.is_raised() {
            return Ok(());
        }
        let watch = Stopwatch::start();
        if let Some(run) = slot.take() {
            run.finish(view, registry, report)?;
        }
        report.seconds.consolidate += watch.seconds();
        Ok(())
    }
}
