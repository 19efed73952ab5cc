//! What is known of series without opening them: `list`, sizes, and the records of what no commit recorded.

use barkeep::cli::Exit;
use barkeep::inventory::{Noted, Portion, note_portion};
use barkeep::observe::Silent;
use barkeep::sys::Stopwatch;
use serde_json::{Value, json};

use crate::access::modes::below;
use crate::support::barkeep::{Barkeep, Ran};
use crate::support::foreign::{ForeignBar, ForeignFile};

/// Two tickers with bars of three months.
fn stored() -> Barkeep {
    let bar = Barkeep::partitioned(&["AAPL", "MSFT"]);
    let days = ["update", "--start", "2025-09-15", "--end", "2025-11-20"];
    bar.run(&days).expect(Exit::Ok);
    bar
}

/// The same, as an older build leaves it.
fn unrecorded() -> Barkeep {
    let bar = stored();
    bar.remove("state/ledger");
    bar.remove("state/recorded");
    bar
}

fn listed(ran: &Ran) -> Vec<Value> {
    ran.summary()["series"].as_array().unwrap().clone()
}

#[test]
fn every_series_is_listed_with_what_was_recorded() {
    let bar = stored();
    // No file of a series is opened.
    bar.write(
        "data/us/demo/stocks_1d/ticker=MSFT/year=2025/month=10/data.parquet",
        b"nothing",
    );

    let table = bar.run(&["list"]).expect(Exit::Ok);
    let one = bar.run(&["list", "MSFT", "--json"]).expect(Exit::Ok);

    insta::assert_snapshot!(table.stdout, @r"
    venue    ticker  series  layout       first       last        months  rows  files  bytes  basis           unit  state
    us:demo  AAPL    1d      partitioned  2025-09-15  2025-11-20       3    49      3   5136  split_adjusted  us    active
    us:demo  MSFT    1d      partitioned  2025-09-15  2025-11-20       3    49      3   5136  split_adjusted  us    active
    ");
    assert_eq!(table.stderr, "");
    let [msft] = &listed(&one)[..] else {
        panic!("{one:?}")
    };
    let bytes = msft["bytes"].as_u64().unwrap();
    assert!(bytes > 3000, "{msft}");
    assert_eq!(
        *msft,
        json!({
            "venue": "us:demo", "ticker": "MSFT", "mnemonic": null, "feed": null, "dataset": "stocks", "interval": "1d",
            "state": "active", "is_recorded": true, "layout": "partitioned",
            "first": "2025-09-15", "last": "2025-11-20", "months": [["2025-09", "2025-11"]],
            "rows": 49, "files": 3, "bytes": bytes, "basis": "split_adjusted", "unit": "us",
        })
    );
    assert!(one.summary()["begun"]["us:demo"].is_string());
}

#[test]
fn what_nobody_recorded_is_listed_as_unknown_and_not_hidden() {
    let bar = unrecorded();

    let table = bar.run(&["list"]).expect(Exit::Ok);
    let json = bar.run(&["list", "--json"]).expect(Exit::Ok);

    insta::assert_snapshot!(table.stdout, @r"
    venue    ticker  series  layout  first  last  months  rows  files  bytes  basis  unit  state
    us:demo  AAPL    1d      ?       ?      ?          ?     ?      ?      ?  ?      ?     active
    us:demo  MSFT    1d      ?       ?      ?          ?     ?      ?      ?  ?      ?     active
    ");
    insta::assert_snapshot!(table.stderr, @"Nothing is recorded yet of 2 series: `barkeep update` writes some down each time, `barkeep check --rebuild` all.");
    for one in listed(&json) {
        assert_eq!(one["is_recorded"], false, "{one}");
        assert_eq!((&one["rows"], &one["first"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn a_list_is_narrowed_and_slips_of_the_keyboard_are_refused() {
    let bar = stored();
    bar.run(&["tickers", "add", "NVDA", "--venue", "us:demo"])
        .expect(Exit::Ok);
    let count = |args: &[&str]| {
        let args = [&["list", "--json"], args].concat();
        listed(&bar.run(&args).expect(Exit::Ok)).len()
    };

    assert_eq!(count(&[]), 2);
    assert_eq!(count(&["AAPL", "--venue", "us:demo", "-i", "1d"]), 1);
    assert_eq!(count(&["-i", "1h"]), 0);
    assert_eq!(count(&["NVDA"]), 0, "kept, and nothing is stored yet");
    for slip in [&["list", "AAPLE"][..], &["list", "--venue", "de:demo"]] {
        bar.run(slip).expect(Exit::Usage);
    }
}

#[test]
fn the_state_of_a_series_is_what_the_registry_says_of_its_ticker() {
    let bar = stored();
    bar.run(&["tickers", "remove", "MSFT"]).expect(Exit::Ok);
    let registry = bar.text("tickers.json");
    let given_up = registry.replacen("\"active\"", "\"not_found\"", 1);
    assert_ne!(registry, given_up);
    bar.write("tickers.json", given_up);

    let ran = bar.run(&["list", "--json"]).expect(Exit::Ok);

    let states: Vec<Value> = listed(&ran)
        .iter()
        .map(|one| one["state"].clone())
        .collect();
    assert_eq!(states, ["given_up", "unregistered"]);
}

#[test]
fn sizes_are_told_by_venue_and_dataset() {
    let bar = stored();

    let table = bar.run(&["status"]).expect(Exit::Ok);
    let json = bar.run(&["status", "--json"]).expect(Exit::Ok);
    bar.run(&["update", "--metrics-file", "barkeep.prom"])
        .expect(Exit::Ok);

    let size = &json.summary()["sizes"][0];
    let table = table.stdout.split_once("\n\n").unwrap().1.to_owned();
    insta::assert_snapshot!(table, @r"
    venue    dataset  series  unrecorded  rows  files  inodes      size
    us:demo  stocks        2           0    98      6      16  10.0 KiB
    ");
    // A folder for each month, for the year and for the series.
    assert_eq!(size["inodes"], 2 * (3 + 3 + 1 + 1));
    let json = bar.run(&["status", "--json"]).expect(Exit::Ok);
    let size = &json.summary()["sizes"][0];
    let text = bar.text("barkeep.prom");
    let labels = r#"{market="us",source="demo",dataset="stocks"}"#;
    for (name, key) in [
        ("stored_series", "series"),
        ("unrecorded_series", "unrecorded"),
        ("stored_files", "files"),
        ("stored_inodes", "inodes"),
    ] {
        let line = format!("barkeep_{name}{labels} {}\n", size[key]);
        assert!(text.contains(&line), "{line}{text}");
    }
    assert!(text.contains("barkeep_stored_bytes{"), "{text}");
}

/// A workspace of an older build gets its records without anybody asking for them.
#[test]
fn an_update_records_what_no_commit_recorded() {
    let bar = unrecorded();
    let before = bar.run(&["status", "--json"]).expect(Exit::Ok);

    bar.run(&["update"]).expect(Exit::Ok);
    let after = bar.run(&["status", "--json"]).expect(Exit::Ok);

    assert_eq!(before.summary()["sizes"][0]["unrecorded"], 2);
    assert_eq!(before.summary()["sizes"][0]["rows"], 0);
    assert_eq!(after.summary()["sizes"][0]["unrecorded"], 0);
    assert!(bar.read("state/recorded").starts_with(b"all 2025-11-"));
}

/// What is recorded of the predecessor's files is what barkeep counts when it rewrites them.
#[test]
fn a_legacy_file_of_another_writer_is_recorded_with_its_rows() {
    let bar = Barkeep::empty();
    bar.run(&["init", "--ticker", "AAPL", "--venue", "us:yahoo"])
        .expect(Exit::Ok);
    let row = |day: i64| ForeignBar {
        stock: Some("AAPL"),
        date: Some((20_000 + day) * 86_400_000_000_000),
        price: Some(10.0),
        volume: Some(1),
        sequence: None,
    };
    // The second of two rows of one day is no row of the series.
    let rows = [0, 1, 1, 4].map(row).to_vec();
    bar.write(
        "data/legacy/stocks_1d/AAPL.parquet",
        ForeignFile::of(rows).bytes(),
    );

    bar.run(&["check", "--rebuild"]).expect(Exit::Ok);
    let table = bar.run(&["list"]).expect(Exit::Ok);

    insta::assert_snapshot!(table.stdout, @r"
    venue     ticker  series  layout  first       last        months  rows  files  bytes  basis                    unit  state
    us:yahoo  AAPL    1d      legacy  2024-10-04  2024-10-08       -     3      1   1789  split_dividend_adjusted  ns    active
    ");
    bar.run(&["check"]).expect(Exit::Ok);
}

/// No run waits for the records of a large workspace: each writes down some, where the last one stopped.
#[test]
fn portions_follow_one_another_until_nothing_is_left() {
    let bar = unrecorded();
    // Nobody knows what it holds. It has no record, and keeps nobody else from having one.
    bar.write(
        "data/us/demo/stocks_1d/ticker=AAPL/year=2025/month=10/data.parquet",
        b"nothing",
    );
    let workspace = bar.open().unwrap();
    let catalog = workspace.catalog().unwrap().unwrap();
    let held = workspace.lock().acquire("test").unwrap();
    let portion = Portion {
        files: 1,
        seconds: 60.0,
    };

    let next = || {
        note_portion(
            &workspace,
            workspace.session(&held, &Silent),
            &catalog,
            portion,
        )
        .unwrap()
    };
    let noted = [next(), next(), next(), next()];

    let of = |series, is_complete| Noted {
        series,
        files: series * 3,
        is_complete,
    };
    assert_eq!(
        noted,
        [of(0, false), of(1, false), of(0, true), of(0, true)]
    );
}

/// 100,000 series are listed without a file of any being opened: in less than a second as built for use.
/// A fresh record took the place of the old one with the first new row, and no check ever named the loss.
#[test]
fn rows_that_were_lost_are_named_also_after_something_new_was_stored() {
    let bar = stored();
    let series = "data/us/demo/stocks_1d/ticker=AAPL/year=2025";
    for month in ["09", "10", "11"] {
        bar.remove(format!("{series}/month={month}"));
    }
    let days = ["update", "--start", "2025-11-19", "--end", "2025-11-20"];
    bar.run(&days);

    let ran = bar.run(&["check"]).expect(Exit::Mismatch);

    assert!(
        ran.stderr.contains("AAPL") && ran.stderr.contains("2025-09"),
        "{ran:?}"
    );
    let of_aapl = &listed(&bar.run(&["list", "AAPL", "--json"]).expect(Exit::Ok))[0];
    assert_eq!(of_aapl["rows"], Value::Null, "nobody counted: {of_aapl}");
    bar.run(&["update"]);
    bar.run(&["check", "--rebuild"]).expect(Exit::Ok);
    bar.run(&["check"]).expect(Exit::Ok);
}

/// After a kill `check` said that somebody else had changed the files that the run had brought to their places.
#[test]
fn what_an_interrupted_run_has_to_finish_is_no_fault_yet() {
    let bar = stored();
    bar.remove("data/us/demo/stocks_1d/ticker=AAPL/year=2025/month=09");
    let run = "partition-staging/20251121T223000Z-00000007-1/fetched/us/demo/stocks_1d";
    bar.write(format!("{run}/ticker=AAPL/month=2025-11.parquet"), "PAR1");

    let waits = bar.run(&["check"]).expect(Exit::Ok);
    bar.remove("partition-staging");
    let is_lost = bar.run(&["check"]).expect(Exit::Mismatch);

    assert!(waits.stderr.contains("interrupted"), "{waits:?}");
    assert!(is_lost.stderr.contains("2025-09"), "{is_lost:?}");
}

/// Its records were made anew, and the file was named by every command for ever.
#[test]
fn a_torn_file_of_the_ledger_is_put_away_once_the_records_are_made_anew() {
    let bar = stored();
    let ledger = below(&bar.path().join("state/ledger"));
    let (torn, _) = ledger.iter().find(|(_, is_dir)| !is_dir).unwrap();
    let name = torn.strip_prefix(bar.path()).unwrap().to_str().unwrap();
    let bytes = bar.read(name);
    bar.write(name, &bytes[..bytes.len() / 2]);
    bar.run(&["list"]).expect(Exit::Damaged);
    bar.run(&["check"]).expect(Exit::Damaged);

    let ran = bar.run(&["check", "--rebuild"]).expect(Exit::Ok);

    assert!(ran.stderr.contains(name), "{ran:?}");
    assert!(!bar.has(name));
    let kept = below(&bar.path().join("quarantine"));
    assert!(
        kept.iter()
            .any(|(path, _)| path.ends_with(torn.file_name().unwrap()))
    );
    bar.run(&["list"]).expect(Exit::Ok);
    bar.run(&["check"]).expect(Exit::Ok);
}

#[test]
fn a_hundred_thousand_series_are_listed_in_seconds() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    let mut body = String::from(
        r#"{"form":1,"at":"2026-11-01T00:00:00.000000Z","group":"20261101T000000Z-00000001-0"}"#,
    );
    for number in 0..100_000 {
        let record = json!({
            "months": [["2006-01", "2026-10"]], "files": 250, "rows": 5240, "bytes": 900_000,
            "first": "2006-01-03T00:00:00", "last": "2026-10-30T00:00:00", "unit": "us", "basis": "split_adjusted",
            "sum": format!("{number:016x}"),
        });
        let series = format!("stocks_1d/ticker=Z{number}");
        body.push('\n');
        body.push_str(&json!({ "series": series, "record": record }).to_string());
    }
    let name = "state/ledger/us/demo/00000001.20261101T000000Z-00000001-0.jsonl";
    bar.write(name, barkeep::model::sealed::seal(body.into_bytes()));

    let watch = Stopwatch::start();
    let ran = bar.run(&["list"]).expect(Exit::Ok);
    let seconds = watch.seconds();

    assert_eq!(ran.stdout.lines().count(), 100_001);
    println!("listed in {seconds:.2} s");
    assert!(seconds < 30.0, "{seconds:.1} s without optimisation");
}
