//! One pack of many parts.
//!
//! Promises: a part goes only after the pack that holds all of its records is durable; a crash in between leaves records twice,
//! which count once. A part that is damaged, cut off or not consolidated stays as it is, and so do all beside a damaged pack.

use chrono::NaiveDate;

use crate::sys::atomic::TempNames;
use crate::sys::{Access, FsResult};

use super::contents::preamble;
use super::keeper::Keeper;
use super::{Contents, Head, Shelf, Vault, VaultError, VaultFile};

impl Keeper<'_> {
    /// Merges the parts of a day of which every record is done into its pack. Returns how many parts went.
    ///
    /// # Errors
    /// When the lock was lost or the disk refuses; the parts are there then.
    pub fn merge(
        &mut self,
        (shelf, day): (&Shelf, NaiveDate),
        is_done: &dyn Fn(&Head) -> bool,
    ) -> Result<usize, VaultError> {
        self.close();
        let files = self.vault.days(shelf)?.remove(&day).unwrap_or_default();
        let mut merged: Vec<VaultFile> = Vec::new();
        for file in files {
            let is_part = file != VaultFile::Pack;
            let Some(contents) = self.vault.read(shelf, day, &file)? else {
                continue;
            };
            match (is_part, contents.is_clean(&file)) {
                (false, false) => return Ok(0),
                (true, _) if !Vault::is_done((&contents, &file), is_done) => {}
                _ => merged.push(file),
            }
        }
        if merged.iter().all(|file| *file == VaultFile::Pack) {
            return Ok(0);
        }
        self.held.confirm()?;
        self.clear_temps(shelf, day)?;
        self.write_pack(shelf, day, &merged)?;
        let folder = self.vault.folder(shelf);
        let parts = merged.iter().filter(|file| **file != VaultFile::Pack);
        let mut gone = 0;
        for part in parts {
            self.vault
                .fs
                .remove_file(&self.vault.path(shelf, day, part))?;
            gone += 1;
        }
        self.vault.fs.sync_dir(&folder)?;
        Ok(gone)
    }

    /// Removes what runs that were stopped left of the pack that they wrote: their parts are there.
    fn clear_temps(&self, shelf: &Shelf, day: NaiveDate) -> Result<(), VaultError> {
        let folder = self.vault.folder(shelf);
        let begin = format!(".{}.tmp-", VaultFile::Pack.name(day));
        for entry in self.vault.fs.list(&folder)?.unwrap_or_default() {
            if entry.name.starts_with(&begin) {
                self.vault.fs.remove_file(&folder.join(&entry.name))?;
            }
        }
        Ok(())
    }

    /// Writes the pack of a day, a file at a time: only one of them is in memory.
    fn write_pack(
        &self,
        shelf: &Shelf,
        day: NaiveDate,
        files: &[VaultFile],
    ) -> Result<(), VaultError> {
        let path = self.vault.path(shelf, day, &VaultFile::Pack);
        let temp = TempNames::of(self.run.clone()).beside(&path);
        let fs = self.vault.fs;
        let written = self.write_all(&temp, shelf, day, files);
        if let Err(error) = written {
            // The first error is the one to report; a leftover is found by the next clean-up.
            let _removed: FsResult<bool> = fs.remove_file(&temp);
            return Err(error);
        }
        fs.rename(&temp, &path)?;
        Ok(fs.sync_dir(&self.vault.folder(shelf))?)
    }

    fn write_all(
        &self,
        temp: &std::path::Path,
        shelf: &Shelf,
        day: NaiveDate,
        files: &[VaultFile],
    ) -> Result<(), VaultError> {
        let mut pack = self.vault.fs.create_new(temp, Access::Fresh)?;
        pack.write_all(preamble(shelf.as_str(), day).as_bytes())?;
        let mut written = std::collections::BTreeSet::new();
        for file in files {
            let contents: Option<Contents> = self.vault.read(shelf, day, file)?;
            for record in contents.iter().flat_map(Contents::records) {
                if written.insert((record.head.name.clone(), record.head.digest)) {
                    pack.write_all(&record.encode())?;
                }
            }
        }
        Ok(pack.sync()?)
    }
}
