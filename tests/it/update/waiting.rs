//! Jobs that wait for their next try, and what is asked meanwhile.

use std::sync::Mutex;
use std::time::Duration;

use barkeep::calendar::{Calendar, Calendars};
use barkeep::http::Talk;
use barkeep::model::{Interval, Provenance, Ticker, Venue};
use barkeep::source::{FetchJob, Fetched, MarketDataSource, SourceError};
use barkeep::sys::{Shutdown, Signal};

use super::{Arc, DAY, Say, ScriptedSource, World, demo, two_days};

/// A source of which some tickers have to be asked for three times, an hour apart.
#[derive(Debug)]
struct Busy {
    source: ScriptedSource,
    slow: &'static [&'static str],
    asked: Mutex<Vec<String>>,
}

impl Busy {
    fn new(source: ScriptedSource, slow: &'static [&'static str]) -> Arc<Self> {
        let asked = Mutex::default();
        Arc::new(Self {
            source,
            slow,
            asked,
        })
    }

    fn asked(&self) -> String {
        self.asked.lock().unwrap().join(" ")
    }
}

impl MarketDataSource for Busy {
    fn venue(&self) -> &Venue {
        self.source.venue()
    }
    fn serves(&self, interval: Interval) -> bool {
        self.source.serves(interval)
    }
    fn provenance(&self) -> Provenance {
        self.source.provenance()
    }
    fn calendar(&self, ticker: &Ticker, calendars: &Calendars) -> Option<Calendar> {
        self.source.calendar(ticker, calendars)
    }
    fn fetch(&self, _job: &FetchJob, _stop: &Shutdown) -> Result<Fetched, SourceError> {
        panic!("a run waits by itself");
    }
    fn fetch_on(
        &self,
        job: &FetchJob,
        _talk: &mut Talk,
        stop: &Shutdown,
    ) -> Result<Fetched, SourceError> {
        let name = job.ticker.to_string();
        let mut asked = self.asked.lock().unwrap();
        asked.push(name.clone());
        let tries = asked.iter().filter(|asked| **asked == name).count();
        if self.slow.contains(&name.as_str()) && tries < 3 {
            return Err(SourceError::Later {
                ticker: job.ticker.clone(),
                interval: job.interval,
                wait: Duration::from_hours(1),
            });
        }
        self.source.fetch(job, stop)
    }
}

#[test]
fn what_can_be_asked_is_asked_before_anybody_waits_and_every_job_is_answered_once() {
    let tickers = ["A", "B", "C", "D", "E"];
    let all = tickers.iter().fold(demo(), |source, ticker| {
        source.says(ticker, DAY, Say::Bars(two_days()))
    });
    let source = Busy::new(all, &["B", "D"]);
    let mut world = World::new(&tickers, demo());
    world.sources = vec![Arc::clone(&source) as _];

    let report = world.update();

    assert_eq!(source.asked(), "A B C D E B D B D");
    assert_eq!(report.tickers().ok, 5);
}

#[test]
fn a_stop_waits_for_no_try_and_keeps_what_came() {
    let script =
        demo()
            .says("A", DAY, Say::Bars(two_days()))
            .says("C", DAY, Say::Signal(Signal::Terminate));
    let source = Busy::new(script, &["B"]);
    let mut world = World::new(&["A", "B", "C"], demo());
    world.sources = vec![Arc::clone(&source) as _];

    let report = world.update();

    assert_eq!(source.asked(), "A B C");
    assert_eq!(report.interrupted, Some(Signal::Terminate));
    let world = world.answering(demo());
    assert_eq!(world.finish_leftovers().unwrap().series, 1);
}
