//! Files in wrong places, rows without a place, partitions that are there already: each has an outcome of its own.

use rstest::rstest;

use super::{Barkeep, DEMO_IS_LEGACY, Exit, below, closes, file, legacy, migrated};
use crate::support::foreign::{ForeignBar, ForeignFile, Whole, daily, days, foreign_files};

/// Files with their bytes.
type Tree = std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>;

fn contradicting() -> Vec<u8> {
    let rows = days(
        "C",
        &[
            ("2024-01-02", 1.0),
            ("2024-01-02", 2.0),
            ("2024-01-03", 3.0),
        ],
    );
    ForeignFile::of(rows).bytes()
}

fn undated() -> Vec<u8> {
    let mut rows = days("C", &[("2024-01-02", 2.0), ("2024-01-03", 3.0)]);
    rows.push(ForeignBar {
        date: None,
        ..rows[0].clone()
    });
    ForeignFile::of(rows).bytes()
}

#[rstest]
#[case::contradicting(contradicting())]
#[case::undated(undated())]
fn rows_without_a_place_fail_their_ticker_until_the_user_decides(#[case] bytes: Vec<u8>) {
    let bar = legacy();
    bar.write(file("C"), &bytes);
    let failed = migrated(&bar).expect(Exit::Partial).summary();
    assert!(
        failed["intervals"][0]["failures"][0]["cure"]
            .to_string()
            .contains("--duplicates newest")
    );

    let summary = bar
        .migration("migrate --all --duplicates newest --json")
        .expect(Exit::Ok)
        .summary();

    assert_eq!(closes(&bar, "C"), ["2.0", "3.0"]);
    let kept = &summary["intervals"][0]["kept"][0];
    let folder = kept.as_str().unwrap().trim_start_matches("[bar]/");
    assert_eq!(bar.read(format!("{folder}/C.parquet")), bytes);
    bar.migration("verify").expect(Exit::Ok);
}

#[test]
fn rows_that_repeat_each_other_are_one_row_and_no_fault() {
    let bar = legacy();
    bar.write(
        file("C"),
        daily("C", &[("2024-01-02", 2.0), ("2024-01-02", 2.0)]),
    );

    migrated(&bar).expect(Exit::Ok);

    assert_eq!(closes(&bar, "C"), ["2.0"]);
}

#[rstest]
#[case::another_ticker(daily("D", &[("2024-01-02", 2.0)]), "it holds rows of D")]
#[case::no_rows(ForeignFile::of(Vec::new()).bytes(), "holds no rows")]
#[case::empty(Vec::new(), "it is empty")]
#[case::a_column_more(
    ForeignFile { extra: Some("vwap"), ..ForeignFile::of(days("C", &[("2024-01-02", 2.0)])) }.bytes(),
    "vwap"
)]
fn a_file_that_is_not_what_its_place_says_fails_its_ticker(
    #[case] bytes: Vec<u8>,
    #[case] says: &str,
) {
    let bar = legacy();
    bar.write(file("C"), &bytes);

    let summary = {
        let ran = migrated(&bar);
        assert_ne!(ran.exit, Exit::Ok);
        ran.summary()
    };

    let failure = &summary["intervals"][0]["failures"][0];
    assert_eq!(failure["ticker"], "C");
    assert!(failure["reason"].to_string().contains(says), "{failure}");
    assert_eq!(summary["intervals"][0]["proven_now"], 2);
    assert!(!bar.has("data/us/demo/stocks_1d/ticker=C"));
}

#[test]
fn a_file_that_cannot_be_held_is_refused_by_name_and_its_only_copy_stays() {
    for (what, bytes) in foreign_files("C") {
        let bar = legacy();
        bar.write(file("C"), &bytes);
        bar.migration("init -V us:demo --all-found")
            .expect(Exit::Ok);

        let ran = bar.migration("migrate --all --delete-legacy --yes --json");
        let summary = ran.expect(Exit::Partial).summary();

        let failure = &summary["intervals"][0]["failures"][0];
        assert_eq!(failure["ticker"], "C", "{what}");
        assert!(failure["reason"].to_string().contains(what), "{failure}");
        assert_eq!(summary["intervals"][0]["proven_now"], 2, "{what}");
        assert!(bar.read(file("C")) == bytes, "{what}");
        assert!(!bar.has("data/us/demo/stocks_1d/ticker=C"), "{what}");
    }
}

#[test]
fn a_month_that_cannot_be_held_keeps_both_sides() {
    for (what, bytes) in foreign_files("A") {
        let bar = legacy();
        migrated(&bar).expect(Exit::Ok);
        let month = "data/us/demo/stocks_1d/ticker=A/year=2024/month=01/data.parquet";
        bar.write(month, &bytes);
        let before = bar.tree();

        let verified = bar.migration("verify");
        let removed = bar.migration("migrate 1d --delete-legacy --yes");
        let back = bar.migration("rollback 1d");

        for ran in [&verified, &removed, &back] {
            assert_ne!(ran.exit, Exit::Ok, "{what}: {ran:?}");
        }
        let legacy = bar.path().join(file("A"));
        let kept = |mut tree: Tree| {
            tree.retain(|path, _| *path == legacy || path.ends_with(month));
            tree
        };
        assert!(kept(bar.tree()) == kept(before), "{what}");
    }
}

#[test]
fn a_file_that_is_no_tickers_is_named_and_keeps_the_switch_from_being_turned() {
    let bar = legacy();
    bar.write("data/legacy/stocks_1d/A (1).parquet", b"x");

    let summary = migrated(&bar).expect(Exit::Partial).summary();

    assert!(
        summary["intervals"][0]["strangers"][0]
            .to_string()
            .contains("A (1).parquet")
    );
    assert!(!bar.has("storage_config.json"));
}

#[test]
fn rows_that_only_partitions_have_are_named_kept_or_put_away() {
    let extra = || {
        let bar = legacy();
        let more = legacy();
        let rows = [
            ("2024-01-29", 5.0),
            ("2024-01-30", 1.0),
            ("2024-01-31", 1.5),
            ("2024-02-01", 2.0),
        ];
        more.write(file("A"), daily("A", &rows));
        migrated(&more).expect(Exit::Ok);
        for (path, bytes) in below(&more, "data/us") {
            let name = path
                .strip_prefix(more.path())
                .unwrap()
                .display()
                .to_string();
            bar.write(&name, bytes);
        }
        bar
    };
    let bar = extra();
    let failed = migrated(&bar).expect(Exit::Mismatch).summary();
    let reason = failed["intervals"][0]["failures"][0]["reason"].to_string();
    assert!(
        reason.contains("1 row not expected in 2024-01: 2024-01-29 00:00:00"),
        "{reason}"
    );

    bar.migration("migrate --all --partition-rows keep")
        .expect(Exit::Ok);
    assert_eq!(closes(&bar, "A"), ["5.0", "1.0", "1.5", "2.0"]);
    bar.migration("verify").expect(Exit::Ok);

    let bar = extra();
    migrated(&bar).expect(Exit::Mismatch);
    bar.migration("migrate --all --restart --yes")
        .expect(Exit::Ok);
    assert_eq!(closes(&bar, "A"), ["1.0", "1.5", "2.0"]);
    let kept = below(&bar, "quarantine");
    assert!(
        kept.iter()
            .any(|(path, _)| path.ends_with("ticker=A/year=2024/month=01/data.parquet")),
        "{kept:?}"
    );
}

#[test]
fn files_in_other_folders_are_refused_and_adopted() {
    let bar = legacy();
    let flat = daily("A", &[("2024-01-29", 5.0), ("2024-02-01", 6.0)]);
    bar.write("stocks_1d/A.parquet", &flat);
    bar.write(
        "data/stocks_1d/E.parquet",
        daily("E", &[("2024-01-02", 4.0)]),
    );
    let refused = bar
        .migration("init -V us:demo --all-found")
        .expect(Exit::Failed);
    assert!(refused.stderr.contains("--adopt"), "{refused:?}");
    let before = bar.tree();
    bar.migration("init -V us:demo --all-found --adopt")
        .expect(Exit::Usage);
    let relevant = |mut tree: Tree| {
        tree.retain(|path, _| !path.to_string_lossy().contains(".run_lock"));
        tree
    };
    assert_eq!(relevant(bar.tree()), relevant(before));

    let adopted = bar
        .migration("init -V us:demo --all-found --adopt --yes")
        .expect(Exit::Ok);
    bar.migration("migrate --all").expect(Exit::Ok);

    assert!(
        !bar.has("stocks_1d") && !bar.has("data/stocks_1d"),
        "{adopted:?}"
    );
    // The file in data/legacy has the last word, and the other one is kept.
    assert_eq!(closes(&bar, "A"), ["5.0", "1.0", "1.5", "2.0"]);
    assert_eq!(closes(&bar, "E"), ["4.0"]);
    let kept = below(&bar, "quarantine");
    assert!(kept.iter().any(|(_, bytes)| *bytes == flat), "{adopted:?}");
}

#[rstest]
#[case::version(r#"{"schema_version": 2}"#, "schema_version")]
#[case::root(
    r#"{"schema_version": 1, "legacy_root": "elsewhere", "venues": []}"#,
    "legacy_root"
)]
#[case::field(
    r#"{"schema_version": 1, "legacy_root": "data/legacy", "venues": [{"id": "us:demo", "market": "US", "source": "demo", "intervals": {"1d": {"legacy_path": "data/legacy/stocks_1d"}}}]}"#,
    "1d of us:demo has no status"
)]
#[case::outside(
    r#"{"schema_version": 1, "legacy_root": "data/legacy", "venues": [{"id": "us:demo", "market": "US", "source": "demo", "intervals": {"1d": {"legacy_path": "data/legacy/stocks_1d", "partition_path": "../../etc", "status": "pending", "totals": {}, "jobs": {}, "verification": {}}}}]}"#,
    "../../etc"
)]
fn a_plan_that_cannot_be_followed_is_refused_with_the_reason(
    #[case] plan: &str,
    #[case] says: &str,
) {
    let bar = legacy();
    bar.write("migration_plan.json", plan);
    let before = below(&bar, "data");

    let ran = bar.migration("migrate --all");

    assert_ne!(ran.exit, Exit::Ok);
    assert!(ran.stderr.contains(says), "{ran:?}");
    assert_eq!(below(&bar, "data"), before);
}

#[test]
fn volumes_that_are_no_whole_numbers_fail_their_ticker_until_the_user_decides() {
    let bar = legacy();
    let fractions = ForeignFile {
        volume: Whole::Fraction,
        ..ForeignFile::of(days("C", &[("2024-01-02", 2.0)]))
    };
    bar.write(file("C"), fractions.bytes());
    let failed = migrated(&bar).expect(Exit::Partial).summary();
    let failure = &failed["intervals"][0]["failures"][0];
    assert!(
        failure["cure"].to_string().contains("--fractions round"),
        "{failure}"
    );

    bar.migration("migrate --all --fractions round")
        .expect(Exit::Ok);

    let kept = below(&bar, "quarantine");
    assert!(
        kept.iter().any(|(_, bytes)| *bytes == fractions.bytes()),
        "{kept:?}"
    );
}

#[test]
fn a_restart_puts_nothing_away_that_it_cannot_replace() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    let partitions = below(&bar, "data/us");
    bar.write(file("A"), b"torn");

    bar.migration("migrate 1d --restart").expect(Exit::Usage);
    bar.migration("migrate 1d --restart --yes")
        .expect(Exit::Damaged);

    assert_eq!(below(&bar, "data/us"), partitions);
    assert!(!bar.has("quarantine"));
}

#[test]
fn a_restart_mends_a_damaged_month_and_leaves_what_updates_added() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    super::there::revise(&bar);
    let expected = closes(&bar, "B");
    let month = "data/us/demo/stocks_1d/ticker=B/year=2024/month=01/data.parquet";
    bar.write(month, b"torn");
    bar.migration("verify").expect(Exit::Damaged);

    bar.migration("migrate 1d --restart --yes").expect(Exit::Ok);

    bar.migration("verify").expect(Exit::Ok);
    assert_eq!(closes(&bar, "B"), expected);
    assert_eq!(closes(&bar, "A"), ["1.0", "1.5", "9.0", "10.0"]);
    assert!(
        below(&bar, "quarantine")
            .iter()
            .any(|(_, bytes)| bytes == b"torn")
    );
}

#[test]
fn a_ticker_of_which_both_sides_are_gone_is_named_for_ever() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    bar.migration("migrate 1d --delete-legacy --yes")
        .expect(Exit::Ok);
    bar.remove("data/us/demo/stocks_1d/ticker=A");

    let status = bar.migration("status").expect(Exit::Ok);
    let again = bar.migration("migrate 1d");

    assert!(!status.stdout.contains("active"), "{status:?}");
    assert_ne!(again.exit, Exit::Ok);
    bar.migration("verify").expect(Exit::Mismatch);
}

#[test]
fn partitions_of_an_older_layout_count_as_what_they_are_together() {
    let bar = legacy();
    // For three days the predecessor had a folder for each day below the month.
    bar.write(
        "data/us/demo/stocks_1d/ticker=A/year=2024/month=01/day=31/data.parquet",
        daily("A", &[("2024-01-31", 1.5)]),
    );
    bar.write(
        "data/us/demo/stocks_1d/ticker=A/year=2024/month=01/data.parquet",
        daily("A", &[("2024-01-30", 1.0), ("2024-01-31", 1.5)]),
    );

    migrated(&bar).expect(Exit::Ok);

    assert_eq!(closes(&bar, "A"), ["1.0", "1.5", "2.0"]);
    bar.migration("verify").expect(Exit::Ok);
}

#[test]
fn an_adopted_file_on_another_basis_stays_where_it_is() {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", DEMO_IS_LEGACY);
    bar.run(&["init", "--venue", "us:demo", "--ticker", "A"])
        .expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);
    let settled = bar.read("data/legacy/stocks_1d/A.parquet");
    let flat = daily("A", &[("2024-01-29", 5.0)]);
    bar.write("stocks_1d/A.parquet", &flat);

    let ran = bar
        .migration("init -V us:demo --all-found --adopt --yes")
        .expect(Exit::Partial);

    assert!(ran.stderr.contains("split_dividend_adjusted"), "{ran:?}");
    assert_eq!(bar.read("stocks_1d/A.parquet"), flat);
    assert_eq!(bar.read("data/legacy/stocks_1d/A.parquet"), settled);
}

#[test]
fn what_an_adopted_file_has_more_is_kept() {
    let bar = legacy();
    let flat = ForeignFile {
        extra: Some("vwap"),
        ..ForeignFile::of(days("A", &[("2024-01-29", 5.0)]))
    };
    bar.write("stocks_1d/A.parquet", flat.bytes());

    bar.migration("init -V us:demo --all-found --adopt --yes")
        .expect(Exit::Ok);

    let kept = below(&bar, "quarantine");
    assert!(
        kept.iter().any(|(_, bytes)| *bytes == flat.bytes()),
        "{kept:?}"
    );
}
