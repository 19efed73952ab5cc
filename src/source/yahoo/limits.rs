//! What Yahoo tells of its own limits while it is asked: how far back it keeps bars, and how much it gives at once.
//!
//! Promises: what it tells is believed in both directions: that it keeps more, of all tickers for the rest of the run, that it keeps
//! less, of the ticker that was asked for. Where all is wanted that it keeps, one
//! request for each interval of a run finds out whether the built-in limits are too narrow. An edge that has moved on
//! by the server's clock is stepped back from, a day at most. Settings that are wider than the server allows are named in the end.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::judge::{Verdict, judge};
use super::pages::{Fetch, Page};
use super::windows::{DAY, Reach, Windows};
use super::wire::Period;
use super::{Yahoo, address};
use crate::model::{Interval, Ticker};
use crate::source::SourceError;

/// How often Yahoo may tell us its limits in one job before we stop believing it.
pub(super) const LESSONS: u32 = 2;
/// How far, in seconds, the first request stays away from an edge that was refused.
const MARGINS: [i64; 3] = [DAY / 48, DAY / 8, DAY];
/// No bars of less than a day are kept for so many seconds: whoever asks for such days is told how far back they are kept.
const LONG_AGO: i64 = 3_650 * DAY;

/// What was learned in a run.
#[derive(Debug, Default)]
pub(super) struct Learned {
    reaches: Mutex<BTreeMap<Interval, Reach>>,
    /// Who asks, for each interval, whether Yahoo keeps more. A job that begins again is the same.
    lookouts: Mutex<BTreeMap<Interval, Ticker>>,
}

impl Yahoo {
    /// Returns the limits of an interval as far as they are known.
    pub(super) fn reach(&self, interval: Interval) -> Reach {
        let learned = locked(&self.learned.reaches).get(&interval).copied();
        learned.unwrap_or_else(|| self.spec.windows.of(interval))
    }

    /// Changes the limits for all tickers of the run.
    fn learn(&self, interval: Interval, change: impl FnOnce(&mut Reach)) {
        let mut reach = self.reach(interval);
        change(&mut reach);
        locked(&self.learned.reaches).insert(interval, reach);
    }

    /// Tells whether it is this ticker that looks whether more is kept.
    fn is_lookout(&self, interval: Interval, ticker: &Ticker) -> bool {
        let mut lookouts = locked(&self.learned.lookouts);
        lookouts.entry(interval).or_insert_with(|| ticker.clone()) == ticker
    }
}

impl Fetch<'_> {
    /// Looks whether Yahoo keeps more than the built-in limits say, where all that it keeps is wanted, and asks for that, too.
    pub(super) fn look_deeper(&mut self) -> Result<(), SourceError> {
        let interval = self.job.interval;
        let is_built_in = self.yahoo.spec.windows.of(interval) == Windows::default().of(interval);
        let Some(depth) = self.reach.depth_days.filter(|_| is_built_in) else {
            return Ok(());
        };
        // What denies some of the days that it keeps says nothing of others.
        let is_answered = !self.reading.is_empty() && self.beside.cut_short.is_none();
        let is_whole = self.span.wanted.is_none() && is_answered;
        if !is_whole || !self.yahoo.is_lookout(interval, &self.job.ticker) {
            return Ok(());
        }
        let start = self.earliest() - LONG_AGO;
        let end = start + DAY;
        let url = address::of(&self.yahoo.spec, self.job, Period { start, end });
        let told = match self.get(&url) {
            Err(error) if error.is_interruption() => return Err(error),
            Err(_) => None,
            Ok(answer) => match judge(&answer) {
                Verdict::OutOfReach { days } => days,
                _ => None,
            },
        };
        if told.is_some_and(|told| told > depth) {
            self.reach.depth_days = told;
            self.yahoo.learn(interval, |reach| reach.depth_days = told);
            self.ask_whole()?;
        }
        Ok(())
    }

    /// Yahoo keeps less than the settings say, or its edge is not where this machine's clock has it.
    pub(super) fn learn_depth(
        &mut self,
        days: Option<u32>,
        page: Period,
        url: &str,
    ) -> Result<Page, SourceError> {
        let told = Reach {
            depth_days: days.or(self.reach.depth_days),
            ..self.reach
        };
        let is_narrower = |reach: &Reach| reach.earliest(self.now()) > page.start;
        if told.depth_days.is_none() {
            return Err(self.misconfigured("depth_days", url));
        }
        if is_narrower(&told) && self.lessons > 0 {
            // Of this ticker: another one may have more, and its bars would be lost by believing this.
            self.lessons -= 1;
            self.reach = told;
            return Ok(Page::Again);
        }
        // It said nothing new: by its own clock, the edge has moved on.
        let Some(reach) = self.stepped_back(told).filter(is_narrower) else {
            return Err(self.misconfigured("depth_days", url));
        };
        self.reach = reach;
        let margin = reach.edge_margin;
        let interval = self.job.interval;
        self.yahoo
            .learn(interval, |reach| reach.edge_margin = margin);
        Ok(Page::Again)
    }

    /// Returns limits whose edge is further away from what was refused: by as much as the clocks differ if the server says
    /// it, else by the next margin.
    fn stepped_back(&self, reach: Reach) -> Option<Reach> {
        let by_clock = Some(self.yahoo.skew()).filter(|ahead| *ahead <= DAY);
        let mut margins = by_clock.into_iter().chain(MARGINS);
        let edge_margin = margins.find(|margin| *margin > reach.edge_margin)?;
        Some(Reach {
            edge_margin,
            ..reach
        })
    }

    /// Yahoo gives less in one request than the settings say.
    pub(super) fn learn_length(
        &mut self,
        days: Option<u32>,
        url: &str,
    ) -> Result<Page, SourceError> {
        let is_shorter = days.is_some_and(|days| {
            days > 0 && self.reach.request_days.is_none_or(|known| days < known)
        });
        if self.lessons == 0 || !is_shorter {
            return Err(self.misconfigured("request_days", url));
        }
        self.lessons -= 1;
        self.reach.request_days = days;
        let interval = self.job.interval;
        self.yahoo
            .learn(interval, |reach| reach.request_days = days);
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
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
