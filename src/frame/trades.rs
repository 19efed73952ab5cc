//! Trades as a feed publishes them, line by line, on their way into columns.

use std::sync::Arc;

use crate::model::Dataset;

use super::{Column, Frame, Ordered, Profile};

/// One published line. Times are nanoseconds UTC since 1970; a text that the line lacks is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trade {
    /// What the feed calls the message.
    pub message_id: Option<Arc<str>>,
    /// The system that published it (2025 only).
    pub source_name: Option<Arc<str>>,
    /// The ISIN of what was traded.
    pub isin: Arc<str>,
    /// The instrument as the feed names it, mostly the ISIN again (2025 only).
    pub instrument_id: Option<Arc<str>>,
    /// The transaction, which amendments and cancellations share.
    pub trans_id: Arc<str>,
    /// A running number that is not unique (2025 only).
    pub tick_id: Option<i64>,
    /// The price, per unit or in per cent as `quote_type` says; a cancellation may have none.
    pub price: Option<f64>,
    /// Units traded.
    pub volume: Option<f64>,
    /// The currency of the price.
    pub currency: Option<Arc<str>>,
    /// 1 for a price per unit, 2 for per cent.
    pub quote_type: Option<i64>,
    /// When it was traded.
    pub trade_time: i64,
    /// When it was published.
    pub distribution_time: i64,
    /// Where it was executed, for example `XETA`.
    pub execution_venue: Option<Arc<str>>,
    /// Where it was published, for example `XCEF` (2026 only).
    pub publication_venue: Option<Arc<str>>,
    /// `I` for a new line (2025 only).
    pub tick_action: Option<Arc<str>>,
    /// How the instrument is named, `I` for ISIN (2025 only).
    pub instrument_code: Option<Arc<str>>,
    /// The market mechanism of MMT (2025 only).
    pub market_mechanism: Option<Arc<str>>,
    /// The trading system (2026 only): 1 order book, 3 midpoint, 6 request for quote, 9 specialist.
    pub trading_system: Option<Arc<str>>,
    /// The trading mode of MMT: auctions `O` `K` `I` `U`, 2 continuous, 3 at close, 4 outside of the main session, 5 reported.
    pub trading_mode: Option<Arc<str>>,
    /// The waiver of pre-trade transparency (2025 only).
    pub negotiated_flag: Option<Arc<str>>,
    /// `-` for a new trade, `C` for a cancellation, `A` for an amendment; `-` where the line has none.
    pub modification_flag: Arc<str>,
    /// Whether the price refers to a benchmark.
    pub benchmark_flag: Option<Arc<str>>,
    /// Why the publication was deferred.
    pub pub_deferral: Option<Arc<str>>,
    /// Whether an algorithm traded: `H` is one, `-` is none, absent is unknown.
    pub algo_indicator: Option<bool>,
    /// The indicator of the last trade (2026 only); `C` in the closing auction.
    pub last_trade_indicator: Option<Arc<str>>,
    /// Price times units, where the price is in per cent.
    pub notional_amount: Option<f64>,
    /// The currency of that.
    pub notional_currency: Option<Arc<str>>,
    /// Keys that are not known, as one JSON object in the order of the line.
    pub extra: Option<Arc<str>>,
}

/// Returns trades with their times to the nanosecond, and in the order of these: what is printed, and what no file of trades has.
#[must_use]
pub fn exact_trades(rows: &Frame) -> Frame {
    let profile = rows.profile();
    let mut columns = rows.columns().to_vec();
    for (time, nanos) in [
        ("trade_time", "trade_time_ns"),
        ("distribution_time", "distribution_time_ns"),
    ] {
        let (Some(time), Some(nanos)) = (profile.position(time), profile.position(nanos)) else {
            continue;
        };
        let exact = match (columns.get(time), columns.get(nanos)) {
            (Some(Column::Time(times)), Some(Column::Int(nanos))) => {
                let both = times.iter().zip(nanos.iter());
                Column::Time(both.map(|(time, nanos)| nanos.or(time)).collect())
            }
            _ => continue,
        };
        if let Some(column) = columns.get_mut(time) {
            *column = exact;
        }
    }
    Frame::ordered(profile, columns).frame
}

/// Trades on their way into columns, one after the other.
#[derive(Clone, Debug)]
pub struct TradeRows {
    columns: Vec<Column>,
    rows: usize,
}

impl Default for TradeRows {
    fn default() -> Self {
        let specs = Profile::of(Dataset::Trades).columns.iter();
        Self {
            columns: specs.map(|spec| Column::empty(spec.kind)).collect(),
            rows: 0,
        }
    }
}

impl TradeRows {
    /// Appends a trade. Microseconds are cut off its times; the nanoseconds have columns of their own.
    pub fn push(&mut self, trade: &Trade) {
        let micros = |nanos: i64| nanos.div_euclid(1_000) * 1_000;
        let mut row = Places(self.columns.iter_mut());
        row.text(trade.message_id.as_ref());
        row.text(trade.source_name.as_ref());
        row.text(Some(&trade.isin));
        row.text(trade.instrument_id.as_ref());
        row.text(Some(&trade.trans_id));
        row.number(trade.tick_id);
        row.float(trade.price);
        row.float(trade.volume);
        row.text(trade.currency.as_ref());
        row.number(trade.quote_type);
        row.number(Some(micros(trade.trade_time)));
        row.number(Some(trade.trade_time));
        row.number(Some(micros(trade.distribution_time)));
        row.number(Some(trade.distribution_time));
        row.text(trade.execution_venue.as_ref());
        row.text(trade.publication_venue.as_ref());
        row.text(trade.tick_action.as_ref());
        row.text(trade.instrument_code.as_ref());
        row.text(trade.market_mechanism.as_ref());
        row.text(trade.trading_system.as_ref());
        row.text(trade.trading_mode.as_ref());
        row.text(trade.negotiated_flag.as_ref());
        row.text(Some(&trade.modification_flag));
        row.text(trade.benchmark_flag.as_ref());
        row.text(trade.pub_deferral.as_ref());
        row.flag(trade.algo_indicator);
        row.text(trade.last_trade_indicator.as_ref());
        row.float(trade.notional_amount);
        row.text(trade.notional_currency.as_ref());
        row.text(trade.extra.as_ref());
        self.rows += 1;
    }

    /// Returns the rows in the order of trading.
    pub fn ordered(self) -> Ordered {
        Frame::ordered(Profile::of(Dataset::Trades), self.columns)
    }
}

/// The columns of a row that are still to be filled, each by a value of its kind.
struct Places<'c>(std::slice::IterMut<'c, Column>);

impl Places<'_> {
    fn text(&mut self, text: Option<&Arc<str>>) {
        match self.0.next() {
            Some(Column::Text(texts)) => texts.push_shared(text),
            other => debug_assert!(other.is_none(), "the profile has a text here"),
        }
    }

    /// Fills a whole number or a time.
    fn number(&mut self, number: Option<i64>) {
        match self.0.next() {
            Some(Column::Int(values) | Column::Time(values)) => values.push(number),
            other => debug_assert!(other.is_none(), "the profile has a number here"),
        }
    }

    fn float(&mut self, float: Option<f64>) {
        match self.0.next() {
            Some(Column::Float(values)) => values.push(float),
            other => debug_assert!(other.is_none(), "the profile has a float here"),
        }
    }

    fn flag(&mut self, flag: Option<bool>) {
        match self.0.next() {
            Some(Column::Flag(values)) => values.push(flag),
            other => debug_assert!(other.is_none(), "the profile has a flag here"),
        }
    }
}

/// Returns the rows of trades, in the order of trading.
pub fn rows_of_trades(trades: &[Trade]) -> Ordered {
    let mut rows = TradeRows::default();
    for trade in trades {
        rows.push(trade);
    }
    rows.ordered()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::{Cell, RowChanges, RowKey, merge, merge_all};
    use super::*;

    /// Few keys, so that many lines share parts of one or all of it.
    fn trades() -> impl Strategy<Value = Vec<Trade>> {
        let trade = (0..3_i64, 0..2_u8, 0..2_u8, 0..2_i64, 0..3_i32);
        let trade = trade.prop_map(|(time, id, flag, published, price)| Trade {
            isin: "DE000BASF111".into(),
            trans_id: ["1", "1 2"][usize::from(id)].into(),
            modification_flag: ["-", "C"][usize::from(flag)].into(),
            trade_time: time * 999,
            distribution_time: published * 1_000_000,
            price: Some(f64::from(price)),
            ..Trade::default()
        });
        vec(trade, 0..12)
    }

    fn frame(trades: &[Trade]) -> Frame {
        rows_of_trades(trades).frame
    }

    proptest! {
        #[test]
        fn every_trade_is_found_by_its_key_and_a_merge_of_trades_can_be_undone(
            older in trades(),
            newer in trades(),
        ) {
            let (older, newer) = (frame(&older), frame(&newer));
            let merged = merge(&older, &newer);
            for row in 0..merged.frame.len() {
                prop_assert_eq!(merged.frame.find(&merged.frame.key(row)), Some(row));
            }

            prop_assert_eq!(RowChanges::of_merge(&merged).undone(&merged.frame), Ok(older));
        }

        #[test]
        fn frames_that_are_merged_in_pairs_are_what_one_after_the_other_makes_and_no_line_is_lost(
            all in vec(trades(), 0..6),
        ) {
            let frames: Vec<Frame> = all.iter().map(|trades| frame(trades)).collect();
            let profile = Profile::of(Dataset::Trades);
            let empty = Frame::empty(profile);
            let one_by_one = frames.iter().fold(empty, |all, more| merge(&all, more).frame);

            let shared = frames.iter().cloned().map(Arc::new).collect();
            let (merged, overruled) = merge_all(profile, shared);

            prop_assert_eq!(&*merged, &one_by_one);
            let has = |some: &Frame, key: &RowKey, price: Cell<'_>| {
                some.find(key).is_some_and(|row| some.columns()[6].cell(row) == price)
            };
            for frame in &frames {
                for row in 0..frame.len() {
                    let (key, price) = (frame.key(row), frame.columns()[6].cell(row));
                    let mut places = overruled.iter().chain([&*merged]);
                    prop_assert!(places.any(|some| has(some, &key, price)));
                }
            }
        }
    }

    #[test]
    fn times_are_printed_to_the_nanosecond_and_in_the_order_of_these() {
        let at = |nanos: i64, id: &str| Trade {
            isin: "DE000BASF111".into(),
            trans_id: id.into(),
            modification_flag: "-".into(),
            trade_time: nanos,
            ..Trade::default()
        };
        let stored = frame(&[at(1_999, "1"), at(1_001, "2"), at(-1, "3")]);
        let times = |frame: &Frame| frame.times().collect::<Vec<_>>();

        assert_eq!(times(&stored), [-1_000, 1_000, 1_000]);
        assert_eq!(times(&exact_trades(&stored)), [-1, 1_001, 1_999]);
    }
}
