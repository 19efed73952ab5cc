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
    if let Some(nanos) = plain(text) {
        return Some(nanos);
    }
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

/// Reads the two forms that most timestamps have, many times as fast as by a pattern.
fn plain(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| {
        let digits = bytes.get(from..to)?;
        let is_number = digits.iter().all(u8::is_ascii_digit);
        let add = |number, digit: &u8| number * 10 + u32::from(digit - b'0');
        is_number.then(|| digits.iter().fold(0, add))
    };
    let is_at = |at: usize, mark: u8| bytes.get(at) == Some(&mark);
    if !(is_at(4, b'-') && is_at(7, b'-')) {
        return None;
    }
    let year = i32::try_from(number(0, 4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?)?;
    match bytes.len() {
        10 => midnight(day),
        19 if is_at(10, b'T') && is_at(13, b':') && is_at(16, b':') => {
            let second = number(17, 19).filter(|second| *second < 60)?;
            nanos(day.and_hms_opt(number(11, 13)?, number(14, 16)?, second)?)
        }
        _ => None,
    }
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
