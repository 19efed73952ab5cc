//! Whether readers get all of a state and nothing beside it, and what of it can be put back where they do not.
//!
//! Promises: every refusal is `Damaged` and names the file. By names and lengths it costs a look at each file; by contents all of
//! them are read, under both of their names.
//! Leaves to others: whether the rows are those of the tree (`compare`), what the table says (`table`).

use std::collections::BTreeSet;
use std::path::Path;

use super::day_files::is_one;
use super::folder::{Folder, LISTING, STATE, damaged};
use super::{MirrorError, Piece, Version};
use crate::model::Digest;
use crate::sys::atomic::TempNames;
use crate::sys::{Entry, Kind};

/// Returns the state that readers of the folder of a mirror take; `None` when there is none.
///
/// # Errors
/// As `current`, and `Damaged` when they would get a part of it, or something beside it.
pub fn whole(folder: &Folder<'_>) -> Result<Option<Version>, MirrorError> {
    let version = folder.current()?;
    if let Some(version) = &version {
        Files { folder, version }.refuse_part()?;
    }
    Ok(version)
}

/// The files of a state, where readers find them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Files<'f> {
    pub(super) folder: &'f Folder<'f>,
    pub(super) version: &'f Version,
}

impl Files<'_> {
    /// Refuses a state of which those who read its folder or its list get a part, or something beside it, by names and lengths.
    pub(super) fn refuse_part(self) -> Result<(), MirrorError> {
        let dir = self.folder.version_dir(self.version.number);
        let listing = dir.join(LISTING);
        match self.folder.fs.read(&listing)? {
            None => return Err(damaged(&listing, "it is gone")),
            Some(bytes) if bytes == self.version.listing().as_bytes() => {}
            Some(_) => return Err(damaged(&listing, "it is not what was written")),
        }
        let entries = self.folder.fs.list(&dir)?.unwrap_or_default();
        let is_read = |entry: &&Entry| entry.kind == Kind::Dir || entry.name.ends_with(".parquet");
        let ours = self.version.names();
        let mut strangers = entries.iter().filter(|entry| !ours.contains(&entry.name));
        if let Some(stranger) = strangers.find(is_read) {
            let reason = format!("{} is none of its files", stranger.name);
            return Err(damaged(&dir, &reason));
        }
        let place = |piece: &Piece| self.folder.path_of(self.version, piece);
        let mut pieces = self.version.pieces.iter();
        pieces.try_for_each(|piece| self.refuse_other_length(&place(piece), piece))
    }

    /// Refuses a state as `refuse_part`, and one of which a file is not among all files, where the table has it.
    pub(super) fn refuse_lacking(self) -> Result<(), MirrorError> {
        self.refuse_part()?;
        let mut pieces = self.version.pieces.iter();
        pieces.try_for_each(|piece| self.refuse_other_length(&self.folder.file(piece), piece))
    }

    /// Refuses a state of which a file has other contents than were written, under either of its names.
    pub(super) fn refuse_change(self) -> Result<(), MirrorError> {
        for piece in &self.version.pieces {
            let (read, of_table) = (
                self.folder.path_of(self.version, piece),
                self.folder.file(piece),
            );
            self.refuse_other_contents(&read, piece)?;
            if !is_one(self.folder.fs, &read, &of_table)? {
                self.refuse_other_contents(&of_table, piece)?;
            }
        }
        Ok(())
    }

    /// Puts files that are not among all files back there, from the folder of a state.
    ///
    /// # Errors
    /// `Damaged` when that has not got one, either, or something that is no file stands in the place of one: it is not replaced.
    pub(super) fn put_back(self, temps: &TempNames) -> Result<(), MirrorError> {
        for piece in &self.version.pieces {
            let place = self.folder.file(piece);
            if or_damage(self.refuse_other_length(&place, piece))?.is_err() {
                let found = self.folder.fs.metadata(&place)?;
                if found.is_some_and(|found| found.kind != Kind::File) {
                    return Err(damaged(&place, "it is no file"));
                }
                let path = self.folder.path_of(self.version, piece);
                let bytes = self.refuse_other_contents(&path, piece)?;
                self.folder.adopt(temps, piece, &path, &bytes)?;
            }
        }
        Ok(())
    }

    fn refuse_other_length(self, path: &Path, piece: &Piece) -> Result<(), MirrorError> {
        match self.folder.fs.metadata(path)? {
            None => Err(damaged(path, "it is gone")),
            Some(found) if found.kind != Kind::File => Err(damaged(path, "it is no file")),
            Some(found) if found.len == piece.bytes => Ok(()),
            Some(found) => {
                let (is, was) = (found.len, piece.bytes);
                Err(damaged(path, &format!("it has {is} bytes, and had {was}")))
            }
        }
    }

    fn refuse_other_contents(self, path: &Path, piece: &Piece) -> Result<Vec<u8>, MirrorError> {
        match self.folder.fs.read(path)? {
            None => Err(damaged(path, "it is gone")),
            Some(bytes) if Digest::of(&bytes) == piece.digest => Ok(bytes),
            Some(_) => Err(damaged(path, "it is another file than was written")),
        }
    }
}

impl Version {
    /// Returns the names of all that is in the folder of the state.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let pieces = self.pieces.iter().filter(|_| self.is_linked);
        let own = [STATE, LISTING].map(str::to_owned);
        pieces.map(Piece::file_name).chain(own).collect()
    }
}

/// Tells what is damaged, in words, from what fails.
pub(super) fn or_damage<T>(
    found: Result<T, MirrorError>,
) -> Result<Result<T, String>, MirrorError> {
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(MirrorError::Damaged { path, reason }) => {
            Ok(Err(format!("{}: {reason}", path.display())))
        }
        Err(error) => Err(error),
    }
}
