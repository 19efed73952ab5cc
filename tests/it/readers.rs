//! Every reader looks at one odd tree: all see the same rows, name the same files, and leave what is not theirs alone.
//!
//! A month is one file. What synchronising programs, Macs, other writers and people leave beside it is never rows; what stands
//! in its place is neither empty nor absent.

#![expect(
    clippy::disallowed_methods,
    reason = "makes links, and looks at what a user would find"
)]

mod decomposed;
mod devices;
mod legacy;
mod misfiled;
mod odd;
mod venues;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;
use barkeep::model::Ticker;

use crate::support::barkeep::{Barkeep, Ran};

use odd::{
    BOTH, Foreign, Is, NOBODYS, NOVEMBER, OCTOBER, Rows, SERIES, SETTINGS, TREE, bytes, folder,
    link, odd_tree, stale,
};

/// What is odd of these series is none of the months that the update of a test writes.
const LATER: [&str; 2] = ["SHORT", "SHORTLINK"];

/// Returns the misplaced files that a text has to name.
fn misplaced() -> Vec<String> {
    let of = |(_, is): &(&str, Is)| match is {
        Rows(_, misplaced) => misplaced.to_vec(),
        Foreign(_) => Vec::new(),
    };
    let all = SERIES.iter().flat_map(of);
    all.map(|name| format!("{TREE}/{name}")).collect()
}

fn foreign() -> Vec<(&'static str, String)> {
    let of = |(ticker, is): &(&'static str, Is)| match is {
        Rows(..) => None,
        Foreign(path) => Some((*ticker, format!("{TREE}/{path}"))),
    };
    SERIES.iter().filter_map(of).collect()
}

fn assert_names(text: &str, names: &[String]) {
    for name in names {
        assert!(
            text.contains(name.as_str()),
            "{name} is not named in:\n{text}"
        );
    }
}

/// Returns everything below a folder with its bytes; links are what they lead to by name.
fn snapshot(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        let kind = std::fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_symlink() {
            let to = std::fs::read_link(&path).unwrap();
            all.insert(path, to.into_os_string().into_encoded_bytes());
        } else if kind.is_dir() {
            all.insert(path.clone(), Vec::new());
            all.extend(snapshot(&path));
        } else {
            all.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    all
}

/// Returns what no command may change: all but the months that the series really have.
fn odd_things(bar: &Barkeep) -> BTreeMap<PathBuf, Vec<u8>> {
    let foreign: Vec<String> = foreign()
        .into_iter()
        .filter(|(ticker, _)| !LATER.contains(ticker))
        .map(|(ticker, _)| folder(ticker))
        .collect();
    let mut all = snapshot(&bar.path().join("data"));
    all.extend(snapshot(&bar.path().join("elsewhere")));
    let is_month = |path: &Path| {
        let name = path.strip_prefix(bar.path()).unwrap().display().to_string();
        let is_foreign = foreign.iter().any(|folder| name.starts_with(folder));
        let is_proper = [OCTOBER, NOVEMBER]
            .iter()
            .any(|month| name.ends_with(&format!("{month}/data.parquet")));
        is_proper
            && !is_foreign
            && !name.contains("/.hidden/")
            && !NOBODYS.iter().any(|odd| name.ends_with(odd))
    };
    all.retain(|path, _| !is_month(path) && (path.is_symlink() || !path.is_dir()));
    all
}

#[test]
fn show_prints_the_months_names_what_is_misplaced_and_refuses_what_is_foreign() {
    let bar = odd_tree();
    let before = snapshot(&bar.path().join("data"));

    for (ticker, is) in &SERIES {
        let ran = shown(&bar, ticker);
        match is {
            Rows(rows, misplaced) => {
                assert_eq!(ran.exit, Exit::Ok, "{ran:?}");
                assert_eq!(ran.closes(), *rows, "{ticker}");
                for name in *misplaced {
                    assert!(ran.stderr.contains(name), "{name}: {ran:?}");
                }
                assert_eq!(
                    ran.stderr.matches("misplaced").count(),
                    misplaced.len(),
                    "{ran:?}"
                );
            }
            Foreign(path) => {
                assert_eq!(ran.exit, Exit::Damaged, "{ticker}: {ran:?}");
                assert!(ran.stderr.contains(path), "{path}: {ran:?}");
                assert_eq!(ran.stdout, "", "{ran:?}");
            }
        }
    }
    assert_eq!(snapshot(&bar.path().join("data")), before);
}

#[test]
fn check_names_everything_that_is_odd_and_nothing_hidden() {
    let bar = odd_tree();
    let before = snapshot(&bar.path().join("data"));

    let ran = bar.run(&["check"]).expect(Exit::Damaged);

    assert_names(&ran.stderr, &misplaced());
    for (_, path) in foreign() {
        assert!(ran.stderr.contains(&path), "{path}: {}", ran.stderr);
    }
    for name in NOBODYS {
        assert!(
            ran.stderr.contains(&format!("{TREE}/{name}")),
            "{name}: {}",
            ran.stderr
        );
    }
    for hidden in [
        "._data",
        "DS_Store",
        "syncthing",
        ".hidden",
        "._ticker",
        "notes",
        "is damaged:",
    ] {
        assert!(!ran.stderr.contains(hidden), "{hidden}: {}", ran.stderr);
    }
    let found = bar.run(&["check", "--json"]).summary();
    assert_eq!(
        found["misplaced"].as_array().unwrap().len(),
        misplaced().len() + NOBODYS.len()
    );
    assert_eq!(
        found["unreadable"].as_array().unwrap().len(),
        foreign().len()
    );
    assert_eq!(found["series"], SERIES.len() - foreign().len());
    assert_eq!(snapshot(&bar.path().join("data")), before);
}

#[test]
fn misplaced_files_alone_are_a_finding_and_no_damage() {
    let bar = odd_tree();

    bar.run(&["check", "-t", "GOOD", "-t", "MAC", "-t", "CON"])
        .expect(Exit::Ok);
    bar.run(&["check", "-t", "COPY"]).expect(Exit::Mismatch);
    bar.run(&["status"]).expect(Exit::Ok);
}

#[test]
fn an_update_stores_what_is_sound_and_fails_the_rest_by_name() {
    let bar = odd_tree();
    let before = odd_things(&bar);

    for dry in [&["update", "--dry-run"][..], &["cleanup", "--dry-run"]] {
        bar.run(dry).expect(Exit::Ok);
    }
    let ran = bar
        .run(&["update", "--json"])
        .expect(Exit::Partial)
        .summary();

    assert_eq!(odd_things(&bar), before);
    let failures = ran["failures"].as_array().unwrap();
    assert_eq!(failures.len(), foreign().len() - LATER.len(), "{ran:#}");
    for (ticker, path) in foreign() {
        if LATER.contains(&ticker) {
            continue;
        }
        let of_ticker = |failure: &&serde_json::Value| failure["ticker"] == ticker;
        let failure = failures.iter().find(of_ticker).unwrap();
        assert!(
            failure["reason"].as_str().unwrap().contains(&path),
            "{failure}"
        );
    }
    let warnings = ran["warnings"].to_string();
    // A run looks into the folders that it writes to.
    for name in misplaced() {
        let is_beside = name.contains(&format!("{NOVEMBER}/"));
        assert_eq!(warnings.contains(&name), is_beside, "{name}: {warnings}");
    }
    for (ticker, is) in &SERIES {
        if let Rows(rows, _) = is {
            let all: Vec<&str> = rows.iter().copied().chain(["3.0"]).collect();
            assert_eq!(shown(&bar, ticker).closes(), all, "{ticker}");
        }
    }
    let all = std::fs::read_dir(bar.path().join(TREE)).unwrap();
    let names: Vec<String> = all
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for ticker in ["CON", "com1.L", "EURUSD=X", "PRN"] {
        let of = |name: &&String| {
            let segment = name.strip_prefix("ticker=").unwrap_or_default();
            Ticker::from_segment(segment).is_ok_and(|found| found.as_str() == ticker)
        };
        assert_eq!(names.iter().filter(of).count(), 1, "{ticker} has one place");
    }
    // The rows wait, and come when nothing is in their way any more.
    bar.run(&["cleanup"]).expect(Exit::Partial);
    assert_eq!(odd_things(&bar), before);
    for name in [
        "TICKERLINK",
        "MONTHLINK/year=2025/month=11",
        "FILELINK/year=2025/month=11/data.parquet",
    ] {
        std::fs::remove_file(bar.path().join(format!("{TREE}/ticker={name}"))).unwrap();
    }
    bar.run(&["cleanup"]).expect(Exit::Partial);
    for (ticker, rows) in [
        ("TICKERLINK", &["2.0", "3.0"][..]),
        ("MONTHLINK", &["1.0", "2.0", "3.0"]),
    ] {
        assert_eq!(
            shown(&bar, ticker).expect(Exit::Ok).closes(),
            rows,
            "{ticker}"
        );
    }
}

/// Legacy files of every series, with the rows that it should have.
fn with_legacy_files() -> Barkeep {
    let bar = odd_tree();
    for (ticker, _) in &SERIES {
        let rows = [("2025-10-20", 1.0), ("2025-11-20", 2.0)];
        bar.write(
            format!("data/legacy/stocks_1d/{ticker}.parquet"),
            bytes(ticker, &rows),
        );
    }
    bar.migration("init --all-found --yes").expect(Exit::Ok);
    bar
}

fn shown(bar: &Barkeep, ticker: &str) -> Ran {
    bar.show(ticker, "1d", &[])
}

fn reasons(failures: &serde_json::Value) -> BTreeMap<String, String> {
    let one = |failure: &serde_json::Value| {
        let text = |key: &str| failure[key].as_str().unwrap().to_owned();
        (text("ticker"), text("reason"))
    };
    failures.as_array().unwrap().iter().map(one).collect()
}

fn assert_foreign(failures: &serde_json::Value) {
    let reasons = reasons(failures);
    assert_eq!(
        reasons.keys().cloned().collect::<Vec<_>>(),
        {
            let mut tickers: Vec<String> = foreign()
                .iter()
                .map(|(ticker, _)| (*ticker).to_owned())
                .collect();
            tickers.sort();
            tickers
        },
        "{reasons:#?}"
    );
    for (ticker, path) in foreign() {
        assert!(reasons[ticker].contains(&path), "{reasons:#?}");
    }
}

#[test]
fn a_migration_sees_the_same_rows_and_refuses_the_same_series() {
    let bar = with_legacy_files();
    let before = odd_things(&bar);

    let migrated = bar.migration("migrate --all --json").summary();
    assert_foreign(&migrated["intervals"][0]["failures"]);
    let restarted = bar
        .migration("migrate --all --restart --yes --json")
        .summary();
    assert_foreign(&restarted["intervals"][0]["failures"]);
    let verified = bar.migration("verify --json").summary();
    assert_foreign(&verified["intervals"][0]["wrong"]);
    assert_eq!(
        verified["intervals"][0]["misplaced"]
            .as_array()
            .unwrap()
            .len(),
        misplaced().len()
    );
    assert_names(
        &verified["intervals"][0]["misplaced"].to_string(),
        &misplaced(),
    );
    let status = bar.migration("status").expect(Exit::Ok);
    assert!(!status.stdout.contains("active"), "{status:?}");
    let back = bar
        .migration("rollback --remove-partitions --yes --json")
        .summary();
    assert_foreign(&back["intervals"][0]["failures"]);
    assert_eq!(back["intervals"][0]["switched"], false);
    assert_names(&back["intervals"][0]["misplaced"].to_string(), &misplaced());

    assert_eq!(odd_things(&bar), before);
}

#[test]
fn partitions_are_removed_without_what_is_not_theirs() {
    let bar = with_legacy_files();
    for (ticker, _) in foreign() {
        let path = bar.path().join(folder(ticker));
        if path.is_symlink() {
            std::fs::remove_file(path).unwrap();
        } else {
            std::fs::remove_dir_all(path).unwrap();
        }
    }
    bar.migration("migrate --all").expect(Exit::Ok);
    let before = odd_things(&bar);

    let refused = bar.migration("rollback --remove-partitions --yes --json");

    let failures = reasons(&refused.summary()["intervals"][0]["failures"]);
    assert_eq!(
        failures.keys().collect::<Vec<_>>(),
        ["COPY", "LINKED", "LOOSE", "TWICE"]
    );
    assert_eq!(refused.exit, Exit::Mismatch, "{refused:?}");
    assert_eq!(odd_things(&bar), before);
    assert!(bar.has(format!("{TREE}/ticker=GOOD/{NOVEMBER}/data.parquet")));

    for name in misplaced() {
        std::fs::remove_file(bar.path().join(name)).unwrap();
    }
    let removed = bar
        .migration("rollback --remove-partitions --yes")
        .expect(Exit::Ok);
    assert!(!bar.has(format!("{TREE}/ticker=GOOD")), "{removed:?}");
    assert!(!bar.has(format!("{TREE}/ticker=DAYS")), "{removed:?}");
    assert!(
        !bar.has(format!("{TREE}/ticker=NOTES/{OCTOBER}")),
        "{removed:?}"
    );
    for left in [
        format!("ticker=NOTES/{NOVEMBER}/notes.txt"),
        format!("ticker=MAC/{NOVEMBER}/._data.parquet"),
        "ticker=MAC/.hidden/year=2025/month=11/data.parquet".to_owned(),
    ] {
        assert!(bar.has(format!("{TREE}/{left}")), "{left} is somebody's");
    }
    assert!(!bar.has(format!("{TREE}/ticker=NOTES/{NOVEMBER}/data.parquet")));
    for (ticker, is) in &SERIES {
        if let Rows(rows, _) = is {
            assert_eq!(shown(&bar, ticker).closes(), *rows, "{ticker}");
        }
    }
}

/// A migrated workspace in which a copy lies beside a month that contradicts its legacy file.
#[test]
fn a_restart_does_not_take_what_is_misplaced_along() {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    bar.write(
        "data/legacy/stocks_1d/A.parquet",
        bytes("A", &[("2025-10-20", 1.0), ("2025-11-20", 2.0)]),
    );
    bar.write("incoming/A.csv", "date,open,high,low,close,volume\n");
    bar.write(
        format!("{TREE}/ticker=A/{NOVEMBER}/data.parquet"),
        bytes("A", &[("2025-11-20", 7.0)]),
    );
    let copy = format!("{TREE}/ticker=A/{NOVEMBER}/data (1).parquet");
    bar.write(&copy, stale("A"));
    bar.migration("init --all-found").expect(Exit::Ok);
    let before = snapshot(&bar.path().join("data"));

    let refused = bar
        .migration("migrate --all --restart --yes")
        .expect(Exit::Mismatch);

    assert!(refused.stderr.contains(&copy), "{refused:?}");
    assert_eq!(snapshot(&bar.path().join("data")), before);
    bar.remove(&copy);
    bar.migration("migrate --all --restart --yes")
        .expect(Exit::Ok);
    assert_eq!(shown(&bar, "A").closes(), BOTH);
}
