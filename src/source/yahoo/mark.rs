//! What a series leaves for the next run: until when it was asked for, and when its exchange trades.
//!
//! Promises: with the mark, the source tells without a request whether anything can be new. A mark that cannot be read
//! counts as none. Leaves to others: keeping it (`catalog`).

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::rows::wall;
use super::wire::Meta;
use crate::calendar::Calendar;

/// Yahoo's figures of a session are complete so long after its close.
const SETTLED_AFTER: i64 = 30 * 60;
/// A span with more days than this has a session in it.
const LONG: i64 = 15;
/// Exchanges and tapes that keep the sessions of New York.
const NEW_YORK: [&str; 16] = [
    "NMS", "NGM", "NCM", "NAS", "NYQ", "NYS", "ASE", "PCX", "BTS", "PNK", "OQB", "OQX", "OEM",
    "SNP", "DJI", "NIM",
];

/// What is known of a series after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The instant up to which bars were asked for, in seconds since 1970.
    pub(super) through: i64,
    pub(super) zone: Tz,
    pub(super) trading: Trading,
}

/// When a symbol trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trading {
    /// With the exchanges of New York.
    NewYork,
    /// At any time: coins, currencies, futures.
    Always,
    /// From Monday to Friday, between two minutes of the day.
    Weekdays { open: u32, close: u32 },
}

impl Mark {
    pub(super) fn of(meta: &Meta, through: i64) -> Self {
        Self {
            through,
            zone: meta.zone,
            trading: Trading::of(meta),
        }
    }

    /// Reads a mark; `None` when it is not one of this form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let [version, through] = [words.next()?, words.next()?];
        let [zone, trading] = [words.next()?, words.next()?];
        let trading = match trading {
            "new-york" => Trading::NewYork,
            "always" => Trading::Always,
            hours => {
                let (open, close) = hours.split_once('-')?;
                Trading::Weekdays {
                    open: open.parse().ok()?,
                    close: close.parse().ok()?,
                }
            }
        };
        (version == "1" && words.next().is_none()).then_some(Self {
            through: through.parse().ok()?,
            zone: zone.parse().ok()?,
            trading,
        })
    }

    /// Tells whether nothing can have been added since: no session was open, or had just closed.
    pub(super) fn is_current(&self, now: i64) -> bool {
        if now <= self.through {
            return true;
        }
        let days = wall(self.through, self.zone).zip(wall(now, self.zone));
        let Some((first, last)) = days.map(|(first, last)| (first.date(), last.date())) else {
            return false;
        };
        if (last - first).num_days() > LONG {
            return false;
        }
        let Some(calendar) = self.trading.calendar() else {
            return false;
        };
        let before = first.pred_opt().unwrap_or(first);
        calendar.sessions(before, last).all(|session| {
            let open = instant(session.open, self.zone);
            let close = instant(session.close, self.zone) + SETTLED_AFTER;
            close <= self.through || open >= now
        })
    }

    /// Returns the day that lies so many sessions before a day.
    pub(super) fn sessions_before(&self, day: NaiveDate, sessions: u32) -> NaiveDate {
        sessions_before(self.trading.calendar(), day, sessions)
    }
}

/// Returns the day that lies so many sessions before a day; every weekday is a session without a calendar.
pub(super) fn sessions_before(
    calendar: Option<Calendar>,
    day: NaiveDate,
    sessions: u32,
) -> NaiveDate {
    let calendar = calendar.unwrap_or_else(Calendar::weekdays);
    let mut left = sessions;
    let mut at = day;
    while left > 0 {
        let Some(before) = at.pred_opt() else { break };
        at = before;
        left -= u32::from(calendar.session(at).is_some());
    }
    at
}

/// Returns the instant of a wall clock. One that is skipped counts as the moment of the change, and of two the first.
pub(super) fn instant(wall: NaiveDateTime, zone: Tz) -> i64 {
    let found = (0..=4).find_map(|quarters| {
        let moved = wall + TimeDelta::minutes(30 * quarters);
        zone.from_local_datetime(&moved).earliest()
    });
    found.map_or(wall.and_utc().timestamp(), |moment| moment.timestamp())
}

impl Trading {
    fn of(meta: &Meta) -> Self {
        let exchange = meta.exchange.as_deref().unwrap_or_default();
        match meta.instrument.as_deref() {
            Some("CRYPTOCURRENCY" | "CURRENCY" | "FUTURE") => Self::Always,
            _ if meta.zone == Tz::America__New_York && NEW_YORK.contains(&exchange) => {
                Self::NewYork
            }
            _ => Self::hours(meta).unwrap_or(Self::Weekdays {
                open: 0,
                close: 24 * 60,
            }),
        }
    }

    fn hours(meta: &Meta) -> Option<Self> {
        use chrono::Timelike;
        let minute = |stamp| Some(wall(stamp, meta.zone)?.num_seconds_from_midnight() / 60);
        let current = meta.current?;
        let (open, close) = (minute(current.start)?, minute(current.end)?);
        (open < close).then_some(Self::Weekdays { open, close })
    }

    /// Returns the sessions; `None` when there is no moment without trading.
    fn calendar(self) -> Option<Calendar> {
        match self {
            Self::NewYork => Some(Calendar::nyse()),
            Self::Always => None,
            Self::Weekdays { open, close } => Some(Calendar::weekdays_between(open, close)),
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1 {} {} ", self.through, self.zone.name())?;
        match self.trading {
            Trading::NewYork => f.write_str("new-york"),
            Trading::Always => f.write_str("always"),
            Trading::Weekdays { open, close } => write!(f, "{open}-{close}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
            .timestamp()
    }

    #[rstest]
    #[case("1 1700000000 America/New_York new-york")]
    #[case("1 -5 Europe/Berlin 540-1050")]
    #[case("1 0 UTC always")]
    fn a_mark_is_read_as_it_was_written(#[case] text: &str) {
        assert_eq!(Mark::parse(text).unwrap().to_string(), text);
    }

    #[rstest]
    #[case("")]
    #[case("2 0 UTC always")]
    #[case("1 x UTC always")]
    #[case("1 0 Nowhere always")]
    #[case("1 0 UTC always more")]
    #[case("1 0 UTC 5")]
    fn what_is_no_mark_counts_as_none(#[case] text: &str) {
        assert_eq!(Mark::parse(text), None);
    }

    #[rstest]
    // Friday after the close until Monday before the open: Thanksgiving week, early close at 18:00 UTC.
    #[case("2024-11-29T18:31:00Z", "2024-12-02T14:30:00Z", true)]
    #[case("2024-11-29T18:29:00Z", "2024-12-02T14:30:00Z", false)]
    #[case("2024-11-29T18:31:00Z", "2024-12-02T14:30:01Z", false)]
    #[case("2024-11-27T22:00:00Z", "2024-11-29T14:00:00Z", true)]
    #[case("2024-11-26T15:00:00Z", "2024-11-26T15:00:01Z", false)]
    #[case("2024-11-26T15:00:00Z", "2024-11-26T15:00:00Z", true)]
    #[case("2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z", false)]
    fn new_york_is_current_while_no_session_was_open(
        #[case] through: &str,
        #[case] now: &str,
        #[case] expected: bool,
    ) {
        let mark = Mark {
            through: at(through),
            zone: Tz::America__New_York,
            trading: Trading::NewYork,
        };

        assert_eq!(mark.is_current(at(now)), expected);
    }

    #[test]
    fn what_trades_always_is_never_current_again() {
        let mark = Mark::parse("1 0 UTC always").unwrap();

        assert!(mark.is_current(0));
        assert!(!mark.is_current(1));
    }

    #[test]
    fn three_sessions_before_a_tuesday_after_labor_day_is_the_wednesday_before() {
        let mark = Mark::parse("1 0 America/New_York new-york").unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();

        assert_eq!(
            mark.sessions_before(day("2024-09-03"), 3),
            day("2024-08-28")
        );
    }
}
