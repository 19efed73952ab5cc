//! The folder of one mirror: where its states lie, and how a new one takes the place of the last.
//!
//! Promises: a state is a folder that appears whole, by a rename, and is never changed; `current` is turned to it by one more.
//! Files are never written over: their names say what is in them. No link is followed but `current`, and that only to a state.
//! Leaves to others: what is in the files (`build`), what can be removed (`clean`).

use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};

use super::day_files::seen;
use super::version::Refused;
use super::{MirrorError, Piece, Tree, Version};
use crate::codec::{self, Encoded};
use crate::frame::Profile;
use crate::layout::PartitionPathBuilder;
use crate::model::Dataset;
use crate::sys::atomic::{self, TempNames, create_dirs, parent};
use crate::sys::{Access, FileLock, Fs, FsResult, Kind, Meta, Rights, rights_of};

/// Tells backup programs that everything here can be made again: <https://bford.info/cachedir/>.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # The mirrors of barkeep: copies for readers. barkeep mirror makes them again.\n";
const TAG_NAME: &str = "CACHEDIR.TAG";
/// The link to the state that readers are to take.
const CURRENT: &str = "current";
/// The folder of all files.
pub(super) const FILES: &str = "files";
/// What barkeep knows of a state.
pub(super) const STATE: &str = "state.jsonl";
/// What readers are told of it.
pub(super) const LISTING: &str = "files.txt";
/// When the mirror was compared with its tree last.
pub(super) const REFRESHED: &str = "refreshed";
/// Held by who writes.
pub(super) const LOCK: &str = ".lock";
const IS_GONE: &str = "it is gone";
/// The most bytes of a footer: a file has a thousand row groups at most.
const FOOTER: u64 = 8 << 20;

/// Where mirrors lie.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    /// The door to the file system.
    pub fs: &'p dyn Fs,
    /// The folder of all mirrors; may be a link, and nothing below it.
    pub root: &'p Path,
}

/// The folder of one mirror.
#[derive(Debug)]
pub struct Folder<'p> {
    pub(super) fs: &'p dyn Fs,
    root: &'p Path,
    /// The folder itself.
    pub dir: PathBuf,
}

/// The number in the name of the folder of a state.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let number: u64 = name.strip_prefix('v')?.parse().ok()?;
    (name == format!("v{number}")).then_some(number)
}

impl<'p> Place<'p> {
    /// Returns the folder of the mirror of a tree.
    pub fn folder(self, tree: &Tree) -> Folder<'p> {
        let paths = PartitionPathBuilder::new(self.root);
        Folder {
            fs: self.fs,
            root: self.root,
            dir: paths.tree(&tree.venue, tree.dataset, tree.interval),
        }
    }
}

impl Folder<'_> {
    /// Returns when the mirror was compared with its tree last; `None` when nobody knows.
    pub(super) fn refreshed(&self) -> FsResult<Option<DateTime<Utc>>> {
        let bytes = self.fs.read(&self.dir.join(REFRESHED))?;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.and_then(|text| text.trim().parse().ok()))
    }

    /// Returns the link to the state that readers are to take.
    pub(super) fn link(&self) -> PathBuf {
        self.dir.join(CURRENT)
    }

    /// Returns the state that readers take; `None` when there is none.
    ///
    /// # Errors
    /// When it is damaged, of a later form or cannot be read.
    pub fn current(&self) -> Result<Option<Version>, MirrorError> {
        let link = self.link();
        match self.fs.metadata(&link)?.map(|found| found.kind) {
            None => return Ok(None),
            Some(Kind::Link) => {}
            Some(_) => return Err(damaged(&link, "it is no link")),
        }
        let target = self.fs.read_link(&link)?.unwrap_or_default();
        let number = target.to_str().and_then(number_of);
        let number = number.ok_or_else(|| damaged(&link, "it leads to no version"))?;
        let version = self.version(number)?;
        version
            .map(Some)
            .ok_or_else(|| damaged(&link, "the version that it leads to is gone"))
    }

    /// Returns the state that readers take; `None` only where there are no files, either, that one could have had.
    ///
    /// # Errors
    /// As `current`.
    pub(super) fn last(&self) -> Result<Option<Version>, MirrorError> {
        let last = self.current()?;
        if last.is_none() {
            let files = self.fs.list(&self.dir.join(FILES))?.unwrap_or_default();
            if files
                .iter()
                .any(|entry| Piece::digest_in(&entry.name).is_some())
            {
                return Err(damaged(&self.link(), IS_GONE));
            }
        }
        Ok(last)
    }

    /// Returns a state; `None` when it is not there.
    pub(super) fn version(&self, number: u64) -> Result<Option<Version>, MirrorError> {
        let dir = self.version_dir(number);
        match self.fs.metadata(&dir)?.map(|found| found.kind) {
            None => return Ok(None),
            Some(Kind::Dir) => {}
            Some(_) => return Err(damaged(&dir, "it is no folder")),
        }
        let path = dir.join(STATE);
        let Some(bytes) = self.fs.read(&path)? else {
            return Err(damaged(&path, IS_GONE));
        };
        let version = Version::parse(&bytes).map_err(|refused| match refused {
            Refused::Newer(form) => MirrorError::Newer {
                path: path.clone(),
                form,
            },
            Refused::Damaged(reason) => damaged(&path, &reason),
        })?;
        if version.number != number {
            return Err(damaged(&path, "it is that of another version"));
        }
        Ok(Some(version))
    }

    /// Returns the folder of a state.
    pub fn version_dir(&self, number: u64) -> PathBuf {
        self.dir.join(format!("v{number}"))
    }

    /// Returns where a reader finds a file of a state.
    pub fn path_of(&self, version: &Version, piece: &Piece) -> PathBuf {
        let folder = if version.is_linked {
            self.version_dir(version.number)
        } else {
            self.dir.join(FILES)
        };
        folder.join(piece.file_name())
    }

    /// Makes the folder, and keeps other processes from writing in it for as long as the answer lives.
    ///
    /// # Errors
    /// `Busy` when another process is at it.
    pub(super) fn open(&self, temps: &TempNames) -> Result<Box<dyn FileLock>, MirrorError> {
        if self.fs.metadata(self.root)?.is_none() {
            self.fs.create_dir(self.root)?;
            self.fs.sync_dir(parent(self.root))?;
        }
        create_dirs(self.fs, self.root, &self.dir.join(FILES))?;
        let tag = self.root.join(TAG_NAME);
        if self.fs.metadata(&tag)?.is_none() {
            atomic::replace(self.fs, temps, &tag, TAG.as_bytes())?;
        }
        let lock = self.fs.try_lock(&self.dir.join(LOCK))?;
        lock.ok_or_else(|| MirrorError::Busy {
            path: self.dir.clone(),
        })
    }

    /// Returns the bytes of a file.
    ///
    /// # Errors
    /// When it is gone or cannot be read.
    pub(super) fn read(&self, piece: &Piece) -> Result<Vec<u8>, MirrorError> {
        let path = self.file(piece);
        let bytes = self.fs.read(&path)?;
        bytes.ok_or_else(|| damaged(&path, IS_GONE))
    }

    /// Returns what the rows of a state are, which only its files tell; `None` where it has none.
    ///
    /// # Errors
    /// `Damaged` when a file is gone or is not what was written.
    pub(super) fn profile(
        &self,
        version: &Version,
        usual: &'static Profile,
    ) -> Result<Option<&'static Profile>, MirrorError> {
        let Some(smallest) = version.pieces.iter().min_by_key(|piece| piece.bytes) else {
            return Ok(None);
        };
        // Days come in only as the profile of today has them, and the file may be one that nobody can read now.
        if usual.dataset == Dataset::Trades {
            return Ok(Some(usual));
        }
        let path = self.file(smallest);
        let end = self.fs.read_end(&path, FOOTER)?;
        let end = end.ok_or_else(|| damaged(&path, IS_GONE))?;
        let facts = codec::file_facts(&end, usual);
        let facts = facts.map_err(|error| damaged(&path, &error.to_string()))?;
        Ok(Some(facts.profile))
    }

    /// Returns the path of a file among all files.
    pub(super) fn file(&self, piece: &Piece) -> PathBuf {
        self.dir.join(FILES).join(piece.file_name())
    }

    /// Writes a file, unless the same one is there for as few people. Its contents are durable then, and its name once a version is published.
    pub(super) fn write(
        &self,
        temps: &TempNames,
        piece: &Piece,
        encoded: &Encoded,
        origin: Option<Rights>,
    ) -> FsResult<()> {
        let path = self.file(piece);
        // A damaged one may have the length.
        let is_it = |there: Vec<u8>| there == encoded.bytes;
        if self.has_private(piece, origin)? && self.fs.read(&path)?.is_some_and(is_it) {
            return Ok(());
        }
        let access = Access::at(self.fs, &path, origin)?;
        let temp = temps.beside(&path);
        atomic::write_new(self.fs, &temp, &encoded.bytes, access)?;
        self.fs.rename(&temp, &path)
    }

    /// Tells whether a file is there in its length, for as few people as one that it is made from.
    fn has_private(&self, piece: &Piece, origin: Option<Rights>) -> FsResult<bool> {
        let found = self.fs.metadata(&self.file(piece))?;
        let is_private =
            |rights: Rights| origin.is_none_or(|of| rights.within(of).mode == rights.mode);
        Ok(found.is_some_and(|found| found.len == piece.bytes && is_private(found.rights)))
    }

    /// Gives a file of the tree, whose bytes are known, a second name among all files; a copy of it where it can have none.
    /// Durable as by `write`.
    pub(super) fn adopt(
        &self,
        temps: &TempNames,
        piece: &Piece,
        source: &Path,
        bytes: &[u8],
    ) -> FsResult<()> {
        let path = self.file(piece);
        let origin = rights_of(self.fs, source)?;
        if self.has_private(piece, origin)? && self.fs.read(&path)?.as_deref() == Some(bytes) {
            return Ok(());
        }
        let temp = temps.beside(&path);
        match self.fs.hard_link(source, &temp) {
            Ok(())
                if self
                    .fs
                    .metadata(&temp)?
                    .is_some_and(|meta| is_seen(piece, &meta)) =>
            {
                // Whoever put it into the tree may not have.
                self.fs.sync_file(&temp)?;
                return self.fs.rename(&temp, &path);
            }
            // Somebody has put another file there since the bytes were read.
            Ok(()) => drop(self.fs.remove_file(&temp)?),
            Err(error) if error.is_without_links() || error.is_other_disk() => {}
            Err(error) => return Err(error),
        }
        let access = Access::at(self.fs, &path, origin)?;
        atomic::write_new(self.fs, &temp, bytes, access)?;
        self.fs.rename(&temp, &path)
    }

    /// Makes a state that readers can take, and turns `current` to it. When this returns `Ok`, it survives power loss.
    pub(super) fn publish(&self, temps: &TempNames, version: &mut Version) -> FsResult<()> {
        self.fs.sync_dir(&self.dir.join(FILES))?;
        let dir = self.version_dir(version.number);
        let temp = temps.beside(&dir);
        self.fs.create_dir(&temp)?;
        version.is_linked = self.link_all(&temp, version)?;
        let state = version.to_bytes();
        for (name, bytes) in [
            (STATE, state.as_slice()),
            (LISTING, version.listing().as_bytes()),
        ] {
            atomic::write_new(self.fs, &temp.join(name), bytes, Access::Fresh)?;
        }
        self.fs.sync_dir(&temp)?;
        self.fs.rename(&temp, &dir)?;
        self.fs.sync_dir(&self.dir)?;
        let link = self.link();
        self.set_aside(&link, version.number)?;
        let temp = temps.beside(&link);
        self.fs
            .create_link(Path::new(&format!("v{}", version.number)), &temp)?;
        self.fs.turn_link(&temp, &link)?;
        self.fs.sync_dir(&self.dir)
    }

    /// Gives what is in the place of the link the name of a state behind a number: a copy that followed links has a folder there,
    /// one that knows none a file, and whose it is nobody knows. As a stranger it stays, and is named.
    fn set_aside(&self, link: &Path, number: u64) -> FsResult<()> {
        let found = self.fs.metadata(link)?;
        if found.is_none_or(|found| found.kind == Kind::Link) {
            return Ok(());
        }
        let mut aside = number + 1;
        while self.fs.metadata(&self.version_dir(aside))?.is_some() {
            aside += 1;
        }
        self.fs.rename(link, &self.version_dir(aside))
    }

    /// Gives each file a name in the folder of a state; `false`, and none of them, where files have one name only: some of
    /// them would be a part.
    fn link_all(&self, dir: &Path, version: &Version) -> FsResult<bool> {
        for piece in &version.pieces {
            match self
                .fs
                .hard_link(&self.file(piece), &dir.join(piece.file_name()))
            {
                Ok(()) => {}
                Err(error) if error.is_without_links() => {
                    for piece in &version.pieces {
                        self.fs.remove_file(&dir.join(piece.file_name()))?;
                    }
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Notes when the mirror was compared with its tree.
    pub(super) fn note(&self, temps: &TempNames, now: DateTime<Utc>) -> FsResult<()> {
        let text = now.to_rfc3339_opts(SecondsFormat::Secs, true);
        atomic::replace(self.fs, temps, &self.dir.join(REFRESHED), text.as_bytes())
    }
}

fn is_seen(piece: &Piece, meta: &Meta) -> bool {
    piece.day.as_ref().map(|of| of.seen) == Some(seen(meta))
}

pub(super) fn damaged(path: &Path, reason: &str) -> MirrorError {
    MirrorError::Damaged {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}
