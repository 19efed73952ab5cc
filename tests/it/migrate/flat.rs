//! Legacy files that lay flat in the workspace, as the predecessor's updater writes them: there again after a rollback, and
//! untouched where they are not migrated.

use std::path::PathBuf;

use super::there::{deliver, revise};
use super::{Barkeep, DEMO_IS_LEGACY, Exit, below, closes, daily, file};

const INIT: &str = "init -V us:demo --all-found --adopt --yes";
const BACK: &str = "rollback us:demo 1d --remove-partitions --yes";

fn flat(ticker: &str) -> String {
    format!("stocks_1d/{ticker}.parquet")
}

fn bytes_of(ticker: &'static str, price: f64) -> Vec<u8> {
    let rows = [
        ("2024-01-30", price),
        ("2024-01-31", price + 0.5),
        ("2024-02-01", price + 1.0),
    ];
    daily(ticker, &rows)
}

/// A workspace as the predecessor left it: daily and weekly bars, flat.
fn flat_workspace() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", DEMO_IS_LEGACY);
    bar.write(flat("A"), bytes_of("A", 1.0));
    bar.write(flat("B"), bytes_of("B", 2.0));
    let week = daily("A", &[("2024-01-29", 1.0)]);
    bar.write("stocks_1wk/A.parquet", week);
    bar
}

fn layout(bar: &Barkeep) -> Vec<(PathBuf, Vec<u8>)> {
    [below(bar, "stocks_1d"), below(bar, "stocks_1wk")].concat()
}

/// The predecessor looks in `stocks_1d` and nowhere else. What `--adopt` had moved to `data/legacy` stayed there after a
/// rollback, and it found no row of anything.
#[test]
fn a_rollback_puts_adopted_files_back_byte_for_byte() {
    let bar = flat_workspace();
    let before = layout(&bar);
    bar.migration(INIT).expect(Exit::Ok);
    assert!(bar.has(file("A")));
    bar.migration("migrate --all").expect(Exit::Ok);

    let dry = bar
        .migration("rollback 1d --dry-run --json")
        .expect(Exit::Ok);
    assert_eq!(dry.summary()["intervals"][0]["flat"], 2);
    assert!(bar.has(file("A")));
    let ran = bar.migration(BACK).expect(Exit::Ok);

    assert!(ran.stderr.contains("2 files flat in stocks_1d"), "{ran:?}");
    assert_eq!(layout(&bar), before);
    assert!(below(&bar, "data").is_empty(), "{:?}", below(&bar, "data"));
    assert!(!bar.has("data/legacy"));
    assert_eq!(closes(&bar, "B"), ["2.0", "2.5", "3.0"]);
}

#[test]
fn files_that_were_removed_since_are_rebuilt_where_they_were_with_what_came_since() {
    let bar = flat_workspace();
    bar.migration(INIT).expect(Exit::Ok);
    bar.migration("migrate --all --delete-legacy --yes")
        .expect(Exit::Ok);
    revise(&bar);
    let now = closes(&bar, "A");
    // A ticker that the predecessor never knew belongs where it looks for the others.
    bar.write(
        "data/us/demo/stocks_1d/ticker=N/year=2024/month=01/data.parquet",
        daily("N", &[("2024-01-30", 7.0)]),
    );

    bar.migration(BACK).expect(Exit::Ok);

    assert_eq!(closes(&bar, "A"), now);
    assert_eq!(closes(&bar, "N"), ["7.0"]);
    for ticker in ["A", "B", "N"] {
        assert!(bar.has(flat(ticker)), "{ticker}");
    }
    assert!(!bar.has("data/legacy") && below(&bar, "data/us").is_empty());
    // And the next rows go there as well.
    deliver(&bar, "2024-02-02,11,11,11,11,11\n");
    assert!(closes(&bar, "A").contains(&"11.0".to_owned()));
    assert!(!bar.has("data/legacy"));
}

/// Weekly bars are never migrated. They had been moved all the same, to where the predecessor does not look.
#[test]
fn an_adoption_moves_files_of_planned_intervals_only() {
    for words in [INIT, "init -V us:demo -i 1d --adopt --yes"] {
        let bar = flat_workspace();
        let hour = daily("A", &[("2024-01-30T09:30:00", 1.0)]);
        bar.write("stocks_1h/A.parquet", &hour);

        bar.migration(words).expect(Exit::Ok);

        assert!(bar.has("stocks_1wk/A.parquet"), "{words}");
        assert!(bar.has(file("A")), "{words}");
        assert_eq!(bar.has("stocks_1h/A.parquet"), words != INIT);
    }
}

/// Weekly files that lie flat do not keep anything from being planned.
#[test]
fn files_of_other_intervals_are_no_reason_to_refuse_a_plan() {
    let bar = flat_workspace();
    bar.migration(INIT).expect(Exit::Ok);
    bar.remove("migration_plan.json");

    bar.migration("init -V us:demo --all-found")
        .expect(Exit::Ok);
}

/// Half of it had been moved to `data/legacy` already, as the predecessor's own migration asks.
#[test]
fn files_that_lay_in_data_legacy_before_stay_there() {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", DEMO_IS_LEGACY);
    bar.write(file("A"), bytes_of("A", 1.0));
    bar.write(flat("B"), bytes_of("B", 2.0));
    let before = bar.tree();
    bar.migration(INIT).expect(Exit::Ok);
    bar.migration("migrate --all").expect(Exit::Ok);

    bar.migration(BACK).expect(Exit::Ok);

    for (path, bytes) in before {
        let name = path.strip_prefix(bar.path()).unwrap().to_owned();
        assert_eq!(bar.read(name.to_str().unwrap()), bytes);
    }
    assert!(!bar.has(flat("A")) && !bar.has(file("B")));
}

/// An earlier build moved files without writing it down: only the user knows.
#[test]
fn a_user_says_that_files_were_flat_where_nobody_wrote_it_down() {
    let adopted = || {
        let bar = flat_workspace();
        bar.migration(INIT).expect(Exit::Ok);
        bar.remove("state/migration/adopted-stocks_1d");
        bar.migration("migrate --all").expect(Exit::Ok);
        bar
    };
    let bar = adopted();
    bar.migration(BACK).expect(Exit::Ok);
    assert!(bar.has(file("A")) && !bar.has("stocks_1d"));

    let bar = adopted();
    bar.migration(&format!("{BACK} --flat")).expect(Exit::Ok);

    assert!(bar.has(flat("A")) && !bar.has("data/legacy"));
    assert_eq!(bar.read(flat("A")), bytes_of("A", 1.0));
}

/// After the adoption the predecessor ran once more, found nothing and began a new file.
#[test]
fn a_flat_file_that_came_since_is_merged_and_never_overwritten() {
    let bar = flat_workspace();
    bar.migration(INIT).expect(Exit::Ok);
    bar.migration("migrate --all").expect(Exit::Ok);
    let newer = daily("A", &[("2024-02-01", 9.0), ("2024-02-05", 5.0)]);
    bar.write(flat("A"), &newer);

    bar.migration(BACK).expect(Exit::Ok);

    assert_eq!(closes(&bar, "A"), ["1.0", "1.5", "2.0", "5.0"]);
    assert!(!bar.has("data/legacy"));
    let kept = below(&bar, "quarantine");
    assert!(kept.iter().any(|(_, bytes)| *bytes == newer), "{kept:?}");
}

#[test]
fn both_places_are_looked_at_after_the_way_back_and_on_the_next_way_there() {
    let bar = flat_workspace();
    bar.migration(INIT).expect(Exit::Ok);
    bar.migration("migrate --all").expect(Exit::Ok);
    let partitioned = below(&bar, "data/us");
    bar.migration("rollback 1d").expect(Exit::Ok);

    let status = bar.migration("status --json").expect(Exit::Ok);
    assert!(status.stdout.contains("\"legacy_files\":2"), "{status:?}");
    // Again, and with the partitions this time.
    let again = bar.migration(&format!("{BACK} --json")).expect(Exit::Ok);
    assert_eq!(again.summary()["intervals"][0]["equal"], 2);
    let refused = bar.migration("migrate --all").expect(Exit::Failed);
    assert!(refused.stderr.contains("--adopt"), "{refused:?}");
    bar.migration(&format!("{INIT} --force")).expect(Exit::Ok);
    bar.migration("migrate --all").expect(Exit::Ok);
    bar.migration("verify 1d").expect(Exit::Ok);
    assert_eq!(below(&bar, "data/us"), partitioned);
    bar.migration(BACK).expect(Exit::Ok);
    assert!(bar.has(flat("A")) && !bar.has("data/legacy"));
}

/// One ticker that cannot go back keeps everything where it is.
#[test]
fn nothing_leaves_data_legacy_before_every_ticker_can() {
    let bar = flat_workspace();
    bar.migration(INIT).expect(Exit::Ok);
    bar.migration("migrate --all").expect(Exit::Ok);
    let before = below(&bar, "data");
    bar.write(file("B"), b"torn");

    bar.migration("rollback 1d").expect(Exit::Damaged);

    assert!(bar.has(file("A")) && !bar.has(flat("A")));
    bar.write(file("B"), bytes_of("B", 2.0));
    assert_eq!(below(&bar, "data"), before);
    bar.migration("rollback 1d").expect(Exit::Ok);
    assert!(bar.has(flat("A")) && bar.has(flat("B")));
}

/// No file of another venue is moved: the plan is of one venue.
#[test]
fn an_adoption_leaves_files_of_tickers_at_home_elsewhere() {
    let bar = flat_workspace();
    bar.run(&["init", "--venue", "de:other", "--ticker", "B"])
        .expect(Exit::Ok);

    bar.migration(INIT).expect(Exit::Ok);
    bar.migration("migrate --all").expect(Exit::Ok);

    assert!(bar.has(file("A")) && !bar.has(flat("A")));
    assert_eq!(bar.read(flat("B")), bytes_of("B", 2.0));
}
