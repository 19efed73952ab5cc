//! The program as a process of its own: real signals, real pipes, real limits.
//!
//! Promises: a process sees nothing of the test's environment, and none outlives its test: it is killed when it was
//! not over in time or when the test forgets it.

#![expect(
    clippy::disallowed_methods,
    reason = "looks at files as a user would, and plants them"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// When every run happens: a Friday evening after the close.
const NOW: &str = "2025-11-21T22:00:00Z";
/// No process of a test takes longer.
const LIMIT: Duration = Duration::from_secs(30);

/// A folder in which processes run.
#[derive(Debug)]
pub(crate) struct Place(TempDir);

/// What a process that is over did.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` when a signal killed it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<String>,
    pub(crate) stderr: String,
}

/// A process at work.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    arriving: Receiver<String>,
    seen: Vec<String>,
    stderr: JoinHandle<String>,
    _watchdog: Sender<()>,
}

impl Place {
    /// Returns a workspace with tickers of `us:demo`, in partitions, not updated yet.
    pub(crate) fn with(tickers: &[&str]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let mut args = vec!["init", "--venue", "us:demo", "--partitioned"];
        for ticker in tickers {
            args.extend(["--ticker", ticker]);
        }
        place.run(&args).expect(0);
        place
    }

    /// Returns the workspace.
    pub(crate) fn root(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    /// Writes a file below the workspace.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.root().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Returns every file of the data root, and the registry, with their bytes.
    pub(crate) fn stored(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.root().join("data"), &self.root(), &mut files);
        let registry = std::fs::read(self.root().join("tickers.json")).unwrap();
        files.insert(PathBuf::from("tickers.json"), registry);
        files
    }

    /// Overwrites every file of a kind below a folder, and returns how many.
    pub(crate) fn overwrite(&self, folder: &str, extension: &str, bytes: &[u8]) -> usize {
        let mut files = BTreeMap::new();
        collect(&self.root().join(folder), &self.root(), &mut files);
        files.retain(|name, _| name.extension().is_some_and(|found| found == extension));
        for name in files.keys() {
            std::fs::write(self.root().join(name), bytes).unwrap();
        }
        files.len()
    }

    /// Returns the names directly in the workspace.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Returns a command line of the program, not started yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_barkeep"));
        command.args(args);
        self.settle(&mut command);
        command
    }

    /// Gives a command the environment of this place.
    pub(crate) fn settle(&self, command: &mut Command) {
        command
            .env_clear()
            .env("HOME", self.root())
            .env("TMPDIR", self.root())
            .env("BARKEEP_NOW", NOW)
            .current_dir(self.root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Starts the program.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::of(self.command(args))
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.start(args).end()
    }
}

impl Running {
    /// Starts a command whose output is kept.
    pub(crate) fn of(mut command: Command) -> Self {
        Self::attend(command.spawn().unwrap())
    }

    /// Keeps the output of a child, as far as nobody took it.
    pub(crate) fn attend(mut child: Child) -> Self {
        let watchdog = watch(&child);
        let (lines, arriving) = mpsc::channel();
        let stdout = child.stdout.take();
        thread::spawn(move || {
            for line in stdout
                .into_iter()
                .flat_map(|out| BufReader::new(out).lines())
            {
                if line.is_ok_and(|line| lines.send(line).is_err()) {
                    break;
                }
            }
        });
        let mut complaints = child.stderr.take().unwrap();
        let stderr = thread::spawn(move || {
            let mut text = String::new();
            complaints.read_to_string(&mut text).unwrap();
            text
        });
        Self {
            child,
            arriving,
            seen: Vec::new(),
            stderr,
            _watchdog: watchdog,
        }
    }

    /// Returns the id of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has printed so many lines, or has ended.
    pub(crate) fn after_lines(mut self, count: usize) -> Self {
        while self.seen.len() < count {
            let Ok(line) = self.arriving.recv() else {
                break;
            };
            self.seen.push(line);
        }
        self
    }

    /// Waits until it has printed a line with this in it.
    pub(crate) fn after(mut self, what: &str) -> Self {
        while !self.seen.last().is_some_and(|line| line.contains(what)) {
            let line = self.arriving.recv();
            self.seen.push(line.expect("it ends too early"));
        }
        self
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        send(&self.child, signal);
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ended {
        let status = self.child.wait().unwrap();
        let rest: Vec<String> = self.arriving.iter().collect();
        self.seen.extend(rest);
        Ended {
            code: status.code(),
            stdout: self.seen,
            stderr: self.stderr.join().unwrap(),
        }
    }
}

impl Ended {
    /// Requires an exit code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        self
    }
}

/// Sends a signal to a child.
pub(crate) fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits for a child whose output nobody keeps.
pub(crate) fn end(mut child: Child) -> ExitStatus {
    let _watchdog = watch(&child);
    child.wait().unwrap()
}

/// Kills the child unless what this returns is dropped in time.
pub(crate) fn watch(child: &Child) -> Sender<()> {
    let pid = Pid::from_child(child);
    let (alive, ended) = mpsc::channel();
    thread::spawn(move || {
        if ended.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            let _gone = kill_process(pid, Signal::KILL);
        }
    });
    alive
}

fn collect(dir: &Path, root: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, root, into);
        } else {
            let name = path.strip_prefix(root).unwrap().to_owned();
            into.insert(name, std::fs::read(&path).unwrap());
        }
    }
}
