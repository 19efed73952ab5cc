//! Trading sessions: on which days an exchange is open, and between which hours.
//!
//! Promises: `Calendar::nyse` gives the sessions of the New York exchanges (NYSE and Nasdaq keep the same ones)
//! from 2000 to 2030 exactly, early closes and ad-hoc closures included; a test holds it against a recorded
//! list. Outside those years the same rules go on, which is an estimate. Pure: no I/O, no clock.
//! Leaves to others: zones. Times are the wall clock of the exchange, as everywhere in stored bars.

mod nyse;
mod weekends;

pub use weekends::rests_on_weekends;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};

/// One trading session, on the wall clock of the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The trading day.
    pub day: NaiveDate,
    /// When regular trading begins.
    pub open: NaiveDateTime,
    /// When regular trading ends; the first moment that is outside.
    pub close: NaiveDateTime,
}

/// The sessions of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar(Rules);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    Nyse,
    /// Open from Monday to Friday, between two minutes of the day.
    Weekdays {
        open: u32,
        close: u32,
    },
}

impl Calendar {
    /// Returns the calendar of the New York exchanges.
    pub fn nyse() -> Self {
        Self(Rules::Nyse)
    }

    /// Returns a calendar that is open all day from Monday to Friday, for exchanges without a table.
    ///
    /// A holiday then looks like a missing day: good enough for a warning, never for a refusal.
    pub fn weekdays() -> Self {
        Self::weekdays_between(0, 24 * 60)
    }

    /// Returns a calendar that is open from Monday to Friday between two minutes of the day.
    pub fn weekdays_between(open: u32, close: u32) -> Self {
        Self(Rules::Weekdays { open, close })
    }

    /// Returns the session of a day; `None` when the exchange is closed.
    pub fn session(self, day: NaiveDate) -> Option<Session> {
        if matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
            return None;
        }
        let midnight = day.and_time(NaiveTime::MIN);
        match self.0 {
            Rules::Weekdays { open, close } => Some(Session {
                day,
                open: midnight + TimeDelta::minutes(open.into()),
                close: midnight + TimeDelta::minutes(close.into()),
            }),
            Rules::Nyse if nyse::is_closed(day) => None,
            Rules::Nyse => {
                let close = if nyse::is_early_close(day) {
                    TimeDelta::hours(13)
                } else {
                    TimeDelta::hours(16)
                };
                Some(Session {
                    day,
                    open: midnight + TimeDelta::minutes(9 * 60 + 30),
                    close: midnight + close,
                })
            }
        }
    }

    /// Returns the sessions from the day `from` to the day `to`, both included, in order.
    pub fn sessions(self, from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = Session> {
        from.iter_days()
            .take_while(move |day| *day <= to)
            .filter_map(move |day| self.session(day))
    }

    /// Tells whether the exchange closes before its usual hour on this day.
    pub fn is_early_close(self, day: NaiveDate) -> bool {
        self.0 == Rules::Nyse && self.session(day).is_some() && nyse::is_early_close(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_with_thanksgiving_has_four_sessions_and_one_of_them_is_short() {
        let week: Vec<Session> = Calendar::nyse()
            .sessions(day("2024-11-25"), day("2024-12-01"))
            .collect();

        let days: Vec<String> = week.iter().map(|s| s.day.to_string()).collect();
        assert_eq!(
            days,
            ["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29"]
        );
        assert_eq!(week[0].open.to_string(), "2024-11-25 09:30:00");
        assert_eq!(week[0].close.to_string(), "2024-11-25 16:00:00");
        assert_eq!(week[3].close.to_string(), "2024-11-29 13:00:00");
        assert!(Calendar::nyse().is_early_close(day("2024-11-29")));
        assert!(!Calendar::nyse().is_early_close(day("2024-11-27")));
    }

    #[test]
    fn holidays_move_off_weekends_except_new_year_on_a_saturday() {
        let is_open = |text| Calendar::nyse().session(day(text)).is_some();

        assert!(!is_open("2021-12-24"), "Christmas on a Saturday");
        assert!(!is_open("2022-12-26"), "Christmas on a Sunday");
        assert!(is_open("2021-12-31"), "New Year on a Saturday");
        assert!(!is_open("2023-01-02"), "New Year on a Sunday");
        assert!(is_open("2021-06-18"), "Juneteenth was not kept yet");
        assert!(!is_open("2022-06-20"), "Juneteenth on a Sunday");
    }

    #[test]
    fn an_exchange_without_a_table_is_open_from_monday_to_friday() {
        let open: Vec<Session> = Calendar::weekdays()
            .sessions(day("2024-12-23"), day("2024-12-29"))
            .collect();

        assert_eq!(open.len(), 5);
        assert!(!Calendar::weekdays().is_early_close(day("2024-12-24")));
    }

    #[test]
    fn a_span_that_ends_before_it_begins_has_no_session() {
        let mut none = Calendar::nyse().sessions(day("2024-01-03"), day("2024-01-02"));

        assert_eq!(none.next(), None);
    }
}
