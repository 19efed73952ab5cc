//! The feeds of a run, beside the sources of bars: each is asked on a thread of its own and consolidated when it is done.

use std::sync::mpsc::SyncSender;
use std::thread::Scope;

use chrono::NaiveDate;

use super::fetch::Incoming;
use super::run::Run;
use super::{UpdateError, UpdatePlan};
use crate::feeds::{Arrival, FeedRun, FeedTask, fetch, other_feed, replay, task_of};
use crate::ingest::{FailureKind, FileFailure, RunReport};
use crate::source::posttrade::Feed;
use crate::sys::Stopwatch;
use crate::workspace::{Session, View};

/// The feeds of a run.
pub(super) struct Feeds<'l> {
    /// `None` once a feed is done.
    runs: Vec<Option<FeedRun<'l>>>,
    tasks: Vec<FeedTask<'l>>,
    sent_before: Vec<u64>,
}

impl<'l> Feeds<'l> {
    pub(super) fn begin(
        plan: &UpdatePlan,
        view: View<'l>,
        session: Session<'l>,
        report: &mut RunReport,
    ) -> Result<Self, UpdateError> {
        let (mut runs, mut tasks): (Vec<_>, Vec<FeedTask<'l>>) = (Vec::new(), Vec::new());
        let outside = (session.clock, session.stop);
        let wanted = plan.feeds.iter().filter_map(|venue| {
            let feed: &'l Feed = view.feeds.iter().find(|feed| feed.venue() == venue)?;
            task_of(feed, (session.fs, session.places), outside, plan.days)
        });
        for task in wanted {
            let Some(reason) = other_feed(&task)? else {
                tasks.push(task);
                continue;
            };
            let (file, kind) = (None, FailureKind::Refused);
            let refused = FileFailure { file, reason, kind };
            let feed = report.feed_at(task.feed.venue());
            feed.failures.push(refused);
        }
        share(&mut tasks);
        for task in &tasks {
            runs.push(Some(FeedRun::begin(task.clone(), session)?));
        }
        let sent_before = tasks.iter().map(|task| task.feed.requests()).collect();
        Ok(Self {
            runs,
            tasks,
            sent_before,
        })
    }

    pub(super) fn tasks(&self) -> Vec<FeedTask<'l>> {
        self.tasks.clone()
    }

    pub(super) fn count_requests(&self, report: &mut RunReport) {
        for (task, before) in self.tasks.iter().zip(&self.sent_before) {
            report.at(task.feed.venue()).requests = task.feed.requests() - before;
        }
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

/// Starts a thread for each feed.
pub(super) fn start_feeds<'scope>(
    scope: &'scope Scope<'scope, '_>,
    tasks: &'scope [FeedTask<'_>],
    answers: &SyncSender<Incoming>,
) {
    for (at, task) in tasks.iter().enumerate() {
        let answers = answers.clone();
        scope.spawn(move || {
            fetch(task, &|arrival| {
                answers.send(Incoming::Feed(at, arrival)).is_ok()
            });
        });
    }
}

/// Makes what is stored of feeds anew, one after the other.
pub(super) fn replay_all(
    run: &mut Run<'_, '_>,
    plan: &UpdatePlan,
    since: Option<NaiveDate>,
) -> Result<(), UpdateError> {
    let (view, session) = (run.view, run.session);
    let watch = Stopwatch::start();
    for task in Feeds::begin(plan, view, session, &mut run.report)?.tasks {
        let (registry, report) = (&mut *run.registry, &mut run.report);
        replay(&task, since, (view, session), registry, report)?;
    }
    run.report.seconds.consolidate += watch.seconds();
    Ok(())
}

/// Takes in what came of a feed. When all has come, it is consolidated; a run that is being stopped leaves that to the next one,
/// which finds the downloads in the vault.
pub(super) fn take_of_feed<'l>(
    run: &mut Run<'_, 'l>,
    feeds: &mut Feeds<'l>,
    (at, arrival): (usize, Arrival),
) -> Result<(), UpdateError> {
    let Some(slot) = feeds.runs.get_mut(at) else {
        return Ok(());
    };
    let Some(of_feed) = slot.as_mut() else {
        return Ok(());
    };
    let is_over = of_feed.take(arrival, &mut run.report)?;
    if !is_over || run.session.stop.is_raised() {
        return Ok(());
    }
    let watch = Stopwatch::start();
    if let Some(of_feed) = slot.take() {
        of_feed.finish(run.view, run.registry, &mut run.report)?;
    }
    run.report.seconds.consolidate += watch.seconds();
    Ok(())
}
