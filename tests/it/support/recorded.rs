//! Recorded answers of real sources, which lie outside the repository.
//!
//! Promises: a test that needs them says that it was skipped, or runs; a folder that is named and missing is a
//! failure, so that nobody believes in tests that never ran.

use std::path::{Path, PathBuf};

use barkeep::sys::{Fs, OsFs};

/// Returns the folder of recorded data; `None`, with a line that says so, when none is named.
#[expect(
    clippy::disallowed_methods,
    reason = "only the tests know this variable"
)]
pub(crate) fn recorded_data() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("BARKEEP_RECORDED_DATA") else {
        println!("skipped: BARKEEP_RECORDED_DATA is not set");
        return None;
    };
    let folder = PathBuf::from(folder);
    let is_there = OsFs.metadata(&folder).unwrap().is_some();
    assert!(
        is_there,
        "BARKEEP_RECORDED_DATA names {}, which is not there",
        folder.display()
    );
    Some(folder)
}

/// Reads a recorded file, which must be there.
pub(crate) fn recorded(folder: &Path, name: &str) -> Vec<u8> {
    let path = folder.join(name);
    OsFs.read(&path)
        .unwrap()
        .unwrap_or_else(|| panic!("no {}", path.display()))
}
