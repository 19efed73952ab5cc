//! Days of trading of which a feed had nothing.
//!
//! Promises: a day is silent only if its session is over, and either no file of it was ever listed or all that it has was read
//! and no trade was in it. Holidays are none, and neither are days before the feed was first asked, which it may have forgotten,
//! unless it has nothing at all then, on a day of trading: it says itself how long it keeps a day.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::arrival::Listed;
use super::{DayMarks, Marks};
use crate::calendar::{Calendar, WallClock};
use crate::model::time;
use crate::source::posttrade::{Coverage, Listing, deadline};
use crate::sys::{Fs, FsResult};

/// The feed is late by a quarter of an hour, and has the closing auction by then.
pub(super) const LATE: TimeDelta = TimeDelta::hours(2);

/// Returns the days on which the feed was silent.
pub(super) fn silent_days(
    marks: &mut Marks,
    fs: &dyn Fs,
    listed: &Listed,
    calendar: &Calendar,
) -> FsResult<BTreeSet<NaiveDate>> {
    let today = listed.at.date_naive();
    let asked_before = marks.habits(fs)?.asked_before();
    let Listing {
        files, days_kept, ..
    } = &listed.listing;
    let first = match asked_before {
        Some(asked) => asked.date_naive(),
        None if files.is_empty() => first_kept(listed.at, *days_kept, calendar),
        None => today,
    };
    let mut silent = BTreeSet::new();
    let Some(now) = wall_clock(listed, calendar) else {
        return Ok(silent);
    };
    for session in calendar.sessions(first, today) {
        let day = session.day;
        let is_over = time::nanos(session.close + LATE).is_some_and(|end| end <= now);
        let is_kept = deadline(day, *days_kept, calendar) > listed.at;
        if is_over && is_kept && is_silent(marks.day(fs, day)?, (day, calendar)) {
            silent.insert(day);
        }
    }
    Ok(silent)
}

/// Returns the first day that a feed keeps at a moment, by what it says of itself; on a day of rest, that day.
pub(super) fn first_kept(
    at: DateTime<Utc>,
    days_kept: Option<u32>,
    calendar: &Calendar,
) -> NaiveDate {
    let mut first = at.date_naive();
    if calendar.session(first).is_none() {
        return first;
    }
    while let Some(before) = first.pred_opt()
        && deadline(before, days_kept, calendar) > at
    {
        first = before;
    }
    first
}

/// Returns what the clock of the exchange showed when the feed was asked.
fn wall_clock(listed: &Listed, calendar: &Calendar) -> Option<i64> {
    let mut clock = WallClock::of(calendar.zone()?)?;
    Some(clock.shows(listed.at.timestamp_nanos_opt()?))
}

/// Tells whether all that a feed has of a day was read, and no trade was in it.
pub(super) fn is_silent(marks: &DayMarks, (day, calendar): (NaiveDate, &Calendar)) -> bool {
    if marks.lines() > 0 {
        return false;
    }
    match marks.held.coverage(day, calendar) {
        Coverage::Whole => true,
        Coverage::None | Coverage::Open | Coverage::Lacking => {
            let minutes = &marks.held.minutes;
            marks
                .listed
                .iter()
                .all(|minute| minutes.contains_key(minute))
        }
    }
}
