//! `PRN` and `CON.DE` are tickers like others, in both layouts, whatever spelling their folders have.

use barkeep::cli::Exit;
use rstest::rstest;

use super::{NOVEMBER, SETTINGS, TREE, bytes, shown};
use crate::support::barkeep::Barkeep;

const DEVICES: [&str; 7] = ["PRN", "CON.DE", "NUL", "AUX", "COM1", "LPT1.X", "con"];

fn workspace(layout: &[&str]) -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    for ticker in DEVICES {
        let csv = "date,open,high,low,close,volume\n2025-11-20,2,2,2,2,2\n";
        bar.write(format!("incoming/{ticker}.csv"), csv);
    }
    let mut args = vec!["init", "--venue", "us:mine", "-i", "1d"];
    args.extend(layout);
    bar.run(&args).expect(Exit::Ok);
    let mut add = vec!["tickers", "add", "--venue", "us:mine"];
    add.extend(DEVICES);
    bar.run(&add).expect(Exit::Ok);
    bar
}

#[rstest]
#[case::legacy(&[])]
#[case::partitioned(&["--partitioned"])]
fn a_device_is_a_ticker_both_ways(#[case] layout: &[&str]) {
    let bar = workspace(layout);
    bar.run(&["update"]).expect(Exit::Ok);
    bar.run(&["check"]).expect(Exit::Ok);
    let assert_whole = || {
        for ticker in DEVICES {
            assert_eq!(shown(&bar, ticker).expect(Exit::Ok).closes(), ["2.0"]);
        }
    };
    assert_whole();
    if layout.is_empty() {
        assert!(bar.has("data/legacy/stocks_1d/CON.DE.parquet"));
        bar.migration("init --all-found").expect(Exit::Ok);
        bar.migration("migrate --all --delete-legacy --yes")
            .expect(Exit::Ok);
        assert_whole();
        assert!(!bar.has("data/legacy/stocks_1d"));
        bar.migration("verify").expect(Exit::Ok);
        bar.migration("rollback --all --remove-partitions --yes")
            .expect(Exit::Ok);
        assert_whole();
        assert!(!bar.has(TREE));
        return;
    }
    for ticker in DEVICES {
        assert!(
            bar.has(format!("{TREE}/ticker={ticker}/{NOVEMBER}/data.parquet")),
            "{ticker}"
        );
    }
}

/// Earlier builds encoded the first letter, in the tree and in the ledger.
#[test]
fn what_an_earlier_build_encoded_goes_on_where_it_is() {
    let bar = workspace(&["--partitioned"]);
    let earlier = [("PRN", "%50RN"), ("CON.DE", "%43ON.DE"), ("con", "%63on")];
    for (ticker, segment) in earlier {
        let rows = [("2025-11-19", 1.0), ("2025-11-20", 1.5)];
        bar.write(
            format!("{TREE}/ticker={segment}/{NOVEMBER}/data.parquet"),
            bytes(ticker, &rows),
        );
        let line = r#"{"at":"2025-11-20T00:00:00Z","date":"2025-11-19T00:00:00","field":"close","old":0.5,"new":1.0}"#;
        bar.write(
            format!("state/revisions/us/mine/stocks_1d/ticker={segment}.jsonl"),
            format!("{line}\n"),
        );
    }

    bar.run(&["update"]).expect(Exit::Ok);

    for (ticker, _) in earlier {
        assert_eq!(
            shown(&bar, ticker).expect(Exit::Ok).closes(),
            ["1.0", "2.0"]
        );
        assert!(
            !bar.has(format!("{TREE}/ticker={ticker}")),
            "{ticker} has one place"
        );
        let told = bar.run(&["revisions", ticker, "-i", "1d"]).expect(Exit::Ok);
        assert!(
            told.stdout.contains("0.5") && told.stdout.contains("1.5"),
            "{told:?}"
        );
    }
    bar.run(&["check"]).expect(Exit::Ok);
}
