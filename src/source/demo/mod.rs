//! A source without a network: bars made from a seed, for a first look, for tries and for tests.
//!
//! Promises: the same ticker and seed give the same bars, whatever the window and the day of the question, on
//! any machine: the arithmetic is integers and the exactly rounded operations. Real New York sessions, early
//! closes included. Bars of every length are aggregates of the same minutes. A bar is delivered once it has
//! ended, so every bar is final. Symbols that begin with `NOSUCH` are unknown; every other one is known.
//! Leaves to others: nothing; it reads no file and no clock.

mod path;
mod period;

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::America::New_York;

use self::path::Walk;
use self::period::Period;
use super::{Asked, FetchJob, Fetched, MarketDataSource, SourceError};
use crate::calendar::{Calendar, Calendars, Session};
use crate::frame::{Bar, BarBatch};
use crate::model::{Interval, PriceBasis, Provenance, Ticker, Venue, time};
use crate::sys::{Shutdown, locked};

/// Settings of the demo source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoSpec {
    /// Chooses the prices; another seed is another market.
    pub seed: u64,
    /// The day on which every ticker is listed: there is nothing before.
    pub first_day: NaiveDate,
}

impl Default for DemoSpec {
    fn default() -> Self {
        Self {
            seed: 0,
            // The first session of 2016.
            first_day: NaiveDate::from_ymd_opt(2016, 1, 4).unwrap_or_default(),
        }
    }
}

/// The demo source.
#[derive(Debug)]
pub struct Demo {
    venue: Venue,
    spec: DemoSpec,
    sessions: Mutex<Arc<Vec<Session>>>,
}

impl Demo {
    /// Opens the source under the name of a venue.
    pub fn new(venue: Venue, spec: DemoSpec) -> Self {
        Self {
            venue,
            spec,
            sessions: Mutex::default(),
        }
    }

    /// Returns the sessions from the first day to beyond the end of every period that holds `today`.
    fn sessions(&self, today: NaiveDate) -> Arc<Vec<Session>> {
        let mut kept = locked(&self.sessions);
        let reaches = today.checked_add_days(Days::new(130)).unwrap_or(today);
        if kept.last().is_none_or(|last| last.day < reaches) {
            let beyond = today.checked_add_days(Days::new(400)).unwrap_or(today);
            *kept = Arc::new(
                Calendar::new_york()
                    .sessions(self.spec.first_day, beyond)
                    .collect(),
            );
        }
        Arc::clone(&kept)
    }

    fn mark(&self, newest: i64) -> String {
        format!("demo-1 {} {newest}", self.spec.seed)
    }
}

/// Returns how many days back bars are kept when nobody says; `None` is all of them.
fn depth(interval: Interval) -> Option<u64> {
    match interval.minutes()? {
        1 => Some(7),
        60 => Some(730),
        _ => Some(60),
    }
}

fn is_unknown(ticker: &Ticker) -> bool {
    ticker
        .as_str()
        .get(..6)
        .is_some_and(|start| start.eq_ignore_ascii_case("NOSUCH"))
}

/// Returns a moment as it stands on the clock in New York.
fn wall(now: DateTime<Utc>) -> i64 {
    time::nanos(now.with_timezone(&New_York).naive_local()).unwrap_or(i64::MAX)
}

impl MarketDataSource for Demo {
    fn venue(&self) -> &Venue {
        &self.venue
    }

    fn provenance(&self) -> Provenance {
        Provenance {
            timezone: Some(New_York.name().to_owned()),
            basis: PriceBasis::SplitAdjusted,
            source: Some(self.venue.clone()),
        }
    }

    fn calendar(&self, _ticker: &Ticker, _calendars: &Calendars) -> Option<Calendar> {
        Some(Calendar::new_york())
    }

    fn fetch(&self, job: &FetchJob, stop: &Shutdown) -> Result<Fetched, SourceError> {
        if stop.is_raised() {
            return Err(SourceError::Stopped {
                ticker: job.ticker.clone(),
                interval: job.interval,
            });
        }
        if is_unknown(&job.ticker) {
            return Ok(Fetched::UnknownTicker);
        }
        let now = wall(job.now);
        let today = time::day(now);
        let sessions = self.sessions(today);
        let Some(newest) = period::newest(job.interval, &sessions, now) else {
            return Ok(Fetched::Nothing {
                mark: None,
                beside: Box::default(),
            });
        };

        let mark = (job.asked == Asked::Incremental).then(|| self.mark(newest));
        let is_past_newest = job.window.from.is_some_and(|from| from > newest);
        if mark.is_some() && (mark == job.mark || is_past_newest) {
            return Ok(Fetched::UpToDate);
        }
        let mut window = job.window;
        if window.from.is_none() {
            window.from = depth(job.interval)
                .and_then(|days| today.checked_sub_days(Days::new(days)))
                .and_then(time::midnight);
        }
        let wanted = period::ended(job.interval, &sessions, now, window);
        let bars = bars(&Walk::of(&job.ticker, self.spec.seed, &sessions), &wanted);
        Ok(if bars.is_empty() {
            Fetched::Nothing {
                mark,
                beside: Box::default(),
            }
        } else {
            Fetched::Bars {
                batch: BarBatch { bars },
                mark,
                beside: Box::default(),
            }
        })
    }
}

/// Builds the bar of each period.
fn bars(walk: &Walk<'_>, wanted: &[Period]) -> Vec<Bar> {
    let Some(last) = wanted.last() else {
        return Vec::new();
    };
    let days = walk.days(last.sessions.end);
    let mut minutes = walk.minutes();
    wanted
        .iter()
        .filter_map(|period| {
            let whole = match &period.minutes {
                None => path::sum(days.get(period.sessions.clone())?),
                Some(range) => {
                    let day = days.get(period.sessions.start)?;
                    path::sum(minutes.of(period.sessions.start, day).get(range.clone())?)
                }
            }?;
            Some(whole.bar(period.stamp))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Volume;
    use crate::source::Window;

    fn fetch(ticker: &str, interval: Interval, now: &str) -> Vec<Bar> {
        let source = Demo::new("us:demo".parse().unwrap(), DemoSpec::default());
        let job = FetchJob {
            ticker: ticker.parse().unwrap(),
            interval,
            window: Window::default(),
            asked: Asked::Incremental,
            mark: None,
            known: None,
            basis: None,
            now: now.parse().unwrap(),
        };
        match source.fetch(&job, &Shutdown::default()).unwrap() {
            Fetched::Bars { batch, .. } => batch.bars,
            other => panic!("no bars: {other:?}"),
        }
    }

    #[test]
    fn a_day_is_the_sum_of_its_minutes() {
        let days = fetch("AAPL", Interval::D1, "2024-11-30T00:00:00Z");
        let minutes = fetch("AAPL", Interval::M1, "2024-11-30T00:00:00Z");

        // The day after Thanksgiving has 210 minutes.
        let short: Vec<&Bar> = minutes.iter().rev().take(210).collect();
        let day = days.last().unwrap();
        assert_eq!(short.last().unwrap().open, day.open);
        assert_eq!(short[0].close, day.close);
        let high = short.iter().filter_map(|bar| bar.high).fold(0.0, f64::max);
        let low = short
            .iter()
            .filter_map(|bar| bar.low)
            .fold(f64::MAX, f64::min);
        assert_eq!((Some(high), Some(low)), (day.high, day.low));
        let units = |bar: &Bar| match bar.volume {
            Some(Volume::Units(units)) => units,
            other => panic!("{other:?} is no count"),
        };
        assert_eq!(short.iter().map(|bar| units(bar)).sum::<i64>(), units(day));
    }

    #[test]
    fn prices_look_like_those_of_a_feed_of_32_bit_floats() {
        for bar in fetch("MSFT", Interval::D1, "2024-11-30T00:00:00Z") {
            let (open, close) = (bar.open.unwrap(), bar.close.unwrap());
            assert!(bar.low.unwrap() <= open.min(close) && bar.high.unwrap() >= open.max(close));
            #[expect(clippy::cast_possible_truncation, reason = "that is what is tested")]
            let narrow = f64::from(close as f32);
            assert_eq!(narrow.to_bits(), close.to_bits());
            assert!(
                ((close * 100.0).round() - close * 100.0).abs() < 0.01,
                "{close} is not cents"
            );
            assert!(close > 0.5 && matches!(bar.volume, Some(Volume::Units(_))));
        }
    }

    #[test]
    fn a_bar_that_has_not_ended_is_not_delivered() {
        // 15:59:59 in New York.
        let before = fetch("X", Interval::D1, "2024-11-26T20:59:59Z");
        let after = fetch("X", Interval::D1, "2024-11-26T21:00:00Z");
        assert_eq!(before.len() + 1, after.len());

        let hour = fetch("X", Interval::H1, "2024-11-26T21:00:00Z");
        assert_eq!(
            time::naive(hour.last().unwrap().date.unwrap()).to_string(),
            "2024-11-26 15:30:00"
        );

        let week = fetch("X", Interval::Wk1, "2024-11-29T17:59:59Z");
        assert_eq!(
            time::day(week.last().unwrap().date.unwrap()).to_string(),
            "2024-11-18"
        );
        let week = fetch("X", Interval::Wk1, "2024-11-29T18:00:00Z");
        assert_eq!(
            time::day(week.last().unwrap().date.unwrap()).to_string(),
            "2024-11-25"
        );
    }
}
