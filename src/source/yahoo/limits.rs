//! What Yahoo says of its own limits when a request went beyond them.
//!
//! Promises: a limit that is told is believed if it is narrower than the one at hand, and not for ever: settings that
//! are wider than the server allows are named in the end.

use super::pages::{Fetch, Page};
use super::windows::Reach;
use super::wire::Period;
use crate::source::SourceError;

/// How often Yahoo may tell us its limits before we stop believing it.
pub(super) const LESSONS: u32 = 2;

impl Fetch<'_> {
    /// Yahoo keeps less than the settings say.
    pub(super) fn learn_depth(
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
