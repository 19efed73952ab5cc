//! Wall-clock timestamps: nanoseconds since 1970-01-01T00:00:00 on the exchange's clock, without a zone.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// Nanoseconds in one day.
pub const DAY: i64 = 86_400_000_000_000;

/// Returns the calendar form of a timestamp.
pub fn naive(nanos: i64) -> NaiveDateTime {
    DateTime::from_timestamp_nanos(nanos).naive_utc()
}

/// Returns the timestamp of a calendar moment, or `None` outside 1677 to 2262.
pub fn nanos(moment: NaiveDateTime) -> Option<i64> {
    moment.and_utc().timestamp_nanos_opt()
}

/// Returns the timestamp of midnight.
pub fn midnight(day: NaiveDate) -> Option<i64> {
    nanos(day.and_time(NaiveTime::MIN))
}

/// Returns the calendar day of a timestamp.
pub fn day(nanos: i64) -> NaiveDate {
    naive(nanos).date()
}

/// Parses `2020-01-02`, `2020-01-02T09:30`, `2020-01-02T09:30:00` or the same with a blank or a fraction.
pub fn parse(text: &str) -> Option<i64> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return midnight(day);
    }
    [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
    ]
    .iter()
    .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    .and_then(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_round_trips_through_the_calendar() {
        for stamp in [i64::MIN + 1, -1, 0, 1_577_961_000_000_000_000] {
            assert_eq!(nanos(naive(stamp)), Some(stamp));
        }
    }

    #[test]
    fn dates_and_times_are_parsed_and_nonsense_is_not() {
        assert_eq!(parse("1970-01-02"), Some(DAY));
        assert_eq!(parse("1970-01-01T00:00:01"), Some(1_000_000_000));
        assert_eq!(parse("1970-01-01 00:01"), Some(60_000_000_000));
        for nonsense in [
            "",
            "1970",
            "1970-13-01",
            "1970-02-30",
            "01/02/1970",
            "1970-01-01T25:00:00",
        ] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
