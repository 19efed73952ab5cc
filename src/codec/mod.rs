//! Frames as Parquet bytes and back; the only room that knows Parquet. Works on bytes, never on paths.
//!
//! Promises: equal frames with equal facts give equal bytes; bytes that `encode` returned have been decoded and
//! compared before anybody sees them; a flipped bit in a file that barkeep wrote is found before any value is
//! used; a panic of the decoder is a damaged file. `docs/format.md` describes the bytes for other readers.
//! Leaves to others: reading and writing files. So an I/O failure can never look like damage.

mod column_read;
mod column_write;
mod decode;
mod encode;
mod footer;
mod index;
mod seal;
mod types;

pub use decode::{Decoded, decode};
pub use encode::{Compression, Encoded, Facts, encode};
pub use footer::{SCHEMA_VERSION, claimed_rows};

/// Bytes that cannot be decoded, or a frame that cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The bytes are not what was written: a digest does not fit, or they are no Parquet at all.
    #[error("it is damaged: {reason}")]
    Damaged {
        /// What does not fit.
        reason: String,
    },
    /// Whole Parquet, but not the columns of this dataset.
    #[error("its columns are not those of {dataset} data: {reason}")]
    ForeignSchema {
        /// The dataset that was expected.
        dataset: &'static str,
        /// The first column that does not fit.
        reason: String,
    },
    /// Written by a later barkeep.
    #[error("it has format version {found}, and this barkeep knows {SCHEMA_VERSION}")]
    NewerVersion {
        /// The version in the file.
        found: u32,
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
}
