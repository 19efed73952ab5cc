//! Short runs of bars, mostly single days, that a later split was not applied to, while their neighbours are right.
//!
//! Both edges of a run are evidence: prices leave the level of the bars around it by the ratio of a split and come back by
//! the same, at a usual range, and what was traded moves the other way. So neither a calm day nor many bars are needed.

use super::Search;
use crate::check::rows::{Row, middle};
use crate::check::{Kind, short};
use crate::frame::basis::Split;
use crate::model::time;

/// Longer runs are told by their calm edges.
const LONGEST: usize = 5;
/// Bars on either side of a run that tell the usual range.
const BESIDE: usize = 5;
/// Smaller ratios are moves of the market, which come back, too.
const SMALLEST: f64 = 1.25;
/// How many times what prices move by the ratio has to be.
const CLEAR: f64 = 6.0;
/// How far the distance of a run from its neighbours may be from the ratio where prices hardly move.
const NEAR: f64 = 0.05;
/// How much wider than that of the bars beside it the range of a run may be; that of a crash is.
const USUAL_RANGE: f64 = 2.5;
/// How far volumes may be, as a logarithm and as a part of that of the ratio, from moving by it the other way. They are noisy;
/// a market that moves so far by itself mostly trades many times as much.
const NOISE: [f64; 2] = [1.5, 0.75];

impl Search<'_> {
    /// Finds the short runs before a split, or within the bars that a day may be off.
    pub(super) fn of_runs(&mut self, split: Split) {
        let log = split.log();
        if log.abs() < SMALLEST.ln() {
            return;
        }
        let day = self.rows.first_from(split.day);
        let mut from = 1;
        while from < day {
            let ends = (from + 1..=from + LONGEST).filter(|end| *end <= day + super::NEAR);
            let mut runs = ends.flat_map(|end| [log, -log].map(|off| (end, off)));
            let found = runs.find(|(end, off)| self.is_run(from, *end, *off));
            if let Some((end, off)) = found {
                self.tell_run((from, end), off, split);
                from = end;
            }
            from += 1;
        }
    }

    /// Tells whether the rows before `end` stand above those on either side by a logarithm, and nothing else explains it.
    fn is_run(&self, from: usize, end: usize, off: f64) -> bool {
        let is_edge = |at: usize, expected: f64| {
            let change = self.rows.change(at);
            let is_free = !self.taken.contains(&at);
            is_free && change.is_some_and(|change| (change - expected).abs() <= off.abs() / 3.0)
        };
        if !(is_edge(from, off) && is_edge(end, -off)) {
            return false;
        }
        let Some(spread) = self.rows.spread_but(from, &[from, end]) else {
            return false;
        };
        let most = (2.5 * spread).max(NEAR).min(off.abs() / 3.0);
        let level = self.beside(from, end, |row| row.total);
        let is_off = level.is_some_and(|(run, around)| (run - around - off).abs() <= most);
        off.abs() >= CLEAR * spread
            && is_off
            && self.is_narrow(from, end)
            && self.is_traded(from, end, off)
    }

    /// Returns the middle of something over a run, and between the two rows beside it.
    fn beside(&self, from: usize, end: usize, of: impl Fn(&Row) -> f64) -> Option<(f64, f64)> {
        let run = middle(self.rows.all.get(from..end)?.iter().map(&of).collect())?;
        let (before, after) = (
            self.rows.all.get(from.checked_sub(1)?)?,
            self.rows.all.get(end)?,
        );
        Some((run, f64::midpoint(of(before), of(after))))
    }

    /// Tells whether the ranges of a run are those of the bars beside it.
    fn is_narrow(&self, from: usize, end: usize) -> bool {
        let ranges = |from: usize, end: usize| {
            let rows = self.rows.all.get(from..end.min(self.rows.all.len()));
            rows.into_iter().flatten().map(Row::range)
        };
        let around = ranges(from.saturating_sub(BESIDE), from).chain(ranges(end, end + BESIDE));
        let usual = middle(around.collect()).filter(|usual| *usual > 0.0);
        let own = middle(ranges(from, end).collect());
        usual
            .zip(own)
            .is_none_or(|(usual, own)| own <= usual * USUAL_RANGE)
    }

    /// Tells whether volumes may have moved the other way.
    fn is_traded(&self, from: usize, end: usize, off: f64) -> bool {
        let [most, part] = NOISE;
        let most = most.max(part * off.abs());
        let times = self.traded_times(from, end);
        times.is_none_or(|times| (times.ln() + off).abs() <= most)
    }

    /// Returns how many times the volume of the rows beside it a run has; `None` where nothing is traded.
    fn traded_times(&self, from: usize, end: usize) -> Option<f64> {
        let (run, around) = self.beside(from, end, |row| row.volume.ln())?;
        let times = (run - around).exp();
        (times.is_finite() && times > 0.0).then_some(times)
    }

    fn tell_run(&mut self, (from, end): (usize, usize), off: f64, split: Split) {
        let day = |at: usize| {
            let row = self.rows.all.get(at);
            row.map_or_else(String::new, |row| time::day(row.at).to_string())
        };
        let times = self.beside(from, end, |row| row.total);
        let times = times.map_or(off, |(run, around)| run - around).exp();
        let traded = self
            .traded_times(from, end)
            .map_or_else(String::new, |traded| {
                format!(", with {} times the volume", short(traded))
            });
        let what = if off * split.log() > 0.0 {
            "was not applied to them"
        } else {
            "was applied to them twice"
        };
        let reason = format!(
            "prices are {} times those of {} before and of {} after{traded}, and {}, which {what}",
            short(times),
            day(from - 1),
            day(end),
            super::name(split),
        );
        self.tell(Kind::UnappliedSplit, from, end, off.exp(), reason);
    }
}
