//! Yahoo: bars, dividends and splits by the chart API.
//!
//! Promises: the requests of a job are as few as the windows of Yahoo allow, and none when nothing can be new. Outcomes
//! stay apart: an outage or a refused request is never an unknown symbol. Prices are those of Yahoo's quote arrays,
//! adjusted for splits and not for dividends. What was fetched before an error is handed out, with the error.
//! Leaves to others: budgets, tries and time limits (`http`); what a run does with events and identities (`answers`).

mod address;
mod bare;
mod borders;
mod events;
mod exchanges;
mod finish;
mod join;
mod judge;
mod known_events;
mod late;
mod limits;
mod mark;
mod pages;
mod rows;
mod singles;
mod trading;
mod windows;
mod wire;

pub use exchanges::calendar_of;
pub use rows::Hours;
pub use windows::{Reach, Windows};

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use self::borders::Borders;
use self::mark::Mark;
use self::windows::DAY;
use self::wire::Period;
use super::{
    Asked, Download, FetchJob, Fetched, MarketDataSource, Reached, Recorded, SourceError,
    VaultSpec, recorded,
};
use crate::calendar::{Calendar, Calendars};
use crate::frame::basis::UnsealedBasis;
use crate::http::{Http, Rate, Talk};
use crate::model::{Digest, Interval, PriceBasis, Provenance, Ticker, Venue, time};
use crate::sys::Shutdown;

/// The zone of a series of which nothing is known.
const NOWHERE: &str = "UTC";

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
    /// The calendars of exchanges.
    pub calendars: Arc<Calendars>,
    /// The budget of the server, for estimates.
    pub rate: Rate,
    /// What an earlier process learned, as `learned` told it.
    pub learned: Option<String>,
    /// How answers are kept as they were received; `None` where they are not.
    pub vault: Option<VaultSpec>,
}

/// Returns what the prices of files without a seal contain. The predecessor collected from Yahoo only, and stored prices as
/// `auto_adjust` of yfinance gives them, adjusted for splits and dividends; it wrote that down nowhere.
///
/// # Panics
/// Never: the name of this source is valid.
#[expect(
    clippy::expect_used,
    reason = "a constant, which every test that opens stores parses"
)]
pub fn unsealed_basis() -> UnsealedBasis {
    UnsealedBasis {
        source: "yahoo".parse().expect("a built-in name is valid"),
        basis: PriceBasis::SplitDividendAdjusted,
    }
}

/// The chart API of Yahoo.
#[derive(Debug)]
pub struct Yahoo {
    venue: Venue,
    spec: YahooSpec,
    http: Arc<dyn Http>,
    learned: limits::Learned,
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
        let learned = limits::Learned::of(spec.learned.as_deref(), &spec.windows);
        Self {
            venue,
            spec,
            http,
            learned,
        }
    }

    /// Returns the address of the server, to which paths are added.
    fn base(&self) -> &str {
        self.spec.base_url.trim_end_matches('/')
    }

    /// Returns by how many seconds the server's clock is ahead of this machine's, if that is worth speaking of.
    fn skew(&self) -> i64 {
        const NOTABLE: i64 = 2 * 60;
        let ahead = self.http.server_ahead().map(|ahead| ahead.num_seconds());
        ahead.filter(|ahead| ahead.abs() >= NOTABLE).unwrap_or(0)
    }

    /// Returns the mark by which a run continues.
    fn mark(job: &FetchJob) -> Option<Mark> {
        Self::known(job).filter(|_| job.asked == Asked::Incremental)
    }

    /// Returns what the run before left, whoever chose the window.
    fn known(job: &FetchJob) -> Option<Mark> {
        job.mark.as_deref().and_then(Mark::parse)
    }

    /// Returns the day since which something may have happened that stored rows have not seen; `None` when there are no
    /// such rows, or nobody knows when they were fetched. It may be listed some days late.
    fn unseen_since(job: &FetchJob) -> Option<NaiveDate> {
        const LATE: Days = Days::new(7);
        let asked = Self::known(job).and_then(|mark| rows::wall(mark.through, mark.zone));
        let day = asked.map(|asked| asked.date()).or(job.known)?;
        job.basis.and(day.checked_sub_days(LATE))
    }

    /// Fetches one series; with a talk, second tries are left to the caller.
    fn fetch_by(
        &self,
        job: &FetchJob,
        talk: Option<&mut Talk>,
        stop: &Shutdown,
    ) -> Result<Fetched, SourceError> {
        if stop.is_raised() {
            return Err(SourceError::Stopped {
                ticker: job.ticker.clone(),
                interval: job.interval,
            });
        }
        if self.rests(job) {
            return Ok(Fetched::UpToDate);
        }
        pages::Fetch::new(self, job, talk, stop).run()
    }

    /// Tells whether a job can bring nothing, or is not to be asked yet.
    fn rests(&self, job: &FetchJob) -> bool {
        let now = job.now.timestamp();
        Self::mark(job).is_some_and(|mark| {
            mark.is_current(now, self.spec.hours, &self.spec.calendars)
                || now - mark.through < self.pause(job.interval)
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
        let zone = Self::known(job).map(|mark| mark.zone);
        let borders = Borders::of(job.interval, zone);
        let earliest = self.earliest(job, borders);
        let start = |wall| match borders {
            Some(borders) => borders.start(time::day(wall)).unwrap_or(earliest),
            None => earlier(wall, zone),
        };
        let (mut begin, wanted) = match (job.asked, job.window.from) {
            (_, None) => (earliest, None),
            (Asked::Explicit, Some(from)) => (start(from), Some(from)),
            (Asked::Incremental, Some(from)) => {
                let asked = Self::mark(job)
                    .and_then(|mark| time::nanos(rows::wall(mark.through, mark.zone)?));
                // Answers without bars settle nothing, however many there were: what they held back may still come.
                let known = asked.map_or(from, |asked| from.min(asked));
                let settled = self.settled(job, known).unwrap_or(known);
                // The newest known day is stored, and what was asked for in vain is not missing.
                let missing = from.saturating_add(time::DAY);
                let missing = asked.map_or(missing, |asked| asked.max(missing));
                (start(settled), Some(missing))
            }
        };
        // The end is outside, and the last trade may be of this very second.
        let most = now + 1;
        let mut end = match (job.window.to, borders) {
            (None, _) => most,
            (Some(to), None) => later(to, zone),
            (Some(to), Some(borders)) => {
                let last = time::day(to.saturating_sub(1));
                borders.end(last).unwrap_or(most)
            }
        };
        // What has happened since to rows that are stored is told by events, up to now; one request tells it all.
        let is_kept_whole = self.depth_days(job.interval).is_none();
        if job.asked == Asked::Explicit
            && is_kept_whole
            && let Some(since) = Self::unseen_since(job).and_then(time::midnight)
        {
            begin = begin.min(start(since));
            end = most;
        }
        let mut asked = Period {
            start: begin.max(earliest),
            end: end.min(most),
        };
        if let (Some(mark), Some(_), None) = (Self::mark(job), job.window.from, borders) {
            let reach = self.spec.windows.of(job.interval);
            asked.start = mark.late.begin(asked, reach, &mark);
        }
        Span { asked, wanted }
    }

    /// Returns the first instant that a job can ask for.
    fn earliest(&self, job: &FetchJob, borders: Option<Borders>) -> i64 {
        let reach = self.reach(job.interval);
        let earliest = reach.earliest(job.now.timestamp());
        let border = borders.and_then(|borders| borders.from(earliest));
        border.unwrap_or(earliest)
    }

    /// Returns the wall clock from which bars are asked for again, because they are not settled.
    fn settled(&self, job: &FetchJob, from: i64) -> Option<i64> {
        let newest = time::day(from);
        let sessions = self.spec.settle_sessions;
        let calendars = &self.spec.calendars;
        let calendar = Self::mark(job).map(|mark| mark.trading.calendar(mark.zone, calendars));
        let calendar = calendar.unwrap_or_else(|| Calendar::unlisted(NOWHERE));
        time::midnight(calendar.sessions_before(newest, sessions))
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

    fn provenance(&self) -> Provenance {
        Provenance {
            timezone: None,
            basis: PriceBasis::SplitAdjusted,
            source: Some(self.venue.clone()),
        }
    }

    fn calendar(&self, ticker: &Ticker, calendars: &Calendars) -> Option<Calendar> {
        exchanges::calendar_of_symbol(ticker, calendars)
    }

    fn depth_days(&self, interval: Interval) -> Option<u32> {
        self.spec.windows.of(interval).depth_days
    }

    fn cost(&self, job: &FetchJob) -> u32 {
        if self.rests(job) {
            return 0;
        }
        let pages = self.reach(job.interval).pages(self.span(job).asked);
        u32::try_from(pages.len()).unwrap_or(u32::MAX)
    }

    fn reached(&self, mark: &str) -> Option<Reached> {
        let mark = Mark::parse(mark)?;
        let settled = mark.settled(self.spec.hours, &self.spec.calendars)?;
        let late = mark.late.days();
        Some(Reached { settled, late })
    }

    fn rate(&self) -> Option<Rate> {
        Some(self.spec.rate).filter(|rate| rate.is_limited())
    }

    fn vault(&self) -> Option<VaultSpec> {
        self.spec.vault
    }

    fn record(&self, job: &FetchJob, left: Option<&str>, talk: &Talk) -> Vec<Download> {
        recorded::record(job, left, talk, self.base())
    }

    fn recorded(&self, download: &Download) -> Option<Recorded> {
        recorded::recorded(download)
    }

    fn recorded_talk(
        &self,
        recorded: &Recorded,
        body: &dyn Fn(&Digest) -> Option<Vec<u8>>,
    ) -> Option<Talk> {
        recorded::talk(recorded, self.base(), body)
    }

    fn learned(&self) -> Option<String> {
        self.learned.told()
    }

    fn requests(&self) -> u64 {
        self.http.requests()
    }

    fn remarks(&self) -> Vec<String> {
        let minutes = self.skew() / 60;
        let how = match minutes {
            0 => return Vec::new(),
            1.. => "behind",
            _ => "ahead of",
        };
        let minutes = minutes.abs();
        vec![format!(
            "the clock of this machine is {minutes} minutes {how} the server's"
        )]
    }

    fn fetch(&self, job: &FetchJob, stop: &Shutdown) -> Result<Fetched, SourceError> {
        self.fetch_by(job, None, stop)
    }

    fn fetch_on(
        &self,
        job: &FetchJob,
        talk: &mut Talk,
        stop: &Shutdown,
    ) -> Result<Fetched, SourceError> {
        talk.rewind();
        self.fetch_by(job, Some(talk), stop)
    }
}
