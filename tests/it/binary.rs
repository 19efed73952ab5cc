//! The real process: signals, pipes, limits, and two of them at once.
//!
//! What a run does is tested in-process; here is what only a process can show. `--limits` makes runs slow enough to
//! be met in the middle.

#![expect(
    clippy::disallowed_methods,
    reason = "opens devices and changes modes as a user would"
)]

use std::collections::BTreeMap;
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use barkeep::sys::{Fs, OsFs};
use rstest::rstest;
use rustix::process::{Signal, geteuid};

use crate::support::barkeep::Barkeep;
use crate::support::process::{Running, end, send, watch};

const TICKERS: [&str; 6] = ["AAPL", "BRK.B", "EURUSD=X", "KO", "MSFT", "PEP"];
/// Three months, so that groups have many files.
const UPDATE: [&str; 6] = [
    "update",
    "--json",
    "--start",
    "2025-09-01",
    "--end",
    "2025-11-20",
];
/// The same, slow enough to be met in the middle.
const SLOW_UPDATE: [&str; 9] = [
    "update",
    "--json",
    "--start",
    "2025-09-01",
    "--end",
    "2025-11-20",
    "--limits",
    "2",
    "1",
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A document without the blanks and commas between its parts.
fn squeezed(text: &str) -> String {
    text.replace(|c: char| c.is_whitespace() || c == ',', "")
}

/// Returns every file of the data root, and the registry, with their bytes.
fn stored(place: &Barkeep) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = place.tree().into_iter().filter_map(|(path, bytes)| {
        let name = path.strip_prefix(place.path()).unwrap().to_owned();
        (name.starts_with("data") || name == Path::new("tickers.json")).then_some((name, bytes))
    });
    files.collect()
}

/// Returns the names directly in the workspace.
fn names(place: &Barkeep) -> Vec<String> {
    let entries = OsFs.list(place.path()).unwrap().unwrap();
    entries.into_iter().map(|entry| entry.name).collect()
}

/// Asserts that the next run arrives where a run that nobody interrupted does.
#[track_caller]
fn assert_completes(place: &Barkeep) {
    let undisturbed = Barkeep::partitioned(&TICKERS);
    undisturbed.process(&UPDATE).expect(0);

    place.process(&UPDATE).expect(0);

    let (found, wanted) = (stored(place), stored(&undisturbed));
    assert!(wanted.len() > 3 * TICKERS.len());
    assert!(found.keys().eq(wanted.keys()), "{:?}", found.keys());
    for (path, bytes) in &wanted {
        // Marks of a stopped run may be lost, so the history is wanted whole, and a window does not settle that.
        let settled = text(&found[path]).replace("\"refetch\": true", "");
        let is_same = found[path] == *bytes || squeezed(&settled) == squeezed(&text(bytes));
        assert!(is_same, "{} differs", path.display());
    }
    assert_eq!(names(place), names(&undisturbed));
}

#[rstest]
#[case::sigterm(Signal::TERM, 143)]
#[case::sigint(Signal::INT, 130)]
#[case::sighup(Signal::HUP, 129)]
fn the_first_signal_ends_a_run_in_good_order(#[case] signal: Signal, #[case] code: i32) {
    let place = Barkeep::partitioned(&TICKERS);
    let running = place.start(&SLOW_UPDATE).after("\"fetched\"");

    let asked = Instant::now();
    running.signal(signal);
    let ended = running.end().expect(code);

    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    let summary: serde_json::Value = serde_json::from_str(ended.stdout.last().unwrap()).unwrap();
    assert_eq!(summary["exit"], code);
    assert_completes(&place);
}

#[test]
fn the_second_signal_ends_a_run_at_once() {
    let names: Vec<String> = (0..3_000).map(|count| format!("NOSUCH{count}")).collect();
    let place = Barkeep::partitioned(&TICKERS);
    place.write("more.txt", names.join("\n"));
    place
        .process(&[
            "tickers",
            "add",
            "--venue",
            "us:demo",
            "--tickers-file",
            "more.txt",
        ])
        .expect(0);
    let mut child = place.command(&UPDATE).spawn().unwrap();
    let _watchdog = watch(&child);
    let unread = child.stdout.take().unwrap();
    // It hangs in the middle of its events once the pipe is full, and cannot end in good order.
    let mut filled = (0, 1);
    while filled.0 < 32_768 || filled.0 != filled.1 {
        thread::sleep(Duration::from_millis(200));
        filled = (rustix::io::ioctl_fionread(&unread).unwrap(), filled.0);
    }
    send(&child, Signal::TERM);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(
        child.try_wait().unwrap(),
        None,
        "the first signal is no end"
    );

    let asked = Instant::now();
    send(&child, Signal::TERM);
    let status = child.wait().unwrap();

    assert!(
        asked.elapsed() < Duration::from_millis(100),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(status.code(), Some(143));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    place
        .process(&[&["tickers", "remove"], &names[..]].concat())
        .expect(0);
    place.remove("more.txt");
    assert_completes(&place);
}

#[test]
fn of_two_updates_one_works_and_the_other_names_it() {
    let place = Barkeep::partitioned(&TICKERS);
    let first = place.start(&SLOW_UPDATE).after("\"fetched\"");

    let second = place.process(&["update"]).expect(11);

    let owner = format!("pid {} on ", first.pid());
    assert!(second.stderr.contains(&owner), "{}", second.stderr);
    assert!(!second.stderr.contains("--break-lock"), "{}", second.stderr);
    first.end().expect(0);
    assert_completes(&place);
}

#[test]
fn whoever_waits_for_the_lock_works_after_its_owner() {
    let place = Barkeep::partitioned(&TICKERS);
    let first = place.start(&SLOW_UPDATE).after("\"fetched\"");

    let second = place.start(&[&UPDATE[..], &["--wait", "20"]].concat());

    first.end().expect(0);
    let second = second.end().expect(0);
    assert!(
        second.stderr.starts_with("Waiting up to 20"),
        "{}",
        second.stderr
    );
    assert_completes(&place);
}

#[rstest]
#[case::update(&UPDATE)]
#[case::show(&["show", "AAPL", "-i", "1d", "--format", "csv"])]
#[case::help(&["--help"])]
fn a_reader_that_goes_away_is_no_error(#[case] args: &[&str]) {
    let place = Barkeep::partitioned(&TICKERS);
    place.process(&["update"]).expect(0);
    let mut child = place.command(args).spawn().unwrap();

    drop(child.stdout.take());
    let ended = Running::attend(child).end().expect(0);

    assert_eq!(ended.stderr, "");
}

#[rstest]
#[case::update(&UPDATE)]
#[case::show(&["show", "AAPL", "-i", "1d", "--format", "csv"])]
fn output_that_a_full_device_loses_is_an_error(#[case] args: &[&str]) {
    let place = Barkeep::partitioned(&TICKERS);
    place.process(&UPDATE).expect(0);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = place.command(args);
    command.stdout(Stdio::from(full));

    let ended = Running::of(command).end().expect(14);

    assert!(ended.stderr.contains("standard output"), "{}", ended.stderr);
    assert_completes(&place);
}

#[rstest]
fn a_killed_run_is_completed_by_the_next(#[values(1, 3, 6, 8, 9, 20)] lines: usize) {
    let place = Barkeep::partitioned(&TICKERS);
    let running = place.start(&UPDATE).after_lines(lines);

    running.signal(Signal::KILL);
    running.end();

    assert_completes(&place);
}

#[test]
fn staged_rows_that_never_reached_the_disk_are_fetched_again() {
    // A power cut before the first sync leaves ext4 with names and lengths, and zeros for bytes.
    let killed = || {
        let place = Barkeep::partitioned(&TICKERS);
        let running = place.start(&SLOW_UPDATE).after("BRK.B");
        running.signal(Signal::KILL);
        running.end();
        let mut staged = place.tree();
        staged.retain(|path, _| {
            path.starts_with(place.places.staging.as_path())
                && path.extension().is_some_and(|found| found == "parquet")
        });
        for path in staged.keys() {
            place.write(path, [0; 1_700]);
        }
        (!staged.is_empty()).then_some(place)
    };
    // The first answer of all may be this one, and the kill comes before it is staged.
    let place = (0..5).find_map(|_| killed()).unwrap();

    let ended = place.process(&UPDATE).expect(0);

    let told = ended.stdout.concat();
    assert!(told.contains("had not reached the disk"), "{told}");
    assert_completes(&place);
}

/// Plants a lock as the predecessor takes it.
fn plant_lock(place: &Barkeep, pid: u32) {
    let host = rustix::system::uname();
    let owner = serde_json::json!({
        "pid": pid,
        "host": host.nodename().to_str().unwrap(),
        "ts": SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64(),
        "cwd": place.path(),
    });
    place.write(".run_lock/owner.json", owner.to_string());
}

#[test]
fn a_living_predecessors_lock_is_broken_only_with_the_key_that_the_refusal_prints() {
    let place = Barkeep::partitioned(&TICKERS);
    plant_lock(&place, std::process::id());

    let refused = place.process(&["update"]).expect(11);
    place
        .process(&["cleanup", "--break-lock", "0123456789abcdef"])
        .expect(2);
    place.process(&["update"]).expect(11);
    let hint = refused
        .stderr
        .lines()
        .find_map(|line| line.split_once("--break-lock "));
    let (_, key) = hint.expect("the refusal prints the key");
    place.process(&["cleanup", "--break-lock", key]).expect(0);

    let owner = format!("pid {} on ", std::process::id());
    assert!(refused.stderr.contains(&owner), "{}", refused.stderr);
    assert_completes(&place);
}

#[test]
fn a_dead_predecessors_lock_is_taken_over() {
    let place = Barkeep::partitioned(&TICKERS);
    let dead = Command::new("true").spawn().unwrap();
    let pid = dead.id();
    end(dead);
    plant_lock(&place, pid);

    let ended = place.process(&UPDATE).expect(0);

    assert!(
        ended.stdout.concat().contains("its process is gone"),
        "{}",
        ended.stderr
    );
    assert_completes(&place);
}

#[test]
fn a_workspace_that_cannot_be_written_to_can_be_read() {
    if geteuid().is_root() {
        println!("skipped: modes do not bind root; tests/realfs mounts one read-only");
        return;
    }
    let place = Barkeep::partitioned(&TICKERS);
    place.process(&UPDATE).expect(0);
    std::fs::set_permissions(place.path(), Permissions::from_mode(0o555)).unwrap();

    let update = place.process(&["update"]);
    let show = place.process(&["show", "AAPL", "-i", "1d"]);

    std::fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
    let update = update.expect(1);
    assert!(
        update.stderr.contains("permission denied"),
        "{}",
        update.stderr
    );
    show.expect(0);
}

#[test]
fn help_is_there_at_once() {
    let place = Barkeep::partitioned(&TICKERS);

    let quickest = (0..5).map(|_| {
        let began = Instant::now();
        place.process(&["--help"]).expect(0);
        began.elapsed()
    });

    let quickest = quickest.min().unwrap();
    assert!(quickest < Duration::from_millis(100), "{quickest:?}");
}

#[test]
fn a_limit_on_file_sizes_is_reported_with_the_file_and_loses_nothing() {
    let place = Barkeep::partitioned(&TICKERS);
    let mut command = Command::new("sh");
    // Units of 512 or 1024 bytes, by the shell: less than six tickers take in tickers.json.
    command.args([
        "-c",
        "ulimit -f 2; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_barkeep"),
    ]);
    command.args(UPDATE);
    place.settle(&mut command);
    command.env("PATH", "/usr/bin:/bin");

    let ended = Running::of(command).end().expect(14);

    let root = place.path().display().to_string();
    assert!(
        ended
            .stdout
            .iter()
            .chain([&ended.stderr])
            .any(|line| line.contains(&root)),
        "{ended:?}"
    );
    assert_completes(&place);
}
