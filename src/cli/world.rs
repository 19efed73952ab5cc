//! The world that the program runs in: everything that a test replaces.
//!
//! Promises: nothing below `cli` reaches for the process; what is not in here is not there.
//! Leaves to others: how output looks (`ui`).

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::sys::{Clock, Fs, Host, OsFs, Shutdown, SystemClock, ThisHost, terminal_columns};

/// Somewhere to write to, shared by threads.
pub type Sink = Arc<Mutex<dyn Write + Send>>;

/// Looks up one environment variable.
pub type Lookup = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What the program runs in.
pub struct World {
    /// The door to the file system.
    pub fs: Arc<dyn Fs>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// This host and process.
    pub host: Arc<dyn Host>,
    /// Raised when the program is asked to stop.
    pub shutdown: Shutdown,
    /// The environment.
    pub variables: Lookup,
    /// The current directory.
    pub current_dir: PathBuf,
    /// Where data goes.
    pub stdout: Sink,
    /// Where messages go.
    pub stderr: Sink,
    /// Where answers come from.
    pub stdin: Mutex<Box<dyn BufRead + Send>>,
    /// Which of the three are terminals.
    pub terminals: Terminals,
    /// How many threads the machine runs at once.
    pub cores: NonZeroUsize,
    /// What the last panic said and where it was, for the report of a bug.
    pub last_panic: Arc<Mutex<Option<String>>>,
}

/// Which of the three standard streams are terminals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminals {
    /// Standard input: somebody can answer.
    pub stdin: bool,
    /// Standard output: somebody reads tables.
    pub stdout: bool,
    /// Standard error: somebody watches progress.
    pub stderr: bool,
    /// How many letters fit into a line of standard output, where that is known.
    pub columns: Option<usize>,
}

/// How wide a terminal is taken to be that does not say so.
const USUAL_COLUMNS: usize = 80;

impl Terminals {
    /// Returns how long a line of standard output may be: as long as it likes where it is no terminal.
    pub(super) fn width(self) -> Option<usize> {
        let columns = self.columns.unwrap_or(USUAL_COLUMNS);
        self.stdout.then_some(columns)
    }
}

impl World {
    /// Returns the world of this process. To be called once, first of all: it installs the signal handlers.
    pub fn of_process() -> Self {
        let last_panic = Arc::new(Mutex::new(None));
        remember_panics(Arc::clone(&last_panic));
        Self {
            fs: Arc::new(OsFs),
            clock: Arc::new(SystemClock),
            host: Arc::new(ThisHost),
            // Without handlers a signal ends the process at once, which is as safe as a crash.
            shutdown: Shutdown::on_signals().unwrap_or_default(),
            variables: Box::new(variable),
            current_dir: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            stdout: Arc::new(Mutex::new(io::stdout())),
            stderr: Arc::new(Mutex::new(io::stderr())),
            stdin: Mutex::new(Box::new(BufReader::new(io::stdin()))),
            terminals: Terminals {
                stdin: io::IsTerminal::is_terminal(&io::stdin()),
                stdout: io::IsTerminal::is_terminal(&io::stdout()),
                stderr: io::IsTerminal::is_terminal(&io::stderr()),
                columns: terminal_columns(),
            },
            cores: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            last_panic,
        }
    }

    /// Reads one line of an answer; `None` at the end of the input.
    pub fn answer(&self) -> Option<String> {
        let mut line = String::new();
        let mut stdin = self.stdin.lock().unwrap_or_else(PoisonError::into_inner);
        match stdin.read_line(&mut line) {
            Ok(bytes) if bytes > 0 => Some(line.trim().to_owned()),
            _ => None,
        }
    }
}

/// A variable that is no text makes no sense, and is as good as one that says so.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment; `config::env` lists what is asked for"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// The Parquet reader may panic on foreign damaged files, which is caught and reported as damage: the standard
/// hook would print such a panic all the same.
fn remember_panics(last: Arc<Mutex<Option<String>>>) {
    std::panic::set_hook(Box::new(move |panic| {
        tracing::debug!("{panic}");
        *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic.to_string());
    }));
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("fs", &self.fs)
            .field("clock", &self.clock)
            .field("current_dir", &self.current_dir)
            .field("terminals", &self.terminals)
            .finish_non_exhaustive()
    }
}
