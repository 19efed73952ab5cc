//! Bars of the days whose trades changed: made of all that is stored of them, and coarser ones of those.
//!
//! Promises: bars are made of stored trades, never of what was just fetched, so it does not matter in which order a day came. A
//! day that is made again becomes the same bars; what a person took out of them stays out (`taken_out`), and a day of which
//! trades are gone keeps those that it has (`lost_trades`). What no bars can be made of is told, and the day is made again next time.

#[cfg(feature = "polars")]
mod wide;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

#[cfg(feature = "polars")]
use super::earlier::earlier;
use super::lost_trades::lost_trades;
use super::taken_out::{TakenOut, TradesOfDay};
use super::{FeedRunError, FeedTask, Marks, Unsettled};
use crate::frame::Frame;
use crate::ingest::{
    Consolidation, FailureKind, FileFailure, Registry, RunReport, SourceNote, SourceNotes,
};
use crate::ledger::Line;
use crate::model::Interval;
#[cfg(feature = "polars")]
use crate::model::Venue;
use crate::model::{PartitionKey, PriceBasis, Provenance, Series, StorageRequest, Ticker};
#[cfg(feature = "polars")]
use crate::resample;
use crate::source::posttrade::BarsOf;
#[cfg(feature = "polars")]
use crate::storage::read_kept;
use crate::storage::{Open, StagedRun, StorageError};
use crate::sys::Fs;
use crate::workspace::{Session, View};

/// Bars that are made of the trades themselves.
#[cfg(feature = "polars")]
const MADE: [Interval; 2] = [Interval::M1, Interval::D1];

/// What making bars takes.
pub(super) struct Bars<'b, 'l> {
    pub(super) task: &'b FeedTask<'l>,
    pub(super) view: View<'l>,
    pub(super) session: Session<'l>,
    /// When the feed said in this run what it has.
    pub(super) asked: Option<DateTime<Utc>>,
}

/// The bars of several days in which a day was made, by their beginnings.
type Touched = BTreeMap<Ticker, BTreeMap<Interval, BTreeSet<i64>>>;

/// Rows of one series on their way into the tree.
struct Made {
    series: Series,
    rows: Frame,
}

impl<'l> Bars<'_, 'l> {
    /// Makes the bars of days, and returns those days that are done.
    pub(super) fn make(
        &self,
        days: &BTreeSet<NaiveDate>,
        registry: &mut Registry,
        report: &mut RunReport,
    ) -> Result<BTreeSet<NaiveDate>, FeedRunError> {
        let mut done = BTreeSet::new();
        let Some(first) = days.first() else {
            return Ok(done);
        };
        let taken_out = TakenOut::since(*first, self.session);
        let mut touched = Touched::new();
        for day in days {
            // A day at a time: its trades are in memory whole.
            if self.session.stop.is_raised() {
                break;
            }
            if self.make_day(*day, (&taken_out, &mut touched), registry, report)? {
                done.insert(*day);
            }
        }
        #[cfg(feature = "polars")]
        if !self.make_wide(&touched, registry, report)? {
            done.clear();
        }
        Ok(done)
    }

    fn make_day(
        &self,
        day: NaiveDate,
        (taken_out, touched): (&TakenOut<'_>, &mut Touched),
        registry: &mut Registry,
        report: &mut RunReport,
    ) -> Result<bool, FeedRunError> {
        let venue = self.task.feed.venue();
        if self.task.feed.spec().bars == BarsOf::None {
            return Ok(true);
        }
        let store = &self.view.stores.partitioned;
        let of_day = BTreeSet::from([PartitionKey::Day(day)]);
        let stored = match store.read_alone(&self.task.trades, &of_day) {
            Ok(stored) if stored.damaged.is_empty() => stored.frame,
            Ok(_) => {
                self.fail(day, "its trades are damaged", report);
                return Ok(false);
            }
            Err(StorageError::Lock(error)) => return Err(StorageError::Lock(error).into()),
            Err(error) => {
                self.fail(day, &error.to_string(), report);
                return Ok(false);
            }
        };
        let trades = TradesOfDay {
            request: &self.task.trades,
            day,
            stored: &stored,
            calendar: &self.task.feed.spec().calendar,
        };
        let lines = taken_out.lines(&self.task.trades)?;
        let lost = lost_trades(lines.iter().map(|(_, line)| line), trades);
        if lost > 0 {
            let reason = format!(
                "trades that were stored are gone, at least {lost}; `check --repair` puts them back if a mirror has them, and `update --replay` reads them again if the vault has"
            );
            self.fail(day, &reason, report);
            return Ok(false);
        }
        if stored.is_empty() {
            return Ok(true);
        }
        let lines = lines.iter().map(|(_, line)| line);
        let made = match self.bars_of((trades, lines), (taken_out, touched), registry, report) {
            Ok(made) => made,
            Err(reason) => {
                self.fail(day, &reason, report);
                return Ok(false);
            }
        };
        let failed_before = report.at(venue).tickers.failed;
        self.store(made, registry, report)?;
        let is_stored =
            report.at(venue).tickers.failed == failed_before && !self.session.stop.is_raised();
        if is_stored {
            report.feed_at(venue).bar_days.insert(day);
        }
        Ok(is_stored)
    }

    fn fail(&self, day: NaiveDate, reason: &str, report: &mut RunReport) {
        let failure = FileFailure {
            file: None,
            reason: format!("no bars are made of {day}: {reason}"),
            kind: FailureKind::Refused,
        };
        report
            .feed_at(self.task.feed.venue())
            .failures
            .push(failure);
    }

    #[cfg(feature = "polars")]
    fn bars_of<'n>(
        &self,
        (trades, lines): (TradesOfDay<'_>, impl DoubleEndedIterator<Item = &'n Line>),
        (taken_out, touched): (&TakenOut<'_>, &mut Touched),
        registry: &Registry,
        report: &mut RunReport,
    ) -> Result<Vec<Made>, String> {
        use crate::resample::{VenueRules, coarser};

        let (spec, venue) = (self.task.feed.spec(), self.task.feed.venue());
        let rules = VenueRules::of(spec.code.as_str(), &spec.currency);
        let listed: BTreeSet<Ticker> = registry.catalog().tickers_at(venue).into_iter().collect();
        let is_wanted =
            |(ticker, _): &(Ticker, Frame)| spec.bars == BarsOf::All || listed.contains(ticker);
        let calendar = trades.calendar;
        let left = |series: Series, rows: Frame| -> Result<Made, String> {
            let request = self.request(series.clone());
            let rows = taken_out.rows_left(&request, rows, trades);
            let rows = rows.map_err(|error| error.to_string())?;
            Ok(Made { series, rows })
        };
        let mut made = Vec::new();
        let all = self.made_of((trades, lines), &rules, report)?;
        for (interval, bars) in MADE.into_iter().zip(all) {
            let is_first = interval == Interval::M1;
            let told = doubts(venue, trades.day, &bars);
            for (ticker, rows) in bars.bars.into_iter().filter(is_wanted) {
                let of = |interval| Series::Bars {
                    ticker: ticker.clone(),
                    interval,
                };
                let bars = left(of(interval), rows)?;
                // Those within the day are made of minutes, those of several days of all their days, once these are stored.
                let derived = spec.derive.iter();
                for &wider in derived.filter(|wider| wider.is_wide() != is_first) {
                    let coarse = coarser(&bars.rows, interval, wider, calendar);
                    let coarse = coarse.map_err(|error| error.to_string())?;
                    let coarse = left(of(wider), coarse.frame)?;
                    if wider.is_wide() {
                        let of_ticker = touched.entry(ticker.clone()).or_default();
                        let begun = of_ticker.entry(wider).or_default();
                        begun.extend(coarse.rows.times());
                    } else {
                        made.push(coarse);
                    }
                }
                made.push(bars);
            }
            for (ticker, rows) in bars.outside.into_iter().filter(is_wanted) {
                made.push(left(Series::Prepost { ticker, interval }, rows)?);
            }
            if !is_first {
                continue;
            }
            // Both lengths tell the same of auctions and of what has no bars.
            for (ticker, rows) in bars.auctions.into_iter().filter(is_wanted) {
                made.push(left(Series::Auctions { ticker }, rows)?);
            }
            report.warnings.extend(told);
        }
        made.retain(|one| !one.rows.is_empty());
        Ok(made)
    }

    /// Makes bars of the trades of a day, by the lengths of `MADE`, and empties those that were made of trades as they were before.
    #[cfg(feature = "polars")]
    fn made_of<'n>(
        &self,
        (trades, lines): (TradesOfDay<'_>, impl DoubleEndedIterator<Item = &'n Line>),
        rules: &resample::VenueRules,
        report: &mut RunReport,
    ) -> Result<Vec<resample::Made>, String> {
        let Session { fs, places, .. } = self.session;
        let limit = self.view.stores.limit();
        let kept = |name: &str| read_kept(fs, places, trades.request, name, limit);
        let bars = |rows: &Frame| {
            let made = resample::bars_of_each(rows, rules, trades.calendar, &MADE);
            made.map_err(|error| error.to_string())
        };
        let mut made = bars(trades.stored)?;
        let earlier = earlier(lines, trades, &kept).unwrap_or_else(|reason| {
            let (venue, day) = (self.task.feed.venue(), trades.day);
            report.warnings.push(format!(
                "{venue}: what trades of {day} were before is not known, so bars that were made of them may be there still: {reason}"
            ));
            Vec::new()
        });
        for older in earlier {
            for (made, older) in made.iter_mut().zip(bars(&older)?) {
                made.empty_those_of(older);
            }
        }
        Ok(made)
    }

    #[cfg(not(feature = "polars"))]
    #[expect(clippy::unused_self, reason = "as where polars is built in")]
    fn bars_of<'n>(
        &self,
        _of: (TradesOfDay<'_>, impl Iterator<Item = &'n Line>),
        _: (&TakenOut<'_>, &mut Touched),
        _registry: &Registry,
        _report: &mut RunReport,
    ) -> Result<Vec<Made>, String> {
        Err("this barkeep was built without polars; bars = \"none\" in the settings of the venue asks for none".to_owned())
    }

    fn request(&self, series: Series) -> StorageRequest {
        StorageRequest {
            venue: Some(self.task.feed.venue().clone()),
            series,
        }
    }

    fn unsettled(&self) -> Result<Unsettled<'l>, FeedRunError> {
        let Session {
            fs, places, clock, ..
        } = self.session;
        let mut marks = Marks::of(places, self.task.feed.venue());
        let asked = match self.asked {
            None => marks.asked_before(fs)?,
            asked => asked,
        };
        let calendar = &self.task.feed.spec().calendar;
        Ok(Unsettled::of(marks, calendar, asked, clock.now()))
    }

    /// Stores bars as those of a source are.
    fn store(
        &self,
        made: Vec<Made>,
        registry: &mut Registry,
        report: &mut RunReport,
    ) -> Result<(), FeedRunError> {
        let fs = self.session.fs;
        let venue = self.task.feed.venue();
        let provenance = Provenance {
            timezone: self.task.feed.spec().calendar.zone().map(str::to_owned),
            basis: PriceBasis::AsTraded,
            source: Some(venue.clone()),
        };
        let listed: BTreeSet<Ticker> = registry.catalog().tickers_at(venue).into_iter().collect();
        let mut run: Option<StagedRun<'l, Open>> = None;
        let mut notes = SourceNotes::new();
        let mut unsettled = self.unsettled()?;
        for Made { series, rows } in made {
            let request = self.request(series);
            // Series that nobody keeps in tickers.json have no entry there.
            if request
                .series
                .ticker()
                .is_some_and(|ticker| listed.contains(ticker))
            {
                let note = SourceNote {
                    provisional: provisional(&mut unsettled, fs, registry, (&request, &rows))?,
                    ..SourceNote::default()
                };
                notes.insert(request.clone(), note);
            }
            // They are due until they are stored: what is not can be made again.
            let run = self.session.staged(&mut run)?;
            run.hold(request, rows, provenance.clone())?;
        }
        let Some(run) = run else { return Ok(()) };
        let sealed = run.seal()?;
        Consolidation {
            view: self.view,
            session: self.session,
            registry,
            notes: &notes,
            report,
        }
        .finish(sealed)?;
        Ok(())
    }
}

/// Returns which bars of a series are provisional: of those that were made, and of those that were before.
fn provisional(
    unsettled: &mut Unsettled<'_>,
    fs: &dyn Fs,
    registry: &Registry,
    (request, made): (&StorageRequest, &Frame),
) -> Result<Vec<i64>, FeedRunError> {
    let (Some(venue), Series::Bars { ticker, interval }) = (&request.venue, &request.series) else {
        return Ok(Vec::new());
    };
    let before = registry.catalog().provisional(ticker, venue, *interval);
    let bars: BTreeSet<i64> = before.into_iter().chain(made.times()).collect();
    Ok(unsettled.provisional(fs, *interval, bars.into_iter())?)
}

/// Returns what a person should know of the bars of a day, as sentences without a period.
#[cfg(feature = "polars")]
fn doubts(venue: &Venue, day: NaiveDate, made: &resample::Made) -> Vec<String> {
    let refused = made.refused.iter();
    let refused = refused.map(|(series, why)| format!("{series} has no bars: {why}"));
    let left_out = made.left_out.iter();
    let left_out = left_out.filter_map(|(why, lines)| Some((why.surprise()?, lines)));
    let left_out = left_out
        .map(|(why, lines)| format!("trades of {day} are in no bar, {lines} in number: {why}"));
    let unmatched = made.unmatched.first().map(|first| {
        let said = match made.unmatched.len() {
            1 => format!("1 correction of {day} is"),
            many => format!("{many} corrections of {day} are"),
        };
        format!("{said} of no trade of that day, such as {first}")
    });
    let unknown = made.without_session.iter();
    let unknown = unknown
        .map(|day| format!("no session of {day} is known, so its trades stand outside of one"));
    let told = refused.chain(left_out).chain(unmatched).chain(unknown);
    told.map(|told| format!("{venue}: {told}")).collect()
}
