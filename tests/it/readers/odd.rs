//! The odd tree: a series for each odd thing, named for it.

#![expect(clippy::disallowed_methods, reason = "makes links as a user would")]

use std::os::unix::fs::symlink;

use barkeep::cli::Exit;

use crate::support::barkeep::Barkeep;
use crate::support::foreign::daily;

pub(super) const SETTINGS: &str = "[workspace]\ndefault_venue = \"us:mine\"\nlegacy_venue = \"us:mine\"\n\n[sources.\"us:mine\"]\nkind = \"files\"\npath = \"incoming\"\n";
pub(super) const TREE: &str = "data/us/mine/stocks_1d";
pub(super) const OCTOBER: &str = "year=2025/month=10";
pub(super) const NOVEMBER: &str = "year=2025/month=11";

/// What has to be seen of a series.
pub(super) enum Is {
    /// These and these files are named as misplaced.
    Rows(&'static [&'static str], &'static [&'static str]),
    /// Refused, with this path.
    Foreign(&'static str),
}

pub(super) use Is::{Foreign, Rows};

/// October and November, as they are stored where nothing is odd.
pub(super) const BOTH: &[&str] = &["1.0", "2.0"];

/// Every series of the odd tree.
pub(super) const SERIES: [(&str, Is); 24] = [
    ("GOOD", Rows(BOTH, &[])),
    (
        "COPY",
        Rows(
            BOTH,
            &[
                "ticker=COPY/year=2025/month=11/Copy of data.parquet",
                "ticker=COPY/year=2025/month=11/data (conflicted copy).parquet",
                "ticker=COPY/year=2025/month=11/data.parquet~",
                "ticker=COPY/year=2025/month=11/data.sync-conflict-20251121-101112-ABCDEFG.parquet",
            ],
        ),
    ),
    ("MAC", Rows(BOTH, &[])),
    ("NOTES", Rows(BOTH, &[])),
    ("DAYS", Rows(BOTH, &[])),
    (
        "LOOSE",
        Rows(
            BOTH,
            &[
                "ticker=LOOSE/part-0.parquet",
                "ticker=LOOSE/year=2025/month=10/old/data.parquet",
                "ticker=LOOSE/year=2025/month=13/data.parquet",
                "ticker=LOOSE/year=2025/x.parquet",
            ],
        ),
    ),
    // The same month twice, in two spellings.
    (
        "TWICE",
        Rows(BOTH, &["ticker=TWICE/year=2025/month=011/data.parquet"]),
    ),
    (
        "LINKED",
        Rows(BOTH, &["ticker=LINKED/year=2025/month=11/more.parquet"]),
    ),
    ("PRN", Rows(BOTH, &[])),
    ("NUL.X", Rows(BOTH, &[])),
    ("CON", Rows(BOTH, &[])),
    ("com1.L", Rows(BOTH, &[])),
    ("EURUSD=X", Rows(BOTH, &[])),
    (
        "ONLYCOPY",
        Foreign(
            "ticker=ONLYCOPY/year=2025/month=11/data.sync-conflict-20251121-101112-ABCDEFG.parquet",
        ),
    ),
    ("PARTS", Foreign("ticker=PARTS/year=2025/part-0.parquet")),
    (
        "SHORT",
        Foreign("ticker=SHORT/year=2025/month=1/data.parquet"),
    ),
    ("TICKERLINK", Foreign("ticker=TICKERLINK")),
    ("YEARLINK", Foreign("ticker=YEARLINK/year=2025")),
    ("MONTHLINK", Foreign("ticker=MONTHLINK/year=2025/month=11")),
    (
        "FILELINK",
        Foreign("ticker=FILELINK/year=2025/month=11/data.parquet"),
    ),
    (
        "DANGLING",
        Foreign("ticker=DANGLING/year=2025/month=11/data.parquet"),
    ),
    (
        "FOLDER",
        Foreign("ticker=FOLDER/year=2025/month=11/data.parquet"),
    ),
    ("YEARFILE", Foreign("ticker=YEARFILE/year=2025")),
    ("SHORTLINK", Foreign("ticker=SHORTLINK/year=2025/month=9")),
];

/// Parquet files of the tree that belong to no series at all.
pub(super) const NOBODYS: [&str; 4] = [
    "ticker=GOOD (1)/year=2025/month=10/data.parquet",
    "ticker=/year=2025/month=10/data.parquet",
    "old/ticker=GOOD/year=2025/month=10/data.parquet",
    "all.parquet",
];

/// How the folder of a series is spelled on this disk.
pub(super) fn folder(ticker: &str) -> String {
    let segment = match ticker {
        // An earlier build encoded them.
        "CON" => "%43ON",
        "com1.L" => "%63om1.L",
        // The predecessor did not.
        other => other,
    };
    format!("{TREE}/ticker={segment}")
}

pub(super) fn bytes(ticker: &str, rows: &[(&str, f64)]) -> Vec<u8> {
    let ticker: &'static str = Box::leak(ticker.to_owned().into_boxed_str());
    daily(ticker, rows)
}

pub(super) fn october(ticker: &str) -> Vec<u8> {
    bytes(ticker, &[("2025-10-20", 1.0)])
}

pub(super) fn november(ticker: &str) -> Vec<u8> {
    bytes(ticker, &[("2025-11-20", 2.0)])
}

/// Rows that nobody may ever see.
pub(super) fn stale(ticker: &str) -> Vec<u8> {
    bytes(ticker, &[("2025-11-20", 99.0), ("2025-11-19", 98.0)])
}

pub(super) fn link(bar: &Barkeep, to: &str, name: &str) {
    let path = bar.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(bar.path().join(to), path).unwrap();
}

/// Makes the odd tree, and files of the source with one day more of each of its series.
pub(super) fn odd_tree() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", SETTINGS);
    for (ticker, _) in &SERIES {
        let put =
            |name: &str, bytes: Vec<u8>| bar.write(format!("{}/{name}", folder(ticker)), bytes);
        if !matches!(
            *ticker,
            "TICKERLINK" | "YEARLINK" | "YEARFILE" | "PARTS" | "DAYS"
        ) {
            put(&format!("{OCTOBER}/data.parquet"), october(ticker));
        }
        let has_november = [
            "GOOD",
            "COPY",
            "MAC",
            "NOTES",
            "LOOSE",
            "TWICE",
            "LINKED",
            "PRN",
            "NUL.X",
            "CON",
            "com1.L",
            "EURUSD=X",
            "SHORT",
            "SHORTLINK",
        ];
        if has_november.contains(ticker) {
            put(&format!("{NOVEMBER}/data.parquet"), november(ticker));
        }
        odd(&bar, ticker, &put);
        let csv = "date,open,high,low,close,volume\n2025-11-20,2,2,2,2,2\n2025-11-21,3,3,3,3,3\n";
        bar.write(format!("incoming/{ticker}.csv"), csv);
    }
    for name in NOBODYS {
        bar.write(format!("{TREE}/{name}"), stale("GOOD"));
    }
    bar.write(format!("{TREE}/._ticker=GOOD"), b"mac");
    let mut args = vec!["init", "--venue", "us:mine", "-i", "1d", "--partitioned"];
    args.extend(SERIES.iter().flat_map(|(ticker, _)| ["-t", *ticker]));
    bar.run(&args).expect(Exit::Ok);
    bar
}

/// Puts into the folder of a series what its name says.
pub(super) fn odd(bar: &Barkeep, ticker: &str, put: &dyn Fn(&str, Vec<u8>)) {
    let elsewhere = format!("elsewhere/{ticker}");
    let month = format!("{elsewhere}/{NOVEMBER}");
    let there = || bar.write(format!("{month}/data.parquet"), stale(ticker));
    let below = |name: &str| format!("{}/{name}", folder(ticker));
    let file = below(&format!("{NOVEMBER}/data.parquet"));
    match ticker {
        "COPY" => {
            for name in [
                "Copy of data.parquet",
                "data (conflicted copy).parquet",
                "data.parquet~",
            ] {
                put(&format!("{NOVEMBER}/{name}"), stale(ticker));
            }
            let name = "data.sync-conflict-20251121-101112-ABCDEFG.parquet";
            put(&format!("{NOVEMBER}/{name}"), stale(ticker));
        }
        "ONLYCOPY" => {
            let name = "data.sync-conflict-20251121-101112-ABCDEFG.parquet";
            put(&format!("{NOVEMBER}/{name}"), stale(ticker));
        }
        "MAC" => {
            put(
                &format!("{NOVEMBER}/._data.parquet"),
                b"\0\x05\x16\x07".to_vec(),
            );
            put(&format!("{NOVEMBER}/.DS_Store"), b"x".to_vec());
            put(
                &format!("{NOVEMBER}/.syncthing.data.parquet.tmp"),
                stale(ticker),
            );
            put(".hidden/year=2025/month=11/data.parquet", stale(ticker));
        }
        "NOTES" => {
            put(&format!("{NOVEMBER}/notes.txt"), b"mine".to_vec());
            std::fs::create_dir_all(bar.path().join(below("year=2024/month=12"))).unwrap();
        }
        "DAYS" => {
            put(&format!("{OCTOBER}/day=20/data.parquet"), october(ticker));
            put(&format!("{NOVEMBER}/day=20/data.parquet"), november(ticker));
        }
        "LOOSE" => {
            put("part-0.parquet", stale(ticker));
            put("year=2025/x.parquet", stale(ticker));
            put("year=2025/month=13/data.parquet", stale(ticker));
            put(&format!("{OCTOBER}/old/data.parquet"), stale(ticker));
        }
        "TWICE" => put("year=2025/month=011/data.parquet", stale(ticker)),
        "SHORT" => put("year=2025/month=1/data.parquet", stale(ticker)),
        "PARTS" => put("year=2025/part-0.parquet", stale(ticker)),
        "LINKED" => {
            there();
            link(
                bar,
                &format!("{month}/data.parquet"),
                &below(&format!("{NOVEMBER}/more.parquet")),
            );
        }
        "TICKERLINK" => {
            there();
            link(bar, &elsewhere, &folder(ticker));
        }
        "YEARLINK" => {
            there();
            link(bar, &format!("{elsewhere}/year=2025"), &below("year=2025"));
        }
        "MONTHLINK" => {
            there();
            link(bar, &month, &below(NOVEMBER));
        }
        "SHORTLINK" => {
            there();
            link(bar, &month, &below("year=2025/month=9"));
        }
        "FILELINK" => {
            there();
            link(bar, &format!("{month}/data.parquet"), &file);
        }
        "DANGLING" => link(bar, "nowhere", &file),
        "FOLDER" => put(
            &format!("{NOVEMBER}/data.parquet/part-0.parquet"),
            stale(ticker),
        ),
        "YEARFILE" => put("year=2025", b"no folder".to_vec()),
        _ => {}
    }
}
