//! What a calendar says of days at a moment, looked up once for all series of an exchange.
//!
//! Promises: pure; what is kept says the same as what is looked up.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Utc};

use crate::calendar::{Calendar, Day};

/// What a day is to a series of an exchange at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind {
    /// It has no session.
    Rest,
    /// It has no session on a day of the week on which the exchange is open.
    Holiday,
    /// It has a session, or nobody knows; it is over.
    Over,
    /// It has a session, or nobody knows; it is not over.
    Open,
}

impl DayKind {
    /// Returns what a day is when the clock of the exchange shows `wall`.
    pub fn of(day: NaiveDate, calendar: &Calendar, wall: NaiveDateTime) -> Self {
        let is_over = match calendar.day(day) {
            Day::Open(session) => session.close <= wall,
            Day::Unknown => day < wall.date(),
            Day::Closed if is_holiday(day, calendar) => return Self::Holiday,
            Day::Closed => return Self::Rest,
        };
        if is_over { Self::Over } else { Self::Open }
    }

    /// Tells whether it has no session left: until then nothing of it is missing.
    pub fn is_over(self) -> bool {
        self != Self::Open
    }

    /// Tells whether it may have a session.
    pub fn is_session(self) -> bool {
        matches!(self, Self::Over | Self::Open)
    }
}

/// Tells whether the exchange is open on this day of the week.
fn is_holiday(day: NaiveDate, calendar: &Calendar) -> bool {
    let week = Days::new(7);
    let around = [day.checked_sub_days(week), day.checked_add_days(week)];
    let mut around = around.into_iter().flatten();
    around.any(|day| matches!(calendar.day(day), Day::Open(_)))
}

/// The days of the exchanges that were asked for, up to the day of the question.
#[derive(Debug, Default)]
pub struct DayKinds {
    known: Vec<KindsOfExchange>,
}

/// The days of one exchange.
#[derive(Debug)]
struct KindsOfExchange {
    calendar: Calendar,
    now: DateTime<Utc>,
    /// The newest day, which is the first in `kinds`.
    today: NaiveDate,
    /// Back from there.
    kinds: Vec<DayKind>,
}

impl DayKinds {
    /// Returns the days from one on up to the day that the exchange has at a moment, with what they are.
    pub fn since(
        &mut self,
        first: NaiveDate,
        calendar: &Calendar,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = (NaiveDate, DayKind)> {
        let at = self.place(calendar, now);
        let kinds = self
            .known
            .get_mut(at)
            .map_or(&[][..], |known| known.back_to(first));
        first.iter_days().zip(kinds.iter().rev().copied())
    }

    fn place(&mut self, calendar: &Calendar, now: DateTime<Utc>) -> usize {
        let is_same = |one: &KindsOfExchange| one.now == now && one.calendar == *calendar;
        self.known.iter().position(is_same).unwrap_or_else(|| {
            self.known.push(KindsOfExchange {
                calendar: calendar.clone(),
                now,
                today: calendar.wall(now).date(),
                kinds: Vec::new(),
            });
            self.known.len() - 1
        })
    }
}

impl KindsOfExchange {
    /// Returns the days from the newest one back to this one.
    fn back_to(&mut self, first: NaiveDate) -> &[DayKind] {
        let wanted = usize::try_from((self.today - first).num_days() + 1).unwrap_or_default();
        let wall = self.calendar.wall(self.now);
        while self.kinds.len() < wanted {
            let back = Days::new(self.kinds.len() as u64);
            let Some(day) = self.today.checked_sub_days(back) else {
                break;
            };
            self.kinds.push(DayKind::of(day, &self.calendar, wall));
        }
        self.kinds.get(..wanted).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_is_looked_up_whichever_day_was_asked_for_first() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let now: DateTime<Utc> = "2025-11-28T17:59:00Z".parse().unwrap();
        let calendars = [
            Calendar::new_york(),
            Calendar::of("XTKS").unwrap(),
            Calendar::always(),
            Calendar::unlisted("America/New_York"),
        ];
        let mut kinds = DayKinds::default();

        for first in ["2025-11-20", "2025-12-09", "2024-01-01", "2025-11-28"] {
            for calendar in &calendars {
                let wall = calendar.wall(now);
                let looked_up = day(first).iter_days().take_while(|day| *day <= wall.date());
                let looked_up = looked_up.map(|day| (day, DayKind::of(day, calendar, wall)));

                let kept: Vec<_> = kinds.since(day(first), calendar, now).collect();

                assert_eq!(kept, looked_up.collect::<Vec<_>>(), "{first} {calendar:?}");
            }
        }
    }

    #[test]
    fn thanksgiving_is_a_holiday_a_saturday_is_none_and_a_session_is_over_at_its_close() {
        let new_york = Calendar::new_york();
        let at = |wall: &str| wall.parse::<NaiveDateTime>().unwrap();
        let kind = |day: &str, wall: &str| DayKind::of(day.parse().unwrap(), &new_york, at(wall));

        assert_eq!(kind("2025-11-27", "2025-11-28T00:00:00"), DayKind::Holiday);
        assert_eq!(kind("2025-11-29", "2025-12-01T00:00:00"), DayKind::Rest);
        // The day after Thanksgiving closes at one.
        assert_eq!(kind("2025-11-28", "2025-11-28T12:59:59"), DayKind::Open);
        assert_eq!(kind("2025-11-28", "2025-11-28T13:00:00"), DayKind::Over);
    }
}
