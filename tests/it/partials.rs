//! Temporary files that killed programs left: `update` settles stale ones by itself, where it writes at once, everywhere
//! once a day, and never drops a row.

#![expect(
    clippy::disallowed_methods,
    reason = "ages files, as only time does otherwise"
)]

use std::time::{Duration, SystemTime};

use barkeep::cli::Exit;

use crate::support::barkeep::{Barkeep, Ran};
use crate::support::foreign::{ForeignFile, days};

const OWN: &str = ".data.parquet.tmp-20241119T230000Z-0000002a-1-7";
const THEIRS: [&str; 2] = ["data.parquet.partial", "data.parquet.tmp-1-2-3"];
/// A month that no update of these days writes.
const OLD: &str = "data/us/demo/stocks_1d/ticker=A/year=2012/month=01";

/// Writes a file that was changed so many seconds before the moment of the test.
fn aged(bar: &Barkeep, name: &str, bytes: &[u8], seconds: u64) {
    bar.write(name, bytes);
    let now = chrono::DateTime::parse_from_rfc3339(&bar.now).unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.timestamp().try_into().unwrap());
    let file = std::fs::File::options()
        .write(true)
        .open(bar.path().join(name))
        .unwrap();
    file.set_modified(now - Duration::from_secs(seconds))
        .unwrap();
}

fn partial(folder: &str) -> String {
    format!("{folder}/{}", THEIRS[0])
}

fn plant(bar: &Barkeep, folder: &str) {
    for name in [OWN, THEIRS[0], THEIRS[1]] {
        aged(bar, &format!("{folder}/{name}"), b"PAR1 torn", 86_400);
    }
}

fn left(bar: &Barkeep) -> Vec<String> {
    let names = bar.tree().into_keys();
    let below = names.filter(|path| path.starts_with(bar.path().join("data")));
    let names = below.map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    names.filter(|name| name != "data.parquet").collect()
}

fn update(bar: &Barkeep) -> Ran {
    bar.run(&["update"]).expect(Exit::Ok)
}

/// A workspace that was updated and swept on Friday, and the folder that an update on Monday writes to.
fn updated() -> (Barkeep, String) {
    let bar = Barkeep::partitioned(&["A"]);
    update(&bar);
    (
        bar,
        "data/us/demo/stocks_1d/ticker=A/year=2025/month=11".to_owned(),
    )
}

/// Only `cleanup` removed such files, which no cron line calls.
#[test]
fn the_first_update_of_a_day_sweeps_everything_and_the_second_does_not() {
    let (mut bar, _) = updated();
    plant(&bar, OLD);

    let second = update(&bar);
    assert_eq!(left(&bar).len(), 3, "{second:?}");
    bar.now = "2025-11-22T22:00:00Z".to_owned();
    let next_day = update(&bar);

    assert!(left(&bar).is_empty(), "{:?} {next_day:?}", left(&bar));
    // Nobody can say what a torn file was.
    let is_kept = |bytes: &Vec<u8>| bytes == b"PAR1 torn";
    let kept = bar.tree().into_iter().filter(|(_, bytes)| is_kept(bytes));
    assert_eq!(kept.count(), 2);
    assert!(
        next_day.stderr.contains("is kept in quarantine"),
        "{next_day:?}"
    );
}

#[test]
fn an_update_after_a_cleanup_of_the_same_day_need_not_look_again() {
    let (mut bar, _) = updated();
    bar.now = "2025-11-22T22:00:00Z".to_owned();
    bar.run(&["cleanup"]).expect(Exit::Ok);
    plant(&bar, OLD);

    let ran = update(&bar);

    assert_eq!(left(&bar).len(), 3, "{ran:?}");
}

#[test]
fn an_update_sweeps_the_folders_that_it_writes_to_each_time() {
    let (mut bar, month) = updated();
    bar.now = "2025-11-24T22:00:00Z".to_owned();
    update(&bar);
    bar.write("state/swept", "2025-11-25\n");
    bar.now = "2025-11-25T22:00:00Z".to_owned();
    plant(&bar, &month);
    plant(&bar, OLD);

    let ran = update(&bar);

    assert_eq!(left(&bar).len(), 3, "{:?} {ran:?}", left(&bar));
    assert!(!bar.has(partial(&month)) && bar.has(partial(OLD)));
}

#[test]
fn whoever_takes_over_from_a_dead_run_sweeps_also_what_that_one_was_just_writing() {
    let (bar, _) = updated();
    aged(&bar, &partial(OLD), b"PAR1 torn", 5);
    let dead = r#"{"pid": 999999, "host": "box", "ts": 1763700000.0, "cwd": "/ws"}"#;
    bar.write(".run_lock/owner.json", dead);

    let ran = update(&bar);

    assert!(ran.stderr.contains("Took over"), "{ran:?}");
    assert!(left(&bar).is_empty(), "{ran:?}");
}

#[test]
fn whole_rows_that_are_nowhere_else_are_merged() {
    let (mut bar, month) = updated();
    for (day, folder, date) in [
        ("2025-11-24", OLD.to_owned(), "2012-01-02"),
        ("2025-11-25", month, "2025-11-01"),
    ] {
        bar.now = format!("{day}T22:00:00Z");
        let rows = ForeignFile::of(days("A", &[(date, 4.25)]));
        aged(&bar, &partial(&folder), &rows.bytes(), 86_400);

        let ran = update(&bar);

        let show = [
            "show",
            "--venue",
            "us:demo",
            "A",
            "--interval",
            "1d",
            "--format",
            "csv",
        ];
        let shown = bar.run(&show).expect(Exit::Ok).stdout;
        assert!(shown.contains("4.25"), "{folder} {shown} {ran:?}");
        assert!(left(&bar).is_empty(), "{ran:?}");
    }
}

/// Somebody copies a backup into the tree while cron runs.
#[test]
fn what_another_program_may_still_be_writing_is_left_alone() {
    let (mut bar, _) = updated();
    bar.now = "2025-11-22T22:00:00Z".to_owned();
    aged(&bar, &partial(OLD), b"PAR1 to", 60);

    update(&bar);

    assert_eq!(left(&bar), [THEIRS[0]]);
}

#[test]
fn a_run_that_fails_is_swept_after_by_the_next() {
    let (bar, _) = updated();
    let registry = bar.read("tickers.json");
    bar.write("tickers.json", b"torn");
    assert_ne!(bar.run(&["update"]).exit, Exit::Ok);
    bar.write("tickers.json", registry);
    plant(&bar, OLD);

    update(&bar);

    assert!(left(&bar).is_empty());
}
