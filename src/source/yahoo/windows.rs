//! How far back Yahoo keeps bars of each length, and how much of it one request may ask for.

use std::collections::BTreeMap;

use super::wire::Period;
use crate::model::Interval;

/// Seconds of one day.
pub(super) const DAY: i64 = 86_400;
/// Yahoo's edge moves on while a request is under way.
const EDGE_MARGIN: i64 = 300;
/// Where the history of wide bars is asked to begin: before any exchange's data.
const NINETY_NINE_YEARS: i64 = 3_122_064_000;

/// The limits of one interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Days that one request may span; `None` for any number.
    pub request_days: Option<u32>,
    /// Days from now that are kept; `None` for everything.
    pub depth_days: Option<u32>,
    /// Seconds after that edge which are not asked for, since the server's clock may be ahead of this machine's.
    pub edge_margin: i64,
}

/// The limits of every interval. The default is what Yahoo allowed in 2026.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows(BTreeMap<Interval, Reach>);

impl Default for Windows {
    fn default() -> Self {
        let days = |request_days, depth_days| Reach {
            request_days: Some(request_days),
            depth_days: Some(depth_days),
            edge_margin: EDGE_MARGIN,
        };
        let minutes = Interval::ALL.into_iter().filter_map(|interval| {
            let reach = match interval.minutes()? {
                1 => days(8, 30),
                60 => days(730, 730),
                _ => days(60, 60),
            };
            Some((interval, reach))
        });
        Self(minutes.collect())
    }
}

impl Windows {
    /// Returns the limits of an interval.
    pub fn of(&self, interval: Interval) -> Reach {
        self.0.get(&interval).copied().unwrap_or_default()
    }

    /// Replaces the limits of an interval.
    pub fn set(&mut self, interval: Interval, reach: Reach) {
        self.0.insert(interval, reach);
    }
}

impl Reach {
    /// Returns the first instant that can be asked for at `now`.
    pub(super) fn earliest(self, now: i64) -> i64 {
        match self.depth_days {
            Some(days) => now - i64::from(days) * DAY + self.edge_margin,
            None => now - NINETY_NINE_YEARS,
        }
    }

    /// Cuts a span into requests, oldest first: what is oldest is lost first.
    pub(super) fn pages(self, span: Period) -> Vec<Period> {
        let step = self.request_days.map(|days| i64::from(days.max(1)) * DAY);
        let mut pages = Vec::new();
        let mut start = span.start;
        while start < span.end {
            let end = step.map_or(span.end, |step| span.end.min(start + step));
            pages.push(Period { start, end });
            start = end;
        }
        pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_of_a_month_are_four_requests_without_gap_or_overlap() {
        let reach = Windows::default().of(Interval::M1);
        let now = 1_700_000_000;
        let pages = reach.pages(Period {
            start: reach.earliest(now),
            end: now,
        });

        assert_eq!(pages.len(), 4);
        assert!(pages.windows(2).all(|two| two[0].end == two[1].start));
        assert!(pages.iter().all(|page| page.end - page.start <= 8 * DAY));
        assert_eq!(pages[3].end, now);
    }

    #[test]
    fn wide_bars_are_one_request_and_an_empty_span_is_none() {
        let reach = Windows::default().of(Interval::D1);
        let page = |start, end| reach.pages(Period { start, end }).len();

        assert_eq!(page(0, 1_700_000_000), 1);
        assert_eq!(page(5, 5), 0);
    }
}
