//! What is to be downloaded now, and in which order.
//!
//! Promises: of what a feed is about to forget, no order would save more minutes. A daily file stands for all minutes of its day,
//! and they are not asked for as long as nothing speaks against it.
//! Leaves to others: asking, and noting what came: a plan is chosen anew after each daily file and each witness, since these
//! decide what else is needed.

mod order;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Europe::Berlin;

use order::{Weighed, arranged};

use super::{Coverage, FileName, Held, HeldDay, Listing, Span, deadline};
use crate::calendar::Calendar;

/// What a run has at least beyond the time that its requests take, where all minutes are to be fetched.
const LEAST_RESERVE: TimeDelta = TimeDelta::hours(1);
/// The same, where a few files are.
const DAILY_RESERVE: TimeDelta = TimeDelta::minutes(15);
/// The file of a day, and what it is judged by.
const FILES_OF_A_DAY: i32 = 8;
/// When a file came is known as well as runs come often: not to the minute.
const SEEN_LATE: TimeDelta = TimeDelta::minutes(30);

const MINUTES_OF_A_DAY: usize = 24 * 60;

/// When minutes are downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// At once.
    Minutes,
    /// Only where no daily file stands for them: when they would be forgotten before the next run could still fetch them.
    Daily,
}

/// What a choice looks at.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'l> {
    /// What the feed has.
    pub listing: &'l Listing,
    /// What is held of it.
    pub held: &'l Held,
    /// What was asked for in this run and did not come, or came and is no file of trades.
    pub passed_over: &'l BTreeSet<FileName>,
    /// The moment.
    pub now: DateTime<Utc>,
    /// When minutes are downloaded.
    pub freshness: Freshness,
    /// On which days the venue trades.
    pub calendar: &'l Calendar,
    /// The time that one request takes, on average: `Rate::average`, times the feeds that share the server.
    pub pace: TimeDelta,
}

/// Why a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A daily file that spares the minutes of its day.
    Daily,
    /// A minute by which a daily file is judged.
    Witness,
    /// A minute that nothing stands for.
    Minute,
    /// A minute that was published again since it was downloaded.
    Again,
    /// A daily file of a day of which every minute is held.
    Confirmation,
}

impl Reason {
    /// Returns it in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "all of a day",
            Self::Witness => "to judge the file of its day",
            Self::Minute => "nothing stands for it",
            Self::Again => "published again",
            Self::Confirmation => "to confirm the minutes of its day",
        }
    }
}

/// A file that is to be downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its name.
    pub name: FileName,
    /// Why.
    pub reason: Reason,
    /// When the feed is taken to have forgotten it.
    pub deadline: DateTime<Utc>,
    /// How many minutes would be lost without it.
    pub saves: usize,
}

/// Chooses what is to be downloaded now, in that order; nothing when nothing is.
pub fn choose(looked: &Looked<'_>) -> Vec<Request> {
    in_order(needed(looked), looked.now, looked.pace)
}

/// Puts the requests of several feeds of one server in the order in which they are to be sent.
pub fn in_order(requests: Vec<Request>, now: DateTime<Utc>, pace: TimeDelta) -> Vec<Request> {
    let weighed = requests.into_iter().map(|request| Weighed {
        rank: rank(&request),
        request,
    });
    arranged(weighed.collect(), now, pace)
}

/// Minutes in which the venues trade go before those of the night, which are mostly empty.
fn rank(request: &Request) -> u8 {
    match request.name.span {
        Span::Minute(minute) if !is_of_the_day(minute) => 1,
        _ => 0,
    }
}

/// Tells whether a minute lies between 07:30 and 22:00 in Berlin, when Xetra, Frankfurt and Tradegate trade.
pub(super) fn is_of_the_day(minute: NaiveDateTime) -> bool {
    let there = minute.and_utc().with_timezone(&Berlin);
    (7 * 60 + 30..22 * 60).contains(&(there.hour() * 60 + there.minute()))
}

/// What is listed of a day.
#[derive(Default)]
struct ListedDay<'l> {
    daily: Option<&'l FileName>,
    minutes: Vec<(NaiveDateTime, &'l FileName)>,
}

/// What would spare the minutes of a day, and cannot be had in this run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    ForDaily,
    ForWitnesses,
}

fn needed(looked: &Looked<'_>) -> Vec<Request> {
    let mut days: BTreeMap<NaiveDate, ListedDay<'_>> = BTreeMap::new();
    for name in looked.listing.files.difference(looked.passed_over) {
        let day = days.entry(name.span.day()).or_default();
        match name.span {
            Span::Daily(_) => day.daily = Some(name),
            Span::Minute(minute) => day.minutes.push((minute, name)),
        }
    }
    let none = HeldDay::default();
    let mut requests = Vec::new();
    let mut waiting = Vec::new();
    for (day, listed) in &days {
        let planning = Planning {
            day: *day,
            listed,
            held: looked.held.days.get(day).unwrap_or(&none),
            deadline: deadline(*day, looked.listing.days_kept, looked.calendar),
        };
        match planning.held.coverage(*day, looked.calendar) {
            Coverage::None if listed.daily.is_some() => requests.extend(planning.daily()),
            Coverage::None if looked.freshness == Freshness::Minutes => {
                requests.extend(planning.missing());
            }
            Coverage::None => waiting.push((planning, Wait::ForDaily)),
            Coverage::Open => {
                requests.extend(planning.outdated());
                let witnesses = planning.witnesses();
                if witnesses.is_empty() {
                    waiting.push((planning, Wait::ForWitnesses));
                }
                requests.extend(witnesses);
            }
            Coverage::Whole => requests.extend(planning.outdated()),
            Coverage::Lacking => {
                requests.extend(planning.missing());
                requests.extend(planning.outdated());
            }
        }
    }
    // Days are in the order of their deadlines: what is fetched for the one before takes time from the next.
    let next_run = looked.held.habits.next_run(looked.now);
    for (planning, wait) in waiting {
        if wait == Wait::ForDaily && comes_whole(looked, &planning, next_run) {
            continue;
        }
        let missing = planning.missing();
        let before = requests
            .iter()
            .filter(|r| r.deadline <= planning.deadline)
            .count();
        let requests_by_then = before + missing.len();
        if is_pressing(looked.pace, next_run, planning.deadline, requests_by_then) {
            requests.extend(missing);
        }
    }
    requests
}

/// Tells whether the next run will find the file of a day, and have the time to fetch and to judge it: by the files of the
/// three sessions before. If it does not come once, that run fetches the minutes that it has time for, and those of the next
/// days are not waited for.
fn comes_whole(looked: &Looked<'_>, planning: &Planning<'_>, next_run: DateTime<Utc>) -> bool {
    let mut habits = looked.held.habits.clone();
    // What was found out in this run counts.
    for name in &looked.listing.files {
        let Span::Daily(day) = name.span else {
            continue;
        };
        habits.note_listed(day, looked.now);
        let held = looked.held.days.get(&day);
        if let Some(is_whole) = held.and_then(|held| held.is_daily_whole(day, looked.calendar)) {
            habits.note_judged(day, is_whole);
        }
    }
    let time = looked.pace * FILES_OF_A_DAY + DAILY_RESERVE;
    let comes_by = habits.daily_by(planning.day, looked.calendar);
    let is_foreseen = |by: DateTime<Utc>| {
        let is_overdue = by + SEEN_LATE < looked.now;
        !is_overdue && by <= next_run + SEEN_LATE
    };
    comes_by.is_some_and(is_foreseen) && next_run + time <= planning.deadline
}

/// Tells whether so many requests that have to be answered by a deadline may be too many for the next run, which is to have
/// half as much time again as it needs, or an hour.
fn is_pressing(
    pace: TimeDelta,
    next_run: DateTime<Utc>,
    deadline: DateTime<Utc>,
    requests: usize,
) -> bool {
    let requests = i32::try_from(requests).unwrap_or(i32::MAX);
    let time = pace.checked_mul(requests);
    let time = time.map_or(TimeDelta::days(1), |time| {
        time + (time / 2).max(LEAST_RESERVE)
    });
    next_run + time > deadline
}

struct Planning<'l> {
    day: NaiveDate,
    listed: &'l ListedDay<'l>,
    held: &'l HeldDay,
    deadline: DateTime<Utc>,
}

impl Planning<'_> {
    fn request(&self, name: &FileName, reason: Reason) -> Request {
        Request {
            name: name.clone(),
            reason,
            deadline: self.deadline,
            saves: match reason {
                // It has those, too, that are not listed any more.
                Reason::Daily if self.listed.minutes.is_empty() => MINUTES_OF_A_DAY,
                Reason::Daily => self.missing_minutes().count(),
                Reason::Minute => 1,
                Reason::Witness | Reason::Again | Reason::Confirmation => 0,
            },
        }
    }

    fn missing_minutes(&self) -> impl Iterator<Item = &NaiveDateTime> {
        let minutes = self.listed.minutes.iter().map(|(minute, _)| minute);
        minutes.filter(|minute| !self.held.minutes.contains_key(minute))
    }

    fn missing(&self) -> Vec<Request> {
        let is_missing = |minute: &NaiveDateTime| !self.held.minutes.contains_key(minute);
        self.minutes(is_missing, Reason::Minute)
    }

    /// Returns the witnesses that nobody looked at. Where all were, and none has a trade, these are the minutes of which the
    /// file of the day has trades, and then all others, one after the other until one has.
    fn witnesses(&self) -> Vec<Request> {
        let Some(daily) = &self.held.daily else {
            return Vec::new();
        };
        let is_missing = |minute: &NaiveDateTime| !self.held.minutes.contains_key(minute);
        let is_open = |minute: &NaiveDateTime| {
            matches!(daily.witnesses.get(minute), Some(None)) && is_missing(minute)
        };
        let has_trades =
            |minute: &NaiveDateTime| daily.minutes.contains_key(minute) && is_missing(minute);
        let open = self.minutes(is_open, Reason::Witness);
        if !open.is_empty() || !self.held.is_unproven() {
            return open;
        }
        let promising = self.minutes(has_trades, Reason::Witness);
        if promising.is_empty() {
            return self.minutes(is_missing, Reason::Witness);
        }
        promising
    }

    fn outdated(&self) -> Vec<Request> {
        self.minutes(|minute| self.held.is_outdated(*minute), Reason::Again)
    }

    fn minutes(&self, is_asked: impl Fn(&NaiveDateTime) -> bool, reason: Reason) -> Vec<Request> {
        let minutes = self.listed.minutes.iter();
        let asked = minutes.filter(|(minute, _)| is_asked(minute));
        asked.map(|(_, name)| self.request(name, reason)).collect()
    }

    fn daily(&self) -> Option<Request> {
        // It may have minutes that are not listed any more, so a day of which none is listed is not known to be held.
        let is_confirmation =
            !self.listed.minutes.is_empty() && self.missing_minutes().next().is_none();
        let reason = if is_confirmation {
            Reason::Confirmation
        } else {
            Reason::Daily
        };
        self.listed.daily.map(|name| self.request(name, reason))
    }
}

#[cfg(test)]
mod tests;
