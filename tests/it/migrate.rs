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

use crate::support::barkeep::{Barkeep, DEMO_IS_LEGACY, Ran};
use crate::support::foreign::daily;
use barkeep::cli::Exit;

/// A workspace of the predecessor: daily bars of two tickers in legacy files.
fn legacy() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", DEMO_IS_LEGACY);
    for (ticker, price) in [("A", 1.0), ("B", 2.0)] {
        let rows = [
            ("2024-01-30", price),
            ("2024-01-31", price + 0.5),
            ("2024-02-01", price + 1.0),
        ];
        bar.write(file(ticker), daily(ticker, &rows));
    }
    bar
}

fn file(ticker: &str) -> String {
    format!("data/legacy/stocks_1d/{ticker}.parquet")
}

/// Plans and migrates everything to the venue of the made-up source, which `update` can ask.
fn migrated(bar: &Barkeep) -> Ran {
    bar.migration("init -V us:demo --all-found")
        .expect(Exit::Ok);
    bar.migration("migrate --all --json")
}

/// Returns the names of the files below a folder, with their bytes.
fn below(bar: &Barkeep, name: &str) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let root = bar.path().join(name);
    bar.tree()
        .into_iter()
        .filter(|(path, _)| path.starts_with(&root))
        .collect()
}

/// Returns the closes that `show` prints, by whatever layout serves the series.
fn closes(bar: &Barkeep, ticker: &str) -> Vec<String> {
    let shown = bar.show(ticker, "1d", &["--venue", "us:demo"]);
    shown.expect(Exit::Ok).closes()
}
