//! Pipes, sockets, devices, folders and links in the place of files: named, left as they are, and never waited for.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use barkeep::cli::Exit;
use barkeep::sys::{Access, Fs, OsFs, atomic};

use super::{Barkeep, Odd, clear, identity, month, of_files, offer, stored};
use crate::support::workspace::temps;

/// Runs what must not wait. A thread that waits for a pipe cannot be ended, so it is left behind.
fn at_once<T: Send + 'static>(what: &str, call: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, outcome) = mpsc::channel();
    thread::spawn(move || done.send(call()));
    let answer = outcome.recv_timeout(Duration::from_secs(30));
    answer.unwrap_or_else(|_| panic!("{what} waits"))
}

type Call = fn(&Path) -> Result<(), String>;

/// Every call of the door that opens what it is given, or puts something in its place.
const CALLS: [(&str, Call); 8] = [
    ("read", |path| outcome(OsFs.read(path))),
    ("read_end", |path| outcome(OsFs.read_end(path, 8))),
    ("read_from_medium", |path| {
        outcome(OsFs.read_from_medium(path))
    }),
    ("sync_file", |path| outcome(OsFs.sync_file(path))),
    ("try_lock", |path| outcome(OsFs.try_lock(path))),
    ("append", |path| outcome(OsFs.append(path))),
    ("replace", |path| {
        outcome(atomic::replace(&OsFs, &temps(), path, b"new"))
    }),
    ("rename", |path| {
        let from = path.with_file_name("from");
        OsFs.remove_file(&from).unwrap();
        atomic::write_new(&OsFs, &from, b"new", Access::Fresh).unwrap();
        outcome(OsFs.rename(&from, path))
    }),
];

fn outcome<T>(answer: barkeep::sys::FsResult<T>) -> Result<(), String> {
    answer.map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn nothing_but_a_regular_file_is_opened_or_replaced() {
    for odd in Odd::ALL {
        for (name, call) in CALLS {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("it");
            odd.plant(&path);
            let before = identity(&path);

            let asked = path.clone();
            let answer = at_once(name, move || call(&asked));

            let error = answer.expect_err(&format!("{name} took a {odd:?}"));
            assert!(error.contains("/it: "), "{name} {odd:?}: {error}");
            assert_eq!(identity(&path), before, "{name} {odd:?}");
        }
    }
}

#[test]
fn a_device_is_neither_read_nor_written() {
    for (name, call) in &CALLS[..7] {
        let error = call(Path::new("/dev/full")).expect_err(name);

        assert!(error.contains("device"), "{name}: {error}");
    }
}

#[test]
fn a_pipe_that_somebody_reads_is_not_written_to_either() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("it");
    Odd::Pipe.plant(&path);
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::NONBLOCK;
    let _reader = rustix::fs::open(&path, flags, rustix::fs::Mode::empty()).unwrap();

    for call in [CALLS[4], CALLS[5]] {
        call.1(&path).expect_err(call.0);
    }
}

#[test]
fn a_link_is_read_through_and_never_written_through() {
    for (name, call) in CALLS {
        let dir = tempfile::tempdir().unwrap();
        let (path, real) = (dir.path().join("it"), dir.path().join("real"));
        atomic::write_new(&OsFs, &real, b"old", Access::Fresh).unwrap();
        symlink(&real, &path).unwrap();

        let answer = call(&path);

        let is_reading = name.starts_with("read") || name == "sync_file";
        assert_eq!(answer.is_ok(), is_reading, "{name}: {answer:?}");
        assert_eq!(OsFs.read(&real).unwrap().unwrap(), b"old", "{name}");
        let kind = OsFs.metadata(&path).unwrap().unwrap().kind;
        assert_eq!(kind, barkeep::sys::Kind::Link, "{name}");
    }
}

/// Each of these ended in a wait that SIGTERM did not end, or in a pipe that was gone.
#[test]
fn a_pipe_in_the_place_of_a_file_of_the_workspace_is_named_and_left() {
    for (name, args) in [
        ("tickers.json", "update"),
        ("tickers.last-good.json", "update"),
        ("intervals.json", "update"),
        ("storage_config.json", "update"),
        ("barkeep.toml", "update"),
        (".run_lock.guard", "update"),
        (".run_lock", "update"),
        (".run_lock/owner.json", "update"),
        ("migration_plan.json", "partition-migrate status"),
        ("list", "tickers import --list list"),
        ("list", "init --tickers-file list"),
        ("run.log", "update --log-file run.log"),
    ] {
        let place = Barkeep::partitioned(&["AAPL"]);
        let path = place.path().join(name);
        Odd::Pipe.plant(&path);
        let before = identity(&path);

        let ended = place.process(&args.split(' ').collect::<Vec<_>>());

        assert_eq!(ended.code, Some(1), "{name}: {}", ended.stderr);
        assert!(ended.stderr.contains(name), "{name}: {}", ended.stderr);
        assert_eq!(identity(&path), before, "{name}");
    }
}

/// The log was added to the registry, and no command could read that any more.
#[test]
fn a_log_is_added_to_no_document_of_the_workspace() {
    let place = Barkeep::partitioned(&["AAPL"]);
    place.write("logs/old.log", "");
    let before = place.tree();

    for name in [
        "tickers.json",
        "intervals.json",
        "./barkeep.toml",
        "logs/../tickers.json",
        ".run_lock.guard",
    ] {
        let ended = place.process(&["update", "--log-file", name]);

        assert_eq!(ended.code, Some(2), "{name}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("may be a document"),
            "{}",
            ended.stderr
        );
    }
    assert!(place.tree() == before, "nothing was written");
    let ended = place.process(&["update", "--log-file", "run.log"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn a_pipe_in_a_folder_of_a_source_fails_its_ticker_alone() {
    let bar = of_files(&["A", "B"], true);
    Odd::Pipe.plant(&bar.path().join("incoming/A.csv"));

    let ran = at_once("update", move || {
        let ran = bar.run(&["update"]).expect(Exit::Partial);
        assert_eq!(stored(&bar, "B"), 1);
        ran
    });

    assert!(ran.stderr.contains("A.csv"), "{}", ran.stderr);
}

#[test]
fn what_stands_in_the_place_of_a_month_fails_its_ticker_alone_and_its_rows_wait() {
    for odd in Odd::ALL {
        for partitioned in [true, false] {
            let bar = of_files(&["A", "B"], partitioned);
            let path = if partitioned {
                month(&bar, "A")
            } else {
                bar.path().join("data/legacy/stocks_1d/A.parquet")
            };
            odd.plant(&path);
            let before = identity(&path);

            let ran = bar.run(&["update"]).expect(Exit::Partial);

            assert!(ran.stderr.contains("A 1d at us:mine"), "{}", ran.stderr);
            assert_eq!(identity(&path), before, "{odd:?}");
            assert_eq!(stored(&bar, "B"), 1, "{odd:?}");
            clear(&path);
            bar.run(&["update"]).expect(Exit::Ok);
            assert_eq!(stored(&bar, "A"), 1, "{odd:?}");
        }
    }
}

/// A pipe and a link were replaced by a file, and a run whose metrics nobody could write was a success: whoever watched
/// the file went on reading an old one.
#[test]
fn metrics_that_cannot_be_written_are_no_success() {
    for odd in Odd::ALL {
        let bar = of_files(&["A"], true);
        let path = bar.path().join("m.prom");
        odd.plant(&path);
        let before = identity(&path);

        let ran = bar.run(&["update", "-q", "--metrics-file", "m.prom"]);

        assert_eq!(ran.exit, Exit::Failed, "{odd:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("m.prom"), "{odd:?}: {}", ran.stderr);
        assert_eq!(identity(&path), before, "{odd:?}");
        assert_eq!(stored(&bar, "A"), 1, "{odd:?}");
    }
}

#[test]
fn a_setting_for_metrics_that_leads_nowhere_is_told_first_and_last() {
    let bar = of_files(&["A"], true);
    let settings = bar.text("barkeep.toml");
    let settings = settings.replace("[sources", "metrics_file = \"no/such/m.prom\"\n[sources");
    bar.write("barkeep.toml", settings);

    let ran = bar.run(&["update", "--json"]).expect(Exit::Failed);

    assert!(ran.stderr.starts_with("warning: The metrics"), "{ran:?}");
    assert!(ran.stderr.contains("error: the metrics in"), "{ran:?}");
    assert_eq!(ran.summary()["exit"], 1);
    assert_eq!(stored(&bar, "A"), 1);
}

/// The other outcome says more, and the metrics are told all the same.
#[test]
fn a_run_that_ends_otherwise_keeps_its_exit_code() {
    let bar = of_files(&["A", "B"], true);
    offer(&bar, "B", &[]);
    Odd::Folder.plant(&bar.path().join("m.prom"));
    Odd::Pipe.plant(&bar.path().join("incoming/A.csv"));

    let ran = bar.run(&["update", "-q", "--metrics-file", "m.prom"]);

    assert_eq!(ran.exit, Exit::Partial, "{}", ran.stderr);
    assert!(ran.stderr.contains("m.prom"), "{}", ran.stderr);
}
