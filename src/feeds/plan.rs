//! What a run of a feed begins with: its names, its calendar, and what it would download.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{NaiveDate, TimeDelta};

use super::{FeedRunError, FeedTask, KnownFeed, Marks, RecordedFeed};
use crate::gaps::FeedDay;
use crate::layout::PartitionPathBuilder;
use crate::model::PartitionKey;
use crate::source::posttrade::{
    FeedError, Held, HeldDay, Listing, Looked, Reason, Request, Span, choose,
};
use crate::sys::FsResult;
use crate::vault::Vault;

/// Tells why a feed is not asked, as a phrase: its venue was collected from another one. Bars of two feeds in one tree would be
/// those of no venue, and the marks of one would say of the other that its files were read.
///
/// # Errors
/// When what is remembered of it cannot be read.
pub(super) fn other_feed(task: &FeedTask<'_>) -> FsResult<Option<String>> {
    let mut marks = Marks::of(task.places, task.feed.venue());
    let code = task.feed.spec().code.as_str();
    let other = marks.collected_from(task.fs)?;
    let other = other.filter(|other| *other != code);
    Ok(other.map(|other| {
        format!("what is stored of it came from the feed {other}; {code} needs a venue of its own")
    }))
}

/// Returns what is held of the days that a feed lists, and of those that the vault has unread downloads of.
pub(super) fn held(
    task: &FeedTask<'_>,
    (marks, listing): (&mut Marks, &Listing),
) -> Result<Held, FeedRunError> {
    let FeedTask {
        fs, places, shelf, ..
    } = task;
    let fs = *fs;
    let vault = Vault::of(fs, &places.vault());
    let mut days: BTreeSet<NaiveDate> = listing.files.iter().map(|name| name.span.day()).collect();
    days.extend(vault.days(shelf)?.into_keys());
    let mut held = Held {
        habits: marks.habits(fs)?,
        ..Held::default()
    };
    for day in days {
        let known = &marks.day(fs, day)?.held;
        if *known != HeldDay::default() && !is_gone(task, day, known)? {
            held.days.insert(day, known.clone());
        }
    }
    Ok(held)
}

/// Tells whether trades of a day were stored and their file is gone, as after an older copy of `data` was put back. What the feed
/// has of it is asked for again. Where nothing of the feed lies there, it is most likely the disk that is not, and what nobody can look
/// at is not gone.
fn is_gone(task: &FeedTask<'_>, day: NaiveDate, held: &HeldDay) -> Result<bool, FeedRunError> {
    let Ok(series) = task.trades.partitioned() else {
        return Ok(false);
    };
    let paths = PartitionPathBuilder::new(&task.places.data);
    let file = paths.file(series, PartitionKey::Day(day));
    let lies = |path: &Path| match task.fs.metadata(path) {
        Err(error) if error.is_of_place() => Ok(true),
        found => found.map(|found| found.is_some()),
    };
    Ok(held.has_trades() && !lies(&file)? && lies(&paths.series_dir(series))?)
}

/// What a run would do with a feed.
#[derive(Debug)]
pub struct Preview {
    /// What it would download, in its order.
    pub requests: Vec<Request>,
    /// The days of the feed once it had said what it has, without those of which the run begins with the file of the day: what that
    /// stands for decides what of them is needed.
    pub days: Vec<FeedDay>,
}

/// Asks a feed what it has, and returns what a run would do with that. Changes nothing.
///
/// # Errors
/// When the feed does not answer, or what is held cannot be read.
pub fn preview(task: &FeedTask<'_>) -> Result<Preview, PreviewError> {
    if let Some(reason) = other_feed(task).map_err(FeedRunError::from)? {
        return Err(PreviewError::OtherFeed { reason });
    }
    let feed = task.feed;
    let listing = task.there(feed.list(task.stop)?);
    let wanted = task.wanted(listing.clone());
    let mut marks = Marks::of(task.places, feed.venue());
    let held = held(task, (&mut marks, &wanted))?;
    let requests = choose(&Looked {
        listing: &wanted,
        held: &held,
        passed_over: &BTreeSet::new(),
        now: task.clock.now(),
        freshness: feed.spec().freshness,
        calendar: &feed.spec().calendar,
        pace: pace_of(task),
    });
    let mut days = days_then(task, (&mut marks, &listing)).map_err(FeedRunError::from)?;
    let is_judged = |day: NaiveDate| {
        let mut of_day = requests.iter().filter(|one| one.name.span.day() == day);
        of_day.any(|one| matches!(one.reason, Reason::Daily | Reason::Witness))
    };
    days.retain(|day| task.is_wanted(day.day) && !is_judged(day.day));
    Ok(Preview { requests, days })
}

/// Returns the days of a feed as they are recorded once a run has heard a listing. Changes nothing on disk.
fn days_then(
    task: &FeedTask<'_>,
    (marks, listing): (&mut Marks, &Listing),
) -> FsResult<Vec<FeedDay>> {
    let now = task.clock.now();
    for name in &listing.files {
        if let Span::Minute(minute) = name.span {
            let day = marks.day(task.fs, minute.date())?;
            day.listed.insert(minute);
            day.listed_at = Some(now);
        }
    }
    let recorded = RecordedFeed::by(marks, KnownFeed::from(task.feed), task.fs, (now, None))?;
    Ok(recorded.into_days())
}

/// Returns the time that a request takes, of all feeds of the server that are asked side by side.
pub(super) fn pace_of(task: &FeedTask<'_>) -> TimeDelta {
    let average = task.feed.spec().rate.average();
    average * i32::try_from(task.side_by_side.max(1)).unwrap_or(i32::MAX)
}

/// Why nobody knows what a run would download.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The feed did not say what it has.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// Its venue was collected from another feed.
    #[error("{reason}")]
    OtherFeed {
        /// Which one, and what to do.
        reason: String,
    },
    /// What is held cannot be read.
    #[error(transparent)]
    Held(#[from] FeedRunError),
}
