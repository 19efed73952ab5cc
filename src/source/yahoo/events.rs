//! Dividends, splits and capital gains of a body: read, and as they are stored.
//!
//! Promises: an event that is not understood never costs the bars; it is counted instead.

use std::sync::Arc;

use serde_json::Value;

use super::rows;
use super::wire::{Meta, RawEvent};
use crate::frame::{EventKind, MarketEvent};
use crate::model::{time, unit_factor};

/// Returns the events of a chart in the order of their moments, and how many were not understood.
pub(super) fn read(events: Option<&Value>) -> (Vec<RawEvent>, usize) {
    let mut read = Vec::new();
    let mut odd = 0;
    for (name, of) in KINDS {
        let group = events.and_then(|events| events.get(name));
        for (key, value) in group.and_then(Value::as_object).into_iter().flatten() {
            let at = value.get("date").and_then(Value::as_i64);
            let at = at.or_else(|| key.parse().ok());
            match (at, of(value), currency(value)) {
                (Some(at), Some(kind), Ok(currency)) => read.push(RawEvent { at, kind, currency }),
                _ => odd += 1,
            }
        }
    }
    // The keys are moments, and their order is not that of time.
    read.sort_by_key(|event| event.at);
    (read, odd)
}

/// Returns an event on the day that it has on the clock of the exchange, with its currency if that is not the one of the prices;
/// `None` beyond the days that can be stored.
pub(super) fn heard(event: &RawEvent, meta: &Meta) -> Option<MarketEvent> {
    let is_own = |currency: &str| {
        let prices = meta.currency.as_deref();
        prices.is_some_and(|prices| unit_factor(currency, prices) == Some(1.0))
    };
    let day = rows::wall(event.at, meta.zone)?.date();
    Some(MarketEvent {
        date: time::midnight(day)?,
        kind: event.kind,
        currency: event.currency.clone().filter(|name| !is_own(name)),
    })
}

/// Returns what a person should know of a payment that has no row, because an earlier one of its day is in another currency.
pub(super) fn excluded(earlier: &[MarketEvent], heard: &MarketEvent) -> Option<String> {
    let kept = earlier.iter().find(|kept| kept.excludes(heard))?;
    Some(format!(
        "what is paid on {} is told in two currencies, and only the amount in {} is kept",
        time::day(heard.date),
        kept.currency.as_deref().unwrap_or("that of the prices")
    ))
}

type Reader = fn(&Value) -> Option<EventKind>;

const KINDS: [(&str, Reader); 3] = [
    ("dividends", |value| {
        amount(value).map(|amount| EventKind::Dividend { amount })
    }),
    ("splits", split),
    ("capitalGains", |value| {
        amount(value).map(|amount| EventKind::CapitalGain { amount })
    }),
];

fn amount(value: &Value) -> Option<f64> {
    value.get("amount")?.as_f64().filter(|n| n.is_finite())
}

/// An amount of which the currency is not understood is not understood either.
fn currency(value: &Value) -> Result<Option<Arc<str>>, Odd> {
    match value.get("currency") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) if name.is_empty() => Ok(None),
        Some(Value::String(name)) if is_currency(name) => Ok(Some(Arc::from(name.as_str()))),
        Some(_) => Err(Odd),
    }
}

struct Odd;

/// Codes have three letters; some names of minor units have digits or more of them.
pub(super) fn is_currency(name: &str) -> bool {
    (1..=8).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn split(value: &Value) -> Option<EventKind> {
    let part = |key: &str| value.get(key).and_then(Value::as_f64);
    let (numerator, denominator) = part("numerator").zip(part("denominator"))?;
    let is_ratio = |n: f64| n.is_finite() && n > 0.0;
    (is_ratio(numerator) && is_ratio(denominator)).then_some(EventKind::Split {
        numerator,
        denominator,
    })
}
