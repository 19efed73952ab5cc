//! The files of a series of which the tree has nothing, as they would be.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use rayon::prelude::*;

use crate::codec::{self, Facts};
use crate::frame::Frame;
use crate::ledger::{FileState, SeriesRecord};
use crate::model::{Digest, PartitionKey};
use crate::sys::Rights;

use super::StorageError;

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
    /// Encodes the files of the series that will stand in `dir`, each at the place that `file_of` gives.
    pub(super) fn encode(
        dir: PathBuf,
        rows: &Frame,
        facts: &Facts,
        file_of: impl Fn(PartitionKey) -> PathBuf + Sync,
    ) -> Result<Self, StorageError> {
        let parts = rows.split();
        let encode = |(key, rows): (&PartitionKey, &Frame)| {
            let path = file_of(*key);
            match codec::encode(rows, facts) {
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
        Ok(Self {
            dir,
            files,
            record,
            origin: None,
        })
    }

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
}
