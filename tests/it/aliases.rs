//! Mnemonics of an exchange in the place of ISINs, in every command that takes a ticker.

mod commands;

use crate::support::barkeep::Barkeep;
use crate::support::feed::{FeedServer, SAP, SIEMENS, lines};
use crate::support::recorded::{recorded, recorded_data};
use barkeep::cli::Exit;
use rstest::rstest;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const OTHER: &str = "DE0000000009";
const FRIDAY: &str = "2026-09-18T06:00:00Z";

/// The file of instruments of a day: mnemonic and ISIN of each, in the columns of one year and of another.
fn instruments(day: &str, rows: &[(&str, &str)]) -> String {
    let row = |(mnemonic, isin): &(&str, &str)| {
        format!("Active;Active;{mnemonic} COMPANY;{isin};{mnemonic};CS;EUR\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "Market:;XETR\nDate Last Update:;{day}\n\
         Product Status;Instrument Status;Instrument;ISIN;Mnemonic;Instrument Type;Currency\n{rows}"
    )
}

fn import<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let args = [
        "tickers", "import", "--venue", "de:xetra", "--xetra", "t7.csv",
    ];
    [&args[..], more].concat()
}

/// A workspace with a day of trades of two instruments, and the file of instruments of that day.
fn stored() -> (Barkeep, FeedServer) {
    let feed = FeedServer::start();
    let mut day = Vec::new();
    for minute in 0..30 {
        let minute = format!("2026-09-17T07_{minute:02}");
        feed.publish(&minute, &lines(&minute));
        day.extend(lines(&minute));
    }
    feed.publish("daily-2026-09-17", &day);
    let bar = feed.workspace("", FRIDAY);
    bar.run(&["update", "--venue", "de:xetra"]).expect(Exit::Ok);
    bar.write(
        "t7.csv",
        instruments("17.09.2026", &[("SIE", SIEMENS), ("SAP", SAP)]),
    );
    (bar, feed)
}

fn imported() -> (Barkeep, FeedServer) {
    let (bar, feed) = stored();
    bar.run(&import(&[])).expect(Exit::Ok);
    (bar, feed)
}

#[test]
fn the_file_of_instruments_gives_a_feed_isins_and_their_mnemonics() {
    let (bar, _feed) = stored();

    let ran = bar.run(&import(&["--json"])).expect(Exit::Ok);

    assert_eq!(ran.summary()["added"], 2);
    assert_eq!(
        ran.summary()["mnemonics"],
        json!({ "new": 2, "ended": 0, "older_than": null })
    );
    let listed = bar.run(&["tickers", "list", "--json"]).expect(Exit::Ok);
    let tickers = listed.summary()["tickers"].clone();
    assert_eq!(tickers[0]["ticker"], SIEMENS);
    assert_eq!(tickers[0]["venues"][0]["mnemonic"], "SIE");
}

#[test]
fn mnemonics_can_be_taken_without_a_ticker() {
    let (bar, _feed) = stored();

    bar.run(&import(&["--aliases"])).expect(Exit::Ok);

    assert_eq!(bar.run(&["tickers", "list"]).expect(Exit::Ok).stdout, "");
    let shown = bar.show("SIE", "1d", &[]).expect(Exit::Ok);
    assert_eq!(shown.column(0), [SIEMENS]);
}

#[test]
fn a_completion_knows_mnemonics() {
    let (bar, _feed) = imported();

    let words = bar.run(&["complete", "tickers"]).expect(Exit::Ok).stdout;

    assert!(words.lines().any(|word| word == "SIE"), "{words}");
}

#[test]
fn a_feed_needs_no_entry_of_an_instrument_and_gives_whole_days() {
    let (bar, feed) = stored();
    bar.run(&import(&["--aliases"])).expect(Exit::Ok);
    let sent = feed.server.requests().len();
    let update = |words: &[&str]| bar.run(&[&["update"], words].concat());

    for word in [SIEMENS, "SIE"] {
        let ran = update(&["--venue", "de:xetra", "--ticker", word]).expect(Exit::Ok);
        assert!(
            ran.stderr
                .contains("de:xetra is a feed: it gives whole days"),
            "{ran:#?}"
        );
    }
    assert_eq!(
        feed.server.requests().len(),
        sent + 2,
        "it was asked what it has"
    );
    let slip = update(&["--venue", "de:xetra", "--ticker", "SEI"]).expect(Exit::Failed);
    assert!(
        slip.stderr.contains("tickers.json does not have SEI"),
        "{slip:#?}"
    );
    // Where no venue is named, that of the ticker is asked.
    update(&["--ticker", "SIE"]).expect(Exit::Failed);
    bar.run(&["tickers", "add", "SIE", "--venue", "de:xetra"])
        .expect(Exit::Ok);
    update(&["--ticker", "SIE"]).expect(Exit::Ok);
    assert_eq!(feed.server.requests().len(), sent + 3);
    // A feed that makes bars of its tickers only brings none of another one.
    bar.write("barkeep.toml", feed.settings("bars = \"listed\""));
    update(&["--venue", "de:xetra", "--ticker", SAP]).expect(Exit::Failed);
}

#[test]
fn outputs_have_the_mnemonic_beside_the_isin() {
    let (bar, _feed) = imported();
    let first = |ran: crate::support::barkeep::Ran| ran.stdout.lines().next().unwrap().to_owned();
    let both = ["show", "SIE", "SAP", "-i", "1d"];

    let list = bar
        .run(&["list", "SIE", "-i", "1d"])
        .expect(Exit::Ok)
        .stdout;
    assert!(list.contains(&format!("{SIEMENS} SIE")), "{list}");
    let json = bar
        .run(&["list", "SIE", "--json"])
        .expect(Exit::Ok)
        .summary();
    assert_eq!(json["series"][0]["mnemonic"], "SIE");
    let shown = bar.run(&both).expect(Exit::Ok);
    assert!(first(shown).ends_with("(SIE)"));
    let shown = bar.run(&[&both[..], &["--format", "json"]].concat());
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown[1]["mnemonic"], "SAP");
    let chart = bar.run(&["chart", "SAP", "-i", "1d"]).expect(Exit::Ok);
    assert!(first(chart).contains("(SAP)"));
}

#[test]
fn a_slip_of_the_keyboard_is_answered_with_a_mnemonic() {
    let (bar, _feed) = imported();

    let ran = bar.run(&["show", "sie", "-i", "1d"]).expect(Exit::Failed);

    assert!(ran.stderr.contains("did you mean SIE?"), "{ran:#?}");
}

#[test]
fn a_mnemonic_of_two_instruments_is_refused_with_both() {
    let (bar, _feed) = stored();
    bar.write(
        "t7.csv",
        instruments("17.09.2026", &[("SIE", SIEMENS), ("SIE", OTHER)]),
    );
    bar.run(&import(&[])).expect(Exit::Ok);

    for words in [
        &["show", "SIE"][..],
        &["show", "--trades", "SIE"],
        &["list", "SIE"],
    ] {
        let ran = bar.run(words).expect(Exit::Usage);
        assert!(
            ran.stderr.contains(SIEMENS) && ran.stderr.contains(OTHER),
            "{ran:#?}"
        );
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_ticker_goes_before_an_alias_that_is_spelled_alike() {
    let (bar, _feed) = stored();
    bar.run(&["tickers", "add", "SIE", "--venue", "de:xetra"])
        .expect(Exit::Ok);
    bar.run(&import(&[])).expect(Exit::Ok);

    let ran = bar.run(&["show", "SIE", "-i", "1d"]).expect(Exit::Failed);

    let told = format!(
        "SIE is a ticker of de:xetra, and is taken for that; it is also a mnemonic of {SIEMENS}"
    );
    assert!(ran.stderr.contains(&told), "{ran:#?}");
    assert!(
        ran.stderr.contains("nothing is stored of SIE 1d"),
        "{ran:#?}"
    );
}

#[test]
fn a_renamed_and_a_delisted_instrument_stay_apart_and_their_old_names_are_known() {
    let (bar, _feed) = imported();
    // SIE went to another company, and Siemens is called SMS; SAP is listed no more.
    bar.write(
        "t7.csv",
        instruments("02.11.2026", &[("SIE", OTHER), ("SMS", SIEMENS)]),
    );
    let data = bar.files_in("data");
    let ran = bar.run(&import(&["--accept-shorter"])).expect(Exit::Ok);

    assert!(
        ran.stderr
            .contains("Mnemonics of de:xetra: 2 new, 2 ended."),
        "{ran:#?}"
    );
    assert_eq!(bar.files_in("data"), data, "no row is joined by an alias");
    let renamed = bar.show("SMS", "1d", &[]).expect(Exit::Ok);
    assert_eq!(renamed.column(0), [SIEMENS]);
    let other = bar.run(&["show", "SIE", "-i", "1d"]).expect(Exit::Failed);
    assert!(other.stderr.contains(OTHER), "{other:#?}");
    let delisted = bar.show("SAP", "1d", &[]).expect(Exit::Ok);
    assert_eq!(delisted.column(0), [SAP]);
    let told = format!("SAP was {SAP}, SAP COMPANY, until 2026-11-02.");
    assert!(delisted.stderr.contains(&told), "{delisted:#?}");
    // As of a day, a word is what it was then.
    let mut bar = bar;
    "2026-12-01T06:00:00Z".clone_into(&mut bar.now);
    let then = bar.run(&["list", "SIE", "--as-of", "2026-10-30"]);
    assert!(
        then.stderr.contains(&format!("SIE is {SIEMENS}")),
        "{then:#?}"
    );
}

#[test]
fn an_older_list_changes_no_mnemonic_and_damaged_ones_are_left_alone() {
    let (bar, _feed) = imported();
    let table = bar.read("state/aliases/de.xetra.json");
    bar.write(
        "t7.csv",
        instruments("16.09.2026", &[("SIE", OTHER), ("SAP", SAP)]),
    );

    let older = bar.run(&import(&[])).expect(Exit::Ok);
    assert!(
        older
            .stderr
            .contains("those of 2026-09-17, and the list is older"),
        "{older:#?}"
    );
    assert_eq!(bar.read("state/aliases/de.xetra.json"), table);
    bar.write("state/aliases/de.xetra.json", &table[..table.len() / 2]);
    let before = bar.tree();
    let refused = bar.run(&import(&[])).expect(Exit::Damaged);
    let shown = bar.run(&["show", SAP, "-i", "1d"]).expect(Exit::Ok);

    assert!(
        refused.stderr.contains("de.xetra.json is damaged"),
        "{refused:#?}"
    );
    assert!(
        shown.stderr.contains("Mnemonics of a venue are not known"),
        "{shown:#?}"
    );
    assert_eq!(bar.tree(), before);
}

#[rstest]
#[case::no_file_of_instruments("de:xetra", "AAPL\nMSFT\n")]
#[case::no_feed(
    "us:demo",
    "Market:;XETR\nDate Last Update:;17.09.2026\nProduct Status;Instrument Status;Instrument;ISIN;Mnemonic;Instrument Type\nActive;Active;SAP SE;DE0007164600;SAP;CS\n"
)]
fn aliases_alone_are_refused_where_there_are_none(#[case] venue: &str, #[case] list: &str) {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.write("list.txt", list);
    let args = [
        "tickers",
        "import",
        "--venue",
        venue,
        "--list",
        "list.txt",
        "--aliases",
    ];

    let ran = bar.run(&args).expect(Exit::Failed);

    assert!(ran.stderr.contains("mnemonics"), "{ran:#?}");
}

#[test]
fn the_recorded_file_gives_isins_to_a_feed_and_series_in_their_currency() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let file = "t7-xetr-allTradableInstruments_2019-11-08.csv.gz";
    let (bar, _feed) = stored();
    bar.write("t7.csv", recorded(&folder.join("symbols"), file));

    bar.run(&import(&[])).expect(Exit::Ok);

    for (word, ticker) in [("DBK", "DE0005140008"), ("4BRZ", "DE000A0Q4R85.USD")] {
        let ran = bar.run(&["show", word, "-i", "1d"]);
        assert!(
            ran.stderr.contains(&format!("{word} is {ticker}, ")),
            "{ran:#?}"
        );
    }
}
