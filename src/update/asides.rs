//! What comes along with bars: who the ticker is, what is lost, what a person should know.
//!
//! Promises: rows of a ticker that turns out to be another security never join its history; they are kept in
//! quarantine until a person decides. What came instead of the end of an answer is kept there, too.
//! Leaves to others: events, which are staged with the rows (`arrivals`).

use crate::frame::EventKind;
use crate::model::{PriceBasis, time};
use crate::source::{Beside, CutShort};
use crate::storage::RowsToStage;

use super::run::Work;
use super::{PlannedJob, PlannedVenue, UpdateError, bars_request};
use crate::ingest::{Failure, FailureKind};

impl Work<'_, '_> {
    /// Tells whether the ticker is who it was, and records who it is. If not, its rows are put away; what came along
    /// comes again, since no mark is kept.
    pub(super) fn is_same(
        &mut self,
        planned: &PlannedVenue,
        job: &PlannedJob,
        beside: &Beside,
        rows: Option<&RowsToStage>,
    ) -> Result<bool, UpdateError> {
        let (venue, today) = (&planned.venue, self.options.today);
        let Some(identity) = &beside.identity else {
            return Ok(true);
        };
        let catalog = self.registry.catalog_mut();
        let known = catalog.identity(&job.ticker, venue);
        let conflict = known.and_then(|known| known.conflict_with(identity));
        let recorded = match &conflict {
            None => catalog.record_identity(&job.ticker, venue, today, identity),
            Some(_) => catalog.record_identity_seen(&job.ticker, venue, today, identity),
        };
        if let Err(unusable) = recorded {
            self.report.warnings.push(unusable.to_string());
        }
        let Some(conflict) = conflict else {
            return Ok(true);
        };
        let reason = format!(
            "the source describes another security than before ({conflict}); if it is the same one: barkeep tickers accept {}",
            job.ticker
        );
        let request = bars_request(venue, job);
        if let Some(rows) = rows {
            self.keep(&request, "rows.parquet", rows.bytes(), &reason)?;
        }
        self.fail(planned, job, reason, FailureKind::Refused);
        Ok(false)
    }

    /// Reports what a person should know of an answer.
    pub(super) fn report_aside(
        &mut self,
        planned: &PlannedVenue,
        job: &PlannedJob,
        beside: &Beside,
    ) -> Result<(), UpdateError> {
        let request = bars_request(&planned.venue, job);
        if let Some((first, last)) = beside.lost {
            self.report.warnings.push(format!(
                "{request}: {first} to {last} are lost, the source does not keep them any more"
            ));
        }
        if let Some(event) = beside.unseen.first() {
            let (what, of) = match event.kind {
                EventKind::Split { .. } => ("a split", "prices"),
                _ if is_adjusted(beside) => ("a payment", "prices"),
                _ => ("a payment", "adjusted closes"),
            };
            self.report.warnings.push(format!(
                "{request}: {what} of {} took effect since older bars were fetched, whose {of} stand on another basis than the fetched ones until the next `barkeep update` without --start, which fetches all of them again",
                time::day(event.date)
            ));
        }
        for warning in &beside.warnings {
            self.report.warnings.push(format!("{request}: {warning}"));
        }
        if let Some(CutShort { reason, body }) = &beside.cut_short {
            let mut kind = FailureKind::Source;
            if let Some(body) = body {
                self.keep(&request, "answer", body, reason)?;
                kind = FailureKind::Malformed;
            }
            let reason = format!("{reason}; what came before is stored");
            self.fail(planned, job, reason, kind);
        }
        Ok(())
    }

    /// Reports that a job failed.
    pub(super) fn fail(
        &mut self,
        planned: &PlannedVenue,
        job: &PlannedJob,
        reason: String,
        kind: FailureKind,
    ) {
        let report = self.report.at(&planned.venue);
        report.tickers.failed += 1;
        report.failures.push(Failure {
            ticker: job.ticker.clone(),
            interval: job.interval,
            reason,
            kind,
        });
    }
}

/// Tells whether the bars themselves are adjusted for payments.
fn is_adjusted(beside: &Beside) -> bool {
    let told = beside.provenance.as_ref();
    told.is_some_and(|told| told.basis == PriceBasis::SplitDividendAdjusted)
}
