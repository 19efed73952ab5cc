//! A series without some of its rows: what becomes of each file that holds one of them.
//!
//! Promises: nothing is written here. Each file that changes is kept whole, with the reason, before the group with its successor
//! is committed. A file that has no row left is a file without rows, which every reader takes, and is named, so that it can be
//! thrown away afterwards. Leaves to others: which rows (`check`), a person's word for it (`cli`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bytes::Bytes;

use crate::codec::Decoded;
use crate::frame::{self, Frame, Merged, Profile, RowChanges};
use crate::ledger::FileState;
use crate::model::{Digest, PartitionKey, StorageRequest, time};
use crate::sys::Fs;

use super::beyond::beyond;
use super::inspect::{Inspected, claimed_rows, inspect};
use super::prepare::{FileJob, encode, lost_columns};
use super::tree::refuse_other_rows;
use super::{Prepared, PreparedFile, StorageError, WayOut};

/// How many reasons are told of one file.
const MOST_REASONS: usize = 5;

/// Which rows are to be taken out, by their stamps, and why each.
pub type Unwanted = BTreeMap<i64, String>;

/// What taking rows out of a series would write. Nothing has been written yet.
#[derive(Debug)]
pub struct Without {
    /// The files that change.
    pub prepared: Prepared,
    /// The rows that go.
    pub removed: Frame,
    /// Files that have no row left, once the group is committed, and those that were left without one before.
    pub emptied: Vec<PathBuf>,
}

impl Without {
    pub(super) fn nothing(request: &StorageRequest) -> Self {
        Self {
            prepared: Prepared::nothing(request.clone()),
            removed: Frame::empty(Profile::of(request.series.dataset())),
            emptied: Vec::new(),
        }
    }

    /// Takes the rows out of one file, and merges newer ones into what is left.
    pub(super) fn take_from(
        &mut self,
        fs: &dyn Fs,
        job: FileJob<'_>,
        unwanted: &Unwanted,
        newer: Option<&Frame>,
    ) -> Result<(), StorageError> {
        let may_hold = may_hold(job.key, unwanted);
        if !job.is_there || (!may_hold && claimed_rows(fs, &job.path)? != Some(0)) {
            return Ok(());
        }
        let profile = Profile::of(job.request.series.dataset());
        let found = inspect(fs, &job.path, profile, job.request, job.key, job.limit)?;
        let (decoded, bytes) = match found {
            Inspected::Whole { decoded, bytes } => (decoded, bytes),
            Inspected::Damaged { reason, .. } if may_hold => {
                let path = job.path;
                return Err(StorageError::Refused { path, reason });
            }
            Inspected::Absent | Inspected::Damaged { .. } => return Ok(()),
        };
        let stored = &decoded.ordered.frame;
        if stored.is_empty() && decoded.is_sealed && decoded.ordered.displaced.is_empty() {
            self.emptied.push(job.path);
            return Ok(());
        }
        let removed = stored.at(|stamp| unwanted.contains_key(&stamp));
        if removed.is_empty() {
            return Ok(());
        }
        if let Some(reason) = lost_columns(&decoded.unknown_columns) {
            return Err(StorageError::Foreign {
                path: job.path,
                reason,
                way_out: WayOut::StoreAnew,
            });
        }
        let nothing = Frame::empty(profile);
        let newer = newer.unwrap_or(&nothing);
        refuse_other_rows(&job.path, stored, newer)?;
        let left = frame::without(stored, &removed);
        let left = frame::merge(&left, newer);
        let why = reason(&removed, unwanted);
        let file = file_without(&job, (&decoded, bytes), &left, (&removed, why))?;
        self.prepared.files.push(file);
        refuse_other_rows(&job.path, &removed, &self.removed)?;
        self.removed = frame::merge(&self.removed, &removed).frame;
        if left.frame.is_empty() {
            self.emptied.push(job.path);
        }
        Ok(())
    }

    /// Tells whether nothing would change.
    pub fn is_nothing(&self) -> bool {
        self.prepared.files.is_empty() && self.emptied.is_empty()
    }
}

/// Returns a file of which `left` stays, and with it what it was and why rows of it went.
fn file_without(
    job: &FileJob<'_>,
    (stored, bytes): (&Decoded, Bytes),
    left: &Merged,
    (removed, why): (&Frame, String),
) -> Result<PreparedFile, StorageError> {
    let changes = RowChanges::of_merge(left);
    let mut file = encode(job, Some(stored), &left.frame, changes)?;
    file.old = Some(Digest::of(&bytes));
    file.change.old = Some(FileState::new(stored.fingerprint(), bytes.len() as u64));
    file.change.rows.removed = Some((removed.clone(), why.clone()));
    let all = [Some(why), beyond(stored)].into_iter().flatten();
    file.beyond = Some(all.collect::<Vec<_>>().join("; "));
    file.replaced = Some(bytes);
    Ok(file)
}

/// Tells whether a partition may hold one of the rows.
fn may_hold(key: PartitionKey, unwanted: &Unwanted) -> bool {
    let is_within = |stamp: &i64| {
        let days = key.days();
        days.is_none_or(|(first, last)| (first..=last).contains(&time::day(*stamp)))
    };
    unwanted.keys().any(is_within)
}

/// Says why rows are taken out of a file, each reason once.
fn reason(removed: &Frame, unwanted: &Unwanted) -> String {
    let whys = removed.times().filter_map(|stamp| unwanted.get(&stamp));
    let whys: BTreeSet<&str> = whys.map(String::as_str).collect();
    let named: Vec<&str> = whys.iter().take(MOST_REASONS).copied().collect();
    let more = match whys.len().saturating_sub(MOST_REASONS) {
        0 => String::new(),
        more => format!("; and {more} more reasons"),
    };
    let bars = match removed.len() {
        1 => "1 row is taken out".to_owned(),
        many => format!("{many} rows are taken out"),
    };
    format!("{bars}: {}{more}", named.join("; "))
}
