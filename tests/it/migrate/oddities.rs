//! Plans that others wrote, files in wrong places, rows without a place: each has an outcome of its own.

use rstest::rstest;

use super::{
    Bar, Exit, ForeignFile, below, closes, days, exists, file, json, legacy, migrated, put,
};
use crate::support::foreign::ForeignBar;

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
    put(&bar, "C", &bytes);
    let failed = migrated(&bar).expect(Exit::Partial).summary();
    assert!(
        failed["intervals"][0]["failures"][0]["reason"]
            .to_string()
            .contains("--duplicates newest")
    );

    let summary = bar
        .run(&[
            "partition-migrate",
            "migrate",
            "--all",
            "--duplicates",
            "newest",
            "--json",
        ])
        .expect(Exit::Ok)
        .summary();

    assert_eq!(closes(&bar, "C"), ["2.0", "3.0"]);
    let kept = &summary["intervals"][0]["kept"][0];
    let folder = kept.as_str().unwrap().trim_start_matches("[bar]/");
    assert_eq!(bar.read(&format!("{folder}/C.parquet")), bytes);
    bar.run(&["partition-migrate", "verify"]).expect(Exit::Ok);
}

#[test]
fn rows_that_repeat_each_other_are_one_row_and_no_fault() {
    let bar = legacy();
    put(
        &bar,
        "C",
        &ForeignFile::of(days("C", &[("2024-01-02", 2.0), ("2024-01-02", 2.0)])).bytes(),
    );

    migrated(&bar).expect(Exit::Ok);

    assert_eq!(closes(&bar, "C"), ["2.0"]);
}

#[rstest]
#[case::another_ticker(ForeignFile::of(days("D", &[("2024-01-02", 2.0)])).bytes(), "it holds rows of D")]
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
    put(&bar, "C", &bytes);

    let summary = {
        let ran = migrated(&bar);
        assert_ne!(ran.exit, Exit::Ok);
        ran.summary()
    };

    let failure = &summary["intervals"][0]["failures"][0];
    assert_eq!(failure["ticker"], "C");
    assert!(failure["reason"].to_string().contains(says), "{failure}");
    assert_eq!(summary["intervals"][0]["proven_now"], 2);
    assert!(!exists(&bar, "data/us/demo/stocks_1d/ticker=C"));
}

#[test]
fn a_file_that_is_no_tickers_is_named_and_keeps_the_switch_from_being_turned() {
    let bar = legacy();
    bar.write("data/legacy/stocks_1d/CON.parquet", b"x");

    let summary = migrated(&bar).expect(Exit::Partial).summary();

    assert!(
        summary["intervals"][0]["strangers"][0]
            .to_string()
            .contains("CON.parquet")
    );
    assert!(!exists(&bar, "storage_config.json"));
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
        put(&more, "A", &ForeignFile::of(days("A", &rows)).bytes());
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

    bar.run(&[
        "partition-migrate",
        "migrate",
        "--all",
        "--partition-rows",
        "keep",
    ])
    .expect(Exit::Ok);
    assert_eq!(closes(&bar, "A"), ["5.0", "1.0", "1.5", "2.0"]);
    bar.run(&["partition-migrate", "verify"]).expect(Exit::Ok);

    let bar = extra();
    migrated(&bar).expect(Exit::Mismatch);
    bar.run(&["partition-migrate", "migrate", "--all", "--restart"])
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
    let flat = ForeignFile::of(days("A", &[("2024-01-29", 5.0), ("2024-02-01", 6.0)])).bytes();
    bar.write("stocks_1d/A.parquet", &flat);
    bar.write(
        "data/stocks_1d/E.parquet",
        ForeignFile::of(days("E", &[("2024-01-02", 4.0)])).bytes(),
    );
    let refused = bar
        .run(&["partition-migrate", "init", "-V", "us:demo", "--all-found"])
        .expect(Exit::Failed);
    assert!(refused.stderr.contains("--adopt"), "{refused:?}");
    let before = bar.tree();
    bar.run(&[
        "partition-migrate",
        "init",
        "-V",
        "us:demo",
        "--all-found",
        "--adopt",
    ])
    .expect(Exit::Usage);
    let unchanged = |path: &std::path::Path| !path.to_string_lossy().contains(".run_lock");
    let relevant = |tree: Vec<(std::path::PathBuf, Vec<u8>)>| -> Vec<_> {
        tree.into_iter()
            .filter(|(path, _)| unchanged(path))
            .collect()
    };
    assert_eq!(relevant(bar.tree()), relevant(before));

    let adopted = bar
        .run(&[
            "partition-migrate",
            "init",
            "-V",
            "us:demo",
            "--all-found",
            "--adopt",
            "--yes",
        ])
        .expect(Exit::Ok);
    bar.run(&["partition-migrate", "migrate", "--all"])
        .expect(Exit::Ok);

    assert!(
        !exists(&bar, "stocks_1d") && !exists(&bar, "data/stocks_1d"),
        "{adopted:?}"
    );
    // The file in data/legacy has the last word, and the other one is kept.
    assert_eq!(closes(&bar, "A"), ["5.0", "1.0", "1.5", "2.0"]);
    assert_eq!(closes(&bar, "E"), ["4.0"]);
    let kept = below(&bar, "quarantine");
    assert!(kept.iter().any(|(_, bytes)| *bytes == flat), "{adopted:?}");
}

#[test]
fn wide_intervals_are_refused_with_the_reason() {
    let bar = legacy();
    bar.write(
        "data/legacy/stocks_1wk/A.parquet",
        ForeignFile::of(days("A", &[("2024-01-01", 4.0)])).bytes(),
    );

    let refused = bar
        .run(&["partition-migrate", "init", "-V", "us:demo", "-i", "1wk"])
        .expect(Exit::Usage);
    let planned = bar
        .run(&["partition-migrate", "init", "-V", "us:demo", "--all-found"])
        .expect(Exit::Ok);

    assert!(refused.stderr.contains("too wide"), "{refused:?}");
    assert!(
        planned.stderr.contains("1wk stays in the legacy layout"),
        "{planned:?}"
    );
    let intervals = &json(&bar, "migration_plan.json")["venues"][0]["intervals"];
    assert!(intervals.get("1d").is_some() && intervals.get("1wk").is_none());
}

#[test]
fn a_second_plan_needs_force_and_keeps_the_first() {
    let bar = legacy();
    bar.run(&["partition-migrate", "init", "-V", "us:demo", "-i", "1d"])
        .expect(Exit::Ok);
    let first = bar.read("migration_plan.json");

    bar.run(&["partition-migrate", "init", "-V", "us:demo", "-i", "1d"])
        .expect(Exit::Failed);
    bar.run(&[
        "partition-migrate",
        "init",
        "-V",
        "us:demo",
        "-i",
        "1d",
        "--force",
    ])
    .expect(Exit::Ok);

    assert_eq!(bar.read("migration_plan.20251121T220000Z.json"), first);
}

#[test]
fn a_mark_proves_nothing_and_switches_nothing() {
    let bar = legacy();
    bar.run(&["partition-migrate", "init", "-V", "us:demo", "-i", "1d"])
        .expect(Exit::Ok);

    bar.run(&[
        "partition-migrate",
        "mark",
        "us:demo",
        "1d",
        "--status",
        "complete",
        "--jobs-total",
        "2",
        "--jobs-completed",
        "2",
    ])
    .expect(Exit::Ok);

    let planned = json(&bar, "migration_plan.json")["venues"][0]["intervals"]["1d"].clone();
    assert_eq!(planned["status"], "complete");
    assert_eq!(
        planned["verification"]["verified_at"],
        serde_json::Value::Null
    );
    let status = bar.run(&["partition-migrate", "status"]).expect(Exit::Ok);
    assert!(
        status.stdout.contains("complete (unverified)"),
        "{status:?}"
    );
    assert!(
        status.stderr.contains("not every ticker is proven"),
        "{status:?}"
    );
    assert!(!exists(&bar, "storage_config.json"));
    bar.run(&["partition-migrate", "verify"])
        .expect(Exit::Mismatch);
    bar.run(&[
        "partition-migrate",
        "mark",
        "us:demo",
        "1h",
        "--status",
        "complete",
    ])
    .expect(Exit::Usage);
    bar.run(&[
        "partition-migrate",
        "mark",
        "us:demo",
        "1d",
        "--jobs-total",
        "1",
        "--jobs-completed",
        "2",
    ])
    .expect(Exit::Usage);

    let summary = bar
        .run(&["partition-migrate", "migrate", "--json"])
        .expect(Exit::Ok)
        .summary();
    assert_eq!(summary["activated"][0], "us:demo");
}

/// A plan as the predecessor writes it, with a key that barkeep does not know.
fn plan_of_the_predecessor(status: &str, verified_at: &str) -> String {
    format!(
        r#"{{"schema_version": 1, "generated_at": "2025-11-02T08:15:00Z", "created_by": "ops", "legacy_root": "data/legacy",
        "venues": [{{"id": "us:demo", "market": "US", "source": "demo", "status": "pending", "last_updated": "2025-11-02T08:15:00Z",
        "note": "mine", "intervals": {{"1d": {{"legacy_path": "data/legacy/stocks_1d", "partition_path": "data/us/demo/stocks_1d",
        "status": "{status}", "totals": {{"legacy_rows": 6, "partition_rows": 6}}, "jobs": {{"total": 2, "completed": 1}},
        "resume_token": null, "verification": {{"method": "row_counts", "verified_at": {verified_at}}}, "backups": []}}}}}}]}}"#
    )
}

#[rstest]
#[case::pending("pending", "null", 0)]
#[case::half_done("migrating", "null", 1)]
#[case::complete("complete", "\"2025-11-02T08:15:00Z\"", 2)]
fn a_plan_of_the_predecessor_is_gone_on_with(
    #[case] status: &str,
    #[case] verified_at: &str,
    #[case] copied: usize,
) {
    let (bar, done) = (legacy(), legacy());
    migrated(&done).expect(Exit::Ok);
    for ticker in ["A", "B"].iter().take(copied) {
        for (path, bytes) in below(&done, &format!("data/us/demo/stocks_1d/ticker={ticker}")) {
            bar.write(
                &path
                    .strip_prefix(done.path())
                    .unwrap()
                    .display()
                    .to_string(),
                bytes,
            );
        }
    }
    bar.write(
        "migration_plan.json",
        plan_of_the_predecessor(status, verified_at),
    );
    let shown = bar.run(&["partition-migrate", "status"]).expect(Exit::Ok);
    assert!(shown.stdout.contains("us:demo"), "{shown:?}");

    let summary = bar
        .run(&["partition-migrate", "migrate", "us:demo", "1d", "--json"])
        .expect(Exit::Ok)
        .summary();

    assert_eq!(summary["intervals"][0]["proven_now"], 2);
    assert_eq!(summary["intervals"][0]["files"], 2 * (2 - copied));
    assert_eq!(summary["activated"][0], "us:demo");
    let plan = json(&bar, "migration_plan.json");
    assert_eq!(plan["venues"][0]["note"], "mine");
    assert_eq!(plan["created_by"], "ops");
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

    let ran = bar.run(&["partition-migrate", "migrate", "--all"]);

    assert_ne!(ran.exit, Exit::Ok);
    assert!(ran.stderr.contains(says), "{ran:?}");
    assert_eq!(below(&bar, "data"), before);
}

#[test]
fn without_a_plan_the_command_that_makes_one_is_named() {
    let ran = legacy()
        .run(&["partition-migrate", "migrate"])
        .expect(Exit::NotInitialised);

    assert!(
        ran.stderr.contains("partition-migrate init --all-found"),
        "{ran:?}"
    );
}

#[test]
fn a_damaged_record_of_proofs_is_refused_and_touches_nothing() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    let (record, mut bytes) = below(&bar, "state/migration").pop().unwrap();
    bytes[10] ^= 1;
    let name = record.strip_prefix(bar.path()).unwrap();
    bar.write(&name.display().to_string(), &bytes);

    for command in ["status", "verify", "migrate", "rollback"] {
        let words: Vec<&str> = match command {
            "migrate" | "rollback" => vec!["partition-migrate", command, "1d"],
            _ => vec!["partition-migrate", command],
        };
        let ran = bar.run(&words).expect(Exit::Damaged);
        assert!(
            ran.stderr.contains("does not fit") || ran.stderr.contains("do not fit"),
            "{ran:?}"
        );
    }
}

#[test]
fn the_interval_is_asked_for_by_number_or_name() {
    for (answer, expected) in [("2\n", "1d"), ("1h\n", "1h"), ("nonsense\n\n", "1h")] {
        let mut bar = Bar::empty();
        for interval in ["1d", "1h"] {
            bar.write(
                &format!("data/legacy/stocks_{interval}/A.parquet"),
                ForeignFile::of(days("A", &[("2024-01-02", 2.0)])).bytes(),
            );
        }
        bar.run(&["partition-migrate", "init", "-V", "us:demo", "--all-found"])
            .expect(Exit::Ok);
        bar.run(&["partition-migrate", "migrate"])
            .expect(Exit::Usage);
        bar.terminals.stdin = true;
        bar.terminals.stderr = true;
        bar.answers = answer;

        let ran = bar
            .run(&["partition-migrate", "migrate", "--yes"])
            .expect(Exit::Ok);

        assert!(
            exists(&bar, &format!("data/us/demo/stocks_{expected}")),
            "{answer} {ran:?}"
        );
        assert!(!exists(&bar, &file("none")));
    }
}
