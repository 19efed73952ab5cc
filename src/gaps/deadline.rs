//! Until when a session can be fetched: the one place of that rule.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::calendar::Calendar;

/// Returns when a source that keeps bars of so many days begins to forget a session: a day of which the beginning is gone is not
/// whole any more.
pub fn session_deadline(day: NaiveDate, depth_days: u32, calendar: &Calendar) -> DateTime<Utc> {
    calendar.instant(day.and_time(NaiveTime::MIN)) + TimeDelta::days(depth_days.into())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[rstest]
    #[case("XNYS", "2025-11-21", 30, "2025-12-21T05:00:00Z")]
    // The clock was set back between the two.
    #[case("XNYS", "2025-10-20", 30, "2025-11-19T04:00:00Z")]
    #[case("XTKS", "2025-11-21", 60, "2026-01-19T15:00:00Z")]
    fn a_session_is_forgotten_when_its_day_began_so_many_days_ago(
        #[case] exchange: &str,
        #[case] on: &str,
        #[case] depth: u32,
        #[case] expected: &str,
    ) {
        let calendar = Calendar::of(exchange).unwrap();

        let found = session_deadline(day(on), depth, &calendar);

        assert_eq!(found, expected.parse::<DateTime<Utc>>().unwrap());
    }
}
