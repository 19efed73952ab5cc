//! When a feed was asked, and when the files of its days came: by which the next run is foreseen, and what it will find.
//!
//! Promises: pure. What is not known is foreseen late: a run that comes sooner than foreseen loses nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::calendar::Calendar;

/// Runs are remembered for so long: as long as the week before the last one, and a day.
const REMEMBERED: TimeDelta = TimeDelta::days(15);
/// Of runs that come sooner one after the other, the first is remembered; a run of cron is late by less than that.
const APART: TimeDelta = TimeDelta::minutes(30);
/// Before any habit shows, the next run comes after so long.
const UNKNOWN_GAP: TimeDelta = TimeDelta::days(1);
const SHORTEST_GAP: TimeDelta = TimeDelta::hours(1);
/// Runs of the first day are a habit from so many on that span so much.
const FEWEST_RUNS: usize = 3;
const SHORTEST_SPAN: TimeDelta = TimeDelta::hours(6);
/// The file of a day is relied on if those of so many sessions before it came and were whole.
const RELIABLE: usize = 3;
/// As far back as so many sessions can lie.
const MOST_DAYS: usize = 12;

/// What is remembered of how a feed was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// When, oldest first, the runs before this one.
    pub asked: Vec<DateTime<Utc>>,
    /// The files of days that came, by day, UTC.
    pub dailies: BTreeMap<NaiveDate, DailySeen>,
    /// How many days the feed said that it keeps.
    pub days_kept: Option<u32>,
}

/// The file of a day that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailySeen {
    /// When it was listed first.
    pub at: DateTime<Utc>,
    /// Whether it has the trades of its minutes; `None` while nobody has judged it.
    pub is_whole: Option<bool>,
}

impl Habits {
    /// Returns when the feed was asked by the run before this one.
    pub fn asked_before(&self) -> Option<DateTime<Utc>> {
        self.asked.last().copied()
    }

    /// Remembers that the feed was asked.
    pub fn note_asked(&mut self, now: DateTime<Utc>) {
        // What a clock that was set back makes of the future is no habit.
        self.asked
            .retain(|at| *at <= now && now - *at <= REMEMBERED);
        // The newest one is kept whatever it is, and takes the place of one that was too near to the one before.
        if let [.., before, last] = self.asked.as_slice()
            && *last - *before < APART
        {
            self.asked.pop();
        }
        self.asked.push(now);
        self.dailies
            .retain(|_, seen| seen.at <= now && now - seen.at <= REMEMBERED);
    }

    /// Remembers that the file of a day is listed.
    pub fn note_listed(&mut self, day: NaiveDate, now: DateTime<Utc>) {
        self.dailies.entry(day).or_insert(DailySeen {
            at: now,
            is_whole: None,
        });
    }

    /// Remembers whether the file of a day has what its minutes have.
    pub fn note_judged(&mut self, day: NaiveDate, is_whole: bool) {
        if let Some(seen) = self.dailies.get_mut(&day) {
            seen.is_whole = Some(is_whole);
        }
    }

    /// Returns by when the next run is foreseen: after the longest pause that followed at this moment of the two weeks before;
    /// in the first week, of the day before; on the first day, after the longest pause that there was. A pause that nothing
    /// is known of is a day.
    pub fn next_run(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let after = |days: i64| self.pause_at(now - TimeDelta::days(days) + APART, now);
        let weekly = after(7).into_iter().chain(after(14)).max();
        let gap = weekly
            .or_else(|| after(1))
            .or_else(|| self.longest_pause(now))
            .unwrap_or(UNKNOWN_GAP);
        now + gap.max(SHORTEST_GAP)
    }

    /// Returns how long the pause between two runs was that a moment lies in.
    fn pause_at(&self, moment: DateTime<Utc>, now: DateTime<Utc>) -> Option<TimeDelta> {
        let runs = self.asked.iter().copied().chain([now]);
        let before = runs.clone().take_while(|at| *at <= moment).last()?;
        let after = runs.skip_while(|at| *at <= moment).min()?;
        Some(after - before)
    }

    fn longest_pause(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let first = *self.asked.first()?;
        let is_habit = self.asked.len() + 1 >= FEWEST_RUNS && now - first >= SHORTEST_SPAN;
        let after = self.asked.iter().skip(1).copied().chain([now]);
        let pauses = self.asked.iter().zip(after);
        let longest = pauses.map(|(before, after)| after - *before).max();
        longest.filter(|_| is_habit)
    }

    /// Returns by when the file of a day is there: as late as those of the three sessions before it came, which were whole
    /// all; `None` where one of them did not come, was not whole, or is not known. Of three the one in the middle counts: after
    /// a weekend without runs nobody knows when that of Friday came.
    pub fn daily_by(&self, day: NaiveDate, calendar: &Calendar) -> Option<DateTime<Utc>> {
        let back = std::iter::successors(day.pred_opt(), NaiveDate::pred_opt);
        let sessions = back.take(MOST_DAYS);
        let sessions: Vec<NaiveDate> = sessions
            .filter(|day| calendar.session(*day).is_some())
            .take(RELIABLE)
            .collect();
        let late = sessions.iter().map(|day| {
            let seen = self.dailies.get(day)?;
            (seen.is_whole == Some(true)).then(|| seen.at - end_of(*day))
        });
        let late: Option<Vec<TimeDelta>> = late.collect();
        let mut late = late.filter(|late| late.len() == RELIABLE)?;
        late.sort_unstable();
        Some(end_of(day) + *late.get(RELIABLE / 2)?)
    }
}

/// Returns the end of a day, UTC.
fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let end = day.succ_opt().unwrap_or(day);
    end.and_time(NaiveTime::MIN).and_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64, minutes: i64) -> DateTime<Utc> {
        // A Monday.
        let first: DateTime<Utc> = "2026-09-07T00:00:00Z".parse().unwrap();
        first + TimeDelta::days(day) + TimeDelta::minutes(minutes)
    }

    /// Asked at moments of days, and then asks when the next run comes.
    fn next(runs: impl Iterator<Item = DateTime<Utc>>, now: DateTime<Utc>) -> TimeDelta {
        let mut habits = Habits::default();
        runs.filter(|run| *run < now)
            .for_each(|run| habits.note_asked(run));
        habits.next_run(now) - now
    }

    #[test]
    fn a_daily_run_comes_after_a_day_whenever_it_is_and_however_long_it_has_been_so() {
        for minutes in (0..24 * 60).step_by(5) {
            for days in 0..20 {
                let runs = (0..days).map(|day| at(day, minutes + day % 3));

                let found = next(runs, at(days, minutes));

                let off = (found - TimeDelta::days(1)).abs();
                assert!(off <= TimeDelta::minutes(3), "{found} on day {days}");
            }
        }
    }

    #[test]
    fn runs_of_weekdays_rest_on_weekends_and_a_weekly_one_comes_after_a_week() {
        let weekdays = || (0..19).filter(|day| day % 7 < 5).map(|day| at(day, 1290));
        assert_eq!(next(weekdays(), at(16, 1290)), TimeDelta::days(1));
        assert_eq!(next(weekdays(), at(18, 1290)), TimeDelta::days(3), "Friday");
        assert_eq!(next(weekdays(), at(14, 1290)), TimeDelta::days(1), "Monday");

        let weekly = || (0..3).map(|week| at(7 * week, 600));
        assert_eq!(next(weekly(), at(14, 600)), TimeDelta::days(7));
    }

    #[test]
    fn runs_of_every_hour_come_after_an_hour_and_one_by_hand_changes_no_habit() {
        let hourly = |hours: i64| (0..hours).map(|hour| at(0, 60 * hour));
        assert_eq!(next(hourly(20), at(0, 60 * 20)), TimeDelta::hours(1));
        assert_eq!(next(hourly(200), at(0, 60 * 200)), TimeDelta::hours(1));
        // Nobody knows after two runs.
        assert_eq!(next(hourly(2), at(0, 120)), TimeDelta::days(1));

        let mut runs: Vec<_> = (0..12).map(|day| at(day, 1290)).collect();
        runs.push(at(12, 1250));
        let by_hand = next(runs.into_iter(), at(12, 1290));
        assert_eq!(by_hand, TimeDelta::days(1));
    }

    #[test]
    fn runs_that_come_often_are_remembered_half_an_hour_apart_for_two_weeks() {
        let mut habits = Habits::default();
        for minute in 0..30 * 24 * 60 {
            habits.note_asked(at(0, minute));
        }

        assert!(habits.asked.len() <= 15 * 48 + 2, "{}", habits.asked.len());
        assert_eq!(habits.asked_before(), Some(at(30, -1)));
        assert_eq!(habits.next_run(at(30, 0)), at(30, 60));
    }

    #[test]
    fn the_file_of_a_day_is_relied_on_after_three_that_came_whole() {
        let calendar = Calendar::of("XETR").unwrap();
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let mut habits = Habits::default();
        // Thursday, Friday and Monday.
        for (of, seen) in [
            ("2026-09-10", at(4, 300)),
            ("2026-09-11", at(5, 310)),
            ("2026-09-14", at(8, 320)),
        ] {
            assert_eq!(habits.daily_by(day("2026-09-15"), &calendar), None);
            habits.note_listed(day(of), seen);
            habits.note_listed(day(of), seen + TimeDelta::hours(1));
            assert_eq!(habits.daily_by(day("2026-09-15"), &calendar), None);
            habits.note_judged(day(of), true);
        }

        let tuesday = habits.daily_by(day("2026-09-15"), &calendar);
        assert_eq!(tuesday, Some(at(9, 310)));
        habits.note_judged(day("2026-09-11"), false);
        assert_eq!(habits.daily_by(day("2026-09-15"), &calendar), None);
    }
}
