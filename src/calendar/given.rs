//! A calendar from a CSV that a user hands in: one line for each session.
//!
//! The header names the columns: `session` is the day; `open_utc` and `close_utc` are instants such as `2024-11-29T14:30Z`, or
//! `open` and `close` times of day on the clock of the exchange; `break_start` and `break_end`, with or without `_utc`, are the
//! bounds of a break. Without hours a session lasts for the whole day. Other columns are passed over. Every day between the
//! first and the last session that has no line is without one.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;
use csv::{ReaderBuilder, StringRecord, Trim};
use thiserror::Error;

use super::known::Calendar;
use super::session::Session;

/// Why a CSV is no calendar.
#[derive(Debug, Error)]
pub enum GivenError {
    /// The text is no CSV.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// The header has no column for the day of a session.
    #[error("no column `session`")]
    NoDay,
    /// A line is not understood.
    #[error("line {line}: {reason}")]
    Line {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no session at all.
    #[error("no session")]
    Empty,
}

/// Where the columns stand.
struct Columns {
    day: usize,
    open: Option<Moment>,
    close: Option<Moment>,
    pause: Option<(Moment, Moment)>,
}

/// A column that tells a time of day, on the clock of the exchange or as an instant.
#[derive(Clone, Copy)]
struct Moment {
    place: usize,
    is_utc: bool,
}

/// Reads the calendar of an exchange in a zone.
pub fn of_csv(text: &str, zone: Tz) -> Result<Calendar, GivenError> {
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let columns = columns(reader.headers()?)?;
    let mut sessions: BTreeMap<NaiveDate, Session> = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        let session = columns.session(&record, zone);
        let refused = |reason| GivenError::Line {
            line: record.position().map_or(0, csv::Position::line),
            reason,
        };
        let session = session.map_err(refused)?;
        if sessions.insert(session.day, session).is_some() {
            return Err(refused(format!("{} is there twice", session.day)));
        }
    }
    Calendar::of_sessions(zone.name(), sessions.into_values()).ok_or(GivenError::Empty)
}

fn columns(header: &StringRecord) -> Result<Columns, GivenError> {
    let place = |name: &str| {
        let mut names = header.iter();
        names.position(|column| column.eq_ignore_ascii_case(name))
    };
    let moment = |name: &str| {
        let utc = place(&format!("{name}_utc")).map(|place| (place, true));
        let (place, is_utc) = utc.or_else(|| place(name).map(|place| (place, false)))?;
        Some(Moment { place, is_utc })
    };
    let pause = (moment("break_start"), moment("break_end"));
    if pause.0.is_some() != pause.1.is_some() {
        let reason = "a break needs both `break_start` and `break_end`".to_owned();
        return Err(GivenError::Line { line: 1, reason });
    }
    Ok(Columns {
        day: place("session").ok_or(GivenError::NoDay)?,
        open: moment("open"),
        close: moment("close"),
        pause: pause.0.zip(pause.1),
    })
}

impl Columns {
    fn session(&self, record: &StringRecord, zone: Tz) -> Result<Session, String> {
        let text = record.get(self.day).unwrap_or_default();
        let day: NaiveDate = text.parse().map_err(|_| format!("`{text}` is no day"))?;
        let midnight = day.and_time(NaiveTime::MIN);
        let wall = |moment: Moment| moment.read(record, day, zone);
        let at = |moment: Option<Moment>, otherwise| -> Result<NaiveDateTime, String> {
            match moment {
                Some(moment) => Ok(wall(moment)?.unwrap_or(otherwise)),
                None => Ok(otherwise),
            }
        };
        let open = at(self.open, midnight)?;
        let close = at(self.close, midnight + TimeDelta::days(1))?;
        let pause = match self.pause {
            Some((from, to)) => wall(from)?.zip(wall(to)?),
            None => None,
        };
        let is_in_order = match pause {
            None => open < close,
            Some((from, to)) => open < from && from < to && to < close,
        };
        if !is_in_order {
            return Err("the session does not open before it closes".to_owned());
        }
        // In another zone than the file was made for, hours lie on another day.
        if open.date() < day.pred_opt().unwrap_or(day)
            || open.date() > day
            || close > open + TimeDelta::days(1)
        {
            return Err(format!("{open} to {close} are no hours of {day}"));
        }
        Ok(Session {
            day,
            open,
            close,
            pause,
        })
    }
}

impl Moment {
    /// Reads the wall clock; `None` where the field is empty.
    fn read(
        self,
        record: &StringRecord,
        day: NaiveDate,
        zone: Tz,
    ) -> Result<Option<NaiveDateTime>, String> {
        let text = record.get(self.place).unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        let wall = if self.is_utc {
            instant(text).map(|instant| instant.with_timezone(&zone).naive_local())
        } else {
            time(text).map(|time| day.and_time(time))
        };
        wall.map(Some).ok_or_else(|| {
            if self.is_utc {
                format!("`{text}` is no instant such as 2024-11-29T14:30Z")
            } else {
                format!("`{text}` is no time of day such as 09:30")
            }
        })
    }
}

fn instant(text: &str) -> Option<DateTime<chrono::Utc>> {
    let naive = ["%Y-%m-%dT%H:%MZ", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    match naive {
        Some(naive) => Some(naive.and_utc()),
        None => text.parse().ok(),
    }
}

fn time(text: &str) -> Option<NaiveTime> {
    let forms = ["%H:%M", "%H:%M:%S"];
    let mut times = forms
        .iter()
        .map(|form| NaiveTime::parse_from_str(text, form));
    times.find_map(Result::ok)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn instants_become_the_clock_of_the_exchange() {
        let text = "session,open_utc,close_utc,early_close\n\
                    2024-10-25,2024-10-25T07:00Z,2024-10-25T15:30Z,0\n\
                    2024-10-28,2024-10-28T08:00:00Z,2024-10-28T16:30:00+00:00,0\n";

        let calendar = of_csv(text, Tz::Europe__Stockholm).unwrap();

        let clock = |on| calendar.session(day(on)).unwrap().open.to_string();
        assert_eq!(clock("2024-10-25"), "2024-10-25 09:00:00");
        assert_eq!(clock("2024-10-28"), "2024-10-28 09:00:00");
        assert_eq!(calendar.session(day("2024-10-26")), None);
        assert_eq!(
            calendar.known(),
            Some((day("2024-10-25"), day("2024-10-28")))
        );
    }

    #[test]
    fn times_of_day_breaks_and_whole_days_are_understood() {
        let text = "Session, Open, Close, Break_Start, Break_End\n\
                    2024-10-25, 09:00, 15:30, 11:30, 12:30\n\
                    2024-10-28, 09:00, 15:30, , \n";
        let hours = of_csv(text, Tz::Asia__Tokyo).unwrap();
        let days = of_csv("session\n2024-10-25\n", Tz::Asia__Tokyo).unwrap();

        let pause = hours.session(day("2024-10-25")).unwrap().pause.unwrap();
        assert_eq!(pause.1.to_string(), "2024-10-25 12:30:00");
        assert_eq!(hours.session(day("2024-10-28")).unwrap().pause, None);
        let whole = days.session(day("2024-10-25")).unwrap();
        assert_eq!(whole.close.to_string(), "2024-10-26 00:00:00");
    }

    #[rstest]
    #[case("", "no column `session`")]
    #[case("day\n2024-10-25\n", "no column `session`")]
    #[case("session\n", "no session")]
    #[case("session\n25.10.2024\n", "line 2: `25.10.2024` is no day")]
    #[case(
        "session,open\n2024-10-25,nine\n",
        "line 2: `nine` is no time of day such as 09:30"
    )]
    #[case(
        "session,open_utc\n2024-10-25,09:00\n",
        "line 2: `09:00` is no instant such as 2024-11-29T14:30Z"
    )]
    #[case(
        "session,open,close\n2024-10-25,17:00,09:00\n",
        "line 2: the session does not open before it closes"
    )]
    #[case(
        "session,break_start\n2024-10-25,11:30\n",
        "line 1: a break needs both `break_start` and `break_end`"
    )]
    #[case(
        "session\n2024-10-25\n2024-10-28\n2024-10-25\n",
        "line 4: 2024-10-25 is there twice"
    )]
    #[case(
        "session,open_utc,close_utc\n2024-12-23,2024-12-25T00:00Z,2024-12-25T06:00Z\n",
        "line 2: 2024-12-25 09:00:00 to 2024-12-25 15:00:00 are no hours of 2024-12-23"
    )]
    #[case(
        "session,open_utc,close_utc\n2024-12-23,2024-12-23T00:00Z,2024-12-29T06:00Z\n",
        "line 2: 2024-12-23 09:00:00 to 2024-12-29 15:00:00 are no hours of 2024-12-23"
    )]
    fn what_is_no_calendar_is_named_with_its_line(#[case] text: &str, #[case] expected: &str) {
        let error = of_csv(text, Tz::Asia__Tokyo).unwrap_err();

        assert_eq!(error.to_string(), expected);
    }
}
