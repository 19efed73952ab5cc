//! Plans that do not tell the whole story: what they leave out, what others finished, and what can only be in partitions.

use super::plans::plan_of_the_predecessor;
use super::{Barkeep, Exit, below, closes, daily, legacy, migrated};

/// A workspace of which the daily files are migrated and removed.
fn removed() -> Barkeep {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    bar.migration("migrate 1d --delete-legacy --yes")
        .expect(Exit::Ok);
    bar
}

fn put_hourly(bar: &Barkeep) {
    let rows = [("2024-01-30T10:30:00", 1.0), ("2024-01-30T11:30:00", 2.0)];
    bar.write("data/legacy/stocks_1h/A.parquet", daily("A", &rows));
}

#[test]
fn a_new_plan_leaves_no_interval_out_whose_legacy_files_were_removed() {
    let bar = removed();
    put_hourly(&bar);

    bar.migration("init -V us:demo --all-found --force")
        .expect(Exit::Ok);

    let planned = bar.json("migration_plan.json")["venues"][0]["intervals"].clone();
    let names: Vec<_> = planned.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["1h", "1d"]);
    bar.migration("verify 1d").expect(Exit::Ok);
    bar.migration("rollback 1d").expect(Exit::Ok);
    assert_eq!(closes(&bar, "A"), ["1.0", "1.5", "2.0"]);
}

#[test]
fn a_plan_that_is_gone_is_made_again_from_the_journal() {
    let bar = removed();
    bar.remove("migration_plan.json");

    bar.migration("init -V us:demo --all-found")
        .expect(Exit::Ok);

    bar.migration("verify 1d").expect(Exit::Ok);
    bar.migration("rollback --all").expect(Exit::Ok);
    assert_eq!(closes(&bar, "B"), ["2.0", "2.5", "3.0"]);
}

#[test]
fn two_old_plans_of_one_second_are_both_kept() {
    let bar = legacy();
    bar.migration("init -V us:demo --all-found")
        .expect(Exit::Ok);
    for token in ["first", "second"] {
        bar.migration(&format!("mark us:demo 1d --resume-token {token}"))
            .expect(Exit::Ok);
        bar.migration("init -V us:demo --all-found --force")
            .expect(Exit::Ok);
    }

    for token in ["first", "second"] {
        let is_kept = |(path, bytes): (&std::path::PathBuf, &Vec<u8>)| {
            path.to_string_lossy().contains("migration_plan.2")
                && String::from_utf8_lossy(bytes).contains(token)
        };
        assert!(bar.tree().iter().any(is_kept), "{token}");
    }
}

/// A workspace whose daily bars the predecessor has moved, and whose legacy files it removed.
fn finished() -> Barkeep {
    let bar = removed();
    bar.remove("state/migration");
    bar.remove("storage_config.json");
    for name in ["tickers.json", "tickers.last-good.json"] {
        if bar.has(name) {
            bar.remove(name);
        }
    }
    if bar.has("data/legacy/stocks_1d") {
        bar.remove("data/legacy/stocks_1d");
    }
    bar.write(
        "migration_plan.json",
        plan_of_the_predecessor("complete", "\"2025-11-02T08:15:00Z\""),
    );
    bar
}

#[test]
fn what_the_predecessor_finished_is_not_called_proven() {
    let bar = finished();

    let ran = bar.migration("migrate --all").expect(Exit::Ok);
    assert!(!ran.stderr.contains("is proven"), "{ran:?}");
    assert!(
        ran.stderr
            .contains("nothing proves what the partitions hold"),
        "{ran:?}"
    );

    let status = bar.migration("status --json").expect(Exit::Ok).summary();
    let interval = &status["intervals"][0];
    assert_eq!(interval["state"], "complete (unverified)");
    assert_eq!(interval["partition_rows"], 6);
    assert!(
        interval["partition_bytes"].as_u64().unwrap() > 0,
        "{interval}"
    );
    let told = bar.migration("status").expect(Exit::Ok);
    assert!(!told.stderr.contains("Everything is migrated"), "{told:?}");
}

#[test]
fn what_the_predecessor_finished_has_storage_blocks_when_its_venue_is_switched() {
    let bar = finished();
    put_hourly(&bar);
    let plan = plan_of_the_predecessor("complete", "\"2025-11-02T08:15:00Z\"");
    let mut plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let mut hourly = plan["venues"][0]["intervals"]["1d"].clone();
    hourly["status"] = "pending".into();
    hourly["legacy_path"] = "data/legacy/stocks_1h".into();
    hourly["partition_path"] = "data/us/demo/stocks_1h".into();
    plan["venues"][0]["intervals"]["1h"] = hourly;
    bar.write("migration_plan.json", plan.to_string());

    bar.migration("migrate --all").expect(Exit::Ok);

    let registry = bar.json("tickers.json");
    for (ticker, interval) in [("A", "1d"), ("B", "1d"), ("A", "1h")] {
        let entry = registry[ticker].to_string();
        assert!(
            entry.contains("\"mode\":\"partitioned\""),
            "{ticker}: {entry}"
        );
        assert!(
            entry.contains(&format!("\"{interval}\"")),
            "{ticker}: {entry}"
        );
    }
}

#[test]
fn a_wide_interval_of_an_old_plan_stands_in_nobodys_way() {
    let bar = legacy();
    let file = bar.read("data/legacy/stocks_1d/A.parquet");
    bar.write("data/legacy/stocks_1wk/A.parquet", file);
    let plan = plan_of_the_predecessor("pending", "null");
    let mut plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let mut weekly = plan["venues"][0]["intervals"]["1d"].clone();
    weekly["legacy_path"] = "data/legacy/stocks_1wk".into();
    weekly["partition_path"] = "data/us/demo/stocks_1wk".into();
    plan["venues"][0]["intervals"]["1wk"] = weekly;
    bar.write("migration_plan.json", plan.to_string());

    let ran = bar.migration("migrate --all").expect(Exit::Ok);

    assert!(ran.stderr.contains("1wk: its bars are too wide"), "{ran:?}");
    assert_eq!(bar.json("storage_config.json")["sources"]["us/demo"], true);
    assert!(bar.has("data/legacy/stocks_1wk/A.parquet"));
    assert!(!bar.has("data/us/demo/stocks_1wk"));
    let status = bar.migration("status").expect(Exit::Ok);
    assert!(!status.stderr.contains("migrate us:demo 1wk"), "{status:?}");
}

#[test]
fn a_ticker_that_no_legacy_file_can_be_named_after_stays_in_partitions() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    bar.run(&["tickers", "add", "A/B", "--venue", "us:demo"])
        .expect(Exit::Ok);
    bar.run(&[
        "update",
        "--venue",
        "us:demo",
        "--ticker",
        "A/B",
        "--interval",
        "1d",
    ])
    .expect(Exit::Ok);
    let stored = below(&bar, "data/us/demo/stocks_1d/ticker=A%2FB");
    assert!(!stored.is_empty());

    let verified = bar.migration("verify 1d").expect(Exit::Ok);
    assert!(!verified.stderr.contains("cannot hold"), "{verified:?}");
    let summary = bar
        .migration("rollback 1d --remove-partitions --yes --json")
        .expect(Exit::Ok)
        .summary();

    assert_eq!(
        summary["intervals"][0]["staying"],
        serde_json::json!(["A/B"])
    );
    assert_eq!(summary["intervals"][0]["switched"], true);
    assert_eq!(below(&bar, "data/us/demo/stocks_1d/ticker=A%2FB"), stored);
    assert!(!bar.has("data/us/demo/stocks_1d/ticker=A"));
    assert!(!closes(&bar, "A/B").is_empty());
}

#[test]
fn flat_files_without_a_workspace_are_adopted() {
    let bar = Barkeep::empty();
    bar.write("stocks_1d/A.parquet", daily("A", &[("2024-01-30", 1.0)]));
    if bar.has("tickers.json") {
        bar.remove("tickers.json");
    }

    let ran = bar
        .migration("init -V us:demo --all-found")
        .expect(Exit::Failed);
    assert!(ran.stderr.contains("--adopt"), "{ran:?}");
    bar.migration("init -V us:demo --all-found --adopt --yes")
        .expect(Exit::Ok);
    bar.migration("migrate --all").expect(Exit::Ok);
    assert_eq!(closes(&bar, "A"), ["1.0"]);
}

#[test]
fn what_differs_is_told_by_month_and_in_numbers() {
    let wrong = |bar: &Barkeep| {
        let ran = bar.migration("verify 1d --json").expect(Exit::Mismatch);
        ran.summary()["intervals"][0]["wrong"][0].clone()
    };
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    bar.remove("data/us/demo/stocks_1d/ticker=A/year=2024/month=01");
    let found = wrong(&bar);
    assert_eq!(found["ticker"], "A");
    assert_eq!(found["months"], serde_json::json!(["2024-01"]));
    assert_eq!(found["difference"]["missing"], 2);
    assert_eq!(found["difference"]["extra"], 0);

    let bar = removed();
    bar.remove("data/us/demo/stocks_1d/ticker=A/year=2024/month=01");
    let found = wrong(&bar);
    assert_eq!(found["months"], serde_json::json!(["2024-01"]));
    assert!(
        found["reason"]
            .to_string()
            .contains("there is none of 2024-01"),
        "{found}"
    );
}

#[test]
fn a_mark_cannot_have_more_done_than_there_are() {
    let bar = legacy();
    bar.migration("init -V us:demo --all-found")
        .expect(Exit::Ok);
    bar.migration("mark us:demo 1d --jobs-total 3 --jobs-completed 3")
        .expect(Exit::Ok);

    for more in ["--jobs-total 1", "--jobs-completed 99"] {
        let ran = bar
            .migration(&format!("mark us:demo 1d {more}"))
            .expect(Exit::Usage);
        assert!(ran.stderr.contains("cannot be done"), "{ran:?}");
    }
}

/// A ticker of two venues has one place in the legacy layout. Whose rows lay there did not matter: they were proven, stored and
/// labelled as those of the venue that was migrated.
#[test]
fn a_legacy_file_that_names_another_venue_is_not_migrated() {
    let bar = Barkeep::empty();
    let table = |venue| format!("[sources.\"{venue}\"]\nkind = \"files\"\npath = \"in\"\n");
    bar.write("barkeep.toml", table("de:mine") + &table("de:other"));
    bar.write(
        "in/A.csv",
        "Date,Open,High,Low,Close,Volume\n2025-11-20,7,7,7,7,1000\n",
    );
    bar.write("tickers.json", r#"{"A": {"venue": "de:mine"}}"#);
    bar.run(&["tickers", "add", "A", "--venue", "de:other"])
        .expect(Exit::Ok);
    bar.run(&["update", "--venue", "de:other"]).expect(Exit::Ok);
    bar.write(
        "tickers.json",
        r#"{"A": {"venue": "de:mine", "venues": {"de:other": {}}}}"#,
    );
    // There an older build kept it.
    let bytes = bar.read("data/legacy/de/other/stocks_1d/A.parquet");
    bar.remove("data/legacy");
    bar.write("data/legacy/stocks_1d/A.parquet", bytes);

    let planned = bar.run(&["partition-migrate", "init", "-V", "de:mine", "--all-found"]);
    let ran = bar.run(&["partition-migrate", "migrate", "--all", "--yes"]);

    assert!(!bar.has("data/de"), "{planned:#?} {ran:#?}");
    assert!(bar.has("data/legacy/stocks_1d/A.parquet"));
}
