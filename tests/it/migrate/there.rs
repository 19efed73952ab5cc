//! From legacy files to partitions.

use barkeep::frame::{Column, Frame};
use barkeep::model::StorageRequest;
use barkeep::storage::{Replaced, StorageInterface};

use super::{Barkeep, DEMO_IS_LEGACY, Exit, below, closes, daily, file, legacy, migrated};
use crate::support::workspace::{TestWorkspace, held};

const MONTH: &str = "data/us/demo/stocks_1d/ticker=A/year=2024/month=01/data.parquet";

#[test]
fn everything_is_copied_proven_and_switched() {
    let bar = legacy();
    let before = below(&bar, "data/legacy");

    let summary = migrated(&bar).expect(Exit::Ok).summary();

    let interval = &summary["intervals"][0];
    assert_eq!(interval["proven_now"], 2);
    assert_eq!(interval["is_proven"], true);
    assert_eq!(
        interval["read_from_memory"].as_u64().map(|n| n <= 2),
        Some(true)
    );
    assert_eq!(summary["activated"][0], "us:demo");
    assert_eq!(below(&bar, "data/legacy"), before);
    assert_eq!(bar.json("storage_config.json")["sources"]["us/demo"], true);
    let plan = bar.json("migration_plan.json");
    let planned = &plan["venues"][0]["intervals"]["1d"];
    assert_eq!(planned["status"], "complete");
    assert_eq!(plan["venues"][0]["status"], "complete");
    assert_eq!(planned["verification"]["method"], "row_counts+checksum");
    assert_eq!(
        planned["verification"]["verified_at"],
        "2025-11-21T22:00:00Z"
    );
    assert_eq!(planned["totals"]["legacy_rows"], 6);
    assert_eq!(planned["totals"]["partition_rows"], 6);
    assert_eq!(planned["jobs"]["completed"], 2);
    let block = &bar.json("tickers.json")["A"];
    assert!(
        block.to_string().contains("\"mode\":\"partitioned\""),
        "{block}"
    );
    assert!(
        block
            .to_string()
            .contains("\"verified_at\":\"2025-11-21T22:00:00Z\""),
        "{block}"
    );
    assert_eq!(closes(&bar, "A"), ["1.0", "1.5", "2.0"]);
    assert!(!bar.has("partition-staging"));
}

#[test]
fn the_next_update_goes_to_the_partitions() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    let before = below(&bar, "data/legacy");

    bar.run(&["update", "--venue", "us:demo"]).expect(Exit::Ok);

    assert_eq!(below(&bar, "data/legacy"), before);
    assert!(bar.has("data/us/demo/stocks_1d/ticker=A/year=2025/month=11/data.parquet"));
}

#[test]
fn a_dry_run_names_what_would_happen_and_touches_nothing() {
    let bar = legacy();
    bar.write(file("C"), b"no parquet at all");
    bar.migration("init -V us:demo -i 1d").expect(Exit::Ok);
    let before = bar.tree();

    let plan = bar
        .migration("migrate --all --dry-run --json")
        .expect(Exit::Partial)
        .summary();

    assert_eq!(bar.tree(), before);
    let interval = &plan["intervals"][0];
    assert_eq!(interval["rows"], 6);
    assert_eq!(interval["files"], 4);
    assert_eq!(interval["refusals"][0]["ticker"], "C");
    // Two months, their year and the ticker: four files and eight directories, a block each.
    assert_eq!(interval["bytes"], 12 * 4096);
    assert_eq!(interval["inodes"], 12);
    assert!(plan["free_bytes"].as_u64().unwrap() > 12 * 4096);
    assert!(plan["build_seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn one_bad_ticker_fails_alone_and_keeps_the_switch_from_being_turned() {
    let bar = legacy();
    bar.write(file("C"), b"no parquet at all");

    let summary = migrated(&bar).expect(Exit::Damaged).summary();

    assert_eq!(summary["intervals"][0]["proven_now"], 2);
    assert_eq!(summary["intervals"][0]["failures"][0]["ticker"], "C");
    assert_eq!(summary["activated"].as_array().map(Vec::len), Some(0));
    assert!(!bar.has("storage_config.json"));
    let plan = bar.json("migration_plan.json");
    assert_eq!(plan["venues"][0]["intervals"]["1d"]["status"], "migrating");
    // The legacy layout is still the one that counts.
    assert_eq!(closes(&bar, "A"), ["1.0", "1.5", "2.0"]);
    let status = bar.migration("status --json").expect(Exit::Ok).summary();
    assert_eq!(status["intervals"][0]["tickers"]["failed"], 1);

    bar.write(file("C"), daily("C", &[("2024-01-02", 3.0)]));
    let again = bar
        .migration("migrate --all --json")
        .expect(Exit::Ok)
        .summary();

    assert_eq!(again["intervals"][0]["proven_before"], 2);
    assert_eq!(again["intervals"][0]["proven_now"], 1);
    assert_eq!(again["activated"][0], "us:demo");
}

#[test]
fn a_run_in_portions_ends_where_one_run_ends() {
    let (whole, portions) = (legacy(), legacy());
    migrated(&whole).expect(Exit::Ok);
    portions
        .run(&["partition-migrate", "init", "-V", "us:demo", "--all-found"])
        .expect(Exit::Ok);

    let first = portions
        .run(&["partition-migrate", "migrate", "--max-tickers", "1"])
        .expect(Exit::Ok);
    assert!(!portions.has("storage_config.json"), "{first:?}");
    portions
        .run(&["partition-migrate", "migrate", "--max-tickers", "1"])
        .expect(Exit::Ok);

    for name in [
        "data/us",
        "migration_plan.json",
        "tickers.json",
        "storage_config.json",
    ] {
        let shown = |bar: &Barkeep| -> Vec<_> {
            let root = bar.path();
            let files = below(bar, name).into_iter();
            files
                .map(|(path, bytes)| (path.strip_prefix(root).unwrap().to_owned(), bytes))
                .collect()
        };
        assert_eq!(shown(&whole), shown(&portions), "{name}");
    }
}

#[test]
fn legacy_files_that_changed_since_their_proof_are_copied_again() {
    let bar = legacy();
    bar.write(file("C"), b"no parquet at all");
    migrated(&bar).expect(Exit::Damaged);
    // The legacy layout still counts, and a run of it changes the last row and adds one.
    bar.write(
        file("A"),
        daily(
            "A",
            &[
                ("2024-01-30", 1.0),
                ("2024-01-31", 1.5),
                ("2024-02-01", 7.0),
                ("2024-02-02", 8.0),
            ],
        ),
    );
    bar.remove(file("C"));

    let summary = bar
        .migration("migrate --all --json")
        .expect(Exit::Ok)
        .summary();

    assert_eq!(summary["intervals"][0]["proven_now"], 1);
    let told = bar
        .run(&["revisions", "A", "--json"])
        .expect(Exit::Ok)
        .stdout;
    assert!(
        told.contains(r#""field":"close","old":2.0,"new":7.0"#),
        "{told}"
    );
    assert_eq!(closes(&bar, "A"), ["1.0", "1.5", "7.0", "8.0"]);
}

#[test]
fn legacy_files_go_only_when_told_and_leave_nothing_behind() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);

    let refused = bar
        .migration("migrate 1d --delete-legacy")
        .expect(Exit::Usage);
    assert!(refused.stderr.contains("--yes"), "{refused:?}");
    assert!(bar.has(file("A")));

    let summary = bar
        .migration("migrate 1d --delete-legacy --yes --json")
        .expect(Exit::Ok)
        .summary();

    assert_eq!(summary["intervals"][0]["legacy_files_removed"], 2);
    assert!(!bar.has("data/legacy/stocks_1d"));
    assert!(!bar.has("partition-staging"));
    assert_eq!(closes(&bar, "B"), ["2.0", "2.5", "3.0"]);
    let verified = bar.migration("verify --json").expect(Exit::Ok).summary();
    assert_eq!(verified["intervals"][0]["proven"], 2);
    // The totals stay those of the whole, and there is nothing left to do.
    let again = bar
        .migration("migrate 1d --json")
        .expect(Exit::Ok)
        .summary();
    assert_eq!(again["intervals"][0]["tickers"], 2);
    assert_eq!(again["intervals"][0]["proven_before"], 2);
}

#[test]
fn damaged_partitions_keep_every_legacy_file() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    let mut bytes = bar.read(MONTH);
    bytes[100] ^= 1;
    bar.write(MONTH, &bytes);

    let ran = bar
        .migration("migrate 1d --delete-legacy --yes")
        .expect(Exit::Damaged);

    assert!(bar.has(file("A")) && bar.has(file("B")), "{ran:?}");
    assert_eq!(bar.read(MONTH), bytes);
}

#[test]
fn values_that_updates_replaced_since_do_not_keep_legacy_files() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    revise(&bar);

    bar.migration("verify").expect(Exit::Ok);
    bar.migration("migrate 1d --delete-legacy --yes")
        .expect(Exit::Ok);
    let verified = bar.migration("verify --json").expect(Exit::Ok).summary();

    assert_eq!(verified["intervals"][0]["proven"], 2);
    assert_eq!(closes(&bar, "A")[..3], ["1.0", "1.5", "9.0"]);
}

/// Has a later run replace a value and add a row, by files that a source of the same venue reads.
pub(super) fn revise(bar: &Barkeep) {
    bar.write(
        "barkeep.toml",
        DEMO_IS_LEGACY.to_owned()
            + "[sources.\"us:demo\"]\nkind = \"files\"\npath = \"inbox\"\nsettle_sessions = 0\n",
    );
    deliver(bar, "2024-02-01,9,9,9,9,9\n2024-02-02,10,10,10,10,10\n");
}

/// Has a run of the source of `revise` bring these rows.
pub(super) fn deliver(bar: &Barkeep, rows: &str) {
    bar.write(
        "inbox/A.csv",
        format!("date,open,high,low,close,volume\n{rows}"),
    );
    bar.run(&[
        "update",
        "--venue",
        "us:demo",
        "--interval",
        "1d",
        "--ticker",
        "A",
    ])
    .expect(Exit::Ok);
}

/// Of a month that was moved to another basis the ledger has no line for each value: verify took it for altered by somebody.
#[test]
fn a_month_that_was_moved_to_another_basis_is_still_the_one_that_was_proven() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    let bench = TestWorkspace::of(bar.path());
    let request = StorageRequest::bars(
        "us:demo".parse().unwrap(),
        "A".parse().unwrap(),
        "1d".parse().unwrap(),
    );
    let store = bench.stores().partitioned;
    let stored = store.read(&request).unwrap().unwrap();
    let columns = stored.frame.columns().iter().map(|column| match column {
        Column::Float(values) => {
            Column::Float(values.iter().map(|value| Some(value? / 4.0)).collect())
        }
        other => other.clone(),
    });
    let moved = Frame::ordered(stored.frame.profile(), columns.collect()).frame;
    let mut prepared = store.prepare(&request, &moved, &stored.provenance).unwrap();
    prepared.factor = Some(0.25);
    let at = "2025-11-22T22:00:00Z".parse().unwrap();
    bench
        .commit_at(&held(), &prepared, Replaced::Noted, at)
        .unwrap();

    let verified = bar.migration("verify").expect(Exit::Ok);
    bar.migration("migrate 1d --delete-legacy --yes")
        .expect(Exit::Ok);

    assert!(!bar.has(file("A")), "{verified:?}");
}

#[test]
fn without_a_ledger_line_a_changed_value_keeps_every_legacy_file() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    let other = legacy();
    other.write(
        file("A"),
        daily("A", &[("2024-01-30", 1.0), ("2024-01-31", 4.0)]),
    );
    migrated(&other).expect(Exit::Ok);
    bar.write(MONTH, other.read(MONTH));

    let ran = bar
        .migration("migrate 1d --delete-legacy --yes")
        .expect(Exit::Mismatch);
    let verified = bar.migration("verify").expect(Exit::Mismatch);

    assert!(bar.has(file("B")), "{ran:?}");
    assert!(
        verified
            .stdout
            .contains("2024-01-31 00:00:00 has open 4.0, expected 1.5"),
        "{verified:?}"
    );
}

#[test]
fn legacy_files_with_other_times_and_the_same_bytes_are_still_proven() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    for (path, bytes) in below(&bar, "data/legacy") {
        let name = path.strip_prefix(bar.path()).unwrap().display().to_string();
        bar.remove(&name);
        bar.write(&name, bytes);
    }

    let status = bar.migration("status").expect(Exit::Ok);

    assert!(status.stdout.contains("active"), "{status:?}");
}

#[test]
fn status_counts_the_rows_of_both_sides_before_anything_is_proven() {
    let bar = legacy();
    bar.write(file("C"), b"no parquet at all");
    bar.migration("init -V us:demo --all-found")
        .expect(Exit::Ok);
    let status = || {
        let ran = bar.migration("status --json");
        ran.expect(Exit::Ok).summary()["intervals"][0].clone()
    };

    let before = status();
    assert_eq!(before["legacy_rows"], 6);
    assert_eq!(before["partition_rows"], 0);
    assert_eq!(before["tickers_not_counted"], serde_json::json!(["C"]));

    bar.migration("migrate --all").expect(Exit::Damaged);
    // A's proof no longer says what its file holds.
    bar.write(file("A"), daily("A", &[("2024-01-30", 1.0)]));

    let after = status();
    assert_eq!(after["legacy_rows"], 4);
    assert_eq!(after["partition_rows"], 6);
    let told = bar.migration("status").expect(Exit::Ok);
    assert!(
        told.stderr.contains("first C: files of theirs"),
        "{}",
        told.stderr
    );
}
