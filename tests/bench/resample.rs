//! What bars of a day of trades and longer bars of shorter ones cost: run by `tests/bench/resample.py`, which compares.
//!
//! `cargo bench --bench resample -- FOLDER`. Reads `lines` in the folder, writes `trades.parquet` and `bars/<n>.parquet` beside it
//! for the others to read, and prints one JSON document: the best of five times, in seconds.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark of a folder of its own"
)]

use std::path::Path;
use std::time::Instant;

use barkeep::calendar::Calendar;
use barkeep::codec::{Compression, Facts, decode, encode};
use barkeep::frame::{Bar, BarBatch, Frame, Profile, rows_of_trades};
use barkeep::model::{Dataset, Interval, time};
use barkeep::resample::{VenueRules, bars_of_trades, coarser};
use barkeep::source::posttrade::{Limits, Line, lines};
use bytes::Bytes;

const ROUNDS: usize = 5;
const SERIES: usize = 60;
const DAYS: usize = 254;
/// Minutes of a session of New York; 60 series of 254 sessions have 5.94 million.
const MINUTES: i64 = 390;

fn facts() -> Facts {
    Facts {
        compression: Compression::Zstd,
        ..Facts::default()
    }
}

/// The shortest of some rounds, in seconds.
struct Best {
    clock: f64,
    /// The time that all threads were on a processor, which says more on a machine that others use.
    processor: f64,
}

fn best(mut act: impl FnMut()) -> Best {
    let mut best = Best {
        clock: f64::INFINITY,
        processor: f64::INFINITY,
    };
    for _ in 0..ROUNDS {
        let (begun, used) = (Instant::now(), processor_seconds());
        act();
        best.clock = best.clock.min(begun.elapsed().as_secs_f64());
        best.processor = best.processor.min(processor_seconds() - used);
    }
    best
}

/// Returns the time that the threads of this process were on a processor, as Linux counts it.
fn processor_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux");
    let nanos = threads.filter_map(|thread| {
        let told = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        told.split(' ').next()?.parse::<f64>().ok()
    });
    nanos.sum::<f64>() / 1e9
}

fn trades(folder: &Path) -> Frame {
    let file = std::fs::File::open(folder.join("lines")).expect("lines");
    let mut trades = Vec::new();
    lines(file, Limits::default(), &mut |line| {
        if let Line::Trade(trade) = line {
            trades.push(trade);
        }
    })
    .expect("lines that are read");
    rows_of_trades(&trades).frame
}

/// Returns the minutes of a year of one series, whose prices walk at random.
fn minutes(series: usize, calendar: &Calendar) -> Frame {
    let mut state = series as u64 * 7_919 + 1;
    let mut walk = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state >> 40
    };
    let first = "2025-01-02".parse().expect("a day");
    let last = "2026-12-31".parse().expect("a day");
    let sessions = calendar.sessions(first, last).take(DAYS);
    let opens = sessions.filter_map(|session| time::nanos(session.open));
    let mut cents = 10_000_i64;
    let bars =
        opens.flat_map(|open| (0..MINUTES).map(move |minute| open + minute * 60_000_000_000));
    let bars = bars.map(|date| {
        cents = (cents + i64::try_from(walk() % 21).unwrap_or_default() - 10).max(100);
        let price =
            |more: i64| Some(f64::from(i32::try_from(cents + more).unwrap_or_default()) / 100.0);
        Bar {
            date: Some(date),
            open: price(0),
            high: price(7),
            low: price(-6),
            close: price(3),
            volume: Some(i64::try_from(walk() % 5_000).unwrap_or_default().into()),
            sequence: None,
        }
    });
    let ticker = format!("T{series}").parse().expect("a ticker");
    BarBatch {
        bars: bars.collect(),
    }
    .ordered(&ticker)
    .0
    .frame
}

fn main() {
    let folder = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let Some(folder) = folder else {
        println!("a folder with lines is needed: see tests/bench/resample.py");
        return;
    };
    let folder = Path::new(&folder);
    let (berlin, new_york) = (Calendar::of("XETR").expect("a table"), Calendar::new_york());
    let rules = VenueRules::of("DETR", "EUR");

    let day = trades(folder);
    let encoded = encode(&day, &facts()).expect("a file");
    std::fs::write(folder.join("trades.parquet"), &encoded.bytes).expect("room");
    let mut bars = 0;
    let aggregate = best(|| {
        let made = bars_of_trades(&day, &rules, &berlin, Interval::M1).expect("bars");
        bars = made.bars.iter().map(|(_, frame)| frame.len()).sum();
    });
    let read = best(|| {
        let bytes = Bytes::from(std::fs::read(folder.join("trades.parquet")).expect("the file"));
        let decoded = decode(&bytes, Profile::of(Dataset::Trades)).expect("trades");
        bars_of_trades(&decoded.ordered.frame, &rules, &berlin, Interval::M1).expect("bars");
    });

    let finer: Vec<Frame> = (0..SERIES)
        .map(|series| minutes(series, &new_york))
        .collect();
    std::fs::create_dir_all(folder.join("bars")).expect("room");
    for (series, frame) in finer.iter().enumerate() {
        let encoded = encode(frame, &facts()).expect("a file");
        let name = format!("bars/{series}.parquet");
        std::fs::write(folder.join(name), &encoded.bytes).expect("room");
    }
    let mut five = 0;
    let join = best(|| {
        let joined = finer
            .iter()
            .map(|frame| coarser(frame, Interval::M1, Interval::M5, &new_york));
        five = joined.map(|made| made.expect("bars").frame.len()).sum();
    });
    let rows: usize = finer.iter().map(Frame::len).sum();
    println!(
        "{{\"trades\":{},\"bars\":{bars},\"aggregate\":{},\"aggregate_processor\":{},\"read_and_aggregate\":{},\"minutes\":{rows},\"fives\":{five},\"join\":{},\"join_processor\":{}}}",
        day.len(),
        aggregate.clock,
        aggregate.processor,
        read.clock,
        join.clock,
        join.processor,
    );
}
