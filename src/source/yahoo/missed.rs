//! Splits of days whose bars Yahoo does not keep any more: daily charts tell them for ever.
//!
//! Promises: one request, and only after an outage that was longer than the depth of the interval. Without its answer
//! there is none: rows on both sides of a split that nobody knows of would be stored as one history.

use super::Yahoo;
use super::address;
use super::earlier;
use super::judge::{Verdict, judge};
use super::pages::Fetch;
use super::windows::DAY;
use super::wire::Period;
use crate::frame::{EventKind, MarketEvent};
use crate::http::HttpRequest;
use crate::model::{Interval, time};
use crate::source::{Asked, FetchJob, SourceError};

impl Fetch<'_> {
    /// Asks for the events since the stored rows were fetched, if bars that follow these are lost, or a person asks for
    /// others.
    pub(super) fn ask_missed(&mut self) -> Result<(), SourceError> {
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
        let answer = self
            .yahoo
            .http
            .get(&HttpRequest::of(url.as_str()), self.stop)
            .map_err(|error| SourceError::unanswered(&error, &venue, self.job, &url))?;
        let reason = match judge(&answer) {
            Verdict::Chart(chart) if self.is_of_ticker(&chart) => {
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

    /// Returns the splits since the stored rows were fetched, where these reach back further than Yahoo's own.
    pub(super) fn splits(&self) -> Vec<MarketEvent> {
        let is_kept_whole = self.reach.depth_days.is_none();
        let mut splits = self.untold();
        splits.retain(|event| !is_kept_whole && matches!(event.kind, EventKind::Split { .. }));
        splits
    }
}
