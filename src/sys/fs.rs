//! The file operations that barkeep needs, and no more.
//!
//! Promises: an absent file is `None`, never an error; an error is never an empty result; a pipe, socket or device in the
//! place of a file is an error, and nothing waits for it. A simulated disk
//! implements the same trait in the tests, so whatever goes through here can be crashed at every call.
//! Leaves to others: order. Which call must be durable before which is decided by the callers.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::access::{Access, Rights};
use super::heritage::{Acl, Heritage};

/// The result of a file operation.
pub type FsResult<T> = Result<T, FsError>;

/// A file operation that did not work, with the operation and the path.
#[derive(Debug, thiserror::Error)]
#[error("cannot {op} {}: {}", path.display(), describe(source))]
pub struct FsError {
    /// What was tried, as a verb.
    pub op: &'static str,
    /// What it was tried on.
    pub path: PathBuf,
    /// What the system answered.
    pub source: io::Error,
}

fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or_default()
        .to_lowercase()
}

impl FsError {
    /// Returns a function that attaches `op` and `path` to an I/O error.
    pub fn at(op: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { op, path, source }
    }

    /// Tells whether the system refused this very place, and may well take another one: rights, a read-only or immutable
    /// directory, a link or a file in the way, another disk. A disk that fails or is full is none of these.
    pub fn is_of_place(&self) -> bool {
        super::probe::is_of_place(&self.source)
    }

    /// Tells whether the system lets this user change nothing there: rights, or a read-only or immutable place.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self.source.kind(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
        )
    }

    /// Tells whether a rename was refused because it would go from one disk, or one mount of a disk, to another.
    pub fn is_other_disk(&self) -> bool {
        self.source.kind() == io::ErrorKind::CrossesDevices
    }

    /// Tells whether a file system that gives no file a second name refused to: it may still be right for everything else.
    pub fn is_without_links(&self) -> bool {
        matches!(
            self.source.kind(),
            io::ErrorKind::Unsupported
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::TooManyLinks
        )
    }

    /// Returns what the system answered, as a phrase.
    pub fn reason(&self) -> String {
        describe(&self.source)
    }

    /// Tells whether there is nothing at the path, where the operation needs something.
    pub fn is_absence(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }

    /// Tells whether a name that had to be free is not.
    pub fn is_taken(&self) -> bool {
        self.source.kind() == io::ErrorKind::AlreadyExists
    }

    /// Tells whether the file system ran out of bytes, inodes or quota, or the process met its limit on file sizes.
    pub fn is_out_of_space(&self) -> bool {
        matches!(
            self.source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        )
    }
}

/// What a name stands for. Links are told apart because barkeep never follows one below the data root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
    /// A device, pipe or socket.
    Other,
}

/// What is known of a name without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// What the name stands for.
    pub kind: Kind,
    /// Length in bytes.
    pub len: u64,
    /// Time of the last change of the contents, nanoseconds since 1970.
    pub modified_nanos: i64,
    /// Time of the last change of anything, the name included, nanoseconds since 1970. Nobody can set it.
    pub changed_nanos: i64,
    /// The number of the file on its file system; another file may have it once this one is gone.
    pub inode: u64,
    /// Who may use it.
    pub rights: Rights,
    /// Whether it has the setgid bit: what is made in such a folder has the group of the folder.
    pub has_setgid: bool,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name; names that are not UTF-8 are none of barkeep's and are not listed.
    pub name: String,
    /// What it stands for.
    pub kind: Kind,
}

/// What is left on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this user may still write.
    pub bytes: u64,
    /// Files that may still be created; `None` where the file system does not count them.
    pub inodes: Option<u64>,
    /// Bytes of a block, which is the least that a file takes.
    pub block: u64,
}

/// How far a file system can be trusted with locks and barriers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FsKind {
    /// A local disk.
    Local,
    /// A network file system: locks and renames do not mean there what they mean here.
    Network,
}

/// Where the bytes of a file were read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Medium {
    /// From memory, or nobody can tell.
    Cache,
    /// From the disk: the system's copy in memory was dropped first, and was seen to be gone.
    Disk,
}

/// A file being written. Dropping it closes it; errors that only `close` would report are reported by `sync`.
pub trait FsFile: fmt::Debug + Send {
    /// Appends all of `bytes`.
    fn write_all(&mut self, bytes: &[u8]) -> FsResult<()>;
    /// Makes the contents durable. After an error the contents are unknown: never sync the same file again.
    fn sync(&mut self) -> FsResult<()>;
    /// Tells whether the system refused to give the file the owner, group or mode that it was to have: it has fewer rights
    /// then, or another owner.
    fn is_refused(&self) -> bool {
        false
    }
}

/// Makes a group of changes durable at once. Opened before the first write, so that no error goes unseen.
pub trait Barrier: fmt::Debug + Send + Sync {
    /// Returns when the contents of `files` and the entries of `dirs` survive power loss.
    fn sync(&self, files: &[PathBuf], dirs: &[PathBuf]) -> FsResult<()>;
}

/// An advisory lock that the system releases when this value or the process goes.
pub trait FileLock: fmt::Debug + Send + Sync {}

/// A file system.
pub trait Fs: fmt::Debug + Send + Sync {
    /// Reads a whole file; `None` when there is no such file.
    fn read(&self, path: &Path) -> FsResult<Option<Vec<u8>>>;
    /// Reads the last bytes of a file, at most so many; `None` when there is no such file.
    fn read_end(&self, path: &Path, most: u64) -> FsResult<Option<Vec<u8>>>;
    /// Reads a whole file after dropping what memory holds of it, and tells whether that worked. What was not synced
    /// cannot be dropped.
    fn read_from_medium(&self, path: &Path) -> FsResult<Option<(Vec<u8>, Medium)>>;
    /// Looks at a name without following a link; `None` when there is none.
    fn metadata(&self, path: &Path) -> FsResult<Option<Meta>>;
    /// Lists a directory in name order; `None` when there is no such directory.
    fn list(&self, dir: &Path) -> FsResult<Option<Vec<Entry>>>;
    /// Creates a file that must not exist yet, without following a link. It has these rights from the first moment, or
    /// fewer where the system refuses.
    fn create_new(&self, path: &Path, access: Access) -> FsResult<Box<dyn FsFile>>;
    /// Renames a file or directory, replacing a file that has the new name; a link, pipe, socket or device is not
    /// replaced.
    fn rename(&self, from: &Path, to: &Path) -> FsResult<()>;
    /// Renames a regular file to a name that must be free: whatever has it by then stays, and the error says so.
    fn rename_new(&self, from: &Path, to: &Path) -> FsResult<()>;
    /// Gives a regular file another name, which must be free. Both names are the same file from then on.
    fn hard_link(&self, from: &Path, to: &Path) -> FsResult<()>;
    /// Creates a symbolic link that says `target`, under a name that must be free.
    fn create_link(&self, target: &Path, path: &Path) -> FsResult<()>;
    /// Returns what a symbolic link says; `None` when there is nothing of that name. Something else there is an error.
    fn read_link(&self, path: &Path) -> FsResult<Option<PathBuf>>;
    /// Renames a symbolic link, replacing a symbolic link that has the new name; nothing else is replaced.
    fn turn_link(&self, from: &Path, to: &Path) -> FsResult<()>;
    /// Makes the contents of an existing file durable.
    fn sync_file(&self, path: &Path) -> FsResult<()>;
    /// Makes the entries of a directory durable.
    fn sync_dir(&self, dir: &Path) -> FsResult<()>;
    /// Creates a directory; `false` when it was there already, which makes this a lock primitive.
    fn create_dir(&self, dir: &Path) -> FsResult<bool>;
    /// Creates a directory in which files come into being as in one that hands down `wanted`, and returns what it hands down:
    /// the system may refuse some of it. It may be there already.
    fn create_dir_like(&self, dir: &Path, wanted: &Heritage) -> FsResult<Heritage>;
    /// Returns a list of further users and groups of a file or directory; `None` where it has none.
    fn acl(&self, path: &Path, which: Acl) -> FsResult<Option<Vec<u8>>>;
    /// Removes a file; `false` when there was none.
    fn remove_file(&self, path: &Path) -> FsResult<bool>;
    /// Removes an empty directory; `false` when there was none.
    fn remove_dir(&self, dir: &Path) -> FsResult<bool>;
    /// Opens a barrier for everything below `root`.
    fn barrier(&self, root: &Path) -> FsResult<Box<dyn Barrier>>;
    /// Takes an advisory lock on a file, creating it, without following a link; `None` when another process holds it.
    fn try_lock(&self, path: &Path) -> FsResult<Option<Box<dyn FileLock>>>;
    /// Returns what is left on the file system that holds `path`.
    fn space(&self, path: &Path) -> FsResult<Space>;
    /// Returns what kind of file system holds `path`.
    fn kind(&self, path: &Path) -> FsResult<FsKind>;
    /// Resolves links; for the data root, once.
    fn resolve(&self, path: &Path) -> FsResult<PathBuf>;
    /// Tells whether a rename can go from one directory to another: they lie on one file system, seen through one mount.
    fn same_device(&self, a: &Path, b: &Path) -> FsResult<bool>;
    /// Asks, without changing anything, whether a file of the directory `from` could be renamed to `name` in the
    /// directory `dir`, which is there; returns what has that name now. The error is what the rename would meet.
    fn probe(&self, from: &Path, dir: &Path, name: &str) -> FsResult<Option<Kind>>;
}
