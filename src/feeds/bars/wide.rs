//! Bars of several days, made of the stored bars of a day.
//!
//! Promises: such a bar has every day of its time that is stored, whichever of them a run has touched. Where days of it are gone
//! or cannot be read it stays as it is, which is told, and the run makes its days once more next time.

use std::collections::BTreeMap;

use super::{Bars, Made, Touched};
use crate::feeds::FeedRunError;
use crate::frame::Frame;
use crate::ingest::{FailureKind, FileFailure, Registry, RunReport};
use crate::ledger::{SeriesRecord, read_records};
use crate::model::{Interval, PartitionKey, Series, StorageRequest, Ticker, time};
use crate::resample::coarser;
use crate::storage::StorageError;
use crate::workspace::Session;

impl Bars<'_, '_> {
    /// Makes the bars of several days in which something was touched, and tells whether all of them are stored.
    pub(super) fn make_wide(
        &self,
        touched: &Touched,
        registry: &mut Registry,
        report: &mut RunReport,
    ) -> Result<bool, FeedRunError> {
        if touched.is_empty() {
            return Ok(true);
        }
        let venue = self.task.feed.venue();
        let Session {
            fs, places, stop, ..
        } = self.session;
        let known = read_records(fs, places, venue).map_err(StorageError::from)?;
        let failed_before = report.at(venue).tickers.failed;
        let (mut made, mut is_whole) = (Vec::new(), true);
        for ticker in touched.keys() {
            if stop.is_raised() {
                return Ok(false);
            }
            match self.wide_bars(ticker, touched, &known.series) {
                Ok(bars) => made.extend(bars),
                Err(reason) => {
                    is_whole = false;
                    report.feed_at(venue).failures.push(FileFailure {
                        file: None,
                        reason: format!("no bars of several days are made of {ticker}: {reason}"),
                        kind: FailureKind::Refused,
                    });
                }
            }
        }
        self.store(made, registry, report)?;
        let is_stored = report.at(venue).tickers.failed == failed_before;
        Ok(is_whole && is_stored && !stop.is_raised())
    }

    fn wide_bars(
        &self,
        ticker: &Ticker,
        touched: &Touched,
        known: &BTreeMap<StorageRequest, SeriesRecord>,
    ) -> Result<Vec<Made>, String> {
        let of = |interval| Series::Bars {
            ticker: ticker.clone(),
            interval,
        };
        let daily = self.request(of(Interval::D1));
        // Of a series of which rows were lost, only a look at all of it says whether they are back.
        let floor = known.get(&daily).and_then(|record| record.floor);
        let wide = touched.get(ticker).into_iter().flatten();
        let spans = wide.clone().flat_map(|(interval, bars)| {
            let bars = bars.iter();
            bars.map(|bar| (time::day(*bar), time::day(interval.end_of(*bar) - 1)))
        });
        let spans: Vec<_> = spans.collect();
        let is_wanted = |key: PartitionKey| {
            let is_touched = key.days().is_none_or(|(begins, ends)| {
                let mut spans = spans.iter();
                spans.any(|(first, last)| begins <= *last && *first <= ends)
            });
            is_touched || floor.is_some()
        };
        let store = &self.view.stores.partitioned;
        let stored = store.read_some(&daily, &is_wanted);
        let stored = match stored.map_err(|error| error.to_string())? {
            Some(stored) if stored.damaged.is_empty() => Some(stored.frame),
            Some(_) => return Err("its bars of a day are damaged".to_owned()),
            None => None,
        };
        let rows = stored.as_ref().map_or(0, Frame::len) as u64;
        if floor.is_some_and(|floor| rows < floor) {
            return Err("bars of a day that were stored are gone".to_owned());
        }
        let Some(stored) = stored else {
            return Ok(Vec::new());
        };
        let calendar = &self.task.feed.spec().calendar;
        let made = wide.map(|(&interval, bars)| {
            let coarse = coarser(&stored, Interval::D1, interval, calendar);
            let rows = coarse.map_err(|error| error.to_string())?.frame;
            let is_touched = |(_, time): &(usize, i64)| bars.contains(time);
            let at = rows.times().enumerate().filter(is_touched);
            let at: Vec<usize> = at.map(|(row, _)| row).collect();
            let rows: Frame = rows.take(&at);
            let series = of(interval);
            Ok(Made { series, rows })
        });
        made.collect()
    }
}
