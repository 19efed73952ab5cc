//! What a workspace keeps: `tickers add` of a file, `intervals`, and the predecessor's names for both.

use barkeep::cli::Exit;
use rstest::rstest;

use crate::support::barkeep::Barkeep;

fn listed(bar: &Barkeep) -> Vec<String> {
    let ran = bar.run(&["tickers", "list"]).expect(Exit::Ok);
    ran.stdout.lines().map(str::to_owned).collect()
}

/// "NVDA # chips" and "TSLA, GOOG" became tickers.
#[rstest]
fn a_file_of_tickers_is_read_as_people_write_it(
    #[values("add", "init", "import")] command: &str,
    #[values("--tickers-file", "--file")] option: &str,
) {
    let bar = Barkeep::partitioned(&[]);
    let text = "\u{feff}# my list\r\nTicker\r\nAAPL\r\n\r\nNVDA # chips\r\n\"TSLA\", GOOG;BRK.B\r\n  KO  \r\n";
    bar.write("list.txt", text);

    let words: &[&str] = match command {
        "init" => &["init", option, "list.txt"],
        "add" => &["tickers", "add", option, "list.txt"],
        _ => &["tickers", "import", "--list", "list.txt"],
    };
    bar.run(words).expect(Exit::Ok);

    assert_eq!(
        listed(&bar),
        ["AAPL", "NVDA", "TSLA", "GOOG", "BRK.B", "KO"]
    );
}

#[test]
fn a_file_with_something_else_in_it_is_refused_whole_with_its_line() {
    let bar = Barkeep::partitioned(&["MSFT"]);
    bar.write("list.txt", "AAPL\nNVDA the chip maker\n");
    let before = bar.tree();

    let ran = bar
        .run(&["tickers", "add", "--file", "list.txt"])
        .expect(Exit::Usage);

    assert!(
        ran.stderr.contains("line 2, `NVDA the chip maker`"),
        "{}",
        ran.stderr
    );
    assert_eq!(bar.tree(), before);
}

#[test]
fn commas_part_tickers_on_the_command_line_too() {
    let bar = Barkeep::partitioned(&["KO"]);

    bar.run(&["tickers", "add", "AAPL,MSFT"]).expect(Exit::Ok);
    bar.run(&["init", "--ticker", "NVDA,TSLA"]).expect(Exit::Ok);

    assert_eq!(listed(&bar), ["KO", "AAPL", "MSFT", "NVDA", "TSLA"]);
}

#[test]
fn intervals_are_added_removed_and_listed() {
    let bar = Barkeep::partitioned(&["AAPL"]);

    bar.run(&["intervals", "add", "1m", "1h", "1m"])
        .expect(Exit::Ok);
    bar.run(&["intervals", "remove", "1h", "1wk"])
        .expect(Exit::Ok);
    let shown = bar.run(&["intervals", "list"]).expect(Exit::Ok);
    let json = bar.run(&["intervals", "list", "--json"]).expect(Exit::Ok);

    assert_eq!(shown.stdout, "1d\n1m\n");
    assert_eq!(json.stdout, "{\"intervals\":[\"1d\",\"1m\"]}\n");
    bar.run(&["intervals", "add", "7d"]).expect(Exit::Usage);
    assert_eq!(bar.read("intervals.json"), b"[\n    \"1d\",\n    \"1m\"\n]");
}

#[test]
fn damaged_intervals_are_not_written_over() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.write("intervals.json", "[\"1d\", 5]");

    bar.run(&["intervals", "add", "1m"]).expect(Exit::Damaged);

    assert_eq!(bar.read("intervals.json"), b"[\"1d\", 5]");
}

#[test]
fn scripts_that_were_written_for_the_predecessor_go_on() {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", "[workspace]\ndefault_venue = \"us:demo\"\n");
    let path = bar.path().display().to_string();

    for words in [
        &["--wrk-dir", &path, "initialize"][..],
        &["add-interval", "1m"],
        &["remove-interval", "1d"],
        &["--log-level", "ERROR", "run-lock", "status"],
        &[
            "run-lock",
            "cleanup",
            "--base-dir",
            &path,
            "--non-interactive",
        ],
        &[
            "--limits",
            "3",
            "2",
            "--log-level",
            "critical",
            "update-data",
            "--non-interactive",
            "--save-not-founds",
        ],
        &["reparse-not-founds"],
    ] {
        let ran = bar.run(words);
        assert_eq!(ran.exit, Exit::Ok, "{words:?}: {ran:#?}");
    }

    assert_eq!(bar.read("intervals.json"), b"[\n    \"1m\"\n]");
}

#[test]
fn the_predecessors_limits_are_those_of_the_run() {
    let bar = Barkeep::partitioned(&["AAPL"]);

    let before = bar
        .run(&["--limits", "0.5", "1", "update-data"])
        .expect(Exit::Usage);
    let both = bar.run(&["--limits", "0.5", "1", "update", "--limits", "3", "2"]);

    assert!(
        before.stderr.contains("`--limits` takes"),
        "{}",
        before.stderr
    );
    assert_eq!(both.exit, Exit::Ok, "{both:?}");
}

#[test]
fn the_predecessors_lists_are_those_of_the_settings() {
    let bar = Barkeep::partitioned(&[]);
    bar.write("list.csv", "Symbol,Security Name\nAAPL,\"Apple, Inc.\"\n");
    bar.write("barkeep.toml", "[lists]\ndatahub = [\"list.csv\"]\n");

    bar.run(&["update-tickers"]).expect(Exit::Ok);

    assert_eq!(listed(&bar), ["AAPL"]);
}

#[test]
fn help_is_a_command_as_well() {
    let bar = Barkeep::empty();

    let command = bar.run(&["help", "show"]).expect(Exit::Ok);
    let inner = bar.run(&["help", "tickers", "add"]).expect(Exit::Ok);

    assert!(command.stdout.contains("--tail <N>"), "{}", command.stdout);
    assert!(
        inner.stdout.contains("--tickers-file <FILE>"),
        "{}",
        inner.stdout
    );
}
