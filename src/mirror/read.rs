//! The rows of a series as its tree has them, for a mirror.
//!
//! Promises: a series that is refused, or of which the system lets nobody read a file, is told by a reason, and is nobody's error
//! but its own. A disk that does not answer is an error of all: a version without the series would be a part.

use std::collections::BTreeSet;

use super::extent::Extent;
use crate::catalog::Catalog;
use crate::frame::{Frame, Profile};
use crate::ledger::SeriesRecord;
use crate::model::{Digest, PartitionKey, StorageRequest};
use crate::storage::{Layout, StorageError, StorageInterface, Stored};
use crate::sys::{Fs, Rights, rights_of};
use crate::workspace::Workspace;

/// What readers of a mirror get is in microseconds.
const MICRO: i64 = 1_000;
const FINER: &str = "it has times that are finer than microseconds";

/// The rows of a series, or of some of its partitions.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) frame: Frame,
    /// The zone of its wall clock, by its IANA name.
    pub(super) zone: Option<String>,
    /// What its files grant.
    pub(super) rights: Option<Rights>,
    /// Partitions whose file does not verify.
    pub(super) damaged: BTreeSet<PartitionKey>,
}

/// Why rows are not there.
#[derive(Debug)]
pub(super) enum Unread {
    /// The series cannot be held or is refused, and will not be otherwise a moment later.
    Refused(String),
    /// The system refuses one of its files or folders, and may not a moment later.
    Unreadable(String),
    /// The disk did not answer, which says nothing of the series.
    Failed(StorageError),
}

impl Unread {
    /// Returns why a series alone is not there.
    ///
    /// # Errors
    /// What is an error of all.
    pub(super) fn of_series(self) -> Result<String, StorageError> {
        match self {
            Self::Refused(reason) | Self::Unreadable(reason) => Ok(reason),
            Self::Failed(error) => Err(error),
        }
    }
}

impl From<StorageError> for Unread {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Fs(refused) if refused.is_of_place() => {
                Self::Unreadable(refused.to_string())
            }
            StorageError::Fs(_) => Self::Failed(error),
            refused => Self::Refused(refused.to_string()),
        }
    }
}

/// The tree that a mirror is a copy of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'o, 's> {
    pub(super) workspace: &'o Workspace<'s>,
    pub(super) catalog: &'o Catalog,
    pub(super) fs: &'o dyn Fs,
    /// What the rows of the mirror are: readers take its files for one table. `None` while it has none.
    pub(super) profile: Option<&'static Profile>,
}

impl Origin<'_, '_> {
    /// Reads a series wherever it lies; `None` when nothing of it does.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(super) fn whole(self, request: &StorageRequest) -> Result<Option<Read>, Unread> {
        let found = self.workspace.read(self.catalog, request)?;
        let Some(found) = found else {
            return Ok(None);
        };
        let rights = self.rights(request, found.layout)?;
        self.read(found.stored, rights).map(Some)
    }

    /// Reads at least those rows of some partitions of a series that an extent gives. The series lies in partitions.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub(super) fn partitions(
        self,
        request: &StorageRequest,
        wanted: &BTreeSet<PartitionKey>,
        extent: &Extent,
    ) -> Result<Read, Unread> {
        let store = &self.workspace.stores.partitioned;
        let (stored, rights) = store.read_partitions(request, wanted, &extent.bounds())?;
        self.read(stored, rights)
    }

    /// Returns what tells a legacy file from the one that takes its place, without opening it; `None` for other series.
    ///
    /// # Errors
    /// Why nobody knows where the series is.
    pub(super) fn seen(self, request: &StorageRequest) -> Result<Option<u64>, Unread> {
        let routed = self.workspace.route(self.catalog, request)?;
        if !routed.has_rows || routed.route.layout != Layout::Legacy {
            return Ok(None);
        }
        let path = self
            .workspace
            .stores
            .legacy
            .places()
            .standing_path(request)?;
        let Some(meta) = self.fs.metadata(&path).map_err(StorageError::from)? else {
            return Ok(None);
        };
        let (modified, changed) = (meta.modified_nanos, meta.changed_nanos);
        let text = format!("{}\0{modified}\0{changed}\0{}", meta.len, meta.inode);
        Ok(Some(Digest::of(text.as_bytes()).half().number()))
    }

    /// Tells whether the files of a series have not as many bytes as was recorded: then another program was at them. What cannot be
    /// looked at is told by whoever reads it.
    pub(super) fn is_changed_by_others(
        self,
        request: &StorageRequest,
        record: &SeriesRecord,
    ) -> bool {
        let lying = self.bytes(request, record.is_legacy);
        record.is_exact() && matches!(lying, Ok(Some(bytes)) if bytes != record.bytes)
    }

    /// Returns how many bytes the files of a series have, without opening them; `None` where none lies in this layout.
    fn bytes(self, request: &StorageRequest, is_legacy: bool) -> Result<Option<u64>, StorageError> {
        let stores = &self.workspace.stores;
        if is_legacy {
            // Of two files one counts, which is the one that is written.
            let path = stores.legacy.places().standing_path(request)?;
            return Ok(self.fs.metadata(&path)?.map(|meta| meta.len));
        }
        let stat = stores.partitioned.stat(request)?;
        Ok(stat.map(|stat| stat.bytes))
    }

    fn rights(
        self,
        request: &StorageRequest,
        layout: Layout,
    ) -> Result<Option<Rights>, StorageError> {
        let stores = &self.workspace.stores;
        match layout {
            Layout::Partitioned => stores.partitioned.rights(request),
            Layout::Legacy => {
                let path = stores.legacy.places().standing_path(request)?;
                Ok(rights_of(self.fs, &path)?)
            }
        }
    }

    fn read(self, stored: Stored, rights: Option<Rights>) -> Result<Read, Unread> {
        let frame = stored.frame;
        let other = self.profile.filter(|of| !of.joins(frame.profile()));
        if let Some(other) = other.filter(|_| !frame.is_empty()) {
            return Err(Unread::Refused(format!(
                "it holds {}, and the mirror {}",
                frame.profile().name,
                other.name
            )));
        }
        if frame.times().any(|time| time % MICRO != 0) {
            return Err(Unread::Refused(FINER.to_owned()));
        }
        Ok(Read {
            frame,
            zone: stored.provenance.timezone,
            rights,
            damaged: stored.damaged.iter().map(|file| file.partition).collect(),
        })
    }
}
