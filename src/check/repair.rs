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
mod tests;
