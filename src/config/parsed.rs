//! Text of a settings file or of the environment, parsed into its final type at the border.
//!
//! Promises: a value that was accepted is valid; a refusal repeats the text and says what is expected.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};

use crate::model::Interval;

/// More threads than this is a typing error.
const MAX_JOBS: usize = 1024;
/// Nobody corrects prices of four years ago, and far before that there is no calendar.
const MAX_SESSIONS: u32 = 1000;
/// Months of minutes fit into this many times over.
const LEAST_FILE_MEMORY: u64 = 16 << 20;

/// A value that is written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Parsed<T>(pub(super) T);

impl<'de, T> Deserialize<'de> for Parsed<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor(PhantomData))
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T> Visitor<'_> for TextVisitor<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    type Value = Parsed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Parsed<T>, E> {
        text.parse().map(Parsed).map_err(E::custom)
    }
}

/// A zone by its IANA name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Zone(pub(super) Tz);

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("`{text}` is not a time zone such as America/New_York or UTC"))
    }
}

/// A calendar day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day(pub(super) NaiveDate);

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(Self)
            .map_err(|_| format!("`{text}` is not a day such as 2020-01-31"))
    }
}

/// Parses a number of threads.
pub(super) fn jobs(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .and_then(|count| checked_jobs(count).ok())
        .ok_or_else(|| format!("`{text}` is not a number from 0 to {MAX_JOBS}"))
}

/// Refuses a number of threads that cannot be meant.
pub(super) fn checked_jobs(count: usize) -> Result<usize, String> {
    if count <= MAX_JOBS {
        Ok(count)
    } else {
        Err(format!("{count} is not a number from 0 to {MAX_JOBS}"))
    }
}

/// Deserializes a list of intervals.
pub(super) fn deserialize_intervals<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Parsed<Interval>>>, D::Error> {
    deserializer.deserialize_any(IntervalsVisitor).map(Some)
}

struct IntervalsVisitor;

impl<'de> Visitor<'de> for IntervalsVisitor {
    type Value = Vec<Parsed<Interval>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of intervals, such as [\"1d\"]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, intervals: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(intervals))
    }
}

/// Deserializes a number of threads.
pub(super) fn deserialize_jobs<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<usize>, D::Error> {
    let count = usize::deserialize(deserializer)?;
    checked_jobs(count).map(Some).map_err(D::Error::custom)
}

/// Deserializes a number of bytes that a file may take in memory.
pub(super) fn deserialize_file_memory<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    let bytes = u64::deserialize(deserializer)?;
    if bytes >= LEAST_FILE_MEMORY {
        return Ok(Some(bytes));
    }
    let reason = format!("{bytes} is too few bytes for a file: the least is {LEAST_FILE_MEMORY}");
    Err(D::Error::custom(reason))
}

/// Deserializes a number of sessions to go back.
pub(super) fn deserialize_sessions<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u32>, D::Error> {
    let count = u32::deserialize(deserializer)?;
    if count <= MAX_SESSIONS {
        return Ok(Some(count));
    }
    let reason = format!("{count} is not a number from 0 to {MAX_SESSIONS}");
    Err(D::Error::custom(reason))
}

/// Deserializes what prices are multiplied by.
pub(super) fn deserialize_scale<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<f64>, D::Error> {
    let factor = f64::deserialize(deserializer)?;
    if factor.is_normal() && factor > 0.0 {
        return Ok(Some(factor));
    }
    let reason = format!("{factor} is not a factor of prices: it has to be above zero");
    Err(D::Error::custom(reason))
}

/// Defines `as_str`, `Display` and `FromStr` of an enum whose values are written as words.
macro_rules! words {
    ($type:ident, $what:literal, { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// Returns the word that is written in settings.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!(
                        "`{text}` is not {}; known are {}", $what, [$($word),+].join(", ")
                    )),
                }
            }
        }
    };
}
pub(super) use words;
