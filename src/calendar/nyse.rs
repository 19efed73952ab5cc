//! The holidays of the New York exchanges, as rules and as a list of the days no rule foresees.
//!
//! Promises: exact from 2000 to 2030. Leaves to the caller: Saturdays and Sundays, which it never asks about.

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};

/// Closures that no rule foresees: year, month, day.
const AD_HOC_CLOSURES: &[(i32, u32, u32)] = &[
    (2001, 9, 11), // attacks on New York
    (2001, 9, 12),
    (2001, 9, 13),
    (2001, 9, 14),
    (2004, 6, 11),  // mourning for President Reagan
    (2007, 1, 2),   // mourning for President Ford
    (2012, 10, 29), // hurricane Sandy
    (2012, 10, 30),
    (2018, 12, 5), // mourning for President Bush
    (2025, 1, 9),  // mourning for President Carter
];

/// Early closes that no rule foresees.
const AD_HOC_EARLY_CLOSES: &[(i32, u32, u32)] = &[(2002, 7, 5), (2003, 12, 26)];

/// The first year in which 19 June is kept.
const FIRST_JUNETEENTH: i32 = 2022;

/// Tells whether a weekday has no session.
pub(super) fn is_closed(day: NaiveDate) -> bool {
    let (year, month) = (day.year(), day.month());
    let is_holiday = match month {
        1 => is_new_year(day) || is_nth(day, Weekday::Mon, 3),
        2 => is_nth(day, Weekday::Mon, 3),
        3 | 4 => good_friday(year) == Some(day),
        5 => day.weekday() == Weekday::Mon && day.day() > 24,
        6 => year >= FIRST_JUNETEENTH && is_observed(day, 6, 19),
        7 => is_observed(day, 7, 4),
        9 => is_nth(day, Weekday::Mon, 1),
        11 => is_nth(day, Weekday::Thu, 4),
        12 => is_observed(day, 12, 25),
        _ => false,
    };
    is_holiday || AD_HOC_CLOSURES.contains(&(year, month, day.day()))
}

/// Tells whether a day that has a session closes at 13:00.
pub(super) fn is_early_close(day: NaiveDate) -> bool {
    // On a Friday, 3 July and 24 December are either the holiday itself or an ordinary day.
    let is_before_friday = day.weekday() != Weekday::Fri;
    let by_rule = match (day.month(), day.day()) {
        // In 2002 the day after was shortened instead.
        (7, 3) => is_before_friday && day.year() != 2002,
        (12, 24) => is_before_friday,
        (11, _) => day
            .pred_opt()
            .is_some_and(|eve| is_nth(eve, Weekday::Thu, 4)),
        _ => false,
    };
    by_rule || AD_HOC_EARLY_CLOSES.contains(&(day.year(), day.month(), day.day()))
}

/// New Year's Day moves from a Sunday to Monday, and is not made up for when it falls on a Saturday.
fn is_new_year(day: NaiveDate) -> bool {
    day.day() == 1 || (day.day() == 2 && day.weekday() == Weekday::Mon)
}

/// Tells whether a holiday of a fixed date is kept on this weekday: Friday for Saturday, Monday for Sunday.
fn is_observed(day: NaiveDate, month: u32, date: u32) -> bool {
    let is_date = |shift: i64| {
        (day + TimeDelta::days(shift)).month() == month
            && (day + TimeDelta::days(shift)).day() == date
    };
    match day.weekday() {
        Weekday::Fri => is_date(0) || is_date(1),
        Weekday::Mon => is_date(0) || is_date(-1),
        _ => is_date(0),
    }
}

/// Tells whether this is the nth such weekday of its month.
fn is_nth(day: NaiveDate, weekday: Weekday, nth: u32) -> bool {
    day.weekday() == weekday && day.day().div_ceil(7) == nth
}

/// Returns the Friday before Easter, by the computus of the Gregorian calendar.
fn good_friday(year: i32) -> Option<NaiveDate> {
    let golden = year % 19;
    let century = year / 100;
    let leap_skips = century - century / 4 - (8 * century + 13) / 25;
    let epact = (leap_skips + 19 * golden + 15) % 30;
    let moon = epact - (epact / 28) * (1 - (29 / (epact + 1)) * ((21 - golden) / 11));
    let weekday = (year + year / 4 + moon + 2 - century + century / 4) % 7;
    let from_march_28 = moon - weekday;
    let easter = NaiveDate::from_ymd_opt(year, 3, 28)? + TimeDelta::days(i64::from(from_march_28));
    Some(easter - TimeDelta::days(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_friday_is_found_in_march_and_april() {
        for text in [
            "2008-03-21",
            "2019-04-19",
            "2024-03-29",
            "2025-04-18",
            "2011-04-22",
        ] {
            let day: NaiveDate = text.parse().unwrap();

            assert_eq!(good_friday(day.year()), Some(day));
        }
    }
}
