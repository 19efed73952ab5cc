//! One answer of a source: ordered, held against what is stored, and encoded with all that came along.
//!
//! Promises: nothing here changes a file. An answer with a row that has no date is refused whole.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{NaiveDate, TimeDelta};

use super::rows::{provenance, refusal, sides, take_prepost};
use super::{Answer, AnswerNotes, FetchedRows};
use crate::check::{self, Who, closes_agree, judge};
use crate::frame::basis::{self, Moved};
use crate::frame::{self, BarBatch, Frame, MarketEvent};
use crate::ingest::FailureKind;
use crate::layout::Continuity;
use crate::model::{Identity, Interval, PriceBasis, Series, StorageRequest, Ticker, time};
use crate::source::{Extras, Fetched, MarketDataSource, SourceError};
use crate::storage::{Layout, RowsToStage, StorageError, Stores, refuse_other_rows};

/// A series that a source was asked for, as far as it says what an answer amounts to.
#[derive(Clone, Copy, Debug)]
pub struct AskedSeries<'a> {
    /// Who was asked.
    pub source: &'a dyn MarketDataSource,
    /// Where rows are.
    pub stores: &'a Stores,
    /// The symbol.
    pub ticker: &'a Ticker,
    /// The length of its bars.
    pub interval: Interval,
    /// Who the ticker is, as far as somebody recorded it.
    pub identity: Option<&'a Identity>,
    /// Whether rows are stored.
    pub has_rows: bool,
    /// Where they are.
    pub layout: Layout,
    /// Whether a person wants all of the history on one price basis.
    pub is_rebased: bool,
    /// Whether the rows join those that are known.
    pub continuity: Continuity,
}

impl AskedSeries<'_> {
    /// Returns what an answer amounts to.
    pub fn answer(&self, heard: Result<Fetched, SourceError>) -> Answer {
        match heard {
            Ok(Fetched::Bars {
                batch,
                mark,
                beside,
            }) => self.bars(&batch, mark, *beside),
            Ok(Fetched::Nothing { mark, beside }) => match self.notes(mark, *beside) {
                Ok(notes) => Answer::Nothing(Box::new(notes)),
                Err(error) => failed(&error, FailureKind::Malformed),
            },
            Ok(Fetched::UpToDate) => Answer::UpToDate,
            Ok(Fetched::UnknownTicker) => Answer::Unknown,
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
        }
    }

    fn request(&self) -> StorageRequest {
        let venue = self.source.venue().clone();
        StorageRequest::bars(venue, self.ticker.clone(), self.interval)
    }

    fn bars(&self, batch: &BarBatch, mark: Option<String>, mut beside: Extras) -> Answer {
        let refused = |kind, reason| Answer::Failed {
            reason,
            kind,
            body: Some(format!("{:#?}", batch.bars).into_bytes()),
        };
        let (mut ordered, values) = batch.ordered(self.ticker);
        if let Some((kind, reason)) = refusal(&ordered, values, batch.bars.len()) {
            return refused(kind, reason);
        }
        let count = ordered.frame.len();
        let days = frame::priced_days(&ordered.frame);
        let request = self.request();
        match self.cross(&request, &mut ordered.frame, &mut beside) {
            Ok(()) => {}
            Err(error @ StorageError::Refused { .. }) => {
                return refused(FailureKind::Refused, error.to_string());
            }
            Err(error) => return failed(&error, FailureKind::Disk),
        }
        let provenance = provenance(self.source, &beside);
        let rows = RowsToStage::encode(request.clone(), &ordered.frame, &provenance);
        let mut notes = match self.notes(mark, beside) {
            Ok(notes) => notes,
            Err(error) => return failed(&error, FailureKind::Malformed),
        };
        notes.values += values;
        notes.days = days;
        self.compare(&request, &ordered.frame, &mut notes);
        notes.duplicates.extend(ordered.displaced);
        match rows {
            Ok(None) => Answer::Nothing(Box::new(notes)),
            Ok(Some(rows)) => Answer::Rows(Box::new(FetchedRows {
                rows: rows.with(self.continuity),
                count,
                notes,
            })),
            Err(error) => failed(&error, FailureKind::Malformed),
        }
    }

    /// Returns what came along, ready to be staged.
    fn notes(&self, mark: Option<String>, mut beside: Extras) -> Result<AnswerNotes, StorageError> {
        let (mut outside, values) = take_prepost(self.ticker, &mut beside);
        let request = self.request();
        if let Some(request) = request.outside() {
            self.cross(&request, &mut outside.frame, &mut beside)?;
        }
        let bars = provenance(self.source, &beside);
        let of = (&request, self.ticker, self.interval);
        let mut rows = Vec::new();
        for (request, frame, provenance) in sides(of, &beside, &bars, outside.frame) {
            rows.extend(RowsToStage::encode(request, &frame, &provenance)?);
        }
        Ok(AnswerNotes {
            mark,
            beside,
            rows,
            values,
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
        request: &StorageRequest,
        rows: &mut Frame,
        beside: &mut Extras,
    ) -> Result<(), StorageError> {
        let is_kept_whole = self.source.depth_days(self.interval).is_none();
        let is_healed = self.is_rebased && !is_kept_whole;
        if beside.splits.is_empty() && !is_healed {
            return Ok(());
        }
        let stored = self.stores.of(self.layout).read(request)?;
        let stored = stored.filter(|stored| stored.provenance.basis != PriceBasis::AsTraded);
        let Some(stored) = stored else {
            return Ok(());
        };
        let path = PathBuf::from(request.to_string());
        refuse_other_rows(&path, &stored.frame, rows)?;
        let moved = if is_healed {
            let (interval, stands_on) = (self.interval, stored.provenance.basis);
            let events = self.events(beside)?;
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

    /// Returns every event that is stored of the ticker or came with the answer.
    fn events(&self, beside: &Extras) -> Result<Vec<MarketEvent>, StorageError> {
        let request = StorageRequest {
            venue: Some(self.source.venue().clone()),
            series: Series::Events {
                ticker: self.ticker.clone(),
            },
        };
        let told = frame::rows_of_events(self.ticker, &beside.events);
        let stored = self.stores.of(Layout::Partitioned).read(&request)?;
        let events = stored.map_or_else(
            || told.clone(),
            |stored| frame::merge(&stored.frame, &told).frame,
        );
        Ok(frame::events_of(&events))
    }

    /// Compares an answer with what is stored, where who the ticker is hangs on that.
    fn compare(&self, request: &StorageRequest, answered: &Frame, notes: &mut AnswerNotes) {
        let Some(named) = notes.beside.identity.as_ref().filter(|_| self.has_rows) else {
            return;
        };
        let known = self.identity.cloned().unwrap_or_default();
        let hangs_on_prices = matches!(judge(&known, named, || true), Who::Moved(_));
        let first = named.first_trade.filter(|_| known.first_trade.is_none());
        if !hangs_on_prices && first.is_none() {
            return;
        }
        let stored = self.stores.of(self.layout).read(request);
        let Some(stored) = stored.ok().flatten() else {
            return;
        };
        let agrees = closes_agree(&stored.frame, answered);
        let oldest = stored.frame.times().next().map(time::day);
        notes.has_known_price = agrees;
        // A day is one of the exchange, and a first trade may be told on another clock.
        let is_older =
            |day: &NaiveDate| first.is_some_and(|first| first - *day > TimeDelta::days(1));
        notes.predates = oldest.filter(|day| !agrees && is_older(day));
    }
}

fn failed(error: &dyn std::error::Error, kind: FailureKind) -> Answer {
    Answer::Failed {
        reason: error.to_string(),
        kind,
        body: None,
    }
}
