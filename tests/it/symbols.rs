//! Lists of symbols: what is recorded, what is taken, and what is refused with everything as it was.

use std::fmt::Write as _;

use barkeep::cli::Exit;
use barkeep::model::Ticker;
use barkeep::source::symbols::{Forms, SymbolList};

use rstest::rstest;

use crate::support::barkeep::Barkeep;
use crate::support::recorded::{recorded, recorded_data};
use crate::support::server::{Reply, Server};

#[test]
fn every_recorded_list_is_understood() {
    let Some(folder) = recorded_data() else {
        return;
    };

    for (name, rows, test_issues, known) in [
        ("nasdaqlisted_2025-07-21.txt", 4973, 8, "AAPL"),
        ("otherlisted_2025-07-21.txt", 6606, 25, "UHAL-B"),
        ("datahub_nasdaq-listed.csv", 5569, 0, "NA"),
        ("datahub_nyse-listed.csv", 2918, 0, "BRK-B"),
    ] {
        let bytes = recorded(&folder.join("symbols"), name);

        let list = SymbolList::parse(&bytes, Forms::Tables).unwrap();

        assert_eq!((list.rows, list.test_issues), (rows, test_issues), "{name}");
        let known: Ticker = known.parse().unwrap();
        assert!(list.tickers.contains(&known), "{name}");
        assert!(list.unusable.len() < 3, "{name}: {:?}", list.unusable);
    }
}

const HEADING: &str = "Symbol|Security Name|Market Category|Test Issue|Financial Status|Round Lot Size|ETF|NextShares\n";
const OTHERS: &str = "ACT Symbol,Company Name\nBRK.B,Berkshire\nABR$D,Arbor\n";

/// A directory with so many symbols, T100 and so on, and one test issue.
fn directory(count: usize) -> String {
    let mut rows = String::new();
    for at in 100..100 + count {
        writeln!(rows, "T{at}|Company|G|N|N|100|N|N").unwrap();
    }
    format!("{HEADING}{rows}ZTEST|Test|G|Y|N|100|N|N\nFile Creation Time: 0721202521:31|||||||\n")
}

/// A workspace whose lists are on a server: one directory with twenty symbols, one copy as CSV with two.
fn served(second: Vec<Reply>) -> (Barkeep, Server) {
    let bar = Barkeep::partitioned(&["T100"]);
    let server = Server::start();
    let (one, two) = (server.url("/one"), server.url("/two"));
    let lists = format!("[lists]\nnasdaq = [\"{one}\", \"{two}\"]\n");
    bar.write("barkeep.toml", lists);
    server.on("/one", [Reply::new(200, directory(20))]);
    server.on("/two", second);
    (bar, server)
}

const IMPORT: [&str; 5] = ["tickers", "import", "--venue", "us:demo", "--nasdaq"];

fn import<'a>(list: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["tickers", "import", "--venue", "us:demo", "--list", list];
    args.extend(more);
    args
}

fn listed(bar: &Barkeep) -> Vec<String> {
    let ran = bar.run(&["tickers", "list"]).expect(Exit::Ok);
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn both_lists_of_a_pair_are_taken_and_kept() {
    let (bar, _server) = served(vec![Reply::new(200, OTHERS)]);

    let ran = bar.run(&IMPORT).expect(Exit::Ok);

    assert!(
        ran.stderr
            .contains("Read 23 rows of 2 lists; 1 test issue was dropped.")
    );
    assert!(
        ran.stderr
            .contains("Added 21 tickers to us:demo and took back 0.")
    );
    let tickers = listed(&bar);
    assert_eq!(tickers.len(), 22);
    assert!(tickers.contains(&"BRK-B".to_owned()) && tickers.contains(&"ABR-PD".to_owned()));
    let kept = bar
        .tree()
        .into_iter()
        .filter(|(path, _)| path.starts_with(bar.path().join("state/lists")));
    assert_eq!(kept.count(), 2);
}

#[rstest]
#[case::page(200, "<html>maintenance</html>", Exit::Failed, "HTML")]
#[case::empty(200, "", Exit::Failed, "no symbol")]
#[case::cut_off(200, HEADING, Exit::Failed, "a part of it is missing")]
#[case::one_word(200, "Sym", Exit::Failed, "heading")]
#[case::missing(404, "gone", Exit::SourceDown, "status 404")]
#[case::broken(500, "oops", Exit::SourceDown, "status 500")]
#[case::throttled(429, "slow down", Exit::SourceDown, "asked again")]
fn a_bad_list_of_a_pair_leaves_everything_as_it_was(
    #[case] status: u16,
    #[case] body: &str,
    #[case] exit: Exit,
    #[case] said: &str,
) {
    let replies = (0..3).map(|_| Reply::new(status, body)).collect();
    let (bar, _server) = served(replies);
    let before = bar.read("tickers.json");

    let ran = bar.run(&IMPORT).expect(exit);

    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(ran.stderr.contains("/two"), "{}", ran.stderr);
    assert_eq!(bar.read("tickers.json"), before);
    let lists = bar.path().join("state/lists");
    assert!(bar.tree().iter().all(|(path, _)| !path.starts_with(&lists)));
}

#[test]
fn a_list_that_became_short_is_refused_until_it_is_accepted() {
    let bar = Barkeep::partitioned(&[]);
    bar.write("list.txt", directory(100));
    bar.run(&import("list.txt", &[])).expect(Exit::Ok);
    bar.write("list.txt", directory(89));
    let before = bar.tree();

    let refused = bar.run(&import("list.txt", &[])).expect(Exit::Failed);
    let after = bar.tree();
    bar.run(&import("list.txt", &["--accept-shorter"]))
        .expect(Exit::Ok);
    bar.run(&import("list.txt", &[])).expect(Exit::Ok);

    let said = "it has 89 symbols, and the last one that was accepted had 100";
    assert!(refused.stderr.contains(said), "{}", refused.stderr);
    assert!(refused.stderr.contains("--accept-shorter"));
    assert_eq!(after, before);
    assert_eq!(listed(&bar).len(), 100);
}

#[test]
fn a_dry_run_tells_and_changes_nothing() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.write("list.txt", "AAPL\nMSFT\n");
    let before = bar.tree();

    let ran = bar
        .run(&import("list.txt", &["--dry-run"]))
        .expect(Exit::Ok);

    assert!(
        ran.stderr.contains("Would add 1 ticker to us:demo"),
        "{}",
        ran.stderr
    );
    assert_eq!(bar.tree(), before);
}

/// A workspace in which one ticker is given up; `intervals` are its records.
fn given_up(ticker: &str, intervals: &str) -> Barkeep {
    let bar = Barkeep::partitioned(&["MSFT"]);
    let entry = format!(
        "{{\"{ticker}\": {{\"ticker\": \"{ticker}\", \"added_date\": \"2025-01-02\", \"status\": \"not_found\", \
         \"last_checked\": null, \"venue\": \"us:demo\", \"intervals\": {intervals}}}}}"
    );
    bar.write("tickers.json", entry);
    bar
}

fn is_active(bar: &Barkeep) -> bool {
    let text = bar.text("tickers.json");
    let registry: serde_json::Value = serde_json::from_str(&text).unwrap();
    let entry = registry.as_object().unwrap().values().next().unwrap();
    entry["status"] == "active"
}

#[test]
fn a_given_up_ticker_that_a_list_names_is_taken_back() {
    let bar = given_up("AAPL", "{}");
    bar.write("list.txt", "AAPL\n");

    let ran = bar.run(&import("list.txt", &[])).expect(Exit::Ok);

    assert!(ran.stderr.contains("took back 1 (AAPL)"), "{}", ran.stderr);
    assert!(is_active(&bar));
}

#[rstest]
#[case::confirm(&["tickers", "confirm", "--venue", "us:demo"])]
#[case::the_name_of_the_predecessor(&["confirm-not-founds", "--venue", "us:demo"])]
fn a_given_up_ticker_whose_bars_come_is_taken_back(#[case] args: &[&str]) {
    let bar = given_up("AAPL", "{}");

    let ran = bar.run(args).expect(Exit::Ok);

    assert!(
        ran.stderr.contains("Took back 1 ticker of us:demo: AAPL."),
        "{}",
        ran.stderr
    );
    assert!(is_active(&bar));
}

#[test]
fn a_source_that_cannot_answer_takes_nothing_back() {
    let bar = given_up("AAPL", "{}");
    let source = "[sources.\"us:demo\"]\nkind = \"files\"\npath = \"incoming\"\n";
    bar.write("barkeep.toml", source);
    bar.write("incoming/AAPL.csv", "what,is,this\n1,2,3\n");
    let before = bar.read("tickers.json");

    let ran = bar
        .run(&["tickers", "confirm", "--venue", "us:demo"])
        .expect(Exit::Partial);

    assert!(
        ran.stderr.contains("Nothing is known of AAPL"),
        "{}",
        ran.stderr
    );
    assert_eq!(bar.read("tickers.json"), before);
}

#[rstest]
#[case::recent("2025-11-01", true)]
#[case::long_ago("2025-01-02", false)]
fn reparse_takes_back_what_had_bars_of_late(#[case] found: &str, #[case] expected: bool) {
    let bar = given_up(
        "AAPL",
        &format!("{{\"1d\": {{\"status\": \"active\", \"last_found_date\": \"{found}\"}}}}"),
    );

    bar.run(&["reparse-not-founds", "--venue", "us:demo"])
        .expect(Exit::Ok);

    assert_eq!(is_active(&bar), expected);
}
