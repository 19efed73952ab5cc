//! Reads dates and times as files write them.
//!
//! Promises: a cell is read in one way or refused. Which of day and month comes first in `3/4/2024` is decided
//! by the whole file, or not at all. Nothing here knows a zone: a moment is wall clock as written, or an instant.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// A day without a time.
    Day(NaiveDate),
    /// A clock's reading, without a zone.
    Wall(NaiveDateTime),
    /// A moment everywhere.
    Instant(DateTime<Utc>),
}

/// Which number of `3/4/2024` is the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlashOrder {
    /// `month/day/year`, as in the United States.
    MonthFirst,
    /// `day/month/year`.
    DayFirst,
}

/// How a file writes its dates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DateStyle {
    /// The form given in the settings, if there is one.
    pub(super) format: Option<String>,
    /// The order in dates with slashes, if the file has such dates.
    pub(super) slashes: Option<SlashOrder>,
}

impl DateStyle {
    /// Reads a cell that holds a date, or a date and a time; `None` when it is not written in a known form.
    pub(super) fn parse(&self, cell: &[u8]) -> Option<Moment> {
        let text = std::str::from_utf8(cell).ok()?.trim();
        if let Some(format) = &self.format {
            return formatted(text, format);
        }
        let split = text.find([' ', 'T']);
        let (date, rest) = match split {
            Some(at) => (text.get(..at)?, Some(text.get(at + 1..)?)),
            None => (text, None),
        };
        let day = self.day(date)?;
        match rest {
            None => Some(Moment::Day(day)),
            Some(rest) => with_offset(day, rest),
        }
    }

    fn day(&self, text: &str) -> Option<NaiveDate> {
        if text.len() == 8 && is_digits(text) {
            return ymd(text.get(..4)?, text.get(4..6)?, text.get(6..)?);
        }
        let separator = text.chars().find(|c| !c.is_ascii_digit())?;
        let mut parts = text.split(separator);
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        match separator {
            '-' | '/' | '.' if first.len() == 4 => ymd(first, second, third),
            '.' => ymd(third, second, first),
            '/' => match self.slashes? {
                SlashOrder::MonthFirst => ymd(third, first, second),
                SlashOrder::DayFirst => ymd(third, second, first),
            },
            _ => None,
        }
    }
}

/// Reads a cell that counts since 1970, its unit told by the number of digits.
pub(super) fn epoch(cell: &[u8]) -> Option<Moment> {
    let text = std::str::from_utf8(cell).ok()?.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !is_digits(digits) {
        return None;
    }
    let count: i64 = text.parse().ok()?;
    match digits.len() {
        9 | 10 => DateTime::from_timestamp(count, 0),
        12 | 13 => DateTime::from_timestamp_millis(count),
        15 | 16 => DateTime::from_timestamp_micros(count),
        18 | 19 => Some(DateTime::from_timestamp_nanos(count)),
        _ => None,
    }
    .map(Moment::Instant)
}

/// Reads a time of day: `093000`, `0930`, `9:30`, `09:30:00` or with a fraction.
pub(super) fn time_of_day(cell: &[u8]) -> Option<NaiveTime> {
    let text = std::str::from_utf8(cell).ok()?.trim();
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let nanos = match fraction {
        Some(digits) if is_digits(digits) && digits.len() <= 9 => {
            let scale = 10_u32.checked_pow(9 - u32::try_from(digits.len()).ok()?)?;
            number(digits)? * scale
        }
        Some(_) => return None,
        None => 0,
    };
    let (hour, minute, second) = if clock.contains(':') {
        let mut parts = clock.split(':');
        let (hour, minute) = (parts.next()?, parts.next()?);
        let second = parts.next().unwrap_or("0");
        if parts.next().is_some() || minute.len() != 2 {
            return None;
        }
        (hour, minute, second)
    } else {
        match clock.len() {
            4 => (clock.get(..2)?, clock.get(2..)?, "0"),
            6 => (clock.get(..2)?, clock.get(2..4)?, clock.get(4..)?),
            _ => return None,
        }
    };
    NaiveTime::from_hms_nano_opt(number(hour)?, number(minute)?, number(second)?, nanos)
}

fn formatted(text: &str, format: &str) -> Option<Moment> {
    if let Ok(zoned) = DateTime::parse_from_str(text, format) {
        return Some(Moment::Instant(zoned.to_utc()));
    }
    if let Ok(wall) = NaiveDateTime::parse_from_str(text, format) {
        return Some(Moment::Wall(wall));
    }
    NaiveDate::parse_from_str(text, format)
        .ok()
        .map(Moment::Day)
}

/// Joins a day and the rest of its cell: a time, and perhaps `Z` or an offset.
fn with_offset(day: NaiveDate, rest: &str) -> Option<Moment> {
    let rest = rest.trim_start();
    let end = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at_checked(end)?;
    let wall = day.and_time(time_of_day(clock.trim_end().as_bytes())?);
    let seconds = match offset {
        "" => return Some(Moment::Wall(wall)),
        "Z" | "z" => 0,
        _ => {
            let (sign, digits) = offset.split_at_checked(1)?;
            let digits = digits.replace(':', "");
            let (hours, minutes) = match digits.len() {
                2 => (number(&digits)?, 0),
                4 => (number(digits.get(..2)?)?, number(digits.get(2..)?)?),
                _ => return None,
            };
            let ahead = i64::from(hours * 3600 + minutes * 60);
            if sign == "-" { -ahead } else { ahead }
        }
    };
    wall.checked_sub_signed(chrono::TimeDelta::try_seconds(seconds)?)
        .map(|utc| Moment::Instant(utc.and_utc()))
}

fn ymd(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let is_sized = year.len() == 4 && month.len() <= 2 && day.len() <= 2;
    let year = i32::try_from(number(year)?).ok()?;
    is_sized.then(|| NaiveDate::from_ymd_opt(year, number(month)?, number(day)?))?
}

/// Reads an unsigned number of digits only.
pub(super) fn number(text: &str) -> Option<u32> {
    is_digits(text).then(|| text.parse().ok())?
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(style: &DateStyle, text: &str) -> String {
        match style.parse(text.as_bytes()) {
            Some(Moment::Day(day)) => day.to_string(),
            Some(Moment::Wall(wall)) => wall.to_string(),
            Some(Moment::Instant(instant)) => instant.to_string(),
            None => "refused".to_owned(),
        }
    }

    #[test]
    fn dates_are_read_in_the_forms_that_files_use() {
        let style = DateStyle::default();
        for (text, read_as) in [
            ("2024-01-02", "2024-01-02"),
            ("2024/1/2", "2024-01-02"),
            ("2024.01.02", "2024-01-02"),
            ("20240102", "2024-01-02"),
            ("02.01.2024", "2024-01-02"),
            ("20240102 09:30", "2024-01-02 09:30:00"),
            ("20240102 093000", "2024-01-02 09:30:00"),
            ("2024-01-02T09:30:00.146", "2024-01-02 09:30:00.146"),
            ("2024-01-02 9:30", "2024-01-02 09:30:00"),
            ("2024-01-02T09:30:00Z", "2024-01-02 09:30:00 UTC"),
            ("2024-01-02 09:30:00-05:00", "2024-01-02 14:30:00 UTC"),
            ("2024-01-02T09:30:00 +0130", "2024-01-02 08:00:00 UTC"),
        ] {
            assert_eq!(read(&style, text), read_as);
        }
    }

    #[test]
    fn what_is_not_certain_is_refused() {
        let style = DateStyle::default();
        for text in [
            "",
            "2024",
            "2024-13-01",
            "2024-02-30",
            "1/2/2024",
            "24-01-02",
            "2024-01-02T25:00",
            "abc",
            "2024-01-02x",
            "2024-01-02 ",
            "99999999",
            "2024-01-02-03",
        ] {
            let expected = if text == "2024-01-02 " {
                "2024-01-02"
            } else {
                "refused"
            };
            assert_eq!(read(&style, text), expected, "{text}");
        }
    }

    #[test]
    fn slashes_are_read_in_the_order_of_the_file() {
        let of = |slashes| DateStyle {
            format: None,
            slashes: Some(slashes),
        };

        assert_eq!(
            read(&of(SlashOrder::MonthFirst), "11/5/2019 9:30"),
            "2019-11-05 09:30:00"
        );
        assert_eq!(read(&of(SlashOrder::DayFirst), "11/5/2019"), "2019-05-11");
    }

    #[test]
    fn a_form_from_the_settings_is_the_only_one() {
        let style = DateStyle {
            format: Some("%d %b %Y".to_owned()),
            slashes: None,
        };

        assert_eq!(read(&style, "02 Jan 2024"), "2024-01-02");
        assert_eq!(read(&style, "2024-01-02"), "refused");
    }

    #[test]
    fn the_unit_of_an_epoch_is_told_by_its_digits() {
        let read = |text: &str| match epoch(text.as_bytes()) {
            Some(Moment::Instant(instant)) => instant.to_string(),
            _ => "refused".to_owned(),
        };

        assert_eq!(read("1637971200"), "2021-11-27 00:00:00 UTC");
        assert_eq!(read("1637971200000"), "2021-11-27 00:00:00 UTC");
        assert_eq!(read("1744792500000000000"), "2025-04-16 08:35:00 UTC");
        assert_eq!(read("20240102"), "refused");
        assert_eq!(read("1.5e9"), "refused");
    }

    #[test]
    fn times_are_read_with_and_without_colons() {
        let read = |text: &str| time_of_day(text.as_bytes()).map(|time| time.to_string());

        assert_eq!(read("153000").as_deref(), Some("15:30:00"));
        assert_eq!(read("9:05").as_deref(), Some("09:05:00"));
        assert_eq!(read("0905").as_deref(), Some("09:05:00"));
        for text in ["", "930", "24:00", "9:5", "12:00:00:00", "ab:cd"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
