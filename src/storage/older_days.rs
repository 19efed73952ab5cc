//! Days of trades in the form that the predecessor wrote, which are built anew in that of today.
//!
//! Promises: the predecessor named files by the day of the download, so one may have rows of other days, its strays: they are
//! handed out and left out of the new file. A file with nothing else is refused, as one that was copied to a wrong place is. Leaves to
//! others: that strays are stored before that (`ingest`).

use std::collections::BTreeMap;

use super::inspect::inspect_own;
use super::newest::ends_in_older_form;
use super::partitioned::PartitionedStore;
use super::prepare::{FileJob, prepare_file};
use super::tree::TreeFacts;
use super::{Prepared, StorageError};
use crate::frame::{Frame, Profile};
use crate::model::{PartitionKey, Provenance, StorageRequest};

/// The days of a series that the predecessor wrote.
#[derive(Clone, Copy, Debug)]
pub struct OlderDays<'s> {
    /// Where they lie.
    pub store: &'s PartitionedStore,
    /// The series.
    pub request: &'s StorageRequest,
}

impl OlderDays<'_> {
    /// Returns the days whose files have the columns of an older form, oldest first. Only their ends are read; what is damaged or
    /// foreign is none of them.
    ///
    /// # Errors
    /// When the disk cannot be asked, or something foreign is there.
    pub fn all(self) -> Result<Vec<PartitionKey>, StorageError> {
        let profile = Profile::of(self.request.series.dataset());
        let folders = self.store.folders().look(self.request.partitioned()?)?;
        let mut older = Vec::new();
        for file in folders.known()?.files {
            if ends_in_older_form(self.store.fs(), &file.path, profile)? {
                older.push(file.key);
            }
        }
        Ok(older)
    }

    /// Returns the rows of a file that are of other days, by these.
    ///
    /// # Errors
    /// When the file cannot be read or held, or has no row of its own day.
    pub fn strays(self, day: PartitionKey) -> Result<BTreeMap<PartitionKey, Frame>, StorageError> {
        let Self { store, request } = self;
        let dirs = store.folders().series_dirs(request.partitioned()?)?;
        let mut way = store.folders().way_into(dirs, request.series.dataset());
        let path = way.spot_of(day)?.path;
        let (_, strays) = inspect_own(store.fs(), &path, request, day, store.limit())?;
        Ok(strays)
    }

    /// Builds the file of a day anew in the form of today, with the rows of that day that it has, and with more.
    ///
    /// # Errors
    /// As `prepare`.
    pub fn renew(
        self,
        (day, more): (PartitionKey, &Frame),
        provenance: &Provenance,
    ) -> Result<Prepared, StorageError> {
        let Self { store, request } = self;
        let dirs = store.folders().series_dirs(request.partitioned()?)?;
        let mut way = store.folders().way_into(dirs, request.series.dataset());
        let spot = way.spot_of(day)?;
        let place = (day, spot.path, spot.is_there);
        let job = FileJob {
            is_renewed: true,
            ..store.job(request, place, provenance, &TreeFacts::default())
        };
        let mut prepared = Prepared::nothing(request.clone());
        if spot.is_there {
            prepared.add(prepare_file(store.fs(), job, more)?);
        }
        Ok(prepared)
    }
}
