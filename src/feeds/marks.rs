//! What of a feed was read into trades, day by day: `state/feeds/<market>.<source>/<day>.json`. Beside them `feed.json` says when
//! the feed was asked, and of which days bars are to be made, so that the marks of all other days stay closed.
//!
//! Promises: a file is marked after its rows are durable, never before. A mark saves work: one that is gone or damaged costs a
//! second look at bytes that are there already, or a download that is there to be had, and doubles nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::feed_marks::FeedMarks;
use super::habits;
use crate::layout::Places;
use crate::model::{HalfDigest, Venue};
use crate::source::posttrade::{Habits, HeldDaily, HeldDay, HeldMinute};
use crate::sys::atomic::{self, TempNames, create_dirs, parent};
use crate::sys::{Fs, FsResult};

/// The form of the files; another one counts as damage.
const SCHEMA: u64 = 1;
/// Beside those of the days.
const FEED: &str = "feed.json";
const HABITS: &str = "habits.json";

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

    fn text(&self) -> String {
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

    fn parse(bytes: &[u8], day: NaiveDate) -> Option<Self> {
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

/// What of one feed was read. Days are read when somebody asks for them.
#[derive(Debug)]
pub struct Marks {
    state: PathBuf,
    folder: PathBuf,
    feed: Option<FeedMarks>,
    days: BTreeMap<NaiveDate, DayMarks>,
    changed: BTreeSet<NaiveDate>,
}

impl Marks {
    /// Returns the marks of a venue.
    pub fn of(places: &Places, venue: &Venue) -> Self {
        let name = format!("{}.{}", venue.market.as_str(), venue.source.as_str());
        Self {
            state: places.state.clone(),
            folder: places.state.join("feeds").join(name),
            feed: None,
            days: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Returns how the feed was asked before this run; by an earlier build, once.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn habits(&mut self, fs: &dyn Fs) -> FsResult<Habits> {
        if let Some(bytes) = fs.read(&self.folder.join(HABITS))? {
            return Ok(habits::parse(&bytes));
        }
        Ok(Habits {
            asked: self.asked_before(fs)?.into_iter().collect(),
            ..Habits::default()
        })
    }

    /// Remembers how the feed was asked.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn save_habits(&self, fs: &dyn Fs, temps: &TempNames, habits: &Habits) -> FsResult<()> {
        create_dirs(fs, parent(&self.state), &self.folder)?;
        let text = habits::text(habits);
        atomic::replace(fs, temps, &self.folder.join(HABITS), text.as_bytes())
    }

    fn feed(&mut self, fs: &dyn Fs) -> FsResult<&mut FeedMarks> {
        if self.feed.is_none() {
            let bytes = fs.read(&self.folder.join(FEED))?;
            self.feed = Some(FeedMarks::parse(&bytes.unwrap_or_default()));
        }
        Ok(self.feed.get_or_insert_default())
    }

    /// Returns when the feed was asked by the run before this one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn asked_before(&mut self, fs: &dyn Fs) -> FsResult<Option<DateTime<Utc>>> {
        Ok(self.feed(fs)?.asked_at)
    }

    /// Returns up to when the runs before this one told what the feed forgot; `None` before the first run.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn losses_told(&mut self, fs: &dyn Fs) -> FsResult<Option<DateTime<Utc>>> {
        let feed = self.feed(fs)?;
        // Earlier builds told none.
        Ok(feed.losses_told_at.or(feed.asked_at))
    }

    /// Remembers when the feed was asked, up to when it is told what it forgot, and of which days bars are due still.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn note_asked(
        &mut self,
        fs: &dyn Fs,
        temps: &TempNames,
        (asked_at, losses_told_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> FsResult<()> {
        let due = self.days_due(fs)?;
        *self.feed(fs)? = FeedMarks {
            asked_at: Some(asked_at),
            losses_told_at: Some(losses_told_at),
            bars_due: Some(due),
        };
        self.save_feed(fs, temps)
    }

    fn save_feed(&mut self, fs: &dyn Fs, temps: &TempNames) -> FsResult<()> {
        let text = self.feed(fs)?.text();
        create_dirs(fs, parent(&self.state), &self.folder)?;
        atomic::replace(fs, temps, &self.folder.join(FEED), text.as_bytes())
    }

    /// Returns the days whose trades may have changed since bars were made of them. The marks of all days are read only where
    /// no list says which those are.
    ///
    /// # Errors
    /// When marks cannot be read.
    pub fn days_due(&mut self, fs: &dyn Fs) -> FsResult<BTreeSet<NaiveDate>> {
        let mut days = match self.feed(fs)?.bars_due.clone() {
            Some(listed) => listed,
            None => self.known_days(fs)?,
        };
        days.extend(self.days.keys());
        let mut due = BTreeSet::new();
        for day in days {
            if self.day(fs, day)?.is_bars_due {
                due.insert(day);
            }
        }
        self.feed(fs)?.bars_due = Some(due.clone());
        Ok(due)
    }

    /// Returns the days that have marks.
    ///
    /// # Errors
    /// When their folder cannot be listed.
    pub fn known_days(&self, fs: &dyn Fs) -> FsResult<BTreeSet<NaiveDate>> {
        let entries = fs.list(&self.folder)?.unwrap_or_default();
        let day = |name: &str| name.strip_suffix(".json")?.parse().ok();
        Ok(entries
            .iter()
            .filter_map(|entry| day(&entry.name))
            .collect())
    }

    /// Returns the days whose marks were looked at.
    pub fn loaded_days(&self) -> Vec<NaiveDate> {
        self.days.keys().copied().collect()
    }

    /// Returns what of a day was read. Marks that cannot be understood are none.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn day(&mut self, fs: &dyn Fs, day: NaiveDate) -> FsResult<&mut DayMarks> {
        if !self.days.contains_key(&day) {
            let bytes = fs.read(&self.path(day))?;
            let marks = bytes.and_then(|bytes| DayMarks::parse(&bytes, day));
            self.days.insert(day, marks.unwrap_or_default());
        }
        Ok(self.days.entry(day).or_default())
    }

    /// Changes the marks of a day, to be saved. They are compared whole: what is to be changed of a day is changed at once.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn change(
        &mut self,
        fs: &dyn Fs,
        day: NaiveDate,
        change: impl FnOnce(&mut DayMarks),
    ) -> FsResult<()> {
        let marks = self.day(fs, day)?;
        let before = marks.clone();
        change(marks);
        if *marks != before {
            self.changed.insert(day);
        }
        Ok(())
    }

    /// Writes what was changed, each day whole. A day of which bars are due is on the list before its marks say so.
    ///
    /// # Errors
    /// When the disk refuses; what was not written is written by the next call.
    pub fn save(&mut self, fs: &dyn Fs, temps: &TempNames) -> FsResult<()> {
        if self.changed.is_empty() {
            return Ok(());
        }
        self.list_due(fs, temps)?;
        create_dirs(fs, parent(&self.state), &self.folder)?;
        while let Some(day) = self.changed.first().copied() {
            if let Some(marks) = self.days.get(&day) {
                atomic::replace(fs, temps, &self.path(day), marks.text().as_bytes())?;
            }
            self.changed.remove(&day);
        }
        Ok(())
    }

    fn list_due(&mut self, fs: &dyn Fs, temps: &TempNames) -> FsResult<()> {
        let is_due = |day: &&NaiveDate| self.days.get(day).is_some_and(|marks| marks.is_bars_due);
        let due: Vec<NaiveDate> = self.changed.iter().filter(is_due).copied().collect();
        // Without a list, the next run looks at all days.
        let Some(listed) = &mut self.feed(fs)?.bars_due else {
            return Ok(());
        };
        let before = listed.len();
        listed.extend(due);
        if listed.len() == before {
            return Ok(());
        }
        self.save_feed(fs, temps)
    }

    fn path(&self, day: NaiveDate) -> PathBuf {
        self.folder.join(format!("{day}.json"))
    }
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
