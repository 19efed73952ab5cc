//! `show --as-of`.

use barkeep::cli::Exit;
use rstest::rstest;

use crate::support::barkeep::Barkeep;
use crate::support::foreign::{ForeignFile, daily, days};

const SOURCE: &str = "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\ninterval = \"1d\"\n";
const MONTH: &str = "data/us/mine/stocks_1d/ticker=A/year=2024/month=01/data.parquet";
const FIRST: [(&str, f64); 2] = [("2024-01-30", 1.0), ("2024-01-31", 2.0)];
const SECOND: [(&str, f64); 3] = [
    ("2024-01-30", 1.0),
    ("2024-01-31", 2.5),
    ("2024-02-01", 3.0),
];

fn deliver(bar: &mut Barkeep, now: &str, rows: &[(&str, f64)]) {
    now.clone_into(&mut bar.now);
    bar.write("in/A.parquet", daily("A", rows));
    bar.run(&["update"]).expect(Exit::Ok);
}

/// A workspace that stored two rows on the 20th, and a correction and a third row on the 21st.
fn corrected(layout: &[&str]) -> Barkeep {
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", SOURCE);
    let init = ["init", "--ticker", "A", "-i", "1d"];
    bar.run(&[&init, layout].concat()).expect(Exit::Ok);
    deliver(&mut bar, "2025-11-20T22:00:00Z", &FIRST);
    deliver(&mut bar, "2025-11-21T22:00:00Z", &SECOND);
    bar
}

fn closes(bar: &Barkeep, as_of: &str) -> Vec<(String, f64)> {
    let show = ["show", "A", "-i", "1d", "--format", "csv", "--as-of", as_of];
    let shown = bar.run(&show).expect(Exit::Ok).stdout;
    let mut lines = shown.lines().map(|line| line.split(','));
    let header: Vec<&str> = lines.next().unwrap().collect();
    let at = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let (date, close) = (at("date"), at("close"));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.collect();
            (cells[date][..10].to_owned(), cells[close].parse().unwrap())
        })
        .collect()
}

fn are(found: &[(String, f64)], expected: &[(&str, f64)]) -> bool {
    let found = found.iter().map(|(day, close)| (day.as_str(), *close));
    found.eq(expected.iter().copied())
}

fn refused(bar: &Barkeep, as_of: &str, exit: Exit) -> String {
    let show = ["show", "A", "-i", "1d", "--as-of", as_of];
    bar.run(&show).expect(exit).stderr
}

#[rstest]
fn a_moment_is_shown_as_it_was(#[values(&["--partitioned"][..], &[])] layout: &[&str]) {
    let bar = corrected(layout);

    for (as_of, expected) in [
        ("2025-11-20", &FIRST[..]),
        ("2025-11-20T22:00:00Z", &FIRST),
        ("2025-11-21T16:59:59-05:00", &FIRST),
        ("2025-11-21T17:00:00-05:00", &SECOND),
        ("2025-11-21", &SECOND),
    ] {
        let found = closes(&bar, as_of);
        assert!(are(&found, expected), "{as_of}: {found:?}");
    }
}

#[test]
fn a_moment_before_recording_and_one_to_come_are_refused() {
    let bar = corrected(&["--partitioned"]);

    let early = refused(&bar, "2025-11-19", Exit::Failed);
    let late = refused(&bar, "2025-11-22", Exit::Usage);

    assert!(
        early.contains("is recorded since 2025-11-20T22:00:00Z"),
        "{early}"
    );
    assert!(late.contains("2025-11-22 is in the future"), "{late}");
}

#[test]
fn the_past_goes_along_to_partitions_and_back() {
    let mut bar = corrected(&[]);
    let run = |bar: &Barkeep, words: &[&str]| {
        bar.run(&[&["partition-migrate"], words].concat())
            .expect(Exit::Ok)
    };
    let expect = |bar: &Barkeep, moments: &[(&str, &[(&str, f64)])]| {
        for (as_of, expected) in moments {
            let found = closes(bar, as_of);
            assert!(are(&found, expected), "{as_of}: {found:?}");
        }
    };
    let third = [SECOND[0], ("2024-01-31", 2.75), SECOND[2]];
    let fourth = [third[0], third[1], ("2024-02-01", 3.5)];

    bar.now = "2025-11-22T22:00:00Z".to_owned();
    run(&bar, &["init", "-V", "us:mine", "--all-found"]);
    run(&bar, &["migrate", "--all"]);
    expect(
        &bar,
        &[
            ("2025-11-20", &FIRST),
            ("2025-11-21", &SECOND),
            ("2025-11-22", &SECOND),
        ],
    );

    deliver(&mut bar, "2025-11-23T22:00:00Z", &third);
    expect(
        &bar,
        &[
            ("2025-11-20", &FIRST),
            ("2025-11-22", &SECOND),
            ("2025-11-23", &third),
        ],
    );

    bar.now = "2025-11-24T22:00:00Z".to_owned();
    run(&bar, &["rollback", "1d", "--remove-partitions", "--yes"]);
    deliver(&mut bar, "2025-11-25T22:00:00Z", &fourth);
    expect(
        &bar,
        &[
            ("2025-11-20", &FIRST),
            ("2025-11-21", &SECOND),
            ("2025-11-23", &third),
            ("2025-11-24", &third),
            ("2025-11-25", &fourth),
        ],
    );
}

#[test]
fn a_month_that_something_else_wrote_is_refused_by_name() {
    let mut bar = corrected(&["--partitioned"]);
    let before = bar.read(MONTH);
    deliver(&mut bar, "2025-11-21T23:00:00Z", &[("2024-01-31", 4.0)]);
    bar.write(MONTH, before);

    let told = refused(&bar, "2025-11-21T23:00:00Z", Exit::Failed);
    let earlier = closes(&bar, "2025-11-21T22:30:00Z");

    let expected = "its file of 2024-01 was changed since 2025-11-21T23:00:00Z by something that the ledger does not know";
    assert!(told.contains(expected), "{told}");
    // Nobody need know what came later, where the rows are the very ones that the ledger knows of then.
    assert!(are(&earlier, &SECOND), "{earlier:?}");
}

#[test]
fn a_month_that_was_damaged_since_is_refused_by_name() {
    let mut bar = corrected(&["--partitioned"]);
    bar.write(MONTH, b"PAR1 no more");
    "2025-11-21T23:00:00Z".clone_into(&mut bar.now);
    let fetched = [("2024-01-30", 1.0), ("2024-01-31", 2.75)];
    let file = daily("A", &fetched);
    bar.write("in/A.parquet", file);
    bar.run(&["update"]).expect(Exit::Damaged);

    let told = refused(&bar, "2025-11-21T22:30:00Z", Exit::Failed);

    assert!(
        told.contains(
            "its file of 2024-01 was damaged when it was written anew at 2025-11-21T23:00:00Z"
        ),
        "{told}"
    );
    let found = closes(&bar, "2025-11-21T23:00:00Z");
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn a_damaged_ledger_is_refused_where_it_counts() {
    let bar = corrected(&["--partitioned"]);
    let ledger = bar.path().join("state/ledger/us/mine");
    let damage = |number: &str| {
        let names = bar.tree().into_keys();
        let names = names.filter(|path| path.starts_with(&ledger));
        let mut found = names.filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(number)
        });
        let path = found.next().unwrap();
        let name = path.strip_prefix(bar.path()).unwrap();
        bar.write(name.to_str().unwrap(), b"{\"form\":1");
    };

    damage("00000001");
    let now = closes(&bar, "2025-11-21T22:00:00Z");
    let told = refused(&bar, "2025-11-21T21:00:00Z", Exit::Damaged);
    damage("00000002");
    let none = refused(&bar, "2025-11-21T22:00:00Z", Exit::Damaged);

    assert!(are(&now, &SECOND), "{now:?}");
    assert!(told.contains("00000001"), "{told}");
    assert!(none.contains("is damaged"), "{none}");
}

/// What nobody stored then must not be shown as if it had been known.
#[test]
fn a_series_that_was_not_there_yet_is_not_shown() {
    let mut bar = corrected(&["--partitioned"]);
    bar.run(&["tickers", "add", "B", "--venue", "us:mine"])
        .expect(Exit::Ok);
    bar.write("in/B.parquet", daily("B", &FIRST));
    deliver(&mut bar, "2025-11-22T22:00:00Z", &SECOND);

    let ran = bar
        .run(&["show", "B", "-i", "1d", "--as-of", "2025-11-21"])
        .expect(Exit::Failed);

    assert!(
        ran.stderr
            .contains("nothing was stored of B 1d at 2025-11-21"),
        "{ran:?}"
    );
}

/// A month of which the ledger says nothing was printed as if it had always been there.
#[test]
fn a_month_that_nobody_recorded_is_no_part_of_the_past() {
    let mut bar = corrected(&["--partitioned"]);
    "2025-11-22T22:00:00Z".clone_into(&mut bar.now);
    let december = "data/us/mine/stocks_1d/ticker=A/year=2023/month=12/data.parquet";
    let other = ForeignFile::of(days("A", &[("2023-12-29", 9.0)]));
    bar.write(december, other.bytes());

    let told = refused(&bar, "2025-11-21T22:30:00Z", Exit::Failed);

    assert!(told.contains("that the ledger does not know"), "{told}");
    bar.remove("data/us/mine/stocks_1d/ticker=A/year=2023");
    assert!(are(&closes(&bar, "2025-11-21T22:30:00Z"), &SECOND));
}

/// The records that a person made anew are what is known from then on; before, nobody knows.
#[test]
fn what_was_changed_by_hand_is_known_from_the_moment_the_records_are_made_anew() {
    let mut bar = corrected(&["--partitioned"]);
    let other = ForeignFile::of(days("A", &[("2024-01-30", 1.0), ("2024-01-31", 7.0)]));
    bar.write(MONTH, other.bytes());
    "2025-11-24T22:00:00Z".clone_into(&mut bar.now);
    bar.run(&["check", "--rebuild"]).expect(Exit::Ok);
    "2025-11-25T22:00:00Z".clone_into(&mut bar.now);

    let since = closes(&bar, "2025-11-24T23:00:00Z");
    refused(&bar, "2025-11-21T22:30:00Z", Exit::Failed);

    assert_eq!(since[1], ("2024-01-31".to_owned(), 7.0));
}

/// No update has written January since: the line of the migration is all that the ledger says of it.
#[rstest]
#[case::gone(None)]
#[case::other(Some(9.0))]
fn a_month_that_a_migration_brought_and_somebody_took_away_or_wrote_is_missed(
    #[case] other: Option<f64>,
) {
    let mut bar = corrected(&[]);
    bar.now = "2025-11-22T22:00:00Z".to_owned();
    for words in [
        "init -V us:mine --all-found",
        "migrate 1d --delete-legacy --yes",
    ] {
        bar.migration(words).expect(Exit::Ok);
    }
    let fourth = [SECOND[0], SECOND[1], ("2024-02-01", 4.0)];
    deliver(&mut bar, "2025-11-23T22:00:00Z", &fourth);
    assert!(are(&closes(&bar, "2025-11-23"), &fourth));
    assert!(are(&closes(&bar, "2025-11-21"), &SECOND));

    match other {
        None => bar.remove(MONTH),
        Some(close) => bar.write(MONTH, daily("A", &[("2024-01-30", close)])),
    }

    for moment in ["2025-11-21", "2025-11-22", "2025-11-23"] {
        let told = refused(&bar, moment, Exit::Failed);
        assert!(
            told.contains("by something that the ledger does not know"),
            "{told}"
        );
    }
}

#[test]
fn a_file_that_another_program_put_there_is_not_known_before_the_ledger_speaks_of_it() {
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", SOURCE);
    bar.run(&["init", "--ticker", "A", "--ticker", "B", "-i", "1d"])
        .expect(Exit::Ok);
    bar.now = "2025-11-20T22:00:00Z".to_owned();
    bar.write("in/A.parquet", daily("A", &FIRST));
    bar.run(&["update"]);
    let tree = bar.tree().into_keys();
    let mut of_a =
        tree.filter(|path| path.ends_with("A.parquet") && !path.ends_with("in/A.parquet"));
    let of_a = of_a.next().unwrap();
    let of_b = of_a
        .strip_prefix(bar.path())
        .unwrap()
        .with_file_name("B.parquet");

    bar.write(of_b, daily("B", &FIRST));
    bar.now = "2025-11-22T22:00:00Z".to_owned();
    bar.write("in/B.parquet", daily("B", &SECOND));
    bar.run(&["update"]).expect(Exit::Ok);

    let show = ["show", "B", "-i", "1d", "--as-of", "2025-11-21"];
    let told = bar.run(&show).expect(Exit::Failed).stderr;
    assert!(
        told.contains("is recorded since 2025-11-22T22:00:00Z"),
        "{told}"
    );
}
