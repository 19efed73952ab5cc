//! Lists of symbols: what is chosen of them, and what is said of the rest.

use std::fmt::Write as _;
use std::io::Write as _;

use barkeep::cli::Exit;
use flate2::{Compression, write::GzEncoder};
use serde_json::json;

use crate::support::barkeep::Barkeep;

const XETRA: &str = "Market:;XETR\nDate Last Update:;08.11.2019\n\
    Market Segment Status;Instrument Status;instrument;ISIN;Mnemonic;Instrument Type\n\
    active;active;SAP SE O.N.;DE0007164600;SAP;CS\n\
    active;active;FUND A;DE0000000001;1FA;ETF\n\
    active;active;METAL;DE0000000002;OD7J;ETC\n\
    active;inactive;GONE;DE0000000005;OLD;CS\n";

const OTHER: &str = "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Round Lot Size|Test Issue|NASDAQ Symbol\n\
    BRK.B|Berkshire|N|BRK.B|N|100|N|BRK.B\n\
    ABR$D|Arbor|N|ABRpD|N|100|N|ABR-D\n\
    EQV.W|EQV Warrants|N|EQV.WS|N|100|N|EQV+\n\
    SPY|SPDR|P|SPY|Y|100|N|SPY\n\
    NXG.V|NextGen rights when issued|N|NXGrw|N|100|N|NXG^#\n\
    ZTEST|Test|N|ZTEST|N|100|Y|ZTEST\n\
    File Creation Time: 0721202521:31||||||\n";

fn packed(text: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

fn listed(bar: &Barkeep) -> Vec<String> {
    let ran = bar.run(&["tickers", "list"]).expect(Exit::Ok);
    ran.stdout.lines().map(str::to_owned).collect()
}

fn import(more: &[&str]) -> Vec<String> {
    let args = ["tickers", "import", "--venue", "us:demo"];
    args.iter().chain(more).map(ToString::to_string).collect()
}

fn run(bar: &Barkeep, more: &[&str]) -> crate::support::barkeep::Ran {
    let args = import(more);
    bar.run(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn the_file_of_xetra_is_taken_plain_and_packed_and_its_day_told() {
    for (name, bytes) in [
        ("xetra.csv", XETRA.as_bytes().to_vec()),
        ("xetra.csv.gz", packed(XETRA)),
    ] {
        let bar = Barkeep::partitioned(&[]);
        bar.write("barkeep.toml", format!("[lists]\nxetra = [\"{name}\"]\n"));
        bar.write(name, bytes);

        let named = run(&bar, &["--xetra"]).expect(Exit::Ok);
        let again = run(&bar, &["--list", name]).expect(Exit::Ok);

        for ran in [named, again] {
            let told = format!("{name} is of 08.11.2019.");
            assert!(ran.stderr.contains(&told), "{}", ran.stderr);
            let told = "1 symbol left out, not active: OLD.";
            assert!(ran.stderr.contains(told), "{}", ran.stderr);
        }
        assert_eq!(listed(&bar), ["SAP.DE", "1FA.DE", "OD7J.DE"], "{name}");
    }
}

#[test]
fn a_packed_file_that_is_cut_off_anywhere_changes_nothing() {
    let whole = packed(XETRA);
    let bar = Barkeep::partitioned(&[]);
    let before = listed(&bar);

    for end in 0..whole.len() {
        bar.write("xetra.csv.gz", whole.get(..end).unwrap());
        run(&bar, &["--list", "xetra.csv.gz"]).expect(Exit::Failed);
    }

    assert_eq!(listed(&bar), before);
}

#[test]
fn without_an_address_xetra_says_where_to_name_one() {
    let bar = Barkeep::partitioned(&[]);

    let ran = run(&bar, &["--xetra"]).expect(Exit::Failed);

    let said = "`lists.xetra` in barkeep.toml names no list";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
}

#[test]
fn only_the_kinds_that_were_chosen_are_taken() {
    for (kinds, expected) in [
        ("share", &["BRK-B"][..]),
        ("share,etf", &["BRK-B", "SPY"]),
        ("preferred,warrant", &["ABR-PD", "EQV-WT"]),
    ] {
        let bar = Barkeep::partitioned(&[]);
        bar.write("other.txt", OTHER);

        let ran = run(&bar, &["--list", "other.txt", "--kinds", kinds]).expect(Exit::Ok);

        assert_eq!(listed(&bar), expected, "{kinds}");
        let said = "left out, kind not chosen: ";
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}

#[test]
fn a_choice_makes_the_next_list_no_shorter() {
    let bar = Barkeep::partitioned(&[]);
    bar.write("other.txt", OTHER);
    run(&bar, &["--list", "other.txt"]).expect(Exit::Ok);

    run(&bar, &["--list", "other.txt", "--kinds", "share"]).expect(Exit::Ok);
}

#[test]
fn a_list_that_tells_no_kinds_is_refused_where_some_are_chosen() {
    for text in ["AAPL\nMSFT\n", "Symbol,Security Name\nAAPL,Apple\n"] {
        let bar = Barkeep::partitioned(&[]);
        bar.write("list.csv", text);

        let ran = run(&bar, &["--list", "list.csv", "--kinds", "share"]).expect(Exit::Failed);

        assert!(
            ran.stderr.contains("`--kinds` cannot choose"),
            "{}",
            ran.stderr
        );
        assert!(listed(&bar).is_empty());
    }
}

#[test]
fn every_symbol_that_is_left_out_is_in_the_document_with_its_reason() {
    let bar = Barkeep::partitioned(&[]);
    let lists = "[lists]\nnasdaq = [\"other.txt\", \"copy.csv\", \"bad.csv\"]\n";
    bar.write("barkeep.toml", lists);
    bar.write("other.txt", OTHER);
    bar.write(
        "copy.csv",
        "Symbol,Security Name,ETF\nAAPL,Apple,N\nSPY,SPDR,Y\nBRK/B,Berkshire,N\nAAPL,Apple,N\n",
    );
    bar.write("bad.csv", "<html>");

    let args = ["--nasdaq", "--json", "--kinds", "share,preferred,warrant"];
    let ran = run(&bar, &args).expect(Exit::Partial);

    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        document["left_out"],
        json!([
            {"symbol": "NXG.V", "reason": "no Yahoo spelling is known"},
            {"symbol": "ZTEST", "reason": "test issue"},
            {"symbol": "SPY", "reason": "kind not chosen: etf"},
            {"symbol": "AAPL", "reason": "twice in the list"},
            {"symbol": "SPY", "reason": "kind not chosen: etf"},
            {"symbol": "BRK-B", "reason": "in another list, too"},
        ])
    );
    assert_eq!(
        document["left_out_by_reason"],
        json!({
            "in another list, too": 1,
            "kind not chosen: etf": 2,
            "no Yahoo spelling is known": 1,
            "test issue": 1,
            "twice in the list": 1,
        })
    );
    assert_eq!(document["added"], 4);
    assert_eq!(document["lists"][0]["date"], "0721202521:31");
    let refused = document["refused"][0]["error"].as_str().unwrap();
    assert!(refused.contains("bad.csv is refused"), "{refused}");
    assert_eq!(listed(&bar), ["BRK-B", "ABR-PD", "EQV-WT", "AAPL"]);
}

#[test]
fn ten_symbols_are_named_for_a_reason_and_the_others_are_counted() {
    let bar = Barkeep::partitioned(&[]);
    let mut tests = String::new();
    for at in 10..22 {
        writeln!(tests, "ZT{at}|Test|N|ZT{at}|N|100|Y|ZT{at}").unwrap();
    }
    bar.write(
        "other.txt",
        OTHER.replace("ZTEST|Test|N|ZTEST|N|100|Y|ZTEST\n", &tests),
    );

    let ran = run(&bar, &["--list", "other.txt"]).expect(Exit::Ok);

    let said = "12 symbols left out, test issue: ZT10, ZT11, ZT12, ZT13, ZT14, ZT15, ZT16, ZT17, ZT18, ZT19 and 2 more.";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    let said = "warning: 1 symbol left out, no Yahoo spelling is known: NXG.V.";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
}
