//! Which bars of a series are provisional: the one answer to that for every command.
//!
//! Promises: of a feed of trades it is told by what is held of its days now, whether or not its tickers have entries; of a source by
//! what was noted when it was asked. Changes nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::calendar::WallClock;
use crate::catalog::Catalog;
use crate::feeds::{Marks, Unsettled};
use crate::frame::Frame;
use crate::layout::Places;
use crate::model::{Interval, Series, StorageRequest, Ticker, Venue, time};
use crate::source::posttrade::Feed;
use crate::sys::{Clock, FsResult};
use crate::workspace::{Reading, Workspace};

/// No feed leaves a day open for longer.
const LONGEST_OPEN: Days = Days::new(7);

/// Answers for one series after the other; what is read of a feed is read once.
#[derive(Debug)]
pub struct Provisional<'p> {
    workspace: &'p Workspace<'p>,
    catalog: &'p Catalog,
    now: DateTime<Utc>,
    feeds: BTreeMap<Venue, Unsettled<'p>>,
}

/// Returns which bars of a series are provisional; none of an earlier moment, of which nobody knows it any more.
///
/// # Errors
/// When what is held of a feed cannot be read.
pub fn provisional(
    reading: Reading<'_, '_>,
    request: &StorageRequest,
    bars: &Frame,
) -> FsResult<Vec<i64>> {
    let (Some(venue), Series::Bars { ticker, interval }) = (&request.venue, &request.series) else {
        return Ok(Vec::new());
    };
    if reading.as_of.is_some() {
        return Ok(Vec::new());
    }
    let workspace = reading.workspace;
    let now = workspace.clock().now();
    let bars: Vec<i64> = bars.times().collect();
    let mut provisional = Provisional::of(workspace, reading.catalog, now);
    provisional.among((ticker, venue, *interval), &bars)
}

/// Parts provisional bars into those that are over by now on the clock of the exchange, and those that last.
pub fn over(
    workspace: &Workspace<'_>,
    bars: &[i64],
    interval: Interval,
    zone: Option<&str>,
) -> (Vec<i64>, Vec<i64>) {
    let wall = shows_now(workspace.clock(), zone).unwrap_or(i64::MIN);
    let is_over = |bar: &i64| interval.end_of(*bar) <= wall;
    bars.iter().copied().partition(is_over)
}

/// Returns what the clock of an exchange shows now; `None` where nobody knows its zone.
pub(super) fn shows_now(clock: &dyn Clock, zone: Option<&str>) -> Option<i64> {
    let now = time::nanos(clock.now().naive_utc())?;
    let mut wall = zone.and_then(WallClock::of)?;
    Some(wall.shows(now))
}

impl<'p> Provisional<'p> {
    /// Begins to answer, as of a moment.
    pub fn of(workspace: &'p Workspace<'p>, catalog: &'p Catalog, now: DateTime<Utc>) -> Self {
        Self {
            workspace,
            catalog,
            now,
            feeds: BTreeMap::new(),
        }
    }

    /// Returns those of some bars of a series, oldest first, that are provisional.
    ///
    /// # Errors
    /// When what is held of a feed cannot be read.
    pub fn among(
        &mut self,
        (ticker, venue, interval): (&Ticker, &Venue, Interval),
        bars: &[i64],
    ) -> FsResult<Vec<i64>> {
        let fs = self.workspace.fs();
        if let Some(unsettled) = self.unsettled(venue)? {
            return unsettled.provisional(fs, interval, bars.iter().copied());
        }
        let known = self.catalog.provisional(ticker, venue, interval);
        let is_there = |bar: &i64| bars.binary_search(bar).is_ok();
        Ok(known.into_iter().filter(is_there).collect())
    }

    /// Returns the days of which a series may have provisional bars, where its first and its newest bar are all that is known of it.
    ///
    /// # Errors
    /// As `among`.
    pub fn days_within(
        &mut self,
        (ticker, venue, interval): (&Ticker, &Venue, Interval),
        span: Option<(i64, i64)>,
    ) -> FsResult<Vec<NaiveDate>> {
        let days = |bars: Vec<i64>| bars.into_iter().map(time::day).collect();
        let fs = self.workspace.fs();
        let known = self.catalog.provisional(ticker, venue, interval);
        let Some(unsettled) = self.unsettled(venue)? else {
            return Ok(days(known));
        };
        let Some((first, newest)) = span else {
            return Ok(Vec::new());
        };
        if interval.is_wide() {
            let bars = unsettled.provisional(fs, interval, std::iter::once(newest))?;
            return Ok(days(bars));
        }
        let last = time::day(newest);
        let first = time::day(first).max(last - LONGEST_OPEN);
        let mut open = Vec::new();
        for day in first.iter_days().take_while(|day| *day <= last) {
            let end = if day == last && interval.is_intraday() {
                interval.end_of(newest)
            } else {
                i64::MAX
            };
            if unsettled.may_come(fs, day, &(i64::MIN..end))? {
                open.push(day);
            }
        }
        Ok(open)
    }

    fn feed(&self, venue: &Venue) -> Option<&'p Feed> {
        let feeds = self.workspace.view().feeds.iter();
        feeds.map(|feed| &**feed).find(|feed| feed.venue() == venue)
    }

    fn unsettled(&mut self, venue: &Venue) -> FsResult<Option<&mut Unsettled<'p>>> {
        let Some(feed) = self.feed(venue) else {
            return Ok(None);
        };
        if !self.feeds.contains_key(venue) {
            let places: &Places = &self.workspace.places;
            let mut marks = Marks::of(places, venue);
            let asked = marks.asked_before(self.workspace.fs())?;
            let unsettled = Unsettled::of(marks, &feed.spec().calendar, asked, self.now);
            self.feeds.insert(venue.clone(), unsettled);
        }
        Ok(self.feeds.get_mut(venue))
    }
}
