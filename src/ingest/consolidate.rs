//! From staged rows to the tree: merge, build, commit in groups, settle.
//!
//! Promises: reading, merging and encoding run side by side; one thread writes. A series that cannot be merged
//! costs that series: its rows go to quarantine, or stay staged if only the disk would not answer. A group and
//! the registry entries of its series become durable together.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rayon::prelude::*;

use crate::catalog::{Found, Missing, StorageBlock, Wanted};
use crate::layout::Continuity;
use crate::model::{Interval, PartitionKey, Series, StorageRequest, Ticker, Venue, time};
use crate::observe::{Event, Observer, Work};
use crate::storage::{
    self, Custody, Layout, Left, Prepared, PutAway, Quarantine, Replaced, RowCounts, Sealed,
    StagedRows, StagedRun, StorageError,
};

use super::lots::{Lot, lots};
use super::merge_series::{Basis, Merge, Merging};
use super::missing::GaveUp;
use super::rehouse;
use super::report::{FailureKind, RunReport};
use super::{IngestError, Registry};
use crate::workspace::{Session, View};

/// Files of one group: bounds the journal and the space that a group needs in staging.
const GROUP_FILES: usize = 4096;

/// What sources said of the series whose rows are staged.
pub type SourceNotes = BTreeMap<StorageRequest, SourceNote>;

/// What a source said of a series beside its rows.
#[derive(Clone, Debug, Default)]
pub struct SourceNote {
    /// The download mark.
    pub mark: Option<String>,
    /// Stamps of bars that may still change.
    pub provisional: Vec<i64>,
    /// What the answer says of the history that is stored.
    pub history: Wanted,
    /// Rows that were gone when the question was asked.
    pub missing: Option<Missing>,
    /// Whether the answer says of each of them whether the source has it still.
    pub is_covering: bool,
    /// The length of the newest file before the rows came.
    pub newest_bytes: Option<u64>,
}

/// Consolidates one run.
#[derive(Debug)]
pub struct Consolidation<'r, 'l> {
    /// What is looked at.
    pub view: View<'l>,
    /// What it takes to write.
    pub session: Session<'l>,
    /// tickers.json.
    pub registry: &'r mut Registry,
    /// What sources said.
    pub notes: &'r SourceNotes,
    /// What is told.
    pub report: &'r mut RunReport,
}

/// A series whose files are in the group that is being built.
#[derive(Debug)]
struct Pending {
    request: StorageRequest,
    staged: Vec<StagedRows>,
    layout: Layout,
    newest: i64,
    /// The partitions of its files.
    partitions: Vec<PartitionKey>,
    /// The bytes of its files.
    bytes: u64,
    rows: RowCounts,
    /// Rows that were gone before those of a stopped run came.
    missing: Option<Missing>,
    /// The last of the files that were written, with its length.
    last_file: Option<(PartitionKey, u64)>,
    basis: Basis,
}

impl Pending {
    /// Returns the bytes of the last file that was written, if it is that of the newest day.
    fn bytes_of(&self, newest: Option<NaiveDate>) -> Option<u64> {
        let (partition, bytes) = self.last_file?;
        let days = partition.days().zip(newest);
        let is_newest = days.is_none_or(|((first, last), newest)| (first..=last).contains(&newest));
        is_newest.then_some(bytes)
    }
}

impl<'l> Consolidation<'_, 'l> {
    /// Brings every staged row of the run into the tree, then removes the staging area.
    ///
    /// # Errors
    /// When the disk refuses or the lock is lost. What was committed stays; the rest stays staged.
    pub fn finish(mut self, mut run: StagedRun<'l, Sealed>) -> Result<(), IngestError> {
        let done = self.consolidate(&mut run);
        if done.is_err() {
            run.abandon_group();
        }
        done?;
        Ok(run.finish()?)
    }

    fn consolidate(&mut self, run: &mut StagedRun<'l, Sealed>) -> Result<(), IngestError> {
        let quarantine = self.session.quarantine(run.id());
        let lots = lots(run.staged());
        self.tell_plan(&lots);
        let mut pending = Vec::new();
        for chunk in lots {
            if self.session.stop.is_raised() {
                break;
            }
            let free = chunk.iter().map(|lot| run.refuse_unfinished(&lot.request));
            let free: Vec<Result<(), StorageError>> = free.collect();
            let (merging, observer) = (self.merging(), self.session.observer);
            let merges: Vec<Result<Merge, StorageError>> = chunk
                .par_iter()
                .zip(free)
                .map(|(lot, free)| {
                    let merge = free.and_then(|()| merging.merge(&lot.request, &lot.staged));
                    step(observer, &lot.request);
                    merge
                })
                .collect();
            for (Lot { request, staged }, merge) in chunk.iter().zip(merges) {
                let merge = match merge {
                    Err(StorageError::Lodged { .. }) => {
                        self.commit(run, std::mem::take(&mut pending))?;
                        self.make_room(run, &quarantine, request)?;
                        self.merging().merge(request, staged)
                    }
                    merge => merge,
                };
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

    fn merging(&self) -> Merging<'_, 'l> {
        Merging {
            view: self.view,
            fs: self.session.fs,
            catalog: self.registry.catalog(),
            notes: self.notes,
        }
    }

    /// Says how many series of each venue there are.
    fn tell_plan(&self, lots: &[Vec<Lot>]) {
        let mut by_venue: BTreeMap<&Venue, usize> = BTreeMap::new();
        let lots = lots.iter().flatten();
        for venue in lots.filter_map(|lot| lot.request.venue.as_ref()) {
            *by_venue.entry(venue).or_default() += 1;
        }
        for (venue, series) in by_venue {
            let venue = venue.clone();
            let event = Event::ConsolidationPlanned { venue, series };
            self.session.observer.observe(event);
        }
    }

    /// Moves legacy files to the folders of their venues that are in the way of a series, or are its own. The group of the
    /// run is empty.
    fn make_room(
        &mut self,
        run: &mut StagedRun<'l, Sealed>,
        quarantine: &Quarantine<'_>,
        request: &StorageRequest,
    ) -> Result<(), IngestError> {
        let store = &self.view.stores.legacy;
        let Series::Bars { ticker, interval } = &request.series else {
            return Ok(());
        };
        // What cannot be looked into costs this series, when it is merged once more.
        let lodgers = storage::lodgers_of(store.places(), ticker, *interval).unwrap_or_default();
        let done = rehouse::move_all(run, store, self.session, quarantine, &lodgers)?;
        self.report.kept.extend(done.kept);
        let left = done.left.iter();
        let left = left.map(|(path, reason)| format!("{} stays: {reason}", path.display()));
        self.report.warnings.extend(left);
        Ok(())
    }

    /// Puts a merge into the group; `None` when it cannot be part of this one.
    fn take(
        &mut self,
        run: &mut StagedRun<'l, Sealed>,
        quarantine: &Quarantine<'_>,
        merge: Merge,
        staged: &[StagedRows],
    ) -> Result<Option<Pending>, IngestError> {
        let Merge {
            prepared,
            layout,
            newest,
            basis,
            missing,
            overruled,
        } = merge;
        let custody = Custody {
            quarantine,
            corrupt_files: self.session.corrupt_files,
            replaced: Replaced::Noted,
            at: self.session.clock.now(),
        };
        let mut aside = PutAway::default();
        self.report.untidy.extend(prepared.untidy.iter().cloned());
        let joined = run.put(&prepared, &custody, &mut aside);
        self.tell(&prepared.request, aside);
        match joined {
            Ok(()) => {}
            // One bad folder costs its own series.
            Err(error) if error.is_of_place() || matches!(error, StorageError::Refused { .. }) => {
                self.fail(run, quarantine, &prepared.request, staged, &error)?;
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
        // Where the rows that won are stored already, that was told by the run that stored them.
        if !prepared.files.is_empty() {
            self.keep_overruled(quarantine, &prepared.request, &overruled)?;
        }
        self.tell_of_merge(&prepared, basis);
        let files = prepared.files.iter();
        let bytes = files.map(|file| file.bytes.len() as u64).sum();
        let partitions = prepared.files.iter().map(|file| file.partition).collect();
        let files = prepared.files.iter();
        let lengths = files.map(|file| (file.partition, file.bytes.len() as u64));
        Ok(Some(Pending {
            missing,
            last_file: lengths.max_by_key(|(partition, _)| *partition),
            request: prepared.request,
            staged: staged.to_vec(),
            layout,
            newest,
            partitions,
            bytes,
            rows: prepared.rows,
            basis,
        }))
    }

    /// Says what of a merge a person should know: that prices moved, and what of the stored files is odd.
    fn tell_of_merge(&mut self, prepared: &Prepared, basis: Basis) {
        let request = &prepared.request;
        match basis {
            Basis::Same => {}
            Basis::Moved(factor) => self.report.warnings.push(format!(
                "{request}: the stored prices stood on another basis and were multiplied by {factor}; the ledger has the old ones"
            )),
            Basis::Mixed => self.report.warnings.push(format!(
                "{request}: the fetched days stand on another basis than those around them; barkeep update --rebase puts all on one"
            )),
        }
        if prepared.off_border > 0 && prepared.rows.added > 0 {
            self.report.warnings.push(format!(
                "{request}: {} of the stored bars begin on no border, and their days are in the new ones as well; barkeep check names them",
                prepared.off_border
            ));
        }
        for path in &prepared.misplaced {
            self.report.warnings.push(format!(
                "{} is misplaced: it is no file of {request}, and was neither read nor changed",
                path.display()
            ));
        }
    }

    /// Commits the group with the registry entries of its series, then forgets their staged rows.
    fn commit(
        &mut self,
        run: &mut StagedRun<'l, Sealed>,
        pending: Vec<Pending>,
    ) -> Result<(), IngestError> {
        // Before recording: a ticker that somebody added by hand while the run went on must not be lost.
        self.registry.refresh(self.session.fs)?;
        for done in &pending {
            self.record(done);
        }
        let documents = self.registry.documents(self.session.fs)?;
        documents
            .iter()
            .try_for_each(|file| run.put_document(file))?;
        let left = run.commit()?.left;
        self.tell_refused(&run.take_refused());
        self.registry.committed(&documents);
        let mut settled = Vec::new();
        for done in pending {
            step(self.session.observer, &done.request);
            let of_series = |left: &&Left| left.request() == Some(&done.request);
            if let Some(left) = left.iter().find(of_series) {
                // Its files are in the journal, and what they were made of stays staged beside them.
                let reason = format!("{} waits: {}", left.target().display(), left.reason);
                self.note_waiting(&done.request, &done.staged);
                self.note_failure(&done.request, reason, FailureKind::Disk);
            } else {
                self.count(&done);
                settled.extend(done.staged);
            }
        }
        Ok(run.forget(&settled)?)
    }

    /// Counts a series whose files are in the tree.
    fn count(&mut self, done: &Pending) {
        if let Some(venue) = &done.request.venue {
            let report = self.report.at(venue);
            report.files_written += done.partitions.len();
            report.bytes_written += done.bytes;
            // Events come along with bars: they are no series that anybody asked for.
            match &done.request.series {
                Series::Bars { .. } => {
                    report.tickers.ok += 1;
                    report.rows += done.rows;
                }
                Series::Trades { .. } => self.report.feed_at(venue).trades += done.rows,
                _ => {}
            }
        }
        for &partition in &done.partitions {
            self.report.last_partition = Some(format!("{} {partition}", done.request));
            let request = done.request.clone();
            self.session
                .observer
                .observe(Event::Committed { request, partition });
        }
    }

    fn is_kept_whole(&self, venue: &Venue, interval: Interval) -> bool {
        let source = self.view.source(venue);
        source.is_some_and(|source| source.depth_days(interval).is_none())
    }

    fn record(&mut self, done: &Pending) {
        let (Some(venue), Series::Bars { ticker, interval }) =
            (&done.request.venue, &done.request.series)
        else {
            return;
        };
        let told = self.notes.get(&done.request);
        // A ticker that was removed since its rows were staged stays removed; the rows are stored.
        if told.is_none() && !self.registry.catalog().contains(ticker) {
            return;
        }
        let is_forgiven = told.is_some() && self.is_kept_whole(venue, *interval);
        let found = self.found(done, (ticker, venue, *interval), told);
        let told = told.cloned().unwrap_or_default();
        let today = self.session.clock.today();
        let gone = told.missing.or(done.missing);
        if let Some(missing) = gone.filter(|_| told.is_covering) {
            let gave_up = GaveUp {
                ticker,
                venue,
                interval: *interval,
                missing,
                reached: missing.left.max(Some(time::day(done.newest))),
            };
            gave_up.record(self.registry, self.report, today);
        }
        let recorded = self
            .registry
            .catalog_mut()
            .record_found(ticker, venue, *interval, today, found);
        if let Err(unusable) = recorded {
            self.report.warnings.push(unusable.to_string());
        }
        let catalog = self.registry.catalog_mut();
        if let Some(missing) = gone.filter(|_| !told.is_covering) {
            // These rows lie behind a gap: it must not look as if nothing were missing before them.
            catalog.set_back(ticker, venue, *interval, missing.left);
            return;
        }
        if is_forgiven {
            catalog.forget_given_up(ticker, venue, *interval);
        }
        let newest = catalog.last_data_date(ticker, venue, *interval);
        if let Some(bytes) = done.bytes_of(newest).or(told.newest_bytes) {
            catalog.record_newest_bytes(ticker, venue, *interval, bytes);
        }
    }

    /// Returns what the registry learns of a series whose rows are committed.
    fn found(
        &self,
        done: &Pending,
        (ticker, venue, interval): (&Ticker, &Venue, Interval),
        told: Option<&SourceNote>,
    ) -> Found {
        // What came along with rows that a stopped run left may not have reached the disk, and a measured factor is an
        // estimate: where the source still has the history whole, it says both exactly. Where it has not, the days of
        // the stopped run are asked for again, as if they had brought nothing.
        let is_whole = self.is_kept_whole(venue, interval);
        let is_open = told.is_none() || done.basis != Basis::Same;
        let is_settled = told.is_some() || is_whole;
        let catalog = self.registry.catalog();
        // A stopped run's rows are not the history that was asked for again.
        let is_wanted = told.is_none() && catalog.wants_whole(ticker, venue, interval);
        let is_apart = done
            .staged
            .iter()
            .any(|rows| rows.continuity() == Continuity::Apart);
        let told = told.cloned().unwrap_or_default();
        Found {
            last_row: (!is_apart && is_settled).then_some(done.newest),
            storage: (done.layout == Layout::Partitioned).then(|| StorageBlock::of(venue.clone())),
            mark: told.mark,
            provisional: told.provisional,
            newest: done.newest,
            history: if (is_open && is_whole) || is_wanted {
                Wanted::Whole
            } else {
                told.history
            },
        }
    }
}

/// Says that a series is merged, and later that it is committed or failed.
fn step(observer: &dyn Observer, request: &StorageRequest) {
    observer.observe(Event::Step {
        work: Work::Store,
        series: request.series.clone(),
    });
}
