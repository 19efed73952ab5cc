//! Bar intervals, by the names that Yahoo and the predecessor use.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::time;

/// The length of a bar. `60m` and `1h` are two series, as they are two trees on users' disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interval {
    /// One minute.
    M1,
    /// Two minutes.
    M2,
    /// Five minutes.
    M5,
    /// Fifteen minutes.
    M15,
    /// Thirty minutes.
    M30,
    /// Sixty minutes, the series named `60m`.
    M60,
    /// Ninety minutes.
    M90,
    /// One hour, the series named `1h`.
    H1,
    /// One day.
    D1,
    /// Five days.
    D5,
    /// One week.
    Wk1,
    /// One month.
    Mo1,
    /// Three months.
    Mo3,
}

impl Interval {
    /// The Monday from which bars of five days are counted: before any share that Yahoo has.
    pub const FIVE_DAYS_FROM: NaiveDate = match NaiveDate::from_ymd_opt(1962, 1, 1) {
        Some(day) => day,
        None => NaiveDate::MIN,
    };

    /// Every interval, from short to long.
    pub const ALL: [Self; 13] = [
        Self::M1,
        Self::M2,
        Self::M5,
        Self::M15,
        Self::M30,
        Self::M60,
        Self::M90,
        Self::H1,
        Self::D1,
        Self::D5,
        Self::Wk1,
        Self::Mo1,
        Self::Mo3,
    ];

    /// Returns the name used in paths, files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::M1 => "1m",
            Self::M2 => "2m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::M30 => "30m",
            Self::M60 => "60m",
            Self::M90 => "90m",
            Self::H1 => "1h",
            Self::D1 => "1d",
            Self::D5 => "5d",
            Self::Wk1 => "1wk",
            Self::Mo1 => "1mo",
            Self::Mo3 => "3mo",
        }
    }

    /// Returns the length in minutes of an intraday interval, `None` for daily and wider ones.
    pub fn minutes(self) -> Option<u32> {
        match self {
            Self::M1 => Some(1),
            Self::M2 => Some(2),
            Self::M5 => Some(5),
            Self::M15 => Some(15),
            Self::M30 => Some(30),
            Self::M60 | Self::H1 => Some(60),
            Self::M90 => Some(90),
            Self::D1 | Self::D5 | Self::Wk1 | Self::Mo1 | Self::Mo3 => None,
        }
    }

    /// Tells whether bars of this interval carry a time of day.
    pub fn is_intraday(self) -> bool {
        self.minutes().is_some()
    }

    /// Tells whether a bar of this interval holds more than one day.
    pub fn is_wide(self) -> bool {
        matches!(self, Self::D5 | Self::Wk1 | Self::Mo1 | Self::Mo3)
    }

    /// Returns the days of the bar that a day falls into: weeks begin on Monday, months and quarters on the first, and
    /// `5d` is counted from 1962-01-01. `None` for intervals of less than a day, and at the end of the calendar.
    pub fn period(self, day: NaiveDate) -> Option<Range<NaiveDate>> {
        let (first, after) = match self {
            Self::D1 => (day, day.succ_opt()),
            Self::D5 => {
                let since = (day - Self::FIVE_DAYS_FROM).num_days().rem_euclid(5);
                let first = day.checked_sub_days(Days::new(since.unsigned_abs()))?;
                (first, first.checked_add_days(Days::new(5)))
            }
            Self::Wk1 => {
                let first = day.week(Weekday::Mon).checked_first_day()?;
                (first, first.checked_add_days(Days::new(7)))
            }
            Self::Mo1 | Self::Mo3 => {
                let (month, months) = match self {
                    Self::Mo1 => (day.month0(), 1),
                    _ => (day.month0() / 3 * 3, 3),
                };
                let first = NaiveDate::from_ymd_opt(day.year(), month + 1, 1)?;
                (first, first.checked_add_months(Months::new(months)))
            }
            _ => return None,
        };
        Some(first..after?)
    }

    /// Returns the first moment of wall clock after a bar that begins at a moment, in nanoseconds; the last one of all at the end
    /// of the calendar.
    pub fn end_of(self, bar: i64) -> i64 {
        const MINUTE: i64 = 60_000_000_000;
        if let Some(minutes) = self.minutes() {
            return bar.saturating_add(i64::from(minutes) * MINUTE);
        }
        let period = self.period(time::day(bar));
        let end = period.and_then(|period| time::midnight(period.end));
        end.unwrap_or(i64::MAX)
    }

    /// Tells whether bars of this interval fill those of a longer one: quarters fill an hour, and bars of an hour no bars of 90
    /// minutes.
    pub fn fills(self, longer: Self) -> bool {
        match (self.minutes(), longer.minutes()) {
            (Some(minutes), Some(longer)) => minutes < longer && longer % minutes == 0,
            (Some(_), None) => true,
            (None, _) => self == Self::D1 && longer.is_wide(),
        }
    }

    /// Tells whether this interval is stored in monthly partitions unless a source says otherwise.
    ///
    /// Wider intervals have so few rows a month that partitions would be all footer.
    pub fn partitions_by_default(self) -> bool {
        self.has_sessions()
    }

    /// Tells whether bars are so short that each session has some of its own.
    pub fn has_sessions(self) -> bool {
        self.is_intraday() || self == Self::D1
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Interval {
    type Err = UnknownInterval;

    fn from_str(text: &str) -> Result<Self, UnknownInterval> {
        Self::ALL
            .into_iter()
            .find(|i| i.as_str() == text)
            .ok_or_else(|| UnknownInterval(text.to_owned()))
    }
}

/// The text names no interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an interval (1m 2m 5m 15m 30m 60m 90m 1h 1d 5d 1wk 1mo 3mo)")]
pub struct UnknownInterval(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interval_round_trips_through_its_name() {
        for interval in Interval::ALL {
            assert_eq!(interval.as_str().parse(), Ok(interval));
        }
    }

    #[test]
    fn each_day_is_in_one_bar_whose_first_day_is_a_border() {
        let first: NaiveDate = "2023-12-01".parse().unwrap();
        for interval in Interval::ALL {
            for day in first.iter_days().take(800) {
                let Some(period) = interval.period(day) else {
                    assert!(interval.is_intraday());
                    continue;
                };
                let border = match interval {
                    Interval::D5 => (period.start - Interval::FIVE_DAYS_FROM).num_days() % 5 == 0,
                    Interval::Wk1 => period.start.weekday() == Weekday::Mon,
                    Interval::Mo1 => period.start.day() == 1,
                    Interval::Mo3 => period.start.day() == 1 && period.start.month0() % 3 == 0,
                    _ => period.start == day,
                };
                assert!(border && period.contains(&day), "{interval} {day}");
                assert_eq!(interval.period(period.start), Some(period.clone()));
                let next = interval.period(period.end).unwrap();
                assert_eq!(next.start, period.end);
            }
        }
        assert_eq!(Interval::FIVE_DAYS_FROM.to_string(), "1962-01-01");
        assert_eq!(Interval::FIVE_DAYS_FROM.weekday(), Weekday::Mon);
    }

    #[test]
    fn sixty_minutes_and_one_hour_stay_two_series() {
        assert_ne!("60m".parse::<Interval>(), "1h".parse::<Interval>());
    }

    #[test]
    fn bars_fill_longer_ones_that_they_divide() {
        use Interval::{D1, D5, H1, M1, M2, M5, M60, M90, Mo1, Wk1};
        for (from, to) in [
            (M1, M2),
            (M1, H1),
            (M5, M90),
            (H1, D1),
            (M1, Mo1),
            (D1, D5),
            (D1, Wk1),
        ] {
            assert!(from.fills(to), "{from} {to}");
        }
        for (from, to) in [
            (M2, M5),
            (M60, M90),
            (H1, M60),
            (M5, M5),
            (D1, H1),
            (Wk1, Mo1),
            (D1, D1),
        ] {
            assert!(!from.fills(to), "{from} {to}");
        }
    }

    #[test]
    fn minute_to_daily_bars_are_partitioned_and_wider_ones_are_not() {
        let wide: Vec<_> = Interval::ALL
            .into_iter()
            .filter(|i| !i.partitions_by_default())
            .collect();

        assert_eq!(
            wide,
            [Interval::D5, Interval::Wk1, Interval::Mo1, Interval::Mo3]
        );
    }
}
