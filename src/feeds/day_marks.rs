//! What of one day of a feed was read, and its form as a file.
//!
//! Promises: pure. What cannot be understood whole is none.
//! Leaves to others: the files (`marks`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::model::HalfDigest;
use crate::source::posttrade::{HeldDaily, HeldDay, HeldMinute};

/// The form of the files; another one counts as damage.
const SCHEMA: u64 = 1;

/// How far a file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// To a part that could not be read: what came before it is stored, and the file is asked for again.
    Cut,
    /// To its end.
    Whole,
}

impl Extent {
    fn as_str(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Whole => "whole",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Cut, Self::Whole]
            .into_iter()
            .find(|extent| extent.as_str() == word)
    }
}

/// Some bytes of a file that were read into trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMark {
    /// The bytes.
    pub digest: HalfDigest,
    /// How far they were read.
    pub extent: Extent,
    /// How many lines they have.
    pub lines: u64,
}

/// What of one day was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayMarks {
    /// By name; a file that was published again has several, the newest last.
    files: BTreeMap<String, Vec<FileMark>>,
    /// What of that decides what is still to be downloaded.
    pub held: HeldDay,
    /// Minutes that the feed has listed.
    pub listed: BTreeSet<NaiveDateTime>,
    /// When it listed them last; `None` where an earlier build wrote the marks.
    pub listed_at: Option<DateTime<Utc>>,
    /// Minutes that were asked for last in vain: the server was unreachable or wanted fewer requests.
    pub throttled: BTreeSet<NaiveDateTime>,
    /// Whether trades may have changed since bars were made of them.
    pub is_bars_due: bool,
}

impl DayMarks {
    /// Tells whether some bytes of a file were read.
    pub fn has_read(&self, name: &str, digest: HalfDigest) -> bool {
        let mut marks = self.files.get(name).into_iter().flatten();
        marks.any(|mark| mark.digest == digest)
    }

    /// Tells whether some file of the day was read.
    pub fn has_any(&self) -> bool {
        !self.files.is_empty()
    }

    /// Counts the lines of all that was read.
    pub fn lines(&self) -> u64 {
        self.files.values().flatten().map(|mark| mark.lines).sum()
    }

    /// Counts the lines of the newest bytes of a file; `None` where none were read.
    pub fn lines_of(&self, name: &str) -> Option<u64> {
        self.files.get(name)?.last().map(|mark| mark.lines)
    }

    /// Notes that some bytes of a file were read. Returns whether that is new.
    pub fn note(&mut self, name: &str, mark: FileMark) -> bool {
        let marks = self.files.entry(name.to_owned()).or_default();
        if marks.last() == Some(&mark) {
            return false;
        }
        marks.retain(|known| known.digest != mark.digest);
        marks.push(mark);
        true
    }

    pub(super) fn text(&self) -> String {
        let mark = |mark: &FileMark| json!({ "digest": mark.digest.to_string(), "lines": mark.lines, "read": mark.extent.as_str() });
        let files = self.files.iter();
        let files = files.map(|(name, marks)| {
            let marks = marks.iter().map(mark);
            (name.clone(), Value::from(marks.collect::<Vec<_>>()))
        });
        let minutes = self.held.minutes.iter();
        let minutes =
            minutes.map(|(minute, held)| (clock(minute), json!([held.within, held.takes])));
        let daily = self.held.daily.as_ref().map(|daily| {
            let minutes = daily.minutes.iter();
            let minutes = minutes.map(|(minute, count)| (clock(minute), json!(count)));
            let witnesses = daily.witnesses.iter();
            let witnesses = witnesses.map(|(minute, seen)| (clock(minute), json!(seen)));
            json!({
                "minutes": minutes.collect::<Map<_, _>>(),
                "witnesses": witnesses.collect::<Map<_, _>>(),
            })
        });
        let document = json!({
            "schema": SCHEMA,
            "bars_due": self.is_bars_due,
            "files": files.collect::<Map<_, _>>(),
            "minutes": minutes.collect::<Map<_, _>>(),
            "daily": daily,
            "listed": spans(&self.listed),
            "listed_at": self.listed_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
            "throttled": spans(&self.throttled),
        });
        format!("{document}\n")
    }

    pub(super) fn parse(bytes: &[u8], day: NaiveDate) -> Option<Self> {
        let document: Value = serde_json::from_slice(bytes).ok()?;
        if document.get("schema")?.as_u64()? != SCHEMA {
            return None;
        }
        let mark = |value: &Value| {
            Some(FileMark {
                digest: value.get("digest")?.as_str()?.parse().ok()?,
                extent: Extent::parse(value.get("read")?.as_str()?)?,
                lines: value.get("lines")?.as_u64()?,
            })
        };
        let mut files = BTreeMap::new();
        for (name, marks) in document.get("files")?.as_object()? {
            let marks = marks.as_array()?.iter().map(mark);
            files.insert(name.clone(), marks.collect::<Option<Vec<_>>>()?);
        }
        let minutes = by_minute(document.get("minutes")?, |held| {
            let [within, takes] = held.as_array()?.as_slice() else {
                return None;
            };
            Some(HeldMinute {
                within: u32::try_from(within.as_u64()?).ok()?,
                takes: u32::try_from(takes.as_u64()?).ok()?,
            })
        })?;
        let daily = match document.get("daily")? {
            Value::Null => None,
            daily => Some(HeldDaily {
                minutes: by_minute(daily.get("minutes")?, |count| {
                    u32::try_from(count.as_u64()?).ok()
                })?,
                witnesses: by_minute(daily.get("witnesses")?, |seen| match seen {
                    Value::Null => Some(None),
                    seen => seen.as_bool().map(Some),
                })?,
            }),
        };
        Some(Self {
            files,
            held: HeldDay { minutes, daily },
            listed: listed(document.get("listed")?, day)?,
            listed_at: match document.get("listed_at") {
                None | Some(Value::Null) => None,
                Some(at) => Some(at.as_str()?.parse().ok()?),
            },
            throttled: match document.get("throttled") {
                None => BTreeSet::new(),
                Some(throttled) => listed(throttled, day)?,
            },
            is_bars_due: document.get("bars_due")?.as_bool()?,
        })
    }
}

/// A minute that is not of the day of its file, as trades of a daily file may be, keeps its date.
fn clock(minute: &NaiveDateTime) -> String {
    minute.format("%Y-%m-%dT%H:%M").to_string()
}

fn by_minute<T>(
    value: &Value,
    read: impl Fn(&Value) -> Option<T>,
) -> Option<BTreeMap<NaiveDateTime, T>> {
    let entries = value.as_object()?.iter();
    let entries = entries.map(|(minute, value)| Some((moment(minute)?, read(value)?)));
    entries.collect()
}

fn moment(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").ok()
}

/// Returns minutes as spans of minutes since midnight, both ends included.
fn spans(minutes: &BTreeSet<NaiveDateTime>) -> Vec<[i64; 2]> {
    let mut spans: Vec<[i64; 2]> = Vec::new();
    for minute in minutes {
        let midnight = minute.date().and_time(NaiveTime::MIN);
        let at = (*minute - midnight).num_minutes();
        match spans.last_mut() {
            Some([_, last]) if *last + 1 == at => *last = at,
            _ => spans.push([at, at]),
        }
    }
    spans
}

fn listed(value: &Value, day: NaiveDate) -> Option<BTreeSet<NaiveDateTime>> {
    let mut minutes = BTreeSet::new();
    for span in value.as_array()? {
        let [first, last] = span.as_array()?.as_slice() else {
            return None;
        };
        let (first, last) = (first.as_i64()?, last.as_i64()?);
        if !(0 <= first && first <= last && last < 24 * 60) {
            return None;
        }
        let midnight = day.and_time(NaiveTime::MIN);
        minutes.extend((first..=last).map(|at| midnight + chrono::TimeDelta::minutes(at)));
    }
    Some(minutes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    fn mark(bytes: &[u8], extent: Extent) -> FileMark {
        FileMark {
            digest: Digest::of(bytes).half(),
            extent,
            lines: 719,
        }
    }

    fn minute(at: u32) -> NaiveDateTime {
        day().and_hms_opt(at / 60, at % 60, 0).unwrap()
    }

    fn day() -> NaiveDate {
        "2026-09-18".parse().unwrap()
    }

    #[test]
    fn marks_read_back_and_every_cut_of_them_is_none() {
        let mut marks = DayMarks {
            is_bars_due: true,
            listed: (0..5).chain(60..62).chain([1439]).map(minute).collect(),
            listed_at: Some("2026-09-18T20:15:03Z".parse().unwrap()),
            throttled: [60, 61].map(minute).into(),
            ..DayMarks::default()
        };
        marks.note("a", mark(b"1", Extent::Cut));
        marks.note("a", mark(b"2", Extent::Whole));
        marks.note("b", mark(b"3", Extent::Cut));
        let held = HeldMinute {
            within: 719,
            takes: 2,
        };
        marks.held.minutes.insert(minute(834), held);
        marks.held.daily = Some(HeldDaily {
            minutes: BTreeMap::from([(minute(834), 719)]),
            witnesses: BTreeMap::from([
                (minute(1), None),
                (minute(2), Some(true)),
                (minute(3), Some(false)),
            ]),
        });
        let text = marks.text();

        let older = text.replace(r#","listed_at":"2026-09-18T20:15:03Z""#, "");
        let older = older.replace(r#","throttled":[[60,61]]"#, "");
        let read = DayMarks::parse(older.as_bytes(), day()).unwrap();
        assert_eq!((read.listed_at, read.throttled.len()), (None, 0));
        assert_eq!(DayMarks::parse(text.as_bytes(), day()), Some(marks));
        for end in 0..text.trim_end().len() {
            assert_eq!(
                DayMarks::parse(&text.as_bytes()[..end], day()),
                None,
                "{end}"
            );
        }
    }

    #[test]
    fn other_bytes_under_a_name_are_read_and_the_same_are_not_read_again() {
        let mut marks = DayMarks::default();
        assert!(marks.note("a", mark(b"1", Extent::Cut)));
        assert!(!marks.note("a", mark(b"1", Extent::Cut)), "nothing new");
        assert!(marks.note("a", mark(b"2", Extent::Whole)));

        assert!(marks.has_read("a", Digest::of(b"1").half()));
        assert!(!marks.has_read("a", Digest::of(b"3").half()));
        assert!(!marks.has_read("b", Digest::of(b"1").half()));
    }
}
