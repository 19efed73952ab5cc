//! Coarser bars made of finer ones.
//!
//! Promises: open is that of the first finer bar that has one, close of the last; volume and trades are sums, and the sum of all
//! bars is that of the finer ones, exactly. Bars of a source and bars made of trades are both taken, and stay what they are.
//! Leaves to others: whether the last bar is over, which takes a clock; it is said until when it lasts.

use chrono::{NaiveDate, TimeDelta};

use crate::calendar::{Calendar, Day};
use crate::frame::{Column, Frame, Texts, Values};
use crate::model::{Interval, time};

use super::ResampleError;
use super::bucket::Grid;
use super::exact::Digits;
use super::groups::{Groups, Rows, aggregate};

/// Coarser bars.
#[derive(Debug)]
pub struct Coarse {
    /// The bars.
    pub frame: Frame,
    /// The beginning of the last bar and the first moment after it, on the clock of the exchange; `None` without bars.
    pub last: Option<std::ops::Range<i64>>,
}

impl Coarse {
    /// Returns the beginning of the last bar if it is provisional: rows are still to come into it after `now`, on the clock of the
    /// exchange. None comes after the last session in its time has ended, where it is known that there is no other one.
    pub fn provisional(&self, now: i64, hours: Hours, calendar: &Calendar) -> Option<i64> {
        let last = self.last.clone()?;
        let end = match hours {
            Hours::All => last.end,
            Hours::Session => last.end.min(over(&last, calendar).unwrap_or(last.end)),
        };
        (end > now).then_some(last.start)
    }
}

/// Which hours finer bars are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hours {
    /// Those of the session.
    Session,
    /// Those before and after it, too.
    All,
}

/// A closing auction and the trades at its price come so long after the close.
const AFTER_CLOSE: TimeDelta = TimeDelta::minutes(15);

/// Returns when the last session in the time of a bar is over; `None` where nobody knows which that is, or the bar stands
/// outside of it.
fn over(bar: &std::ops::Range<i64>, calendar: &Calendar) -> Option<i64> {
    let first = time::day(bar.start);
    let last = time::day(bar.end.saturating_sub(1));
    let days: Vec<NaiveDate> = first.iter_days().take_while(|day| *day <= last).collect();
    let mut newest = days.iter().rev().map(|day| calendar.day(*day));
    let session = newest.find(|day| *day != Day::Closed)?.session()?;
    let close = time::nanos(session.close)?;
    let is_inside = bar.start < close;
    is_inside.then(|| time::nanos(session.close + AFTER_CLOSE))?
}

/// Joins the bars of one series to coarser ones.
///
/// # Errors
/// When the rows are no bars, or the finer bars do not fill the coarser ones. `NotConserved` when these do not hold the volume of
/// those.
pub fn coarser(
    bars: &Frame,
    from: Interval,
    to: Interval,
    calendar: &Calendar,
) -> Result<Coarse, ResampleError> {
    if !from.fills(to) {
        return Err(ResampleError::NotAMultiple { from, to });
    }
    let columns = Columns::of(bars)?;
    let mut grid = Grid::new(calendar, to);
    let key: Vec<i64> = bars.times().map(|time| grid.bar_at(time).start).collect();
    let last = bars.times().next_back().map(|time| grid.bar_at(time));
    let volume = columns
        .volume
        .counted()
        .ok_or_else(|| ResampleError::Inexact {
            series: series_of(bars),
        })?;
    let turnover = columns.turnover();
    let groups = aggregate(&Rows {
        key: &key,
        open: columns.open,
        high: columns.high,
        low: columns.low,
        close: columns.close,
        volume: volume.units(),
        dealt: columns.trades.zip(turnover.as_ref()),
    })?;
    conserved(bars, volume.units(), &groups.volume)?;
    Ok(Coarse {
        frame: joined(bars, groups, &volume),
        last,
    })
}

/// The volumes of bars, which those of a source have whole.
#[derive(Clone, Copy)]
enum Volumes<'f> {
    Whole(&'f Values<i64>),
    Decimal(&'f Values<f64>),
}

/// The same, in units of the last digit.
enum Counted<'f> {
    Whole(&'f Values<i64>),
    Decimal(Digits, Values<i64>),
}

impl<'f> Volumes<'f> {
    /// Returns them counted; `None` when they have too many digits.
    fn counted(self) -> Option<Counted<'f>> {
        match self {
            Self::Whole(values) => Some(Counted::Whole(values)),
            Self::Decimal(values) => {
                let digits = Digits::of(values.iter().flatten())?;
                let units = values.iter();
                let units: Values<i64> = units.map(|value| digits.units(value?)).collect();
                let sum: i128 = units.iter().flatten().map(i128::from).sum();
                Digits::can_hold(sum).then_some(Counted::Decimal(digits, units))
            }
        }
    }
}

impl Counted<'_> {
    fn units(&self) -> &Values<i64> {
        match self {
            Self::Whole(units) => units,
            Self::Decimal(_, units) => units,
        }
    }
}

/// The columns of bars.
struct Columns<'f> {
    open: &'f Values<f64>,
    high: &'f Values<f64>,
    low: &'f Values<f64>,
    close: &'f Values<f64>,
    volume: Volumes<'f>,
    trades: Option<&'f Values<i64>>,
    vwap: Option<&'f Values<f64>>,
}

impl<'f> Columns<'f> {
    fn of(bars: &'f Frame) -> Result<Self, ResampleError> {
        let column = |name: &str| {
            let at = bars.profile().position(name);
            at.and_then(|at| bars.columns().get(at))
        };
        let float = |name: &str| match column(name) {
            Some(Column::Float(values)) => Some(values),
            _ => None,
        };
        let found = || {
            Some(Self {
                open: float("open")?,
                high: float("high")?,
                low: float("low")?,
                close: float("close")?,
                volume: match column("volume")? {
                    Column::Int(values) => Volumes::Whole(values),
                    Column::Float(values) => Volumes::Decimal(values),
                    _ => return None,
                },
                trades: match column("trades") {
                    Some(Column::Int(values)) => Some(values),
                    _ => None,
                },
                vwap: float("vwap"),
            })
        };
        found().ok_or(ResampleError::OtherRows {
            found: bars.profile().name,
            wanted: "bars",
        })
    }

    /// Returns price times volume of each bar, where bars say their average price.
    fn turnover(&self) -> Option<Values<f64>> {
        let (vwap, Volumes::Decimal(volume)) = (self.vwap?, self.volume) else {
            return None;
        };
        let product = |(vwap, volume): (Option<f64>, Option<f64>)| {
            Some(vwap.zip(volume).map_or(0.0, |(vwap, volume)| vwap * volume))
        };
        Some(vwap.iter().zip(volume.iter()).map(product).collect())
    }
}

/// Returns the coarser bars as rows of the profile of the finer ones.
fn joined(bars: &Frame, groups: Groups, volume: &Counted<'_>) -> Frame {
    let rows = groups.key.len();
    let owner = bars.owners().into_iter().next();
    let mut columns = vec![
        Column::Text(Texts::same(owner, rows)),
        Column::Time(groups.key),
        Column::Float(groups.open),
        Column::Float(groups.high),
        Column::Float(groups.low),
        Column::Float(groups.close),
    ];
    match volume {
        Counted::Whole(_) => {
            columns.extend([Column::Int(groups.volume), Column::Int(Values::nulls(rows))]);
        }
        Counted::Decimal(digits, _) => {
            let volume = groups.volume.iter();
            let volume: Values<f64> = volume.map(|units| Some(digits.volume(units?))).collect();
            let average = |(turnover, volume): (Option<f64>, Option<f64>)| {
                Some(turnover? / volume.filter(|volume| *volume > 0.0)?)
            };
            let pairs = groups.turnover.iter().zip(volume.iter());
            let vwap: Values<f64> = pairs.map(average).collect();
            columns.extend([
                Column::Float(volume),
                Column::Int(Values::nulls(rows)),
                Column::Int(groups.trades),
                Column::Float(vwap),
            ]);
        }
    }
    Frame::ordered(bars.profile(), columns).frame
}

fn conserved(
    bars: &Frame,
    finer: &Values<i64>,
    coarser: &Values<i64>,
) -> Result<(), ResampleError> {
    let sum = |units: &Values<i64>| units.iter().flatten().map(i128::from).sum::<i128>();
    let (rows, held) = (sum(finer), sum(coarser));
    if rows == held {
        return Ok(());
    }
    Err(ResampleError::NotConserved {
        series: series_of(bars),
        bars: held.to_string(),
        rows: rows.to_string(),
    })
}

fn series_of(bars: &Frame) -> String {
    let owner = bars.owners().into_iter().next();
    owner.map_or_else(String::new, |owner| owner.to_string())
}

#[cfg(test)]
mod tests;
