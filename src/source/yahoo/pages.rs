//! One job, page by page: asking, judging, putting together.
//!
//! Promises: pages are asked for oldest first. What earlier pages brought is handed out when a later one fails, with
//! the reason, and the mark then says how far the answer reaches. A page that is denied between others counts as failed.
//! Leaves to others: bars and days that are asked for by themselves (`singles`), what the pages amount to (`finish`), what Yahoo
//! tells of its limits (`limits`), which bars are odd (`borders`).

use std::sync::Arc;

use chrono::NaiveDate;

use super::address;
use super::borders::Borders;
use super::events;
use super::finish::basis_of;
use super::judge::{Verdict, is_failure, judge, refuse_others};
use super::known_events::KnownEvents;
use super::limits::{self, Refused};
use super::mark::Mark;
use super::rows::{self, ChartBars};
use super::windows::{DAY, Reach};
use super::wire::{Chart, Period};
use super::{Span, Yahoo, singles};
use crate::calendar::is_same_zone;
use crate::frame::basis::changes_prices;
use crate::http::{HttpAnswer, HttpRequest, Talk};
use crate::source::{Asked, CutShort, Extras, FetchJob, Fetched, SourceError};
use crate::sys::Shutdown;

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
    pub(super) reading: ChartBars,
    pub(super) beside: Extras,
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
            reading: ChartBars::default(),
            beside: Extras::default(),
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
        singles::ask_missed(&mut self)?;
        self.ask()?;
        self.look_deeper()?;
        self.ask_on_border()?;
        if self.is_rebased() {
            // All of it once more, as far as Yahoo has it: rows that were stored before stand on another basis.
            self.ask_whole()?;
            self.ask_on_border()?;
        }
        singles::ask_strays(&mut self)?;
        singles::ask_late(&mut self)?;
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
        self.reading = ChartBars::default();
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
    pub(super) fn earliest(&self) -> i64 {
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
    pub(super) fn get(&mut self, url: &str) -> Result<Arc<HttpAnswer>, SourceError> {
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
            self.yahoo.learn_depth_of_all(interval, told);
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
        let built_in = self.yahoo.spec.windows.of(self.job.interval).depth_days;
        if days.is_some() && days <= built_in && self.reach.depth_days > built_in {
            // What an earlier run learned is not so any more: the next ones begin with what is built in.
            self.yahoo.learn_depth_of_all(self.job.interval, None);
        }
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
    pub(super) fn hear_all(&mut self, chart: &Chart) {
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
