//! The file format: what goes in comes out, and what was flipped is found.

use barkeep::codec::{CodecError, Compression, Facts, decode, encode};
use barkeep::frame::{self, Bar, BarBatch, EventKind, Frame, MarketEvent, Profile, Volume};
use barkeep::model::{Dataset, PriceBasis, Provenance, TimeUnit, time};
use bytes::Bytes;
use proptest::prelude::*;

fn facts(compression: Compression) -> Facts {
    Facts {
        unit: TimeUnit::Micros,
        provenance: Provenance {
            timezone: Some("America/New_York".to_owned()),
            basis: PriceBasis::SplitAdjusted,
            source: Some("us:demo".parse().unwrap()),
        },
        compression,
        row_group_rows: None,
    }
}

fn frame(days: i32) -> Frame {
    let price = |n: i32| Some(1_011.895_141_601_562_5 + f64::from(n) * 0.25);
    let bars = (0..days).map(|n| Bar {
        date: Some(time::parse("2024-01-02").unwrap() + i64::from(n) * time::DAY),
        open: price(n),
        high: price(n + 1),
        low: if n % 7 == 3 { None } else { price(n - 1) },
        close: price(n),
        volume: Some(i64::from(1_000_000 + n).into()),
        sequence: None,
    });
    BarBatch {
        bars: bars.collect(),
    }
    .ordered(&"AAPL".parse().unwrap())
    .0
    .frame
}

fn bars_profile() -> &'static Profile {
    Profile::of(Dataset::Stocks)
}

#[test]
fn a_frame_survives_every_compression_and_unit() {
    for compression in [
        Compression::None,
        Compression::Snappy,
        Compression::Zstd,
        Compression::Gzip,
    ] {
        for unit in [TimeUnit::Millis, TimeUnit::Micros, TimeUnit::Nanos] {
            let facts = Facts {
                unit,
                ..facts(compression)
            };

            let encoded = encode(&frame(21), &facts).unwrap();
            let decoded = decode(&encoded.bytes, bars_profile()).unwrap();

            assert_eq!(decoded.ordered.frame, frame(21));
            assert_eq!(
                (decoded.unit, &decoded.provenance),
                (unit, &facts.provenance)
            );
            assert!(decoded.is_sealed && decoded.unknown_columns.is_empty());
        }
    }
}

#[test]
fn equal_rows_are_equal_bytes() {
    let facts = facts(Compression::Zstd);

    assert_eq!(
        encode(&frame(21), &facts).unwrap().bytes,
        encode(&frame(21), &facts).unwrap().bytes
    );
}

#[test]
fn every_flipped_bit_and_every_truncation_is_found() {
    for compression in [Compression::None, Compression::Snappy, Compression::Zstd] {
        let whole = encode(&frame(5), &facts(compression)).unwrap().bytes;

        for at in 0..whole.len() * 8 {
            let mut flipped = whole.to_vec();
            flipped[at / 8] ^= 1 << (at % 8);
            let found = decode(&Bytes::from(flipped), bars_profile());
            assert!(
                matches!(found, Err(CodecError::Damaged { .. })),
                "bit {at} with {compression:?}: {found:?}"
            );
        }
        for length in 0..whole.len() {
            let found = decode(&whole.slice(..length), bars_profile());
            assert!(
                matches!(found, Err(CodecError::Damaged { .. })),
                "cut to {length}: {found:?}"
            );
        }
    }
}

#[test]
fn an_empty_frame_is_stored_and_is_not_absent() {
    let empty = Frame::empty(bars_profile());

    let encoded = encode(&empty, &facts(Compression::Snappy)).unwrap();

    assert_eq!(
        decode(&encoded.bytes, bars_profile())
            .unwrap()
            .ordered
            .frame
            .len(),
        0
    );
}

#[test]
fn a_timestamp_finer_than_its_tree_is_refused_and_not_rounded() {
    let bars = vec![Bar {
        date: Some(1),
        close: Some(1.0),
        ..Bar::default()
    }];
    let frame = BarBatch { bars }.ordered(&"A".parse().unwrap()).0.frame;

    let refused = encode(&frame, &facts(Compression::Snappy));

    assert!(
        matches!(refused, Err(CodecError::TooFine { value: 1, .. })),
        "{refused:?}"
    );
}

#[test]
fn other_datasets_have_other_columns() {
    let encoded = encode(&frame(3), &facts(Compression::Snappy)).unwrap();

    let found = decode(&encoded.bytes, Profile::of(Dataset::Trades));

    assert!(
        matches!(found, Err(CodecError::Foreign { .. })),
        "{found:?}"
    );
}

fn any_price() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        Just(Some(0.0)),
        Just(Some(-0.0)),
        Just(Some(f64::NAN)),
        any::<f64>().prop_map(Some)
    ]
}

fn any_bar() -> impl Strategy<Value = Bar> {
    let date = (-200_000_i64..200_000).prop_map(|hour| Some(hour * 3_600_000_000_000));
    let volume = any::<Option<i64>>().prop_map(|units| units.map(Volume::Units));
    (
        date,
        any_price(),
        any_price(),
        any_price(),
        any_price(),
        volume,
        any::<Option<i64>>(),
    )
        .prop_map(|(date, open, high, low, close, volume, sequence)| Bar {
            date,
            open,
            high,
            low,
            close,
            volume,
            sequence,
        })
}

fn any_frame() -> impl Strategy<Value = Frame> {
    prop::collection::vec(any_bar(), 0..60)
        .prop_map(|bars| BarBatch { bars }.ordered(&"X".parse().unwrap()).0.frame)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_frame_comes_back_bit_for_bit(frame in any_frame()) {
        let encoded = encode(&frame, &facts(Compression::Zstd)).unwrap();
        let decoded = decode(&encoded.bytes, bars_profile()).unwrap();

        prop_assert_eq!(decoded.ordered.frame.fingerprint(), frame.fingerprint());
        prop_assert_eq!(decoded.ordered.frame, frame);
    }

    #[test]
    fn a_merge_never_loses_a_key_and_repeating_it_changes_nothing(older in any_frame(), newer in any_frame()) {
        let merged = frame::merge(&older, &newer);
        let again = frame::merge(&merged.frame, &newer);

        prop_assert!(!again.is_changed());
        prop_assert_eq!(&again.frame, &merged.frame);
        let keys: std::collections::BTreeSet<i64> = merged.frame.times().collect();
        prop_assert!(older.times().chain(newer.times()).all(|time| keys.contains(&time)));
        prop_assert_eq!(merged.frame.len(), older.len() + merged.added);
    }

    #[test]
    fn splitting_and_joining_gives_the_frame_again(frame in any_frame()) {
        let parts = frame.split().into_values().collect();

        prop_assert_eq!(Frame::concat(bars_profile(), parts), Ok(frame));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _outcome = decode(&Bytes::from(bytes), bars_profile());
    }
}

/// A file of events of the build before `currency` came to them: its fingerprint is that of its rows today.
#[test]
fn a_file_without_a_column_that_came_later_reads_as_one_without_values_in_it() {
    let bytes = Bytes::from_static(include_bytes!("codec/events_of_version_1.parquet"));
    let profile = Profile::of(Dataset::Events);

    let decoded = decode(&bytes, profile).unwrap();

    assert!(decoded.is_sealed && decoded.unknown_columns.is_empty());
    let rows = &decoded.ordered.frame;
    assert_eq!(decoded.fingerprint(), rows.fingerprint());
    let events = frame::events_of(rows);
    assert_eq!(events.len(), 2);
    assert!(events.iter().all(|event| event.currency.is_none()));
    let again = encode(rows, &facts(Compression::Snappy)).unwrap();
    assert_eq!(again.fingerprint, decoded.fingerprint());
    assert_eq!(version(&again.bytes), "1");
}

#[test]
fn a_currency_counts_in_the_fingerprint_and_raises_the_version_of_its_file() {
    let paid = |currency: Option<&str>| {
        let kind = EventKind::Dividend { amount: 0.5 };
        let own = MarketEvent::new(0, kind);
        let other = MarketEvent {
            currency: currency.map(Into::into),
            ..MarketEvent::new(time::DAY, kind)
        };
        frame::rows_of_events(&"A".parse().unwrap(), &[own, other])
    };
    let rows = [None, Some("USD"), Some("EUR")].map(paid);
    let files = rows
        .clone()
        .map(|rows| encode(&rows, &facts(Compression::Snappy)).unwrap());

    let prints = files
        .clone()
        .map(|file| file.fingerprint.digest.to_string());
    let versions = files.clone().map(|file| version(&file.bytes));

    assert!(prints[0] != prints[1] && prints[1] != prints[2] && prints[0] != prints[2]);
    assert_eq!(versions, ["1", "2", "2"]);
    for (file, rows) in files.iter().zip(&rows) {
        let decoded = decode(&file.bytes, rows.profile()).unwrap();
        assert_eq!(&decoded.ordered.frame, rows);
    }
}

/// Returns the format version that a file says.
fn version(bytes: &[u8]) -> String {
    let key = b"barkeep.schema_version";
    let at = bytes
        .windows(key.len())
        .position(|part| part == key)
        .unwrap()
        + key.len();
    // A string of one byte: its field, its length, itself.
    String::from_utf8(bytes[at + 2..at + 3].to_vec()).unwrap()
}
