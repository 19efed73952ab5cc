//! What a run of a feed begins with: its names, its calendar, and what it would download.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{FeedRunError, Marks};
use crate::calendar::Calendar;
use crate::layout::Places;
use crate::model::{Series, StorageRequest};
use crate::source::posttrade::{Feed, FeedError, Held, HeldDay, Listing, Looked, Request, choose};
use crate::sys::{Fs, Shutdown};
use crate::vault::{Shelf, Vault};
use crate::workspace::View;

/// The exchange whose trading days the feeds of its operator have.
const EXCHANGE: &str = "XETR";
const ZONE: &str = "Europe/Berlin";

/// Returns the calendar of a feed.
pub fn calendar_of(view: View<'_>) -> Calendar {
    let known = view.calendars.get(EXCHANGE);
    known.unwrap_or_else(|| Calendar::unlisted(ZONE))
}

/// Returns the request for the trades of a feed; `None` where its code is none that a folder can have.
pub fn trades_of(feed: &Feed) -> Option<StorageRequest> {
    Some(StorageRequest {
        venue: Some(feed.venue().clone()),
        series: Series::Trades {
            feed: feed.spec().code.as_str().parse().ok()?,
        },
    })
}

/// Returns where the downloads of a feed are kept.
pub fn shelf_of(feed: &Feed) -> Option<Shelf> {
    feed.spec().code.as_str().parse().ok()
}

/// Returns what is held of the days that a feed lists, and of those that the vault has unread downloads of.
pub(super) fn held(
    fs: &dyn Fs,
    places: &Places,
    shelf: &Shelf,
    (marks, listing): (&mut Marks, &Listing),
) -> Result<Held, FeedRunError> {
    let vault = Vault::of(fs, &places.vault());
    let mut days: BTreeSet<NaiveDate> = listing.files.iter().map(|name| name.span.day()).collect();
    days.extend(vault.days(shelf)?.into_keys());
    let mut held = Held {
        asked_before: marks.asked_before(fs)?,
        ..Held::default()
    };
    for day in days {
        let known = &marks.day(fs, day)?.held;
        if *known != HeldDay::default() {
            held.days.insert(day, known.clone());
        }
    }
    Ok(held)
}

/// Asks a feed what it has, and returns what a run would download, in its order. Changes nothing.
///
/// # Errors
/// When the feed does not answer, or what is held cannot be read.
pub fn preview(
    feed: &Feed,
    view: View<'_>,
    (fs, places): (&dyn Fs, &Places),
    (now, stop): (DateTime<Utc>, &Shutdown),
) -> Result<Vec<Request>, PreviewError> {
    let listing = feed.list(stop)?;
    let Some(shelf) = shelf_of(feed) else {
        return Ok(Vec::new());
    };
    let mut marks = Marks::of(places, feed.venue());
    let held = held(fs, places, &shelf, (&mut marks, &listing))?;
    Ok(choose(&Looked {
        listing: &listing,
        held: &held,
        passed_over: &BTreeSet::new(),
        now,
        freshness: feed.spec().freshness,
        calendar: &calendar_of(view),
        pace: pace_of(feed),
    }))
}

/// Returns the time that a request takes.
pub(super) fn pace_of(feed: &Feed) -> TimeDelta {
    feed.spec().rate.average()
}

/// Why nobody knows what a run would download.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The feed did not say what it has.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// What is held cannot be read.
    #[error(transparent)]
    Held(#[from] FeedRunError),
}
