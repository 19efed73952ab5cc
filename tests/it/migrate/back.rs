//! From partitions to legacy files.

use super::there::{deliver, revise};
use super::{Barkeep, Exit, below, closes, file, legacy, migrated};
use crate::support::foreign::{ForeignFile, Whole, daily, days};

fn roll_back(bar: &Barkeep, more: &[&str]) -> super::Ran {
    bar.run(&[&["partition-migrate", "rollback", "1d", "--json"], more].concat())
}

#[test]
fn a_legacy_file_that_is_equal_stays_as_it_is() {
    let bar = legacy();
    let before = below(&bar, "data/legacy");
    migrated(&bar).expect(Exit::Ok);

    let summary = roll_back(&bar, &[]).expect(Exit::Ok).summary();

    assert_eq!(summary["intervals"][0]["equal"], 2);
    assert_eq!(below(&bar, "data/legacy"), before);
    assert_eq!(bar.json("storage_config.json")["sources"]["us/demo"], false);
    assert!(!bar.json("tickers.json").to_string().contains("partitioned"));
    assert_eq!(
        bar.json("migration_plan.json")["venues"][0]["intervals"]["1d"]["status"],
        "pending"
    );
    assert!(bar.has("data/us/demo/stocks_1d/ticker=A"));
    // The next update writes where the switch points.
    bar.run(&["update", "--venue", "us:demo"]).expect(Exit::Ok);
    assert_ne!(below(&bar, "data/legacy"), before);
}

#[test]
fn rows_written_since_are_merged_into_the_legacy_files() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    revise(&bar);
    let partitioned = closes(&bar, "A");

    let summary = roll_back(&bar, &[]).expect(Exit::Ok).summary();

    assert_eq!(summary["intervals"][0]["merged"]["tickers"], 1);
    assert_eq!(closes(&bar, "A"), partitioned);
    bar.remove("data/us");
    assert_eq!(closes(&bar, "A"), partitioned);
}

#[test]
fn deleted_legacy_files_are_rebuilt() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    bar.migration("migrate 1d --delete-legacy --yes")
        .expect(Exit::Ok);

    let dry = roll_back(&bar, &["--dry-run"]).expect(Exit::Ok).summary();
    assert_eq!(dry["intervals"][0]["rebuilt"]["rows"], 6);
    assert!(!bar.has(file("A")));
    roll_back(&bar, &["--remove-partitions"]).expect(Exit::Usage);
    let summary = roll_back(&bar, &["--remove-partitions", "--yes"])
        .expect(Exit::Ok)
        .summary();

    assert_eq!(summary["intervals"][0]["rebuilt"]["tickers"], 2);
    assert_eq!(summary["intervals"][0]["partition_files_removed"], 4);
    assert!(below(&bar, "data/us").is_empty());
    assert!(!bar.has("partition-staging"));
    assert_eq!(closes(&bar, "B"), ["2.0", "2.5", "3.0"]);
    // And there again: the same bytes as the first time.
    let first = legacy();
    migrated(&first).expect(Exit::Ok);
    bar.migration("migrate --all").expect(Exit::Ok);
    let bytes = |bar: &Barkeep| -> Vec<_> {
        below(bar, "data/us")
            .into_iter()
            .map(|(_, bytes)| bytes)
            .collect()
    };
    assert_eq!(bytes(&bar), bytes(&first));
}

#[test]
fn values_of_which_nobody_knows_the_newer_one_switch_nothing() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    bar.write(
        file("A"),
        daily(
            "A",
            &[
                ("2024-01-30", 8.0),
                ("2024-01-31", 1.5),
                ("2024-02-01", 2.0),
            ],
        ),
    );
    let (before, toggles) = (below(&bar, "data"), bar.read("storage_config.json"));

    let ran = roll_back(&bar, &[]).expect(Exit::Mismatch);

    assert!(
        ran.stdout.contains("nothing says which side is newer"),
        "{ran:?}"
    );
    assert_eq!(below(&bar, "data"), before);
    assert_eq!(bar.read("storage_config.json"), toggles);
}

#[test]
fn a_damaged_month_switches_nothing() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    let month = "data/us/demo/stocks_1d/ticker=A/year=2024/month=01/data.parquet";
    bar.write(month, b"torn");
    let toggles = bar.read("storage_config.json");

    roll_back(&bar, &[]).expect(Exit::Damaged);

    assert_eq!(bar.read("storage_config.json"), toggles);
    assert_eq!(bar.read(month), b"torn");
}

#[test]
fn a_symbol_that_legacy_files_cannot_spell_stays_where_it_is() {
    let bar = Barkeep::partitioned(&["A", "A/B"]);
    bar.run(&["update"]).expect(Exit::Ok);
    bar.write(file("A"), daily("A", &[("1990-01-02", 1.0)]));
    bar.migration("init -V us:demo -i 1d").expect(Exit::Ok);
    bar.migration("mark us:demo 1d --status complete")
        .expect(Exit::Ok);

    let before = closes(&bar, "A/B");
    let summary = roll_back(&bar, &[]).expect(Exit::Ok).summary();

    assert_eq!(summary["intervals"][0]["staying"][0], "A/B");
    assert_eq!(bar.json("storage_config.json")["sources"]["us/demo"], false);
    assert_eq!(closes(&bar, "A/B"), before);
}

#[test]
fn one_interval_goes_back_and_the_others_stay() {
    let bar = legacy();
    bar.write(
        "data/legacy/stocks_1h/A.parquet",
        daily("A", &[("2024-01-02T09:30:00", 2.0)]),
    );
    migrated(&bar).expect(Exit::Ok);

    roll_back(&bar, &[]).expect(Exit::Ok);

    let registry = bar.json("tickers.json")["A"]["intervals"].clone();
    assert!(registry["1d"].get("storage").is_none(), "{registry}");
    assert_eq!(
        registry["1h"]["storage"]["mode"], "partitioned",
        "{registry}"
    );
}

#[test]
fn partitions_that_are_not_what_was_proven_are_no_source_for_a_rebuilt_file() {
    for lost in ["ticker=A", "ticker=A/year=2024/month=01"] {
        let bar = legacy();
        migrated(&bar).expect(Exit::Ok);
        bar.migration("migrate 1d --delete-legacy --yes")
            .expect(Exit::Ok);
        bar.remove(format!("data/us/demo/stocks_1d/{lost}"));
        let toggles = bar.read("storage_config.json");

        let ran = roll_back(&bar, &[]).expect(Exit::Mismatch);

        assert!(!bar.has(file("A")), "{lost} {ran:?}");
        assert_eq!(bar.read("storage_config.json"), toggles);
        bar.migration("verify").expect(Exit::Mismatch);
    }
}

#[test]
fn fractions_of_a_legacy_file_that_is_written_anew_are_kept() {
    let bar = legacy();
    let file_of_a = ForeignFile {
        volume: Whole::Fraction,
        ..ForeignFile::of(days(
            "A",
            &[
                ("2024-01-30", 1.0),
                ("2024-01-31", 1.5),
                ("2024-02-01", 2.0),
            ],
        ))
    };
    bar.write(file("A"), file_of_a.bytes());
    bar.migration("init -V us:demo --all-found")
        .expect(Exit::Ok);
    bar.migration("migrate --all --fractions round")
        .expect(Exit::Ok);
    bar.remove("quarantine");
    revise(&bar);

    let summary = roll_back(&bar, &[]).expect(Exit::Ok).summary();

    assert_eq!(summary["intervals"][0]["merged"]["tickers"], 1);
    let kept = below(&bar, "quarantine");
    assert!(
        kept.iter().any(|(_, bytes)| *bytes == file_of_a.bytes()),
        "{kept:?}"
    );
}

#[test]
fn updates_may_come_between_a_rollback_that_was_refused_and_the_next_one() {
    let bar = legacy();
    migrated(&bar).expect(Exit::Ok);
    revise(&bar);
    let whole = bar.read(file("B"));
    bar.write(file("B"), b"torn");
    roll_back(&bar, &[]).expect(Exit::Damaged);
    bar.write(file("B"), &whole);

    // The legacy file of A has the rows of now, and these come after.
    deliver(
        &bar,
        "2024-02-02,11,11,11,11,11\n2024-02-05,12,12,12,12,12\n",
    );

    assert_eq!(closes(&bar, "A"), ["1.0", "1.5", "9.0", "11.0", "12.0"]);
    bar.migration("verify 1d").expect(Exit::Ok);
    roll_back(&bar, &[]).expect(Exit::Ok);
    assert_eq!(closes(&bar, "A"), ["1.0", "1.5", "9.0", "11.0", "12.0"]);
}

/// `--remove-partitions` is for later, too: what updates have done to the legacy file since is in the ledger.
#[test]
fn partitions_that_updates_left_behind_after_a_rollback_can_be_removed() {
    const SOURCE: &str =
        "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\ninterval = \"1d\"\n";
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SOURCE);
    bar.run(&["init", "--ticker", "A", "-i", "1d"])
        .expect(Exit::Ok);
    let deliver = |rows: &[(&str, f64)]| {
        bar.write("in/A.parquet", daily("A", rows));
        bar.run(&["update"]).expect(Exit::Ok);
    };
    deliver(&[("2024-01-30", 1.0), ("2024-01-31", 2.0)]);
    for words in ["init -V us:mine --all-found", "migrate 1d", "rollback 1d"] {
        bar.migration(words).expect(Exit::Ok);
    }
    deliver(&[
        ("2024-01-30", 1.0),
        ("2024-01-31", 2.5),
        ("2024-02-01", 3.0),
    ]);

    bar.migration("rollback 1d --remove-partitions --yes")
        .expect(Exit::Ok);

    let shown = bar.show("A", "1d", &[]).expect(Exit::Ok);
    assert_eq!(shown.closes(), ["1.0", "2.5", "3.0"]);
    assert!(
        !bar.tree()
            .into_keys()
            .any(|path| path.to_string_lossy().contains("ticker=A"))
    );
}

/// The proof is that of the rows, and they are there again.
#[test]
fn a_month_that_was_lost_and_came_back_with_the_same_rows_is_as_proven() {
    const SOURCE: &str =
        "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\ninterval = \"1d\"\n";
    const MONTH: &str = "data/us/mine/stocks_1d/ticker=A/year=2024/month=01/data.parquet";
    let rows = [
        ("2024-01-30", 1.0),
        ("2024-01-31", 2.0),
        ("2024-02-01", 3.0),
    ];
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", SOURCE);
    bar.run(&["init", "--ticker", "A", "-i", "1d"])
        .expect(Exit::Ok);
    bar.write("in/A.parquet", daily("A", &rows));
    bar.run(&["update"]).expect(Exit::Ok);
    for words in [
        "init -V us:mine --all-found",
        "migrate 1d --delete-legacy --yes",
    ] {
        bar.migration(words).expect(Exit::Ok);
    }

    // Within a second nobody knows what came first.
    "2025-11-22T22:00:00Z".clone_into(&mut bar.now);
    bar.remove(MONTH);
    bar.migration("verify 1d").expect(Exit::Mismatch);
    let window = [
        "update",
        "--ticker",
        "A",
        "--start",
        "2024-01-01",
        "--end",
        "2024-01-31",
    ];
    bar.run(&window).expect(Exit::Ok);

    bar.migration("verify 1d").expect(Exit::Ok);
    bar.migration("rollback 1d").expect(Exit::Ok);
    let shown = bar.show("A", "1d", &[]).expect(Exit::Ok);
    assert_eq!(shown.closes(), ["1.0", "2.0", "3.0"]);
}
