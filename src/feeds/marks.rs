//! What of a feed was read into trades, day by day: `state/feeds/<market>.<source>/<day>.json`. Beside them `feed.json` says when
//! the feed was asked, and of which days bars are to be made, so that the marks of all other days stay closed.
//!
//! Promises: a file is marked after its rows are durable, never before. A mark saves work: one that is gone or damaged costs a
//! second look at bytes that are there already, or a download that is there to be had, and doubles nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};

use super::DayMarks;
use super::feed_marks::FeedMarks;
use super::habits;
use crate::layout::Places;
use crate::model::{Feed, Venue};
use crate::source::posttrade::Habits;
use crate::sys::atomic::{self, TempNames, create_dirs, parent};
use crate::sys::{Fs, FsResult};

/// Beside those of the days.
const FEED: &str = "feed.json";
const HABITS: &str = "habits.json";

/// Returns the folder in which each feed has one.
pub(super) fn folder(places: &Places) -> PathBuf {
    places.state.join("feeds")
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
            folder: folder(places).join(name),
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

    /// Returns the code of the feed that the runs before this one asked, as far as they wrote it down.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn collected_from(&mut self, fs: &dyn Fs) -> FsResult<Option<&str>> {
        Ok(self.feed(fs)?.feed.as_deref())
    }

    /// Returns the currency whose series are named by the ISIN alone: that by which bars were made first, and from now on this one
    /// where none were.
    ///
    /// # Errors
    /// When it cannot be read, or the disk refuses.
    pub(super) fn main_currency(
        &mut self,
        fs: &dyn Fs,
        temps: &TempNames,
        currency: &str,
    ) -> FsResult<String> {
        if let Some(known) = &self.feed(fs)?.currency {
            return Ok(known.clone());
        }
        self.feed(fs)?.currency = Some(currency.to_owned());
        self.save_feed(fs, temps)?;
        Ok(currency.to_owned())
    }

    /// Returns when the feed was asked by the run before this one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn asked_before(&mut self, fs: &dyn Fs) -> FsResult<Option<DateTime<Utc>>> {
        Ok(self.feed(fs)?.asked_at)
    }

    /// Returns when the feed was asked first, also in vain; `None` where that is not known.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn begun(&mut self, fs: &dyn Fs) -> FsResult<Option<DateTime<Utc>>> {
        Ok(self.feed(fs)?.begun_at)
    }

    /// Remembers that the feed is asked from a moment on, if it was never before: what it forgets from then on is lost.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn note_begun(
        &mut self,
        fs: &dyn Fs,
        temps: &TempNames,
        at: DateTime<Utc>,
    ) -> FsResult<()> {
        let feed = self.feed(fs)?;
        if feed.asked_at.is_some() || feed.begun_at.is_some() {
            return Ok(());
        }
        feed.begun_at = Some(at);
        self.save_feed(fs, temps)
    }

    /// Returns up to when the runs before this one told what the feed forgot; `None` before the first run.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn losses_told(&mut self, fs: &dyn Fs) -> FsResult<Option<DateTime<Utc>>> {
        let feed = self.feed(fs)?;
        // Earlier builds told none, and a run that was not answered cannot.
        let told = feed.losses_told_at.or(feed.asked_at);
        Ok(told.or(feed.begun_at))
    }

    /// Remembers which feed was asked and when, up to when it is told what it forgot, and of which days bars are due still.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn note_asked(
        &mut self,
        fs: &dyn Fs,
        temps: &TempNames,
        feed: &Feed,
        (asked_at, losses_told_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> FsResult<()> {
        let due = self.days_due(fs)?;
        let known = self.feed(fs)?;
        known.feed = Some(feed.to_string());
        known.asked_at = Some(asked_at);
        known.losses_told_at = Some(losses_told_at);
        known.bars_due = Some(due);
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
