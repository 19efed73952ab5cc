//! What consolidation cannot put into the tree: damaged files, and rows that stored ones stand in the way of.
//!
//! Promises: nothing is discarded. A damaged file goes to quarantine; rows go to quarantine, too, or stay staged if
//! only the disk would not answer, or if they wait for a file that this build cannot hold.

use std::path::PathBuf;

use crate::frame::Frame;
use crate::layout;
use crate::model::{Provenance, Series, StorageRequest};
use crate::storage::{
    PutAway, Quarantine, RowsToStage, Sealed, StagedRows, StagedRun, StorageError, refused_rights,
};

use super::IngestError;
use super::consolidate::Consolidation;
use super::report::{DamagedSeries, FailureKind};

impl<'l> Consolidation<'_, 'l> {
    /// Reports what was put away when a series joined the group.
    pub(super) fn tell(&mut self, request: &StorageRequest, aside: PutAway) {
        let damaged = aside.damaged.into_iter();
        let damaged = damaged.map(|(partition, record)| DamagedSeries {
            request: request.clone(),
            partition: partition.to_string(),
            days: partition.days(),
            record,
        });
        self.report.damaged.extend(damaged);
        self.report.kept.extend(aside.kept);
    }

    /// Puts trades into quarantine that were published again under their key before anybody stored them.
    pub(super) fn keep_overruled(
        &mut self,
        quarantine: &Quarantine<'_>,
        request: &StorageRequest,
        overruled: &[Frame],
    ) -> Result<(), StorageError> {
        for rows in overruled {
            let stored_as = RowsToStage::encode(request.clone(), rows, &Provenance::default())?;
            let Some(bytes) = stored_as.as_ref().map(RowsToStage::bytes) else {
                continue;
            };
            let count = rows.len();
            let reason = format!(
                "{count} of the rows were published again with other values, which are stored"
            );
            let origin = PathBuf::from(request.to_string());
            let kept = quarantine.keep(&origin, "trades.parquet", bytes, &reason, Some(request))?;
            self.report.kept.push(kept);
        }
        Ok(())
    }

    /// Says that files have other rights than those that they replaced.
    pub(super) fn tell_refused(&mut self, refused: &[PathBuf]) {
        self.report.warnings.extend(refused_rights(refused));
    }

    /// Records the failure of one series. Its rows are kept: in quarantine, or staged if only the disk failed or a
    /// file cannot be held. Those that were held come again of what they were made of.
    pub(super) fn fail(
        &mut self,
        run: &mut StagedRun<'l, Sealed>,
        quarantine: &Quarantine<'_>,
        request: &StorageRequest,
        staged: &[StagedRows],
        error: &StorageError,
    ) -> Result<(), IngestError> {
        let kind = match error {
            StorageError::Fs(_) | StorageError::Lock(_) => FailureKind::Disk,
            // Once the file is mended or moved away, the next run merges what is staged.
            StorageError::Foreign { .. } => FailureKind::Foreign,
            error if error.is_of_place() => FailureKind::Disk,
            _ => FailureKind::Refused,
        };
        if kind == FailureKind::Foreign || error.is_of_place() {
            run.forget_repeated(staged)?;
        }
        let kept = match kind {
            FailureKind::Refused => self.keep_staged(run, quarantine, request, staged, error),
            _ => Ok(()),
        };
        let (kind, reason) = match kept {
            Ok(()) => (kind, error.to_string()),
            // They stay staged then, and are judged again.
            Err(full) if full.is_of_place_below(&self.session.places.quarantine) => {
                (FailureKind::Disk, format!("{error}; {full}"))
            }
            Err(full) => return Err(full.into()),
        };
        self.note_waiting(request, staged);
        self.note_failure(request, reason, kind);
        Ok(())
    }

    /// Puts the staged rows of a series into quarantine.
    fn keep_staged(
        &mut self,
        run: &mut StagedRun<'l, Sealed>,
        quarantine: &Quarantine<'_>,
        request: &StorageRequest,
        staged: &[StagedRows],
        error: &StorageError,
    ) -> Result<(), StorageError> {
        let reason = error.to_string();
        for rows in staged.iter().filter(|rows| !rows.is_held()) {
            if let Some(bytes) = self.session.fs.read(&rows.path)? {
                let kept = quarantine.keep_staged(&rows.path, &bytes, &reason, request)?;
                self.report.kept.push(kept);
            }
        }
        run.forget(staged)
    }

    /// Notes of which days trades are not stored.
    pub(super) fn note_waiting(&mut self, request: &StorageRequest, staged: &[StagedRows]) {
        let (Some(venue), Series::Trades { .. }) = (&request.venue, &request.series) else {
            return;
        };
        let days = staged.iter().filter_map(|rows| {
            let partition = layout::staged_partition(&rows.path)?;
            partition.days().map(|(day, _)| day)
        });
        self.report.feed_at(venue).waiting.extend(days);
    }

    /// Reports the failure of one series.
    pub(super) fn note_failure(
        &mut self,
        request: &StorageRequest,
        reason: String,
        kind: FailureKind,
    ) {
        let Some(venue) = &request.venue else {
            return;
        };
        if let Series::Bars { ticker, interval } = &request.series {
            self.report.fail(venue, (ticker, *interval), reason, kind);
        } else {
            // Events have no interval that a failure could name.
            self.report.at(venue).tickers.failed += 1;
            self.report.warnings.push(format!("{request}: {reason}"));
        }
    }
}
