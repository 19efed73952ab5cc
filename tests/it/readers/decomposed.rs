//! Names in decomposed characters, as a tree has them that was copied from a Mac: nobody takes them for nothing, and no second
//! history begins beside one.

use barkeep::cli::Exit;

use super::{NOVEMBER, OCTOBER, SETTINGS, TREE, bytes, reasons, shown};
use crate::support::barkeep::Barkeep;

const TICKER: &str = "\u{c4}BC";
const DECOMPOSED: &str = "A\u{308}BC";

/// A workspace that keeps the ticker, and a source with one day more.
fn kept(layout: &[&str]) -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    let args = ["init", "--venue", "us:mine", "-i", "1d", "-t", TICKER];
    bar.run(&[&args, layout].concat()).expect(Exit::Ok);
    let csv = "date,open,high,low,close,volume\n2025-11-21,3,3,3,3,3\n";
    bar.write(format!("incoming/{TICKER}.csv"), csv);
    bar
}

#[test]
fn a_folder_of_a_series_is_read_and_continued_where_it_is() {
    let bar = kept(&["--partitioned"]);
    let dir = format!("{TREE}/ticker={DECOMPOSED}");
    let month = |name: &str, rows: &[(&str, f64)]| {
        bar.write(format!("{dir}/{name}/data.parquet"), bytes(TICKER, rows));
    };
    month(OCTOBER, &[("2025-10-20", 1.0)]);
    month(NOVEMBER, &[("2025-11-20", 2.0)]);

    assert_eq!(
        shown(&bar, TICKER).expect(Exit::Ok).closes(),
        ["1.0", "2.0"]
    );
    bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(shown(&bar, TICKER).closes(), ["1.0", "2.0", "3.0"]);
    assert!(!bar.has(format!("{TREE}/ticker={TICKER}")));
    bar.run(&["check"]).expect(Exit::Ok);
}

/// In neither normal form: a second history began beside it.
#[test]
fn a_folder_that_is_composed_in_part_is_that_of_its_ticker() {
    const BOTH: &str = "\u{c4}B\u{d6}";
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    let args = ["init", "--venue", "us:mine", "-i", "1d", "-t", BOTH];
    bar.run(&[&args[..], &["--partitioned"]].concat())
        .expect(Exit::Ok);
    let csv = "date,open,high,low,close,volume\n2025-11-21,3,3,3,3,3\n";
    bar.write(format!("incoming/{BOTH}.csv"), csv);
    let month = format!("{TREE}/ticker=A\u{308}B\u{d6}/{NOVEMBER}/data.parquet");
    bar.write(&month, bytes(BOTH, &[("2025-11-20", 2.0)]));

    bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(shown(&bar, BOTH).expect(Exit::Ok).closes(), ["2.0", "3.0"]);
    assert!(!bar.has(format!("{TREE}/ticker={BOTH}")));
    bar.run(&["check"]).expect(Exit::Ok);
}

/// Other readers get the rows of both, and nobody had named them.
#[test]
fn of_a_month_in_two_spellings_of_a_folder_one_is_read_and_the_other_named() {
    for spelling in [DECOMPOSED, "\u{c4}BC=X", "A\u{308}BC=X"] {
        let ticker = if spelling.ends_with('X') {
            "\u{c4}BC=X"
        } else {
            TICKER
        };
        let bar = kept(&["--partitioned"]);
        bar.run(&["tickers", "add", "--venue", "us:mine", ticker]);
        let csv = "date,open,high,low,close,volume\n2025-11-21,3,3,3,3,3\n";
        bar.write(format!("incoming/{}.csv", ticker.replace('=', "%3D")), csv);
        let segment = ticker.replace('=', "%3D");
        let own = format!("{TREE}/ticker={segment}/{NOVEMBER}/data.parquet");
        let twin = format!("{TREE}/ticker={spelling}/{NOVEMBER}/data.parquet");
        bar.write(&own, bytes(ticker, &[("2025-11-20", 2.0)]));
        bar.write(
            &twin,
            bytes(ticker, &[("2025-11-19", 9.0), ("2025-11-24", 9.0)]),
        );
        let older = format!("{TREE}/ticker={spelling}/{OCTOBER}/data.parquet");
        bar.write(&older, bytes(ticker, &[("2025-10-20", 1.0)]));
        let before = bar.read(&twin);

        let shown_first = shown(&bar, ticker).expect(Exit::Ok);
        let checked = bar.run(&["check"]).expect(Exit::Mismatch);
        let updated = bar.run(&["update"]).expect(Exit::Ok);

        assert_eq!(shown_first.closes(), ["1.0", "2.0"], "{spelling}");
        assert_eq!(shown(&bar, ticker).closes(), ["1.0", "2.0", "3.0"]);
        for told in [&shown_first, &checked, &updated] {
            assert!(told.stderr.contains(&twin), "{spelling}: {told:#?}");
        }
        assert_eq!(bar.read(&twin), before);
    }
}

#[test]
fn a_legacy_file_is_refused_by_name_until_it_is_renamed() {
    for tree in ["data/legacy/stocks_1d", "stocks_1d"] {
        let bar = kept(&[]);
        let name = format!("{tree}/{DECOMPOSED}.parquet");
        bar.write(&name, bytes(TICKER, &[("2025-11-20", 2.0)]));

        let named = |told: &str| assert!(told.contains(&name), "{name}: {told}");
        named(&shown(&bar, TICKER).expect(Exit::Damaged).stderr);
        named(&bar.run(&["check"]).expect(Exit::Damaged).stderr);
        let export = ["export", "-o", "out.csv"];
        named(&bar.run(&export).expect(Exit::Damaged).stderr);
        let updated = bar.run(&["update", "--json"]).expect(Exit::Partial);
        named(&reasons(&updated.summary()["failures"])[TICKER]);

        let renamed = format!("{tree}/{TICKER}.parquet");
        let (from, to) = (bar.path().join(&name), bar.path().join(&renamed));
        bar.fs().rename(&from, &to).unwrap();
        bar.run(&["cleanup"]).expect(Exit::Ok);
        assert_eq!(shown(&bar, TICKER).closes(), ["2.0", "3.0"]);
    }
}

#[test]
fn of_two_spellings_of_a_legacy_file_one_is_read_and_the_other_named() {
    let bar = kept(&[]);
    let tree = "data/legacy/stocks_1d";
    bar.write(
        format!("{tree}/{TICKER}.parquet"),
        bytes(TICKER, &[("2025-11-20", 2.0)]),
    );
    let other = format!("{tree}/{DECOMPOSED}.parquet");
    bar.write(&other, bytes(TICKER, &[("2025-11-20", 99.0)]));

    let ran = shown(&bar, TICKER).expect(Exit::Ok);
    let checked = bar.run(&["check"]).expect(Exit::Mismatch);
    let updated = bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(ran.closes(), ["2.0"]);
    for told in [&ran, &checked, &updated] {
        assert!(told.stderr.contains(&other), "{told:#?}");
    }
}
