//! The rows of one fetch as a staged file: encoded off the writing thread, sealed, and read back.

use std::path::PathBuf;

use bytes::Bytes;

use crate::codec::{self, CodecError, Compression, Facts, MemoryLimit};
use crate::frame::{Frame, Profile};
use crate::layout::{self, Continuity};
use crate::model::{PartitionKey, Provenance, StorageRequest, TimeUnit};
use crate::sys::Fs;

use super::{StorageError, WayOut};

/// Rows ready to be staged.
#[derive(Clone, Debug)]
pub struct RowsToStage {
    pub(super) request: StorageRequest,
    pub(super) first: PartitionKey,
    pub(super) last: PartitionKey,
    pub(super) continuity: Continuity,
    pub(super) bytes: Bytes,
}

impl RowsToStage {
    /// Encodes rows for staging. `None` when there are no rows.
    ///
    /// # Errors
    /// When the rows cannot be encoded, which is a bug.
    pub fn encode(
        request: StorageRequest,
        rows: &Frame,
        provenance: &Provenance,
    ) -> Result<Option<Self>, StorageError> {
        let Some((first, last)) = rows.span() else {
            return Ok(None);
        };
        // Nanoseconds, because staging must hold whatever a source sends; the tree may refuse it later.
        let facts = Facts {
            unit: TimeUnit::Nanos,
            provenance: provenance.clone(),
            compression: Compression::Snappy,
            row_group_rows: None,
        };
        let encoded = codec::encode(rows, &facts).map_err(|source| StorageError::Encode {
            path: PathBuf::from(request.to_string()),
            source,
        })?;
        let granularity = rows.profile().dataset.granularity();
        let (first, last) = (
            PartitionKey::of(granularity, first),
            PartitionKey::of(granularity, last),
        );
        Ok(Some(Self {
            request,
            first,
            last,
            continuity: Continuity::Joined,
            bytes: encoded.bytes,
        }))
    }

    /// Encodes rows for staging, those of each partition by themselves: what has days as large as trades have is merged day by day.
    ///
    /// # Errors
    /// As `encode`.
    pub fn by_partition(
        request: &StorageRequest,
        rows: &Frame,
        provenance: &Provenance,
    ) -> Result<Vec<Self>, StorageError> {
        let parts = rows.split();
        let parts = parts.values();
        let encoded = parts.map(|part| Self::encode(request.clone(), part, provenance));
        encoded.filter_map(Result::transpose).collect()
    }

    /// Returns the series.
    pub fn request(&self) -> &StorageRequest {
        &self.request
    }

    /// Returns the rows as they will be staged: a whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Says whether the rows join those that are known of their series.
    #[must_use]
    pub fn with(self, continuity: Continuity) -> Self {
        Self { continuity, ..self }
    }
}

/// The rows of one fetch, back from staging.
#[derive(Debug)]
pub struct StagedContent {
    /// The rows.
    pub frame: Frame,
    /// What they say of themselves.
    pub provenance: Provenance,
}

/// One fetch of a run, staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedRows {
    /// Where it is staged.
    pub path: PathBuf,
    /// The series that it belongs to.
    pub request: StorageRequest,
}

impl StagedRows {
    /// Returns whether the rows join those that are known of their series.
    pub fn continuity(&self) -> Continuity {
        layout::continuity(&self.path)
    }

    /// Tells whether the power failed before any of the rows reached the disk: what is left then is a name with no
    /// bytes, or with as many zeros as there were to be bytes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_blank(&self, fs: &dyn Fs) -> Result<bool, StorageError> {
        let bytes = fs.read(&self.path)?;
        Ok(bytes.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0)))
    }

    /// Reads the rows back.
    ///
    /// # Errors
    /// `DamagedStaged` when the bytes are not what was staged, `Foreign` when a newer barkeep staged them in its own way;
    /// else when they cannot be read.
    pub fn read(&self, fs: &dyn Fs) -> Result<StagedContent, StorageError> {
        let damaged = |reason: String| StorageError::DamagedStaged {
            path: self.path.clone(),
            reason,
        };
        let bytes = fs
            .read(&self.path)?
            .ok_or_else(|| damaged("it is gone".to_owned()))?;
        let profile = Profile::of(self.request.series.dataset());
        // Rows that this program has had in memory once may be so many as they are.
        match codec::decode_within(&Bytes::from(bytes), profile, MemoryLimit::NONE) {
            Ok(decoded) if decoded.is_sealed => {
                let frame = decoded.ordered.frame;
                // Where a disk cannot tell two names apart, the rows of both tickers lie in one folder.
                if let Some(ticker) = self.request.series.ticker()
                    && let Some(other) = frame
                        .owners()
                        .iter()
                        .find(|owner| ***owner != *ticker.as_str())
                {
                    return Err(damaged(format!("it holds rows of {other}")));
                }
                Ok(StagedContent {
                    frame,
                    provenance: decoded.provenance,
                })
            }
            Ok(_) => Err(damaged("barkeep did not write it".to_owned())),
            Err(CodecError::Damaged { reason }) => Err(damaged(reason)),
            Err(error) => Err(StorageError::Foreign {
                path: self.path.clone(),
                reason: error.to_string(),
                way_out: WayOut::StoreAnew,
            }),
        }
    }
}
