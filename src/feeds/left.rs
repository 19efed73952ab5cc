//! Feeds that were collected and that no settings describe any more: nobody asks them, and they go on forgetting.
//!
//! Promises: changes nothing. A feed is known by what was remembered of it: whoever wants it no more moves that away.

use super::Marks;
use super::marks::folder;
use crate::calendar::Calendar;
use crate::model::{self, Venue};
use crate::source::posttrade::Feed;
use crate::sys::FsResult;
use crate::workspace::View;

/// What has to be known of a feed to say which minutes of it are had.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct KnownFeed<'f> {
    pub venue: &'f Venue,
    /// Its code; `None` where the build that asked it wrote down none.
    pub code: Option<&'f model::Feed>,
    pub calendar: &'f Calendar,
}

impl<'f> From<&'f Feed> for KnownFeed<'f> {
    fn from(feed: &'f Feed) -> Self {
        Self {
            venue: feed.venue(),
            code: Some(&feed.spec().code),
            calendar: &feed.spec().calendar,
        }
    }
}

/// A feed that was asked once and that no settings describe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftFeed {
    /// Its venue.
    pub venue: Venue,
    /// Its code, as far as it was written down.
    pub code: Option<model::Feed>,
}

impl LeftFeed {
    /// Returns why nobody asks it, as a sentence without a period.
    pub fn reason(&self) -> String {
        let Self { venue, code } = self;
        let code = code.as_ref().map(|code| format!(" {code}"));
        let code = code.unwrap_or_default();
        format!("{venue} was collected from the feed{code}, which no settings describe any more")
    }
}

/// Returns the feeds that were asked and that no settings describe. One of which nobody can read whether it was asked counts as
/// asked.
///
/// # Errors
/// When nobody can say of which feeds something is remembered.
pub fn left_feeds(view: View<'_>) -> FsResult<Vec<LeftFeed>> {
    let (fs, places) = (view.stores.fs(), view.stores.places());
    let mut left = Vec::new();
    for entry in fs.list(&folder(places))?.unwrap_or_default() {
        let venue = entry.name.replacen('.', ":", 1).parse::<Venue>();
        let Some(venue) = venue.ok().filter(|venue| view.feed(venue).is_none()) else {
            continue;
        };
        let mut marks = Marks::of(places, &venue);
        if matches!(marks.asked_before(fs), Ok(None)) {
            continue;
        }
        let code = marks.collected_from(fs).ok().flatten();
        let code = code.and_then(|code| code.parse().ok());
        left.push(LeftFeed { venue, code });
    }
    Ok(left)
}
