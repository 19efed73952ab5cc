//! One ticker at two venues, in every pair of layouts: whoever is asked about one venue shows and touches its rows alone.

use std::collections::BTreeMap;
use std::path::PathBuf;

use barkeep::cli::Exit;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::barkeep::{Barkeep, Ran};

const SETTINGS: &str = "[workspace]\nlegacy_venue = \"us:mine\"\n\n[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in/mine\"\n\n[sources.\"de:other\"]\nkind = \"files\"\npath = \"in/other\"\n";

/// A venue with the closes that it has of every ticker, before and after its source changed the last one.
#[derive(Clone, Copy, Debug)]
struct Side {
    venue: &'static str,
    days: &'static [&'static str],
    closes: &'static [&'static str],
    corrected: &'static str,
}

/// The legacy venue.
const MINE: Side = Side {
    venue: "us:mine",
    days: &["2025-11-19", "2025-11-20"],
    closes: &["11.25", "11.5"],
    corrected: "11.75",
};

const OTHER: Side = Side {
    venue: "de:other",
    days: &["2025-11-18", "2025-11-19", "2025-11-20"],
    closes: &["71.125", "71.25", "71.5"],
    corrected: "71.75",
};

/// Where the rows of a ticker lie: those of us:mine, and those of de:other.
const LAYOUTS: [(&str, At, At); 6] = [
    ("SHARED", At::Legacy, At::Legacy),
    ("FLAT", At::Flat, At::Legacy),
    ("MIXED", At::Legacy, At::Partitions),
    ("MONTHS", At::Partitions, At::Partitions),
    ("OTHERS", At::Partitions, At::Legacy),
    ("LEFT", At::Partitions, At::Left),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum At {
    /// In the folder of legacy files of the venue: for the legacy venue, the shared one.
    Legacy,
    /// Where the predecessor has it.
    Flat,
    Partitions,
    /// In the shared folder although it is not the legacy venue's, as an older build left it.
    Left,
}

impl Side {
    fn other(self) -> Self {
        if self.venue == MINE.venue {
            OTHER
        } else {
            MINE
        }
    }

    fn deliver(self, bar: &Barkeep, closes: &[&str]) {
        let line =
            |(day, close): (&&str, &&str)| format!("{day},{close},{close},{close},{close},1\n");
        let lines: String = self.days.iter().zip(closes).map(line).collect();
        let folder = self.venue.split(':').nth(1).unwrap();
        for (ticker, ..) in LAYOUTS {
            let csv = format!("Date,Open,High,Low,Close,Volume\n{lines}");
            bar.write(format!("in/{folder}/{ticker}.csv"), csv);
        }
    }

    fn corrected(self) -> Vec<&'static str> {
        let (_, kept) = self.closes.split_last().unwrap();
        [kept, &[self.corrected]].concat()
    }

    /// Returns the files that hold its rows.
    fn files(self, bar: &Barkeep) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = bar.tree();
        files.retain(|path, _| {
            let name = path.strip_prefix(bar.path()).unwrap();
            let is_others = name.starts_with("data/de")
                || name.starts_with("data/legacy/de")
                || name.ends_with("legacy/stocks_1d/LEFT.parquet");
            let is_data = name.starts_with("data") || name.starts_with("stocks_1d");
            is_data && is_others == (self.venue == OTHER.venue)
        });
        files
    }

    /// Runs a command that has an option for the venue.
    fn run(self, bar: &Barkeep, words: &str) -> Ran {
        let words: Vec<&str> = words.split(' ').chain(["--venue", self.venue]).collect();
        bar.run(&words)
    }

    /// Asserts that every reader shows its rows and none of the other venue's.
    fn assert_shown(self, bar: &Barkeep) {
        for (ticker, ..) in LAYOUTS {
            let show = format!("show {ticker} -i 1d --format csv");
            let shown = self.run(bar, &show).expect(Exit::Ok);
            assert_eq!(shown.closes(), self.corrected(), "{ticker} {self:?}");
            let then = self.run(bar, &format!("{show} --as-of 2025-11-21T23:00:00Z"));
            let then = then.expect(Exit::Ok).closes();
            assert_eq!(then, self.closes, "{ticker} {self:?}");
            let replaced = self.run(bar, &format!("revisions {ticker} -i 1d --json"));
            let old = self.closes.last().unwrap();
            let replaced = replaced.expect(Exit::Ok).stdout;
            assert_eq!(replaced.lines().count(), 4, "{replaced}");
            for line in replaced.lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                assert!(line["series"].to_string().contains(self.venue), "{line}");
                let values = (line["old"].to_string(), line["new"].to_string());
                assert_eq!(values, ((*old).to_owned(), self.corrected.to_owned()));
            }
        }
    }
}

fn switch(bar: &Barkeep, is_on: bool) {
    bar.write(
        "storage_config.json",
        format!("{{\"partitioned\": {is_on}}}"),
    );
}

/// Makes the tree: every file is barkeep's own, and the last close of each series was corrected once.
fn two_venues() -> Barkeep {
    let mut bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    bar.run(&["init", "-i", "1d"]).expect(Exit::Ok);
    for side in [MINE, OTHER] {
        side.deliver(&bar, side.closes);
        let tickers = LAYOUTS.map(|(ticker, ..)| ticker).join(" ");
        side.run(&bar, &format!("tickers add {tickers}"))
            .expect(Exit::Ok);
    }
    switch(&bar, false);
    for (ticker, mine, other) in LAYOUTS {
        for (side, at) in [(MINE, mine), (OTHER, other)] {
            if at != At::Partitions {
                side.run(&bar, &format!("update -t {ticker}"))
                    .expect(Exit::Ok);
            }
        }
    }
    switch(&bar, true);
    bar.run(&["update"]).expect(Exit::Ok);
    move_file(
        &bar,
        "data/legacy/stocks_1d/FLAT.parquet",
        "stocks_1d/FLAT.parquet",
    );
    "2025-11-22T22:00:00Z".clone_into(&mut bar.now);
    for side in [MINE, OTHER] {
        side.deliver(&bar, &side.corrected());
    }
    bar.run(&["update"]).expect(Exit::Ok);
    let left = "data/legacy/de/other/stocks_1d/LEFT.parquet";
    move_file(&bar, left, "data/legacy/stocks_1d/LEFT.parquet");
    bar
}

fn move_file(bar: &Barkeep, from: &str, to: &str) {
    bar.write(to, bar.read(from));
    bar.remove(from);
}

#[rstest]
fn every_reader_shows_the_rows_of_the_venue_that_is_asked_for(#[values(MINE, OTHER)] side: Side) {
    let bar = two_venues();
    let before = bar.tree();

    side.assert_shown(&bar);
    let rows = side.days.len();
    let listed = side.run(&bar, "list --json").expect(Exit::Ok).summary();
    let listed = listed["series"].as_array().unwrap();
    assert_eq!(listed.len(), LAYOUTS.len());
    for series in listed {
        assert_eq!(
            (&series["venue"], &series["rows"]),
            (&json!(side.venue), &json!(rows))
        );
    }
    let checked = bar.run(&["check", side.venue, "--json"]).expect(Exit::Ok);
    assert_eq!(checked.summary()["series"], LAYOUTS.len());
    let status = bar.run(&["status", "--json"]).expect(Exit::Ok).summary();
    let mut sizes = status["sizes"].as_array().unwrap().iter();
    let size = sizes.find(|size| size["venue"] == side.venue).unwrap();
    let expected = (json!(LAYOUTS.len()), json!(LAYOUTS.len() * rows));
    assert_eq!((&size["files"], &size["rows"]), (&expected.0, &expected.1));

    let mut after = bar.tree();
    after.retain(|path, _| before.contains_key(path));
    assert!(after == before, "looking changes nothing");
}

/// A month of de:other lies in the tree of us:mine, beside the one that us:mine has.
#[test]
fn a_month_that_names_another_venue_is_refused_by_whoever_comes_to_it() {
    const THERE: &str = "data/us/mine/stocks_1d/ticker=MONTHS/year=2025/month=10/data.parquet";
    let bar = two_venues();
    let (rows, of_mine) = bars_of_october(&bar);
    bar.write(THERE, rows);
    let before = bar.tree();

    for words in [
        "show MONTHS -i 1d --format csv",
        "export MONTHS -i 1d -o - --format csv",
        "mirror -i 1d",
        "check",
    ] {
        let ran = match words {
            "check" => bar.run(&["check", MINE.venue]),
            words => MINE.run(&bar, words),
        };

        assert!(ran.exit != Exit::Ok, "{words}: {ran:?}");
        assert!(ran.stderr.contains("it names de:other"), "{words}: {ran:?}");
        assert!(!ran.stdout.contains("2025-10-15"), "{words}: {ran:?}");
    }
    assert_eq!(bar.read(THERE), before[&bar.path().join(THERE)]);
    bar.remove(THERE);
    let shown = MINE.run(&bar, "show MONTHS -i 1d --format csv");
    assert_eq!(shown.expect(Exit::Ok).closes(), of_mine);
}

/// Has de:other store a day of October, and returns its file and what us:mine shows.
fn bars_of_october(bar: &Barkeep) -> (Vec<u8>, Vec<String>) {
    let csv = "Date,Open,High,Low,Close,Volume\n2025-10-15,9,9,9,9,1\n";
    bar.write("in/other/MONTHS.csv", csv);
    OTHER.run(bar, "update --ticker MONTHS").expect(Exit::Ok);
    let month = "data/de/other/stocks_1d/ticker=MONTHS/year=2025/month=10/data.parquet";
    let shown = MINE.run(bar, "show MONTHS -i 1d --format csv");
    (bar.read(month), shown.expect(Exit::Ok).closes())
}

#[rstest]
fn what_is_damaged_at_one_venue_is_no_concern_of_the_other(#[values(MINE, OTHER)] side: Side) {
    let bar = two_venues();
    for path in side.files(&bar).keys() {
        bar.write(path, b"PAR1 no more");
    }

    side.other().assert_shown(&bar);
    bar.run(&["check", side.other().venue]).expect(Exit::Ok);
    bar.run(&["check", side.venue]).expect(Exit::Damaged);
}

#[rstest]
fn an_update_and_a_migration_touch_the_rows_of_their_venue_alone(
    #[values(MINE, OTHER)] side: Side,
) {
    let bar = two_venues();
    let others = side.other().files(&bar);
    assert!(others.len() >= LAYOUTS.len());

    for words in [
        "init -V VENUE --all-found --adopt --yes",
        "migrate VENUE --all",
        "verify VENUE",
        "status",
        "migrate VENUE 1d --delete-legacy --yes",
        "rollback VENUE 1d --remove-partitions --yes",
    ] {
        // One ticker has to stay in partitions where the other venue's file has its place.
        let is_in_the_way = side.venue == MINE.venue && words.starts_with("rollback");
        let exit = if is_in_the_way {
            Exit::Partial
        } else {
            Exit::Ok
        };
        let ran = bar.migration(&words.replace("VENUE", side.venue));
        let ran = ran.expect(exit);

        assert!(side.other().files(&bar) == others, "{words}: {ran:?}");
        side.other().assert_shown(&bar);
        side.assert_shown(&bar);
    }
    side.run(&bar, "update").expect(Exit::Ok);
    let bytes = |files: BTreeMap<PathBuf, Vec<u8>>| {
        let mut bytes: Vec<_> = files.into_values().collect();
        bytes.sort();
        bytes
    };
    // It brings what an older build left to its place, byte for byte.
    assert!(bytes(side.other().files(&bar)) == bytes(others));
    side.other().assert_shown(&bar);
    side.assert_shown(&bar);
}
