//! A file of a vendor that is replaced by another one of the same length and time.

#![expect(
    clippy::disallowed_methods,
    reason = "replaces files as a user would, keeping their times"
)]

use std::fs::{File, rename};
use std::time::{Duration, SystemTime};

use barkeep::cli::Exit;
use serde_json::Value;

use crate::support::barkeep::Barkeep;

fn text(close: &str) -> String {
    format!(
        "Date,Open,High,Low,Close,Volume\n2025-11-19,1,1,1,{close},1000\n2025-11-20,1,1,1,2.5,1000\n"
    )
}

fn world() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\n",
    );
    bar.write("in/A.csv", text("1.5"));
    let path = bar.path().join("in/A.csv");
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_hours(489_912))
        .unwrap();
    bar.write("tickers.json", r#"{"A": {"venue": "us:mine"}}"#);
    bar.run(&["update"]).expect(Exit::Ok);
    bar
}

/// Puts a file in the place of another, as old to the nanosecond.
fn replace(bar: &Barkeep, text: &str) {
    let (old, new) = (bar.path().join("in/A.csv"), bar.path().join("in/.new"));
    let modified = old.metadata().unwrap().modified().unwrap();
    assert_eq!(old.metadata().unwrap().len(), text.len() as u64);
    bar.write("in/.new", text);
    let file = File::options().write(true).open(&new).unwrap();
    file.set_modified(modified).unwrap();
    rename(new, old).unwrap();
}

fn shown(bar: &Barkeep) -> String {
    let show = ["show", "A", "-i", "1d", "--format", "csv"];
    bar.run(&show).expect(Exit::Ok).stdout
}

/// Returns the word of the mark that names its form.
fn form(bar: &Barkeep) -> String {
    let registry: Value = bar.json("tickers.json");
    let text = registry.to_string();
    let at = text.find("files-").unwrap();
    text[at..at + "files-0".len()].to_owned()
}

/// `unzip`, `tar -p`, `rsync -t` and `cp -p` set the time of a file, and one character of a price changes no length.
#[test]
fn a_correction_of_the_same_length_and_time_is_read() {
    let bar = world();
    replace(&bar, &text("1.6"));

    bar.run(&["update"]).expect(Exit::Ok);

    assert!(shown(&bar).contains("1.6"), "{}", shown(&bar));
}

#[test]
fn an_unchanged_file_is_not_read_again() {
    let bar = world();

    let again = bar.run(&["update", "--json"]).expect(Exit::Ok).summary();

    assert_eq!(again["bars"]["unchanged"], 0, "{again}");
}

/// A mark of an older build has every file read once more, which also finds what was corrected under it, and no more.
#[test]
fn an_older_mark_is_understood_and_replaced() {
    for (older, close, changed) in [
        ("files-2", "1.5", 0),
        ("files-2", "1.6", 1),
        ("files-3", "1.5", 0),
        ("files-3", "1.6", 1),
    ] {
        let bar = world();
        let registry = bar.text("tickers.json");
        bar.write("tickers.json", registry.replace("files-5", older));
        replace(&bar, &text(close));

        let first = bar.run(&["update", "--json"]).expect(Exit::Ok).summary();
        let second = bar.run(&["update", "--json"]).expect(Exit::Ok).summary();

        assert_eq!(first["bars"]["changed"], changed, "{first}");
        // The last row alone, unless an older one has changed.
        assert_eq!(first["bars"]["unchanged"], 1, "{first}");
        assert_eq!(second["bars"]["unchanged"], 0, "{second}");
        assert_eq!(form(&bar), "files-5");
    }
}
