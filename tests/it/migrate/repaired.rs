//! Rows that were taken out of one layout: `verify` knows it, and neither a rollback nor a later migration brings them back from the
//! other one.

use barkeep::cli::Exit;
use rstest::rstest;

use super::{Barkeep, daily, file, migrated};

/// Fridays and Mondays around a Saturday that an older build stored.
const ROWS: [(&str, f64); 7] = [
    ("2024-01-05", 1.0),
    ("2024-01-08", 2.0),
    ("2024-01-12", 3.0),
    ("2024-01-13", 4.0),
    ("2024-01-15", 5.0),
    ("2024-01-19", 6.0),
    ("2024-01-22", 7.0),
];
const SATURDAY: &str = "4.0";

/// A migrated workspace of which the Saturday was taken out since.
fn repaired() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write(file("A"), daily("A", &ROWS));
    migrated(&bar).expect(Exit::Ok);
    without_saturday_in(bar)
}

fn without_saturday_in(mut bar: Barkeep) -> Barkeep {
    // Files of the predecessor do not say whose clock they show.
    let entry = serde_json::json!({
        "ticker": "A",
        "status": "active",
        "venue": "us:demo",
        "identity": { "timezone": "America/New_York" },
    });
    let tickers = serde_json::json!({ "A": entry });
    bar.write("tickers.json", tickers.to_string());
    "2025-11-22T22:00:00Z".clone_into(&mut bar.now);
    bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);
    assert!(!closes(&bar).contains(&SATURDAY.to_owned()));
    bar
}

fn closes(bar: &Barkeep) -> Vec<String> {
    super::closes(bar, "A")
}

fn without_saturday() -> Vec<String> {
    ["1.0", "2.0", "3.0", "5.0", "6.0", "7.0"]
        .map(str::to_owned)
        .to_vec()
}

#[test]
fn verify_knows_what_was_taken_out() {
    let bar = repaired();

    bar.migration("verify 1d").expect(Exit::Ok);
    bar.migration("migrate 1d --delete-legacy --yes")
        .expect(Exit::Ok);

    assert!(!bar.has(file("A")));
    bar.migration("verify 1d").expect(Exit::Ok);
    bar.migration("rollback 1d").expect(Exit::Ok);
    assert_eq!(closes(&bar), without_saturday());
}

/// The legacy file has the row still.
#[test]
fn a_rollback_does_not_bring_back_what_was_taken_out() {
    let bar = repaired();
    let before = bar.read(file("A"));

    bar.migration("rollback 1d").expect(Exit::Ok);

    assert_eq!(closes(&bar), without_saturday());
    let kept = bar.tree().into_iter();
    let mut kept = kept.filter(|(path, _)| path.to_string_lossy().contains("/quarantine/"));
    assert!(
        kept.any(|(_, bytes)| bytes == before),
        "the legacy file is kept whole"
    );
    bar.migration("migrate 1d").expect(Exit::Ok);
    bar.migration("verify 1d").expect(Exit::Ok);
    assert_eq!(closes(&bar), without_saturday());
}

/// Somebody puts the partitions away and begins anew with the legacy file.
#[test]
fn a_later_migration_does_not_bring_it_back_either() {
    for has_partitions in [true, false] {
        let bar = repaired();
        let journals: Vec<_> = bar.tree().into_keys().collect();
        let root = bar.path();
        for path in journals {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let is_proof = name.contains("proofs") || name.contains("migration_");
            if is_proof || (!has_partitions && name.starts_with("data/us/")) {
                bar.remove(&name);
            }
        }

        migrated(&bar).expect(Exit::Ok);

        assert_eq!(
            closes(&bar),
            without_saturday(),
            "partitions: {has_partitions}"
        );
        bar.migration("verify 1d").expect(Exit::Ok);
    }
}

/// After a rollback, and as long as not all was migrated, the legacy file is the series, and the partitions are an older copy of it.
#[rstest]
#[case::back(&["migrate --all", "rollback"])]
#[case::in_part(&["migrate --all --max-tickers 1"])]
fn what_was_taken_out_of_a_legacy_file_does_not_come_back_from_a_copy_of_it(
    #[case] before: &[&str],
) {
    let bar = Barkeep::empty();
    for ticker in ["A", "B"] {
        bar.write(file(ticker), daily(ticker, &ROWS));
    }
    bar.migration("init -V us:demo --all-found")
        .expect(Exit::Ok);
    for words in before {
        bar.migration(words);
    }
    let bar = without_saturday_in(bar);

    bar.migration("rollback 1d --remove-partitions --yes")
        .expect(Exit::Ok);

    assert_eq!(closes(&bar), without_saturday());
    assert!(
        !bar.tree()
            .into_keys()
            .any(|path| path.to_string_lossy().contains("ticker=A"))
    );
}
