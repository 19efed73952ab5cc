//! What an answer, or that there was none, says of the days of a series.
//!
//! Promises: what is said of a day takes the place of what was known, but no day that was told is ever called lost. Pure.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::series::{Cause, Noted, SeriesGaps};
use crate::calendar::{Calendar, Day};

/// What an answer says of days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Days that were asked for when their sessions were over, as closed spans.
    pub spans: Vec<(NaiveDate, NaiveDate)>,
    /// Those of which there is a row without any price.
    pub null: BTreeSet<NaiveDate>,
    /// Days of which there is a price.
    pub held: BTreeSet<NaiveDate>,
    /// Days that were wanted and that the source keeps no more, both included.
    pub lost: Option<(NaiveDate, NaiveDate)>,
    /// Whether it continues stored rows; if not, nothing is missing before its first day.
    pub is_continued: bool,
}

impl SeriesGaps {
    /// Takes in what an answer says.
    pub fn hear(&mut self, heard: &Heard, calendar: &Calendar, today: NaiveDate) {
        let begin = heard.held.first().filter(|_| !heard.is_continued);
        for (first, last) in &heard.spans {
            let first = begin.map_or(*first, |begin| *begin.max(first));
            self.hear_span(heard, calendar, first, *last);
        }
        for day in &heard.held {
            // Of a session that is not over a part may have come.
            if self.of(*day).is_some_and(|noted| noted != Noted::Told) {
                self.note(*day, *day, Noted::Told);
            }
        }
        if let Some((first, last)) = heard.lost {
            let days = first.iter_days().take_while(|day| *day <= last);
            self.lose(days, calendar, Cause::Forgotten, today);
        }
    }

    fn hear_span(&mut self, heard: &Heard, calendar: &Calendar, first: NaiveDate, last: NaiveDate) {
        // A day without a session is as the days around it.
        let mut before = Noted::Told;
        let mut begin = first;
        for day in first.iter_days().take_while(|day| *day <= last) {
            let noted = match calendar.day(day) {
                _ if heard.held.contains(&day) => Noted::Told,
                _ if heard.null.contains(&day) => Noted::SourceNull,
                Day::Open(_) => Noted::NoTrades,
                Day::Closed => before,
                Day::Unknown => Noted::Unwatched,
            };
            if noted != before {
                if let Some(end) = day.pred_opt() {
                    self.note(begin, end, before);
                }
                (begin, before) = (day, noted);
            }
        }
        self.note(begin, last, before);
    }

    /// Remembers that the source turned a question for these days away.
    pub fn turn_away(&mut self, days: impl Iterator<Item = NaiveDate>) {
        for day in days {
            if self.of(day).is_none() {
                self.note(day, day, Noted::Throttled);
            }
        }
    }

    /// Remembers that days are lost, but for those of which an answer spoke, and returns those that were not known to be, with
    /// the reason: a day that was asked for in time was not left out.
    pub fn lose(
        &mut self,
        days: impl Iterator<Item = NaiveDate>,
        calendar: &Calendar,
        cause: Cause,
        today: NaiveDate,
    ) -> Vec<(NaiveDate, Cause)> {
        let mut lost = Vec::new();
        for day in days.filter(|day| calendar.day(*day) != Day::Closed) {
            let cause = match self.of(day) {
                None => cause,
                Some(Noted::Throttled) => Cause::Throttled,
                Some(_) => continue,
            };
            let noticed = today;
            self.note(day, day, Noted::Lost { cause, noticed });
            lost.push((day, cause));
        }
        lost
    }

    /// Tells whether every session of some days is remembered as lost.
    pub fn are_lost(&self, (first, last): (NaiveDate, NaiveDate), calendar: &Calendar) -> bool {
        let mut days = first.iter_days().take_while(|day| *day <= last);
        days.all(|day| {
            let is_lost = matches!(self.of(day), Some(Noted::Lost { .. }));
            is_lost || calendar.day(day) == Day::Closed
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days(texts: &[&str]) -> BTreeSet<NaiveDate> {
        texts.iter().map(|text| day(text)).collect()
    }

    /// From Monday, 17 November 2025 to Monday after.
    fn week() -> Heard {
        Heard {
            spans: vec![(day("2025-11-17"), day("2025-11-24"))],
            null: days(&["2025-11-19"]),
            held: days(&["2025-11-18", "2025-11-20", "2025-11-24"]),
            lost: None,
            is_continued: true,
        }
    }

    fn heard(heard: &Heard) -> SeriesGaps {
        let mut gaps = SeriesGaps::default();
        gaps.hear(heard, &Calendar::new_york(), day("2025-11-25"));
        gaps
    }

    #[test]
    fn a_session_without_a_row_had_no_trade_and_the_weekend_is_as_the_friday_before() {
        assert_eq!(heard(&week()).to_string(), "2025-11-17 nhshn3h");
    }

    #[test]
    fn before_the_first_day_of_a_first_answer_nothing_is_missing() {
        let first = Heard {
            is_continued: false,
            ..week()
        };

        assert_eq!(heard(&first).to_string(), "2025-11-18 hshn3h");
    }

    #[test]
    fn a_day_that_comes_later_is_told() {
        let mut gaps = heard(&week());
        let later = Heard {
            held: days(&["2025-11-17", "2025-11-25"]),
            ..Heard::default()
        };

        gaps.hear(&later, &Calendar::new_york(), day("2025-11-25"));

        assert_eq!(gaps.of(day("2025-11-17")), Some(Noted::Told));
        assert_eq!(gaps.of(day("2025-11-25")), None, "it may not be over");
    }

    #[test]
    fn where_nobody_knows_the_sessions_only_rows_say_what_a_day_is() {
        let mut gaps = SeriesGaps::default();

        gaps.hear(
            &week(),
            &Calendar::unlisted("Asia/Taipei"),
            day("2025-11-25"),
        );

        assert_eq!(gaps.to_string(), "2025-11-17 uhshu3h");
    }

    #[test]
    fn what_is_lost_has_the_reason_and_the_day_and_what_was_told_is_not_lost() {
        let mut gaps = heard(&week());
        gaps.turn_away([day("2025-11-26"), day("2025-11-24")].into_iter());
        let late = Heard {
            lost: Some((day("2025-11-24"), day("2025-11-28"))),
            is_continued: true,
            ..Heard::default()
        };

        gaps.hear(&late, &Calendar::new_york(), day("2026-01-05"));

        let noted = |on: &str| match gaps.of(day(on)) {
            Some(Noted::Lost { cause, noticed }) => Some((cause, noticed.to_string())),
            _ => None,
        };
        let on = "2026-01-05".to_owned();
        assert_eq!(noted("2025-11-24"), None);
        assert_eq!(noted("2025-11-25"), Some((Cause::Forgotten, on.clone())));
        assert_eq!(noted("2025-11-26"), Some((Cause::Throttled, on.clone())));
        assert_eq!(noted("2025-11-27"), None, "Thanksgiving");
        assert_eq!(noted("2025-11-28"), Some((Cause::Forgotten, on)));
        let newyork = Calendar::new_york();
        assert!(gaps.are_lost((day("2025-11-25"), day("2025-11-28")), &newyork));
        assert!(!gaps.are_lost((day("2025-11-24"), day("2025-11-28")), &newyork));
    }
}
