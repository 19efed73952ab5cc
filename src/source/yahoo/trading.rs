//! When a symbol trades, by its exchange, its kind or what an answer says of its own sessions.
//!
//! Promises: where nothing is known, something may be traded. Leaves to others: which exchange has which calendar
//! (`exchanges`), what follows from it (`mark`).

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Weekday};
use chrono_tz::Tz;

use super::exchanges::{around_the_clock, calendar_name};
use super::rows::{Hours, wall};
use super::wire::{Meta, Period};
use crate::calendar::{Calendar, Calendars, Day};

/// The calendar whose hours before and after the session are known.
const NEW_YORK: &str = "XNYS";
/// What older builds called it in a mark.
const NEW_YORK_ONCE: &str = "new-york";
/// The minutes that New York trades before the opening and after the close.
const BEFORE_NEW_YORK: u32 = 5 * 60 + 30;
const AFTER_NEW_YORK: u32 = 4 * 60;

/// When a symbol trades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trading {
    /// By a calendar of this name, from so many minutes before its sessions to so many after them.
    Listed {
        calendar: String,
        before: u32,
        after: u32,
    },
    /// At any time: coins.
    Always,
    /// At any time but for the weekend: currencies, futures.
    Weekly,
    /// On days that nobody wrote down, between two minutes of the day.
    Told { open: u32, close: u32 },
}

impl Trading {
    pub(super) fn of(meta: &Meta, hours: Hours, calendars: &Calendars) -> Self {
        match around_the_clock(meta.instrument.as_deref()) {
            Some(calendar) if calendar == Calendar::always() => return Self::Always,
            Some(_) => return Self::Weekly,
            None => {}
        }
        let told = told(meta, hours);
        let exchange = meta.exchange.as_deref().unwrap_or_default();
        match calendar_name(exchange, calendars) {
            Some(name) => Self::listed(name, told, calendars),
            None => told.map_or(
                Self::Told {
                    open: 0,
                    close: 24 * 60,
                },
                |(_, open, close)| Self::Told { open, close },
            ),
        }
    }

    /// The sessions of a table, and the time by which the hours that an answer tells of one of them go beyond it: another
    /// exchange that keeps its days trades longer, and there may be trading before and after.
    fn listed(name: &str, told: Option<(NaiveDate, u32, u32)>, calendars: &Calendars) -> Self {
        let beyond = told.and_then(|(day, open, close)| {
            let session = calendars.get(name)?.session(day)?;
            let minute = |wall: NaiveDateTime| wall.num_seconds_from_midnight() / 60;
            Some((
                minute(session.open).saturating_sub(open),
                close.saturating_sub(minute(session.close)),
            ))
        });
        let (before, after) = beyond.unwrap_or_default();
        Self::Listed {
            calendar: name.to_owned(),
            before,
            after,
        }
    }

    /// Returns the calendar; that of an exchange of which only the zone is known where no table has it.
    pub(super) fn calendar(&self, zone: Tz, calendars: &Calendars) -> Calendar {
        let listed = match self {
            Self::Listed { calendar, .. } => calendars.get(calendar),
            Self::Always => Some(Calendar::always()),
            Self::Weekly => Some(Calendar::weekly()),
            Self::Told { .. } => None,
        };
        listed.unwrap_or_else(|| Calendar::unlisted(zone.name()))
    }

    /// Returns when something may be traded on a day, with the hours around the session if they are kept; `None` when the
    /// exchange is known to be closed.
    pub(super) fn may_be_open(
        &self,
        day: NaiveDate,
        calendar: &Calendar,
        hours: Hours,
    ) -> Option<(NaiveDateTime, NaiveDateTime)> {
        let midnight = day.and_time(NaiveTime::MIN);
        let at = |minute: u32| midnight + TimeDelta::minutes(minute.into());
        match (calendar.day(day), self) {
            (Day::Closed, _) => None,
            (Day::Unknown, Self::Told { open, close }) => Some((at(*open), at(*close))),
            (Day::Unknown, _) => Some((midnight, at(24 * 60))),
            (Day::Open(session), _) => {
                let (before, after) = self.margins(hours);
                Some((session.open - before, session.close + after))
            }
        }
    }

    /// Returns by how much trading begins before a session of the calendar, and ends after it.
    fn margins(&self, hours: Hours) -> (TimeDelta, TimeDelta) {
        let Self::Listed {
            calendar,
            before,
            after,
        } = self
        else {
            return (TimeDelta::zero(), TimeDelta::zero());
        };
        let (mut before, mut after) = (*before, *after);
        if hours == Hours::Extended && calendar == NEW_YORK {
            before = before.max(BEFORE_NEW_YORK);
            after = after.max(AFTER_NEW_YORK);
        }
        (
            TimeDelta::minutes(before.into()),
            TimeDelta::minutes(after.into()),
        )
    }
}

/// Returns the day and the minutes of it between which an answer says that there is trading, outside of the session too if
/// that is kept.
fn told(meta: &Meta, hours: Hours) -> Option<(NaiveDate, u32, u32)> {
    let Period { start, end } = match hours {
        Hours::Regular => meta.current?,
        Hours::Extended => meta.current_whole.or(meta.current)?,
    };
    let minute = |wall: NaiveDateTime| wall.num_seconds_from_midnight() / 60;
    let (opens, closes) = (wall(start, meta.zone)?, wall(end, meta.zone)?);
    let (open, close) = (minute(opens), minute(closes));
    (open < close).then_some((opens.date(), open, close))
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
        let minute = |text: &str| text.parse().map_err(|_| ());
        let listed = |calendar: &str| Self::Listed {
            calendar: calendar.to_owned(),
            before: 0,
            after: 0,
        };
        match text {
            NEW_YORK_ONCE => Ok(listed(NEW_YORK)),
            "always" => Ok(Self::Always),
            "weekly" => Ok(Self::Weekly),
            _ if text.starts_with(|first: char| first.is_ascii_alphabetic()) => {
                let Some((calendar, beyond)) = text.split_once('+') else {
                    return Ok(listed(text));
                };
                let (before, after) = beyond.split_once('+').ok_or(())?;
                Ok(Self::Listed {
                    calendar: calendar.to_owned(),
                    before: minute(before)?,
                    after: minute(after)?,
                })
            }
            hours => {
                let (open, close) = hours.split_once('-').ok_or(())?;
                Ok(Self::Told {
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
            Self::Listed {
                calendar,
                before: 0,
                after: 0,
            } => f.write_str(calendar),
            Self::Listed {
                calendar,
                before,
                after,
            } => write!(f, "{calendar}+{before}+{after}"),
            Self::Always => f.write_str("always"),
            Self::Weekly => f.write_str("weekly"),
            Self::Told { open, close } => write!(f, "{open}-{close}"),
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
