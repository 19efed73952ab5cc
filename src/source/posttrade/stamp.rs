//! Moments as a feed writes them: ISO 8601 with a zone and up to nine digits of a fraction.

use chrono::{NaiveDate, TimeDelta};

use crate::model::time;

/// Reads `2025-10-31T13:54:00.042457058Z`, with any number of digits in the fraction of which none is lost, or with an offset
/// such as `+01:00` in place of the `Z`. Returns nanoseconds UTC since 1970.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (moment, zone) = text.split_at_checked(19)?;
    let bytes = moment.as_bytes();
    for (at, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if bytes.get(at) != Some(&mark) {
            return None;
        }
    }
    let number = |from: usize, to: usize| digits(bytes.get(from..to)?);
    let year = i32::try_from(number(0, 4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?)?;
    let moment = day.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)?;
    let (fraction, zone) = match zone.strip_prefix('.') {
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_digit())?;
            let (fraction, zone) = rest.split_at_checked(end)?;
            (nanos(fraction.as_bytes())?, zone)
        }
        None => (0, zone),
    };
    let moment = moment.checked_sub_signed(offset(zone)?)?;
    time::nanos(moment)?.checked_add(fraction)
}

/// Reads the digits of a fraction as nanoseconds; `None` when there are none, or more than nanoseconds hold.
fn nanos(fraction: &[u8]) -> Option<i64> {
    let (held, rest) = fraction.split_at_checked(9).unwrap_or((fraction, &[]));
    if rest.iter().any(|digit| *digit != b'0') {
        return None;
    }
    let missing = u32::try_from(9 - held.len()).ok()?;
    Some(i64::from(digits(held)?) * 10_i64.pow(missing))
}

fn digits(bytes: &[u8]) -> Option<u32> {
    let is_number = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    let add = |number, digit: &u8| number * 10 + u32::from(digit - b'0');
    is_number.then(|| bytes.iter().fold(0, add))
}

/// Reads `Z` or `+01:00`.
fn offset(zone: &str) -> Option<TimeDelta> {
    if zone == "Z" {
        return Some(TimeDelta::zero());
    }
    let (sign, bytes) = match zone.as_bytes() {
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let [hour @ .., b':', tens, ones] = bytes else {
        return None;
    };
    if hour.len() != 2 {
        return None;
    }
    let minutes = digits(hour)? * 60 + digits(&[*tens, *ones])?;
    Some(TimeDelta::minutes(sign * i64::from(minutes)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1970-01-01T00:00:00Z", 0)]
    #[case("1970-01-01T00:00:01.5Z", 1_500_000_000)]
    #[case("1970-01-01T00:00:00.042457058Z", 42_457_058)]
    #[case("1970-01-01T00:00:00.0424570580Z", 42_457_058)]
    #[case("1970-01-01T01:00:00.000000001+01:00", 1)]
    #[case("1969-12-31T22:30:00-01:30", 0)]
    #[case("1969-12-31T23:59:59.999999999Z", -1)]
    fn a_moment_is_exact(#[case] text: &str, #[case] nanos: i64) {
        assert_eq!(parse(text), Some(nanos));
    }

    #[test]
    fn every_number_of_digits_is_read() {
        for digits in 1..=9 {
            let text = format!("1970-01-01T00:00:00.{}Z", &"123456789"[..digits]);
            let expected = format!("{:0<9}", &"123456789"[..digits]);

            assert_eq!(parse(&text), expected.parse().ok(), "{text}");
        }
    }

    #[rstest]
    #[case("")]
    #[case("2025-10-31")]
    #[case("2025-10-31T13:54:00")]
    #[case("2025-10-31T13:54:00.")]
    #[case("2025-10-31T13:54:00.Z")]
    #[case("2025-10-31T13:54:00.1234567891Z")]
    #[case("2025-10-31 13:54:00Z")]
    #[case("2025-10-31T13:54:60Z")]
    #[case("2025-02-29T13:54:00Z")]
    #[case("2025-10-31T13:54:00+0100")]
    #[case("2025-10-31T13:54:00+1:00")]
    #[case("2025-10-31T13:54:00Zulu")]
    #[case("9999-10-31T13:54:00Z")]
    #[case("2025-10-31T13:54:0\u{fc}Z")]
    fn what_is_no_moment_with_a_zone_is_refused(#[case] text: &str) {
        assert_eq!(parse(text), None);
    }
}
