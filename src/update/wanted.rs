//! What a run would have of feeds: it asks them what they have, and downloads nothing.

use chrono::NaiveDate;
use serde::Serialize;

use super::{Feeding, UpdatePlan};
use crate::backlog::FeedMinutes;
use crate::feeds::{preview, replayed_days, task_of};
use crate::gaps::FeedDay;
use crate::model::Venue;
use crate::source::posttrade::{Feed, Request};
use crate::workspace::{View, Workspace};

/// What a run would have of one feed.
#[derive(Debug)]
pub struct FilesOfFeed {
    /// The venue of the feed.
    pub venue: Venue,
    /// Its files; or why nobody knows.
    pub files: Result<Vec<WantedFile>, String>,
    /// Its days, as a run would find them; `None` where it is not asked.
    days: Option<Vec<FeedDay>>,
}

/// A file that a run would have.
#[derive(Clone, Debug, Serialize)]
pub struct WantedFile {
    /// The venue of the feed.
    pub venue: Venue,
    /// Its name.
    pub file: String,
    /// Why.
    pub why: &'static str,
    /// When the feed forgets it.
    pub forgotten: String,
}

/// Returns what a run would have of the feeds of a plan.
pub fn wanted_files(workspace: &Workspace<'_>, plan: &UpdatePlan) -> Vec<FilesOfFeed> {
    let view = workspace.view();
    let feeds = plan.feeds.iter().filter_map(|venue| view.feed(venue));
    let of_feed = |feed: &Feed| {
        let (files, days) = match files(workspace, feed, plan) {
            Ok((files, days)) => (Ok(files), days),
            Err(reason) => (Err(reason), None),
        };
        FilesOfFeed {
            venue: feed.venue().clone(),
            files,
            days,
        }
    };
    feeds.map(|feed| of_feed(feed)).collect()
}

/// Takes what feeds said of their days for what is recorded of them.
pub fn foresee_minutes(view: View<'_>, wanted: Vec<FilesOfFeed>, minutes: &mut FeedMinutes) {
    for FilesOfFeed { venue, days, .. } in wanted {
        if let (Some(feed), Some(days)) = (view.feed(&venue), days) {
            minutes.foresee(feed, days);
        }
    }
}

/// What a run would download of a feed, and its days if it was asked.
type FilesAndDays = (Vec<WantedFile>, Option<Vec<FeedDay>>);

fn files(
    workspace: &Workspace<'_>,
    feed: &Feed,
    plan: &UpdatePlan,
) -> Result<FilesAndDays, String> {
    let disk = (workspace.fs(), &workspace.places);
    let outside = (workspace.clock(), workspace.stop());
    let Some(task) = task_of(feed, disk, outside, plan.days) else {
        return Ok((Vec::new(), None));
    };
    let of_day = |day: &NaiveDate| WantedFile {
        venue: feed.venue().clone(),
        file: format!("{day}.pack"),
        why: "replay",
        forgotten: String::new(),
    };
    let of_request = |request: &Request| WantedFile {
        venue: feed.venue().clone(),
        file: request.name.to_string(),
        why: request.reason.as_str(),
        forgotten: request.deadline.format("%Y-%m-%d %H:%M UTC").to_string(),
    };
    match plan.feeding {
        Feeding::Replayed { since } => {
            let feeds = workspace.view().feeds;
            let days = replayed_days(&task, feeds, since).map_err(|error| error.to_string())?;
            Ok((days.iter().map(of_day).collect(), None))
        }
        Feeding::Asked => {
            let preview = preview(&task).map_err(|error| error.to_string())?;
            let files = preview.requests.iter().map(of_request).collect();
            Ok((files, Some(preview.days)))
        }
    }
}
