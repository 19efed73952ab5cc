//! `sys::Fs` on the simulated disk.
//!
//! A failed write leaves half of its bytes, as a full disk does. A failed sync dooms the bytes it was for: Linux
//! takes them for clean afterwards, and a second sync says yes without saving them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::Change;
use super::mutant::Op;
use super::simfs::SimFs;
use super::state::errno;
use super::tree::{Ino, Node};
use barkeep::sys::{
    Access, Acl, Barrier, Entry, FileLock, Fs, FsError, FsFile, FsKind, FsResult, Heritage, Kind,
    Medium, Meta, Rights, Space,
};

#[derive(Debug)]
struct SimFile {
    fs: SimFs,
    file: Ino,
    path: PathBuf,
    is_refused: bool,
}

impl FsFile for SimFile {
    fn is_refused(&self) -> bool {
        self.is_refused
    }

    fn write_all(&mut self, bytes: &[u8]) -> FsResult<()> {
        let mut state = self.fs.state();
        if let Err(error) = state.begin(Op::Write(&self.path)) {
            if state.is_writable() {
                state.disk.append(self.file, &bytes[..bytes.len() / 2]);
            }
            return Err(FsError::at("write", &self.path)(error));
        }
        state.disk.append(self.file, bytes);
        Ok(())
    }

    fn sync(&mut self) -> FsResult<()> {
        let mut state = self.fs.state();
        let outcome = state.begin(Op::SyncFile(&self.path));
        state
            .sync_node(self.file, outcome)
            .map_err(FsError::at("sync", &self.path))
    }
}

#[derive(Debug)]
struct SimBarrier {
    fs: SimFs,
    root: PathBuf,
}

impl Barrier for SimBarrier {
    // The weaker of what the two real barriers do: nothing but what was named, and nothing of another disk.
    fn sync(&self, files: &[PathBuf], dirs: &[PathBuf]) -> FsResult<()> {
        let disk = self.fs.disk();
        let is_here = |path: &&PathBuf| disk.is_one(&self.root, path);
        let (mut files, mut dirs) = (files.iter().filter(is_here), dirs.iter().filter(is_here));
        files.try_for_each(|file| self.fs.sync_file(file))?;
        dirs.try_for_each(|dir| self.fs.sync_dir(dir))
    }
}

#[derive(Debug)]
struct SimLock {
    fs: SimFs,
    file: Ino,
}

impl FileLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.fs.state().locks.remove(&self.file);
    }
}

impl Fs for SimFs {
    fn read(&self, path: &Path) -> FsResult<Option<Vec<u8>>> {
        let mut state = self.state();
        state
            .begin_read_of(path)
            .map_err(FsError::at("read", path))?;
        let Ok(ino) = state.disk.now.find(path) else {
            return Ok(None);
        };
        state
            .begin_contents(path, ino)
            .map_err(FsError::at("read", path))?;
        match state.disk.now.node(ino) {
            Node::File(blob) => Ok(Some(blob.bytes.clone())),
            Node::Dir(_) => Err(FsError::at("read", path)(errno(21))),
            Node::Link(_) => Err(FsError::at("read", path)(errno(40))),
        }
    }

    fn read_end(&self, path: &Path, most: u64) -> FsResult<Option<Vec<u8>>> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let end = |bytes: Vec<u8>| bytes[bytes.len().saturating_sub(most)..].to_vec();
        Ok(self.read(path)?.map(end))
    }

    fn read_from_medium(&self, path: &Path) -> FsResult<Option<(Vec<u8>, Medium)>> {
        let Some(bytes) = self.read(path)? else {
            return Ok(None);
        };
        let state = self.state();
        let ino = state.find(path).map_err(FsError::at("read", path))?;
        // Only what was synced can be dropped from memory, and only that is what the disk holds.
        let is_pending =
            |change: &Change| matches!(change, Change::Bytes { file, .. } if *file == ino);
        let medium = if state.disk.pending.iter().any(is_pending) {
            Medium::Cache
        } else {
            Medium::Disk
        };
        Ok(Some((bytes, medium)))
    }

    fn metadata(&self, path: &Path) -> FsResult<Option<Meta>> {
        let mut state = self.state();
        state
            .begin_read_of(path)
            .map_err(FsError::at("examine", path))?;
        let found = state.disk.now.find(path).ok().map(|ino| state.meta(ino));
        Ok(found.map(|meta| match state.disk.heritage_at(path).group {
            Some(group) if meta.kind == Kind::Dir => Meta {
                rights: Rights {
                    group,
                    ..meta.rights
                },
                has_setgid: true,
                ..meta
            },
            _ => meta,
        }))
    }

    fn list(&self, dir: &Path) -> FsResult<Option<Vec<Entry>>> {
        let mut state = self.state();
        state
            .begin_read_of(&dir.join("any"))
            .map_err(FsError::at("list", dir))?;
        let Ok(ino) = state.disk.now.find(dir) else {
            return Ok(None);
        };
        let Node::Dir(names) = state.disk.now.node(ino) else {
            return Ok(None);
        };
        let entries = names.iter().map(|(name, child)| Entry {
            name: name.to_string(),
            kind: state.meta(*child).kind,
        });
        Ok(Some(entries.collect()))
    }

    fn create_new(&self, path: &Path, access: Access) -> FsResult<Box<dyn FsFile>> {
        let file = self
            .state()
            .create(path, access)
            .map_err(FsError::at("create", path))?;
        Ok(Box::new(SimFile {
            fs: self.clone(),
            file,
            is_refused: matches!(access, Access::Kept(_)) && self.state().refuses_rights,
            path: path.to_owned(),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> FsResult<()> {
        self.state()
            .rename(from, to)
            .map_err(FsError::at("rename into place", to))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> FsResult<()> {
        self.state()
            .rename_new(from, to)
            .map_err(FsError::at("rename into place", to))
    }

    fn hard_link(&self, from: &Path, to: &Path) -> FsResult<()> {
        let linked = self.state().hard_link(from, to);
        linked.map_err(FsError::at("link to", to))
    }

    fn create_link(&self, target: &Path, path: &Path) -> FsResult<()> {
        let made = self.state().create_link(target, path);
        made.map_err(FsError::at("create", path))
    }

    fn read_link(&self, path: &Path) -> FsResult<Option<PathBuf>> {
        let mut state = self.state();
        state
            .begin_read_of(path)
            .map_err(FsError::at("read", path))?;
        match state
            .disk
            .now
            .find(path)
            .map(|ino| state.disk.now.node(ino))
        {
            Err(_) => Ok(None),
            Ok(Node::Link(target)) => Ok(Some(target.to_path_buf())),
            Ok(_) => Err(FsError::at("read", path)(errno(22))),
        }
    }

    fn turn_link(&self, from: &Path, to: &Path) -> FsResult<()> {
        let turned = self.state().rename(from, to);
        turned.map_err(FsError::at("rename into place", to))
    }

    fn sync_file(&self, path: &Path) -> FsResult<()> {
        let mut state = self.state();
        let outcome = state.begin(Op::SyncFile(path));
        let ino = state.find(path).map_err(FsError::at("sync", path))?;
        state
            .sync_node(ino, outcome)
            .map_err(FsError::at("sync", path))
    }

    fn sync_dir(&self, dir: &Path) -> FsResult<()> {
        let mut state = self.state();
        let outcome = state.begin(Op::SyncDir(dir));
        let ino = state.find(dir).map_err(FsError::at("sync", dir))?;
        state
            .sync_node(ino, outcome)
            .map_err(FsError::at("sync", dir))
    }

    fn create_dir(&self, dir: &Path) -> FsResult<bool> {
        self.state()
            .create_dir(dir)
            .map_err(FsError::at("create", dir))
    }

    fn create_dir_like(&self, dir: &Path, wanted: &Heritage) -> FsResult<Heritage> {
        let mut state = self.state();
        state.create_dir(dir).map_err(FsError::at("create", dir))?;
        if state.refuses_rights {
            return Ok(Heritage::default());
        }
        let heritages = Arc::make_mut(&mut state.disk.heritages);
        heritages.insert(dir.to_owned(), wanted.clone());
        Ok(wanted.clone())
    }

    fn acl(&self, path: &Path, which: Acl) -> FsResult<Option<Vec<u8>>> {
        let mut state = self.state();
        state
            .begin_read_of(path)
            .map_err(FsError::at("examine", path))?;
        Ok(match which {
            Acl::Own => None,
            Acl::Default => state.disk.heritage_at(path).acl,
        })
    }

    fn remove_file(&self, path: &Path) -> FsResult<bool> {
        self.state()
            .remove(path, Kind::File)
            .map_err(FsError::at("remove", path))
    }

    fn remove_dir(&self, dir: &Path) -> FsResult<bool> {
        self.state()
            .remove(dir, Kind::Dir)
            .map_err(FsError::at("remove", dir))
    }

    fn barrier(&self, root: &Path) -> FsResult<Box<dyn Barrier>> {
        self.state()
            .begin_read()
            .map_err(FsError::at("open", root))?;
        Ok(Box::new(SimBarrier {
            fs: self.clone(),
            root: root.to_owned(),
        }))
    }

    fn try_lock(&self, path: &Path) -> FsResult<Option<Box<dyn FileLock>>> {
        let mut state = self.state();
        let file = match state.disk.now.find(path) {
            Ok(file) => {
                state.begin_read().map_err(FsError::at("open", path))?;
                file
            }
            Err(_) => state
                .create(path, Access::Fresh)
                .map_err(FsError::at("open", path))?,
        };
        let is_free = state.locks.insert(file);
        drop(state);
        Ok(is_free.then(|| {
            Box::new(SimLock {
                fs: self.clone(),
                file,
            }) as Box<dyn FileLock>
        }))
    }

    fn space(&self, path: &Path) -> FsResult<Space> {
        let mut state = self.state();
        state
            .begin_read()
            .map_err(FsError::at("examine the file system of", path))?;
        Ok(Space {
            bytes: 1 << 40,
            inodes: Some(1 << 20),
            block: 4096,
        })
    }

    fn kind(&self, path: &Path) -> FsResult<FsKind> {
        let mut state = self.state();
        state
            .begin_read()
            .map_err(FsError::at("examine the file system of", path))?;
        Ok(state.kind)
    }

    fn resolve(&self, path: &Path) -> FsResult<PathBuf> {
        let mut state = self.state();
        state.begin_read().map_err(FsError::at("resolve", path))?;
        state.find(path).map_err(FsError::at("resolve", path))?;
        Ok(path.to_owned())
    }

    fn same_device(&self, a: &Path, b: &Path) -> FsResult<bool> {
        let mut state = self.state();
        state.begin_read().map_err(FsError::at("examine", a))?;
        Ok(state.disk.is_one(a, b))
    }

    fn probe(&self, from: &Path, dir: &Path, name: &str) -> FsResult<Option<Kind>> {
        let mut state = self.state();
        let path = dir.join(name);
        state
            .begin_read_of(&path)
            .and_then(|()| state.can_change(&path))
            .map_err(FsError::at("write to", dir))?;
        if !state.disk.is_one(from, &path) {
            return Err(FsError::at("write to", dir)(errno(18)));
        }
        let (ino, name) = state
            .parent_of(&path)
            .map_err(FsError::at("write to", dir))?;
        let found = state.disk.now.child(ino, name);
        Ok(found.map(|ino| state.meta(ino).kind))
    }
}
