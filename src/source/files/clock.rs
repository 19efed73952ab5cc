//! From what a cell says to the stamp that is stored: start of the bar, on the wall clock of the exchange.
//!
//! Promises: every row is converted by its own date, so that the weeks in which one country has changed its
//! clocks and the other has not come out right. Daily and wider bars keep their day and lose the time.
//! Leaves to others: reading the cell (`stamp`).

use chrono::{DateTime, LocalResult, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::family::Family;
use super::spec::{FilesSpec, Stamp};
use super::stamp::Moment;
use super::zone;
use crate::model::{Interval, time};

/// What a moment is on the stored clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The moment as it is written, before a daily bar loses its time.
    pub(super) wall: i64,
    /// The stamp of the bar.
    pub(super) start: i64,
    /// Whether the clock showed it for the second time, in the hour that autumn repeats.
    pub(super) is_repeated: bool,
}

/// How the stamps of one file are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    interval: Interval,
    /// The zone of readings without one; `None` when they show the exchange's clock already.
    file: Option<Tz>,
    /// The zone whose wall clock is stored.
    stored: Option<Tz>,
    stamp: Stamp,
}

impl Clock {
    /// Returns the clock of a file of a family; `exchange` is the zone of its exchange, as far as known, and `named` the one
    /// of its readings that the file itself names.
    pub(super) fn of(
        family: Family,
        interval: Interval,
        exchange: Option<Tz>,
        named: Option<Tz>,
        spec: &FilesSpec,
    ) -> Self {
        let stored = match family {
            // Days and weeks are those of UTC, whatever clock their minutes are wanted on.
            Family::Klines if !interval.is_intraday() => Some(Tz::UTC),
            Family::Klines => spec.timezone.or(Some(Tz::UTC)),
            Family::FlatFile => exchange.or(Some(Tz::America__New_York)),
            Family::Databento => exchange.or(Some(Tz::UTC)),
            Family::StooqDump | Family::Plain => exchange.or(named),
        };
        let is_dump = family == Family::StooqDump;
        let usual_stamp = match interval.minutes() {
            Some(60) if is_dump => Stamp::End,
            _ => Stamp::Start,
        };
        Self {
            interval,
            file: spec
                .file_clock
                .or(named)
                .or(is_dump.then_some(Tz::Europe__Warsaw)),
            stored,
            stamp: spec.stamp.unwrap_or(usual_stamp),
        }
    }

    /// Returns the zone whose wall clock is stored; `None` when nobody knows it.
    pub(super) fn stored(self) -> Option<Tz> {
        self.stored
    }

    /// Reads a moment. The error is the reason why it cannot be stored.
    pub(super) fn read(self, moment: Moment) -> Result<Reading, String> {
        let wall = self.wall(moment)?;
        match (time::nanos(wall), self.start(wall)) {
            (Some(wall), Some(start)) => Ok(Reading {
                wall,
                start,
                is_repeated: self.is_repeated(moment),
            }),
            _ => Err(format!("{wall} lies outside the years 1677 to 2262")),
        }
    }

    /// Returns what a moment is on the stored wall clock, before the bar's start is found.
    fn wall(self, moment: Moment) -> Result<NaiveDateTime, String> {
        let is_intraday = self.interval.is_intraday();
        match moment {
            Moment::Day(_) if is_intraday => Err(format!(
                "its rows have no time of day, and its interval is {}",
                self.interval
            )),
            Moment::Day(day) => Ok(day.into()),
            Moment::Wall(wall) if !is_intraday => Ok(wall),
            Moment::Wall(wall) => match (self.file, self.stored) {
                (Some(file), stored) if stored != Some(file) => {
                    self.on_stored_clock(instant(wall, file)?)
                }
                (_, Some(zone)) => instant(wall, zone).map(|_| wall),
                (_, None) => Ok(wall),
            },
            // No exchange west of Greenwich begins a day then: who writes days as instants means the day of UTC.
            Moment::Instant(instant) if !is_intraday && instant.time() == NaiveTime::MIN => {
                Ok(instant.naive_utc())
            }
            Moment::Instant(instant) => self.on_stored_clock(instant),
        }
    }

    fn is_repeated(self, moment: Moment) -> bool {
        let (Moment::Instant(instant), Some(zone)) = (moment, self.stored) else {
            return false;
        };
        let wall = instant.with_timezone(&zone).naive_local();
        let second = zone.from_local_datetime(&wall).latest();
        self.interval.is_intraday()
            && zone.from_local_datetime(&wall).earliest() != second
            && second.is_some_and(|second| second == instant)
    }

    /// Returns the stamp of the bar; `None` outside the years that can be stored.
    fn start(self, wall: NaiveDateTime) -> Option<i64> {
        let Some(minutes) = self.interval.minutes() else {
            return time::midnight(wall.date());
        };
        if self.stamp == Stamp::Start {
            return time::nanos(wall);
        }
        let start = wall.checked_sub_signed(TimeDelta::minutes(i64::from(minutes)))?;
        // The hour in which an exchange opens at half past is a bar of thirty minutes.
        let open = self
            .stored
            .and_then(zone::half_hour_open)
            .map(|open| wall.date().and_time(open))
            .filter(|open| start < *open && *open < wall);
        time::nanos(open.unwrap_or(start))
    }

    fn on_stored_clock(self, instant: DateTime<Utc>) -> Result<NaiveDateTime, String> {
        match self.stored {
            Some(zone) => Ok(instant.with_timezone(&zone).naive_local()),
            None => Err("its times need a zone to be stored in: set timezone".to_owned()),
        }
    }
}

/// Returns when a clock showed a reading. In the repeated hour of autumn it is taken for the first time.
fn instant(wall: NaiveDateTime, zone: Tz) -> Result<DateTime<Utc>, String> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => Ok(moment.to_utc()),
        LocalResult::None => Err(format!("{wall} does not exist on the clock of {zone}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(clock: Clock, text: &str) -> String {
        let wall = time::naive(time::parse(text).unwrap());
        let start = clock
            .start(clock.wall(Moment::Wall(wall)).unwrap())
            .unwrap();
        time::naive(start).to_string()
    }

    fn dump(interval: Interval) -> Clock {
        let spec = FilesSpec::of("x".into());
        Clock::of(
            Family::StooqDump,
            interval,
            Some(Tz::America__New_York),
            None,
            &spec,
        )
    }

    #[test]
    fn five_minute_stamps_are_starts_on_the_clock_of_warsaw() {
        let clock = dump(Interval::M5);

        assert_eq!(stored(clock, "2026-01-26T15:30"), "2026-01-26 09:30:00");
        assert_eq!(stored(clock, "2026-01-26T21:55"), "2026-01-26 15:55:00");
        // New York has changed its clocks on 8 March, Warsaw not before 29 March.
        assert_eq!(stored(clock, "2026-03-09T14:30"), "2026-03-09 09:30:00");
        assert_eq!(stored(clock, "2026-03-30T15:30"), "2026-03-30 09:30:00");
        // In autumn Warsaw is first.
        assert_eq!(stored(clock, "2025-10-27T14:30"), "2025-10-27 09:30:00");
    }

    #[test]
    fn hourly_stamps_are_ends_and_the_first_bar_begins_with_the_session() {
        let clock = dump(Interval::H1);

        assert_eq!(stored(clock, "2024-04-11T16:00"), "2024-04-11 09:30:00");
        assert_eq!(stored(clock, "2024-04-11T17:00"), "2024-04-11 10:00:00");
        assert_eq!(stored(clock, "2024-04-11T22:00"), "2024-04-11 15:00:00");
        assert_eq!(stored(clock, "2024-03-11T15:00"), "2024-03-11 09:30:00");
    }

    #[test]
    fn an_hour_that_no_clock_showed_is_refused() {
        let wall = time::naive(time::parse("2026-03-29T02:30").unwrap());

        assert!(dump(Interval::M5).wall(Moment::Wall(wall)).is_err());
    }

    #[test]
    fn a_reading_that_the_clock_of_the_exchange_never_showed_is_refused() {
        let spec = FilesSpec::of("x".into());
        let of = |interval, text: &str| {
            let zone = Some(Tz::America__New_York);
            let wall = time::naive(time::parse(text).unwrap());
            Clock::of(Family::Plain, interval, zone, None, &spec).read(Moment::Wall(wall))
        };

        let reason = of(Interval::M30, "2026-03-08T02:30").unwrap_err();
        assert!(reason.contains("2026-03-08 02:30:00"), "{reason}");
        assert!(of(Interval::M30, "2026-03-08T01:30").is_ok());
        assert!(of(Interval::M30, "2026-03-08T03:00").is_ok());
        assert!(of(Interval::D1, "2026-03-08T02:30").is_ok());
    }

    #[test]
    fn the_second_time_that_a_clock_shows_an_hour_is_known() {
        let spec = FilesSpec::of("x".into());
        let of = |interval, text: &str| {
            let zone = Some(Tz::America__New_York);
            let clock = Clock::of(Family::Plain, interval, zone, None, &spec);
            let instant = text.parse().unwrap();
            clock.read(Moment::Instant(instant)).unwrap().is_repeated
        };

        for (text, is_repeated) in [
            ("2026-11-01T04:30:00Z", false),
            ("2026-11-01T05:30:00Z", false),
            ("2026-11-01T06:30:00Z", true),
            ("2026-11-01T07:30:00Z", false),
        ] {
            assert_eq!(of(Interval::M30, text), is_repeated, "{text}");
        }
        assert!(!of(Interval::D1, "2026-11-01T06:30:00Z"));
    }

    #[test]
    fn an_instant_without_a_zone_to_store_it_in_is_refused() {
        let spec = FilesSpec::of("x".into());
        let clock = Clock::of(Family::Plain, Interval::M1, None, None, &spec);

        assert!(
            clock
                .wall(Moment::Instant(DateTime::UNIX_EPOCH))
                .unwrap_err()
                .contains("timezone")
        );
    }

    #[test]
    fn a_day_that_is_written_as_an_instant_is_the_day_that_was_meant() {
        let spec = FilesSpec::of("x".into());
        let zone = Some(Tz::America__New_York);
        let clock = Clock::of(Family::Plain, Interval::D1, zone, None, &spec);
        let day = |text: &str| {
            let instant = text.parse().unwrap();
            let start = clock.read(Moment::Instant(instant)).unwrap().start;
            time::naive(start).to_string()
        };

        assert_eq!(day("2024-01-02T00:00:00Z"), "2024-01-02 00:00:00");
        assert_eq!(day("2024-01-02T05:00:00Z"), "2024-01-02 00:00:00");
        assert_eq!(day("2024-07-02T04:00:00Z"), "2024-07-02 00:00:00");
        assert_eq!(day("2024-01-02T21:00:00Z"), "2024-01-02 00:00:00");
    }

    #[test]
    fn the_zone_that_a_file_names_is_that_of_its_readings() {
        let spec = FilesSpec::of("x".into());
        let of = |exchange| {
            let clock = Clock::of(
                Family::Plain,
                Interval::M5,
                exchange,
                Some(Tz::America__New_York),
                &spec,
            );
            stored(clock, "2024-01-02T09:30")
        };

        assert_eq!(of(None), "2024-01-02 09:30:00");
        assert_eq!(of(Some(Tz::Europe__Berlin)), "2024-01-02 15:30:00");
    }

    #[test]
    fn a_daily_bar_keeps_its_day_whatever_the_clocks() {
        assert_eq!(
            stored(dump(Interval::D1), "2024-04-11T00:00"),
            "2024-04-11 00:00:00"
        );
    }
}
