//! A source that says what a test wrote down, whenever it is asked.

use std::collections::BTreeMap;

use barkeep::calendar::{Calendar, Calendars};
use barkeep::frame::{Bar, BarBatch};
use barkeep::model::{Interval, Provenance, Ticker, Venue};
use barkeep::source::{Extras, FetchJob, Fetched, MarketDataSource, SourceError};
use barkeep::sys::{Shutdown, Signal};

use super::series::provenance;

/// One answer.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    Bars(Vec<Bar>),
    /// Bars, and what comes along with them.
    With(Vec<Bar>, Box<Extras>),
    Nothing,
    /// No bars, and yet something that comes along.
    NothingWith(Box<Extras>),
    Unknown,
    Malformed(&'static str),
    Down,
    /// A signal arrives while the source is asked.
    Signal(Signal),
}

/// A source with an answer for each series; others it does not know.
#[derive(Debug)]
pub(crate) struct ScriptedSource {
    venue: Venue,
    answers: BTreeMap<(Ticker, Interval), Say>,
    depth_days: Option<u32>,
}

impl ScriptedSource {
    pub(crate) fn at(venue: &str) -> Self {
        Self {
            venue: venue.parse().unwrap(),
            answers: BTreeMap::new(),
            depth_days: None,
        }
    }

    /// A source that forgets.
    pub(crate) fn keeping(mut self, days: u32) -> Self {
        self.depth_days = Some(days);
        self
    }

    pub(crate) fn says(mut self, ticker: &str, interval: Interval, say: Say) -> Self {
        self.answers
            .insert((ticker.parse().unwrap(), interval), say);
        self
    }
}

/// Returns a bar whose prices and volume are one number.
pub(crate) fn bar(moment: &str, price: f64) -> Bar {
    Bar {
        date: Some(super::series::stamp(moment)),
        open: Some(price),
        high: Some(price),
        low: Some(price),
        close: Some(price),
        volume: Some(price.into()),
        sequence: None,
    }
}

impl MarketDataSource for ScriptedSource {
    fn venue(&self) -> &Venue {
        &self.venue
    }

    fn serves(&self, _interval: Interval) -> bool {
        true
    }

    fn provenance(&self) -> Provenance {
        Provenance {
            source: Some(self.venue.clone()),
            ..provenance()
        }
    }

    fn calendar(&self, _ticker: &Ticker, _calendars: &Calendars) -> Option<Calendar> {
        None
    }

    fn depth_days(&self, _interval: Interval) -> Option<u32> {
        self.depth_days
    }

    fn fetch(&self, job: &FetchJob, stop: &Shutdown) -> Result<Fetched, SourceError> {
        let ticker = job.ticker.clone();
        match self.answers.get(&(ticker.clone(), job.interval)) {
            Some(Say::Bars(bars)) => {
                let batch = BarBatch { bars: bars.clone() };
                Ok(Fetched::Bars {
                    batch,
                    mark: Some(format!("mark of {ticker}")),
                    beside: Box::default(),
                })
            }
            Some(Say::With(bars, beside)) => {
                let batch = BarBatch { bars: bars.clone() };
                Ok(Fetched::Bars {
                    batch,
                    mark: Some(format!("mark of {ticker}")),
                    beside: beside.clone(),
                })
            }
            Some(Say::Nothing) => Ok(Fetched::Nothing {
                mark: None,
                beside: Box::default(),
            }),
            Some(Say::NothingWith(beside)) => Ok(Fetched::Nothing {
                mark: Some(format!("mark of {ticker}")),
                beside: beside.clone(),
            }),
            Some(Say::Malformed(body)) => Err(SourceError::Malformed {
                ticker,
                what: "the answer".to_owned(),
                reason: "it is no table".to_owned(),
                body: Some(body.as_bytes().to_vec()),
            }),
            Some(Say::Down) => Err(SourceError::Transport {
                venue: self.venue.clone(),
                reason: "the line is dead".to_owned(),
            }),
            Some(Say::Signal(signal)) => {
                stop.raise(*signal);
                Err(SourceError::Stopped {
                    ticker,
                    interval: job.interval,
                })
            }
            Some(Say::Unknown) | None => Ok(Fetched::UnknownTicker),
        }
    }
}
