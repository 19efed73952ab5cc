//! Cuts sessions into the periods of an interval.
//!
//! Promises: periods are in order, each is stamped with its start, and none is returned that has not ended.
//! Weeks begin on Monday, months and quarters on the first; `5d` counts five sessions from the first day.

use std::ops::Range;

use chrono::NaiveDate;

use crate::calendar::Session;
use crate::model::{Interval, time};
use crate::source::Window;

/// One bar's place: which sessions it covers, or which minutes of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Period {
    /// Start of the bar on the wall clock.
    pub(super) stamp: i64,
    /// The sessions, by position.
    pub(super) sessions: Range<usize>,
    /// The minutes within the one session; `None` for daily and wider.
    pub(super) minutes: Option<Range<usize>>,
}

const MINUTE: i64 = 60_000_000_000;

/// Returns the periods inside the window that ended at or before `now`.
pub(super) fn ended(
    interval: Interval,
    sessions: &[Session],
    now: i64,
    window: Window,
) -> Vec<Period> {
    let mut periods = match interval.minutes() {
        Some(minutes) => intraday(minutes, sessions, now, window.from),
        None => wide(interval, sessions, now),
    };
    periods.retain(|period| window.contains(period.stamp));
    periods
}

/// Returns the start of the newest period that ended at or before `now`.
pub(super) fn newest(interval: Interval, sessions: &[Session], now: i64) -> Option<i64> {
    let periods = match interval.minutes() {
        Some(minutes) => {
            // The session at hand may have no whole bar yet; the one before has.
            let begun = sessions.partition_point(|session| opens(session) < now);
            let from = begun
                .checked_sub(2)
                .and_then(|at| sessions.get(at))
                .map(opens);
            intraday(minutes, sessions, now, from)
        }
        None => wide(interval, sessions, now),
    };
    periods.last().map(|period| period.stamp)
}

fn opens(session: &Session) -> i64 {
    time::nanos(session.open).unwrap_or(i64::MAX)
}

fn intraday(minutes: u32, sessions: &[Session], now: i64, from: Option<i64>) -> Vec<Period> {
    let length = usize::try_from(minutes).unwrap_or(1);
    let is_before = |session: &Session| {
        from.is_some_and(|from| time::nanos(session.close).is_none_or(|close| close <= from))
    };
    let mut periods = Vec::new();
    for (at, session) in sessions
        .iter()
        .enumerate()
        .skip(sessions.partition_point(is_before))
    {
        let open = opens(session);
        if open >= now {
            break;
        }
        let count = session_minutes(session);
        for start in (0..count).step_by(length) {
            let end = count.min(start + length);
            if open + minutes_long(end) <= now {
                periods.push(Period {
                    stamp: open + minutes_long(start),
                    sessions: at..at + 1,
                    minutes: Some(start..end),
                });
            }
        }
    }
    periods
}

/// Returns how many minutes a session has.
pub(super) fn session_minutes(session: &Session) -> usize {
    usize::try_from((session.close - session.open).num_minutes()).unwrap_or(0)
}

fn minutes_long(count: usize) -> i64 {
    i64::try_from(count).map_or(i64::MAX, |count| count * MINUTE)
}

fn wide(interval: Interval, sessions: &[Session], now: i64) -> Vec<Period> {
    let mut periods: Vec<Period> = Vec::new();
    let mut start = 0;
    while let Some(first) = sessions.get(start) {
        let begins = begins(interval, first.day);
        let more = sessions.iter().skip(start);
        let count = match interval {
            Interval::D1 => 1,
            Interval::D5 => 5,
            _ => more
                .take_while(|session| self::begins(interval, session.day) == begins)
                .count(),
        };
        let end = start + count;
        let ends = end
            .checked_sub(1)
            .and_then(|last| sessions.get(last))
            .and_then(|session| time::nanos(session.close));
        match (ends, time::midnight(begins)) {
            (Some(ends), Some(stamp)) if ends <= now => periods.push(Period {
                stamp,
                sessions: start..end,
                minutes: None,
            }),
            _ => break,
        }
        start = end;
    }
    periods
}

/// Returns the first day of the week, month or quarter that holds a day; for other intervals the day itself.
fn begins(interval: Interval, day: NaiveDate) -> NaiveDate {
    match interval {
        // Its bars have five sessions, and begin with the first of them.
        Interval::D5 => day,
        _ => interval.period(day).map_or(day, |period| period.start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Calendar;

    fn stamps(interval: Interval, now: &str) -> Vec<String> {
        let days = ["2024-01-02", "2024-12-31"].map(|text| text.parse().unwrap());
        let sessions: Vec<Session> = Calendar::new_york().sessions(days[0], days[1]).collect();
        ended(
            interval,
            &sessions,
            time::parse(now).unwrap(),
            Window::default(),
        )
        .iter()
        .map(|period| time::naive(period.stamp).to_string())
        .collect()
    }

    #[test]
    fn periods_are_stamped_with_their_first_day() {
        assert_eq!(
            stamps(Interval::Mo3, "2024-10-01"),
            [
                "2024-01-01 00:00:00",
                "2024-04-01 00:00:00",
                "2024-07-01 00:00:00"
            ]
        );
        assert_eq!(stamps(Interval::Mo1, "2024-02-01"), ["2024-01-01 00:00:00"]);
        assert_eq!(
            stamps(Interval::Wk1, "2024-01-20"),
            [
                "2024-01-01 00:00:00",
                "2024-01-08 00:00:00",
                "2024-01-15 00:00:00"
            ]
        );
        assert_eq!(
            stamps(Interval::D5, "2024-01-17"),
            ["2024-01-02 00:00:00", "2024-01-09 00:00:00"]
        );
    }

    #[test]
    fn the_last_bar_of_a_session_may_be_short() {
        assert_eq!(
            stamps(Interval::M90, "2024-01-03")[..],
            [
                "2024-01-02 09:30:00",
                "2024-01-02 11:00:00",
                "2024-01-02 12:30:00",
                "2024-01-02 14:00:00",
                "2024-01-02 15:30:00"
            ]
        );
    }
}
