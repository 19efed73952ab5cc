//! One legacy file, read whole and past what memory holds of it, for those who are about to move its rows.

use std::path::PathBuf;

use bytes::Bytes;

use crate::codec::{ALL_TIMES, Decoded};
use crate::frame::Profile;
use crate::model::{Dataset, PartitionKey, PriceBasis, StorageRequest};
use crate::sys::{Kind, Medium, Meta};

use super::beyond::beyond;
use super::folders::NO_FILE;
use super::inspect::{Inspected, claimed_rows, judge};
use super::misplaced::refuse_odd;
use super::{LegacyStore, StorageError, WayOut};

/// What stands at the place of a legacy file. Unreadable is an error and none of these.
#[derive(Debug)]
pub enum LegacyFound {
    /// Nothing.
    Absent,
    /// A file that verifies and decodes.
    Whole(Box<LegacyFile>),
    /// A file that does not.
    Damaged {
        /// What does not fit.
        reason: String,
    },
}

/// A legacy file, read whole, as a migration needs it.
#[derive(Debug)]
pub struct LegacyFile {
    /// The file.
    pub path: PathBuf,
    /// Its length and the time of its last change, from before it was read.
    pub meta: Meta,
    /// Its bytes.
    pub bytes: Bytes,
    /// Its rows, those that have no place, and what it says of itself.
    pub decoded: Decoded,
    /// The price basis on which its rows stand, as far as anybody knows.
    pub basis: PriceBasis,
    /// Whether the bytes came from the disk rather than from memory.
    pub medium: Medium,
}

impl LegacyFile {
    /// Says what of the file its rows do not: rows without a place, fractions of volumes, columns of its own. `None`
    /// when they stand for all of it.
    pub fn beyond(&self) -> Option<String> {
        beyond(&self.decoded)
    }
}

impl LegacyStore {
    /// Reads the file of a series from where it stands; if `from` is the disk, past what memory holds of it.
    ///
    /// # Errors
    /// `Foreign` with the reason for a file that this build cannot hold, `Refused` for one that is not what its place says,
    /// `Lodged` for another venue's; else when it cannot be read.
    pub fn read_file(
        &self,
        request: &StorageRequest,
        from: Medium,
    ) -> Result<LegacyFound, StorageError> {
        let file = self.places().file(request)?;
        if file.is_taken {
            return Ok(LegacyFound::Absent);
        }
        let path = file.path;
        let found = self.read_file_at(request, path.clone(), from)?;
        if let LegacyFound::Whole(file) = &found {
            let named = file.decoded.provenance.source.as_ref();
            if self.places().is_anothers(request, &path, named)? {
                return Err(StorageError::Lodged { path });
            }
        }
        Ok(found)
    }

    /// Reads a legacy file of a series that lies anywhere, as `read_file` does.
    ///
    /// # Errors
    /// As `read_file`.
    pub fn read_file_at(
        &self,
        request: &StorageRequest,
        path: PathBuf,
        from: Medium,
    ) -> Result<LegacyFound, StorageError> {
        let Some(meta) = self.fs().metadata(&path)? else {
            return Ok(LegacyFound::Absent);
        };
        if meta.kind != Kind::File {
            let reason = NO_FILE.to_owned();
            let way_out = WayOut::PutInPlace;
            return Err(StorageError::Foreign {
                path,
                reason,
                way_out,
            });
        }
        let found = match from {
            Medium::Disk => self.fs().read_from_medium(&path)?,
            Medium::Cache => self.fs().read(&path)?.map(|bytes| (bytes, Medium::Cache)),
        };
        let medium = found.as_ref().map_or(Medium::Cache, |(_, medium)| *medium);
        let bytes = found.map(|(bytes, _)| bytes);
        let profile = Profile::of(Dataset::Stocks);
        match judge(
            bytes,
            &path,
            profile,
            &request.of_any_venue(),
            PartitionKey::Whole,
            (self.limit(), &ALL_TIMES),
        )? {
            Inspected::Absent => Ok(LegacyFound::Absent),
            Inspected::Damaged { reason, .. } => Ok(LegacyFound::Damaged { reason }),
            Inspected::Whole { decoded, bytes } => Ok(LegacyFound::Whole(Box::new(LegacyFile {
                basis: self.trees().basis_of(&decoded, request.venue.as_ref()),
                path,
                meta,
                bytes,
                decoded: *decoded,
                medium,
            }))),
        }
    }

    /// Returns how many rows the file of a series claims to have; `None` when it is damaged.
    ///
    /// # Errors
    /// When the layout cannot hold the series or the file cannot be read.
    pub fn claimed_rows(&self, request: &StorageRequest) -> Result<Option<u64>, StorageError> {
        match self.places().file(request) {
            Err(StorageError::LegacyName { .. }) => Ok(Some(0)),
            Ok(file) if file.is_taken => Ok(Some(0)),
            file => {
                let path = file?.path;
                refuse_odd(self.fs(), &path)?;
                claimed_rows(self.fs(), &path)
            }
        }
    }
}
