//! The bars of one series, out of those of all.

use std::ops::Range;

use crate::frame::{Column, Frame, Profile, Texts, Values};
use crate::model::Dataset;

use super::accounts::Account;
use super::groups::Groups;
use super::trades::MINUTE;

/// Returns the bars of one series, and the volume that they hold as they say it, in units.
pub(super) fn frame_of(
    dataset: Dataset,
    account: &Account,
    keys: &[i64],
    groups: &Groups,
    rows: Range<usize>,
) -> (Frame, i128) {
    let digits = account.digits;
    let date = |key: &i64| ((key & i64::from(u32::MAX)) - (1 << 31)) * MINUTE;
    let volume: Vec<f64> = groups
        .volume
        .part(rows.clone())
        .iter()
        .map(|units| digits.volume(units.unwrap_or_default()))
        .collect();
    let units = volume.iter().filter_map(|volume| digits.units(*volume));
    let units = units.map(i128::from).sum();
    let turnover = groups.turnover.part(rows.clone()).iter();
    let vwap = turnover
        .zip(&volume)
        .map(|(turnover, volume)| turnover.filter(|_| *volume > 0.0).map(|sum| sum / volume));
    let vwap: Values<f64> = vwap.collect();
    let of = |values: &Values<f64>| {
        let mut part = Values::whole(Vec::new());
        part.extend(values, rows.clone());
        Column::Float(part)
    };
    let mut trades = Values::whole(Vec::new());
    trades.extend(&groups.trades, rows.clone());
    let columns = vec![
        Column::Text(Texts::same(Some(account.ticker.shared()), keys.len())),
        Column::Time(Values::whole(keys.iter().map(date).collect())),
        of(&groups.open),
        of(&groups.high),
        of(&groups.low),
        of(&groups.close),
        Column::Float(Values::whole(volume)),
        Column::Int(Values::nulls(keys.len())),
        Column::Int(trades),
        Column::Float(vwap),
    ];
    let profile = Profile::of_trades(dataset).unwrap_or(Profile::of(dataset));
    (Frame::ordered(profile, columns).frame, units)
}
