//! Rows that tickers.json knows and `data` has not: a backup that was put back, a disk that is not mounted.
#![expect(
    clippy::disallowed_methods,
    reason = "what a user does to a folder by hand"
)]

mod crash;

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::barkeep::{Barkeep, Ran};

const HEAD: &str = "Date,Open,High,Low,Close,Volume\n";

/// A workspace of files with one ticker, updated, in one of the layouts.
struct Kept {
    bar: Barkeep,
    interval: &'static str,
}

impl Kept {
    fn of(layout: &[&str], interval: &'static str, days: &[&str]) -> Self {
        let bar = Barkeep::empty();
        bar.write(
            "barkeep.toml",
            format!("[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\ninterval = \"{interval}\"\n"),
        );
        let kept = Self { bar, interval };
        kept.source(days);
        let args = ["init", "--ticker", "A", "--interval", interval];
        kept.bar.run(&[&args, layout].concat()).expect(Exit::Ok);
        kept.bar.run(&["update"]).expect(Exit::Ok);
        kept
    }

    /// Says which days the source has.
    fn source(&self, days: &[&str]) {
        let lines = days.iter().map(|day| format!("{day},1,1,1,1,1000\n"));
        let text = HEAD.to_owned() + &lines.collect::<String>();
        self.bar.write("in/A.csv", text);
    }

    /// Takes a copy of what is stored, to be put back.
    fn backup(&self) -> Vec<(String, Vec<u8>)> {
        let root = self.bar.path();
        let files = self.bar.tree().into_iter().map(|(path, bytes)| {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            (name.to_owned(), bytes)
        });
        files
            .filter(|(name, _)| name.starts_with("data/") || name.starts_with("stocks_"))
            .collect()
    }

    fn put_back(&self, backup: &[(String, Vec<u8>)]) {
        self.bar.remove("data");
        for (name, bytes) in backup {
            self.bar.write(name, bytes);
        }
    }

    fn days(&self) -> Vec<String> {
        let show = ["show", "A", "--interval", self.interval, "--format", "csv"];
        let shown = self.bar.run(&show).stdout;
        let day = |line: &str| line.split(',').nth(1).unwrap()[..10].to_owned();
        shown.lines().skip(1).map(day).collect()
    }

    fn entry(&self) -> Value {
        let registry: Value = self.bar.json("tickers.json");
        registry["A"]["intervals"][self.interval].clone()
    }

    fn staged(&self) -> usize {
        let files = self.bar.tree().into_iter();
        files
            .filter(|(path, _)| path.to_string_lossy().contains("/partition-staging/"))
            .count()
    }
}

const OLD: [&str; 2] = ["2025-11-18", "2025-11-19"];
const ALL: [&str; 4] = ["2025-11-18", "2025-11-19", "2025-11-20", "2025-11-21"];

/// Thursday's `data` was put back on Tuesday: Friday and Monday were never asked for again, and update ended with 0.
#[test]
fn rows_that_a_restored_backup_lacks_are_asked_for_again_in_both_layouts() {
    for (layout, interval) in [
        (&["--partitioned"] as &[&str], "1d"),
        (&[], "1d"),
        (&["--partitioned"], "1wk"),
        (&[], "1mo"),
    ] {
        let days: [&str; 4] = if interval == "1d" {
            ALL
        } else {
            ["2025-07-01", "2025-08-01", "2025-09-01", "2025-10-01"]
        };
        let kept = Kept::of(layout, interval, &days[..2]);
        let backup = kept.backup();
        kept.source(&days);
        kept.bar.run(&["update"]).expect(Exit::Ok);
        kept.put_back(&backup);

        let checked = kept.bar.run(&["check"]).expect(Exit::Mismatch);
        let planned = kept.bar.run(&["update", "--dry-run"]).expect(Exit::Ok);
        let ran = kept.bar.run(&["update"]).expect(Exit::Ok);

        assert_eq!(kept.days(), days, "{interval}: {ran:#?}");
        for said in [&ran.stderr, &planned.stderr] {
            assert!(
                said.contains("fewer rows than tickers.json knows"),
                "{said}"
            );
        }
        assert!(checked.stderr.contains(days[1]), "{checked:#?}");
        let again = kept.bar.run(&["update"]).expect(Exit::Ok);
        assert!(!again.stderr.contains("fewer rows"), "{again:#?}");
        kept.bar.run(&["check"]).expect(Exit::Ok);
    }
}

#[test]
fn what_the_source_has_no_longer_either_is_told_and_written_down_once() {
    let kept = Kept::of(&["--partitioned"], "1d", &OLD);
    let backup = kept.backup();
    kept.source(&ALL);
    kept.bar.run(&["update"]).expect(Exit::Ok);
    kept.put_back(&backup);
    kept.source(&OLD);

    let ran = kept.bar.run(&["-q", "update"]).expect(Exit::Partial);
    let again = kept.bar.run(&["-q", "update"]).expect(Exit::Ok);

    assert!(ran.stderr.contains("2025-11-21"), "{ran:#?}");
    assert_eq!(again.stderr, "");
    let entry = kept.entry();
    assert_eq!(entry["last_data_date"], "2025-11-19");
    let lost = json!([{"from": "2025-11-20", "to": "2025-11-21", "noticed": "2025-11-21"}]);
    assert_eq!(entry["lost"], lost);
}

/// Days that are asked for by name lie behind the gap that the lost ones left, and would have hidden it.
/// The file of October has one row as well, and so the very length of the one that is gone.
#[test]
fn a_month_that_is_gone_is_missed_although_the_one_before_is_as_long() {
    let kept = Kept::of(&["--partitioned"], "1d", &["2025-10-20", "2025-11-20"]);
    kept.bar
        .remove("data/us/mine/stocks_1d/ticker=A/year=2025/month=11");

    kept.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(kept.days(), ["2025-10-20", "2025-11-20"]);
}

/// The window brought nothing, and the old file was taken for the one that was left from then on.
#[test]
fn a_window_without_rows_does_not_hide_what_is_gone() {
    let kept = Kept::of(&["--partitioned"], "1d", &OLD);
    let backup = kept.backup();
    kept.source(&ALL);
    kept.bar.run(&["update"]).expect(Exit::Ok);
    kept.put_back(&backup);

    let window = ["update", "--start", "2025-10-01", "--end", "2025-10-03"];
    kept.bar.run(&window).expect(Exit::Ok);
    assert_eq!(kept.days(), OLD);
    kept.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(kept.days(), ALL);
}

/// A slip of the pen, or a clock that was wrong for a night: what follows that day was waited for, and it stayed there for ever.
#[test]
fn a_newest_day_to_come_is_not_believed_and_set_right_by_the_rows() {
    for layout in [&["--partitioned"] as &[&str], &[]] {
        let kept = Kept::of(layout, "1d", &OLD);
        let mut registry: Value = kept.bar.json("tickers.json");
        registry["A"]["intervals"]["1d"]["last_data_date"] = json!("2031-01-01");
        kept.bar.write("tickers.json", registry.to_string());
        kept.source(&ALL);

        let ran = kept.bar.run(&["update"]).expect(Exit::Ok);
        let again = kept.bar.run(&["update"]).expect(Exit::Ok);

        assert_eq!(kept.days(), ALL);
        let told = "rows up to 2031-01-01 are stored, a day to come; they end on 2025-11-19";
        assert!(ran.stderr.contains(told), "{ran:#?}");
        assert!(!again.stderr.contains("2031"), "{again:#?}");
        let entry = kept.entry();
        assert_eq!(entry["last_data_date"], "2025-11-21");
        assert_eq!(entry["lost"], Value::Null, "nothing was lost");
    }
}

/// Somebody moved the newest month to another disk and left a link, and the source has its days no longer.
#[test]
fn rows_behind_a_link_are_not_gone() {
    let kept = Kept::of(&["--partitioned"], "1d", &["2025-10-20", "2025-11-20"]);
    let month = kept
        .bar
        .path()
        .join("data/us/mine/stocks_1d/ticker=A/year=2025/month=11");
    let away = kept.bar.path().join("away");
    std::fs::rename(&month, &away).unwrap();
    std::os::unix::fs::symlink(&away, &month).unwrap();
    kept.source(&["2025-10-20"]);

    let _named = kept.bar.run(&["update"]);

    let entry = kept.entry();
    assert_eq!(entry["lost"], Value::Null, "{entry}");
    assert_eq!(entry["last_data_date"], "2025-11-20");
    std::fs::remove_file(&month).unwrap();
    std::fs::rename(&away, &month).unwrap();
    kept.bar.run(&["update"]).expect(Exit::Ok);
    assert_eq!(kept.days(), ["2025-10-20", "2025-11-20"]);
}

/// The predecessor kept days in folders of their own for three days; later values are stored in the file of the month.
#[test]
fn a_day_in_a_folder_of_its_own_yields_to_the_file_of_its_month() {
    let kept = Kept::of(&["--partitioned"], "1d", &["2025-11-18"]);
    let month = "data/us/mine/stocks_1d/ticker=A/year=2025/month=11";
    let old = kept.bar.read(format!("{month}/data.parquet"));
    kept.bar.remove(month);
    kept.bar.write(format!("{month}/day=18/data.parquet"), old);
    kept.bar.write(
        "in/A.csv",
        format!("{HEAD}2025-11-18,2,2,2,2,1000\n2025-11-19,3,3,3,3,1000\n"),
    );

    kept.bar.run(&["update"]).expect(Exit::Ok);
    let again = kept.bar.run(&["update"]).expect(Exit::Ok);

    let show = ["show", "A", "--interval", "1d", "--format", "csv"];
    let shown = kept.bar.run(&show).stdout;
    assert!(shown.contains("2025-11-18,2.0,"), "{shown}");
    assert!(!again.stderr.contains("fewer rows"), "{}", again.stderr);
}

#[test]
fn accepting_that_rows_are_gone_takes_no_narrowing() {
    let kept = Kept::of(&["--partitioned"], "1d", &OLD);
    let narrowed = ["update", "--accept-missing", "--ticker", "A"];

    kept.bar.run(&narrowed).expect(Exit::Usage);
}

#[test]
fn days_asked_for_by_name_do_not_hide_what_is_gone_before_them() {
    let kept = Kept::of(&["--partitioned"], "1d", &["2025-11-17"]);
    let backup = kept.backup();
    kept.source(&ALL[..3]);
    kept.bar.run(&["update"]).expect(Exit::Ok);
    kept.put_back(&backup);
    kept.source(&ALL);

    let named = ["--start", "2025-11-21", "--end", "2025-11-21"];
    let ran = kept.bar.run(&[&["update"], &named[..]].concat());
    let told = ran.expect(Exit::Partial).stderr;
    kept.bar.run(&["update"]).expect(Exit::Ok);

    assert!(
        told.contains("of 5 rows that were stored 2 are there"),
        "{told}"
    );
    assert_eq!(kept.days(), [&["2025-11-17"], &ALL[..]].concat());
}

fn is_told(ran: &Ran) {
    let line = "tickers.json knows rows, and none can be found in `data`";
    assert!(ran.stderr.contains(line), "{ran:#?}");
}

/// A second history was written under the mount point, and that night's rows were missing once the disk was back.
#[test]
fn nothing_is_stored_where_a_disk_is_not_mounted_and_what_was_fetched_arrives_later() {
    for layout in [&["--partitioned"] as &[&str], &[]] {
        let kept = Kept::of(layout, "1d", &OLD);
        let disk = kept.backup();
        kept.bar.remove("data");
        kept.bar.write("data/lost+found/.keep", "");
        kept.source(&ALL[..3]);
        let registry = kept.bar.read("tickers.json");

        for _night in 0..2 {
            is_told(&kept.bar.run(&["-q", "update"]).expect(Exit::Failed));
        }
        is_told(&kept.bar.run(&["update", "--dry-run"]).expect(Exit::Failed));
        is_told(&kept.bar.run(&["-q", "cleanup"]).expect(Exit::Failed));
        is_told(&kept.bar.run(&["status"]).expect(Exit::Ok));
        assert!(kept.staged() > 0);
        assert_eq!(kept.backup().len(), 1, "lost+found only");
        assert_eq!(kept.bar.read("tickers.json"), registry);

        // Meanwhile the source has forgotten that night.
        kept.source(&[&OLD[..], &ALL[3..]].concat());
        kept.put_back(&disk);
        kept.bar.run(&["update"]).expect(Exit::Ok);

        assert_eq!(kept.days(), ALL);
        assert_eq!(kept.staged(), 0);
    }
}

/// The layout of rows that nobody can see was changed, as if there were none.
#[test]
fn a_toggle_is_not_turned_over_rows_on_a_disk_that_is_not_mounted() {
    for (layout, turn) in [
        (&["--partitioned"] as &[&str], &["--disable"] as &[&str]),
        (&[], &[]),
    ] {
        let kept = Kept::of(layout, "1d", &OLD);
        let disk = kept.backup();
        kept.bar.remove("data");
        kept.bar.write("data/lost+found/.keep", "");
        let toggle = ["partition-toggle", "--market", "us", "--source", "mine"];
        let turn = &[&toggle, turn].concat();

        is_told(&kept.bar.run(turn).expect(Exit::Failed));

        kept.put_back(&disk);
        let told = kept.bar.run(turn).expect(Exit::Failed);
        assert!(told.stderr.contains("partition-migrate"), "{told:?}");
    }
}

#[test]
fn a_link_to_a_disk_that_is_not_there_is_a_disk_that_is_not_mounted() {
    let kept = Kept::of(&["--partitioned"], "1d", &OLD);
    kept.bar.remove("data");
    std::os::unix::fs::symlink("/nowhere/at/all", kept.bar.path().join("data")).unwrap();
    kept.source(&ALL);

    is_told(&kept.bar.run(&["-q", "update"]).expect(Exit::Failed));

    assert!(kept.bar.has("partition-staging"));
}

#[test]
fn flat_files_of_the_predecessor_are_rows_that_lie_there() {
    let kept = Kept::of(&[], "1d", &OLD);
    let files = kept.backup();
    kept.bar.remove("data");
    kept.bar.write("stocks_1d/A.parquet", &files[0].1);
    kept.source(&ALL);

    kept.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(kept.days(), ALL);
}

#[test]
fn rows_that_are_accepted_to_be_gone_are_fetched_anew_and_whole() {
    let kept = Kept::of(&["--partitioned"], "1d", &OLD);
    kept.bar.remove("data");
    kept.source(&ALL);
    // What waits in staging is the end of the history, and must not pass for all of it.
    kept.bar.run(&["-q", "update"]).expect(Exit::Failed);

    kept.bar
        .run(&["update", "--accept-missing"])
        .expect(Exit::Ok);

    assert_eq!(kept.days(), ALL);
    let entry = kept.entry();
    assert_eq!((entry.get("lost"), entry.get("refetch")), (None, None));
    kept.bar.run(&["update"]).expect(Exit::Ok);
}

#[test]
fn a_workspace_that_never_had_rows_misses_none() {
    let bar = Barkeep::partitioned(&["AAPL"]);

    bar.run(&["update"]).expect(Exit::Ok);
}

/// Whoever followed a link for a month was told to write its columns anew.
#[test]
fn a_link_in_the_place_of_a_month_has_a_way_out_that_leads_there() {
    let kept = Kept::of(&["--partitioned"], "1d", &OLD);
    let month = "data/us/mine/stocks_1d/ticker=A/year=2025/month=11";
    let file = kept.bar.path().join(month).join("data.parquet");
    let away = kept.bar.path().join("away.parquet");
    std::fs::rename(&file, &away).unwrap();
    std::os::unix::fs::symlink(&away, &file).unwrap();
    let show = ["show", "A", "--interval", "1d"];

    let told = kept.bar.run(&show).expect(Exit::Damaged);

    let way_out = "put the file or folder that it leads to in its place";
    assert!(told.stderr.contains(way_out), "{told:?}");
    std::fs::remove_file(&file).unwrap();
    std::fs::rename(&away, &file).unwrap();
    assert_eq!(kept.days(), OLD);
    std::fs::rename(&file, file.with_file_name("november.parquet")).unwrap();
    let told = kept.bar.run(&show).expect(Exit::Damaged);
    assert!(told.stderr.contains("give it the name"), "{told:?}");
}
