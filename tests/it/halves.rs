//! Legacy series in two files, of which one lies flat: a workspace that was moved by half.

use barkeep::cli::Exit;
use serde_json::Value;

use crate::support::barkeep::Barkeep;
use crate::support::foreign::daily;

const SETTINGS: &str = "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\n";
const FLAT: &str = "stocks_1d/A.parquet";

/// A ticker with two rows in `data/legacy` and two older ones in a flat file.
fn moved_by_half() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    bar.write(
        "in/A.csv",
        "date,open,high,low,close,volume\n2025-11-19,3,3,3,3,3\n2025-11-20,4,4,4,4,4\n",
    );
    bar.run(&["init", "-t", "A", "-i", "1d"]).expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);
    bar.write(
        FLAT,
        daily("A", &[("2025-10-20", 1.0), ("2025-10-21", 2.0)]),
    );
    bar
}

#[test]
fn nobody_takes_what_is_recorded_of_one_file_for_all_of_the_series() {
    let bar = moved_by_half();

    let shown = bar.show("A", "1d", &[]).expect(Exit::Ok);
    let listed = bar.run(&["list", "--json"]).expect(Exit::Ok);
    let status = bar.run(&["status", "--json"]).expect(Exit::Ok).summary();

    assert_eq!(shown.closes(), ["1.0", "2.0", "3.0", "4.0"]);
    let one = &listed.summary()["series"][0];
    for key in ["rows", "files", "bytes", "first", "last"] {
        assert_eq!(one[key], Value::Null, "{key}: {one}");
    }
    assert_eq!(one["layout"], "legacy");
    assert_eq!(status["sizes"][0]["rows"], 0, "{status}");
    assert_eq!(status["sizes"][0]["unrecorded"], 1, "{status}");
}

/// Bars that are too wide for monthly files are joined as well: the way is the one that the message names.
#[test]
fn files_of_wide_bars_are_joined_while_the_setting_names_them() {
    let (bar, older) = (Barkeep::empty(), Barkeep::empty());
    let settings =
        "[workspace]\nlegacy_venue = \"us:demo\"\n[sources.\"us:demo\"]\nkind = \"demo\"\n";
    for (bar, start, end) in [
        (&bar, "2025-09-01", "2025-10-31"),
        (&older, "2025-08-04", "2025-08-29"),
    ] {
        bar.write("barkeep.toml", settings);
        let init = ["init", "--venue", "us:demo", "-t", "A", "-i", "1wk"];
        bar.run(&init).expect(Exit::Ok);
        let days = ["update", "--start", start, "--end", end];
        bar.run(&days).expect(Exit::Ok);
    }
    let file = older.read("data/legacy/stocks_1wk/A.parquet");
    bar.write("stocks_1wk/A.parquet", file);
    let before = bar.show("A", "1wk", &[]).closes();

    let told = bar.run(&["status"]).expect(Exit::Ok).stderr;
    let with = format!("{settings}partition_intervals = [\"1d\", \"1wk\"]\n");
    bar.write("barkeep.toml", with);
    bar.migration("init --all-found --adopt --yes")
        .expect(Exit::Ok);
    bar.write("barkeep.toml", settings);

    let way = "init --all-found --adopt joins them, those of 1wk only while `partition_intervals`";
    assert!(told.contains(way), "{told}");
    assert!(!bar.has("stocks_1wk/A.parquet"));
    assert_eq!(bar.show("A", "1wk", &[]).closes(), before);
    assert_eq!(before.len(), 13, "four weeks of August, and nine");
    let after = bar.run(&["status"]).expect(Exit::Ok).stderr;
    assert!(!after.contains("flat beside"), "{after}");
    let next = ["update", "--start", "2025-11-03", "--end", "2025-11-14"];
    bar.run(&next).expect(Exit::Ok);
    assert_eq!(bar.show("A", "1wk", &[]).closes().len(), before.len() + 2);
}

#[test]
fn the_file_that_no_run_continues_is_named() {
    let bar = moved_by_half();

    for command in ["update", "status", "list", "check"] {
        let ran = bar.run(&[command]).expect(Exit::Ok);
        assert!(ran.stderr.contains(FLAT), "{command}: {ran:#?}");
    }
    bar.migration("init --all-found --adopt --yes")
        .expect(Exit::Ok);

    let ran = bar.run(&["status"]).expect(Exit::Ok);
    assert!(!ran.stderr.contains(FLAT), "{ran:#?}");
    assert_eq!(
        bar.show("A", "1d", &[]).closes(),
        ["1.0", "2.0", "3.0", "4.0"]
    );
}
