//! The layout toggles: every choice can be cleared, and one that is against the rows is told.

use barkeep::cli::Exit;

use crate::support::barkeep::{Barkeep, Ran};

/// Two venues of CSV files; A and B of us:mine, C of de:mine.
fn world() -> Barkeep {
    let bar = Barkeep::empty();
    let table =
        |venue, path| format!("[sources.\"{venue}\"]\nkind = \"files\"\npath = \"{path}\"\n");
    bar.write(
        "barkeep.toml",
        table("us:mine", "in/us") + &table("de:mine", "in/de"),
    );
    for (ticker, folder) in [("A", "us"), ("B", "us"), ("C", "de")] {
        bar.write(
            format!("in/{folder}/{ticker}.csv"),
            "Date,Open,High,Low,Close,Volume\n2025-11-20,1,1,1,1,1000\n",
        );
    }
    bar.write(
        "tickers.json",
        r#"{"A": {"venue": "us:mine"}, "B": {"venue": "us:mine"}, "C": {"venue": "de:mine"}}"#,
    );
    bar
}

fn warnings(ran: &Ran) -> Vec<String> {
    let lines = ran.stderr.lines();
    let told = lines.filter_map(|line| line.strip_prefix("warning: "));
    told.map(str::to_owned).collect()
}

#[test]
fn every_choice_that_can_be_made_can_be_cleared() {
    for (scope, place) in [
        (&[][..], "globally"),
        (&["--market", "us"], "for market us"),
        (&["--market", "us", "--source", "mine"], "for us/mine"),
    ] {
        let bar = world();
        let toggle = |more: &[&str]| {
            let args = [&["partition-toggle"], scope, more].concat();
            bar.run(&args).expect(Exit::Ok)
        };
        toggle(&[]);

        let cleared = toggle(&["--clear"]);
        let again = toggle(&["--clear"]);

        assert!(
            cleared.stderr.contains(&format!("{place} is cleared")),
            "{cleared:?}"
        );
        assert!(again.stderr.contains("There was no choice"), "{again:?}");
        let shown = bar.run(&["partition-toggle", "--show"]).expect(Exit::Ok);
        let mut bars = shown.stdout.lines().filter(|line| line.starts_with("us:"));
        assert!(bars.all(|line| !line.contains("partitioned")), "{shown:?}");
        bar.run(&["update"]).expect(Exit::Ok);
        assert!(
            bar.has("data/legacy/us/mine/stocks_1d/A.parquet"),
            "{scope:?}"
        );
    }
}

/// Of the toggles of a venue none was left that said so, and its rows were in partitions.
#[test]
fn the_global_choice_is_not_cleared_while_rows_are_where_it_put_them() {
    let bar = world();
    bar.run(&["partition-toggle"]).expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);

    let refused = bar
        .run(&["partition-toggle", "--clear"])
        .expect(Exit::Failed);

    assert!(refused.stderr.contains("rollback"), "{refused:?}");
}

#[test]
fn a_toggle_that_is_against_the_rows_is_told_once_for_each_venue() {
    let bar = world();
    bar.run(&["update"]).expect(Exit::Ok);
    bar.write("storage_config.json", r#"{"partitioned": true}"#);

    for args in [&["update"][..], &["update", "--dry-run"], &["status"]] {
        let told = warnings(&bar.run(args).expect(Exit::Ok));

        assert_eq!(told.len(), 2, "{args:?} {told:?}");
        let told = told.join("\n");
        for part in [
            "2 series have their rows at us:mine in the legacy layout",
            "1 series has its rows at de:mine",
            "the toggle (global) says partitioned",
            "barkeep partition-migrate status",
            "A 1d, B 1d",
        ] {
            assert!(told.contains(part), "{args:?} {part}: {told}");
        }
    }
    let told = bar.run(&["update", "--json"]).expect(Exit::Ok).summary();
    assert_eq!(told["warnings"].as_array().unwrap().len(), 2, "{told}");
    assert!(!bar.has("data/us") && !bar.has("data/de"));
}

#[test]
fn rows_in_partitions_that_no_toggle_wants_there_are_told() {
    let bar = world();
    bar.run(&["partition-toggle"]).expect(Exit::Ok);
    let clean = bar.run(&["update"]).expect(Exit::Ok);
    assert!(warnings(&clean).is_empty(), "{clean:?}");

    for (file, words) in [
        (r#"{"markets": {"de": true}}"#, "no toggle says so"),
        (
            r#"{"markets": {"US": 0, "de": true}}"#,
            "the toggle (market) says legacy",
        ),
    ] {
        bar.write("storage_config.json", file);

        let told = warnings(&bar.run(&["status"]).expect(Exit::Ok));

        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains("us:mine in partitions") && told[0].contains(words),
            "{told:?}"
        );
        assert!(
            told[0].contains("barkeep partition-migrate status"),
            "{told:?}"
        );
    }
}

#[test]
fn two_spellings_of_a_toggle_that_disagree_are_told_until_somebody_decides() {
    let bar = world();
    bar.write(
        "storage_config.json",
        r#"{"markets": {"US": true, "us": false}}"#,
    );

    for args in [&["update"][..], &["status"]] {
        let told = warnings(&bar.run(args).expect(Exit::Ok));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("names us twice"), "{told:?}");
    }
    bar.run(&["partition-toggle", "--market", "us", "--disable"])
        .expect(Exit::Ok);

    let told = warnings(&bar.run(&["update"]).expect(Exit::Ok));
    assert!(told.is_empty(), "{told:?}");
}

/// The predecessor began partitions beside histories that it had not migrated, and read the former alone from then on.
#[test]
fn rows_in_both_layouts_that_nobody_compared_are_told_until_somebody_did() {
    let (legacy, partitioned) = (world(), world());
    legacy.run(&["update"]).expect(Exit::Ok);
    partitioned.run(&["partition-toggle"]).expect(Exit::Ok);
    partitioned.run(&["update"]).expect(Exit::Ok);
    for (path, bytes) in partitioned.files_in("data") {
        legacy.write(path, bytes);
    }
    let toggled = partitioned.read("storage_config.json");
    for (toggles, read) in [
        (None, "only the legacy files are read"),
        (Some(toggled), "only the partitions are read"),
    ] {
        if let Some(toggles) = toggles {
            legacy.write("storage_config.json", toggles);
        }
        for args in [&["status"][..], &["update", "--dry-run"]] {
            let told = warnings(&legacy.run(args).expect(Exit::Ok)).join("\n");
            for part in [
                "2 series have rows at us:mine in both layouts",
                "1 series has rows at de:mine in both",
                read,
            ] {
                assert!(told.contains(part), "{args:?} {part}: {told}");
            }
        }
    }
    let blocks = partitioned.text("tickers.json").replace(
        "\"verified_at\": null",
        "\"verified_at\": \"2025-11-21T00:00:00Z\"",
    );
    legacy.write("tickers.json", blocks);
    let told = warnings(&legacy.run(&["status"]).expect(Exit::Ok));
    assert!(told.is_empty(), "{told:?}");
}
