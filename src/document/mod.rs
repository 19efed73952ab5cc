//! The predecessor's JSON files as documents: read strictly, written back in its own form.
//!
//! Promises: absent, empty, damaged and unreadable are four outcomes, and a file that was not understood is
//! never written to. What is understood keeps its unknown keys, the order of its keys and the value of every
//! 64-bit number; a document that nobody changed is written back byte for byte as the predecessor wrote it.
//! Duplicate keys, more than 64 levels and files beyond a limit are refused before they can do harm.
//! Leaves to others: what the keys mean (`config`, `catalog`), and holding the run lock while writing.

mod parse;
mod write;

use std::path::{Path, PathBuf};

pub use serde_json::{Map, Value};

use crate::sys::atomic::{self, TempNames};
use crate::sys::{Fs, FsError, FsResult, rights_of};

pub use parse::MAX_DEPTH;

/// An object whose keys keep their order.
pub type Object = Map<String, Value>;

/// The size at which a JSON file is refused unless its owner allows more.
pub const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Reads a document; `None` when there is no such file.
///
/// # Errors
/// When the file is empty, damaged, larger than `limit` bytes or cannot be read.
pub fn read(fs: &dyn Fs, path: &Path, limit: u64) -> Result<Option<Value>, DocumentError> {
    // Asked first, so that a file of many gigabytes is refused without being read.
    let Some(meta) = fs.metadata(path)? else {
        return Ok(None);
    };
    refuse_above(limit, meta.len, path)?;
    match fs.read(path)? {
        Some(bytes) => parse(&bytes, path, limit).map(Some),
        None => Ok(None),
    }
}

/// Reads a document that must be an object; `None` when there is no such file.
///
/// # Errors
/// As `read`, and when the document is something else than an object.
pub fn read_object(fs: &dyn Fs, path: &Path, limit: u64) -> Result<Option<Object>, DocumentError> {
    read(fs, path, limit)?
        .map(|value| object(value, path))
        .transpose()
}

/// Parses the bytes of a document; `path` is for the error only.
///
/// # Errors
/// When the bytes are empty, damaged or more than `limit`.
pub fn parse(bytes: &[u8], path: &Path, limit: u64) -> Result<Value, DocumentError> {
    refuse_above(limit, u64::try_from(bytes.len()).unwrap_or(u64::MAX), path)?;
    if bytes.trim_ascii().is_empty() {
        return Err(DocumentError::Empty {
            path: path.to_owned(),
        });
    }
    parse::value(bytes).map_err(|flaw| DocumentError::Damaged {
        path: path.to_owned(),
        line: flaw.line,
        column: flaw.column,
        reason: flaw.reason,
    })
}

/// Parses the bytes of a document that must be an object.
///
/// # Errors
/// As `parse`, and when the document is something else than an object.
pub fn parse_object(bytes: &[u8], path: &Path, limit: u64) -> Result<Object, DocumentError> {
    object(parse(bytes, path, limit)?, path)
}

fn object(value: Value, path: &Path) -> Result<Object, DocumentError> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(DocumentError::WrongShape {
            path: path.to_owned(),
            expected: "an object",
        }),
    }
}

/// Returns a document as the predecessor writes it: 4 blanks a level, ASCII only, no line break at the end.
pub fn to_bytes(value: &Value) -> Vec<u8> {
    write::bytes(value)
}

/// Returns an object as the predecessor writes it.
pub fn object_to_bytes(object: &Object) -> Vec<u8> {
    write::bytes(object)
}

/// Replaces a file with bytes that `to_bytes` made. The caller holds the run lock.
///
/// # Errors
/// When a step of the replacement does not work; the old file is then as it was.
pub fn save(fs: &dyn Fs, temps: &TempNames, path: &Path, bytes: &[u8]) -> FsResult<()> {
    atomic::replace(fs, temps, path, bytes)
}

/// Replaces a file with a copy of another one, which is no more readable than that one.
///
/// # Errors
/// As `save`.
pub fn save_copy(
    fs: &dyn Fs,
    temps: &TempNames,
    from: &Path,
    path: &Path,
    bytes: &[u8],
) -> FsResult<()> {
    atomic::replace_from(fs, temps, path, bytes, rights_of(fs, from)?)
}

fn refuse_above(limit: u64, bytes: u64, path: &Path) -> Result<(), DocumentError> {
    if bytes <= limit {
        return Ok(());
    }
    Err(DocumentError::TooLarge {
        path: path.to_owned(),
        bytes,
        limit,
    })
}

/// A JSON file that is there and cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the names say it")]
pub enum DocumentError {
    /// The system did not let it be read. Says nothing about its contents.
    #[error(transparent)]
    Unreadable(#[from] FsError),
    /// It holds no text.
    #[error("{} is empty", path.display())]
    Empty { path: PathBuf },
    /// Its text is not the JSON that barkeep and its predecessor write.
    #[error("{} is damaged at line {line}, column {column}: {reason}", path.display())]
    Damaged {
        path: PathBuf,
        /// Where the text stops making sense, counted from 1.
        line: usize,
        /// Where in the line, in bytes.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It is JSON of another kind.
    #[error("{} is damaged: it does not hold {expected}", path.display())]
    WrongShape {
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// It is larger than barkeep reads.
    #[error("{} has {bytes} bytes, and at most {limit} are read", path.display())]
    TooLarge {
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
}

impl DocumentError {
    /// Tells whether bytes were read and make no sense, as opposed to bytes that could not be read.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Empty { .. } | Self::Damaged { .. } | Self::WrongShape { .. } => true,
            Self::Unreadable(_) | Self::TooLarge { .. } => false,
        }
    }
}
