//! Recognises how a file writes its dates.
//!
//! Promises: which number of `3/4/2024` is the day is decided by the whole column, or the file is refused.
//! Leaves to others: reading a single cell (`stamp`).

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};
use csv::ByteRecord;

use super::spec::FilesSpec;
use super::stamp::{self, DateStyle, Moment, SlashOrder, number};

/// How the column of dates is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Dates {
    /// Units since 1970.
    Epoch,
    /// Text.
    Written(DateStyle),
    /// Milliseconds since the midnight with which a day begins.
    SinceMidnight(NaiveDate),
}

impl Dates {
    /// Reads a cell; `None` when it is not written so.
    pub(super) fn read(&self, cell: &[u8]) -> Option<Moment> {
        match self {
            Self::Epoch => stamp::epoch(cell),
            Self::Written(style) => style.parse(cell),
            Self::SinceMidnight(day) => {
                let millis = number(std::str::from_utf8(cell).ok()?.trim())?;
                let seconds = millis / 1000;
                let nanos = millis % 1000 * 1_000_000;
                NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)
                    .map(|time| Moment::Wall(day.and_time(time)))
            }
        }
    }
}

/// Recognises how dates are written, by the first of them and, where it has slashes, by all of the column `at`.
pub(super) fn recognise(
    first: &[u8],
    rows: impl Iterator<Item = ByteRecord>,
    at: usize,
    spec: &FilesSpec,
) -> Result<Dates, String> {
    if spec.date_format.is_none() && stamp::epoch(first).is_some() {
        return Ok(Dates::Epoch);
    }
    let mut style = DateStyle {
        format: spec.date_format.clone(),
        slashes: None,
    };
    if style.format.is_none() && slash_numbers(first).is_some() {
        style.slashes = Some(slash_order(rows, at)?);
    }
    Ok(Dates::Written(style))
}

/// Returns the two leading numbers of a date written `a/b/yyyy`.
pub(super) fn slash_numbers(cell: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(cell).ok()?.trim();
    let mut parts = text.splitn(3, '/');
    let (first, second, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let is_date = first.len() <= 2 && rest.len() >= 4;
    is_date.then_some(number(first).zip(number(second)))?
}

/// Decides by every row which number is the day: the one that exceeds 12 somewhere.
///
/// Where rows have a time of day, the one that changes is the day, too: no file has minutes of one day a month.
fn slash_order(rows: impl Iterator<Item = ByteRecord>, at: usize) -> Result<SlashOrder, String> {
    let (mut firsts, mut seconds) = (BTreeSet::new(), BTreeSet::new());
    let mut has_times = true;
    for row in rows {
        let cell = row.get(at).unwrap_or_default();
        if let Some((first, second)) = slash_numbers(cell) {
            firsts.insert(first);
            seconds.insert(second);
            has_times &= cell.contains(&b':');
        }
    }
    let exceeds = |numbers: &BTreeSet<u32>| numbers.last().is_some_and(|most| *most > 12);
    let changes = |numbers: &BTreeSet<u32>| has_times && numbers.len() > 1;
    match (exceeds(&firsts), exceeds(&seconds)) {
        (false, true) => Ok(SlashOrder::MonthFirst),
        (true, false) => Ok(SlashOrder::DayFirst),
        (false, false) if changes(&seconds) && !changes(&firsts) => Ok(SlashOrder::MonthFirst),
        (false, false) if changes(&firsts) && !changes(&seconds) => Ok(SlashOrder::DayFirst),
        _ => Err(
            "its dates are written with slashes, and nothing in them tells day from month: set date_format"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(dates: [&str; 2]) -> Result<SlashOrder, String> {
        slash_order(
            dates.into_iter().map(|date| ByteRecord::from(vec![date])),
            0,
        )
    }

    #[test]
    fn the_whole_file_tells_day_from_month() {
        assert_eq!(order(["1/2/2024", "1/13/2024"]), Ok(SlashOrder::MonthFirst));
        assert_eq!(order(["1/2/2024", "13/2/2024"]), Ok(SlashOrder::DayFirst));
        assert_eq!(
            order(["11/5/2019 9:30", "11/6/2019 9:30"]),
            Ok(SlashOrder::MonthFirst)
        );
        assert_eq!(
            order(["5/11/2019 9:30", "6/11/2019 9:30"]),
            Ok(SlashOrder::DayFirst)
        );
        for uncertain in [
            ["11/5/2019 9:30", "11/5/2019 9:31"],
            ["1/2/2024", "1/3/2024"],
            ["13/2/2024", "1/13/2024"],
        ] {
            assert!(order(uncertain).unwrap_err().contains("date_format"));
        }
    }

    #[test]
    fn only_dates_that_end_in_a_year_have_leading_numbers() {
        assert_eq!(slash_numbers(b"11/29/2019"), Some((11, 29)));
        assert_eq!(slash_numbers(b"2019/11/29"), None);
    }
}
