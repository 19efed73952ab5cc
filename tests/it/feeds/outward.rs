//! Bars of trades for other programs: their own columns in every form, side by side, and joined to longer ones.

use barkeep::cli::Exit;

use super::{FRIDAY, SAP, SIEMENS, UPDATE, thursday};
use crate::support::barkeep::Barkeep;

/// A workspace with a day of trades and the bars of them.
fn traded() -> Barkeep {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);
    bar
}

#[test]
fn an_export_has_the_columns_of_bars_of_trades_in_every_form() {
    let bar = traded();
    let shown = bar.run(&["show", SIEMENS, SAP, "-i", "1m", "--format", "csv"]);
    let shown = shown.expect(Exit::Ok).stdout;
    assert!(shown.starts_with("stock,date,open,high,low,close,volume,sequence,trades,vwap\n"));

    for name in ["a.csv", "a.parquet", "a.arrow", "a.ndjson"] {
        let ran = bar
            .run(&["export", "-o", name, "-i", "1m"])
            .expect(Exit::Ok);
        assert!(ran.stderr.contains("80 bars of 2 tickers"), "{ran:#?}");
    }

    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&bar.text("a.csv")), sorted(&shown));
    assert!(
        bar.text("a.ndjson")
            .contains("\"trades\":1,\"vwap\":180.25")
    );
    let parquet = bar.read("a.parquet");
    let has = |name: &[u8]| parquet.windows(name.len()).any(|part| part == name);
    assert!(has(b"trades") && has(b"vwap"));
}

#[test]
fn columns_that_only_bars_of_trades_have_can_be_named_and_put_side_by_side() {
    let bar = traded();

    let chosen = ["export", "-o", "-", "--format", "csv", "-i", "1d"];
    let ran = bar.run(&[&chosen[..], &["--columns", "stock,vwap"]].concat());
    let expected = format!("stock,vwap\n{SAP},180.25\n{SIEMENS},200.5\n");
    assert_eq!(ran.expect(Exit::Ok).stdout, expected);

    for (column, values) in [("volume", "140.0,400.0"), ("trades", "40,40")] {
        let ran = bar.run(&[&chosen[..], &["--wide", column]].concat());
        let expected = format!("date,{SAP},{SIEMENS}\n2026-09-17,{values}\n");
        assert_eq!(ran.expect(Exit::Ok).stdout, expected);
    }
    let refused = bar.run(&[&chosen[..], &["--wide", "turnover"]].concat());
    assert!(refused.expect(Exit::Usage).stderr.contains("trades, vwap"));
}

#[test]
fn an_export_joins_bars_to_longer_ones_as_show_does() {
    let bar = traded();
    let options = ["--resample", "15m", "--format", "csv"];
    let shown = bar.run(&[&["show", SAP][..], &options].concat());
    let shown = shown.expect(Exit::Ok).stdout;

    let ran = bar.run(&[&["export", SAP, "-o", "-"][..], &options].concat());
    assert_eq!(ran.expect(Exit::Ok).stdout, shown);
    assert!(shown.lines().count() > 3);

    let days = [
        "export",
        "-o",
        "-",
        "--format",
        "csv",
        "--columns",
        "date,volume",
    ];
    let made = bar.run(&[&days[..], &["--resample", "1d", SAP]].concat());
    let stored = bar.run(&[&days[..], &["-i", "1d", SAP]].concat());
    assert_eq!(made.expect(Exit::Ok).stdout, stored.expect(Exit::Ok).stdout);
    let refused = bar.run(&[&days[..], &["--resample", "1m"]].concat());
    refused.expect(Exit::Usage);
}

#[test]
fn what_a_feed_has_bars_made_of_is_wanted_without_being_registered() {
    let feed = thursday();
    let bar = feed.workspace("", FRIDAY);
    bar.run(&UPDATE).expect(Exit::Ok);

    let listed = bar.run(&["list"]).expect(Exit::Ok);
    assert!(!listed.stdout.contains("unregistered"), "{listed:#?}");
    let checked = bar.run(&["check"]).expect(Exit::Ok);
    assert!(!checked.stderr.contains("tickers.json"), "{checked:#?}");

    bar.write("barkeep.toml", feed.settings("bars = \"listed\""));
    let checked = bar.run(&["check"]).expect(Exit::Ok);
    assert!(
        checked.stderr.contains("does not keep the tickers"),
        "{checked:#?}"
    );
}

#[test]
fn views_know_the_clock_of_a_feed() {
    let bar = traded();

    let ran = bar.run(&["views"]).expect(Exit::Ok);

    let utc = "barkeep_instant('Europe/Berlin', date) AS utc";
    assert!(ran.stdout.contains(utc), "{}", ran.stdout);
    assert!(!ran.stderr.contains("utc"), "{}", ran.stderr);
}
