//! Numbered files of sealed lines: how the journals of a migration are kept.
//!
//! Promises: append-only. Each batch is a file of its own, sealed by its checksum, durable before the next step begins, and
//! never changed afterwards; one that is missing or damaged is refused.
//! Leaves to others: what the lines say (`proofs`, `adoptions`).

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{MigrateError, Mover, Sides};
use crate::model::sealed;
use crate::sys::atomic::{TempNames, create_dirs, replace};
use crate::sys::{Fs, Kind};

const SUFFIX: &str = ".jsonl";

/// The folder of a journal, and the number of its next batch.
#[derive(Debug)]
pub(super) struct Batches {
    dir: PathBuf,
    next: u32,
}

impl Batches {
    /// Reads every line of the journal in a folder, each with its file; an absent journal is empty.
    ///
    /// # Errors
    /// When a batch cannot be read, is missing, or is not what was written.
    pub(super) fn load<R: DeserializeOwned>(
        fs: &dyn Fs,
        dir: PathBuf,
    ) -> Result<(Self, Vec<(R, PathBuf)>), MigrateError> {
        let mut batches = Self { dir, next: 1 };
        let mut all = Vec::new();
        for entry in fs.list(&batches.dir)?.unwrap_or_default() {
            // Names have eight digits, so that the order of names is that of the batches.
            let number = entry
                .name
                .strip_suffix(SUFFIX)
                .and_then(|stem| stem.parse::<u32>().ok());
            let (Kind::File, Some(number)) = (entry.kind, number) else {
                continue;
            };
            if number != batches.next {
                return Err(MigrateError::Record {
                    path: batches.path(),
                    reason: "it is missing".to_owned(),
                });
            }
            let path = batches.dir.join(&entry.name);
            let bytes = fs.read(&path)?.unwrap_or_default();
            for record in records(&path, &bytes)? {
                all.push((record, path.clone()));
            }
            batches.next = number.saturating_add(1);
        }
        Ok((batches, all))
    }

    /// Writes a batch down and returns its file. When this returns `Ok`, it survives power loss.
    ///
    /// # Errors
    /// When the lock was lost or the disk refuses; nothing of the batch counts then.
    pub(super) fn append<R: Serialize>(
        &mut self,
        mover: Mover<'_>,
        records: &[R],
    ) -> Result<PathBuf, MigrateError> {
        let (Sides { fs, places, .. }, run) = (mover.sides, mover.runs.next());
        mover.held.confirm()?;
        create_dirs(fs, &places.root, &self.dir)?;
        let path = self.path();
        let mut body = Vec::new();
        for record in records {
            if !body.is_empty() {
                body.push(b'\n');
            }
            body.extend(serde_json::to_vec(record).unwrap_or_default());
        }
        self.next += 1;
        replace(fs, &TempNames::of(run), &path, &sealed::seal(body))?;
        Ok(path)
    }

    fn path(&self) -> PathBuf {
        self.dir.join(format!("{:08}{SUFFIX}", self.next))
    }
}

/// Reads the lines of a batch.
fn records<R: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<Vec<R>, MigrateError> {
    let damaged = |reason: String| MigrateError::Record {
        path: path.to_owned(),
        reason,
    };
    let body = sealed::unseal(bytes).map_err(|reason| damaged(reason.to_owned()))?;
    body.split(|byte| *byte == b'\n')
        .map(|line| serde_json::from_slice(line).map_err(|error| damaged(error.to_string())))
        .collect()
}
