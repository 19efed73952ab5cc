//! The files of one state of a series, as bytes, for whoever takes the rows some months at a time.
//!
//! Promises: what comes of them is that state, however long it takes and whatever is committed meanwhile. Leaves to others: in which
//! parts they are taken (`query`).

use std::path::{Path, PathBuf};

use crate::codec::{self, ALL_TIMES};
use crate::frame::Profile;
use crate::model::StorageRequest;
use crate::sys::Medium;

use super::inspect::{Inspected, judge, other_venue};
use super::partitioned::PartitionedStore;
use super::parts::ReadFile;
use super::{StorageError, Stored};

/// A file of a series, as it was read.
#[derive(Debug)]
pub struct HeldFile {
    read: ReadFile,
    /// How many rows it has, and the stamps of the first and the last one; `None` of a file that has none, is damaged or is none
    /// of the series.
    pub holds: Option<(u64, (i64, i64))>,
}

impl HeldFile {
    /// Reads the files of one state of a series, in time order, and says what is misplaced beside them.
    ///
    /// # Errors
    /// When a file cannot be read, or something else stands at the place of one.
    pub fn of(
        store: &PartitionedStore,
        request: &StorageRequest,
    ) -> Result<(Vec<Self>, Vec<PathBuf>), StorageError> {
        let read = |path: &Path| Ok((store.fs().read(path)?, Medium::Cache));
        let found = store.bytes_of(request, &|_| true, read)?;
        let hold = |read: ReadFile| {
            let holds = held(store, request, &read);
            Self { read, holds }
        };
        Ok((found.files.into_iter().map(hold).collect(), found.misplaced))
    }

    /// Returns the rows of some files of a series.
    ///
    /// # Errors
    /// When one of them is foreign or is refused.
    pub fn rows(
        store: &PartitionedStore,
        request: &StorageRequest,
        files: Vec<Self>,
    ) -> Result<Stored, StorageError> {
        let files = files.into_iter().map(|file| file.read).collect();
        let parts = store.judged(request, files, &ALL_TIMES)?;
        Ok(parts.joined(Profile::of(request.series.dataset())))
    }
}

/// Returns how many rows a file has, and between which stamps.
fn held(
    store: &PartitionedStore,
    request: &StorageRequest,
    (file, bytes, _): &ReadFile,
) -> Option<(u64, (i64, i64))> {
    let profile = Profile::of(request.series.dataset());
    let facts = codec::file_facts(bytes.as_deref()?, profile).ok()?;
    if other_venue(request, facts.provenance.source.as_ref()).is_some() {
        return None;
    }
    if facts.rows_digest.is_some() {
        return Some((facts.rows, facts.span?));
    }
    // What another program wrote says nothing of its rows that could be relied on.
    let within = (store.limit(), &ALL_TIMES);
    match judge(
        bytes.clone(),
        &file.path,
        profile,
        request,
        file.key,
        within,
    ) {
        Ok(Inspected::Whole { decoded, .. }) => {
            let rows = &decoded.ordered.frame;
            Some((rows.len() as u64, rows.span()?))
        }
        _ => None,
    }
}
