//! Which payments and splits an answer told: the next one tells by them what happened since.
//!
//! Promises: an event counts as known because it was told, not because its day lies before the last request. Yahoo may
//! list it a day late, or on the very day of a request that came before the session. Another amount is another event.

use std::fmt;

use chrono::TimeDelta;

use super::finish::basis_of;
use super::mark::Mark;
use super::pages::Fetch;
use super::rows;
use super::wire::Chart;
use crate::frame::basis::changes_prices;
use crate::frame::{EventKind, MarketEvent};
use crate::model::time;
use crate::source::Asked;

/// Days before the end of an answer for which its events are remembered: longer than one is listed late.
const REMEMBERED: i64 = 40;

/// Events of the last weeks before the end of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told(Vec<MarketEvent>);

impl Told {
    /// Reads the events of a mark; `None` when they are not of this form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.split(',').map(parsed).collect::<Option<_>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, event: MarketEvent) {
        if !self.0.contains(&event) {
            self.0.push(event);
        }
    }
}

impl Fetch<'_> {
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
            Some(mark) => !mark.told.0.contains(event) && remembers(mark, event),
            // Without a mark nobody knows whether the newest row was fetched before the event of its day or after it.
            None => event.date >= from - from.rem_euclid(time::DAY),
        };
        self.told.0.iter().filter(is_new).copied().collect()
    }

    /// Returns the events that the answer leaves older rows without, and that change what these should be.
    pub(super) fn unseen(&self) -> Vec<MarketEvent> {
        // Rows that the source does not keep are moved across splits with the answer.
        let is_left = self.job.asked == Asked::Explicit && self.reach.depth_days.is_none();
        let (basis, interval) = (basis_of(self.job), self.job.interval);
        let mut unseen = self.untold();
        unseen.retain(|event| is_left && changes_prices(event, basis, interval));
        unseen
    }

    /// Returns what the series leaves for the next run; `None` where the answer is to leave nothing.
    pub(super) fn next_mark(&self) -> Option<Mark> {
        if self.job.asked == Asked::Explicit {
            return self.crossed_mark();
        }
        let chart = self.chart.as_ref()?;
        let mut mark = Mark::of(&chart.meta, self.through, self.yahoo.spec.hours);
        mark.told = self.remembered(&mark);
        Some(mark)
    }

    /// Returns the mark of the run before with the splits that stored rows are moved across now, so that they are no news.
    fn crossed_mark(&self) -> Option<Mark> {
        let (mut mark, splits) = (self.mark.clone()?, self.splits());
        for split in &splits {
            mark.told.push(*split);
        }
        (!splits.is_empty()).then_some(mark)
    }

    fn remembered(&self, mark: &Mark) -> Told {
        let is_asked_again = |event: &MarketEvent| {
            let start = rows::wall(self.span.asked.start, mark.zone).and_then(time::nanos);
            start.is_some_and(|start| event.date >= start)
        };
        let before = self.mark.iter().flat_map(|mark| &mark.told.0);
        // An event that was withdrawn is news when it comes back.
        let before = before.filter(|event| !is_asked_again(event));
        let mut told = Told::default();
        before
            .chain(&self.told.0)
            .filter(|event| remembers(mark, event))
            .for_each(|event| told.push(*event));
        told
    }

    /// Hears of the events of an answer.
    pub(super) fn hear_all(&mut self, chart: &Chart) {
        for event in &chart.events {
            let day = rows::wall(event.at, chart.meta.zone).map(|wall| wall.date());
            let Some(date) = day.and_then(time::midnight) else {
                continue;
            };
            let kind = event.kind;
            let heard = MarketEvent { date, kind };
            // What has yet to take effect will be news then.
            if event.at <= self.now() {
                self.told.push(heard);
            }
            self.beside.events.push(heard);
        }
    }
}

/// Tells whether an event is so young that a mark names it if it was told.
fn remembers(mark: &Mark, event: &MarketEvent) -> bool {
    let through = rows::wall(mark.through, mark.zone);
    let since = through.and_then(|wall| time::nanos(wall - TimeDelta::days(REMEMBERED)));
    since.is_some_and(|since| event.date >= since)
}

fn parsed(text: &str) -> Option<MarketEvent> {
    let (day, what) = text.split_once('=')?;
    let date = time::midnight(day.parse().ok()?)?;
    let kind = match what.split_at_checked(1)? {
        ("d", amount) => EventKind::Dividend {
            amount: amount.parse().ok()?,
        },
        ("g", amount) => EventKind::CapitalGain {
            amount: amount.parse().ok()?,
        },
        ("s", ratio) => {
            let (numerator, denominator) = ratio.split_once(':')?;
            EventKind::Split {
                numerator: numerator.parse().ok()?,
                denominator: denominator.parse().ok()?,
            }
        }
        _ => return None,
    };
    Some(MarketEvent { date, kind })
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, MarketEvent { date, kind }) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}=", time::day(*date))?;
            match kind {
                EventKind::Dividend { amount } => write!(f, "d{amount}")?,
                EventKind::CapitalGain { amount } => write!(f, "g{amount}")?,
                EventKind::Split {
                    numerator,
                    denominator,
                } => write!(f, "s{numerator}:{denominator}")?,
            }
        }
        Ok(())
    }
}
