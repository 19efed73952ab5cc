//! Series for the tests of this room.

use std::collections::BTreeMap;

use super::Facts;
use crate::calendar::Calendar;
use crate::frame::{Bar, BarBatch, EventKind, Frame, MarketEvent};
use crate::model::{Interval, PriceBasis, time::DAY};

/// Closes that move by about a hundredth a day, the same in every run.
pub(super) fn daily(count: usize, first: f64) -> Vec<f64> {
    let mut state: u64 = 42;
    let mut price = first;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let unit = f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1_u32 << 31);
        price *= 1.0 + (unit - 0.5) * 0.04;
        price
    };
    (0..count).map(|_| next()).collect()
}

/// Bars of consecutive days of which each price is near the close.
pub(super) fn bars(closes: &[f64]) -> Vec<Bar> {
    let bar = |(day, close): (i64, &f64)| Bar {
        date: Some(day * DAY),
        open: Some(close * 0.999),
        high: Some(close * 1.008),
        low: Some(close * 0.992),
        close: Some(*close),
        volume: Some(1000.into()),
        sequence: None,
    };
    (0..).zip(closes).map(bar).collect()
}

pub(super) fn frame(bars: Vec<Bar>) -> Frame {
    BarBatch { bars }.ordered(&"A".parse().unwrap()).0.frame
}

/// Daily bars as a source gives them, without anything beside.
pub(super) fn facts(closes: &[f64]) -> Facts {
    Facts {
        interval: Interval::D1,
        basis: PriceBasis::SplitAdjusted,
        bars: frame(bars(closes)),
        adjusted: BTreeMap::new(),
        events: Vec::new(),
        has_borders: true,
        currency: None,
        first_of_another: None,
        calendar: Calendar::unlisted("UTC"),
    }
}

pub(super) fn on(day: i64, kind: EventKind) -> MarketEvent {
    MarketEvent::new(day * DAY, kind)
}

/// Adjusted closes of daily bars: each factor holds for all days before its own.
pub(super) fn adjusted(closes: &[f64], factors: &[(i64, f64)]) -> BTreeMap<i64, f64> {
    let value = |(day, close): (i64, &f64)| {
        let later = factors.iter().filter(|(on, _)| day < *on);
        let factor: f64 = later.map(|(_, factor)| factor).product();
        (day * DAY, close * factor)
    };
    (0..).zip(closes).map(value).collect()
}
