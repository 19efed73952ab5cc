//! Which rows of a chart are bars, and when they begin.
//!
//! Promises: the rows that yfinance keeps with `auto_adjust` and `repair` off, value for value; where they differ,
//! `docs/yahoo-parity.md` says why. A row whose period has not ended is named as provisional. No price is changed.
//! Leaves to others: joining rows (`join`); which of two rows with one stamp is stored (`frame::order`); the window (`mod`).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{
    Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike, Weekday,
};
use chrono_tz::Tz;

use super::borders::Borders;
use super::exchanges::around_the_clock;
use super::join::{Dated, drop_lone_trade, halved, is_last_trade, join_live};
use super::wire::{Chart, Meta, Period, Row};
use crate::frame::{Bar, Volume};
use crate::model::{Interval, time};
use crate::source::AdjustedClose;

/// Which hours of trading are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hours {
    /// The regular session.
    #[default]
    Regular,
    /// What is traded before and after it, too, apart from it.
    Extended,
}

/// The bars of a chart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ChartBars {
    /// In reverse order of their instants: of two instants with one wall clock the earlier one is then stored.
    pub(super) bars: Vec<Bar>,
    /// Bars outside of the regular session, in the same order; none where they are not kept.
    pub(super) outside: Vec<Bar>,
    pub(super) adjusted: Vec<AdjustedClose>,
    /// Stamps of bars that may still change.
    pub(super) provisional: Vec<i64>,
    /// Days of wide bars that are left out because nobody knows which days they hold.
    pub(super) strays: Vec<NaiveDate>,
    /// Days of rows without a price.
    pub(super) blank: BTreeSet<NaiveDate>,
}

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    pub(super) interval: Interval,
    pub(super) hours: Hours,
    pub(super) page: Period,
    /// The instant of the question, in seconds since 1970.
    pub(super) now: i64,
}

impl ChartBars {
    /// Tells whether there is no bar at all.
    pub(super) fn is_empty(&self) -> bool {
        self.bars.is_empty() && self.outside.is_empty()
    }
}

/// Reads the bars of a chart.
pub(super) fn read(chart: &Chart, question: Question) -> ChartBars {
    let Question {
        interval,
        hours,
        page,
        now,
    } = question;
    let meta = &chart.meta;
    let mut rows: Vec<Dated> = chart
        .rows
        .iter()
        .filter_map(|row| dated(row, interval, meta))
        .collect();
    rows.sort_by_key(|dated| dated.row.stamp);
    let served = served(meta, interval);
    let outside = match served {
        Some(minutes) => take_outside(&mut rows, (interval, minutes), hours, meta),
        None => Vec::new(),
    };
    join_live(&mut rows, interval, served, Hours::Regular);
    if let Some(minutes) = served {
        drop_lone_trade(&mut rows, minutes, meta);
    }
    if interval == Interval::M30 && served == Some(15) {
        rows = halved(&rows, meta.zone);
    }
    let borders = Borders::of(interval, Some(meta.zone));
    let strays = borders.map(|borders| borders.keep_whole(&mut rows, page, now, meta.market_time));
    let provisional = rows.last().filter(|last| {
        let now = wall(now, meta.zone).unwrap_or(NaiveDateTime::MAX);
        last.is_live || end(last, interval, meta) > now
    });
    let provisional = provisional.and_then(|last| time::nanos(last.wall));
    let blank = rows.iter().filter(|dated| is_blank(&dated.row));
    let blank = blank.map(|dated| dated.wall.date()).collect();
    rows.retain(|dated| !is_blank(&dated.row));
    ChartBars {
        bars: rows.iter().rev().map(bar).collect(),
        outside: outside.iter().rev().map(bar).collect(),
        adjusted: adjusted(chart, interval, &rows),
        provisional: provisional.into_iter().collect(),
        strays: strays.unwrap_or_default(),
        blank,
    }
}

/// Takes the rows out that are traded before and after the session, and returns them where they are kept. What remains
/// is what an answer without those hours holds.
fn take_outside(
    rows: &mut Vec<Dated>,
    (interval, minutes): (Interval, u32),
    hours: Hours,
    meta: &Meta,
) -> Vec<Dated> {
    let is_inside = |dated: &Dated| is_regular(dated, minutes, hours, meta);
    let ending = rows.last_chunk::<2>().copied();
    let (regular, mut outside): (Vec<Dated>, Vec<Dated>) =
        rows.drain(..).partition(|dated| is_inside(dated));
    *rows = regular;
    if hours == Hours::Regular {
        return Vec::new();
    }
    // The first trade after the close comes alone: its bar does with the next answer, under another stamp.
    let is_alone = ending.is_some_and(|[before, last]| {
        is_inside(&before)
            && !is_inside(&last)
            && is_last_trade(&before, &last, interval, Some(minutes), hours)
    });
    if is_alone {
        outside.pop();
    }
    join_live(&mut outside, interval, Some(minutes), hours);
    drop_lone_trade(&mut outside, minutes, meta);
    if interval == Interval::M30 && minutes == 15 {
        outside = halved(&outside, meta.zone);
    }
    outside.retain(|dated| !is_blank(&dated.row));
    outside
}

/// Returns the wall clock of an instant.
pub(super) fn wall(stamp: i64, zone: Tz) -> Option<NaiveDateTime> {
    Some(zone.timestamp_opt(stamp, 0).single()?.naive_local())
}

/// Returns the minutes of a row as they were served; `None` for daily and wider ones.
fn served(meta: &Meta, interval: Interval) -> Option<u32> {
    let served: Option<Interval> = meta.granularity.parse().ok();
    interval.minutes()?;
    served.unwrap_or(interval).minutes()
}

fn dated(row: &Row, interval: Interval, meta: &Meta) -> Option<Dated> {
    let mut wall = wall(row.stamp, meta.zone)?;
    let mut is_live = false;
    if !interval.is_intraday() {
        let is_early = is_early_midnight(row.stamp, wall, meta);
        let is_midnight = wall.time() == NaiveTime::MIN;
        let is_open = meta
            .current
            .is_some_and(|current| current.start == row.stamp);
        is_live = meta.market_time == Some(row.stamp) && !is_open && !is_midnight && !is_early;
        if is_early {
            wall += TimeDelta::hours(2);
        }
        wall = wall.date().and_time(NaiveTime::MIN);
    }
    Some(Dated {
        row: *row,
        wall,
        is_live,
    })
}

/// Tells whether a row is of the day that follows: around a clock change Yahoo stamps some finished days with the
/// midnight of the other clock. Such a stamp is of a whole hour, or of half one where clocks change by so much; the last
/// trade of a session that is open, or has just closed, is of any second, and of the session's own day.
fn is_early_midnight(stamp: i64, wall: NaiveDateTime, meta: &Meta) -> bool {
    let seconds_left = i64::from(24 * 3600 - wall.time().num_seconds_from_midnight());
    let is_early = match seconds_left {
        7200 | 3600 => has_changed_clocks(wall.year(), meta.zone),
        1800 => clock_change(wall.year(), meta.zone) == 1800,
        _ => false,
    };
    // No session is open on the day that would follow.
    let day = (wall + TimeDelta::hours(2)).weekday();
    let is_into_rest = matches!(day, Weekday::Sat | Weekday::Sun);
    let is_of_session = meta.current.is_some_and(|current| {
        let opened = self::wall(current.start, meta.zone);
        current.start <= stamp && opened.is_some_and(|opened| opened.date() == wall.date())
    });
    is_early && !((is_of_session || is_into_rest) && meta.market_time == Some(stamp))
}

/// Returns how many seconds the clocks of summer and winter are apart in a year: half an hour on Lord Howe Island, none where
/// they do not change.
fn clock_change(year: i32, zone: Tz) -> i32 {
    let offset = |month| {
        let day = NaiveDate::from_ymd_opt(year, month, 1)?;
        let at = zone.offset_from_utc_datetime(&day.and_time(NaiveTime::MIN));
        Some(at.fix().local_minus_utc())
    };
    let apart = offset(1).zip(offset(7));
    apart.map_or(0, |(winter, summer)| (winter - summer).abs())
}

/// Tells whether the clocks have changed in a year or in those before it: Yahoo goes on for some time where they do no more.
fn has_changed_clocks(year: i32, zone: Tz) -> bool {
    (2000..=year).any(|year| clock_change(year, zone) != 0)
}

/// Tells whether a row is of the regular session. On a day without one in the answer, every row is, and what is traded around
/// the clock has no other rows: its sessions are told to end a minute before midnight.
fn is_regular(dated: &Dated, minutes: u32, hours: Hours, meta: &Meta) -> bool {
    if around_the_clock(meta.instrument.as_deref()).is_some() {
        return true;
    }
    let stamp = dated.row.stamp;
    // The last bar before an opening may be cut short by it.
    let is_told = hours == Hours::Extended
        && meta
            .outside
            .iter()
            .any(|period| period.start <= stamp && stamp < period.end);
    let is_of_day = |period: &&Period| {
        wall(period.start, meta.zone).is_some_and(|start| start.date() == dated.wall.date())
    };
    let period = meta.periods.iter().find(is_of_day);
    !is_told
        && period.is_none_or(|period| {
            stamp < period.end && stamp + i64::from(minutes) * 60 > period.start
        })
}

/// Returns the wall clock at which the period of a bar is over.
fn end(dated: &Dated, interval: Interval, meta: &Meta) -> NaiveDateTime {
    let start = dated.wall;
    match (interval.minutes(), interval) {
        (Some(minutes), _) => start + TimeDelta::minutes(i64::from(minutes)),
        (None, Interval::D1) => {
            let close = meta
                .current
                .and_then(|current| wall(current.end, meta.zone));
            close
                .filter(|close| close.date() == start.date())
                .unwrap_or(start + TimeDelta::days(1))
        }
        // Where its bars begin is known by their own stamps only.
        (None, Interval::D5) => start + TimeDelta::days(7),
        (None, _) => {
            let period = interval.period(start.date());
            period.map_or(start, |period| period.end.and_time(NaiveTime::MIN))
        }
    }
}

/// Tells whether there is no price, and so no bar, whatever the volume: such rows fill lunch breaks and holidays, and days of
/// which Yahoo has the prices later.
fn is_blank(row: &Row) -> bool {
    let is_zero = |value: Option<f64>| value.is_none_or(|value| value == 0.0 || value.is_nan());
    [row.open, row.high, row.low, row.close, row.adjusted]
        .into_iter()
        .all(is_zero)
}

fn bar(dated: &Dated) -> Bar {
    let row = &dated.row;
    Bar {
        date: time::nanos(dated.wall),
        open: row.open,
        high: row.high,
        low: row.low,
        close: row.close,
        // Where there are prices, a missing count means that nothing is known to be traded.
        volume: Some(row.volume.unwrap_or(Volume::Units(0))),
        sequence: None,
    }
}

/// Adjusts bars for dividends: each price is multiplied by adjusted close over close. Bars without an adjusted close
/// stay as they are, as those of yfinance do.
pub(super) fn adjust(bars: &mut [Bar], closes: &[AdjustedClose]) {
    let of: BTreeMap<i64, f64> = closes.iter().map(|c| (c.date, c.value)).collect();
    for bar in bars {
        let adjusted = bar.date.and_then(|date| of.get(&date).copied());
        if let Some(adjusted) = adjusted {
            bar.pay_out(adjusted);
        }
    }
}

fn adjusted(chart: &Chart, interval: Interval, rows: &[Dated]) -> Vec<AdjustedClose> {
    if interval.is_intraday() || !chart.is_adjusted {
        return Vec::new();
    }
    let close = |dated: &Dated| {
        Some(AdjustedClose {
            date: time::nanos(dated.wall)?,
            value: dated.row.adjusted.filter(|value| value.is_finite())?,
        })
    };
    rows.iter().filter_map(close).collect()
}
