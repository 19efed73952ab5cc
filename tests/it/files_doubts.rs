//! What of a folder of files could be meant in two ways: whose a file or a row is, what a comma is, which of two equal
//! readings of a clock is stored, and what in a workspace is barkeep's own.

use barkeep::source::{FetchJob, Fetched};

use crate::support::files::{Folder, ask, bars, job, refusal, stamp};

const DAILY: &str = "Date,Close\n2024-01-02,11\n2024-01-03,12\n";

#[test]
fn a_file_that_spells_a_ticker_in_two_ways_is_refused_with_both() {
    for other in ["ko", "KO.US"] {
        let folder = Folder::new();
        folder.put(
            "prices.csv",
            format!("Symbol,Date,Close\nKO,2026-11-19,4\n{other},2026-11-20,5\n"),
        );

        let message = refusal(&*folder.source(), "KO", "1d");

        assert!(
            message.contains("rows of KO ") || message.contains("and of KO,"),
            "{message}"
        );
        assert!(message.contains(other), "{message}");
    }
}

/// The bars of one day, whose close tells the file.
fn closing(close: u32) -> String {
    format!("Date,Close\n2024-01-02,{close}\n")
}

#[test]
fn each_ticker_has_the_file_with_the_suffix_of_the_settings() {
    let folder = Folder::new();
    folder
        .put("X.csv", closing(1))
        .put("X_hist.csv", closing(2))
        .put("X_hist_hist.csv", closing(3))
        .put("Y_hist_2024-01.csv", closing(4))
        .put("Y_2024-01.csv", closing(5));
    let source = folder.source_with("us:files", |spec| spec.suffix = Some("_hist".to_owned()));

    for (ticker, close) in [("X", 2.0), ("X_HIST", 3.0), ("Y", 4.0)] {
        let rows = bars(&*source, ticker, "1d");
        assert_eq!(rows.len(), 1, "{ticker}");
        assert_eq!(rows[0].close, Some(close), "{ticker}");
    }
    assert_eq!(
        ask(&*source, &job("Y_HIST", "1d")).unwrap(),
        Fetched::UnknownTicker
    );
}

#[test]
fn two_files_that_could_both_be_a_series_are_refused_with_both_names() {
    let shared = |close| format!("Symbol,Date,Close\nKO,2024-01-02,{close}\n");
    for (ticker, first, second, texts) in [
        ("X", "X.csv", "x.csv", [closing(1), closing(2)]),
        ("X", "X.csv", "X.txt", [closing(1), closing(1)]),
        ("KO", "a.csv", "b.csv", [shared(1), shared(2)]),
        ("KO", "2024-01-02.csv", "b.csv", [shared(1), shared(2)]),
    ] {
        let folder = Folder::new();
        folder.put(first, &texts[0]).put(second, &texts[1]);

        let message = refusal(&*folder.source(), ticker, "1d");

        assert!(
            message.contains(first) && message.contains(second),
            "{message}"
        );
    }
}

#[test]
fn commas_that_may_stand_between_thousands_are_refused_until_the_settings_tell() {
    let header = "Date;Open;High;Low;Close;Volume\n";
    let doubtful = "2024-01-02;1,050;1,100;1,000;1,010;12,000\n";
    let mixed = "2024-01-02;1,050;1,100;900;1,010;7\n";
    let prices = "2024-01-02;1,085;1,1;1,05;1,09;7\n";
    let folder = Folder::new();
    folder
        .put("A.csv", format!("{header}{doubtful}"))
        .put(
            "B.csv",
            format!("{header}{mixed}2024-01-03;950,5;960;940;950;7\n"),
        )
        .put("C.csv", format!("{header}{prices}"));
    let source = folder.source();

    let first = refusal(&*source, "A", "1d");
    assert!(
        first.contains("`1,050`") && first.contains("decimal_comma"),
        "{first}"
    );
    let second = refusal(&*source, "B", "1d");
    assert!(
        second.contains("line 2") && second.contains("decimal_comma"),
        "{second}"
    );
    assert_eq!(bars(&*source, "C", "1d")[0].open, Some(1.085));

    let told = folder.source_with("us:files", |spec| spec.decimal_comma = Some(true));
    assert_eq!(bars(&*told, "A", "1d")[0].open, Some(1.05));
}

#[test]
fn of_the_hour_that_autumn_repeats_the_first_is_stored_and_the_second_waits_in_quarantine() {
    let first = "2026-11-01T04:00:00Z,1\n2026-11-01T05:00:00Z,2\n";
    let second = "2026-11-01T06:00:00Z,3\n2026-11-01T07:00:00Z,4\n";
    let whole: &[(&str, String)] = &[("X.csv", format!("Date,Close\n{first}{second}"))];
    let parts: &[(&str, String)] = &[
        ("X-2026-10.csv", format!("Date,Close\n{first}")),
        ("X-2026-11.csv", format!("Date,Close\n{second}")),
    ];
    for files in [whole, parts] {
        let folder = Folder::new();
        for (name, text) in files {
            folder.put(name, text);
        }
        let source = folder.source_with("us:files", |spec| spec.interval = "1h".parse().unwrap());

        let rows = bars(&*source, "X", "1h");

        // Of two rows with one stamp the later one is stored.
        let of_the_hour: Vec<f64> = rows
            .iter()
            .filter(|row| stamp(row) == "2026-11-01 01:00:00")
            .filter_map(|row| row.close)
            .collect();
        assert_eq!(of_the_hour, [3.0, 2.0]);
        assert_eq!(rows.len(), 4);
    }
}

#[test]
fn what_barkeep_keeps_in_a_workspace_is_no_source() {
    const OWN: [&str; 6] = [
        "data",
        "mirror",
        "partition-staging",
        "quarantine",
        "state",
        "vault",
    ];
    let folder = Folder::new();
    folder.put("deep/A.csv", DAILY).put("data/B.csv", DAILY);
    assert_eq!(bars(&*folder.source(), "B", "1d").len(), 2);

    folder.put("barkeep.toml", "");
    for own in OWN {
        folder.put(&format!("{own}/deep/A.csv"), closing(1));
        folder.put(&format!("deep/{own}/C.csv"), closing(1));
    }
    let source = folder.source();

    assert_eq!(bars(&*source, "A", "1d").len(), 2);
    let unknown = ask(&*source, &job("B", "1d")).unwrap();
    assert_eq!(unknown, Fetched::UnknownTicker);
    assert!(refusal(&*source, "C", "1d").contains("C.csv"));
}

/// By another clock every bar would be there twice, hours apart.
#[test]
fn bars_that_are_stored_are_not_stored_again_by_another_clock() {
    let folder = Folder::new();
    let text = "Date,Close\n2024-01-02 09:30,11\n2024-01-02 09:31,12\n2024-01-02 09:32,13\n2024-01-02 09:33,14\n";
    folder.put("KO_1m.csv", text);
    let by = |clock: &'static str| {
        folder.source_with("us:files", move |spec| spec.file_clock = clock.parse().ok())
    };
    let Ok(Fetched::Bars { mark, .. }) = ask(&*by("America/New_York"), &job("KO", "1m")) else {
        panic!("there are bars");
    };
    folder.put("KO_1m.csv", format!("{text}2024-01-02 09:34,15\n"));
    let again = || FetchJob {
        mark: mark.clone(),
        ..job("KO", "1m")
    };

    let moved = ask(&*by("Europe/London"), &again());
    let grown = ask(&*by("America/New_York"), &again());

    let refused = moved.unwrap_err().to_string();
    assert!(
        refused.contains("at other times: `file_clock`"),
        "{refused}"
    );
    assert!(matches!(grown, Ok(Fetched::Bars { batch, .. }) if batch.bars.len() == 2));
}
