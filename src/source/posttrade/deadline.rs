//! When a feed forgets a day.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc, Weekday};

use crate::calendar::{Calendar, Day};

/// A feed that rests longer than this is none.
const LONGEST_REST: usize = 30;

/// Returns when a feed is taken to have forgotten a day: at the end of the trading day that follows, on the clock of the
/// exchange, or of so many of them where the listing says that it keeps more. So Friday stays over the weekend. Of a weekday
/// of which nobody knows whether it is a trading day it is assumed that it is one: better too early than too late.
pub fn deadline(day: NaiveDate, days_kept: Option<u32>, calendar: &Calendar) -> DateTime<Utc> {
    let mut left = days_kept.unwrap_or(1).max(1);
    let mut last = day;
    for next in day.iter_days().skip(1).take(LONGEST_REST) {
        if left == 0 {
            break;
        }
        last = next;
        left -= u32::from(is_trading_day(next, calendar));
    }
    let end = last.succ_opt().unwrap_or(last).and_time(NaiveTime::MIN);
    calendar.instant(end)
}

/// Tells whether a day is one of trading, as far as is known; any weekday of which nobody knows.
pub(super) fn is_trading_day(day: NaiveDate, calendar: &Calendar) -> bool {
    match calendar.day(day) {
        Day::Open(_) => true,
        Day::Closed => false,
        Day::Unknown => !matches!(day.weekday(), Weekday::Sat | Weekday::Sun),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    // In winter and in summer, over a weekend, over Easter, over Christmas.
    #[case("2025-11-03", None, "2025-11-04T23:00:00Z")]
    #[case("2026-09-17", None, "2026-09-18T22:00:00Z")]
    #[case("2025-10-31", Some(1), "2025-11-03T23:00:00Z")]
    #[case("2025-10-31", Some(0), "2025-11-03T23:00:00Z")]
    #[case("2025-10-31", Some(2), "2025-11-04T23:00:00Z")]
    #[case("2026-04-02", None, "2026-04-07T22:00:00Z")]
    #[case("2025-12-23", None, "2025-12-29T23:00:00Z")]
    fn a_day_is_forgotten_at_the_end_of_the_next_trading_day(
        #[case] day: NaiveDate,
        #[case] kept: Option<u32>,
        #[case] expected: DateTime<Utc>,
    ) {
        let calendar = Calendar::of("XETR").unwrap();

        assert_eq!(deadline(day, kept, &calendar), expected);
    }

    #[test]
    fn a_day_ends_also_where_the_clock_leaps_over_midnight() {
        // Cairo set its clock from Friday's midnight to one.
        let calendar = Calendar::unlisted("Africa/Cairo");
        let wednesday = "2024-04-24".parse().unwrap();

        let expected: DateTime<Utc> = "2024-04-25T22:00:00Z".parse().unwrap();
        assert_eq!(deadline(wednesday, None, &calendar), expected);
    }

    #[test]
    fn where_no_calendar_is_known_weekdays_are_trading_days() {
        let calendar = Calendar::unlisted("Europe/Vienna");
        let friday = "2025-10-31".parse().unwrap();

        let expected: DateTime<Utc> = "2025-11-03T23:00:00Z".parse().unwrap();
        assert_eq!(deadline(friday, None, &calendar), expected);
    }
}
