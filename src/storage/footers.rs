//! What lies of a series and what its files say at their ends, without their rows.
//!
//! Promises: of a file that barkeep wrote only the end is read. A file of another writer says nothing of its rows that could
//! be compared, so it is read whole. What is damaged or foreign is in the answer, by name.
//! Leaves to others: what was recorded of the series (`ledger`), and whether the two agree (`inventory`).

use std::path::{Path, PathBuf};

use crate::codec::{self, CodecError, FileFacts};
use crate::frame::Profile;
use crate::model::{Fingerprint, PartitionKey, PriceBasis, StorageRequest, TimeUnit, Venue};
use crate::sys::Fs;

use super::inspect::{Inspected, inspect, other_venue};
use super::misplaced::refuse_odd;
use super::newest::FOOTER;
use super::tree::Trees;
use super::{Layout, NewestFile, StorageError, StorageInterface, Stores};

/// A file of a series, as it lies there.
#[derive(Clone, Debug)]
pub struct FoundFile {
    /// The file.
    pub path: PathBuf,
    /// The partition that it holds.
    pub partition: PartitionKey,
    /// Its length.
    pub bytes: u64,
    /// What it holds.
    pub holds: Result<FileContents, Flaw>,
}

impl FoundFile {
    /// Returns the venue that it names.
    fn source(&self) -> Option<&Venue> {
        self.holds.as_ref().ok()?.source.as_ref()
    }
}

/// What a file holds, as far as it says so itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileContents {
    /// Its rows.
    pub rows: Fingerprint,
    /// The stamps of its first and its last row.
    pub span: Option<(i64, i64)>,
    /// The unit of its timestamps.
    pub unit: TimeUnit,
    /// Which corporate actions its prices contain.
    pub basis: PriceBasis,
    /// What its rows are.
    pub profile: &'static Profile,
    /// The venue that it names.
    pub source: Option<Venue>,
}

/// Why nobody can say what a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Its bytes are not what was written.
    Damaged(String),
    /// It is whole, and not what this build can hold.
    Foreign(String),
    /// It is whole, and not what its place says.
    Misfiled(String),
}

/// What the files of a series are looked at with.
struct Look<'s> {
    fs: &'s dyn Fs,
    stores: &'s Stores,
    trees: &'s Trees,
    request: &'s StorageRequest,
    profile: &'static Profile,
}

impl Stores {
    /// Returns the files of a series in a layout, in time order; none when nothing is there.
    ///
    /// # Errors
    /// When the disk cannot be asked, or something else stands at the place of a file or a folder.
    pub fn files_of(
        &self,
        request: &StorageRequest,
        layout: Layout,
    ) -> Result<Vec<FoundFile>, StorageError> {
        let mut files: Vec<(PartitionKey, PathBuf)> = Vec::new();
        let trees = match layout {
            Layout::Partitioned => {
                let found = self
                    .partitioned
                    .folders()
                    .look(request.partitioned()?)?
                    .known()?;
                files.extend(found.files.into_iter().map(|file| (file.key, file.path)));
                self.partitioned.trees()
            }
            Layout::Legacy => {
                let newest = self.legacy.newest(request)?;
                for path in newest.iter().flat_map(NewestFile::paths) {
                    refuse_odd(self.fs(), path)?;
                    files.push((PartitionKey::Whole, path.clone()));
                }
                self.legacy.trees()
            }
        };
        let look = Look {
            fs: self.fs(),
            stores: self,
            trees,
            request,
            profile: Profile::of(request.series.dataset()),
        };
        let found = files.into_iter().map(|(key, path)| look.at(key, path));
        let found = found.filter_map(Result::transpose);
        let mut ours = Vec::new();
        for file in found {
            let mut file = file?;
            let named = file.source();
            let is_anothers = match layout {
                Layout::Partitioned => {
                    let refused = other_venue(request, named).map(Flaw::Misfiled);
                    file.holds = refused.map_or(file.holds, Err);
                    false
                }
                Layout::Legacy => {
                    let places = self.legacy.places();
                    places.is_anothers(request, &file.path, named)?
                }
            };
            if !is_anothers {
                ours.push(file);
            }
        }
        Ok(ours)
    }
}

impl Look<'_> {
    fn at(
        &self,
        partition: PartitionKey,
        path: PathBuf,
    ) -> Result<Option<FoundFile>, StorageError> {
        let Some(meta) = self.fs.metadata(&path)? else {
            return Ok(None);
        };
        let Some(facts) = facts_at(self.fs, &path, self.profile)? else {
            return Ok(None);
        };
        let holds = match facts {
            Ok(facts) => match facts.rows_digest {
                Some(digest) => Ok(FileContents {
                    rows: Fingerprint {
                        rows: facts.rows,
                        digest,
                    },
                    span: facts.span,
                    unit: facts.unit,
                    basis: facts.provenance.basis,
                    profile: facts.profile,
                    source: facts.provenance.source,
                }),
                None => self.whole(partition, &path)?,
            },
            Err(flaw) => Err(flaw),
        };
        Ok(Some(FoundFile {
            path,
            partition,
            bytes: meta.len,
            holds,
        }))
    }

    /// Reads a file of another writer.
    fn whole(
        &self,
        partition: PartitionKey,
        path: &Path,
    ) -> Result<Result<FileContents, Flaw>, StorageError> {
        let limit = self.stores.limit();
        let read = inspect(self.fs, path, self.profile, self.request, partition, limit);
        Ok(match read {
            Ok(Inspected::Whole { decoded, .. }) => Ok(FileContents {
                rows: decoded.ordered.frame.fingerprint(),
                span: decoded.ordered.frame.span(),
                unit: decoded.unit,
                basis: self.trees.basis_of(&decoded, self.request.venue.as_ref()),
                profile: decoded.ordered.frame.profile(),
                source: decoded.provenance.source,
            }),
            Ok(Inspected::Damaged { reason, .. }) => Err(Flaw::Damaged(reason)),
            Ok(Inspected::Absent) => Err(Flaw::Damaged("it was removed meanwhile".to_owned())),
            Err(StorageError::Foreign { reason, .. }) => Err(Flaw::Foreign(reason)),
            Err(StorageError::Refused { reason, .. }) => Err(Flaw::Misfiled(reason)),
            Err(error) => return Err(error),
        })
    }
}

/// Returns what a file says at its end; `None` when there is none.
pub(super) fn facts_at(
    fs: &dyn Fs,
    path: &Path,
    profile: &'static Profile,
) -> Result<Option<Result<FileFacts, Flaw>>, StorageError> {
    for most in [FOOTER, u64::MAX] {
        let Some(end) = fs.read_end(path, most)? else {
            return Ok(None);
        };
        let is_cut = end.len() as u64 == most;
        match codec::file_facts(&end, profile) {
            Err(CodecError::Damaged { .. }) if is_cut => {}
            Err(CodecError::Foreign { reason }) => return Ok(Some(Err(Flaw::Foreign(reason)))),
            Err(error) => return Ok(Some(Err(Flaw::Damaged(reason_of(error))))),
            Ok(facts) => return Ok(Some(Ok(facts))),
        }
    }
    Ok(None)
}

fn reason_of(error: CodecError) -> String {
    match error {
        CodecError::Damaged { reason } => reason,
        other => other.to_string(),
    }
}
