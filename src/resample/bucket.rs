//! Which bar a moment of the wall clock belongs to.
//!
//! Promises: bars of less than a day are counted from the opening of the session, as Yahoo's are, backward too: hours of New
//! York begin at half past, those of Xetra on the hour, and a share has bars of the same spans at every venue of its country. On
//! a day without a known session they are counted from midnight. No bar holds moments of two days unless it is longer than one.

use std::ops::Range;

use crate::calendar::Calendar;
use crate::model::{Interval, time};

const MINUTE: i64 = 60 * 1_000_000_000;

/// The bars of one length, asked for moments that mostly follow one another.
#[derive(Debug)]
pub(super) struct Grid<'c> {
    calendar: &'c Calendar,
    interval: Interval,
    /// The day of the last question, and where its bars are counted from.
    day: Range<i64>,
    origin: i64,
    /// The bar of the last question.
    last: Range<i64>,
}

impl<'c> Grid<'c> {
    pub(super) fn new(calendar: &'c Calendar, interval: Interval) -> Self {
        Self {
            calendar,
            interval,
            day: 0..0,
            origin: 0,
            last: 0..0,
        }
    }

    /// Returns the first moment of the bar, and the first one after it.
    pub(super) fn bar_at(&mut self, moment: i64) -> Range<i64> {
        if !self.last.contains(&moment) {
            self.last = match self.interval.minutes() {
                Some(minutes) => self.within_day(moment, i64::from(minutes) * MINUTE),
                None => self.of_days(moment),
            };
        }
        self.last.clone()
    }

    fn within_day(&mut self, moment: i64, length: i64) -> Range<i64> {
        if !self.day.contains(&moment) {
            let first = moment.div_euclid(time::DAY).saturating_mul(time::DAY);
            self.day = first..first.saturating_add(time::DAY);
            let session = self.calendar.session(time::day(moment));
            let open = session.and_then(|session| time::nanos(session.open));
            self.origin = open.unwrap_or(first);
        }
        let bars = (moment - self.origin).div_euclid(length);
        let start = self.origin + bars * length;
        start.max(self.day.start)..(start + length).min(self.day.end)
    }

    fn of_days(&self, moment: i64) -> Range<i64> {
        let period = self.interval.period(time::day(moment));
        let borders = period
            .and_then(|period| Some(time::midnight(period.start)?..time::midnight(period.end)?));
        // At the end of what timestamps can say, a bar has one moment.
        borders.unwrap_or(moment..moment.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    // Hours of New York begin at half past, and a quarter of an hour is one everywhere.
    #[case(
        "XNYS",
        Interval::H1,
        "2026-06-01T09:30:00",
        "2026-06-01T09:30:00",
        "2026-06-01T10:30:00"
    )]
    #[case(
        "XNYS",
        Interval::H1,
        "2026-06-01T10:29:59",
        "2026-06-01T09:30:00",
        "2026-06-01T10:30:00"
    )]
    #[case(
        "XNYS",
        Interval::H1,
        "2026-06-01T09:29:59",
        "2026-06-01T08:30:00",
        "2026-06-01T09:30:00"
    )]
    #[case(
        "XNYS",
        Interval::H1,
        "2026-06-01T00:10:00",
        "2026-06-01T00:00:00",
        "2026-06-01T00:30:00"
    )]
    #[case(
        "XNYS",
        Interval::M15,
        "2026-06-01T15:59:59",
        "2026-06-01T15:45:00",
        "2026-06-01T16:00:00"
    )]
    #[case(
        "XETR",
        Interval::H1,
        "2026-06-01T17:36:00",
        "2026-06-01T17:00:00",
        "2026-06-01T18:00:00"
    )]
    #[case(
        "XETR",
        Interval::H1,
        "2026-06-01T07:31:00",
        "2026-06-01T07:00:00",
        "2026-06-01T08:00:00"
    )]
    #[case(
        "XETR",
        Interval::M90,
        "2026-06-01T12:00:00",
        "2026-06-01T12:00:00",
        "2026-06-01T13:30:00"
    )]
    #[case(
        "XETR",
        Interval::M5,
        "2026-06-01T17:35:10",
        "2026-06-01T17:35:00",
        "2026-06-01T17:40:00"
    )]
    // A holiday is counted from midnight, and the last bar of a day ends with it.
    #[case(
        "XNYS",
        Interval::H1,
        "2026-07-04T09:40:00",
        "2026-07-04T09:00:00",
        "2026-07-04T10:00:00"
    )]
    #[case(
        "XNYS",
        Interval::H1,
        "2026-06-01T23:40:00",
        "2026-06-01T23:30:00",
        "2026-06-02T00:00:00"
    )]
    #[case(
        "XETR",
        Interval::D1,
        "2026-06-01T17:36:00",
        "2026-06-01T00:00:00",
        "2026-06-02T00:00:00"
    )]
    #[case(
        "XETR",
        Interval::Wk1,
        "2026-06-04T00:00:00",
        "2026-06-01T00:00:00",
        "2026-06-08T00:00:00"
    )]
    fn a_moment_belongs_to_a_bar(
        #[case] exchange: &str,
        #[case] interval: Interval,
        #[case] moment: &str,
        #[case] first: &str,
        #[case] after: &str,
    ) {
        let calendar = Calendar::of(exchange).unwrap();
        let mut grid = Grid::new(&calendar, interval);
        let nanos = |text: &str| time::parse(text).unwrap();

        let bar = grid.bar_at(nanos(moment));

        assert_eq!(bar, nanos(first)..nanos(after));
    }

    #[test]
    fn every_minute_of_a_day_is_in_the_bar_that_a_grid_of_its_own_says() {
        let calendar = Calendar::of("XNYS").unwrap();
        let first = time::parse("2026-06-01").unwrap();
        for interval in [Interval::M2, Interval::M30, Interval::H1, Interval::M90] {
            let mut grid = Grid::new(&calendar, interval);
            let mut before = 0..0;
            for minute in 0..2 * 24 * 60 {
                let moment = first + minute * MINUTE;
                let bar = grid.bar_at(moment);
                assert_eq!(bar, Grid::new(&calendar, interval).bar_at(moment));
                assert!(bar.contains(&moment));
                assert!(bar == before || bar.start >= before.end);
                before = bar;
            }
        }
    }
}
