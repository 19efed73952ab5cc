//! What a run would have of feeds: it asks them what they have, and downloads nothing.

use chrono::NaiveDate;
use serde::Serialize;

use super::{Feeding, UpdatePlan};
use crate::feeds::{preview, replayed_days, task_of};
use crate::model::Venue;
use crate::source::posttrade::{Feed, Request};
use crate::workspace::Workspace;

/// What a run would have of one feed.
#[derive(Debug)]
pub struct FilesOfFeed {
    /// The venue of the feed.
    pub venue: Venue,
    /// Its files; or why nobody knows.
    pub files: Result<Vec<WantedFile>, String>,
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
    let of_feed = |feed: &Feed| FilesOfFeed {
        venue: feed.venue().clone(),
        files: files(workspace, feed, plan),
    };
    feeds.map(|feed| of_feed(feed)).collect()
}

fn files(
    workspace: &Workspace<'_>,
    feed: &Feed,
    plan: &UpdatePlan,
) -> Result<Vec<WantedFile>, String> {
    let disk = (workspace.fs(), &workspace.places);
    let outside = (workspace.clock(), workspace.stop());
    let Some(task) = task_of(feed, disk, outside, plan.days) else {
        return Ok(Vec::new());
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
            let days = replayed_days(&task, since).map_err(|error| error.to_string())?;
            Ok(days.iter().map(of_day).collect())
        }
        Feeding::Asked => {
            let requests = preview(&task).map_err(|error| error.to_string())?;
            Ok(requests.iter().map(of_request).collect())
        }
    }
}
