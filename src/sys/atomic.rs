//! Replaces one file so that a reader sees the old bytes or the new, never a mixture.
//!
//! Promises: the file keeps its mode, owner and group; what is no regular file is not replaced. After `replace` returns
//! `Ok`, the new bytes survive power loss. After `Err`, the old file is as it was or, if only the last directory sync
//! failed, already the new one; a hidden `.<name>.tmp-<run>-<n>` may be left for `cleanup` to judge. Groups of files have
//! their own protocol in `storage::commit`.
//! Leaves to the caller: holding the run lock. Two writers of one path would both be right and one would be lost.

use std::path::{Path, PathBuf};

use super::{Access, Fs, FsError, FsResult, Rights, is_dir};
use crate::model::RunId;

/// Names temporary files of one run.
#[derive(Debug)]
pub struct TempNames {
    run: RunId,
    next: std::sync::atomic::AtomicU32,
}

impl TempNames {
    /// Returns the names that belong to `run`.
    pub fn of(run: RunId) -> Self {
        Self {
            run,
            next: std::sync::atomic::AtomicU32::new(1),
        }
    }

    /// Returns a fresh hidden name beside `path`; hidden and without suffix, so that no reader's glob meets it.
    pub fn beside(&self, path: &Path) -> PathBuf {
        let count = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        path.with_file_name(format!(".{name}.tmp-{}-{count}", self.run))
    }

    /// Tells whether a name is one that `beside` gives.
    pub fn gives(name: &str) -> bool {
        let parts = name
            .strip_prefix('.')
            .and_then(|rest| rest.rsplit_once(".tmp-"))
            .and_then(|(target, tail)| Some((target, tail.rsplit_once('-')?)));
        match parts {
            Some((target, (run, count))) => {
                !target.is_empty() && run.parse::<RunId>().is_ok() && count.parse::<u32>().is_ok()
            }
            None => false,
        }
    }
}

/// Replaces `path` with `bytes`: temporary file, write, sync, rename, sync of the directory.
///
/// # Errors
/// When something else than a regular file stands there. Any failed step, after the temporary file was removed if that
/// was possible.
pub fn replace(fs: &dyn Fs, temps: &TempNames, path: &Path, bytes: &[u8]) -> FsResult<()> {
    replace_from(fs, temps, path, bytes, None)
}

/// Replaces `path` with bytes that come from files with the rights `origin`; whom these keep out is kept out.
///
/// # Errors
/// As `replace`.
pub fn replace_from(
    fs: &dyn Fs,
    temps: &TempNames,
    path: &Path,
    bytes: &[u8],
    origin: Option<Rights>,
) -> FsResult<()> {
    let access = Access::at(fs, path, origin)?;
    let temp = temps.beside(path);
    write_new(fs, &temp, bytes, access)
        .and_then(|()| fs.rename(&temp, path))
        .map_err(|error| discard(fs, &temp, error))?;
    // rename(2) is atomic but not durable: the new name lives in the directory.
    fs.sync_dir(parent(path))
}

/// Writes a new file and makes its contents durable; its name is durable once the directory is synced.
///
/// # Errors
/// Any failed step. The file may be there in part.
pub fn write_new(fs: &dyn Fs, path: &Path, bytes: &[u8], access: Access) -> FsResult<()> {
    let mut file = fs.create_new(path, access)?;
    file.write_all(bytes)?;
    file.sync()
}

/// Creates the missing directories from `root` down to `dir`; afterwards each is durable in its parent. `root` may be a
/// link and nothing below it, since what is written there would lie elsewhere.
///
/// # Errors
/// When a component is there but is not a directory, or cannot be created.
pub fn create_dirs(fs: &dyn Fs, root: &Path, dir: &Path) -> FsResult<()> {
    if dir == root {
        return Ok(());
    }
    create_dirs(fs, root, parent(dir))?;
    if !is_dir(fs, dir)? {
        fs.create_dir(dir)?;
    }
    // Also where it was there: a run that was killed may have made it in memory only.
    fs.sync_dir(parent(dir))
}

/// Returns the directory that holds `path`.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

fn discard(fs: &dyn Fs, temp: &Path, error: FsError) -> FsError {
    // The first error is the one to report; a leftover is found by the next clean-up.
    let _removed: FsResult<bool> = fs.remove_file(temp);
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_barkeep_makes_are_its_own() {
        for name in [
            ".tickers.json.tmp-20260101T000000Z-0000002a-0-1",
            ".a.tmp-x.tmp-20260101T000000Z-0000002a-1-7",
        ] {
            assert!(TempNames::gives(name), "{name}");
        }
        for name in [
            ".tickers.json.tmp-1",
            ".tmp-20260101T000000Z-0000002a-0-1",
            "tickers.json.tmp-20260101T000000Z-0000002a-0-1",
            ".tickers.json.tmp-20260101T000000Z-0000002a-0-x",
            ".tickers.json.tmp-20261301T000000Z-0000002a-0-1",
            ".hidden",
        ] {
            assert!(!TempNames::gives(name), "{name}");
        }
    }
}
