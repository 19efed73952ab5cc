//! Which exit an outcome deserves, for every command; which error has which exit is decided beside it, in `failure`.
//!
//! Promises: nothing to do is success, nothing could be done is not; of several outcomes the worst counts.

use super::Exit;
use crate::ingest::{FailureKind, FeedReport, LeftoverReport, RunReport, Unserved, VenueReport};
use crate::migrate::{Failed, Refusal};
use crate::storage::StorageError;
use crate::sys::Shutdown;
use crate::update::UpdatePlan;
use crate::workspace::DataRoot;

/// Returns the exit of a run.
pub(super) fn of_run(report: &RunReport, leftovers: &LeftoverReport) -> Exit {
    let counts = report.tickers();
    let mut exits = Vec::new();
    exits.extend(report.interrupted.map(Exit::Interrupted));
    if !report.damaged.is_empty() || !leftovers.damaged.is_empty() {
        exits.push(Exit::Damaged);
    }
    if !leftovers.withheld(report).0.is_there() {
        exits.push(Exit::Failed);
    }
    let has_failures =
        counts.failed > 0 || !leftovers.failures.is_empty() || !report.losses.is_empty();
    let is_damaged = |venue: &VenueReport| !venue.damaged_answers.is_empty();
    let has_failures = has_failures || report.venues.iter().any(is_damaged);
    let has_failures = has_failures || report.feeds.iter().any(FeedReport::has_trouble);
    if report.feeds.iter().any(FeedReport::was_too_late) {
        exits.push(Exit::WillExpire);
    }
    let is_all_unknown = report.venues.iter().any(VenueReport::is_all_unknown);
    if has_failures || is_all_unknown {
        exits.push(Exit::Partial);
    }
    let is_feed_heard = report
        .feeds
        .iter()
        .any(|feed| feed.is_heard || feed.from_vault > 0);
    let is_nothing_fetched = counts.ok + counts.empty + counts.unknown == 0 && !is_feed_heard;
    exits.push(without_source(&report.unserved, is_nothing_fetched));
    let is_source = |kind: FailureKind| kind == FailureKind::Source;
    let of_tickers = report.venues.iter().flat_map(|venue| &venue.failures);
    let of_feeds = report.feeds.iter().flat_map(|feed| &feed.failures);
    let kinds = of_tickers.map(|failure| failure.kind);
    let mut kinds = kinds.chain(of_feeds.map(|failure| failure.kind)).peekable();
    if is_nothing_fetched && kinds.peek().is_some() && kinds.all(is_source) {
        exits.push(Exit::SourceDown);
    }
    Exit::worst(exits)
}

/// Returns the exit that a run of this plan would end with for what it leaves out.
pub(super) fn of_plan(plan: &UpdatePlan) -> Exit {
    let absent = match plan.data {
        DataRoot::There => Exit::Ok,
        DataRoot::Absent | DataRoot::Shut { .. } => Exit::Failed,
    };
    Exit::worst([absent, without_source(&plan.unserved, plan.series() == 0)])
}

/// Returns the exit that tickers without a source deserve. Nothing to do is success; nothing could be done is not.
fn without_source(unserved: &[Unserved], is_nothing_fetched: bool) -> Exit {
    if unserved.is_empty() {
        Exit::Ok
    } else if is_nothing_fetched {
        Exit::SourceDown
    } else {
        Exit::Partial
    }
}

/// Returns the exit that a refusal asks for.
pub(super) fn of_refusal(refusal: &Refusal) -> Exit {
    match refusal {
        Refusal::Damaged(_) => Exit::Damaged,
        Refusal::Conflict(_)
        | Refusal::Mismatch(_)
        | Refusal::Undecided(_)
        | Refusal::NotMigrated
        | Refusal::Gone
        | Refusal::Unaccounted
        | Refusal::Altered { .. }
        | Refusal::Unproven
        | Refusal::Misplaced(_)
        | Refusal::Changed => Exit::Mismatch,
        Refusal::Storage(StorageError::Fs(error)) if error.is_out_of_space() => Exit::NoSpace,
        Refusal::Absent
        | Refusal::Empty
        | Refusal::Displaced { .. }
        | Refusal::Fractions(_)
        | Refusal::Columns(_)
        | Refusal::Storage(_) => Exit::Partial,
    }
}

/// Returns the exit of work on series that were refused, or that was stopped; `further` is what else went wrong.
pub(super) fn of_failures<'f>(
    failures: impl IntoIterator<Item = &'f Failed>,
    stop: &Shutdown,
    further: Option<Exit>,
) -> Exit {
    let refused = failures.into_iter().map(|failed| &failed.refusal);
    of_refusals(refused, stop, further)
}

/// Returns the exit of a look at series that were refused, or that was stopped; `further` is what else went wrong.
pub(super) fn of_refusals<'r>(
    refusals: impl IntoIterator<Item = &'r Refusal>,
    stop: &Shutdown,
    further: Option<Exit>,
) -> Exit {
    let interrupted = stop.signal().map(Exit::Interrupted);
    let refused = refusals.into_iter().map(of_refusal);
    Exit::worst(refused.chain(interrupted).chain(further))
}
