//! Where wide bars begin and end, and what has to be asked for so that they come whole.
//!
//! Yahoo counts wide bars from the first instant that is asked for, and cuts the bars at both ends of a request: the bar is
//! there, with the figures of the days inside only.
//! Promises: requests of wide bars begin on a border of their series, whatever a job says, and end on one or in the
//! future. Of an answer only bars are kept that hold the days of one period, each at the border of it, and that lie within
//! the request.
//! Leaves to others: which days are in a bar (`Interval::period`).

use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;

use super::join::Dated;
use super::mark::instant;
use super::rows::wall;
use super::wire::Period;
use crate::model::{Interval, time};
use crate::source::Window;

/// At this time of UTC it is one day everywhere, from Honolulu to Auckland.
const ONE_DAY_EVERYWHERE: TimeDelta = TimeDelta::minutes(10 * 60 + 30);
/// Bars of five days are counted from where a request begins: these are days that are Mondays as well.
const FIVES: i64 = 35;

/// The borders of the wide bars of a series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Borders {
    pub(super) interval: Interval,
    /// The zone of the exchange; `None` before the first answer.
    pub(super) zone: Option<Tz>,
}

impl Borders {
    /// Returns the borders of a series; `None` where bars are of a day or less, and a request may begin anywhere.
    pub(super) fn of(interval: Interval, zone: Option<Tz>) -> Option<Self> {
        interval.is_wide().then_some(Self { interval, zone })
    }

    /// Returns the instant at which a request begins that has to bring the bar of a day whole.
    pub(super) fn start(self, day: NaiveDate) -> Option<i64> {
        if self.interval == Interval::D5 {
            // Nobody knows how Yahoo counts across holidays: bars are the same only if it begins at the same day.
            return Some(self.instant(Interval::FIVE_DAYS_FROM));
        }
        let mut first = self.lattice(day)?;
        if self.zone.is_none() {
            // In the east the border is over at an instant that is the right day everywhere.
            first = self.lattice(first.pred_opt()?)?;
        }
        Some(self.instant(first))
    }

    /// Returns the instant at which a request ends that has to bring the bar of a day whole; `None` for now.
    pub(super) fn end(self, day: NaiveDate) -> Option<i64> {
        if self.interval == Interval::D5 {
            return None;
        }
        let instant = self.instant(self.interval.period(day)?.end);
        // In the west the day goes on for longer.
        Some(instant + i64::from(self.zone.is_none()) * 12 * 3600)
    }

    /// Returns the first border that is not before an instant: where the oldest whole bar begins.
    pub(super) fn from(self, earliest: i64) -> Option<i64> {
        let mut border = self.lattice(self.day(earliest)?)?;
        while self.instant(border) < earliest {
            border = self.next(border)?;
        }
        Some(self.instant(border).max(match self.interval {
            Interval::D5 => self.instant(Interval::FIVE_DAYS_FROM),
            _ => i64::MIN,
        }))
    }

    /// Returns the first border after a day.
    pub(super) fn after(self, day: NaiveDate) -> Option<i64> {
        let mut border = self.lattice(day)?;
        while border <= day {
            border = self.next(border)?;
        }
        Some(self.instant(border))
    }

    /// Returns where a request ends that may not go beyond an instant: on a border, and after its start.
    pub(super) fn within(self, page: Period) -> Option<i64> {
        let border = self.lattice(self.day(page.end)?)?;
        let last = self.instant(border);
        if page.start < last && last <= page.end {
            return Some(last);
        }
        // A bar is longer than what a request may span: half a bar would be none.
        self.from(page.start + 1)
    }

    /// Returns the border that an instant stands at, as soon as the zone is known.
    pub(super) fn at(self, border: i64) -> Option<i64> {
        Some(self.instant(self.lattice(self.day(border)?)?))
    }

    /// Returns the window of the bars that hold a day of a window.
    pub(super) fn widened(self, window: Window) -> Window {
        let day = |stamp: i64| self.interval.period(time::day(stamp));
        let from = window.from.and_then(|from| match self.interval {
            // Where its bars begin is known by their own stamps only.
            Interval::D5 => time::midnight(time::day(from) - Days::new(4)),
            _ => time::midnight(day(from)?.start),
        });
        let to = window.to.and_then(|to| match self.interval {
            Interval::D5 => Some(to),
            _ => time::midnight(day(to.saturating_sub(1))?.end),
        });
        Window { from, to }
    }

    /// Keeps the bars of an answer that are whole, each at its border, and returns the days of those of which nobody knows
    /// which days they hold.
    pub(super) fn keep_whole(
        self,
        rows: &mut Vec<Dated>,
        page: Period,
        now: i64,
        traded: Option<i64>,
    ) -> Vec<NaiveDate> {
        if self.interval == Interval::D5 {
            // Nobody knows in which bar the last trade is, and that one holds it soon.
            rows.retain(|dated| {
                !dated.is_lone(traded) && self.instant(dated.wall.date()) >= page.start
            });
            return Vec::new();
        }
        let mut strays = Vec::new();
        let mut at_border = self.at_border(rows, page, traded).into_iter();
        rows.retain_mut(|dated| {
            let day = dated.wall.date();
            let Some(period) = self.interval.period(day) else {
                return false;
            };
            if !at_border.next().unwrap_or(false) {
                // The last trade without its bar is no answer on another grid, and comes within its bar soon.
                strays.extend((!dated.is_lone(traded)).then_some(day));
                return false;
            }
            dated.wall = period.start.and_time(NaiveTime::MIN);
            let is_begun = self.instant(period.start) >= page.start;
            is_begun && (self.instant(period.end) <= page.end || page.end > now)
        });
        strays
    }

    /// Tells of each row whether it is the bar of its period: it stands on the border, or is stamped with another day of it,
    /// as the first trade after a holiday or of all, in an answer that is on the grid of the calendar.
    fn at_border(self, rows: &[Dated], page: Period, traded: Option<i64>) -> Vec<bool> {
        let start = |dated: &Dated| Some(self.interval.period(dated.wall.date())?.start);
        let is_on = |dated: &Dated| start(dated) == Some(dated.wall.date());
        // On any other grid no bar begins on a border, or one by chance.
        let on = rows.iter().filter(|dated| is_on(dated)).count();
        let is_calendar = on * 2 >= rows.len() || self.is_one_bar(page);
        let is_alone = |at: usize, dated: &Dated| {
            let near = [at.checked_sub(1), at.checked_add(1)];
            let mut near = near.into_iter().flatten().filter_map(|at| rows.get(at));
            near.all(|other| start(other) != start(dated))
        };
        let rows = rows.iter().enumerate();
        rows.map(|(at, dated)| {
            is_on(dated) || (is_calendar && !dated.is_lone(traded) && is_alone(at, dated))
        })
        .collect()
    }

    /// Tells whether a request asks for the days of one bar and no others: whatever it is stamped with, it holds these.
    fn is_one_bar(self, page: Period) -> bool {
        let period = self
            .day(page.start)
            .and_then(|day| self.interval.period(day));
        period.is_some_and(|period| {
            self.instant(period.start) == page.start && page.end <= self.instant(period.end)
        })
    }

    /// Returns the request that asks for the bar that begins on a border, and for nothing else.
    pub(super) fn one_bar(self, border: NaiveDate, now: i64) -> Option<Period> {
        let period = self.interval.period(border)?;
        Some(Period {
            start: self.instant(period.start),
            end: self.instant(period.end).min(now + 1),
        })
    }

    /// Returns the newest border at or before a day on which a request may begin: not on a weekend, which may count as the
    /// Monday after it.
    fn lattice(self, day: NaiveDate) -> Option<NaiveDate> {
        if self.interval == Interval::D5 {
            let since = (day - Interval::FIVE_DAYS_FROM).num_days();
            return day.checked_sub_days(Days::new(since.rem_euclid(FIVES).unsigned_abs()));
        }
        let mut border = self.interval.period(day)?.start;
        while is_weekend(border) {
            border = self.interval.period(border.pred_opt()?)?.start;
        }
        Some(border)
    }

    /// Returns the next such day after one.
    fn next(self, border: NaiveDate) -> Option<NaiveDate> {
        if self.interval == Interval::D5 {
            return border.checked_add_days(Days::new(FIVES.unsigned_abs()));
        }
        let mut next = self.interval.period(border)?.end;
        while is_weekend(next) {
            next = self.interval.period(next)?.end;
        }
        Some(next)
    }

    fn day(self, at: i64) -> Option<NaiveDate> {
        wall(at, self.zone.unwrap_or(Tz::UTC)).map(|wall| wall.date())
    }

    fn instant(self, border: NaiveDate) -> i64 {
        let midnight = border.and_time(NaiveTime::MIN);
        match self.zone {
            Some(zone) => instant(midnight, zone),
            None => (midnight + ONE_DAY_EVERYWHERE).and_utc().timestamp(),
        }
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}
