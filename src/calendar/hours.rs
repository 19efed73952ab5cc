//! The hours of a session as text: `09:30-16:00`, or `09:00-11:30,12:30-15:30` with a break.

use std::str::FromStr;

use chrono::{NaiveDate, NaiveTime};

use super::session::Session;

/// The hours of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hours {
    pub(super) open: NaiveTime,
    pub(super) close: NaiveTime,
    pub(super) pause: Option<(NaiveTime, NaiveTime)>,
}

impl Hours {
    /// Returns the session of a day with these hours.
    pub(super) fn on(self, day: NaiveDate) -> Session {
        Session {
            day,
            open: day.and_time(self.open),
            close: day.and_time(self.close),
            pause: self
                .pause
                .map(|(from, to)| (day.and_time(from), day.and_time(to))),
        }
    }

    /// Tells whether a session opens before it pauses and closes, and is open after its break.
    fn is_in_order(&self) -> bool {
        match self.pause {
            None => self.open < self.close,
            Some((from, to)) => self.open < from && from < to && to < self.close,
        }
    }
}

impl FromStr for Hours {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let span = |text: &str| {
            let (from, to) = text.split_once('-').ok_or(())?;
            Ok((time(from)?, time(to)?))
        };
        let hours = match text.split_once(',') {
            None => {
                let (open, close) = span(text)?;
                Self {
                    open,
                    close,
                    pause: None,
                }
            }
            Some((before, after)) => {
                let ((open, from), (to, close)) = (span(before)?, span(after)?);
                Self {
                    open,
                    close,
                    pause: Some((from, to)),
                }
            }
        };
        hours.is_in_order().then_some(hours).ok_or(())
    }
}

fn time(text: &str) -> Result<NaiveTime, ()> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| ())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_break_lies_within_the_session() {
        let hours: Hours = "09:00-11:30,12:30-15:30".parse().unwrap();

        let session = hours.on("2024-11-05".parse().unwrap());

        assert_eq!(session.open.to_string(), "2024-11-05 09:00:00");
        let (from, to) = session.pause.unwrap();
        assert_eq!(from.to_string(), "2024-11-05 11:30:00");
        assert_eq!(to.to_string(), "2024-11-05 12:30:00");
        assert_eq!(session.close.to_string(), "2024-11-05 15:30:00");
    }

    #[rstest]
    #[case("")]
    #[case("09:30")]
    #[case("16:00-09:30")]
    #[case("09:30-09:30")]
    #[case("09:00-12:30,11:30-15:30")]
    #[case("09:00-11:30,12:30-12:30")]
    #[case("09:00-11:30,12:30-15:30,16:00-17:00")]
    #[case("25:00-26:00")]
    fn hours_that_are_none_are_refused(#[case] text: &str) {
        assert_eq!(text.parse::<Hours>(), Err(()));
    }
}
