//! Which payments and splits an answer told: the next one tells by them what happened since.
//!
//! Promises: an event counts as known because it was told, not because its day lies before the last request. Yahoo may
//! list it a day late, or on the very day of a request that came before the session. Another amount is another event, and so is
//! one in another currency.

use std::fmt;
use std::sync::Arc;

use chrono::TimeDelta;

use super::events::is_currency;
use super::mark::Mark;
use super::rows;
use crate::frame::{EventKind, MarketEvent};
use crate::model::time;

/// Days before the end of an answer for which its events are remembered: longer than one is listed late.
const REMEMBERED: i64 = 40;

/// Stands between an amount and its currency.
const IN: char = '@';

/// Events of the last weeks before the end of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct KnownEvents(Vec<MarketEvent>);

impl KnownEvents {
    /// Reads the events of a mark; `None` when they are not of this form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.split(',').map(parsed).collect::<Option<_>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, event: &MarketEvent) -> bool {
        self.0.contains(event)
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, MarketEvent> {
        self.0.iter()
    }

    pub(super) fn push(&mut self, event: MarketEvent) {
        if !self.0.contains(&event) {
            self.0.push(event);
        }
    }
}

/// Tells whether an event is so young that a mark names it if it was told.
pub(super) fn remembers(mark: &Mark, event: &MarketEvent) -> bool {
    let through = rows::wall(mark.through, mark.zone);
    let since = through.and_then(|wall| time::nanos(wall - TimeDelta::days(REMEMBERED)));
    since.is_some_and(|since| event.date >= since)
}

fn parsed(text: &str) -> Option<MarketEvent> {
    let (day, what) = text.split_once('=')?;
    let date = time::midnight(day.parse().ok()?)?;
    let (what, currency) = match what.split_once(IN) {
        Some((what, currency)) if is_currency(currency) => (what, Some(Arc::from(currency))),
        Some(_) => return None,
        None => (what, None),
    };
    let kind = match what.split_at_checked(1)? {
        ("d", amount) => EventKind::Dividend {
            amount: amount.parse().ok()?,
        },
        ("g", amount) => EventKind::CapitalGain {
            amount: amount.parse().ok()?,
        },
        ("s", ratio) => {
            let (numerator, denominator) = ratio.split_once(':')?;
            EventKind::Split {
                numerator: numerator.parse().ok()?,
                denominator: denominator.parse().ok()?,
            }
        }
        _ => return None,
    };
    Some(MarketEvent {
        date,
        kind,
        currency,
    })
}

impl fmt::Display for KnownEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, event) in self.0.iter().enumerate() {
            let MarketEvent {
                date,
                kind,
                currency,
            } = event;
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}=", time::day(*date))?;
            match kind {
                EventKind::Dividend { amount } => write!(f, "d{amount}")?,
                EventKind::CapitalGain { amount } => write!(f, "g{amount}")?,
                EventKind::Split {
                    numerator,
                    denominator,
                } => write!(f, "s{numerator}:{denominator}")?,
            }
            if let Some(currency) = currency {
                write!(f, "{IN}{currency}")?;
            }
        }
        Ok(())
    }
}
