//! Reading the months of a series: joined, or one by one, and past what memory holds of them.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, RangeInclusive};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::codec::{ALL_TIMES, Decoded};
use crate::frame::{self, Frame, Profile};
use crate::layout::parse_partition_folder;
use crate::model::{PartitionKey, Provenance, StorageRequest};
use crate::sys::atomic::parent;
use crate::sys::{FsResult, Medium, Rights, rights_of};

use super::StorageError;
use super::beyond::{Beyond, beyond};
use super::clocks::{OtherClock, other_clocks};
use super::folders::PartitionFile;
use super::inspect::{Damage, Inspected, Stored, claimed_rows, judge};
use super::moment::{Lying, MOST_TRIES, Moment, lying};
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
    /// Those whose rows are on another clock than the newest ones.
    other_clocks: Vec<OtherClock>,
    /// Parquet files beside them that are no partition.
    misplaced: Vec<PathBuf>,
    /// From when on all that was read.
    since: Option<Moment>,
}

/// A file, and what was read of it.
pub(super) type ReadFile = (PartitionFile, Option<Vec<u8>>, Medium);

/// What was read of one state of a series.
#[derive(Debug)]
pub(super) struct OneState {
    /// Its files, in time order.
    pub(super) files: Vec<ReadFile>,
    /// Parquet files beside them that are no partition.
    pub(super) misplaced: Vec<PathBuf>,
    /// From when on all that was read.
    since: Option<Moment>,
}

/// Reads files side by side, in their order.
fn all_read(
    files: Vec<PartitionFile>,
    read: impl Fn(&PartitionFile) -> FsResult<(Option<Vec<u8>>, Medium)> + Sync,
) -> FsResult<Vec<ReadFile>> {
    let read = |file: PartitionFile| {
        let (bytes, medium) = read(&file)?;
        Ok((file, bytes, medium))
    };
    files.into_par_iter().map(read).collect()
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
            other_clocks: self.other_clocks,
            misplaced: self.misplaced,
            since: self.since,
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
        let read = self.bytes_of(request, is_wanted, read)?;
        if read.files.is_empty() {
            return Ok(None);
        }
        let mut parts = self.judged(request, read.files, &ALL_TIMES)?;
        (parts.misplaced, parts.since) = (read.misplaced, read.since);
        Ok(Some(parts))
    }

    /// Reads the bytes of the wanted files of a series, all of one state of it.
    ///
    /// # Errors
    /// When the folders cannot be looked at or a file cannot be read, and `Unsteady` when the series changed each time.
    pub(super) fn bytes_of(
        &self,
        request: &StorageRequest,
        is_wanted: &dyn Fn(PartitionKey) -> bool,
        read: impl Fn(&Path) -> FsResult<(Option<Vec<u8>>, Medium)> + Sync,
    ) -> Result<OneState, StorageError> {
        for _ in 0..MOST_TRIES {
            let Some(commits) = self.commits() else {
                let (files, misplaced) = self.wanted(request, is_wanted, None)?;
                let files = all_read(files, |file| read(&file.path))?;
                return Ok(OneState {
                    files,
                    misplaced,
                    since: None,
                });
            };
            let mut moment = commits.moment(request)?;
            let (files, misplaced) = self.wanted(request, is_wanted, Some(&moment))?;
            moment.files = lying(self.fs(), files.iter().map(|file| &file.path))?;
            let files = all_read(files, |file| {
                // What is not in staging any more was moved to its place.
                let staged = moment.staged(&file.path).map(&read).transpose()?;
                staged
                    .filter(|(bytes, _)| bytes.is_some())
                    .map_or_else(|| read(&file.path), Ok)
            })?;
            let look_again = || self.lying(request, is_wanted, &moment);
            if commits.lasts(request, &moment, look_again)? {
                return Ok(OneState {
                    files,
                    misplaced,
                    since: Some(moment),
                });
            }
        }
        Err(StorageError::Unsteady {
            request: Box::new(request.clone()),
            tries: MOST_TRIES,
        })
    }

    /// Looks at the files of a series, of which some may be on their way since a moment.
    pub(super) fn lying_now(
        &self,
        request: &StorageRequest,
        moment: &Moment,
    ) -> Result<Lying, StorageError> {
        self.lying(request, &|_| true, moment)
    }

    fn lying(
        &self,
        request: &StorageRequest,
        is_wanted: &dyn Fn(PartitionKey) -> bool,
        moment: &Moment,
    ) -> Result<Lying, StorageError> {
        let (files, _) = self.wanted(request, is_wanted, Some(moment))?;
        lying(self.fs(), files.iter().map(|file| &file.path))
    }

    /// Returns the wanted files of a series, those among them that are still on their way, and what is misplaced beside them.
    fn wanted(
        &self,
        request: &StorageRequest,
        is_wanted: &dyn Fn(PartitionKey) -> bool,
        moment: Option<&Moment>,
    ) -> Result<(Vec<PartitionFile>, Vec<PathBuf>), StorageError> {
        let mut folders = self.folders().look(request.partitioned()?)?.known()?;
        let unmoved = moment.into_iter().flat_map(Moment::unmoved);
        folders.add(unmoved.filter_map(|path| {
            let folder = parent(path.strip_prefix(self.root()).ok()?);
            let parsed = parse_partition_folder(folder)?;
            (parsed.request == *request).then(|| PartitionFile {
                key: parsed.partition,
                path: path.to_owned(),
            })
        }));
        folders.files.retain(|file| is_wanted(file.key));
        Ok((folders.files, folders.misplaced))
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
            let parts = all_read(vec![file], |file| read(&file.path))
                .map_err(StorageError::from)
                .and_then(|read| self.judged(request, read, &ALL_TIMES));
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
        let read = all_read(files, |file| read(&file.path))?;
        let mut parts = self.judged(request, read, span)?;
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

    /// Judges what was read of files of a series, of which the rows of a span are wanted.
    pub(super) fn judged(
        &self,
        request: &StorageRequest,
        files: Vec<ReadFile>,
        span: &RangeInclusive<i64>,
    ) -> Result<Parts, StorageError> {
        let profile = Profile::of(request.series.dataset());
        let count = files.len();
        let look = |(file, bytes, medium): ReadFile| {
            let within = (self.limit(), span);
            let found = judge(bytes, &file.path, profile, request, file.key, within)?;
            Ok((file, found, medium))
        };
        let inspected: Result<Vec<(PartitionFile, Inspected, Medium)>, StorageError> =
            files.into_par_iter().map(look).collect();
        let mut parts = Parts {
            frames: Vec::with_capacity(count),
            paths: Vec::with_capacity(count),
            medium: Medium::Disk,
            provenance: Provenance::default(),
            displaced: 0,
            beyond: Vec::new(),
            damaged: Vec::new(),
            other_clocks: Vec::new(),
            misplaced: Vec::new(),
            since: None,
        };
        let mut zones = Vec::with_capacity(count);
        for (file, found, medium) in inspected? {
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
                    zones.push(decoded.provenance.timezone.clone());
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
        let files = parts.paths.iter().zip(&zones).zip(&parts.frames);
        let files = files.map(|(((path, _), zone), rows)| (path.as_path(), zone, rows));
        parts.other_clocks = other_clocks(files);
        Ok(parts)
    }
}
