//! What a call does to the disk, the faults and the locks behind it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::Path;

use barkeep::sys::{Access, Kind, Meta, Rights};

use super::disk::{Change, Link};
use super::mutant::Op;
use super::simfs::State;
use super::tree::{Ino, Names, Node};

/// The umask of every process on the disk.
const UMASK: u32 = 0o022;

/// On this disk everything belongs to one user.
pub(super) fn rights(mode: u32) -> Rights {
    Rights {
        mode,
        owner: 1,
        group: 1,
    }
}

pub(super) fn errno(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

impl State {
    pub(super) fn sync_node(&mut self, ino: Ino, outcome: io::Result<()>) -> io::Result<()> {
        match outcome {
            Ok(()) => self.disk.sync(ino),
            Err(_) => self.disk.doom(ino),
        }
        outcome
    }

    /// The mode is that of the new node: on a real disk, too, nothing is written before it has it.
    pub(super) fn create(&mut self, path: &Path, access: Access) -> io::Result<Ino> {
        self.begin(Op::Create(path))?;
        let (dir, name) = self.parent_of(path)?;
        if self.disk.now.child(dir, name).is_some() {
            return Err(errno(17));
        }
        self.disk.stamp += 1;
        let mode = match access {
            Access::Fresh => 0o666 & !UMASK,
            Access::Within(Rights { mode, .. }) | Access::Limited(mode) => {
                (mode | 0o600) & 0o666 & !UMASK
            }
            Access::Kept(rights) => rights.mode,
        };
        let node = Node::empty_file(self.disk.stamp, mode);
        Ok(self.disk.make(dir, name, &node))
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.begin(Op::Rename { from, to })?;
        if !self.disk.is_one(from, to) {
            return Err(errno(18));
        }
        let moved = self.find(from)?;
        if self.disk.is_overlay && matches!(self.disk.now.node(moved), Node::Dir(_)) {
            return Err(errno(18));
        }
        let (old_dir, old_name) = self.parent_of(from)?;
        let (new_dir, new_name) = self.parent_of(to)?;
        if let Some(there) = self.disk.now.child(new_dir, new_name) {
            if there == moved {
                return Ok(());
            }
            match (self.disk.now.node(moved), self.disk.now.node(there)) {
                (Node::Link(_), Node::Link(_)) => {}
                (_, Node::Link(_)) | (Node::Link(_), _) => return Err(errno(40)),
                (Node::File(_), Node::Dir(_)) => return Err(errno(21)),
                (Node::Dir(_), Node::File(_)) => return Err(errno(20)),
                (Node::Dir(_), Node::Dir(names)) if !names.is_empty() => return Err(errno(39)),
                _ => {}
            }
        }
        self.disk.change(Change::Move {
            to: Link {
                dir: new_dir,
                name: new_name.into(),
                to: Some(moved),
            },
            from: Link {
                dir: old_dir,
                name: old_name.into(),
                to: None,
            },
        });
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path, kind: Kind) -> io::Result<bool> {
        self.begin(match kind {
            Kind::Dir => Op::RemoveDir(path),
            _ => Op::RemoveFile(path),
        })?;
        let Ok(ino) = self.disk.now.find(path) else {
            return Ok(false);
        };
        match (self.disk.now.node(ino), kind) {
            (Node::Dir(names), Kind::Dir) if names.is_empty() => {}
            (Node::Dir(_), Kind::Dir) => return Err(errno(39)),
            (Node::Dir(_), _) => return Err(errno(21)),
            // The real call answers "not a directory", which the door takes for "there was none".
            (Node::File(_) | Node::Link(_), Kind::Dir) => return Ok(false),
            (Node::File(_) | Node::Link(_), _) => {}
        }
        let (dir, name) = self.parent_of(path)?;
        self.disk.change(Change::Entry(Link {
            dir,
            name: name.into(),
            to: None,
        }));
        Ok(true)
    }

    pub(super) fn rename_new(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (dir, name) = self.parent_of(to)?;
        if self.disk.now.child(dir, name).is_some() {
            return Err(errno(17));
        }
        self.rename(from, to)
    }

    pub(super) fn hard_link(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.begin(Op::HardLink(to))?;
        if self.has_no_links {
            return Err(errno(1));
        }
        let file = self.find(from)?;
        if !matches!(self.disk.now.node(file), Node::File(_)) {
            return Err(errno(1));
        }
        if !self.disk.is_one(from, to) {
            return Err(errno(18));
        }
        let (dir, name) = self.parent_of(to)?;
        if self.disk.now.child(dir, name).is_some() {
            return Err(errno(17));
        }
        self.disk.change(Change::Entry(Link {
            dir,
            name: name.into(),
            to: Some(file),
        }));
        Ok(())
    }

    pub(super) fn create_link(&mut self, target: &Path, path: &Path) -> io::Result<()> {
        self.begin(Op::CreateLink(path))?;
        let (dir, name) = self.parent_of(path)?;
        if self.disk.now.child(dir, name).is_some() {
            return Err(errno(17));
        }
        self.disk.make(dir, name, &Node::Link(target.into()));
        Ok(())
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> io::Result<bool> {
        self.begin(Op::CreateDir(path))?;
        if self.disk.now.find(path).is_ok() {
            return Ok(false);
        }
        let (dir, name) = self.parent_of(path)?;
        self.disk.make(dir, name, &Node::empty_dir());
        Ok(true)
    }

    pub(super) fn meta(&self, ino: Ino) -> Meta {
        match self.disk.now.node(ino) {
            Node::Dir(names) => Meta {
                kind: Kind::Dir,
                len: 4096,
                modified_nanos: stamp(names),
                changed_nanos: stamp(names),
                inode: u64::from(ino),
                rights: rights(0o755),
                has_setgid: false,
            },
            Node::Link(target) => Meta {
                kind: Kind::Link,
                len: target.as_os_str().len() as u64,
                modified_nanos: 0,
                changed_nanos: 0,
                inode: u64::from(ino),
                rights: rights(0o777),
                has_setgid: false,
            },
            Node::File(blob) => Meta {
                kind: Kind::File,
                len: blob.bytes.len() as u64,
                modified_nanos: blob.stamp,
                changed_nanos: blob.stamp,
                inode: u64::from(ino),
                rights: rights(blob.mode),
                has_setgid: false,
            },
        }
    }
}

/// Returns what stands for the time at which the names of a directory changed last: no number of a node is used twice.
fn stamp(names: &Names) -> i64 {
    let mut hasher = DefaultHasher::new();
    names.hash(&mut hasher);
    i64::from_ne_bytes(hasher.finish().to_ne_bytes()) >> 1
}
