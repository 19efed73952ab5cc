//! Gaps of feeds, which have a file for each minute: what a feed hands in, and what follows from it.
//!
//! Promises: a minute has one state. Leaves to others: which minutes a feed has, which is in the state of the feed.

use chrono::{DateTime, NaiveDate, Utc};

use super::deadline::minute_deadline;
use crate::calendar::Calendar;
use crate::model::Venue;

/// Minutes of a day.
const MINUTES: usize = 24 * 60;
/// Minutes in one word.
const BITS: usize = 64;
const WORDS: usize = MINUTES.div_ceil(BITS);

/// A set of minutes of a day, counted from midnight UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MinuteSet([u64; WORDS]);

impl MinuteSet {
    /// Adds a minute; one that no day has is left out.
    pub fn insert(&mut self, minute: u32) {
        if let Some((word, bit)) = Self::place(minute)
            && let Some(word) = self.0.get_mut(word)
        {
            *word |= bit;
        }
    }

    /// Tells whether a minute is in it.
    pub fn contains(&self, minute: u32) -> bool {
        let found = Self::place(minute).and_then(|(word, bit)| Some(self.0.get(word)? & bit));
        found.is_some_and(|found| found != 0)
    }

    /// Counts the minutes.
    pub fn len(&self) -> usize {
        let ones = self.0.iter().map(|word| word.count_ones());
        ones.sum::<u32>().try_into().unwrap_or(MINUTES)
    }

    /// Tells whether no minute is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the minutes as closed ranges, in order.
    pub fn ranges(&self) -> Vec<(u32, u32)> {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let all = 0..u32::try_from(MINUTES).unwrap_or_default();
        for minute in all.filter(|minute| self.contains(*minute)) {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == minute => *last = minute,
                _ => ranges.push((minute, minute)),
            }
        }
        ranges
    }

    fn place(minute: u32) -> Option<(usize, u64)> {
        let minute = usize::try_from(minute).ok().filter(|at| *at < MINUTES)?;
        Some((minute / BITS, 1 << (minute % BITS)))
    }
}

impl FromIterator<u32> for MinuteSet {
    fn from_iter<T: IntoIterator<Item = u32>>(minutes: T) -> Self {
        let mut set = Self::default();
        minutes.into_iter().for_each(|minute| set.insert(minute));
        set
    }
}

/// The state of a minute of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MinuteState {
    /// It is stored, by its own file or by the file of its day.
    Have,
    /// It was listed, and is not fetched.
    Pending,
    /// As pending, and the server wanted fewer requests or was unreachable.
    Throttled,
    /// It cannot be fetched any more.
    Lost,
}

/// What a feed knows of one day. Minutes in none of the sets were never listed, or not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedDay {
    /// The venue of the feed.
    pub venue: Venue,
    /// The day in UTC, by which its files are named.
    pub day: NaiveDate,
    /// Stored minutes.
    pub have: MinuteSet,
    /// Listed minutes that are not stored.
    pub pending: MinuteSet,
    /// Those of them whose last try was turned away.
    pub throttled: MinuteSet,
    /// Minutes that were listed, and cannot be fetched any more.
    pub lost: MinuteSet,
}

impl FeedDay {
    /// Returns the state of a minute at a moment; `None` of one that was never listed. What is listed and forgotten by now is
    /// lost, also before anybody wrote it down.
    pub fn state(
        &self,
        minute: u32,
        calendar: &Calendar,
        now: DateTime<Utc>,
    ) -> Option<MinuteState> {
        let is_listed = self.pending.contains(minute) || self.throttled.contains(minute);
        if self.have.contains(minute) {
            Some(MinuteState::Have)
        } else if self.lost.contains(minute) {
            Some(MinuteState::Lost)
        } else if !is_listed {
            None
        } else if minute_deadline(self.day, calendar) <= now {
            Some(MinuteState::Lost)
        } else if self.throttled.contains(minute) {
            Some(MinuteState::Throttled)
        } else {
            Some(MinuteState::Pending)
        }
    }

    /// Returns the minutes in a state at a moment.
    pub fn minutes(
        &self,
        state: MinuteState,
        calendar: &Calendar,
        now: DateTime<Utc>,
    ) -> MinuteSet {
        let all = 0..u32::try_from(MINUTES).unwrap_or_default();
        all.filter(|minute| self.state(*minute, calendar, now) == Some(state))
            .collect()
    }
}

/// What tells of the gaps of feeds.
pub trait FeedGaps {
    /// Returns the days of which a feed knows something, oldest first.
    fn days(&self) -> Vec<FeedDay>;

    /// Returns the calendar of the exchange of the feed.
    fn calendar(&self) -> Calendar;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it_and_tells_it_as_ranges() {
        let set: MinuteSet = [0, 1, 63, 64, 65, 1439, 1440, 9999].into_iter().collect();

        assert_eq!(set.ranges(), [(0, 1), (63, 65), (1439, 1439)]);
        assert_eq!(set.len(), 6);
        assert!(!set.contains(2));
        assert!(MinuteSet::default().is_empty());
    }

    #[test]
    fn a_minute_of_a_feed_is_had_open_or_lost_by_the_end_of_the_next_trading_day() {
        let xetra = Calendar::of("XETR").unwrap();
        let minutes = |minutes: &[u32]| minutes.iter().copied().collect::<MinuteSet>();
        // A Friday.
        let friday = FeedDay {
            venue: "de:xetra".parse().unwrap(),
            day: "2025-11-21".parse().unwrap(),
            have: minutes(&[480]),
            pending: minutes(&[480, 481, 482]),
            throttled: minutes(&[482]),
            lost: minutes(&[483]),
        };
        let states = |now: &str| {
            let now = now.parse().unwrap();
            [480, 481, 482, 483, 484].map(|minute| friday.state(minute, &xetra, now))
        };

        let (have, lost) = (Some(MinuteState::Have), Some(MinuteState::Lost));
        let (pending, throttled) = (Some(MinuteState::Pending), Some(MinuteState::Throttled));
        assert_eq!(
            states("2025-11-24T22:59:59Z"),
            [have, pending, throttled, lost, None]
        );
        assert_eq!(
            states("2025-11-24T23:00:00Z"),
            [have, lost, lost, lost, None]
        );
        let now = "2025-11-25T00:00:00Z".parse().unwrap();
        let lost = friday.minutes(MinuteState::Lost, &xetra, now);
        assert_eq!(lost.ranges(), [(481, 483)]);
    }
}
