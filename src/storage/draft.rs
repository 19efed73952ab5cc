//! The files of a series of which the tree has nothing, as they would be.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use rayon::prelude::*;

use crate::codec::{self, Facts};
use crate::frame::Frame;
use crate::ledger::{FileState, SeriesRecord};
use crate::model::{Digest, PartitionKey, Provenance, StorageRequest};
use crate::sys::Rights;

use super::StorageError;
use super::partitioned::PartitionedStore;
use super::tree::{Shape, combine, compression_for};

/// The files of a series of which the tree has nothing, in memory. Each was decoded again and compared with its rows.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where the series will stand.
    pub dir: PathBuf,
    /// Its files.
    pub(super) files: Vec<DraftFile>,
    /// What they will be, all together.
    pub(super) record: SeriesRecord,
    /// What the file grants that its rows come from.
    pub(super) origin: Option<Rights>,
}

/// One file of a draft.
#[derive(Clone, Debug)]
pub(super) struct DraftFile {
    /// Where it will stand.
    pub(super) path: PathBuf,
    pub(super) bytes: Bytes,
    /// SHA-256 of the whole file.
    pub(super) digest: Digest,
}

impl Draft {
    /// Returns the draft of rows that come from a file which grants `origin`.
    #[must_use]
    pub fn from_file(self, origin: Option<Rights>) -> Self {
        Self { origin, ..self }
    }

    /// Returns where each file will stand, and its length.
    pub fn files(&self) -> impl Iterator<Item = (&Path, u64)> {
        let files = self.files.iter();
        files.map(|file| (file.path.as_path(), file.bytes.len() as u64))
    }

    /// Returns how many rows its files hold.
    pub fn rows(&self) -> u64 {
        self.record.rows
    }
}

impl PartitionedStore {
    /// Tells whether nothing of a series is there, not even its directory.
    ///
    /// # Errors
    /// When the request has no venue, or the disk cannot be asked.
    pub fn is_vacant(&self, request: &StorageRequest) -> Result<bool, StorageError> {
        for dir in self.series_dirs(request.partitioned()?)? {
            if self.fs.metadata(&dir)?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Builds all files of a series, whatever is there of it.
    ///
    /// # Errors
    /// When the request has no venue, the disk cannot be asked, or rows cannot be encoded or stand on another basis than
    /// the tree.
    pub fn draft(
        &self,
        request: &StorageRequest,
        rows: &Frame,
        provenance: &Provenance,
    ) -> Result<Draft, StorageError> {
        let series = request.partitioned()?;
        let (dir, tree) = (self.paths.series_dir(series), self.paths.tree_of(series));
        let dataset = request.series.dataset();
        let venue = request.venue.as_ref();
        // What is to be replaced says nothing of the tree that the new files come into.
        let known = match self.fs.metadata(&dir)? {
            Some(_) => self.trees.facts_beside(
                &*self.fs,
                &tree,
                Shape::of(dataset),
                venue,
                &dir,
                self.limit,
            )?,
            None => self
                .trees
                .facts(&*self.fs, &tree, Shape::of(dataset), venue, self.limit)?,
        };
        let facts = Facts {
            unit: known.unit,
            provenance: combine(&tree, None, known.basis, provenance)?,
            compression: compression_for(request, self.compression),
            row_group_rows: self.row_group_rows,
        };
        let parts = rows.split();
        let encode = |(key, rows): (&PartitionKey, &Frame)| {
            let path = self.paths.file_in(&dir, dataset, *key);
            match codec::encode(rows, &facts) {
                Ok(encoded) => {
                    let state = FileState::new(encoded.fingerprint, encoded.bytes.len() as u64);
                    let file = DraftFile {
                        path,
                        bytes: encoded.bytes,
                        digest: encoded.digest,
                    };
                    Ok((file, (*key, state, rows.span())))
                }
                Err(source) => Err(StorageError::Encode { path, source }),
            }
        };
        let encoded: Result<Vec<_>, StorageError> = parts.par_iter().map(encode).collect();
        let (files, known): (Vec<DraftFile>, Vec<_>) = encoded?.into_iter().unzip();
        let mut record = SeriesRecord::nothing();
        for (key, state, span) in known {
            record.add(key, state, span, (facts.unit, facts.provenance.basis));
        }
        Ok(Draft {
            files,
            record,
            dir,
            origin: None,
        })
    }
}
