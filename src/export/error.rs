//! What cannot be exported.

use crate::codec::CodecError;
use crate::model::Unclear;
use crate::sys::FsError;

/// Rows that cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It may not go where it is to go.
    #[error(transparent)]
    Unclear(#[from] Unclear),
    /// The file system did not do what was asked.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The file or stream takes no more; who gave it away knows why.
    #[error("the rows cannot be written: {reason}")]
    Refused {
        /// What the writer of the form says.
        reason: String,
    },
    /// A time is finer than a microsecond.
    #[error("a time of {nanos} ns since 1970 is none of whole microseconds")]
    TooFine {
        /// The time.
        nanos: i64,
    },
}

impl ExportError {
    pub(super) fn refused(error: impl std::fmt::Display) -> Self {
        Self::Refused {
            reason: error.to_string(),
        }
    }
}

impl From<CodecError> for ExportError {
    fn from(error: CodecError) -> Self {
        match error {
            CodecError::TooFine { value, .. } => Self::TooFine { nanos: value },
            CodecError::NotFaithful { reason } => Self::Refused { reason },
            other => Self::refused(other),
        }
    }
}
