//! Dividends, splits and capital gains: as a source delivers them, and as rows of the `events` dataset.
//!
//! Promises: what becomes rows comes back as it was. Several events of one kind on one day are one row: payments are
//! added, ratios multiplied. A row of a kind that is not known is left out of the events, and stays in the frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Cell, Column, Frame, Profile, Texts};
use crate::model::{Dataset, Ticker};

/// One corporate action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MarketEvent {
    /// The day on which it takes effect, midnight on the exchange's clock, nanoseconds since 1970.
    pub date: i64,
    /// What happened.
    pub kind: EventKind,
}

/// What a corporate action is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum EventKind {
    /// Cash per share, in the currency of the prices.
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
    /// A fund paid out gains, per share, in the currency of the prices.
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
    let mut rows: BTreeMap<(i64, &str), EventKind> = BTreeMap::new();
    for event in distinct {
        rows.entry((event.date, event.kind.as_str()))
            .and_modify(|known| *known = known.and(event.kind))
            .or_insert(event.kind);
    }
    let part = |at: usize| {
        let parts = rows.values().map(|kind| kind.parts());
        Column::Float(
            parts
                .map(|parts| parts.get(at).copied().flatten())
                .collect(),
        )
    };
    let stock: Arc<str> = ticker.shared();
    let kinds = rows.keys().map(|(_, kind)| Some(Arc::from(*kind)));
    let columns = vec![
        Column::Text(Texts::same(Some(stock), rows.len())),
        Column::Time(rows.keys().map(|(date, _)| Some(*date)).collect()),
        Column::Text(kinds.collect()),
        part(0),
        part(1),
        part(2),
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
        Some(MarketEvent { date, kind })
    };
    (0..frame.len()).filter_map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::DAY;

    fn on(day: i64, kind: EventKind) -> MarketEvent {
        MarketEvent {
            date: day * DAY,
            kind,
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
}
