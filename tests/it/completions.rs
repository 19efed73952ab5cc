//! What shells are told: the generated scripts, and the words that they ask for.

use std::process::Command;

use barkeep::cli::Exit;
use rstest::rstest;

use crate::support::barkeep::Barkeep;

/// Returns what bash offers for the last word of a line in a workspace.
fn offered(bar: &Barkeep, line: &[&str]) -> Vec<String> {
    let script = bar.run(&["completions", "bash"]).expect(Exit::Ok).stdout;
    let words: Vec<String> = line.iter().map(|word| format!("'{word}'")).collect();
    let (last, before) = (line.len() - 1, line.len() - 2);
    let body = format!(
        "{script}\nCOMP_WORDS=({words}); COMP_CWORD={last}\n\
         _barkeep_or_words barkeep '{cur}' '{prev}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words = words.join(" "),
        cur = line[last],
        prev = line[before],
    );
    let program = env!("CARGO_BIN_EXE_barkeep");
    let folder = std::path::Path::new(program).parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let ran = Command::new("bash")
        .args(["--noprofile", "--norc", "-c", &body])
        .env("PATH", path)
        .env_remove("BARKEEP_WORKSPACE")
        .current_dir(bar.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let text = String::from_utf8(ran.stdout).unwrap();
    text.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[rstest]
#[case::tickers_of_a_command(&["barkeep", "show", ""], &["AAPL", "AMD", "\\^GSPC"])]
#[case::the_beginning_of_one(&["barkeep", "show", "AA"], &["AAPL"])]
#[case::behind_an_option(&["barkeep", "update", "--ticker", "AM"], &["AMD"])]
#[case::of_a_command_below_another(&["barkeep", "tickers", "remove", "AM"], &["AMD"])]
#[case::intervals(&["barkeep", "show", "AAPL", "-i", ""], &["1d", "1m"])]
#[case::venues(&["barkeep", "list", "--venue", ""], &["us:demo"])]
#[case::a_venue_up_to_its_colon(&["barkeep", "list", "--venue", "us", ":"], &["demo"])]
#[case::a_venue_behind_its_colon(&["barkeep", "list", "--venue", "us", ":", "de"], &["demo"])]
#[case::commands(&["barkeep", "sta"], &["status"])]
#[case::options(&["barkeep", "show", "AAPL", "--utc", "--tai"], &["--tail"])]
#[case::nothing_that_is_hidden(&["barkeep", "add-"], &[])]
fn bash_offers_what_the_workspace_has(#[case] line: &[&str], #[case] expected: &[&str]) {
    let bar = Barkeep::partitioned(&["AAPL", "AMD", "^GSPC"]);
    bar.run(&["intervals", "add", "1m"]).expect(Exit::Ok);

    assert_eq!(offered(&bar, line), expected);
}

#[test]
fn bash_asks_the_workspace_that_the_line_names() {
    let (bar, other) = (
        Barkeep::partitioned(&["AAPL"]),
        Barkeep::partitioned(&["MSFT"]),
    );
    let path = other.path().display().to_string();

    let found = offered(&bar, &["barkeep", "-C", &path, "show", ""]);

    assert_eq!(found, ["MSFT"]);
}

#[test]
fn the_other_shells_ask_for_the_same_words() {
    let bar = Barkeep::empty();
    let zsh = bar.run(&["completions", "zsh"]).expect(Exit::Ok).stdout;
    let fish = bar.run(&["completions", "fish"]).expect(Exit::Ok).stdout;

    for what in ["tickers", "intervals", "venues"] {
        assert!(zsh.contains(&format!(":_barkeep_words {what}'")), "{what}");
        assert!(
            fish.contains(&format!("(__barkeep_words {what})")),
            "{what}"
        );
    }
    assert!(
        !zsh.contains(":MARKET:SOURCE:"),
        "a venue has a colon, which parts a message"
    );
    assert!(!zsh.contains("update-tickers") && !fish.contains("update-tickers"));
}

#[test]
fn without_a_workspace_nothing_is_offered_and_nothing_is_said() {
    let bar = Barkeep::empty();

    for (what, expected) in [("tickers", 0), ("intervals", 13), ("venues", 0)] {
        let ran = bar.run(&["complete", what]).expect(Exit::Ok);
        assert_eq!(
            (ran.stdout.lines().count(), ran.stderr.as_str()),
            (expected, "")
        );
    }
    bar.write("tickers.json", "[]");
    bar.write("intervals.json", "{");
    let ran = bar.run(&["complete", "tickers"]).expect(Exit::Ok);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
}
