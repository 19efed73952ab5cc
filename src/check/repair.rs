//! Which bars can be taken out of a series: those that stand where none can, beside bars that hold their time.
//!
//! Promises: pure. A bar is taken out only if another one, which stands where it should, holds its time: never the only one
//! for its days, and none in which something was traded on the word of a calendar of the user's alone, in which a session may
//! be missing. What is suspicious and not as clear as that is named and stays.
//! Leaves to others: asking a person, and doing it (`ingest`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::{Facts, Finding, Kind, stands};
use crate::calendar::Day;
use crate::frame::{self, Cell, Frame, Volume};
use crate::model::time;

/// Bars that are as long or longer are counted from the opening of a session, and those outside of it from the hour.
const MOST_STEP: i64 = time::DAY / 48;
const MINUTE: i64 = time::DAY / 1440;

/// What can be done about the bars of a series that stand where none should.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repair {
    /// Bars that go, by their stamps: what each is, and why it may go.
    pub gone: BTreeMap<i64, (Kind, String)>,
    /// Bars that stay, since nothing says that another one holds their time.
    pub doubtful: Vec<Finding>,
}

/// Decides which bars of a series can be taken out; `named` are days of which a person says that there was no session.
pub fn repair(facts: &Facts, named: &BTreeSet<NaiveDate>) -> Repair {
    let mut repair = Repair::default();
    let found = stands::find(facts);
    let off_grid = found.iter().filter(|one| one.kind == Kind::OffGrid);
    let series = Series {
        facts,
        stamps: priced(&facts.bars),
        off_grid: off_grid.map(|one| one.from).collect(),
        named,
    };
    for finding in found {
        match finding.kind {
            Kind::Overlap => series.judge_overlap(finding, &mut repair),
            Kind::OffBorder => series.judge_off_border(&finding, &mut repair),
            Kind::OffDay => series.judge_off_day(finding, &mut repair),
            Kind::OffGrid => series.judge_off_grid(&finding, &mut repair),
            // Of two clocks nobody can say which is the right one.
            _ => repair.doubtful.push(finding),
        }
    }
    let gone = &repair.gone;
    repair.doubtful.retain(|doubt| !is_settled(doubt, gone));
    repair.doubtful.sort_by_key(|doubt| (doubt.from, doubt.to));
    repair.doubtful.dedup();
    repair
}

/// Of two bars that overlap, one that goes is enough.
fn is_settled(doubt: &Finding, gone: &BTreeMap<i64, (Kind, String)>) -> bool {
    match doubt.kind {
        Kind::Overlap => [doubt.from, doubt.to]
            .iter()
            .any(|at| gone.contains_key(at)),
        _ => false,
    }
}

/// Returns the stamps of the bars that have a close: another one holds nobody's time.
fn priced(bars: &Frame) -> Vec<i64> {
    let close = bars.profile().position("close");
    let close = close.and_then(|at| bars.columns().get(at));
    let has_price = |row: usize| match close.map(|close| close.cell(row)) {
        Some(Cell::Float(price)) => !price.is_nan() && price != 0.0,
        _ => false,
    };
    let rows = bars.times().enumerate();
    rows.filter(|(row, _)| has_price(*row))
        .map(|(_, stamp)| stamp)
        .collect()
}

struct Series<'f> {
    facts: &'f Facts,
    stamps: Vec<i64>,
    off_grid: BTreeSet<i64>,
    named: &'f BTreeSet<NaiveDate>,
}

impl Series<'_> {
    fn has(&self, day: NaiveDate) -> bool {
        time::midnight(day).is_some_and(|stamp| self.stamps.binary_search(&stamp).is_ok())
    }

    /// A volume that nobody wrote down may have been one.
    fn is_traded(&self, stamp: i64) -> bool {
        let at = self.facts.bars.at(|other| other == stamp);
        frame::bars_of(&at).any(|bar| match bar.volume {
            Some(Volume::Units(units)) => units != 0,
            Some(Volume::Fraction(number)) => number != 0.0,
            None => true,
        })
    }

    fn is_on_border(&self, stamp: i64) -> bool {
        let day = time::day(stamp);
        let period = self.facts.interval.period(day);
        period.is_some_and(|period| period.start == day && time::midnight(day) == Some(stamp))
    }

    /// Where the borders are known, the one of two that is off them may go.
    fn judge_overlap(&self, finding: Finding, repair: &mut Repair) {
        let pair = [finding.from, finding.to];
        let off = pair.into_iter().filter(|stamp| !self.is_on_border(*stamp));
        let off: Vec<i64> = off.collect();
        match off.as_slice() {
            [one] if self.facts.has_borders => self.judge_wide(*one, repair),
            _ => repair.doubtful.push(finding),
        }
    }

    fn judge_off_border(&self, run: &Finding, repair: &mut Repair) {
        let within = self.stamps.iter();
        let within = within.filter(|stamp| (run.from..=run.to).contains(stamp));
        for &stamp in within {
            self.judge_wide(stamp, repair);
        }
    }

    /// A bar that begins within a period reaches into the next one: both have to be there.
    fn judge_wide(&self, stamp: i64, repair: &mut Repair) {
        let day = time::day(stamp);
        let Some(period) = self.facts.interval.period(day) else {
            return;
        };
        let missing = [period.start, period.end]
            .into_iter()
            .find(|border| !self.has(*border));
        match missing {
            None => {
                let (from, to) = (period.start, period.end);
                let why = format!(
                    "it begins within a period, and the bars of {from} and {to} hold its days"
                );
                repair.gone.insert(stamp, (Kind::OffBorder, why));
            }
            Some(border) => {
                let reason =
                    format!("there is no bar of {border}, so it may be the only one for its days");
                repair.doubtful.push(doubt(Kind::OffBorder, stamp, reason));
            }
        }
    }

    /// A bar of a day without a session is one of the session before, stamped too late, or of the one after, stamped too
    /// early: what it is of has to be there.
    fn judge_off_day(&self, finding: Finding, repair: &mut Repair) {
        let day = time::day(finding.from);
        if !self.facts.calendar.is_built_in()
            && self.is_traded(finding.from)
            && !self.named.contains(&day)
        {
            let reason = format!(
                "{}, but something was traded, and a session may be missing in the calendar: --day {day} takes the bar out",
                finding.reason
            );
            repair.doubtful.push(Finding { reason, ..finding });
            return;
        }
        let before = self.session_beside(day, Side::Before);
        // On a Saturday nothing of Monday has been stored by anybody.
        let after = (day.weekday() != Weekday::Sat).then(|| self.session_beside(day, Side::After));
        let needed = [Some(before), after].into_iter().flatten();
        let mut held = Vec::new();
        for session in needed {
            match session {
                Some(session) if self.has(session) => held.push(session.to_string()),
                Some(session) => {
                    let reason = format!(
                        "{}, but there is no bar of {session}, so it may be that one",
                        finding.reason
                    );
                    repair.doubtful.push(Finding { reason, ..finding });
                    return;
                }
                None => {
                    repair.doubtful.push(finding);
                    return;
                }
            }
        }
        let why = format!(
            "{}; there is a bar of {}",
            finding.reason,
            held.join(" and of ")
        );
        repair.gone.insert(finding.from, (Kind::OffDay, why));
    }

    /// Returns the session next to a day; a day of which nothing is known is taken for one.
    fn session_beside(&self, day: NaiveDate, side: Side) -> Option<NaiveDate> {
        let calendar = &self.facts.calendar;
        let near = (1..=10).filter_map(|days| match side {
            Side::Before => day.checked_sub_days(Days::new(days)),
            Side::After => day.checked_add_days(Days::new(days)),
        });
        near.into_iter()
            .find(|day| calendar.day(*day) != Day::Closed)
    }

    /// The bar of the time in which it stands has to be there.
    fn judge_off_grid(&self, finding: &Finding, repair: &mut Repair) {
        let at = self.stamps.partition_point(|stamp| *stamp < finding.from);
        let step = stands::step(self.facts.interval).unwrap_or_default();
        let earlier = self.stamps.get(..at).unwrap_or_default().iter().rev();
        let mut within = earlier.copied().take_while(|stamp| {
            finding.from - stamp < step && time::day(*stamp) == time::day(finding.from)
        });
        // A bar of whole hours may be one outside of the session, which has a grid of its own.
        let grid = if step < MOST_STEP { step } else { MINUTE };
        let is_odd = finding.from.rem_euclid(grid) != 0;
        if is_odd && let Some(whole) = within.find(|stamp| !self.off_grid.contains(stamp)) {
            let clock = time::naive(whole).format("%H:%M");
            let why = format!("{}; the bar of {clock} holds its time", finding.reason);
            repair.gone.insert(finding.from, (Kind::OffGrid, why));
        } else {
            let reason = format!("{}, but no bar of the grid holds its time", finding.reason);
            let doubt = doubt(Kind::OffGrid, finding.from, reason);
            repair.doubtful.push(doubt);
        }
    }
}

#[derive(Clone, Copy)]
enum Side {
    Before,
    After,
}

fn doubt(kind: Kind, stamp: i64, reason: String) -> Finding {
    Finding {
        kind,
        from: stamp,
        to: stamp,
        factor: None,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Calendar;
    use crate::check::made::{daily, facts, frame};
    use crate::frame::Bar;
    use crate::model::Interval;

    fn stamp(text: &str) -> i64 {
        time::parse(text).unwrap()
    }

    fn series(interval: Interval, stamps: &[i64]) -> Facts {
        series_of(interval, stamps, |_, bar| bar)
    }

    fn series_of(interval: Interval, stamps: &[i64], made: impl Fn(usize, Bar) -> Bar) -> Facts {
        let mut stamps = stamps.to_vec();
        stamps.sort_unstable();
        let closes = daily(stamps.len(), 50.0);
        let bar = |(date, close): (&i64, &f64)| Bar {
            date: Some(*date),
            open: Some(*close),
            high: Some(close * 1.004),
            low: Some(close * 0.996),
            close: Some(*close),
            volume: Some(1000.into()),
            sequence: None,
        };
        Facts {
            interval,
            bars: frame(
                stamps
                    .iter()
                    .zip(&closes)
                    .map(bar)
                    .enumerate()
                    .map(|(at, bar)| made(at, bar))
                    .collect(),
            ),
            calendar: Calendar::unlisted("America/New_York"),
            ..facts(&[1.0])
        }
    }

    /// Weekdays of a quarter, without some and with others.
    fn weekdays(without: &[&str], with: &[&str]) -> Vec<i64> {
        let first: NaiveDate = "2026-09-01".parse().unwrap();
        let days = first.iter_days().take(91);
        let days = days.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
        let is_out = |day: &NaiveDate| without.contains(&day.to_string().as_str());
        let days = days
            .filter(|day| !is_out(day))
            .map(|day| time::midnight(day).unwrap());
        days.chain(with.iter().map(|text| stamp(text))).collect()
    }

    fn told(facts: &Facts) -> (Vec<String>, Vec<String>) {
        let shown = |stamp: i64| time::naive(stamp).to_string().replace(" 00:00:00", "");
        let repair = repair(facts, &BTreeSet::new());
        let stays = repair.doubtful.iter().map(|doubt| shown(doubt.from));
        (
            repair.gone.keys().map(|stamp| shown(*stamp)).collect(),
            stays.collect(),
        )
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_bar_of_a_weekend_goes_only_beside_the_one_that_it_may_be_of() {
        let told =
            |without: &[&str], with: &str| told(&series(Interval::D1, &weekdays(without, &[with])));

        assert_eq!(
            told(&[], "2026-10-17"),
            (texts(&["2026-10-17"]), texts(&[]))
        );
        assert_eq!(
            told(&[], "2026-10-18"),
            (texts(&["2026-10-18"]), texts(&[]))
        );
        // Friday as an older build stored it, and nothing else of that day.
        assert_eq!(
            told(&["2026-10-16"], "2026-10-17"),
            (texts(&[]), texts(&["2026-10-17"]))
        );
        // Monday, an hour early.
        assert_eq!(
            told(&["2026-10-19"], "2026-10-18"),
            (texts(&[]), texts(&["2026-10-18"]))
        );
    }

    #[test]
    fn a_saturday_goes_when_it_is_the_newest_bar_and_a_sunday_stays() {
        let without: Vec<String> = (30..=30).map(|day| format!("2026-11-{day}")).collect();
        let without: Vec<&str> = without.iter().map(String::as_str).collect();
        let told = |day: &str| told(&series(Interval::D1, &weekdays(&without, &[day])));

        assert_eq!(told("2026-11-28"), (texts(&["2026-11-28"]), texts(&[])));
        assert_eq!(told("2026-11-29"), (texts(&[]), texts(&["2026-11-29"])));
    }

    /// Thanksgiving, and what nobody knows of other exchanges.
    #[test]
    fn a_bar_of_a_holiday_goes_only_where_the_sessions_are_known() {
        let unknown = series(Interval::D1, &weekdays(&[], &[]));
        let known = Facts {
            calendar: Calendar::new_york(),
            ..unknown.clone()
        };

        assert_eq!(told(&unknown), (texts(&[]), texts(&[])));
        assert_eq!(
            told(&known),
            (texts(&["2026-09-07", "2026-11-26"]), texts(&[]))
        );
    }

    /// A CSV of the user's in which 7 October is missing, and the holidays of the quarter are none.
    #[test]
    fn on_the_word_of_a_users_calendar_no_bar_with_a_volume_goes_unless_its_day_is_named() {
        let days = weekdays(&["2026-10-07"], &[]);
        let calendar = Calendar::of_days("America/New_York", days.iter().map(|at| time::day(*at)));
        let judged = |volume: Option<i64>, named: &[&str]| {
            let facts = Facts {
                calendar: calendar.clone().unwrap(),
                ..series_of(Interval::D1, &weekdays(&[], &[]), |_, bar| Bar {
                    volume: volume.map(Volume::Units),
                    ..bar
                })
            };
            let named = named.iter().map(|day| day.parse().unwrap()).collect();
            repair(&facts, &named)
        };

        for volume in [Some(1000), None] {
            let kept = judged(volume, &["2026-10-08"]);
            assert_eq!(kept.gone.len(), 0);
            let [doubt] = kept.doubtful.as_slice() else {
                panic!("{:?}", kept.doubtful);
            };
            assert_eq!(doubt.from, stamp("2026-10-07"));
            assert!(
                doubt.reason.contains("--day 2026-10-07"),
                "{}",
                doubt.reason
            );
            assert!(doubt.reason.contains("barkeep.toml"), "{}", doubt.reason);
        }
        let gone = |repair: Repair| repair.gone.into_keys().collect::<Vec<_>>();
        assert_eq!(gone(judged(Some(0), &[])), [stamp("2026-10-07")]);
        assert_eq!(
            gone(judged(Some(1000), &["2026-10-07"])),
            [stamp("2026-10-07")]
        );
    }

    #[test]
    fn a_week_off_the_border_goes_only_if_both_weeks_into_which_it_reaches_are_there() {
        let mondays = ["2026-09-07", "2026-09-14", "2026-09-21", "2026-10-05"];
        let off = ["2026-09-16", "2026-09-23", "2026-10-07"];
        let stamps = mondays.iter().chain(&off).map(|day| stamp(day));
        let stamps: Vec<i64> = stamps.collect();
        let facts = series(Interval::Wk1, &stamps);
        let of_files = Facts {
            has_borders: false,
            ..facts.clone()
        };

        let (gone, stays) = told(&facts);
        assert_eq!(gone, ["2026-09-16"]);
        // The week of September 28 is not there, and nothing comes after the last one.
        assert!(stays.contains(&"2026-09-23".to_owned()), "{stays:?}");
        assert!(stays.contains(&"2026-10-07".to_owned()), "{stays:?}");
        assert!(repair(&of_files, &BTreeSet::new()).gone.is_empty());
        assert_eq!(repair(&of_files, &BTreeSet::new()).doubtful.len(), 3);
    }

    #[test]
    fn months_quarters_and_fives_go_as_weeks_do() {
        let told = |interval, days: &[&str]| {
            let stamps: Vec<i64> = days.iter().map(|day| stamp(day)).collect();
            told(&series(interval, &stamps))
        };
        let months = told(Interval::Mo1, &["2026-01-01", "2026-01-15", "2026-02-01"]);
        let quarters = told(Interval::Mo3, &["2026-01-01", "2026-02-01", "2026-04-01"]);
        let first = Interval::D5.period("2026-01-05".parse().unwrap()).unwrap();
        let [border, next] = [first.start, first.end].map(|day| day.to_string());
        let off = (first.start + Days::new(2)).to_string();
        let fives = told(Interval::D5, &[&border, &off, &next]);
        let alone = told(Interval::D5, &[&border, &off]);

        assert_eq!(months, (texts(&["2026-01-15"]), texts(&[])));
        assert_eq!(quarters, (texts(&["2026-02-01"]), texts(&[])));
        assert_eq!(fives, (texts(&[&off]), texts(&[])));
        assert_eq!(alone.0, texts(&[]));
    }

    fn clocks(days: &[&str], clocks: &[&str]) -> Vec<i64> {
        let of_day = |day: &&str| {
            let at = clocks.iter().map(|clock| stamp(&format!("{day}T{clock}")));
            at.collect::<Vec<_>>()
        };
        days.iter().flat_map(of_day).collect()
    }

    #[test]
    fn a_last_trade_that_is_a_bar_of_its_own_goes_beside_the_bar_of_its_time() {
        let days = ["2026-10-05", "2026-10-06"];
        let mut hours = clocks(&days, &["09:30:00", "10:30:00", "11:30:00", "12:30:00"]);
        assert_eq!(
            told(&series(Interval::H1, &hours)),
            (texts(&[]), texts(&[]))
        );
        hours.extend(clocks(
            &["2026-10-06"],
            &["10:47:23", "13:00:00", "17:00:05"],
        ));

        let (gone, stays) = told(&series(Interval::H1, &hours));

        assert_eq!(gone, ["2026-10-06 10:47:23"]);
        // At a whole hour it may be the first bar after the session.
        assert_eq!(stays, ["2026-10-06 13:00:00", "2026-10-06 17:00:05"]);
    }

    #[test]
    fn a_bar_without_a_close_holds_nobodys_time() {
        let mut stamps = clocks(&["2026-10-05", "2026-10-06"], &["15:57:00", "15:58:00"]);
        stamps.extend(clocks(&["2026-10-06"], &["15:58:31"]));
        let whole = series(Interval::M1, &stamps);
        assert_eq!(told(&whole).0, ["2026-10-06 15:58:31"]);
        let empty = |at: usize, bar: Bar| match at {
            3 => Bar {
                date: bar.date,
                ..Bar::default()
            },
            _ => bar,
        };

        let (gone, stays) = told(&series_of(Interval::M1, &stamps, empty));

        assert!(gone.is_empty());
        assert_eq!(stays, ["2026-10-06 15:58:31"]);
    }

    #[test]
    fn a_break_at_noon_begins_another_grid_and_no_bar_off_it() {
        let days = ["2026-10-05", "2026-10-06", "2026-10-07", "2026-10-08"];
        let tokyo = [
            "09:00:00", "10:00:00", "11:00:00", "12:30:00", "13:30:00", "14:30:00",
        ];

        let hours = series(Interval::M60, &clocks(&days, &tokyo));

        assert_eq!(told(&hours), (texts(&[]), texts(&[])));
    }

    #[test]
    fn two_last_trades_of_one_minute_both_go_and_none_holds_the_other() {
        let mut minutes = clocks(
            &["2026-10-05"],
            &["15:55:00", "15:56:00", "15:57:00", "15:59:00"],
        );
        minutes.extend(clocks(&["2026-10-05"], &["15:59:20"]));
        let one = told(&series(Interval::M1, &minutes));
        minutes.retain(|at| *at != stamp("2026-10-05T15:59:00"));
        minutes.push(stamp("2026-10-05T15:54:00"));
        let alone = told(&series(Interval::M1, &minutes));

        assert_eq!(one, (texts(&["2026-10-05 15:59:20"]), texts(&[])));
        assert_eq!(alone, (texts(&[]), texts(&["2026-10-05 15:59:20"])));
    }
}
