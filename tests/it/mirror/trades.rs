//! The mirror of trades: the files of days under a second name.

mod last_copies;
mod put_back;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;
use barkeep::frame::Trade;
use barkeep::mirror::{Folder, Piece, Place, Tree, Version};
use barkeep::sys::{Fs, OsFs};
use serde_json::Value;

use super::table::files_by_log;
use super::tick;
use crate::support::barkeep::Barkeep;
use crate::support::feed::{FeedServer, line};
use crate::support::sim::SimFs;
use crate::support::trades::{day_file, ingest, trade};
use crate::support::workspace::TestWorkspace;

pub(super) const DIR: &str = "mirror/de/xetra/trades";
pub(super) const MIRROR: [&str; 4] = ["mirror", "--venue", "de:xetra", "--trades"];
const SETTINGS: &str = "[sources.\"de:xetra\"]\nmirror = [\"1d\"]\n";
pub(super) const THURSDAY: &str = "2025-10-30";
pub(super) const FRIDAY: &str = "2025-10-31";

/// The ids of the trades of each day.
pub(super) type Days = BTreeMap<String, Vec<String>>;

pub(super) fn thursday() -> Vec<Trade> {
    vec![
        trade("2025-10-30T09:00:00", "1", 57.0),
        trade("2025-10-30T09:00:01", "2", 57.5),
    ]
}

pub(super) fn friday() -> Vec<Trade> {
    let sap = Trade {
        isin: "DE0007164600".into(),
        ..trade("2025-10-31T23:59:59.999999999", "4", 180.0)
    };
    vec![trade("2025-10-31T13:54:00.000000123", "3", 58.5), sap]
}

pub(super) fn world() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    bar.run(&["init", "--venue", "de:xetra"]).expect(Exit::Ok);
    ingest(&bar, &[thursday(), friday()]).unwrap();
    bar
}

pub(super) fn mirrored() -> Barkeep {
    let mut bar = world();
    mirror(&mut bar);
    bar
}

/// Brings the mirror up to date, of which nothing is to be told.
pub(super) fn mirror(bar: &mut Barkeep) {
    let ran = bar.run(&MIRROR).expect(Exit::Ok);
    assert!(!ran.stderr.contains("arning"), "{}", ran.stderr);
    tick(bar);
}

/// Brings it up to date, and returns what is told.
pub(super) fn told(bar: &mut Barkeep, exit: Exit) -> String {
    let told = bar.run(&MIRROR).expect(exit).stderr;
    tick(bar);
    told
}

pub(super) fn verify(bar: &Barkeep, exit: Exit) -> Value {
    let verify = [&MIRROR[..], &["--verify", "--json"]].concat();
    bar.run(&verify).expect(exit).summary()["mirrors"][0].clone()
}

pub(super) fn with_current<T>(
    fs: &dyn Fs,
    root: &Path,
    see: impl FnOnce(&Folder<'_>, &Version) -> T,
) -> Result<Option<T>, String> {
    let folder = Place { fs, root }.folder(&Tree::of_trades(&"de:xetra".parse().unwrap()));
    let version = folder.current().map_err(|error| error.to_string())?;
    Ok(version.map(|version| see(&folder, &version)))
}

pub(super) fn current<T>(bar: &Barkeep, see: impl FnOnce(&Folder<'_>, &Version) -> T) -> T {
    with_current(bar.fs(), &bar.path().join("mirror"), see)
        .unwrap()
        .expect("there is a mirror")
}

fn pieces(bar: &Barkeep) -> Vec<Piece> {
    current(bar, |_, version| version.pieces.clone())
}

pub(super) fn kept(bar: &Barkeep) -> Vec<String> {
    current(bar, |_, version| {
        let kept = version.series.values().flat_map(|state| &state.kept);
        kept.map(ToString::to_string).collect()
    })
}

/// Reads what a reader of some files sees; an error where one is not whole.
pub(super) fn read(fs: &dyn Fs, files: impl Iterator<Item = PathBuf>) -> Result<Days, String> {
    let mut days = Days::new();
    for path in files {
        let bytes = fs.read(&path).map_err(|error| error.to_string())?;
        let bytes = bytes.ok_or_else(|| format!("{} is gone", path.display()))?;
        for (day, id) in ids(bytes)? {
            days.entry(day).or_default().push(id);
        }
    }
    Ok(days)
}

fn ids(bytes: Vec<u8>) -> Result<Vec<(String, String)>, String> {
    let frame = crate::support::trades::read(bytes)?;
    let profile = frame.profile();
    let (at, id) = (profile.time, profile.position("trans_id").unwrap());
    let cell = |column: usize, row| frame.columns()[column].cell(row);
    let rows = (0..frame.len()).map(|row| {
        let barkeep::frame::Cell::Time(time) = cell(at, row) else {
            return Err("a trade without a time".to_owned());
        };
        let barkeep::frame::Cell::Text(id) = cell(id, row) else {
            return Err("a trade without an id".to_owned());
        };
        Ok((barkeep::model::time::day(time).to_string(), id.to_string()))
    });
    rows.collect()
}

pub(super) fn seen(folder: &Folder<'_>, version: &Version, fs: &dyn Fs) -> Result<Days, String> {
    let pieces = version.pieces.iter();
    read(fs, pieces.map(|piece| folder.path_of(version, piece)))
}

/// Returns what a reader of the folder sees, and makes sure that one of the table sees the same.
pub(super) fn days(bar: &Barkeep) -> Days {
    let days = current(bar, |folder, version| {
        seen(folder, version, bar.fs()).unwrap()
    });
    let root = bar.path().join(DIR).join("files");
    let by_log = files_by_log(bar.fs(), &root).unwrap().unwrap();
    let of_table = read(bar.fs(), by_log.iter().map(|file| root.join(file)));
    assert_eq!(of_table.unwrap(), days);
    days
}

fn of(days: &[(&str, &[&str])]) -> Days {
    let words = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    days.iter()
        .map(|(day, ids)| ((*day).to_owned(), words(ids)))
        .collect()
}

pub(super) fn both() -> Days {
    of(&[(THURSDAY, &["1", "2"]), (FRIDAY, &["3", "4"])])
}

fn inode(bar: &Barkeep, name: impl AsRef<Path>) -> u64 {
    let path = bar.path().join(name);
    bar.fs().metadata(&path).unwrap().unwrap().inode
}

pub(super) fn file_of(bar: &Barkeep, day: &str) -> PathBuf {
    let of_day = |piece: &Piece| piece.day.as_ref().unwrap().day.to_string() == day;
    let piece = pieces(bar).into_iter().find(of_day).unwrap();
    Path::new(DIR).join("files").join(piece.file_name())
}

#[test]
fn a_day_is_the_file_of_the_tree_under_a_second_name() {
    let mut bar = mirrored();

    assert_eq!(days(&bar), both());
    for day in [THURSDAY, FRIDAY] {
        let file = file_of(&bar, day);
        assert_eq!(inode(&bar, &file), inode(&bar, day_file(day)), "{day}");
    }
    let listing = bar.text(format!("{DIR}/v1/files.txt"));
    let line = listing.lines().nth(2).unwrap();
    assert!(line.starts_with("day-"), "{line}");
    assert!(
        line.contains(
            "\tDE0007164600\tDE000BASF111\t2025-10-31T13:54:00\t2025-10-31T23:59:59.999999\t2\t"
        ),
        "{line}"
    );
    assert_eq!(verify(&bar, Exit::Ok)["series"], 2);
    let before = bar.files_in(DIR);
    mirror(&mut bar);
    let after = bar.files_in(DIR);
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_day_that_changes_comes_as_a_new_file_and_its_readers_keep_the_old_one() {
    let mut bar = mirrored();
    let old = file_of(&bar, FRIDAY);
    let bytes = bar.read(&old);

    ingest(&bar, &[vec![trade("2025-10-31T14:00:00", "5", 59.0)]]).unwrap();
    ingest(&bar, &[vec![trade("2025-11-03T09:00:00", "6", 60.0)]]).unwrap();
    let behind = verify(&bar, Exit::Mismatch);
    mirror(&mut bar);

    assert_eq!(behind["differences"].as_array().unwrap().len(), 2);
    let now = of(&[
        (THURSDAY, &["1", "2"]),
        (FRIDAY, &["3", "5", "4"]),
        ("2025-11-03", &["6"]),
    ]);
    assert_eq!(days(&bar), now);
    assert_eq!(bar.read(&old), bytes, "the first version is there");
    assert_ne!(file_of(&bar, FRIDAY), old);
    bar.now = "2025-12-01T00:00:00Z".to_owned();
    ingest(&bar, &[vec![trade("2025-11-04T09:00:00", "7", 60.0)]]).unwrap();
    mirror(&mut bar);
    bar.now = "2025-12-03T00:00:00Z".to_owned();
    mirror(&mut bar);
    assert!(!bar.has(&old) && !bar.has(format!("{DIR}/v1")));
    assert!(kept(&bar).is_empty());
    verify(&bar, Exit::Ok);
}

#[test]
fn the_path_is_that_of_a_version_and_that_of_an_instrument_the_files_that_may_have_it() {
    let bar = mirrored();
    let path = |more: &[&str], exit| {
        let args = [&MIRROR[..], &["--path"], more].concat();
        bar.run(&args).expect(exit)
    };

    let folder = path(&[], Exit::Ok).stdout;
    let basf = path(&["--ticker", "DE000BASF111"], Exit::Ok).stdout;
    let sap = path(&["--ticker", "DE0007164600.USD"], Exit::Ok).stdout;
    let nobody = path(&["--ticker", "US0378331005"], Exit::Failed).stderr;
    let unknown = path(&["--ticker", "ACME"], Exit::Usage).stderr;

    assert_eq!(folder, format!("[bar]/{DIR}/v1\n"));
    assert_eq!((basf.lines().count(), sap.lines().count()), (2, 1));
    assert!(sap.starts_with(&format!("[bar]/{DIR}/v1/day-")), "{sap}");
    assert!(nobody.contains("has no rows of US0378331005"), "{nobody}");
    assert!(unknown.contains("ACME is no ISIN"), "{unknown}");
}

#[test]
fn the_table_says_of_each_day_which_instruments_and_times_it_has() {
    let bar = mirrored();
    let entry = bar.text(format!("{DIR}/files/_delta_log/{:020}.json", 1));
    let lines: Vec<Value> = entry
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let added: Vec<&Value> = lines
        .iter()
        .filter(|line| line["add"].is_object())
        .collect();
    let meta = lines
        .iter()
        .find(|line| line["metaData"].is_object())
        .unwrap();

    assert_eq!(
        added[1]["add"]["stats"],
        "{\"numRecords\":2,\"minValues\":{\"isin\":\"DE0007164600\",\"trade_time\":\"2025-10-31T13:54:00.000\"},\
         \"maxValues\":{\"isin\":\"DE000BASF111\",\"trade_time\":\"2025-11-01T00:00:00.000\"},\
         \"nullCount\":{\"trade_time\":0}}"
    );
    let schema = meta["metaData"]["schemaString"].as_str().unwrap();
    let schema: Value = serde_json::from_str(schema).unwrap();
    let fields = schema["fields"].as_array().unwrap();
    assert_eq!(fields.len(), 30, "those of a file of trades, and no other");
    let kind = |name: &str| {
        fields
            .iter()
            .find(|field| field["name"] == name)
            .map(|field| &field["type"])
    };
    assert_eq!(kind("trade_time").unwrap(), "timestamp_ntz");
    assert_eq!(kind("algo_indicator").unwrap(), "boolean");
    assert_eq!(kind("utc"), None);
}

#[test]
fn a_mirror_that_is_dropped_leaves_the_trades_as_they_are() {
    let bar = mirrored();
    let before = bar.files_in("data");

    bar.run(&[&MIRROR[..], &["--drop"]].concat())
        .expect(Exit::Ok);

    assert!(bar.files_in("mirror/de").is_empty());
    assert_eq!(bar.files_in("data"), before);
    let absent = bar
        .run(&[&MIRROR[..], &["--verify"]].concat())
        .expect(Exit::Failed);
    let hint = "make it: barkeep mirror --venue de:xetra --trades";
    assert!(absent.stderr.contains(hint), "{}", absent.stderr);
}

/// Bars are asked for, and trades come along; trouble with them is no trouble of the update.
#[test]
fn an_update_keeps_the_mirror_of_its_feed_up_to_date_and_never_fails_by_it() {
    let feed = FeedServer::start();
    let publish = |day: &str| {
        let all = (0..4).map(|minute| {
            let at = format!("{day}T07:{minute:02}:05");
            line(
                "DE0007164600",
                &format!("{day}p{minute}"),
                &at,
                (180.25, 3.5),
            )
        });
        let all: Vec<String> = all.collect();
        for (minute, line) in all.iter().enumerate() {
            feed.publish(&format!("{day}T07_{minute:02}"), std::slice::from_ref(line));
        }
        feed.publish(&format!("daily-{day}"), &all);
    };
    publish("2026-09-17");
    let mut bar = feed.workspace("mirror = [\"1d\"]", "2026-09-18T06:00:00Z");
    let update = ["update", "--venue", "de:xetra"];

    let ran = bar.run(&update).expect(Exit::Ok).stderr;
    assert!(!ran.contains("mirror"), "{ran}");
    assert_eq!(days(&bar)["2026-09-17"].len(), 4);
    let status = bar.run(&["status"]).stderr;
    let standing = "s old: version 1, also of its table, 1 day.";
    assert!(status.contains(standing), "{status}");
    bar.run(&["update", "--venue", "de:xetra", "--metrics-file", "m.prom"]);
    let metrics = bar.text("m.prom");
    assert!(
        metrics
            .contains("barkeep_mirror_version{market=\"de\",source=\"xetra\",dataset=\"trades\""),
        "{metrics}"
    );

    let lock = bar.path().join(DIR).join(".lock");
    let held = bar.fs().try_lock(&lock).unwrap();
    publish("2026-09-18");
    bar.now = "2026-09-19T06:00:00Z".to_owned();
    let ran = bar.run(&update).expect(Exit::Ok).stderr;
    assert!(
        ran.contains("the mirror of de:xetra trades is not up to date"),
        "{ran}"
    );
    assert_eq!(days(&bar).len(), 1);
    let status = bar.run(&["status"]).stderr;
    assert!(status.contains("It is behind what is stored"), "{status}");
    drop(held);
    bar.now = "2026-09-19T06:40:00Z".to_owned();
    bar.run(&update).expect(Exit::Ok);
    assert_eq!(days(&bar)["2026-09-18"].len(), 4);
}

/// A workspace on a simulated disk, where `init` was run and trades are stored.
pub(super) fn stored_on(disk: &SimFs, downloads: &[Vec<Trade>]) {
    let bar = Barkeep::within(TestWorkspace::simulated(disk));
    if disk.peek(Path::new("/ws/tickers.json")).is_none() {
        disk.plant("/ws/barkeep.toml", SETTINGS.as_bytes());
        bar.run(&["-C", "/ws", "init", "--venue", "de:xetra"])
            .expect(Exit::Ok);
    }
    let bench = TestWorkspace::simulated(disk);
    ingest(&bench, downloads).unwrap();
}
