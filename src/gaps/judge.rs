//! The state of a session: derived from what is recorded of the series, its calendar and what is remembered of its days.
//!
//! Promises: one place for each state; a day of which nothing is known is unknown, never had. Pure.

use chrono::{DateTime, NaiveDate, Utc};

use super::days::{DayKind, DayKinds};
use super::deadline::session_deadline;
use super::series::{Cause, Noted, SeriesGaps};
use crate::calendar::{Calendar, Day};

/// The state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionState {
    /// Its bars are stored.
    Have,
    /// It is over, and no answer spoke of it yet.
    Pending,
    /// The exchange rested on a day of the week on which it is open.
    Holiday,
    /// The source was asked, and there was no trade.
    NoTrades,
    /// The source has no price of it, or had none yet.
    SourceNull,
    /// As pending, and the source was unreachable or wanted fewer requests when it was asked.
    Throttled,
    /// It cannot be fetched any more.
    Lost,
    /// Nobody knows: it was stored before gaps were remembered, or no calendar knows the day.
    Unknown,
}

impl SessionState {
    /// Every state, in the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::Have,
        Self::Pending,
        Self::Throttled,
        Self::SourceNull,
        Self::Lost,
        Self::NoTrades,
        Self::Holiday,
        Self::Unknown,
    ];

    /// Returns its place among `ALL`.
    pub fn order(self) -> usize {
        let place = Self::ALL.iter().position(|state| *state == self);
        place.unwrap_or_default()
    }

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Have => "have",
            Self::Pending => "pending",
            Self::Holiday => "holiday",
            Self::NoTrades => "no_trades",
            Self::SourceNull => "source_null",
            Self::Throttled => "throttled",
            Self::Lost => "lost",
            Self::Unknown => "unknown",
        }
    }

    /// Tells whether asking again may bring it, as long as the source keeps it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Throttled | Self::SourceNull)
    }
}

/// What is known of a series, beside what is remembered of its days.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The calendar of its exchange.
    pub calendar: Calendar,
    /// The first day of which rows are stored, or from which on they are owed; `None` where nobody knows.
    pub first: Option<NaiveDate>,
    /// The day up to which every session was asked for after it was over; `None` where none was.
    pub reached: Option<NaiveDate>,
    /// Days up to there of which the source had no price, and that it is asked for again.
    pub late: Vec<NaiveDate>,
    /// Rows that were stored and are gone for good, as closed spans; without a first day all up to the last.
    pub gone: Vec<(Option<NaiveDate>, NaiveDate)>,
    /// How many days the source keeps; `None` when it forgets nothing.
    pub depth_days: Option<u32>,
    /// The moment of the question.
    pub now: DateTime<Utc>,
}

/// Days that follow one another, but for those without a session, in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first session.
    pub first: NaiveDate,
    /// The last session.
    pub last: NaiveDate,
    /// How many sessions.
    pub sessions: usize,
    /// Their state.
    pub state: SessionState,
    /// Of what is lost: why, and the day on which it was noticed; `None` where nobody wrote it down yet.
    pub loss: Option<(Cause, NaiveDate)>,
}

impl Facts {
    /// Returns the day of the exchange's clock.
    fn today(&self) -> NaiveDate {
        self.calendar.wall(self.now).date()
    }

    /// Tells whether a session is over: until then nothing of it is missing.
    fn is_over(&self, day: NaiveDate) -> bool {
        self.kind(day).is_over()
    }

    fn kind(&self, day: NaiveDate) -> DayKind {
        DayKind::of(day, &self.calendar, self.calendar.wall(self.now))
    }

    /// Returns when the source begins to forget a day; `None` when it forgets nothing.
    pub fn deadline(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let depth = self.depth_days?;
        Some(session_deadline(day, depth, &self.calendar))
    }

    /// Tells whether a source keeps a day no more.
    pub fn is_forgotten(&self, day: NaiveDate) -> bool {
        self.deadline(day)
            .is_some_and(|deadline| deadline <= self.now)
    }

    /// Returns the state of a day; `None` of a day on which nothing is owed: it is none of the sessions, or not over.
    pub fn state(&self, day: NaiveDate, gaps: &SeriesGaps) -> Option<SessionState> {
        self.state_by(day, self.kind(day), gaps.of(day))
    }

    fn state_by(
        &self,
        day: NaiveDate,
        kind: DayKind,
        noted: Option<Noted>,
    ) -> Option<SessionState> {
        match kind {
            DayKind::Rest => return None,
            DayKind::Holiday => return Some(SessionState::Holiday),
            DayKind::Over | DayKind::Open => {}
        }
        if matches!(noted, Some(Noted::Lost { .. })) || self.is_gone(day) {
            return Some(SessionState::Lost);
        }
        if self.reached.is_none_or(|reached| day > reached) {
            return self.unreached(day, kind, noted);
        }
        Some(match noted {
            Some(Noted::NoTrades) => SessionState::NoTrades,
            Some(Noted::SourceNull) => SessionState::SourceNull,
            // What came with a window that a person chose is on the list still.
            Some(Noted::Told) => SessionState::Have,
            _ if self.late.contains(&day) => SessionState::SourceNull,
            // A day that nobody knows to be a session, and of which no answer spoke, owes nothing.
            Some(_) | None => SessionState::Unknown,
        })
    }

    /// The state of a day that no answer spoke of, as far as rows that are stored say.
    fn unreached(
        &self,
        day: NaiveDate,
        kind: DayKind,
        noted: Option<Noted>,
    ) -> Option<SessionState> {
        if !kind.is_over() {
            return None;
        }
        Some(match noted {
            // A mark that was dropped has an answer forgotten that spoke of it.
            Some(Noted::NoTrades) => SessionState::NoTrades,
            Some(Noted::SourceNull) => SessionState::SourceNull,
            // Its rows are staged: they wait for a place that takes them.
            Some(Noted::Told) => SessionState::Pending,
            _ if self.is_forgotten(day) => SessionState::Lost,
            Some(Noted::Throttled) => SessionState::Throttled,
            _ => SessionState::Pending,
        })
    }

    fn is_gone(&self, day: NaiveDate) -> bool {
        let mut gone = self.gone.iter();
        gone.any(|(first, last)| first.is_none_or(|first| first <= day) && day <= *last)
    }

    /// Returns the sessions that no answer spoke of, oldest first, also those that are not over: what is next to be fetched.
    pub fn unasked(&self) -> impl Iterator<Item = NaiveDate> {
        let after = self.reached.and_then(|reached| reached.succ_opt());
        let from = after.or(self.first).unwrap_or_else(|| self.today());
        from.iter_days()
            .filter(|day| self.calendar.day(*day) != Day::Closed)
    }

    /// Returns the sessions that no answer spoke of although they are over.
    pub fn owed(&self) -> impl Iterator<Item = NaiveDate> {
        let today = self.today();
        self.unasked()
            .take_while(move |day| *day <= today)
            .filter(|day| self.is_over(*day))
    }
}

/// Returns the states of a series from its first day up to now; `kinds` are shared by all series of one question.
pub fn spans(facts: &Facts, gaps: &SeriesGaps, kinds: &mut DayKinds) -> Vec<Span> {
    let remembered = gaps.hull().map(|(first, _)| first);
    let known = facts.first.into_iter().chain(remembered).min();
    let first = known.or_else(|| facts.unasked().next());
    let mut found: Vec<Span> = Vec::new();
    let Some(first) = first else { return found };
    let mut noted = gaps.from(first);
    for (day, kind) in kinds.since(first, &facts.calendar, facts.now) {
        let noted = noted.on(day);
        let Some(state) = facts.state_by(day, kind, noted) else {
            continue;
        };
        let loss = match noted {
            Some(Noted::Lost { cause, noticed }) if kind.is_session() => Some((cause, noticed)),
            _ => None,
        };
        match found.last_mut() {
            Some(span) if span.state == state && span.loss == loss => {
                span.last = day;
                span.sessions += 1;
            }
            _ => found.push(Span {
                first: day,
                last: day,
                sessions: 1,
                state,
                loss,
            }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// A series of New York of which bars are stored since October 2025, whose source keeps 30 days and was asked in the evening
    /// of Wednesday, 19 November; it is the morning of Monday, 24 November.
    fn facts() -> Facts {
        Facts {
            calendar: Calendar::new_york(),
            first: Some(day("2025-10-01")),
            reached: Some(day("2025-11-19")),
            late: vec![day("2025-11-18")],
            gone: vec![(Some(day("2025-10-02")), day("2025-10-03"))],
            depth_days: Some(30),
            now: "2025-11-24T12:00:00Z".parse().unwrap(),
        }
    }

    fn remembered() -> SeriesGaps {
        let mut gaps = SeriesGaps::default();
        let noticed = day("2025-11-01");
        let lost = Noted::Lost {
            cause: Cause::Throttled,
            noticed,
        };
        gaps.note(day("2025-11-03"), day("2025-11-19"), Noted::Told);
        gaps.note(day("2025-11-04"), day("2025-11-04"), Noted::NoTrades);
        gaps.note(day("2025-11-05"), day("2025-11-05"), Noted::SourceNull);
        gaps.note(day("2025-11-06"), day("2025-11-06"), lost);
        gaps.note(day("2025-11-18"), day("2025-11-18"), Noted::Unwatched);
        gaps.note(day("2025-11-21"), day("2025-11-21"), Noted::Throttled);
        gaps
    }

    #[rstest]
    #[case::told_by_an_answer("2025-11-03", Some(SessionState::Have))]
    #[case::asked_in_vain("2025-11-04", Some(SessionState::NoTrades))]
    #[case::without_a_price("2025-11-05", Some(SessionState::SourceNull))]
    #[case::remembered_as_lost("2025-11-06", Some(SessionState::Lost))]
    #[case::on_the_list_of_its_mark("2025-11-18", Some(SessionState::SourceNull))]
    #[case::no_answer_spoke_of_it("2025-11-20", Some(SessionState::Pending))]
    #[case::asked_and_turned_away("2025-11-21", Some(SessionState::Throttled))]
    #[case::not_over("2025-11-24", None)]
    #[case::to_come("2025-11-25", None)]
    #[case::weekend("2025-11-22", None)]
    #[case::thanksgiving("2024-11-28", Some(SessionState::Holiday))]
    #[case::stored_before_anything_was_remembered("2025-10-15", Some(SessionState::Unknown))]
    #[case::stored_once_and_gone("2025-10-02", Some(SessionState::Lost))]
    fn a_day_has_the_state_that_calendar_records_marks_and_memory_give_it(
        #[case] on: &str,
        #[case] expected: Option<SessionState>,
    ) {
        assert_eq!(facts().state(day(on), &remembered()), expected);
    }

    #[rstest]
    // The moment at which the 20th of November began in New York, and one second before, 30 days later.
    #[case("2025-12-20T04:59:59Z", Some(SessionState::Pending))]
    #[case("2025-12-20T05:00:00Z", Some(SessionState::Lost))]
    fn what_was_not_fetched_in_time_is_lost_also_before_anybody_wrote_it_down(
        #[case] now: &str,
        #[case] expected: Option<SessionState>,
    ) {
        let facts = Facts {
            now: now.parse().unwrap(),
            ..facts()
        };

        assert_eq!(facts.state(day("2025-11-20"), &remembered()), expected);
        let forgets_nothing = Facts {
            depth_days: None,
            ..facts
        };
        let state = forgets_nothing.state(day("2025-11-20"), &remembered());
        assert_eq!(state, Some(SessionState::Pending));
    }

    #[rstest]
    #[case("2025-11-24T20:59:59Z", None)]
    #[case("2025-11-24T21:00:00Z", Some(SessionState::Pending))]
    // The day after Thanksgiving closes at one.
    #[case("2025-11-28T17:59:59Z", None)]
    #[case("2025-11-28T18:00:00Z", Some(SessionState::Pending))]
    fn a_session_is_owed_when_it_is_over(
        #[case] now: &str,
        #[case] expected: Option<SessionState>,
    ) {
        let now: DateTime<Utc> = now.parse().unwrap();
        let facts = Facts { now, ..facts() };

        assert_eq!(
            facts.state(now.date_naive(), &SeriesGaps::default()),
            expected
        );
    }

    /// A folder of the series takes no files: what was fetched waits, and is neither had nor lost.
    #[test]
    fn a_session_whose_rows_wait_in_staging_is_pending_however_long_they_wait() {
        let mut gaps = remembered();
        gaps.note(day("2025-11-20"), day("2025-11-20"), Noted::Told);
        let facts = Facts {
            now: "2026-11-24T12:00:00Z".parse().unwrap(),
            ..facts()
        };

        assert_eq!(
            facts.state(day("2025-11-20"), &gaps),
            Some(SessionState::Pending)
        );
    }

    #[test]
    fn where_no_calendar_is_known_only_answers_say_what_a_day_is() {
        let facts = Facts {
            calendar: Calendar::unlisted("Asia/Taipei"),
            late: Vec::new(),
            ..facts()
        };
        let state = |on: &str| facts.state(day(on), &remembered());

        assert_eq!(state("2025-11-03"), Some(SessionState::Have));
        assert_eq!(state("2025-11-05"), Some(SessionState::SourceNull));
        assert_eq!(state("2025-10-15"), Some(SessionState::Unknown));
        assert_eq!(
            state("2025-11-20"),
            Some(SessionState::Pending),
            "no answer"
        );
    }

    #[test]
    fn days_of_one_state_are_a_span_across_the_weekend() {
        let found = spans(&facts(), &remembered(), &mut DayKinds::default());

        let of = |state| {
            let of: Vec<&Span> = found.iter().filter(|span| span.state == state).collect();
            of.iter()
                .map(|span| (span.first.to_string(), span.last.to_string(), span.sessions))
                .collect::<Vec<_>>()
        };
        let one = |on: &str, to: &str, sessions| (on.to_owned(), to.to_owned(), sessions);
        assert_eq!(
            of(SessionState::Unknown),
            [
                one("2025-10-01", "2025-10-01", 1),
                one("2025-10-06", "2025-10-31", 20)
            ]
        );
        assert_eq!(
            of(SessionState::Have),
            [
                one("2025-11-03", "2025-11-03", 1),
                one("2025-11-07", "2025-11-17", 7),
                one("2025-11-19", "2025-11-19", 1)
            ]
        );
        let lost = found.iter().filter(|span| span.state == SessionState::Lost);
        let noticed: Vec<_> = lost.map(|span| span.loss.map(|(cause, _)| cause)).collect();
        assert_eq!(noticed, [None, Some(Cause::Throttled)]);
    }

    #[test]
    fn what_is_owed_begins_after_what_was_asked_for_and_ends_with_what_is_over() {
        let facts = facts();
        let owed: Vec<String> = facts.owed().map(|day| day.to_string()).collect();

        assert_eq!(owed, ["2025-11-20", "2025-11-21"]);
        assert_eq!(facts.unasked().nth(2), Some(day("2025-11-24")));
        let never_asked = Facts {
            first: None,
            reached: None,
            ..facts
        };
        assert_eq!(never_asked.unasked().next(), Some(day("2025-11-24")));
    }
}
