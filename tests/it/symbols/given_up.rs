//! Tickers that were given up, and what takes them back.

use super::*;

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
    bar.write("list.txt", "Symbol\nAAPL\n");

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
