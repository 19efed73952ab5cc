//! What a run of a feed begins with: its names, its calendar, and what it would download.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{NaiveDate, TimeDelta};

use super::{FeedRunError, FeedTask, Marks};
use crate::layout::{PartitionPathBuilder, Places};
use crate::model::{PartitionKey, Series, StorageRequest};
use crate::source::posttrade::{Feed, FeedError, Held, HeldDay, Listing, Looked, Request, choose};
use crate::sys::{Clock, Fs, FsResult, Shutdown};
use crate::vault::Vault;

/// Returns what fetching from a feed takes; `None` where its code is none that a folder can have, which settings refuse.
pub fn task_of<'l>(
    feed: &'l Feed,
    (fs, places): (&'l dyn Fs, &'l Places),
    (clock, stop): (&'l dyn Clock, &'l Shutdown),
    days: Option<(NaiveDate, NaiveDate)>,
) -> Option<FeedTask<'l>> {
    let code = feed.spec().code.as_str();
    let trades = StorageRequest {
        venue: Some(feed.venue().clone()),
        series: Series::Trades {
            feed: code.parse().ok()?,
        },
    };
    Some(FeedTask {
        feed,
        trades,
        shelf: code.parse().ok()?,
        days,
        side_by_side: 1,
        fs,
        places,
        clock,
        stop,
    })
}

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

/// Asks a feed what it has, and returns what a run would download, in its order. Changes nothing.
///
/// # Errors
/// When the feed does not answer, or what is held cannot be read.
pub fn preview(task: &FeedTask<'_>) -> Result<Vec<Request>, PreviewError> {
    if let Some(reason) = other_feed(task).map_err(FeedRunError::from)? {
        return Err(PreviewError::OtherFeed { reason });
    }
    let feed = task.feed;
    let listing = task.listed(feed.list(task.stop)?);
    let mut marks = Marks::of(task.places, feed.venue());
    let held = held(task, (&mut marks, &listing))?;
    Ok(choose(&Looked {
        listing: &listing,
        held: &held,
        passed_over: &BTreeSet::new(),
        now: task.clock.now(),
        freshness: feed.spec().freshness,
        calendar: &feed.spec().calendar,
        pace: pace_of(task),
    }))
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
