//! Rows that are one bar: the last trade and the bar that it belongs to, and quarters that are halves of an hour.
//!
//! Promises: of two rows the bar has the first open, the last close, both extremes and the sum of the volumes. A trade
//! without its bar is no bar.

use chrono::{NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

use super::rows::{Hours, wall};
use super::wire::{Meta, Row};
use crate::frame::Volume;
use crate::model::Interval;

/// A row with its place on the wall clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dated {
    pub(super) row: Row,
    pub(super) wall: NaiveDateTime,
    /// Whether it holds, or stands at, the moment of the last trade.
    pub(super) is_live: bool,
}

impl Dated {
    /// Tells whether this is the last trade, without the bar that it belongs to.
    pub(super) fn is_lone(&self, traded: Option<i64>) -> bool {
        self.is_live && traded == Some(self.row.stamp)
    }
}

/// While a session is open, and for a while after, the last trade comes as a row of its own.
pub(super) fn join_live(
    rows: &mut Vec<Dated>,
    interval: Interval,
    served: Option<u32>,
    hours: Hours,
) {
    let [.., before, last] = rows.as_slice() else {
        return;
    };
    let (before, last) = (*before, *last);
    if interval == Interval::D1 {
        if before.wall == last.wall {
            rows.truncate(rows.len() - 2);
            rows.push(Dated {
                is_live: true,
                ..last
            });
        }
        return;
    }
    if !is_last_trade(&before, &last, interval, served, hours) {
        return;
    }
    rows.truncate(rows.len() - 2);
    rows.push(Dated {
        row: joined(&before.row, &last.row),
        wall: before.wall,
        is_live: true,
    });
}

/// The bar of the last trade may come later than the trade: no bar begins there, and no later answer would take the row
/// back.
pub(super) fn drop_lone_trade(rows: &mut Vec<Dated>, minutes: u32, meta: &Meta) {
    rows.pop_if(|last| is_off_grid(last.row.stamp, minutes, meta));
}

/// Tells whether no bar can begin at an instant: off the minute, or, at the moment of the last trade, between the bars of
/// its session.
fn is_off_grid(stamp: i64, minutes: u32, meta: &Meta) -> bool {
    let mut sessions = meta.periods.iter().chain(&meta.outside);
    let session = sessions.find(|period| period.start <= stamp && stamp < period.end);
    let is_between =
        session.is_some_and(|session| (stamp - session.start) % (i64::from(minutes) * 60) != 0);
    stamp % 60 != 0 || (meta.market_time == Some(stamp) && is_between)
}

/// Tells whether the last row is no bar but the last trade, within the bar before it.
pub(super) fn is_last_trade(
    before: &Dated,
    last: &Dated,
    interval: Interval,
    served: Option<u32>,
    hours: Hours,
) -> bool {
    // Outside of the session a row on the minute is the first bar after a close.
    let is_print = hours == Hours::Extended && last.row.stamp % 60 == 0 && served.is_some();
    is_within(before, last, interval, served) && before.row.stamp != last.row.stamp && !is_print
}

fn is_within(before: &Dated, last: &Dated, interval: Interval, served: Option<u32>) -> bool {
    let period = |dated: &Dated| interval.period(dated.wall.date());
    match (served, interval) {
        (Some(minutes), _) => last.row.stamp - before.row.stamp < i64::from(minutes) * 60,
        (None, Interval::D5) => last.wall - before.wall < TimeDelta::days(5),
        (None, _) => period(before) == period(last),
    }
}

fn joined(earlier: &Row, later: &Row) -> Row {
    Row {
        stamp: earlier.stamp,
        open: earlier.open.or(later.open),
        high: extreme(earlier.high, later.high, f64::max),
        low: extreme(earlier.low, later.low, f64::min),
        close: later.close.or(earlier.close),
        adjusted: later.adjusted.or(earlier.adjusted),
        volume: sum(earlier.volume, later.volume),
    }
}

fn extreme(a: Option<f64>, b: Option<f64>, of: fn(f64, f64) -> f64) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(of(a, b)),
        (a, b) => a.or(b),
    }
}

fn sum(a: Option<Volume>, b: Option<Volume>) -> Option<Volume> {
    match (a, b) {
        (Some(Volume::Units(a)), Some(Volume::Units(b))) => a.checked_add(b).map(Volume::Units),
        // Reached only where one of the two is a fraction already.
        (Some(a), Some(b)) => Some(Volume::from(a.as_f64() + b.as_f64())),
        (a, b) => a.or(b),
    }
}

/// Joins quarters of an hour to halves: asked for half hours, Yahoo answers with whole ones.
pub(super) fn halved(rows: &[Dated], zone: Tz) -> Vec<Dated> {
    const HALF: i64 = 1800;
    let mut halves: Vec<Dated> = Vec::new();
    for dated in rows {
        let start = dated.row.stamp.div_euclid(HALF) * HALF;
        match halves.last_mut() {
            Some(half) if half.row.stamp == start => {
                half.row = joined(&half.row, &dated.row);
                half.is_live = dated.is_live;
            }
            _ => halves.push(Dated {
                row: Row {
                    stamp: start,
                    ..dated.row
                },
                wall: wall(start, zone).unwrap_or(dated.wall),
                is_live: dated.is_live,
            }),
        }
    }
    halves
}
