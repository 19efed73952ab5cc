//! `--venue` narrows and never widens; a workspace with one venue need not name it.

use barkeep::cli::Exit;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::barkeep::Barkeep;

fn row(close: &str) -> String {
    format!("Date,Open,High,Low,Close,Volume\n2025-11-20,{close},{close},{close},{close},1000\n")
}

/// MSFT without a venue, as the predecessor and `tickers add` leave it, and NEW of de:mine, whose folder has both.
fn world() -> Barkeep {
    let bar = Barkeep::empty();
    let table =
        |venue, path| format!("[sources.\"{venue}\"]\nkind = \"files\"\npath = \"{path}\"\n");
    let settings = table("us:yahoo", "in/yahoo") + &table("de:mine", "in/mine");
    bar.write("barkeep.toml", settings);
    bar.write("in/yahoo/MSFT.csv", row("400"));
    bar.write("in/mine/MSFT.csv", row("7"));
    bar.write("in/mine/NEW.csv", row("1"));
    bar.write(
        "tickers.json",
        r#"{"MSFT": {}, "NEW": {"venue": "de:mine"}}"#,
    );
    bar.write("storage_config.json", r#"{"partitioned": true}"#);
    bar
}

fn registry(bar: &Barkeep) -> Value {
    bar.json("tickers.json")
}

/// MSFT was asked for at de:mine, stored as its bars, and never asked for at us:yahoo again.
#[test]
fn an_update_of_one_venue_neither_asks_for_nor_moves_a_ticker_of_another() {
    let bar = world();

    let planned = ["update", "--venue", "de:mine", "-n", "--json"];
    let planned = bar.run(&planned).expect(Exit::Ok).summary();
    bar.run(&["update", "--venue", "de:mine"]).expect(Exit::Ok);

    let jobs: Vec<&Value> = planned["jobs"].as_array().unwrap().iter().collect();
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0]["ticker"], "NEW");
    assert_eq!(registry(&bar)["MSFT"], json!({}));
    assert!(!bar.has("data/de/mine/stocks_1d/ticker=MSFT"));
    bar.run(&["update"]).expect(Exit::Ok);
    assert!(bar.has("data/us/yahoo/stocks_1d/ticker=MSFT"));
    assert_eq!(registry(&bar)["MSFT"].get("venues"), None);
}

#[test]
fn a_named_ticker_of_another_venue_is_refused_by_name() {
    let bar = world();
    let update = ["-q", "update", "--venue", "de:mine", "-t", "MSFT"];

    let alone = bar.run(&update).expect(Exit::Usage);
    let beside = bar
        .run(&[&update[..], &["-t", "NEW", "-t", "NONE"]].concat())
        .expect(Exit::Partial);

    for ran in [alone, beside] {
        assert!(ran.stderr.contains("MSFT (us:yahoo)"), "{ran:#?}");
    }
    assert_eq!(registry(&bar)["MSFT"], json!({}));
    assert!(bar.has("data/de/mine/stocks_1d/ticker=NEW"));
}

#[test]
fn a_symbol_that_is_added_at_a_second_venue_is_kept_at_both() {
    let bar = world();

    bar.run(&["tickers", "add", "MSFT", "--venue", "de:mine"])
        .expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);

    for tree in ["us/yahoo", "de/mine"] {
        let series = format!("data/{tree}/stocks_1d/ticker=MSFT");
        assert!(bar.has(&series), "{series}");
    }
    let listed = bar.run(&["tickers", "list", "--venue", "us:yahoo"]);
    assert_eq!(listed.stdout, "MSFT\n");
}

#[test]
fn in_a_workspace_with_one_venue_that_one_is_meant() {
    // By its tickers.
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.run(&["tickers", "add", "MSFT"]).expect(Exit::Ok);
    bar.run(&["init", "--ticker", "NVDA"]).expect(Exit::Ok);
    for name in ["MSFT", "NVDA"] {
        assert_eq!(registry(&bar)[name]["venue"], "us:demo", "{name}");
    }

    // By its settings.
    let bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        "[sources.\"de:mine\"]\nkind = \"files\"\npath = \"in\"\n",
    );
    bar.run(&["init", "--ticker", "NEW"]).expect(Exit::Ok);
    assert_eq!(registry(&bar)["NEW"]["venue"], "de:mine");

    // With two, and with none, it is us:yahoo.
    let bar = world();
    bar.run(&["tickers", "add", "IBM"]).expect(Exit::Ok);
    assert_eq!(registry(&bar)["IBM"].get("venue"), None);
    let bar = Barkeep::empty();
    bar.run(&["init", "--ticker", "IBM"]).expect(Exit::Ok);
    assert_eq!(registry(&bar)["IBM"].get("venue"), None);
}

/// With settings of one venue and a registry that another barkeep damaged, nothing may be guessed and written.
#[test]
fn a_registry_that_cannot_be_understood_keeps_init_from_writing() {
    let bar = Barkeep::empty();
    bar.write("tickers.json", "{");
    let before = bar.tree();

    bar.run(&["init", "--ticker", "A", "--partitioned"])
        .expect(Exit::Damaged);

    let mut after = bar.tree();
    after.retain(|path, _| !path.to_string_lossy().contains(".run_lock"));
    assert_eq!(after, before);
}

/// Whatever venue was named, `show` printed the rows of the one legacy file, under that venue's name.
#[rstest]
#[case::by_the_footer(r#"{"NEW": {}}"#)]
#[case::by_the_home(r#"{"NEW": {"venue": "de:mine"}}"#)]
fn a_legacy_file_is_shown_at_its_own_venue_only(#[case] registry: &str) {
    let bar = world();
    bar.write("storage_config.json", r#"{"partitioned": false}"#);
    bar.run(&["update", "--venue", "de:mine"]).expect(Exit::Ok);
    assert!(bar.has("data/legacy/de/mine/stocks_1d/NEW.parquet"));
    bar.write("tickers.json", registry);
    let show = |venue| bar.run(&["show", "NEW", "-i", "1d", "--venue", venue]);

    show("de:mine").expect(Exit::Ok);
    let other = show("us:yahoo").expect(Exit::Failed);

    assert!(
        other.stderr.contains("nothing is stored of NEW"),
        "{other:#?}"
    );
    let unnamed = bar.run(&["show", "NEW", "-i", "1d", "--format", "json"]);
    let unnamed: Value = serde_json::from_str(&unnamed.expect(Exit::Ok).stdout).unwrap();
    assert_eq!(unnamed["venue"], "de:mine");
}
