//! What asking a feed takes, and which of its files count.

use chrono::NaiveDate;

use super::gaps::all_published;
use crate::layout::Places;
use crate::model::{Series, StorageRequest};
use crate::source::posttrade::{Feed, Listing, Span};
use crate::sys::{Clock, Fs, Shutdown};
use crate::vault::Shelf;

/// What fetching takes.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct FeedTask<'l> {
    pub feed: &'l Feed,
    /// The series of its trades.
    pub trades: StorageRequest,
    /// Where its downloads are.
    pub shelf: Shelf,
    /// The days that are wanted, both included; all when `None`.
    pub days: Option<(NaiveDate, NaiveDate)>,
    /// How many feeds of its server are asked in the same run, itself included.
    pub side_by_side: usize,
    pub fs: &'l dyn Fs,
    /// The places of the workspace.
    pub places: &'l Places,
    pub clock: &'l dyn Clock,
    /// Asks to stop.
    pub stop: &'l Shutdown,
}

impl FeedTask<'_> {
    /// Tells whether a day is wanted.
    pub(super) fn is_wanted(&self, day: NaiveDate) -> bool {
        self.days
            .is_none_or(|(first, last)| (first..=last).contains(&day))
    }

    /// Returns what of a listing counts. The file of a day of which minutes are still to come has a part of it at most: it counts as not
    /// there until the day is over.
    pub(super) fn there(&self, mut listing: Listing) -> Listing {
        let now = self.clock.now();
        let is_over = |day: NaiveDate| all_published(day) <= now;
        listing
            .files
            .retain(|name| !matches!(name.span, Span::Daily(day) if !is_over(day)));
        listing
    }

    /// Returns what is wanted of a listing.
    pub(super) fn wanted(&self, mut listing: Listing) -> Listing {
        listing.files.retain(|name| self.is_wanted(name.span.day()));
        listing
    }
}

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
        shelf: Shelf::from(feed.venue()),
        days,
        side_by_side: 1,
        fs,
        places,
        clock,
        stop,
    })
}
