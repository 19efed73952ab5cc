//! One symbol at several venues in the legacy layout: each series has a place of its own, and what an older build left in the
//! shared folder of all is read there by its own venue and moves.

mod crash;
mod migrated;

use barkeep::cli::Exit;
use rstest::rstest;
use serde_json::Value;

use crate::support::barkeep::{Barkeep, Ran};
use crate::support::foreign::{ForeignFile, Stocks, daily, days};

const SHARED: &str = "data/legacy/stocks_1d/DBK.parquet";
const FLAT: &str = "stocks_1d/DBK.parquet";
const XETRA: &str = "data/legacy/de/xetra/stocks_1d/DBK.parquet";
const TRADEGATE: &str = "data/legacy/de/tradegate/stocks_1d/DBK.parquet";
const YAHOO: &str = "us:yahoo";

fn csv(rows: &[(&str, &str)]) -> String {
    let line = |(day, close): &(&str, &str)| format!("{day},{close},{close},{close},{close},10\n");
    let lines: String = rows.iter().map(line).collect();
    format!("Date,Open,High,Low,Close,Volume\n{lines}")
}

/// Three venues with a folder each, and DBK in all of them; none keeps it yet.
fn world() -> Barkeep {
    let bar = Barkeep::empty();
    let table = |venue: &str| {
        let path = venue.replace(':', "-");
        format!("[sources.\"{venue}\"]\nkind = \"files\"\npath = \"in/{path}\"\n")
    };
    let venues = ["de:xetra", "de:tradegate", YAHOO];
    bar.write("barkeep.toml", venues.map(table).concat());
    for (folder, close) in [
        ("de-xetra", "10.5"),
        ("de-tradegate", "20.5"),
        ("us-yahoo", "30.5"),
    ] {
        bar.write(
            format!("in/{folder}/DBK.csv"),
            csv(&[("2025-11-20", close)]),
        );
    }
    bar
}

fn keep(bar: &Barkeep, venue: &str) {
    bar.run(&["tickers", "add", "DBK", "--venue", venue])
        .expect(Exit::Ok);
}

fn world_of(venues: &[&str]) -> Barkeep {
    let bar = world();
    bar.run(&["init", "-i", "1d"]).expect(Exit::Ok);
    for venue in venues {
        keep(&bar, venue);
    }
    bar
}

fn updated(bar: &Barkeep) -> Ran {
    bar.run(&["update"]).expect(Exit::Ok)
}

fn show(bar: &Barkeep, venue: &str) -> Ran {
    bar.show("DBK", "1d", &["--venue", venue])
}

fn closes(bar: &Barkeep, venue: &str) -> Vec<String> {
    show(bar, venue).expect(Exit::Ok).closes()
}

/// Puts the file of de:xetra where an older build kept the files of all venues.
fn as_an_older_build_left_it(bar: &Barkeep, place: &str) -> Vec<u8> {
    let bytes = bar.read(XETRA);
    bar.remove("data/legacy");
    bar.write(place, &bytes);
    bytes
}

fn assert_moved(bar: &Barkeep, bytes: &[u8]) {
    assert!(
        bar.read(XETRA) == bytes,
        "the very bytes are in their place"
    );
    assert!(!bar.has(SHARED) && !bar.has(FLAT));
    assert!(!bar.has("quarantine"));
    assert!(!bar.has("partition-staging"), "nothing is left in staging");
}

/// A workspace of one venue that is not us:yahoo, as its owner and every reader know it.
fn alone() -> Barkeep {
    let bar = world();
    let table = "[sources.\"de:xetra\"]\nkind = \"files\"\npath = \"in/de-xetra\"\n";
    bar.write("barkeep.toml", table);
    bar.run(&["init", "-i", "1d", "--venue", "de:xetra", "-t", "DBK"])
        .expect(Exit::Ok);
    updated(&bar);
    bar
}

#[test]
fn the_only_venue_of_a_workspace_has_the_shared_folder_until_another_one_comes() {
    let bar = alone();
    let bytes = bar.read(SHARED);
    assert!(!bar.has("data/legacy/de"));
    let one = bar.read("barkeep.toml");
    let two = "[sources.\"de:tradegate\"]\nkind = \"files\"\npath = \"in/de-tradegate\"\n";
    bar.write("barkeep.toml", [one.as_slice(), two.as_bytes()].concat());
    keep(&bar, "de:tradegate");
    assert_eq!(closes(&bar, "de:xetra"), ["10.5"], "found where it is");

    updated(&bar);

    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
    assert_eq!(closes(&bar, "de:tradegate"), ["20.5"]);
    assert_moved(&bar, &bytes);

    // Alone again, it goes on where its files are.
    bar.run(&["tickers", "remove", "DBK", "--venue", "de:tradegate"])
        .expect(Exit::Ok);
    bar.write("barkeep.toml", &one);
    bar.write("in/de-xetra/DBK.csv", csv(&[("2025-11-21", "11.5")]));
    updated(&bar);
    assert_eq!(closes(&bar, "de:xetra"), ["10.5", "11.5"]);
    assert!(!bar.has(SHARED));
}

/// With its home the predecessor's file changed hands: the other venue showed its rows, and merged them into its own.
#[test]
fn a_ticker_does_not_leave_its_home_while_a_file_is_there_that_names_no_venue() {
    let bar = world_of(&[YAHOO]);
    let unnamed = ForeignFile::of(days("DBK", &[("2025-11-19", 9.5)]));
    bar.write(SHARED, unnamed.bytes());
    keep(&bar, "de:xetra");
    let remove = ["tickers", "remove", "DBK", "--venue", YAHOO];

    let ran = bar.run(&remove).expect(Exit::Failed);

    assert!(ran.stderr.contains(SHARED), "{ran:?}");
    assert_eq!(closes(&bar, YAHOO), ["9.5"]);
    // Once barkeep has written it, it names its venue.
    bar.run(&["update", "--venue", YAHOO]).expect(Exit::Ok);
    bar.run(&remove).expect(Exit::Ok);
    updated(&bar);
    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
    assert_eq!(closes(&bar, YAHOO), ["9.5", "30.5"]);
}

/// What this build cannot hold stays where it is, whoever it belongs to.
#[test]
fn a_file_that_cannot_be_held_does_not_move() {
    let bar = world_of(&["de:xetra", "de:tradegate"]);
    let foreign = ForeignFile {
        stocks: Stocks::Latin,
        ..ForeignFile::of(days("DBK", &[("2025-11-19", 9.5)]))
    };
    bar.write(SHARED, foreign.bytes());

    let ran = bar.run(&["update"]).expect(Exit::Partial);

    assert!(ran.stderr.contains(SHARED), "{ran:?}");
    assert!(bar.read(SHARED) == foreign.bytes());
    assert!(!bar.has(XETRA));
    assert_eq!(closes(&bar, "de:tradegate"), ["20.5"]);
}

/// Both venues shared one file; the rows of one went to quarantine at every run, and were shown as the other's.
#[test]
fn each_venue_has_a_place_of_its_own_and_is_shown_apart() {
    let bar = world_of(&["de:xetra", "de:tradegate", YAHOO]);

    updated(&bar);
    updated(&bar);

    for place in [SHARED, XETRA, TRADEGATE] {
        assert!(bar.has(place), "{place}");
    }
    for (venue, close) in [
        ("de:xetra", "10.5"),
        ("de:tradegate", "20.5"),
        (YAHOO, "30.5"),
    ] {
        assert_eq!(closes(&bar, venue), [close], "{venue}");
    }
    let checked = bar.run(&["check", "--json"]).expect(Exit::Ok).summary();
    assert_eq!(checked["series"], 3, "{checked}");
    assert!(!bar.has("quarantine"));
    // None of these is a market.
    let checked = bar.run(&["check", "legacy:de"]);
    assert_ne!(checked.exit, Exit::Ok, "{checked:?}");
}

#[rstest]
#[case::in_the_shared_folder(SHARED)]
#[case::flat(FLAT)]
fn a_file_of_an_older_build_is_read_where_it_is_and_moved_by_the_next_run(#[case] place: &str) {
    for next in ["update", "cleanup"] {
        let bar = world_of(&["de:xetra"]);
        updated(&bar);
        let bytes = as_an_older_build_left_it(&bar, place);

        assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
        show(&bar, YAHOO).expect(Exit::Failed);
        show(&bar, "de:tradegate").expect(Exit::Failed);
        bar.run(&["check"]).expect(Exit::Ok);
        assert!(bar.has(place), "nobody who looks moves anything");
        bar.run(&[next]).expect(Exit::Ok);

        assert_moved(&bar, &bytes);
        assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
        bar.run(&["cleanup"]).expect(Exit::Ok);
        assert_moved(&bar, &bytes);
    }
}

/// A file of the predecessor names no venue: the ticker's home says whose it is.
#[test]
fn a_file_without_a_name_moves_to_the_home_of_its_ticker_with_everything_in_it() {
    let bar = world_of(&["de:xetra", YAHOO]);
    let odd = ForeignFile {
        extra: Some("vwap"),
        ..ForeignFile::of(days("DBK", &[("2025-11-19", 9.5)]))
    };
    bar.write(SHARED, odd.bytes());
    let before = bar.read(SHARED);
    show(&bar, YAHOO).expect(Exit::Failed);
    assert_eq!(closes(&bar, "de:xetra"), ["9.5"]);

    bar.run(&["cleanup"]).expect(Exit::Ok);

    assert_moved(&bar, &before);
    bar.run(&["update", "--venue", YAHOO]).expect(Exit::Ok);
    assert_eq!(closes(&bar, YAHOO), ["30.5"]);
    assert_eq!(closes(&bar, "de:xetra"), ["9.5"]);
}

/// They went to quarantine, since both venues had one place.
#[test]
fn rows_of_a_second_venue_never_join_a_file_that_names_none() {
    let bar = world_of(&[]);
    let registry = r#"{"DBK": {"intervals": {"1d": {}}, "venues": {"de:xetra": {}}}}"#;
    bar.write("tickers.json", registry);
    let old = daily("DBK", &[("2025-11-19", 9.5)]);
    bar.write(SHARED, &old);

    bar.run(&["update", "--venue", "de:xetra"]).expect(Exit::Ok);

    assert!(bar.read(SHARED) == old);
    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
    assert_eq!(closes(&bar, YAHOO), ["9.5"]);
    assert!(!bar.has("quarantine"));
}

/// tickers.json knows nothing of de:xetra any more; only the footer says whose the file is that has us:yahoo's place.
#[rstest]
#[case::in_the_shared_folder(SHARED)]
#[case::flat(FLAT)]
fn rows_of_the_legacy_venue_wait_for_another_venues_file_to_move(#[case] place: &str) {
    let bar = world_of(&["de:xetra"]);
    updated(&bar);
    let bytes = as_an_older_build_left_it(&bar, place);
    bar.write("tickers.json", r#"{"DBK": {}}"#);
    show(&bar, YAHOO).expect(Exit::Failed);

    updated(&bar);

    assert!(bar.read(XETRA) == bytes);
    assert_eq!(closes(&bar, YAHOO), ["30.5"]);
    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
    assert!(!bar.has("quarantine"));
}

#[test]
fn rows_of_both_venues_find_their_places_in_the_first_update_after_an_older_build() {
    let bar = world_of(&["de:xetra"]);
    updated(&bar);
    as_an_older_build_left_it(&bar, SHARED);
    keep(&bar, YAHOO);
    bar.write(
        "in/de-xetra/DBK.csv",
        csv(&[("2025-11-20", "10.5"), ("2025-11-21", "11.5")]),
    );

    updated(&bar);

    assert_eq!(closes(&bar, YAHOO), ["30.5"]);
    assert_eq!(closes(&bar, "de:xetra"), ["10.5", "11.5"]);
    assert!(!bar.has("quarantine"));
}

/// An older build ran once more after this one: its file is merged below the one that has the place.
#[test]
fn of_two_files_of_one_series_the_one_in_its_place_has_the_last_word() {
    let bar = world_of(&["de:xetra"]);
    let older = [("2025-11-19", "9.5"), ("2025-11-20", "99.5")];
    bar.write("in/de-xetra/DBK.csv", csv(&older));
    updated(&bar);
    let older = as_an_older_build_left_it(&bar, SHARED);
    let own = world_of(&["de:xetra"]);
    updated(&own);
    bar.write(XETRA, own.read(XETRA));
    assert_eq!(closes(&bar, "de:xetra"), ["9.5", "10.5"]);

    let ran = bar.run(&["cleanup"]);

    assert_eq!(closes(&bar, "de:xetra"), ["9.5", "10.5"]);
    assert!(!bar.has(SHARED));
    let is_kept = bar
        .tree()
        .iter()
        .any(|(path, bytes)| path.to_string_lossy().contains("quarantine") && *bytes == older);
    assert!(is_kept, "{ran:?}");
}

/// What cannot be moved stays where it is read, by its name, and nothing is written over it.
#[test]
fn a_file_that_cannot_be_merged_stays_and_is_named() {
    let bar = world_of(&["de:xetra"]);
    updated(&bar);
    let own = bar.read(XETRA);
    let foreign = ForeignFile {
        extra: Some("vwap"),
        ..ForeignFile::of(days("DBK", &[("2025-11-19", 9.5)]))
    };
    bar.write(SHARED, foreign.bytes());
    let damaged = b"damaged".as_slice();
    bar.write("data/legacy/stocks_1wk/DBK.parquet", damaged);
    bar.write("data/legacy/de/xetra/stocks_1wk/DBK.parquet", &own);

    let ran = bar.run(&["cleanup"]).expect(Exit::Partial);

    assert!(
        ran.stderr.contains("stocks_1wk/DBK.parquet stays"),
        "{ran:?}"
    );
    assert_eq!(bar.read("data/legacy/stocks_1wk/DBK.parquet"), damaged);
}

#[test]
fn a_file_in_the_place_of_another_venue_is_refused_by_name() {
    let bar = world_of(&["de:xetra"]);
    updated(&bar);
    let bytes = bar.read(XETRA);
    bar.write(TRADEGATE, &bytes);

    let shown = show(&bar, "de:tradegate").expect(Exit::Mismatch);

    assert!(shown.stderr.contains("it names de:xetra"), "{shown:?}");
    keep(&bar, "de:tradegate");
    bar.run(&["update"]).expect(Exit::Partial);
    assert!(bar.read(TRADEGATE) == bytes);
}

/// Which venue the shared folders are for is a setting.
#[test]
fn the_legacy_venue_can_be_set() {
    let bar = world();
    let settings = bar.text("barkeep.toml");
    let settings = format!("[workspace]\nlegacy_venue = \"de:xetra\"\n{settings}");
    bar.write("barkeep.toml", settings);
    bar.run(&["init", "-i", "1d"]).expect(Exit::Ok);
    for venue in ["de:xetra", YAHOO] {
        keep(&bar, venue);
    }

    updated(&bar);

    assert!(bar.has(SHARED) && bar.has("data/legacy/us/yahoo/stocks_1d/DBK.parquet"));
    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
    assert_eq!(closes(&bar, YAHOO), ["30.5"]);
    let shown = bar.run(&["config", "show", "--json"]).expect(Exit::Ok);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert!(shown.to_string().contains("workspace.legacy_venue"));
}

/// Wide bars have no partitions at any venue.
#[test]
fn a_switched_venue_keeps_its_weeks_apart_too() {
    let bar = world();
    bar.write("storage_config.json", r#"{"partitioned": true}"#);
    bar.run(&["init", "-i", "1d", "-i", "1wk"]).expect(Exit::Ok);
    for venue in ["de:xetra", "de:tradegate"] {
        keep(&bar, venue);
    }
    for folder in ["de-xetra", "de-tradegate"] {
        let daily = bar.read(format!("in/{folder}/DBK.csv"));
        bar.write(format!("in/{folder}/1d/DBK.csv"), daily);
        bar.write(
            format!("in/{folder}/1wk/DBK.csv"),
            csv(&[("2025-11-17", "5")]),
        );
        bar.remove(format!("in/{folder}/DBK.csv"));
    }

    updated(&bar);

    assert!(bar.has("data/de/xetra/stocks_1d/ticker=DBK"));
    for place in [XETRA, TRADEGATE] {
        assert!(bar.has(place.replace("1d", "1wk")), "{place}");
        assert!(!bar.has(place), "{place}");
    }
}
