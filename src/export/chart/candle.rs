//! Bars as candles, several in one where there is no room for all.

use crate::frame::{Bar, Frame, bars_of};

/// One candle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candle {
    /// When its first bar begins, nanoseconds since 1970 on the clock of the exchange.
    pub date: i64,
    /// Its prices; `None` where none of its bars has all of them.
    pub prices: Option<Prices>,
    /// Units traded, as far as they are known.
    pub volume: f64,
}

/// The prices of a candle.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Prices {
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
}

impl Prices {
    fn of(bar: &Bar) -> Option<Self> {
        let price = |price: Option<f64>| price.filter(|price| price.is_finite());
        let (open, close) = (price(bar.open)?, price(bar.close)?);
        let (high, low) = (price(bar.high)?, price(bar.low)?);
        // What a source says of the two is not always so.
        Some(Self {
            open,
            close,
            high: high.max(open).max(close),
            low: low.min(open).min(close),
        })
    }

    fn and(self, later: Self) -> Self {
        Self {
            open: self.open,
            close: later.close,
            high: self.high.max(later.high),
            low: self.low.min(later.low),
        }
    }

    /// Tells whether the last price is no lower than the first.
    pub fn rose(&self) -> bool {
        self.close >= self.open
    }
}

impl Candle {
    /// Returns its volume as a share of the largest one; what is less than none is none.
    pub(super) fn share_of(&self, most: f64) -> f64 {
        if most > 0.0 {
            (self.volume / most).max(0.0)
        } else {
            0.0
        }
    }
}

/// The candles of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Candles {
    /// In time order.
    pub all: Vec<Candle>,
    /// How many bars each has, but for the last.
    pub bars_each: usize,
    /// How many bars have no prices to draw.
    pub without_prices: usize,
}

impl Candles {
    /// Returns the lowest and the highest price; `None` when there is none. They are never equal.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        let prices = || self.all.iter().filter_map(|candle| candle.prices);
        let low = prices().map(|prices| prices.low).reduce(f64::min)?;
        let high = prices().map(|prices| prices.high).reduce(f64::max)?;
        if high > low {
            return Some((low, high));
        }
        let room = (low.abs() * 0.01).max(f64::MIN_POSITIVE);
        Some(((low - room).max(f64::MIN), (high + room).min(f64::MAX)))
    }

    /// Returns the largest volume; 0 where nothing was traded.
    pub(super) fn most_traded(&self) -> f64 {
        self.all.iter().map(|one| one.volume).fold(0.0, f64::max)
    }
}

/// Returns the bars of a series as candles, no more than `most`.
pub fn candles(frame: &Frame, most: usize) -> Candles {
    let bars: Vec<Bar> = bars_of(frame).collect();
    let bars_each = bars.len().div_ceil(most.max(1)).max(1);
    let of = |bars: &[Bar]| {
        let prices = bars.iter().filter_map(Prices::of).reduce(Prices::and);
        let volumes = bars.iter().filter_map(|bar| Some(bar.volume?.as_f64()));
        Candle {
            date: bars.first().and_then(|bar| bar.date).unwrap_or_default(),
            prices,
            volume: volumes
                .filter(|volume| volume.is_finite())
                .sum::<f64>()
                .clamp(f64::MIN, f64::MAX),
        }
    };
    Candles {
        all: bars.chunks(bars_each).map(of).collect(),
        bars_each,
        without_prices: bars.iter().filter(|bar| Prices::of(bar).is_none()).count(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::frame::BarBatch;
    use crate::model::time;

    /// Bars of days with these opens, highs, lows, closes and volumes.
    pub(in crate::export::chart) fn days(bars: &[[f64; 5]]) -> Frame {
        let bars = (0..)
            .zip(bars)
            .map(|(day, [open, high, low, close, volume])| Bar {
                date: Some(time::parse("2025-11-03").unwrap() + day * time::DAY),
                open: Some(*open),
                high: Some(*high),
                low: Some(*low),
                close: Some(*close),
                volume: Some((*volume).into()),
                sequence: None,
            });
        let bars = bars.collect();
        BarBatch { bars }.ordered(&"A".parse().unwrap()).0.frame
    }

    #[test]
    fn where_there_is_no_room_for_all_several_bars_are_one_candle() {
        let frame = days(&[
            [1.0, 4.0, 1.0, 3.0, 10.0],
            [3.0, 5.0, 2.0, 2.0, 20.0],
            [2.0, 3.0, 0.5, 1.0, 30.0],
        ]);

        let found = candles(&frame, 2);

        assert_eq!(found.bars_each, 2);
        let first = found.all[0].prices.unwrap();
        assert_eq!((first.open, first.close), (1.0, 2.0));
        assert_eq!((first.high, first.low), (5.0, 1.0));
        assert!((found.all[0].volume - 30.0).abs() < f64::EPSILON);
        assert_eq!(found.all.len(), 2);
    }

    #[test]
    fn a_bar_without_all_prices_is_a_gap_and_counted() {
        let frame = days(&[
            [1.0, 1.0, 1.0, 1.0, 1.0],
            [f64::NAN, 2.0, 1.0, 1.0, 5.0],
            [1.0, 1.0, 1.0, 1.0, 1.0],
        ]);

        let found = candles(&frame, 10);

        assert_eq!(found.all[1].prices, None);
        assert_eq!(found.without_prices, 1);
        let (low, high) = found.range().unwrap();
        assert!(low < 1.0 && 1.0 < high);
    }
}
