//! The rows of one fetch: as a staged file, encoded off the writing thread, sealed, and read back; or held in memory, where
//! they can be made again of what is durable elsewhere.

use std::path::PathBuf;
use std::sync::Arc;

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
        let Some((first, last)) = partitions_of(rows) else {
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
        Ok(Some(Self {
            request,
            first,
            last,
            continuity: Continuity::Joined,
            bytes: encoded.bytes,
        }))
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

/// Returns the first and the last partition that rows belong to; `None` when there are no rows.
pub(super) fn partitions_of(rows: &Frame) -> Option<(PartitionKey, PartitionKey)> {
    let granularity = rows.profile().dataset.granularity();
    let (first, last) = rows.span()?;
    let of = |time| PartitionKey::of(granularity, time);
    Some((of(first), of(last)))
}

/// The rows of one fetch, back from staging.
#[derive(Clone, Debug)]
pub struct StagedContent {
    /// The rows.
    pub frame: Arc<Frame>,
    /// What they say of themselves.
    pub provenance: Provenance,
}

/// One fetch of a run, staged or held.
#[derive(Clone, Debug)]
pub struct StagedRows {
    /// Where it is staged, or would be.
    pub path: PathBuf,
    /// The series that it belongs to.
    pub request: StorageRequest,
    /// What it is, if it is held and no file is there.
    held: Option<StagedContent>,
}

impl StagedRows {
    /// Returns a fetch of which a file is there.
    pub fn on_disk(path: PathBuf, request: StorageRequest) -> Self {
        Self {
            path,
            request,
            held: None,
        }
    }

    /// Returns a fetch that is in memory only.
    pub(super) fn held(path: PathBuf, request: StorageRequest, content: StagedContent) -> Self {
        Self {
            path,
            request,
            held: Some(content),
        }
    }

    /// Tells whether it is in memory only.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

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
        if let Some(content) = &self.held {
            return Ok(content.clone());
        }
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
                    frame: Arc::new(frame),
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
