//! What was held at a moment.

use barkeep::cli::Exit;

use crate::support::barkeep::Barkeep;
use crate::support::foreign::daily;

const SOURCE: &str = "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\ninterval = \"1d\"\n";

fn deliver(bar: &mut Barkeep, now: &str, ticker: &'static str, rows: &[(&str, f64)]) {
    now.clone_into(&mut bar.now);
    bar.write(format!("in/{ticker}.parquet"), daily(ticker, rows));
    bar.run(&["update"]).expect(Exit::Ok);
}

/// A workspace that stored two rows of A on the 20th, and on the 21st a correction, a third row and a row of B.
fn two_days() -> Barkeep {
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", SOURCE);
    bar.run(&["init", "-t", "A", "-t", "B", "-i", "1d", "--partitioned"])
        .expect(Exit::Ok);
    let first = [("2024-01-30", 1.0), ("2024-01-31", 2.0)];
    deliver(&mut bar, "2025-11-20T22:00:00Z", "A", &first);
    let second = [
        ("2024-01-30", 1.0),
        ("2024-01-31", 2.5),
        ("2024-02-01", 3.0),
    ];
    deliver(&mut bar, "2025-11-21T22:00:00Z", "A", &second);
    deliver(
        &mut bar,
        "2025-11-21T22:00:00Z",
        "B",
        &[("2024-02-01", 9.0)],
    );
    bar
}

#[test]
fn an_export_of_a_moment_is_what_an_export_then_would_have_been() {
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", SOURCE);
    bar.run(&["init", "-t", "A", "-i", "1d", "--partitioned"])
        .expect(Exit::Ok);
    let first = [("2024-01-30", 1.0), ("2024-01-31", 2.0)];
    deliver(&mut bar, "2025-11-20T22:00:00Z", "A", &first);
    bar.run(&["export", "-o", "then.csv"]).expect(Exit::Ok);

    let second = [
        ("2024-01-30", 1.0),
        ("2024-01-31", 2.5),
        ("2024-02-01", 3.0),
    ];
    deliver(&mut bar, "2025-11-21T22:00:00Z", "A", &second);
    bar.run(&["export", "-o", "later.csv", "--as-of", "2025-11-20"])
        .expect(Exit::Ok);

    assert_eq!(bar.text("later.csv"), bar.text("then.csv"));
    bar.run(&["export", "-o", "x.csv", "--as-of", "2025-11-22"])
        .expect(Exit::Usage);
}

#[test]
fn a_list_of_a_moment_has_what_was_held_then_and_nothing_of_later() {
    let bar = two_days();
    let list = |as_of: &str| {
        let ran = bar
            .run(&["list", "--json", "--as-of", as_of])
            .expect(Exit::Ok);
        let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let series = document["series"].as_array().unwrap().clone();
        series
            .into_iter()
            .map(|one| {
                assert_eq!(one["state"], serde_json::Value::Null);
                let ticker = one["ticker"].as_str().unwrap().to_owned();
                (
                    ticker,
                    one["rows"].as_u64(),
                    one["last"].as_str().unwrap().to_owned(),
                )
            })
            .collect::<Vec<_>>()
    };
    let row = |ticker: &str, rows, last: &str| (ticker.to_owned(), Some(rows), last.to_owned());

    assert_eq!(list("2025-11-20"), [row("A", 2, "2024-01-31")]);
    assert_eq!(
        list("2025-11-21"),
        [row("A", 3, "2024-02-01"), row("B", 1, "2024-02-01")]
    );
    // Whether a series rested then nobody knows.
    let head = |args: &[&str]| {
        let listed = bar.run(args).expect(Exit::Ok);
        let head = listed.stdout.lines().next().unwrap_or_default();
        head.split_whitespace().last().map(str::to_owned)
    };
    assert_eq!(head(&["list"]).as_deref(), Some("state"));
    assert_eq!(
        head(&["list", "--as-of", "2025-11-21"]).as_deref(),
        Some("unit")
    );
    let refused = bar
        .run(&["list", "--as-of", "2025-11-19"])
        .expect(Exit::Failed);
    assert!(
        refused.stderr.contains("recorded since 2025-11-20"),
        "{}",
        refused.stderr
    );
}

/// What is there is written, and nobody takes it for all.
#[test]
fn a_series_of_which_a_month_is_gone_is_named() {
    let bar = two_days();
    bar.remove("data/us/mine/stocks_1d/ticker=A/year=2024/month=01/data.parquet");

    for way in [
        &["-o", "all.csv"][..],
        &["--wide", "close", "-o", "wide.csv"],
    ] {
        let ran = bar.run(&[&["export"], way].concat()).expect(Exit::Partial);

        let told = "A 1d at us:mine: of 3 rows that were stored 1 are there";
        assert!(ran.stderr.contains(told), "{}", ran.stderr);
    }
    assert_eq!(bar.text("all.csv").lines().count(), 3);
    bar.run(&["export", "B", "-o", "b.csv"]).expect(Exit::Ok);
    let after = ["export", "-o", "after.csv", "--start", "2024-02"];
    bar.run(&after).expect(Exit::Ok);
}

/// `show` and `chart` printed what was left, and ended as if it were all.
#[test]
fn whoever_prints_a_series_of_which_a_month_is_gone_says_so() {
    let bar = two_days();
    bar.remove("data/us/mine/stocks_1d/ticker=A/year=2024/month=01/data.parquet");
    let told = "A 1d at us:mine: of 3 rows that were stored 1 are there";

    for command in [
        "show A",
        "show A B",
        "show A --format ndjson",
        "show A --resample 1mo",
        "show A --start 2024-01-15 --end 2024-01-31",
        "show A --end 2024-01-31 --resample 1wk",
        "show A --head 1",
        "show A --tail 2",
        "chart A",
        "chart A --end 2024-02",
        "chart A -o a.svg",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let ran = bar.run(&words);
        assert_eq!(ran.exit, Exit::Partial, "{command}: {ran:?}");
        assert!(ran.stderr.contains(told), "{command}: {ran:?}");
    }
    for command in [
        "show B",
        "show A --start 2024-02",
        "show A --tail 1",
        "chart A --start 2024-02",
        "show A --start 2024-02 --resample 1mo",
        "show A --end 2023-12 --resample 1mo",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        let ran = bar.run(&words);
        assert_eq!(ran.exit, Exit::Ok, "{command}: {ran:?}");
        assert!(!ran.stderr.contains(told), "{command}: {ran:?}");
    }
}
