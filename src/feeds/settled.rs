//! From which moment on trades of a day may still come: what is made of them is provisional.
//!
//! Promises: a day is settled once the file of the day stands for it, or all minutes of it that the feed listed after its end are
//! held, or the feed has forgotten it. A bar is provisional as long as trades of its time may come, also where later minutes are
//! held than one of it; a bar of a day or longer as long as one of its days is not settled.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::Marks;
use crate::calendar::Calendar;
use crate::model::{Interval, time};
use crate::source::posttrade::{Coverage, deadline};
use crate::sys::{Fs, FsResult};

/// A feed is late by a quarter of an hour.
const LATE: TimeDelta = TimeDelta::minutes(15);
const MINUTE: i64 = time::DAY / 1440;

/// Of which moments of a day trades may still come, on the clock of the exchange.
#[derive(Clone, Debug)]
struct Open {
    /// From this one on.
    from: i64,
    /// And of minutes before it that were listed and are not held, by their first moments.
    missing: BTreeSet<i64>,
}

impl Open {
    fn reaches_into(&self, moments: &Range<i64>) -> bool {
        let begun = moments.start.saturating_sub(MINUTE).saturating_add(1);
        let mut missing = self.missing.range(begun..moments.end.max(begun));
        moments.end > self.from || missing.next().is_some()
    }
}

/// The days of a feed, as far as they were asked about: what of each is not settled.
#[derive(Debug)]
pub struct Unsettled<'c> {
    marks: Marks,
    calendar: &'c Calendar,
    asked: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    days: BTreeMap<NaiveDate, Option<Open>>,
}

impl<'c> Unsettled<'c> {
    /// Begins to look. `asked` is when the feed last said what it has.
    pub fn of(
        marks: Marks,
        calendar: &'c Calendar,
        asked: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            marks,
            calendar,
            asked,
            now,
            days: BTreeMap::new(),
        }
    }

    /// Returns those of some bars, oldest first by the clock of the exchange, that are provisional.
    ///
    /// # Errors
    /// When the marks of a day cannot be read.
    pub fn provisional(
        &mut self,
        fs: &dyn Fs,
        interval: Interval,
        bars: impl DoubleEndedIterator<Item = i64>,
    ) -> FsResult<Vec<i64>> {
        let mut found = Vec::new();
        for bar in bars.rev() {
            let first = time::day(bar);
            let last = time::day(interval.end_of(bar).saturating_sub(1));
            let (days, moments) = if interval.is_intraday() {
                (first..=first, bar..interval.end_of(bar))
            } else {
                // Whatever comes of one of its days changes it.
                (first..=last, i64::MIN..i64::MAX)
            };
            // Whatever began so long ago is forgotten by every feed, and so is all before it.
            if self.is_forgotten(*days.end()) {
                break;
            }
            let mut is_provisional = false;
            for day in days.start().iter_days().take_while(|day| day <= days.end()) {
                is_provisional |= self.may_come(fs, day, &moments)?;
            }
            if is_provisional {
                found.push(bar);
            }
        }
        found.reverse();
        Ok(found)
    }

    /// Tells whether trades of a day may come that were made at some moments, on the clock of the exchange.
    ///
    /// # Errors
    /// When the marks of the day cannot be read.
    pub fn may_come(
        &mut self,
        fs: &dyn Fs,
        day: NaiveDate,
        moments: &Range<i64>,
    ) -> FsResult<bool> {
        if self.calendar.day(day) == crate::calendar::Day::Closed {
            return Ok(false);
        }
        if day > self.calendar.wall(self.now).date() {
            return Ok(true);
        }
        let open = self.open(fs, day)?;
        Ok(open.is_some_and(|open| open.reaches_into(moments)))
    }

    fn is_forgotten(&self, day: NaiveDate) -> bool {
        self.now >= deadline(day, None, self.calendar)
    }

    /// Returns what of a day is not settled; `None` when all of it is.
    fn open(&mut self, fs: &dyn Fs, day: NaiveDate) -> FsResult<Option<&Open>> {
        if !self.days.contains_key(&day) {
            let open = if self.is_forgotten(day) {
                None
            } else {
                self.look(fs, day)?
            };
            self.days.insert(day, open);
        }
        Ok(self.days.get(&day).and_then(Option::as_ref))
    }

    fn look(&mut self, fs: &dyn Fs, day: NaiveDate) -> FsResult<Option<Open>> {
        let marks = self.marks.day(fs, day)?;
        let held = &marks.held;
        let end = day.checked_add_days(Days::new(1)).unwrap_or(day);
        let end = end.and_time(NaiveTime::MIN).and_utc() + LATE;
        let is_held = |minute: &&NaiveDateTime| held.minutes.contains_key(minute);
        let has_all = !marks.listed.is_empty() && marks.listed.iter().all(|one| is_held(&one));
        let is_whole = held.coverage(day, self.calendar) == Coverage::Whole
            || (has_all && self.asked.is_some_and(|asked| asked >= end));
        if is_whole {
            return Ok(None);
        }
        let newest = held.minutes.keys().next_back();
        let from = newest.map_or(day.and_time(NaiveTime::MIN), |newest| {
            *newest + TimeDelta::minutes(1)
        });
        let wall = |moment: NaiveDateTime| time::nanos(self.calendar.wall(moment.and_utc()));
        let missing = marks.listed.range(..from).filter(|one| !is_held(one));
        Ok(wall(from).map(|from| Open {
            from,
            missing: missing.filter_map(|minute| wall(*minute)).collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::layout::Places;
    use crate::source::posttrade::{HeldDaily, HeldMinute};
    use crate::sys::OsFs;

    const DAY: &str = "2026-09-17";

    fn day() -> NaiveDate {
        DAY.parse().unwrap()
    }

    fn bars(from: &str, count: i64, length: i64) -> Vec<i64> {
        let first = time::parse(&format!("{DAY}T{from}")).unwrap();
        (0..count)
            .map(|at| first + at * length * 60_000_000_000)
            .collect()
    }

    /// What is provisional of two days, asked at a moment: minutes up to a clock of UTC are held, and listed with one more if
    /// `misses` says so.
    fn found(
        held_to: &str,
        misses: bool,
        daily: Option<bool>,
        when: (&str, &str),
        bars: (Interval, &[i64]),
    ) -> Vec<String> {
        found_without(None, (held_to, misses, daily), when, bars)
    }

    /// As `found`, where one of the minutes, by the clock of UTC, is not held.
    fn found_without(
        hole: Option<&str>,
        (held_to, misses, daily): (&str, bool, Option<bool>),
        (asked, now): (&str, &str),
        (interval, bars): (Interval, &[i64]),
    ) -> Vec<String> {
        let hole = hole.map(|clock| format!("{DAY}T{clock}:00").parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let places = Places::of(Path::new(folder.path()), false);
        let venue = "de:xetra".parse().unwrap();
        let mut marks = Marks::of(&places, &venue);
        let first = day().and_hms_opt(7, 0, 0).unwrap();
        let last = format!("{DAY}T{held_to}:00").parse().unwrap();
        let change = |marks: &mut crate::feeds::DayMarks| {
            let mut minute = first;
            while minute < last {
                if hole != Some(minute) {
                    marks.held.minutes.insert(minute, HeldMinute::default());
                }
                marks.listed.insert(minute);
                minute += TimeDelta::minutes(1);
            }
            if misses {
                marks.listed.insert(minute);
            }
            marks.held.daily = daily.map(|seen| HeldDaily {
                minutes: BTreeMap::from([(first, 1)]),
                witnesses: BTreeMap::from([(first, Some(seen))]),
            });
            let of_first = marks.held.minutes.entry(first).or_default();
            of_first.within = 1;
        };
        marks.change(&OsFs, day(), change).unwrap();
        let calendar = Calendar::of("XETR").unwrap();
        let at = |text: &str| text.parse().unwrap();
        let mut unsettled = Unsettled::of(marks, &calendar, Some(at(asked)), at(now));
        let stamps = unsettled.provisional(&OsFs, interval, bars.iter().copied());
        let stamps = stamps.unwrap().into_iter();
        stamps
            .map(|stamp| time::naive(stamp).format("%dT%H:%M").to_string())
            .collect()
    }

    #[test]
    fn of_a_day_under_way_the_bars_whose_trades_are_not_all_held_are_provisional() {
        let noon = ("2026-09-17T10:16:00Z", "2026-09-17T10:16:00Z");
        let five = bars("11:50", 4, 5);

        // Held to 10:03 UTC, which is 12:03 in Frankfurt.
        let of_five = found("10:03", false, None, noon, (Interval::M5, &five));
        assert_eq!(of_five, ["17T12:00", "17T12:05"]);
        let to_border = found("10:05", true, None, noon, (Interval::M5, &five));
        assert_eq!(to_border, ["17T12:05"]);
        let of_day = found(
            "10:03",
            false,
            None,
            noon,
            (Interval::D1, &bars("00:00", 1, 1)[..]),
        );
        assert_eq!(of_day, ["17T00:00"]);
    }

    #[test]
    fn a_bar_of_a_minute_that_is_missing_among_others_is_provisional() {
        let noon = ("2026-09-17T10:16:00Z", "2026-09-17T10:16:00Z");
        let bars = bars("11:45", 4, 5);
        let missing = |clock| {
            let held = ("10:05", false, None);
            found_without(Some(clock), held, noon, (Interval::M5, &bars[..3]))
        };

        assert_eq!(missing("09:49"), ["17T11:45"]);
        assert_eq!(missing("09:50"), ["17T11:50"]);
        assert_eq!(missing("08:00"), [""; 0]);
    }

    #[test]
    fn a_day_is_settled_by_its_file_by_all_its_minutes_or_when_it_is_forgotten() {
        let whole: &[i64] = &bars("00:00", 1, 1);
        let evening = ("2026-09-17T19:00:00Z", "2026-09-17T19:00:00Z");
        let morning = ("2026-09-18T06:00:00Z", "2026-09-18T06:00:00Z");
        let late = ("2026-09-17T19:00:00Z", "2026-09-18T22:00:00Z");
        let found = |misses, daily, when| {
            !found("16:00", misses, daily, when, (Interval::D1, whole)).is_empty()
        };

        // More minutes may come in the evening, and one is missing in the morning.
        assert!(found(false, None, evening));
        assert!(!found(false, None, morning));
        assert!(found(true, None, morning));
        assert!(!found(true, Some(true), morning));
        assert!(found(true, Some(false), morning));
        // Nothing comes any more.
        assert!(!found(true, None, late));
        // The feed was not asked since.
        let unasked = ("2026-09-17T19:00:00Z", "2026-09-18T06:00:00Z");
        assert!(found(false, None, unasked));
    }

    #[test]
    fn a_week_is_provisional_until_its_last_day_is_settled() {
        let monday = [time::parse("2026-09-14").unwrap()];
        let at = |now| {
            found(
                "16:00",
                false,
                Some(true),
                (now, now),
                (Interval::Wk1, &monday),
            )
        };

        assert_eq!(at("2026-09-18T06:00:00Z"), ["14T00:00"]);
        assert_eq!(at("2026-09-21T22:00:00Z"), [""; 0]);
    }

    #[test]
    fn days_without_marks_are_forgotten_before_they_are_asked_about() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::of(folder.path(), false);
        let marks = Marks::of(&places, &"de:xetra".parse().unwrap());
        let calendar = Calendar::of("XETR").unwrap();
        let now = "2026-09-18T06:00:00Z".parse().unwrap();
        let mut unsettled = Unsettled::of(marks, &calendar, None, now);
        let bars = ["2026-09-15", "2026-09-16", "2026-09-17"].map(|day| time::parse(day).unwrap());

        let stamps = unsettled.provisional(&OsFs, Interval::D1, bars.into_iter());

        assert_eq!(stamps.unwrap(), [bars[2]]);
    }
}
