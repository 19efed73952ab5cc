//! By which minutes a daily file is judged.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};

use super::{HeldDay, Listing, Span, TradesOfDaily};

/// How many minutes are drawn by lot.
const DRAWN: usize = 2;

/// Returns the minutes by which the file of a day is judged, seven at most, of those that are held or can still be
/// downloaded: its first and its last one with a trade, the one after that, the one with most trades of the closing auction and
/// the one after it, and two by lot; `seed` is the lot. Where the closing auction is not told, the minute with most trades
/// stands for it.
pub fn witnesses(
    daily: &TradesOfDaily,
    day: NaiveDate,
    held: &HeldDay,
    listing: &Listing,
    seed: u64,
) -> BTreeSet<NaiveDateTime> {
    let listed = listing.files.iter().filter_map(|name| match name.span {
        Span::Minute(minute) if minute.date() == day => Some(minute),
        _ => None,
    });
    let mut there: BTreeSet<NaiveDateTime> = listed.collect();
    there.extend(held.minutes.keys());
    let after = |minute: NaiveDateTime| there.range(minute..).find(|next| **next > minute);
    let (first, last) = (
        daily.minutes().keys().next(),
        daily.minutes().keys().next_back(),
    );
    let auction = daily.closing_minute().or_else(|| daily.busiest_minute());
    let mut chosen: BTreeSet<NaiveDateTime> = [
        first.copied(),
        last.copied(),
        last.and_then(|last| after(*last).copied()),
        auction,
        auction.and_then(|auction| after(auction).copied()),
    ]
    .into_iter()
    .flatten()
    .filter(|minute| there.contains(minute))
    .collect();
    let mut lots: Vec<(u64, NaiveDateTime)> = there
        .iter()
        .filter(|minute| !chosen.contains(minute))
        .map(|minute| (mixed(seed, *minute), *minute))
        .collect();
    lots.sort_unstable();
    chosen.extend(lots.into_iter().take(DRAWN).map(|(_, minute)| minute));
    chosen
}

/// Mixes a seed and a minute (`SplitMix64`): the same on every machine and in every build.
fn mixed(seed: u64, minute: NaiveDateTime) -> u64 {
    let minute = minute.and_utc().timestamp().cast_unsigned();
    let mut bits = (seed ^ minute).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::frame::Trade;
    use crate::source::posttrade::FileName;

    fn day() -> NaiveDate {
        "2026-09-18".parse().unwrap()
    }

    fn minute(at: i64) -> NaiveDateTime {
        day().and_hms_opt(0, 0, 0).unwrap() + TimeDelta::minutes(at)
    }

    fn listing(minutes: impl Iterator<Item = i64>) -> Listing {
        let files = minutes.map(|at| FileName {
            feed: "DETR".parse().unwrap(),
            span: Span::Minute(minute(at)),
        });
        Listing {
            files: files.collect(),
            ..Listing::default()
        }
    }

    /// A day with trades in these minutes, of which one is the closing auction's.
    fn daily(minutes: impl Iterator<Item = i64>, closing: i64) -> TradesOfDaily {
        let mut daily = TradesOfDaily::default();
        for at in minutes {
            let stamp = minute(at).and_utc().timestamp_nanos_opt().unwrap();
            daily.add(&Trade {
                trade_time: stamp,
                distribution_time: stamp,
                trading_mode: (at == closing).then(|| "K".into()),
                ..Trade::default()
            });
        }
        daily
    }

    #[test]
    fn first_last_and_closing_minutes_are_witnesses_and_two_by_lot() {
        let daily = daily(420..1_000, 935);

        let chosen = witnesses(&daily, day(), &HeldDay::default(), &listing(0..1_320), 7);

        for at in [420, 999, 1_000, 935, 936] {
            assert!(chosen.contains(&minute(at)), "{at}");
        }
        assert_eq!(chosen.len(), 7);
    }

    #[test]
    fn another_lot_draws_other_minutes_and_the_same_lot_the_same() {
        let daily = daily(420..1_000, 935);
        let drawn = |seed| witnesses(&daily, day(), &HeldDay::default(), &listing(0..1_320), seed);

        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn only_what_can_be_had_is_a_witness() {
        let daily = daily(420..1_000, 935);
        let mut held = HeldDay::default();
        held.minutes.entry(minute(999)).or_default();

        let chosen = witnesses(&daily, day(), &held, &listing(930..940), 7);

        assert!(chosen.contains(&minute(999)) && chosen.contains(&minute(935)));
        assert!(!chosen.contains(&minute(420)));
        assert_eq!(
            witnesses(&daily, day(), &HeldDay::default(), &listing(0..0), 7).len(),
            0
        );
    }
}
