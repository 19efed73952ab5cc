//! From staged rows to the tree: merge, build, commit in groups, settle.
//!
//! Promises: reading, merging and encoding run side by side; one thread writes. A series that cannot be merged
//! costs that series: its rows go to quarantine, or stay staged if only the disk would not answer. A group and
//! the registry entries of its series become durable together.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::catalog::{Found, StorageBlock, Wanted};
use crate::layout::Continuity;
use crate::model::{Interval, PartitionKey, Series, StorageRequest, Venue};
use crate::observe::Event;
use crate::storage::{
    Custody, Layout, Quarantine, Replaced, Sealed, StagedRows, StagedRun, StorageError,
};

use super::merge_series::{Basis, Merge};
use super::report::UpdateReport;
use super::{Hands, Outlook, Registry, UpdateError};

/// Series that are read and merged side by side before one thread writes them: bounds memory.
const CHUNK_SERIES: usize = 32;
/// Files of one group: bounds the journal and the space that a group needs in staging.
const GROUP_FILES: usize = 4096;

/// What sources said of the series whose rows are staged.
pub(super) type Marks = BTreeMap<StorageRequest, Told>;

/// What a source said of a series beside its rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// The download mark.
    pub(super) mark: Option<String>,
    /// Stamps of bars that may still change.
    pub(super) provisional: Vec<i64>,
}

/// Consolidates one run.
#[derive(Debug)]
pub(super) struct Consolidation<'r, 'l> {
    pub(super) outlook: Outlook<'l>,
    pub(super) hands: Hands<'l>,
    pub(super) registry: &'r mut Registry,
    pub(super) marks: &'r Marks,
    pub(super) report: &'r mut UpdateReport,
}

/// A series whose files are in the group that is being built.
#[derive(Debug)]
struct Pending {
    request: StorageRequest,
    staged: Vec<StagedRows>,
    layout: Layout,
    newest: i64,
    partitions: Vec<PartitionKey>,
    basis: Basis,
}

impl<'l> Consolidation<'_, 'l> {
    /// Brings every staged row of the run into the tree, then removes the staging area.
    ///
    /// # Errors
    /// When the disk refuses or the lock is lost. What was committed stays; the rest stays staged.
    pub(super) fn finish(mut self, mut run: StagedRun<'l, Sealed>) -> Result<(), UpdateError> {
        let done = self.consolidate(&mut run);
        if done.is_err() {
            run.abandon_group();
        }
        done?;
        Ok(run.finish()?)
    }

    fn consolidate(&mut self, run: &mut StagedRun<'l, Sealed>) -> Result<(), UpdateError> {
        let mut by_series: BTreeMap<StorageRequest, Vec<StagedRows>> = BTreeMap::new();
        for staged in run.staged() {
            by_series
                .entry(staged.request.clone())
                .or_default()
                .push(staged.clone());
        }
        let quarantine = self.hands.quarantine(run.id());
        let series: Vec<(StorageRequest, Vec<StagedRows>)> = by_series.into_iter().collect();
        let mut pending = Vec::new();
        for chunk in series.chunks(CHUNK_SERIES) {
            if self.hands.stop.is_raised() {
                break;
            }
            let merges: Vec<Result<Merge, StorageError>> = chunk
                .par_iter()
                .map(|(request, staged)| self.merge(request, staged))
                .collect();
            for ((request, staged), merge) in chunk.iter().zip(merges) {
                match merge {
                    Ok(merge) => pending.extend(self.take(run, &quarantine, merge, staged)?),
                    Err(error) => self.fail(run, &quarantine, request, staged, &error)?,
                }
            }
            if run.group_len() >= GROUP_FILES {
                self.commit(run, std::mem::take(&mut pending))?;
            }
        }
        self.commit(run, pending)
    }

    /// Puts a merge into the group; `None` when it cannot be part of this one.
    fn take(
        &mut self,
        run: &mut StagedRun<'l, Sealed>,
        quarantine: &Quarantine<'_>,
        merge: Merge,
        staged: &[StagedRows],
    ) -> Result<Option<Pending>, UpdateError> {
        let Merge {
            prepared,
            layout,
            newest,
            basis,
        } = merge;
        let custody = Custody {
            quarantine,
            corrupt_files: self.hands.corrupt_files,
            replaced: Replaced::Noted {
                at: self.hands.clock.now(),
            },
        };
        let aside = match run.put(&prepared, &custody) {
            Ok(aside) => aside,
            Err(error @ StorageError::Refused { .. }) => {
                self.fail(run, quarantine, &prepared.request, staged, &error)?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let request = prepared.request;
        self.tell(&request, aside);
        match basis {
            Basis::Same => {}
            Basis::Moved(factor) => self.report.warnings.push(format!(
                "{request}: the stored prices stood on another basis and were multiplied by {factor}; the ledger has the old ones"
            )),
            Basis::Mixed => self.report.warnings.push(format!(
                "{request}: the fetched days stand on another basis than those around them; barkeep update --rebase puts all on one"
            )),
        }
        for path in &prepared.misplaced {
            self.report.warnings.push(format!(
                "{} is misplaced: it is no file of {request}, and was neither read nor changed",
                path.display()
            ));
        }
        if let Some(venue) = &request.venue {
            let report = self.report.at(venue);
            // Events come along with bars: they are no series that anybody asked for.
            if matches!(request.series, Series::Bars { .. }) {
                report.tickers.ok += 1;
                report.rows += prepared.rows;
            }
            report.files_written += prepared.files.len();
            report.bytes_written += prepared
                .files
                .iter()
                .map(|file| file.bytes.len() as u64)
                .sum::<u64>();
        }
        let partitions = prepared.files.iter().map(|file| file.partition).collect();
        Ok(Some(Pending {
            request,
            staged: staged.to_vec(),
            layout,
            newest,
            partitions,
            basis,
        }))
    }

    /// Commits the group with the registry entries of its series, then forgets their staged rows.
    fn commit(
        &mut self,
        run: &mut StagedRun<'l, Sealed>,
        pending: Vec<Pending>,
    ) -> Result<(), UpdateError> {
        // Before recording: a ticker that somebody added by hand while the run went on must not be lost.
        self.registry.refresh(self.hands.fs)?;
        for done in &pending {
            self.record(done);
        }
        let documents = self.registry.documents(self.hands.fs)?;
        documents
            .iter()
            .try_for_each(|file| run.put_document(file))?;
        run.commit()?;
        self.registry.committed(&documents);
        for done in &pending {
            for &partition in &done.partitions {
                self.report.last_partition = Some(format!("{} {partition}", done.request));
                let request = done.request.clone();
                self.hands
                    .observer
                    .observe(Event::Committed { request, partition });
            }
        }
        let settled: Vec<StagedRows> = pending.into_iter().flat_map(|done| done.staged).collect();
        Ok(run.settle(&settled)?)
    }

    fn is_kept_whole(&self, venue: &Venue, interval: Interval) -> bool {
        let source = self.outlook.source(venue);
        source.is_some_and(|source| source.depth_days(interval).is_none())
    }

    fn record(&mut self, done: &Pending) {
        let (Some(venue), Series::Bars { ticker, interval }) =
            (&done.request.venue, &done.request.series)
        else {
            return;
        };
        let storage = (done.layout == Layout::Partitioned).then(|| StorageBlock::of(venue.clone()));
        let told = self.marks.get(&done.request).cloned();
        // What came along with rows that a stopped run left may not have reached the disk, and a measured factor is an
        // estimate: where the source still has the history whole, it says both exactly. Where it has not, the days of
        // the stopped run are asked for again, as if they had brought nothing.
        let is_whole = self.is_kept_whole(venue, *interval);
        let is_open = told.is_none() || done.basis != Basis::Same;
        let is_settled = told.is_some() || is_whole;
        let told = told.unwrap_or_default();
        let is_apart = done
            .staged
            .iter()
            .any(|rows| rows.continuity() == Continuity::Apart);
        let found = Found {
            last_row: (!is_apart && is_settled).then_some(done.newest),
            storage,
            mark: told.mark,
            provisional: told.provisional,
            newest: done.newest,
            history: if is_open && is_whole {
                Wanted::Whole
            } else {
                Wanted::Known
            },
        };
        let today = self.hands.clock.today();
        let recorded = self
            .registry
            .catalog_mut()
            .record_found(ticker, venue, *interval, today, found);
        if let Err(unusable) = recorded {
            self.report.warnings.push(unusable.to_string());
        }
    }
}
