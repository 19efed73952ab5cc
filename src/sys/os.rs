//! The real file system.
//!
//! Promises: what `Fs` says, on Linux. `syncfs` is used as a barrier only where it is known to keep what it
//! promises (ext4, xfs, btrfs); elsewhere a barrier syncs each file and directory in turn.
#![expect(
    clippy::disallowed_methods,
    reason = "this file is the door to the file system"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fs2::FileExt;

use super::access::{Access, Rights, irregular};
use super::fs::{
    Barrier, Entry, FileLock, Fs, FsError, FsFile, FsKind, FsResult, Kind, Medium, Meta, Space,
};
use super::heritage::{self, Acl, Heritage};
use super::medium::{drop_pages, has_barrier, kind_of_disk};
use super::open::{self, Given, Opened, kind_of};
use super::probe::{probe, same_disk};

/// The file system of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFs;

impl OsFs {
    /// Opens a log file to be appended to, making it if needed. Not for data: nothing is synced.
    ///
    /// # Errors
    /// When the file cannot be opened, or is a link or no regular file.
    pub fn append(self, path: &Path) -> FsResult<File> {
        open::to_add(OpenOptions::new().append(true), path).map_err(FsError::at("open", path))
    }
}

#[derive(Debug)]
struct OsFile {
    file: File,
    path: PathBuf,
    is_refused: bool,
}

impl FsFile for OsFile {
    fn write_all(&mut self, bytes: &[u8]) -> FsResult<()> {
        self.file
            .write_all(bytes)
            .map_err(FsError::at("write", &self.path))
    }

    fn sync(&mut self) -> FsResult<()> {
        self.file
            .sync_all()
            .map_err(FsError::at("sync", &self.path))
    }

    fn is_refused(&self) -> bool {
        self.is_refused
    }
}

#[derive(Debug)]
struct SyncfsBarrier {
    // Opened before the first write: an error of any write since then is reported once to this descriptor.
    root: File,
    path: PathBuf,
}

impl Barrier for SyncfsBarrier {
    fn sync(&self, files: &[PathBuf], dirs: &[PathBuf]) -> FsResult<()> {
        if files.is_empty() && dirs.is_empty() {
            return Ok(());
        }
        rustix::fs::syncfs(&self.root)
            .map_err(|error| FsError::at("sync the file system of", &self.path)(error.into()))
    }
}

#[derive(Debug)]
struct EachFileBarrier;

impl Barrier for EachFileBarrier {
    fn sync(&self, files: &[PathBuf], dirs: &[PathBuf]) -> FsResult<()> {
        files.iter().try_for_each(|file| OsFs.sync_file(file))?;
        dirs.iter().try_for_each(|dir| OsFs.sync_dir(dir))
    }
}

#[derive(Debug)]
struct OsLock {
    // Held open: the kernel releases the lock with the descriptor, whatever ends the process.
    file: File,
}

impl Drop for OsLock {
    fn drop(&mut self) {
        // A child that another thread is just starting has a copy of the descriptor for a moment, and closing ours
        // would not release the lock then. If this fails, closing does it a moment later.
        let _released: io::Result<()> = FileExt::unlock(&self.file);
    }
}

impl FileLock for OsLock {}

fn unless_absent<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Fs for OsFs {
    fn read(&self, path: &Path) -> FsResult<Option<Vec<u8>>> {
        let read = |opened: Opened| {
            let len = opened.len;
            opened.read(len)
        };
        unless_absent(open::to_read(path).and_then(read)).map_err(FsError::at("read", path))
    }

    fn read_end(&self, path: &Path, most: u64) -> FsResult<Option<Vec<u8>>> {
        let read = |mut opened: Opened| {
            let start = opened.len.saturating_sub(most);
            if start > 0 {
                opened.file.seek(SeekFrom::Start(start))?;
            }
            let len = opened.len - start;
            opened.read(len)
        };
        unless_absent(open::to_read(path).and_then(read)).map_err(FsError::at("read", path))
    }

    fn read_from_medium(&self, path: &Path) -> FsResult<Option<(Vec<u8>, Medium)>> {
        let read = |opened: Opened| {
            let medium = drop_pages(&opened.file)?;
            let len = opened.len;
            Ok((opened.read(len)?, medium))
        };
        unless_absent(open::to_read(path).and_then(read)).map_err(FsError::at("read", path))
    }

    fn metadata(&self, path: &Path) -> FsResult<Option<Meta>> {
        let found =
            unless_absent(fs::symlink_metadata(path)).map_err(FsError::at("examine", path))?;
        let nanos =
            |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Ok(found.map(|meta| Meta {
            kind: kind_of(meta.file_type()),
            len: meta.len(),
            modified_nanos: nanos(meta.mtime(), meta.mtime_nsec()),
            changed_nanos: nanos(meta.ctime(), meta.ctime_nsec()),
            inode: meta.ino(),
            rights: Rights {
                mode: meta.mode() & 0o777,
                owner: meta.uid(),
                group: meta.gid(),
            },
            has_setgid: meta.mode() & 0o2000 != 0,
        }))
    }

    fn list(&self, dir: &Path) -> FsResult<Option<Vec<Entry>>> {
        let Some(names) = unless_absent(fs::read_dir(dir)).map_err(FsError::at("list", dir))?
        else {
            return Ok(None);
        };
        let mut entries = Vec::new();
        for name in names {
            let name = name.map_err(FsError::at("list", dir))?;
            let kind = kind_of(name.file_type().map_err(FsError::at("list", dir))?);
            if let Ok(name) = name.file_name().into_string() {
                entries.push(Entry { name, kind });
            }
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Some(entries))
    }

    fn create_new(&self, path: &Path, access: Access) -> FsResult<Box<dyn FsFile>> {
        let (file, given) = open::to_create(path, access).map_err(FsError::at("create", path))?;
        Ok(Box::new(OsFile {
            file,
            is_refused: given == Given::Refused,
            path: path.to_owned(),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> FsResult<()> {
        let refuse = FsError::at("rename into place", to);
        match self.metadata(to)?.map(|found| found.kind) {
            Some(kind @ (Kind::Link | Kind::Other)) => Err(refuse(irregular(kind))),
            _ => fs::rename(from, to).map_err(refuse),
        }
    }

    fn rename_new(&self, from: &Path, to: &Path) -> FsResult<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(()),
            // Some file systems cannot; a second name must be free on all that have them.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                self.hard_link(from, to)?;
                self.remove_file(from).map(drop)
            }
            Err(error) => Err(FsError::at("rename into place", to)(error.into())),
        }
    }

    fn hard_link(&self, from: &Path, to: &Path) -> FsResult<()> {
        let refuse = FsError::at("link to", to);
        match self.metadata(from)?.map(|found| found.kind) {
            None | Some(Kind::File) => fs::hard_link(from, to).map_err(refuse),
            Some(kind) => Err(refuse(irregular(kind))),
        }
    }

    fn create_link(&self, target: &Path, path: &Path) -> FsResult<()> {
        std::os::unix::fs::symlink(target, path).map_err(FsError::at("create", path))
    }

    fn read_link(&self, path: &Path) -> FsResult<Option<PathBuf>> {
        unless_absent(fs::read_link(path)).map_err(FsError::at("read", path))
    }

    fn turn_link(&self, from: &Path, to: &Path) -> FsResult<()> {
        let refuse = FsError::at("rename into place", to);
        match self.metadata(to)?.map(|found| found.kind) {
            None | Some(Kind::Link) => fs::rename(from, to).map_err(refuse),
            Some(kind) => Err(refuse(irregular(kind))),
        }
    }

    fn sync_file(&self, path: &Path) -> FsResult<()> {
        open::to_read(path)
            .and_then(|opened| opened.file.sync_all())
            .map_err(FsError::at("sync", path))
    }

    fn sync_dir(&self, dir: &Path) -> FsResult<()> {
        open::folder(dir)
            .and_then(|file| file.sync_all())
            .map_err(FsError::at("sync", dir))
    }

    fn create_dir(&self, dir: &Path) -> FsResult<bool> {
        match fs::create_dir(dir) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(FsError::at("create", dir)(error)),
        }
    }

    fn create_dir_like(&self, dir: &Path, wanted: &Heritage) -> FsResult<Heritage> {
        heritage::create_dir(dir, wanted)
    }

    fn acl(&self, path: &Path, which: Acl) -> FsResult<Option<Vec<u8>>> {
        heritage::acl(path, which)
    }

    fn remove_file(&self, path: &Path) -> FsResult<bool> {
        unless_absent(fs::remove_file(path))
            .map(|done| done.is_some())
            .map_err(FsError::at("remove", path))
    }

    fn remove_dir(&self, dir: &Path) -> FsResult<bool> {
        unless_absent(fs::remove_dir(dir))
            .map(|done| done.is_some())
            .map_err(FsError::at("remove", dir))
    }

    fn barrier(&self, root: &Path) -> FsResult<Box<dyn Barrier>> {
        if !has_barrier(root)? {
            return Ok(Box::new(EachFileBarrier));
        }
        let opened = open::folder(root).map_err(FsError::at("open", root))?;
        Ok(Box::new(SyncfsBarrier {
            root: opened,
            path: root.to_owned(),
        }))
    }

    fn try_lock(&self, path: &Path) -> FsResult<Option<Box<dyn FileLock>>> {
        let file = open::to_add(OpenOptions::new().write(true), path)
            .map_err(FsError::at("open", path))?;
        match FileExt::try_lock_exclusive(&file) {
            Ok(()) => Ok(Some(Box::new(OsLock { file }))),
            Err(error) if error.kind() == fs2::lock_contended_error().kind() => Ok(None),
            Err(error) => Err(FsError::at("lock", path)(error)),
        }
    }

    fn space(&self, path: &Path) -> FsResult<Space> {
        let found = rustix::fs::statvfs(path)
            .map_err(|error| FsError::at("examine the file system of", path)(error.into()))?;
        let inodes = (found.f_files > 0).then_some(found.f_favail);
        Ok(Space {
            bytes: found.f_bavail.saturating_mul(found.f_frsize),
            inodes,
            block: found.f_frsize,
        })
    }

    fn kind(&self, path: &Path) -> FsResult<FsKind> {
        kind_of_disk(path)
    }

    fn resolve(&self, path: &Path) -> FsResult<PathBuf> {
        fs::canonicalize(path).map_err(FsError::at("resolve", path))
    }

    fn same_device(&self, a: &Path, b: &Path) -> FsResult<bool> {
        same_disk(a, b)
    }

    fn probe(&self, from: &Path, dir: &Path, name: &str) -> FsResult<Option<Kind>> {
        probe(from, dir, name)
    }
}
