//! Wide bars that came at odd days, asked for one by one: a request for the days of one bar brings that bar.
//!
//! Promises: few more requests. What they do not bring is left out and named, and what a failed one would have brought is
//! asked for by the next run. Leaves to others: which bars these are (`borders`).

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::address;
use super::borders::Borders;
use super::judge::{Verdict, judge};
use super::pages::Fetch;
use super::rows;
use super::wire::Period;
use crate::http::HttpRequest;
use crate::model::time;
use crate::source::{Asked, CutShort, SourceError};

/// Bars that one job asks for by themselves. Where a history is counted from its first trade, no more than five lie before
/// the first border that a request can begin at: quarters begin on weekends four times in a row.
const MOST: usize = 8;

impl Fetch<'_> {
    /// Asks for the newest bars that are left out.
    pub(super) fn ask_strays(&mut self) -> Result<(), SourceError> {
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
        let newest: Vec<NaiveDate> = left.keys().rev().take(MOST).copied().collect();
        for border in newest {
            let Some(page) = borders.one_bar(border, self.now()) else {
                continue;
            };
            match self.ask_one_bar(page) {
                Ok(true) => {
                    left.remove(&border);
                }
                Ok(false) => {}
                Err(error @ SourceError::Stopped { .. }) => return Err(error),
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

    /// Asks for one bar, and tells whether it came.
    fn ask_one_bar(&mut self, page: Period) -> Result<bool, SourceError> {
        let url = address::of(&self.yahoo.spec, self.job, page);
        let venue = self.yahoo.venue.clone();
        let answer = self
            .yahoo
            .http
            .get(&HttpRequest::of(url.as_str()), self.stop);
        let answer =
            answer.map_err(|error| SourceError::unanswered(&error, &venue, self.job, &url))?;
        let reason = match judge(&answer) {
            Verdict::Chart(mut chart) => match self.check(&chart) {
                Ok(()) => {
                    chart.rows.retain(|row| row.stamp < page.end);
                    let question = rows::Question {
                        interval: self.job.interval,
                        hours: self.yahoo.spec.hours,
                        page,
                        now: self.now(),
                    };
                    let reading = rows::read(&chart, question);
                    let has_come = !reading.is_empty();
                    self.reading.bars.extend(reading.bars);
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
            body: Some(answer.body),
        })
    }
}
