//! Single files of a workspace on a real disk, put there and looked at past barkeep.

use std::path::Path;

use barkeep::model::RunId;
use barkeep::sys::atomic::TempNames;
use tempfile::TempDir;

#[expect(
    clippy::disallowed_methods,
    reason = "arranges files as a user or the predecessor would"
)]
pub(crate) fn put(dir: &Path, name: &str, contents: impl AsRef<[u8]>) {
    std::fs::write(dir.join(name), contents).unwrap();
}

#[expect(clippy::disallowed_methods, reason = "looks at files as a user would")]
pub(crate) fn text_of(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap()
}

pub(crate) fn with_file(name: &str, contents: impl AsRef<[u8]>) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), name, contents);
    dir
}

/// The names of temporary files of some run.
pub(crate) fn temps() -> TempNames {
    TempNames::of(RunId::new("2025-11-23T17:00:00Z".parse().unwrap(), 7, 1))
}
