//! Runs another program and reads what it says.
//!
//! Promises: the program is bounded in time and in output, has no input, and is killed together with what it started
//! as soon as its time is over, its output is too large or the run is asked to stop. It gets a process group of its
//! own, so a signal from the terminal reaches it through us only.
//! Leaves to others: what the output means.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group};

use super::{Shutdown, Stopwatch};

const TICK: Duration = Duration::from_millis(10);
/// How long the pipes of a dead program may stay open before they are given up.
const GRACE: Duration = Duration::from_secs(1);
/// How much is kept of what a program says on standard error: the end.
const COMPLAINTS: usize = 64 * 1024;

/// What a program may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// From start to end.
    pub timeout: Duration,
    /// Bytes on standard output.
    pub limit: u64,
}

/// What a program left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// The end of what it wrote to standard error.
    pub stderr: String,
}

/// A program that did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system answered.
        source: io::Error,
    },
    /// It took too long and was killed.
    #[error("it took longer than {} s and was ended", .0.as_secs_f64())]
    Timeout(Duration),
    /// It wrote too much and was killed.
    #[error("it wrote more than {0} bytes")]
    TooLarge(u64),
    /// The run is being stopped, and it was killed.
    #[error("it was stopped")]
    Stopped,
}

/// Runs a program with arguments, without a shell, and returns when it has ended or was killed.
///
/// # Errors
/// As `CommandError` says. An exit code other than 0 is no error here.
pub fn run(
    program: &str,
    arguments: &[String],
    bounds: Bounds,
    stop: &Shutdown,
) -> Result<Output, CommandError> {
    let refused = |source| CommandError::Start {
        program: program.to_owned(),
        source,
    };
    let watch = Stopwatch::start();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(refused)?;
    let pipes = Pipes::of(&mut child, bounds.limit);
    let mut group = Group {
        child,
        is_over: false,
    };
    let stdout = group.wait(&pipes, watch, bounds, stop)?;
    let code = group.end().map_err(refused)?;
    let stdout = match stdout {
        Some(stdout) => stdout,
        None => pipes
            .stdout
            .recv_timeout(GRACE)
            .unwrap_or(Err(CommandError::Timeout(bounds.timeout)))?,
    };
    let stderr = pipes.stderr.recv_timeout(GRACE).unwrap_or_default();
    Ok(Output {
        code,
        stdout,
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

/// What comes out of a program, read by a thread for each pipe, so that neither can fill up and stop it.
struct Pipes {
    stdout: Receiver<Result<Vec<u8>, CommandError>>,
    stderr: Receiver<Vec<u8>>,
}

impl Pipes {
    fn of(child: &mut Child, limit: u64) -> Self {
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let (send_out, stdout) = mpsc::sync_channel(1);
        let (send_err, stderr) = mpsc::sync_channel(1);
        std::thread::spawn(move || drop(send_out.send(limited(out, limit))));
        std::thread::spawn(move || drop(send_err.send(last_words(err))));
        Self { stdout, stderr }
    }
}

fn limited(pipe: Option<impl Read>, limit: u64) -> Result<Vec<u8>, CommandError> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // A pipe that breaks ends like one that is closed; the exit code tells whether all is well.
        drop(pipe.take(limit.saturating_add(1)).read_to_end(&mut bytes));
    }
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= limit) {
        Ok(bytes)
    } else {
        Err(CommandError::TooLarge(limit))
    }
}

fn last_words(pipe: Option<impl Read>) -> Vec<u8> {
    let (mut kept, mut slice) = (Vec::new(), [0; 4096]);
    let Some(mut pipe) = pipe else { return kept };
    while let Ok(count @ 1..) = pipe.read(&mut slice) {
        kept.extend(slice.iter().take(count));
        kept.drain(..kept.len().saturating_sub(COMPLAINTS));
    }
    kept
}

/// A child and what it started. Dropping kills them all.
struct Group {
    child: Child,
    /// The child was waited for: from then on its number may be another's.
    is_over: bool,
}

impl Group {
    /// Waits for the end of the program, and returns its output if that ended first.
    fn wait(
        &self,
        pipes: &Pipes,
        watch: Stopwatch,
        bounds: Bounds,
        stop: &Shutdown,
    ) -> Result<Option<Vec<u8>>, CommandError> {
        let mut stdout = None;
        loop {
            if stop.is_raised() {
                return Err(CommandError::Stopped);
            }
            if watch.seconds() > bounds.timeout.as_secs_f64() {
                return Err(CommandError::Timeout(bounds.timeout));
            }
            if stdout.is_none()
                && let Ok(read) = pipes.stdout.try_recv()
            {
                stdout = Some(read?);
            }
            if self.has_ended() {
                return Ok(stdout);
            }
            std::thread::sleep(TICK);
        }
    }

    /// Tells whether the program has ended, without waiting for it: its number stays taken until its group is dead.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let ended = self
            .pid()
            .map(|pid| rustix::process::waitid(WaitId::Pid(pid), options));
        !matches!(ended, Some(Ok(None) | Err(Errno::INTR)))
    }

    fn end(&mut self) -> io::Result<Option<i32>> {
        if let Some(pid) = self.pid() {
            // An error means that nobody is left.
            kill_process_group(pid, Signal::KILL).unwrap_or_default();
        }
        self.is_over = true;
        self.child.wait().map(|status| status.code())
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.is_over {
            drop(self.end());
        }
    }
}
