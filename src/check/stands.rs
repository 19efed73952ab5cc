//! Bars that stand where none of the series can: between the borders of wide bars, on days without a session, or twice.
//!
//! Promises: what a maker of files may mean otherwise is not named. Where Yahoo counts, the borders of wide bars are known.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{Datelike, NaiveDate, Weekday};

use super::{Facts, Finding, Kind, borders};
use crate::calendar::Day;
use crate::frame::{self, Bar, Volume};
use crate::model::{Interval, time};

/// Bars that have to come again, with every figure, before a shift of the clock is believed.
const FEWEST_TWINS: usize = 3;
/// The offsets of zones are multiples of this, and none is further from another.
const CLOCKS: i64 = 15 * 60_000_000_000;
const FURTHEST: i64 = 26 * 3_600_000_000_000;
const MINUTE: i64 = 60_000_000_000;
/// A grid has at least so many bars, and so many times as many as begin beside it.
const GRID: usize = 3;
const FEWER: usize = 4;
/// Of one figure that many bars share, nothing can be said.
const MOST_ALIKE: usize = 8;

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    match facts.interval {
        interval if interval.is_wide() => {
            [borders::overlaps(facts), borders::off_borders(facts)].concat()
        }
        Interval::D1 => [borders::overlaps(facts), rest_days(facts), holidays(facts)].concat(),
        _ => [twins(facts), off_grid(facts)].concat(),
    }
}

/// Returns how far apart the bars of an intraday interval begin.
pub(super) fn step(interval: Interval) -> Option<i64> {
    interval
        .minutes()
        .map(|minutes| i64::from(minutes) * MINUTE)
}

pub(super) fn finding(kind: Kind, from: i64, to: i64, reason: String) -> Finding {
    Finding {
        kind,
        from,
        to,
        factor: None,
        reason,
    }
}

/// Finds bars of Saturdays and Sundays in a series that rests on them: those of a session that was open on the day before
/// were once stored there. Of exchanges that hold single sessions on weekends, or of which nothing is known, none is named.
fn rest_days(facts: &Facts) -> Vec<Finding> {
    let Some((first, last)) = facts.bars.span() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for weekday in [Weekday::Sat, Weekday::Sun] {
        let is_of = |stamp: &i64| time::day(*stamp).weekday() == weekday;
        let stamps: Vec<i64> = facts.bars.times().filter(is_of).collect();
        let all = count_of(weekday, time::day(first), time::day(last));
        let is_rare = stamps.len() * 20 <= all || (stamps.len() <= 3 && stamps.len() * 2 <= all);
        if !is_rare {
            continue;
        }
        let is_known = |stamp: &i64| is_closed(facts, time::day(*stamp));
        found.extend(stamps.into_iter().filter(is_known).map(|stamp| {
            let day = time::day(stamp).format("%A");
            let reason = format!("this is a {day}, on which the series has no other bars");
            finding(Kind::OffDay, stamp, stamp, reason)
        }));
    }
    found
}

/// Tells whether nothing moved and nothing was traded.
fn is_filler(bar: &Bar) -> bool {
    bar.volume == Some(Volume::Units(0))
        && bar.close.is_some()
        && [bar.open, bar.high, bar.low]
            .iter()
            .all(|price| *price == bar.close)
}

fn is_closed(facts: &Facts, day: NaiveDate) -> bool {
    facts.calendar.day(day) == Day::Closed
}

/// Finds bars of weekdays on which the exchange of the series is known to have held no session. Those by which a source fills
/// such days, with the price of the day before and no volume, say nothing wrong.
fn holidays(facts: &Facts) -> Vec<Finding> {
    let fillers: HashSet<i64> = frame::bars_of(&facts.bars)
        .filter(is_filler)
        .filter_map(|bar| bar.date)
        .collect();
    let is_holiday = |stamp: &i64| {
        let day = time::day(*stamp);
        let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        !is_weekend && is_closed(facts, day) && !fillers.contains(stamp)
    };
    let stamps = facts.bars.times().filter(is_holiday);
    let reason = if facts.calendar.is_built_in() {
        "the exchange held no session on this day"
    } else {
        "the calendar of barkeep.toml has no session on this day"
    };
    let named = stamps.map(|stamp| finding(Kind::OffDay, stamp, stamp, reason.to_owned()));
    named.collect()
}

/// Finds bars that begin between those of the grid: an older build stored the last trade of an open session as a bar of its
/// own. What begins at whole minutes is off the grid only beside a bar that is not over, of a grid with many more bars: after
/// a break at noon, another grid goes on.
fn off_grid(facts: &Facts) -> Vec<Finding> {
    let Some(step) = step(facts.interval).filter(|_| facts.has_borders) else {
        return Vec::new();
    };
    let stamps: Vec<i64> = facts.bars.times().collect();
    let is_whole = |stamp: i64| stamp % MINUTE == 0;
    let whole = stamps.iter().filter(|stamp| is_whole(**stamp)).count();
    if whole < GRID || whole * FEWER < stamps.len() * (FEWER - 1) {
        return Vec::new();
    }
    let mut grids: HashMap<i64, usize> = HashMap::new();
    for stamp in &stamps {
        *grids.entry(stamp.rem_euclid(step)).or_default() += 1;
    }
    let bars_on = |stamp: i64| grids.get(&stamp.rem_euclid(step)).copied().unwrap_or(0);
    let is_beside_grid = |stamp: i64, other: Option<&i64>| {
        let other = other.filter(|other| (stamp - **other).abs() < step && is_whole(**other));
        let on = other.map_or(0, |other| bars_on(*other));
        on >= GRID && bars_on(stamp) * FEWER <= on
    };
    let mut found = Vec::new();
    for (at, &stamp) in stamps.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| stamps.get(at));
        let neighbours = [before, stamps.get(at + 1)];
        if !is_whole(stamp) || neighbours.iter().any(|other| is_beside_grid(stamp, *other)) {
            let clock = time::naive(stamp).format("%H:%M:%S");
            let reason = format!("{clock} lies between the bars of the series");
            found.push(finding(Kind::OffGrid, stamp, stamp, reason));
        }
    }
    found
}

fn count_of(weekday: Weekday, first: NaiveDate, last: NaiveDate) -> usize {
    let until = i64::from(weekday.days_since(first.weekday()));
    let left = (last - first).num_days() - until;
    usize::try_from(left.div_euclid(7) + 1).unwrap_or(0)
}

/// Finds bars that come again with every figure some hours later: one instant, stored on two clocks.
fn twins(facts: &Facts) -> Vec<Finding> {
    let mut alike: HashMap<[u64; 5], Vec<i64>> = HashMap::new();
    for bar in frame::bars_of(&facts.bars) {
        if let Some((figures, stamp)) = figures(&bar) {
            alike.entry(figures).or_default().push(stamp);
        }
    }
    let mut shifts: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for stamps in alike.into_values().filter(|some| some.len() <= MOST_ALIKE) {
        for (at, earlier) in stamps.iter().enumerate() {
            for later in stamps.iter().skip(at + 1) {
                let shift = later - earlier;
                if shift % CLOCKS == 0 && shift <= FURTHEST {
                    shifts.entry(shift).or_default().push(*earlier);
                }
            }
        }
    }
    let times: Vec<i64> = facts.bars.times().collect();
    let found = shifts.into_iter().filter_map(|(shift, mut stamps)| {
        stamps.sort_unstable();
        let (from, last) = (*stamps.first()?, *stamps.last()?);
        let to = last + shift;
        let first = times.partition_point(|time| *time < from);
        let among = times.partition_point(|time| *time <= to) - first;
        // By chance, single bars of a quiet market are alike.
        let is_shift = stamps.len() >= FEWEST_TWINS && stamps.len() * 4 >= among;
        is_shift.then(|| {
            let hours = short_hours(shift);
            let reason = format!(
                "{} bars come again {hours} later, to the last digit: each instant is stored on two clocks",
                stamps.len()
            );
            finding(Kind::Twin, from, to, reason)
        })
    });
    found.collect()
}

fn short_hours(shift: i64) -> String {
    let minutes = shift / 60_000_000_000;
    match (minutes / 60, minutes % 60) {
        (1, 0) => "an hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (hours, minutes) => format!("{hours}:{minutes:02} hours"),
    }
}

/// Returns the figures of a bar in which something was traded at more than one price.
fn figures(bar: &Bar) -> Option<([u64; 5], i64)> {
    let (Some(open), Some(high), Some(low), Some(close)) = (bar.open, bar.high, bar.low, bar.close)
    else {
        return None;
    };
    let volume = match bar.volume? {
        Volume::Units(units) => units.cast_unsigned(),
        Volume::Fraction(number) => number.to_bits(),
    };
    let is_traded = volume != 0 && high > low;
    let prices = [open, high, low, close].map(f64::to_bits);
    let [open, high, low, close] = prices;
    is_traded.then_some(([open, high, low, close, volume], bar.date?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Calendar;
    use crate::check::made::{daily, facts, frame};
    use crate::check::{Scope, look};

    fn bars_at(stamps: impl IntoIterator<Item = i64>) -> Vec<Bar> {
        let closes = daily(1000, 50.0);
        let bar = |(date, close): (i64, &f64)| Bar {
            date: Some(date),
            open: Some(close * 0.999),
            high: Some(close * 1.004),
            low: Some(close * 0.996),
            close: Some(*close),
            volume: Some(1000.into()),
            sequence: None,
        };
        stamps.into_iter().zip(&closes).map(bar).collect()
    }

    fn named(interval: Interval, bars: Vec<Bar>, has_borders: bool) -> Vec<(Kind, String, String)> {
        named_in("America/New_York", interval, bars, has_borders)
    }

    fn named_in(
        zone: &str,
        interval: Interval,
        bars: Vec<Bar>,
        has_borders: bool,
    ) -> Vec<(Kind, String, String)> {
        let facts = Facts {
            interval,
            bars: frame(bars),
            has_borders,
            calendar: Calendar::unlisted(zone),
            ..facts(&[1.0])
        };
        let name = |found: Finding| {
            let day = |stamp| time::day(stamp).to_string();
            (found.kind, day(found.from), day(found.to))
        };
        look(&facts, Scope::All).into_iter().map(name).collect()
    }

    fn days(text: &[&str]) -> Vec<i64> {
        let midnight = |text: &&str| time::midnight(text.parse().unwrap()).unwrap();
        text.iter().map(midnight).collect()
    }

    fn every(first: &str, step: i64, count: i64) -> Vec<i64> {
        let first = days(&[first])[0];
        (0..count).map(|at| first + at * step * time::DAY).collect()
    }

    fn tuple(kind: Kind, from: &str, to: &str) -> (Kind, String, String) {
        (kind, from.to_owned(), to.to_owned())
    }

    #[test]
    fn weeks_on_another_grid_are_named_and_whole_ones_are_not() {
        let mut stamps = every("2026-08-03", 7, 12);
        assert_eq!(named(Interval::Wk1, bars_at(stamps.clone()), true), []);
        stamps.extend(days(&["2026-09-16", "2026-09-23"]));
        stamps.sort_unstable();

        let found = named(Interval::Wk1, bars_at(stamps), true);

        let expected = [
            tuple(Kind::Overlap, "2026-09-14", "2026-09-16"),
            tuple(Kind::OffBorder, "2026-09-16", "2026-09-16"),
            tuple(Kind::Overlap, "2026-09-21", "2026-09-23"),
            tuple(Kind::OffBorder, "2026-09-23", "2026-09-23"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn months_quarters_and_fives_that_overlap_are_named() {
        let months = days(&["2026-01-01", "2026-02-01", "2026-02-15", "2026-03-01"]);
        let quarters = days(&["2026-01-01", "2026-02-01", "2026-04-01"]);
        let fives = days(&["2026-01-01", "2026-01-06", "2026-01-09", "2026-01-14"]);

        let months = named(Interval::Mo1, bars_at(months), false);
        let quarters = named(Interval::Mo3, bars_at(quarters), true);
        let fives = named(Interval::D5, bars_at(fives), true);

        assert_eq!(months, [tuple(Kind::Overlap, "2026-02-01", "2026-02-15")]);
        let expected = [
            tuple(Kind::Overlap, "2026-01-01", "2026-02-01"),
            tuple(Kind::OffBorder, "2026-02-01", "2026-02-01"),
        ];
        assert_eq!(quarters, expected);
        assert_eq!(fives, [tuple(Kind::Overlap, "2026-01-06", "2026-01-09")]);
    }

    /// A file of hours came into the place of a month of days.
    #[test]
    fn bars_of_hours_among_those_of_days_are_named() {
        let mut stamps = every("2026-10-05", 1, 3);
        assert_eq!(named(Interval::D1, bars_at(stamps.clone()), false), []);
        let late = stamps[1] + 15 * 60 * MINUTE;
        stamps.extend([late, late + 60 * MINUTE]);
        stamps.sort_unstable();

        let found = named(Interval::D1, bars_at(stamps), false);

        let of_day = tuple(Kind::Overlap, "2026-10-06", "2026-10-06");
        assert_eq!(found, [of_day.clone(), of_day]);
    }

    #[test]
    fn a_daily_bar_that_has_a_time_is_none_of_two() {
        let stamps = every("2026-10-05", 1, 3).into_iter();
        let stamps = stamps.map(|stamp| stamp + 9 * 60 * MINUTE);

        assert_eq!(named(Interval::D1, bars_at(stamps), true), []);
    }

    #[test]
    fn files_may_name_a_week_by_any_of_its_days() {
        let mut stamps = every("2026-01-02", 7, 30);
        stamps[10] -= time::DAY;

        assert_eq!(named(Interval::Wk1, bars_at(stamps), false), []);
    }

    #[test]
    fn a_saturday_is_named_where_there_are_no_others() {
        let weekday = |stamp: &i64| time::day(*stamp).weekday().num_days_from_monday() < 5;
        let whole = every("2026-10-05", 1, 60);
        let mut weekdays: Vec<i64> = whole.iter().copied().filter(weekday).collect();
        assert_eq!(named(Interval::D1, bars_at(weekdays.clone()), true), []);
        assert_eq!(named(Interval::D1, bars_at(whole), true), [], "a coin");
        weekdays.extend(days(&["2026-11-21"]));
        weekdays.sort_unstable();

        let found = named(Interval::D1, bars_at(weekdays), true);

        assert_eq!(found, [tuple(Kind::OffDay, "2026-11-21", "2026-11-21")]);
    }

    /// Taipei traded on Saturday, 2014-12-27 in place of the Friday after New Year.
    #[test]
    fn a_saturday_is_named_only_where_it_is_known_to_have_no_session() {
        let weekday = |stamp: &i64| time::day(*stamp).weekday().num_days_from_monday() < 5;
        let year = |saturday: &str, first: &str| {
            let mut stamps = every(first, 1, 300);
            stamps.retain(weekday);
            stamps.extend(days(&[saturday]));
            stamps.sort_unstable();
            stamps
        };
        let recent = year("2014-12-27", "2014-06-02");
        let old = year("1988-12-24", "1988-06-06");
        let is_named = |zone: &str, stamps: &[i64]| {
            let bars = bars_at(stamps.iter().copied());
            !named_in(zone, Interval::D1, bars, true).is_empty()
        };

        for zone in ["America/New_York", "Europe/Berlin", "Asia/Tokyo"] {
            assert!(is_named(zone, &recent), "{zone}");
        }
        for zone in [
            "Asia/Taipei",
            "Asia/Kolkata",
            "Europe/Moscow",
            "Europe/Budapest",
            "UTC",
            "",
        ] {
            assert!(!is_named(zone, &recent), "{zone}");
        }
        assert!(!is_named("Asia/Tokyo", &old));
    }

    #[test]
    fn instants_on_two_clocks_are_named() {
        let first = days(&["2023-10-27"])[0];
        let once = bars_at((0..4).map(|at| first + at * MINUTE));
        assert_eq!(named(Interval::M1, once.clone(), true), []);
        let again = once.iter().map(|bar| Bar {
            date: bar.date.map(|date| date - 240 * MINUTE),
            ..*bar
        });

        let found = named(Interval::M1, again.chain(once.clone()).collect(), true);

        assert_eq!(found, [tuple(Kind::Twin, "2023-10-26", "2023-10-27")]);
    }

    #[test]
    fn quiet_markets_in_which_bars_are_alike_are_not() {
        let first = days(&["2023-10-27"])[0];
        let flat = (0..600).map(|at| Bar {
            date: Some(first + at * MINUTE),
            open: Some(1.0),
            high: Some(1.5),
            low: Some(1.0),
            close: Some(1.0),
            volume: Some(100.into()),
            sequence: None,
        });

        assert_eq!(named(Interval::M1, flat.collect(), true), []);
    }
}
