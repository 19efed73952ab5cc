//! What a run would have of feeds, for `--dry-run`: it asks them what they have, and downloads nothing.

use serde_json::{Value, json};

use crate::backlog::FeedMinutes;
use crate::cli::ui::Printer;
use crate::cli::ui::words::count;
use crate::cli::{Exit, Shell};
use crate::feeds::{preview, replayed_days, task_of};
use crate::gaps::FeedDay;
use crate::model::Venue;
use crate::source::posttrade::{Feed, Reason};
use crate::update::{Feeding, UpdatePlan};
use crate::workspace::Workspace;

/// Rows of the table: minutes are many.
const MOST_ROWS: usize = 20;

/// What a run would have of one feed.
pub(super) struct Wanted {
    venue: Venue,
    /// File, why, and until when; or why nobody knows.
    files: Result<Vec<[String; 3]>, String>,
    /// Its days, as a run would find them; `None` where it is not asked.
    days: Option<Vec<FeedDay>>,
}

/// Returns what a run would have of the feeds of a plan.
pub(super) fn wanted(
    workspace: &Workspace<'_>,
    shell: &Shell<'_>,
    plan: &UpdatePlan,
) -> Vec<Wanted> {
    let view = workspace.view();
    let feeds = plan.feeds.iter();
    let feeds = feeds.filter_map(|venue| Some((venue, &**view.feed(venue)?)));
    let of_feed = |(venue, feed): (&Venue, &Feed)| {
        let (files, days) = match files(workspace, shell, (feed, plan)) {
            Ok((files, days)) => (Ok(files), days),
            Err(reason) => (Err(reason), None),
        };
        Wanted {
            venue: venue.clone(),
            files,
            days,
        }
    };
    feeds.map(of_feed).collect()
}

/// Takes what feeds said of their days for what is recorded of them.
pub(super) fn foresee(workspace: &Workspace<'_>, wanted: Vec<Wanted>, minutes: &mut FeedMinutes) {
    let view = workspace.view();
    for Wanted { venue, days, .. } in wanted {
        if let (Some(feed), Some(days)) = (view.feed(&venue), days) {
            minutes.foresee(feed, days);
        }
    }
}

/// What a run would download of a feed, and its days if it was asked.
type FilesAndDays = (Vec<[String; 3]>, Option<Vec<FeedDay>>);

fn files(
    workspace: &Workspace<'_>,
    shell: &Shell<'_>,
    (feed, plan): (&Feed, &UpdatePlan),
) -> Result<FilesAndDays, String> {
    let disk = (&*shell.world.fs, &workspace.places);
    let outside = (&*shell.around.clock, &shell.around.stop);
    let Some(task) = task_of(feed, disk, outside, plan.days) else {
        return Ok((Vec::new(), None));
    };
    if let Feeding::Replayed { since } = plan.feeding {
        let days = replayed_days(&task, workspace.view().feeds, since)
            .map_err(|error| error.to_string())?;
        let row =
            |day: &chrono::NaiveDate| [format!("{day}.pack"), "replay".to_owned(), String::new()];
        return Ok((days.iter().map(row).collect(), None));
    }
    let preview = preview(&task).map_err(|error| error.to_string())?;
    let requests = preview.requests.iter().map(|request| {
        [
            request.name.to_string(),
            why(request.reason).to_owned(),
            request.deadline.format("%Y-%m-%d %H:%M UTC").to_string(),
        ]
    });
    Ok((requests.collect(), Some(preview.days)))
}

/// Prints it.
pub(super) fn print(wanted: &[Wanted], printer: &Printer) {
    for Wanted { venue, files, .. } in wanted {
        match files {
            Err(reason) => printer.error(&format!("error: {venue}: {reason}")),
            Ok(files) => {
                let shown: Vec<[String; 3]> = files.iter().take(MOST_ROWS).cloned().collect();
                if !shown.is_empty() {
                    printer.table(&["file", "why", "forgotten"], &shown, &[]);
                }
                let all = count(files.len(), "file", "files");
                printer.note(&format!(
                    "{venue}: {all} to begin with; what they hold decides what else is needed."
                ));
            }
        }
    }
}

/// Returns it as one document.
pub(super) fn json(wanted: &[Wanted]) -> Value {
    let files = wanted.iter().flat_map(|Wanted { venue, files, .. }| {
        let files = files.iter().flatten();
        files.map(move |[name, why, until]| {
            json!({ "venue": venue.to_string(), "file": name, "why": why, "forgotten": until })
        })
    });
    files.collect()
}

/// Returns the exit that feeds which did not answer ask for.
pub(super) fn exit(wanted: &[Wanted]) -> Exit {
    let is_silent = wanted.iter().any(|feed| feed.files.is_err());
    Exit::SourceDown.when(is_silent)
}

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Daily => "all of a day",
        Reason::Witness => "to judge the file of its day",
        Reason::Minute => "nothing stands for it",
        Reason::Again => "published again",
        Reason::Confirmation => "to confirm the minutes of its day",
    }
}
