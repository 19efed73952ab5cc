//! The handle on a simulated disk: what a test does to it.
//!
//! Clones share one disk. `again`, `killed` and `after_cut` return new handles on new disks, free of locks and
//! faults: what a process held, it no longer holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use barkeep::sys::{FsKind, Heritage};

use super::cut::Lost;
use super::disk::Disk;
use super::fault::{BadFolder, EIO, ENOSPC, Fault, Planned};
use super::mutant::Op;
use super::tree::{Ino, Node};

/// Everything behind the handle.
pub(super) struct State {
    pub(super) disk: Disk,
    pub(super) locks: BTreeSet<Ino>,
    pub(super) kind: FsKind,
    calls: usize,
    reads: usize,
    is_dead: bool,
    crash_after: Option<usize>,
    fail_call: Option<Planned>,
    fail_read: Option<Planned>,
    bad: Option<BadFolder>,
    /// A file whose contents nobody may read, under any of its names, and what the system answers.
    shut: Option<(Ino, i32)>,
    /// How often the contents of each file were read.
    read: BTreeMap<PathBuf, usize>,
    /// Whether files cannot be given away.
    pub(super) refuses_rights: bool,
    /// Whether no file can have a second name.
    pub(super) has_no_links: bool,
    log: Option<Vec<String>>,
    tape: Option<Vec<Disk>>,
}

/// A simulated disk. Clones are handles on the same one.
#[derive(Clone)]
pub(crate) struct SimFs(Arc<Mutex<State>>);

impl fmt::Debug for SimFs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimFs")
    }
}

impl SimFs {
    /// Returns an empty disk.
    pub(crate) fn new() -> Self {
        Self::on(Disk::new())
    }

    /// Returns a handle on `disk`.
    pub(super) fn on(disk: Disk) -> Self {
        Self::with(disk, FsKind::Local)
    }

    fn with(disk: Disk, kind: FsKind) -> Self {
        Self(Arc::new(Mutex::new(State {
            disk,
            locks: BTreeSet::new(),
            kind,
            calls: 0,
            reads: 0,
            is_dead: false,
            crash_after: None,
            fail_call: None,
            fail_read: None,
            bad: None,
            shut: None,
            read: BTreeMap::new(),
            refuses_rights: false,
            has_no_links: false,
            log: None,
            tape: None,
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the disk a network file system in the eyes of the program.
    pub(crate) fn on_network(self) -> Self {
        self.state().kind = FsKind::Network;
        self
    }

    /// Makes a folder a disk of its own.
    pub(crate) fn mounted(self, folder: &str) -> Self {
        self.state().disk.mount = Some(Path::new(folder).into());
        self
    }

    /// Makes a folder a disk of its own from now on, or none.
    pub(crate) fn remount(&self, folder: Option<&str>) {
        self.state().disk.mount = folder.map(|folder| Path::new(folder).into());
    }

    /// Tells whether a folder is there, on another disk than the one above it.
    pub(crate) fn is_disk_of_its_own(&self, above: &str, folder: &str) -> bool {
        let (above, folder) = (Path::new(above), Path::new(folder));
        let disk = &self.state().disk;
        disk.now.find(folder).is_ok() && !disk.is_one(above, folder)
    }

    /// Lets the system refuse renames of folders, as an overlay does with those of its lower layer.
    pub(crate) fn overlaid(self) -> Self {
        self.state().disk.is_overlay = true;
        self
    }

    /// Lets no file be given away from now on.
    pub(crate) fn refuse_rights(&self) {
        self.state().refuses_rights = true;
    }

    /// Lets no file have a second name from now on.
    pub(crate) fn refuse_hard_links(&self) {
        self.state().has_no_links = true;
    }

    /// Lets a folder hand down a group and an ACL.
    pub(crate) fn bequeath(&self, folder: &str, heritage: Heritage) {
        let folder = PathBuf::from(folder);
        Arc::make_mut(&mut self.state().disk.heritages).insert(folder, heritage);
    }

    /// Lets a folder turn bad. On the same disk, also for a program that runs already.
    pub(crate) fn turn_bad(&self, bad: BadFolder) {
        self.state().bad = Some(bad);
    }

    /// Lets every folder be good again.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        (state.bad, state.shut) = (None, None);
    }

    /// Lets nobody read the contents of a file, whatever name is used. It can be looked at still.
    pub(crate) fn shut(&self, path: &str, errno: i32) {
        let mut state = self.state();
        let file = state.disk.now.find(Path::new(path)).unwrap();
        state.shut = Some((file, errno));
    }

    /// Returns how often contents of files below a folder were read.
    pub(crate) fn contents_read(&self, below: &str) -> usize {
        let state = self.state();
        let below = state
            .read
            .iter()
            .filter(|(path, _)| path.starts_with(below));
        below.map(|(_, count)| count).sum()
    }

    /// Lets the program die after `calls` changing calls; every later call of any sort fails.
    pub(crate) fn crash_after(self, calls: usize) -> Self {
        self.state().crash_after = Some(calls);
        self
    }

    /// Lets the `call`-th changing call (from 1) fail.
    pub(crate) fn fail_call(self, call: usize, errno: i32, fault: Fault) -> Self {
        self.state().fail_call = Some(Planned { call, errno, fault });
        self
    }

    /// Lets the `call`-th reading call (from 1) fail.
    pub(crate) fn fail_read(self, call: usize, errno: i32, fault: Fault) -> Self {
        self.state().fail_read = Some(Planned { call, errno, fault });
        self
    }

    /// Keeps a list of the changing calls from now on.
    pub(crate) fn logged(self) -> Self {
        self.state().log = Some(Vec::new());
        self
    }

    /// Keeps a copy of the disk as it is before each changing call from now on.
    pub(super) fn recorded(self) -> Self {
        self.state().tape = Some(Vec::new());
        self
    }

    /// Returns how many changing calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.state().calls
    }

    /// Returns how many reading calls there were.
    pub(crate) fn reads(&self) -> usize {
        self.state().reads
    }

    /// Returns the changing calls since `logged`.
    pub(crate) fn log(&self) -> Vec<String> {
        self.state().log.clone().unwrap_or_default()
    }

    /// Returns the disks that `recorded` kept.
    pub(super) fn take_tape(&self) -> Vec<Disk> {
        self.state().tape.take().unwrap_or_default()
    }

    /// Returns a copy of the disk as it is.
    pub(super) fn disk(&self) -> Disk {
        self.state().disk.clone()
    }

    /// Tells the outside world something; no power cut takes it back. For acknowledgements in the middle of a run.
    pub(crate) fn mark(&self, told: &str) {
        let mut state = self.state();
        if !state.is_dead {
            Arc::make_mut(&mut state.disk.marks).push(told.to_owned());
        }
    }

    /// Returns what the outside world was told.
    pub(crate) fn marks(&self) -> Vec<String> {
        self.state().disk.marks.to_vec()
    }

    /// Returns a new disk with what programs see on this one, all of it durable.
    pub(crate) fn again(&self) -> Self {
        let state = self.state();
        let disk = &state.disk;
        Self::with(disk.holding(disk.now.clone()), state.kind)
    }

    /// Returns the disk after its process was killed: the machine lives on, and what was not durable still is not.
    pub(crate) fn killed(&self) -> Self {
        let state = self.state();
        Self::with(state.disk.clone(), state.kind)
    }

    /// Shows every disk that may be found after a power cut, and returns how many there were.
    pub(crate) fn after_cut(
        &self,
        random: usize,
        seed: u64,
        show: &mut dyn FnMut(Self, &Lost<'_>),
    ) -> usize {
        let kind = self.state().kind;
        self.disk().cuts(random, seed, &mut |disk, lost| {
            show(Self::with(disk, kind), lost);
        })
    }

    /// Returns every file below the root, as programs see it.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let tree = self.state().disk.now.snapshot();
        tree.into_iter()
            .filter_map(|(path, bytes)| Some((path, bytes?)))
            .collect()
    }

    /// Returns the bytes of a file, as programs see them; no program reads it by this.
    pub(crate) fn peek(&self, path: &Path) -> Option<Vec<u8>> {
        let tree = &self.state().disk.now;
        match tree.node(tree.find(path).ok()?) {
            Node::File(blob) => Some(blob.bytes.clone()),
            Node::Dir(_) | Node::Link(_) => None,
        }
    }

    /// Returns the mode and the bytes of every file below the root, as programs see them.
    pub(crate) fn modes(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        self.state().disk.now.modes()
    }

    /// Returns every name below the root, directories included.
    pub(crate) fn names(&self) -> BTreeSet<PathBuf> {
        self.state().disk.now.snapshot().into_keys().collect()
    }

    /// Puts a durable file where a test wants one, with the directories above it.
    pub(crate) fn plant(&self, path: &str, bytes: &[u8]) {
        self.plant_with(path, bytes, 0o644);
    }

    /// Puts a durable file with a mode of its own.
    pub(crate) fn plant_with(&self, path: &str, bytes: &[u8], mode: u32) {
        use super::tree::{Blob, ROOT};
        let mut state = self.state();
        let disk = &mut state.disk;
        let mut dir = ROOT;
        let (above, name) = path
            .trim_start_matches('/')
            .rsplit_once('/')
            .unwrap_or(("", path));
        for part in above.split('/').filter(|part| !part.is_empty()) {
            dir = match disk.now.child(dir, part) {
                Some(known) => known,
                None => disk.make(dir, part, &Node::empty_dir()),
            };
        }
        if !name.is_empty() {
            disk.stamp += 1;
            let blob = Blob::new(bytes.to_vec(), disk.stamp, mode);
            disk.make(dir, name, &Node::File(blob));
        }
        *disk = disk.holding(disk.now.clone());
    }
}

impl State {
    /// Counts a changing call, and fails it if that was planned.
    pub(super) fn begin(&mut self, op: Op<'_>) -> io::Result<()> {
        if self.is_dead || self.crash_after.is_some_and(|last| self.calls >= last) {
            self.is_dead = true;
            return Err(io::Error::from_raw_os_error(EIO));
        }
        self.calls += 1;
        if let Some(log) = &mut self.log {
            log.push(op.to_string());
        }
        if let Some(tape) = &mut self.tape {
            tape.push(self.disk.clone());
        }
        match self.fail_call {
            Some(planned) if planned.strikes(self.calls) => {
                Err(io::Error::from_raw_os_error(planned.errno))
            }
            _ => self.refuse(op),
        }
    }

    /// Fails a change in a bad folder.
    fn refuse(&self, op: Op<'_>) -> io::Result<()> {
        // A full disk takes nothing new, and gives back what is removed.
        let is_full = self.bad.as_ref().is_some_and(|bad| bad.errno == ENOSPC);
        match op {
            Op::RemoveFile(_) | Op::RemoveDir(_) | Op::Rename { .. } if is_full => Ok(()),
            Op::Create(path)
            | Op::CreateDir(path)
            | Op::CreateLink(path)
            | Op::HardLink(path)
            | Op::RemoveFile(path)
            | Op::RemoveDir(path) => self.can_change(path),
            Op::Rename { from, to } => self.can_change(from).and_then(|()| self.can_change(to)),
            Op::SyncDir(dir) => self.can_see(&dir.join("any")),
            Op::SyncFile(path) => self.can_see(path),
            // The file is open.
            Op::Write(_) => Ok(()),
        }
    }

    /// Fails where a name cannot be changed.
    pub(super) fn can_change(&self, path: &Path) -> io::Result<()> {
        match &self.bad {
            Some(bad) if bad.calls.contains(&self.calls) && bad.has(path) => {
                Err(io::Error::from_raw_os_error(bad.errno))
            }
            _ => Ok(()),
        }
    }

    /// Fails where a name cannot even be seen.
    pub(super) fn can_see(&self, path: &Path) -> io::Result<()> {
        match &self.bad {
            Some(bad) if bad.is_blind => self.can_change(path),
            _ => Ok(()),
        }
    }

    /// Tells whether the process lives, so that a failed write may still have left some of its bytes.
    pub(super) fn is_writable(&self) -> bool {
        !self.is_dead
    }

    /// Counts a reading call of a path, and fails it if that was planned or the path cannot be seen.
    pub(super) fn begin_read_of(&mut self, path: &Path) -> io::Result<()> {
        self.begin_read()?;
        self.can_see(path)
    }

    /// Counts that the contents of a file are read, and fails where nobody may.
    pub(super) fn begin_contents(&mut self, path: &Path, file: Ino) -> io::Result<()> {
        *self.read.entry(path.to_owned()).or_default() += 1;
        match self.shut {
            Some((shut, errno)) if shut == file => Err(io::Error::from_raw_os_error(errno)),
            _ => Ok(()),
        }
    }

    /// Counts a reading call, and fails it if that was planned.
    pub(super) fn begin_read(&mut self) -> io::Result<()> {
        if self.is_dead {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        self.reads += 1;
        match self.fail_read {
            Some(planned) if planned.strikes(self.reads) => {
                Err(io::Error::from_raw_os_error(planned.errno))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn parent_of<'p>(&self, path: &'p Path) -> io::Result<(Ino, &'p str)> {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| io::Error::from_raw_os_error(22))?;
        let dir = self.find(path.parent().unwrap_or(Path::new("")))?;
        match self.disk.now.node(dir) {
            super::tree::Node::Dir(_) => Ok((dir, name)),
            super::tree::Node::File(_) | super::tree::Node::Link(_) => {
                Err(io::Error::from_raw_os_error(20))
            }
        }
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<Ino> {
        use super::tree::Astray;
        self.disk.now.find(path).map_err(|astray| {
            io::Error::from_raw_os_error(match astray {
                Astray::Missing => 2,
                Astray::NotADirectory => 20,
            })
        })
    }
}
