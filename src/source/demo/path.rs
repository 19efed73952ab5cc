//! The price path of one ticker: a walk over the days, and within a day a bridge over its minutes.
//!
//! Promises: every value depends on seed, ticker and day alone. Only integers and + - * / sqrt are used, which
//! every machine rounds alike. The minutes of a day begin at its open, end at its close, touch its high and its
//! low, never leave them, and their volumes add up to the day's.

use chrono::Datelike;

use super::period::session_minutes;
use crate::calendar::Session;
use crate::frame::{Bar, Volume};
use crate::model::Ticker;

/// Prices in cents and a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ohlcv {
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    volume: i64,
}

impl Ohlcv {
    /// Returns the values as a bar.
    pub(super) fn bar(self, stamp: i64) -> Bar {
        Bar {
            date: Some(stamp),
            open: Some(dollars(self.open)),
            high: Some(dollars(self.high)),
            low: Some(dollars(self.low)),
            close: Some(dollars(self.close)),
            volume: Some(Volume::Units(self.volume)),
            sequence: None,
        }
    }
}

/// Adds up bars that follow one another; `None` without any.
pub(super) fn sum(parts: &[Ohlcv]) -> Option<Ohlcv> {
    let (first, rest) = parts.split_first()?;
    Some(rest.iter().fold(*first, |whole, part| Ohlcv {
        open: whole.open,
        high: whole.high.max(part.high),
        low: whole.low.min(part.low),
        close: part.close,
        volume: whole.volume + part.volume,
    }))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a 32-bit float is what feeds deliver"
)]
fn dollars(cents: i64) -> f64 {
    f64::from(cents as f32 / 100.0)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "prices stay far below 2^53 cents"
)]
fn cents(price: f64) -> i64 {
    ((price * 100.0).round() as i64).max(1)
}

/// A ticker's path.
#[derive(Debug)]
pub(super) struct Walk<'s> {
    root: u64,
    sessions: &'s [Session],
}

impl<'s> Walk<'s> {
    /// Returns the path of a ticker over the sessions.
    pub(super) fn of(ticker: &Ticker, seed: u64, sessions: &'s [Session]) -> Self {
        // FNV-1a: simple, and fixed for ever, unlike the standard library's hashers.
        let root = ticker
            .as_str()
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self { root, sessions }
    }

    /// Returns the days before position `end`.
    pub(super) fn days(&self, end: usize) -> Vec<Ohlcv> {
        let mut nature = Stream(self.root);
        let base = 8.0 + 392.0 * nature.unit() * nature.unit();
        let swing = 0.008 + 0.02 * nature.unit();
        let turnover = 100_000.0 + 20_000_000.0 * nature.unit() * nature.unit();
        let mut price = base;
        let step = |session: &Session| {
            let mut chance = self.stream(session, 1);
            // Pulled towards its base and a little upwards, a price neither dies nor explodes.
            let drift = 0.0003 + 0.002 * (base - price) / (base + price);
            let open = price * (1.0 + 0.3 * swing * chance.bell());
            let close = open * (1.0 + drift + swing * chance.bell());
            let high = open.max(close) * (1.0 + 0.4 * swing * chance.bell().abs());
            let low = open.min(close) * (1.0 - 0.4 * swing * chance.bell().abs());
            price = close;
            Ohlcv {
                open: cents(open),
                high: cents(high),
                low: cents(low),
                close: cents(close),
                volume: cents(turnover / 100.0 * (0.5 + chance.unit())),
            }
        };
        self.sessions.iter().take(end).map(step).collect()
    }

    /// Returns a view of the minutes, day by day.
    pub(super) fn minutes(&self) -> Minutes<'_> {
        Minutes {
            walk: self,
            at: None,
            bars: Vec::new(),
        }
    }

    fn stream(&self, session: &Session, purpose: u64) -> Stream {
        let day = u64::from(session.day.num_days_from_ce().unsigned_abs());
        let mut mix = Stream(self.root ^ (day << 8 | purpose));
        Stream(mix.next())
    }

    fn bridge(&self, session: &Session, day: &Ohlcv) -> Vec<Ohlcv> {
        let count = session_minutes(session);
        let mut chance = self.stream(session, 2);
        let points = bridge_points(count, day, &mut chance);
        let mut bars: Vec<Ohlcv> = points
            .windows(2)
            .filter_map(|pair| match pair {
                [open, close] => Some((*open, *close)),
                _ => None,
            })
            .map(|(open, close)| Ohlcv {
                open,
                high: (open.max(close) + chance.up_to(3)).min(day.high),
                low: (open.min(close) - chance.up_to(3)).max(day.low),
                close,
                volume: chance.up_to(63) + 1,
            })
            .collect();
        if let Some(top) = bars.iter_mut().max_by_key(|bar| bar.high) {
            top.high = day.high;
        }
        if let Some(bottom) = bars.iter_mut().min_by_key(|bar| bar.low) {
            bottom.low = day.low;
        }
        let weights: i64 = bars.iter().map(|bar| bar.volume).sum();
        let mut left = day.volume;
        for bar in &mut bars {
            bar.volume = day.volume * bar.volume / weights.max(1);
            left -= bar.volume;
        }
        if let Some(last) = bars.last_mut() {
            last.volume += left;
        }
        bars
    }
}

/// Returns `count + 1` prices from the day's open to its close, inside its high and low.
fn bridge_points(count: usize, day: &Ohlcv, chance: &mut Stream) -> Vec<i64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a session has some hundred minutes"
    )]
    let steps = count as f64;
    #[expect(clippy::cast_precision_loss, reason = "cents are far below 2^53")]
    let (open, rise, range) = (
        day.open as f64,
        (day.close - day.open) as f64,
        (day.high - day.low) as f64,
    );
    let stride = range / steps.max(1.0).sqrt();
    let mut walked = 0.0;
    let mut walk = vec![0.0];
    for _ in 0..count {
        walked += stride * (2.0 * chance.unit() - 1.0);
        walk.push(walked);
    }
    let mut done = 0.0;
    let mut points: Vec<i64> = walk
        .iter()
        .map(|away| {
            let share = done / steps.max(1.0);
            done += 1.0;
            let price = open + rise * share + (away - walked * share);
            cents(price / 100.0).clamp(day.low, day.high)
        })
        .collect();
    if let Some(last) = points.last_mut() {
        *last = day.close;
    }
    points
}

/// The minutes of one day at a time: periods ask for the same day many times in a row.
#[derive(Debug)]
pub(super) struct Minutes<'w> {
    walk: &'w Walk<'w>,
    at: Option<usize>,
    bars: Vec<Ohlcv>,
}

impl Minutes<'_> {
    /// Returns the minutes of the session at a position, whose day is given.
    pub(super) fn of(&mut self, at: usize, day: &Ohlcv) -> &[Ohlcv] {
        if self.at != Some(at) {
            self.at = Some(at);
            self.bars = match self.walk.sessions.get(at) {
                Some(session) => self.walk.bridge(session, day),
                None => Vec::new(),
            };
        }
        &self.bars
    }
}

/// A stream of numbers that look like chance (splitmix64).
#[derive(Debug)]
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from 0 up to, not including, 1.
    fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
        let top = (self.next() >> 11) as f64;
        top / 9_007_199_254_740_992.0
    }

    /// Returns a number around 0 with variance 1, between -3 and 3.
    fn bell(&mut self) -> f64 {
        2.0 * (self.unit() + self.unit() + self.unit()) - 3.0
    }

    /// Returns a whole number from 0 to `most`.
    fn up_to(&mut self, most: u32) -> i64 {
        i64::try_from(self.next() % (u64::from(most) + 1)).unwrap_or(0)
    }
}
