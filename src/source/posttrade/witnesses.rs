//! By which minutes a daily file is judged.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};

use super::choose::is_of_the_day;
use super::{HeldDay, Listing, Span, TradesOfDaily};
use crate::calendar::Calendar;

/// By how many minutes a file is judged, as long as none of its silences is odd.
const MOST: usize = 8;
/// How many of them are drawn from all; so many others are drawn from the hours of trading.
const FROM_ALL: usize = 1;

/// A silence that is so many times as long as those of the rest of a session is odd: it comes by chance once in a hundred days.
const ODD: usize = 8;
/// So many times as many minutes of it are looked at as hold a trade on average: all miss by chance once in a hundred times.
const LOOKED: usize = 5;
/// And not fewer, since few trades tell little of what is usual.
const FEWEST: usize = 20;

/// Returns the minutes by which the file of a day is judged, mostly eight at most, of those that are held or can still be
/// downloaded: its first and its last one with a trade, the one after that, the one with most trades of the closing auction and
/// the one after it, and the others by lot; `seed` is the lot. Where the closing auction is not told, the minute with most trades
/// stands for it. Lots are drawn from the hours of trading, one of them from all minutes, and first from minutes of which the
/// file has no trade: a part that it lacks is among these. Where its longest silence within the session is odd, many more are
/// drawn from that.
pub fn witnesses(
    daily: &TradesOfDaily,
    (day, calendar): (NaiveDate, &Calendar),
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
    let mut chosen = told_ones(daily, &there);
    let session = calendar.session(day);
    let hours = session.map(|session| [session.open, session.close].map(|at| calendar.instant(at)));
    let is_of_hours = |minute: &NaiveDateTime| match hours {
        Some([open, close]) => (open..close).contains(&minute.and_utc()),
        None => is_of_the_day(*minute),
    };
    let mut lots: Vec<(bool, u64, NaiveDateTime)> = there
        .iter()
        .map(|minute| {
            let has_trades = daily.minutes().contains_key(minute);
            (has_trades, mixed(seed, *minute), *minute)
        })
        .collect();
    lots.sort_unstable();
    let of_hours = lots.iter().map(|lot| lot.2).filter(is_of_hours);
    draw(&mut chosen, MOST - FROM_ALL, of_hours);
    lots.sort_unstable_by_key(|lot| lot.1);
    draw(&mut chosen, MOST, lots.iter().map(|lot| lot.2));
    if hours.is_some() {
        let session: Vec<NaiveDateTime> = there.iter().copied().filter(is_of_hours).collect();
        let has_trades = |minute: &NaiveDateTime| daily.minutes().contains_key(minute);
        let silence = odd_silence(&session, has_trades, has_trades);
        let looked = if silence.is_empty() {
            0
        } else {
            (LOOKED * usual(&session, silence, has_trades)).max(FEWEST)
        };
        let of_silence = lots.iter().map(|lot| lot.2);
        let of_silence = of_silence.filter(|minute| silence.contains(minute));
        chosen.extend(of_silence.take(looked));
    }
    chosen
}

/// Returns the minutes that the file itself names, as far as they are there: those of its borders and of its closing auction.
fn told_ones(daily: &TradesOfDaily, there: &BTreeSet<NaiveDateTime>) -> BTreeSet<NaiveDateTime> {
    let after = |minute: NaiveDateTime| there.range(minute..).find(|next| **next > minute);
    let (first, last) = (
        daily.minutes().keys().next(),
        daily.minutes().keys().next_back(),
    );
    let auction = daily.closing_minute().or_else(|| daily.busiest_minute());
    [
        first.copied(),
        last.copied(),
        last.and_then(|last| after(*last).copied()),
        auction,
        auction.and_then(|auction| after(auction).copied()),
    ]
    .into_iter()
    .flatten()
    .filter(|minute| there.contains(minute))
    .collect()
}

/// Returns the longest part of the minutes of a session of which nothing is told, if it is odd by how often the session has trades.
pub fn odd_silence(
    session: &[NaiveDateTime],
    has_trades: impl Fn(&NaiveDateTime) -> bool,
    is_told: impl Fn(&NaiveDateTime) -> bool,
) -> &[NaiveDateTime] {
    let silences = session.split(is_told);
    let longest = silences.max_by_key(|silence| silence.len());
    let longest = longest.unwrap_or_default();
    if longest.len() > ODD * usual(session, longest, has_trades) {
        longest
    } else {
        &[]
    }
}

/// Returns in how many minutes of a session without its silence one has a trade.
fn usual(
    session: &[NaiveDateTime],
    silence: &[NaiveDateTime],
    has_trades: impl Fn(&NaiveDateTime) -> bool,
) -> usize {
    let traded = session.iter().filter(|minute| has_trades(minute)).count();
    let rest = session.len() - silence.len();
    rest.div_ceil(traded.max(1)).max(1)
}

/// Adds minutes until there are so many.
fn draw(
    chosen: &mut BTreeSet<NaiveDateTime>,
    enough: usize,
    lots: impl Iterator<Item = NaiveDateTime>,
) {
    for lot in lots {
        if chosen.len() >= enough {
            return;
        }
        chosen.insert(lot);
    }
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
    use std::ops::Range;
    use std::sync::LazyLock;

    use chrono::TimeDelta;
    use rstest::rstest;

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

    /// The witnesses of a day of which 22 hours are listed, and of which none was fetched.
    fn chosen(daily: &TradesOfDaily, seed: u64) -> BTreeSet<NaiveDateTime> {
        let listing = listing(0..1_320);
        witnesses(daily, of_day(), &HeldDay::default(), &listing, seed)
    }

    fn of_day() -> (NaiveDate, &'static Calendar) {
        static XETRA: LazyLock<Calendar> = LazyLock::new(|| Calendar::of("XETR").unwrap());
        (day(), &XETRA)
    }

    #[test]
    fn first_last_and_closing_minutes_are_witnesses_and_others_by_lot() {
        let daily = daily(420..1_000, 935);

        let chosen = chosen(&daily, 7);

        for at in [420, 999, 1_000, 935, 936] {
            assert!(chosen.contains(&minute(at)), "{at}");
        }
        assert_eq!(chosen.len(), 8);
    }

    /// A thin feed, of which half the session is missing: two lots would see that once in seven times.
    #[test]
    fn a_silence_that_is_too_long_to_be_chance_is_looked_into_at_many_places() {
        let thin = |until| daily((420..until).step_by(4), 420);

        for seed in 0..50 {
            let of_half = chosen(&thin(675), seed);
            let silent = of_half
                .iter()
                .filter(|at| (minute(675)..minute(930)).contains(at));
            assert!(silent.count() >= 18, "{seed}: {of_half:?}");
            assert!(chosen(&thin(930), seed).len() <= 8, "{seed}");
        }
    }

    /// The session is from 07:00 to 15:30. The one lot of all minutes would see such a part once in a while.
    #[rstest]
    #[case::nothing_at_all(0..0, 420..930)]
    #[case::the_morning(675..930, 420..675)]
    #[case::the_afternoon(420..675, 675..930)]
    #[case::an_hour(420..930, 600..660)]
    fn a_part_of_the_session_that_the_file_lacks_is_looked_into(
        #[case] had: Range<i64>,
        #[case] lacking: Range<i64>,
    ) {
        let daily = daily(
            had.filter(|at| !(600..660).contains(at) || lacking.start != 600),
            935,
        );

        for seed in 0..50 {
            let chosen = chosen(&daily, seed);

            let seen = lacking.clone().filter(|at| chosen.contains(&minute(*at)));
            assert!(seen.count() >= 2, "{seed}: {chosen:?}");
        }
    }

    #[test]
    fn another_lot_draws_other_minutes_and_the_same_lot_the_same() {
        let daily = daily(420..1_000, 935);

        assert_eq!(chosen(&daily, 1), chosen(&daily, 1));
        assert_ne!(chosen(&daily, 1), chosen(&daily, 2));
    }

    #[test]
    fn only_what_can_be_had_is_a_witness() {
        let daily = daily(420..1_000, 935);
        let mut held = HeldDay::default();
        held.minutes.entry(minute(999)).or_default();

        let chosen = witnesses(&daily, of_day(), &held, &listing(930..940), 7);

        assert!(chosen.contains(&minute(999)) && chosen.contains(&minute(935)));
        assert!(!chosen.contains(&minute(420)));
        assert_eq!(
            witnesses(&daily, of_day(), &HeldDay::default(), &listing(0..0), 7).len(),
            0
        );
    }
}
