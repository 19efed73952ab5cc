//! The program in a workspace of its own: a clock that stands still, streams that are kept.

use std::ffi::OsString;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use barkeep::cli::{self, Exit, Sink, Terminals, World};
use barkeep::sys::{Clock, FixedClock, Fs};

use super::sim::SimFs;
use super::workspace::{NOW, TestWorkspace};

/// Settings of a workspace whose shared legacy folders are for `us:demo`.
pub(crate) const DEMO_IS_LEGACY: &str = "[workspace]\nlegacy_venue = \"us:demo\"\n";

/// The program, and the workspace that it runs in. Each run is a process of its own.
#[derive(Debug)]
pub(crate) struct Barkeep {
    workspace: TestWorkspace,
    pub(crate) terminals: Terminals,
    pub(crate) answers: &'static str,
    pub(crate) now: String,
    /// A clock that passes, in place of one that stands still at `now`.
    pub(crate) clock: Option<Arc<dyn Clock>>,
}

/// What one run of the program did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) exit: Exit,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Deref for Barkeep {
    type Target = TestWorkspace;

    fn deref(&self) -> &TestWorkspace {
        &self.workspace
    }
}

impl Barkeep {
    /// Returns the program in a workspace.
    pub(crate) fn within(workspace: TestWorkspace) -> Self {
        Self {
            workspace,
            terminals: Terminals::default(),
            answers: "",
            now: NOW.to_owned(),
            clock: None,
        }
    }

    /// Returns the program in an empty folder.
    pub(crate) fn empty() -> Self {
        Self::within(TestWorkspace::on_disk())
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

    /// Runs the program, which is to end well, and returns the bytes that it printed.
    pub(crate) fn bytes(&self, args: &[&str]) -> Vec<u8> {
        let (stdout, stderr) = (Kept::default(), Kept::default());
        let exit = self.run_into(args, stdout.sink(), stderr.sink());
        assert_eq!(exit, Exit::Ok, "{args:?}");
        stdout.0.lock().unwrap().clone()
    }

    /// Runs `partition-migrate` with these words.
    pub(crate) fn migration(&self, words: &str) -> Ran {
        let words = format!("partition-migrate {words}");
        self.run(&words.split(' ').collect::<Vec<_>>())
    }

    /// Shows a series as CSV, in the way that further options say.
    pub(crate) fn show(&self, ticker: &str, interval: &str, options: &[&str]) -> Ran {
        let args = ["show", ticker, "--interval", interval, "--format", "csv"];
        self.run(&[&args, options].concat())
    }

    /// Runs the program with streams of the test's choosing.
    pub(crate) fn run_into(&self, args: &[&str], stdout: Sink, stderr: Sink) -> Exit {
        let world = World {
            fs: Arc::clone(&self.around.fs),
            clock: self
                .clock
                .clone()
                .unwrap_or_else(|| Arc::new(FixedClock(self.now.parse().unwrap()))),
            host: Arc::new(self.new_process()),
            shutdown: self.around.stop.clone(),
            variables: Box::new(|_| None),
            current_dir: self.path().to_owned(),
            stdout,
            stderr,
            stdin: Mutex::new(Box::new(self.answers.as_bytes())),
            terminals: self.terminals,
            cores: NonZeroUsize::MIN,
            last_panic: Arc::default(),
        };
        let line = std::iter::once(&"barkeep").chain(args);
        cli::run(line.map(OsString::from), &world)
    }
}

/// Runs the program in the workspace `/ws` of a simulated disk.
pub(crate) fn run_on(disk: &SimFs, args: &[&str]) -> Exit {
    run_through(disk, Arc::new(disk.clone()), args)
}

/// Returns a simulated disk with daily bars of some tickers of `us:demo`, in partitions, from one day to another.
pub(crate) fn demo_disk(tickers: &[&str], days: (&str, &str)) -> SimFs {
    let disk = SimFs::new();
    disk.plant("/ws/barkeep.toml", b"");
    let init = ["-C", "/ws", "init", "--venue", "us:demo", "--partitioned"];
    let tickers = tickers.iter().flat_map(|ticker| ["--ticker", ticker]);
    let init: Vec<&str> = init.into_iter().chain(tickers).collect();
    assert_eq!(run_on(&disk, &init), Exit::Ok);
    update_demo(&disk, days);
    disk.again()
}

/// Updates it from one day to another.
pub(crate) fn update_demo(disk: &SimFs, (start, end): (&str, &str)) {
    let update = ["-C", "/ws", "update", "--start", start, "--end", end];
    assert_eq!(run_on(disk, &update), Exit::Ok);
}

/// Runs it on a disk that it sees through another door, such as one that leaves steps out.
pub(crate) fn run_through(disk: &SimFs, door: Arc<dyn Fs>, args: &[&str]) -> Exit {
    let bar = Barkeep::within(TestWorkspace::behind(disk, door));
    bar.run(args).exit
}

impl Ran {
    /// Returns this run if it ended as expected.
    #[track_caller]
    pub(crate) fn expect(self, exit: Exit) -> Self {
        assert_eq!(self.exit, exit, "{self:#?}");
        self
    }

    /// Returns a column of the CSV that it printed, from 0.
    pub(crate) fn column(&self, at: usize) -> Vec<String> {
        let cell = |line: &str| line.split(',').nth(at).unwrap().to_owned();
        self.stdout.lines().skip(1).map(cell).collect()
    }

    /// Returns the closes that it printed as CSV.
    pub(crate) fn closes(&self) -> Vec<String> {
        self.column(5)
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
