//! A file system that says yes and leaves steps out.
//!
//! A crash test that never failed proves little. Each named mutant is one classic mistake; the sweep must notice it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::sys::{
    Access, Acl, Barrier, Entry, FileLock, Fs, FsFile, FsKind, FsResult, Heritage, Kind, Medium,
    Meta, Space,
};

/// A changing call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op<'a> {
    /// A file is created.
    Create(&'a Path),
    /// Bytes are appended.
    Write(&'a Path),
    /// A file's bytes are made durable.
    SyncFile(&'a Path),
    /// A directory's entries are made durable.
    SyncDir(&'a Path),
    /// A name is moved.
    Rename {
        /// The old name.
        from: &'a Path,
        /// The new one.
        to: &'a Path,
    },
    /// A file gets this name, too.
    HardLink(&'a Path),
    /// A symbolic link is created.
    CreateLink(&'a Path),
    /// A directory is created.
    CreateDir(&'a Path),
    /// A file is removed.
    RemoveFile(&'a Path),
    /// A directory is removed.
    RemoveDir(&'a Path),
}

impl fmt::Display for Op<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(path) => write!(f, "create {}", path.display()),
            Self::Write(path) => write!(f, "write {}", path.display()),
            Self::SyncFile(path) => write!(f, "sync {}", path.display()),
            Self::SyncDir(path) => write!(f, "sync dir {}", path.display()),
            Self::Rename { from, to } => write!(f, "rename {} {}", from.display(), to.display()),
            Self::HardLink(path) => write!(f, "link {}", path.display()),
            Self::CreateLink(path) => write!(f, "symlink {}", path.display()),
            Self::CreateDir(path) => write!(f, "mkdir {}", path.display()),
            Self::RemoveFile(path) => write!(f, "remove {}", path.display()),
            Self::RemoveDir(path) => write!(f, "rmdir {}", path.display()),
        }
    }
}

type Choice = Arc<dyn Fn(&Op<'_>) -> bool + Send + Sync>;
type Hear = Arc<dyn Fn(&Path) + Send + Sync>;

/// A file system that silently leaves out chosen calls. Creating a file and taking a lock cannot be left out; what can be is
/// who may use the new file, which then is whoever the umask lets.
#[derive(Clone)]
pub(crate) struct MutantFs {
    inner: Arc<dyn Fs>,
    leave_out: Choice,
    before_read: Hear,
}

impl fmt::Debug for MutantFs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MutantFs")
    }
}

impl MutantFs {
    /// Returns `inner` without the calls that `leave_out` picks.
    pub(crate) fn new(
        inner: Arc<dyn Fs>,
        leave_out: impl Fn(&Op<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            inner,
            leave_out: Arc::new(leave_out),
            before_read: Arc::new(|_| ()),
        }
    }

    /// Returns `inner`, where something is done before a file is read, as another process may at any time.
    pub(crate) fn hearing(
        inner: Arc<dyn Fs>,
        before_read: impl Fn(&Path) + Send + Sync + 'static,
    ) -> Self {
        Self {
            before_read: Arc::new(before_read),
            ..Self::new(inner, |_| false)
        }
    }

    fn unless<T>(&self, op: Op<'_>, silent: T, call: impl FnOnce() -> FsResult<T>) -> FsResult<T> {
        if (self.leave_out)(&op) {
            Ok(silent)
        } else {
            call()
        }
    }
}

#[derive(Debug)]
struct MutantFile {
    inner: Box<dyn FsFile>,
    fs: MutantFs,
    path: PathBuf,
}

impl FsFile for MutantFile {
    fn write_all(&mut self, bytes: &[u8]) -> FsResult<()> {
        let inner = &mut self.inner;
        self.fs
            .unless(Op::Write(&self.path), (), || inner.write_all(bytes))
    }

    fn sync(&mut self) -> FsResult<()> {
        let inner = &mut self.inner;
        self.fs
            .unless(Op::SyncFile(&self.path), (), || inner.sync())
    }
}

#[derive(Debug)]
struct MutantBarrier {
    inner: Box<dyn Barrier>,
    fs: MutantFs,
}

impl Barrier for MutantBarrier {
    fn sync(&self, files: &[PathBuf], dirs: &[PathBuf]) -> FsResult<()> {
        let is_kept = |op: Op<'_>| !(self.fs.leave_out)(&op);
        let files: Vec<PathBuf> = files
            .iter()
            .filter(|file| is_kept(Op::SyncFile(file)))
            .cloned()
            .collect();
        let dirs: Vec<PathBuf> = dirs
            .iter()
            .filter(|dir| is_kept(Op::SyncDir(dir)))
            .cloned()
            .collect();
        self.inner.sync(&files, &dirs)
    }
}

impl Fs for MutantFs {
    fn read(&self, path: &Path) -> FsResult<Option<Vec<u8>>> {
        (self.before_read)(path);
        self.inner.read(path)
    }

    fn read_end(&self, path: &Path, most: u64) -> FsResult<Option<Vec<u8>>> {
        self.inner.read_end(path, most)
    }

    fn read_from_medium(&self, path: &Path) -> FsResult<Option<(Vec<u8>, Medium)>> {
        self.inner.read_from_medium(path)
    }

    fn metadata(&self, path: &Path) -> FsResult<Option<Meta>> {
        self.inner.metadata(path)
    }

    fn list(&self, dir: &Path) -> FsResult<Option<Vec<Entry>>> {
        self.inner.list(dir)
    }

    fn create_new(&self, path: &Path, access: Access) -> FsResult<Box<dyn FsFile>> {
        let access = if (self.leave_out)(&Op::Create(path)) {
            Access::Fresh
        } else {
            access
        };
        Ok(Box::new(MutantFile {
            inner: self.inner.create_new(path, access)?,
            fs: self.clone(),
            path: path.to_owned(),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> FsResult<()> {
        self.unless(Op::Rename { from, to }, (), || self.inner.rename(from, to))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> FsResult<()> {
        self.unless(Op::Rename { from, to }, (), || {
            self.inner.rename_new(from, to)
        })
    }

    fn hard_link(&self, from: &Path, to: &Path) -> FsResult<()> {
        self.unless(Op::HardLink(to), (), || self.inner.hard_link(from, to))
    }

    fn create_link(&self, target: &Path, path: &Path) -> FsResult<()> {
        self.unless(Op::CreateLink(path), (), || {
            self.inner.create_link(target, path)
        })
    }

    fn read_link(&self, path: &Path) -> FsResult<Option<PathBuf>> {
        self.inner.read_link(path)
    }

    fn turn_link(&self, from: &Path, to: &Path) -> FsResult<()> {
        self.unless(Op::Rename { from, to }, (), || {
            self.inner.turn_link(from, to)
        })
    }

    fn sync_file(&self, path: &Path) -> FsResult<()> {
        self.unless(Op::SyncFile(path), (), || self.inner.sync_file(path))
    }

    fn sync_dir(&self, dir: &Path) -> FsResult<()> {
        self.unless(Op::SyncDir(dir), (), || self.inner.sync_dir(dir))
    }

    fn create_dir(&self, dir: &Path) -> FsResult<bool> {
        self.unless(Op::CreateDir(dir), true, || self.inner.create_dir(dir))
    }

    fn create_dir_like(&self, dir: &Path, wanted: &Heritage) -> FsResult<Heritage> {
        self.unless(Op::CreateDir(dir), wanted.clone(), || {
            self.inner.create_dir_like(dir, wanted)
        })
    }

    fn acl(&self, path: &Path, which: Acl) -> FsResult<Option<Vec<u8>>> {
        self.inner.acl(path, which)
    }

    fn remove_file(&self, path: &Path) -> FsResult<bool> {
        self.unless(Op::RemoveFile(path), true, || self.inner.remove_file(path))
    }

    fn remove_dir(&self, dir: &Path) -> FsResult<bool> {
        self.unless(Op::RemoveDir(dir), true, || self.inner.remove_dir(dir))
    }

    fn barrier(&self, root: &Path) -> FsResult<Box<dyn Barrier>> {
        Ok(Box::new(MutantBarrier {
            inner: self.inner.barrier(root)?,
            fs: self.clone(),
        }))
    }

    fn try_lock(&self, path: &Path) -> FsResult<Option<Box<dyn FileLock>>> {
        self.inner.try_lock(path)
    }

    fn space(&self, path: &Path) -> FsResult<Space> {
        self.inner.space(path)
    }

    fn kind(&self, path: &Path) -> FsResult<FsKind> {
        self.inner.kind(path)
    }

    fn resolve(&self, path: &Path) -> FsResult<PathBuf> {
        self.inner.resolve(path)
    }

    fn same_device(&self, a: &Path, b: &Path) -> FsResult<bool> {
        self.inner.same_device(a, b)
    }

    fn probe(&self, from: &Path, dir: &Path, name: &str) -> FsResult<Option<Kind>> {
        self.inner.probe(from, dir, name)
    }
}
