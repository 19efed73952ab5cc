//! `update`, `show`, `init` and `demo` from the outside.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use barkeep::cli::{Exit, Terminals};
use barkeep::sys::Signal;

use crate::support::barkeep::{Barkeep, Broken};

/// A stream behind which there is a bug.
struct Exploding;

impl Write for Exploding {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        panic!("a bug")
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const CSV: &str =
    "Date,Open,High,Low,Close,Volume\n2025-11-19,1e-7,1e22,0.1,100,5\n2025-11-20,1,2,3,0.3,\n";

fn files() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        "[sources.\"us:files\"]\nkind = \"files\"\npath = \"csv\"\n",
    );
    bar.write("csv/ACME.csv", CSV);
    bar.run(&[
        "init",
        "--venue",
        "us:files",
        "--ticker",
        "ACME",
        "--partitioned",
    ])
    .expect(Exit::Ok);
    bar
}

#[test]
fn the_summary_is_sentences_whose_counts_agree() {
    let bar = Barkeep::partitioned(&["AAPL", "NOSUCH"]);

    let first = bar.run(&["update"]).expect(Exit::Ok);
    let second = bar.run(&["update", "--ticker", "AAPL"]).expect(Exit::Ok);

    let lines: Vec<&str> = first.stderr.lines().take(2).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    1 series is unknown to the source; --save-not-founds lets them rest for 30 days.
    us:demo: 2 series, 1 with new bars, 1 unknown.
    ");
    insta::assert_snapshot!(second.stderr, @r"
    us:demo: 1 series, 1 without.
    Nothing new was stored in 0.1 s.
    ");
    assert_eq!(first.stdout, "");
}

#[test]
fn quiet_runs_say_nothing() {
    let ran = Barkeep::partitioned(&["AAPL", "NOSUCH"])
        .run(&["-q", "update"])
        .expect(Exit::Ok);

    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}

#[test]
fn events_are_lines_that_end_in_a_summary() {
    let bar = Barkeep::partitioned(&["AAPL"]);

    let ran = bar
        .run(&[
            "update",
            "--json",
            "--start",
            "2025-11-17",
            "--end",
            "2025-11-18",
        ])
        .expect(Exit::Ok);

    let events: Vec<serde_json::Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let committed: Vec<_> = events
        .iter()
        .filter(|event| event["event"] == "committed")
        .collect();
    assert_eq!(committed.len(), 1);
    assert_eq!(committed[0]["partition"], "2025-11");
    let summary = ran.summary();
    assert_eq!(summary["event"], "summary");
    assert_eq!(
        summary["bars"],
        serde_json::json!({"new": 2, "changed": 0, "unchanged": 0})
    );
    assert_eq!(summary["exit"], 0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    let before = bar.tree();

    let ran = bar
        .run(&[
            "update",
            "--dry-run",
            "--start",
            "2025-11-17",
            "--end",
            "2025-11-18",
        ])
        .expect(Exit::Ok);

    insta::assert_snapshot!(ran.stdout, @r"
    venue    ticker  interval  from        until       layout       because
    us:demo  AAPL    1d        2025-11-17  2025-11-18  partitioned  the toggle says so
    ");
    assert_eq!(
        ran.stderr,
        "1 series would be fetched, and 0 series would be left to rest. Nothing was changed.\n"
    );
    assert_eq!(bar.tree(), before);
}

#[test]
fn a_reader_that_goes_away_does_not_stop_the_work() {
    let (bar, control) = (
        Barkeep::partitioned(&["AAPL"]),
        Barkeep::partitioned(&["AAPL"]),
    );
    control.run(&["update", "--json"]).expect(Exit::Ok);

    let exit = bar.run_into(
        &["update", "--json"],
        Broken::sink(Broken::CLOSED),
        Broken::sink(Broken::CLOSED),
    );

    assert_eq!(exit, Exit::Ok);
    assert_eq!(bar.tree().len(), control.tree().len());
}

#[test]
fn output_that_is_lost_to_a_full_disk_is_an_error() {
    let bar = files();
    bar.run(&["update"]).expect(Exit::Ok);
    let show = ["show", "ACME", "-i", "1d", "--format", "csv"];

    let full = bar.run_into(
        &show,
        Broken::sink(Broken::FULL),
        Broken::sink(Broken::CLOSED),
    );
    let closed = bar.run_into(
        &show,
        Broken::sink(Broken::CLOSED),
        Broken::sink(Broken::CLOSED),
    );

    assert_eq!(full, Exit::NoSpace);
    assert_eq!(closed, Exit::Ok);
}

#[test]
fn csv_carries_every_bit_and_keeps_what_is_missing_missing() {
    let bar = files();
    bar.run(&["update"]).expect(Exit::Ok);

    let ran = bar
        .run(&["show", "ACME", "-i", "1d", "--format", "csv"])
        .expect(Exit::Ok);

    insta::assert_snapshot!(ran.stdout, @r"
    stock,date,open,high,low,close,volume,sequence
    ACME,2025-11-19,1e-7,1e22,0.1,100.0,5,
    ACME,2025-11-20,1.0,2.0,3.0,0.3,,
    ");
}

#[test]
fn utc_needs_a_zone_that_somebody_wrote_down() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.run(&["update"]).expect(Exit::Ok);

    let ran = bar
        .run(&[
            "show", "AAPL", "-i", "1d", "--tail", "1", "--utc", "--format", "csv",
        ])
        .expect(Exit::Ok);

    assert!(
        ran.stdout.contains("AAPL,2025-11-21T05:00:00Z,"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_damaged_month_is_named_with_its_command_and_the_others_are_printed() {
    let bar = Barkeep::partitioned(&["^GSPC"]);
    bar.run(&["update"]).expect(Exit::Ok);
    let file = "data/us/demo/stocks_1d/ticker=^GSPC/year=2025/month=10/data.parquet";
    let mut bytes = bar.read(file);
    bytes[100] ^= 1;
    bar.write(file, bytes);
    let before = bar.tree();

    let show = [
        "show",
        "^GSPC",
        "-i",
        "1d",
        "--start",
        "2025-09-30",
        "--end",
        "2025-11-03",
        "--format",
        "csv",
    ];
    let ran = bar.run(&show).expect(Exit::Damaged);

    assert_eq!(ran.stdout.lines().count(), 3, "{}", ran.stdout);
    for part in [
        file,
        "the bars of ^GSPC of 2025-10 are missing",
        "barkeep update --ticker '^GSPC' --interval 1d --venue us:demo --start 2025-10-01 --end 2025-10-31",
    ] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    assert_eq!(bar.tree(), before);
}

#[test]
fn missing_trading_days_are_named_on_request() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    for day in ["2025-11-17", "2025-11-20"] {
        bar.run(&["update", "--start", day, "--end", day])
            .expect(Exit::Ok);
    }

    let ran = bar
        .run(&["show", "AAPL", "-i", "1d", "--gaps"])
        .expect(Exit::Ok);

    assert_eq!(
        ran.stderr,
        "warning: AAPL 1d at us:demo has no bars on 2 trading days: 2025-11-18, 2025-11-19.\n"
    );
}

#[test]
fn unknown_series_rest_when_somebody_says_yes() {
    let mut bar = Barkeep::partitioned(&["AAPL", "NOSUCH"]);
    bar.terminals = Terminals {
        stdin: true,
        stdout: true,
        stderr: true,
        ..Terminals::default()
    };
    bar.answers = "y\n";

    let ran = bar.run(&["update"]).expect(Exit::Ok);

    assert!(
        ran.stderr.contains("Let them rest for 30 days? [y/N]"),
        "{}",
        ran.stderr
    );
    let registry = bar.text("tickers.json");
    assert!(registry.contains("not_found"), "{registry}");
}

#[test]
fn a_stop_is_told_and_has_its_code() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.around.stop.raise(Signal::Terminate);

    let ran = bar
        .run(&["update"])
        .expect(Exit::Interrupted(Signal::Terminate));

    assert!(ran.stderr.contains("Stopped by SIGTERM."), "{}", ran.stderr);
}

#[test]
fn init_adds_and_never_overwrites() {
    let bar = Barkeep::empty();
    bar.write(
        "tickers.json",
        r#"{"OLD": {"ticker": "OLD", "note": "keep me"}}"#,
    );
    bar.write("intervals.json", r#"["1h"]"#);
    let init = [
        "init",
        "--venue",
        "us:demo",
        "--ticker",
        "AAPL",
        "--interval",
        "1d",
    ];

    bar.run(&init).expect(Exit::Ok);
    let once = bar.tree();
    bar.run(&init).expect(Exit::Ok);

    let registry = bar.text("tickers.json");
    assert!(
        registry.contains("keep me") && registry.contains("AAPL"),
        "{registry}"
    );
    assert_eq!(bar.read("intervals.json"), b"[\n    \"1h\",\n    \"1d\"\n]");
    assert_eq!(bar.tree(), once);
}

#[test]
fn a_toggle_that_would_leave_rows_behind_is_refused() {
    let bar = Barkeep::empty();
    bar.run(&["init", "--venue", "us:demo", "--ticker", "AAPL"])
        .expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);
    let partitioned = Barkeep::partitioned(&["AAPL"]);
    partitioned.run(&["update"]).expect(Exit::Ok);

    let on = bar
        .run(&["partition-toggle", "--market", "us", "--source", "demo"])
        .expect(Exit::Failed);
    let off = partitioned
        .run(&[
            "partition-toggle",
            "--market",
            "us",
            "--source",
            "demo",
            "--disable",
        ])
        .expect(Exit::Failed);

    assert!(
        on.stderr
            .contains("barkeep partition-migrate init --all-found --venue us:demo"),
        "{}",
        on.stderr
    );
    assert!(
        off.stderr.contains("barkeep partition-migrate rollback"),
        "{}",
        off.stderr
    );
    bar.run(&["partition-toggle", "--market", "de"])
        .expect(Exit::Ok);
}

#[test]
fn the_demo_shows_everything_once_and_refuses_a_full_folder() {
    let bar = Barkeep::empty();

    let ran = bar.run(&["demo"]).expect(Exit::Ok);

    for part in [
        "ticker=AAPL",
        "2025-11-21",
        "read_parquet('barkeep-demo/data/us/demo/",
        "Next:",
    ] {
        assert!(ran.stdout.contains(part), "{}", ran.stdout);
    }
    bar.run(&["demo"]).expect(Exit::Failed);
}

#[test]
fn cleaning_a_clean_workspace_does_nothing() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.run(&["update"]).expect(Exit::Ok);
    let before = bar.tree();

    let ran = bar.run(&["cleanup"]).expect(Exit::Ok);

    assert_eq!(ran.stderr, "Nothing to clean up.\n");
    assert_eq!(bar.tree(), before);
}

#[test]
fn a_bug_ends_in_70_and_not_in_a_panic() {
    let bar = Barkeep::partitioned(&["AAPL"]);

    let exit = bar.run_into(
        &["tickers", "list"],
        Arc::new(Mutex::new(Exploding)),
        Broken::sink(Broken::CLOSED),
    );

    assert_eq!(exit, Exit::Internal);
}

/// The stored 5 became nothing, and the run ended well.
#[test]
fn a_volume_that_no_integer_holds_replaces_no_stored_one() {
    let bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        "[workspace]\ndefault_venue = \"us:mine\"\n[sources.\"us:mine\"]\nkind = \"files\"\npath = \"incoming\"\n",
    );
    let file =
        |volume: &str| format!("Date,Open,High,Low,Close,Volume\n2025-11-20,1,2,1,2,{volume}\n");
    bar.write("incoming/X.csv", file("5"));
    bar.run(&["init", "-i", "1d", "--ticker", "X", "--partitioned"])
        .expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);
    let stored = bar.show("X", "1d", &["--format", "csv"]).stdout;

    bar.write("incoming/X.csv", file("9300000000000000000"));
    let ran = bar.run(&["update"]).expect(Exit::Partial);

    assert!(ran.stderr.contains("X 1d at us:mine"), "{ran:?}");
    assert!(
        ran.stderr.contains("a volume beyond 9223372036854775807"),
        "{ran:?}"
    );
    assert_eq!(bar.show("X", "1d", &["--format", "csv"]).stdout, stored);
}
