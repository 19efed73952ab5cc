//! Stored prices beside adjusted closes and payments: whether older rows stand on the basis of newer ones.
//!
//! Adjusted closes are fetched again whole after each payment, and rows that were appended over the years are not. So
//! the ratio of the two is exact evidence. Without adjusted closes the days of payments tell the same in the mean:
//! prices that contain the dividends do not fall on them.

use super::rows::{Row, Rows};
use super::splits::{exact_ratio, settled};
use super::{Facts, Finding, Kind, percent, short};
use crate::frame::basis::Split;
use crate::model::{PriceBasis, time};

/// Ratios of prices that are 32-bit floats, perhaps rounded to cents, differ by less.
const ROUNDING: f64 = 2e-3;
/// Rows on either side of a step that have to agree.
const LASTING: usize = 3;
/// The fewest payments from which a mean is taken.
const FEWEST_PAYMENTS: usize = 4;
/// How many standard errors a mean has to be away from what a healthy history has.
const CLEAR: f64 = 4.0;

/// Finds rows on another basis than the newest ones; `known` is what splits explain already.
pub(super) fn find(rows: &Rows, facts: &Facts, known: &[Finding]) -> Vec<Finding> {
    if facts.interval.is_intraday() {
        return Vec::new();
    }
    let found = match facts.basis {
        PriceBasis::SplitDividendAdjusted if facts.adjusted.is_empty() => unpaid(rows, facts),
        PriceBasis::SplitDividendAdjusted => pieces(rows),
        PriceBasis::SplitAdjusted => undivided(rows, facts),
        PriceBasis::AsTraded | PriceBasis::Unknown => None,
    };
    let is_new = |finding: &Finding| known.iter().all(|known| known.to != finding.to);
    found.into_iter().filter(is_new).collect()
}

/// Returns the lasting steps of close over adjusted close: the row that begins the newer part, and its logarithm.
fn steps(rows: &Rows) -> Vec<(usize, f64)> {
    let step = |at: usize| {
        let (before, row) = (rows.all.get(at - 1)?, rows.all.get(at)?);
        let change = row.paid? - before.paid?;
        let older = settled(rows.all.get(at.saturating_sub(LASTING)..at)?)?;
        let newer = rows.all.get(at..(at + LASTING).min(rows.all.len()))?;
        // The newest row may be unfinished in one of the two.
        if newer.len() < 2 {
            return None;
        }
        let lasting = settled(newer)? - older;
        let is_step = change.abs() > ROUNDING && (lasting - change).abs() < ROUNDING;
        is_step.then_some((at, change))
    };
    (1..rows.all.len()).filter_map(step).collect()
}

/// In a history that contains dividends every close is the adjusted close, times one constant.
fn pieces(rows: &Rows) -> Option<Finding> {
    let steps = steps(rows);
    let (last, _) = steps.last()?;
    let (widest, change) = *steps
        .iter()
        .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    let day = time::day(rows.all.get(widest)?.at);
    let oldest = steps.iter().map(|(_, change)| change).sum::<f64>();
    let reason = format!(
        "closes and adjusted closes move apart in {} steps, the widest of {} on {day}: appended pieces that contain \
         different dividends",
        steps.len(),
        percent(change.exp_m1()),
    );
    until(rows, *last, Some((-oldest).exp()), reason)
}

/// In a split-adjusted history close over adjusted close changes by payments, never by the ratio of a split.
fn undivided(rows: &Rows, facts: &Facts) -> Option<Finding> {
    let splits: Vec<Split> = facts.events.iter().filter_map(Split::of).collect();
    let is_paid = |at: usize| {
        let Some((before, row)) = rows.step(at) else {
            return true;
        };
        facts.events.iter().any(|event| {
            event.kind.amount().is_some() && (before.at..=row.at).contains(&event.date)
        })
    };
    let mut of_splits = steps(rows).into_iter().filter_map(|(at, change)| {
        let exact = exact_ratio(change, &splits)?;
        (!is_paid(at)).then_some((at, exact))
    });
    let (at, change) = of_splits.next_back()?;
    let factor = short((-change).exp());
    let reason = format!(
        "closes over adjusted closes are exactly {factor} times those of later bars, which no payment does: these \
         bars stand on the basis of other splits than their adjusted closes"
    );
    until(rows, at, Some((-change).exp()), reason)
}

/// Prices that contain their dividends go on across the days of payment; prices that do not fall by what is paid.
fn unpaid(rows: &Rows, facts: &Facts) -> Option<Finding> {
    let mut days = 0;
    let mut last = 0;
    let (mut product, mut weight) = (0.0, 0.0);
    for event in &facts.events {
        let Some(amount) = event.amount_in(facts.currency.as_deref()) else {
            continue;
        };
        let at = rows.first_from(event.date);
        let Some((before, row)) = rows.step(at) else {
            continue;
        };
        let share = before.close().map_or(0.0, |close| amount / close);
        let (Some(spread), true) = (rows.spread(at), (1e-4..0.5).contains(&share)) else {
            continue;
        };
        let expected = (1.0 - share).ln();
        let change = opening(before, row);
        // Calm days tell more.
        product += change * expected / (spread * spread);
        weight += expected * expected / (spread * spread);
        days += 1;
        last = at;
    }
    let part = product / weight;
    let is_clear = days >= FEWEST_PAYMENTS && part * weight.sqrt() > CLEAR;
    if !is_clear || (part - 1.0).abs() > 0.5 {
        return None;
    }
    let reason = format!(
        "on {days} days of payment prices fell by {} of what was paid, on the mean, though they are said to contain it",
        percent(part).trim_start_matches('+')
    );
    until(rows, last, None, reason)
}

/// Returns the change from a close to the next open, or to the next level where either is missing.
fn opening(before: &Row, row: &Row) -> f64 {
    match (before.prices, row.prices) {
        ([.., Some(close)], [Some(open), ..]) => open - close,
        _ => row.level - before.level,
    }
}

fn until(rows: &Rows, end: usize, factor: Option<f64>, reason: String) -> Option<Finding> {
    Some(Finding {
        kind: Kind::Seam,
        from: rows.all.first()?.at,
        to: rows.all.get(end.checked_sub(1)?)?.at,
        factor,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::made::{adjusted, daily, facts, on};
    use crate::check::{Scope, look};
    use crate::frame::EventKind;
    use crate::model::time::DAY;

    /// A year with four payments of a hundredth.
    fn payments(closes: &[f64]) -> (Vec<(i64, f64)>, Vec<crate::frame::MarketEvent>) {
        let days = [50_usize, 110, 170, 230];
        let of = |day: usize| i64::try_from(day).unwrap();
        let factors = days.iter().map(|day| (of(*day), 0.97)).collect();
        let events = days.iter().map(|day| {
            let amount = closes[day - 1] * 0.03;
            on(of(*day), EventKind::Dividend { amount })
        });
        (factors, events.collect())
    }

    #[test]
    fn pieces_that_were_appended_over_the_years_are_a_seam() {
        let raw = daily(260, 50.0);
        let (factors, _) = payments(&raw);
        let whole = adjusted(&raw, &factors);
        let mut good = facts(&whole.values().copied().collect::<Vec<_>>());
        good.basis = PriceBasis::SplitDividendAdjusted;
        good.adjusted.clone_from(&whole);
        let mut bad = facts(&raw);
        bad.basis = PriceBasis::SplitDividendAdjusted;
        bad.adjusted = whole;

        let found = look(&bad, Scope::Basis);

        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].kind, found[0].to), (Kind::Seam, 229 * DAY));
        assert!(found[0].reason.contains("4 steps"), "{found:?}");
        assert_eq!(look(&good, Scope::All), []);
    }

    #[test]
    fn bars_on_the_basis_of_another_split_than_their_adjusted_closes_are_a_seam() {
        let closes = daily(260, 50.0);
        let mut bad_closes = closes.clone();
        bad_closes[..100].iter_mut().for_each(|c| *c *= 1.05);
        let (factors, events) = payments(&closes);
        let mut bad = facts(&bad_closes);
        bad.adjusted = adjusted(&closes, &factors);
        bad.events = events;
        bad.events.push(on(
            250,
            EventKind::Split {
                numerator: 21.0,
                denominator: 20.0,
            },
        ));

        let found = look(&bad, Scope::Basis);

        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].kind, found[0].to), (Kind::Seam, 99 * DAY));
        bad.bars = facts(&closes).bars;
        assert_eq!(look(&bad, Scope::Basis), []);
    }

    #[test]
    fn prices_that_fall_by_what_is_paid_do_not_contain_it() {
        let total = daily(260, 50.0);
        let (factors, events) = payments(&total);
        // Taking the payments out of the days after them.
        let paid = |day: i64| factors.iter().filter(|(on, _)| *on <= day).count();
        let traded: Vec<f64> = (0..)
            .zip(&total)
            .map(|(day, close)| close * 0.97_f64.powi(i32::try_from(paid(day)).unwrap()))
            .collect();
        let mut bad = facts(&traded);
        bad.basis = PriceBasis::SplitDividendAdjusted;
        bad.events = events;
        let mut good = facts(&total);
        good.basis = bad.basis;
        good.events.clone_from(&bad.events);

        let found = look(&bad, Scope::Basis);

        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].kind, Kind::Seam);
        assert_eq!(look(&good, Scope::Basis), []);
    }
}
