//! One job, page by page: asking, judging, putting together.
//!
//! Promises: pages are asked for oldest first. What earlier pages brought is handed out when a later one fails, with
//! the reason, and the mark then says how far the answer reaches.

use super::address;
use super::judge::{Verdict, judge};
use super::mark::Mark;
use super::rows::{self, Reading};
use super::windows::Reach;
use super::wire::{Chart, Period};
use super::{Span, Yahoo, lost};
use crate::frame::{BarBatch, EventKind, MarketEvent};
use crate::model::{Identity, Interval, PriceBasis, Provenance, time};
use crate::source::http::HttpRequest;
use crate::source::{Asked, Beside, FetchJob, Fetched, SourceError};
use crate::sys::Shutdown;

/// How often Yahoo may tell us its limits before we stop believing it.
const LESSONS: u32 = 2;
/// The exchange of the shells that are left of dead symbols.
const SHELL: &str = "YHD";

/// A job under way.
pub(super) struct Fetch<'f> {
    yahoo: &'f Yahoo,
    job: &'f FetchJob,
    stop: &'f Shutdown,
    span: Span,
    reach: Reach,
    lessons: u32,
    reading: Reading,
    beside: Beside,
    /// What the last page said of the symbol.
    chart: Option<Box<Chart>>,
    is_unknown: bool,
    through: i64,
}

enum Page {
    Done,
    /// The limits are others than we thought: begin again from this page.
    Again,
}

impl<'f> Fetch<'f> {
    pub(super) fn new(yahoo: &'f Yahoo, job: &'f FetchJob, stop: &'f Shutdown) -> Self {
        let span = yahoo.span(job);
        Self {
            yahoo,
            job,
            stop,
            span,
            reach: yahoo.spec.windows.of(job.interval),
            lessons: LESSONS,
            reading: Reading::default(),
            beside: Beside::default(),
            chart: None,
            is_unknown: false,
            through: span.asked.start,
        }
    }

    pub(super) fn run(mut self) -> Result<Fetched, SourceError> {
        self.ask()?;
        if self.is_rebased() {
            // All of it once more, as far as Yahoo has it: rows that were stored before stand on another basis.
            let whole = self.reach.earliest(self.now());
            self.span.asked.start = whole;
            self.through = whole;
            self.reading = Reading::default();
            self.beside.events.clear();
            self.ask()?;
        }
        if self.is_unknown {
            return Ok(Fetched::UnknownTicker);
        }
        Ok(self.finish())
    }

    /// Tells whether something happened since the stored rows were fetched that changes all prices before it.
    fn is_rebased(&self) -> bool {
        let (job, reach) = (self.job, self.reach.earliest(self.now()));
        if job.asked == Asked::Explicit || self.span.asked.start <= reach {
            return false;
        }
        let Some((from, chart)) = job.window.from.zip(self.chart.as_ref()) else {
            return false;
        };
        let zone = chart.meta.zone;
        let known = match Yahoo::mark(job) {
            Some(mark) => rows::wall(mark.through, zone).and_then(time::nanos),
            // Without a mark the newest row is all that is known of the last fetch.
            None => Some(from),
        };
        // Wide bars have adjusted closes, and each payment changes all of them before it.
        let is_adjusted =
            basis_of(job) == PriceBasis::SplitDividendAdjusted || !job.interval.is_intraday();
        let is_newer = |event: &&MarketEvent| known.is_some_and(|known| event.date > known);
        self.beside
            .events
            .iter()
            .filter(is_newer)
            .any(|event| is_adjusted || matches!(event.kind, EventKind::Split { .. }))
    }

    /// Asks for every page of the span.
    fn ask(&mut self) -> Result<(), SourceError> {
        let mut left = self.span.asked;
        while left.start < left.end {
            let Some(page) = self.reach.pages(left).first().copied() else {
                break;
            };
            match self.page(page) {
                Ok(Page::Done) => {
                    left.start = page.end;
                    self.through = page.end;
                }
                Ok(Page::Again) => {
                    left.start = left.start.max(self.reach.earliest(self.now()));
                    self.through = self.through.max(left.start);
                }
                Err(error @ SourceError::Stopped { .. }) => return Err(error),
                Err(error) if self.reading.bars.is_empty() => return Err(error),
                Err(error) => {
                    self.beside.cut_short = Some(error.to_string());
                    break;
                }
            }
            if self.is_unknown {
                break;
            }
        }
        Ok(())
    }

    fn now(&self) -> i64 {
        self.job.now.timestamp()
    }

    /// Asks for one page.
    fn page(&mut self, page: Period) -> Result<Page, SourceError> {
        let url = address::of(&self.yahoo.spec, self.job, page);
        let answer = self
            .yahoo
            .http
            .get(&HttpRequest::of(url.as_str()), self.stop)
            .map_err(|error| error.into_source_error(&self.yahoo.venue, self.job, &url))?;
        let venue = self.yahoo.venue.clone();
        let malformed = |reason| SourceError::Malformed {
            ticker: self.job.ticker.clone(),
            what: url.clone(),
            reason,
            body: Some(answer.body.clone()),
        };
        match judge(&answer) {
            Verdict::Chart(chart) => {
                self.check(&chart).map_err(malformed)?;
                self.take(*chart, page);
            }
            Verdict::BeforeFirstTrade => {}
            Verdict::UnknownSymbol => self.is_unknown = self.reading.bars.is_empty(),
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

    /// Refuses a chart of something else than was asked for.
    fn check(&self, chart: &Chart) -> Result<(), String> {
        let meta = &chart.meta;
        if !meta.symbol.eq_ignore_ascii_case(self.job.ticker.as_str()) {
            return Err(format!("it is a chart of {}", meta.symbol));
        }
        let served = meta.granularity.as_str();
        let is_right = match self.job.interval {
            // Yahoo spells sixty minutes its own way, and half hours are made of quarters.
            Interval::M60 | Interval::H1 => matches!(served, "" | "1h" | "60m"),
            Interval::M30 => matches!(served, "" | "15m" | "30m"),
            interval => served.is_empty() || served == interval.as_str(),
        };
        if is_right || chart.rows.is_empty() {
            return Ok(());
        }
        Err(format!(
            "it has bars of {served}, and {} was asked for",
            self.job.interval
        ))
    }

    fn take(&mut self, mut chart: Chart, page: Period) {
        // A row of the last trade may lie after the end of what was asked for; a wide bar may begin before it.
        let is_intraday = self.job.interval.is_intraday();
        chart
            .rows
            .retain(|row| row.stamp < page.end && (row.stamp >= page.start || !is_intraday));
        let reading = rows::read(&chart, self.job.interval, self.yahoo.spec.hours, self.now());
        if chart.odd_events > 0 {
            self.beside.warnings.push(format!(
                "{} of its events could not be understood and are left out",
                chart.odd_events
            ));
        }
        // Newer pages go first, as newer bars do.
        let older = std::mem::replace(&mut self.reading, reading);
        self.reading.bars.extend(older.bars);
        self.reading.adjusted.extend(older.adjusted);
        self.beside
            .events
            .extend(chart.events.iter().filter_map(|event| {
                let day = rows::wall(event.at, chart.meta.zone)?.date();
                Some(MarketEvent {
                    date: time::midnight(day)?,
                    kind: event.kind,
                })
            }));
        self.chart = Some(Box::new(chart));
    }

    /// Yahoo keeps less than the settings say.
    fn learn_depth(
        &mut self,
        days: Option<u32>,
        page: Period,
        url: &str,
    ) -> Result<Page, SourceError> {
        let reach = Reach {
            depth_days: days.or(self.reach.depth_days),
            ..self.reach
        };
        let earliest = reach.earliest(self.now());
        if self.lessons == 0 || reach.depth_days.is_none() || earliest <= page.start {
            return Err(self.misconfigured("depth_days", url));
        }
        self.lessons -= 1;
        self.reach = reach;
        Ok(Page::Again)
    }

    /// Yahoo gives less in one request than the settings say.
    fn learn_length(&mut self, days: Option<u32>, url: &str) -> Result<Page, SourceError> {
        let is_shorter = days.is_some_and(|days| {
            days > 0 && self.reach.request_days.is_none_or(|known| days < known)
        });
        if self.lessons == 0 || !is_shorter {
            return Err(self.misconfigured("request_days", url));
        }
        self.lessons -= 1;
        self.reach.request_days = days;
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

    fn finish(mut self) -> Fetched {
        let job = self.job;
        if job.asked == Asked::Explicit {
            let window = job.window;
            let is_inside = |stamp: i64| window.contains(stamp);
            self.reading
                .bars
                .retain(|bar| bar.date.is_some_and(is_inside));
            self.reading.adjusted.retain(|close| is_inside(close.date));
            self.reading.provisional.retain(|stamp| is_inside(*stamp));
            self.beside.events.retain(|event| is_inside(event.date));
        }
        let mut beside = self.beside;
        beside.adjusted_closes = self.reading.adjusted;
        beside.provisional = self.reading.provisional;
        let basis = basis_of(job);
        if basis == PriceBasis::SplitDividendAdjusted {
            rows::adjust(&mut self.reading.bars, &beside.adjusted_closes);
        }
        let mut mark = None;
        if let Some(chart) = &self.chart {
            let meta = &chart.meta;
            let day = |stamp| rows::wall(stamp, meta.zone).map(|wall| wall.date());
            beside.lost = lost(
                self.span,
                self.reach.earliest(job.now.timestamp()),
                meta.zone,
            );
            beside.identity = Some(Identity {
                exchange: meta.exchange.clone(),
                currency: meta.currency.clone(),
                instrument_type: meta.instrument.clone(),
                timezone: Some(meta.zone.name().to_owned()),
                first_trade: meta.first_trade.and_then(day),
            });
            beside.provenance = Some(Provenance {
                timezone: Some(meta.zone.name().to_owned()),
                basis,
                source: Some(self.yahoo.venue.clone()),
            });
            mark =
                (job.asked == Asked::Incremental).then(|| Mark::of(meta, self.through).to_string());
        }
        let beside = Box::new(beside);
        if !self.reading.bars.is_empty() {
            let batch = BarBatch {
                bars: self.reading.bars,
            };
            return Fetched::Bars {
                batch,
                mark,
                beside,
            };
        }
        if is_dead(job, self.chart.as_deref()) {
            return Fetched::UnknownTicker;
        }
        Fetched::Nothing { mark, beside }
    }
}

/// Returns the basis of the answer: that of the stored rows, where Yahoo can give it.
fn basis_of(job: &FetchJob) -> PriceBasis {
    match job.basis {
        Some(PriceBasis::SplitDividendAdjusted) => PriceBasis::SplitDividendAdjusted,
        _ => PriceBasis::SplitAdjusted,
    }
}

/// Tells whether a symbol has no bar at all and is known to Yahoo as a shell only.
fn is_dead(job: &FetchJob, chart: Option<&Chart>) -> bool {
    let is_whole = job.asked == Asked::Incremental && job.window.from.is_none();
    is_whole
        && !job.interval.is_intraday()
        && chart.is_some_and(|chart| {
            chart.meta.exchange.as_deref() == Some(SHELL) || chart.meta.first_trade.is_none()
        })
}
