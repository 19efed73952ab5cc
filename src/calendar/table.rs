//! The sessions of one exchange as a table, and the compact text in which the tables of this build are kept.
//!
//! A text names the zone and the first and the last day that are known, then each day `from` which on week or hours are
//! others, then the days that differ: below `closed` those without a session, below hours those with these, each year one
//! line of months and days.
//!
//! ```text
//! zone Europe/London
//! known 1970-01-01 2099-12-31
//! from 1970-01-01 08:00-16:30 Mon Tue Wed Thu Fri
//! closed
//! 2024 0101 0329 0401 0506 0527 0826 1225 1226
//! 08:00-12:30
//! 2024 1224 1231
//! ```
//!
//! Promises: outside of what is known nothing is claimed. Pure.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::hours::Hours;
use super::session::{Day, Session};

const WEEK: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The usual hours of each day of the week, Monday first; `None` where there is no session.
type Week = [Option<Hours>; 7];

/// The sessions of one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) zone: String,
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
    /// Whether this build vouches for it; not for sessions that somebody handed in one by one, or that were seen.
    pub(super) is_built_in: bool,
    /// The weeks, by the day from which on they hold.
    weeks: BTreeMap<NaiveDate, Week>,
    /// The days that differ from their week; `None` where there is no session.
    exceptions: BTreeMap<NaiveDate, Option<Session>>,
}

impl Table {
    /// Makes a table of sessions one by one: every other day between the first and the last of them is without one.
    ///
    /// Returns `None` without any session.
    pub(super) fn of_sessions(
        zone: String,
        sessions: impl IntoIterator<Item = Session>,
    ) -> Option<Self> {
        let sessions = sessions.into_iter();
        let exceptions: BTreeMap<NaiveDate, Option<Session>> = sessions
            .map(|session| (session.day, Some(session)))
            .collect();
        let (first, last) = (*exceptions.keys().next()?, *exceptions.keys().next_back()?);
        Some(Self {
            zone,
            first,
            last,
            is_built_in: false,
            weeks: BTreeMap::new(),
            exceptions,
        })
    }

    /// Reads the compact text; the error is the line that is not understood.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let mut table = Self {
            zone: String::new(),
            first: NaiveDate::MAX,
            last: NaiveDate::MIN,
            is_built_in: true,
            weeks: BTreeMap::new(),
            exceptions: BTreeMap::new(),
        };
        let mut hours = None;
        for line in lines {
            table
                .take(line, &mut hours)
                .ok_or_else(|| line.to_owned())?;
        }
        if table.first > table.last {
            return Err("nothing is known of any day".to_owned());
        }
        Ok(table)
    }

    fn take(&mut self, line: &str, hours: &mut Option<Hours>) -> Option<()> {
        let mut words = line.split(' ');
        match words.next()? {
            "zone" => words.next()?.clone_into(&mut self.zone),
            "known" => {
                self.first = words.next()?.parse().ok()?;
                self.last = words.next()?.parse().ok()?;
            }
            "from" => {
                let since = words.next()?.parse().ok()?;
                let week = week(words.next()?.parse().ok()?, words)?;
                self.weeks.insert(since, week);
            }
            "closed" => *hours = None,
            span if span.contains('-') => *hours = Some(span.parse().ok()?),
            year => {
                let year = year.parse().ok()?;
                for word in words {
                    let (month, day) = word.split_at_checked(2)?;
                    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
                    let day = NaiveDate::from_ymd_opt(year, month, day)?;
                    let session = hours.map(|hours| hours.on(day));
                    self.exceptions.insert(day, session);
                }
            }
        }
        Some(())
    }

    /// Returns what is known of a day.
    pub(super) fn day(&self, day: NaiveDate) -> Day {
        if day < self.first || day > self.last {
            return Day::Unknown;
        }
        let session = match self.exceptions.get(&day) {
            Some(session) => *session,
            None => self.usual(day).map(|hours| hours.on(day)),
        };
        session.map_or(Day::Closed, Day::Open)
    }

    /// Tells whether a session has other hours than those that are usual on its day of the week.
    pub(super) fn is_unusual(&self, session: &Session) -> bool {
        self.usual(session.day)
            .is_some_and(|hours| hours.on(session.day) != *session)
    }

    fn usual(&self, day: NaiveDate) -> Option<Hours> {
        let (_, week) = self.weeks.range(..=day).next_back()?;
        let weekday = usize::try_from(day.weekday().num_days_from_monday()).ok()?;
        week.get(weekday).copied().flatten()
    }
}

/// Reads the days of a week, which have the usual hours or, after an equals sign, their own.
fn week<'t>(usual: Hours, words: impl Iterator<Item = &'t str>) -> Option<Week> {
    let mut week = Week::default();
    for word in words {
        let (name, hours) = match word.split_once('=') {
            Some((name, hours)) => (name, hours.parse().ok()?),
            None => (word, usual),
        };
        let place = WEEK.iter().position(|day| *day == name)?;
        *week.get_mut(place)? = Some(hours);
    }
    Some(week)
}
