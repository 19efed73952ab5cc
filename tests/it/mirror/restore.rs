//! `check --repair` and what a mirror has still: what comes back, what does not, and how it is told.

use std::fmt::Write as _;

use barkeep::cli::Exit;

use super::{DAYS, SETTINGS, close, closes, csv, deliver, kept_of, next_day, tick, update, world};
use crate::support::barkeep::Barkeep;

const SEPTEMBER: &str = "data/us/mine/stocks_1d/ticker=A/year=2025/month=09/data.parquet";
const OCTOBER: &str = "data/us/mine/stocks_1d/ticker=A/year=2025/month=10/data.parquet";

fn damage(bar: &Barkeep, file: &str) {
    let mut bytes = bar.read(file);
    bytes[40] ^= 1;
    bar.write(file, bytes);
}

/// The closes of a ticker in the tree.
fn stored(bar: &Barkeep, ticker: &str) -> Vec<String> {
    let shown = bar.show(ticker, "1d", &["--columns", "date,close"]);
    // Where some are gone, it says so.
    let lacks = shown.stderr.contains("rows that were stored");
    let exit = if lacks { Exit::Partial } else { Exit::Ok };
    assert_eq!(shown.exit, exit, "{shown:#?}");
    let lines = shown.stdout.lines();
    lines.skip(1).map(str::to_owned).collect()
}

fn repair(bar: &mut Barkeep, exit: Exit) -> (String, String) {
    let before = bar.tree();
    let shown = bar.run(&["check", "--repair", "--dry-run"]);
    assert!(bar.tree() == before, "a plan changes nothing");
    let ran = bar.run(&["check", "--repair", "--yes"]).expect(exit);
    assert_eq!(shown.stdout, ran.stdout);
    tick(bar);
    (ran.stdout, ran.stderr)
}

#[test]
fn a_damaged_month_comes_back_and_what_was_there_is_in_quarantine() {
    let mut bar = world();
    next_day(&mut bar, 2);
    let before = stored(&bar, "A");
    damage(&bar, OCTOBER);
    let damaged = bar.read(OCTOBER);
    bar.run(&["check", "--repair", "--dry-run"])
        .expect(Exit::Damaged);

    let (table, told) = repair(&mut bar, Exit::Ok);

    insta::assert_snapshot!(table, @r"
    venue    series  lost     rows  copy in the mirror
    us:mine  A 1d    2025-10     1  as recorded
    ");
    assert!(
        told.contains("1 row was put back into 1 series from the mirror."),
        "{told}"
    );
    assert_eq!(stored(&bar, "A"), before);
    let quarantine = bar.files_in("quarantine");
    assert!(quarantine.values().any(|bytes| *bytes == damaged));
    assert!(kept_of(&bar, "A").is_empty());
    bar.run(&["check"]).expect(Exit::Ok);
    bar.run(&["mirror", "--verify"]).expect(Exit::Ok);
    let (table, _) = repair(&mut bar, Exit::Ok);
    assert_eq!(table, "", "nothing is left to put back");
}

#[test]
fn a_month_that_went_on_without_its_older_rows_gets_them_back_and_keeps_the_newer_ones() {
    let mut bar = world();
    next_day(&mut bar, 2);
    damage(&bar, OCTOBER);
    deliver(&bar, "A", &DAYS[3..4], 7.0);
    bar.run(&["update"]).expect(Exit::Damaged);
    tick(&mut bar);
    assert_eq!(stored(&bar, "A").len(), 3);
    assert_eq!(kept_of(&bar, "A"), ["2025-10"]);

    let (table, _) = repair(&mut bar, Exit::Ok);

    assert!(table.contains("2025-10     1  as recorded"), "{table}");
    assert_eq!(
        stored(&bar, "A"),
        [
            "2025-09-29,10.0",
            "2025-09-30,11.0",
            "2025-10-01,12.0",
            "2025-10-02,7.0"
        ]
    );
    assert!(kept_of(&bar, "A").is_empty());
    let before = closes(&bar);
    bar.run(&["mirror", "--full"]).expect(Exit::Ok);
    assert_eq!(closes(&bar), before, "the tree has all of it");
}

#[test]
fn a_series_that_is_gone_comes_back_whole() {
    let mut bar = world();
    next_day(&mut bar, 2);
    let before = (stored(&bar, "B"), closes(&bar));
    bar.remove("data/us/mine/stocks_1d/ticker=B");

    let (table, _) = repair(&mut bar, Exit::Ok);

    insta::assert_snapshot!(table, @r"
    venue    series  lost     rows  copy in the mirror
    us:mine  B 1d    2025-09     2  as recorded
    us:mine  B 1d    2025-10     1  as recorded
    ");
    assert_eq!((stored(&bar, "B"), closes(&bar)), before);
    bar.run(&["check"]).expect(Exit::Ok);
}

#[test]
fn what_the_mirror_had_not_seen_yet_is_named_and_not_made_up() {
    let mut bar = world();
    next_day(&mut bar, 2);
    let no_mirror = SETTINGS.replace("mirror = [\"1d\"]\n", "");
    bar.write("barkeep.toml", no_mirror);
    next_day(&mut bar, 3);
    bar.remove(OCTOBER);

    let (table, _) = repair(&mut bar, Exit::Partial);

    assert!(
        table.contains("2025-10     1  older: the lost file had 2 rows"),
        "{table}"
    );
    assert_eq!(stored(&bar, "A").len(), 3);
}

#[test]
fn rows_that_a_person_took_out_do_not_come_back() {
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    let october = ["2025-10-09", "2025-10-10", "2025-10-11", "2025-10-13"];
    let days = [&DAYS[..], &october].concat();
    deliver(&bar, "A", &days, 10.0);
    bar.run(&["init", "--partitioned", "--ticker", "A"])
        .expect(Exit::Ok);
    update(&mut bar);
    bar.run(&["check", "--repair", "--yes"]).expect(Exit::Ok);
    tick(&mut bar);
    let before = stored(&bar, "A");
    assert_eq!(before.len(), days.len() - 1);
    assert!(
        close(&bar, "A", "2025-10-11").is_some(),
        "nobody has refreshed the mirror"
    );
    bar.remove(OCTOBER);

    let (table, _) = repair(&mut bar, Exit::Ok);

    assert!(table.contains("as recorded"), "{table}");
    assert_eq!(stored(&bar, "A"), before);
    assert_eq!(close(&bar, "A", "2025-10-11"), None);
    // It stood between rows that came back, and so came back with them when they were lost again.
    bar.remove(OCTOBER);
    let (table, _) = repair(&mut bar, Exit::Ok);
    assert!(table.contains("as recorded"), "{table}");
    assert_eq!(stored(&bar, "A"), before);
    assert!(kept_of(&bar, "A").is_empty());
}

/// It went into the mount point, and no update saw any more that the disk was away.
#[test]
fn nothing_is_put_back_where_no_data_lies() {
    let mut bar = world();
    next_day(&mut bar, 2);
    bar.remove("data");

    for how in ["--dry-run", "--yes"] {
        let ran = bar.run(&["check", "--repair", how]).expect(Exit::Failed);

        assert!(ran.stderr.contains("mounted"), "{ran:?}");
        assert!(bar.files_in("data").is_empty());
    }
    bar.run(&["check", "--repair", "--yes", "--accept-missing"])
        .expect(Exit::Ok);
    assert_eq!(stored(&bar, "A").len(), 3);
}

#[test]
fn what_was_lost_since_the_last_refresh_goes_from_a_mirror_by_a_yes_only() {
    let mut bar = world();
    next_day(&mut bar, 2);
    bar.remove(OCTOBER);
    let before = closes(&bar);

    for lossy in ["--full", "--drop"] {
        let refused = bar.run(&["mirror", lossy]).expect(Exit::Usage);

        let said = "has the last copy of A 1d at us:mine";
        assert!(refused.stderr.contains(said), "{refused:?}");
        assert_eq!(closes(&bar), before);
    }
    bar.run(&["mirror", "--drop", "--yes"]).expect(Exit::Ok);
}

#[test]
fn a_copy_from_before_a_split_is_refused() {
    let mut bar = world();
    deliver(&bar, "A", &DAYS, 10.0);
    update(&mut bar);
    bar.remove(SEPTEMBER);
    let mut halves = "Date,Open,High,Low,Close,Volume\n".to_owned();
    for (day, close) in DAYS
        .iter()
        .zip([5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5])
        .skip(2)
    {
        let (high, low) = (close + 0.5, close - 0.5);
        writeln!(halves, "{day},{close},{high},{low},{close},2000").unwrap();
    }
    bar.write("in/A.csv", halves);
    bar.run(&["update"]);
    tick(&mut bar);
    let before = bar.tree();

    let (table, told) = repair(&mut bar, Exit::Partial);

    assert_eq!(table, "");
    assert!(told.contains("moved to another basis since"), "{told}");
    assert!(bar.tree() == before);
}

#[test]
fn nothing_comes_from_the_mirror_of_another_workspace() {
    let mut bar = world();
    bar.write("state/mirror-id", "20200101T000000Z-00000001-1");
    bar.remove("data/us/mine/stocks_1d/ticker=B");

    let (table, told) = repair(&mut bar, Exit::Partial);

    assert_eq!(table, "");
    assert!(
        told.contains("is the mirror of another workspace"),
        "{told}"
    );
    assert!(!bar.has("data/us/mine/stocks_1d/ticker=B"));
}

#[test]
fn who_says_no_gets_nothing_back() {
    let mut bar = world();
    bar.remove("data/us/mine/stocks_1d/ticker=B");
    bar.terminals.stdin = true;
    bar.terminals.stderr = true;
    bar.answers = "n\n";

    let refused = bar.run(&["check", "--repair"]).expect(Exit::Failed);

    assert!(
        refused
            .stderr
            .contains("Put 2 rows back into 1 series? [y/N]"),
        "{}",
        refused.stderr
    );
    assert!(!bar.has("data/us/mine/stocks_1d/ticker=B"));
}

#[test]
fn machines_are_told_the_same() {
    let bar = world();
    bar.remove("data/us/mine/stocks_1d/ticker=B");

    let plan = bar.run(&["check", "--repair", "--dry-run", "--json"]);
    let done = bar.run(&["check", "--repair", "--yes", "--json"]);

    let [plan, done] = [plan, done].map(|ran| ran.expect(Exit::Ok).summary());
    assert_eq!(plan["last_copies"], done["last_copies"]);
    let copy = &plan["last_copies"][0];
    assert_eq!(
        (&copy["partition"], &copy["rows"]),
        (&"2025-09".into(), &2.into())
    );
    assert_eq!(copy["copy"], "as_recorded");
    assert_eq!(
        (&plan["put_back"], &done["put_back"]),
        (&0.into(), &2.into())
    );
    assert_eq!(stored(&bar, "B").len(), 2);
}

/// A file of all bars, as it was before barkeep had partitions.
#[test]
fn a_damaged_legacy_file_comes_back() {
    let mut bar = Barkeep::empty();
    bar.write(
        "barkeep.toml",
        format!("[workspace]\nlegacy_venue = \"us:mine\"\n{SETTINGS}"),
    );
    bar.write("in/A.csv", csv(&DAYS, 10.0));
    bar.run(&["init", "--ticker", "A"]).expect(Exit::Ok);
    update(&mut bar);
    let before = stored(&bar, "A");
    damage(&bar, "data/legacy/stocks_1d/A.parquet");

    let (table, _) = repair(&mut bar, Exit::Ok);

    assert_eq!(table.matches("as recorded").count(), 2, "{table}");
    assert_eq!(stored(&bar, "A"), before);
    bar.run(&["check"]).expect(Exit::Ok);
}
