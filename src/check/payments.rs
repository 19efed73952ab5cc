//! Dividends and gains beside the prices and the adjusted closes that they moved.
//!
//! A payment takes its share out of the adjusted closes before it: what they moved by tells what the source believed was
//! paid. If that is not what the events say, the fall of the price decides which of the two is suspected, where it can.
//! Daily bars only: in wider ones the day of payment lies anywhere. A payment in another currency than the prices is not judged,
//! nor what else is paid on its day.

use std::collections::{BTreeMap, BTreeSet};

use super::rows::{Row, Rows, middle};
use super::splits;
use super::{Facts, Finding, Kind, percent, short};
use crate::frame::EventKind;
use crate::frame::basis::Split;
use crate::model::{Interval, PriceBasis, time};

/// Amounts that differ by less than a tenth are the same: sources round them.
const SAME: f64 = 0.1;
/// How much wider than the market's moves a difference has to be.
const CLEAR: f64 = 6.0;
/// Days within which the same amount is not paid twice; some funds pay every week.
const SOON: i64 = 4 * time::DAY;
/// A hundred times, give or take.
const HUNDREDFOLD: std::ops::RangeInclusive<f64> = 50.0..=200.0;

/// What is paid on one row.
#[derive(Clone, Copy, Debug, Default)]
struct Paid {
    dividend: f64,
    gain: f64,
    day: i64,
}

/// A payment with what prices did.
#[derive(Clone, Copy, Debug)]
struct Payment {
    paid: Paid,
    /// The bar of the payment and the one before.
    at: i64,
    before: i64,
    /// The close before.
    close: f64,
    /// The share of the price by which it fell.
    fall: f64,
    /// What the price moves by on other days.
    spread: Option<f64>,
    /// What the adjusted closes say was paid.
    believed: Option<f64>,
    /// Whether nothing was traded, so that the price tells nothing.
    is_stale: bool,
}

impl Payment {
    fn share(&self) -> f64 {
        self.paid.dividend / self.close
    }

    /// Returns how many spreads the fall is away from that of an amount.
    fn distance(&self, amount: f64) -> Option<f64> {
        let spread = self.spread.filter(|_| !self.is_stale)?;
        Some((self.fall - amount / self.close).abs() / spread)
    }

    fn finding(&self, kind: Kind, factor: Option<f64>, reason: String) -> Finding {
        Finding {
            kind,
            from: self.at,
            to: self.at,
            factor,
            reason,
        }
    }

    fn fall_text(&self) -> String {
        percent(-self.fall)
    }
}

/// Finds payments and adjusted closes that contradict each other or the prices, but for those whose prices are `known` to
/// be suspected themselves.
pub(super) fn find(rows: &Rows, facts: &Facts, known: &[Finding]) -> Vec<Finding> {
    if facts.interval != Interval::D1 || facts.basis != PriceBasis::SplitAdjusted {
        return Vec::new();
    }
    let mut payments = payments(rows, facts);
    payments.retain(|one| {
        let is_outside = |known: &Finding| one.before > known.to || one.at < known.from;
        known.iter().all(is_outside)
    });
    let splits: Vec<Split> = facts.events.iter().filter_map(Split::of).collect();
    let mut found = twice(&payments);
    for payment in &payments {
        let other = contradiction(payment, &splits)
            .or_else(|| double_gain(payment))
            .or_else(|| misplaced_point(payment, &payments));
        found.extend(other);
    }
    found
}

fn payments(rows: &Rows, facts: &Facts) -> Vec<Payment> {
    let prices = facts.currency.as_deref();
    let mut paid: BTreeMap<usize, Paid> = BTreeMap::new();
    let mut unknown = BTreeSet::new();
    for event in &facts.events {
        let at = rows.first_from(event.date);
        let Some(amount) = event.amount_in(prices) else {
            unknown.extend(event.is_in_another_currency(prices).then_some(at));
            continue;
        };
        let named = event.kind.amount();
        let amount = named.map_or(amount, |named| meant(rows, at, [named, amount]));
        let sum = paid.entry(at).or_default();
        if let EventKind::CapitalGain { .. } = event.kind {
            sum.gain += amount;
        } else {
            sum.dividend += amount;
        }
        sum.day = event.date;
    }
    paid.into_iter()
        .filter(|(at, _)| !unknown.contains(at))
        .filter_map(|(at, paid)| payment(rows, at, paid))
        .collect()
}

/// Returns which amount is meant by one and a unit that is not that of the prices. Sources write pounds beside pence: where
/// adjusted closes and the price moved by the bare number, that was paid.
fn meant(rows: &Rows, at: usize, [bare, converted]: [f64; 2]) -> f64 {
    let is_believed = believed(rows, at).is_some_and(|moved| is_same(moved, bare));
    let fallen = rows
        .step(at)
        .and_then(|(before, row)| Some(before.close()? * fall(before, row)));
    let is_felt = fallen.is_some_and(|fallen| (fallen - bare).abs() < (fallen - converted).abs());
    if is_believed && is_felt {
        bare
    } else {
        converted
    }
}

/// Returns the share by which a price fell.
fn fall(before: &Row, row: &Row) -> f64 {
    -(row.level - before.level).exp_m1()
}

/// Returns what adjusted closes say was paid on a row.
fn believed(rows: &Rows, at: usize) -> Option<f64> {
    let (before, row) = rows.step(at)?;
    let share = -(row.paid? - before.paid?).exp_m1();
    Some(before.close()? * share)
}

fn payment(rows: &Rows, at: usize, paid: Paid) -> Option<Payment> {
    let (before, row) = rows.step(at)?;
    Some(Payment {
        paid,
        at: row.at,
        before: before.at,
        close: before.close()?,
        fall: fall(before, row),
        spread: rows.spread(at),
        believed: believed(rows, at),
        is_stale: row.volume == 0.0 && row.range() == 0.0 && paid.gain == 0.0,
    })
}

fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * a.abs().max(b.abs())
}

/// The adjusted closes move by another amount than was paid.
fn contradiction(payment: &Payment, splits: &[Split]) -> Option<Finding> {
    let believed = payment.believed?;
    let Paid { dividend, gain, .. } = payment.paid;
    let total = dividend + gain;
    // Prices of 32 bits do not tell less.
    let least = payment.close * 1e-5;
    let is_told = [dividend, total]
        .into_iter()
        .any(|amount| is_same(believed, amount) || (believed - amount).abs() <= least);
    if is_told || total <= least {
        return None;
    }
    if believed.abs() < SAME * total / 100.0 || believed.abs() <= least {
        let reason = format!(
            "{} was paid, {} of the price, and the adjusted closes before it are not lower",
            short(total),
            share(total / payment.close)
        );
        return Some(payment.finding(Kind::Adjustment, None, reason));
    }
    let times = total / believed;
    let of_split = splits.iter().find(|split| {
        let is_near = (split.day - payment.paid.day).abs() <= 10 * time::DAY;
        is_near && (is_same(times.ln(), split.log()) || is_same(times.ln(), -split.log()))
    });
    let moved = format!(
        "adjusted closes move as after a payment of {}, and {} was paid: {} times as much; the price moved by {}",
        short(believed),
        short(total),
        short(times),
        payment.fall_text()
    );
    if let Some(split) = of_split {
        let reason = format!("{moved}, and {}", splits::name(*split));
        return Some(payment.finding(Kind::Dividend, Some(times), reason));
    }
    let is_dividend = payment
        .distance(total)
        .zip(payment.distance(believed))
        .is_some_and(|(told, moved)| told > 3.0 && moved < 2.0);
    let (kind, factor) = if is_dividend {
        (Kind::Dividend, times)
    } else {
        (Kind::Adjustment, believed / total)
    };
    Some(payment.finding(kind, Some(factor), moved))
}

/// A gain is part of the dividend, and was taken out of the adjusted closes beside it.
fn double_gain(payment: &Payment) -> Option<Finding> {
    let Paid { dividend, gain, .. } = payment.paid;
    let total = dividend + gain;
    let believed = payment.believed?;
    let is_both = gain > 0.0 && gain <= dividend * 1.001 && is_same(believed, total);
    let nearer = payment.distance(total)? - payment.distance(dividend)?;
    if !is_both || nearer < 1.5 || is_same(total, dividend) {
        return None;
    }
    let reason = format!(
        "adjusted closes move by {}, the dividend of {} and the gain of {}; the price moved by {}, as after the \
         dividend alone ({})",
        short(believed),
        short(dividend),
        short(gain),
        payment.fall_text(),
        percent(-dividend / payment.close)
    );
    Some(payment.finding(Kind::CapitalGain, Some(believed / dividend), reason))
}

/// A dividend that is about a hundred times another one, as the price did not notice or did.
fn misplaced_point(payment: &Payment, all: &[Payment]) -> Option<Finding> {
    let others = all.iter().filter(|other| other.at != payment.at);
    let shares: Vec<f64> = others.map(Payment::share).filter(|s| *s > 0.0).collect();
    let count = shares.len();
    let usual = middle(shares);
    let (mine, spread) = (payment.share(), payment.spread?);
    let times = usual.map(|usual| mine / usual);
    let is_unnoticed = !payment.is_stale
        && payment.fall < mine / 3.0
        && mine - payment.fall > CLEAR * spread
        && (mine > 0.5 || (count >= 2 && times.is_some_and(|t| HUNDREDFOLD.contains(&t))));
    let is_felt = count >= 3
        && times.is_some_and(|t| HUNDREDFOLD.contains(&t.recip()))
        && 100.0 * mine > CLEAR * spread
        && payment.distance(100.0 * payment.paid.dividend)? < 2.0;
    let fall = payment.fall_text();
    let amount = short(payment.paid.dividend);
    let usual = usual.map_or_else(String::new, |usual| {
        format!(", where {} is usual", share(usual))
    });
    let (factor, reason) = if is_unnoticed {
        let of = share(mine);
        let reason = format!("{amount} is {of} of the price{usual}, and it moved by {fall}");
        (times.map_or(100.0, |times| times), reason)
    } else if is_felt {
        let of = share(mine);
        let reason =
            format!("{amount} is {of} of the price{usual}, and it moved by {fall}: 100 times that");
        (0.01, reason)
    } else {
        return None;
    };
    Some(payment.finding(Kind::Dividend, Some(factor), reason))
}

/// The same amount within a few days was probably paid once.
fn twice(payments: &[Payment]) -> Vec<Finding> {
    let pair = |two: &[Payment]| {
        let [first, second] = two else { return None };
        let (a, b) = (first.paid.dividend, second.paid.dividend);
        let is_soon = second.paid.day - first.paid.day <= SOON;
        if !is_soon || a <= 0.0 || (a / b - 1.0).abs() > 1e-3 {
            return None;
        }
        let suspect = if first.fall < second.fall {
            first
        } else {
            second
        };
        let other = if suspect.at == first.at {
            second
        } else {
            first
        };
        let reason = format!(
            "{} was paid on {} as well; the price moved by {} on this day and by {} on that one, and the payment is {}",
            short(suspect.paid.dividend),
            time::day(other.at),
            suspect.fall_text(),
            other.fall_text(),
            share(suspect.share())
        );
        Some(suspect.finding(Kind::Dividend, None, reason))
    };
    payments.windows(2).filter_map(pair).collect()
}

fn share(part: f64) -> String {
    percent(part).trim_start_matches('+').to_owned()
}

#[cfg(test)]
mod tests;
