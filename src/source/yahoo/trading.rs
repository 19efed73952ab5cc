//! When a symbol trades, by its exchange, its kind or what an answer says of its own sessions.
//!
//! Promises: where nothing is known, something may be traded. Leaves to others: what follows from it (`mark`).

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Timelike, Weekday};
use chrono_tz::Tz;

use super::rows::{Hours, wall};
use super::wire::{Meta, Period};
use crate::calendar::Calendar;
use crate::model::Identity;

/// Exchanges and tapes that keep the sessions of New York.
const NEW_YORK: [&str; 16] = [
    "NMS", "NGM", "NCM", "NAS", "NYQ", "NYS", "ASE", "PCX", "BTS", "PNK", "OQB", "OQX", "OEM",
    "SNP", "DJI", "NIM",
];
/// The hours that New York trades before the opening and after the close, in seconds.
const BEFORE_NEW_YORK: i64 = (5 * 60 + 30) * 60;
const AFTER_NEW_YORK: i64 = 4 * 60 * 60;

/// When a symbol trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trading {
    /// With the exchanges of New York.
    NewYork,
    /// At any time: coins.
    Always,
    /// At any time but for the weekend: currencies, futures.
    Weekly,
    /// From Monday to Friday, between two minutes of the day.
    Weekdays { open: u32, close: u32 },
}

impl Trading {
    pub(super) fn of(meta: &Meta, hours: Hours) -> Self {
        let exchange = meta.exchange.as_deref().unwrap_or_default();
        match meta.instrument.as_deref() {
            Some("CRYPTOCURRENCY") => Self::Always,
            Some("CURRENCY" | "FUTURE") => Self::Weekly,
            _ if meta.zone == Tz::America__New_York && NEW_YORK.contains(&exchange) => {
                Self::NewYork
            }
            _ => Self::told(meta, hours).unwrap_or(Self::Weekdays {
                open: 0,
                close: 24 * 60,
            }),
        }
    }

    /// Returns the hours that an answer tells, those around the session among them if they are kept.
    fn told(meta: &Meta, hours: Hours) -> Option<Self> {
        let minute = |stamp| Some(wall(stamp, meta.zone)?.num_seconds_from_midnight() / 60);
        let Period { start, end } = match hours {
            Hours::Regular => meta.current?,
            Hours::Extended => meta.current_whole.or(meta.current)?,
        };
        let (open, close) = (minute(start)?, minute(end)?);
        (open < close).then_some(Self::Weekdays { open, close })
    }

    /// Returns the sessions; `None` when no day is without trading.
    pub(super) fn calendar(self) -> Option<Calendar> {
        match self {
            Self::NewYork => Some(Calendar::nyse()),
            Self::Always | Self::Weekly => None,
            Self::Weekdays { open, close } => Some(Calendar::weekdays_between(open, close)),
        }
    }

    /// Returns the seconds by which trading begins before a session of the calendar, and ends after it.
    pub(super) fn margins(self, hours: Hours) -> (i64, i64) {
        match (self, hours) {
            (Self::NewYork, Hours::Extended) => (BEFORE_NEW_YORK, AFTER_NEW_YORK),
            _ => (0, 0),
        }
    }
}

/// Returns the sessions of the exchange that a recorded identity names, where they are known day by day.
pub fn known_sessions(identity: &Identity) -> Option<Calendar> {
    let exchange = identity.exchange.as_deref()?;
    let is_always_open = matches!(
        identity.instrument_type.as_deref(),
        Some("CRYPTOCURRENCY" | "CURRENCY" | "FUTURE")
    );
    let is_there = identity.timezone.as_deref() == Some(Tz::America__New_York.name());
    (is_there && !is_always_open && NEW_YORK.contains(&exchange)).then(Calendar::nyse)
}

/// Tells whether two instants lie in one weekend of the markets that trade all week: they close on Friday at 17:00 in New
/// York, the last figures come until Saturday, and they open again on Sunday at 17:00 or later.
pub(super) fn is_one_weekend(from: i64, to: i64) -> bool {
    let zone = Tz::America__New_York;
    let Some((from, to)) = wall(from, zone).zip(wall(to, zone)) else {
        return false;
    };
    let is_quiet = |wall: chrono::NaiveDateTime| match wall.weekday() {
        Weekday::Sat => wall.hour() >= 12,
        Weekday::Sun => wall.hour() < 16,
        _ => false,
    };
    is_quiet(from) && is_quiet(to) && (to.date() - from.date()).num_days() <= 1
}

impl FromStr for Trading {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "new-york" => Ok(Self::NewYork),
            "always" => Ok(Self::Always),
            "weekly" => Ok(Self::Weekly),
            hours => {
                let (open, close) = hours.split_once('-').ok_or(())?;
                let minute = |text: &str| text.parse().map_err(|_| ());
                Ok(Self::Weekdays {
                    open: minute(open)?,
                    close: minute(close)?,
                })
            }
        }
    }
}

impl fmt::Display for Trading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewYork => f.write_str("new-york"),
            Self::Always => f.write_str("always"),
            Self::Weekly => f.write_str("weekly"),
            Self::Weekdays { open, close } => write!(f, "{open}-{close}"),
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
    // Saturday is 2024-11-30; New York is five hours behind.
    #[case("2024-11-30T18:00:00Z", "2024-12-01T20:00:00Z", true)]
    #[case("2024-11-30T16:00:00Z", "2024-11-30T18:00:00Z", false)]
    #[case("2024-11-30T18:00:00Z", "2024-12-01T22:00:00Z", false)]
    #[case("2024-11-24T12:00:00Z", "2024-11-30T18:00:00Z", false)]
    fn a_weekend_lasts_from_saturday_noon_to_sunday_afternoon(
        #[case] from: &str,
        #[case] to: &str,
        #[case] expected: bool,
    ) {
        assert_eq!(is_one_weekend(at(from), at(to)), expected);
    }
}
