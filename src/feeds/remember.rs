//! What a run of a feed writes down of itself, once its trades are stored.
//!
//! Promises: a file is marked as read after its trades are durable, never before.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use super::arrival::Listed;
use super::news::DayNews;
use super::run::FeedRun;
use super::{FeedRunError, gaps};
use crate::ingest::{FailureKind, FileFailure, LostMinutes, RunReport};
use crate::source::posttrade::{BarsOf, Span};
use crate::workspace::Session;

impl FeedRun<'_> {
    /// Tells whether bars may be made. By another main currency they would be prices of two currencies in one series; trades are
    /// stored all the same, and their days stay due.
    pub(super) fn may_make_bars(&mut self, report: &mut RunReport) -> Result<bool, FeedRunError> {
        let spec = self.task.feed.spec();
        if spec.bars == BarsOf::None {
            return Ok(true);
        }
        let fs = self.session.fs;
        let known = self.marks.main_currency(fs, &self.temps, &spec.currency)?;
        if known == spec.currency {
            return Ok(true);
        }
        let (file, kind) = (None, FailureKind::Refused);
        let reason = format!(
            "no bars are made: those without a currency in their names are in {known}; `currency = \"{}\"` needs a venue of its own",
            spec.currency
        );
        let feed = report.feed_at(self.venue());
        feed.failures.push(FileFailure { kind, file, reason });
        Ok(false)
    }

    /// Returns what the feed forgot since that was told last, and remembers that the feed was asked.
    pub(super) fn tell_losses(
        &mut self,
        asked: DateTime<Utc>,
    ) -> Result<Vec<LostMinutes>, FeedRunError> {
        let Session {
            fs, places, clock, ..
        } = self.session;
        let now = clock.now();
        let told = self.marks.losses_told(fs)?.unwrap_or(asked);
        let lost = gaps::losses(self.task.feed.into(), (fs, places), (told, asked, now))?;
        let code = &self.task.feed.spec().code;
        let marks = &mut self.marks;
        marks.note_asked(fs, &self.temps, code, (asked, now))?;
        Ok(lost)
    }

    /// Marks what was read, now that it is stored, but for the days that wait and those of whose files a trade is of one that waits.
    pub(super) fn mark_read(&mut self, waiting: &BTreeSet<NaiveDate>) -> Result<(), FeedRunError> {
        let mut days: BTreeMap<NaiveDate, DayNews> = BTreeMap::new();
        let mut open = waiting.clone();
        for read in self.read.take() {
            if !read.days.is_disjoint(waiting) {
                open.insert(read.name.span.day());
            }
            days.entry(read.name.span.day())
                .or_default()
                .read
                .push(read);
        }
        for (day, held) in std::mem::take(&mut self.held.days) {
            days.entry(day).or_default().held = Some(held);
        }
        let files = self.listed.iter().flat_map(|listed| &listed.listing.files);
        for name in files {
            if let Span::Minute(minute) = name.span {
                let news = days.entry(minute.date()).or_default();
                news.listed.insert(minute);
            }
        }
        days.retain(|day, _| !open.contains(day));
        let listed_at = self.listed.as_ref().map(|listed| listed.at);
        let fs = self.session.fs;
        for (day, news) in days {
            self.marks.change(fs, day, |marks| {
                if !news.listed.is_empty() {
                    marks.listed_at = listed_at;
                }
                news.note_in(marks);
            })?;
        }
        self.mark_turned_away()?;
        Ok(self.marks.save(fs, &self.temps)?)
    }

    /// Marks what was asked for in vain, until it is read.
    fn mark_turned_away(&mut self) -> Result<(), FeedRunError> {
        let fs = self.session.fs;
        let turned_away = std::mem::take(&mut self.turned_away);
        let minutes = turned_away.iter().filter_map(|name| match name.span {
            Span::Minute(minute) => Some(minute),
            Span::Daily(_) => None,
        });
        let minutes: BTreeSet<_> = minutes.collect();
        let mut days: BTreeSet<NaiveDate> = minutes.iter().map(NaiveDateTime::date).collect();
        days.extend(self.marks.loaded_days());
        for day in days {
            self.marks.change(fs, day, |marks| {
                let of_day = minutes.iter().filter(|minute| minute.date() == day);
                marks.throttled.extend(of_day);
                let held = &marks.held.minutes;
                marks.throttled.retain(|minute| !held.contains_key(minute));
            })?;
        }
        Ok(())
    }

    /// Remembers how the feed was asked and which files of days it has: by that the next run is foreseen.
    /// A file that turns out not to stand for its day is told, once.
    pub(super) fn remember(
        &mut self,
        listed: &Listed,
        report: &mut RunReport,
    ) -> Result<(), FeedRunError> {
        let fs = self.session.fs;
        let calendar = &self.task.feed.spec().calendar;
        let mut habits = self.marks.habits(fs)?;
        habits.note_asked(listed.at);
        habits.days_kept = listed.listing.days_kept;
        for name in &listed.listing.files {
            let Span::Daily(day) = name.span else {
                continue;
            };
            habits.note_listed(day, listed.at);
            let held = &self.marks.day(fs, day)?.held;
            let Some(is_whole) = held.is_daily_whole(day, calendar) else {
                continue;
            };
            let is_told = habits
                .dailies
                .get(&day)
                .is_some_and(|seen| seen.is_whole == Some(false));
            if !is_whole && !is_told {
                report.warnings.push(format!(
                    "{}: the file of {day} lacks trades of that day and stands for no minute of it",
                    self.task.feed.venue()
                ));
            }
            habits.note_judged(day, is_whole);
        }
        Ok(self.marks.save_habits(fs, &self.temps, &habits)?)
    }
}
