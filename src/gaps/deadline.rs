//! Until when a session, or a minute of a feed, can be fetched: the one place of that rule.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::calendar::{Calendar, Day};

/// No exchange rests for longer without anybody having written it down.
const LONGEST_REST: usize = 14;

/// Returns when a source that keeps bars of so many days begins to forget a session: a day of which the beginning is gone is not
/// whole any more.
pub fn session_deadline(day: NaiveDate, depth_days: u32, calendar: &Calendar) -> DateTime<Utc> {
    calendar.instant(day.and_time(NaiveTime::MIN)) + TimeDelta::days(depth_days.into())
}

/// Returns when a feed that keeps a trading day until the end of the next one forgets a minute of a day, by the calendar of
/// its exchange. A day of which nobody knows whether it has a session counts as one: sooner is safe.
pub fn minute_deadline(day: NaiveDate, calendar: &Calendar) -> DateTime<Utc> {
    let later = day.iter_days().skip(1).take(LONGEST_REST);
    let mut sessions = later.filter(|day| calendar.day(*day) != Day::Closed);
    let next = sessions.next().unwrap_or(day);
    let after = next.checked_add_days(Days::new(1)).unwrap_or(next);
    calendar.instant(NaiveDateTime::new(after, NaiveTime::MIN))
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

    #[rstest]
    #[case("2025-11-20", "2025-11-21T23:00:00Z")]
    // Friday, and the Thursday before Easter.
    #[case("2025-11-21", "2025-11-24T23:00:00Z")]
    #[case("2026-04-02", "2026-04-07T22:00:00Z")]
    // The night in which the clock is set forward.
    #[case("2026-03-27", "2026-03-30T22:00:00Z")]
    fn a_minute_of_a_feed_is_kept_until_the_next_trading_day_is_over(
        #[case] on: &str,
        #[case] expected: &str,
    ) {
        let calendar = Calendar::of("XETR").unwrap();

        let found = minute_deadline(day(on), &calendar);

        assert_eq!(found, expected.parse::<DateTime<Utc>>().unwrap());
    }
}
