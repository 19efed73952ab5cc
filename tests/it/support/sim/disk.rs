//! A disk: what survives a power cut for certain, what programs see now, and the changes in between.
//!
//! A change that becomes durable is applied to the durable tree at once. That is right because everything that
//! concerns one file or one directory becomes durable together, in order; the exception, a rename between two
//! directories, is dealt with where it arises.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::sys::Heritage;

use super::tree::{Blob, Ino, Node, ROOT, Tree, digest_of, mix};

/// A name in a directory, and what it shall stand for.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// The directory.
    pub(crate) dir: Ino,
    /// The name.
    pub(crate) name: Arc<str>,
    /// The node, or nothing when the name is removed.
    pub(crate) to: Option<Ino>,
}

impl Link {
    fn is_same_name(&self, other: &Self) -> bool {
        self.dir == other.dir && self.name == other.name
    }
}

/// A change that is visible but not durable.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A name was made or removed.
    Entry(Link),
    /// A name was moved: both happen or neither.
    Move {
        /// The new name.
        to: Link,
        /// The old one.
        from: Link,
    },
    /// Bytes were written.
    Bytes {
        /// The file.
        file: Ino,
        /// Where.
        at: usize,
        /// What.
        bytes: Arc<[u8]>,
        /// When.
        stamp: i64,
        /// A sync of these bytes failed: the system now takes them for clean, and no later sync saves them.
        is_doomed: bool,
    },
}

impl Change {
    fn links(&self) -> impl Iterator<Item = &Link> {
        let (first, second) = match self {
            Self::Entry(link) => (Some(link), None),
            Self::Move { to, from } => (Some(to), Some(from)),
            Self::Bytes { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// How much of a change survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Survives {
    /// All of it.
    Whole,
    /// The length, with zeros for bytes.
    AsZeros,
    /// The first half.
    Half,
}

/// A disk with power.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    /// What survives for certain.
    pub(crate) durable: Tree,
    /// What programs see.
    pub(crate) now: Tree,
    /// The changes between the two, in order.
    pub(crate) pending: Arc<Vec<Change>>,
    /// What the outside world was told; no power cut takes it back.
    pub(crate) marks: Arc<Vec<String>>,
    /// Counts writes, in place of a clock.
    pub(crate) stamp: i64,
    /// A folder that is a disk of its own.
    pub(crate) mount: Option<Arc<Path>>,
    /// Whether it refuses to rename folders, as an overlay does with those of its lower layer.
    pub(crate) is_overlay: bool,
    /// What folders hand down to whatever is made below them, by their path.
    pub(crate) heritages: Arc<BTreeMap<PathBuf, Heritage>>,
}

impl Disk {
    /// Returns an empty disk.
    pub(crate) fn new() -> Self {
        Self {
            durable: Tree::new(),
            now: Tree::new(),
            pending: Arc::default(),
            marks: Arc::default(),
            stamp: 1,
            mount: None,
            is_overlay: false,
            heritages: Arc::default(),
        }
    }

    /// Returns the same disk with other contents, all of them durable.
    pub(crate) fn holding(&self, tree: Tree) -> Self {
        Self {
            durable: tree.clone(),
            now: tree,
            pending: Arc::default(),
            marks: Arc::clone(&self.marks),
            stamp: self.stamp,
            mount: self.mount.clone(),
            is_overlay: self.is_overlay,
            heritages: Arc::clone(&self.heritages),
        }
    }

    /// Returns what a folder hands down, which it has from the nearest one above.
    pub(super) fn heritage_at(&self, dir: &Path) -> Heritage {
        let above = dir.ancestors().find_map(|dir| self.heritages.get(dir));
        above.cloned().unwrap_or_default()
    }

    /// Tells whether two paths lie on one disk.
    pub(crate) fn is_one(&self, a: &Path, b: &Path) -> bool {
        let is_below = |path: &Path| {
            self.mount
                .as_ref()
                .is_some_and(|mount| path.starts_with(mount))
        };
        is_below(a) == is_below(b)
    }

    /// Returns a number that two disks share when neither a reader nor the outside world can tell them apart.
    pub(crate) fn digest(&self) -> u64 {
        let told = self
            .marks
            .iter()
            .fold(5, |state, mark| mix(state, digest_of(mark.as_bytes())));
        mix(self.now.digest(), told)
    }

    /// Makes a new node under a name.
    pub(crate) fn make(&mut self, dir: Ino, name: &str, node: &Node) -> Ino {
        let ino = self.now.push(node.clone());
        // The number must mean the same in both trees, although no durable name leads there yet.
        self.durable.push(node.clone());
        self.change(Change::Entry(Link {
            dir,
            name: name.into(),
            to: Some(ino),
        }));
        ino
    }

    /// Appends bytes to a file.
    pub(crate) fn append(&mut self, file: Ino, bytes: &[u8]) {
        self.stamp += 1;
        let at = match self.now.node(file) {
            Node::File(blob) => blob.bytes.len(),
            Node::Dir(_) | Node::Link(_) => return,
        };
        self.change(Change::Bytes {
            file,
            at,
            bytes: bytes.into(),
            stamp: self.stamp,
            is_doomed: false,
        });
    }

    /// Records a change and shows it to programs.
    pub(crate) fn change(&mut self, change: Change) {
        apply(&mut self.now, &change, Survives::Whole);
        Arc::make_mut(&mut self.pending).push(change);
    }

    /// Makes the bytes of a file, or the entries of a directory, durable.
    pub(crate) fn sync(&mut self, ino: Ino) {
        let mut kept: Vec<Change> = Vec::with_capacity(self.pending.len());
        for change in self.pending.iter() {
            match change {
                Change::Bytes {
                    file, is_doomed, ..
                } if *file == ino && !is_doomed => {
                    apply(&mut self.durable, change, Survives::Whole);
                }
                Change::Entry(link) if link.dir == ino => {
                    settle(&mut self.durable, &mut kept, link);
                }
                // Syncing the old directory saves both names, so that a rename never loses the file.
                Change::Move { to, from } if from.dir == ino => {
                    settle(&mut self.durable, &mut kept, from);
                    settle(&mut self.durable, &mut kept, to);
                }
                // Syncing the new directory alone saves the new name; the old one may still be there.
                Change::Move { to, from } if to.dir == ino => {
                    settle(&mut self.durable, &mut kept, to);
                    kept.push(Change::Entry(from.clone()));
                }
                other => kept.push(other.clone()),
            }
        }
        if kept.len() != self.pending.len() || !kept.is_empty() {
            self.pending = Arc::new(kept);
            self.forget_unreachable();
        }
    }

    /// Drops changes inside files and directories that no power cut can bring back.
    fn forget_unreachable(&mut self) {
        let mut known = vec![false; self.durable.len()];
        self.durable.reach(ROOT, &mut known);
        let mut found = 1;
        while found > 0 {
            found = 0;
            for link in self.pending.iter().flat_map(Change::links) {
                if let Some(to) = link.to
                    && known[link.dir as usize]
                    && !known[to as usize]
                {
                    self.durable.reach(to, &mut known);
                    found += 1;
                }
            }
        }
        Arc::make_mut(&mut self.pending).retain(|change| match change {
            Change::Bytes { file, .. } => known[*file as usize],
            other => other.links().any(|link| known[link.dir as usize]),
        });
    }

    /// Marks the un-synced bytes of a file as beyond saving, as Linux does when a sync fails.
    pub(crate) fn doom(&mut self, ino: Ino) {
        for change in Arc::make_mut(&mut self.pending) {
            if let Change::Bytes {
                file, is_doomed, ..
            } = change
            {
                *is_doomed |= *file == ino;
            }
        }
    }
}

/// Makes one name durable; earlier changes of the same name can then no longer show.
fn settle(durable: &mut Tree, kept: &mut Vec<Change>, link: &Link) {
    durable.set_name(link.dir, &link.name, link.to);
    let earlier = std::mem::take(kept);
    kept.extend(earlier.into_iter().filter_map(|change| match change {
        Change::Entry(old) => (!old.is_same_name(link)).then_some(Change::Entry(old)),
        Change::Move { to, from } if to.is_same_name(link) => Some(Change::Entry(from)),
        Change::Move { to, from } if from.is_same_name(link) => Some(Change::Entry(to)),
        other => Some(other),
    }));
}

/// Applies what survives of a change to a tree.
pub(crate) fn apply(tree: &mut Tree, change: &Change, survives: Survives) {
    match change {
        Change::Entry(link) => tree.set_name(link.dir, &link.name, link.to),
        Change::Move { to, from } => {
            tree.set_name(from.dir, &from.name, from.to);
            tree.set_name(to.dir, &to.name, to.to);
        }
        Change::Bytes {
            file,
            at,
            bytes,
            stamp,
            ..
        } => {
            let Node::File(old) = tree.node(*file) else {
                return;
            };
            let kept = match survives {
                Survives::Half => &bytes[..bytes.len() / 2],
                Survives::Whole | Survives::AsZeros => bytes,
            };
            let end = at + kept.len();
            let mut whole = Vec::with_capacity(end.max(old.bytes.len()));
            whole.extend_from_slice(&old.bytes);
            whole.resize(end.max(whole.len()), 0);
            if survives == Survives::AsZeros {
                whole[*at..end].fill(0);
            } else {
                whole[*at..end].copy_from_slice(kept);
            }
            let mode = old.mode;
            tree.set_file(*file, Blob::new(whole, *stamp, mode));
        }
    }
}
