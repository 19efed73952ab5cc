//! A workspace for tests of storage: on a disk of the machine or on a simulated one, with series of every dataset.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use barkeep::frame::{Column, Frame, KindOf, Profile, Values};
use barkeep::layout::{LegacyPathBuilder, PartitionPathBuilder, Places};
use barkeep::lock::{GlobalRunLock, LockGuard, NetworkDisks};
use barkeep::model::{
    Interval, PartitionKey, PriceBasis, Provenance, RunId, Series, StorageRequest, time,
};
use barkeep::source::yahoo;
use barkeep::storage::{
    Aside, Claims, CorruptFiles, Custody, LegacyVenue, Owners, Prepared, Quarantine, Replaced,
    Sealed, StagedRun, StorageError, StorageInterface, Stores,
};
use barkeep::sys::{Access, Fs, Kind, OsFs, Shutdown, SystemClock, ThisHost, atomic};
use chrono::{DateTime, Utc};
use tempfile::TempDir;

use super::sim::SimFs;

/// What is stored, and in which layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    LegacyBars,
    PartitionedBars,
    Prepost,
    Events,
    Trades,
}

/// Holds a run lock on a disk of its own: the lock has tests of its own.
pub(crate) fn held() -> LockGuard<'static> {
    let fs: &'static SimFs = Box::leak(Box::new(SimFs::new()));
    fs.plant("/ws/x", b"");
    let stop: &'static Shutdown = Box::leak(Box::default());
    let lock = GlobalRunLock {
        fs,
        clock: &SystemClock,
        host: &ThisHost,
        stop,
        workspace: Path::new("/ws"),
        network: NetworkDisks::Refused,
    };
    lock.acquire("test").unwrap()
}

pub(crate) fn stamp(day: &str) -> i64 {
    time::parse(day).unwrap()
}

pub(crate) fn provenance() -> Provenance {
    Provenance {
        timezone: Some("America/New_York".to_owned()),
        basis: PriceBasis::SplitAdjusted,
        source: Some("us:demo".parse().unwrap()),
    }
}

/// Returns rows of a series, one for each moment; every number in them is `value`.
pub(crate) fn rows(request: &StorageRequest, moments: &[&str], value: f64) -> Frame {
    let profile = Profile::of(request.series.dataset());
    let owner = request
        .series
        .ticker()
        .map_or("t", |ticker| ticker.as_str());
    let text = |at: usize, moment: &str| {
        let is_key = profile.key.contains(&at) && profile.owner != Some(at);
        let text = if is_key {
            format!("key of {moment}")
        } else {
            owner.to_owned()
        };
        Some(text.into())
    };
    let column = |(at, spec): (usize, &barkeep::frame::ColumnSpec)| match spec.kind {
        KindOf::Text => Column::Text(moments.iter().map(|moment| text(at, moment)).collect()),
        KindOf::Time => Column::Time(moments.iter().map(|moment| Some(stamp(moment))).collect()),
        KindOf::Float => Column::Float(Values::whole(vec![value; moments.len()])),
        KindOf::Int => Column::Int(Values::nulls(moments.len())),
        KindOf::Flag => Column::Flag(Values::whole(vec![true; moments.len()])),
    };
    let columns = profile.columns.iter().enumerate().map(column).collect();
    let ordered = Frame::ordered(profile, columns);
    assert!(ordered.displaced.is_empty(), "rows of a test have a place");
    ordered.frame
}

impl Shape {
    pub(crate) fn request(self) -> StorageRequest {
        self.request_of("A")
    }

    pub(crate) fn request_of(self, name: &str) -> StorageRequest {
        let series = match self {
            Self::LegacyBars | Self::PartitionedBars => Series::Bars {
                ticker: name.parse().unwrap(),
                interval: Interval::D1,
            },
            Self::Prepost => Series::Prepost {
                ticker: name.parse().unwrap(),
                interval: Interval::M1,
            },
            Self::Events => Series::Events {
                ticker: name.parse().unwrap(),
            },
            Self::Trades => Series::Trades {
                feed: "detr".parse().unwrap(),
            },
        };
        StorageRequest {
            venue: Some("us:demo".parse().unwrap()),
            series,
        }
    }

    pub(crate) fn store(self, stores: &Stores) -> &dyn StorageInterface {
        match self {
            Self::LegacyBars => &stores.legacy,
            Self::PartitionedBars | Self::Prepost | Self::Events | Self::Trades => {
                &stores.partitioned
            }
        }
    }

    /// Returns where the file stands that holds a row of `day`.
    pub(crate) fn file(self, places: &Places, request: &StorageRequest, day: &str) -> PathBuf {
        if self == Self::LegacyBars {
            let paths = LegacyPathBuilder::new(&places.root);
            let ticker = request.series.ticker().unwrap();
            return paths.file_in(&paths.tree(Interval::D1), ticker).unwrap();
        }
        let granularity = request.series.dataset().granularity();
        let key = PartitionKey::of(granularity, stamp(day));
        PartitionPathBuilder::new(&places.data).file(request.partitioned().unwrap(), key)
    }
}

/// Returns the rule of a workspace whose shared legacy folders are for one venue, and whose registry says nothing.
pub(crate) fn owners(legacy_venue: &str) -> Owners {
    let legacy = LegacyVenue {
        venue: legacy_venue.parse().unwrap(),
        has_own_folder: false,
    };
    Owners::new(move || legacy.clone(), |_| Claims::default())
}

/// A workspace that goes with the test.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) fs: Arc<dyn Fs>,
    pub(crate) places: Places,
    _folder: Option<TempDir>,
}

impl Bench {
    /// A workspace on a disk of this machine.
    pub(crate) fn on_disk() -> Self {
        let folder = TempDir::new().unwrap();
        let places = Places::of(folder.path(), false);
        Self {
            fs: Arc::new(OsFs),
            places,
            _folder: Some(folder),
        }
    }

    /// The workspace `/ws` on a simulated disk.
    pub(crate) fn simulated(fs: &SimFs) -> Self {
        let places = Places::of(Path::new("/ws"), fs.has_mount());
        Self {
            fs: Arc::new(fs.clone()),
            places,
            _folder: None,
        }
    }

    /// A workspace that something else put there.
    pub(crate) fn of(root: &Path) -> Self {
        Self {
            fs: Arc::new(OsFs),
            places: Places::of(root, false),
            _folder: None,
        }
    }

    /// Returns the stores as a new process sees them.
    pub(crate) fn stores(&self) -> Stores {
        self.stores_with(owners("us:demo"))
    }

    /// Returns the stores of a workspace with another rule of whose legacy files are.
    pub(crate) fn stores_with(&self, owners: Owners) -> Stores {
        Stores::open(
            &self.fs,
            &self.places,
            None,
            &yahoo::unsealed_basis(),
            owners,
        )
    }

    /// Puts a file where the test wants one.
    pub(crate) fn put(&self, path: &Path, bytes: &[u8]) {
        let dir = atomic::parent(path);
        atomic::create_dirs(&*self.fs, &self.places.root, dir).unwrap();
        self.fs.remove_file(path).unwrap();
        self.fs
            .create_new(path, Access::Fresh)
            .unwrap()
            .write_all(bytes)
            .unwrap();
    }

    pub(crate) fn bytes(&self, path: &Path) -> Vec<u8> {
        self.fs
            .read(path)
            .unwrap()
            .unwrap_or_else(|| panic!("no {}", path.display()))
    }

    /// Does what consolidation does with one merge.
    pub(crate) fn commit(&self, prepared: &Prepared) -> Result<(), StorageError> {
        let (held, id) = (held(), RunId::new(DateTime::UNIX_EPOCH, 7, 1));
        let mut run = StagedRun::begin(&*self.fs, &held, &self.places, id)?.seal()?;
        self.put_into(&mut run, &held, prepared)?;
        assert!(run.commit()?.left.is_empty());
        run.finish()
    }

    /// Commits one merge at a moment, as a group of its own.
    pub(crate) fn commit_at(
        &self,
        held: &LockGuard<'_>,
        prepared: &Prepared,
        replaced: Replaced,
        at: DateTime<Utc>,
    ) -> Aside {
        let id = RunId::new(at, 7, 1);
        let quarantine = Quarantine::new(&*self.fs, held, &self.places, id.clone());
        let custody = Custody {
            quarantine: &quarantine,
            corrupt_files: CorruptFiles::Quarantine,
            replaced,
            at,
        };
        let run = StagedRun::begin(&*self.fs, held, &self.places, id).unwrap();
        let mut run = run.seal().unwrap();
        let mut aside = Aside::default();
        run.put(prepared, &custody, &mut aside).unwrap();
        assert!(run.commit().unwrap().left.is_empty());
        run.finish().unwrap();
        aside
    }

    /// Puts one merge into the group of a run.
    pub(crate) fn put_into(
        &self,
        run: &mut StagedRun<'_, Sealed>,
        held: &LockGuard<'_>,
        prepared: &Prepared,
    ) -> Result<(), StorageError> {
        let quarantine = Quarantine::new(&*self.fs, held, &self.places, run.id().clone());
        let custody = Custody {
            quarantine: &quarantine,
            corrupt_files: CorruptFiles::Quarantine,
            replaced: Replaced::Noted,
            at: DateTime::UNIX_EPOCH,
        };
        run.put(prepared, &custody, &mut Aside::default())
    }

    /// Stores rows, and returns the files that were written.
    pub(crate) fn store(&self, shape: Shape, rows: &Frame) -> Vec<PathBuf> {
        let stores = self.stores();
        let prepared = shape
            .store(&stores)
            .prepare(&shape.request(), rows, &provenance())
            .unwrap();
        self.commit(&prepared).unwrap();
        prepared.files.into_iter().map(|file| file.target).collect()
    }

    /// Returns every file of the workspace with its bytes and the time of its last change.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, (Vec<u8>, i64)> {
        let mut tree = BTreeMap::new();
        self.walk(&self.places.root, &mut tree);
        tree
    }

    /// Returns every file of the workspace with its bytes.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let tree = self.tree().into_iter();
        tree.map(|(path, (bytes, _))| (path, bytes)).collect()
    }

    /// Returns a nonce that no run used whose traces are on this disk. A function of the disk, as sweeps need.
    pub(crate) fn fresh_nonce(&self) -> u32 {
        let mut names = Vec::new();
        self.names_below(&self.places.root, &mut names);
        (1..u32::MAX)
            .find(|nonce| {
                let trace = format!("-{nonce:08x}-");
                !names.iter().any(|name| name.contains(&trace))
            })
            .unwrap()
    }

    fn names_below(&self, dir: &Path, names: &mut Vec<String>) {
        // A fault of the test is none of this question's.
        for entry in self.fs.list(dir).ok().flatten().unwrap_or_default() {
            if entry.kind == Kind::Dir {
                self.names_below(&dir.join(&entry.name), names);
            }
            names.push(entry.name);
        }
    }

    fn walk(&self, dir: &Path, tree: &mut BTreeMap<PathBuf, (Vec<u8>, i64)>) {
        for entry in self.fs.list(dir).unwrap().unwrap_or_default() {
            let path = dir.join(&entry.name);
            match entry.kind {
                Kind::Dir => self.walk(&path, tree),
                Kind::File => {
                    let changed = self.fs.metadata(&path).unwrap().unwrap().modified_nanos;
                    tree.insert(path.clone(), (self.bytes(&path), changed));
                }
                Kind::Link | Kind::Other => {}
            }
        }
    }
}
