//! From what a cell says to the stamp that is stored: start of the bar, on the wall clock of the exchange.
//!
//! Promises: every row is converted by its own date, so that the weeks in which one country has changed its
//! clocks and the other has not come out right. Daily and wider bars keep their day and lose the time.
//! Leaves to others: reading the cell (`stamp`).

use chrono::{DateTime, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::family::Family;
use super::spec::{FilesSpec, Stamp};
use super::stamp::Moment;
use super::zone;
use crate::calendar::utc_of;
use crate::model::{Interval, time};

/// What a moment is on the stored clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BarStart {
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
    pub(super) fn read(self, moment: Moment) -> Result<BarStart, String> {
        let shown = self.shown(moment)?;
        let outside = || format!("{} lies outside the years 1677 to 2262", shown.wall);
        let start = self.start(shown).ok_or_else(outside)?;
        match (time::nanos(shown.wall), time::nanos(start.wall)) {
            (Some(wall), Some(nanos)) => Ok(BarStart {
                wall,
                start: nanos,
                is_repeated: start.is_repeated(),
            }),
            _ => Err(outside()),
        }
    }

    /// Returns what a moment is on the stored wall clock, before the bar's start is found.
    fn shown(self, moment: Moment) -> Result<Shown, String> {
        let is_intraday = self.interval.is_intraday();
        match moment {
            Moment::Day(_) if is_intraday => Err(format!(
                "its rows have no time of day, and its interval is {}",
                self.interval
            )),
            Moment::Day(day) => Ok(Shown::of(day.into())),
            Moment::Wall(wall) if !is_intraday => Ok(Shown::of(wall)),
            Moment::Wall(wall) => match self.file.or(self.stored) {
                Some(zone) => self.on_stored_clock(instant(wall, zone)?),
                None => Ok(Shown::of(wall)),
            },
            // No exchange west of Greenwich begins a day then: who writes days as instants means the day of UTC.
            Moment::Instant(instant) if !is_intraday && instant.time() == NaiveTime::MIN => {
                Ok(Shown::of(instant.naive_utc()))
            }
            Moment::Instant(instant) => self.on_stored_clock(instant),
        }
    }

    /// Returns when the bar begins; `None` outside the years that can be stored.
    fn start(self, shown: Shown) -> Option<Shown> {
        let Some(minutes) = self.interval.minutes() else {
            return Some(Shown::of(shown.wall.date().into()));
        };
        if self.stamp == Stamp::Start {
            return Some(shown);
        }
        let start = shown.before(TimeDelta::minutes(i64::from(minutes)))?;
        // The hour in which an exchange opens at half past is a bar of thirty minutes.
        let open = self
            .stored
            .and_then(zone::half_hour_open)
            .map(|open| shown.wall.date().and_time(open))
            .filter(|open| start.wall < *open && *open < shown.wall);
        Some(open.map_or(start, Shown::of))
    }

    fn on_stored_clock(self, instant: DateTime<Utc>) -> Result<Shown, String> {
        match self.stored {
            Some(zone) => Ok(Shown::at(instant, zone)),
            None => Err("its times need a zone to be stored in: set timezone".to_owned()),
        }
    }
}

/// A moment on the stored wall clock.
#[derive(Clone, Copy, Debug)]
struct Shown {
    wall: NaiveDateTime,
    /// The instant, and the zone of the clock; `None` where only what the clock shows is known, or counts.
    instant: Option<(DateTime<Utc>, Tz)>,
}

impl Shown {
    fn of(wall: NaiveDateTime) -> Self {
        Self {
            wall,
            instant: None,
        }
    }

    fn at(instant: DateTime<Utc>, zone: Tz) -> Self {
        Self {
            wall: instant.with_timezone(&zone).naive_local(),
            instant: Some((instant, zone)),
        }
    }

    /// Returns the moment so long before: by what has passed, not by what the clock shows, which may have been changed.
    fn before(self, length: TimeDelta) -> Option<Self> {
        match self.instant {
            Some((instant, zone)) => Some(Self::at(instant.checked_sub_signed(length)?, zone)),
            None => Some(Self::of(self.wall.checked_sub_signed(length)?)),
        }
    }

    /// Tells whether the clock shows the moment for the second time.
    fn is_repeated(self) -> bool {
        self.instant
            .is_some_and(|(instant, zone)| utc_of(self.wall, zone) != instant.naive_utc())
    }
}

/// Returns when a clock showed a reading. In the repeated hour of autumn it is taken for the first time.
fn instant(wall: NaiveDateTime, zone: Tz) -> Result<DateTime<Utc>, String> {
    let instant = utc_of(wall, zone).and_utc();
    if instant.with_timezone(&zone).naive_local() == wall {
        Ok(instant)
    } else {
        Err(format!("{wall} does not exist on the clock of {zone}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(clock: Clock, text: &str) -> String {
        let wall = time::naive(time::parse(text).unwrap());
        let start = clock.read(Moment::Wall(wall)).unwrap().start;
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

        assert!(dump(Interval::M5).read(Moment::Wall(wall)).is_err());
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

    /// Every bar of the nights in which Berlin changes its clocks, as two files have it: one stamps starts, one ends.
    #[test]
    fn a_bar_begins_its_length_before_its_end_in_the_nights_of_a_change_too() {
        let of = |interval, stamp, file_clock| {
            let spec = FilesSpec {
                stamp: Some(stamp),
                file_clock,
                ..FilesSpec::of("x".into())
            };
            let zone = Some(Tz::Europe__Berlin);
            Clock::of(Family::Plain, interval, zone, None, &spec)
        };
        for interval in [Interval::M15, Interval::M30, Interval::H1] {
            let length = TimeDelta::minutes(i64::from(interval.minutes().unwrap()));
            for night in ["2026-03-28T20:00:00Z", "2026-10-24T20:00:00Z"] {
                let mut start: DateTime<Utc> = night.parse().unwrap();
                for _ in 0..40 {
                    let end = start + length;
                    let expected = of(interval, Stamp::Start, None).read(Moment::Instant(start));
                    let by_instant = of(interval, Stamp::End, None).read(Moment::Instant(end));
                    let by_utc =
                        of(interval, Stamp::End, Some(Tz::UTC)).read(Moment::Wall(end.naive_utc()));

                    let begin = |read: Result<BarStart, String>| {
                        let read = read.unwrap();
                        (read.start, read.is_repeated)
                    };
                    let expected = begin(expected);
                    assert_eq!(begin(by_instant), expected, "{interval} {start}");
                    assert_eq!(begin(by_utc), expected, "{interval} {start}");
                    start = end;
                }
            }
        }
    }

    #[test]
    fn an_end_on_the_clock_of_the_exchange_is_counted_back_from_over_a_change() {
        let spec = FilesSpec {
            stamp: Some(Stamp::End),
            ..FilesSpec::of("x".into())
        };
        let zone = Some(Tz::Europe__Berlin);
        let clock = Clock::of(Family::Plain, Interval::H1, zone, None, &spec);

        assert_eq!(stored(clock, "2026-03-29T03:00"), "2026-03-29 01:00:00");
        assert_eq!(stored(clock, "2026-03-29T04:00"), "2026-03-29 03:00:00");
        assert_eq!(stored(clock, "2026-10-25T02:00"), "2026-10-25 01:00:00");
        assert_eq!(stored(clock, "2026-10-25T03:00"), "2026-10-25 02:00:00");
        assert_eq!(stored(clock, "2026-10-25T04:00"), "2026-10-25 03:00:00");
    }

    #[test]
    fn an_instant_without_a_zone_to_store_it_in_is_refused() {
        let spec = FilesSpec::of("x".into());
        let clock = Clock::of(Family::Plain, Interval::M1, None, None, &spec);

        assert!(
            clock
                .read(Moment::Instant(DateTime::UNIX_EPOCH))
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
