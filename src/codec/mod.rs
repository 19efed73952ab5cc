//! Frames as Parquet bytes and back; the only room that knows Parquet. Works on bytes, never on paths.
//!
//! Promises: equal frames with equal facts give equal bytes; bytes that `encode` returned have been decoded and
//! compared before anybody sees them; a flipped bit in a file that barkeep wrote is found before any value is
//! used; a file on which the decoder panics is one that this build cannot hold, and none that is damaged; what a file
//! claims makes no room in memory beyond a limit.
//! `docs/format.md` describes the bytes for other readers.
//! Leaves to others: reading and writing files. So an I/O failure can never look like damage.

mod column_read;
mod column_write;
mod columns;
mod decode;
mod encode;
mod facts;
mod file_write;
mod footer;
mod index;
mod limit;
mod named;
mod older_trades;
mod opened;
mod packed;
mod pages;
mod records;
mod scans;
mod seal;
mod stream;
mod thrift;
mod types;

pub use decode::{ALL_TIMES, Decoded, Groups, decode, decode_span, decode_within, groups};
pub use encode::{Clock, Compression, Encoded, Facts, encode};
pub use facts::{FileFacts, Texts, file_facts, sealed_facts};
pub use footer::{SCHEMA_VERSION, claimed_rows, newest_stamp, source_named};
pub use limit::MemoryLimit;
pub use named::{NamedColumn, Names, TimeKind, names, read_named};
pub use records::encode_records;
pub use scans::{Scans, encode_for_scans};
pub use stream::{StreamColumn, StreamWriter};

use parquet::errors::ParquetError;

use crate::frame::OtherKind;

/// Bytes that cannot be decoded, or a frame that cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The bytes are not what was written: a digest does not fit, or they are no Parquet at all.
    #[error("it is damaged: {reason}")]
    Damaged {
        /// What does not fit.
        reason: String,
    },
    /// Whole, but not something that this build can hold: other columns or types, dates out of range, encryption, a newer
    /// version. Nothing is wrong with such a file, so it is neither put away nor written over.
    #[error("{reason}")]
    Foreign {
        /// The first thing that cannot be held.
        reason: String,
    },
    /// A timestamp is finer than the unit of its tree.
    #[error("{value} ns does not fit the tree's unit of {unit} ns")]
    TooFine {
        /// The timestamp.
        value: i64,
        /// The unit in nanoseconds.
        unit: i64,
    },
    /// The bytes just encoded do not decode to the same rows. A bug, caught before the disk.
    #[error("the encoded file does not hold the rows it was made from: {reason}")]
    NotFaithful {
        /// What differs.
        reason: String,
    },
}

impl CodecError {
    fn damaged(reason: impl std::fmt::Display) -> Self {
        Self::Damaged {
            reason: reason.to_string(),
        }
    }

    fn foreign(reason: impl std::fmt::Display) -> Self {
        Self::Foreign {
            reason: reason.to_string(),
        }
    }

    fn not_faithful(reason: impl std::fmt::Display) -> Self {
        Self::NotFaithful {
            reason: reason.to_string(),
        }
    }
}

impl From<OtherKind> for CodecError {
    /// A column that was read as what it is not says nothing about the file.
    fn from(error: OtherKind) -> Self {
        Self::foreign(error)
    }
}

impl From<ParquetError> for CodecError {
    /// What the reader was never taught is no damage.
    fn from(error: ParquetError) -> Self {
        match error {
            ParquetError::NYI(what) => Self::foreign(format!(
                "it was written in a way that this build cannot read: {what}"
            )),
            ParquetError::External(cause) if cause.is::<pages::TooLarge>() => Self::foreign(cause),
            other => Self::damaged(other),
        }
    }
}
