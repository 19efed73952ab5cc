//! What is known of the days of one exchange.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;

use super::embedded;
use super::instants::utc_of;
use super::session::{Day, Session};
use super::table::Table;
use super::weekends::rests_on_weekends;

/// The sessions of one exchange, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar(Rules);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rules {
    Table(Arc<Table>),
    /// What is traded on every day, at any time: coins.
    Always,
    /// What is traded around the clock but for the weekend: currencies and futures.
    Weekly,
    /// An exchange of which nobody wrote down more than the zone.
    Unlisted(String),
}

impl Calendar {
    /// Returns the calendar of an exchange that this build has a table of, by its market identifier code (ISO 10383).
    pub fn of(name: &str) -> Option<Self> {
        embedded::table(name).map(|table| Self(Rules::Table(table)))
    }

    /// Returns the calendar of the exchanges of New York.
    ///
    /// # Panics
    /// Never: a test reads every table.
    #[expect(
        clippy::expect_used,
        reason = "a table of this build, which a test reads"
    )]
    pub fn new_york() -> Self {
        Self::of("XNYS").expect("the table is part of this build")
    }

    /// Returns the calendar of what is traded at any time of any day.
    pub fn always() -> Self {
        Self(Rules::Always)
    }

    /// Returns the calendar of what is traded around the clock but for the weekend.
    pub fn weekly() -> Self {
        Self(Rules::Weekly)
    }

    /// Returns the calendar of an exchange of which only the zone is known, by its IANA name.
    ///
    /// It claims that no session is held on the weekends of zones whose exchanges are known to rest on them, and nothing else.
    pub fn unlisted(zone: &str) -> Self {
        Self(Rules::Unlisted(zone.to_owned()))
    }

    /// Returns a calendar of sessions one by one; every other day between the first and the last of them is without one.
    /// `None` without any session.
    pub fn of_sessions(zone: &str, sessions: impl IntoIterator<Item = Session>) -> Option<Self> {
        let table = Table::of_sessions(zone.to_owned(), sessions)?;
        Some(Self(Rules::Table(Arc::new(table))))
    }

    /// Returns a calendar of days of which it is known that there was a session, and not at which hours. `None` without any.
    pub fn of_days(zone: &str, days: impl IntoIterator<Item = NaiveDate>) -> Option<Self> {
        Self::of_sessions(zone, days.into_iter().map(whole_day))
    }

    /// Tells whether nobody wrote the days of the exchange down.
    pub fn is_unlisted(&self) -> bool {
        matches!(self.0, Rules::Unlisted(_))
    }

    /// Tells whether this build vouches for what is claimed. Of sessions that a file of the user's lists, or that were seen, any may
    /// be missing: on their word alone nothing is taken away.
    pub fn is_built_in(&self) -> bool {
        match &self.0 {
            Rules::Table(table) => table.is_built_in,
            Rules::Always | Rules::Weekly | Rules::Unlisted(_) => true,
        }
    }

    /// Returns the IANA name of the zone; `None` where every zone has the same sessions.
    pub fn zone(&self) -> Option<&str> {
        match &self.0 {
            Rules::Table(table) => Some(&table.zone),
            Rules::Unlisted(zone) => Some(zone),
            Rules::Always | Rules::Weekly => None,
        }
    }

    /// Returns the instant of a wall clock of the exchange; UTC's where every zone has the same sessions.
    pub fn instant(&self, wall: NaiveDateTime) -> DateTime<Utc> {
        utc_of(wall, self.tz()).and_utc()
    }

    /// Returns the wall clock of the exchange at an instant.
    pub fn wall(&self, instant: DateTime<Utc>) -> NaiveDateTime {
        instant.with_timezone(&self.tz()).naive_local()
    }

    fn tz(&self) -> Tz {
        let zone = self.zone().and_then(|zone| zone.parse().ok());
        zone.unwrap_or_default()
    }

    /// Returns the first and the last day that the table of the exchange knows; `None` without a table.
    pub fn known(&self) -> Option<(NaiveDate, NaiveDate)> {
        match &self.0 {
            Rules::Table(table) => Some((table.first, table.last)),
            _ => None,
        }
    }

    /// Returns what is known of a day.
    pub fn day(&self, day: NaiveDate) -> Day {
        match &self.0 {
            Rules::Table(table) => table.day(day),
            Rules::Always => Day::Open(whole_day(day)),
            Rules::Weekly => weekly(day),
            Rules::Unlisted(zone) if is_weekend(day) && rests_on_weekends(zone, day) => Day::Closed,
            Rules::Unlisted(_) => Day::Unknown,
        }
    }

    /// Returns the session of a day; `None` when none is known.
    pub fn session(&self, day: NaiveDate) -> Option<Session> {
        self.day(day).session()
    }

    /// Returns the sessions that are known from the day `from` to the day `to`, both included, in order.
    pub fn sessions(&self, from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = Session> {
        from.iter_days()
            .take_while(move |day| *day <= to)
            .filter_map(|day| self.session(day))
    }

    /// Tells whether a session of this calendar has other hours than those that are usual on its day of the week.
    pub fn is_unusual(&self, session: &Session) -> bool {
        matches!(&self.0, Rules::Table(table) if table.is_unusual(session))
    }

    /// Returns the day that lies so many sessions before a day. Where nothing is known, Monday to Thursday count: few exchanges
    /// rest on them every week, and one session too many is asked for rather than one too few.
    pub fn sessions_before(&self, day: NaiveDate, sessions: u32) -> NaiveDate {
        let mut left = sessions;
        let mut at = day;
        while left > 0 {
            let Some(before) = at.pred_opt() else { break };
            at = before;
            left -= u32::from(self.counts(at));
        }
        at
    }

    /// Returns how many sessions have passed since a day, up to another one, counted as in `sessions_before`.
    pub fn sessions_since(&self, day: NaiveDate, until: NaiveDate) -> u32 {
        let days = day.iter_days().skip(1).take_while(|day| *day <= until);
        days.filter(|day| self.counts(*day)).map(|_| 1).sum()
    }

    fn counts(&self, day: NaiveDate) -> bool {
        match self.day(day) {
            Day::Open(_) => true,
            Day::Closed => false,
            Day::Unknown => day.weekday().num_days_from_monday() < 4,
        }
    }
}

fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Currencies and futures rest on Saturday and begin in the evening of Sunday, which is of the day that follows or of its own.
/// At Christmas and New Year some are traded.
fn weekly(day: NaiveDate) -> Day {
    let is_feast = matches!((day.month(), day.day()), (12, 25) | (1, 1));
    match day.weekday() {
        Weekday::Sat => Day::Closed,
        Weekday::Sun => Day::Unknown,
        _ if is_feast => Day::Unknown,
        _ => Day::Open(whole_day(day)),
    }
}

fn whole_day(day: NaiveDate) -> Session {
    let open = day.and_time(NaiveTime::MIN);
    Session {
        day,
        open,
        close: open + TimeDelta::days(1),
        pause: None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_with_thanksgiving_has_four_sessions_and_one_of_them_is_short() {
        let calendar = Calendar::new_york();
        let week: Vec<Session> = calendar
            .sessions(day("2024-11-25"), day("2024-12-01"))
            .collect();

        let days: Vec<String> = week.iter().map(|s| s.day.to_string()).collect();
        assert_eq!(
            days,
            ["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29"]
        );
        assert_eq!(week[0].open.to_string(), "2024-11-25 09:30:00");
        assert_eq!(week[0].close.to_string(), "2024-11-25 16:00:00");
        assert_eq!(week[3].close.to_string(), "2024-11-29 13:00:00");
        assert!(calendar.is_unusual(&week[3]));
        assert!(!calendar.is_unusual(&week[2]));
    }

    #[rstest]
    // Christmas and New Year of New York on weekends, Juneteenth before it was kept, mourning for a president.
    #[case("XNYS", "2021-12-24", false)]
    #[case("XNYS", "2021-12-31", true)]
    #[case("XNYS", "2021-06-18", true)]
    #[case("XNYS", "2025-01-09", false)]
    // The week of Riyadh, and that of Tel Aviv before and after it changed.
    #[case("XSAU", "2026-11-27", false)]
    #[case("XSAU", "2026-11-29", true)]
    #[case("XTAE", "2025-12-28", true)]
    #[case("XTAE", "2026-01-11", false)]
    #[case("XTAE", "2026-01-09", true)]
    // A Saturday on which Mumbai tried its second site, and one of Seoul when it still worked on them.
    #[case("XBOM", "2024-01-20", true)]
    #[case("XBOM", "2024-01-27", false)]
    #[case("XKRX", "1998-11-28", true)]
    #[case("XKRX", "1998-12-12", false)]
    #[case("XTKS", "2026-11-23", false)]
    #[case("XTKS", "2026-11-26", true)]
    fn a_day_is_a_session_of_the_exchange_or_none(
        #[case] exchange: &str,
        #[case] on: &str,
        #[case] expected: bool,
    ) {
        let found = Calendar::of(exchange).unwrap().day(day(on));

        assert_eq!(matches!(found, Day::Open(_)), expected, "{found:?}");
        assert_ne!(found, Day::Unknown);
    }

    #[test]
    fn hours_and_breaks_are_those_of_the_time() {
        let tokyo = Calendar::of("XTKS").unwrap();

        let before = tokyo.session(day("2024-11-01")).unwrap();
        let after = tokyo.session(day("2024-11-05")).unwrap();

        assert_eq!(before.close.to_string(), "2024-11-01 15:00:00");
        assert_eq!(after.close.to_string(), "2024-11-05 15:30:00");
        assert_eq!(
            after.pause.unwrap().0.to_string(),
            "2024-11-05 11:30:00",
            "lunch"
        );
    }

    #[test]
    fn outside_of_its_table_nothing_is_known_of_an_exchange() {
        let shanghai = Calendar::of("XSHG").unwrap();

        let (first, last) = shanghai.known().unwrap();

        assert_eq!(shanghai.day(first.pred_opt().unwrap()), Day::Unknown);
        assert_eq!(shanghai.day(last.succ_opt().unwrap()), Day::Unknown);
        assert_eq!(shanghai.session(last.succ_opt().unwrap()), None);
    }

    #[rstest]
    #[case("Europe/Vienna", "2024-11-30", Day::Closed)]
    #[case("Europe/Vienna", "2024-11-29", Day::Unknown)]
    #[case("Asia/Taipei", "2024-11-30", Day::Unknown)]
    fn without_a_table_only_weekends_are_known_and_not_everywhere(
        #[case] zone: &str,
        #[case] on: &str,
        #[case] expected: Day,
    ) {
        assert_eq!(Calendar::unlisted(zone).day(day(on)), expected);
    }

    #[test]
    fn days_that_were_seen_are_sessions_and_those_between_are_none() {
        let seen = ["2024-11-25", "2024-11-27"].map(day);

        let calendar = Calendar::of_days("Asia/Taipei", seen).unwrap();

        assert!(calendar.session(day("2024-11-25")).is_some());
        assert_eq!(calendar.day(day("2024-11-26")), Day::Closed);
        assert_eq!(calendar.day(day("2024-11-28")), Day::Unknown);
        assert_eq!(Calendar::of_days("Asia/Taipei", []), None);
    }

    #[rstest]
    #[case(Calendar::new_york(), "2024-09-03", "2024-08-28")] // Labor Day between
    #[case(Calendar::of("XSAU").unwrap(), "2026-11-29", "2026-11-24")]
    #[case(Calendar::always(), "2024-09-03", "2024-08-31")]
    #[case(Calendar::unlisted("Asia/Taipei"), "2024-09-03", "2024-08-28")]
    fn three_sessions_before_a_day(
        #[case] calendar: Calendar,
        #[case] from: &str,
        #[case] expected: &str,
    ) {
        assert_eq!(calendar.sessions_before(day(from), 3), day(expected));
    }

    #[test]
    fn currencies_rest_on_saturday_and_coins_never() {
        let (saturday, sunday) = (day("2024-11-30"), day("2024-12-01"));

        assert_eq!(Calendar::weekly().day(saturday), Day::Closed);
        assert_eq!(Calendar::weekly().day(sunday), Day::Unknown);
        assert!(Calendar::weekly().session(day("2024-12-02")).is_some());
        assert!(Calendar::always().session(saturday).is_some());
    }

    #[test]
    fn a_span_that_ends_before_it_begins_has_no_session() {
        let calendar = Calendar::new_york();
        let mut none = calendar.sessions(day("2024-01-03"), day("2024-01-02"));

        assert_eq!(none.next(), None);
    }
}
