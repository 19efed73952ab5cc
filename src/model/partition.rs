//! Which file of a series a row belongs to.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

use super::time;

/// How finely the files of a dataset are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// One file for the whole series.
    Whole,
    /// One file per calendar month.
    Month,
    /// One file per calendar day.
    Day,
}

/// One file of a series. Sorts as time does; years are those a nanosecond timestamp can hold (1677 to 2262).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartitionKey {
    /// The only file of a series that is not cut.
    Whole,
    /// The rows of one month.
    Month {
        /// Calendar year.
        year: i32,
        /// Calendar month, 1 to 12.
        month: u32,
    },
    /// The rows of one day.
    Day(NaiveDate),
}

impl PartitionKey {
    /// Returns the partition that holds a row stamped `nanos` (wall clock, nanoseconds since 1970).
    pub fn of(granularity: Granularity, nanos: i64) -> Self {
        let date = time::naive(nanos).date();
        match granularity {
            Granularity::Whole => Self::Whole,
            Granularity::Month => Self::Month {
                year: date.year(),
                month: date.month(),
            },
            Granularity::Day => Self::Day(date),
        }
    }

    /// Returns the month `year`-`month`, or `None` when there is no such month.
    pub fn month(year: i32, month: u32) -> Option<Self> {
        ((1677..=2262).contains(&year) && (1..=12).contains(&month))
            .then_some(Self::Month { year, month })
    }

    /// Returns the partition after it; `None` for a whole series, which has none.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Whole => None,
            Self::Month { year, month: 12 } => Self::month(year.checked_add(1)?, 1),
            Self::Month { year, month } => Self::month(year, month + 1),
            Self::Day(day) => day.succ_opt().map(Self::Day),
        }
    }

    /// Returns the partition before it; `None` for a whole series, which has none.
    pub fn previous(self) -> Option<Self> {
        match self {
            Self::Whole => None,
            Self::Month { year, month: 1 } => Self::month(year.checked_sub(1)?, 12),
            Self::Month { year, month } => Self::month(year, month - 1),
            Self::Day(day) => day.pred_opt().map(Self::Day),
        }
    }

    /// Returns the first and the last day that the partition covers; `None` for a whole series.
    pub fn days(self) -> Option<(NaiveDate, NaiveDate)> {
        match self {
            Self::Whole => None,
            Self::Day(day) => Some((day, day)),
            Self::Month { year, month } => {
                let first = NaiveDate::from_ymd_opt(year, month, 1)?;
                let last = first
                    .checked_add_months(chrono::Months::new(1))?
                    .pred_opt()?;
                Some((first, last))
            }
        }
    }
}

impl fmt::Display for PartitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Month { year, month } => write!(f, "{year:04}-{month:02}"),
            Self::Day(day) => write!(f, "{day}"),
        }
    }
}

/// Reads what `Display` wrote.
impl FromStr for PartitionKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("`{text}` is no partition");
        if text == "whole" {
            return Ok(Self::Whole);
        }
        let key = match text.split_once('-') {
            Some((year, month)) if !month.contains('-') => year
                .parse()
                .ok()
                .zip(month.parse().ok())
                .and_then(|(year, month)| Self::month(year, month)),
            _ => text.parse().ok().map(Self::Day),
        };
        key.filter(|key| key.to_string() == text)
            .ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> PartitionKey {
        let stamp = time::parse(text).unwrap();
        PartitionKey::of(Granularity::Month, stamp)
    }

    #[test]
    fn the_month_is_that_of_the_wall_clock_also_before_1970() {
        assert_eq!(key("1962-01-02").to_string(), "1962-01");
        assert_eq!(key("1969-12-31T23:59:59").to_string(), "1969-12");
        assert_eq!(key("1970-01-01").to_string(), "1970-01");
    }

    #[test]
    fn a_partition_reads_back_from_its_text_and_knows_the_next() {
        for (text, next) in [
            ("2026-11", Some("2026-12")),
            ("2026-12", Some("2027-01")),
            ("2262-12", None),
            ("2026-02-28", Some("2026-03-01")),
            ("whole", None),
        ] {
            let key: PartitionKey = text.parse().unwrap();

            assert_eq!(key.to_string(), text);
            assert_eq!(key.next(), next.map(|next| next.parse().unwrap()));
        }
        for text in ["2026-1", "2026-13", "26-01", "2026-02-30", ""] {
            assert!(text.parse::<PartitionKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn partitions_sort_as_time_does() {
        assert!(key("2024-12-31") < key("2025-01-01"));
        assert!(key("2025-09-30") < key("2025-10-01"));
    }

    #[test]
    fn a_month_knows_its_days() {
        let days = PartitionKey::month(2024, 2)
            .and_then(PartitionKey::days)
            .unwrap();

        assert_eq!(days.1.to_string(), "2024-02-29");
        assert_eq!(PartitionKey::month(2024, 13), None);
    }
}
