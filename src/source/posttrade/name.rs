//! Names of files of a feed, in the spellings of all years.
//!
//! Since 2026 a name is `DETR-posttrade-2026-09-18T13_54.json.gz` or `DETR-posttrade-daily-2026-09-18.json.gz`. In 2025 the
//! listing of a feed put a prefix before it, `DETR-posttrade-2025-11-02-2025-11-03T08_04.json.gz`, and the listing of all
//! feeds left everything but `-2025-10-31T22_00.json.gz` away; in 2024 the minute was written `13:54`. All of them are asked
//! for by the first form.

use std::fmt;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use crate::model::Feed;

const MIDDLE: &str = "-posttrade";
const DAILY: &str = "daily-";
const EXTENSION: &str = ".json.gz";

/// What a file spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// The whole day, UTC.
    Daily(NaiveDate),
    /// The minute that begins at this moment, UTC.
    Minute(NaiveDateTime),
}

impl Span {
    /// Returns the day, UTC.
    pub fn day(self) -> NaiveDate {
        match self {
            Self::Daily(day) => day,
            Self::Minute(minute) => minute.date(),
        }
    }
}

/// The name of a file of a feed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName {
    /// The feed.
    pub feed: Feed,
    /// What it spans.
    pub span: Span,
}

impl FileName {
    /// Reads a name as the listing of a feed has it; `prefix` is what the listing says that its names begin with.
    ///
    /// # Errors
    /// When it is no name of a file of this feed.
    pub fn listed(name: &str, feed: &Feed, prefix: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName(name.to_owned());
        let bare = name.strip_prefix(prefix).filter(|_| !prefix.is_empty());
        let bare = bare.filter(|rest| rest.starts_with('-')).unwrap_or(name);
        let rest = match bare.strip_prefix(feed.as_str()) {
            Some(rest) => rest.strip_prefix(MIDDLE).ok_or_else(invalid)?,
            None => bare,
        };
        let rest = rest.strip_prefix('-').ok_or_else(invalid)?;
        let span = span(rest.strip_suffix(EXTENSION).ok_or_else(invalid)?);
        Ok(Self {
            feed: feed.clone(),
            span: span.ok_or_else(invalid)?,
        })
    }
}

/// Reads `2026-09-18T13_54`, `2026-09-18T13:54` or `daily-2026-09-18`.
fn span(text: &str) -> Option<Span> {
    if let Some(day) = text.strip_prefix(DAILY) {
        return day_of(day).map(Span::Daily);
    }
    let (day, minute) = text.split_once('T')?;
    let (hour, minute) = minute.split_once(['_', ':'])?;
    let two = |text: &str| match text.as_bytes() {
        [tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit() => text.parse().ok(),
        _ => None,
    };
    let time = NaiveTime::from_hms_opt(two(hour)?, two(minute)?, 0)?;
    Some(Span::Minute(day_of(day)?.and_time(time)))
}

/// Reads a day that is written with all its digits.
fn day_of(text: &str) -> Option<NaiveDate> {
    let day: NaiveDate = text.parse().ok()?;
    (day.to_string() == text).then_some(day)
}

impl FromStr for FileName {
    type Err = InvalidName;

    /// Reads a whole name, of whatever feed.
    fn from_str(name: &str) -> Result<Self, InvalidName> {
        let invalid = || InvalidName(name.to_owned());
        let (feed, _) = name.split_once(MIDDLE).ok_or_else(invalid)?;
        Self::listed(name, &feed.parse().map_err(|_| invalid())?, "")
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.span {
            Span::Daily(day) => format!("{}{MIDDLE}-{DAILY}{day}{EXTENSION}", self.feed),
            Span::Minute(minute) => format!(
                "{}{MIDDLE}-{}{EXTENSION}",
                self.feed,
                minute.format("%Y-%m-%dT%H_%M")
            ),
        };
        f.pad(&name)
    }
}

/// The text is no name of a file of a feed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a file of trades")]
pub struct InvalidName(pub String);

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn detr() -> Feed {
        "DETR".parse().unwrap()
    }

    #[rstest]
    #[case("DETR-posttrade-2025-11-03T08_04.json.gz", "")]
    #[case("DETR-posttrade-2025-11-03T08_04.json.gz", "DETR-posttrade")]
    #[case(
        "DETR-posttrade-2025-11-02-2025-11-03T08_04.json.gz",
        "DETR-posttrade-2025-11-02"
    )]
    #[case("-2025-11-03T08_04.json.gz", "")]
    #[case("DETR-posttrade-2025-11-03T08:04.json.gz", "")]
    fn every_spelling_of_a_minute_is_one_name(#[case] name: &str, #[case] prefix: &str) {
        let name = FileName::listed(name, &detr(), prefix).unwrap();

        assert_eq!(name.to_string(), "DETR-posttrade-2025-11-03T08_04.json.gz");
        assert_eq!(name.to_string().parse(), Ok(name));
    }

    #[test]
    fn a_daily_file_round_trips() {
        let text = "DGAT-posttrade-daily-2026-09-18.json.gz";

        let name: FileName = text.parse().unwrap();

        assert_eq!(name.span, Span::Daily("2026-09-18".parse().unwrap()));
        assert_eq!(name.to_string(), text);
    }

    #[rstest]
    #[case("")]
    #[case("DETR-posttrade")]
    #[case("DETR-pretrade-2026-09-18T13_54.json.gz")]
    #[case("DFRA-posttrade-2026-09-18T13_54.json.gz")]
    #[case("DETR-posttrade-2026-09-18T13_54.json")]
    #[case("DETR-posttrade-2026-09-18T24_00.json.gz")]
    #[case("DETR-posttrade-2026-09-31T13_54.json.gz")]
    #[case("DETR-posttrade-2026-09-18T1_54.json.gz")]
    #[case("DETR-posttrade-2026-09-18T+1_54.json.gz")]
    #[case("DETR-posttrade-2026-9-18T13_54.json.gz")]
    #[case("DETR-posttrade-+2026-09-18T13_54.json.gz")]
    #[case("DETR-posttrade-daily-2026-09.json.gz")]
    #[case("../DETR-posttrade-2026-09-18T13_54.json.gz")]
    fn what_is_no_name_of_the_feed_is_refused(#[case] name: &str) {
        assert!(FileName::listed(name, &detr(), "").is_err());
    }
}
