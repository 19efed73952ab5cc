//! Whose the downloads are that earlier builds kept by the code of a feed.
//!
//! Promises: they are those of the one venue that was collected from the feed, and are moved to its own before any other venue is
//! asked for it. Where several were, nobody knows whose they are: they stay where they are, unread, and that is told.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::tidy::is_of_place;
use super::{FeedRunError, FeedTask, Marks};
use crate::ingest::{FailureKind, FileFailure, RunReport};
use crate::layout::Places;
use crate::model::{self, Venue};
use crate::source::posttrade::Feed;
use crate::sys::{Fs, FsResult};
use crate::vault::{Keeper, Shelf, Vault, move_home};
use crate::workspace::{Session, View};

/// Whose downloads are that are kept by the code of a feed.
pub(super) enum Home<'v> {
    Of(&'v Venue),
    Unclear(Vec<&'v Venue>),
}

/// Returns whose the downloads are that lie under the code of a feed; `None` where none do, or nobody has the feed.
pub(super) fn home_of<'v>(
    code: &model::Feed,
    feeds: &'v [Arc<Feed>],
    (fs, places): (&dyn Fs, &Places),
) -> Result<Option<Home<'v>>, FeedRunError> {
    let vault = Vault::of(fs, &places.vault());
    if vault.days(&Shelf::from(code))?.is_empty() {
        return Ok(None);
    }
    let of_feed = feeds.iter().filter(|feed| feed.spec().code == *code);
    let of_feed: Vec<&Venue> = of_feed.map(|feed| feed.venue()).collect();
    let mut asked = Vec::new();
    for venue in &of_feed {
        if was_asked(venue, (fs, places))? {
            asked.push(*venue);
        }
    }
    let candidates = if asked.is_empty() { of_feed } else { asked };
    Ok(match candidates.as_slice() {
        [] => None,
        [venue] => Some(Home::Of(venue)),
        _ => Some(Home::Unclear(candidates)),
    })
}

fn was_asked(venue: &Venue, (fs, places): (&dyn Fs, &Places)) -> FsResult<bool> {
    let mut marks = Marks::of(places, venue);
    Ok(marks.asked_before(fs)?.is_some() || !marks.known_days(fs)?.is_empty())
}

/// Moves downloads that are kept by the codes of feeds to the venues that they are of.
pub(super) fn bring_home(
    tasks: &[FeedTask<'_>],
    (view, session): (View<'_>, Session<'_>),
    report: &mut RunReport,
) -> Result<(), FeedRunError> {
    let codes: BTreeSet<&model::Feed> = tasks.iter().map(|task| &task.feed.spec().code).collect();
    for code in codes {
        let Some(reason) = bring(code, view, session)? else {
            continue;
        };
        if !view.is_replay {
            report.warnings.push(reason);
            continue;
        }
        // Not all is made anew that the vault has.
        for task in tasks.iter().filter(|task| task.feed.spec().code == *code) {
            let failures = &mut report.feed_at(task.feed.venue()).failures;
            failures.push(FileFailure {
                file: None,
                reason: reason.clone(),
                kind: FailureKind::Refused,
            });
        }
    }
    Ok(())
}

/// Moves the downloads of a feed, and says which stay, as a sentence without a period.
fn bring(
    code: &model::Feed,
    view: View<'_>,
    session: Session<'_>,
) -> Result<Option<String>, FeedRunError> {
    let Session {
        fs, held, places, ..
    } = session;
    let from = Shelf::from(code);
    let venue = match home_of(code, view.feeds, (fs, places))? {
        None => return Ok(None),
        Some(Home::Of(venue)) => venue,
        Some(Home::Unclear(venues)) => {
            let venues: Vec<String> = venues.iter().map(ToString::to_string).collect();
            let venues = venues.join(" or ");
            return Ok(Some(format!(
                "an earlier version kept downloads in vault/{from}, and nobody knows whether they are of {venues}: they are not read; rename the folder to vault/<market>.<source> of the venue that they are of"
            )));
        }
    };
    let (keeper, to) = (
        Keeper::of(fs, held, &places.vault(), session.runs.next()),
        Shelf::from(venue),
    );
    match move_home(&keeper, &from, &to) {
        Ok(0) => Ok(None),
        Ok(left) => Ok(Some(format!(
            "{left} of the files that an earlier version kept in vault/{from} stay there and are not read, since vault/{to} has files of their names"
        ))),
        Err(error) if is_of_place(&error) => Ok(Some(format!(
            "downloads stay in vault/{from}, where an earlier version kept them, and are not read: {error}"
        ))),
        Err(error) => Err(error.into()),
    }
}
