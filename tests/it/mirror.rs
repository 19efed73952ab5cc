//! `mirror`: what readers get, which files change for what, and what becomes of rows that the tree loses.

mod bad;
mod copied;
mod crash;
mod damaged;
mod restore;
mod restore_crash;
mod room;
mod rules;
mod table;
mod trades;
mod trades_bad;
mod trades_crash;
mod unreadable;
mod unrecorded;
mod whole;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use barkeep::cli::Exit;
use barkeep::codec;
use barkeep::frame::{Cell, Profile};
use barkeep::mirror::{Folder, Piece, Place, Tier, Tree, Version};
use barkeep::model::{Dataset, Interval, time};
use barkeep::sys::Fs;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::support::barkeep::Barkeep;

const SETTINGS: &str = "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\ntimezone = \"America/New_York\"\n\
    mirror = [\"1d\"]\n";
const DIR: &str = "mirror/us/mine/stocks_1d";
const DAYS: [&str; 8] = [
    "2025-09-29",
    "2025-09-30",
    "2025-10-01",
    "2025-10-02",
    "2025-10-03",
    "2025-10-06",
    "2025-10-07",
    "2025-10-08",
];

/// Closes by ticker and day.
type Closes = BTreeMap<(String, String), f64>;

fn tree(dataset: Dataset) -> Tree {
    Tree {
        venue: "us:mine".parse().unwrap(),
        dataset,
        interval: Some(Interval::D1),
    }
}

/// Daily bars whose closes count up.
fn csv(days: &[&str], first: f64) -> String {
    let mut text = "Date,Open,High,Low,Close,Volume\n".to_owned();
    let mut close = first;
    for day in days {
        writeln!(
            text,
            "{day},{close},{},{},{close},1000",
            close + 1.0,
            close - 1.0
        )
        .unwrap();
        close += 1.0;
    }
    text
}

fn deliver(bar: &Barkeep, ticker: &str, days: &[&str], first: f64) {
    bar.write(format!("in/{ticker}.csv"), csv(days, first));
}

/// Updates, a minute after the last time: runs of one moment would have one name.
fn update(bar: &mut Barkeep) {
    let ran = bar.run(&["update"]).expect(Exit::Ok);
    assert!(!ran.stderr.contains("mirror"), "{}", ran.stderr);
    tick(bar);
}

fn tick(bar: &mut Barkeep) {
    let now: DateTime<Utc> = bar.now.parse().unwrap();
    bar.now = (now + TimeDelta::minutes(1)).to_rfc3339();
}

/// A workspace with a mirror of two days of three tickers.
fn world() -> Barkeep {
    world_at("2025-11-21T22:00:00Z")
}

fn world_at(now: &str) -> Barkeep {
    let mut bar = Barkeep::empty();
    bar.now = now.to_owned();
    bar.write("barkeep.toml", SETTINGS);
    for (ticker, first) in [("A", 10.0), ("B", 20.0), ("C", 30.0)] {
        deliver(&bar, ticker, &DAYS[..2], first);
    }
    let init = [
        "init",
        "--partitioned",
        "--ticker",
        "A",
        "--ticker",
        "B",
        "--ticker",
        "C",
    ];
    bar.run(&init).expect(Exit::Ok);
    update(&mut bar);
    bar
}

/// Has every ticker deliver one day more than `days` had.
fn next_day(bar: &mut Barkeep, days: usize) {
    for (ticker, first) in [("A", 10.0), ("B", 20.0), ("C", 30.0)] {
        deliver(bar, ticker, &DAYS[..=days], first);
    }
    update(bar);
}

fn with_current<T>(bar: &Barkeep, see: impl FnOnce(&Folder<'_>, &Version) -> T) -> T {
    let root = bar.path().join("mirror");
    let place = Place {
        fs: bar.fs(),
        root: &root,
    };
    let folder = place.folder(&tree(Dataset::Stocks));
    let version = folder.current().unwrap().expect("there is a mirror");
    see(&folder, &version)
}

fn pieces(bar: &Barkeep) -> Vec<Piece> {
    with_current(bar, |_, version| version.pieces.clone())
}

fn names_of(bar: &Barkeep, tier: Tier) -> Vec<String> {
    let pieces = pieces(bar).into_iter();
    pieces
        .filter(|piece| piece.tier == tier)
        .map(|piece| piece.file_name())
        .collect()
}

/// Reads what a reader of a version sees; an error where it is not whole.
fn read(fs: &dyn Fs, folder: &Folder<'_>, version: &Version) -> Result<Closes, String> {
    let pieces = version.pieces.iter();
    rows_of(fs, pieces.map(|piece| folder.path_of(version, piece)))
}

/// Reads the rows of some files; an error where one is not whole, or two have the same row.
fn rows_of(fs: &dyn Fs, files: impl Iterator<Item = PathBuf>) -> Result<Closes, String> {
    let mut closes = Closes::new();
    for path in files {
        let bytes = fs.read(&path).map_err(|error| error.to_string())?;
        let bytes = bytes.ok_or_else(|| format!("{} is gone", path.display()))?;
        let decoded = codec::decode(&bytes.into(), Profile::of(Dataset::Stocks));
        let frame = decoded.map_err(|error| error.to_string())?.ordered.frame;
        for row in 0..frame.len() {
            let (Cell::Time(at), Cell::Float(close)) =
                (frame.columns()[1].cell(row), frame.columns()[5].cell(row))
            else {
                return Err("a row without a close".to_owned());
            };
            let ticker = frame.owner(row).unwrap().to_string();
            let day = time::day(at).to_string();
            if closes
                .insert((ticker.clone(), day.clone()), close)
                .is_some()
            {
                return Err(format!("{ticker} {day} is there twice"));
            }
        }
    }
    Ok(closes)
}

fn closes(bar: &Barkeep) -> Closes {
    with_current(bar, |folder, version| {
        read(bar.fs(), folder, version).unwrap()
    })
}

fn close(bar: &Barkeep, ticker: &str, day: &str) -> Option<f64> {
    closes(bar)
        .get(&(ticker.to_owned(), day.to_owned()))
        .copied()
}

/// The months of a ticker of which the mirror has the last copy.
fn kept_of(bar: &Barkeep, ticker: &str) -> Vec<String> {
    with_current(bar, |_, version| {
        let kept = &version.series[ticker].kept;
        kept.iter().map(ToString::to_string).collect()
    })
}

fn verified(bar: &Barkeep) -> Value {
    bar.run(&["mirror", "--verify", "--json"])
        .expect(Exit::Ok)
        .summary()["mirrors"][0]
        .clone()
}

#[test]
fn an_update_makes_the_mirror_that_the_settings_ask_for() {
    let bar = world();

    assert_eq!(closes(&bar).len(), 6);
    assert_eq!(close(&bar, "B", DAYS[1]), Some(21.0));
    assert_eq!(names_of(&bar, Tier::Base).len(), 1);
    assert!(
        bar.text("mirror/CACHEDIR.TAG")
            .starts_with("Signature: 8a477f597d28d172789f06886806bc55\n")
    );
    let listing = bar.text(format!("{DIR}/v1/files.txt"));
    assert!(
        listing.starts_with("file\tfirst\tlast\tfrom\tto\trows\tbytes\nbase-"),
        "{listing}"
    );
    assert_eq!(verified(&bar)["series"], 3);
}

#[test]
fn a_new_day_is_a_delta_and_leaves_the_base_as_it_is() {
    let mut bar = world();
    let base = names_of(&bar, Tier::Base);

    for days in 2..6 {
        next_day(&mut bar, days);

        assert_eq!(closes(&bar).len(), 3 * (days + 1));
        assert_eq!(names_of(&bar, Tier::Base), base, "after {days} days");
        verified(&bar);
    }

    let of_one = pieces(&bar).into_iter().filter(|piece| piece.reaches("B"));
    assert!(of_one.count() <= 4);
}

#[test]
fn an_update_without_anything_new_makes_no_version() {
    let mut bar = world();
    let before = bar.files_in(DIR).into_keys().collect::<Vec<_>>();

    update(&mut bar);

    assert_eq!(bar.files_in(DIR).into_keys().collect::<Vec<_>>(), before);
}

#[test]
fn a_reader_keeps_its_version_for_a_day_and_loses_it_whole() {
    let mut bar = world();
    next_day(&mut bar, 2);
    assert!(bar.has(format!("{DIR}/v1/state.jsonl")));

    bar.now = "2025-11-22T21:00:00Z".to_owned();
    next_day(&mut bar, 3);
    assert!(
        bar.has(format!("{DIR}/v1/state.jsonl")),
        "it is 23 hours old"
    );
    bar.now = "2025-11-22T23:00:00Z".to_owned();
    next_day(&mut bar, 4);

    assert!(!bar.has(format!("{DIR}/v1")));
    assert!(bar.has(format!("{DIR}/v3")));
    let hidden = bar.tree().into_keys();
    let hidden: Vec<_> = hidden
        .filter(|path| path.to_string_lossy().contains(".tmp-"))
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn the_path_is_that_of_a_version_and_that_of_a_ticker_its_files() {
    let mut bar = world();
    next_day(&mut bar, 2);

    let folder = bar.run(&["mirror", "--path"]).expect(Exit::Ok).stdout;
    let files = bar
        .run(&["mirror", "--path", "--ticker", "B"])
        .expect(Exit::Ok)
        .stdout;
    let nobody = bar
        .run(&["mirror", "--path", "--ticker", "ZZZ"])
        .expect(Exit::Failed);

    assert_eq!(folder, format!("[bar]/{DIR}/v2\n"));
    assert_eq!(files.lines().count(), pieces(&bar).len());
    assert!(
        files
            .lines()
            .all(|line| line.starts_with(&format!("[bar]/{DIR}/v2/"))),
        "{files}"
    );
    assert!(
        nobody.stderr.contains("has no rows of ZZZ"),
        "{}",
        nobody.stderr
    );
}

#[test]
fn every_row_has_its_instant() {
    let bar = world();
    let piece = &pieces(&bar)[0];

    let bytes = bar
        .read(format!("{DIR}/files/{}", piece.file_name()))
        .into();
    let names = codec::names(&bytes, codec::MemoryLimit::default()).unwrap();
    let at = names.columns.iter().position(|name| name == "utc").unwrap();
    let columns = codec::read_named(&bytes, &[1, at], codec::MemoryLimit::default()).unwrap();

    let cell = |column: usize| match columns[column].column.cell(0) {
        Cell::Time(at) => at,
        other => panic!("{other:?}"),
    };
    // New York is four hours behind in September.
    assert_eq!(cell(1) - cell(0), 4 * 3_600_000_000_000);
    assert_eq!(columns[1].time, Some(codec::TimeKind::Instant));
}

#[test]
fn status_and_metrics_tell_how_old_it_is() {
    let mut bar = world();
    bar.now = "2025-11-21T23:00:00Z".to_owned();

    let told = bar.run(&["status"]);
    let status = bar.run(&["status", "--json"]).summary();
    bar.run(&["update", "--metrics-file", "m.prom"])
        .expect(Exit::Ok);

    assert!(
        told.stderr
            .contains("The mirror of us:mine stocks_1d is 1 h 0 min old: version 1, also of its table, 3 series."),
        "{}",
        told.stderr
    );
    assert_eq!(status["mirrors"][0]["age_seconds"], 3600);
    let metrics = bar.text("m.prom");
    let sample = "barkeep_mirror_refreshed_timestamp_seconds{market=\"us\",source=\"mine\",dataset=\"stocks\",interval=\"1d\"} 1763766000";
    assert!(metrics.contains(sample), "{metrics}");
}

#[test]
fn status_and_metrics_tell_what_a_mirror_has_not_seen_and_how_its_table_stands() {
    let mut bar = world();
    bar.write("barkeep.toml", SETTINGS.replace("mirror", "# mirror"));
    next_day(&mut bar, 2);
    bar.write(
        "barkeep.toml",
        format!("[workspace]\nmirror_table = false\n{SETTINGS}"),
    );

    let told = bar.run(&["status"]).stderr;
    let behind = bar.run(&["status", "--json"]).summary();
    bar.run(&["update", "--metrics-file", "m.prom"])
        .expect(Exit::Ok);
    let caught_up = bar.run(&["status", "--json"]).summary();

    assert!(
        told.contains("It is behind what is stored of 3 series: barkeep mirror."),
        "{told}"
    );
    assert_eq!(behind["mirrors"][0]["series_behind"], 3);
    assert_eq!(behind["mirrors"][0]["table_version"], 1);
    assert_eq!(caught_up["mirrors"][0]["series_behind"], 0);
    assert_eq!(caught_up["mirrors"][0]["version"], 2);
    assert_eq!(caught_up["mirrors"][0]["table_version"], Value::Null);
    let metrics = bar.text("m.prom");
    let labels = "{market=\"us\",source=\"mine\",dataset=\"stocks\",interval=\"1d\"}";
    for (name, number) in [("version", 2), ("table_version", 0), ("series_behind", 0)] {
        let sample = format!("barkeep_mirror_{name}{labels} {number}\n");
        assert!(metrics.contains(&sample), "{sample}{metrics}");
    }
}

#[test]
fn a_mirror_in_the_wrong_place_of_the_settings_is_refused_with_the_right_one() {
    let bar = Barkeep::empty();
    let place = "mirror = [\"1d\"] below [sources.\"us:yahoo\"]";
    let form = "expected a list of intervals, such as [\"1d\"]";
    for (settings, said) in [
        ("mirror = true", place),
        ("mirror = [\"1d\"]", place),
        ("[workspace]\nmirror = true", place),
        ("[lists]\nmirror = true", place),
        ("[sources.\"us:demo\"]\nmirror = true", form),
        ("[sources.\"us:demo\"]\nmirror = \"1d\"", form),
        (
            "[sources.\"us:demo\"]\nmirror = [\"2d\"]",
            "`2d` is not an interval",
        ),
    ] {
        bar.write("barkeep.toml", settings);

        let refused = bar.run(&["init"]).stderr;

        assert!(refused.contains(said), "{settings}: {refused}");
    }
}

#[test]
fn a_mirror_that_is_dropped_leaves_nothing_and_is_made_again() {
    let bar = world();
    let before = closes(&bar);

    bar.run(&["mirror", "--drop"]).expect(Exit::Ok);
    assert!(bar.files_in("mirror/us").is_empty());
    bar.run(&["mirror", "--drop"]).expect(Exit::Ok);
    bar.run(&["mirror", "--path"]).expect(Exit::Failed);
    bar.run(&["mirror"]).expect(Exit::Ok);

    assert_eq!(closes(&bar), before);
}

#[test]
fn an_interval_that_the_settings_do_not_name_can_be_mirrored_all_the_same() {
    let bar = world();
    bar.write("barkeep.toml", SETTINGS.replace("mirror = [\"1d\"]\n", ""));

    let refused = bar.run(&["mirror"]).expect(Exit::Usage);
    bar.run(&["mirror", "-i", "1d", "--venue", "us:mine"])
        .expect(Exit::Ok);

    assert!(
        refused
            .stderr
            .contains("the settings name no interval to mirror"),
        "{}",
        refused.stderr
    );
    // It may come to have last copies, and nobody else says so.
    let status = bar.run(&["status", "--json"]).expect(Exit::Ok);
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["mirrors"][0]["venue"], "us:mine");
    assert_eq!(status["mirrors"][0]["interval"], "1d");
}
