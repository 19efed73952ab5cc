//! Stretches of a calendar as people type them: a year, a month, a day, a minute, or so long ago.
//!
//! Promises: a span is all of what it names, on the clock of the exchange: `2026-11` is the whole month, and `09:30` the
//! whole minute. What is not understood is refused with the forms that are.

use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::{Days, Months, NaiveDate, NaiveDateTime, TimeDelta};

use super::time;

/// A stretch of the calendar, the end of which belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarSpan {
    /// A year.
    Year(NaiveDate),
    /// A month, by its first day.
    Month(NaiveDate),
    /// A day.
    Day(NaiveDate),
    /// A minute, a second, or an instant between two of them.
    Time(NaiveDateTime, TimeDelta),
    /// The day so many days before today.
    DaysAgo(u32),
    /// The day of this number so many months ago, or the last one of a month that has no such day.
    MonthsAgo(u32),
}

/// The forms that are understood, as a message names them.
pub const CALENDAR_FORMS: &str = "2026-11-03, 2026-11-03T09:30, 2026-11 or 2026 (all of it), today, yesterday, or -7d, \
                                  -2w, -3mo, -1y (so long ago)";

impl FromStr for CalendarSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || format!("`{text}` is no date; write {CALENDAR_FORMS}");
        let span = relative(text)
            .or_else(|| absolute(text))
            .ok_or_else(refused)?;
        // Relative ones depend on a today that is not known yet.
        match span {
            Self::DaysAgo(_) | Self::MonthsAgo(_) => Ok(span),
            _ => span.on(NaiveDate::MIN).map(|_| span),
        }
    }
}

impl CalendarSpan {
    /// Returns the first and the last nanosecond of the span.
    ///
    /// # Errors
    /// When it reaches beyond the years whose timestamps can be stored.
    pub fn on(self, today: NaiveDate) -> Result<RangeInclusive<i64>, String> {
        let beyond =
            || "a date is outside of the years that can be stored, 1678 to 2261".to_owned();
        let (first, after) = self.borders(today).ok_or_else(beyond)?;
        let (first, after) = (time::nanos(first), time::nanos(after));
        let (first, after) = first.zip(after).ok_or_else(beyond)?;
        Ok(first..=after - 1)
    }

    /// Returns the first and the last day of the span.
    ///
    /// # Errors
    /// As `on`.
    pub fn days(self, today: NaiveDate) -> Result<RangeInclusive<NaiveDate>, String> {
        let span = self.on(today)?;
        Ok(time::day(*span.start())..=time::day(*span.end()))
    }

    fn borders(self, today: NaiveDate) -> Option<(NaiveDateTime, NaiveDateTime)> {
        let days = |first: NaiveDate, after: Option<NaiveDate>| {
            Some((
                first.and_time(chrono::NaiveTime::MIN),
                after?.and_time(chrono::NaiveTime::MIN),
            ))
        };
        let day = |day: NaiveDate| days(day, day.succ_opt());
        match self {
            Self::Year(first) => days(first, first.checked_add_months(Months::new(12))),
            Self::Month(first) => days(first, first.checked_add_months(Months::new(1))),
            Self::Day(of) => day(of),
            Self::Time(first, long) => Some((first, first.checked_add_signed(long)?)),
            Self::DaysAgo(many) => day(today.checked_sub_days(Days::new(many.into()))?),
            Self::MonthsAgo(many) => day(today.checked_sub_months(Months::new(many))?),
        }
    }
}

fn relative(text: &str) -> Option<CalendarSpan> {
    match text {
        "today" => return Some(CalendarSpan::DaysAgo(0)),
        "yesterday" => return Some(CalendarSpan::DaysAgo(1)),
        _ => {}
    }
    let text = text.strip_prefix('-')?;
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let many: u32 = text.strip_suffix(unit)?.parse().ok()?;
    match unit {
        "d" => Some(CalendarSpan::DaysAgo(many)),
        "w" => many.checked_mul(7).map(CalendarSpan::DaysAgo),
        "mo" => Some(CalendarSpan::MonthsAgo(many)),
        "y" => many.checked_mul(12).map(CalendarSpan::MonthsAgo),
        _ => None,
    }
}

fn absolute(text: &str) -> Option<CalendarSpan> {
    let first_of_month = |text: &str| format!("{text}-01").parse::<NaiveDate>().ok();
    match text.len() {
        4 => {
            let year = text.bytes().all(|byte| byte.is_ascii_digit());
            let first = first_of_month(&format!("{text}-01")).filter(|_| year)?;
            Some(CalendarSpan::Year(first))
        }
        7 => first_of_month(text)
            .filter(|first| first.format("%Y-%m").to_string() == text)
            .map(CalendarSpan::Month),
        _ => {
            let stamp = time::parse(text)?;
            let moment = time::naive(stamp);
            Some(match (text.matches(':').count(), text.contains('.')) {
                (0, _) => CalendarSpan::Day(moment.date()),
                (1, _) => CalendarSpan::Time(moment, TimeDelta::minutes(1)),
                (_, false) => CalendarSpan::Time(moment, TimeDelta::seconds(1)),
                (_, true) => CalendarSpan::Time(moment, TimeDelta::nanoseconds(1)),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the borders of a span on 2026-11-30, a Monday.
    fn borders(text: &str) -> (String, String) {
        let today = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();
        let span = text.parse::<CalendarSpan>().unwrap().on(today).unwrap();
        let shown = |nanos: i64| {
            time::naive(nanos)
                .format("%Y-%m-%d %H:%M:%S%.f")
                .to_string()
        };
        (shown(*span.start()), shown(*span.end()))
    }

    #[test]
    fn a_span_is_all_of_what_it_names() {
        for (text, first, last) in [
            (
                "2026",
                "2026-01-01 00:00:00",
                "2026-12-31 23:59:59.999999999",
            ),
            (
                "2024-02",
                "2024-02-01 00:00:00",
                "2024-02-29 23:59:59.999999999",
            ),
            (
                "2026-12",
                "2026-12-01 00:00:00",
                "2026-12-31 23:59:59.999999999",
            ),
            (
                "2026-11-03",
                "2026-11-03 00:00:00",
                "2026-11-03 23:59:59.999999999",
            ),
            (
                "2026-11-03T09:30",
                "2026-11-03 09:30:00",
                "2026-11-03 09:30:59.999999999",
            ),
            (
                "2026-11-03 09:30",
                "2026-11-03 09:30:00",
                "2026-11-03 09:30:59.999999999",
            ),
            (
                "2026-11-03 09:30:05",
                "2026-11-03 09:30:05",
                "2026-11-03 09:30:05.999999999",
            ),
            (
                "2026-11-03T09:30:05.5",
                "2026-11-03 09:30:05.500",
                "2026-11-03 09:30:05.500",
            ),
            (
                "today",
                "2026-11-30 00:00:00",
                "2026-11-30 23:59:59.999999999",
            ),
            (
                "yesterday",
                "2026-11-29 00:00:00",
                "2026-11-29 23:59:59.999999999",
            ),
            (
                "-7d",
                "2026-11-23 00:00:00",
                "2026-11-23 23:59:59.999999999",
            ),
            (
                "-2w",
                "2026-11-16 00:00:00",
                "2026-11-16 23:59:59.999999999",
            ),
            (
                "-9mo",
                "2026-02-28 00:00:00",
                "2026-02-28 23:59:59.999999999",
            ),
            (
                "-1y",
                "2025-11-30 00:00:00",
                "2025-11-30 23:59:59.999999999",
            ),
        ] {
            assert_eq!(borders(text), (first.to_owned(), last.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused_with_the_forms() {
        for text in [
            "",
            "-",
            "7d",
            "-d",
            "-7",
            "-7days",
            "-2m",
            "tomorrow",
            "Today",
            "26",
            "+2026",
            "2026-",
            "2026-13",
            "2026-1",
            "2026-00",
            "2026-11-31",
            "31.01.2026",
            "01/02/2026",
            "2026-11-03T25:00",
            "2026-11-03T09",
            "2026-11-03T09:30Z",
            "2026-11-03T09:30:00-05:00",
            "-99999999999d",
            "-4000000000w",
        ] {
            let refused = text.parse::<CalendarSpan>().unwrap_err();
            assert!(refused.contains("2026-11-03T09:30"), "{text}: {refused}");
        }
    }

    #[test]
    fn years_without_timestamps_are_refused() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 30).unwrap();

        for text in ["0001-01-01", "9999-12-31", "1500", "2262-05", "1677-01-01"] {
            assert!(text.parse::<CalendarSpan>().is_err(), "{text}");
        }
        for text in ["-4000y", "-4000000000d"] {
            assert!(
                text.parse::<CalendarSpan>().unwrap().on(today).is_err(),
                "{text}"
            );
        }
    }
}
