//! What goes wrong on a simulated disk, and when.

use std::path::{Path, PathBuf};

/// "Input/output error".
pub(crate) const EIO: i32 = 5;
/// "No space left on device".
pub(crate) const ENOSPC: i32 = 28;

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// One call fails.
    Once,
    /// That call and all later ones of its sort fail.
    Forever,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Planned {
    pub(super) call: usize,
    pub(super) errno: i32,
    pub(super) fault: Fault,
}

impl Planned {
    pub(super) fn strikes(self, call: usize) -> bool {
        match self.fault {
            Fault::Once => call == self.call,
            Fault::Forever => call >= self.call,
        }
    }
}

/// A folder, or a file, in which the system refuses every change: rights, a read-only mount, an immutable folder.
#[derive(Clone, Debug)]
pub(crate) struct BadFolder {
    /// The folder, with everything below it.
    pub(crate) folder: PathBuf,
    /// What the system answers.
    pub(crate) errno: i32,
    /// Whether it is a file.
    pub(crate) is_file: bool,
    /// Whether nothing in it can be seen either.
    pub(crate) is_blind: bool,
    /// During which changing calls (from 1) it is bad.
    pub(crate) calls: std::ops::Range<usize>,
}

impl BadFolder {
    /// Returns a folder that is bad from the first call on.
    pub(crate) fn always(folder: &str, errno: i32) -> Self {
        Self {
            folder: folder.into(),
            errno,
            is_file: false,
            is_blind: false,
            calls: 0..usize::MAX,
        }
    }

    /// Returns a file that nobody can look at.
    pub(crate) fn file(path: &Path, errno: i32) -> Self {
        Self {
            folder: path.to_owned(),
            errno,
            is_file: true,
            is_blind: true,
            calls: 0..usize::MAX,
        }
    }

    pub(super) fn has(&self, path: &Path) -> bool {
        let dir = path.parent().unwrap_or(path);
        dir.starts_with(&self.folder) || (self.is_file && path == self.folder)
    }
}
