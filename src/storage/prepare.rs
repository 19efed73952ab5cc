//! One file's new contents: what is there, merged with newer rows, encoded.
//!
//! Promises: nothing is written here; a file whose rows stay the same has no new contents, and one that would lose columns
//! or facts is refused. Leaves to others: making the contents visible (`commit`).

use std::num::NonZeroUsize;
use std::path::PathBuf;

use bytes::Bytes;

use crate::codec::{self, Compression, Decoded, Facts, MemoryLimit};
use crate::frame::{self, Frame, Merged, Profile, RowChanges, basis};
use crate::ledger::{FileChange, FileState};
use crate::model::{
    Digest, Interval, PartitionKey, PriceBasis, Provenance, Series, StorageRequest, TimeUnit, time,
};
use crate::sys::{Fs, Rights};

use super::beyond::beyond;
use super::clocks::is_other_clock;
use super::inspect::{Damage, Inspected, inspect, inspect_own};
use super::tree::{Trees, combine, refuse_other_rows};
use super::{Prepared, PreparedFile, RowCounts, StorageError};

/// Which file is to take in newer rows, and what holds for it.
#[derive(Clone, Debug)]
pub(super) struct FileJob<'r> {
    pub(super) request: &'r StorageRequest,
    pub(super) key: PartitionKey,
    pub(super) path: PathBuf,
    /// Whether the file is there, a regular one: who knows the folder has seen it.
    pub(super) is_there: bool,
    /// What the newer rows say of themselves.
    pub(super) provenance: &'r Provenance,
    /// What says on which basis a stored file stands.
    pub(super) trees: &'r Trees,
    pub(super) unit: TimeUnit,
    /// The basis of the tree; `None` where each file stands for itself.
    pub(super) tree_basis: Option<PriceBasis>,
    /// The file that says so.
    pub(super) said_by: Option<PathBuf>,
    pub(super) compression: Compression,
    pub(super) row_group_rows: Option<NonZeroUsize>,
    /// How much memory the stored file may take.
    pub(super) limit: MemoryLimit,
    /// Whether a file is written though its rows stay the same: it has the columns of an older form.
    pub(super) is_renewed: bool,
}

/// What would become of one file.
#[derive(Debug)]
pub(super) struct FileOutcome {
    file: Option<PreparedFile>,
    damage: Option<Damage>,
    rows: RowCounts,
    off_border: usize,
}

impl FileOutcome {
    /// The file that rows make where none is, or none that can be read. They are many on a day of trades, and are not copied.
    fn fresh(job: &FileJob<'_>, newer: &Frame) -> Result<Self, StorageError> {
        Ok(Self {
            file: Some(encode(job, None, newer, RowChanges::of_new(newer))?),
            damage: None,
            rows: RowCounts {
                added: newer.len(),
                ..RowCounts::default()
            },
            off_border: 0,
        })
    }
}

/// Merges `newer` into the file of `job`. A file whose rows stay the same is not written.
pub(super) fn prepare_file(
    fs: &dyn Fs,
    job: FileJob<'_>,
    newer: &Frame,
) -> Result<FileOutcome, StorageError> {
    let profile = Profile::of(job.request.series.dataset());
    let found = match (job.is_there, job.is_renewed) {
        (false, _) => Inspected::Absent,
        // Its strays are stored where they belong.
        (true, true) => inspect_own(fs, &job.path, job.request, job.key, job.limit)?.0,
        (true, false) => inspect(fs, &job.path, profile, job.request, job.key, job.limit)?,
    };
    match found {
        Inspected::Absent => FileOutcome::fresh(&job, newer),
        Inspected::Whole { decoded, bytes } => prepare_merge(job, *decoded, bytes, newer),
        Inspected::Damaged { reason, bytes } => {
            // The damaged file is put away before the commit, so the new one replaces nothing.
            let outcome = FileOutcome::fresh(&job, newer)?;
            let damage = Damage {
                path: job.path,
                request: job.request.clone(),
                partition: job.key,
                reason,
                bytes,
            };
            Ok(FileOutcome {
                damage: Some(damage),
                ..outcome
            })
        }
    }
}

/// Merges `newer` into a stored file that can be read.
fn prepare_merge(
    job: FileJob<'_>,
    mut decoded: Decoded,
    bytes: Bytes,
    newer: &Frame,
) -> Result<FileOutcome, StorageError> {
    refuse_other_rows(&job.path, &decoded.ordered.frame, newer)?;
    let merged = frame::merge(&decoded.ordered.frame, newer);
    let rows = RowCounts {
        added: merged.added,
        changed: merged.changed,
        unchanged: merged.unchanged,
    };
    let is_relabelled = is_mislabelled(&decoded, newer, &merged, job.provenance);
    if is_relabelled {
        decoded
            .provenance
            .timezone
            .clone_from(&job.provenance.timezone);
    }
    if !merged.is_changed() && !is_relabelled && !job.is_renewed {
        return Ok(FileOutcome {
            file: None,
            damage: None,
            rows,
            off_border: 0,
        });
    }
    if let Some(reason) = lost_columns(&decoded.unknown_columns) {
        let path = job.path;
        return Err(StorageError::Refused { path, reason });
    }
    let changes = RowChanges::of_merge(&merged);
    let file = encode(&job, Some(&decoded), &merged.frame, changes)?;
    Ok(FileOutcome {
        file: Some(replacing(&job, file, &decoded, bytes)),
        damage: None,
        rows,
        off_border: off_border(job.request, &decoded.ordered.frame, newer),
    })
}

/// Returns a file with what is known of the one that it takes the place of.
fn replacing(
    job: &FileJob<'_>,
    mut file: PreparedFile,
    stored: &Decoded,
    bytes: Bytes,
) -> PreparedFile {
    let own_basis = job.trees.basis_of(stored, job.request.venue.as_ref());
    let older = (stored.unit, own_basis);
    // A file that is the whole series begins its record, too.
    let is_told = |facts: &_| job.key == PartitionKey::Whole || *facts != older;
    file.change.facts = file.change.facts.filter(is_told);
    file.change.old = Some(FileState::new(stored.fingerprint(), bytes.len() as u64));
    file.old = Some(Digest::of(&bytes));
    file.beyond = beyond(stored);
    file.replaced = Some(bytes);
    file
}

/// Tells whether a file names another zone than the clock that its rows show: each of them is one of the newer rows, to
/// the last digit, and these say what their clock is. A row that was not finished may have changed since.
fn is_mislabelled(
    stored: &Decoded,
    newer: &Frame,
    merged: &Merged,
    provenance: &Provenance,
) -> bool {
    const FEWEST_ROWS: usize = 3;
    let zones = stored.provenance.timezone.as_ref();
    let is_other = zones
        .zip(provenance.timezone.as_ref())
        .is_some_and(|(stored, newer)| is_other_clock(stored, newer));
    is_other
        && merged.frame.len() == newer.len()
        && merged.changed <= 1
        && merged.unchanged >= FEWEST_ROWS
        && stored.ordered.frame.len() == merged.changed + merged.unchanged
}

/// Counts the stored bars that begin on no border, where all newer ones do: they are of an older build.
fn off_border(request: &StorageRequest, stored: &Frame, newer: &Frame) -> usize {
    let Series::Bars { interval, .. } = &request.series else {
        return 0;
    };
    if *interval == Interval::D5 {
        return 0;
    }
    // No interval of less than a day has a period.
    let is_off = |stamp: &i64| {
        let period = interval.period(time::day(*stamp));
        period.is_some_and(|period| time::midnight(period.start) != Some(*stamp))
    };
    if newer.times().any(|stamp| is_off(&stamp)) {
        return 0;
    }
    stored.times().filter(is_off).count()
}

pub(super) fn encode(
    job: &FileJob<'_>,
    stored: Option<&Decoded>,
    rows: &Frame,
    changes: RowChanges,
) -> Result<PreparedFile, StorageError> {
    let own_basis = stored.map(|file| job.trees.basis_of(file, job.request.venue.as_ref()));
    // Who is refused by another file than the one that is written wants to know which.
    let said_by = job.said_by.as_ref().filter(|_| stored.is_none());
    let provenance = combine(
        said_by.unwrap_or(&job.path),
        stored.map(|file| &file.provenance),
        basis::settled(own_basis, job.tree_basis),
        job.provenance,
    )?;
    let facts = Facts {
        unit: job.unit,
        provenance,
        compression: job.compression,
        row_group_rows: job.row_group_rows,
    };
    let encoded = codec::encode(rows, &facts).map_err(|source| StorageError::Encode {
        path: job.path.clone(),
        source,
    })?;
    Ok(PreparedFile {
        target: job.path.clone(),
        partition: job.key,
        old: None,
        new: encoded.digest,
        change: FileChange {
            old: None,
            was: None,
            new: FileState::new(encoded.fingerprint, encoded.bytes.len() as u64),
            span: rows.key_span(),
            facts: Some((facts.unit, facts.provenance.basis)),
            rows: changes,
        },
        bytes: encoded.bytes,
        replaced: None,
        beyond: None,
    })
}

/// Says what a file loses that is written anew without its columns of others, if it has some.
pub(super) fn lost_columns(unknown: &[String]) -> Option<String> {
    let names = unknown.join(", ");
    (!unknown.is_empty()).then(|| format!("rewriting it would lose its columns {names}"))
}

impl Prepared {
    /// Returns a merge that writes nothing.
    pub fn nothing(request: StorageRequest) -> Self {
        Self {
            request,
            files: Vec::new(),
            damaged: Vec::new(),
            misplaced: Vec::new(),
            untidy: Vec::new(),
            rows: RowCounts::default(),
            factor: None,
            origin: None,
            is_new: false,
            off_border: 0,
        }
    }

    /// Returns the merge of rows that come from a file which grants `origin`.
    #[must_use]
    pub fn from_file(self, origin: Option<Rights>) -> Self {
        Self { origin, ..self }
    }

    pub(super) fn add(&mut self, outcome: FileOutcome) {
        let FileOutcome {
            file,
            damage,
            rows,
            off_border,
        } = outcome;
        self.off_border += off_border;
        self.files.extend(file);
        self.damaged.extend(damage);
        self.rows += rows;
    }
}
