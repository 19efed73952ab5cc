//! Groups of files that a person has asked for, beside what runs fetch.
//!
//! Promises: a series joins a group whole or not at all, and what it leaves out is in quarantine. A group that cannot be built
//! is given up. Leaves to others: what goes into the files (`take_out`, `put_back`).

use crate::model::StorageRequest;
use crate::storage::{
    Custody, Left, Open, Prepared, PutAway, QuarantineRecord, Replaced, Sealed, StagedRun,
    StorageError, refused_rights,
};
use crate::workspace::Session;

use super::IngestError;

/// Files of one group: bounds the journal and the space that a group needs in staging.
const GROUP_FILES: usize = 4096;

/// The groups of one command.
pub(super) struct ByHand<'l> {
    pub(super) session: Session<'l>,
    pub(super) run: StagedRun<'l, Sealed>,
}

impl<'l> ByHand<'l> {
    pub(super) fn begin(session: Session<'l>) -> Result<Self, IngestError> {
        let run = StagedRun::<Open>::begin(
            session.fs,
            session.held,
            session.places,
            session.runs.next(),
        )?;
        Ok(Self {
            session,
            run: run.seal()?,
        })
    }

    /// Ends the run, whose groups were built and committed by `done`.
    pub(super) fn end(mut self, done: Result<(), IngestError>) -> Result<(), IngestError> {
        if done.is_err() {
            self.run.abandon_group();
        }
        done?;
        Ok(self.run.finish()?)
    }

    /// Puts the new files of a series into the group; what was put away for them is added to `kept`.
    pub(super) fn put(
        &mut self,
        prepared: &Prepared,
        kept: &mut Vec<QuarantineRecord>,
    ) -> Result<(), StorageError> {
        let quarantine = self.session.quarantine(self.run.id());
        let custody = Custody {
            quarantine: &quarantine,
            corrupt_files: self.session.corrupt_files,
            replaced: Replaced::Noted,
            at: self.session.clock.now(),
        };
        let mut aside = PutAway::default();
        let joined = self.run.put(prepared, &custody, &mut aside);
        kept.extend(aside.into_records());
        joined
    }

    /// Tells whether the group is as large as one may be.
    pub(super) fn is_full(&self) -> bool {
        self.run.group_len() >= GROUP_FILES
    }

    /// Commits the group, and returns what could not be brought to its place; what a person should know is added to `warnings`.
    pub(super) fn commit(&mut self, warnings: &mut Vec<String>) -> Result<Vec<Left>, IngestError> {
        let left = self.run.commit()?.left;
        warnings.extend(refused_rights(&self.run.take_refused()));
        Ok(left)
    }
}

/// Something that is done with series that a person asked about, one after the other.
pub(super) trait HandWork<'t, 'l> {
    /// What is asked of one series.
    type Asked: 't;
    /// A series whose files are in the group that is being built.
    type Pending;

    /// Returns the groups that it builds.
    fn groups(&mut self) -> &mut ByHand<'l>;

    /// Puts the new files of a series into the group; `None` when nothing of it changes.
    fn join(&mut self, asked: &'t Self::Asked) -> Result<Option<Self::Pending>, StorageError>;

    /// Notes a series that stays as it is.
    fn note_failure(&mut self, asked: &'t Self::Asked, error: StorageError);

    /// Notes that the run was asked to stop before the end.
    fn note_stop(&mut self) {}

    /// Commits the group.
    fn commit(&mut self, pending: Vec<Self::Pending>) -> Result<(), IngestError>;

    /// Does all of it, in groups of a size that a journal can take. A series that cannot be changed costs no other one.
    fn carry_out(&mut self, all: &'t [Self::Asked]) -> Result<(), IngestError> {
        let mut pending = Vec::new();
        for asked in all {
            if self.groups().session.stop.is_raised() {
                self.note_stop();
                break;
            }
            match self.join(asked) {
                Ok(joined) => pending.extend(joined),
                Err(error) if is_of_series(&error) => self.note_failure(asked, error),
                Err(error) => return Err(error.into()),
            }
            if self.groups().is_full() {
                self.commit(std::mem::take(&mut pending))?;
            }
        }
        self.commit(pending)
    }
}

/// Returns why a file of a series is in a journal, for the next run; `None` when none is.
pub(super) fn reason_left(left: &[Left], request: &StorageRequest) -> Option<String> {
    let mut left = left.iter();
    let left = left.find(|left| left.request() == Some(request))?;
    Some(format!(
        "{} waits: {}",
        left.target().display(),
        left.reason
    ))
}

/// Tells whether one series is at fault, and not the disk as a whole.
fn is_of_series(error: &StorageError) -> bool {
    match error {
        StorageError::Fs(_) | StorageError::Lock(_) | StorageError::Staging { .. } => {
            error.is_of_place()
        }
        _ => true,
    }
}
