//! One job, page by page: asking, judging, putting together.
//!
//! Promises: pages are asked for oldest first. What earlier pages brought is handed out when a later one fails, with
//! the reason, and the mark then says how far the answer reaches. A page that is denied between others counts as failed.
//! Wide bars that came at odd days are asked
//! for one by one, few of them in one job. Splits of days whose bars Yahoo does not keep any more are told by daily charts for
//! ever: one request asks for them after an outage longer than the depth of the interval, and without its answer there is none.
//! Leaves to others: what the pages amount to (`finish`), what Yahoo tells of its limits (`limits`), which bars are odd (`borders`).

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::address;
use super::borders::Borders;
use super::events;
use super::finish::basis_of;
use super::judge::{Verdict, is_failure, is_of_ticker, judge, refuse_others};
use super::known_events::KnownEvents;
use super::limits::{self, Refused};
use super::mark::Mark;
use super::rows::{self, Reading};
use super::windows::{DAY, Reach};
use super::wire::{Chart, Period};
use super::{Span, Yahoo, earlier};
use crate::calendar::is_same_zone;
use crate::frame::basis::changes_prices;
use crate::http::{HttpAnswer, HttpRequest, Talk};
use crate::model::{Interval, time};
use crate::source::{Asked, Beside, CutShort, FetchJob, Fetched, SourceError};
use crate::sys::Shutdown;

/// Bars that one job asks for by themselves. Where a history is counted from its first trade, no more than five lie before
/// the first border that a request can begin at: quarters begin on weekends four times in a row.
const MOST_STRAYS: usize = 8;

/// A job under way.
pub(super) struct Fetch<'f> {
    pub(super) yahoo: &'f Yahoo,
    pub(super) job: &'f FetchJob,
    /// What was heard before the job was put aside; without it, second tries are waited for here.
    talk: Option<&'f mut Talk>,
    pub(super) stop: &'f Shutdown,
    pub(super) span: Span,
    pub(super) reach: Reach,
    pub(super) lessons: u32,
    pub(super) reading: Reading,
    pub(super) beside: Beside,
    /// What the run before left, where it may be relied on.
    pub(super) mark: Option<Mark>,
    /// Every event of every answer of the job.
    pub(super) told: KnownEvents,
    /// What the last page said of the symbol.
    pub(super) chart: Option<Box<Chart>>,
    is_unknown: bool,
    /// Whether days were denied that cannot lie before the first trade: later pages do not cover them.
    has_gap: bool,
    /// Whether the history is asked for once more, because what is stored stands on another basis.
    pub(super) is_whole: bool,
    /// Days of bars of which nobody knows which days they hold, and that are left out.
    pub(super) strays: Vec<NaiveDate>,
    /// What was asked for and answered by a chart.
    pub(super) answered: Vec<Period>,
    pub(super) through: i64,
}

/// What came of one page.
pub(super) enum Page {
    Done,
    /// The limits are others than we thought: begin again from this page.
    Again,
}

impl<'f> Fetch<'f> {
    pub(super) fn new(
        yahoo: &'f Yahoo,
        job: &'f FetchJob,
        talk: Option<&'f mut Talk>,
        stop: &'f Shutdown,
    ) -> Self {
        let span = yahoo.span(job);
        Self {
            yahoo,
            job,
            talk,
            stop,
            span,
            reach: yahoo.reach(job.interval),
            lessons: limits::LESSONS,
            reading: Reading::default(),
            beside: Beside::default(),
            mark: Yahoo::known(job),
            told: KnownEvents::default(),
            chart: None,
            is_unknown: false,
            has_gap: false,
            is_whole: false,
            strays: Vec::new(),
            answered: Vec::new(),
            through: span.asked.start,
        }
    }

    pub(super) fn run(mut self) -> Result<Fetched, SourceError> {
        self.ask_missed()?;
        self.ask()?;
        self.look_deeper()?;
        self.ask_on_border()?;
        if self.is_rebased() {
            // All of it once more, as far as Yahoo has it: rows that were stored before stand on another basis.
            self.ask_whole()?;
            self.ask_on_border()?;
        }
        self.ask_strays()?;
        self.ask_late()?;
        if self.is_unknown {
            return Ok(Fetched::UnknownTicker);
        }
        // By a clock that is ahead, a session would count as over that is not.
        self.through = self.through.min(self.now() + 1);
        Ok(self.finish())
    }

    /// Tells whether something happened since the stored rows were fetched that changes all prices before it.
    fn is_rebased(&self) -> bool {
        let basis = basis_of(self.job);
        let interval = self.job.interval;
        self.job.asked == Asked::Incremental
            && self.span.asked.start > self.earliest()
            && self
                .untold()
                .iter()
                .any(|event| changes_prices(event, basis, interval))
    }

    fn ask_whole(&mut self) -> Result<(), SourceError> {
        self.is_whole = true;
        self.ask_from(self.earliest())
    }

    /// Where Yahoo counted from the first trade although it was asked from a border on, it is asked from the first border
    /// after that trade on.
    fn ask_on_border(&mut self) -> Result<(), SourceError> {
        let borders = self.borders().filter(|_| self.reading.bars.is_empty());
        let first = self.strays.iter().min().copied();
        let border = borders.zip(first);
        let border = border.and_then(|(borders, first)| borders.after(first));
        match border.filter(|border| self.span.asked.start < *border) {
            Some(border) if border < self.span.asked.end => {
                // What lies before that border is asked for bar by bar, and its events are told.
                let strays = std::mem::take(&mut self.strays);
                let mut events = std::mem::take(&mut self.beside.events);
                self.ask_from(border)?;
                self.strays.extend(strays);
                events.retain(|event| !self.beside.events.contains(event));
                self.beside.events.extend(events);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Asks once more, from an instant on.
    fn ask_from(&mut self, start: i64) -> Result<(), SourceError> {
        self.span.asked.start = start;
        self.through = start;
        self.has_gap = false;
        self.reading = Reading::default();
        self.strays.clear();
        self.beside.events.clear();
        self.beside.cut_short = None;
        self.ask()
    }

    /// Returns the borders of wide bars, on the clock of the exchange as soon as it is known.
    pub(super) fn borders(&self) -> Option<Borders> {
        let told = self.chart.as_ref().map(|chart| chart.meta.zone);
        let zone = told.or(self.mark.as_ref().map(|mark| mark.zone));
        Borders::of(self.job.interval, zone)
    }

    /// Returns the first instant that can be asked for.
    fn earliest(&self) -> i64 {
        let earliest = self.reach.earliest(self.now());
        let border = self.borders().and_then(|borders| borders.from(earliest));
        border.unwrap_or(earliest)
    }

    /// Returns the first request of what is left, which ends on a border where bars are wide.
    fn next_page(&self, left: Period) -> Option<Period> {
        let page = self.reach.pages(left).first().copied()?;
        let borders = self.borders().filter(|_| page.end < left.end);
        let border = borders.and_then(|borders| borders.within(page));
        Some(Period {
            end: border.unwrap_or(page.end).min(left.end),
            ..page
        })
    }

    /// Asks for every page of the span.
    fn ask(&mut self) -> Result<(), SourceError> {
        let mut left = self.span.asked;
        while left.start < left.end {
            let Some(page) = self.next_page(left) else {
                break;
            };
            match self.page(page) {
                Ok(Page::Done) => {
                    // A border that was meant for every zone is one of the exchange's now.
                    let borders = self.borders().filter(|_| page.end < left.end);
                    let border = borders.and_then(|borders| borders.at(page.end));
                    left.start = border.unwrap_or(page.end);
                    if !self.has_gap {
                        self.through = left.start;
                    }
                }
                Ok(Page::Again) => {
                    left.start = left.start.max(self.earliest());
                    self.through = self.through.max(left.start);
                }
                Err(error) if error.is_interruption() => return Err(error),
                // Half a history on another basis than the rest would be a seam, and nobody would ask again.
                Err(error) if self.reading.is_empty() || self.is_whole => return Err(error),
                Err(error) => {
                    self.beside.cut_short = Some(CutShort::by(error));
                    break;
                }
            }
            if self.is_unknown {
                break;
            }
        }
        Ok(())
    }

    /// Returns the moment of the question; where the clock of this machine is ahead, by that of the server.
    pub(super) fn now(&self) -> i64 {
        self.job.now.timestamp() + self.yahoo.skew().min(0)
    }

    /// Asks the server for an address.
    fn get(&mut self, url: &str) -> Result<Arc<HttpAnswer>, SourceError> {
        let request = HttpRequest {
            is_failure,
            ..HttpRequest::of(url)
        };
        let http = &*self.yahoo.http;
        let answer = match &mut self.talk {
            Some(talk) => talk.ask(http, &request, self.stop),
            None => http.get(&request, self.stop).map(Arc::new),
        };
        answer.map_err(|error| SourceError::unanswered(&error, &self.yahoo.venue, self.job, url))
    }

    /// Asks for one page.
    fn page(&mut self, page: Period) -> Result<Page, SourceError> {
        let url = address::of(&self.yahoo.spec, self.job, page);
        let answer = self.get(&url)?;
        let venue = self.yahoo.venue.clone();
        let malformed = |reason| SourceError::Malformed {
            ticker: self.job.ticker.clone(),
            what: url.clone(),
            reason,
            body: Some(answer.body.clone()),
        };
        match judge(&answer) {
            Verdict::Chart(chart) => {
                refuse_others(&chart, self.job).map_err(malformed)?;
                self.take(*chart, page);
            }
            Verdict::BeforeFirstTrade if self.reading.is_empty() => {
                let through = Yahoo::mark(self.job).map(|mark| mark.through);
                if let Some(through) = through.filter(|through| *through < page.end) {
                    self.has_gap = true;
                    self.through = self.through.max(through);
                }
            }
            Verdict::UnknownSymbol if self.chart.is_none() => self.is_unknown = true,
            // It had pages of the symbol a moment ago. These days stay wanted.
            Verdict::BeforeFirstTrade | Verdict::UnknownSymbol => {
                let reason = format!("it denies some days of a symbol that it has: {url}");
                return Err(SourceError::Transport { venue, reason });
            }
            Verdict::OutOfReach { days } => return self.learn_depth(days, page, &url),
            Verdict::TooLong { days } => return self.learn_length(days, &url),
            Verdict::Throttled => {
                return Err(SourceError::Throttled {
                    venue,
                    retry_after: None,
                });
            }
            Verdict::Outage(reason) => return Err(SourceError::Transport { venue, reason }),
            Verdict::Unsupported(reason) => {
                return Err(SourceError::Misconfigured { venue, reason });
            }
            Verdict::Malformed(reason) => return Err(malformed(reason)),
        }
        Ok(Page::Done)
    }

    fn take(&mut self, mut chart: Chart, page: Period) {
        // Files and marks go on under the name that the zone had when they were begun.
        if let Some(mark) = &self.mark
            && is_same_zone(mark.zone.name(), chart.meta.zone.name())
        {
            chart.meta.zone = mark.zone;
        }
        // A row of the last trade may lie after the end of what was asked for; a wide bar may begin before it.
        let is_intraday = self.job.interval.is_intraday();
        chart
            .rows
            .retain(|row| row.stamp < page.end && (row.stamp >= page.start || !is_intraday));
        let question = rows::Question {
            interval: self.job.interval,
            hours: self.yahoo.spec.hours,
            page,
            now: self.now(),
        };
        let mut reading = rows::read(&chart, question);
        self.answered.push(page);
        self.strays.append(&mut reading.strays);
        if chart.odd_events > 0 {
            self.beside.warnings.push(format!(
                "{} of its events could not be understood and are left out",
                chart.odd_events
            ));
        }
        // Newer pages go first, as newer bars do.
        let older = std::mem::replace(&mut self.reading, reading);
        self.reading.bars.extend(older.bars);
        self.reading.outside.extend(older.outside);
        self.reading.adjusted.extend(older.adjusted);
        self.reading.blank.extend(older.blank);
        self.hear_all(&chart);
        self.chart = Some(Box::new(chart));
    }

    /// Asks for the events since the stored rows were fetched, if bars that follow these are lost, or a person asks for
    /// others.
    fn ask_missed(&mut self) -> Result<(), SourceError> {
        let zone = self.mark.as_ref().map(|mark| mark.zone);
        let asked = self.span.asked;
        let is_outside = |since: &i64| match self.job.asked {
            Asked::Incremental => *since < self.reach.earliest(self.now()),
            Asked::Explicit => *since < asked.start || asked.end <= self.now(),
        };
        let wanted = match self.job.asked {
            Asked::Incremental => self.span.wanted,
            Asked::Explicit => Yahoo::unseen_since(self.job).and_then(time::midnight),
        };
        let wanted = wanted.map(|wall| earlier(wall, zone));
        let Some(wanted) = wanted.filter(is_outside) else {
            return Ok(());
        };
        let daily = FetchJob {
            interval: Interval::D1,
            ..self.job.clone()
        };
        let span = Period {
            start: wanted - DAY,
            end: self.now() + 1,
        };
        let url = address::of(&self.yahoo.spec, &daily, span);
        let venue = self.yahoo.venue.clone();
        let answer = self.get(&url)?;
        let reason = match judge(&answer) {
            Verdict::Chart(chart) if is_of_ticker(&chart, self.job) => {
                self.hear_all(&chart);
                return Ok(());
            }
            // The pages of the bars will say the same.
            Verdict::BeforeFirstTrade | Verdict::UnknownSymbol => return Ok(()),
            Verdict::Throttled => {
                let retry_after = None;
                return Err(SourceError::Throttled { venue, retry_after });
            }
            Verdict::Outage(reason) | Verdict::Malformed(reason) => reason,
            _ => format!("{url} tells no splits of the days that are lost"),
        };
        Err(SourceError::Transport { venue, reason })
    }

    /// Asks for the newest bars that are left out.
    fn ask_strays(&mut self) -> Result<(), SourceError> {
        let Some(borders) = self.borders().filter(|_| !self.strays.is_empty()) else {
            return Ok(());
        };
        let mut left: BTreeMap<NaiveDate, NaiveDate> = BTreeMap::new();
        for day in std::mem::take(&mut self.strays) {
            if let Some(border) = self.job.interval.period(day).map(|period| period.start) {
                left.entry(border).or_insert(day);
            }
        }
        for bar in &self.reading.bars {
            left.retain(|border, _| time::midnight(*border) != bar.date);
        }
        if self.job.asked == Asked::Explicit {
            let window = Borders::widened(borders, self.job.window);
            let is_inside = |stamp| window.contains(stamp);
            left.retain(|border, _| time::midnight(*border).is_some_and(is_inside));
        }
        let newest: Vec<NaiveDate> = left.keys().rev().take(MOST_STRAYS).copied().collect();
        for border in newest {
            let Some(page) = borders.one_bar(border, self.now()) else {
                continue;
            };
            match self.ask_one_bar(page) {
                Ok(true) => {
                    left.remove(&border);
                }
                Ok(false) => {}
                Err(error) if error.is_interruption() => return Err(error),
                Err(error) if self.reading.is_empty() || self.is_whole => return Err(error),
                Err(error) => {
                    self.through = self.through.min(page.start);
                    self.beside.cut_short = Some(CutShort::by(error));
                    break;
                }
            }
        }
        self.strays = left.into_values().collect();
        Ok(())
    }

    /// Asks for one day that had no price when it was asked for, if it is time to.
    fn ask_late(&mut self) -> Result<(), SourceError> {
        let mark = self
            .mark
            .as_ref()
            .filter(|_| self.job.asked == Asked::Incremental);
        let calendars = &self.yahoo.spec.calendars;
        let due = mark.and_then(|mark| mark.late.due(self.span.asked, self.reach, mark, calendars));
        let Some(day) = due.filter(|_| self.chart.is_some() && self.beside.cut_short.is_none())
        else {
            return Ok(());
        };
        match self.ask_one_bar(day) {
            Ok(_) => self.answered.push(day),
            Err(error @ SourceError::Stopped { .. }) => return Err(error),
            // It stays on the list, and what was asked for has come.
            Err(_) => {}
        }
        Ok(())
    }

    /// Asks for one bar, or those of one day, and tells whether any came.
    fn ask_one_bar(&mut self, page: Period) -> Result<bool, SourceError> {
        let url = address::of(&self.yahoo.spec, self.job, page);
        let venue = self.yahoo.venue.clone();
        let answer = self.get(&url)?;
        let reason = match judge(&answer) {
            Verdict::Chart(mut chart) => match refuse_others(&chart, self.job) {
                Ok(()) => {
                    let is_intraday = self.job.interval.is_intraday();
                    chart.rows.retain(|row| {
                        row.stamp < page.end && (row.stamp >= page.start || !is_intraday)
                    });
                    let question = rows::Question {
                        interval: self.job.interval,
                        hours: self.yahoo.spec.hours,
                        page,
                        now: self.now(),
                    };
                    let reading = rows::read(&chart, question);
                    let has_come = !reading.is_empty();
                    self.reading.bars.extend(reading.bars);
                    self.reading.outside.extend(reading.outside);
                    self.reading.adjusted.extend(reading.adjusted);
                    self.reading.provisional.extend(reading.provisional);
                    return Ok(has_come);
                }
                Err(reason) => reason,
            },
            Verdict::Malformed(reason) => reason,
            Verdict::Throttled => {
                let retry_after = None;
                return Err(SourceError::Throttled { venue, retry_after });
            }
            Verdict::Outage(reason) => return Err(SourceError::Transport { venue, reason }),
            // There is no such bar: the one that came stays left out, and is named.
            _ => return Ok(false),
        };
        Err(SourceError::Malformed {
            ticker: self.job.ticker.clone(),
            what: url,
            reason,
            body: Some(answer.body.clone()),
        })
    }

    /// Looks whether Yahoo keeps more than the built-in limits say, where all that it keeps is wanted, and asks for that, too.
    fn look_deeper(&mut self) -> Result<(), SourceError> {
        let interval = self.job.interval;
        let depth = self.reach.depth_days;
        let Some(depth) = depth.filter(|_| self.yahoo.is_built_in(interval)) else {
            return Ok(());
        };
        // What denies some of the days that it keeps says nothing of others.
        let is_answered = !self.reading.is_empty() && self.beside.cut_short.is_none();
        let is_whole = self.span.wanted.is_none() && is_answered;
        if !is_whole || !self.yahoo.is_lookout(interval, &self.job.ticker) {
            return Ok(());
        }
        let start = self.earliest() - limits::LONG_AGO;
        let end = start + DAY;
        let url = address::of(&self.yahoo.spec, self.job, Period { start, end });
        let told = match self.get(&url) {
            Err(error) if error.is_interruption() => return Err(error),
            Err(_) => None,
            Ok(answer) => limits::told_depth(&answer),
        };
        if told.is_some_and(|told| told > depth) {
            self.reach.depth_days = told;
            self.yahoo.learn(interval, |reach| reach.depth_days = told);
            self.ask_whole()?;
        }
        Ok(())
    }

    /// Yahoo keeps less than the settings say, or its edge is not where this machine's clock has it.
    fn learn_depth(
        &mut self,
        days: Option<u32>,
        page: Period,
        url: &str,
    ) -> Result<Page, SourceError> {
        let refused = Refused {
            start: page.start,
            now: self.now(),
            ahead: self.yahoo.skew(),
        };
        let Some(reach) = limits::after(refused, self.reach, days, &mut self.lessons) else {
            return Err(self.misconfigured("depth_days", url));
        };
        self.reach = reach;
        // That it keeps less is believed of this ticker: another one may have more, which would be lost.
        let (interval, margin) = (self.job.interval, reach.edge_margin);
        self.yahoo
            .learn(interval, |known| known.edge_margin = margin);
        Ok(Page::Again)
    }

    /// Yahoo gives less in one request than the settings say.
    fn learn_length(&mut self, days: Option<u32>, url: &str) -> Result<Page, SourceError> {
        let Some(reach) = limits::shorter(self.reach, days, &mut self.lessons) else {
            return Err(self.misconfigured("request_days", url));
        };
        self.reach = reach;
        self.yahoo
            .learn(self.job.interval, |known| known.request_days = days);
        Ok(Page::Again)
    }

    fn misconfigured(&self, key: &str, url: &str) -> SourceError {
        SourceError::Misconfigured {
            venue: self.yahoo.venue.clone(),
            reason: format!(
                "`windows.{}.{key}` is more than the server allows: {url}",
                self.job.interval
            ),
        }
    }

    /// Hears of the events of an answer.
    fn hear_all(&mut self, chart: &Chart) {
        for event in &chart.events {
            let Some(heard) = events::heard(event, &chart.meta) else {
                continue;
            };
            let untold = events::excluded(&self.beside.events, &heard);
            self.beside.warnings.extend(untold);
            // What has yet to take effect will be news then.
            if event.at <= self.now() {
                self.told.push(heard.clone());
            }
            self.beside.events.push(heard);
        }
    }
}
