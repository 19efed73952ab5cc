//! Which rows stay and which leave, for each way in which a tree changes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use barkeep::cli::Exit;
use barkeep::mirror::Tier;
use chrono::{Datelike, NaiveDate, Weekday};
use serde_json::Value;

use super::{
    DAYS, DIR, SETTINGS, close, closes, deliver, names_of, next_day, pieces, tick, update,
    verified, with_current, world,
};
use crate::support::barkeep::Barkeep;

const OCTOBER: &str = "data/us/mine/stocks_1d/ticker=A/year=2025/month=10/data.parquet";
const MONTH: &str = "data/us/mine/stocks_1d/ticker=A/year=2025/month=09/data.parquet";

#[test]
fn a_revision_changes_the_row_and_the_file_that_has_it_alone() {
    let mut bar = world();
    next_day(&mut bar, 2);
    let newest = (names_of(&bar, Tier::Newest), names_of(&bar, Tier::Delta));

    // All three days of one ticker, of which the last one is a delta's.
    deliver(&bar, "B", &DAYS[..2], 90.0);
    update(&mut bar);

    assert_eq!(close(&bar, "B", DAYS[0]), Some(90.0));
    assert_eq!(close(&bar, "B", DAYS[1]), Some(91.0));
    assert_eq!(close(&bar, "B", DAYS[2]), Some(22.0));
    assert_eq!(
        (names_of(&bar, Tier::Newest), names_of(&bar, Tier::Delta)),
        newest
    );
    verified(&bar);
}

#[test]
fn rows_that_a_person_took_out_leave() {
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    // A Saturday among the days of October, which no session made.
    let days = [
        &DAYS[..],
        &[
            "2025-10-09",
            "2025-10-10",
            "2025-10-11",
            "2025-10-13",
            "2025-10-14",
        ],
    ]
    .concat();
    deliver(&bar, "A", &days, 10.0);
    bar.run(&["init", "--partitioned", "--ticker", "A"])
        .expect(Exit::Ok);
    update(&mut bar);
    assert!(close(&bar, "A", "2025-10-11").is_some());

    bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);
    bar.run(&["mirror"]).expect(Exit::Ok);

    assert_eq!(close(&bar, "A", "2025-10-11"), None);
    assert_eq!(closes(&bar).len(), days.len() - 1);
    verified(&bar);
}

#[test]
fn a_split_moves_all_prices_of_its_ticker() {
    let mut bar = world();
    next_day(&mut bar, 2);

    // What another basis comes to for whoever compares rows: each of them is another one.
    deliver(&bar, "A", &DAYS[..4], 1000.0);
    update(&mut bar);

    for (at, day) in DAYS[..4].iter().enumerate() {
        let expected = 1000.0 + f64::from(u8::try_from(at).unwrap());
        assert_eq!(close(&bar, "A", day), Some(expected), "{day}");
    }
    assert_eq!(close(&bar, "C", DAYS[0]), Some(30.0));
    verified(&bar);
}

/// Half the price, twice the volume: rows of days that did not come again are moved by the same factor.
#[test]
fn prices_that_are_moved_to_another_basis_are_moved_in_the_mirror_too() {
    let mut bar = world();
    deliver(&bar, "A", &DAYS, 10.0);
    update(&mut bar);
    let mut halves = "Date,Open,High,Low,Close,Volume\n".to_owned();
    for (close, day) in (12..).zip(&DAYS[2..]) {
        let close = f64::from(close) / 2.0;
        let (high, low) = (close + 0.5, close - 0.5);
        writeln!(halves, "{day},{close},{high},{low},{close},2000").unwrap();
    }
    bar.write("in/A.csv", halves);

    bar.run(&["update"]).expect(Exit::Ok);
    tick(&mut bar);

    assert_eq!(close(&bar, "A", DAYS[0]), Some(5.0));
    assert_eq!(close(&bar, "A", DAYS[7]), Some(8.5));
    assert_eq!(close(&bar, "B", DAYS[0]), Some(20.0));
    verified(&bar);
}

#[test]
fn a_ticker_that_is_not_collected_any_more_stays_as_long_as_its_rows_do() {
    let mut bar = world();

    bar.run(&["tickers", "remove", "B"]).expect(Exit::Ok);
    next_day(&mut bar, 2);

    assert_eq!(close(&bar, "B", DAYS[0]), Some(20.0));
    assert_eq!(close(&bar, "B", DAYS[2]), None);
    assert_eq!(close(&bar, "A", DAYS[2]), Some(12.0));
    verified(&bar);
}

/// The mirror had the record of what it had not read, and so nothing to do when the month was back.
#[test]
fn a_month_that_was_gone_or_damaged_when_the_mirror_was_made_comes_into_it_when_it_is_back() {
    for is_damaged in [false, true] {
        let mut bar = world();
        next_day(&mut bar, 2);
        let october = bar.read(OCTOBER);
        bar.run(&["mirror", "--drop"]).expect(Exit::Ok);
        if is_damaged {
            let mut bytes = october.clone();
            bytes[40] ^= 1;
            bar.write(OCTOBER, bytes);
        } else {
            bar.remove(OCTOBER);
        }

        for again in [&["mirror"][..], &["mirror", "--full"], &["mirror"]] {
            let told = bar.run(again).expect(Exit::Partial).stderr;
            assert!(told.contains("is in the mirror without 2025-10"), "{told}");
            let standing = status(&bar);
            assert_eq!(standing["series_behind"], 0, "it has all that can be had");
            assert_eq!(standing["series_with_holes"], 1);
        }
        let named = "is without months of 1 series, which are damaged or gone";
        let said = bar.run(&["status"]).stderr;
        assert!(
            said.contains(named) && !said.contains("It is behind"),
            "{said}"
        );
        // A damaged file that somebody removed is as much a hole as before.
        if is_damaged {
            bar.remove(OCTOBER);
        }
        bar.run(&["mirror"]).expect(Exit::Partial);
        assert_eq!(close(&bar, "A", DAYS[2]), None);
        assert_eq!(verified(&bar)["series_with_last_copies"], 0);
        bar.write(OCTOBER, &october);
        let differs = bar.run(&["mirror", "--verify"]).expect(Exit::Mismatch);
        assert!(
            differs.stdout.contains("has 2 rows, and the tree has 3"),
            "{differs:?}"
        );
        let told = bar.run(&["mirror"]).expect(Exit::Ok).stderr;

        assert!(told.contains("1 series differed"), "{told}");
        assert_eq!(status(&bar)["series_with_holes"], 0);
        assert_eq!(close(&bar, "A", DAYS[2]), Some(12.0));
        verified(&bar);
        let again = bar.run(&["mirror"]).expect(Exit::Ok).stderr;
        assert!(again.contains("0 series differed"), "{again}");
    }
}

/// How the mirror of the bars stands.
fn status(bar: &Barkeep) -> Value {
    bar.run(&["status", "--json"]).summary()["mirrors"][0].clone()
}

/// What cannot be had hides nothing that came since.
#[test]
fn a_mirror_without_a_month_is_behind_once_rows_come() {
    let mut bar = world();
    next_day(&mut bar, 2);
    bar.remove(MONTH);
    bar.run(&["mirror", "--full", "--yes"])
        .expect(Exit::Partial);
    tick(&mut bar);
    bar.write("barkeep.toml", SETTINGS.replace("mirror", "# mirror"));
    deliver(&bar, "A", &DAYS[2..4], 12.0);
    bar.run(&["update"]);
    tick(&mut bar);
    bar.write("barkeep.toml", SETTINGS);

    let behind = status(&bar)["series_behind"].clone();
    bar.run(&["mirror"]).expect(Exit::Partial);

    assert_eq!(behind, 1);
    assert_eq!(status(&bar)["series_behind"], 0);
    assert_eq!(close(&bar, "A", DAYS[3]), Some(13.0));
    assert_eq!(close(&bar, "A", DAYS[0]), None);
}

#[test]
fn a_month_that_is_damaged_stays_as_the_last_good_copy() {
    let mut bar = world();
    next_day(&mut bar, 2);
    let mut bytes = bar.read(OCTOBER);
    bytes[40] ^= 1;
    bar.write(OCTOBER, bytes);

    // The next day of the same month puts the damaged file away.
    deliver(&bar, "A", &DAYS[3..4], 7.0);
    let told = bar.run(&["update"]).expect(Exit::Damaged).stderr;

    assert_eq!(close(&bar, "A", DAYS[2]), Some(12.0), "the last good copy");
    assert_eq!(close(&bar, "A", DAYS[3]), Some(7.0), "{told}");
    let kept = with_current(&bar, |_, version| version.series["A"].kept.clone());
    assert_eq!(kept, ["2025-10".parse().unwrap()]);
    assert_eq!(verified(&bar)["series_with_last_copies"], 1);
    assert_eq!(status(&bar)["series_behind"], 0);
    let refused = bar.run(&["mirror", "--full"]).expect(Exit::Usage);
    let told = "has the last copy of A 2025-10";
    assert!(refused.stderr.contains(told), "{}", refused.stderr);
    bar.run(&["mirror", "--drop"]).expect(Exit::Usage);
    let status = bar.run(&["status"]);
    let told = "has the last copy of months of 1 series";
    assert!(status.stderr.contains(told), "{}", status.stderr);
    bar.run(&["mirror", "--full", "--yes"]).expect(Exit::Ok);
    assert_eq!(close(&bar, "A", DAYS[2]), None);
}

#[test]
fn a_month_that_is_damaged_and_not_put_away_yet_stays_too() {
    let mut bar = world();
    next_day(&mut bar, 2);
    let mut bytes = bar.read(OCTOBER);
    bytes[40] ^= 1;
    bar.write(OCTOBER, bytes);
    // Nobody knows what the mirror has, so that all has to be read.
    bar.remove("state/ledger");
    bar.run(&["check", "--rebuild"]);

    bar.run(&["mirror"]);

    assert_eq!(close(&bar, "A", DAYS[2]), Some(12.0));
    assert_eq!(close(&bar, "B", DAYS[2]), Some(22.0));
}

#[test]
fn a_series_that_is_gone_from_the_disk_stays_and_comes_back() {
    let bar = world();
    bar.remove("data/us/mine/stocks_1d/ticker=B");
    bar.remove("in/B.csv");
    // Somebody wrote down what lies there.
    bar.run(&["check", "--rebuild"]);

    bar.run(&["mirror"]).expect(Exit::Ok);
    let again = bar.run(&["mirror"]).expect(Exit::Ok).stderr;

    assert_eq!(close(&bar, "B", DAYS[0]), Some(20.0));
    assert!(again.contains("0 series differed"), "{again}");
    assert_eq!(verified(&bar)["series_with_last_copies"], 1);
    bar.run(&["mirror", "--full"]).expect(Exit::Usage);
    deliver(&bar, "B", &DAYS[1..3], 50.0);
    bar.run(&["update", "--accept-missing"]);
    bar.run(&["mirror"]).expect(Exit::Ok);
    assert_eq!(close(&bar, "B", DAYS[0]), Some(20.0), "what is gone still");
    assert_eq!(close(&bar, "B", DAYS[1]), Some(50.0), "what came again");
}

#[test]
fn rows_of_days_that_are_over_move_on_and_none_is_lost_or_there_twice() {
    let mut bar = world();
    let first: NaiveDate = DAYS[0].parse().unwrap();
    let days = first.iter_days();
    let days = days.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun));
    let days: Vec<String> = days.take(24).map(|day| day.to_string()).collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    for count in 3..=days.len() {
        for (ticker, first) in [("A", 10.0), ("B", 20.0), ("C", 30.0)] {
            deliver(&bar, ticker, &days[..count], first);
        }
        update(&mut bar);
        assert_eq!(closes(&bar).len(), 3 * count);
    }

    let tiers: BTreeSet<Tier> = pieces(&bar).iter().map(|piece| piece.tier).collect();
    let of_one = pieces(&bar).into_iter().filter(|piece| piece.reaches("B"));
    assert!(
        tiers.contains(&Tier::Hot),
        "rows moved out of the deltas: {tiers:?}"
    );
    assert!(of_one.count() <= 4);
    verified(&bar);
}

#[test]
fn a_series_that_moves_between_the_layouts_stays_the_same() {
    let mut bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        format!("[workspace]\nlegacy_venue = \"us:mine\"\n{SETTINGS}"),
    );
    deliver(&bar, "A", &DAYS, 10.0);
    bar.run(&["init", "--ticker", "A"]).expect(Exit::Ok);
    update(&mut bar);
    let before = closes(&bar);
    assert!(bar.has("data/legacy/stocks_1d/A.parquet"));

    bar.migration("init -V us:mine --all-found")
        .expect(Exit::Ok);
    bar.migration("migrate --all --delete-legacy --yes")
        .expect(Exit::Ok);
    bar.run(&["mirror"]).expect(Exit::Ok);
    assert_eq!(closes(&bar), before);
    verified(&bar);
    bar.migration("rollback 1d --remove-partitions --yes")
        .expect(Exit::Ok);
    bar.run(&["mirror"]).expect(Exit::Ok);

    assert_eq!(closes(&bar), before);
    verified(&bar);
    assert!(bar.has(DIR));
}

#[test]
fn a_ledger_that_is_gone_costs_reading_and_no_row() {
    let mut bar = world();
    next_day(&mut bar, 2);
    let before = closes(&bar);

    bar.remove("state/ledger");
    bar.run(&["check", "--rebuild"]).expect(Exit::Ok);
    next_day(&mut bar, 3);

    assert_eq!(closes(&bar).len(), before.len() + 3);
    verified(&bar);
}

#[test]
fn a_private_file_has_a_private_mirror() {
    let bar = world();
    let path = bar.path().join(MONTH);
    let mode = |name: &str| {
        let found = bar.fs().metadata(&bar.path().join(name)).unwrap().unwrap();
        found.rights.mode
    };
    std::process::Command::new("chmod")
        .arg("600")
        .arg(&path)
        .status()
        .unwrap();

    bar.run(&["mirror", "--full"]).expect(Exit::Ok);

    let name = names_of(&bar, Tier::Base).remove(0);
    assert_eq!(mode(MONTH), 0o600);
    assert_eq!(mode(&format!("{DIR}/files/{name}")), 0o600);
}

#[test]
fn a_clock_that_is_put_right_makes_other_instants_of_the_same_rows() {
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    deliver(&bar, "A", &DAYS[2..7], 10.0);
    bar.run(&["init", "--partitioned", "--ticker", "A"])
        .expect(Exit::Ok);
    update(&mut bar);
    let zone = |bar: &Barkeep| with_current(bar, |_, version| version.series["A"].zone.clone());
    assert_eq!(zone(&bar).as_deref(), Some("America/New_York"));

    let right = SETTINGS.replace("America/New_York", "Europe/London");
    bar.write("barkeep.toml", right);
    let window = ["update", "--start", "2025-10-01", "--end", "2025-10-31"];
    bar.run(&window).expect(Exit::Ok);

    assert_eq!(zone(&bar).as_deref(), Some("Europe/London"));
    verified(&bar);
}

#[test]
fn a_mirror_on_another_clock_than_its_tree_is_told_by_a_comparison() {
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    deliver(&bar, "A", &DAYS[2..7], 10.0);
    bar.run(&["init", "--partitioned", "--ticker", "A"])
        .expect(Exit::Ok);
    update(&mut bar);
    let right = SETTINGS.replace("America/New_York", "Europe/London");
    bar.write("barkeep.toml", right.replace("mirror = [\"1d\"]\n", ""));
    let window = ["update", "--start", "2025-10-01", "--end", "2025-10-31"];
    bar.run(&window).expect(Exit::Ok);

    let told = bar.run(&["mirror", "--verify", "-i", "1d"]);

    assert_eq!(told.exit, Exit::Mismatch, "{told:#?}");
    assert!(told.stdout.contains("another clock"), "{told:#?}");
}

/// It was said of mirrors, too, which have the column without any zone in tickers.json.
#[test]
fn views_without_instants_are_told_of_trees_without_a_mirror_only() {
    let bar = world();
    let told = "have a column utc, since tickers.json knows no zone";
    let of_none = "No view has a column utc, since tickers.json knows no zone";

    let of_mirror = bar.run(&["views"]).expect(Exit::Ok).stderr;
    bar.run(&["mirror", "--drop"]).expect(Exit::Ok);
    let of_tree = bar.run(&["views"]).expect(Exit::Ok).stderr;

    assert!(
        !of_mirror.contains(told) && !of_mirror.contains(of_none),
        "{of_mirror}"
    );
    assert!(of_tree.contains(of_none), "{of_tree}");
}
