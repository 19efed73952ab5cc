//! Plans: those of others, those that cannot be followed, and what they do not prove.

use rstest::rstest;

use super::{Barkeep, Exit, below, daily, file, legacy, migrated};

#[test]
fn wide_intervals_are_refused_with_the_reason() {
    let bar = legacy();
    bar.write(
        "data/legacy/stocks_1wk/A.parquet",
        daily("A", &[("2024-01-01", 4.0)]),
    );

    let refused = bar.migration("init -V us:demo -i 1wk").expect(Exit::Usage);
    let planned = bar
        .migration("init -V us:demo --all-found")
        .expect(Exit::Ok);

    assert!(refused.stderr.contains("too wide"), "{refused:?}");
    assert!(
        planned.stderr.contains("1wk stays in the legacy layout"),
        "{planned:?}"
    );
    let intervals = &bar.json("migration_plan.json")["venues"][0]["intervals"];
    assert!(intervals.get("1d").is_some() && intervals.get("1wk").is_none());
}

#[test]
fn a_second_plan_needs_force_and_keeps_the_first() {
    let bar = legacy();
    bar.migration("init -V us:demo -i 1d").expect(Exit::Ok);
    let first = bar.read("migration_plan.json");

    bar.migration("init -V us:demo -i 1d").expect(Exit::Failed);
    bar.migration("init -V us:demo -i 1d --force")
        .expect(Exit::Ok);

    assert_eq!(bar.read("migration_plan.20251121T220000Z.json"), first);
}

#[test]
fn a_mark_proves_nothing_and_switches_nothing() {
    let bar = legacy();
    bar.migration("init -V us:demo -i 1d").expect(Exit::Ok);

    bar.migration("mark us:demo 1d --status complete --jobs-total 2 --jobs-completed 2")
        .expect(Exit::Ok);

    let planned = bar.json("migration_plan.json")["venues"][0]["intervals"]["1d"].clone();
    assert_eq!(planned["status"], "complete");
    assert_eq!(
        planned["verification"]["verified_at"],
        serde_json::Value::Null
    );
    let status = bar.migration("status").expect(Exit::Ok);
    assert!(
        status.stdout.contains("complete (unverified)"),
        "{status:?}"
    );
    assert!(
        status.stderr.contains("not every ticker is proven"),
        "{status:?}"
    );
    assert!(!bar.has("storage_config.json"));
    bar.migration("verify").expect(Exit::Mismatch);
    bar.migration("mark us:demo 1h --status complete")
        .expect(Exit::Usage);
    bar.migration("mark us:demo 1d --jobs-total 1 --jobs-completed 2")
        .expect(Exit::Usage);

    let summary = bar.migration("migrate --json").expect(Exit::Ok).summary();
    assert_eq!(summary["activated"][0], "us:demo");
}

/// A plan as the predecessor writes it, with a key that barkeep does not know.
pub(super) fn plan_of_the_predecessor(status: &str, verified_at: &str) -> String {
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
                path.strip_prefix(done.path())
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
    let shown = bar.migration("status").expect(Exit::Ok);
    assert!(shown.stdout.contains("us:demo"), "{shown:?}");

    let summary = bar
        .migration("migrate us:demo 1d --json")
        .expect(Exit::Ok)
        .summary();

    assert_eq!(summary["intervals"][0]["proven_now"], 2);
    assert_eq!(summary["intervals"][0]["files"], 2 * (2 - copied));
    assert_eq!(summary["activated"][0], "us:demo");
    let plan = bar.json("migration_plan.json");
    assert_eq!(plan["venues"][0]["note"], "mine");
    assert_eq!(plan["created_by"], "ops");
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
    bar.write(name.display().to_string(), &bytes);

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
        let mut bar = Barkeep::empty();
        for interval in ["1d", "1h"] {
            bar.write(
                format!("data/legacy/stocks_{interval}/A.parquet"),
                daily("A", &[("2024-01-02", 2.0)]),
            );
        }
        bar.migration("init -V us:demo --all-found")
            .expect(Exit::Ok);
        bar.migration("migrate").expect(Exit::Usage);
        bar.terminals.stdin = true;
        bar.terminals.stderr = true;
        bar.answers = answer;

        let ran = bar.migration("migrate --yes").expect(Exit::Ok);

        assert!(
            bar.has(format!("data/us/demo/stocks_{expected}")),
            "{answer} {ran:?}"
        );
        assert!(!bar.has(file("none")));
    }
}

#[test]
fn a_folder_that_is_gone_proves_nothing_and_switches_nothing() {
    let (bar, done) = (legacy(), legacy());
    migrated(&done).expect(Exit::Ok);
    for (path, bytes) in below(&done, "data/us/demo/stocks_1d/ticker=A") {
        let name = path.strip_prefix(done.path()).unwrap();
        bar.write(name.display().to_string(), bytes);
    }
    bar.write(
        "migration_plan.json",
        plan_of_the_predecessor("migrating", "null"),
    );
    bar.remove("data/legacy/stocks_1d");

    let ran = bar.migration("migrate --all").expect(Exit::Partial);

    assert!(
        ran.stderr.contains("there are no legacy files to migrate"),
        "{ran:?}"
    );
    assert!(!bar.has("storage_config.json"));
    let planned = bar.json("migration_plan.json")["venues"][0]["intervals"]["1d"].clone();
    assert_eq!(planned["status"], "migrating");
    assert_eq!(
        planned["verification"]["verified_at"],
        serde_json::Value::Null
    );
    let status = bar.migration("status").expect(Exit::Ok);
    assert!(
        !status.stdout.contains("verified ") && !status.stdout.contains("active"),
        "{status:?}"
    );
}

#[test]
fn a_legacy_folder_that_went_away_after_proofs_keeps_the_switch_from_being_turned() {
    let bar = legacy();
    bar.write(file("C"), b"no parquet at all");
    migrated(&bar).expect(Exit::Damaged);
    bar.remove("data/legacy/stocks_1d");

    let ran = bar.migration("migrate --all").expect(Exit::Partial);
    assert!(ran.stderr.contains("the legacy folder is gone"), "{ran:?}");

    assert!(!bar.has("storage_config.json"));
    let status = bar.migration("status").expect(Exit::Ok);
    assert!(
        status
            .stderr
            .contains("the legacy folder is gone, and not by barkeep"),
        "{status:?}"
    );
}

#[test]
fn a_record_that_is_missing_is_noticed() {
    let bar = legacy();
    bar.write(file("C"), b"no parquet at all");
    migrated(&bar).expect(Exit::Damaged);
    bar.write(file("C"), daily("C", &[("2024-01-02", 3.0)]));
    bar.migration("migrate --all").expect(Exit::Ok);
    bar.remove("state/migration/us-demo-stocks_1d/00000001.jsonl");

    let ran = bar.migration("verify").expect(Exit::Damaged);

    assert!(
        ran.stderr
            .contains("00000001.jsonl is damaged: it is missing"),
        "{ran:?}"
    );
}

#[test]
fn what_the_plan_says_is_not_believed() {
    let bar = legacy();
    bar.write(
        "migration_plan.json",
        plan_of_the_predecessor("complete", "\"2025-11-02T08:15:00Z\""),
    );

    let summary = bar
        .migration("migrate --all --json")
        .expect(Exit::Ok)
        .summary();
    assert_eq!(summary["intervals"][0]["proven_now"], 2);

    let deleted = bar
        .migration("migrate --all --delete-legacy --yes --json")
        .expect(Exit::Ok)
        .summary();
    assert_eq!(deleted["intervals"][0]["legacy_files_removed"], 2);
    let done = bar.migration("migrate --all").expect(Exit::Ok);
    assert!(
        done.stderr.contains("Every interval of the plan is proven"),
        "{done:?}"
    );
}

#[test]
fn wide_intervals_of_a_plan_that_others_wrote_are_refused() {
    let bar = legacy();
    let plan = plan_of_the_predecessor("pending", "null").replace("1d", "1wk");
    bar.write("migration_plan.json", plan);
    bar.write(
        "data/legacy/stocks_1wk/A.parquet",
        daily("A", &[("2024-01-01", 4.0)]),
    );

    for (words, exit) in [("us:demo 1wk", Exit::Usage), ("--all", Exit::Ok)] {
        let ran = bar.migration(&format!("migrate {words}")).expect(exit);
        assert!(ran.stderr.contains("too wide"), "{ran:?}");
    }
    assert!(!bar.has("data/us"));
}

#[test]
fn the_basis_that_was_given_outlives_a_new_plan() {
    let bar = legacy();
    let init = ["partition-migrate", "init", "-V", "us:demo", "-i", "1d"];
    bar.run(&[&init[..], &["--basis", "as_traded"]].concat())
        .expect(Exit::Ok);

    bar.run(&[&init[..], &["--force"]].concat())
        .expect(Exit::Ok);

    let planned = bar.json("migration_plan.json")["venues"][0]["intervals"]["1d"].clone();
    assert_eq!(planned["price_basis"], "as_traded");
}
