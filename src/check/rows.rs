//! The bars of a series as logarithms of prices, and how much they move.
//!
//! Promises: rows without a positive price are left out. The level of a row is its middle price, which one wrong price
//! of four does not move far; a spread is a median, which single outliers do not move.

use std::collections::BTreeMap;

use super::Facts;
use crate::frame::{self, Bar, Volume};
use crate::model::{Interval, PriceBasis, time};

/// The names of the prices of a row, in the order of `Row::prices`.
pub(super) const NAMES: [&str; 4] = ["open", "high", "low", "close"];
/// Steps on either side of one that tell how much prices move.
const AROUND: usize = 20;
/// A median of fewer steps tells nothing.
const FEWEST: usize = 5;
/// The same where both edges of an exception are left out, which are evidence themselves.
const FEWEST_BESIDE: usize = 3;
/// From a median of distances to a standard deviation.
const MEDIAN_TO_DEVIATION: f64 = 1.4826;
/// Prices that never move are assumed to move by this much, which is more than rounding.
const LEAST_SPREAD: f64 = 0.002;

/// One row with prices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// The stamp of the bar.
    pub(super) at: i64,
    /// Logarithms of open, high, low and close.
    pub(super) prices: [Option<f64>; 4],
    /// The logarithm of the middle price.
    pub(super) level: f64,
    /// The level, with what was paid left out as adjusted closes tell it, or events where there are none.
    pub(super) total: f64,
    /// The logarithm of close over adjusted close.
    pub(super) paid: Option<f64>,
    /// Units traded; 0 when nothing is known.
    pub(super) volume: f64,
}

impl Row {
    /// Returns the close.
    pub(super) fn close(&self) -> Option<f64> {
        let [.., close] = self.prices;
        close.map(f64::exp)
    }

    /// Returns how far the prices of the row lie apart.
    pub(super) fn range(&self) -> f64 {
        let prices = || self.prices.iter().flatten().copied();
        prices().fold(f64::MIN, f64::max) - prices().fold(f64::MAX, f64::min)
    }

    fn of(bar: &Bar, adjusted: &BTreeMap<i64, f64>) -> Option<Self> {
        let at = bar.date?;
        let log = |price: Option<f64>| price.filter(|p| p.is_finite() && *p > 0.0).map(f64::ln);
        let prices = [bar.open, bar.high, bar.low, bar.close].map(log);
        let level = middle(prices.iter().flatten().copied().collect())?;
        let [.., close] = prices;
        let paid = close
            .zip(log(adjusted.get(&at).copied()))
            .map(|(close, adjusted)| close - adjusted);
        let volume = bar.volume.map_or(0.0, Volume::as_f64);
        Some(Self {
            at,
            prices,
            level,
            total: level,
            paid,
            volume,
        })
    }
}

/// The rows of a series.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) all: Vec<Row>,
    /// Rows further apart than this do not continue one another.
    longest_gap: i64,
}

impl Rows {
    pub(super) fn of(facts: &Facts) -> Self {
        let rows = frame::bars_of(&facts.bars);
        let mut all: Vec<Row> = rows
            .filter_map(|bar| Row::of(&bar, &facts.adjusted))
            .collect();
        if all.iter().any(|row| row.paid.is_some()) {
            add_paid(&mut all);
        } else if facts.basis == PriceBasis::SplitAdjusted {
            add_payments(&mut all, facts);
        }
        Self {
            all,
            longest_gap: longest_gap(facts.interval),
        }
    }

    /// Returns a row and the one before, if the one continues the other.
    pub(super) fn step(&self, at: usize) -> Option<(&Row, &Row)> {
        let before = self.all.get(at.checked_sub(1)?)?;
        let row = self.all.get(at)?;
        (row.at - before.at <= self.longest_gap).then_some((before, row))
    }

    /// Returns by how much the total level of a row differs from the one before.
    pub(super) fn change(&self, at: usize) -> Option<f64> {
        self.step(at).map(|(before, row)| row.total - before.total)
    }

    /// Returns how far the changes around a row are spread, without those of the row itself; `None` for few rows.
    pub(super) fn spread(&self, at: usize) -> Option<f64> {
        self.spread_of(at, FEWEST, |other| other.abs_diff(at) > 1)
    }

    /// Returns how far the changes around a row are spread, without some that are known to be none of the market; `None`
    /// for very few rows.
    pub(super) fn spread_but(&self, at: usize, without: &[usize]) -> Option<f64> {
        self.spread_of(at, FEWEST_BESIDE, |other| !without.contains(&other))
    }

    fn spread_of(&self, at: usize, fewest: usize, counts: impl Fn(usize) -> bool) -> Option<f64> {
        let from = at.saturating_sub(AROUND).max(1);
        let changes: Vec<f64> = (from..=at + AROUND)
            .filter(|other| counts(*other))
            .filter_map(|other| self.change(other).map(f64::abs))
            .collect();
        if changes.len() < fewest {
            return None;
        }
        let middle = middle(changes)? * MEDIAN_TO_DEVIATION;
        Some(middle.max(LEAST_SPREAD))
    }

    /// Returns the middle of something over some rows before one, and from it on.
    pub(super) fn around(
        &self,
        at: usize,
        count: usize,
        of: impl Fn(&Row) -> Option<f64>,
    ) -> Option<(f64, f64)> {
        let before = self.all.get(at.saturating_sub(count)..at)?;
        let after = self.all.get(at..(at + count).min(self.all.len()))?;
        let middle_of = |rows: &[Row]| middle(rows.iter().filter_map(&of).collect());
        Some((middle_of(before)?, middle_of(after)?))
    }

    /// Returns the first row on or after a day.
    pub(super) fn first_from(&self, day: i64) -> usize {
        self.all.partition_point(|row| row.at < day)
    }
}

/// Leaves out of the total levels what adjusted closes say was paid. Rows without one continue the one before.
fn add_paid(rows: &mut [Row]) {
    let mut paid = rows.iter().find_map(|row| row.paid).unwrap_or(0.0);
    for row in rows {
        paid = row.paid.unwrap_or(paid);
        row.total = row.level - paid;
    }
}

/// Leaves out of the total levels what the events say was paid, if prices fell by something like it: an amount may be wrong.
fn add_payments(rows: &mut [Row], facts: &Facts) {
    let mut paid = 0.0;
    for event in &facts.events {
        let at = rows.partition_point(|row| row.at < event.date);
        let step = at
            .checked_sub(1)
            .and_then(|before| Some((rows.get(before)?, rows.get(at)?)));
        let Some((before, row)) = step else { continue };
        let amount = event.amount_in(facts.currency.as_deref());
        let share = amount
            .zip(before.close())
            .map_or(0.0, |(amount, close)| amount / close);
        let owed = -(1.0 - share).ln();
        let change = row.level - before.level;
        if share > 0.0 && owed.is_finite() && (change + owed).abs() < change.abs() {
            paid += owed;
            rows.iter_mut()
                .skip(at)
                .for_each(|row| row.total = row.level + paid);
        }
    }
}

fn longest_gap(interval: Interval) -> i64 {
    let days = match interval {
        Interval::D5 | Interval::Wk1 => 28,
        Interval::Mo1 => 95,
        Interval::Mo3 => 280,
        _ => 14,
    };
    days * time::DAY
}

/// Returns the median, of an even count the mean of the middle two; `None` of nothing.
pub(super) fn middle(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = values.get(values.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::made::{daily, facts};

    #[test]
    fn one_wrong_change_does_not_move_the_spread() {
        let mut prices = daily(60, 100.0);
        let calm = Rows::of(&facts(&prices)).spread(30).unwrap();

        prices[40] *= 100.0;

        let after = Rows::of(&facts(&prices)).spread(30).unwrap();
        assert!((after / calm - 1.0).abs() < 0.3, "{calm} {after}");
    }

    #[test]
    fn rows_without_a_price_are_left_out_and_few_rows_have_no_spread() {
        let rows = Rows::of(&facts(&[1.0, 0.0, 2.0, -1.0]));

        assert_eq!(rows.all.len(), 2);
        assert_eq!(rows.spread(1), None);
    }

    #[test]
    fn the_middle_of_an_even_count_lies_between() {
        assert_eq!(middle(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
        assert_eq!(middle(vec![4.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(middle(Vec::new()), None);
    }
}
