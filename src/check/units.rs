//! Prices in another unit than those around them: pounds among pence, a hundred times too much or too little.
//!
//! Each price is held against the bars before it. Runs of bars that stand a hundred times above or below the others are
//! told as one; the unit that most bars have counts as the usual one, though it may be the wrong one.

use std::collections::BTreeMap;

use super::rows::{NAMES, Row, Rows, middle};
use super::{Facts, Finding, Kind};
use crate::model::minor_units;

/// Bars that a price is held against.
const BEFORE: usize = 5;
/// How near to the factor a jump has to be, as a logarithm: one that is clear of the market and one that is not.
const NEAR: [f64; 2] = [0.25, 0.7];
/// How many times what prices move by the factor has to be.
const CLEAR: f64 = 6.0;
/// What prices are taken to move by where there are too few bars to tell.
const ASSUMED_SPREAD: f64 = 0.1;

/// Finds prices in another unit; `known` is what splits explain already.
pub(super) fn find(rows: &Rows, facts: &Facts, known: &[Finding]) -> Vec<Finding> {
    let unit = f64::from(minor_units(facts.currency.as_deref()));
    let mut scan = Scan {
        rows,
        unit,
        window: Vec::new(),
        current: 0,
    };
    let mut found = Vec::new();
    let mut powers = Vec::new();
    for (at, row) in rows.all.iter().enumerate() {
        found.extend(scan.single_prices(row));
        powers.push(scan.power(at, row));
    }
    found.extend(runs(rows, &powers, unit));
    found.retain(|one| known.iter().all(|known| !overlap(one, known)));
    found
}

fn overlap(one: &Finding, other: &Finding) -> bool {
    one.from <= other.to && other.from <= one.to
}

/// Reads rows in order, and knows what prices were last.
struct Scan<'r> {
    rows: &'r Rows,
    unit: f64,
    /// Levels of the last bars, in the unit of the bar before.
    window: Vec<f64>,
    /// The power of the unit in which the bar before stands, against the first one.
    current: i32,
}

impl Scan<'_> {
    fn is_mixed(&self, row: &Row) -> bool {
        row.range() > self.unit.ln() * 0.6
    }

    /// Returns the prices of a row that stand in another unit than its others.
    fn single_prices(&mut self, row: &Row) -> Option<Finding> {
        if !self.is_mixed(row) {
            return None;
        }
        let usual = middle(self.window.clone())?;
        let log = self.unit.ln();
        let [near, _] = NEAR;
        let power = |price: f64| {
            let power = ((price - usual) / log).round().clamp(-1.0, 1.0);
            let is_near = (price - usual - power * log).abs() <= 2.0 * near;
            is_near.then_some(power)
        };
        let prices = NAMES.iter().zip(row.prices);
        let powers: Vec<(&str, f64)> = prices
            .filter_map(|(name, price)| Some((*name, power(price?)?)))
            .collect();
        let whole = row.prices.iter().flatten().count();
        let off: Vec<(&str, f64)> = powers.iter().filter(|(_, p)| *p != 0.0).copied().collect();
        if powers.len() < whole || off.is_empty() || off.len() == whole {
            return None;
        }
        let (_, first) = *off.first()?;
        let names: Vec<&str> = off.iter().map(|(name, _)| *name).collect();
        let (unit, size) = (self.unit, smaller_or_larger(first));
        let reason = format!(
            "{} {} about {unit} times {size} than the other prices of the bar and the bars before it",
            names.join(" and "),
            if names.len() == 1 { "is" } else { "are" },
        );
        Some(Finding {
            kind: Kind::UnitJump,
            from: row.at,
            to: row.at,
            factor: Some(if first > 0.0 { unit } else { 1.0 / unit }),
            reason,
        })
    }

    /// Returns the power of the unit in which a row stands, against the first one.
    fn power(&mut self, at: usize, row: &Row) -> i32 {
        if self.is_mixed(row) {
            return self.current;
        }
        let log = self.unit.ln();
        if let Some(usual) = middle(self.window.clone()) {
            let spread = self.rows.spread(at).unwrap_or(ASSUMED_SPREAD);
            let [least, most] = NEAR;
            let jump = row.level - usual;
            let is_unit = (jump.abs() - log).abs() <= (4.0 * spread).clamp(least, most);
            if is_unit && log >= CLEAR * spread {
                self.current += if jump > 0.0 { 1 } else { -1 };
                for level in &mut self.window {
                    *level += log.copysign(jump);
                }
            }
        }
        self.window.push(row.level);
        if self.window.len() > BEFORE {
            self.window.remove(0);
        }
        self.current
    }
}

fn smaller_or_larger(power: f64) -> &'static str {
    if power > 0.0 { "larger" } else { "smaller" }
}

/// Returns the runs of rows that stand in another unit than most rows do.
fn runs(rows: &Rows, powers: &[i32], unit: f64) -> Vec<Finding> {
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    for power in powers {
        *counts.entry(*power).or_default() += 1;
    }
    let newest = powers.last().copied();
    let usual = counts
        .iter()
        .max_by_key(|(power, count)| (**count, Some(**power) == newest));
    let Some((&usual, _)) = usual else {
        return Vec::new();
    };
    let dated: Vec<(i32, i64)> = powers
        .iter()
        .zip(&rows.all)
        .map(|(p, r)| (*p, r.at))
        .collect();
    let runs = dated.chunk_by(|(a, _), (b, _)| a == b);
    let run = |run: &[(i32, i64)]| {
        let ((power, from), (_, to)) = (*run.first()?, *run.last()?);
        let off = power - usual;
        if off == 0 {
            return None;
        }
        let factor = unit.powi(off);
        let size = smaller_or_larger(off.into());
        let times = unit.powi(off.abs());
        let reason = format!(
            "{} about {times} times {size} than most bars of the series",
            if run.len() == 1 {
                "this bar is".to_owned()
            } else {
                format!("these {} bars are", run.len())
            },
        );
        Some(Finding {
            kind: Kind::UnitJump,
            from,
            to,
            factor: Some(factor),
            reason,
        })
    };
    runs.filter_map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::made::{bars, daily, facts, frame};
    use crate::check::{Scope, look};
    use crate::model::time::DAY;

    #[test]
    fn a_run_of_bars_in_another_unit_is_told_as_one() {
        for factor in [100.0, 0.01] {
            let mut closes = daily(60, 14.0);
            closes[20..29].iter_mut().for_each(|close| *close *= factor);

            let found = look(&facts(&closes), Scope::All);

            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].kind, Kind::UnitJump);
            assert_eq!((found[0].from, found[0].to), (20 * DAY, 28 * DAY));
            assert!((found[0].factor.unwrap() / factor - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_single_bar_and_the_first_bars_are_told() {
        let mut closes = daily(60, 14.0);
        closes[0] *= 100.0;
        closes[1] *= 100.0;
        closes[59] /= 100.0;

        let found = look(&facts(&closes), Scope::All);

        let spans: Vec<_> = found.iter().map(|f| (f.from / DAY, f.to / DAY)).collect();
        assert_eq!(spans, [(0, 1), (59, 59)]);
    }

    #[test]
    fn single_prices_of_a_bar_are_told_by_name() {
        let closes = daily(40, 60.0);
        let mut rows = bars(&closes);
        rows[20].low = Some(0.6);
        rows[20].close = Some(0.6);
        let mut bad = facts(&closes);
        bad.bars = frame(rows);

        let found = look(&bad, Scope::All);

        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].from, 20 * DAY);
        assert!(found[0].reason.starts_with("low and close are"));
    }

    #[test]
    fn fils_are_thousandths() {
        let mut closes = daily(60, 14.0);
        closes[30] *= 1000.0;
        let mut bad = facts(&closes);
        bad.currency = Some("KWF".to_owned());

        assert_eq!(look(&bad, Scope::All).len(), 1);
        bad.currency = Some("GBp".to_owned());
        assert_eq!(look(&bad, Scope::All), []);
    }

    #[test]
    fn wild_markets_and_other_factors_are_no_other_unit() {
        let mut closes = daily(60, 14.0);
        for (at, close) in closes.iter_mut().enumerate() {
            *close *= if at % 2 == 0 { 1.0 } else { 9.0 };
        }
        closes[30] *= 100.0;

        assert_eq!(look(&facts(&closes), Scope::All), [], "wild");
        let mut closes = daily(60, 14.0);
        closes[30..].iter_mut().for_each(|close| *close *= 20.0);
        assert_eq!(look(&facts(&closes), Scope::All), [], "twenty");
    }

    #[test]
    fn units_are_no_question_of_the_basis() {
        let mut closes = daily(60, 14.0);
        closes[30] *= 100.0;

        assert_eq!(look(&facts(&closes), Scope::Basis), []);
    }
}
