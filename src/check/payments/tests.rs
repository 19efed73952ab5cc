//! Payments that contradict prices or adjusted closes, and their healthy twins.

use super::*;
use crate::check::made::{adjusted, bars, daily, facts, frame, on};
use crate::check::{Scope, look};
use crate::frame::{self, MarketEvent};
use crate::model::time::DAY;

fn dividend(day: i64, amount: f64) -> MarketEvent {
    on(day, EventKind::Dividend { amount })
}

/// Prices that fall by a tenth of what they are on some days, as after a payment.
fn falling(days: &[usize], by: f64) -> Vec<f64> {
    let mut closes = daily(200, 100.0);
    for day in days {
        closes[*day..].iter_mut().for_each(|c| *c *= 1.0 - by);
    }
    closes
}

/// A history with four payments; adjusted closes believe `believed`, events tell `told`.
fn history(told: [f64; 4], believed: [f64; 4]) -> Facts {
    let days = [40_usize, 80, 120, 160];
    let closes = falling(&days, 0.03);
    let day = |at: usize| i64::try_from(at).unwrap();
    let mut facts = facts(&closes);
    let factors = days.iter().zip(believed);
    let factors: Vec<(i64, f64)> = factors.map(|(at, s)| (day(*at), 1.0 - s)).collect();
    facts.adjusted = adjusted(&closes, &factors);
    let events = days.iter().zip(told);
    facts.events = events
        .map(|(at, share)| dividend(day(*at), closes[at - 1] * share))
        .collect();
    facts
}

fn only(facts: &Facts) -> Finding {
    let mut found = look(facts, Scope::All);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn payments_that_fit_raise_nothing() {
    assert_eq!(look(&history([0.03; 4], [0.03; 4]), Scope::All), []);
}

#[test]
fn adjusted_closes_without_a_payment_in_them_are_found() {
    let found = only(&history([0.03; 4], [0.03, 0.0, 0.03, 0.03]));

    assert_eq!((found.kind, found.from), (Kind::Adjustment, 80 * DAY));
    assert!(found.reason.contains("not lower"), "{found:?}");
}

#[test]
fn adjusted_closes_that_move_a_hundred_times_too_little_are_found() {
    let found = only(&history([0.03; 4], [0.03, 0.0003, 0.03, 0.03]));

    assert_eq!((found.kind, found.from), (Kind::Adjustment, 80 * DAY));
    assert!((found.factor.unwrap() * 100.0 - 1.0).abs() < 0.01);
}

#[test]
fn a_dividend_that_neither_price_nor_adjusted_close_knows_is_found() {
    let found = only(&history([0.03, 0.15, 0.03, 0.03], [0.03; 4]));

    assert_eq!((found.kind, found.from), (Kind::Dividend, 80 * DAY));
    assert!((found.factor.unwrap() / 5.0 - 1.0).abs() < 0.01);
}

#[test]
fn a_dividend_that_adjusted_closes_believe_and_the_price_does_not_is_found() {
    let closes = falling(&[40, 120, 160], 0.006);
    let shares = [(40, 0.006), (80, 0.6), (120, 0.006), (160, 0.006)];
    let mut bad = facts(&closes);
    let factors: Vec<(i64, f64)> = shares.iter().map(|(day, s)| (*day, 1.0 - s)).collect();
    bad.adjusted = adjusted(&closes, &factors);
    bad.events = shares
        .iter()
        .map(|(day, share)| dividend(*day, closes[usize::try_from(*day).unwrap() - 1] * share))
        .collect();

    let found = only(&bad);

    assert_eq!((found.kind, found.from), (Kind::Dividend, 80 * DAY));
}

#[test]
fn a_dividend_that_is_told_a_hundred_times_too_small_is_found() {
    let told = [0.12, 0.0012, 0.12, 0.12];
    let days = [40_usize, 80, 120, 160];
    let closes = falling(&days, 0.12);
    let mut bad = facts(&closes);
    let day = |at: usize| i64::try_from(at).unwrap();
    let pairs = || days.iter().zip(told);
    let factors: Vec<(i64, f64)> = pairs().map(|(at, s)| (day(*at), 1.0 - s)).collect();
    bad.adjusted = adjusted(&closes, &factors);
    bad.events = pairs()
        .map(|(at, share)| dividend(day(*at), closes[at - 1] * share))
        .collect();

    let found = only(&bad);

    assert_eq!((found.kind, found.from), (Kind::Dividend, 80 * DAY));
    assert_eq!(found.factor, Some(0.01));
}

#[test]
fn an_amount_that_was_paid_on_the_day_before_as_well_is_found_where_the_price_did_not_fall() {
    let mut bad = history([0.03; 4], [0.03; 4]);
    let amount = match bad.events[1].kind {
        EventKind::Dividend { amount } => amount,
        _ => 0.0,
    };
    bad.events.insert(1, dividend(79, amount));
    let factors = [40, 79, 80, 120, 160].map(|day| (day, 0.97));
    let closes: Vec<f64> = frame::bars_of(&bad.bars)
        .map(|bar| bar.close.unwrap())
        .collect();
    bad.adjusted = adjusted(&closes, &factors);

    let found = only(&bad);

    assert_eq!((found.kind, found.from), (Kind::Dividend, 79 * DAY));
}

#[test]
fn a_gain_inside_of_the_dividend_counts_once() {
    let with_gain = |factor: f64| {
        let closes = falling(&[100], 0.06);
        let mut facts = facts(&closes);
        facts.adjusted = adjusted(&closes, &[(100, factor)]);
        let paid = |share: f64| closes[99] * share;
        let gain = EventKind::CapitalGain { amount: paid(0.04) };
        facts.events = vec![dividend(100, paid(0.06)), on(100, gain)];
        facts
    };

    let found = only(&with_gain(0.90));

    assert_eq!((found.kind, found.from), (Kind::CapitalGain, 100 * DAY));
    assert_eq!(look(&with_gain(0.94), Scope::All), []);
}

#[test]
fn prices_that_nobody_traded_do_not_accuse_a_dividend() {
    let mut stale = history([0.03; 4], [0.03, 0.0003, 0.03, 0.03]);
    let rows: Vec<f64> = frame::bars_of(&stale.bars)
        .map(|bar| bar.close.unwrap())
        .collect();
    let mut made = bars(&rows);
    for bar in &mut made {
        bar.volume = Some(0.into());
        (bar.open, bar.high, bar.low) = (bar.close, bar.close, bar.close);
    }
    stale.bars = frame(made);

    assert_eq!(only(&stale).kind, Kind::Adjustment);
}

/// Payments of a line in pence, multiplied by a factor and told in a unit.
fn in_unit(facts: &Facts, factor: f64, unit: Option<&str>) -> Facts {
    let told = |event: &MarketEvent| MarketEvent {
        currency: unit.map(Into::into),
        ..dividend(event.date / DAY, event.kind.amount().unwrap() * factor)
    };
    Facts {
        currency: Some("GBp".to_owned()),
        events: facts.events.iter().map(told).collect(),
        ..facts.clone()
    }
}

/// Yahoo tells the payments of some lines in pounds, and writes pounds beside pence.
#[test]
fn payments_of_a_line_in_pence_are_judged_in_whatever_unit_they_are_told() {
    let right = history([0.03; 4], [0.03; 4]);
    let wrong = history([0.03; 4], [0.03, 0.03, 0.0003, 0.03]);

    for (factor, unit) in [
        (1.0, None),
        (1.0, Some("GBp")),
        (1.0, Some("GBX")),
        (0.01, Some("GBP")),
        (1.0, Some("GBP")),
    ] {
        let told = in_unit(&right, factor, unit);
        assert_eq!(look(&told, Scope::All), [], "{factor} {unit:?}");
    }
    for (factor, unit) in [(1.0, None), (1.0, Some("GBX")), (0.01, Some("GBP"))] {
        let found = only(&in_unit(&wrong, factor, unit));
        assert_eq!(found.from, 120 * DAY, "{factor} {unit:?}");
        assert!(found.reason.contains("100 times"), "{found:?}");
    }
    let pounds = look(&in_unit(&right, 0.01, None), Scope::All);
    assert_eq!(pounds.len(), 4, "{pounds:?}");
}

/// The amount was taken for one in the currency of the prices, and all was to be fetched again, which changes nothing.
#[test]
fn payments_in_another_currency_are_not_judged_nor_what_else_is_paid_on_their_day() {
    let mut facts = in_unit(&history([0.03; 4], [0.03; 4]), 0.013, Some("USD"));
    facts.events.push(dividend(40, 0.5));
    assert_eq!(look(&facts, Scope::All), []);

    facts.events = in_unit(&facts, 1.0, None).events;

    assert!(!look(&facts, Scope::All).is_empty());
}
