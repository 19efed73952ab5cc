//! Rows that were taken out of partitions: `verify` knows it, and neither a rollback nor a later migration brings them back.

use barkeep::cli::Exit;

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
    let mut bar = Barkeep::empty();
    bar.write(file("A"), daily("A", &ROWS));
    migrated(&bar).expect(Exit::Ok);
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
