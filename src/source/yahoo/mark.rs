//! What a series leaves for the next run: until when it was asked for, and when its exchange trades.
//!
//! Promises: with the mark, the source tells without a request whether anything can be new. A mark that cannot be read
//! counts as none. Leaves to others: keeping it (`catalog`).

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use chrono_tz::Tz;

use super::known_events::KnownEvents;
use super::late::LateDays;
use super::rows::{Hours, wall};
use super::trading::{Trading, is_one_weekend};
use super::wire::{Meta, Period};
use crate::calendar::{Calendars, Day, utc_of};

/// Yahoo's figures of a session are complete so long after its close.
const SETTLED_AFTER: i64 = 30 * 60;
/// A span with more days than this has a session in it.
const LONG: i64 = 15;
/// Minutes after an opening at which Yahoo has told the session for sure.
const LATEST: u32 = 60;
/// Begins the word with the events.
const EVENTS: &str = "events:";
/// Begins the word with the days that are missing.
const LATE: &str = "late:";
/// What is known of a series after an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    /// The instant up to which bars were asked for, in seconds since 1970.
    pub(super) through: i64,
    pub(super) zone: Tz,
    pub(super) trading: Trading,
    /// When no session opens, as the answer told; `None` where it told nothing.
    pub(super) quiet: Option<Period>,
    /// The events of the last weeks before.
    pub(super) told: KnownEvents,
    /// Sessions of which there was no price yet.
    pub(super) late: LateDays,
}

impl Mark {
    pub(super) fn of(meta: &Meta, through: i64, hours: Hours, calendars: &Calendars) -> Self {
        let trading = Trading::of(meta, hours, calendars);
        let quiet = quiet(meta, through, &trading, calendars);
        Self {
            through,
            zone: meta.zone,
            trading,
            quiet,
            told: KnownEvents::default(),
            late: LateDays::default(),
        }
    }

    /// Reads a mark; `None` when it is not one of this form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let [version, through] = [words.next()?, words.next()?];
        let [zone, trading] = [words.next()?, words.next()?];
        let (mut quiet, mut told) = (None, KnownEvents::default());
        let mut late = LateDays::default();
        for word in words {
            if let Some(events) = word.strip_prefix(EVENTS) {
                told = KnownEvents::parse(events)?;
            } else if let Some(days) = word.strip_prefix(LATE) {
                late = LateDays::parse(days)?;
            } else {
                let (start, end) = word.split_once("..")?;
                let (start, end) = (start.parse().ok()?, end.parse().ok()?);
                quiet = Some(Period { start, end });
            }
        }
        (version == "1").then_some(Self {
            through: through.parse().ok()?,
            zone: zone.parse().ok()?,
            trading: trading.parse().ok()?,
            quiet,
            told,
            late,
        })
    }

    /// Tells whether the figures of a session that closed at an instant were complete when bars were asked for.
    pub(super) fn is_settled(&self, close: i64) -> bool {
        close + SETTLED_AFTER <= self.through
    }

    /// Returns the day up to which every session was over and its figures complete when bars were asked for.
    pub(super) fn settled(&self, hours: Hours, calendars: &Calendars) -> Option<NaiveDate> {
        let calendar = self.trading.calendar(self.zone, calendars);
        let through = wall(self.through, self.zone)?.date();
        let is_complete = |day: &NaiveDate| match self.trading.may_be_open(*day, &calendar, hours) {
            Some((_, close)) => self.is_settled(instant(close, self.zone)),
            None => *day < through,
        };
        let mut days = std::iter::successors(Some(through), NaiveDate::pred_opt);
        days.find(is_complete)
    }

    /// Tells whether nothing can have been added since: no session was open, or had just closed.
    pub(super) fn is_current(&self, now: i64, hours: Hours, calendars: &Calendars) -> bool {
        if now <= self.through {
            return true;
        }
        if self.trading == Trading::Weekly {
            return is_one_weekend(self.through, now);
        }
        let days = wall(self.through, self.zone).zip(wall(now, self.zone));
        let Some((first, last)) = days.map(|(first, last)| (first.date(), last.date())) else {
            return false;
        };
        if (last - first).num_days() > LONG || self.trading == Trading::Always {
            return false;
        }
        let calendar = self.trading.calendar(self.zone, calendars);
        let day_before = first.pred_opt().unwrap_or(first);
        let days = day_before.iter_days().take_while(|day| *day <= last);
        days.filter_map(|day| self.trading.may_be_open(day, &calendar, hours))
            .all(|(open, close)| {
                let open = instant(open, self.zone);
                let close = instant(close, self.zone);
                let is_quiet = |quiet: Period| quiet.start <= open && open < quiet.end;
                self.is_settled(close) || open >= now || self.quiet.is_some_and(is_quiet)
            })
    }
}

/// Returns the instant of a wall clock, in seconds since 1970.
pub(super) fn instant(wall: NaiveDateTime, zone: Tz) -> i64 {
    utc_of(wall, zone).and_utc().timestamp()
}

/// Returns the span in which no session opens by what an answer says of the current or the next one. So holidays are known
/// where there is no table of them.
fn quiet(meta: &Meta, through: i64, trading: &Trading, calendars: &Calendars) -> Option<Period> {
    let current = meta.current?;
    let now = wall(through, meta.zone)?;
    let open = match trading {
        Trading::Told { open, .. } => *open,
        // Its table does not go so far.
        Trading::Listed { .. }
            if trading.calendar(meta.zone, calendars).day(now.date()) == Day::Unknown =>
        {
            minute(wall(current.start, meta.zone)?)
        }
        Trading::Listed { .. } | Trading::Always | Trading::Weekly => return None,
    };
    // An answer that was given long after what was asked for tells nothing of the time between.
    if meta.market_time.is_some_and(|traded| traded > through) {
        return None;
    }
    if current.start > through {
        let (start, end) = (through, current.start);
        return Some(Period { start, end });
    }
    // The day has begun without a session of its own, and nothing was traded on it.
    let is_earlier = |stamp| wall(stamp, meta.zone).is_some_and(|wall| wall.date() < now.date());
    let is_begun = minute(now) >= open + LATEST;
    let is_closed =
        is_begun && is_earlier(current.start) && meta.market_time.is_some_and(is_earlier);
    is_closed.then_some(Period {
        start: current.end,
        end: instant(now.date().succ_opt()?.and_time(NaiveTime::MIN), meta.zone),
    })
}

fn minute(wall: NaiveDateTime) -> u32 {
    wall.num_seconds_from_midnight() / 60
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            through,
            zone,
            trading,
            quiet,
            told,
            late,
        } = self;
        write!(f, "1 {through} {} {trading}", zone.name())?;
        if let Some(Period { start, end }) = quiet {
            write!(f, " {start}..{end}")?;
        }
        if !told.is_empty() {
            write!(f, " {EVENTS}{told}")?;
        }
        if !late.is_empty() {
            write!(f, " {LATE}{late}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
            .timestamp()
    }

    #[rstest]
    #[case("1 1700000000 America/New_York XNYS")]
    #[case("1 1700000000 Europe/Berlin XETR+60+270")]
    #[case("1 -5 Europe/Berlin 540-1050")]
    #[case("1 0 UTC always")]
    #[case("1 0 Europe/London weekly")]
    #[case("1 5 Europe/Berlin 540-1050 -3..1700000000")]
    #[case("1 5 Europe/Berlin 540-1050 -3..1700000000 events:2024-03-13=d0.25")]
    #[case("1 0 UTC always events:2024-03-13=s4:1,2024-03-14=g1.5")]
    #[case("1 5 Europe/Berlin XETR late:2026-07-28,2026-08-03")]
    fn a_mark_is_read_as_it_was_written(#[case] text: &str) {
        assert_eq!(Mark::parse(text).unwrap().to_string(), text);
    }

    #[rstest]
    #[case("")]
    #[case("2 0 UTC always")]
    #[case("1 x UTC always")]
    #[case("1 0 Nowhere always")]
    #[case("1 0 UTC always more")]
    #[case("1 0 UTC 5")]
    #[case("1 0 UTC always 5..6 7")]
    #[case("1 0 UTC always 5..")]
    fn what_is_no_mark_counts_as_none(#[case] text: &str) {
        assert_eq!(Mark::parse(text), None);
    }

    #[rstest]
    // Friday after the close until Monday before the open: Thanksgiving week, early close at 18:00 UTC.
    #[case("2024-11-29T18:31:00Z", "2024-12-02T14:30:00Z", true)]
    #[case("2024-11-29T18:29:00Z", "2024-12-02T14:30:00Z", false)]
    #[case("2024-11-29T18:31:00Z", "2024-12-02T14:30:01Z", false)]
    #[case("2024-11-27T22:00:00Z", "2024-11-29T14:00:00Z", true)]
    #[case("2024-11-26T15:00:00Z", "2024-11-26T15:00:01Z", false)]
    #[case("2024-11-26T15:00:00Z", "2024-11-26T15:00:00Z", true)]
    #[case("2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z", false)]
    fn new_york_is_current_while_no_session_was_open(
        #[case] through: &str,
        #[case] now: &str,
        #[case] expected: bool,
    ) {
        let mark = Mark {
            through: at(through),
            zone: Tz::America__New_York,
            trading: "XNYS".parse().unwrap(),
            quiet: None,
            told: KnownEvents::default(),
            late: LateDays::default(),
        };

        assert_eq!(
            mark.is_current(at(now), Hours::Regular, &Calendars::default()),
            expected
        );
    }

    #[rstest]
    // Thanksgiving week: half an hour after the close of Wednesday, before it, in the night before the short session of
    // Friday, and on Sunday.
    #[case("XNYS", "2024-11-27T21:30:00Z", "2024-11-27")]
    #[case("XNYS", "2024-11-27T21:29:59Z", "2024-11-26")]
    #[case("XNYS", "2024-11-29T04:00:00Z", "2024-11-27")]
    #[case("XNYS", "2024-11-29T05:00:00Z", "2024-11-28")]
    #[case("XNYS", "2024-12-01T12:00:00Z", "2024-11-30")]
    #[case("always", "2024-12-01T12:00:00Z", "2024-11-30")]
    fn a_session_is_settled_when_it_was_asked_for_after_it_was_over(
        #[case] trading: &str,
        #[case] through: &str,
        #[case] expected: &str,
    ) {
        let mark = Mark::parse(&format!("1 {} America/New_York {trading}", at(through))).unwrap();

        let found = mark.settled(Hours::Regular, &Calendars::default());

        assert_eq!(found.map(|day| day.to_string()).as_deref(), Some(expected));
    }

    #[test]
    fn what_trades_always_is_never_current_again() {
        let mark = Mark::parse("1 0 UTC always").unwrap();

        assert!(mark.is_current(0, Hours::Regular, &Calendars::default()));
        assert!(!mark.is_current(1, Hours::Regular, &Calendars::default()));
    }

    #[rstest]
    // Tuesday, 2024-11-26, from 04:00 to 20:00 in New York, and half an hour to settle.
    #[case("2024-11-26T22:00:00Z", "2024-11-26T23:00:00Z", false)]
    #[case("2024-11-27T01:31:00Z", "2024-11-27T08:59:00Z", true)]
    #[case("2024-11-27T01:29:00Z", "2024-11-27T08:59:00Z", false)]
    #[case("2024-11-27T01:31:00Z", "2024-11-27T09:01:00Z", false)]
    fn with_other_hours_new_york_is_current_at_night_only(
        #[case] through: &str,
        #[case] now: &str,
        #[case] expected: bool,
    ) {
        let text = format!("1 {} America/New_York new-york", at(through));
        let mark = Mark::parse(&text).unwrap();

        assert_eq!(
            mark.is_current(at(now), Hours::Extended, &Calendars::default()),
            expected
        );
    }
}
