//! What a run can do once its rows are durable: build groups and commit them, complete what a crash cut off, bring whole
//! series into the tree and take things out of it.
//!
//! Promises: `put` and `put_document` are the only ways into a group, and a series joins it whole or not at all, with
//! everything that it must not lose. Leaves to others: how each step is done (`group`, `commit`, `recover`, `whole_series`,
//! `trash`), taking in rows (`staged`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::layout::parse_series_name;
use crate::model::StorageRequest;
use crate::sys::atomic::parent;

use super::area::remove_tree;
use super::berth::Berths;
use super::commit::commit;
use super::draft::Draft;
use super::group::{Group, NewFile};
use super::held::HeldBack;
use super::journal::JOURNAL_NAME;
use super::leftover::{holds_unknown, repeated};
use super::note::{Notes, keepsakes};
use super::put::put_aside;
use super::recover::recover;
use super::staged::StagedRun;
use super::trash::{sync_moves, trash};
use super::unit::Unit;
use super::waiting::Waiting;
use super::whole_series::{WholeSeries, discard_whole, move_whole, whole_root};
use super::{
    BuiltSeries, Committed, Custody, Document, InPieces, Prepared, PutAway, Recovered, StagedRows,
    StorageError,
};

/// A run whose rows are durable.
#[derive(Debug)]
pub struct Sealed {
    staged: Vec<StagedRows>,
    group: Group,
    berths: Berths,
    notes: Notes,
    waiting: Waiting,
    whole: WholeSeries,
}

impl Sealed {
    pub(super) fn new(staged: Vec<StagedRows>, others: HeldBack) -> Self {
        Self {
            staged,
            group: Group::default(),
            berths: Berths::default(),
            notes: Notes::default(),
            waiting: Waiting::new(others),
            whole: WholeSeries::default(),
        }
    }
}

impl StagedRun<'_, Sealed> {
    /// Returns the staged fetches that are still to be merged.
    pub fn staged(&self) -> &[StagedRows] {
        &self.state.staged
    }

    /// Returns the files since the last call that could not be given the owner, group or mode of those that they replace, or
    /// of the folder that they land in.
    pub fn take_refused(&mut self) -> Vec<PathBuf> {
        self.state.berths.take_refused()
    }

    /// Refuses a series that a journal names, of this run or of another one: it is not merged before that is completed.
    ///
    /// # Errors
    /// `HeldBack` with the other run, or `Place` with what keeps a file of this run from its place.
    pub fn refuse_unfinished(&self, request: &StorageRequest) -> Result<(), StorageError> {
        self.state.waiting.refuse_unfinished(request)
    }

    /// Puts a merge into the group that the next `commit` makes visible, and what it leaves out into quarantine. Damaged
    /// files leave the tree here; beside that, only staging changes. What was put aside is added to `aside`, also when the
    /// series does not join the group after all: whoever calls has to tell it in either case.
    ///
    /// # Errors
    /// The series joins the group whole or not at all. With nothing changed: `Refused` when another merge of this group
    /// writes the same file; an error of a place (`is_of_place`) when one of its files could not be brought to its place, or
    /// an earlier run goes first. Else when the disk refuses or the lock is lost.
    pub fn put(
        &mut self,
        prepared: &Prepared,
        custody: &Custody<'_, '_>,
        aside: &mut PutAway,
    ) -> Result<(), StorageError> {
        let state = &mut self.state;
        state.waiting.refuse_held(&prepared.request)?;
        // Read before anything changes.
        let keepsakes = keepsakes(&self.area, prepared, custody)?;
        let probed = &mut state.berths.probed;
        for keepsake in &keepsakes {
            probed.probe_file(&self.area, &keepsake.target)?;
        }
        let targets = prepared.files.iter().map(|file| &file.target);
        for target in targets.clone() {
            state.waiting.refuse_listed(target)?;
            probed.probe_file(&self.area, target)?;
        }
        state.group.refuse_twins(&self.area, targets)?;
        // First what may fail without a trace: a file that was put away and is then not told would be a loss in silence.
        let files = self.group_len();
        let damaged = aside.damaged.len();
        let joined = self
            .add_all(prepared, &keepsakes)
            .and_then(|()| put_aside(prepared, custody, aside))
            .and_then(|()| {
                let cases = aside.damaged.get(damaged..).unwrap_or_default();
                let notes = &mut self.state.notes;
                // Last: what it notes is of a series that has joined.
                notes.note(self.area.fs, prepared, custody, cases)
            });
        if joined.is_err() {
            self.state.group.take_back(files);
        }
        joined
    }

    /// Puts a document into the group. Only staging changes.
    ///
    /// # Errors
    /// When it cannot be written, or could not be brought to its place.
    pub fn put_document(&mut self, document: &Document) -> Result<(), StorageError> {
        let probed = &mut self.state.berths.probed;
        probed.probe_file(&self.area, &document.target)?;
        self.add(Unit::Document, &document.as_new())
    }

    fn add_all(&mut self, prepared: &Prepared, keepsakes: &[Document]) -> Result<(), StorageError> {
        for keepsake in keepsakes {
            self.add(Unit::Document, &keepsake.as_new())?;
        }
        for file in &prepared.files {
            let file = NewFile {
                target: &file.target,
                old: file.old,
                new: file.new,
                bytes: &file.bytes,
                origin: prepared.origin,
            };
            self.add(Unit::Series(prepared.request.clone()), &file)?;
        }
        Ok(())
    }

    fn add(&mut self, unit: Unit, file: &NewFile<'_>) -> Result<(), StorageError> {
        let Sealed {
            group,
            berths,
            waiting,
            ..
        } = &mut self.state;
        group.add(&self.area, berths, waiting, (unit, file))
    }

    /// Tells how many files the group has.
    pub fn group_len(&self) -> usize {
        self.state.group.len()
    }

    /// Gives up a group that could not be built, and the space that it took. Its rows stay staged. A group that may
    /// have passed its commit point is left for the next run.
    pub fn abandon_group(&mut self) {
        drop(self.state.group.take());
        self.state.notes.forget_group();
        self.state.berths.forget_places();
        // Once the journal has its name the group may be committed, and the next run needs the files to complete it.
        let journal = self.area.dir().join(JOURNAL_NAME);
        if !matches!(self.area.fs.metadata(&journal), Ok(None)) {
            return;
        }
        // The error that led here is the one to report; the next run clears what is left.
        let _cleared: Result<(), StorageError> = self.clear_files();
    }

    fn clear_files(&mut self) -> Result<(), StorageError> {
        let Sealed {
            group,
            berths,
            waiting,
            ..
        } = &mut self.state;
        group.clear_files(&self.area, berths, waiting)
    }

    /// Commits the group. When this returns `Ok`, every file of it survives power loss: in its place, or, where that
    /// refuses it, in the journal.
    ///
    /// # Errors
    /// Before the commit point, nothing outside staging has changed. After it, the next run completes the group.
    pub fn commit(&mut self) -> Result<Committed, StorageError> {
        let Sealed { notes, waiting, .. } = &mut self.state;
        for ledger in notes.take_ledgers(&self.area, waiting)? {
            self.put_document(&ledger)?;
        }
        let Sealed {
            group,
            berths,
            waiting,
            ..
        } = &mut self.state;
        let (entries, dirs) = (group.take(), berths.take_dirs());
        berths.forget_places();
        commit(&self.area, entries, dirs, waiting)
    }

    /// Completes a commit that did not come to its end.
    ///
    /// # Errors
    /// `DamagedJournal`, which a crash cannot cause, and `NewerJournal`; nothing was touched then. Else when the file system
    /// refuses or a document cannot be brought to its place.
    pub fn recover(&mut self) -> Result<Recovered, StorageError> {
        let recovered = recover(&self.area, &mut self.state.waiting)?;
        self.clear_files()?;
        Ok(recovered)
    }

    /// Removes a damaged journal, after it was kept elsewhere; the staged rows can then be merged anew.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn forget_journal(&mut self, journal: &Path) -> Result<(), StorageError> {
        self.area.fs.remove_file(journal)?;
        Ok(self.area.fs.sync_dir(parent(journal))?)
    }

    /// Returns the folder that stands for the data root while series are built.
    pub fn whole_root(&self) -> PathBuf {
        whole_root(&self.area)
    }

    /// Builds the files of a series of which the tree has nothing. Only staging changes, and nothing is durable yet.
    ///
    /// # Errors
    /// With nothing changed: an error of a place (`is_of_place`) when the folder could not be brought to its place, or an
    /// earlier run goes first. Else when a file lies outside of the data root or cannot be written.
    pub fn build_whole(&mut self, draft: &Draft) -> Result<BuiltSeries, StorageError> {
        let Sealed {
            whole,
            berths,
            waiting,
            ..
        } = &mut self.state;
        let below = draft.dir.strip_prefix(&self.area.places.data).ok();
        let series = below.and_then(|below| parse_series_name(below.to_str()?));
        series.map_or(Ok(()), |request| waiting.refuse_held(&request))?;
        whole.build(&self.area, berths, draft)
    }

    /// Makes everything durable that was built since the last call.
    ///
    /// # Errors
    /// When the barrier fails; then nothing that was built may be moved.
    pub fn sync_whole(&mut self) -> Result<(), StorageError> {
        self.state.whole.sync(&self.area)
    }

    /// Moves the folders of series into the tree, given by where they will stand. When this returns `Ok`, each of them
    /// survives power loss.
    ///
    /// # Errors
    /// When the lock was lost, or the tree has got such a folder meanwhile. Folders before the one in question are moved.
    pub fn move_whole(&mut self, series_dirs: &[PathBuf]) -> Result<(), StorageError> {
        move_whole(&self.area, series_dirs)
    }

    /// Removes what was built and will not be moved.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn discard_whole(&mut self, series_dir: &Path) -> Result<(), StorageError> {
        discard_whole(&self.area, series_dir)
    }

    /// Gives up whatever was built and not moved, and the space that it took.
    pub fn abandon_whole(&self) {
        // The error that led here is the one to report; the next start clears what is left.
        let _removed: Result<(), StorageError> = remove_tree(self.area.fs, &self.whole_root());
    }

    /// Moves files or folders out of the tree, to be removed by `finish`, or by the next start if this run ends before.
    /// When this returns `Ok`, the tree is without them, power loss or not.
    ///
    /// # Errors
    /// When the lock was lost or the disk refuses. What was not moved is where it was. On an overlay, which refuses to rename
    /// folders of its lower layer, a folder goes file by file if it may, and else is refused.
    pub fn trash(&mut self, paths: &[PathBuf], in_pieces: InPieces) -> Result<(), StorageError> {
        trash(&self.area, paths, in_pieces)
    }

    /// Forgets fetches whose rows are durably in the tree, or in quarantine.
    ///
    /// # Errors
    /// When a staged file cannot be removed.
    pub fn forget(&mut self, done: &[StagedRows]) -> Result<(), StorageError> {
        for rows in done.iter().filter(|rows| !rows.is_held()) {
            self.area.fs.remove_file(&rows.path)?;
        }
        let done: BTreeSet<&PathBuf> = done.iter().map(|rows| &rows.path).collect();
        self.state.staged.retain(|rows| !done.contains(&rows.path));
        Ok(())
    }

    /// Forgets fetches that stand byte for byte in the run before: rows that wait for long need not wait as often as they
    /// were asked for. Whatever an earlier process staged was made durable by `adopt`.
    ///
    /// # Errors
    /// When a staged file cannot be read or removed.
    pub fn forget_repeated(&mut self, staged: &[StagedRows]) -> Result<(), StorageError> {
        let repeated = repeated(&self.area, staged)?;
        self.forget(&repeated)
    }

    /// Removes the staging area. Staged rows that wait to be merged and files that a journal lists stay, for the next run, and so
    /// does what nobody here understands. Rows that were only held are gone.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn finish(self) -> Result<(), StorageError> {
        let is_done =
            self.state.staged.iter().all(StagedRows::is_held) && self.state.waiting.is_empty();
        if !is_done || holds_unknown(&self.area)? {
            return Ok(());
        }
        sync_moves(&self.area)?;
        self.area.remove()
    }
}
