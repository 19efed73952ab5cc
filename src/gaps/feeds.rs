//! Gaps of feeds, which have a file for each minute: what a feed hands in, and what follows from it.
//!
//! Promises: a minute has one state. Leaves to others: which minutes a feed has, and until when (`feeds`, by the rule of
//! `source::posttrade`).

use chrono::{DateTime, NaiveDate, Utc};

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
    /// Trades of it are stored, by its own file or by the file of its day.
    Have,
    /// It was listed, and nothing stands for it yet.
    Pending,
    /// As pending, and the server wanted fewer requests or was unreachable.
    Throttled,
    /// It cannot be fetched any more.
    Lost,
    /// It was read, and no trade was made and published within it.
    NoTrades,
    /// The exchange rested on a day of the week on which it is open.
    Holiday,
}

impl MinuteState {
    /// Every state, in the order in which they are told.
    pub const ALL: [Self; 6] = [
        Self::Have,
        Self::Pending,
        Self::Throttled,
        Self::Lost,
        Self::NoTrades,
        Self::Holiday,
    ];

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Have => "have",
            Self::Pending => "pending",
            Self::Throttled => "throttled",
            Self::Lost => "lost",
            Self::NoTrades => "no_trades",
            Self::Holiday => "holiday",
        }
    }

    /// Tells whether asking may bring it, as long as the feed keeps it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Throttled)
    }
}

/// What a feed knows of one day. Minutes in none of the sets were never listed, or not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedDay {
    /// The venue of the feed.
    pub venue: Venue,
    /// The day in UTC, by which its files are named.
    pub day: NaiveDate,
    /// When the feed is taken to have forgotten it.
    pub deadline: DateTime<Utc>,
    /// Whether the exchange rested on a day of the week on which it is open.
    pub is_holiday: bool,
    /// Whether it is over, all that the feed has of it was read, and no trade was in it, although the exchange was open.
    pub is_silent: bool,
    /// Minutes of which trades are stored.
    pub have: MinuteSet,
    /// Minutes that were read and have none.
    pub empty: MinuteSet,
    /// Listed minutes that nothing stands for.
    pub pending: MinuteSet,
    /// Those of them whose last try was turned away.
    pub throttled: MinuteSet,
    /// Minutes that nobody saw listed before they were forgotten.
    pub unseen: MinuteSet,
}

/// Minutes that follow one another and are in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MinuteSpan {
    /// The first minute, counted from midnight UTC.
    pub first: u32,
    /// The last minute.
    pub last: u32,
    /// Their state.
    pub state: MinuteState,
}

impl MinuteSpan {
    /// Counts the minutes.
    pub fn len(&self) -> usize {
        usize::try_from(self.last + 1 - self.first).unwrap_or_default()
    }

    /// Tells whether it has no minute; none is so.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FeedDay {
    /// Returns a day of which nothing is known.
    pub fn of(venue: Venue, day: NaiveDate, deadline: DateTime<Utc>) -> Self {
        Self {
            venue,
            day,
            deadline,
            is_holiday: false,
            is_silent: false,
            have: MinuteSet::default(),
            empty: MinuteSet::default(),
            pending: MinuteSet::default(),
            throttled: MinuteSet::default(),
            unseen: MinuteSet::default(),
        }
    }

    /// Returns the state of a minute at a moment; `None` of one that was never listed and may still be. What is listed and
    /// forgotten by now is lost, also before anybody wrote it down.
    pub fn state(&self, minute: u32, now: DateTime<Utc>) -> Option<MinuteState> {
        let is_listed = self.pending.contains(minute) || self.throttled.contains(minute);
        let is_forgotten = self.deadline <= now;
        if self.have.contains(minute) {
            Some(MinuteState::Have)
        } else if self.empty.contains(minute) {
            Some(MinuteState::NoTrades)
        } else if is_forgotten && (is_listed || self.unseen.contains(minute)) {
            Some(MinuteState::Lost)
        } else if self.throttled.contains(minute) {
            Some(MinuteState::Throttled)
        } else if is_listed {
            Some(MinuteState::Pending)
        } else if self.is_holiday {
            Some(MinuteState::Holiday)
        } else {
            None
        }
    }

    /// Counts the minutes that are in a state at a moment.
    pub fn minutes_in(&self, state: MinuteState, now: DateTime<Utc>) -> usize {
        let spans = self.spans(now).into_iter();
        let of_state = spans.filter(|span| span.state == state);
        of_state.map(|span| span.len()).sum()
    }

    /// Returns the minutes of which something is known at a moment, as few spans as they are.
    pub fn spans(&self, now: DateTime<Utc>) -> Vec<MinuteSpan> {
        let mut spans: Vec<MinuteSpan> = Vec::new();
        for minute in 0..u32::try_from(MINUTES).unwrap_or_default() {
            let Some(state) = self.state(minute, now) else {
                continue;
            };
            match spans.last_mut() {
                Some(span) if span.state == state && span.last + 1 == minute => span.last = minute,
                _ => spans.push(MinuteSpan {
                    first: minute,
                    last: minute,
                    state,
                }),
            }
        }
        spans
    }
}

/// What tells of the gaps of feeds.
pub trait FeedGaps {
    /// Returns the days of which a feed knows something, or should, oldest first.
    fn days(&self) -> Vec<FeedDay>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(minutes: &[u32]) -> MinuteSet {
        minutes.iter().copied().collect()
    }

    #[test]
    fn a_set_has_what_was_put_into_it() {
        let set = minutes(&[0, 1, 63, 64, 65, 1439, 1440, 9999]);

        let had: Vec<u32> = (0..10_000).filter(|minute| set.contains(*minute)).collect();
        assert_eq!(had, [0, 1, 63, 64, 65, 1439]);
    }

    #[test]
    fn a_minute_is_had_empty_open_or_lost_once_its_day_is_forgotten() {
        let deadline: DateTime<Utc> = "2025-11-24T23:00:00Z".parse().unwrap();
        // A Friday.
        let friday = FeedDay {
            have: minutes(&[480]),
            empty: minutes(&[481]),
            pending: minutes(&[480, 482, 483, 484]),
            throttled: minutes(&[484]),
            unseen: minutes(&[485]),
            ..FeedDay::of(
                "de:xetra".parse().unwrap(),
                "2025-11-21".parse().unwrap(),
                deadline,
            )
        };
        let spans = |now| -> Vec<(u32, u32, MinuteState)> {
            let spans = friday.spans(now).into_iter();
            spans
                .map(|span| (span.first, span.last, span.state))
                .collect()
        };
        let had = [
            (480, 480, MinuteState::Have),
            (481, 481, MinuteState::NoTrades),
        ];

        let before = spans(deadline - chrono::TimeDelta::seconds(1));
        let after = spans(deadline);

        assert_eq!(before[..2], had);
        assert_eq!(
            before[2..],
            [
                (482, 483, MinuteState::Pending),
                (484, 484, MinuteState::Throttled)
            ]
        );
        assert_eq!(after[..2], had);
        assert_eq!(after[2..], [(482, 485, MinuteState::Lost)]);
        let holiday = FeedDay {
            is_holiday: true,
            ..FeedDay::of(friday.venue.clone(), friday.day, deadline)
        };
        let spans = holiday.spans(deadline);
        assert_eq!((spans.len(), spans[0].len()), (1, 1440));
    }
}
