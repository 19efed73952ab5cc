//! Yahoo: bars, dividends and splits by the chart API.
//!
//! Promises: the requests of a job are as few as the windows of Yahoo allow, and none when nothing can be new. Outcomes
//! stay apart: an outage or a refused request is never an unknown symbol. Prices are those of Yahoo's quote arrays,
//! adjusted for splits and not for dividends. What was fetched before an error is handed out, with the error.
//! Leaves to others: budgets, tries and time limits (`http`); what a run does with events and identities (`update`).

mod address;
mod bare;
mod events;
mod finish;
mod join;
mod judge;
mod limits;
mod mark;
mod missed;
mod pages;
mod rows;
mod told;
mod trading;
mod windows;
mod wire;

pub use rows::Hours;
pub use windows::{Reach, Windows};

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;

use self::mark::Mark;
use self::windows::DAY;
use self::wire::Period;
use super::http::{Http, Rate};
use super::{Asked, FetchJob, Fetched, MarketDataSource, SourceError};
use crate::calendar::Calendar;
use crate::model::{Interval, PriceBasis, Provenance, Venue, time};
use crate::sys::Shutdown;

/// How Yahoo is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YahooSpec {
    /// The address of the server, without the path of the API.
    pub base_url: String,
    /// How far back and how much at once.
    pub windows: Windows,
    /// Sessions before the newest stored one that are asked for again, because Yahoo corrects them.
    pub settle_sessions: u32,
    /// Days between two requests for a series, by interval; missing ones are asked for whenever something is new.
    pub refresh_days: BTreeMap<Interval, u32>,
    /// Which hours of trading are kept.
    pub hours: Hours,
    /// The budget of the server, for estimates.
    pub rate: Rate,
}

/// The chart API of Yahoo.
#[derive(Debug)]
pub struct Yahoo {
    venue: Venue,
    spec: YahooSpec,
    http: Arc<dyn Http>,
}

/// What a job asks for, as instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    /// What is asked for.
    asked: Period,
    /// The wall clock at which what is wanted begins, in reach or not; `None` for whatever there is.
    wanted: Option<i64>,
}

impl Yahoo {
    /// Returns the source. Nothing is asked yet.
    pub fn new(venue: Venue, spec: YahooSpec, http: Arc<dyn Http>) -> Self {
        Self { venue, spec, http }
    }

    /// Returns the mark of a job that may be relied on.
    fn mark(job: &FetchJob) -> Option<Mark> {
        let mark = job.mark.as_deref().and_then(Mark::parse);
        mark.filter(|_| job.asked == Asked::Incremental)
    }

    /// Tells whether a job can bring nothing, or is not to be asked yet.
    fn rests(&self, job: &FetchJob) -> bool {
        let now = job.now.timestamp();
        Self::mark(job).is_some_and(|mark| {
            mark.is_current(now, self.spec.hours) || now - mark.through < self.pause(job.interval)
        })
    }

    /// Returns the seconds for which a series is left alone, never so long that bars could be lost.
    fn pause(&self, interval: Interval) -> i64 {
        // Runs of a daily schedule are never a whole day apart to the second.
        const EARLY: i64 = DAY / 2;
        let days = self.spec.refresh_days.get(&interval).copied();
        let depth = self.spec.windows.of(interval).depth_days;
        let most = depth.map_or(u32::MAX, |depth| depth / 2);
        days.map_or(0, |days| i64::from(days.min(most)) * DAY - EARLY)
    }

    fn span(&self, job: &FetchJob) -> Span {
        let now = job.now.timestamp();
        let earliest = self.spec.windows.of(job.interval).earliest(now);
        let zone = Self::mark(job).map(|mark| mark.zone);
        let to = job.window.to.map(|to| later(to, zone));
        let (start, wanted) = match (job.asked, job.window.from) {
            (_, None) => (earliest, None),
            (Asked::Explicit, Some(from)) => (earlier(from, zone), Some(from)),
            (Asked::Incremental, Some(from)) => {
                let asked = Self::mark(job)
                    .and_then(|mark| time::nanos(rows::wall(mark.through, mark.zone)?));
                // Answers without bars settle nothing, however many there were: what they held back may still come.
                let known = asked.map_or(from, |asked| from.min(asked));
                let settled = self.settled(job, known).unwrap_or(known);
                // The newest known day is stored, and what was asked for in vain is not missing.
                let missing = from.saturating_add(time::DAY);
                let missing = asked.map_or(missing, |asked| asked.max(missing));
                (earlier(settled, zone), Some(missing))
            }
        };
        let start = if job.interval == Interval::D5 {
            // Its bars are counted from wherever a request begins.
            earliest
        } else {
            start.max(earliest)
        };
        Span {
            asked: Period {
                start,
                // The end is outside, and the last trade may be of this very second.
                end: to.unwrap_or(now + 1).min(now + 1),
            },
            wanted,
        }
    }

    /// Returns the wall clock from which bars are asked for again: what is not settled, and whole wide bars.
    fn settled(&self, job: &FetchJob, from: i64) -> Option<i64> {
        let newest = time::day(from);
        let sessions = self.spec.settle_sessions;
        let day = match Self::mark(job) {
            Some(mark) => mark.sessions_before(newest, sessions),
            None => mark::sessions_before(None, newest, sessions),
        };
        time::midnight(period_start(day, job.interval)?)
    }
}

/// Returns the first day of the wide bar that a day falls into.
fn period_start(day: NaiveDate, interval: Interval) -> Option<NaiveDate> {
    match interval {
        Interval::Wk1 => Some(day.week(chrono::Weekday::Mon).first_day()),
        Interval::Mo1 => day.with_day(1),
        Interval::Mo3 => day.with_day(1)?.with_month(day.month0() / 3 * 3 + 1),
        _ => Some(day),
    }
}

/// Returns an instant that is not after a wall clock, whatever the zone if none is known.
fn earlier(wall: i64, zone: Option<Tz>) -> i64 {
    instant(wall, zone, -14 * 3600)
}

/// Returns an instant that is not before a wall clock, whatever the zone if none is known.
fn later(wall: i64, zone: Option<Tz>) -> i64 {
    instant(wall, zone, 12 * 3600)
}

fn instant(wall: i64, zone: Option<Tz>, margin: i64) -> i64 {
    let naive = time::naive(wall);
    match zone {
        Some(zone) => mark::instant(naive, zone),
        None => naive.and_utc().timestamp() + margin,
    }
}

impl MarketDataSource for Yahoo {
    fn venue(&self) -> &Venue {
        &self.venue
    }

    fn serves(&self, _interval: Interval) -> bool {
        true
    }

    fn provenance(&self) -> Provenance {
        Provenance {
            timezone: None,
            basis: PriceBasis::SplitAdjusted,
            source: Some(self.venue.clone()),
        }
    }

    fn calendar(&self) -> Calendar {
        match self.venue.market.as_str() {
            "us" => Calendar::nyse(),
            _ => Calendar::weekdays(),
        }
    }

    fn depth_days(&self, interval: Interval) -> Option<u32> {
        self.spec.windows.of(interval).depth_days
    }

    fn cost(&self, job: &FetchJob) -> u32 {
        if self.rests(job) {
            return 0;
        }
        let pages = self
            .spec
            .windows
            .of(job.interval)
            .pages(self.span(job).asked);
        u32::try_from(pages.len()).unwrap_or(u32::MAX)
    }

    fn rate(&self) -> Option<Rate> {
        Some(self.spec.rate).filter(|rate| rate.is_limited())
    }

    fn requests(&self) -> u64 {
        self.http.requests()
    }

    fn fetch(&self, job: &FetchJob, stop: &Shutdown) -> Result<Fetched, SourceError> {
        if stop.is_raised() {
            return Err(SourceError::Stopped {
                ticker: job.ticker.clone(),
                interval: job.interval,
            });
        }
        if self.rests(job) {
            return Ok(Fetched::UpToDate);
        }
        pages::Fetch::new(self, job, stop).run()
    }
}
