//! A tree of files as a value: cheap to copy, quick to compare.
//!
//! Nodes are shared between copies until one of them changes. Numbers of nodes are never used again, so two trees
//! of one disk agree on what a number means. The digest covers what can be reached from the root: names, kinds, modes
//! and bytes, not times.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The number of a node.
pub(crate) type Ino = u32;

/// The number of the root directory.
pub(crate) const ROOT: Ino = 0;

/// Deeper than this is a loop, which a real file system would not have allowed.
const DEEPEST: usize = 64;

/// The contents of a file.
#[derive(Debug)]
pub(crate) struct Blob {
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
    /// A counter that stands for the time of the last change.
    pub(crate) stamp: i64,
    /// Who may use the file.
    pub(crate) mode: u32,
    digest: u64,
}

impl Blob {
    /// Wraps `bytes`.
    pub(crate) fn new(bytes: Vec<u8>, stamp: i64, mode: u32) -> Arc<Self> {
        let digest = mix(digest_of(&bytes), u64::from(mode));
        Arc::new(Self {
            bytes,
            stamp,
            mode,
            digest,
        })
    }
}

/// The names in a directory, sorted.
pub(crate) type Names = Vec<(Arc<str>, Ino)>;

/// A file or a directory.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// A directory.
    Dir(Arc<Names>),
    /// A file.
    File(Arc<Blob>),
    /// A symbolic link, which nothing here follows.
    Link(Arc<Path>),
}

impl Node {
    /// Returns an empty directory.
    pub(crate) fn empty_dir() -> Self {
        Self::Dir(Arc::default())
    }

    /// Returns an empty file.
    pub(crate) fn empty_file(stamp: i64, mode: u32) -> Self {
        Self::File(Blob::new(Vec::new(), stamp, mode))
    }
}

/// Why a path leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Astray {
    /// A component is not there.
    Missing,
    /// A component is a file.
    NotADirectory,
}

/// All nodes of a disk.
#[derive(Clone, Debug)]
pub(crate) struct Tree(Arc<Vec<Node>>);

impl Tree {
    /// Returns a tree with nothing but its root.
    pub(crate) fn new() -> Self {
        Self(Arc::new(vec![Node::empty_dir()]))
    }

    /// Returns a node.
    pub(crate) fn node(&self, ino: Ino) -> &Node {
        &self.0[ino as usize]
    }

    /// Returns how many nodes there ever were.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Marks everything that can be reached from a node.
    pub(crate) fn reach(&self, from: Ino, known: &mut [bool]) {
        if std::mem::replace(&mut known[from as usize], true) {
            return;
        }
        if let Node::Dir(names) = self.node(from) {
            for (_, child) in names.iter() {
                self.reach(*child, known);
            }
        }
    }

    /// Adds a node and returns its number.
    pub(crate) fn push(&mut self, node: Node) -> Ino {
        let nodes = Arc::make_mut(&mut self.0);
        nodes.push(node);
        Ino::try_from(nodes.len() - 1).expect("a test makes few files")
    }

    /// Follows a path from the root, whether or not it begins with a slash.
    pub(crate) fn find(&self, path: &Path) -> Result<Ino, Astray> {
        let text = path.to_str().ok_or(Astray::Missing)?;
        let mut at = ROOT;
        for part in text
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
        {
            match self.node(at) {
                Node::Dir(names) => at = lookup(names, part).ok_or(Astray::Missing)?,
                Node::File(_) | Node::Link(_) => return Err(Astray::NotADirectory),
            }
        }
        Ok(at)
    }

    /// Returns what a name in a directory stands for.
    pub(crate) fn child(&self, dir: Ino, name: &str) -> Option<Ino> {
        match self.node(dir) {
            Node::Dir(names) => lookup(names, name),
            Node::File(_) | Node::Link(_) => None,
        }
    }

    /// Points a name at a node, or removes it.
    pub(crate) fn set_name(&mut self, dir: Ino, name: &Arc<str>, to: Option<Ino>) {
        let Some(Node::Dir(names)) = Arc::make_mut(&mut self.0).get_mut(dir as usize) else {
            return;
        };
        let names = Arc::make_mut(names);
        match (
            names.binary_search_by(|(known, _)| known.as_ref().cmp(name)),
            to,
        ) {
            (Ok(at), Some(ino)) => names[at].1 = ino,
            (Ok(at), None) => {
                names.remove(at);
            }
            (Err(at), Some(ino)) => names.insert(at, (Arc::clone(name), ino)),
            (Err(_), None) => {}
        }
    }

    /// Replaces the contents of a file.
    pub(crate) fn set_file(&mut self, file: Ino, blob: Arc<Blob>) {
        if let Some(Node::File(old)) = Arc::make_mut(&mut self.0).get_mut(file as usize) {
            *old = blob;
        }
    }

    /// Returns a number that two trees share when a reader cannot tell them apart.
    pub(crate) fn digest(&self) -> u64 {
        self.digest_below(ROOT, 0)
    }

    fn digest_below(&self, ino: Ino, depth: usize) -> u64 {
        match self.node(ino) {
            Node::File(blob) => blob.digest,
            Node::Link(target) => mix(9, digest_of(target.as_os_str().as_encoded_bytes())),
            Node::Dir(names) if depth < DEEPEST => names.iter().fold(1, |state, (name, child)| {
                let so_far = mix(state, digest_of(name.as_bytes()));
                mix(so_far, self.digest_below(*child, depth + 1))
            }),
            Node::Dir(_) => 0,
        }
    }

    /// Returns every directory (as `None`) and file below the root.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let mut found = BTreeMap::new();
        self.collect(ROOT, Path::new(""), 0, &mut found);
        found
    }

    /// Returns the mode and the bytes of every file below the root.
    pub(crate) fn modes(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let files = self.snapshot().into_iter();
        let files = files.filter_map(|(path, bytes)| Some((path, bytes?)));
        files
            .map(|(path, bytes)| {
                let mode = match self.find(&path).map(|ino| self.node(ino)) {
                    Ok(Node::File(blob)) => blob.mode,
                    _ => 0,
                };
                (path, (mode, bytes))
            })
            .collect()
    }

    fn collect(
        &self,
        dir: Ino,
        path: &Path,
        depth: usize,
        found: &mut BTreeMap<PathBuf, Option<Vec<u8>>>,
    ) {
        let Node::Dir(names) = self.node(dir) else {
            return;
        };
        for (name, child) in names.iter() {
            let path = path.join(name.as_ref());
            match self.node(*child) {
                Node::File(blob) => {
                    found.insert(path, Some(blob.bytes.clone()));
                }
                Node::Link(_) => {}
                Node::Dir(_) => {
                    if depth < DEEPEST {
                        self.collect(*child, &path, depth + 1, found);
                    }
                    found.insert(path, None);
                }
            }
        }
    }
}

fn lookup(names: &Names, name: &str) -> Option<Ino> {
    let at = names
        .binary_search_by(|(known, _)| known.as_ref().cmp(name))
        .ok()?;
    Some(names[at].1)
}

/// Folds a value into a digest.
pub(crate) fn mix(state: u64, value: u64) -> u64 {
    let product = u128::from(state ^ 0x9E37_79B9_7F4A_7C15)
        .wrapping_mul(u128::from(value ^ 0xD1B5_4A32_D192_ED03));
    let bytes = product.to_le_bytes();
    let (low, high) = bytes.split_at(8);
    word(low) ^ word(high).rotate_left(23) ^ value
}

/// Returns the digest of some bytes.
pub(crate) fn digest_of(bytes: &[u8]) -> u64 {
    let start = mix(3, bytes.len() as u64);
    bytes
        .chunks(8)
        .fold(start, |state, chunk| mix(state, word(chunk)))
}

fn word(bytes: &[u8]) -> u64 {
    let mut whole = [0; 8];
    whole[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(whole)
}
