//! The same of the legacy layout: a ticker is one file, in `data/legacy` or flat.

use std::path::Path;

use barkeep::cli::Exit;
use rstest::rstest;

use super::{SETTINGS, bytes, link, reasons, shown, snapshot, stale};
use crate::support::barkeep::Barkeep;

const COPIES: [&str; 4] = [
    "A (conflicted copy).parquet",
    "A.sync-conflict-20251121-101112-ABCDEFG.parquet",
    "Copy of A.parquet",
    // There is no file of B.
    "B (1).parquet",
];

const HIDDEN: [&str; 3] = ["._A.parquet", ".DS_Store", ".syncthing.A.parquet.tmp"];

/// A folder of legacy files with odd ones among them, and a source with one day more.
fn odd_folder(tree: &str) -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    for ticker in ["A", "PRN", "CON.DE"] {
        bar.write(
            format!("{tree}/{ticker}.parquet"),
            bytes(ticker, &[("2025-11-20", 2.0)]),
        );
    }
    for name in COPIES {
        let of = if name.starts_with('B') { "B" } else { "A" };
        bar.write(format!("{tree}/{name}"), stale(of));
    }
    for name in HIDDEN {
        bar.write(format!("{tree}/{name}"), b"\0\x05\x16\x07");
    }
    bar.write(format!("{tree}/A.parquet~"), stale("A"));
    bar.write("elsewhere/LINK.parquet", stale("LINK"));
    link(
        &bar,
        "elsewhere/LINK.parquet",
        &format!("{tree}/LINK.parquet"),
    );
    link(&bar, "nowhere", &format!("{tree}/DANGLING.parquet"));
    bar.write(format!("{tree}/FOLDER.parquet/x"), b"x");
    let mut args = vec!["init", "--venue", "us:mine", "-i", "1d"];
    for ticker in ["A", "B", "PRN", "CON.DE", "LINK", "DANGLING", "FOLDER"] {
        args.extend(["-t", ticker]);
        let csv = "date,open,high,low,close,volume\n2025-11-21,3,3,3,3,3\n";
        bar.write(format!("incoming/{ticker}.csv"), csv);
        bar.write(format!("incoming/._{ticker}.csv"), b"\0\x05\x16\x07");
        bar.write(format!("incoming/{ticker} (1).csv"), csv.replace('3', "99"));
    }
    bar.run(&args).expect(Exit::Ok);
    bar
}

const REFUSED: [&str; 4] = ["B (1)", "DANGLING", "FOLDER", "LINK"];

fn without(
    bar: &Barkeep,
    tree: &str,
    tickers: &[&str],
) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut all = snapshot(&bar.path().join(tree));
    all.extend(snapshot(&bar.path().join("elsewhere")));
    let is_theirs = |path: &Path| {
        tickers
            .iter()
            .any(|ticker| path.ends_with(format!("{ticker}.parquet")))
    };
    all.retain(|path, _| !is_theirs(path));
    all
}

#[rstest]
#[case::settled("data/legacy/stocks_1d")]
#[case::flat("stocks_1d")]
fn every_reader_of_legacy_files_sees_one_file_for_each_ticker(#[case] tree: &str) {
    let bar = odd_folder(tree);
    let sound = ["A", "PRN", "CON.DE"];
    let before = without(&bar, tree, &sound);

    for ticker in sound {
        let ran = shown(&bar, ticker).expect(Exit::Ok);
        assert_eq!(ran.closes(), ["2.0"]);
        let copies = if ticker == "A" { 3 } else { 0 };
        assert_eq!(ran.stderr.matches("misplaced").count(), copies, "{ran:?}");
    }
    for ticker in ["LINK", "DANGLING", "FOLDER"] {
        let ran = shown(&bar, ticker).expect(Exit::Damaged);
        assert!(
            ran.stderr.contains(&format!("{tree}/{ticker}.parquet")),
            "{ran:?}"
        );
    }
    let checked = bar.run(&["check"]).expect(Exit::Damaged);
    for name in COPIES
        .iter()
        .map(ToString::to_string)
        .chain(REFUSED.map(|stem| format!("{stem}.parquet")))
    {
        assert!(
            checked.stderr.contains(&format!("{tree}/{name}")),
            "{name}: {checked:?}"
        );
    }
    for name in HIDDEN {
        assert!(!checked.stderr.contains(name), "{name}: {checked:?}");
    }
    bar.run(&["status"]).expect(Exit::Ok);

    let updated = bar
        .run(&["update", "--json"])
        .expect(Exit::Partial)
        .summary();

    let failures = reasons(&updated["failures"]);
    assert_eq!(
        failures.keys().collect::<Vec<_>>(),
        ["B", "DANGLING", "FOLDER", "LINK"]
    );
    for (reason, stem) in failures.values().zip(REFUSED) {
        assert!(
            reason.contains(&format!("{tree}/{stem}.parquet")),
            "{reason}"
        );
    }
    let warnings = updated["warnings"].to_string();
    for name in &COPIES[..3] {
        assert!(warnings.contains(name), "{name}: {warnings}");
    }
    for ticker in sound {
        assert_eq!(shown(&bar, ticker).closes(), ["2.0", "3.0"], "{ticker}");
    }
    // The rows wait, and come when nothing is in their way any more.
    bar.run(&["cleanup"]).expect(Exit::Partial);
    assert_eq!(without(&bar, tree, &sound), before);
    bar.remove(format!("{tree}/B (1).parquet"));
    bar.run(&["cleanup"]).expect(Exit::Partial);
    assert_eq!(shown(&bar, "B").expect(Exit::Ok).closes(), ["3.0"]);
}

#[test]
fn a_migration_takes_the_tickers_and_names_the_rest() {
    let tree = "data/legacy/stocks_1d";
    let bar = odd_folder(tree);
    let before = snapshot(&bar.path().join(tree));
    bar.migration("init --all-found").expect(Exit::Ok);

    let ran = bar
        .migration("migrate --all --delete-legacy --yes --json")
        .expect(Exit::Partial);

    let interval = &ran.summary()["intervals"][0];
    assert_eq!(interval["proven_now"], 3, "{interval:#}");
    let strangers = interval["strangers"].to_string();
    for name in COPIES
        .iter()
        .map(ToString::to_string)
        .chain(REFUSED.map(|stem| format!("{stem}.parquet")))
    {
        assert!(strangers.contains(&name), "{name}: {strangers}");
    }
    assert!(!strangers.contains("._A"), "{strangers}");
    assert_eq!(snapshot(&bar.path().join(tree)), before);
}

#[test]
fn adoption_leaves_copies_where_they_are() {
    for tree in ["stocks_1d", "data/stocks_1d"] {
        let bar = odd_folder(tree);
        let sound = ["A", "PRN", "CON.DE"];
        let before = without(&bar, tree, &sound);

        let ran = bar
            .migration("init --all-found --adopt --yes")
            .expect(Exit::Ok);

        assert_eq!(without(&bar, tree, &sound), before);
        for name in COPIES {
            assert!(
                ran.stderr.contains(&format!("{tree}/{name}")),
                "{name}: {ran:?}"
            );
        }
        assert!(!ran.stderr.contains("._A"), "{ran:?}");
        let legacy = snapshot(&bar.path().join("data/legacy/stocks_1d"));
        let names: Vec<_> = legacy
            .keys()
            .map(|path| path.file_name().unwrap())
            .collect();
        assert_eq!(names, ["A.parquet", "CON.DE.parquet", "PRN.parquet"]);
    }
}

#[rstest]
#[case::in_a_hive_tree(
    "ticker=A/data.parquet",
    "ticker=A/data.sync-conflict-20251121-101112-ABCDEFG.parquet"
)]
#[case::shared("bars/all.csv", "bars/all (1).csv")]
fn a_source_reads_no_copy_beside_a_file(#[case] file: &str, #[case] copy: &str) {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    if file.ends_with("csv") {
        let head = "ticker,date,open,high,low,close,volume\n";
        bar.write(
            format!("incoming/{file}"),
            format!("{head}A,2025-11-20,2,2,2,2,2\n"),
        );
        bar.write(
            format!("incoming/{copy}"),
            format!("{head}A,2025-11-19,99,99,99,99,2\n"),
        );
    } else {
        bar.write(
            format!("incoming/{file}"),
            bytes("A", &[("2025-11-20", 2.0)]),
        );
        bar.write(
            format!("incoming/{copy}"),
            bytes("A", &[("2025-11-19", 99.0)]),
        );
    }
    bar.run(&["init", "--venue", "us:mine", "-i", "1d", "-t", "A"])
        .expect(Exit::Ok);

    bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(shown(&bar, "A").expect(Exit::Ok).closes(), ["2.0"]);
}
