//! What people type wrong, and workspaces that are not as they should be: each has its exit code and its sentence.

use barkeep::cli::Exit;
use rstest::rstest;

use crate::support::barkeep::{Barkeep, Ran};

#[rstest]
#[case::no_command(&[])]
#[case::unknown_command(&["fetch"])]
#[case::unknown_interval(&["update", "--interval", "7d"])]
#[case::unknown_venue(&["update", "--venue", "us:nope"])]
#[case::malformed_venue(&["update", "--venue", "yahoo"])]
#[case::malformed_date(&["update", "--start", "31.01.2020", "--end", "2020-02-01"])]
#[case::no_such_day(&["update", "--start", "2020-02-30", "--end", "2020-03-01"])]
#[case::beyond_all_years(&["update", "--start", "0001-01-01", "--end", "2020-03-01"])]
#[case::one_date(&["update", "--start", "2020-01-01"])]
#[case::other_date(&["update", "--end", "2020-01-01"])]
#[case::start_after_end(&["update", "--start", "2020-02-01", "--end", "2020-01-01"])]
#[case::no_requests(&["update", "--limits", "0", "1"])]
#[case::half_a_request(&["update", "--limits", "1.5", "1"])]
#[case::no_number(&["update", "--limits", "NaN", "1"])]
#[case::one_limit(&["update", "--limits", "3"])]
#[case::too_many_threads(&["update", "--jobs", "5000"])]
#[case::ticker_with_nul(&["update", "--ticker", "A\0B"])]
#[case::empty_ticker(&["update", "--ticker", ""])]
#[case::show_start_after_end(&["show", "AAPL", "-i", "1d", "--start", "2020-02-01", "--end", "2020-01-01"])]
#[case::show_without_ticker(&["show"])]
#[case::toggle_source_alone(&["partition-toggle", "--source", "demo"])]
#[case::toggle_clear_and_disable(&["partition-toggle", "--market", "us", "--clear", "--disable"])]
fn a_command_line_that_makes_no_sense_ends_in_2_and_changes_nothing(#[case] args: &[&str]) {
    let bar = Barkeep::partitioned(&["AAPL"]);
    let before = bar.tree();

    let ran = bar.run(args);

    assert_eq!(ran.exit, Exit::Usage, "{ran:#?}");
    assert!(!ran.stderr.is_empty());
    assert_eq!(ran.stdout, "");
    assert_eq!(bar.tree(), before);
}

#[test]
fn a_ticker_of_four_kibibytes_is_refused_with_its_start() {
    let long = "x".repeat(4096);

    let ran = Barkeep::partitioned(&[])
        .run(&["tickers", "add", &long])
        .expect(Exit::Usage);

    assert!(
        ran.stderr.contains("takes 4096 bytes as a path"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_usage_error_under_json_is_json() {
    let ran = Barkeep::partitioned(&[])
        .run(&["update", "--json", "--interval", "7d"])
        .expect(Exit::Usage);

    let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["event"], "error");
    assert_eq!(error["exit"], 2);
}

#[test]
fn without_a_workspace_the_init_command_is_named() {
    let ran = Barkeep::empty()
        .run(&["update"])
        .expect(Exit::NotInitialised);

    insta::assert_snapshot!(ran.stderr, @r"
    error: cannot update
      caused by: there is no workspace in [bar]
    hint: make one: barkeep -C [bar] init --ticker AAPL
    ");
}

#[test]
fn an_update_without_a_registry_is_no_update() {
    let bar = Barkeep::empty();
    bar.write("intervals.json", r#"["1d"]"#);

    bar.run(&["update"]).expect(Exit::NotInitialised);
    bar.run(&["show", "AAPL", "-i", "1d"]).expect(Exit::Failed);
}

#[test]
fn a_registry_that_is_no_object_is_damaged_and_never_overwritten() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    for bytes in ["[]", "{", "", "{\"AAPL\": {}, \"AAPL\": {}}"] {
        bar.write("tickers.json", bytes);

        for args in [
            &["update"][..],
            &["tickers", "add", "MSFT"],
            &["init", "--ticker", "MSFT"],
        ] {
            let ran = bar.run(args).expect(Exit::Damaged);

            assert!(ran.stderr.contains("tickers.json"), "{}", ran.stderr);
            assert_eq!(bar.read("tickers.json"), bytes.as_bytes());
        }
    }
}

/// It was told on standard error, and whoever looks at the exit alone heard of a success.
#[test]
fn what_can_be_told_without_a_damaged_registry_is_told_and_no_success() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.run(&["update", "--start", "2025-11-17", "--end", "2025-11-20"])
        .expect(Exit::Ok);
    bar.write("tickers.json", "[]");

    for args in [
        &["show", "AAPL"][..],
        &["chart", "AAPL"],
        &["export", "-o", "-", "--format", "csv"],
    ] {
        let ran = bar.run(args).expect(Exit::Damaged);

        let told = "tickers.json is damaged";
        assert!(ran.stderr.contains(told), "{args:?}: {ran:#?}");
        assert!(ran.stdout.lines().count() > 4, "{args:?}: {ran:#?}");
    }
    // Nobody knows whether it is a ticker.
    let ran = bar.run(&["revisions", "AAPL"]).expect(Exit::Damaged);
    assert!(ran.stderr.contains("was ever replaced"), "{ran:#?}");
}

#[test]
fn a_damaged_registry_names_its_last_good_generation() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.run(&["tickers", "add", "MSFT", "--venue", "us:demo"])
        .expect(Exit::Ok);
    bar.write("tickers.json", "[]");

    let ran = bar.run(&["update"]).expect(Exit::Damaged);

    insta::assert_snapshot!(ran.stderr, @r"
    error: cannot update
      caused by: [bar]/tickers.json is damaged: it does not hold an object; the last good generation is [bar]/tickers.last-good.json
    hint: repair the file, or copy the last good generation over it: cp [bar]/tickers.last-good.json [bar]/tickers.json
    ");
}

#[test]
fn settings_that_make_no_sense_name_their_line() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.write("barkeep.toml", "[workspace]\njobz = 3\n");

    let ran = bar.run(&["update"]).expect(Exit::Damaged);

    assert!(
        ran.stderr.contains("barkeep.toml cannot be used at line 2"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_live_lock_is_respected_and_its_owner_named() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.write(
        ".run_lock/owner.json",
        r#"{"pid": 4121, "host": "box", "ts": 1760880000.25, "cwd": "/srv/yf"}"#,
    );

    let ran = bar.run(&["update"]).expect(Exit::Locked);

    assert!(
        ran.stderr.contains("is held by pid 4121 on box"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--break-lock"), "{}", ran.stderr);
    bar.run(&["update", "--dry-run"]).expect(Exit::Ok);
    bar.run(&["show", "AAPL", "-i", "1d"]).expect(Exit::Failed);
}

#[test]
fn waiting_for_a_lock_says_so_and_ends() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.write(
        ".run_lock/owner.json",
        r#"{"pid": 4121, "host": "box", "ts": 1760880000.25, "cwd": ""}"#,
    );

    let ran = bar.run(&["update", "--wait", "5"]).expect(Exit::Locked);

    assert!(
        ran.stderr
            .starts_with("Waiting up to 5.0 s for the lock of pid 4121"),
        "{}",
        ran.stderr
    );
}

#[test]
fn symbols_that_are_no_file_names_need_partitions() {
    let bar = Barkeep::empty();

    let refused: Ran = bar
        .run(&["init", "--venue", "us:demo", "--ticker", "A/B"])
        .expect(Exit::Failed);

    insta::assert_snapshot!(refused.stderr, @r"
    error: cannot set up the workspace
      caused by: the legacy layout cannot hold A/B: its symbol is not safe as a file name
    hint: partitions can hold it: barkeep partition-toggle --market us --source demo
    ");
    for symbol in ["A/B", "../x", "A."] {
        let bar = Barkeep::partitioned(&[symbol]);
        bar.run(&["update"]).expect(Exit::Ok);
        bar.run(&["show", symbol, "-i", "1d", "--tail", "1"])
            .expect(Exit::Ok);
    }
}

#[test]
fn twins_in_upper_and_lower_case_are_a_warning() {
    let bar = Barkeep::partitioned(&["AAPL"]);

    let ran = bar
        .run(&["tickers", "add", "aapl", "--venue", "us:demo"])
        .expect(Exit::Ok);

    assert!(
        ran.stderr.contains("AAPL, aapl differ only in case"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_unknown_ticker_is_told_with_the_command_that_adds_it() {
    let bar = Barkeep::partitioned(&["AAPL"]);

    let shown = bar.run(&["show", "NOPE", "-i", "1d"]).expect(Exit::Failed);
    let updated = bar
        .run(&["update", "--ticker", "NOPE"])
        .expect(Exit::Failed);

    assert!(
        shown.stderr.contains("barkeep tickers add NOPE"),
        "{}",
        shown.stderr
    );
    assert!(
        updated.stderr.contains("tickers.json does not have NOPE"),
        "{}",
        updated.stderr
    );
}

/// A hint led to whatever workspace the reader's shell stood in.
#[test]
fn a_command_that_is_advised_leads_to_the_workspace() {
    let (bar, other) = (Barkeep::partitioned(&["AAPL"]), Barkeep::empty());
    let path = bar.path();
    let path = path.to_str().unwrap();

    let shown = other
        .run(&["-C", path, "show", "AAPL", "-i", "1d"])
        .expect(Exit::Failed);
    let here = bar.run(&["show", "AAPL", "-i", "1d"]).expect(Exit::Failed);
    let json = other
        .run(&["-C", path, "show", "AAPL", "-i", "1d", "--format", "json"])
        .expect(Exit::Failed);

    let command = "update --ticker AAPL --interval 1d";
    assert!(
        shown
            .stderr
            .contains(&format!("barkeep -C {path} {command}")),
        "{shown:?}"
    );
    assert!(
        here.stderr.contains(&format!("barkeep {command}")),
        "{here:?}"
    );
    let json: serde_json::Value = serde_json::from_str(&json.stderr).unwrap();
    assert_eq!(
        json["hints"][0],
        format!("fetch it: barkeep -C {path} {command}")
    );
}
