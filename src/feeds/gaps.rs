//! What is recorded of the days of a feed, as minutes: what is stored, empty, open, or was never seen.
//!
//! Promises: read from marks alone, so it costs no request and no look at trades. A session that no run asked for in time is
//! there, too, with every minute unseen.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};

use super::silence::{LATE, first_kept, is_silent};
use super::{DayMarks, KnownFeed, Marks};
use crate::calendar::Day;
use crate::gaps::{DayKind, FeedDay, FeedGaps, MinuteSet, MinuteState};
use crate::ingest::LostMinutes;
use crate::layout::Places;
use crate::source::posttrade::{Coverage, FileName, Span, deadline, odd_silence};
use crate::sys::{Fs, FsResult};

/// The service has a file for every minute from midnight to 22:00 UTC, both included.
const LAST_MINUTE: u32 = 22 * 60;
/// No feed keeps a day longer.
const LONGEST_KEPT: Days = Days::new(31);
/// How late after its end a minute is published.
const PUBLISHED: TimeDelta = TimeDelta::minutes(30);

/// What is recorded of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFeed {
    days: Vec<FeedDay>,
}

impl FeedGaps for RecordedFeed {
    fn days(&self) -> Vec<FeedDay> {
        self.days.clone()
    }
}

impl RecordedFeed {
    /// Reads what is recorded of a feed: from the first day of which anything is, or from `since` on, up to the day of a moment.
    ///
    /// # Errors
    /// When marks cannot be read.
    pub fn of(
        feed: KnownFeed<'_>,
        (fs, places): (&dyn Fs, &Places),
        now: DateTime<Utc>,
        since: Option<NaiveDate>,
    ) -> FsResult<Self> {
        Self::by(&mut Marks::of(places, feed.venue), feed, fs, (now, since))
    }

    /// Reads the same of some marks, those that were changed and not written included.
    pub(super) fn by(
        marks: &mut Marks,
        feed: KnownFeed<'_>,
        fs: &dyn Fs,
        (now, since): (DateTime<Utc>, Option<NaiveDate>),
    ) -> FsResult<Self> {
        let mut known = marks.known_days(fs)?;
        known.extend(marks.loaded_days());
        known.retain(|day| since.is_none_or(|since| *day >= since));
        let habits = marks.habits(fs)?;
        let mut days = Vec::new();
        let calendar = feed.calendar;
        let asked = habits.asked.first().copied();
        let asked = asked.into_iter().chain(marks.begun(fs)?).min();
        let mut dailies = habits.dailies.iter();
        let is_in_time = |day, at| at < deadline(day, habits.days_kept, calendar);
        let with_daily = dailies.find(|(day, seen)| is_in_time(**day, seen.at));
        let with_daily = with_daily.map(|(day, _)| *day);
        let with_files = first_with_files(marks, fs, &known, |day, marks| {
            let daily = habits.dailies.get(&day).map(|seen| seen.at);
            let listed_at = marks.listed_at.or(daily);
            listed_at.is_none_or(|at| is_in_time(day, at))
        })?;
        let first = match (with_files.into_iter().chain(with_daily).min(), asked) {
            (Some(day), asked) => asked.map_or(day, |at| day.min(at.date_naive())),
            // A feed that had nothing was silent on the days that it kept then.
            (None, Some(at)) => first_kept(at, habits.days_kept, calendar),
            (None, None) => return Ok(Self { days }),
        };
        let wall = calendar.wall(now);
        let first = since.map_or(first, |since| since.max(first));
        // Days of names that were left over: theirs are had or lost as those of any other.
        let mut before = Vec::new();
        for &day in known.range(..first) {
            before.extend(has_files(marks.day(fs, day)?).then_some(day));
        }
        let since_then = first.iter_days().take_while(|day| *day <= now.date_naive());
        for day in before.into_iter().chain(since_then) {
            let kind = DayKind::of(day, calendar, wall);
            let recorded = Recorded {
                feed,
                day,
                deadline: deadline(day, habits.days_kept, calendar),
                asked: &habits.asked,
                has_daily: habits.dailies.contains_key(&day),
                is_session: matches!(calendar.day(day), Day::Open(_)),
                now,
            };
            let is_known = known.contains(&day);
            if is_known || kind.is_session() {
                let of_day = marks.day(fs, day)?;
                days.push(recorded.read(of_day));
            } else if kind == DayKind::Holiday {
                let mut holiday = recorded.unknown();
                holiday.is_holiday = true;
                days.push(holiday);
            }
        }
        Ok(Self { days })
    }

    pub(super) fn into_days(self) -> Vec<FeedDay> {
        self.days
    }
}

/// Returns the first of some days, oldest first, of which the feed had files in their time. A name that was left over in a list does
/// not say that the feed was asked since its day.
fn first_with_files(
    marks: &mut Marks,
    fs: &dyn Fs,
    known: &BTreeSet<NaiveDate>,
    is_in_time: impl Fn(NaiveDate, &DayMarks) -> bool,
) -> FsResult<Option<NaiveDate>> {
    for &day in known {
        let marks = marks.day(fs, day)?;
        if has_files(marks) && is_in_time(day, marks) {
            return Ok(Some(day));
        }
    }
    Ok(None)
}

/// Tells whether the feed had files of a day. Any other one is a day that a line names as that of its trade.
fn has_files(marks: &DayMarks) -> bool {
    let DayMarks { listed, held, .. } = marks;
    !listed.is_empty() || !held.minutes.is_empty() || held.daily.is_some()
}

/// Returns the minutes that a feed forgot from one moment to another, by day, and those that it did within the run that asked
/// it at the moment between: what comes later than a feed is taken to keep it is no loss.
///
/// # Errors
/// When marks cannot be read.
pub(super) fn losses(
    feed: KnownFeed<'_>,
    disk: (&dyn Fs, &Places),
    (told, asked, now): (DateTime<Utc>, DateTime<Utc>, DateTime<Utc>),
) -> FsResult<Vec<LostMinutes>> {
    let since = told.date_naive() - LONGEST_KEPT;
    let recorded = RecordedFeed::of(feed, disk, now, Some(since))?;
    let lost = recorded.days.iter().filter_map(|day| {
        let minutes = day.minutes_in(MinuteState::Lost, now);
        let is_new = told < day.deadline && day.deadline <= now && minutes > 0;
        is_new.then(|| LostMinutes {
            day: day.day,
            minutes,
            is_of_this_run: asked < day.deadline,
        })
    });
    Ok(lost.collect())
}

/// Returns when all minutes of a day have been published.
pub(super) fn all_published(day: NaiveDate) -> DateTime<Utc> {
    let last = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(LAST_MINUTE.into());
    (last + PUBLISHED).and_utc()
}

/// A day of a feed.
struct Recorded<'f> {
    feed: KnownFeed<'f>,
    day: NaiveDate,
    deadline: DateTime<Utc>,
    /// When the feed was asked.
    asked: &'f [DateTime<Utc>],
    /// Whether it listed the file of the day.
    has_daily: bool,
    /// Whether its exchange is known to be open on it.
    is_session: bool,
    now: DateTime<Utc>,
}

impl Recorded<'_> {
    fn unknown(&self) -> FeedDay {
        FeedDay::of(self.feed.venue.clone(), self.day, self.deadline)
    }

    fn read(&self, marks: &DayMarks) -> FeedDay {
        let mut day = self.unknown();
        let is_whole = marks.held.coverage(self.day, self.feed.calendar) == Coverage::Whole;
        let daily = marks.held.daily.as_ref().filter(|_| is_whole);
        let traded = daily.into_iter().flat_map(|daily| &daily.minutes);
        let traded: BTreeSet<NaiveDateTime> = traded
            .filter(|(_, count)| **count > 0)
            .map(|(minute, _)| *minute)
            .collect();
        let minutes = marks.listed.iter().chain(marks.held.minutes.keys());
        for minute in minutes.chain(&traded).copied().collect::<BTreeSet<_>>() {
            let has_trades = traded.contains(&minute) || self.lines_of(marks, minute) > 0;
            let set = if has_trades {
                &mut day.have
            } else if is_whole || marks.held.minutes.contains_key(&minute) {
                &mut day.empty
            } else if marks.throttled.contains(&minute) {
                &mut day.throttled
            } else {
                &mut day.pending
            };
            if minute.date() == self.day {
                set.insert(of_day(minute));
            }
        }
        day.is_silent = self.is_silent(marks);
        if is_whole {
            day.unseen = self.unproven(marks, &traded);
        } else if !day.is_silent {
            day.unseen = self.unseen(marks);
        }
        day
    }

    fn lines_of(&self, marks: &DayMarks, minute: NaiveDateTime) -> u64 {
        let Some(code) = self.feed.code else {
            return 0;
        };
        let name = FileName {
            feed: code.clone(),
            span: Span::Minute(minute),
        };
        marks.lines_of(&name.to_string()).unwrap_or_default()
    }

    /// Returns the minutes that no run saw listed: of a session, those among the ones that were, since the service leaves none out,
    /// and those after the last one, unless a run came after all had been published.
    fn unseen(&self, marks: &DayMarks) -> MinuteSet {
        let known = self.listed(marks);
        if !self.is_session || is_of_earlier_build(marks, &known) {
            return MinuteSet::default();
        }
        let is_seen = marks
            .listed_at
            .is_some_and(|at| at >= all_published(self.day));
        let after = match known.last() {
            _ if is_seen => LAST_MINUTE + 1,
            Some(last) => last + 1,
            None => 0,
        };
        left_out(&known).chain(after..=LAST_MINUTE).collect()
    }

    /// Returns the minutes of a session that the list left out and of which the file of the day has no trade, where these are oddly
    /// many: nothing says then that nobody traded.
    fn unproven(&self, marks: &DayMarks, traded: &BTreeSet<NaiveDateTime>) -> MinuteSet {
        let calendar = self.feed.calendar;
        let known = self.listed(marks);
        let Some(session) = calendar.session(self.day) else {
            return MinuteSet::default();
        };
        if is_of_earlier_build(marks, &known) {
            return MinuteSet::default();
        }
        let unseen: BTreeSet<u32> = left_out(&known).collect();
        let hours = [session.open, session.close].map(|at| calendar.instant(at));
        let [open, close] = hours.map(|at| at.naive_utc());
        let minutes = std::iter::successors(Some(open), |at| Some(*at + TimeDelta::minutes(1)));
        let minutes: Vec<NaiveDateTime> = minutes.take_while(|at| *at < close).collect();
        let has_trades = |at: &NaiveDateTime| traded.contains(at);
        let is_told = |at: &NaiveDateTime| has_trades(at) || !unseen.contains(&of_day(*at));
        odd_silence(&minutes, has_trades, is_told)
            .iter()
            .map(|at| of_day(*at))
            .collect()
    }

    /// Returns the minutes of the day that a run saw listed or has.
    fn listed(&self, marks: &DayMarks) -> BTreeSet<u32> {
        let known = marks.listed.iter().chain(marks.held.minutes.keys());
        let known = known.filter(|minute| minute.date() == self.day);
        known.map(|minute| of_day(*minute)).collect()
    }

    /// Tells whether a run that came after the session found no trade of it, while the feed had the day.
    fn is_silent(&self, marks: &DayMarks) -> bool {
        let calendar = self.feed.calendar;
        let Some(session) = calendar.session(self.day) else {
            return false;
        };
        let is_over = |at: DateTime<Utc>| calendar.wall(at) >= session.close + LATE;
        let mut asked = self.asked.iter().copied().chain(marks.listed_at);
        let is_asked = asked.any(|at| is_over(at) && at < self.deadline);
        is_asked && is_over(self.now) && is_silent(marks, (self.day, calendar), self.has_daily)
    }
}

/// Returns which minute of its day one is.
fn of_day(minute: NaiveDateTime) -> u32 {
    minute.hour() * 60 + minute.minute()
}

/// Tells whether minutes are known of a list of which nobody wrote down when it came.
fn is_of_earlier_build(marks: &DayMarks, known: &BTreeSet<u32>) -> bool {
    marks.listed_at.is_none() && !known.is_empty()
}

/// Returns the minutes among some that are none of them.
fn left_out(known: &BTreeSet<u32>) -> impl Iterator<Item = u32> {
    let ends = known.first().copied().zip(known.last().copied());
    let among = ends.map_or(0..0, |(first, last)| first..last);
    among.filter(|minute| !known.contains(minute))
}
