//! Bars of trades and auctions in mirrors.

use super::*;

#[test]
fn a_mirror_has_rows_of_one_way_and_names_the_series_of_another() {
    let bar = stored();
    let mirror = |options: &[&str]| {
        let which = ["mirror", "--venue", VENUE, "-i", "1m"];
        bar.run(&[&which, options].concat())
    };
    let other = MONTH.replace(SAP, "DE0007999999");
    let of_a_source = |ticker| ForeignFile::of(days(ticker, &[("2026-09-18", 1.0)])).bytes();
    let is_other = "it holds bars of a source, and the mirror bars made of trades";

    bar.write(&other, of_a_source("DE0007999999"));
    let new = mirror(&[]).expect(Exit::Partial).stderr;
    let lacking = mirror(&["--verify"]).expect(Exit::Mismatch).stdout;
    bar.remove("data/de/xetra/stocks_1m/ticker=DE0007999999");
    bar.write(MONTH, of_a_source(SAP));
    let differs = mirror(&["--verify"]).expect(Exit::Mismatch).stdout;
    let repair = bar.run(&["check", "--repair", "--dry-run", "--venue", VENUE]);
    // What lies there now is not what the mirror has.
    let refused = mirror(&["--full"]).expect(Exit::Usage).stderr;
    mirror(&["--full", "--yes"]).expect(Exit::Ok);
    mirror(&["--verify"]).expect(Exit::Ok);

    assert!(
        new.contains(&format!(
            "DE0007999999 1m at de:xetra is not in the mirror: {is_other}"
        )),
        "{new}"
    );
    assert!(lacking.contains("has no rows of it"), "{lacking}");
    assert!(refused.contains(is_other), "{refused}");
    assert!(differs.contains(is_other), "{differs}");
    assert_ne!(repair.exit, Exit::Internal, "{}", repair.stderr);
}

#[test]
fn auctions_and_bars_have_a_mirror_each() {
    let mut bar = stored();
    let mirror = ["mirror", "--venue", VENUE, "-i", "1d"];
    let verify = [&mirror[..], &["--verify", "--json"]].concat();
    bar.run(&mirror).expect(Exit::Ok);
    let first = bar.run(&verify).expect(Exit::Ok).summary();

    // The closing auction of the day after the weekend, at another price.
    let next = trade("9", "2026-09-21T15:35:10Z", 105.0, 900.0, "K");
    bar.now = "2026-09-22T06:00:00Z".to_owned();
    for (ticker, rows) in made_of(&[next], Interval::M1).auctions {
        store(&bar, Series::Auctions { ticker }, &rows);
    }
    let before = files_of_auctions(&bar);
    bar.run(&mirror).expect(Exit::Ok);
    let second = bar.run(&verify).expect(Exit::Ok).summary();
    let after = files_of_auctions(&bar);

    let rows = |document: &serde_json::Value| {
        let mirrors = document["mirrors"].as_array().unwrap();
        let rows = |name: &str| {
            let of = mirrors
                .iter()
                .find(|one| one["mirror"] == format!("{VENUE} {name}"));
            of.map(|one| one["rows"].as_u64().unwrap())
        };
        (rows("stocks_1d"), rows("auctions"))
    };
    assert_eq!(rows(&first), (Some(1), Some(2)));
    assert_eq!(rows(&second), (Some(1), Some(3)));
    assert!(after.is_superset(&before), "{before:?} {after:?}");
    assert_eq!(after.len(), before.len() + 1, "a delta: {after:?}");
}

/// The files that readers of the mirror of auctions open.
fn files_of_auctions(bar: &Barkeep) -> BTreeSet<String> {
    let listed = bar.text("mirror/de/xetra/auctions/current/files.txt");
    let lines = listed.lines().map(|line| line.split('\t').next().unwrap());
    lines.map(str::to_owned).collect()
}
