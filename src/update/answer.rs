//! One answer of a source: ordered and encoded, with all that came along, before it reaches the writing thread.
//!
//! Promises: nothing here changes a file. An answer with a row that has no date is refused whole.
//! Leaves to others: threads and pace (`fetch`), what becomes of an answer (`arrivals`).

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};

use crate::check::{self, Who, closes_agree, judge};
use crate::frame::basis::{self, Moved};
use crate::frame::{self, BarBatch, BatchNotes, Displaced, Frame, MarketEvent, Reason};
use crate::http::Talk;
use crate::model::{PriceBasis, Provenance, Series, StorageRequest, time};
use crate::source::{Asked, Extras, FetchJob, Fetched, SourceError};
use crate::storage::{Layout, RowsToStage, StorageError, refuse_other_rows};

use super::fetch::Fetchers;
use super::{History, PlannedJob, bars_request};
use crate::ingest::FailureKind;

/// What one job brought.
#[derive(Debug)]
pub(super) enum Answer {
    /// Rows.
    Rows(Box<FetchedRows>),
    /// The source was not asked, since nothing can be new.
    UpToDate,
    /// The source has no bar in the window.
    Nothing(Box<AnswerNotes>),
    /// The source does not know the series.
    Unknown,
    /// Something went wrong; the answer itself, if it is worth keeping.
    Failed {
        reason: String,
        kind: FailureKind,
        body: Option<Vec<u8>>,
    },
    /// The run was asked to stop.
    Stopped,
}

impl Answer {
    /// Returns the mark that it leaves, if it leaves one.
    pub(super) fn mark(&self) -> Option<&str> {
        match self {
            Self::Rows(fetched) => fetched.aside.mark.as_deref(),
            Self::Nothing(aside) => aside.mark.as_deref(),
            Self::UpToDate | Self::Unknown | Self::Failed { .. } | Self::Stopped => None,
        }
    }
}

/// Rows of one job, ready to be staged.
#[derive(Debug)]
pub(super) struct FetchedRows {
    pub(super) rows: RowsToStage,
    pub(super) count: usize,
    pub(super) aside: AnswerNotes,
}

/// What came along with an answer.
#[derive(Debug)]
pub(super) struct AnswerNotes {
    pub(super) mark: Option<String>,
    pub(super) beside: Extras,
    /// Events, adjusted closes and what is traded outside of the session, ready to be staged.
    pub(super) rows: Vec<RowsToStage>,
    /// What was done to values of bars, these and those.
    pub(super) notes: BatchNotes,
    /// Rows of bars, these and those, that share a timestamp with another one and lost.
    pub(super) duplicates: Vec<Displaced>,
    /// Days of which there is a bar.
    pub(super) days: BTreeSet<NaiveDate>,
    /// Whether a settled bar that is stored has the same price in the answer; looked for only where the source says something
    /// else of the ticker than was recorded.
    pub(super) has_known_price: bool,
    /// The day of the oldest stored row, where it lies before the first trade that the source names of a ticker of which nobody
    /// recorded who it is, and no settled bar has the same price in the answer: it is a history of another security.
    pub(super) predates: Option<NaiveDate>,
}

impl Fetchers<'_> {
    /// Returns the question for one series.
    pub(super) fn question(&self, job: &PlannedJob) -> FetchJob {
        let mut question = job.fetch_job(self.now, self.basis(job));
        if job.asked == Asked::Explicit && question.basis.is_some() && question.known.is_none() {
            question.known = self.newest(job);
        }
        question
    }

    /// Asks for one series; an error is the pause after which it is to be asked for again.
    pub(super) fn ask(
        &self,
        job: &PlannedJob,
        question: &FetchJob,
        talk: &mut Talk,
    ) -> Result<Answer, Duration> {
        Ok(match self.source.fetch_on(question, talk, self.stop) {
            Ok(Fetched::Bars {
                batch,
                mark,
                beside,
            }) => self.order(job, &batch, mark, *beside),
            Ok(Fetched::Nothing { mark, beside }) => match self.aside(job, mark, *beside) {
                Ok(aside) => Answer::Nothing(Box::new(aside)),
                Err(error) => failed(&error, FailureKind::Malformed),
            },
            Ok(Fetched::UpToDate) => Answer::UpToDate,
            Ok(Fetched::UnknownTicker) => Answer::Unknown,
            Err(SourceError::Later { wait, .. }) => return Err(wait),
            Err(SourceError::Stopped { .. }) => Answer::Stopped,
            Err(SourceError::Malformed {
                ticker,
                what,
                reason,
                body,
            }) => {
                let reason = format!("{what} cannot be read as bars of {ticker}: {reason}");
                Answer::Failed {
                    reason,
                    kind: FailureKind::Malformed,
                    body,
                }
            }
            Err(error @ SourceError::Unreadable(_)) => failed(&error, FailureKind::Disk),
            Err(error) => failed(&error, FailureKind::Source),
        })
    }

    /// Returns the basis of the stored rows, for sources that count requests and can give more than one: looking for
    /// it may cost a whole file. What cannot be read now is judged once more before anything is merged with it.
    fn basis(&self, job: &PlannedJob) -> Option<PriceBasis> {
        let is_asked = self.source.cost(&job.fetch_job(self.now, None)) > 0;
        if !job.has_rows || !is_asked {
            return None;
        }
        let request = bars_request(&self.planned.venue, job);
        self.stores
            .basis(&request, job.route.layout)
            .unwrap_or_default()
    }

    /// Returns the day of the newest stored row, where windows have left rows that the registry does not know as newest.
    fn newest(&self, job: &PlannedJob) -> Option<NaiveDate> {
        let request = bars_request(&self.planned.venue, job);
        let stored = self.stores.of(job.route.layout).read(&request);
        // What cannot be read now is judged once more before anything is merged with it.
        let (_, newest) = stored.ok().flatten()?.frame.span()?;
        Some(time::day(newest))
    }

    /// Returns what came along, ready to be staged.
    fn aside(
        &self,
        job: &PlannedJob,
        mark: Option<String>,
        mut beside: Extras,
    ) -> Result<AnswerNotes, StorageError> {
        let (ticker, interval) = (job.ticker.clone(), job.interval);
        let outside = BarBatch {
            bars: std::mem::take(&mut beside.prepost),
        };
        let (mut outside, notes) = outside.ordered(&ticker);
        if let Some(request) = bars_request(&self.planned.venue, job).outside() {
            self.cross(job, &request, &mut outside.frame, &mut beside)?;
        }
        let sides = beside.sides(&ticker, interval, outside.frame);
        let bars = self.provenance(&beside);
        let mut rows = Vec::new();
        for (frame, basis, series) in sides {
            let venue = Some(self.planned.venue.clone());
            let request = StorageRequest { venue, series };
            let provenance = Provenance {
                basis,
                ..bars.clone()
            };
            rows.extend(RowsToStage::encode(request, &frame, &provenance)?);
        }
        Ok(AnswerNotes {
            mark,
            beside,
            rows,
            notes,
            duplicates: outside.displaced,
            days: BTreeSet::new(),
            has_known_price: false,
            predates: None,
        })
    }

    /// Adds what is stored, moved across the splits since. Staged as one with the answer, both reach the tree together,
    /// and what is merged a second time after a crash is the same.
    fn cross(
        &self,
        job: &PlannedJob,
        request: &StorageRequest,
        rows: &mut Frame,
        beside: &mut Extras,
    ) -> Result<(), StorageError> {
        let is_kept_whole = self.source.depth_days(job.interval).is_none();
        let is_healed = job.history == History::Whole && !is_kept_whole;
        if beside.splits.is_empty() && !is_healed {
            return Ok(());
        }
        let stored = self.stores.of(job.route.layout).read(request)?;
        let stored = stored.filter(|stored| stored.provenance.basis != PriceBasis::AsTraded);
        let Some(stored) = stored else {
            return Ok(());
        };
        let path = PathBuf::from(request.to_string());
        refuse_other_rows(&path, &stored.frame, rows)?;
        let moved = if is_healed {
            let (interval, stands_on) = (job.interval, stored.provenance.basis);
            let events = self.events(job, beside)?;
            basis::healed_splits(&stored.frame, rows, |bars| {
                check::unapplied_splits(bars, interval, stands_on, events)
            })
        } else {
            basis::moved_by_split(&stored.frame, rows, &beside.splits)
        };
        let moved = moved.map_err(|too_large| StorageError::Refused {
            path,
            reason: too_large.to_string(),
        })?;
        if let Some(Moved { frame, factor }) = moved {
            *rows = frame;
            beside.warnings.push(format!(
                "rows from before a split, which the source does not keep any more, were multiplied by {factor}; the ledger has the old ones"
            ));
        }
        Ok(())
    }

    /// Returns every event that is stored of a ticker or came with an answer.
    fn events(&self, job: &PlannedJob, beside: &Extras) -> Result<Vec<MarketEvent>, StorageError> {
        let request = StorageRequest {
            venue: Some(self.planned.venue.clone()),
            series: Series::Events {
                ticker: job.ticker.clone(),
            },
        };
        let told = frame::rows_of_events(&job.ticker, &beside.events);
        let stored = self.stores.of(Layout::Partitioned).read(&request)?;
        let events = stored.map_or_else(
            || told.clone(),
            |stored| frame::merge(&stored.frame, &told).frame,
        );
        Ok(frame::events_of(&events))
    }

    /// Compares an answer with what is stored, where who the ticker is hangs on that.
    fn compare(
        &self,
        job: &PlannedJob,
        request: &StorageRequest,
        answered: &Frame,
        aside: &mut AnswerNotes,
    ) {
        let Some(named) = aside.beside.identity.as_ref().filter(|_| job.has_rows) else {
            return;
        };
        let known = job.identity.clone().unwrap_or_default();
        let hangs_on_prices = matches!(judge(&known, named, || true), Who::Moved(_));
        let first = named.first_trade.filter(|_| known.first_trade.is_none());
        if !hangs_on_prices && first.is_none() {
            return;
        }
        let stored = self.stores.of(job.route.layout).read(request);
        let Some(stored) = stored.ok().flatten() else {
            return;
        };
        let agrees = closes_agree(&stored.frame, answered);
        let oldest = stored.frame.times().next().map(time::day);
        aside.has_known_price = agrees;
        // A day is one of the exchange, and a first trade may be told on another clock.
        let is_older =
            |day: &NaiveDate| first.is_some_and(|first| first - *day > TimeDelta::days(1));
        aside.predates = oldest.filter(|day| !agrees && is_older(day));
    }

    fn provenance(&self, beside: &Extras) -> Provenance {
        let own = || self.source.provenance();
        beside.provenance.clone().unwrap_or_else(own)
    }

    fn order(
        &self,
        job: &PlannedJob,
        batch: &BarBatch,
        mark: Option<String>,
        mut beside: Extras,
    ) -> Answer {
        let (mut ordered, notes) = batch.ordered(&job.ticker);
        let undated = ordered
            .displaced
            .iter()
            .filter(|row| row.reason == Reason::Undated)
            .count();
        if undated > 0 {
            // Nobody can say what else is wrong with such an answer: none of it is stored.
            let reason = format!("{undated} of its {} rows have no date", batch.bars.len());
            let body = Some(format!("{:#?}", batch.bars).into_bytes());
            return Answer::Failed {
                reason,
                kind: FailureKind::Malformed,
                body,
            };
        }
        if notes.too_large > 0 {
            // Without it a volume that is stored would be replaced by none.
            let reason = format!(
                "{} of its {} rows have a volume beyond {}",
                notes.too_large,
                batch.bars.len(),
                i64::MAX
            );
            return Answer::Failed {
                reason,
                kind: FailureKind::Refused,
                body: Some(format!("{:#?}", batch.bars).into_bytes()),
            };
        }
        let count = ordered.frame.len();
        let days = frame::priced_days(&ordered.frame);
        let request = bars_request(&self.planned.venue, job);
        if let Err(error) = self.cross(job, &request, &mut ordered.frame, &mut beside) {
            return match error {
                StorageError::Refused { .. } => Answer::Failed {
                    reason: error.to_string(),
                    kind: FailureKind::Refused,
                    body: Some(format!("{:#?}", batch.bars).into_bytes()),
                },
                error => failed(&error, FailureKind::Disk),
            };
        }
        let rows = RowsToStage::encode(request.clone(), &ordered.frame, &self.provenance(&beside));
        let mut aside = match self.aside(job, mark, beside) {
            Ok(aside) => aside,
            Err(error) => return failed(&error, FailureKind::Malformed),
        };
        aside.notes += notes;
        aside.days = days;
        self.compare(job, &request, &ordered.frame, &mut aside);
        aside.duplicates.extend(ordered.displaced);
        match rows {
            Ok(None) => Answer::Nothing(Box::new(aside)),
            Ok(Some(rows)) => Answer::Rows(Box::new(FetchedRows {
                rows: rows.with(job.continuity),
                count,
                aside,
            })),
            Err(error) => failed(&error, FailureKind::Malformed),
        }
    }
}

fn failed(error: &dyn std::error::Error, kind: FailureKind) -> Answer {
    Answer::Failed {
        reason: error.to_string(),
        kind,
        body: None,
    }
}
