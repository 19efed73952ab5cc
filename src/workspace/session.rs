//! The right to write, and the outside world, for as long as the run lock is held.

use crate::layout::Places;
use crate::lock::LockGuard;
use crate::model::{RunId, StorageRequest};
use crate::observe::Observer;
use crate::storage::{CorruptFiles, Open, Quarantine, QuarantineRecord, StagedRun, StorageError};
use crate::sys::{Clock, Fs, Shutdown};

use super::RunNames;

/// What running takes beside a `View`: the right to write, and the outside world.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Session<'l> {
    pub fs: &'l dyn Fs,
    pub clock: &'l dyn Clock,
    pub stop: &'l Shutdown,
    /// Hears what happens.
    pub observer: &'l dyn Observer,
    /// The run lock.
    pub held: &'l LockGuard<'l>,
    /// The places of the workspace.
    pub places: &'l Places,
    /// What happens to damaged files.
    pub corrupt_files: CorruptFiles,
    /// Gives each stretch of work a name of its own for what it stages.
    pub runs: &'l RunNames,
}

impl<'l> Session<'l> {
    /// Returns where a run puts things away.
    pub fn quarantine(&self, run: &RunId) -> Quarantine<'l> {
        Quarantine::new(self.fs, self.held, self.places, run.clone())
    }

    /// Puts away what came for a series and cannot be stored.
    ///
    /// # Errors
    /// When the quarantine takes no file, or the lock is lost.
    pub fn put_away(
        &self,
        request: &StorageRequest,
        name: &str,
        bytes: &[u8],
        reason: &str,
    ) -> Result<QuarantineRecord, StorageError> {
        let quarantine = self.quarantine(&self.runs.next());
        let origin = self.places.root.join(request.to_string());
        quarantine.keep(&origin, name, bytes, reason, Some(request))
    }

    /// Returns the staged run of a piece of work, which begins with its first rows.
    ///
    /// # Errors
    /// When its folder cannot be made, or the lock is lost.
    pub fn staged<'r>(
        &self,
        run: &'r mut Option<StagedRun<'l, Open>>,
    ) -> Result<&'r mut StagedRun<'l, Open>, StorageError> {
        match run {
            Some(run) => Ok(run),
            empty => {
                let begun = StagedRun::begin(self.fs, self.held, self.places, self.runs.next())?;
                Ok(empty.insert(begun))
            }
        }
    }
}
