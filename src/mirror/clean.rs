//! What of a mirror goes: states that nobody needs any more, files that no state has, and what a stopped writer left.
//!
//! Promises: a state goes as a folder, out of sight by one rename before anything in it goes, so that nobody reads a part of
//! it. A file goes when no state has it.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use super::folder::{CURRENT, FILES, Folder, damaged, number_of};
use super::table::Log;
use super::{MirrorError, Piece, Tree, Version};
use crate::sys::atomic::TempNames;
use crate::sys::{Fs, FsResult, Kind};

/// How long a state stays after a newer one took its place: readers may hold it.
const KEPT_HOURS: i64 = 24;

impl Folder<'_> {
    /// Returns the states that readers may hold, the newest first.
    pub(super) fn kept(
        &self,
        current: &Version,
        now: DateTime<Utc>,
    ) -> Result<Vec<Version>, MirrorError> {
        let mut kept = vec![current.clone()];
        let mut newer = current.made;
        for number in self.numbers()?.into_iter().rev() {
            // One that came after the current one was never anybody's, and one that is damaged is nobody's.
            if number >= current.number {
                continue;
            }
            let found = match self.version(number) {
                Err(error @ MirrorError::Fs(_)) => return Err(error),
                found => found.ok().flatten(),
            };
            let is_young = |newer: DateTime<Utc>| newer > now - TimeDelta::hours(KEPT_HOURS);
            if let Some(version) = found.filter(|_| is_young(newer)) {
                newer = version.made;
                kept.push(version);
            }
        }
        Ok(kept)
    }

    /// Removes what is not needed beside the states that readers may hold. Under the lock of the folder.
    pub(super) fn tidy(&self, temps: &TempNames, kept: &[Version]) -> Result<(), MirrorError> {
        for entry in self.fs.list(&self.dir)?.unwrap_or_default() {
            if is_temp(&entry.name) {
                remove_all(self.fs, &self.dir.join(&entry.name), entry.kind)?;
            }
        }
        for number in self.numbers()? {
            if !kept.iter().any(|version| version.number == number) {
                self.remove_version(temps, number)?;
            }
        }
        self.remove_files(kept)
    }

    fn remove_version(&self, temps: &TempNames, number: u64) -> FsResult<()> {
        let dir = self.version_dir(number);
        let kind = self.fs.metadata(&dir)?.map(|found| found.kind);
        if kind != Some(Kind::Dir) {
            // A link or a file that somebody put there: what it leads to is not ours.
            return self.fs.remove_file(&dir).map(drop);
        }
        let gone = temps.beside(&dir);
        self.fs.rename(&dir, &gone)?;
        self.fs.sync_dir(&self.dir)?;
        remove_all(self.fs, &gone, Kind::Dir)
    }

    fn remove_files(&self, kept: &[Version]) -> Result<(), MirrorError> {
        let pieces = kept.iter().flat_map(|version| &version.pieces);
        let names: BTreeSet<String> = pieces.map(Piece::file_name).collect();
        let dir = self.dir.join(FILES);
        for entry in self.fs.list(&dir)?.unwrap_or_default() {
            let is_ours = is_temp(&entry.name) || entry.name.ends_with(".parquet");
            if is_ours && entry.kind != Kind::Dir && !names.contains(&entry.name) {
                self.fs.remove_file(&dir.join(&entry.name))?;
            }
        }
        Ok(())
    }

    /// Removes the mirror: the way to it first, then all that barkeep made, never what somebody else put there; `false` when there
    /// was none.
    ///
    /// # Errors
    /// When something cannot be removed. What is left is no mirror any more.
    pub fn drop(&self, temps: &TempNames, tree: &Tree) -> Result<bool, MirrorError> {
        if self.fs.metadata(&self.dir)?.is_none() {
            return Ok(false);
        }
        let _lock = self.open(temps)?;
        let link = self.dir.join(CURRENT);
        if self
            .fs
            .metadata(&link)?
            .is_some_and(|found| found.kind == Kind::Dir)
        {
            return Err(damaged(&link, "it is no link"));
        }
        self.fs.remove_file(&link)?;
        for entry in self.fs.list(&self.dir)?.unwrap_or_default() {
            let path = self.dir.join(&entry.name);
            if number_of(&entry.name).is_some() && entry.kind == Kind::Dir {
                let gone = temps.beside(&path);
                self.fs.rename(&path, &gone)?;
                remove_all(self.fs, &gone, Kind::Dir)?;
            } else if is_temp(&entry.name) {
                remove_all(self.fs, &path, entry.kind)?;
            }
        }
        Log::of(self, tree).remove(temps)?;
        self.remove_files(&[])?;
        for name in ["refreshed", ".lock"] {
            self.fs.remove_file(&self.dir.join(name))?;
        }
        for dir in [&self.dir.join(FILES), &self.dir] {
            // Something of somebody else's keeps it.
            let _is_left: FsResult<bool> = self.fs.remove_dir(dir);
        }
        Ok(true)
    }
}

/// Tells whether a name is one of `TempNames`.
pub(super) fn is_temp(name: &str) -> bool {
    name.starts_with('.') && name.contains(".tmp-")
}

pub(super) fn remove_all(fs: &dyn Fs, path: &Path, kind: Kind) -> FsResult<()> {
    if kind != Kind::Dir {
        return fs.remove_file(path).map(drop);
    }
    for entry in fs.list(path)?.unwrap_or_default() {
        remove_all(fs, &path.join(&entry.name), entry.kind)?;
    }
    fs.remove_dir(path).map(drop)
}
