//! What is known of paths, by their spelling.
//!
//! Promises: two spellings of one path are two paths. That is what makes it cheap: [`PathBuf`] compares and hashes by
//! components, which took a fifteenth of the processor time of an import. So it serves where a path that is not found again
//! is asked for again, and not where it would be lost.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Something of each of some paths.
#[derive(Debug)]
pub(super) struct Spelled<T>(HashMap<OsString, T>);

/// Some paths.
pub(super) type SpelledPaths = Spelled<()>;

impl<T> Spelled<T> {
    /// Returns what was put for a path of that spelling.
    pub(super) fn get(&self, path: &Path) -> Option<&T> {
        self.0.get(path.as_os_str())
    }

    /// Tells whether something was put for a path of that spelling.
    pub(super) fn contains(&self, path: &Path) -> bool {
        self.0.contains_key(path.as_os_str())
    }

    /// Puts something for a path, in place of what is there.
    pub(super) fn put(&mut self, path: &Path, value: T) {
        self.0.insert(path.as_os_str().to_owned(), value);
    }

    /// Forgets all paths.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl SpelledPaths {
    /// Adds a path, which costs nothing when it is there.
    pub(super) fn add(&mut self, path: &Path) {
        if !self.contains(path) {
            self.put(path, ());
        }
    }

    /// Returns the paths in order.
    pub(super) fn in_order(self) -> BTreeSet<PathBuf> {
        self.0.into_keys().map(PathBuf::from).collect()
    }
}

impl<T> Default for Spelled<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}
