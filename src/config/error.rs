//! Why a configuration cannot be used.

use std::path::PathBuf;

use super::EnvError;
use crate::document::DocumentError;
use crate::sys::FsError;

/// The configuration cannot be used as it is.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A JSON file is there and cannot be used.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The system did not let a file be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// An environment variable makes no sense.
    #[error(transparent)]
    Environment(#[from] EnvError),
    /// The settings file makes no sense.
    #[error("{} cannot be used at line {line}, column {column}: {reason}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column in characters, counted from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
}
