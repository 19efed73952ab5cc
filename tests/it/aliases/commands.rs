//! Every command that takes a ticker, by the page of commands.

use super::*;

/// What takes a ticker, by the command and the option that the page of the command line has, with words for it.
const TAKE_A_TICKER: [(&str, &str, &[&str]); 14] = [
    (
        "init",
        "--ticker",
        &["init", "--venue", "de:xetra", "--ticker", "SIE"],
    ),
    (
        "tickers add",
        "",
        &["tickers", "add", "--venue", "de:xetra", "SIE"],
    ),
    ("tickers remove", "", &["tickers", "remove", "SIE"]),
    ("tickers accept", "", &["tickers", "accept", "SIE"]),
    (
        "update",
        "--ticker",
        &[
            "update",
            "--venue",
            "de:xetra",
            "--ticker",
            "SIE",
            "--dry-run",
        ],
    ),
    ("show", "", &["show", "SIE", "-i", "1d"]),
    ("show", "--trades", &["show", "--trades", "SIE"]),
    ("chart", "", &["chart", "SIE", "-i", "1d"]),
    (
        "export",
        "",
        &["export", "SIE", "-i", "1d", "-o", "-", "--format", "csv"],
    ),
    ("list", "", &["list", "SIE"]),
    (
        "status",
        "--ticker",
        &["status", "--gaps", "--ticker", "SIE"],
    ),
    (
        "mirror",
        "--ticker",
        &[
            "mirror", "--path", "--venue", "de:xetra", "-i", "1d", "--ticker", "SIE",
        ],
    ),
    ("revisions", "", &["revisions", "SIE"]),
    ("check", "--ticker", &["check", "--ticker", "SIE"]),
];

/// Returns the commands of the page of the command line that take a ticker, with the option by which each does.
fn take_a_ticker() -> BTreeSet<(String, String)> {
    let page = include_str!("../../../docs/cli.md");
    let mut found = BTreeSet::new();
    let mut command = "";
    for line in page.lines() {
        if let Some(name) = line.strip_prefix("## barkeep") {
            command = name.trim();
        }
        if let Some((before, _)) = line
            .strip_prefix("  ")
            .and_then(|it| it.split_once("TICKER"))
        {
            let mut words = before.split([' ', ',']).rev();
            let option = words.find(|word| word.starts_with("--"));
            found.insert((command.to_owned(), option.unwrap_or_default().to_owned()));
        }
    }
    found
}

#[test]
fn every_command_that_takes_a_ticker_takes_a_mnemonic() {
    let listed = TAKE_A_TICKER.map(|(command, option, _)| (command.to_owned(), option.to_owned()));
    assert_eq!(
        take_a_ticker(),
        BTreeSet::from(listed),
        "a new one resolves its words by `named`"
    );

    for (command, option, words) in TAKE_A_TICKER {
        let words = |ticker: &'static str| -> Vec<&str> {
            let each = words
                .iter()
                .map(|word| if *word == "SIE" { ticker } else { word });
            each.collect()
        };
        // Each in a workspace of its own: some change it.
        let ((isin, _feed), (mnemonic, _other)) = (imported(), imported());
        let mirror = ["mirror", "--venue", "de:xetra", "-i", "1d"];
        for bar in [&isin, &mnemonic] {
            bar.run(&mirror).expect(Exit::Ok);
        }

        let (by_isin, by_mnemonic) = (isin.run(&words(SIEMENS)), mnemonic.run(&words("SIE")));

        let told = format!("{command} {option}: {by_isin:#?} {by_mnemonic:#?}");
        assert_eq!(by_mnemonic.exit, by_isin.exit, "{told}");
        // None of them describes it otherwise than before.
        let expected = if command == "tickers accept" {
            Exit::Failed
        } else {
            Exit::Ok
        };
        assert_eq!(by_isin.exit, expected, "{told}");
        assert_eq!(by_mnemonic.stdout, by_isin.stdout, "{told}");
        let note = format!("SIE is {SIEMENS}, SIE COMPANY.\n");
        assert_eq!(
            by_mnemonic.stderr.replacen(&note, "", 1),
            by_isin.stderr,
            "{told}"
        );
        assert!(by_mnemonic.stderr.contains(&note), "{told}");
        let listed = |bar: &Barkeep| bar.run(&["tickers", "list"]).expect(Exit::Ok).stdout;
        assert_eq!(listed(&mnemonic), listed(&isin), "{told}");
    }
}
