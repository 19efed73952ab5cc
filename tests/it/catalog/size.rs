//! Registries as large as users have them.

use super::*;

/// A registry as it is after a migration: 9,276 tickers.
fn large(intervals: &[Interval]) -> Vec<u8> {
    let mut catalog = Catalog::default();
    for number in 0..9_276 {
        let symbol = ticker(&format!("T{number}"));
        for interval in intervals {
            let saved = Found {
                storage: Some(StorageBlock::of(yahoo())),
                ..found("2025-11-19")
            };
            catalog
                .record_found(&symbol, &yahoo(), *interval, day("2025-11-20"), saved)
                .unwrap();
        }
    }
    catalog.to_bytes()
}

#[test]
fn a_registry_of_every_interval_is_far_below_the_limit_and_round_trips() {
    let bytes = large(&Interval::ALL);

    let object =
        document::parse_object(&bytes, Path::new("t"), barkeep::catalog::MAX_BYTES).unwrap();
    let catalog = Catalog::from_document(object);

    assert!(bytes.len() < 100 * 1024 * 1024);
    assert_eq!(catalog.tickers().len(), 9_276);
    assert!(catalog.to_bytes() == bytes);
}
