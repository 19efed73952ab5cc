//! What an answer says of the basis on which the rows of those before it stand.
//!
//! Promises: nothing is changed. A payment or split that was told before moves nothing: the rows since contain it.

use crate::frame::basis::{Overlap, changes_prices, measured};
use crate::frame::{self, BarBatch, EventKind, Frame, MarketEvent};
use crate::model::{Interval, PriceBasis, Provenance, Ticker};
use crate::source::Extras;

/// An answer, and what the ones before it told of payments and splits: their rows contain those.
pub(super) struct News<'n> {
    pub(super) batch: &'n BarBatch,
    pub(super) beside: &'n Extras,
    pub(super) told: &'n [MarketEvent],
}

/// What of the rows of earlier answers stands on another basis than what is stored since an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moves {
    Nothing,
    /// The closes that are adjusted for payments.
    Adjusted,
    Prices,
}

impl News<'_> {
    /// Says what stands on another basis: by what the answer tells of payments and splits, or by its prices.
    pub(super) fn moves(
        &self,
        (older, provenance): &(Frame, Provenance),
        ticker: &Ticker,
        interval: Interval,
    ) -> Moves {
        let first = older.span().map_or(i64::MAX, |(first, _)| first);
        let is_new = |event: &&MarketEvent| event.date > first && !self.told.contains(event);
        let is_told = |event: &&MarketEvent| changes_prices(event, provenance.basis, interval);
        let news: Vec<&MarketEvent> = self
            .beside
            .events
            .iter()
            .filter(is_new)
            .filter(is_told)
            .collect();
        let is_split = |event: &&MarketEvent| matches!(event.kind, EventKind::Split { .. });
        let is_of_prices =
            provenance.basis == PriceBasis::SplitDividendAdjusted || news.iter().any(is_split);
        if !self.beside.splits.is_empty() || (is_of_prices && !news.is_empty()) {
            return Moves::Prices;
        }
        let (newer, _) = self.batch.ordered(ticker);
        let merged = frame::merge(older, &newer.frame);
        let overlap = Overlap {
            changed: merged.changed,
            unchanged: merged.unchanged,
        };
        if measured(&merged.revisions.iter().collect::<Vec<_>>(), overlap).is_some() {
            Moves::Prices
        } else if news.is_empty() {
            Moves::Nothing
        } else {
            Moves::Adjusted
        }
    }
}
