//! The program as a process of its own: real signals, real pipes, real limits.
//!
//! Promises: a process sees nothing of the test's environment, and none outlives its test: it is killed when it was
//! not over in time or when the test forgets it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::barkeep::Barkeep;

/// No process of a test takes longer.
const LIMIT: Duration = Duration::from_secs(30);

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

impl Barkeep {
    /// Returns a command line of the program, not started yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_barkeep"));
        command.args(args);
        self.settle(&mut command);
        command
    }

    /// Gives a command the environment of this workspace.
    pub(crate) fn settle(&self, command: &mut Command) {
        command
            .env_clear()
            .env("HOME", self.path())
            .env("TMPDIR", self.path())
            .env("BARKEEP_NOW", &self.now)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Starts the program as a process.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::of(self.command(args))
    }

    /// Runs the program to its end, as a process.
    pub(crate) fn process(&self, args: &[&str]) -> Ended {
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
