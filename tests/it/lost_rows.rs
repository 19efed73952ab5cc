//! Rows that were stored and are gone: of a damaged file, of one that somebody replaced, of one that was removed. Until they are back,
//! or a person accepts it, the ledger knows of them, `check` and `update` say so, and their source is asked for them once more.

use std::fmt::Write as _;

use barkeep::cli::Exit;
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::barkeep::{Barkeep, Ran};

const DAYS: [&str; 6] = [
    "2025-11-11",
    "2025-11-12",
    "2025-11-13",
    "2025-11-14",
    "2025-11-17",
    "2025-11-18",
];
const LEGACY: &str = "data/legacy/stocks_1d/A.parquet";
const MONTH: &str = "data/us/mine/stocks_1d/ticker=A/year=2025/month=11/data.parquet";
const LAYOUTS: [(&[&str], &str); 2] = [(&[], LEGACY), (&["--partitioned"], MONTH)];

/// A workspace of files in one of the layouts that has the first of the days.
fn kept(layout: &[&str], days: usize) -> Barkeep {
    let mut bar = Barkeep::empty();
    bar.now = "2025-11-21T22:00:00Z".to_owned();
    bar.write(
        "barkeep.toml",
        "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\n",
    );
    source(&bar, &DAYS[..days]);
    bar.run(&[&["init", "--ticker", "A", "--interval", "1d"], layout].concat())
        .expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);
    bar
}

fn source(bar: &Barkeep, days: &[&str]) {
    let mut text = "Date,Open,High,Low,Close,Volume\n".to_owned();
    for day in days {
        writeln!(text, "{day},1,1,1,1,1000").unwrap();
    }
    bar.write("in/A.csv", text);
}

/// Updates, an hour after the last time.
fn update(bar: &mut Barkeep) -> Ran {
    let now: DateTime<Utc> = bar.now.parse().unwrap();
    bar.now = (now + TimeDelta::hours(1)).to_rfc3339();
    bar.run(&["-q", "update"])
}

fn days(bar: &Barkeep) -> Vec<String> {
    let show = ["show", "A", "--interval", "1d", "--format", "csv"];
    let shown = bar.run(&show).stdout;
    let day = |line: &str| line.split(',').nth(1).unwrap()[..10].to_owned();
    shown.lines().skip(1).map(day).collect()
}

fn flip(bar: &Barkeep, file: &str) {
    let mut bytes = bar.read(file);
    bytes[150] ^= 4;
    bar.write(file, bytes);
}

/// The damaged file was told once, and its successor of two days passed for the history from the next day on.
#[test]
fn a_damaged_history_is_asked_for_again_and_comes_back() {
    for (layout, file) in LAYOUTS {
        let mut bar = kept(layout, 4);
        flip(&bar, file);
        source(&bar, &DAYS[..5]);

        let first = update(&mut bar).expect(Exit::Damaged);
        bar.run(&["check"]).expect(Exit::Mismatch);
        let shrunk = days(&bar).len();
        let second = update(&mut bar).expect(Exit::Ok);

        assert!(shrunk < 5, "{shrunk}");
        let said = "the next update asks its source for all of them again";
        assert!(first.stderr.contains(said), "{first:?}");
        assert_eq!(second.stderr, "", "{layout:?}");
        assert_eq!(days(&bar), DAYS[..5]);
        bar.run(&["check"]).expect(Exit::Ok);
    }
}

/// `check` and `update` told of them, and whoever looks at `status` or at the metrics heard nothing.
#[test]
fn status_and_metrics_tell_of_rows_that_are_gone() {
    const TOLD: &str = "1 series has fewer rows than were stored: A 1d at us:mine (2 of 3)";
    let mut bar = kept(&[], 3);
    flip(&bar, LEGACY);
    source(&bar, &DAYS[2..4]);
    update(&mut bar).expect(Exit::Damaged);
    let metrics = ["-q", "update", "--metrics-file", "barkeep.prom"];

    let status = bar.run(&["status"]).expect(Exit::Ok);
    let document = bar.run(&["status", "--json"]).expect(Exit::Ok).summary();
    bar.run(&metrics).expect(Exit::Partial);

    assert!(status.stderr.contains(TOLD), "{status:#?}");
    let lost = &document["lost_rows"][0];
    assert_eq!((&lost["ticker"], &lost["there"]), (&"A".into(), &2.into()));
    let metric = |series: u8| {
        format!(
            "barkeep_series_with_lost_rows{{market=\"us\",source=\"mine\",dataset=\"stocks\"}} {series}\n"
        )
    };
    assert!(bar.text("barkeep.prom").contains(&metric(1)));
    bar.run(&["check", "--rebuild"]).expect(Exit::Ok);
    bar.run(&metrics).expect(Exit::Ok);
    let status = bar.run(&["status"]).expect(Exit::Ok);
    assert!(!status.stderr.contains("fewer rows"), "{status:#?}");
    assert!(bar.text("barkeep.prom").contains(&metric(0)));
}

/// Days that came later made up for the number of those that were lost.
#[test]
fn what_the_source_has_no_more_stays_lost_until_a_person_accepts_it() {
    for (layout, file) in LAYOUTS {
        let mut bar = kept(layout, 3);
        flip(&bar, file);
        source(&bar, &DAYS[2..4]);
        update(&mut bar).expect(Exit::Damaged);

        for to in [5, 6] {
            source(&bar, &DAYS[2..to]);
            let told = update(&mut bar).expect(Exit::Partial).stderr;

            let said = "its source brings no more of them";
            assert!(told.contains(said), "{layout:?} {to}: {told}");
            bar.run(&["check"]).expect(Exit::Mismatch);
        }
        assert_eq!(days(&bar), DAYS[2..]);
        bar.run(&["check", "--rebuild"]).expect(Exit::Ok);
        assert_eq!(update(&mut bar).expect(Exit::Ok).stderr, "");
        bar.run(&["check"]).expect(Exit::Ok);
    }
}

/// An older backup was put back; the next update wrote over it, and that was the whole series for the ledger.
#[test]
fn a_history_that_somebody_replaced_by_a_shorter_one_is_missed() {
    for (layout, file) in LAYOUTS {
        let mut bar = kept(layout, 2);
        let older = bar.read(file);
        source(&bar, &DAYS[..5]);
        update(&mut bar).expect(Exit::Ok);
        let whole = bar.read(file);
        // Of a week ago; the day that is new is all that the source has.
        bar.write(file, older);
        source(&bar, &DAYS[5..]);

        update(&mut bar).expect(Exit::Partial);
        let told = update(&mut bar).expect(Exit::Partial).stderr;
        bar.run(&["check"]).expect(Exit::Mismatch);

        assert!(
            told.contains("of 6 rows that were stored 3 are there"),
            "{layout:?}: {told}"
        );
        // The backup of yesterday has all but the newest day.
        bar.write(file, whole);
        update(&mut bar).expect(Exit::Ok);
        assert_eq!(days(&bar), DAYS);
        bar.run(&["check"]).expect(Exit::Ok);
    }
}

/// What came back was counted beside what it had been before.
#[test]
fn an_older_copy_that_an_update_completes_is_what_was_written() {
    for (layout, file) in LAYOUTS {
        let mut bar = kept(layout, 2);
        let older = bar.read(file);
        source(&bar, &DAYS[..5]);
        update(&mut bar).expect(Exit::Ok);
        bar.write(file, older);
        source(&bar, &DAYS);

        update(&mut bar);

        assert_eq!(days(&bar), DAYS);
        bar.run(&["check"]).expect(Exit::Ok);
    }
}

/// Only `check` told of a month that was deleted, unless it was the newest one.
#[test]
fn a_month_that_is_gone_is_told_by_status_and_by_the_first_update_of_a_day() {
    const MONTHS: [&str; 3] = ["2025-09-30", "2025-10-31", "2025-11-11"];
    const TOLD: &str = "A 1d at us:mine";
    let gone = ["year=2025/month=10/data.parquet", "year=2025/month=09"];
    for gone in gone {
        let mut bar = kept(&["--partitioned"], 1);
        source(&bar, &MONTHS);
        let all = ["update", "--start", MONTHS[0], "--end", MONTHS[2]];
        bar.run(&all).expect(Exit::Ok);
        source(&bar, &MONTHS[2..]);
        bar.remove(format!("data/us/mine/stocks_1d/ticker=A/{gone}"));

        let status = bar.run(&["status"]).expect(Exit::Ok).stderr;
        assert!(
            status.contains(&format!("fewer rows than were stored: {TOLD} (2 of 3)")),
            "{gone}: {status}"
        );
        bar.now = "2025-11-22T08:00:00Z".to_owned();
        for said in ["asks its source for all", "brings no more of them"] {
            let told = update(&mut bar).expect(Exit::Partial).stderr;
            let of = format!("{TOLD}: of 3 rows that were stored 2 are there");
            assert!(told.contains(&of) && told.contains(said), "{gone}: {told}");
        }
        source(&bar, &MONTHS);
        bar.run(&all).expect(Exit::Ok);
        assert_eq!(days(&bar), MONTHS);
        assert_eq!(update(&mut bar).expect(Exit::Ok).stderr, "");
        let status = bar.run(&["status"]).expect(Exit::Ok).stderr;
        assert!(!status.contains("fewer rows"), "{gone}: {status}");
    }
}

#[test]
fn an_older_value_in_the_place_of_a_newer_one_is_not_what_was_written() {
    let mut bar = kept(&[], 3);
    let other = kept(&[], 3);
    let text = other.text("in/A.csv").replace(",1000", ",900");
    other.write("in/A.csv", text);
    other
        .run(&["update", "--start", DAYS[0], "--end", DAYS[2]])
        .expect(Exit::Ok);
    bar.write(LEGACY, other.read(LEGACY));
    source(&bar, &DAYS[..4]);

    update(&mut bar);

    bar.run(&["check"]).expect(Exit::Mismatch);
    bar.run(&["check", "--rebuild"]).expect(Exit::Ok);
    bar.run(&["check"]).expect(Exit::Ok);
}
