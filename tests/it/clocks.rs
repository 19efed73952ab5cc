//! Files of instants: one clock in a series, and the one that its footers name.

use barkeep::cli::Exit;
use rstest::rstest;

use crate::support::barkeep::Barkeep;

const HEADER: &str = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n";

fn klines(header: &str, count: i64) -> String {
    let line = |at: i64| {
        let start = 1_698_364_800 + at * 60;
        let end = start + 59;
        format!("{start}000,3{at}.2,3{at}.3,3{at}.1,3{at}.25,20{at},{end}999,1,1,1,1,0\n")
    };
    let lines: String = (0..count).map(line).collect();
    format!("{header}{lines}")
}

/// A workspace with a venue of files, of minutes in months or in one file.
fn workspace(is_partitioned: bool, market: &str) -> Barkeep {
    let bar = Barkeep::empty();
    settings(&bar, market, "");
    let venue = format!("{market}:mine");
    let mut args = vec!["init", "--venue", &venue, "-i", "1m", "-t", "BTCUSDT"];
    args.extend(is_partitioned.then_some("--partitioned"));
    bar.run(&args).expect(Exit::Ok);
    bar
}

fn settings(bar: &Barkeep, market: &str, more: &str) {
    let toml = format!(
        "[workspace]\ndefault_venue = \"{market}:mine\"\n\n[sources.\"{market}:mine\"]\nkind = \"files\"\npath = \"incoming\"\ninterval = \"1m\"\n{more}"
    );
    bar.write("barkeep.toml", toml);
}

fn shown(bar: &Barkeep, options: &[&str]) -> Vec<String> {
    bar.show("BTCUSDT", "1m", options)
        .expect(Exit::Ok)
        .column(1)
}

#[rstest]
fn an_instant_is_one_row_whatever_the_file_begins_with(
    #[values(true, false)] is_partitioned: bool,
    #[values("us", "crypto", "jp")] market: &str,
    #[values([HEADER, ""], ["", HEADER])] headers: [&str; 2],
) {
    let bar = workspace(is_partitioned, market);

    for (header, count) in headers.into_iter().zip([4, 5]) {
        bar.write("incoming/BTCUSDT.csv", klines(header, count));
        bar.run(&["update"]).expect(Exit::Ok);

        let utc = shown(&bar, &["--utc"]);
        assert_eq!(utc.len(), usize::try_from(count).unwrap(), "{utc:?}");
        assert!(utc[0].starts_with("2023-10-27T00:00:00"), "{utc:?}");
        assert!(shown(&bar, &[])[0].starts_with("2023-10-27"));
    }
    bar.run(&["check"]).expect(Exit::Ok);
}

/// So stand the trees that an older build wrote from files with a header.
#[rstest]
fn rows_on_another_clock_are_refused_by_name_and_not_doubled(
    #[values(true, false)] is_partitioned: bool,
    #[values("", HEADER)] header: &str,
) {
    let bar = workspace(is_partitioned, "us");
    settings(&bar, "us", "timezone = \"America/New_York\"\n");
    bar.write("incoming/BTCUSDT.csv", klines(HEADER, 4));
    bar.run(&["update"]).expect(Exit::Ok);
    let before = shown(&bar, &[]);
    settings(&bar, "us", "");
    bar.write("incoming/BTCUSDT.csv", klines(header, 5));

    let ran = bar.run(&["update"]).expect(Exit::Partial);

    assert!(
        ran.stderr.contains("BTCUSDT") && ran.stderr.contains("time zone"),
        "{}",
        ran.stderr
    );
    assert_eq!(shown(&bar, &[]), before);
    settings(&bar, "us", "timezone = \"America/New_York\"\n");
    bar.run(&["update"]).expect(Exit::Ok);
    let utc = shown(&bar, &["--utc"]);
    assert_eq!(utc.len(), 5, "{utc:?}");
    assert!(utc[0].starts_with("2023-10-27T00:00:00"), "{utc:?}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "a user's hands, which are no part of barkeep"
)]
fn move_aside(from: &std::path::Path, to: &std::path::Path) {
    std::fs::rename(from, to).unwrap();
}

/// Each run added a case with the same rows, and none said what to do.
#[rstest]
fn rows_that_are_refused_again_are_one_case(#[values(true, false)] is_partitioned: bool) {
    let mut bar = workspace(is_partitioned, "us");
    settings(&bar, "us", "timezone = \"America/New_York\"\n");
    bar.write("incoming/BTCUSDT.csv", klines(HEADER, 4));
    bar.run(&["update"]).expect(Exit::Ok);
    settings(&bar, "us", "");
    let cases = |bar: &Barkeep| {
        let kept = bar.tree().into_iter();
        kept.filter(|(path, _)| {
            path.ends_with("rows.parquet") && path.to_string_lossy().contains("quarantine")
        })
        .count()
    };

    for (day, count, expected) in [(1, 5, 1), (2, 5, 1), (3, 6, 2), (4, 6, 2), (5, 5, 2)] {
        bar.now = format!("2026-12-0{day}T22:00:00Z");
        bar.write("incoming/BTCUSDT.csv", klines(HEADER, count));
        let ran = bar.run(&["update"]).expect(Exit::Partial);
        assert_eq!(cases(&bar), expected, "day {day}");
        for way in ["timezone = \"America/New_York\"", "--start", "quarantine"] {
            assert!(ran.stderr.contains(way), "{way}: {}", ran.stderr);
        }
    }

    // The way out that the message names.
    let data: Vec<_> = bar.tree().into_keys().collect();
    let root = bar.path().join("data");
    let stored = data
        .iter()
        .find(|path| path.starts_with(&root) && path.extension() == Some("parquet".as_ref()));
    move_aside(stored.unwrap(), &bar.path().join("aside.parquet"));
    // It was the only file, which is what a disk that is not mounted looks like.
    bar.run(&["update", "--accept-missing"]).expect(Exit::Ok);
    let utc = shown(&bar, &["--utc"]);
    assert_eq!(utc.len(), 5, "{utc:?}");
    assert!(utc[0].starts_with("2023-10-27T00:00:00"), "{utc:?}");
}

/// October was stored on New York's clock, and November would have stood beside it on that of UTC.
#[test]
fn a_new_month_on_another_clock_is_refused() {
    let bar = workspace(true, "us");
    let instants = "timestamp,open,high,low,close,volume\n1698364800000,3.2,3.3,3.1,3.25,20\n";
    bar.write("incoming/BTCUSDT.csv", instants);
    bar.run(&["update"]).expect(Exit::Ok);
    let before = shown(&bar, &["--utc"]);
    let line = |at: i64| {
        let start = 1_699_920_000 + at * 60;
        let end = start + 59;
        format!("{start}000,3{at}.2,3{at}.3,3{at}.1,3{at}.25,20{at},{end}999,1,1,1,1,0\n")
    };
    let lines: String = (0..4).map(line).collect();
    bar.write("incoming/BTCUSDT.csv", format!("{HEADER}{lines}"));

    let ran = bar.run(&["update"]).expect(Exit::Partial);

    assert!(ran.stderr.contains("America/New_York"), "{}", ran.stderr);
    assert_eq!(shown(&bar, &["--utc"]), before);
}

/// A workspace that stored October on the clock of New York, with November in its folder and another zone in its settings.
fn of_october_with_november(zone: &str) -> Barkeep {
    let bar = workspace(true, "us");
    settings(&bar, "us", "timezone = \"America/New_York\"\n");
    bar.write("incoming/BTCUSDT.csv", klines(HEADER, 4));
    bar.run(&["update"]).expect(Exit::Ok);
    settings(&bar, "us", &format!("timezone = \"{zone}\"\n"));
    let line = |at: i64| {
        let start = 1_699_920_000 + at * 60;
        let end = start + 59;
        format!("{start}000,4{at}.2,4{at}.3,4{at}.1,4{at}.25,20{at},{end}999,1,1,1,1,0\n")
    };
    let lines: String = (0..4).map(line).collect();
    bar.write("incoming/BTCUSDT.csv", format!("{HEADER}{lines}"));
    bar
}

/// Only UTC was refused: a folder whose `timezone` was changed got months on two clocks, and every reader took one zone for both.
#[rstest]
#[case("Europe/London", false)]
#[case("America/Chicago", false)]
#[case("UTC", false)]
#[case("US/Eastern", true)]
fn a_new_month_in_another_zone_is_stored_where_it_is_one_by_another_name(
    #[case] zone: &str,
    #[case] is_same: bool,
) {
    let bar = of_october_with_november(zone);
    let before = shown(&bar, &["--utc"]);

    let exit = if is_same { Exit::Ok } else { Exit::Partial };
    let ran = bar.run(&["update"]).expect(exit);

    let utc = shown(&bar, &["--utc"]);
    if is_same {
        assert_eq!(utc.len(), 8, "{utc:?}");
        assert!(utc[4].starts_with("2023-11-14T00:00:00"), "{utc:?}");
    } else {
        assert!(ran.stderr.contains(zone), "{}", ran.stderr);
        assert_eq!(utc, before);
        // What the message names is enough, and what was put away is not needed.
        settings(&bar, "us", "timezone = \"America/New_York\"\n");
        bar.run(&["update"]).expect(Exit::Ok);
        assert_eq!(shown(&bar, &["--utc"]).len(), 8);
    }
}

/// So older builds left them: `--utc` told all instants by the zone of the newest month, and nobody said that some are others.
#[test]
fn months_on_two_clocks_are_told_and_have_no_instants() {
    let bar = of_october_with_november("Europe/London");
    let other = Barkeep::empty();
    settings(&other, "us", "timezone = \"Europe/London\"\n");
    other
        .run(&[
            "init",
            "--venue",
            "us:mine",
            "-i",
            "1m",
            "-t",
            "BTCUSDT",
            "--partitioned",
        ])
        .expect(Exit::Ok);
    let november = bar.path().join("incoming/BTCUSDT.csv");
    other.write("incoming/BTCUSDT.csv", read(&november));
    other.run(&["update"]).expect(Exit::Ok);
    for path in other.tree().into_keys() {
        let within = path.strip_prefix(other.path()).unwrap();
        if within.starts_with("data") && path.extension() == Some("parquet".as_ref()) {
            bar.write(within, read(&path));
        }
    }

    let told = bar.show("BTCUSDT", "1m", &["--utc"]).expect(Exit::Failed);
    assert!(told.stderr.contains("two clocks"), "{}", told.stderr);
    assert_eq!(shown(&bar, &[]).len(), 8);
    let checked = bar.run(&["check", "--json"]);
    assert!(checked.stdout.contains("other_clock"), "{}", checked.stdout);
}

#[expect(
    clippy::disallowed_methods,
    reason = "a user's hands, which are no part of barkeep"
)]
fn read(path: &std::path::Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
