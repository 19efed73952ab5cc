//! Tickers that nobody can be asked for: nothing to do is success, nothing could be done is not.

use barkeep::cli::Exit;
use serde_json::json;

use crate::support::barkeep::{Barkeep, Ran};

const ROW: &str = "Date,Open,High,Low,Close,Volume\n2025-11-20,1,1,1,1,1000\n";

/// A workspace with A at us:one and B at de:two.
fn two() -> Barkeep {
    let bar = Barkeep::empty();
    let table =
        |venue, path| format!("[sources.\"{venue}\"]\nkind = \"files\"\npath = \"{path}\"\n");
    let settings = table("us:one", "in/one") + &table("de:two", "in/two");
    bar.write("barkeep.toml", settings);
    for (venue, ticker) in [("us:one", "A"), ("de:two", "B")] {
        let folder = &venue[3..];
        bar.write(format!("in/{folder}/{ticker}.csv"), ROW);
        bar.run(&["init", "--venue", venue, "--ticker", ticker])
            .expect(Exit::Ok);
    }
    bar
}

fn names(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(ran.stderr.contains(word), "{word} in {ran:#?}");
    }
}

#[test]
fn lost_settings_are_no_success_and_name_venues_and_tickers() {
    let bar = two();
    bar.write("barkeep.toml", "");

    let ran = bar
        .run(&["-q", "update", "--metrics-file", "m.prom"])
        .expect(Exit::SourceDown);
    let named = bar
        .run(&["-q", "update", "-t", "A"])
        .expect(Exit::SourceDown);
    let planned = bar.run(&["update", "-n"]).expect(Exit::SourceDown);
    let status = bar.run(&["status", "--json"]).expect(Exit::Ok);
    let json = bar.run(&["update", "--json"]).expect(Exit::SourceDown);

    for said in [&ran, &planned] {
        names(said, &["us:one", "de:two", ": A", ": B"]);
    }
    names(&named, &["us:one", ": A"]);
    let unserved = json!([
        {"venue": "de:two", "tickers": ["B"], "reason": "no source is configured for de:two"},
        {"venue": "us:one", "tickers": ["A"], "reason": "no source is configured for us:one"},
    ]);
    assert_eq!(status.summary()["unserved"], unserved);
    assert_eq!(json.summary()["unserved"], unserved);
    let metrics = bar.text("m.prom");
    assert!(metrics.contains("\nbarkeep_exit_code 15\n"), "{metrics}");
    let count = "barkeep_tickers_without_source{market=\"us\",source=\"one\"} 1\n";
    assert!(metrics.contains(count), "{metrics}");
}

#[test]
fn a_source_whose_folder_cannot_be_used_fails_its_own_tickers_only() {
    type Spoil<'s> = (&'s str, &'s dyn Fn(&Barkeep));
    let ways: [Spoil<'_>; 4] = [
        ("missing", &|_| {}),
        ("a file", &|bar| bar.write("in/two", "x")),
        ("a link to nowhere", &|bar| {
            std::os::unix::fs::symlink("/nowhere", bar.path().join("in/two")).unwrap();
        }),
        ("a socket", &|bar| {
            let path = bar.path().join("in/two");
            drop(std::os::unix::net::UnixListener::bind(path).unwrap());
        }),
    ];
    for (name, spoil) in ways {
        let bar = two();
        bar.remove("in/two");
        spoil(&bar);

        let both = bar.run(&["-q", "update"]).expect(Exit::Partial);
        let alone = ["-q", "update", "--venue", "de:two"];
        let alone = bar.run(&alone).expect(Exit::SourceDown);
        let planned = bar.run(&["update", "-n"]).expect(Exit::Partial);

        for said in [&both, &alone, &planned] {
            names(said, &["de:two", "in/two", ": B"]);
        }
        assert_eq!(both.stderr.lines().count(), 1, "{name}: {both:#?}");
        bar.run(&["show", "A", "-i", "1d"]).expect(Exit::Ok);
    }
}

#[test]
fn many_tickers_are_one_line_with_ten_names_and_a_count() {
    let bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\n",
    );
    let mut args = vec!["init".to_owned()];
    for number in 10..35 {
        args.extend(["--ticker".to_owned(), format!("T{number}")]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    bar.run(&args).expect(Exit::Ok);

    let gone = bar.run(&["-q", "update"]).expect(Exit::SourceDown);
    bar.write("in/readme.txt", "");
    let emptied = bar.run(&["-q", "update"]).expect(Exit::Partial);

    for said in [gone, emptied] {
        assert_eq!(said.stderr.lines().count(), 1, "{said:#?}");
        names(&said, &["25 tickers", "T10", "T19 and 15 more"]);
    }
}

#[test]
fn one_source_that_knows_nothing_is_told_though_another_is_well() {
    let bar = two();
    bar.remove("in/two/B.csv");

    let ran = bar.run(&["-q", "update"]).expect(Exit::Partial);

    names(&ran, &["de:two knows none of 1 ticker: B"]);
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
}

#[test]
fn a_venue_of_which_nothing_is_known_is_no_success() {
    let bar = two();

    let typo = ["-q", "update", "--venue", "de:tow"];
    names(&bar.run(&typo).expect(Exit::Usage), &["de:tow"]);
    let idle = ["-q", "update", "--venue", "us:demo"];
    names(
        &bar.run(&idle).expect(Exit::Usage),
        &["no ticker of us:demo"],
    );
    // Collecting comes first.
    let one_of_two = [&idle[..], &["--venue", "us:one"]].concat();
    names(&bar.run(&one_of_two).expect(Exit::Partial), &["us:demo"]);
    bar.run(&["show", "A", "-i", "1d"]).expect(Exit::Ok);
}

#[test]
fn nothing_to_do_is_success() {
    let bar = two();
    bar.run(&["update"]).expect(Exit::Ok);

    bar.run(&["update"]).expect(Exit::Ok);
    bar.run(&["tickers", "remove", "A", "B"]).expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);
}
