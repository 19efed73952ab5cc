//! What is held of a feed, day by day: what decides what is still to be downloaded.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};

use super::{Habits, MinuteTrades, TradesOfDaily};

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
}

/// What a daily file is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// None is held.
    None,
    /// Not all its witnesses were looked at.
    Open,
    /// It has the trades of all its witnesses, and no minute has more than it says: no other minute is needed.
    Whole,
    /// It lacks trades: every minute is needed.
    Lacking,
}

impl HeldDay {
    /// Tells what the daily file is good for. A file that has fewer trades of a minute than the file of the minute itself is
    /// not whole, whether that is a witness or not.
    pub fn coverage(&self) -> Coverage {
        let Some(daily) = &self.daily else {
            return Coverage::None;
        };
        let says = |minute| daily.minutes.get(minute).copied().unwrap_or_default();
        let mut minutes = self.minutes.iter();
        let is_short = minutes.any(|(minute, held)| held.within > says(minute));
        let has_failed = daily.witnesses.values().any(|seen| *seen == Some(false));
        if is_short || has_failed {
            Coverage::Lacking
        } else if daily.witnesses.values().any(Option::is_none) {
            Coverage::Open
        } else {
            Coverage::Whole
        }
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

    fn minute(at: u32) -> NaiveDateTime {
        let day: NaiveDate = "2026-09-18".parse().unwrap();
        day.and_hms_opt(9, at, 0).unwrap()
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
                witnesses: BTreeMap::from([(minute(1), seen)]),
            }),
        }
    }

    #[test]
    fn a_daily_file_is_whole_once_all_its_witnesses_agree() {
        assert_eq!(HeldDay::default().coverage(), Coverage::None);
        assert_eq!(day(5, 5, None).coverage(), Coverage::Open);
        assert_eq!(day(5, 5, Some(true)).coverage(), Coverage::Whole);
        assert_eq!(day(5, 5, Some(false)).coverage(), Coverage::Lacking);
    }

    #[test]
    fn a_daily_file_with_fewer_trades_than_a_minute_is_not_whole() {
        assert_eq!(day(4, 5, Some(true)).coverage(), Coverage::Lacking);
        assert_eq!(day(4, 5, None).coverage(), Coverage::Lacking);
    }

    #[test]
    fn a_minute_of_which_the_day_has_more_is_taken_again_and_not_a_third_time() {
        let mut held = day(6, 5, Some(true));
        assert_eq!(held.coverage(), Coverage::Whole);
        assert!(held.is_outdated(minute(0)));
        assert!(!held.is_outdated(minute(1)));

        held.minutes.get_mut(&minute(0)).unwrap().takes = 2;

        assert!(!held.is_outdated(minute(0)));
    }
}
