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
