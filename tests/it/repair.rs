//! `check --repair`: what goes, what stays, who is asked, and where everything is afterwards.

mod crash;

use std::fmt::Write as _;

use barkeep::cli::{Exit, Terminals};
use chrono::{Datelike, NaiveDate, Weekday};
use rstest::rstest;
use serde_json::Value;

use crate::support::barkeep::Barkeep;
use crate::support::foreign::{ForeignFile, days as days_of};

const SETTINGS: &str =
    "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\ntimezone = \"America/New_York\"\n";
/// One within a month, and one that is all that its month has.
const SATURDAYS: [&str; 2] = ["2025-10-18", "2025-11-01"];

/// A source of daily bars that end on the last Friday of October, and of Saturdays.
fn csv(saturdays: &[&str]) -> String {
    let first: NaiveDate = "2025-10-06".parse().unwrap();
    let last: NaiveDate = "2025-10-31".parse().unwrap();
    let days = first.iter_days().take_while(|day| *day <= last);
    let days = days.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
    let mut days: Vec<String> = days.map(|day| day.to_string()).collect();
    days.extend(saturdays.iter().map(|day| (*day).to_owned()));
    days.sort();
    let mut text = "Date,Open,High,Low,Close,Volume\n".to_owned();
    for (at, day) in days.iter().enumerate() {
        let close = 100 + at % 7;
        writeln!(
            text,
            "{day},{close},{},{},{close},1000",
            close + 1,
            close - 1
        )
        .unwrap();
    }
    text
}

/// A workspace in which an older build has stored two Saturdays.
fn workspace(layout: &[&str]) -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    bar.write("in/A.csv", csv(&SATURDAYS));
    bar.run(&[&["init", "--ticker", "A"], layout].concat())
        .expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);
    // The source does not have them any more.
    bar.write("in/A.csv", csv(&[]));
    bar
}

fn days(bar: &Barkeep) -> Vec<String> {
    let shown = bar
        .run(&["show", "A", "-i", "1d", "--format", "csv"])
        .expect(Exit::Ok);
    let lines = shown.stdout.lines().skip(1);
    lines
        .map(|line| line.split(',').nth(1).unwrap().to_owned())
        .collect()
}

fn is_saturday(day: &str) -> bool {
    SATURDAYS.contains(&day)
}

fn registry(bar: &Barkeep) -> Value {
    let tickers: Value = bar.json("tickers.json");
    tickers["A"]["intervals"]["1d"].clone()
}

const LEGACY: &[&str] = &[];
const PARTITIONED: &[&str] = &["--partitioned"];

#[rstest]
fn rows_of_days_without_a_session_are_shown_and_taken_out(
    #[values(LEGACY, PARTITIONED)] layout: &'static [&'static str],
) {
    let bar = workspace(layout);
    bar.run(&["check"]).expect(Exit::Mismatch);
    let stored = days(&bar);
    let before = bar.tree();

    let plan = bar
        .run(&["check", "--repair", "--dry-run"])
        .expect(Exit::Ok);
    assert!(bar.tree() == before, "a plan changes nothing");
    let ran = bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);

    assert_eq!(plan.stdout, ran.stdout);
    insta::allow_duplicates! {
        insta::assert_snapshot!(ran.stdout, @r"
        venue    ticker  interval  date        close  volume  kind     bar   why
        us:mine  A       1d        2025-10-18    103    1000  off_day  goes  this is a Saturday, on which the series has no other bars; there is a bar of 2025-10-17
        us:mine  A       1d        2025-11-01    100    1000  off_day  goes  this is a Saturday, on which the series has no other bars; there is a bar of 2025-10-31
        ");
        insta::assert_snapshot!(plan.stderr, @"Looked through 22 bars of 1 series: 2 rows would be taken out of 1 series. Nothing was changed.");
    }
    let left: Vec<String> = stored.into_iter().filter(|day| !is_saturday(day)).collect();
    assert_eq!(days(&bar), left);
    bar.run(&["check"]).expect(Exit::Ok);
    let again = bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);
    assert_eq!(again.stdout, "");
    assert!(!bar.has("data/us/mine/stocks_1d/ticker=A/year=2025/month=11/data.parquet"));
}

/// Every file that held one of the rows is kept whole.
#[rstest]
fn what_is_taken_out_is_in_quarantine(
    #[values(LEGACY, PARTITIONED)] layout: &'static [&'static str],
) {
    let bar = workspace(layout);
    let data = || {
        let mut tree = bar.tree();
        tree.retain(|path, _| path.extension().is_some_and(|end| end == "parquet"));
        tree.into_values().collect::<Vec<_>>()
    };
    let before = data();

    bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);

    let after = data();
    assert!(before.iter().all(|bytes| after.contains(bytes)));
    let reasons = bar
        .tree()
        .into_iter()
        .filter(|(path, _)| path.ends_with("reason.json"));
    let reasons: Vec<Value> = reasons
        .map(|(_, bytes)| serde_json::from_slice(&bytes).unwrap())
        .collect();
    assert!(!reasons.is_empty());
    for reason in reasons {
        let text = reason["reason"].as_str().unwrap();
        assert!(
            text.contains("taken out: off_day: this is a Saturday"),
            "{text}"
        );
    }
}

/// The newest row went, and tickers.json knew it: it must not be missed, asked for again and given up.
#[rstest]
fn the_registry_knows_what_is_left_and_nobody_asks_for_the_rest(
    #[values(LEGACY, PARTITIONED)] layout: &'static [&'static str],
) {
    let bar = workspace(layout);
    assert_eq!(registry(&bar)["last_data_date"], "2025-11-01");

    bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);

    assert_eq!(registry(&bar)["last_data_date"], "2025-10-31");
    for _ in 0..2 {
        bar.run(&["update"]).expect(Exit::Ok);
        let known = registry(&bar);
        assert_eq!(known["last_data_date"], "2025-10-31");
        assert_eq!(known["lost"], Value::Null);
        bar.run(&["check"]).expect(Exit::Ok);
    }
    let before = bar.files_in("data");
    bar.run(&["update"]).expect(Exit::Ok);
    assert!(bar.files_in("data") == before);
}

/// A person's word holds for what is stored, and not for what a source says from now on.
#[test]
fn a_row_that_the_source_brings_again_is_a_new_row() {
    let bar = workspace(PARTITIONED);
    bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);
    bar.write("in/A.csv", csv(&SATURDAYS));

    bar.run(&["update", "--start", "2025-10-01", "--end", "2025-11-02"])
        .expect(Exit::Ok);

    assert_eq!(days(&bar).iter().filter(|day| is_saturday(day)).count(), 2);
}

#[test]
fn nothing_goes_without_a_yes() {
    let mut bar = workspace(PARTITIONED);
    let before = bar.tree();

    bar.run(&["check", "--repair"]).expect(Exit::Usage);
    bar.terminals = Terminals {
        stdin: true,
        stdout: true,
        stderr: true,
        ..Terminals::default()
    };
    bar.run(&["check", "--repair", "--non-interactive"])
        .expect(Exit::Usage);
    bar.answers = "n\n";
    let refused = bar.run(&["check", "--repair"]).expect(Exit::Failed);
    assert!(
        refused
            .stderr
            .contains("Take 2 rows out of 1 series? [y/N]"),
        "{}",
        refused.stderr
    );
    assert!(bar.tree() == before);

    bar.answers = "y\n";
    bar.run(&["check", "--repair"]).expect(Exit::Ok);
    assert!(!days(&bar).iter().any(|day| is_saturday(day)));
}

#[test]
fn what_is_planned_and_done_is_one_document() {
    let bar = workspace(PARTITIONED);

    let plan = bar
        .run(&["check", "--repair", "--dry-run", "--json"])
        .expect(Exit::Ok)
        .summary();
    let done = bar
        .run(&["check", "--repair", "--yes", "--json"])
        .expect(Exit::Ok)
        .summary();

    let row = &plan["rows"][0];
    assert_eq!(row["ticker"], "A");
    assert_eq!(row["interval"], "1d");
    assert_eq!(row["date"], "2025-10-18");
    assert_eq!(row["kind"], "off_day");
    assert_eq!(row["volume"], 1000);
    assert_eq!(plan["rows"], done["rows"]);
    assert_eq!(
        (&plan["taken_out"], &plan["dry_run"]),
        (&Value::from(0), &Value::from(true))
    );
    assert_eq!(
        (&done["taken_out"], &done["dry_run"]),
        (&Value::from(2), &Value::from(false))
    );
    assert_eq!(done["kept"].as_array().unwrap().len(), 2);
}

/// A file that could not be written anew without a loss keeps its rows, and keeps no other ticker from losing theirs.
#[test]
fn a_series_that_cannot_be_changed_costs_no_other() {
    let bar = workspace(PARTITIONED);
    bar.write("in/B.csv", csv(&SATURDAYS));
    bar.run(&["tickers", "add", "B"]).expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);
    let month = "data/us/mine/stocks_1d/ticker=B/year=2025/month=10/data.parquet";
    let rows = [
        ("2025-10-06", 1.0),
        ("2025-10-17", 1.0),
        ("2025-10-18", 2.0),
        ("2025-10-20", 3.0),
        ("2025-10-31", 4.0),
    ];
    let foreign = ForeignFile {
        extra: Some("note"),
        ..ForeignFile::of(days_of("B", &rows))
    };
    bar.write(month, foreign.bytes());

    let ran = bar
        .run(&["check", "--repair", "--yes", "us:mine"])
        .expect(Exit::Damaged);

    assert!(
        ran.stderr.contains("would lose its columns note"),
        "{}",
        ran.stderr
    );
    assert!(bar.read(month) == foreign.bytes());
    assert!(!days(&bar).iter().any(|day| is_saturday(day)));
}

/// A user's CSV in which the session of 15 October is missing.
#[test]
fn a_bar_with_a_volume_does_not_go_on_the_word_of_a_users_calendar() {
    let bar = workspace(PARTITIONED);
    bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);
    let held = days(&bar);
    let listed = held.iter().filter(|day| *day != "2025-10-15");
    let lines: Vec<&str> = listed.map(String::as_str).collect();
    bar.write("days.csv", format!("session\n{}\n", lines.join("\n")));
    let calendar = "[calendars.MINE]\npath = \"days.csv\"\ntimezone = \"America/New_York\"\nexchanges = [\"HOME\"]\n";
    bar.write("barkeep.toml", format!("{SETTINGS}{calendar}"));
    let mut tickers: Value = bar.json("tickers.json");
    tickers["A"]["identity"] =
        serde_json::json!({ "exchange": "HOME", "timezone": "America/New_York" });
    bar.write("tickers.json", tickers.to_string());

    let kept = bar
        .run(&["check", "--repair", "--yes"])
        .expect(Exit::Mismatch);
    assert_eq!(days(&bar), held);
    let said = kept.stdout;
    assert!(said.contains("stays"), "{said}");
    assert!(said.contains("--day 2025-10-15"), "{said}");

    bar.run(&["check", "--repair", "--yes", "--day", "2025-10-15"])
        .expect(Exit::Ok);
    let left: Vec<String> = held.into_iter().filter(|day| day != "2025-10-15").collect();
    assert_eq!(days(&bar), left);
}
