//! Bars made of the lines that a feed published.
//!
//! Promises: of each transaction the newest line counts, whatever order the lines came in. Open is the first price by the
//! nanosecond of the trade, and by its id where two share one; close is the last. A bar all of whose trades were cancelled or
//! moved elsewhere is there with a volume of zero and no price, so that it takes the place of the one that was stored before.
//! Leaves to others: which lines count (`rules`), and which days' lines are handed in. A bar is right if all lines of its day are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use chrono::NaiveDate;

use crate::calendar::{Calendar, WallClock};
use crate::frame::{Frame, Values};
use crate::model::{Dataset, Interval, Ticker, time};

use super::accounts::Accounts;
use super::auctions::auctions;
use super::bucket::Grid;
use super::groups::{Groups, Rows, aggregate};
use super::resolve::{Fate, Resolved, resolve};
use super::rules::{Counts, LeftOut, VenueRules};
use super::series::frame_of;
use super::{ResampleError, lines::Lines};

/// The bars of a feed, and what is in none of them.
#[derive(Debug, Default)]
pub struct Made {
    /// Bars of the session, of each series that any line is of.
    pub bars: Vec<(Ticker, Frame)>,
    /// Bars of the hours before and after the session; none of a day or more.
    pub outside: Vec<(Ticker, Frame)>,
    /// What was traded in each auction, as rows of the dataset `auctions`. It is in the bars, too.
    pub auctions: Vec<(Ticker, Frame)>,
    /// How many lines are in no bar, by reason.
    pub left_out: BTreeMap<LeftOut, usize>,
    /// Series that no bars can be made of, and why.
    pub refused: Vec<(String, String)>,
    /// Transactions of which a correction is there and the trade itself is not: it may lie in the lines of another day.
    pub unmatched: Vec<String>,
    /// The days, on the clock of the exchange, that lines are of.
    pub days: BTreeSet<NaiveDate>,
    /// Those of them on which the calendar knows of no session: their trades are outside of one.
    pub without_session: BTreeSet<NaiveDate>,
}

/// A line that has a place in a bar.
pub(super) struct Placed {
    /// Part, series and bar, in the order of the rows of the aggregation.
    key: i64,
    /// When it was traded.
    pub(super) at: i64,
    row: usize,
    pub(super) series: usize,
    pub(super) price: f64,
    pub(super) volume: f64,
    pub(super) counts: Counts,
    /// Whether its price is per cent of the face value.
    pub(super) is_per_cent: bool,
    pub(super) is_counted: bool,
}

/// What the rules and its values say of a line.
struct Judged {
    /// `None` when the name of the series is no ticker.
    series: Option<usize>,
    price: f64,
    volume: f64,
    counts: Counts,
    is_per_cent: bool,
    /// Whether it is of the hours outside of the session.
    is_outside: bool,
}

/// Makes bars of one length of the lines of one or more days.
///
/// # Errors
/// When the rows are no trades, the calendar has no clock, or polars refuses. `NotConserved` when the bars do not hold what
/// their trades do, which would be a bug.
pub fn bars_of_trades(
    trades: &Frame,
    rules: &VenueRules,
    calendar: &Calendar,
    interval: Interval,
) -> Result<Made, ResampleError> {
    let made = bars_of_each(trades, rules, calendar, &[interval])?;
    Ok(made.into_iter().next().unwrap_or_default())
}

/// Makes bars of several lengths of the same lines, in the order of the lengths.
///
/// # Errors
/// As `bars_of_trades`.
pub fn bars_of_each(
    trades: &Frame,
    rules: &VenueRules,
    calendar: &Calendar,
    intervals: &[Interval],
) -> Result<Vec<Made>, ResampleError> {
    let lines = Lines::of(trades)?;
    let resolved = resolve(trades);
    let make = |interval: &Interval| bars(lines, &resolved, rules, calendar, *interval);
    intervals.iter().map(make).collect()
}

fn bars(
    lines: Lines<'_>,
    resolved: &Resolved,
    rules: &VenueRules,
    calendar: &Calendar,
    interval: Interval,
) -> Result<Made, ResampleError> {
    let zone = calendar.zone().unwrap_or("UTC");
    let clock = WallClock::of(zone).ok_or_else(|| ResampleError::NoZone {
        zone: zone.to_owned(),
    })?;
    let mut making = Making {
        lines,
        rules,
        calendar,
        interval,
        clock,
        grid: Grid::new(calendar, interval),
        day: 0..0,
        session: None,
        accounts: Accounts::default(),
        known: HashMap::new(),
        met: Vec::new(),
        made: Made::default(),
    };
    let mut placed = making.place(resolved);
    making.settle(&mut placed);
    making.sort(&mut placed);
    let key: Vec<i64> = placed.iter().map(|line| line.key).collect();
    let groups = making.aggregate(&placed, &key)?;
    making.cut(&groups)?;
    making.made.auctions = auctions(&making.accounts.all, making.clock, &placed);
    Ok(making.made)
}

/// The state of one call.
struct Making<'m> {
    lines: Lines<'m>,
    rules: &'m VenueRules,
    calendar: &'m Calendar,
    interval: Interval,
    clock: WallClock,
    grid: Grid<'m>,
    /// The day of the last line, and its session.
    day: Range<i64>,
    session: Option<Range<i64>>,
    accounts: Accounts,
    known: HashMap<(&'m str, &'m str), Option<usize>>,
    /// The same by the word of the instrument, with the currency in which it was met last: most are met in one only.
    met: Vec<Option<(&'m str, Option<usize>)>>,
    made: Made,
}

/// Series of a part stand below this bit of the key, and those of the other part above it.
const OUTSIDE: i64 = 1 << 62;
pub(super) const MINUTE: i64 = 60 * 1_000_000_000;

impl Making<'_> {
    /// Gives each line its place, in the order of the rows.
    fn place(&mut self, resolved: &Resolved) -> Vec<Placed> {
        self.made.unmatched.clone_from(&resolved.unmatched);
        let mut placed = Vec::with_capacity(resolved.fates.len());
        for (row, fate) in resolved.fates.iter().copied().enumerate() {
            match self.place_line(row, fate) {
                Ok(line) => placed.extend(line),
                Err(reason) => *self.made.left_out.entry(reason).or_default() += 1,
            }
        }
        placed
    }

    fn place_line(&mut self, row: usize, fate: Fate) -> Result<Option<Placed>, LeftOut> {
        let at = self.lines.traded_at(row);
        let wall = self.clock.shows(at);
        self.enter_day(wall);
        if fate == Fate::Cancels {
            return Err(LeftOut::Cancelled);
        }
        let reason = match fate {
            Fate::Superseded => Some(LeftOut::Superseded),
            Fate::Cancelled => Some(LeftOut::Cancelled),
            Fate::Counts | Fate::Cancels => None,
        };
        let judged = self.judge(row, wall, reason.is_none());
        let judged = match (judged, reason) {
            (Ok(judged), _) => judged,
            (Err(_), Some(reason)) | (Err(reason), None) => return Err(reason),
        };
        if let Some(reason) = reason {
            // Its bar is made anew without it.
            *self.made.left_out.entry(reason).or_default() += 1;
        }
        let Some(series) = judged.series else {
            return Ok(None);
        };
        let bar = self.grid.bar_at(wall).start;
        let number = i64::try_from(series).unwrap_or(i64::from(i32::MAX));
        let key = (number << 32) | (bar.div_euclid(MINUTE) + (1 << 31));
        Ok(Some(Placed {
            key: if judged.is_outside {
                key | OUTSIDE
            } else {
                key
            },
            at,
            row,
            series,
            price: judged.price,
            volume: judged.volume,
            counts: judged.counts,
            is_per_cent: judged.is_per_cent,
            is_counted: reason.is_none(),
        }))
    }

    fn judge(&mut self, row: usize, wall: i64, is_counted: bool) -> Result<Judged, LeftOut> {
        let counts = self.rules.judge(self.lines.marks(row))?;
        let volume = self.lines.volume(row).ok_or(LeftOut::NoVolume)?;
        let price = self.lines.price(row).ok_or(LeftOut::NoPrice)?;
        let series = self.series(row);
        let is_per_cent = self.lines.is_per_cent(row);
        if let Some(series) = series.filter(|_| is_counted) {
            self.accounts.note(series, is_per_cent);
        }
        let session = self.session.as_ref();
        let is_within = session.is_some_and(|session| session.contains(&wall));
        let is_outside = counts.outside || !is_within;
        if is_outside && !self.interval.is_intraday() {
            return Err(LeftOut::Outside);
        }
        Ok(Judged {
            series,
            price,
            volume,
            counts,
            is_per_cent,
            is_outside,
        })
    }

    fn enter_day(&mut self, wall: i64) {
        if self.day.contains(&wall) {
            return;
        }
        let first = wall.div_euclid(time::DAY).saturating_mul(time::DAY);
        self.day = first..first.saturating_add(time::DAY);
        self.session = self.rules.session(self.calendar, wall);
        let day = time::day(wall);
        self.made.days.insert(day);
        if self.session.is_none() {
            self.made.without_session.insert(day);
        }
    }

    /// Returns the number of the series of a line; `None` when its name is no ticker.
    fn series(&mut self, row: usize) -> Option<usize> {
        let currency = self.lines.currency(row).unwrap_or_default();
        let Some(word) = self.lines.instrument_word(row) else {
            return self.series_of(row);
        };
        if let Some(Some((met_in, series))) = self.met.get(word)
            && *met_in == currency
        {
            return *series;
        }
        let series = self.series_of(row);
        if self.met.len() <= word {
            self.met.resize(word + 1, None);
        }
        if let Some(place) = self.met.get_mut(word) {
            *place = Some((currency, series));
        }
        series
    }

    fn series_of(&mut self, row: usize) -> Option<usize> {
        let (isin, currency) = (self.lines.isin(row), self.lines.currency(row));
        let key = (isin, currency.unwrap_or_default());
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let name = self.rules.ticker(isin, currency);
        let number = match name.parse::<Ticker>() {
            Ok(ticker) => Some(self.accounts.number_of(ticker)),
            Err(error) => {
                self.made.refused.push((name, error.to_string()));
                None
            }
        };
        self.known.insert(key, number);
        number
    }

    /// Says which lines count now that all are known, and how much volume that is.
    fn settle(&mut self, placed: &mut [Placed]) {
        let others = self.accounts.leave_out_other_notations(placed);
        if others > 0 {
            self.made.left_out.insert(LeftOut::OtherNotation, others);
        }
        let refused = self.accounts.count(placed);
        self.made.refused.extend(refused);
    }

    /// Brings lines into the order of their bars, and within a bar into that of trading.
    fn sort(&self, placed: &mut Vec<Placed>) {
        let id = |line: &Placed| self.lines.id(line.row);
        let by_time = |a: &Placed, b: &Placed| a.at.cmp(&b.at).then_with(|| id(a).cmp(id(b)));
        let series = self.accounts.all.len();
        let mut parts: Vec<Vec<Placed>> = (0..2 * series).map(|_| Vec::new()).collect();
        for line in placed.drain(..) {
            let outside = usize::from(line.key & OUTSIDE != 0);
            if let Some(part) = parts.get_mut(outside * series + line.series) {
                part.push(line);
            }
        }
        for mut lines in parts {
            // Rows are in the order of microseconds: only where a clock is set back do bars not follow one another.
            if !lines.is_sorted_by_key(|line| line.key) {
                lines.sort_by_key(|line| line.key);
            }
            for bar in lines.chunk_by_mut(|a, b| a.key == b.key) {
                if !bar.is_sorted_by(|a, b| by_time(a, b).is_le()) {
                    bar.sort_unstable_by(by_time);
                }
            }
            placed.append(&mut lines);
        }
    }

    fn aggregate(&self, placed: &[Placed], key: &[i64]) -> Result<Groups, ResampleError> {
        let price = |line: &Placed| (line.is_counted && line.counts.price).then_some(line.price);
        let price: Values<f64> = placed.iter().map(price).collect();
        let units = |line: &Placed| {
            let account = self.accounts.all.get(line.series);
            account
                .filter(|_| line.is_counted)?
                .digits
                .units(line.volume)
        };
        let volume = placed.iter().map(|line| units(line).unwrap_or_default());
        let volume = Values::whole(volume.collect());
        let trades = placed.iter().map(|line| i64::from(line.is_counted));
        let trades = Values::whole(trades.collect());
        let turnover = |line: &Placed| {
            if line.is_counted {
                line.price * line.volume
            } else {
                0.0
            }
        };
        let turnover = Values::whole(placed.iter().map(turnover).collect());
        aggregate(&Rows {
            key,
            open: &price,
            high: &price,
            low: &price,
            close: &price,
            volume: &volume,
            dealt: Some((&trades, &turnover)),
        })
    }

    /// Cuts what was aggregated into the frames of series, and holds their volume against that of the lines.
    fn cut(&mut self, groups: &Groups) -> Result<(), ResampleError> {
        let keys = groups.key.as_whole().unwrap_or_default();
        let mut held: Vec<i128> = vec![0; self.accounts.all.len()];
        let mut first = 0;
        for bars in keys.chunk_by(|a, b| a >> 32 == b >> 32) {
            let rows = first..first + bars.len();
            first = rows.end;
            let Some(key) = bars.first() else { continue };
            let is_outside = key & OUTSIDE != 0;
            let number = usize::try_from((key & !OUTSIDE) >> 32).unwrap_or(usize::MAX);
            let Some(account) = self.accounts.all.get(number) else {
                continue;
            };
            let dataset = if is_outside {
                Dataset::Prepost
            } else {
                Dataset::Stocks
            };
            let (frame, units) = frame_of(dataset, account, bars, groups, rows);
            if let Some(held) = held.get_mut(number) {
                *held += units;
            }
            let ticker = account.ticker.clone();
            if is_outside {
                self.made.outside.push((ticker, frame));
            } else {
                self.made.bars.push((ticker, frame));
            }
        }
        for (account, held) in self.accounts.all.iter().zip(held) {
            if account.units != held {
                return Err(ResampleError::NotConserved {
                    series: account.ticker.to_string(),
                    bars: held.to_string(),
                    rows: account.units.to_string(),
                });
            }
        }
        self.made.bars.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.made.outside.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
