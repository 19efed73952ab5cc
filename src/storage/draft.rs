//! The files of a series of which the tree has nothing, as they would be.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use rayon::prelude::*;

use crate::codec::{self, Facts};
use crate::frame::Frame;
use crate::model::{PartitionKey, Provenance, StorageRequest};

use super::StorageError;
use super::partitioned::PartitionedStore;
use super::tree::{combine, compression_for};

/// The files of a series of which the tree has nothing, in memory. Nobody has compared them with the rows they were made
/// from yet, so they can be built in staging and nowhere else.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where the series will stand.
    pub dir: PathBuf,
    /// Its files: where each will stand, and its bytes.
    pub(super) files: Vec<(PathBuf, Bytes)>,
}

impl Draft {
    /// Returns where each file will stand, and its length.
    pub fn files(&self) -> impl Iterator<Item = (&Path, u64)> {
        let files = self.files.iter();
        files.map(|(path, bytes)| (path.as_path(), bytes.len() as u64))
    }
}

impl PartitionedStore {
    /// Builds the files of a series of which nothing is there, not even its directory; `None` when there is something.
    ///
    /// # Errors
    /// When the request has no venue, the disk cannot be asked, or rows cannot be encoded or stand on another basis than
    /// the tree.
    pub fn draft(
        &self,
        request: &StorageRequest,
        rows: &Frame,
        provenance: &Provenance,
    ) -> Result<Option<Draft>, StorageError> {
        let series = request.partitioned()?;
        for dir in self.series_dirs(series)? {
            if self.fs.metadata(&dir)?.is_some() {
                return Ok(None);
            }
        }
        let (dir, tree) = (self.paths.series_dir(series), self.paths.tree_of(series));
        let dataset = request.series.dataset();
        let known = self
            .trees
            .facts(&*self.fs, &tree, dataset, request.venue.as_ref())?;
        let facts = Facts {
            unit: known.unit,
            provenance: combine(&tree, None, known.basis, provenance)?,
            compression: compression_for(request, self.compression),
            row_group_rows: self.row_group_rows,
        };
        let parts = rows.split();
        let encode = |(key, rows): (&PartitionKey, &Frame)| {
            let path = self.paths.file_in(&dir, dataset, *key);
            match codec::encode_unproven(rows, &facts) {
                Ok(bytes) => Ok((path, bytes)),
                Err(source) => Err(StorageError::Encode { path, source }),
            }
        };
        let files: Result<Vec<(PathBuf, Bytes)>, StorageError> =
            parts.par_iter().map(encode).collect();
        Ok(Some(Draft { files: files?, dir }))
    }
}
