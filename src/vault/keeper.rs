//! Keeping downloads, while the run lock is held.
//!
//! Promises: a record is durable when `keep` returns. A run writes files of its own, one for each day, and never adds to one
//! that another run began: what that left torn is found as such.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};

use crate::lock::LockGuard;
use crate::model::{Digest, RunId};
use crate::sys::atomic::{create_dirs, parent};
use crate::sys::{Access, Fs, FsFile, FsResult};

use super::contents::preamble;
use super::{Head, Record, Shelf, Vault, VaultError, VaultFile};

/// What became of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was written.
    New,
    /// The vault has these bytes under this name.
    Known,
}

/// When a download has to be durable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Durable {
    Now,
    OnceSettled,
}

/// Writes to the vault of a workspace.
#[derive(Debug)]
pub struct Keeper<'l> {
    pub(super) vault: Vault<'l>,
    pub(super) held: &'l LockGuard<'l>,
    pub(super) run: RunId,
    days: BTreeMap<(Shelf, NaiveDate), OpenDay>,
}

/// A day that this run has kept something of.
#[derive(Debug, Default)]
struct OpenDay {
    known: BTreeSet<(String, Digest)>,
    /// The part that is being written; none after one that could not be.
    part: Option<Part>,
}

/// A part that is being written.
#[derive(Debug)]
struct Part {
    file: Box<dyn FsFile>,
    /// Whether all that was written is durable.
    is_settled: bool,
    /// What its first record is to be written with: a first line alone would be one more thing that a crash can leave.
    preamble: Option<String>,
}

impl<'l> Keeper<'l> {
    /// Returns the keeper of the vault in a folder; `run` names what it writes.
    pub fn of(fs: &'l dyn Fs, held: &'l LockGuard<'l>, folder: &Path, run: RunId) -> Self {
        Self {
            vault: Vault::of(fs, folder),
            held,
            run,
            days: BTreeMap::new(),
        }
    }

    /// Returns the vault, to be looked into.
    pub fn vault(&self) -> &Vault<'l> {
        &self.vault
    }

    /// Keeps a download under its day. When this returns `Ok`, it survives power loss.
    ///
    /// # Errors
    /// When the name is none, the lock was lost, or the disk refuses; the download is not kept then.
    pub fn keep(
        &mut self,
        (shelf, day): (&Shelf, NaiveDate),
        name: &str,
        fetched_at: DateTime<Utc>,
        bytes: &[u8],
    ) -> Result<Kept, VaultError> {
        let head = Head::of(name, fetched_at, bytes)?;
        let of_day = (shelf.clone(), day);
        if !self.days.contains_key(&of_day) {
            let known = self.known(shelf, day)?;
            let fresh = OpenDay { known, part: None };
            self.days.insert(of_day, fresh);
        }
        self.put((shelf, day), &Record { head, bytes }, Durable::Now)
    }

    /// Keeps one of many downloads under its day, whatever earlier runs kept. It survives power loss once `settle` returned
    /// `Ok`: until then nothing that was made of it may count as done.
    ///
    /// # Errors
    /// As `keep`.
    pub fn add(
        &mut self,
        (shelf, day): (&Shelf, NaiveDate),
        name: &str,
        fetched_at: DateTime<Utc>,
        bytes: &[u8],
    ) -> Result<(), VaultError> {
        let head = Head::of(name, fetched_at, bytes)?;
        self.put((shelf, day), &Record { head, bytes }, Durable::OnceSettled)?;
        Ok(())
    }

    /// Writes a download into the part of its day, unless it is known to be there.
    fn put(
        &mut self,
        (shelf, day): (&Shelf, NaiveDate),
        record: &Record<'_>,
        durable: Durable,
    ) -> Result<Kept, VaultError> {
        let open = self.days.entry((shelf.clone(), day)).or_default();
        let key = (record.head.name.clone(), record.head.digest);
        if open.known.contains(&key) {
            return Ok(Kept::Known);
        }
        if durable == Durable::Now {
            self.held.confirm()?;
        }
        let mut part = write(open, &self.vault, (shelf, day), &self.run, record)?;
        if durable == Durable::Now {
            part.file.sync()?;
        }
        part.is_settled = durable == Durable::Now;
        // Only now: after a failure nobody knows what the file holds, and the next record goes into another one.
        open.part = Some(part);
        open.known.insert(key);
        Ok(Kept::New)
    }

    /// Makes durable what was added.
    ///
    /// # Errors
    /// When the lock was lost or the disk refuses.
    pub fn settle(&mut self) -> Result<(), VaultError> {
        self.held.confirm()?;
        for open in self.days.values_mut() {
            let Some(mut part) = open.part.take() else {
                continue;
            };
            if !part.is_settled {
                part.file.sync()?;
                part.is_settled = true;
            }
            open.part = Some(part);
        }
        Ok(())
    }

    /// Returns what the vault has of a day, by the lines of the records. After a kill some of it may exist in memory only, so
    /// it is made durable before anybody relies on it.
    fn known(
        &self,
        shelf: &Shelf,
        day: NaiveDate,
    ) -> Result<BTreeSet<(String, Digest)>, VaultError> {
        let mut known = BTreeSet::new();
        let files = self.vault.days(shelf)?.remove(&day).unwrap_or_default();
        for file in &files {
            self.vault
                .fs
                .sync_file(&self.vault.path(shelf, day, file))?;
            if let Some(contents) = self.vault.read(shelf, day, file)? {
                let heads = contents.heads();
                known.extend(heads.map(|head| (head.name.clone(), head.digest)));
            }
        }
        Ok(known)
    }

    /// Makes durable what earlier runs kept and nobody merged: after a kill it may exist in memory only.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn secure(&self, shelf: &Shelf) -> Result<(), VaultError> {
        for (day, files) in self.vault.days(shelf)? {
            self.sync(
                shelf,
                day,
                files.iter().filter(|file| **file != VaultFile::Pack),
            )?;
        }
        Ok(())
    }

    fn sync<'f>(
        &self,
        shelf: &Shelf,
        day: NaiveDate,
        files: impl Iterator<Item = &'f VaultFile>,
    ) -> Result<(), VaultError> {
        let mut has_any = false;
        for file in files {
            self.vault
                .fs
                .sync_file(&self.vault.path(shelf, day, file))?;
            has_any = true;
        }
        if has_any {
            self.vault.fs.sync_dir(&self.vault.folder(shelf))?;
        }
        Ok(())
    }

    /// Forgets which files are being written: they can be merged then.
    pub(super) fn close(&mut self) {
        self.days.clear();
    }
}

/// Writes a record into the part of a day, which is begun with its first one.
fn write(
    open: &mut OpenDay,
    vault: &Vault<'_>,
    (shelf, day): (&Shelf, NaiveDate),
    run: &RunId,
    record: &Record<'_>,
) -> Result<Part, VaultError> {
    let mut part = if let Some(part) = open.part.take() {
        part
    } else {
        let file = free_part(vault, (shelf, day), run)?;
        begin(vault, (shelf, day), &file)?
    };
    let mut written = part.preamble.take().unwrap_or_default().into_bytes();
    written.extend(record.encode());
    part.file.write_all(&written)?;
    Ok(part)
}

/// Returns a part that is not there yet.
fn free_part(
    vault: &Vault<'_>,
    (shelf, day): (&Shelf, NaiveDate),
    run: &RunId,
) -> FsResult<VaultFile> {
    let mut number = 1;
    loop {
        let run = run.clone();
        let file = VaultFile::Part { run, number };
        if vault.fs.metadata(&vault.path(shelf, day, &file))?.is_none() {
            return Ok(file);
        }
        number += 1;
    }
}

/// Begins a part. Its name is durable, so that syncing its bytes is enough from here on.
fn begin(vault: &Vault<'_>, (shelf, day): (&Shelf, NaiveDate), file: &VaultFile) -> FsResult<Part> {
    let folder = vault.folder(shelf);
    create_dirs(vault.fs, parent(&vault.root), &folder)?;
    let path = vault.path(shelf, day, file);
    let file = vault.fs.create_new(&path, Access::Fresh)?;
    vault.fs.sync_dir(&folder)?;
    Ok(Part {
        file,
        is_settled: true,
        preamble: Some(preamble(shelf.as_str(), day)),
    })
}
