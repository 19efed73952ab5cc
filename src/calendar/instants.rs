//! Moments of a wall clock as instants, which wall clocks of two zones can be compared by.
//!
//! Promises: one rule for the hour that a clock shows twice and for the one that it leaps over.

use std::ops::Range;

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// Clocks change at a border of a quarter of an hour.
const QUARTER: i64 = 900_000_000_000;

/// Returns a moment of a wall clock in UTC: the earlier of two, and for one that the clock leaps over, the moment at
/// which the clock would have shown it without the leap.
pub fn utc_of(moment: NaiveDateTime, zone: Tz) -> NaiveDateTime {
    match zone.from_local_datetime(&moment) {
        LocalResult::Single(found) | LocalResult::Ambiguous(found, _) => found.naive_utc(),
        LocalResult::None => {
            let before = moment - TimeDelta::hours(3);
            zone.from_local_datetime(&before)
                .earliest()
                .map_or(moment, |found| found.naive_utc() + TimeDelta::hours(3))
        }
    }
}

/// The instants at which the wall clock of a zone shows moments, asked for many in turn.
#[derive(Clone, Debug)]
pub struct Instants {
    zone: Tz,
    /// The quarter of an hour that was looked up last, and how far the clock is ahead of UTC in it.
    last: (Range<i64>, i64),
}

impl Instants {
    /// Returns those of a zone by its IANA name; `None` when there is none of that name.
    pub fn of(zone: &str) -> Option<Self> {
        Some(Self {
            zone: zone.parse().ok()?,
            last: (0..0, 0),
        })
    }

    /// Returns the instant of a moment, both in nanoseconds since 1970; `None` outside of what 64 bits hold.
    pub fn at(&mut self, wall: i64) -> Option<i64> {
        let (known, ahead) = &self.last;
        if known.contains(&wall) {
            return wall.checked_sub(*ahead);
        }
        let start = wall.checked_sub(wall.rem_euclid(QUARTER))?;
        let moment = DateTime::from_timestamp_nanos(start).naive_utc();
        let instant = utc_of(moment, self.zone).and_utc().timestamp_nanos_opt()?;
        let ahead = start.checked_sub(instant)?;
        self.last = (start..start.checked_add(QUARTER)?, ahead);
        wall.checked_sub(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> i64 {
        let moment: NaiveDateTime = text.parse().unwrap();
        moment.and_utc().timestamp_nanos_opt().unwrap()
    }

    #[test]
    fn a_wall_clock_that_leaps_or_repeats_still_has_a_moment() {
        for (wall, utc) in [
            ("2020-07-01T02:30:00", "2020-07-01T00:30:00"),
            ("2020-03-29T02:30:00", "2020-03-29T01:30:00"),
            ("2020-10-25T02:30:00", "2020-10-25T00:30:00"),
        ] {
            let moment = |text: &str| text.parse::<NaiveDateTime>().unwrap();

            assert_eq!(utc_of(moment(wall), Tz::Europe__Berlin), moment(utc));
        }
    }

    #[test]
    fn a_clock_that_leaps_or_repeats_is_read_as_one_moment_is() {
        for zone in [
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kolkata",
            "UTC",
        ] {
            let mut clock = Instants::of(zone).unwrap();
            for start in [
                "2020-03-07T00:00:00",
                "2020-03-28T22:00:00",
                "2020-04-04T20:00:00",
                "2020-10-03T22:00:00",
                "2020-10-24T22:00:00",
                "1962-01-02T00:00:00",
            ] {
                for minute in 0..48 * 60 {
                    let wall = nanos(start) + minute * 60_000_000_000;

                    let moment = DateTime::from_timestamp_nanos(wall).naive_utc();
                    let one = utc_of(moment, zone.parse().unwrap());
                    let expected = one.and_utc().timestamp_nanos_opt();

                    assert_eq!(clock.at(wall), expected, "{zone} {moment}");
                }
            }
        }
        assert!(Instants::of("Nowhere").is_none());
    }
}
