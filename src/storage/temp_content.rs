//! Files that stand beside a partition under a temporary name: another writer was stopped while it replaced one.

use std::path::Path;

use bytes::Bytes;

use crate::frame::{Frame, Profile};
use crate::model::{PartitionKey, Provenance, StorageRequest};
use crate::sys::Fs;

use super::beyond::beyond;
use super::inspect::{Inspected, inspect};
use super::{StorageError, Stores};

/// What such a file holds.
#[derive(Debug)]
pub enum TempContent {
    /// There is no file.
    Absent,
    /// Whole rows of the partition.
    Rows {
        /// The rows with a place.
        frame: Frame,
        /// What they say of themselves.
        provenance: Provenance,
        /// Why the rows do not stand for the whole file, if something of it has no place in them.
        beyond: Option<String>,
        /// The whole file.
        bytes: Bytes,
    },
    /// Whole, and nothing that this build can hold: it stays where it is.
    Foreign {
        /// The first thing that cannot be held.
        reason: String,
    },
    /// Nothing that may become part of the series.
    Unusable {
        /// Why not.
        reason: String,
        /// The whole file.
        bytes: Bytes,
    },
}

/// Reads the file at `path` as what the partition of a series in `stores` may hold.
///
/// # Errors
/// When the file cannot be read. Nobody knows then what it holds.
pub fn read_temp(
    fs: &dyn Fs,
    path: &Path,
    request: &StorageRequest,
    partition: PartitionKey,
    stores: &Stores,
) -> Result<TempContent, StorageError> {
    let profile = Profile::of(request.series.dataset());
    match inspect(fs, path, profile, request, partition, stores.limit()) {
        Ok(Inspected::Absent) => Ok(TempContent::Absent),
        Ok(Inspected::Damaged { reason, bytes }) => Ok(TempContent::Unusable { reason, bytes }),
        Ok(Inspected::Whole { decoded, bytes }) => {
            let trees = stores.partitioned.trees();
            let basis = trees.basis_of(&decoded, request.venue.as_ref());
            Ok(TempContent::Rows {
                beyond: beyond(&decoded),
                frame: decoded.ordered.frame,
                provenance: Provenance {
                    basis,
                    ..decoded.provenance
                },
                bytes,
            })
        }
        Err(StorageError::Foreign { reason, .. }) => Ok(TempContent::Foreign { reason }),
        Err(StorageError::Refused { reason, .. }) => {
            let bytes = Bytes::from(fs.read(path)?.unwrap_or_default());
            Ok(TempContent::Unusable { reason, bytes })
        }
        Err(error) => Err(error),
    }
}
