//! How the sessions of all series stand, and the minutes of feeds beside them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::NaiveDate;

use super::SurveyError;
use crate::backlog::{self, AskedSessions, FeedMinutes, Owed, SeriesSessions};
use crate::catalog::Catalog;
use crate::gaps::{GapBook, read_books};
use crate::inventory::{self, Asked, Known};
use crate::model::{Interval, Series, Ticker, Venue, time};
use crate::workspace::Workspace;

/// How sessions and minutes stand that somebody asks about.
#[derive(Debug)]
pub struct Gaps {
    /// The sessions of each series.
    pub series: Vec<SeriesSessions>,
    /// The minutes of feeds; `None` where bars are meant.
    pub minutes: Option<FeedMinutes>,
    /// Files of what was remembered that cannot be understood.
    pub damaged: Vec<PathBuf>,
}

/// Looks how sessions and minutes stand: of the intervals that are kept, unless some are named.
///
/// # Errors
/// When what was remembered or recorded cannot be read.
pub fn gaps(
    workspace: &Workspace<'_>,
    catalog: &Catalog,
    asked: &Asked,
) -> Result<Gaps, SurveyError> {
    let mut asked = asked.clone();
    // Who names tickers or lengths of bars means bars.
    let is_of_feeds = asked.tickers.is_empty() && asked.intervals.is_empty();
    if asked.intervals.is_empty() {
        asked.intervals = workspace.intervals()?;
    }
    let disk = (workspace.fs(), &workspace.places);
    let mut venues = catalog.venues();
    venues.retain(|venue| asked.means_venue(venue));
    let books = read_books(disk.0, disk.1, &venues, &asked.intervals)?;
    let first = first_days(inventory::known(workspace, catalog, &asked)?);
    let owed = Owed {
        view: workspace.view(),
        catalog,
        now: workspace.clock().now(),
    };
    let of = AskedSessions {
        venues: &asked.venues,
        intervals: &asked.intervals,
        tickers: &asked.tickers,
    };
    let series = backlog::sessions(&owed, &books, of, |ticker, venue, interval| {
        let of = (venue.clone(), ticker.clone(), interval);
        first.get(&of).copied()
    });
    let minutes = is_of_feeds
        .then(|| FeedMinutes::read(owed.view, disk, owed.now, (&asked.venues, None)))
        .transpose()?;
    let damaged = books.values().flat_map(GapBook::damaged);
    Ok(Gaps {
        damaged: damaged.cloned().collect(),
        series,
        minutes,
    })
}

/// Returns the first recorded day of each series.
fn first_days(known: Known) -> BTreeMap<(Venue, Ticker, Interval), NaiveDate> {
    let mut first = BTreeMap::new();
    for (request, record) in known.records {
        if let (Some(venue), Series::Bars { ticker, interval }, Some(begin)) =
            (request.venue, request.series, record.first)
        {
            first.insert((venue, ticker, interval), time::day(begin));
        }
    }
    first
}
