//! Rows and pictures for others: `export`, `views`, `chart`, `report`, and the forms of `show`.

mod files;
mod forms;
mod pictures;
mod then;

use barkeep::cli::Exit;

use crate::support::barkeep::Barkeep;

/// A workspace of the demo source with some years of days of three tickers.
pub(crate) fn demo() -> Barkeep {
    let bar = Barkeep::partitioned(&["AAPL", "MSFT", "KO"]);
    bar.run(&["update", "-q"]).expect(Exit::Ok);
    bar
}

/// Names of the files at the top of a workspace.
pub(crate) fn names(bar: &Barkeep) -> Vec<String> {
    let listed = bar.around.fs.list(bar.path()).unwrap().unwrap();
    listed.into_iter().map(|entry| entry.name).collect()
}
