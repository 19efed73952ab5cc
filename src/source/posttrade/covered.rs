//! Whether the file of a day has the trades of a minute.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, Hash, Hasher};

use chrono::{DateTime, NaiveDateTime};

use crate::frame::Trade;

const MINUTE: i64 = 60_000_000_000;

/// What a row is found by, as one number.
fn key(trade: &Trade) -> u64 {
    let mut hasher = DefaultHasher::new();
    (
        trade.trade_time,
        trade.distribution_time,
        &trade.trans_id,
        &trade.modification_flag,
    )
        .hash(&mut hasher);
    hasher.finish()
}

/// Returns the minute in which a trade was made and published, UTC; `None` when these are two. Which file has a trade between
/// two minutes is nowhere written down, so such trades are not counted by minute.
fn minute_of(trade: &Trade) -> Option<NaiveDateTime> {
    let minute = trade.trade_time.div_euclid(MINUTE);
    let is_one = minute == trade.distribution_time.div_euclid(MINUTE);
    let moment = DateTime::from_timestamp(minute.checked_mul(60)?, 0)?;
    is_one.then(|| moment.naive_utc())
}

/// Numbers that are hashes already.
#[derive(Clone, Copy, Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let add = |hash: u64, byte: &u8| hash.rotate_left(8) ^ u64::from(*byte);
        self.0 = bytes.iter().fold(self.0, add);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

type Keys = HashSet<u64, BuildHasherDefault<Hashed>>;

/// What is remembered of the trades of a daily file while it is read: 16 bytes for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TradesOfDaily {
    keys: Keys,
    minutes: BTreeMap<NaiveDateTime, u32>,
    closing: BTreeMap<NaiveDateTime, u32>,
}

impl TradesOfDaily {
    /// Takes a trade of the file.
    pub fn add(&mut self, trade: &Trade) {
        let is_new = self.keys.insert(key(trade));
        if let Some(minute) = minute_of(trade).filter(|_| is_new) {
            *self.minutes.entry(minute).or_default() += 1;
            if is_of_closing_auction(trade) {
                *self.closing.entry(minute).or_default() += 1;
            }
        }
    }

    /// Returns how many different trades it has.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Tells whether it has none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Returns how many trades were made and published within each minute, for minutes that have any.
    pub fn minutes(&self) -> &BTreeMap<NaiveDateTime, u32> {
        &self.minutes
    }

    /// Returns the minute with most trades of the closing auction.
    pub(super) fn closing_minute(&self) -> Option<NaiveDateTime> {
        busiest(&self.closing)
    }

    /// Returns the minute with most trades.
    pub(super) fn busiest_minute(&self) -> Option<NaiveDateTime> {
        busiest(&self.minutes)
    }
}

fn busiest(minutes: &BTreeMap<NaiveDateTime, u32>) -> Option<NaiveDateTime> {
    let most = minutes.iter().max_by_key(|(_, count)| **count)?;
    Some(*most.0)
}

/// Tells whether a trade is of the closing auction, by its trading mode or, since 2026, by the indicator of the last trade.
fn is_of_closing_auction(trade: &Trade) -> bool {
    trade.trading_mode.as_deref() == Some("K") || trade.last_trade_indicator.as_deref() == Some("C")
}

/// What is remembered of the trades of a minute file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinuteTrades {
    minute: NaiveDateTime,
    keys: Keys,
    within: u32,
}

impl MinuteTrades {
    /// Returns the trades of a minute, of which none was read yet.
    pub fn of(minute: NaiveDateTime) -> Self {
        Self {
            minute,
            keys: Keys::default(),
            within: 0,
        }
    }

    /// Takes a trade of the file.
    pub fn add(&mut self, trade: &Trade) {
        let is_new = self.keys.insert(key(trade));
        self.within += u32::from(is_new && minute_of(trade) == Some(self.minute));
    }

    /// Returns the minute.
    pub fn minute(&self) -> NaiveDateTime {
        self.minute
    }

    /// Returns how many trades were made and published within the minute.
    pub fn within(&self) -> u32 {
        self.within
    }
}

/// Tells whether a daily file has every trade of a minute file. It may have more: a minute may have been published again.
pub fn is_covered(daily: &TradesOfDaily, witness: &MinuteTrades) -> bool {
    witness.keys.is_subset(&daily.keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade(id: &str, traded: i64, published: i64) -> Trade {
        Trade {
            trans_id: id.into(),
            modification_flag: "-".into(),
            trade_time: traded,
            distribution_time: published,
            ..Trade::default()
        }
    }

    #[test]
    fn a_daily_file_covers_a_minute_only_with_every_line_of_it() {
        let minute = DateTime::UNIX_EPOCH.naive_utc();
        let lines = [trade("a", 1, 2), trade("a", 1, 3), trade("b", 1, 2)];
        let mut witness = MinuteTrades::of(minute);
        for line in &lines {
            witness.add(line);
        }

        for missing in 0..=lines.len() {
            let mut daily = TradesOfDaily::default();
            daily.add(&trade("c", 7, 8));
            let there = lines.iter().enumerate().filter(|(at, _)| *at != missing);
            for (_, line) in there {
                daily.add(line);
            }

            assert_eq!(is_covered(&daily, &witness), missing == lines.len());
        }
    }

    #[test]
    fn a_cancellation_is_another_line_than_its_trade() {
        let mut daily = TradesOfDaily::default();
        daily.add(&trade("a", 1, 2));
        let mut witness = MinuteTrades::of(DateTime::UNIX_EPOCH.naive_utc());
        witness.add(&Trade {
            modification_flag: "C".into(),
            ..trade("a", 1, 2)
        });

        assert!(!is_covered(&daily, &witness));
    }

    #[test]
    fn only_trades_that_were_published_in_their_minute_are_counted_by_it() {
        let mut daily = TradesOfDaily::default();
        daily.add(&trade("a", 0, MINUTE - 1));
        daily.add(&trade("b", MINUTE - 1, MINUTE));
        daily.add(&trade("c", MINUTE, MINUTE));

        assert_eq!(daily.len(), 3);
        assert_eq!(daily.minutes().values().sum::<u32>(), 2);
    }

    #[test]
    fn an_empty_minute_is_covered_by_every_day() {
        let witness = MinuteTrades::of(DateTime::UNIX_EPOCH.naive_utc());

        assert!(is_covered(&TradesOfDaily::default(), &witness));
    }
}
