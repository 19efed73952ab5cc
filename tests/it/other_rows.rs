//! Bars of a source and bars made of trades are never those of one series: whoever brings rows of two files together refuses.
//!
//! One table of all who do. Each case plants two files, has somebody bring them together, and looks for both as they were.

#![cfg(feature = "polars")]

use barkeep::calendar::Calendar;
use barkeep::cli::Exit;
use barkeep::codec::{Facts, encode};
use barkeep::frame::{Frame, Trade, rows_of_trades};
use barkeep::model::{Interval, PriceBasis, Provenance, StorageRequest};
use barkeep::resample::{VenueRules, bars_of_trades};
use barkeep::storage::StorageInterface;

use crate::support::barkeep::Barkeep;
use crate::support::foreign::daily;

const ISIN: &str = "DE0007164600";
const DAY: &str = "2026-09-18";
const MONTH: &str = "data/de/mine/stocks_1d/ticker=DE0007164600/year=2026/month=09/data.parquet";
const OWN: &str = "data/legacy/de/mine/stocks_1d/DE0007164600.parquet";
const SHARED: &str = "data/legacy/stocks_1d/DE0007164600.parquet";
const FLAT: &str = "stocks_1d/DE0007164600.parquet";
const TEMPORARY: &str = "data/de/mine/stocks_1d/ticker=DE0007164600/year=2026/month=09/data.parquet.tmp-4711-1760880000250-0123456789abcdef0123456789abcdef";

/// What a file holds.
#[derive(Clone, Copy, Debug)]
enum Bars {
    OfSource,
    OfTrades,
}

use Bars::{OfSource, OfTrades};

impl Bars {
    fn file(self) -> Vec<u8> {
        match self {
            OfSource => daily(ISIN, &[(DAY, 1.0)]),
            OfTrades => of_trades(),
        }
    }
}

fn of_trades() -> Vec<u8> {
    let facts = Facts {
        provenance: provenance(),
        ..Facts::default()
    };
    encode(&rows_of_trade(ISIN), &facts).unwrap().bytes.to_vec()
}

fn provenance() -> Provenance {
    Provenance {
        basis: PriceBasis::SplitDividendAdjusted,
        source: Some("de:mine".parse().unwrap()),
        ..Provenance::default()
    }
}

/// Returns the bar of a day with one trade.
fn rows_of_trade(isin: &str) -> Frame {
    let at: chrono::DateTime<chrono::Utc> = "2026-09-18T07:03:10Z".parse().unwrap();
    let at = at.timestamp_nanos_opt().unwrap();
    let trade = Trade {
        isin: isin.into(),
        trans_id: "1".into(),
        price: Some(100.0),
        volume: Some(2.5),
        currency: Some("EUR".into()),
        quote_type: Some(1),
        trade_time: at,
        distribution_time: at,
        trading_mode: Some("2".into()),
        modification_flag: "-".into(),
        ..Trade::default()
    };
    let rules = VenueRules::of("DETR", "EUR");
    let trades = rows_of_trades(&[trade]).frame;
    let calendar = Calendar::of("XETR").unwrap();
    let mut made = bars_of_trades(&trades, &rules, &calendar, Interval::D1).unwrap();
    made.bars.remove(0).1
}

/// Who brings rows of two files together.
struct Case {
    who: &'static str,
    /// The venue that has the shared legacy folder.
    legacy_venue: &'static str,
    layout: &'static [&'static str],
    /// What lies there. An update has the rows of its source beside them.
    files: &'static [(&'static str, Bars)],
    /// What is done; the last of it refuses.
    words: &'static [&'static str],
}

const MINE: &str = "de:mine";
const YAHOO: &str = "us:yahoo";
const PARTITIONED: &[&str] = &["--partitioned"];
const INIT: &str = "partition-migrate init --all-found --yes";

const CASES: [Case; 8] = [
    Case {
        who: "an update of a month",
        legacy_venue: MINE,
        layout: PARTITIONED,
        files: &[(MONTH, OfTrades)],
        words: &["update"],
    },
    Case {
        who: "an update of a legacy file",
        legacy_venue: MINE,
        layout: &[],
        files: &[(SHARED, OfTrades)],
        words: &["update"],
    },
    Case {
        who: "the adoption of a flat file",
        legacy_venue: MINE,
        layout: &[],
        files: &[(SHARED, OfSource), (FLAT, OfTrades)],
        words: &["partition-migrate init --all-found --adopt --yes"],
    },
    Case {
        who: "the adoption beside a file of trades",
        legacy_venue: MINE,
        layout: &[],
        files: &[(SHARED, OfTrades), (FLAT, OfSource)],
        words: &["partition-migrate init --all-found --adopt --yes"],
    },
    Case {
        who: "a migration onto months",
        legacy_venue: MINE,
        layout: &[],
        files: &[(SHARED, OfSource), (MONTH, OfTrades)],
        words: &[INIT, "partition-migrate migrate --all --yes"],
    },
    Case {
        who: "a clean-up beside a month",
        legacy_venue: MINE,
        layout: PARTITIONED,
        files: &[(MONTH, OfTrades), (TEMPORARY, OfSource)],
        words: &["cleanup"],
    },
    Case {
        who: "a legacy file that goes to the folder of its venue",
        legacy_venue: YAHOO,
        layout: &[],
        files: &[(OWN, OfSource), (SHARED, OfTrades)],
        words: &["cleanup"],
    },
    Case {
        who: "a reader of a legacy file in two places",
        legacy_venue: YAHOO,
        layout: &[],
        files: &[(OWN, OfSource), (SHARED, OfTrades)],
        words: &["show DE0007164600 -i 1d --venue de:mine"],
    },
];

fn workspace(case: &Case) -> Barkeep {
    let bar = Barkeep::empty();
    let legacy_venue = case.legacy_venue;
    bar.write(
        "barkeep.toml",
        format!(
            "[workspace]\ndefault_venue = \"de:mine\"\nlegacy_venue = \"{legacy_venue}\"\n[sources.\"de:mine\"]\nkind = \"files\"\npath = \"incoming\"\n"
        ),
    );
    let header = "date,open,high,low,close,volume";
    let path = format!("incoming/{ISIN}.csv");
    bar.write(&path, format!("{header}\n2026-09-17,1,1,1,1,1\n"));
    let words = ["init", "--venue", MINE, "-i", "1d", "-t", ISIN, "-q"];
    bar.run(&[&words, case.layout].concat()).expect(Exit::Ok);
    bar
}

/// Says what is wrong with what somebody did.
fn fault(case: &Case) -> Option<String> {
    let bar = workspace(case);
    for (path, bars) in case.files {
        bar.write(path, bars.file());
    }
    let (last, before) = case.words.split_last().unwrap();
    let run = |words: &str| bar.run(&words.split(' ').collect::<Vec<_>>());
    for words in before {
        run(words).expect(Exit::Ok);
    }

    let ran = run(last);

    let who = case.who;
    let said = format!("{}{}", ran.stdout, ran.stderr);
    if ran.exit == Exit::Ok || !said.contains("bars made of trades") {
        return Some(format!("{who} does not refuse: {ran:#?}"));
    }
    let mut files = case.files.iter();
    let lost = files.find(|(path, bars)| !bar.has(path) || bar.read(path) != bars.file());
    lost.map(|(path, _)| format!("{who} has changed {path}: {ran:#?}"))
}

#[test]
fn rows_that_came_into_being_in_two_ways_are_never_brought_together() {
    let faults: Vec<String> = CASES.iter().filter_map(fault).collect();

    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// The stray file comes first in the tree.
#[test]
fn a_file_of_bars_of_a_source_costs_no_series_of_trades() {
    const STRAY: &str =
        "data/de/mine/stocks_1d/ticker=AA0000000000/year=2020/month=01/data.parquet";
    let bar = Barkeep::empty();
    bar.write(MONTH, of_trades());
    bar.write(STRAY, daily("AA0000000000", &[("2020-01-02", 5.0)]));
    let stores = bar.stores();
    let prepare = |isin: &str| {
        let venue = "de:mine".parse().unwrap();
        let request = StorageRequest::bars(venue, isin.parse().unwrap(), Interval::D1);
        let rows = rows_of_trade(isin);
        stores.partitioned.prepare(&request, &rows, &provenance())
    };

    let new = prepare("DE0005140008").unwrap();
    let refused = prepare("AA0000000000").unwrap_err().to_string();

    assert_eq!(new.files.len(), 1);
    assert!(refused.contains(STRAY), "{refused}");
}

#[test]
fn of_two_files_of_a_series_the_one_that_another_program_wrote_is_named() {
    const STRAY: &str =
        "data/de/mine/stocks_1d/ticker=DE0007164600/year=2020/month=01/data.parquet";
    let bar = Barkeep::empty();
    bar.write(MONTH, of_trades());
    bar.write(STRAY, daily(ISIN, &[("2020-01-02", 5.0)]));
    let request = StorageRequest::bars(
        "de:mine".parse().unwrap(),
        ISIN.parse().unwrap(),
        Interval::D1,
    );

    let refused = bar.stores().partitioned.read(&request).unwrap_err();

    let refused = refused.to_string();
    assert!(refused.contains(STRAY), "{refused}");
}
