//! One file's new contents: what is there, merged with newer rows, encoded.
//!
//! Promises: nothing is written here; a file whose rows stay the same has no new contents, and one that would lose columns
//! or facts is refused. Leaves to others: making the contents visible (`commit`).

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::codec::{self, Compression, Decoded, Facts, MemoryLimit};
use crate::frame::{Frame, Merged, Profile};
use crate::model::{PartitionKey, PriceBasis, Provenance, StorageRequest, TimeUnit};
use crate::sys::Fs;

use super::inspect::{Damage, Inspected, inspect};
use super::tree::{basis_of, combine};
use super::{Prepared, PreparedFile, RowCounts, StorageError};

/// Which file is to take in newer rows, and what holds for it.
#[derive(Clone, Debug)]
pub(super) struct FileJob<'r> {
    pub(super) request: &'r StorageRequest,
    pub(super) key: PartitionKey,
    pub(super) path: PathBuf,
    /// What the newer rows say of themselves.
    pub(super) provenance: &'r Provenance,
    pub(super) unit: TimeUnit,
    /// The basis of the tree; `None` where each file stands for itself.
    pub(super) tree_basis: Option<PriceBasis>,
    pub(super) compression: Compression,
    pub(super) row_group_rows: Option<NonZeroUsize>,
    /// How much memory the stored file may take.
    pub(super) limit: MemoryLimit,
}

/// What would become of one file.
#[derive(Debug)]
pub(super) struct FileOutcome {
    file: Option<PreparedFile>,
    damage: Option<Damage>,
    merged: Merged,
}

impl FileOutcome {
    fn written(file: PreparedFile, merged: Merged) -> Self {
        Self {
            file: Some(file),
            damage: None,
            merged,
        }
    }
}

/// Merges `newer` into the file of `job`. A file whose rows stay the same is not written.
pub(super) fn prepare_file(
    fs: &dyn Fs,
    job: FileJob<'_>,
    newer: &Frame,
) -> Result<FileOutcome, StorageError> {
    let profile = Profile::of(job.request.series.dataset());
    let found = inspect(fs, &job.path, profile, job.request, job.key, job.limit)?;
    let old = found.digest();
    let fresh = || Frame::empty(profile).merge(newer);
    match found {
        Inspected::Absent => {
            let merged = fresh();
            let file = encode(&job, None, &merged)?;
            Ok(FileOutcome::written(file, merged))
        }
        Inspected::Whole { decoded, bytes } => {
            let merged = decoded.proven.frame.merge(newer);
            if !merged.is_changed() {
                return Ok(FileOutcome {
                    file: None,
                    damage: None,
                    merged,
                });
            }
            refuse_unknown(&job, &decoded.unknown_columns)?;
            let mut file = encode(&job, Some(&decoded), &merged)?;
            file.old = old;
            file.beyond = lost(&decoded);
            file.replaced = Some(bytes);
            Ok(FileOutcome::written(file, merged))
        }
        Inspected::Damaged { reason, bytes } => {
            // The damaged file is put away before the commit, so the new one replaces nothing.
            let merged = fresh();
            let file = encode(&job, None, &merged)?;
            let damage = Damage {
                path: job.path,
                request: job.request.clone(),
                partition: job.key,
                reason,
                bytes,
            };
            Ok(FileOutcome {
                damage: Some(damage),
                ..FileOutcome::written(file, merged)
            })
        }
    }
}

/// Says what of a file another writer made has no place in a new one.
fn lost(decoded: &Decoded) -> Option<String> {
    let displaced = match decoded.proven.displaced.len() {
        0 => None,
        1 => Some("1 undated or duplicate row has no place in the new file".to_owned()),
        rows => Some(format!(
            "{rows} undated or duplicate rows have no place in the new file"
        )),
    };
    let inexact = match decoded.inexact {
        0 => None,
        count => Some(format!(
            "{count} numbers are rounded or left out in the new file"
        )),
    };
    let indexes = decoded.odd_indexes.iter();
    let indexes = indexes.map(|name| format!("the index {name} is left out in the new file"));
    let all: Vec<String> = displaced
        .into_iter()
        .chain(inexact)
        .chain(indexes)
        .collect();
    (!all.is_empty()).then(|| all.join("; "))
}

fn encode(
    job: &FileJob<'_>,
    stored: Option<&Decoded>,
    merged: &Merged,
) -> Result<PreparedFile, StorageError> {
    let own_basis =
        stored.map(|file| basis_of(&file.provenance, file.is_sealed, job.request.venue.as_ref()));
    // What a file says of its own rows goes before what another file of the tree says.
    let basis = own_basis.or(job.tree_basis);
    let provenance = combine(
        &job.path,
        stored.map(|file| &file.provenance),
        basis,
        job.provenance,
    )?;
    let facts = Facts {
        unit: job.unit,
        provenance,
        compression: job.compression,
        row_group_rows: job.row_group_rows,
    };
    let encoded = codec::encode(&merged.frame, &facts).map_err(|source| StorageError::Encode {
        path: job.path.clone(),
        source,
    })?;
    Ok(PreparedFile {
        target: job.path.clone(),
        partition: job.key,
        old: None,
        new: encoded.digest,
        bytes: encoded.bytes,
        replaced: None,
        beyond: None,
    })
}

fn refuse_unknown(job: &FileJob<'_>, unknown: &[String]) -> Result<(), StorageError> {
    match unknown {
        [] => Ok(()),
        names => Err(StorageError::Refused {
            path: job.path.clone(),
            reason: format!("rewriting it would lose its columns {}", names.join(", ")),
        }),
    }
}

impl Prepared {
    /// Returns a merge that writes nothing.
    pub fn nothing(request: StorageRequest) -> Self {
        Self {
            request,
            files: Vec::new(),
            damaged: Vec::new(),
            misplaced: Vec::new(),
            rows: RowCounts::default(),
            revisions: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, outcome: FileOutcome) {
        let FileOutcome {
            file,
            damage,
            merged,
        } = outcome;
        self.files.extend(file);
        self.damaged.extend(damage);
        self.rows += RowCounts {
            added: merged.added,
            changed: merged.changed,
            unchanged: merged.unchanged,
        };
        self.revisions.extend(merged.revisions);
    }
}
