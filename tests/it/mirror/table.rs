//! The files of a mirror as a Delta table: what a reader of its log gets, and what becomes of a log that is not barkeep's.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;
use barkeep::sys::Fs;
use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use super::{Closes, DAYS, DIR, SETTINGS, closes, deliver, next_day, rows_of, tick, update, world};
use crate::support::barkeep::Barkeep;

const LOG: &str = "mirror/us/mine/stocks_1d/files/_delta_log";

fn entry(number: u64) -> String {
    format!("{LOG}/{number:020}.json")
}

fn checkpoint(number: u64) -> String {
    format!("{LOG}/{number:020}.checkpoint.parquet")
}

/// Returns the rows that a reader of the log gets, by the newest checkpoint and by the entries alone; `None` where there is no log.
pub(super) fn through_log(fs: &dyn Fs, root: &Path) -> Result<Option<Closes>, String> {
    let files = files_by_log(fs, root)?;
    let rows = files.map(|files| rows_of(fs, files.iter().map(|file| root.join(file))));
    rows.transpose()
}

/// Returns the names of the files that a reader of the log opens.
pub(super) fn files_by_log(fs: &dyn Fs, root: &Path) -> Result<Option<BTreeSet<String>>, String> {
    let log = root.join("_delta_log");
    let Some(found) = fs.list(&log).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let read = |name: &str| -> Result<Vec<u8>, String> {
        let bytes = fs
            .read(&log.join(name))
            .map_err(|error| error.to_string())?;
        bytes.ok_or_else(|| format!("{name} is gone"))
    };
    let numbers = |suffix: &str| -> Vec<u64> {
        let names = found
            .iter()
            .filter_map(|entry| entry.name.strip_suffix(suffix));
        names.filter_map(|name| name.parse().ok()).collect()
    };
    let (mut commits, checkpoints) = (numbers(".json"), numbers(".checkpoint.parquet"));
    commits.sort_unstable();
    if found.iter().any(|entry| entry.name == "_last_checkpoint") {
        let hint: Value =
            serde_json::from_slice(&read("_last_checkpoint")?).map_err(|e| e.to_string())?;
        if !checkpoints.contains(&hint["version"].as_u64().unwrap_or(0)) {
            return Err("the last checkpoint is not there".to_owned());
        }
    }
    let last = commits.iter().chain(&checkpoints).max();
    let last = *last.ok_or("an empty log")?;
    let replay = |mut files: BTreeSet<String>, numbers: &[u64]| {
        for number in numbers {
            apply(&read(&format!("{number:020}.json"))?, &mut files)?;
        }
        Ok::<_, String>(files)
    };
    let mut ways = Vec::new();
    if let Some(newest) = checkpoints.iter().max() {
        let files = added_in(read(&format!("{newest:020}.checkpoint.parquet"))?)?;
        let behind: Vec<u64> = (newest + 1..=last).collect();
        ways.push(replay(files, &behind)?);
    }
    // Of entries that are on their way out some may be gone already: who begins before a gap has an error.
    let gap = commits.windows(2).rposition(|pair| pair[0] + 1 != pair[1]);
    let whole = &commits[gap.map_or(0, |at| at + 1)..];
    if whole.last() == Some(&last) {
        ways.push(replay(BTreeSet::new(), whole)?);
    }
    if ways.windows(2).any(|pair| pair[0] != pair[1]) {
        return Err("checkpoint and entries differ".to_owned());
    }
    ways.pop()
        .ok_or_else(|| "no way through the log".to_owned())
        .map(Some)
}

fn apply(entry: &[u8], files: &mut BTreeSet<String>) -> Result<(), String> {
    let text = String::from_utf8(entry.to_vec()).map_err(|error| error.to_string())?;
    let is_first = files.is_empty();
    for line in text.lines() {
        let action: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if let Some(path) = action["add"]["path"].as_str() {
            let is_new = files.insert(path.to_owned());
            if !is_first && action["add"]["dataChange"] != is_new {
                return Err(format!("{path} is new or not"));
            }
        }
        if let Some(path) = action["remove"]["path"].as_str()
            && !files.remove(path)
            && !is_first
        {
            return Err(format!("{path} was not there"));
        }
    }
    let is_whole = text.contains("{\"protocol\":") && text.ends_with('\n');
    is_whole
        .then_some(())
        .ok_or_else(|| "an entry that is torn".to_owned())
}

fn added_in(checkpoint: Vec<u8>) -> Result<BTreeSet<String>, String> {
    let reader = SerializedFileReader::new(Bytes::from(checkpoint)).map_err(|e| e.to_string())?;
    let rows = reader
        .get_row_iter(None)
        .map_err(|error| error.to_string())?;
    let mut files = BTreeSet::new();
    for row in rows {
        let row = row.map_err(|error| error.to_string())?;
        for (name, field) in row.get_column_iter() {
            if let ("add", Field::Group(added)) = (name.as_str(), field) {
                let fields: Vec<_> = added.get_column_iter().collect();
                let Field::Str(path) = fields[0].1 else {
                    return Err("a path that is no text".to_owned());
                };
                files.insert(path.clone());
            }
        }
    }
    Ok(files)
}

fn table(bar: &Barkeep) -> Option<Closes> {
    through_log(bar.fs(), &bar.path().join(DIR).join("files")).unwrap()
}

fn actions(bar: &Barkeep, number: u64, kind: &str) -> Vec<Value> {
    let text = bar.text(entry(number));
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| line.get(kind).cloned()).collect()
}

fn told(bar: &mut Barkeep) -> String {
    let told = bar.run(&["update"]).expect(Exit::Ok).stderr;
    tick(bar);
    told
}

#[test]
fn the_files_of_a_mirror_are_a_table_whose_log_says_what_is_in_them() {
    let bar = world();

    let added = actions(&bar, 1, "add");

    assert_eq!(table(&bar), Some(closes(&bar)));
    assert_eq!(added.len(), 1);
    let statistics: Value = serde_json::from_str(added[0]["stats"].as_str().unwrap()).unwrap();
    assert_eq!(
        statistics.to_string(),
        "{\"numRecords\":6,\"minValues\":{\"stock\":\"A\",\"date\":\"2025-09-29T00:00:00.000\"},\
         \"maxValues\":{\"stock\":\"C\",\"date\":\"2025-09-30T00:00:00.000\"},\"nullCount\":{\"stock\":0,\"date\":0}}"
    );
    let path = added[0]["path"].as_str().unwrap();
    assert!(bar.has(format!("{DIR}/files/{path}")), "{path}");
}

#[test]
fn a_refresh_is_one_entry_and_only_what_came_is_a_change() {
    let mut bar = world();

    for days in 2..5 {
        next_day(&mut bar, days);

        assert_eq!(table(&bar), Some(closes(&bar)));
    }

    let came = actions(&bar, 2, "add");
    let changes = came.iter().filter(|add| add["dataChange"] == true).count();
    assert_eq!((came.len(), changes), (2, 1));
    assert!(bar.has(entry(4)) && !bar.has(entry(5)));
    let removed = (2..=4).flat_map(|number| actions(&bar, number, "remove"));
    assert!(removed.count() > 0);
}

#[test]
fn entries_leave_with_their_versions_and_the_rest_is_a_table() {
    let mut bar = world();
    next_day(&mut bar, 2);
    bar.now = "2025-11-22T23:00:00Z".to_owned();

    next_day(&mut bar, 3);

    assert!(!bar.has(format!("{DIR}/v1")));
    assert!(!bar.has(entry(1)) && !bar.has(checkpoint(1)));
    assert!(bar.has(entry(2)) && bar.has(checkpoint(2)));
    assert_eq!(table(&bar), Some(closes(&bar)));
}

#[test]
fn a_mirror_that_was_moved_is_the_same_table_and_goes_on() {
    let mut bar = world();
    let before = table(&bar);
    let (from, to) = (bar.path().join("mirror"), bar.path().join("moved"));
    bar.fs().rename(&from, &to).unwrap();
    bar.write(
        "barkeep.toml",
        format!("[workspace]\nmirror_path = \"moved\"\n{SETTINGS}"),
    );
    let there = PathBuf::from("moved")
        .join(DIR.trim_start_matches("mirror/"))
        .join("files");

    let moved = through_log(bar.fs(), &bar.path().join(&there)).unwrap();
    next_day(&mut bar, 2);
    let next = through_log(bar.fs(), &bar.path().join(&there)).unwrap();

    assert_eq!(moved, before);
    assert_eq!(next.unwrap().len(), 9);
    assert!(!bar.has("mirror"));
}

#[test]
fn a_log_that_is_damaged_is_made_anew_and_told() {
    type Damage = (&'static str, fn(&Barkeep));
    let damages: [Damage; 7] = [
        ("a flipped bit in the newest entry", |bar| {
            let mut bytes = bar.read(entry(2));
            let at = bytes.len() / 2;
            bytes[at] ^= 1;
            bar.write(entry(2), bytes);
        }),
        ("an entry that was cut", |bar| {
            let bytes = bar.read(entry(2));
            bar.write(entry(2), &bytes[..bytes.len() / 2]);
        }),
        ("a checkpoint that was cut", |bar| {
            let bytes = bar.read(checkpoint(2));
            bar.write(checkpoint(2), &bytes[..bytes.len() / 2]);
        }),
        ("a hint that is none", |bar| {
            bar.write(format!("{LOG}/_last_checkpoint"), "{");
        }),
        ("a hint that leads nowhere", |bar| {
            bar.write(
                format!("{LOG}/_last_checkpoint"),
                "{\"version\":9,\"size\":3}",
            );
        }),
        ("an entry of another program", |bar| {
            bar.write(entry(3), "{\"commitInfo\":{\"engineInfo\":\"other\"}}\n");
        }),
        ("the entry of another version", |bar| {
            bar.write(entry(2), bar.read(entry(1)));
        }),
    ];
    for (what, damage) in damages {
        let mut bar = world();
        next_day(&mut bar, 2);
        damage(&bar);

        let warned = told(&mut bar);

        assert!(
            warned.contains("the table of us:mine stocks_1d was made anew, because it was damaged: [bar]/mirror/"),
            "{what}: {warned}"
        );
        assert_eq!(table(&bar), Some(closes(&bar)), "{what}");
        assert!(bar.has(entry(1)) && !bar.has(entry(3)), "{what}");
        assert_eq!(told(&mut bar).find("table"), None, "{what}");
        next_day(&mut bar, 3);
        assert_eq!(table(&bar), Some(closes(&bar)), "{what}");
    }
}

#[test]
fn a_log_that_is_gone_is_made_again() {
    let mut bar = world();
    next_day(&mut bar, 2);
    bar.remove(LOG);

    let ran = told(&mut bar);

    assert_eq!(ran.find("table"), None, "{ran}");
    assert_eq!(table(&bar), Some(closes(&bar)));
    assert!(bar.has(entry(1)) && bar.has(entry(2)));
}

#[test]
fn a_table_that_takes_more_than_this_barkeep_knows_is_left_alone() {
    let mut bar = world();
    let beyond = "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\
        \"readerFeatures\":[\"deletionVectors\"],\"writerFeatures\":[\"deletionVectors\"]}}\n";
    bar.write(entry(2), beyond);
    let before = bar.files_in(LOG);
    deliver(&bar, "A", &DAYS[..3], 10.0);

    let warned = told(&mut bar);

    let named = "takes the table feature deletionVectors, which this barkeep does not know";
    assert!(warned.contains(named), "{warned}");
    assert_eq!(bar.files_in(LOG), before);
    assert_eq!(closes(&bar).len(), 7);
}

#[test]
fn no_version_has_the_number_of_one_that_the_table_had() {
    let mut bar = world();
    next_day(&mut bar, 2);
    bar.remove(format!("{DIR}/v1"));
    bar.remove(format!("{DIR}/v2"));
    deliver(&bar, "A", &DAYS[..4], 10.0);

    told(&mut bar);

    assert!(bar.has(format!("{DIR}/v3")));
    assert_eq!(table(&bar), Some(closes(&bar)));
}

#[test]
fn what_stands_in_the_place_of_a_log_is_not_followed_or_removed() {
    let mut bar = world();
    bar.remove(LOG);
    bar.write("precious/note.txt", "mine");
    symlink(bar.path().join("precious"), bar.path().join(LOG)).unwrap();

    let warned = told(&mut bar);
    next_day_whatever(&mut bar);
    bar.run(&["mirror", "--drop"]).expect(Exit::Ok);

    assert!(warned.contains("_delta_log is no folder"), "{warned}");
    assert_eq!(bar.files_in("precious").len(), 1);
}

/// Has a day come, whatever is told of it.
fn next_day_whatever(bar: &mut Barkeep) {
    deliver(bar, "A", &DAYS[..3], 10.0);
    told(bar);
    assert_eq!(closes(bar).len(), 7);
}

#[test]
fn a_table_that_is_switched_off_goes_and_the_mirror_stays() {
    let mut bar = world();
    let without = format!("[workspace]\nmirror_table = false\n{SETTINGS}");
    bar.write("barkeep.toml", without);

    update(&mut bar);
    let off = bar.has(LOG);
    next_day(&mut bar, 2);
    bar.write("barkeep.toml", SETTINGS);
    update(&mut bar);

    assert!(!off);
    assert_eq!(closes(&bar).len(), 9);
    assert_eq!(table(&bar), Some(closes(&bar)));
}

#[test]
fn a_mirror_that_is_dropped_takes_its_table_along() {
    let bar = world();

    bar.run(&["mirror", "--drop"]).expect(Exit::Ok);

    assert!(!bar.has(LOG));
    assert_eq!(table(&bar), None);
}
