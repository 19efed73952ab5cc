//! Days that the source has no price of although the exchange was open: some of them come later.
//!
//! Promises: such a day is on the list of its series until it comes, or until it was asked for sixteen sessions later and is
//! taken for settled. Requests that are made anyway go back to it where that needs no further one; else one request a run
//! asks for one day when 4, 8 or 16 sessions have passed (after fewer, every request goes back so far by itself).
//! Leaves to others: making the request (`pages`).

use std::collections::BTreeSet;
use std::fmt;

use chrono::NaiveDate;

use super::mark::{Mark, instant};
use super::rows::wall;
use super::windows::{DAY, Reach};
use super::wire::Period;
use crate::calendar::{Calendar, Calendars, Day};
use crate::source::yahoo::Hours;

/// After so many sessions a day is asked for by itself.
const AGAIN: [u32; 3] = [4, 8, 16];
/// After so many it is taken for settled once it was asked for, after twice as many in any case.
const SETTLED: u32 = 16;

/// Days without a price, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LateDays(BTreeSet<NaiveDate>);

/// What an answer says of days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AnsweredDays {
    /// Days with a price.
    pub(super) held: BTreeSet<NaiveDate>,
    /// Days that are in the answer without any.
    pub(super) blank: BTreeSet<NaiveDate>,
    /// The first day of trading, where it is known.
    pub(super) first_trade: Option<NaiveDate>,
    /// Whether the answer continues rows; if not, nothing is missing before its first day.
    pub(super) is_continued: bool,
}

impl LateDays {
    /// Reads the days; `None` when they are none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let days: Result<_, _> = text.split(',').map(str::parse).collect();
        days.ok().map(Self)
    }

    /// Returns the days, oldest first.
    pub(super) fn days(&self) -> Vec<NaiveDate> {
        self.0.iter().copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the instant to which a request goes back that would begin later, where it stays as many requests.
    pub(super) fn begin(&self, asked: Period, reach: Reach, mark: &Mark) -> i64 {
        let pages = |start| reach.pages(Period { start, ..asked }).len();
        let starts = self.0.iter().map(|day| start(*day, mark));
        let reached = starts.filter(|start| *start >= reach.earliest(asked.end));
        let mut free = reached.filter(|start| pages(*start) <= pages(asked.start));
        free.next()
            .map_or(asked.start, |start| start.min(asked.start))
    }

    /// Returns the one day that a further request is made for, if it is time for one that the span does not hold.
    pub(super) fn due(
        &self,
        asked: Period,
        reach: Reach,
        mark: &Mark,
        calendars: &Calendars,
    ) -> Option<Period> {
        let calendar = mark.trading.calendar(mark.zone, calendars);
        let before = wall(mark.through, mark.zone)?.date();
        let now = wall(asked.end, mark.zone)?.date();
        let is_due = |day: &NaiveDate| {
            let passed = |until| calendar.sessions_since(*day, until);
            let (before, now) = (passed(before), passed(now));
            AGAIN.iter().any(|again| (before + 1..=now).contains(again))
        };
        let days = self.0.iter().filter(|day| is_due(day));
        let periods = days.map(|day| {
            let start = start(*day, mark);
            let end = start + DAY;
            Period { start, end }
        });
        let mut outside =
            periods.filter(|day| day.start < asked.start && day.start >= reach.earliest(asked.end));
        outside.next()
    }

    /// Returns the list after an answer to what was asked for.
    pub(super) fn after(
        &self,
        answer: &AnsweredDays,
        asked: &[Period],
        (mark, hours): (&Mark, Hours),
        calendar: &Calendar,
    ) -> Self {
        let Some(today) = wall(mark.through, mark.zone).map(|wall| wall.date()) else {
            return Self::default();
        };
        let is_over = |day: NaiveDate| {
            let hours = mark.trading.may_be_open(day, calendar, hours);
            hours.is_some_and(|(_, close)| mark.is_settled(instant(close, mark.zone)))
        };
        let is_missing = |day: &NaiveDate| {
            let is_session = match calendar.day(*day) {
                Day::Open(_) => true,
                Day::Closed => false,
                Day::Unknown => answer.blank.contains(day),
            };
            let begins = answer.held.first().filter(|_| !answer.is_continued);
            let is_traded = answer.is_continued || begins.is_some_and(|first| first < day);
            let is_listed = answer.first_trade.is_none_or(|first| first <= *day);
            is_session && is_over(*day) && is_traded && is_listed
        };
        let is_asked = |day: NaiveDate| {
            let start = start(day, mark);
            let mut asked = asked.iter();
            asked.any(|period| period.start <= start && start < period.end)
        };
        let since = calendar.sessions_before(today, SETTLED);
        let found = since.iter_days().take_while(|day| *day <= today);
        let found = found.filter(|day| is_asked(*day) && is_missing(day));
        let waiting = self.0.iter().copied();
        let waiting = waiting.filter(|day| {
            let most = if is_asked(*day) { SETTLED } else { 2 * SETTLED };
            calendar.sessions_since(*day, today) < most
        });
        let days = waiting.chain(found);
        Self(days.filter(|day| !answer.held.contains(day)).collect())
    }
}

fn start(day: NaiveDate, mark: &Mark) -> i64 {
    instant(day.and_time(chrono::NaiveTime::MIN), mark.zone)
}

impl fmt::Display for LateDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, day) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{day}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Interval;
    use crate::source::yahoo::windows::Windows;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn days(text: &str) -> LateDays {
        LateDays::parse(text).unwrap()
    }

    /// The mark of a series of New York that was asked for in the evening of a day.
    fn evening(of: &str) -> Mark {
        let at = format!("{of}T22:00:00Z");
        let at = at.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        Mark::parse(&format!("1 {} America/New_York XNYS", at.timestamp())).unwrap()
    }

    fn new_york() -> Calendar {
        Calendar::new_york()
    }

    fn asked(from: &str, mark: &Mark) -> Period {
        Period {
            start: start(day(from), mark),
            end: mark.through + 1,
        }
    }

    fn held(days: &[&str]) -> AnsweredDays {
        AnsweredDays {
            held: days.iter().map(|text| day(text)).collect(),
            is_continued: true,
            ..AnsweredDays::default()
        }
    }

    /// Monday to Thursday of a week without a holiday.
    #[test]
    fn a_session_of_the_answer_without_a_price_goes_on_the_list_and_comes_off_with_one() {
        let mark = evening("2026-07-30");
        let span = asked("2026-07-27", &mark);
        let list = |before: &LateDays, answer: &AnsweredDays| {
            before.after(answer, &[span], (&mark, Hours::Regular), &new_york())
        };

        let missed = held(&["2026-07-27", "2026-07-29", "2026-07-30"]);
        let first = list(&LateDays::default(), &missed);
        let second = list(
            &first,
            &held(&["2026-07-27", "2026-07-28", "2026-07-29", "2026-07-30"]),
        );

        assert_eq!(first, days("2026-07-28"));
        assert!(second.is_empty());
    }

    #[test]
    fn what_is_not_over_before_the_first_trade_or_no_session_is_not_missing() {
        let mark = Mark {
            through: start(day("2026-07-30"), &evening("2026-07-30")) + 15 * 3600,
            ..evening("2026-07-30")
        };
        let span = asked("2026-07-25", &mark);
        let answer = AnsweredDays {
            first_trade: Some(day("2026-07-29")),
            ..held(&["2026-07-29"])
        };

        let list =
            LateDays::default().after(&answer, &[span], (&mark, Hours::Regular), &new_york());

        assert!(list.is_empty(), "{list}");
    }

    #[test]
    fn of_a_first_answer_nothing_is_missing_before_its_first_day() {
        let mark = evening("2026-07-30");
        let answer = AnsweredDays {
            is_continued: false,
            ..held(&["2026-07-28", "2026-07-30"])
        };
        let span = asked("2026-07-20", &mark);

        let list =
            LateDays::default().after(&answer, &[span], (&mark, Hours::Regular), &new_york());

        assert_eq!(list, days("2026-07-29"));
    }

    #[test]
    fn of_an_exchange_without_a_table_only_a_row_without_prices_is_missing() {
        let mark = Mark::parse(&format!(
            "1 {} Asia/Taipei 540-810",
            start(day("2026-07-31"), &evening("2026-07-30"))
        ))
        .unwrap();
        let answer = AnsweredDays {
            blank: [day("2026-07-29")].into(),
            is_continued: true,
            ..AnsweredDays::default()
        };
        let span = asked("2026-07-27", &mark);
        let calendar = Calendar::unlisted("Asia/Taipei");

        let list = LateDays::default().after(&answer, &[span], (&mark, Hours::Regular), &calendar);

        assert_eq!(list, days("2026-07-29"));
    }

    #[test]
    fn a_day_is_settled_when_it_was_asked_for_after_sixteen_sessions() {
        let waiting = days("2026-07-28");
        // The sixteenth session after is Wednesday, 19 August.
        let after = |evening_of: &str, from: &str| {
            let mark = evening(evening_of);
            let span = asked(from, &mark);
            let held = AnsweredDays {
                first_trade: Some(day("2026-12-01")),
                ..AnsweredDays::default()
            };
            waiting.after(&held, &[span], (&mark, Hours::Regular), &new_york())
        };

        assert_eq!(after("2026-08-18", "2026-07-28"), waiting);
        assert!(after("2026-08-19", "2026-07-28").is_empty());
        assert_eq!(
            after("2026-08-19", "2026-08-14"),
            waiting,
            "it was not asked for"
        );
        assert!(after("2026-09-15", "2026-09-10").is_empty(), "in any case");
    }

    #[test]
    fn a_request_goes_back_where_it_stays_one_and_a_further_one_is_made_in_its_time() {
        let waiting = days("2026-07-28");
        let minutes = Windows::default().of(Interval::M1);
        let daily = Windows::default().of(Interval::D1);
        let calendars = Calendars::default();
        let asks = |reach: Reach, before: &str, now: &str, from: &str| {
            let span = asked(from, &evening(now));
            let mark = evening(before);
            let begin = waiting.begin(span, reach, &mark);
            let due = waiting.due(
                Period {
                    start: begin,
                    ..span
                },
                reach,
                &mark,
                &calendars,
            );
            (begin < span.start, due.map(|due| due.start))
        };
        let the_day = start(day("2026-07-28"), &evening("2026-07-28"));

        assert_eq!(
            asks(daily, "2026-08-10", "2026-08-11", "2026-08-06"),
            (true, None)
        );
        // Five sessions after, four of which had passed before: a week in one request.
        assert_eq!(
            asks(minutes, "2026-08-03", "2026-08-04", "2026-07-30"),
            (true, None)
        );
        // Eight sessions after: a request of its own, once.
        assert_eq!(
            asks(minutes, "2026-08-06", "2026-08-07", "2026-08-04"),
            (false, Some(the_day))
        );
        assert_eq!(
            asks(minutes, "2026-08-07", "2026-08-10", "2026-08-05"),
            (false, None)
        );
        // Thirty days after Yahoo has no minutes of it.
        assert_eq!(
            asks(minutes, "2026-08-06", "2026-08-31", "2026-08-26"),
            (false, None)
        );
    }

    #[test]
    fn days_are_read_as_they_were_written() {
        assert_eq!(
            days("2026-07-28,2026-08-03").to_string(),
            "2026-07-28,2026-08-03"
        );
        assert_eq!(LateDays::parse("yesterday"), None);
    }
}
