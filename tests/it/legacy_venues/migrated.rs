//! Migration, adoption and rollback of one of two venues that share a symbol.

use super::*;

const MONTH: &str = "data/de/xetra/stocks_1d/ticker=DBK/year=2025/month=11/data.parquet";

/// Two venues with their files in place, or that of de:xetra where an older build kept it.
fn two(place: &str) -> Barkeep {
    let bar = world_of(&["de:xetra", YAHOO]);
    bar.run(&["update", "--venue", "de:xetra"]).expect(Exit::Ok);
    if place != XETRA {
        as_an_older_build_left_it(&bar, place);
        return bar;
    }
    updated(&bar);
    bar
}

#[rstest]
#[case::in_its_place(XETRA)]
#[case::of_an_older_build(SHARED)]
fn a_venue_is_migrated_and_brought_back_from_and_to_its_own_place(#[case] place: &str) {
    let bar = two(place);
    let others = |bar: &Barkeep| {
        let mut tree = bar.tree();
        tree.retain(|path, _| path.ends_with("legacy/stocks_1d/DBK.parquet"));
        tree
    };
    let before = others(&bar);
    bar.migration("init -V de:xetra --all-found")
        .expect(Exit::Ok);

    bar.migration("migrate --all").expect(Exit::Ok);
    bar.migration("verify").expect(Exit::Ok);
    assert!(bar.has(MONTH) && bar.has(place));
    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
    bar.migration("migrate 1d --delete-legacy --yes")
        .expect(Exit::Ok);

    assert!(!bar.has("data/legacy/de"), "its empty folders are gone");
    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
    if place == XETRA {
        assert_eq!(others(&bar), before);
        assert_eq!(closes(&bar, YAHOO), ["30.5"]);
    }
    bar.migration("rollback 1d --remove-partitions --yes")
        .expect(Exit::Ok);
    assert!(bar.has(XETRA) && !bar.has(MONTH));
    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
    if place == XETRA {
        assert_eq!(others(&bar), before);
    }
    updated(&bar);
    assert_eq!(closes(&bar, YAHOO), ["30.5"]);
    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
}

#[test]
fn migrating_the_legacy_venue_takes_no_row_of_another() {
    let bar = two(XETRA);
    bar.migration("init -V us:yahoo --all-found")
        .expect(Exit::Ok);

    bar.migration("migrate --all").expect(Exit::Ok);
    bar.migration("migrate 1d --delete-legacy --yes")
        .expect(Exit::Ok);

    assert!(bar.has(XETRA) && !bar.has(SHARED));
    assert_eq!(closes(&bar, YAHOO), ["30.5"]);
    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
    bar.migration("rollback 1d --flat").expect(Exit::Ok);
    assert!(bar.has(XETRA) && bar.has(FLAT));
}

/// The flat folder is the legacy venue's. `--adopt` brings what another one has there to its own place, and a rollback
/// leaves it there.
#[test]
fn adoption_brings_each_file_to_the_place_of_its_venue() {
    let bar = two(FLAT);
    let bytes = bar.read(FLAT);

    bar.migration("init -V de:xetra -i 1d --adopt --yes")
        .expect(Exit::Ok);

    assert_moved(&bar, &bytes);
    bar.migration("migrate --all").expect(Exit::Ok);
    bar.migration("rollback 1d").expect(Exit::Ok);
    assert!(bar.has(XETRA) && !bar.has(FLAT));
}

/// The flat file would win over the other one, had it the new place first.
#[test]
fn adoption_brings_the_file_that_wins_first() {
    let bar = two(SHARED);
    let flat = [("2025-11-19", 9.5), ("2025-11-20", 99.5)];
    let flat = ForeignFile::of(days("DBK", &flat));
    bar.write(FLAT, flat.bytes());
    bar.write("tickers.json", r#"{"DBK": {"venue": "de:xetra"}}"#);
    let before = closes(&bar, "de:xetra");

    bar.migration("init -V de:xetra -i 1d --adopt --yes");

    assert_eq!(before, ["9.5", "10.5"]);
    assert_eq!(closes(&bar, "de:xetra"), before);
}

#[test]
fn adoption_for_the_legacy_venue_leaves_another_venues_file_alone() {
    let bar = two(FLAT);
    let bytes = bar.read(FLAT);

    let ran = bar.migration("init -V us:yahoo -i 1d --adopt --yes");

    assert_ne!(ran.exit, Exit::Ok, "{ran:?}");
    assert!(bar.read(FLAT) == bytes);
}

/// Files of which neither footer nor tickers.json says anything are those of the venue that they are planned to be migrated
/// for, for every command, from `init` on.
#[test]
fn a_plan_says_whose_the_files_are_that_are_nobodys() {
    let bar = world();
    bar.write(SHARED, daily("DBK", &[("2025-11-19", 9.5)]));
    let bytes = bar.read(SHARED);
    assert_eq!(closes(&bar, YAHOO), ["9.5"]);

    bar.migration("init -V de:xetra --all-found")
        .expect(Exit::Ok);

    show(&bar, YAHOO).expect(Exit::Failed);
    assert_eq!(closes(&bar, "de:xetra"), ["9.5"]);
    bar.run(&["cleanup"]).expect(Exit::Ok);
    assert_moved(&bar, &bytes);
    bar.migration("migrate --all").expect(Exit::Ok);
    assert_eq!(closes(&bar, "de:xetra"), ["9.5"]);
    show(&bar, YAHOO).expect(Exit::Failed);
}

/// The flat file of one venue was merged into the file of another that an older build had left in its place.
#[test]
fn adoption_does_not_merge_into_the_file_of_another_venue() {
    let bar = world_of(&[YAHOO, "de:xetra"]);
    bar.run(&["update", "--venue", "de:xetra"]).expect(Exit::Ok);
    let theirs = as_an_older_build_left_it(&bar, SHARED);
    let ours = daily("DBK", &[("2025-11-19", 29.5)]);
    bar.write(FLAT, &ours);

    let ran = bar.migration(&format!("init -V {YAHOO} --all-found --adopt --yes"));

    assert_ne!(ran.exit, Exit::Usage, "{ran:?}");
    assert!(ran.stderr.contains(SHARED), "named: {ran:?}");

    assert_eq!(closes(&bar, "de:xetra"), ["10.5"]);
    let tree = bar.tree();
    let is_there = |bytes: &[u8]| tree.iter().any(|(_, found)| found == bytes);
    assert!(is_there(&theirs) && is_there(&ours));
}
