//! Lists of symbols: what is recorded, what is taken, and what is refused with everything as it was.

mod given_up;

use crate::support::barkeep::Barkeep;
use crate::support::recorded::{recorded, recorded_data};
use crate::support::server::{Reply, Server};
use barkeep::cli::Exit;
use barkeep::source::symbols::{Forms, Kind, LeftOut, Listed, Reason, SymbolList};
use rstest::rstest;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

fn recorded_list(folder: &Path, name: &str) -> SymbolList {
    let bytes = recorded(&folder.join("symbols"), name);
    SymbolList::parse(&bytes, Forms::Tables).unwrap()
}

#[test]
fn every_recorded_list_is_understood() {
    let Some(folder) = recorded_data() else {
        return;
    };

    for (name, date, rows, known, counts) in [
        (NASDAQ, "0721202521:31", 4973, "AAPL", [8, 0, 0, 0]),
        (OTHER, "0721202521:31", 6606, "UHAL-B", [25, 1, 0, 0]),
        (
            "datahub_nasdaq-listed.csv",
            "0731202621:31",
            5569,
            "NA",
            [8, 0, 0, 0],
        ),
        ("datahub_nyse-listed.csv", "", 2918, "BRK-B", [0, 1, 0, 0]),
        (XETRA, "08.11.2019", 2665, "SAP.DE", [0, 0, 0, 4]),
    ] {
        let list = recorded_list(&folder, name);

        assert_eq!(list.rows, rows, "{name}");
        assert_eq!(list.date.unwrap_or_default(), date, "{name}");
        let reasons = [
            Reason::TestIssue,
            Reason::NoSpelling,
            Reason::Repeated,
            Reason::Inactive,
        ];
        let found = reasons.map(|reason| {
            list.left_out
                .iter()
                .filter(|out| out.reason == reason)
                .count()
        });
        assert_eq!(found, counts, "{name}: {:?}", list.left_out);
        assert_eq!(list.left_out.len(), counts.iter().sum::<usize>(), "{name}");
        assert_eq!(list.symbols.len() + list.left_out.len(), rows, "{name}");
        let is_known = |listed: &Listed| listed.ticker.as_str() == known;
        assert!(list.symbols.iter().any(is_known), "{name}");
    }
}

#[test]
fn a_recorded_copy_has_the_symbols_of_its_directory() {
    let Some(folder) = recorded_data() else {
        return;
    };

    for (directory, copy, common) in [
        (NASDAQ, "datahub_nasdaq-listed.csv", 4231),
        (OTHER, "datahub_nyse-listed.csv", 2607),
    ] {
        let spelled = |name: &str| -> BTreeMap<String, Option<String>> {
            let bytes = recorded(&folder.join("symbols"), name);
            let text = String::from_utf8(bytes).unwrap();
            let mut lines = text.split_inclusive('\n');
            let heading = lines.next().unwrap();
            let footer = "File Creation Time: 0|||||||\n";
            lines
                .filter(|line| !line.starts_with("File Creation Time") && *line != ",\n")
                .map(|line| {
                    let mark = if heading.contains('|') { '|' } else { ',' };
                    let symbol = line.split(mark).next().unwrap().to_owned();
                    let footer = if mark == '|' { footer } else { "" };
                    let list = format!("{heading}{line}{footer}");
                    let list = SymbolList::parse(list.as_bytes(), Forms::Tables).ok();
                    let first =
                        list.and_then(|list| Some(list.symbols.first()?.ticker.to_string()));
                    (symbol, first)
                })
                .collect()
        };
        let (directory, copy) = (spelled(directory), spelled(copy));
        let mut seen = 0;

        for (symbol, expected) in &directory {
            if let Some(found) = copy.get(symbol) {
                assert_eq!(found, expected, "{symbol}");
                seen += 1;
            }
        }

        assert_eq!(seen, common);
    }
}

#[test]
fn words_find_the_recorded_test_issues_that_the_column_names() {
    let Some(folder) = recorded_data() else {
        return;
    };

    for (name, heading, place) in [
        (NASDAQ, "Symbol,Security Name", 3),
        (OTHER, "ACT Symbol,Security Name", 6),
    ] {
        let text = String::from_utf8(recorded(&folder.join("symbols"), name)).unwrap();
        let mut copy = format!("{heading}\n");
        let mut expected = Vec::new();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split('|').collect();
            if let [symbol, security, ..] = fields.as_slice() {
                writeln!(copy, "{symbol},\"{}\"", security.replace('"', "")).unwrap();
                if fields.get(place) == Some(&"Y") {
                    expected.push((*symbol).to_owned());
                }
            }
        }

        let list = SymbolList::parse(copy.as_bytes(), Forms::Tables).unwrap();

        let is_test = |out: &&LeftOut| out.reason == Reason::TestIssue;
        let found: Vec<String> = list
            .left_out
            .iter()
            .filter(is_test)
            .map(|out| out.symbol.clone())
            .collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn the_recorded_directories_and_xetra_tell_kinds() {
    let Some(folder) = recorded_data() else {
        return;
    };

    for (name, counts) in [
        (NASDAQ, [3339, 112, 346, 129, 60, 914, 0, 3, 62]),
        (OTHER, [2550, 392, 65, 17, 4, 3430, 0, 16, 106]),
        (XETRA, [804, 0, 0, 0, 0, 1517, 224, 110, 6]),
    ] {
        let list = recorded_list(&folder, name);

        let count = |kind| {
            list.symbols
                .iter()
                .filter(|listed| listed.kind == Some(kind))
                .count()
        };
        assert_eq!(Kind::ALL.map(count), counts, "{name}");
        assert!(list.has_kinds(), "{name}");
    }
}

#[test]
fn a_recorded_file_that_is_packed_and_cut_off_is_refused() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let bytes = recorded(&folder.join("symbols"), XETRA);

    for kept in [1, 20, bytes.len() / 2, bytes.len() - 9, bytes.len() - 1] {
        let cut = bytes.get(..kept).unwrap();

        assert!(SymbolList::parse(cut, Forms::Tables).is_err(), "{kept}");
    }
}

const NASDAQ: &str = "nasdaqlisted_2025-07-21.txt";
const OTHER: &str = "otherlisted_2025-07-21.txt";
const XETRA: &str = "t7-xetr-allTradableInstruments_2019-11-08.csv.gz";
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

    assert!(ran.stderr.contains("Read 23 rows of 2 lists."));
    assert!(ran.stderr.contains("/one is of 0721202521:31."));
    let left_out = "1 symbol left out, test issue: ZTEST.";
    assert!(ran.stderr.contains(left_out), "{}", ran.stderr);
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
#[case::page(200, "<html>maintenance</html>", "HTML")]
#[case::empty(200, "", "no symbol")]
#[case::cut_off(200, HEADING, "a part of it is missing")]
#[case::one_word(200, "Sym", "heading")]
#[case::missing(404, "gone", "status 404")]
#[case::broken(500, "oops", "status 500")]
#[case::throttled(429, "slow down", "asked again")]
fn a_bad_list_of_a_pair_is_told_and_the_good_one_is_taken(
    #[case] status: u16,
    #[case] body: &str,
    #[case] said: &str,
) {
    let replies = (0..3).map(|_| Reply::new(status, body)).collect();
    let (bar, _server) = served(replies);

    let ran = bar.run(&IMPORT).expect(Exit::Partial);

    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(ran.stderr.contains("/two"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Added 19 tickers"), "{}", ran.stderr);
    assert_eq!(listed(&bar).len(), 20);
    let lists = bar.path().join("state/lists");
    let tree = bar.tree();
    let kept = tree.iter().filter(|(path, _)| path.starts_with(&lists));
    assert_eq!(kept.count(), 1);
}

#[rstest]
#[case::both_refused("<html>", 200, Exit::Failed)]
#[case::one_not_fetched("oops", 404, Exit::SourceDown)]
fn where_every_list_is_bad_all_are_told_and_nothing_changes(
    #[case] second: &str,
    #[case] status: u16,
    #[case] exit: Exit,
) {
    let (bar, server) = served(vec![Reply::new(status, second)]);
    server.on("/one", [Reply::new(200, "{}")]);
    let before = bar.tree();

    let ran = bar.run(&IMPORT).expect(exit);

    assert!(ran.stderr.contains("/one is refused"), "{}", ran.stderr);
    assert!(ran.stderr.contains("/two "), "{}", ran.stderr);
    assert_eq!(bar.tree(), before);
}

#[test]
fn a_short_list_of_a_pair_keeps_its_last_one_and_blocks_no_other() {
    let bar = Barkeep::partitioned(&[]);
    bar.write(
        "barkeep.toml",
        "[lists]\nnasdaq = [\"one.txt\", \"two.txt\"]\n",
    );
    bar.write("one.txt", directory(100));
    bar.write("two.txt", OTHERS);
    bar.run(&IMPORT).expect(Exit::Ok);
    bar.write("one.txt", directory(50));
    bar.write("two.txt", format!("{OTHERS}NEW,New Company\n"));

    let ran = bar.run(&IMPORT).expect(Exit::Partial);
    let again = bar.run(&IMPORT).expect(Exit::Partial);

    assert!(ran.stderr.contains("Added 1 ticker "), "{}", ran.stderr);
    for ran in [ran, again] {
        let said = "it has 50 symbols, and the last one that was accepted had 100";
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
        assert!(ran.stderr.contains("one.txt is refused"), "{}", ran.stderr);
    }
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

/// Servers that do not hand a list out say so with status 200, too.
#[rstest]
#[case::word("Forbidden", "`Forbidden`")]
#[case::word_in_capitals("FORBIDDEN\n", "`FORBIDDEN`")]
#[case::number("404", "`404`")]
#[case::quoted("\"Unauthorized\"", "`Unauthorized`")]
#[case::words_in_lines("Access\nDenied\n", "`Access`")]
#[case::sentence("Access denied", "`Access denied`")]
#[case::page("<html><body>Forbidden</body></html>", "HTML")]
#[case::json("{\"error\":\"Forbidden\"}", "`{\"error\":\"Forbidden\"}`")]
#[case::json_list("[\"Forbidden\"]", "`[\"Forbidden\"]`")]
fn what_a_server_says_in_place_of_a_list_is_no_ticker(#[case] body: &str, #[case] said: &str) {
    let bar = Barkeep::partitioned(&["MSFT"]);
    bar.write("list.txt", body);
    let server = Server::start();
    server.on("/list", [Reply::new(200, body)]);
    let before = bar.tree();

    for list in ["list.txt", &server.url("/list")] {
        let refused = bar.run(&import(list, &[])).expect(Exit::Failed);
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }

    assert_eq!(bar.tree(), before);
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
