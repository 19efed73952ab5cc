//! How far a series reaches on disk, without reading its rows.
//!
//! Promises: looking for the newest file costs what looking for any file costs; the newest row is taken from the end of
//! that file, and only a file whose footer does not say it is read whole. What is damaged or foreign has no answer, and
//! is judged by whoever reads it.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::codec::{self, CodecError, MemoryLimit};
use crate::frame::Profile;
use crate::layout::{Level, is_parquet, is_passed_over};
use crate::model::{PartitionKey, StorageRequest, time};
use crate::sys::{Fs, Kind};

use super::StorageError;
use super::inspect::{Inspected, inspect};

/// Bytes that hold the footer of nearly every file.
pub(super) const FOOTER: u64 = 64 << 10;

/// The file with the newest rows of a series; two where a month and days of it do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewestFile {
    paths: Vec<PathBuf>,
    /// Its partition.
    pub partition: Option<PartitionKey>,
    /// Its length, by which another file in its place is told from it.
    pub bytes: u64,
}

impl NewestFile {
    /// Returns its files.
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Returns the day of the newest row; `None` when the file does not say.
    pub(super) fn newest_day(
        &self,
        fs: &dyn Fs,
        request: &StorageRequest,
        limit: MemoryLimit,
    ) -> Result<Option<NaiveDate>, StorageError> {
        let mut newest = None;
        for path in &self.paths {
            newest = newest.max(newest_in(fs, path, request, limit)?);
        }
        Ok(newest.map(time::day))
    }

    pub(super) fn add(&mut self, path: PathBuf, partition: PartitionKey, bytes: u64) {
        self.paths.push(path);
        self.partition = self.partition.max(Some(partition));
        self.bytes += bytes;
    }

    /// Takes over what another folder of the series has, which counts where both have the same partition.
    pub(super) fn and_of(&mut self, folder: Self) {
        if folder.partition == self.partition {
            *self = folder;
            return;
        }
        self.paths.extend(folder.paths);
        self.partition = self.partition.max(folder.partition);
        self.bytes += folder.bytes;
    }

    /// Tells whether rows of a day would be in it.
    pub fn is_of(&self, day: NaiveDate) -> bool {
        let days = self.partition.and_then(PartitionKey::days);
        days.is_none_or(|(first, last)| (first..=last).contains(&day))
    }
}

/// Tells whether a file says at its end that its columns are those of an older form.
pub(super) fn ends_in_older_form(
    fs: &dyn Fs,
    path: &Path,
    profile: &'static Profile,
) -> Result<bool, StorageError> {
    for most in [FOOTER, u64::MAX] {
        let Some(end) = fs.read_end(path, most)? else {
            return Ok(false);
        };
        match codec::file_facts(&end, profile) {
            Ok(facts) => return Ok(facts.is_older_form),
            Err(CodecError::Damaged { .. }) if end.len() as u64 == most => {}
            Err(_) => return Ok(false),
        }
    }
    Ok(false)
}

/// Returns the stamp of the newest row of a file, as far as it can be told without judging the file.
fn newest_in(
    fs: &dyn Fs,
    path: &Path,
    request: &StorageRequest,
    limit: MemoryLimit,
) -> Result<Option<i64>, StorageError> {
    let profile = Profile::of(request.series.dataset());
    let Some(end) = fs.read_end(path, FOOTER)? else {
        return Ok(None);
    };
    if let Some(stamp) = codec::newest_stamp(&end, profile) {
        return Ok(Some(stamp));
    }
    let whole = PartitionKey::Whole;
    Ok(match inspect(fs, path, profile, request, whole, limit) {
        Ok(Inspected::Whole { decoded, .. }) => {
            decoded.ordered.frame.span().map(|(_, newest)| newest)
        }
        Ok(Inspected::Absent | Inspected::Damaged { .. })
        | Err(StorageError::Refused { .. } | StorageError::Foreign { .. }) => None,
        Err(error) => return Err(error),
    })
}

/// Adds the file below a folder that comes last in time, and tells whether there is one: the names of a tree are in that
/// order. A month that lies in a file and in folders of days has all of them.
pub(super) fn newest_below(
    fs: &dyn Fs,
    dir: &Path,
    level: Level,
    newest: &mut NewestFile,
) -> Result<bool, StorageError> {
    let mut is_found = false;
    for entry in fs.list(dir)?.unwrap_or_default().into_iter().rev() {
        let path = dir.join(&entry.name);
        let partition = level.partition_at(&entry.name);
        match (entry.kind, level.enter(&entry.name), partition) {
            (Kind::Dir, Some(next), _) => is_found |= newest_below(fs, &path, next, newest)?,
            (Kind::File, _, Some(partition)) => {
                if let Some(meta) = fs.metadata(&path)? {
                    newest.add(path, partition, meta.len);
                    is_found = true;
                }
            }
            _ => {}
        }
        if is_found && level.partition().is_none() {
            break;
        }
    }
    Ok(is_found)
}

/// Tells whether a file lies anywhere below a folder. One bad folder does not hide what lies beside it.
pub(super) fn holds_file(fs: &dyn Fs, dir: &Path) -> Result<bool, StorageError> {
    let mut unreadable = None;
    for entry in fs.list(dir)?.unwrap_or_default() {
        let found = match entry.kind {
            _ if is_hidden(&entry.name) => Ok(false),
            Kind::Dir => holds_file(fs, &dir.join(&entry.name)),
            Kind::File => Ok(is_parquet(&entry.name)),
            // Nobody follows it, and what it leads to is there all the same: each series says so by name.
            Kind::Link => Ok(fs
                .list(&dir.join(&entry.name))?
                .is_some_and(|behind| !behind.is_empty())),
            Kind::Other => Ok(false),
        };
        match found {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => unreadable = Some(error),
        }
    }
    unreadable.map_or(Ok(false), Err)
}

/// Tells whether a name is none of a series: temporary files, staging, what macOS leaves, and the folder of a fresh disk
/// that only root may look into.
fn is_hidden(name: &str) -> bool {
    is_passed_over(name) || name == "lost+found"
}
