//! The workspace of a test: a folder of this machine or one of the simulated disk, opened as the library opens any.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::config::{EnvVars, Overrides};
use barkeep::layout::Places;
use barkeep::lock::{GlobalRunLock, LockGuard, NetworkDisks};
use barkeep::model::RunId;
use barkeep::storage::{
    CorruptFiles, Custody, LegacyVenue, Open, Prepared, PutAway, Quarantine, Replaced, Sealed,
    StagedRun, StorageError, Stores, leftover_runs,
};
use barkeep::sys::atomic::{self, TempNames};
use barkeep::sys::{Access, FixedClock, Fs, Kind, OsFs, Shutdown};
use barkeep::workspace::{Surroundings, Workspace, WorkspaceError};
use chrono::{DateTime, Utc};
use tempfile::TempDir;

use super::host::ScriptedHost;
use super::sim::SimFs;

/// When every test happens that does not say otherwise: a Friday evening after the close.
pub(crate) const NOW: &str = "2025-11-21T22:00:00Z";

/// A workspace as one process sees it.
#[derive(Debug)]
pub(crate) struct TestWorkspace {
    pub(crate) around: Surroundings,
    pub(crate) places: Places,
    simulated: Option<SimFs>,
    _folder: Option<TempDir>,
}

impl TestWorkspace {
    /// Returns an empty folder of this machine, which goes with the test.
    pub(crate) fn on_disk() -> Self {
        let folder = TempDir::new().unwrap();
        let root = OsFs.resolve(folder.path()).unwrap();
        Self {
            _folder: Some(folder),
            ..Self::of(&root)
        }
    }

    /// Returns a folder of this machine with one file.
    pub(crate) fn holding(name: &str, contents: impl AsRef<[u8]>) -> Self {
        let workspace = Self::on_disk();
        workspace.write(name, contents);
        workspace
    }

    /// Returns a folder that something else put there.
    pub(crate) fn of(root: &Path) -> Self {
        Self::through(root, None, Arc::new(OsFs))
    }

    /// Returns `/ws` on a simulated disk, for a process that never ran before.
    pub(crate) fn simulated(disk: &SimFs) -> Self {
        Self::behind(disk, Arc::new(disk.clone()))
    }

    /// Returns the same, seen through another door, such as one that leaves steps out.
    pub(crate) fn behind(disk: &SimFs, door: Arc<dyn Fs>) -> Self {
        Self::through(Path::new("/ws"), Some(disk), door)
    }

    fn through(root: &Path, disk: Option<&SimFs>, door: Arc<dyn Fs>) -> Self {
        let is_elsewhere = disk.is_some_and(|disk| disk.is_disk_of_its_own("/ws", "/ws/data"));
        let clock = Arc::new(FixedClock(NOW.parse().unwrap()));
        Self {
            around: Surroundings {
                root: root.to_owned(),
                fs: door,
                waits: Arc::clone(&clock) as _,
                clock,
                host: Arc::new(new_process(disk)),
                stop: Shutdown::default(),
                env: EnvVars::default(),
            },
            places: Places::of(root, is_elsewhere),
            simulated: disk.cloned(),
            _folder: None,
        }
    }

    /// Returns the workspace at another moment.
    pub(crate) fn at(mut self, moment: &str) -> Self {
        self.around.clock = Arc::new(FixedClock(moment.parse().unwrap()));
        self
    }

    /// Returns a process of its host that left no trace yet.
    pub(crate) fn new_process(&self) -> ScriptedHost {
        new_process(self.simulated.as_ref())
    }

    pub(crate) fn fs(&self) -> &dyn Fs {
        &*self.around.fs
    }

    pub(crate) fn path(&self) -> &Path {
        &self.around.root
    }

    /// Opens it.
    pub(crate) fn open(&self) -> Result<Workspace<'_>, WorkspaceError> {
        Workspace::open_any(&self.around, &Overrides::default())
    }

    /// Opens it as one whose shared legacy folders are for a venue, whatever settings and registry say.
    pub(crate) fn open_for(&self, legacy_venue: &str) -> Result<Workspace<'_>, WorkspaceError> {
        let workspace = self.open()?;
        workspace
            .stores
            .legacy
            .places()
            .owners()
            .decide(|| LegacyVenue {
                venue: legacy_venue.parse().unwrap(),
                has_own_folder: false,
            });
        Ok(workspace)
    }

    /// Returns its stores, where the shared legacy folders are for us:demo.
    pub(crate) fn stores(&self) -> Stores {
        self.open_for("us:demo").unwrap().stores
    }

    /// Returns its run lock, not yet taken.
    pub(crate) fn lock(&self) -> GlobalRunLock<'_> {
        GlobalRunLock {
            fs: self.fs(),
            clock: &*self.around.clock,
            host: &*self.around.host,
            stop: &self.around.stop,
            workspace: &self.around.root,
            network: NetworkDisks::Refused,
        }
    }
}

/// Its files, by their paths or by their names below the folder.
impl TestWorkspace {
    /// Puts a file there, in place of an earlier one.
    pub(crate) fn write(&self, name: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        let path = self.around.root.join(name);
        self.make_dir(atomic::parent(&path));
        self.fs().remove_file(&path).unwrap();
        let mut file = self.fs().create_new(&path, Access::Fresh).unwrap();
        file.write_all(bytes.as_ref()).unwrap();
    }

    fn make_dir(&self, dir: &Path) {
        if self.fs().metadata(dir).unwrap().is_none() {
            self.make_dir(atomic::parent(dir));
            self.fs().create_dir(dir).unwrap();
        }
    }

    pub(crate) fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        let path = self.around.root.join(name);
        let found = self.fs().read(&path).unwrap();
        found.unwrap_or_else(|| panic!("no {}", path.display()))
    }

    pub(crate) fn text(&self, name: impl AsRef<Path>) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    pub(crate) fn json(&self, name: impl AsRef<Path>) -> serde_json::Value {
        serde_json::from_slice(&self.read(name)).unwrap()
    }

    /// Tells whether there is something of this name.
    pub(crate) fn has(&self, name: impl AsRef<Path>) -> bool {
        let path = self.around.root.join(name);
        self.fs().metadata(&path).unwrap().is_some()
    }

    /// Removes a file, or a folder with everything in it.
    pub(crate) fn remove(&self, name: impl AsRef<Path>) {
        let path = self.around.root.join(name);
        let found = self.fs().metadata(&path).unwrap();
        if found.is_none_or(|found| found.kind != Kind::Dir) {
            assert!(self.fs().remove_file(&path).unwrap(), "{}", path.display());
            return;
        }
        for entry in self.fs().list(&path).unwrap().unwrap_or_default() {
            self.remove(path.join(entry.name));
        }
        self.fs().remove_dir(&path).unwrap();
    }

    /// Returns every file with its bytes.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut tree = BTreeMap::new();
        self.collect(&self.around.root, &mut tree);
        tree
    }

    /// Returns the files below one of its folders, by their names in the workspace.
    pub(crate) fn files_in(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let named = |(path, bytes): (PathBuf, Vec<u8>)| {
            let name = path.strip_prefix(self.path()).unwrap().to_owned();
            name.starts_with(folder).then_some((name, bytes))
        };
        self.tree().into_iter().filter_map(named).collect()
    }

    /// Returns every file with its bytes and the time of its last change.
    pub(crate) fn stamped_tree(&self) -> BTreeMap<PathBuf, (Vec<u8>, i64)> {
        let stamped = |(path, bytes): (PathBuf, Vec<u8>)| {
            let changed = self.fs().metadata(&path).unwrap().unwrap().modified_nanos;
            (path, (bytes, changed))
        };
        self.tree().into_iter().map(stamped).collect()
    }

    fn collect(&self, dir: &Path, tree: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in self.fs().list(dir).unwrap().unwrap_or_default() {
            let path = dir.join(&entry.name);
            let is_link = entry.kind == Kind::Link;
            if entry.kind == Kind::Dir || is_link && matches!(self.fs().list(&path), Ok(Some(_))) {
                self.collect(&path, tree);
            } else if entry.kind == Kind::File || is_link {
                // A link may lead nowhere.
                let bytes = self.fs().read(&path).ok().flatten();
                assert!(bytes.is_some() || is_link, "{}", path.display());
                tree.extend(bytes.map(|bytes| (path, bytes)));
            }
        }
    }
}

/// What a run of storage does.
impl TestWorkspace {
    /// Does what consolidation does with one merge.
    pub(crate) fn commit(&self, prepared: &Prepared) -> Result<(), StorageError> {
        let at = DateTime::UNIX_EPOCH;
        self.commit_at(&held(), prepared, Replaced::Noted, at)
            .map(|_| ())
    }

    /// Commits one merge at a moment, as a group of its own.
    pub(crate) fn commit_at(
        &self,
        held: &LockGuard<'_>,
        prepared: &Prepared,
        replaced: Replaced,
        at: DateTime<Utc>,
    ) -> Result<PutAway, StorageError> {
        let id = RunId::new(at, 7, 1);
        let quarantine = Quarantine::new(self.fs(), held, &self.places, id.clone());
        let custody = Custody {
            replaced,
            at,
            ..custody(&quarantine)
        };
        let mut run = self.begin(held, id)?;
        let mut aside = PutAway::default();
        run.put(prepared, &custody, &mut aside)?;
        assert!(run.commit()?.left.is_empty());
        run.finish()?;
        Ok(aside)
    }

    /// Begins a run that staged nothing.
    pub(crate) fn begin<'w>(
        &'w self,
        held: &'w LockGuard<'_>,
        id: RunId,
    ) -> Result<StagedRun<'w, Sealed>, StorageError> {
        StagedRun::begin(self.fs(), held, &self.places, id)?.seal()
    }

    /// Completes what stopped runs committed, as the next run does first.
    pub(crate) fn recover(&self, held: &LockGuard<'_>) -> Result<(), StorageError> {
        for id in leftover_runs(self.fs(), &self.places)? {
            let mut run = StagedRun::<Open>::adopt(self.fs(), held, &self.places, id)?;
            recover_alone(&mut run)?;
            run.finish()?;
        }
        Ok(())
    }
}

/// Completes the groups of a run; what somebody else wrote meanwhile is an error.
pub(crate) fn recover_alone(run: &mut StagedRun<'_, Sealed>) -> Result<(), StorageError> {
    match run.recover()?.conflicts.into_iter().next() {
        None => Ok(()),
        Some(conflict) => Err(StorageError::Refused {
            path: conflict.target,
            reason: "nobody else writes here".to_owned(),
        }),
    }
}

/// Returns a custody that puts everything away and notes what is replaced.
pub(crate) fn custody<'q, 'l>(quarantine: &'q Quarantine<'l>) -> Custody<'q, 'l> {
    Custody {
        quarantine,
        corrupt_files: CorruptFiles::Quarantine,
        replaced: Replaced::Noted,
        at: DateTime::UNIX_EPOCH,
    }
}

/// Holds a run lock on a disk of its own: the lock has tests of its own.
pub(crate) fn held() -> LockGuard<'static> {
    let elsewhere = SimFs::new();
    elsewhere.plant("/ws/x", b"");
    let elsewhere: &'static TestWorkspace =
        Box::leak(Box::new(TestWorkspace::simulated(&elsewhere)));
    elsewhere.lock().acquire("test").unwrap()
}

/// Returns the names of temporary files of some run.
pub(crate) fn temps() -> TempNames {
    TempNames::of(RunId::new("2025-11-23T17:00:00Z".parse().unwrap(), 7, 1))
}

/// Returns a process whose names no file of a disk has. A function of the disk, as sweeps need.
fn new_process(disk: Option<&SimFs>) -> ScriptedHost {
    let host = ScriptedHost::named("box", 0);
    let Some(disk) = disk else { return host };
    let owner = disk.peek(Path::new("/ws/.run_lock/owner.json"));
    let owner = owner.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    let last = owner.and_then(|owner| u32::try_from(owner["pid"].as_u64()?).ok());
    let names: Vec<String> = disk
        .names()
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    // Names of runs and temporary files have a token of their process.
    let is_used = |pid: &u32| {
        let mut tokens = ScriptedHost::tokens_of(*pid).map(|token| format!("{token:08x}"));
        tokens.any(|token| names.iter().any(|name| name.contains(&token)))
    };
    let free = (last.unwrap_or(4120) + 1..u32::MAX).find(|pid| !is_used(pid));
    host.with_pid(free.unwrap())
}
