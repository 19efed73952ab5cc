//! Published lines, as far as bars need them, by the columns of a frame.

use crate::frame::{Column, Frame, Texts, Values};
use crate::model::Dataset;

use super::ResampleError;
use super::rules::Marks;

/// The columns that bars are made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'f> {
    isin: &'f Texts,
    id: &'f Texts,
    currency: &'f Texts,
    mode: &'f Texts,
    system: &'f Texts,
    venue: &'f Texts,
    benchmark: &'f Texts,
    last_trade: &'f Texts,
    notation: &'f Values<i64>,
    traded_at: &'f Values<i64>,
    price: &'f Values<f64>,
    volume: &'f Values<f64>,
}

impl<'f> Lines<'f> {
    /// Finds the columns.
    ///
    /// # Errors
    /// When the rows are no trades.
    pub(super) fn of(trades: &'f Frame) -> Result<Self, ResampleError> {
        let column = |name: &str| {
            let at = trades.profile().position(name);
            at.and_then(|at| trades.columns().get(at))
        };
        let text = |name: &str| match column(name) {
            Some(Column::Text(texts)) => Some(texts),
            _ => None,
        };
        let int = |name: &str| match column(name) {
            Some(Column::Int(values)) => Some(values),
            _ => None,
        };
        let float = |name: &str| match column(name) {
            Some(Column::Float(values)) => Some(values),
            _ => None,
        };
        let found = || {
            Some(Self {
                isin: text("isin")?,
                id: text("trans_id")?,
                currency: text("currency")?,
                mode: text("trading_mode")?,
                system: text("trading_system")?,
                venue: text("execution_venue")?,
                benchmark: text("benchmark_flag")?,
                last_trade: text("last_trade_indicator")?,
                notation: int("quote_type")?,
                traded_at: int("trade_time_ns")?,
                price: float("price")?,
                volume: float("volume")?,
            })
        };
        found().ok_or(ResampleError::OtherRows {
            found: trades.profile().name,
            wanted: Dataset::Trades.as_str(),
        })
    }

    pub(super) fn isin(&self, row: usize) -> &'f str {
        self.isin.get(row).map_or("", |text| text)
    }

    /// Returns the number of the word that names the instrument, where words are numbered.
    pub(super) fn instrument_word(&self, row: usize) -> Option<usize> {
        match self.isin {
            Texts::Few(few) => few.codes().get(row).map(|code| usize::from(*code)),
            Texts::Same { .. } | Texts::Each(_) => None,
        }
    }

    pub(super) fn id(&self, row: usize) -> &'f str {
        self.id.get(row).map_or("", |text| text)
    }

    pub(super) fn currency(&self, row: usize) -> Option<&'f str> {
        self.currency.get(row).map(|text| &**text)
    }

    /// Tells whether the price is per cent of the face value.
    pub(super) fn is_per_cent(&self, row: usize) -> bool {
        self.notation.get(row) == Some(2)
    }

    /// Returns the nanosecond of the trade, UTC.
    pub(super) fn traded_at(&self, row: usize) -> i64 {
        self.traded_at.get(row).unwrap_or_default()
    }

    /// Returns the price, if it is a number.
    pub(super) fn price(&self, row: usize) -> Option<f64> {
        self.price.get(row).filter(|price| price.is_finite())
    }

    /// Returns the volume, if it is a positive number.
    pub(super) fn volume(&self, row: usize) -> Option<f64> {
        self.volume
            .get(row)
            .filter(|volume| volume.is_finite() && *volume > 0.0)
    }

    pub(super) fn marks(&self, row: usize) -> Marks<'f> {
        let text = |texts: &'f Texts| texts.get(row).map(|text| &**text);
        Marks {
            mode: text(self.mode),
            system: text(self.system),
            venue: text(self.venue),
            benchmark: text(self.benchmark),
            last_trade: text(self.last_trade),
        }
    }
}
