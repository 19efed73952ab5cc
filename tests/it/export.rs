//! Rows and pictures for others: `export`, `views`, `chart`, `report`, and the forms of `show`.

mod factors;
mod files;
mod forms;
mod lengths;
mod pictures;
mod then;

use barkeep::cli::Exit;
use barkeep::codec::{Facts, encode};
use barkeep::frame::{EventKind, MarketEvent, rows_of_events};
use barkeep::model::time;

use crate::support::barkeep::Barkeep;

/// A workspace of the demo source with some years of days of three tickers.
pub(crate) fn demo() -> Barkeep {
    let bar = Barkeep::partitioned(&["AAPL", "MSFT", "KO"]);
    bar.run(&["update", "-q"]).expect(Exit::Ok);
    bar
}

/// The same, with two dividends and a capital gain of KO that its source never told.
pub(crate) fn paid() -> Barkeep {
    let bar = demo();
    let on = |day: &str, kind| MarketEvent::new(time::parse(day).unwrap(), kind);
    let events = [
        on("2025-03-14", EventKind::Dividend { amount: 0.5 }),
        on("2025-06-13", EventKind::CapitalGain { amount: 1.0 }),
        on("2025-09-15", EventKind::Dividend { amount: 0.25 }),
    ];
    let rows = rows_of_events(&"KO".parse().unwrap(), &events);
    let encoded = encode(&rows, &Facts::default()).unwrap();
    bar.write("data/us/demo/events/ticker=KO/data.parquet", &encoded.bytes);
    bar
}

/// Names of the files at the top of a workspace.
pub(crate) fn names(bar: &Barkeep) -> Vec<String> {
    let listed = bar.around.fs.list(bar.path()).unwrap().unwrap();
    listed.into_iter().map(|entry| entry.name).collect()
}
