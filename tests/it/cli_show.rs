//! `show`: which rows, of which tickers, in which form.

use barkeep::cli::{Exit, Terminals};
use rstest::rstest;
use serde_json::Value;

use crate::support::barkeep::{Barkeep, Ran};

/// Minutes of two days of October and November, and one of the year before; each close is its number.
const MINUTES: [&str; 6] = [
    "2024-11-20 10:00:00",
    "2025-10-31 15:59:00",
    "2025-11-20 10:30:00",
    "2025-11-20 12:30:00",
    "2025-11-20 12:30:30",
    "2025-11-21 09:30:00",
];

/// A workspace of files with bars of minutes of A and of days of B and C.
fn stored() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\n",
    );
    bar.run(&[
        "init",
        "-i",
        "1m",
        "-i",
        "1d",
        "-t",
        "A",
        "-t",
        "B",
        "-t",
        "C",
        "-t",
        "BRK.B",
        "--partitioned",
    ])
    .expect(Exit::Ok);
    let header = "date,open,high,low,close,volume\n";
    let row = |at: &str, close: usize| format!("{at},{close},{close},{close},{close},1\n");
    let minutes = MINUTES
        .iter()
        .enumerate()
        .map(|(at, moment)| row(moment, at));
    bar.write(
        "in/1m/A.csv",
        format!("{header}{}", minutes.collect::<String>()),
    );
    let days = row("2025-11-20", 7) + &row("2025-11-21", 8);
    bar.write("in/1d/B.csv", format!("{header}{days}"));
    bar.write(
        "in/1d/C.csv",
        format!("{header}2025-11-21,1.5,2.25,1.123456,2,\n"),
    );
    bar.run(&["update", "-q"]);
    bar
}

fn closes(ran: &Ran) -> Vec<usize> {
    let rows = ran.stdout.lines().skip(1);
    rows.map(|row| row.split('.').next().unwrap().parse().unwrap())
        .collect()
}

/// A time of day was dropped in silence, and a month was refused.
#[rstest]
#[case::a_minute(&["--start", "2025-11-20T12:30"], &[3, 4, 5])]
#[case::with_a_blank(&["--start", "2025-11-20 12:30"], &[3, 4, 5])]
#[case::with_seconds(&["--start", "2025-11-20T12:30:30"], &[4, 5])]
#[case::the_minute_that_ends_is_whole(&["--end", "2025-11-20T12:30"], &[0, 1, 2, 3, 4])]
#[case::the_day_that_ends_is_whole(&["--end", "2025-11-20"], &[0, 1, 2, 3, 4])]
#[case::a_month(&["--start", "2025-11", "--end", "2025-11"], &[2, 3, 4, 5])]
#[case::a_year(&["--start", "2024", "--end", "2024"], &[0])]
#[case::today(&["--start", "today"], &[5])]
#[case::yesterday(&["--start", "yesterday", "--end", "yesterday"], &[2, 3, 4])]
#[case::days_ago(&["--start", "-1d"], &[2, 3, 4, 5])]
#[case::weeks_ago(&["--start", "-3w"], &[1, 2, 3, 4, 5])]
#[case::months_ago(&["--start=-1mo"], &[1, 2, 3, 4, 5])]
#[case::head(&["--head", "2"], &[0, 1])]
#[case::tail(&["--tail", "2"], &[4, 5])]
#[case::more_than_there_is(&["--head", "100"], &[0, 1, 2, 3, 4, 5])]
#[case::none(&["--start", "2025-11-22"], &[])]
fn a_time_is_honoured_to_its_end(#[case] options: &[&str], #[case] expected: &[usize]) {
    let bar = stored();
    let show = ["show", "A", "--format", "csv", "--columns", "close"];

    let ran = bar.run(&[&show, options].concat()).expect(Exit::Ok);

    assert_eq!(closes(&ran), expected);
}

#[test]
fn a_time_that_is_not_understood_is_refused_with_the_forms_that_are() {
    let bar = stored();

    for text in ["31.10.2025", "2025-11-20T12:30Z", "tomorrow", "-7days"] {
        let ran = bar.run(&["show", "A", "--start", text]).expect(Exit::Usage);
        assert!(ran.stderr.contains("2026-11-03T09:30"), "{}", ran.stderr);
    }
    bar.run(&["show", "A", "--head", "1", "--tail", "1"])
        .expect(Exit::Usage);
}

#[test]
fn where_the_rows_are_is_told_when_none_is_in_the_time() {
    let ran = stored()
        .run(&["show", "B", "--start", "2025-11-22"])
        .expect(Exit::Ok);

    assert_eq!(
        ran.stderr,
        "B 1d at us:mine has no rows in that time; it has some from 2025-11-20 00:00:00 to 2025-11-21 00:00:00.\n"
    );
}

#[test]
fn an_interval_is_the_only_one_of_the_ticker_else_of_the_workspace() {
    let bar = stored();

    let of_ticker = bar.run(&["show", "B", "--format", "csv"]).expect(Exit::Ok);
    let none = bar.run(&["show", "BRK.B"]).expect(Exit::Usage);
    bar.run(&["intervals", "remove", "1d"]).expect(Exit::Ok);
    let of_workspace = bar.run(&["show", "BRK.B"]).expect(Exit::Failed);

    assert!(
        of_ticker.stdout.contains("B,2025-11-21,8.0"),
        "{of_ticker:?}"
    );
    assert!(
        none.stderr.contains("several intervals are kept: 1m, 1d"),
        "{}",
        none.stderr
    );
    assert!(
        of_workspace
            .stderr
            .contains("nothing is stored of BRK.B 1m"),
        "{}",
        of_workspace.stderr
    );
}

#[test]
fn of_several_intervals_one_must_be_named() {
    let bar = stored();
    bar.write(
        "in/1d/A.csv",
        "date,open,high,low,close,volume\n2025-11-21,1,1,1,1,1\n",
    );
    bar.run(&["update", "-q"]);

    let ran = bar.run(&["show", "A"]).expect(Exit::Usage);

    insta::assert_snapshot!(ran.stderr, @r"
    error: A has bars of several intervals: 1m, 1d
    hint: name one: barkeep show A --interval 1m
    ");
}

#[test]
fn several_tickers_are_several_tables_one_list_or_one_array() {
    let bar = stored();

    let table = bar.run(&["show", "B", "C"]).expect(Exit::Ok);
    let csv = bar
        .run(&["show", "B", "C", "--format", "csv"])
        .expect(Exit::Ok);
    let json = bar
        .run(&["show", "B", "C", "--format", "json"])
        .expect(Exit::Ok);

    insta::assert_snapshot!(table.stdout, @r"
    B 1d at us:mine
    date        open  high  low  close  volume
    2025-11-20     7     7    7      7       1
    2025-11-21     8     8    8      8       1

    C 1d at us:mine
    date          open    high     low   close  volume
    2025-11-21  1.5000  2.2500  1.1235  2.0000
    ");
    insta::assert_snapshot!(csv.stdout, @r"
    stock,date,open,high,low,close,volume,sequence
    B,2025-11-20,7.0,7.0,7.0,7.0,1,
    B,2025-11-21,8.0,8.0,8.0,8.0,1,
    C,2025-11-21,1.5,2.25,1.123456,2.0,,
    ");
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json[1]["ticker"], "C");
    assert_eq!(json[1]["rows"][0]["low"], 1.123_456);
    assert_eq!(json[0]["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn a_ticker_that_cannot_be_shown_hides_no_other() {
    let bar = stored();

    let ran = bar
        .run(&["show", "brk-b", "B", "-i", "1d", "--format", "json"])
        .expect(Exit::Failed);

    assert!(ran.stderr.contains("did you mean BRK.B?"), "{}", ran.stderr);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json[0]["ticker"], "B");
}

#[test]
fn columns_are_printed_in_the_order_that_they_are_named_in() {
    let bar = stored();

    let ran = bar
        .run(&["show", "B", "--columns", "close,date", "--head", "1"])
        .expect(Exit::Ok);
    let none = bar
        .run(&["show", "B", "--columns", "adj"])
        .expect(Exit::Usage);

    assert_eq!(ran.stdout, "close  date\n    7  2025-11-20\n");
    assert!(none.stderr.contains("stock, date, open"), "{}", none.stderr);
}

/// Events stood below the names of the columns of bars.
#[test]
fn events_are_headed_by_their_own_columns() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.run(&["update", "-q"]).expect(Exit::Ok);

    let ran = bar.run(&["show", "AAPL", "--events"]).expect(Exit::Ok);

    assert!(
        ran.stdout
            .starts_with("date  kind  amount  numerator  denominator  currency\n"),
        "{}",
        ran.stdout
    );
}

#[test]
fn an_interval_in_the_place_of_a_ticker_is_told_what_to_type() {
    let bar = stored();

    for words in [["show", "1d", "A"], ["show", "A", "1d"]] {
        let ran = bar.run(&words).expect(Exit::Usage);
        assert!(
            ran.stderr.contains("barkeep show A --interval 1d"),
            "{}",
            ran.stderr
        );
    }
    let listed = bar.run(&["list", "1d", "A"]).expect(Exit::Usage);
    assert!(
        listed.stderr.contains("barkeep list A --interval 1d"),
        "{}",
        listed.stderr
    );
}

/// Every command that takes tickers asked about other things, and some of them advised a venue that nobody has.
#[rstest]
#[case(&["show", "brk-b", "-i", "1d"], Exit::Failed)]
#[case(&["update", "--ticker", "brk-b"], Exit::Failed)]
#[case(&["list", "brk-b"], Exit::Usage)]
#[case(&["check", "--ticker", "brk-b"], Exit::Usage)]
#[case(&["revisions", "brk-b"], Exit::Usage)]
#[case(&["tickers", "remove", "brk-b"], Exit::Failed)]
#[case(&["tickers", "accept", "brk-b"], Exit::Failed)]
fn every_command_asks_whether_another_ticker_was_meant(#[case] words: &[&str], #[case] exit: Exit) {
    let ran = stored().run(words).expect(exit);

    assert!(
        ran.stderr.contains("hint: did you mean BRK.B?"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("us:yahoo"), "{}", ran.stderr);
}

#[test]
fn a_terminal_that_is_too_narrow_for_a_table_gets_a_block_for_each_row() {
    let mut bar = stored();
    let show = ["show", "B", "--columns", "date,close"];
    bar.terminals = Terminals {
        stdout: true,
        columns: Some(15),
        ..Terminals::default()
    };

    let narrow = bar.run(&show).expect(Exit::Ok);
    bar.terminals.columns = Some(17);
    let wide = bar.run(&show).expect(Exit::Ok);

    assert_eq!(
        narrow.stdout,
        "date:  2025-11-20\nclose: 7\n\ndate:  2025-11-21\nclose: 8\n"
    );
    assert!(
        wide.stdout.starts_with("date        close\n"),
        "{}",
        wide.stdout
    );
}

#[cfg(feature = "polars")]
#[rstest]
#[case("5m", &["10:00:00", "15:55:00", "10:30:00", "12:30:00", "09:30:00"])]
#[case("1h", &["09:30:00", "15:30:00", "10:30:00", "12:30:00", "09:30:00"])]
fn bars_are_joined_to_longer_ones_from_the_opening_of_the_session(
    #[case] interval: &str,
    #[case] expected: &[&str],
) {
    let bar = stored();
    let args = ["show", "A", "--resample", interval, "--format", "csv"];

    let shown = bar.run(&args).expect(Exit::Ok).stdout;

    let rows = shown
        .lines()
        .skip(1)
        .map(|row| row.split(',').nth(1).unwrap());
    assert_eq!(rows.map(|date| &date[11..]).collect::<Vec<_>>(), expected);
    let volumes = shown
        .lines()
        .skip(1)
        .map(|row| row.split(',').nth(6).unwrap());
    let volumes = volumes.map(|volume| volume.parse::<usize>().unwrap());
    assert_eq!(volumes.sum::<usize>(), MINUTES.len());
}

#[cfg(feature = "polars")]
#[test]
fn a_joined_bar_that_lasts_still_is_told_and_what_cannot_be_joined_is_refused() {
    let mut bar = stored();
    "2025-11-21T14:31:00Z".clone_into(&mut bar.now);

    let hour = bar.run(&["show", "A", "--resample", "1h"]).expect(Exit::Ok);
    let finer = bar.run(&["show", "B", "--resample", "1m"]);
    let of_days = bar.run(&["show", "A", "--resample", "1d", "--prepost"]);

    let note = "The bar of 2025-11-21 09:30:00 is not over yet.";
    assert!(hour.stderr.contains(note), "{}", hour.stderr);
    assert_eq!(finer.exit, Exit::Usage);
    assert!(
        finer
            .stderr
            .contains("bars of 1d cannot be joined to bars of 1m")
    );
    assert_eq!(of_days.exit, Exit::Usage);
}

#[cfg(feature = "polars")]
#[rstest]
// In the session, in the quarter of an hour after it, and later.
#[case("2025-11-21T20:59:00Z", true)]
#[case("2025-11-21T21:14:59Z", true)]
#[case("2025-11-21T21:15:00Z", false)]
#[case("2025-11-22T03:00:00Z", false)]
fn the_bar_of_a_day_is_over_with_its_session(#[case] now: &str, #[case] is_told: bool) {
    let mut bar = stored();
    now.clone_into(&mut bar.now);

    let ran = bar.run(&["show", "A", "--resample", "1d"]).expect(Exit::Ok);

    let note = "The bar of 2025-11-21 is not over yet.";
    assert_eq!(ran.stderr.contains(note), is_told, "{}", ran.stderr);
}

#[test]
fn several_tickers_are_an_array_of_documents_whether_one_is_unknown_or_not() {
    let bar = stored();
    let shown = |words: &[&str]| {
        let ran = bar.run(&[&["show", "--format", "json"], words].concat());
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        (ran.exit, document)
    };

    assert!(shown(&["A"]).1.is_object());
    assert_eq!(shown(&["A", "B"]).1.as_array().unwrap().len(), 2);
    let (exit, one) = shown(&["A", "NOPE"]);
    assert_eq!((exit, one.as_array().unwrap().len()), (Exit::Failed, 1));
    let (exit, none) = shown(&["NOPE", "NONE"]);
    assert_eq!((exit, none), (Exit::Failed, Value::Array(Vec::new())));
}

#[rstest]
#[case("csv")]
#[case("ndjson")]
fn rows_of_several_lengths_are_not_mixed(#[case] format: &str) {
    let bar = stored();

    // A has minutes and B days.
    let mixed = bar
        .run(&["show", "A", "B", "--format", format])
        .expect(Exit::Usage);

    assert_eq!(mixed.stdout, "");
    assert!(mixed.stderr.contains("A 1m at us:mine"), "{}", mixed.stderr);
    assert!(mixed.stderr.contains("B 1d at us:mine"), "{}", mixed.stderr);
    bar.run(&["show", "A", "B"]).expect(Exit::Ok);
}
