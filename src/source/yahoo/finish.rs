//! What the pages of a job amount to: one answer, with its mark and all that came along.
//!
//! Promises: an explicit window is honoured exactly. Rows continue the price basis of the stored ones, where Yahoo can
//! give it. A shell without a single bar is a symbol that Yahoo does not know.

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::borders::Borders;
use super::known_events::{KnownEvents, remembers};
use super::late::{AnsweredDays, LateDays};
use super::mark::Mark;
use super::pages::Fetch;
use super::rows;
use super::wire::{Chart, Period};
use crate::frame::basis::changes_prices;
use crate::frame::{BarBatch, EventKind, MarketEvent};
use crate::model::{Identity, PriceBasis, Provenance, time};
use crate::source::{Answered, Asked, FetchJob, Fetched};

/// The exchange of the shells that are left of dead symbols.
const SHELL: &str = "YHD";

impl Fetch<'_> {
    pub(super) fn finish(mut self) -> Fetched {
        let job = self.job;
        let mut mark = self.next_mark().map(|mark| mark.to_string());
        self.beside.splits = self.splits();
        self.beside.unseen = self.unseen();
        self.warn_of_strays();
        if job.asked == Asked::Explicit {
            let window = match Borders::of(job.interval, None) {
                Some(borders) => borders.widened(job.window),
                None => job.window,
            };
            let is_inside = |stamp: i64| window.contains(stamp);
            for bars in [&mut self.reading.bars, &mut self.reading.outside] {
                bars.retain(|bar| bar.date.is_some_and(is_inside));
            }
            self.reading.adjusted.retain(|close| is_inside(close.date));
            self.reading.provisional.retain(|stamp| is_inside(*stamp));
            self.beside.events.retain(|event| is_inside(event.date));
        }
        let (lost, answered) = (self.lost(), self.answered_days());
        let mut beside = self.beside;
        beside.lost = lost;
        beside.answered = answered;
        beside.adjusted_closes = self.reading.adjusted;
        beside.prepost = self.reading.outside;
        beside.provisional = self.reading.provisional;
        let basis = basis_of(job);
        if basis == PriceBasis::SplitDividendAdjusted {
            rows::adjust(&mut self.reading.bars, &beside.adjusted_closes);
        }
        if let Some(chart) = &self.chart {
            let meta = &chart.meta;
            let day = |stamp| rows::wall(stamp, meta.zone).map(|wall| wall.date());
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
        if !beside.splits.is_empty() {
            // No rows come with which the older ones could be moved: the splits have to be news once more.
            mark = None;
        }
        Fetched::Nothing { mark, beside }
    }

    /// Bars of another grid would stand beside those of the series, and each day would be in two of them.
    fn warn_of_strays(&mut self) {
        let interval = self.job.interval;
        if let (Some(first), Some(last)) = (self.strays.iter().min(), self.strays.iter().max()) {
            let warning = match self.strays.len() {
                1 => format!("a bar of {first} begins on no border of {interval} and is left out"),
                many => format!(
                    "{many} bars from {first} to {last} begin on no border of {interval} and are left out"
                ),
            };
            self.beside.warnings.push(warning);
        }
    }

    /// Returns the days that are wanted and out of reach, both included.
    fn lost(&self) -> Option<(NaiveDate, NaiveDate)> {
        let job = self.job;
        let told = self.chart.as_ref().map(|chart| chart.meta.zone);
        // A person is told even if nothing came; a run is, once there is a mark to keep it from saying so again.
        let zone = told.or((job.asked == Asked::Explicit).then_some(Tz::UTC))?;
        self.reach.depth_days?;
        let edge = rows::wall(self.reach.earliest(self.now()), zone)?;
        let edge = time::nanos(edge)?;
        let wanted = self.span.wanted.filter(|wanted| *wanted < edge)?;
        // A day of which the beginning is out of reach is not whole any more.
        let after = job.window.to.map_or(edge, |to| to.min(edge));
        let (first, last) = (time::day(wanted), time::day(after.saturating_sub(1)));
        (first <= last).then_some((first, last))
    }

    /// Returns the days whose sessions were over when they were asked for, whole and as far as answers came.
    fn answered_days(&self) -> Option<Answered> {
        let chart = self.chart.as_ref()?;
        if self.borders().is_some() {
            return None;
        }
        let mut pages = self.answered.clone();
        pages.sort_unstable_by_key(|page| page.start);
        let mut joined: Vec<Period> = Vec::new();
        for page in pages {
            match joined.last_mut() {
                // A day within which one page ends and the next one begins is whole.
                Some(before) if before.end >= page.start => before.end = before.end.max(page.end),
                _ => joined.push(page),
            }
        }
        let spans = joined.into_iter().filter_map(|span| {
            let begin = rows::wall(span.start, chart.meta.zone)?;
            let is_whole = begin.time() == NaiveTime::MIN;
            let first = begin.date();
            let first = if is_whole { first } else { first.succ_opt()? };
            let spec = &self.yahoo.spec;
            let through = span.end.min(self.through);
            let mark = Mark::of(&chart.meta, through, spec.hours, &spec.calendars);
            let last = mark.settled(spec.hours, &spec.calendars)?;
            (first <= last).then_some((first, last))
        });
        Some(Answered {
            spans: spans.collect(),
            null: self.reading.blank.clone(),
        })
    }

    /// Returns the splits since the stored rows were fetched, where these reach back further than Yahoo's own.
    fn splits(&self) -> Vec<MarketEvent> {
        let is_kept_whole = self.reach.depth_days.is_none();
        let mut splits = self.untold();
        splits.retain(|event| !is_kept_whole && matches!(event.kind, EventKind::Split { .. }));
        splits
    }

    /// Returns the events of the answers that nobody knew when the stored rows were fetched.
    pub(super) fn untold(&self) -> Vec<MarketEvent> {
        // Of an explicit window it does not matter where it lies: what is stored was fetched before.
        let since = match self.job.asked {
            Asked::Incremental => self.job.window.from,
            Asked::Explicit => self.job.known.and_then(time::midnight),
        };
        let is_stored = self.job.asked == Asked::Incremental || self.job.basis.is_some();
        let Some(from) = since.filter(|_| is_stored) else {
            return Vec::new();
        };
        let is_new = |event: &&MarketEvent| match &self.mark {
            Some(mark) => !mark.told.contains(event) && remembers(mark, event),
            // Without a mark nobody knows whether the newest row was fetched before the event of its day or after it.
            None => event.date >= from - from.rem_euclid(time::DAY),
        };
        self.told.iter().filter(is_new).cloned().collect()
    }

    /// Returns the events that the answer leaves older rows without, and that change what these should be.
    fn unseen(&self) -> Vec<MarketEvent> {
        // Rows that the source does not keep are moved across splits with the answer.
        let is_left = self.job.asked == Asked::Explicit && self.reach.depth_days.is_none();
        let (basis, interval) = (basis_of(self.job), self.job.interval);
        let mut unseen = self.untold();
        unseen.retain(|event| is_left && changes_prices(event, basis, interval));
        unseen
    }

    /// Returns what the series leaves for the next run; `None` where the answer is to leave nothing.
    fn next_mark(&self) -> Option<Mark> {
        if self.job.asked == Asked::Explicit {
            return self.crossed_mark();
        }
        let chart = self.chart.as_ref()?;
        let spec = &self.yahoo.spec;
        let mut mark = Mark::of(&chart.meta, self.through, spec.hours, &spec.calendars);
        mark.told = self.remembered(&mark);
        if self.borders().is_none() {
            mark.late = self.late_days(&mark);
        }
        Some(mark)
    }

    /// Returns the sessions of which there is no price yet.
    fn late_days(&self, mark: &Mark) -> LateDays {
        let day = |stamp| rows::wall(stamp, mark.zone).map(|wall| wall.date());
        let meta = self.chart.as_ref().map(|chart| &chart.meta);
        let bars = self.reading.bars.iter().filter_map(|bar| bar.date);
        let answer = AnsweredDays {
            held: bars.map(time::day).collect(),
            blank: self.reading.blank.clone(),
            first_trade: meta.and_then(|meta| meta.first_trade).and_then(day),
            is_continued: self.job.basis.is_some() || self.job.known.is_some(),
        };
        let before = self.mark.as_ref().map(|mark| mark.late.clone());
        let calendar = mark.trading.calendar(mark.zone, &self.yahoo.spec.calendars);
        let hours = self.yahoo.spec.hours;
        before
            .unwrap_or_default()
            .after(&answer, &self.answered, (mark, hours), &calendar)
    }

    /// Returns the mark of the run before with the splits that stored rows are moved across now, so that they are no news.
    fn crossed_mark(&self) -> Option<Mark> {
        let (mut mark, splits) = (self.mark.clone()?, self.splits());
        for split in &splits {
            mark.told.push(split.clone());
        }
        (!splits.is_empty()).then_some(mark)
    }

    fn remembered(&self, mark: &Mark) -> KnownEvents {
        let is_asked_again = |event: &MarketEvent| {
            let start = rows::wall(self.span.asked.start, mark.zone).and_then(time::nanos);
            start.is_some_and(|start| event.date >= start)
        };
        let before = self.mark.iter().flat_map(|mark| mark.told.iter());
        // An event that was withdrawn is news when it comes back.
        let before = before.filter(|event| !is_asked_again(event));
        let mut told = KnownEvents::default();
        before
            .chain(self.told.iter())
            .filter(|event| remembers(mark, event))
            .for_each(|event| told.push(event.clone()));
        told
    }
}

/// Returns the basis of the answer: that of the stored rows, where Yahoo can give it.
pub(super) fn basis_of(job: &FetchJob) -> PriceBasis {
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
