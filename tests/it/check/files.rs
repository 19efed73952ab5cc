//! `check` of files: what lies there, beside what was recorded.

use barkeep::cli::Exit;
use barkeep::codec::{Facts, encode};
use barkeep::model::{PriceBasis, Provenance};
use serde_json::{Value, json};

use crate::support::barkeep::{Barkeep, Ran};
use crate::support::foreign::{ForeignBar, ForeignFile, Stamp};
use crate::support::series::Shape::PartitionedBars;
use crate::support::series::{provenance, rows};

const AAPL: &str = "data/us/demo/stocks_1d/ticker=AAPL";

/// One ticker with bars of September, October and November.
fn stored() -> Barkeep {
    let bar = Barkeep::partitioned(&["AAPL"]);
    let days = ["update", "--start", "2025-09-15", "--end", "2025-11-20"];
    bar.run(&days).expect(Exit::Ok);
    bar
}

fn month(number: u32) -> String {
    format!("{AAPL}/year=2025/month={number:02}/data.parquet")
}

fn files(ran: &Ran) -> Value {
    ran.summary()["files"].clone()
}

#[test]
fn a_lost_month_is_named_though_rows_after_it_are_there() {
    let bar = stored();
    bar.remove(month(10));

    let told = bar.run(&["check"]).expect(Exit::Mismatch);
    let json = bar.run(&["check", "--json"]).expect(Exit::Mismatch);

    insta::assert_snapshot!(told.stderr, @r"
    error: AAPL 1d at us:demo: the files of 2025-10 are gone (data/us/demo/stocks_1d/ticker=AAPL)
    hint: put them back from a backup, or fetch them again: barkeep update --ticker AAPL --interval 1d --venue us:demo --start 2025-10-01 --end 2025-10-31
    hint: if it was done on purpose, make the records anew: barkeep check --rebuild
    Checked 26 bars of 1 series: nothing that contradicts itself.
    ");
    assert_eq!(
        files(&json)["faults"],
        json!([{
            "venue": "us:demo", "ticker": "AAPL", "interval": "1d", "kind": "lost",
            "months": [["2025-10", "2025-10"]], "what": "the files of 2025-10 are gone",
            "path": AAPL,
            "cure": "put them back from a backup, or fetch them again: barkeep update --ticker AAPL --interval 1d \
                     --venue us:demo --start 2025-10-01 --end 2025-10-31",
        }])
    );
}

/// The commands that the message names do what it says.
#[test]
fn a_lost_month_is_fetched_again_or_given_up() {
    for cure in [
        &["update", "--start", "2025-10-01", "--end", "2025-10-31"][..],
        &["check", "--rebuild"],
    ] {
        let bar = stored();
        bar.remove(month(10));
        bar.run(&["check"]).expect(Exit::Mismatch);

        bar.run(cure).expect(Exit::Ok);

        let after = bar.run(&["check", "--json"]).expect(Exit::Ok);
        assert_eq!(files(&after)["faults"], json!([]), "{cure:?}");
    }
}

/// The command that the message named was named again by its own run, and so for ever by who did what it said.
#[test]
fn who_has_fetched_a_damaged_month_again_is_not_told_to_fetch_it_again() {
    let command = "barkeep update --ticker AAPL --interval 1d --venue us:demo --start 2025-10-01 --end 2025-10-31";
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let part = ["update", "--start", "2025-10-06", "--end", "2025-10-07"];
    for (ran, is_whole) in [(&words[..], true), (&part, false)] {
        let bar = stored();
        let before = bar.show("AAPL", "1d", &[]).closes();
        let mut bytes = bar.read(month(10));
        bytes[40] ^= 1;
        bar.write(month(10), bytes);
        let checked = bar.run(&["check"]).expect(Exit::Damaged).stderr;
        assert!(checked.contains(command), "{checked}");

        let told = bar.run(ran).expect(Exit::Damaged).stderr;

        let said = "hint: this run has asked for its days again, and stored what came in its place";
        assert_eq!(told.contains(said), is_whole, "{told}");
        assert_eq!(told.contains(command), !is_whole, "{told}");
        bar.run(&words).expect(Exit::Ok);
        bar.run(&["check"]).expect(Exit::Ok);
        assert_eq!(bar.show("AAPL", "1d", &[]).closes(), before);
    }
}

#[test]
fn a_series_that_is_gone_is_named() {
    let bar = stored();
    bar.run(&["tickers", "remove", "AAPL"]).expect(Exit::Ok);
    bar.remove(AAPL);

    let json = bar.run(&["check", "--json"]).expect(Exit::Mismatch);

    assert_eq!(files(&json)["faults"][0]["kind"], "lost");
    assert_eq!(files(&json)["faults"][0]["months"], json!([]));
}

#[test]
fn files_that_barkeep_did_not_write_and_changed_ones_are_told_apart() {
    let bar = stored();
    let other = stored();
    other
        .run(&["update", "--start", "2025-08-01", "--end", "2025-10-31"])
        .expect(Exit::Ok);

    // An older state of October, and a month that was put there.
    let half = Barkeep::partitioned(&["AAPL"]);
    half.run(&["update", "--start", "2025-10-01", "--end", "2025-10-15"])
        .expect(Exit::Ok);
    bar.write(month(10), half.read(month(10)));
    let changed = bar.run(&["check", "--json"]).expect(Exit::Mismatch);
    bar.write(month(8), other.read(month(8)));
    let added = bar.run(&["check", "--json"]).expect(Exit::Mismatch);

    let fault = |ran: &Ran| files(ran)["faults"][0].clone();
    assert_eq!(fault(&changed)["kind"], "changed");
    assert_eq!(
        fault(&changed)["what"],
        "its files were changed: it has 37 rows, and 49 were written"
    );
    assert_eq!(fault(&added)["kind"], "added");
    assert_eq!(fault(&added)["months"], json!([["2025-08", "2025-08"]]));
}

/// A file of a backup has the same rows, and a value that was corrected since has not.
#[test]
fn the_same_bytes_put_back_are_no_fault() {
    let bar = stored();
    let bytes = bar.read(month(10));
    bar.remove(month(10));
    bar.run(&["check"]).expect(Exit::Mismatch);

    bar.write(month(10), bytes);

    let json = bar.run(&["check", "--json"]).expect(Exit::Ok);
    assert_eq!(files(&json)["faults"], json!([]));
}

#[test]
fn without_a_record_nothing_is_a_fault() {
    let bar = stored();
    bar.remove("state/ledger");
    bar.remove(month(10));

    let told = bar.run(&["check", "--json"]).expect(Exit::Ok);

    assert_eq!(files(&told)["unrecorded"], 1);
    assert_eq!(files(&told)["faults"], json!([]));
}

#[test]
fn a_record_that_is_damaged_is_named_and_made_anew() {
    let bar = stored();
    let (path, mut bytes) = bar
        .tree()
        .into_iter()
        .find(|(path, _)| path.to_string_lossy().contains("/state/ledger/"))
        .unwrap();
    bytes[20] ^= 1;
    let name = path
        .strip_prefix(bar.path())
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    bar.write(&name, bytes);

    for command in ["check", "list"] {
        let told = bar.run(&[command]).expect(Exit::Damaged);
        assert!(told.stderr.contains("check --rebuild"), "{}", told.stderr);
    }
}

#[test]
fn a_file_of_another_unit_than_its_tree_is_named() {
    let bar = stored();
    let row = ForeignBar {
        stock: Some("AAPL"),
        date: Some(
            "2025-08-01"
                .parse::<chrono::NaiveDate>()
                .unwrap()
                .and_time(chrono::NaiveTime::MIN)
                .and_utc()
                .timestamp_nanos_opt()
                .unwrap(),
        ),
        price: Some(100.0),
        volume: Some(1),
        sequence: None,
    };
    let nanos = ForeignFile {
        stamp: Stamp::Nanos,
        ..ForeignFile::of(vec![row])
    };
    bar.write(month(8), nanos.bytes());
    bar.run(&["check", "--rebuild"]).expect(Exit::Ok);

    let told = bar.run(&["check", "--json"]).expect(Exit::Mismatch);

    assert_eq!(files(&told)["faults"], json!([]));
    assert_eq!(
        files(&told)["other_units"],
        json!([{
            "venue": "us:demo", "dataset": "stocks", "interval": "1d", "unit": "ns", "unit_of_tree": "us",
            "files": 1, "paths": [month(8)],
        }])
    );
}

/// A file of another workspace, and one of another program, in the tree of a ticker that nobody keeps.
#[test]
fn files_that_are_not_what_the_others_of_their_tree_are_are_named() {
    const STRAY: &str = "data/us/demo/stocks_1d/ticker=AAA/year=2025/month=08/data.parquet";
    let bar = stored();
    let request = PartitionedBars.request_of("AAA");
    let as_traded = Facts {
        provenance: Provenance {
            basis: PriceBasis::AsTraded,
            ..provenance()
        },
        ..Facts::default()
    };
    let rows = rows(&request, &["2025-08-01"], 7.0);
    bar.write(STRAY, encode(&rows, &as_traded).unwrap().bytes);

    let told = bar.run(&["check"]).expect(Exit::Mismatch);
    let json = bar.run(&["check", "--json"]).expect(Exit::Mismatch);

    let first = told.stderr.lines().take(2).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(first, @r"
    error: us:demo stocks_1d: 1 file has the price basis as_traded, the others split_adjusted: data/us/demo/stocks_1d/ticker=AAA/year=2025/month=08/data.parquet
    hint: prices of the two cannot be compared; if these do not belong there, move them out of the data folder
    ");
    assert_eq!(
        files(&json)["other_bases"],
        json!([{
            "venue": "us:demo", "dataset": "stocks", "interval": "1d", "basis": "as_traded",
            "basis_of_tree": "split_adjusted", "files": 1, "paths": [STRAY],
        }])
    );
    assert_eq!(files(&json)["other_units"], json!([]));
    assert_eq!(files(&json)["other_rows"], json!([]));
}

/// `tickers remove` says that bars stay, so those that stay are told and are no fault.
#[test]
fn a_series_whose_ticker_was_removed_is_told() {
    let bar = stored();
    bar.run(&["tickers", "remove", "AAPL"]).expect(Exit::Ok);

    let told = bar.run(&["check"]).expect(Exit::Ok);
    let json = bar.run(&["check", "--json"]).expect(Exit::Ok);

    insta::assert_snapshot!(told.stderr, @r"
    tickers.json does not keep the tickers of 1 stored series: AAPL 1d at us:demo.
    If they are wanted, add it first: barkeep tickers add AAPL --venue us:demo
    Checked 49 bars of 1 series: nothing that contradicts itself.
    ");
    assert_eq!(files(&json)["unregistered"][0]["ticker"], "AAPL");
}

/// Events that are damaged are told though no bar says so, and once.
#[test]
fn a_file_beside_the_bars_is_looked_at_too() {
    let bar = stored();
    bar.write("data/us/demo/events/ticker=AAPL/data.parquet", b"nothing");
    bar.write(month(10), b"nothing");

    let told = bar.run(&["check", "--json"]).expect(Exit::Damaged);

    let damaged = told.summary()["damaged"].as_array().unwrap().len();
    assert_eq!(damaged, 2, "{}", told.stdout);
}

#[test]
fn what_is_not_finished_or_not_mounted_is_not_recorded() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.run(&["update"]).expect(Exit::Ok);
    bar.remove("data");
    bar.run(&["check", "--rebuild"]).expect(Exit::Failed);

    let bar = stored();
    bar.write(
        "partition-staging/20251121T220000Z-00000001-1/fetched/x",
        b"",
    );
    bar.run(&["check", "--rebuild"]).expect(Exit::Failed);
}

#[test]
fn looking_changes_nothing() {
    let bar = stored();
    bar.remove(month(10));
    let before = bar.tree();

    bar.run(&["check"]).expect(Exit::Mismatch);

    assert_eq!(bar.tree(), before);
}
