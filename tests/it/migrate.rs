//! `partition-migrate`: what a user sees of it, what crashes leave, and that every row survives both ways.

mod back;
mod crash;
mod flat;
mod left;
mod oddities;
mod plans;
mod properties;
mod readback;
mod repaired;
mod there;

use crate::support::bar::{Bar, DEMO_IS_LEGACY, Ran};
use crate::support::foreign::{ForeignFile, days};
use barkeep::cli::Exit;

/// A workspace of the predecessor: daily bars of two tickers in legacy files.
fn legacy() -> Bar {
    let bar = Bar::empty();
    bar.write("barkeep.toml", DEMO_IS_LEGACY);
    for (ticker, price) in [("A", 1.0), ("B", 2.0)] {
        let rows = [
            ("2024-01-30", price),
            ("2024-01-31", price + 0.5),
            ("2024-02-01", price + 1.0),
        ];
        put(&bar, ticker, &ForeignFile::of(days(ticker, &rows)).bytes());
    }
    bar
}

fn file(ticker: &str) -> String {
    format!("data/legacy/stocks_1d/{ticker}.parquet")
}

fn put(bar: &Bar, ticker: &str, bytes: &[u8]) {
    bar.write(&file(ticker), bytes);
}

/// Runs `partition-migrate` with these words.
fn migration(bar: &Bar, words: &str) -> Ran {
    let words = format!("partition-migrate {words}");
    bar.run(&words.split(' ').collect::<Vec<_>>())
}

/// Plans and migrates everything to the venue of the made-up source, which `update` can ask.
fn migrated(bar: &Bar) -> Ran {
    migration(bar, "init -V us:demo --all-found").expect(Exit::Ok);
    migration(bar, "migrate --all --json")
}

/// Returns the closes that `show` prints, by whatever layout serves the series.
fn closes(bar: &Bar, ticker: &str) -> Vec<String> {
    let ran = bar
        .run(&[
            "show",
            "--venue",
            "us:demo",
            ticker,
            "--interval",
            "1d",
            "--format",
            "csv",
        ])
        .expect(Exit::Ok);
    let lines = ran.stdout.lines().skip(1);
    lines
        .map(|line| line.split(',').nth(5).unwrap().to_owned())
        .collect()
}

fn json(bar: &Bar, name: &str) -> serde_json::Value {
    serde_json::from_slice(&bar.read(name)).unwrap()
}

fn exists(bar: &Bar, name: &str) -> bool {
    bar.has(name)
}

/// Returns the names of the files below a folder, with their bytes.
fn below(bar: &Bar, name: &str) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let root = bar.path().join(name);
    bar.tree()
        .into_iter()
        .filter(|(path, _)| path.starts_with(&root))
        .collect()
}
