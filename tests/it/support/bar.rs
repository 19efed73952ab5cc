//! The program in a world of its own: a folder, a clock that stands still, streams that are kept.

#![expect(
    clippy::disallowed_methods,
    reason = "looks at files as a user would, and damages them"
)]

use std::ffi::OsString;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use barkeep::cli::{self, Exit, Sink, Terminals, World};
use barkeep::sys::{FixedClock, Fs, OsFs, Shutdown};
use tempfile::TempDir;

use super::host::ScriptedHost;
use super::sim::SimFs;

/// When every test happens: a Friday evening after the close.
const NOW: &str = "2025-11-21T22:00:00Z";

/// Settings of a workspace whose shared legacy folders are for `us:demo`.
pub(crate) const DEMO_IS_LEGACY: &str = "[workspace]\nlegacy_venue = \"us:demo\"\n";

/// A folder in which the program runs.
#[derive(Debug)]
pub(crate) struct Bar {
    dir: TempDir,
    pub(crate) shutdown: Shutdown,
    pub(crate) terminals: Terminals,
    pub(crate) answers: &'static str,
    pub(crate) now: String,
}

/// What one run of the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bar {
    /// Returns an empty folder.
    pub(crate) fn empty() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            shutdown: Shutdown::default(),
            terminals: Terminals::default(),
            answers: "",
            now: NOW.to_owned(),
        }
    }

    /// Returns a workspace with daily bars of some tickers of `us:demo`, in partitions, not updated yet.
    pub(crate) fn partitioned(tickers: &[&str]) -> Self {
        let bar = Self::empty();
        let mut args = vec!["init", "--venue", "us:demo", "--partitioned"];
        for ticker in tickers {
            args.extend(["--ticker", ticker]);
        }
        bar.run(&args).expect(Exit::Ok);
        bar
    }

    /// Returns the folder.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    /// Writes a file below the folder.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Reads a file below the folder.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    /// Tells whether there is something of this name below the folder.
    pub(crate) fn has(&self, name: &str) -> bool {
        std::fs::exists(self.path().join(name)).unwrap()
    }

    /// Removes a file or a folder below the folder.
    pub(crate) fn remove(&self, name: &str) {
        let path = self.path().join(name);
        if path.is_dir() {
            std::fs::remove_dir_all(path).unwrap();
        } else {
            std::fs::remove_file(path).unwrap();
        }
    }

    /// Returns every file below the folder with its bytes.
    pub(crate) fn tree(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.path(), &mut files);
        files.sort();
        files
    }

    /// Runs the program.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let (stdout, stderr) = (Kept::default(), Kept::default());
        let exit = self.run_into(args, stdout.sink(), stderr.sink());
        let shown = |kept: &Kept| {
            let bytes = kept.0.lock().unwrap().clone();
            String::from_utf8(bytes)
                .unwrap()
                .replace(&self.path().display().to_string(), "[bar]")
        };
        Ran {
            exit,
            stdout: shown(&stdout),
            stderr: shown(&stderr),
        }
    }

    /// Runs the program with streams of the test's choosing.
    pub(crate) fn run_into(&self, args: &[&str], stdout: Sink, stderr: Sink) -> Exit {
        let world = World {
            clock: Arc::new(FixedClock(self.now.parse().unwrap())),
            shutdown: self.shutdown.clone(),
            current_dir: self.path(),
            stdout,
            stderr,
            stdin: Mutex::new(Box::new(self.answers.as_bytes())),
            terminals: self.terminals,
            ..world(Arc::new(OsFs), ScriptedHost::named("box", 0))
        };
        run_in(&world, args)
    }
}

/// Returns a quiet world around a disk.
fn world(fs: Arc<dyn Fs>, host: ScriptedHost) -> World {
    World {
        fs,
        clock: Arc::new(FixedClock(NOW.parse().unwrap())),
        host: Arc::new(host),
        shutdown: Shutdown::default(),
        variables: Box::new(|_| None),
        current_dir: PathBuf::from("/ws"),
        stdout: Kept::default().sink(),
        stderr: Kept::default().sink(),
        stdin: Mutex::new(Box::new(io::empty())),
        terminals: Terminals::default(),
        cores: NonZeroUsize::MIN,
        last_panic: Arc::default(),
    }
}

fn run_in(world: &World, args: &[&str]) -> Exit {
    let line = std::iter::once("barkeep")
        .chain(args.iter().copied())
        .map(OsString::from);
    cli::run(line, world)
}

/// Runs the program in the workspace `/ws` of a simulated disk, as a process that never ran before.
pub(crate) fn run_on(disk: &SimFs, args: &[&str]) -> Exit {
    run_through(disk, Arc::new(disk.clone()), args)
}

/// Runs it on a disk that it sees through another door, such as one that leaves steps out.
pub(crate) fn run_through(disk: &SimFs, door: Arc<dyn Fs>, args: &[&str]) -> Exit {
    let owner = disk.read(Path::new("/ws/.run_lock/owner.json"));
    let owner: Option<serde_json::Value> = owner
        .ok()
        .flatten()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let last = owner.and_then(|owner| owner["pid"].as_u64());
    let pid = u32::try_from(last.unwrap_or(4120) + 1).unwrap();
    // Names of temporary files have a token of their process.
    let is_used = |pid: u32| {
        let is_trace = |count: u64| {
            let trace = format!("{:08x}", u64::from(pid) * 16 + count);
            let names = disk.snapshot();
            names
                .keys()
                .any(|path| path.to_string_lossy().contains(&trace))
        };
        (0..16).any(is_trace)
    };
    let pid = (pid..u32::MAX).find(|pid| !is_used(*pid)).unwrap();
    let host = ScriptedHost::named("box", 0).with_pid(pid);
    run_in(&world(door, host), args)
}

impl Ran {
    /// Returns this run if it ended as expected.
    pub(crate) fn expect(self, exit: Exit) -> Self {
        assert_eq!(self.exit, exit, "{self:#?}");
        self
    }

    /// Returns the last line of standard output as JSON.
    pub(crate) fn summary(&self) -> serde_json::Value {
        serde_json::from_str(self.stdout.lines().last().unwrap_or_default()).unwrap()
    }
}

/// A stream that is kept.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn sink(&self) -> Sink {
        Arc::new(Mutex::new(self.clone()))
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream that answers every write with an error.
#[derive(Debug)]
pub(crate) struct Broken(pub(crate) i32);

impl Broken {
    /// The reader has gone.
    pub(crate) const CLOSED: i32 = 32;
    /// The disk behind it is full.
    pub(crate) const FULL: i32 = 28;

    /// Returns the stream with an error number.
    pub(crate) fn sink(number: i32) -> Sink {
        Arc::new(Mutex::new(Self(number)))
    }
}

impl Write for Broken {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::Error::from_raw_os_error(self.0))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn collect(dir: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push((path.clone(), std::fs::read(&path).unwrap()));
        }
    }
}
