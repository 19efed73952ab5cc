//! Older prices that a split was not applied to: a jump by its ratio, which a split-adjusted history does not have.
//!
//! Near the day of a split a jump by its ratio is enough. Far from any split the market could have done the same, so a
//! jump counts only if the day of it was calm: neither a wide range nor a crowd of volume, as a crash has. Without a
//! known split the volumes have to change the other way, too. A few bars among right ones have two edges, see `runs`.

mod runs;

use std::collections::BTreeSet;

use super::rows::{Row, Rows, middle};
use super::{Facts, Finding, Kind, moved, short};
use crate::frame::basis::Split;
use crate::model::{PriceBasis, time};

/// Rows between a split and a jump that is taken for it without more evidence.
const NEAR: usize = 2;
/// Rows of which the middle tells that a jump lasts.
const LASTING: usize = 5;
/// Prices of a few pence are rounded, and the market moves on the same day: a tenth of the logarithm is near enough.
const COARSE: f64 = 0.1;
/// A jump that is told must be so many times what prices move by, with a known split and without.
const CLEAR: [f64; 2] = [6.0, 8.0];
/// How much wider than usual the range of a calm day may be.
const CALM_RANGE: f64 = 2.5;
/// How many times its usual volume a calm day may have.
const CALM_VOLUME: f64 = 4.0;
/// Smaller jumps without a known split are moves of the market.
const SMALLEST_UNKNOWN: f64 = 1.45;
/// Ratios that splits mostly have; their inverses count, too.
const USUAL: [f64; 15] = [
    1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0,
];

/// Returns a split as the reason of a finding names it.
pub(super) fn name(split: Split) -> String {
    let (new, old) = (short(split.numerator), short(split.denominator));
    format!("the split of {} was {new}:{old}", time::day(split.day))
}

/// Finds jumps by the ratios of splits.
pub(super) fn find(rows: &Rows, facts: &Facts) -> Vec<Finding> {
    if facts.basis == PriceBasis::AsTraded {
        // These are the jumps that splits make.
        return Vec::new();
    }
    let mut search = Search {
        rows,
        taken: BTreeSet::new(),
        found: Vec::new(),
    };
    for split in facts.events.iter().filter_map(Split::of) {
        search.of_runs(split);
        search.of_split(split);
    }
    search.of_unknown_splits();
    search.found
}

struct Search<'r> {
    rows: &'r Rows,
    /// Rows at which a jump was told.
    taken: BTreeSet<usize>,
    found: Vec<Finding>,
}

impl Search<'_> {
    fn of_split(&mut self, split: Split) {
        let day = self.rows.first_from(split.day);
        for at in 1..(day + NEAR + 1).min(self.rows.all.len()) {
            let Some(change) = self.rows.change(at) else {
                continue;
            };
            let log = split.log();
            let is_near = at.abs_diff(day) <= NEAR;
            let is_within = |expected: f64| (change - expected).abs() <= log.abs() / 3.0;
            if self.taken.contains(&at) {
            } else if is_within(-log) && self.is_jump(at, -log, is_near) {
                self.take(at, -log, split, is_near, "were not divided by it");
            } else if is_near && is_within(log) && self.is_jump(at, log, is_near) {
                self.take(at, log, split, is_near, "were divided by it twice");
            }
        }
    }

    fn is_jump(&self, at: usize, expected: f64, is_near: bool) -> bool {
        let [clear, _] = CLEAR;
        let (Some(change), Some(spread)) = (self.rows.change(at), self.rows.spread(at)) else {
            return false;
        };
        // No market moves by a factor of three on a quiet day, so that the day's own move may be wide.
        let coarse = if is_near || expected.abs() > 1.0 {
            COARSE * expected.abs()
        } else {
            0.02
        };
        let most = (2.5 * spread).max(coarse);
        expected.abs() >= clear * spread
            && (change - expected).abs() <= most
            && (is_near || self.is_calm(at, expected))
    }

    fn take(&mut self, at: usize, expected: f64, split: Split, is_near: bool, what: &str) {
        let Some(from) = self.beginning(at, expected) else {
            return;
        };
        let kind = if is_near {
            Kind::UnappliedSplit
        } else {
            Kind::Seam
        };
        let change = moved(self.rows.change(at).unwrap_or(0.0));
        let reason = format!(
            "the next bar is {change}, and {}: these {what}",
            name(split)
        );
        self.tell(kind, from, at, (-expected).exp(), reason);
    }

    /// Returns the first row on the other basis: where the opposite jump is, or the first of all if this one lasts.
    fn beginning(&self, at: usize, expected: f64) -> Option<usize> {
        let least = (COARSE * expected.abs()).max(0.05);
        let most = (4.0 * self.rows.spread(at)?).clamp(least, expected.abs() / 3.0 + 0.05);
        let is_opposite = |row: &usize| {
            let change = self.rows.change(*row);
            change.is_some_and(|change| (change + expected).abs() <= most)
        };
        if let Some(from) = (1..at).rev().find(is_opposite) {
            return Some(from);
        }
        self.is_lasting(at, expected).then_some(0)
    }

    /// Tells whether prices stay where a jump took them, but for what the market does in a few days.
    fn is_lasting(&self, at: usize, expected: f64) -> bool {
        let levels = self.rows.around(at, LASTING, |row| Some(row.total));
        levels.is_some_and(|(before, after)| {
            (after - before - expected).abs() <= expected.abs() / 3.0
        })
    }

    /// Tells whether neither range nor volume of a day are those of a day on which the market moved by so much.
    fn is_calm(&self, at: usize, expected: f64) -> bool {
        let Some(row) = self.rows.all.get(at) else {
            return false;
        };
        let of_many = |of: fn(&Row) -> f64| self.rows.around(at, 20, |row| Some(of(row)));
        let is_narrow = of_many(Row::range).is_none_or(|(before, after)| {
            let usual = before.max(after);
            usual <= 0.0 || row.range() <= usual * CALM_RANGE
        });
        let is_quiet = of_many(|row| row.volume).is_none_or(|(before, _)| {
            // The shares of before were fewer by the ratio, or more.
            before <= 0.0 || row.volume <= before * (-expected).exp() * CALM_VOLUME
        });
        is_narrow && is_quiet
    }

    fn of_unknown_splits(&mut self) {
        let mut open: Option<(usize, f64)> = None;
        let mut start = 0;
        for at in 1..self.rows.all.len() {
            let Some(expected) = self.unknown_at(at) else {
                continue;
            };
            let ratio = (-expected).exp();
            let times = short(if ratio > 1.0 { ratio } else { 1.0 / ratio });
            let change = moved(self.rows.change(at).unwrap_or(0.0));
            match open {
                Some((first, earlier)) if (earlier + expected).abs() < 0.1 => {
                    // The way there was told as older rows; what lies between is the exception.
                    self.found.pop();
                    let reason = format!(
                        "prices jump by a factor of {times} before these bars and back after them, on quiet days"
                    );
                    self.tell(Kind::Seam, first, at, ratio, reason);
                    open = None;
                }
                _ => {
                    let traded = self.traded(at).map_or_else(String::new, |change| {
                        format!(", with {} times the volume since", short(change.exp()))
                    });
                    let reason = format!(
                        "the next bar is {change} on a quiet day{traded}: older rows seem to lack a split by {times}"
                    );
                    self.tell(Kind::Seam, start, at, ratio, reason);
                    open = Some((at, expected));
                }
            }
            start = at;
        }
    }

    /// Returns the jump at a row if it is the ratio of a usual split, on prices and on volumes.
    fn unknown_at(&self, at: usize) -> Option<f64> {
        let change = self.rows.change(at)?;
        if change.abs() < SMALLEST_UNKNOWN.ln() || self.taken.contains(&at) {
            return None;
        }
        let spread = self.rows.spread(at)?;
        let [_, clear] = CLEAR;
        let most = (2.0 * spread).clamp(0.015, 0.05);
        let usual = USUAL.iter().map(|ratio| ratio.ln().copysign(change));
        let expected = usual.min_by(|a, b| (a - change).abs().total_cmp(&(b - change).abs()))?;
        let is_usual = (expected - change).abs() <= most && expected.abs() >= clear * spread;
        let is_jump = is_usual && self.is_lasting(at, expected) && self.is_calm(at, expected);
        (is_jump && self.volumes_agree(at, expected)).then_some(expected)
    }

    /// Returns the logarithm of volumes since a row over those before; `None` where nothing is traded.
    fn traded(&self, at: usize) -> Option<f64> {
        let traded = |row: &Row| Some(row.volume).filter(|volume| *volume > 0.0);
        let (before, after) = self.rows.around(at, 10, traded)?;
        Some((after / before).ln())
    }

    /// Tells whether volumes change the other way; where nothing is traded they say nothing.
    fn volumes_agree(&self, at: usize, expected: f64) -> bool {
        let share = self.traded(at).map(|change| change / -expected);
        share.is_none_or(|share| (0.5..=2.0).contains(&share))
    }

    fn tell(&mut self, kind: Kind, from: usize, end: usize, factor: f64, reason: String) {
        let last = end.saturating_sub(1);
        let (Some(first), Some(last)) = (self.rows.all.get(from), self.rows.all.get(last)) else {
            return;
        };
        self.taken.extend([from, end]);
        self.found.push(Finding {
            kind,
            from: first.at,
            to: last.at,
            factor: Some(factor),
            reason,
        });
    }
}

/// Returns the usual ratio of splits that is nearest to a jump, if it is exactly that.
pub(super) fn exact_ratio(change: f64, splits: &[Split]) -> Option<f64> {
    const EXACT: f64 = 1e-3;
    let known = splits.iter().map(|split| split.log().abs());
    let usual = USUAL.iter().map(|ratio| ratio.ln());
    known
        .chain(usual)
        .map(|log| log.copysign(change))
        .find(|log| log.abs() > 0.04 && (log - change).abs() < EXACT)
}

/// Returns the middle of what is paid over some rows, to compare with others.
pub(super) fn settled(rows: &[Row]) -> Option<f64> {
    middle(rows.iter().filter_map(|row| row.paid).collect())
}

#[cfg(test)]
mod tests;
