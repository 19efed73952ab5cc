//! Rows that a person took out, when trades of a day are read again and its bars are made again.
//!
//! Promises: what was taken out stays out whatever is made again, and by which rules, until trades of that bar come or change: then
//! it is a new bar. Costs the newest files of the ledger, and for each series its lines in them.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::lost_trades::Losses;
use crate::calendar::Calendar;
use crate::frame::{self, Column, Frame, Profile, RowKey};
use crate::ledger::{FileLine, Ledgers, Line, Past, rows_out_by_line};
use crate::model::{Dataset, Interval, PartitionKey, Series, StorageRequest, instrument_of, time};
use crate::storage::StorageError;
use crate::workspace::Session;

/// How far the clock that a group was committed by may have been behind.
const CLOCK_BEHIND: TimeDelta = TimeDelta::days(2);

/// What a person took out of the series of a feed.
#[derive(Debug)]
pub(super) struct TakenOut<'l> {
    session: Session<'l>,
    ledgers: Ledgers,
}

/// The trades of a day, of which bars are made.
#[derive(Clone, Copy, Debug)]
pub(super) struct TradesOfDay<'t> {
    /// The series that they are of.
    pub(super) request: &'t StorageRequest,
    /// The day, UTC.
    pub(super) day: NaiveDate,
    pub(super) stored: &'t Frame,
    pub(super) calendar: &'t Calendar,
}

impl<'l> TakenOut<'l> {
    /// Begins to ask about rows of a day and later ones: nobody can have taken them out before.
    pub(super) fn since(day: NaiveDate, session: Session<'l>) -> Self {
        let midnight = day.and_time(NaiveTime::MIN).and_utc();
        Self {
            session,
            ledgers: Ledgers::since(midnight - CLOCK_BEHIND),
        }
    }

    /// Returns the trades that were taken out and are out still: a download of before does not know of that.
    pub(super) fn trades(&self, request: &StorageRequest) -> Result<Frame, StorageError> {
        let (fs, places) = (self.session.fs, self.session.places);
        let profile = Profile::of(Dataset::Trades);
        Ok(self.ledgers.rows_out(fs, places, request, profile)?)
    }

    /// Returns those of some rows, made of the trades of a day, that nobody took out, and those whose trades came or changed since.
    #[cfg_attr(
        not(feature = "polars"),
        expect(dead_code, reason = "without polars no bars are made")
    )]
    pub(super) fn rows_left(
        &self,
        request: &StorageRequest,
        mut made: Frame,
        of: TradesOfDay<'_>,
    ) -> Result<Frame, StorageError> {
        let (fs, places) = (self.session.fs, self.session.places);
        if !self.ledgers.had_rows_taken_out(fs, places, request)? {
            return Ok(made);
        }
        let lines = self.lines(request)?;
        let lines = lines.iter().map(|(group, line)| (*group, line));
        for (group, out) in rows_out_by_line(lines) {
            let changed = self.changed_since(group, &request.series, of)?;
            let is_same = |bar: i64| {
                let span = span(&request.series, bar);
                changed.range(span).next().is_none()
            };
            made = left(made, &out.at(is_same));
        }
        Ok(made)
    }

    /// Returns when, by the clock of the exchange, the trades of an instrument were that came or changed after a group.
    fn changed_since(
        &self,
        group: usize,
        series: &Series,
        of: TradesOfDay<'_>,
    ) -> Result<BTreeSet<i64>, StorageError> {
        let (mut rows, mut losses) = (BTreeSet::new(), Losses::default());
        for (at, line) in &self.lines(of.request)? {
            let missing = losses.follow(line, of.day);
            if let Line::File(line) = line
                && *at > group
                && line.partition == PartitionKey::Day(of.day)
            {
                rows.extend(changed_by(line, of.stored, missing.as_ref()));
            }
        }
        let times: Vec<i64> = of.stored.times().collect();
        let isins = texts(of.stored, "isin");
        let wanted = series.ticker().and_then(|ticker| {
            let (isin, _) = instrument_of(ticker.as_str())?;
            Some(isin)
        });
        let is_of_series = |row: &usize| wanted.is_none() || isins(*row).as_deref() == wanted;
        let rows = of_same_transactions(&rows, of.stored).into_iter();
        let rows = rows.filter(is_of_series);
        let moments = rows.filter_map(|row| times.get(row).copied());
        Ok(moments
            .filter_map(|moment| time::nanos(of.calendar.wall(time::naive(moment).and_utc())))
            .collect())
    }

    /// Returns what the ledger says of a series since the day, each line with the number of its group.
    pub(super) fn lines(
        &self,
        request: &StorageRequest,
    ) -> Result<Vec<(usize, Line)>, StorageError> {
        let (fs, places) = (self.session.fs, self.session.places);
        Ok(self.ledgers.lines(fs, places, request)?)
    }
}

/// Returns rows without those that were taken out.
pub(super) fn left(rows: Frame, out: &Frame) -> Frame {
    if out.is_empty() {
        return rows;
    }
    frame::without(&rows, out)
}

/// Returns the moments that a row of a series is made of.
fn span(series: &Series, row: i64) -> std::ops::Range<i64> {
    match series {
        Series::Bars { interval, .. } | Series::Prepost { interval, .. } => {
            row..interval.end_of(row)
        }
        // An auction is looked at with its day.
        _ => {
            let midnight = row.div_euclid(time::DAY).saturating_mul(time::DAY);
            midnight..Interval::D1.end_of(row)
        }
    }
}

/// Returns which rows of a day of trades a commit has brought or changed. One that made the file anew, since it was gone or
/// damaged, says nothing of that: the file before it had trades, too. Nor does one that came while some were `missing`, from one to
/// another, of those: they were put back, or read again.
fn changed_by(line: &FileLine, stored: &Frame, missing: Option<&(RowKey, RowKey)>) -> Vec<usize> {
    match &line.past {
        Past::Changed(changes) if line.old.is_some() => {
            let added = changes.added.iter();
            let added = added.flat_map(|(first, last)| {
                let end = stored.position(last) + usize::from(stored.find(last).is_some());
                stored.position(first)..end
            });
            let is_back = |row: usize| {
                missing.is_some_and(|(first, last)| (first..=last).contains(&&stored.key(row)))
            };
            let added = added.filter(|row| !is_back(*row));
            let replaced = changes.replaced.iter();
            let replaced = replaced.filter_map(|revision| stored.find(&revision.key));
            added.chain(replaced).collect()
        }
        // So many were changed that nobody counted which.
        Past::Kept { .. } => (0..stored.len()).collect(),
        Past::Changed(_) | Past::Damaged { .. } | Past::Moved | Past::Copied(_) => Vec::new(),
    }
}

/// Returns rows, and all other lines of their transactions: an amendment changes the bar of the trade before it, too.
fn of_same_transactions(rows: &BTreeSet<usize>, stored: &Frame) -> Vec<usize> {
    if rows.is_empty() {
        return Vec::new();
    }
    let ids = texts(stored, "trans_id");
    let changed: BTreeSet<Option<Arc<str>>> = rows.iter().map(|row| ids(*row)).collect();
    let all = 0..stored.len();
    all.filter(|row| changed.contains(&ids(*row))).collect()
}

fn texts<'f>(frame: &'f Frame, name: &str) -> impl Fn(usize) -> Option<Arc<str>> + use<'f> {
    let column = frame.profile().position(name);
    let column = column.and_then(|at| frame.columns().get(at));
    move |row| match column {
        Some(Column::Text(texts)) => texts.get(row).cloned(),
        _ => None,
    }
}
