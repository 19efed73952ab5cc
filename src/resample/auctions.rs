//! What was traded in auctions, kept apart from the bars that it is in, too.
//!
//! Promises: one row for each auction of a day: its price, its volume, how many prints it had and when the first one was. An
//! opening, a closing and a scheduled auction are dated by their day, however long their prints take; an unscheduled one, of
//! which there may be several, by its minute. One all of whose prints were cancelled has none of them and no price.

use std::collections::BTreeMap;

use crate::calendar::WallClock;
use crate::frame::{Column, Frame, Profile, Texts, Values};
use crate::model::{Dataset, Ticker, time};

use super::accounts::Account;
use super::rules::AuctionKind;
use super::trades::{MINUTE, Placed};

const MICROSECOND: i64 = 1_000;

/// One auction.
#[derive(Default)]
struct Auction {
    price: Option<f64>,
    /// When the print was that has this price.
    priced: Option<i64>,
    units: i64,
    trades: i64,
    printed: Option<i64>,
}

/// Returns the auctions of each series, of lines in the order of their trades.
pub(super) fn auctions(
    accounts: &[Account],
    mut clock: WallClock,
    placed: &[Placed],
) -> Vec<(Ticker, Frame)> {
    let mut found: BTreeMap<usize, BTreeMap<(i64, AuctionKind), Auction>> = BTreeMap::new();
    for line in placed {
        let (Some(kind), Some(account)) = (line.counts.auction, accounts.get(line.series)) else {
            continue;
        };
        let wall = clock.shows(line.at);
        let place = match kind {
            AuctionKind::Unscheduled => wall.div_euclid(MINUTE) * MINUTE,
            AuctionKind::Opening | AuctionKind::Intraday | AuctionKind::Closing => {
                wall.div_euclid(time::DAY) * time::DAY
            }
        };
        let of_series = found.entry(line.series).or_default();
        let auction = of_series.entry((place, kind)).or_default();
        if !line.is_counted {
            continue;
        }
        let units = account.digits.units(line.volume);
        auction.units += units.unwrap_or_default();
        auction.trades += 1;
        // Lines outside of the session stand behind all others.
        let newest = auction.priced.is_none_or(|newest| newest <= line.at);
        if line.counts.price && newest {
            (auction.price, auction.priced) = (Some(line.price), Some(line.at));
        }
        let at = wall.div_euclid(MICROSECOND) * MICROSECOND;
        auction.printed = Some(auction.printed.map_or(at, |first| first.min(at)));
    }
    let mut all: Vec<(Ticker, Frame)> = found
        .into_iter()
        .filter_map(|(series, auctions)| {
            let account = accounts.get(series)?;
            Some((account.ticker.clone(), rows_of(account, &auctions)))
        })
        .collect();
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all
}

fn rows_of(account: &Account, auctions: &BTreeMap<(i64, AuctionKind), Auction>) -> Frame {
    let digits = account.digits;
    let all = || auctions.values();
    let keys = auctions.keys();
    let columns = vec![
        Column::Text(Texts::same(Some(account.ticker.shared()), auctions.len())),
        Column::Time(keys.clone().map(|(date, _)| Some(*date)).collect()),
        Column::Text(keys.map(|(_, kind)| Some(kind.as_str().into())).collect()),
        Column::Float(all().map(|auction| auction.price).collect()),
        Column::Float(
            all()
                .map(|auction| Some(digits.volume(auction.units)))
                .collect(),
        ),
        Column::Int(all().map(|auction| Some(auction.trades)).collect()),
        Column::Time(
            all()
                .map(|auction| auction.printed)
                .collect::<Values<i64>>(),
        ),
    ];
    Frame::ordered(Profile::of(Dataset::Auctions), columns).frame
}
