//! Dividends, splits and capital gains: as a source delivers them, and as rows of the `events` dataset.
//!
//! Promises: what becomes rows comes back as it was. Several events of one kind on one day are one row: payments are
//! added, ratios multiplied; of payments between whose currencies there is no factor the first one is the row. A row of a kind
//! that is not known is left out of the events, and stays in the frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Cell, Column, Frame, Profile, Texts};
use crate::model::{Dataset, Ticker, unit_factor};

/// One corporate action.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketEvent {
    /// The day on which it takes effect, midnight on the exchange's clock, nanoseconds since 1970.
    pub date: i64,
    /// What happened.
    pub kind: EventKind,
    /// The currency of a payment, as the source names it; `None` when it is that of the prices.
    pub currency: Option<Arc<str>>,
}

impl MarketEvent {
    /// Returns an event whose payment, if it is one, is in the currency of the prices.
    pub fn new(date: i64, kind: EventKind) -> Self {
        Self {
            date,
            kind,
            currency: None,
        }
    }

    /// Returns what was paid per share, in the currency of prices; `None` for what is no payment, or one in a currency for
    /// which there is no factor.
    pub fn amount_in(&self, prices: Option<&str>) -> Option<f64> {
        let amount = self.kind.amount()?;
        match &self.currency {
            None => Some(amount),
            Some(currency) => Some(amount * unit_factor(currency, prices?)?),
        }
    }

    /// Tells whether it is a payment of which nobody knows how much it is in the currency of prices.
    pub fn is_in_another_currency(&self, prices: Option<&str>) -> bool {
        self.kind.amount().is_some() && self.amount_in(prices).is_none()
    }

    /// Tells whether another event has its row taken by this one: both are of one kind and day, and their amounts cannot be added.
    pub fn excludes(&self, other: &Self) -> bool {
        let is_of_row = self.date == other.date && self.kind.as_str() == other.kind.as_str();
        is_of_row && self.factor_of(other).is_none()
    }

    /// Adds an event of the same kind and day. Of a payment in a currency without a factor nothing is added.
    fn add(&mut self, other: &Self) {
        if let Some(factor) = self.factor_of(other) {
            self.kind = self.kind.and(other.kind.times(factor));
        }
    }

    /// Returns what the amount of another payment is multiplied by to be in the currency of this one.
    fn factor_of(&self, other: &Self) -> Option<f64> {
        match (&other.currency, &self.currency) {
            (theirs, own) if theirs == own => Some(1.0),
            (Some(theirs), Some(own)) => unit_factor(theirs, own),
            _ => None,
        }
    }
}

/// What a corporate action is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EventKind {
    /// Cash per share.
    Dividend {
        /// How much.
        amount: f64,
    },
    /// `denominator` old shares became `numerator` new ones.
    Split {
        /// New shares.
        numerator: f64,
        /// Old shares.
        denominator: f64,
    },
    /// A fund paid out gains, per share.
    CapitalGain {
        /// How much.
        amount: f64,
    },
}

impl EventKind {
    /// Returns the word in the column `kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dividend { .. } => "dividend",
            Self::Split { .. } => "split",
            Self::CapitalGain { .. } => "capital_gain",
        }
    }

    /// Returns the amount of a payment.
    pub fn amount(self) -> Option<f64> {
        match self {
            Self::Dividend { amount } | Self::CapitalGain { amount } => Some(amount),
            Self::Split { .. } => None,
        }
    }

    /// Returns a payment in another unit.
    fn times(self, factor: f64) -> Self {
        match self {
            Self::Dividend { amount } => Self::Dividend {
                amount: amount * factor,
            },
            Self::CapitalGain { amount } => Self::CapitalGain {
                amount: amount * factor,
            },
            Self::Split { .. } => self,
        }
    }

    /// Returns two events of one kind and day as one.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Dividend { amount: a }, Self::Dividend { amount: b }) => {
                Self::Dividend { amount: a + b }
            }
            (Self::CapitalGain { amount: a }, Self::CapitalGain { amount: b }) => {
                Self::CapitalGain { amount: a + b }
            }
            (
                Self::Split {
                    numerator: a,
                    denominator: b,
                },
                Self::Split {
                    numerator: c,
                    denominator: d,
                },
            ) => Self::Split {
                numerator: a * c,
                denominator: b * d,
            },
            (first, _) => first,
        }
    }

    fn parts(self) -> [Option<f64>; 3] {
        match self {
            Self::Dividend { amount } | Self::CapitalGain { amount } => [Some(amount), None, None],
            Self::Split {
                numerator,
                denominator,
            } => [None, Some(numerator), Some(denominator)],
        }
    }

    fn from_parts(kind: &str, [amount, numerator, denominator]: [Option<f64>; 3]) -> Option<Self> {
        match kind {
            "dividend" => amount.map(|amount| Self::Dividend { amount }),
            "capital_gain" => amount.map(|amount| Self::CapitalGain { amount }),
            "split" => Some(Self::Split {
                numerator: numerator?,
                denominator: denominator?,
            }),
            _ => None,
        }
    }
}

/// Returns events of one ticker as rows. The same event, delivered twice, counts once.
pub fn rows_of_events(ticker: &Ticker, events: &[MarketEvent]) -> Frame {
    let mut distinct: Vec<&MarketEvent> = Vec::new();
    for event in events {
        if !distinct.contains(&event) {
            distinct.push(event);
        }
    }
    let mut rows: BTreeMap<(i64, &str), MarketEvent> = BTreeMap::new();
    for event in distinct {
        rows.entry((event.date, event.kind.as_str()))
            .and_modify(|known| known.add(event))
            .or_insert_with(|| event.clone());
    }
    let part = |at: usize| {
        let parts = rows.values().map(|event| event.kind.parts());
        Column::Float(
            parts
                .map(|parts| parts.get(at).copied().flatten())
                .collect(),
        )
    };
    let stock: Arc<str> = ticker.shared();
    let kinds = rows.keys().map(|(_, kind)| Some(Arc::from(*kind)));
    let currencies = rows.values().map(|event| event.currency.clone());
    let columns = vec![
        Column::Text(Texts::same(Some(stock), rows.len())),
        Column::Time(rows.keys().map(|(date, _)| Some(*date)).collect()),
        Column::Text(kinds.collect()),
        part(0),
        part(1),
        part(2),
        Column::Text(currencies.collect()),
    ];
    Frame::ordered(Profile::of(Dataset::Events), columns).frame
}

/// Returns the events that the rows of an `events` frame hold, in the order of their days.
pub fn events_of(frame: &Frame) -> Vec<MarketEvent> {
    let cell = |at: usize, row| frame.columns().get(at).map_or(Cell::Null, |c| c.cell(row));
    let float = |at, row| match cell(at, row) {
        Cell::Float(value) => Some(value),
        _ => None,
    };
    let event = |row| {
        let (Cell::Time(date), Cell::Text(kind)) = (cell(1, row), cell(2, row)) else {
            return None;
        };
        let parts = [float(3, row), float(4, row), float(5, row)];
        let kind = EventKind::from_parts(kind, parts)?;
        let currency = match cell(6, row) {
            Cell::Text(currency) => Some(Arc::from(currency)),
            _ => None,
        };
        Some(MarketEvent {
            date,
            kind,
            currency,
        })
    };
    (0..frame.len()).filter_map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::DAY;

    fn on(day: i64, kind: EventKind) -> MarketEvent {
        MarketEvent::new(day * DAY, kind)
    }

    fn paid(amount: f64, currency: &str) -> MarketEvent {
        MarketEvent {
            currency: Some(currency.into()),
            ..on(1, EventKind::Dividend { amount })
        }
    }

    #[test]
    fn events_come_back_as_they_were() {
        let events = [
            on(1, EventKind::Dividend { amount: 0.82 }),
            on(
                1,
                EventKind::Split {
                    numerator: 4.0,
                    denominator: 1.0,
                },
            ),
            on(2, EventKind::CapitalGain { amount: 1.5 }),
            MarketEvent {
                date: 3 * DAY,
                ..paid(0.5, "USD")
            },
        ];

        let frame = rows_of_events(&"AAPL".parse().unwrap(), &events);

        assert_eq!(events_of(&frame), events);
    }

    #[test]
    fn payments_of_one_day_are_added_and_a_repeated_one_counts_once() {
        let pay = |amount| on(1, EventKind::Dividend { amount });

        let frame = rows_of_events(&"AAPL".parse().unwrap(), &[pay(1.0), pay(0.5), pay(1.0)]);

        assert_eq!(events_of(&frame), [pay(1.5)]);
    }

    #[test]
    fn payments_of_one_day_are_added_across_units_and_never_across_currencies() {
        let rows = |events: &[MarketEvent]| rows_of_events(&"A".parse().unwrap(), events);

        let pounds = rows(&[paid(1.0, "GBP"), paid(50.0, "GBp")]);
        let both = rows(&[paid(1.0, "USD"), paid(50.0, "GBp")]);

        assert_eq!(events_of(&pounds), [paid(1.5, "GBP")]);
        assert_eq!(events_of(&both), [paid(1.0, "USD")]);
    }

    #[test]
    fn an_amount_is_that_of_the_prices_in_pence_and_pounds_and_unknown_in_another_currency() {
        let own = on(1, EventKind::Dividend { amount: 0.5 });

        assert_eq!(own.amount_in(None), Some(0.5));
        assert_eq!(paid(0.5, "GBP").amount_in(Some("GBp")), Some(50.0));
        assert_eq!(paid(0.5, "USD").amount_in(Some("GBp")), None);
        assert_eq!(paid(0.5, "USD").amount_in(None), None);
        assert!(paid(0.5, "USD").is_in_another_currency(Some("GBp")));
        let (numerator, denominator) = (2.0, 1.0);
        let split = on(
            1,
            EventKind::Split {
                numerator,
                denominator,
            },
        );
        assert!(!split.is_in_another_currency(None));
    }
}
