//! What one file and one history cost: `cargo bench --bench storage`.
#![expect(
    clippy::cast_precision_loss,
    clippy::expect_used,
    reason = "a benchmark may end at what it did not expect, and its prices need no precision"
)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use barkeep::catalog::{Catalog, Found};
use barkeep::codec::{Compression, Facts, decode, encode};
use barkeep::document;
use barkeep::frame::{self, Bar, BarBatch, Frame, Profile};
use barkeep::model::{
    Dataset, Interval, PriceBasis, Provenance, StorageRequest, Ticker, TimeUnit, time,
};
use barkeep::source::yahoo;
use barkeep::storage::{PartitionedStore, StorageInterface};
use barkeep::sys::OsFs;
use chrono::{Datelike, NaiveDate, Weekday};
use criterion::{Criterion, criterion_group, criterion_main};
use rayon::prelude::*;

const TICKERS: usize = 60;
const FIRST_YEAR: i32 = 2005;
const YEARS: i32 = 20;

fn daily(ticker: &Ticker, first_year: i32, years: i32) -> Frame {
    let first = NaiveDate::from_ymd_opt(first_year, 1, 1).expect("a date");
    let is_session = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let days = first
        .iter_days()
        .take_while(|day| day.year() < first_year + years)
        .filter(is_session);
    let bars = days.enumerate().map(|(n, day)| {
        let price = 40.0 + (n as f64 * 0.37).sin() * 7.123_456_789 + n as f64 * 0.001_7;
        Bar {
            date: time::midnight(day),
            open: Some(price),
            high: Some(price * 1.01),
            low: Some(price * 0.99),
            close: Some(price * 1.001),
            volume: Some(((1_000_000 + n * 977 % 500_000) as f64).into()),
            sequence: None,
        }
    });
    BarBatch {
        bars: bars.collect(),
    }
    .ordered(ticker)
    .0
    .frame
}

fn facts(compression: Compression) -> Facts {
    let venue = "us:demo".parse().expect("a venue");
    let provenance = Provenance {
        timezone: Some("America/New_York".to_owned()),
        basis: PriceBasis::SplitAdjusted,
        source: Some(venue),
    };
    Facts {
        unit: TimeUnit::Micros,
        provenance,
        compression,
        row_group_rows: None,
    }
}

fn one_month(criterion: &mut Criterion) {
    let ticker: Ticker = "AAPL".parse().expect("a ticker");
    let month = daily(&ticker, 2024, 1)
        .split()
        .into_values()
        .next()
        .expect("a month");
    let encoded = encode(&month, &facts(Compression::Snappy)).expect("encodes");
    let profile = Profile::of(Dataset::Stocks);

    criterion.bench_function("encode, seal and re-read a month of daily bars", |bench| {
        bench.iter(|| encode(black_box(&month), &facts(Compression::Snappy)));
    });
    criterion.bench_function("verify and decode a month of daily bars", |bench| {
        bench.iter(|| decode(black_box(&encoded.bytes), profile));
    });
    criterion.bench_function("merge a month of daily bars with itself", |bench| {
        bench.iter(|| frame::merge(black_box(&month), &month));
    });
    criterion.bench_function("fingerprint a month of daily bars", |bench| {
        bench.iter(|| black_box(&month).fingerprint());
    });
}

fn registry(criterion: &mut Criterion) {
    let today = NaiveDate::from_ymd_opt(2025, 11, 20).expect("a date");
    let venue = "us:yahoo".parse().expect("a venue");
    let mut catalog = Catalog::default();
    for number in 0..9_276 {
        let ticker = format!("T{number}").parse().expect("a ticker");
        let found = Found {
            last_row: time::midnight(today),
            storage: None,
            mark: None,
            provisional: Vec::new(),
            newest: 0,
            history: barkeep::catalog::Wanted::Known,
        };
        catalog
            .record_found(&ticker, &venue, Interval::D1, today, found)
            .expect("records");
    }
    let bytes = catalog.to_bytes();
    let path = Path::new("tickers.json");
    let limit = barkeep::catalog::MAX_BYTES;
    criterion.bench_function("read a registry of 9,276 tickers", |bench| {
        bench.iter(|| {
            Catalog::from_document(document::parse_object(&bytes, path, limit).expect("parses"))
        });
    });
    criterion.bench_function("write a registry of 9,276 tickers", |bench| {
        bench.iter(|| black_box(&catalog).to_bytes());
    });
}

fn whole_histories(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let tickers: Vec<Ticker> = (0..TICKERS)
        .map(|n| format!("T{n:03}").parse().expect("a ticker"))
        .collect();
    let store = PartitionedStore::new(Arc::new(OsFs), folder.path(), None, yahoo::unsealed_basis());
    let requests: Vec<StorageRequest> = tickers
        .iter()
        .map(|ticker| {
            let venue = "us:demo".parse().expect("a venue");
            StorageRequest::bars(venue, ticker.clone(), Interval::D1)
        })
        .collect();
    for (request, ticker) in requests.iter().zip(&tickers) {
        let frame = daily(ticker, FIRST_YEAR, YEARS);
        let prepared = store
            .prepare(request, &frame, &facts(Compression::Snappy).provenance)
            .expect("prepares");
        for file in prepared.files {
            write(&file.target, &file.bytes);
        }
    }
    let mut group = criterion.benchmark_group("histories");
    group.sample_size(10);
    group.bench_function(
        "read 60 tickers x 20 years of daily bars, 14,400 files",
        |bench| {
            bench.iter(|| {
                let rows: usize = requests
                    .par_iter()
                    .map(|request| {
                        store
                            .read(request)
                            .expect("reads")
                            .map_or(0, |stored| stored.frame.len())
                    })
                    .sum();
                assert!(rows > TICKERS * 5_000, "{rows} rows");
            });
        },
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark's own scratch folder needs no durability"
)]
fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    std::fs::write(path, bytes).expect("a file");
}

criterion_group!(benches, one_month, registry, whole_histories);
criterion_main!(benches);
