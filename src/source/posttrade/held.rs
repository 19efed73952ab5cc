//! What is held of a feed, day by day: what decides what is still to be downloaded.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};

use super::deadline::is_trading_day;
use super::{Habits, MinuteTrades, TradesOfDaily};
use crate::calendar::Calendar;

/// What is held of a feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// By day, UTC.
    pub days: BTreeMap<NaiveDate, HeldDay>,
    /// How the feed was asked before.
    pub habits: Habits,
}

impl Held {
    /// Notes a minute file whose rows are held. Where the file of its day is held, too, it says whether that has them.
    pub fn note_minute(&mut self, minute: &MinuteTrades, is_covered: Option<bool>) {
        let day = self.days.entry(minute.minute().date()).or_default();
        let held = day.minutes.entry(minute.minute()).or_default();
        held.within = held.within.max(minute.within());
        held.takes = held.takes.saturating_add(1);
        if let (Some(daily), Some(is_covered)) = (&mut day.daily, is_covered) {
            daily.witnesses.insert(minute.minute(), Some(is_covered));
        }
    }
}

/// What is held of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldDay {
    /// The minute files whose rows are held.
    pub minutes: BTreeMap<NaiveDateTime, HeldMinute>,
    /// The daily file whose rows are held.
    pub daily: Option<HeldDaily>,
}

/// A minute file whose rows are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldMinute {
    /// Trades that were made and published within the minute.
    pub within: u32,
    /// How often it was downloaded.
    pub takes: u32,
}

/// A daily file whose rows are held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldDaily {
    /// Trades that were made and published within each minute, for minutes that have any.
    pub minutes: BTreeMap<NaiveDateTime, u32>,
    /// The minutes by which it is judged, and whether it has all their trades; `None` while nobody has looked.
    pub witnesses: BTreeMap<NaiveDateTime, Option<bool>>,
}

impl HeldDaily {
    /// Returns what is to be remembered of a daily file that is judged by these minutes.
    pub fn of(daily: &TradesOfDaily, witnesses: impl IntoIterator<Item = NaiveDateTime>) -> Self {
        Self {
            minutes: daily.minutes().clone(),
            witnesses: witnesses.into_iter().map(|minute| (minute, None)).collect(),
        }
    }

    fn has_trades_of(&self, day: NaiveDate) -> bool {
        self.minutes.keys().any(|minute| minute.date() == day)
    }
}

/// What a daily file is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// None is held, or one without any trade of its day although the exchange was open: it was made too early, is another
    /// file, or is none. A better one may come.
    None,
    /// Not all its witnesses were looked at, or none of those has a trade.
    Open,
    /// It has the trades of all its witnesses, and no minute has more than it says: no other minute is needed.
    Whole,
    /// It lacks trades: every minute is needed.
    Lacking,
}

impl HeldDay {
    /// Tells what the daily file is good for. A file that has fewer trades of a minute than the file of the minute itself is
    /// not whole, whether that is a witness or not.
    pub fn coverage(&self, day: NaiveDate, calendar: &Calendar) -> Coverage {
        let Some(daily) = self.daily.as_ref() else {
            return Coverage::None;
        };
        if !daily.has_trades_of(day) && is_trading_day(day, calendar) {
            return Coverage::None;
        }
        let says = |minute| daily.minutes.get(minute).copied().unwrap_or_default();
        let mut minutes = self.minutes.iter();
        let is_short = minutes.any(|(minute, held)| held.within > says(minute));
        let has_failed = daily.witnesses.values().any(|seen| *seen == Some(false));
        if is_short || has_failed {
            Coverage::Lacking
        } else if daily.witnesses.values().any(Option::is_none) || self.is_unproven() {
            Coverage::Open
        } else {
            Coverage::Whole
        }
    }

    /// Tells whether the daily file has the trades of its minutes; `None` while nobody knows, or without one.
    pub fn is_daily_whole(&self, day: NaiveDate, calendar: &Calendar) -> Option<bool> {
        match self.coverage(day, calendar) {
            Coverage::Whole => Some(true),
            Coverage::Lacking => Some(false),
            Coverage::None => self.daily.as_ref().map(|_| false),
            Coverage::Open => None,
        }
    }

    /// Tells whether the daily file has trades, and none of the minutes that it was held against has one: that they agree says
    /// nothing. Where no minute was to be had there is nothing else to go by.
    pub fn is_unproven(&self) -> bool {
        let Some(daily) = &self.daily else {
            return false;
        };
        let has_trades = |minute| self.minutes.get(minute).is_some_and(|held| held.within > 0);
        let mut witnesses = daily.witnesses.keys();
        !daily.minutes.is_empty() && !daily.witnesses.is_empty() && !witnesses.any(has_trades)
    }

    /// Tells whether any trade of the day is held.
    pub fn has_trades(&self) -> bool {
        let of_day = self.daily.iter().flat_map(|daily| daily.minutes.values());
        let mut of_minutes = self.minutes.values();
        of_minutes.any(|held| held.within > 0) || of_day.into_iter().any(|trades| *trades > 0)
    }

    /// Tells whether a minute was published again since it was downloaded: the daily file has more trades of it. It is taken
    /// again once.
    pub fn is_outdated(&self, minute: NaiveDateTime) -> bool {
        let says = self
            .daily
            .as_ref()
            .and_then(|daily| daily.minutes.get(&minute));
        let held = self.minutes.get(&minute);
        matches!((held, says), (Some(held), Some(says)) if held.within < *says && held.takes < 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Friday.
    fn friday() -> NaiveDate {
        "2026-09-18".parse().unwrap()
    }

    fn coverage(held: &HeldDay) -> Coverage {
        held.coverage(friday(), &Calendar::of("XETR").unwrap())
    }

    fn minute(at: u32) -> NaiveDateTime {
        friday().and_hms_opt(9, at, 0).unwrap()
    }

    fn day(says: u32, holds: u32, seen: Option<bool>) -> HeldDay {
        HeldDay {
            minutes: BTreeMap::from([(
                minute(0),
                HeldMinute {
                    within: holds,
                    takes: 1,
                },
            )]),
            daily: Some(HeldDaily {
                minutes: BTreeMap::from([(minute(0), says)]),
                witnesses: BTreeMap::from([(minute(0), Some(true)), (minute(1), seen)]),
            }),
        }
    }

    #[test]
    fn a_daily_file_is_whole_once_all_its_witnesses_agree() {
        assert_eq!(coverage(&HeldDay::default()), Coverage::None);
        assert_eq!(coverage(&day(5, 5, None)), Coverage::Open);
        assert_eq!(coverage(&day(5, 5, Some(true))), Coverage::Whole);
        assert_eq!(coverage(&day(5, 5, Some(false))), Coverage::Lacking);
    }

    #[test]
    fn a_daily_file_with_fewer_trades_than_a_minute_is_not_whole() {
        assert_eq!(coverage(&day(4, 5, Some(true))), Coverage::Lacking);
        assert_eq!(coverage(&day(4, 5, None)), Coverage::Lacking);
    }

    #[test]
    fn a_minute_of_which_the_day_has_more_is_taken_again_and_not_a_third_time() {
        let mut held = day(6, 5, Some(true));
        assert_eq!(coverage(&held), Coverage::Whole);
        assert!(held.is_outdated(minute(0)));
        assert!(!held.is_outdated(minute(1)));

        held.minutes.get_mut(&minute(0)).unwrap().takes = 2;

        assert!(!held.is_outdated(minute(0)));
    }

    /// Such a file stood for all minutes of a day: two of them were drawn by lot, and had no trade.
    #[test]
    fn a_daily_file_without_a_trade_of_its_day_stands_for_nothing_where_the_exchange_was_open() {
        let calendar = Calendar::of("XETR").unwrap();
        let daily = |minutes| HeldDay {
            minutes: BTreeMap::from([(minute(7), HeldMinute::default())]),
            daily: Some(HeldDaily {
                minutes,
                witnesses: BTreeMap::from([(minute(7), Some(true))]),
            }),
        };
        let empty = daily(BTreeMap::new());
        let the_day_before = minute(0) - chrono::TimeDelta::days(1);
        let of_another = daily(BTreeMap::from([(the_day_before, 9)]));

        for held in [&empty, &of_another] {
            assert_eq!(coverage(held), Coverage::None);
            assert_eq!(held.is_daily_whole(friday(), &calendar), Some(false));
        }
        let saturday = friday().succ_opt().unwrap();
        assert_eq!(empty.coverage(saturday, &calendar), Coverage::Whole);
    }

    #[test]
    fn minutes_without_a_trade_prove_nothing() {
        let mut held = day(5, 0, Some(true));
        assert_eq!(coverage(&held), Coverage::Open);

        held.minutes.get_mut(&minute(0)).unwrap().within = 5;
        assert_eq!(coverage(&held), Coverage::Whole);
        held.minutes.clear();
        held.daily.as_mut().unwrap().witnesses.clear();
        assert_eq!(coverage(&held), Coverage::Whole, "no minute was to be had");
    }
}
