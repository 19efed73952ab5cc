//! Reading the months of a series: joined, or one by one, and past what memory holds of them.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::codec::{ALL_TIMES, Decoded};
use crate::frame::{self, Frame, Profile};
use crate::model::{PartitionKey, Provenance, StorageRequest};
use crate::sys::{FsResult, Medium, Rights, rights_of};

use super::StorageError;
use super::beyond::{Beyond, beyond};
use super::folders::{Folders, PartitionFile};
use super::inspect::{Damage, Inspected, Stored, claimed_rows, judge};
use super::partitioned::PartitionedStore;

/// What was read of a series, file by file.
#[derive(Debug)]
pub(super) struct Parts {
    /// The rows of each file that verifies, in time order.
    frames: Vec<Frame>,
    /// These files, and whether barkeep wrote each.
    paths: Vec<(PathBuf, bool)>,
    /// Whether every file came from the disk rather than from memory.
    medium: Medium,
    /// Zone, price basis and origin of the newest file.
    provenance: Provenance,
    /// How many rows of other writers' files have no place.
    displaced: usize,
    /// Files that say more than their rows do.
    beyond: Vec<Beyond>,
    /// Files that do not verify or decode.
    damaged: Vec<Damage>,
    /// Parquet files beside them that are no partition.
    misplaced: Vec<PathBuf>,
}

impl Parts {
    /// Refuses rows that are no series with those of the files before: of two files the one that another program wrote.
    fn refuse_other_rows(&self, path: &Path, decoded: &Decoded) -> Result<(), StorageError> {
        let rows = &decoded.ordered.frame;
        let mut before = self.frames.iter().zip(&self.paths);
        let Some((others, (other, is_sealed))) = before.find(|(frame, _)| !frame.joins(rows))
        else {
            return Ok(());
        };
        let (rows, others) = (rows.profile().name, others.profile().name);
        let (path, holds, rest) = if decoded.is_sealed && !is_sealed {
            (other.as_path(), others, rows)
        } else {
            (path, rows, others)
        };
        Err(StorageError::Refused {
            path: path.to_owned(),
            reason: format!("it holds {holds}, and other files of its series {rest}"),
        })
    }

    /// Joins the files.
    pub(super) fn joined(mut self, profile: &'static Profile) -> Stored {
        let frame = match Frame::concat(profile, self.frames) {
            Ok(frame) => frame,
            // Files of another layout overlap with the months: they are older, so the month's rows win.
            Err(overlapping) => {
                let mut all = Frame::empty(profile);
                for (part, (path, _)) in overlapping.into_iter().zip(self.paths) {
                    let merged = frame::merge(&all, &part).frame;
                    let yielding = frame::yielding(&all, &merged) + frame::yielding(&part, &merged);
                    if yielding > 0 {
                        let reason = format!(
                            "of {yielding} rows another file of the series has other values"
                        );
                        self.beyond.push(Beyond { path, reason });
                    }
                    all = merged;
                }
                all
            }
        };
        Stored {
            frame,
            provenance: self.provenance,
            displaced: self.displaced,
            beyond: self.beyond,
            damaged: self.damaged,
            misplaced: self.misplaced,
        }
    }
}

impl PartitionedStore {
    /// Reads a series after dropping what memory holds of its files, and tells whether every one came from the disk.
    ///
    /// # Errors
    /// As `read`.
    pub fn read_from_medium(
        &self,
        request: &StorageRequest,
    ) -> Result<Option<(Stored, Medium)>, StorageError> {
        let read = |path: &Path| {
            let found = self.fs().read_from_medium(path)?;
            let medium = found.as_ref().map_or(Medium::Disk, |(_, medium)| *medium);
            Ok((found.map(|(bytes, _)| bytes), medium))
        };
        let parts = self.read_by(request, &|_| true, read)?;
        Ok(parts.map(|parts| {
            let medium = parts.medium;
            (parts.joined(Profile::of(request.series.dataset())), medium)
        }))
    }

    /// Returns how many rows the files of a series claim to have; `None` when one of them is damaged.
    ///
    /// # Errors
    /// When the request has no venue or a file cannot be read.
    pub fn claimed_rows(&self, request: &StorageRequest) -> Result<Option<u64>, StorageError> {
        let files = self.folders().look(request.partitioned()?)?.known()?.files;
        let rows = files
            .par_iter()
            .map(|file| claimed_rows(self.fs(), &file.path));
        let rows: Vec<Option<u64>> = rows.collect::<Result<_, StorageError>>()?;
        Ok(rows.into_iter().sum())
    }

    /// Reads some partitions of a series; `None` when none of them is there. No other file is opened.
    ///
    /// # Errors
    /// As `read`.
    pub fn read_some(
        &self,
        request: &StorageRequest,
        is_wanted: &dyn Fn(PartitionKey) -> bool,
    ) -> Result<Option<Stored>, StorageError> {
        let read = |path: &Path| Ok((self.fs().read(path)?, Medium::Cache));
        let parts = self.read_by(request, is_wanted, read)?;
        Ok(parts.map(|parts| parts.joined(Profile::of(request.series.dataset()))))
    }

    /// Reads the wanted files of a series by `read`; `None` when there are none.
    pub(super) fn read_by(
        &self,
        request: &StorageRequest,
        is_wanted: &dyn Fn(PartitionKey) -> bool,
        read: impl Fn(&Path) -> FsResult<(Option<Vec<u8>>, Medium)> + Sync,
    ) -> Result<Option<Parts>, StorageError> {
        let Folders {
            mut files,
            misplaced,
            ..
        } = self.folders().look(request.partitioned()?)?.known()?;
        files.retain(|file| is_wanted(file.key));
        if files.is_empty() {
            return Ok(None);
        }
        let mut parts = self.read_files(request, files, read, &ALL_TIMES)?;
        parts.misplaced = misplaced;
        Ok(Some(parts))
    }

    /// Reads partitions of a series one after the other, in time order, until `each` breaks: no more than one is in memory. What
    /// is misplaced beside them comes along with the first.
    ///
    /// # Errors
    /// When the folders cannot be looked at, or what `each` returns.
    pub fn read_each<E: From<StorageError>>(
        &self,
        request: &StorageRequest,
        is_wanted: &dyn Fn(PartitionKey) -> bool,
        each: &mut dyn FnMut(
            PartitionKey,
            Result<Stored, StorageError>,
        ) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let series = request.partitioned().map_err(StorageError::from)?;
        let folders = self.folders().look(series)?.known()?;
        let mut misplaced = folders.misplaced;
        let profile = Profile::of(request.series.dataset());
        let read = |path: &Path| Ok((self.fs().read(path)?, Medium::Cache));
        for file in folders.files {
            let key = file.key;
            if !is_wanted(key) {
                continue;
            }
            let parts = self.read_files(request, vec![file], read, &ALL_TIMES);
            let stored = parts.map(|parts| Stored {
                misplaced: std::mem::take(&mut misplaced),
                ..parts.joined(profile)
            });
            if each(key, stored)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Reads those rows of some partitions of a series that lie in a span, as far as they are there, and says what their files
    /// grant; no other folder of it is looked into. There may be other rows among them (`codec::decode_span`).
    ///
    /// # Errors
    /// As `read`.
    pub fn read_partitions(
        &self,
        request: &StorageRequest,
        wanted: &BTreeSet<PartitionKey>,
        span: &RangeInclusive<i64>,
    ) -> Result<(Stored, Option<Rights>), StorageError> {
        let dataset = request.series.dataset();
        let dirs = self.folders().series_dirs(request.partitioned()?)?;
        let mut way = self.folders().way_into(dirs, dataset);
        let (mut files, mut rights) = (Vec::new(), None);
        for &key in wanted {
            let spot = way.spot_of(key)?;
            if spot.is_there {
                let path = spot.path;
                rights = Rights::of_both(rights, rights_of(self.fs(), &path)?);
                files.push(PartitionFile { key, path });
            }
        }
        let read = |path: &Path| Ok((self.fs().read(path)?, Medium::Cache));
        let mut parts = self.read_files(request, files, read, span)?;
        parts.misplaced = std::mem::take(&mut way.misplaced);
        Ok((parts.joined(Profile::of(dataset)), rights))
    }

    /// Reads some partitions of a series, as far as they are there; no other folder of it is looked into.
    ///
    /// # Errors
    /// As `read`.
    pub fn read_alone(
        &self,
        request: &StorageRequest,
        wanted: &BTreeSet<PartitionKey>,
    ) -> Result<Stored, StorageError> {
        Ok(self.read_partitions(request, wanted, &ALL_TIMES)?.0)
    }

    fn read_files(
        &self,
        request: &StorageRequest,
        files: Vec<PartitionFile>,
        read: impl Fn(&Path) -> FsResult<(Option<Vec<u8>>, Medium)> + Sync,
        span: &RangeInclusive<i64>,
    ) -> Result<Parts, StorageError> {
        let profile = Profile::of(request.series.dataset());
        let look = |file: &PartitionFile| {
            let (bytes, medium) = read(&file.path)?;
            let within = (self.limit(), span);
            let found = judge(bytes, &file.path, profile, request, file.key, within)?;
            Ok((found, medium))
        };
        let inspected: Result<Vec<(Inspected, Medium)>, StorageError> =
            files.par_iter().map(look).collect();
        let mut parts = Parts {
            frames: Vec::with_capacity(files.len()),
            paths: Vec::with_capacity(files.len()),
            medium: Medium::Disk,
            provenance: Provenance::default(),
            displaced: 0,
            beyond: Vec::new(),
            damaged: Vec::new(),
            misplaced: Vec::new(),
        };
        for (file, (found, medium)) in files.into_iter().zip(inspected?) {
            parts.medium = parts.medium.min(medium);
            match found {
                Inspected::Absent => {}
                Inspected::Whole { decoded, .. } => {
                    parts.refuse_other_rows(&file.path, &decoded)?;
                    parts.displaced += decoded.ordered.displaced.len();
                    let path = file.path.clone();
                    let more = beyond(&decoded).map(|reason| Beyond { path, reason });
                    parts.beyond.extend(more);
                    parts.paths.push((file.path, decoded.is_sealed));
                    parts.provenance = decoded.provenance;
                    parts.frames.push(decoded.ordered.frame);
                }
                Inspected::Damaged { reason, bytes } => parts.damaged.push(Damage {
                    path: file.path,
                    request: request.clone(),
                    partition: file.key,
                    reason,
                    bytes,
                }),
            }
        }
        Ok(parts)
    }
}
