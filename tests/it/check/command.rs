//! What `check` prints, what its exit codes mean, and what heals a seam.

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::barkeep::Barkeep;
use crate::support::charts::{DAY, NOV_20, YahooBar, chart};
use crate::support::foreign::{ForeignBar, ForeignFile, foreign_files};
use crate::support::server::{Reply, Request};

const COUNT: i64 = 60;

fn closes() -> Vec<f64> {
    let close = |at: i32| 100.0 + f64::from(at) * 0.25 + f64::from(at % 3);
    (0..i32::try_from(COUNT).unwrap()).map(close).collect()
}

/// A workspace of which the server has sixty days, and nothing is stored.
fn workspace(closes: &[f64]) -> YahooBar {
    let yahoo = YahooBar::of("AAPL", "1d", "");
    let body = chart("AAPL", closes, "NMS", &Value::Null);
    yahoo
        .server
        .handle(move |_: &Request| Reply::json(body.clone()));
    yahoo
}

/// The same days as the predecessor kept them: the older half was downloaded before a split of four to one.
fn with_seam() -> Vec<u8> {
    let row = |(at, close): (i64, f64)| {
        let (price, volume) = if at < COUNT / 2 {
            (close * 4.0, 1000)
        } else {
            (close, 4000)
        };
        let stamp = (NOV_20 - (COUNT - 1 - at) * DAY).div_euclid(DAY) * DAY;
        ForeignBar {
            stock: Some("AAPL"),
            date: Some(stamp * 1_000_000_000),
            price: Some(price),
            volume: Some(volume),
            sequence: None,
        }
    };
    ForeignFile::of((0..).zip(closes()).map(row).collect()).bytes()
}

/// The predecessor appended what was new each day, and never touched what it had.
#[test]
fn a_seam_of_the_predecessor_is_told_and_a_rebase_heals_it() {
    for file in [
        "stocks_1d/AAPL.parquet",
        "data/legacy/stocks_1d/AAPL.parquet",
    ] {
        let yahoo = workspace(&closes());
        yahoo.bar.write(file, with_seam());

        let found = yahoo.bar.run(&["check", "--basis"]).expect(Exit::Mismatch);
        yahoo.bar.run(&["update", "--rebase"]).expect(Exit::Ok);
        let healed = yahoo.bar.run(&["check"]).expect(Exit::Ok);

        insta::allow_duplicates! {
            insta::assert_snapshot!(found.stdout, @r"
            venue     ticker  interval  kind  from        to          what
            us:yahoo  AAPL    1d        seam  2025-09-22  2025-10-21  the next bar is 4.065 times lower on a quiet day, with 4 times the volume since: older rows seem to lack a split by 4
            ");
            insta::assert_snapshot!(found.stderr, @r"
            Fetched again, prices stand on one basis, and what the source has put right since is right:
              barkeep update --rebase --ticker AAPL --interval 1d --venue us:yahoo
            Checked 60 bars of 1 series: 1 contradiction in 1 series.
            ");
            insta::assert_snapshot!(healed.stderr, @"Checked 60 bars of 1 series: nothing that contradicts itself.");
        }
        assert_eq!(healed.stdout, "");
    }
}

#[test]
fn a_basis_is_asked_for_alone() {
    let mut prices = closes();
    prices[30] *= 100.0;
    let yahoo = workspace(&prices);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let all = yahoo.bar.run(&["check"]).expect(Exit::Mismatch);
    let basis = yahoo.bar.run(&["check", "--basis"]).expect(Exit::Ok);

    insta::assert_snapshot!(all.stdout, @r"
    venue     ticker  interval  kind       from        to          what
    us:yahoo  AAPL    1d        unit_jump  2025-10-22  2025-10-22  this bar is about 100 times larger than most bars of the series
    ");
    insta::assert_snapshot!(all.stderr, @r"
    Fetched again, prices stand on one basis, and what the source has put right since is right:
      barkeep update --ticker AAPL --interval 1d --venue us:yahoo --start 2025-10-22 --end 2025-10-22
    Checked 60 bars of 1 series: 1 contradiction in 1 series.
    ");
    assert_eq!(basis.stdout, "");
}

/// Bars of an older build, which no answer of a source takes back.
#[test]
fn bars_that_stand_where_none_should_are_named_without_a_cure() {
    let yahoo = YahooBar::of("AAPL", "1wk", "");
    let stamps = ["2026-09-07", "2026-09-14", "2026-09-16", "2026-09-21"];
    let row = |day: &str| ForeignBar {
        stock: Some("AAPL"),
        date: Some(
            day.parse::<chrono::NaiveDate>()
                .unwrap()
                .and_time(chrono::NaiveTime::MIN)
                .and_utc()
                .timestamp_nanos_opt()
                .unwrap(),
        ),
        price: Some(10.0),
        volume: Some(1),
        sequence: None,
    };
    yahoo.bar.write(
        "data/legacy/stocks_1wk/AAPL.parquet",
        ForeignFile::of(stamps.map(row).to_vec()).bytes(),
    );

    let found = yahoo.bar.run(&["check"]).expect(Exit::Mismatch);
    let json = yahoo.bar.run(&["check", "--json"]).expect(Exit::Mismatch);
    yahoo.bar.run(&["check", "--basis"]).expect(Exit::Ok);

    insta::assert_snapshot!(found.stdout, @r"
    venue     ticker  interval  kind        from        to          what
    us:yahoo  AAPL    1wk       overlap     2026-09-14  2026-09-16  the bar of 2026-09-16 begins before that of 2026-09-14 is over
    us:yahoo  AAPL    1wk       off_border  2026-09-16  2026-09-16  weeks begin on Monday, and this bar does not: bars on two grids hold the same days
    ");
    insta::assert_snapshot!(found.stderr, @r"
    1 series has no record yet, by which a lost file would be noticed: barkeep check --rebuild
    Bars that stand where none should stay where they are: no answer of a source takes them back. barkeep check --repair --dry-run shows which can be taken out.
    Checked 4 bars of 1 series: 2 contradictions in 1 series.
    ");
    assert_eq!(json.summary()["findings"][0]["cure"], Value::Null);
}

#[test]
fn findings_are_one_document() {
    let mut prices = closes();
    prices[30] *= 100.0;
    let yahoo = workspace(&prices);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let ran = yahoo
        .bar
        .run(&["check", "us:yahoo", "--ticker", "AAPL", "--json"])
        .expect(Exit::Mismatch);

    assert_eq!(ran.stderr, "");
    assert_eq!(ran.stdout.lines().count(), 1);
    let document = ran.summary();
    assert_eq!(document["series"], 1);
    assert_eq!(document["bars"], COUNT);
    let finding = &document["findings"][0];
    assert_eq!(finding["venue"], "us:yahoo");
    assert_eq!(finding["ticker"], "AAPL");
    assert_eq!(finding["interval"], "1d");
    assert_eq!(finding["kind"], "unit_jump");
    assert_eq!(finding["from"], "2025-10-22");
    assert_eq!(finding["to"], "2025-10-22");
    assert_eq!(finding["factor"], 100.0);
    assert_eq!(
        finding["cure"],
        "barkeep update --ticker AAPL --interval 1d --venue us:yahoo --start 2025-10-22 --end 2025-10-22"
    );
}

#[test]
fn healthy_series_are_looked_through_and_nothing_is_touched() {
    let bar = Barkeep::partitioned(&["AAPL", "MSFT"]);
    bar.run(&["update"]).expect(Exit::Ok);
    let before = bar.tree();

    let ran = bar.run(&["check"]).expect(Exit::Ok);

    assert_eq!(ran.stdout, "");
    assert!(
        ran.stderr
            .ends_with("of 2 series: nothing that contradicts itself.\n"),
        "{}",
        ran.stderr
    );
    assert!(bar.tree() == before);
}

#[test]
fn a_damaged_month_is_told_and_all_other_months_are_looked_through() {
    let bar = Barkeep::partitioned(&["AAPL", "MSFT"]);
    bar.run(&["update"]).expect(Exit::Ok);
    let bars = |bar: &Barkeep| bar.run(&["check", "--json"]).summary()["bars"].as_u64();
    let whole = bars(&bar).unwrap();
    let month = "data/us/demo/stocks_1d/ticker=AAPL/year=2025/month=10/data.parquet";
    let mut bytes = bar.read(month);
    bytes[40] ^= 1;
    bar.write(month, bytes);
    let before = bar.tree();

    let ran = bar.run(&["check"]).expect(Exit::Damaged);
    let json = bar.run(&["check", "--json"]).expect(Exit::Damaged);

    assert!(ran.stderr.contains(month), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("hint: fetch them again: barkeep update --ticker AAPL")
    );
    let document = json.summary();
    assert_eq!(document["series"], 2);
    assert_eq!(document["damaged"][0]["partition"], "2025-10");
    assert_eq!(document["bars"].as_u64().unwrap() + 23, whole);
    assert!(bar.tree() == before, "nothing is moved away");
}

#[test]
fn a_series_that_is_refused_does_not_hide_the_others() {
    let bar = Barkeep::partitioned(&["AAPL", "MSFT"]);
    bar.run(&["update"]).expect(Exit::Ok);
    let of = |ticker: &str| {
        format!("data/us/demo/stocks_1d/ticker={ticker}/year=2025/month=10/data.parquet")
    };
    bar.write(of("AAPL"), bar.read(of("MSFT")));

    let ran = bar.run(&["check", "--json"]).expect(Exit::Mismatch);

    let document = ran.summary();
    assert_eq!(document["series"], 1);
    assert_eq!(document["unreadable"][0]["ticker"], "AAPL");
    assert_eq!(document["files"]["faults"][0]["kind"], "changed");
    assert!(ran.stderr.contains("rows of MSFT"), "{}", ran.stderr);
}

/// The folder was looked into once for what is misplaced and once for the closes, and each told of the same trouble.
#[test]
fn adjusted_closes_that_are_refused_are_one_trouble() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.run(&["update"]).expect(Exit::Ok);
    bar.write("data/us/demo/adjusted_1d/ticker=AAPL/data.parquet/x", b"");

    let ran = bar.run(&["check", "--json"]).expect(Exit::Damaged);

    let document = ran.summary();
    let told = document["unreadable"].as_array().unwrap();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(document["series"], 1, "its bars are looked through");
}

#[test]
fn what_is_nowhere_is_refused() {
    let bar = Barkeep::partitioned(&["AAPL"]);
    bar.run(&["update"]).expect(Exit::Ok);

    let venue = bar.run(&["check", "xx:nowhere"]).expect(Exit::Usage);
    let ticker = bar.run(&["check", "--ticker", "APPL"]).expect(Exit::Usage);
    let both = bar.run(&["check", "--ticker", "APPL", "--json"]);

    insta::assert_snapshot!(venue.stderr, @r"
    error: the venue xx:nowhere has no source, and nothing is stored of it
    hint: `barkeep config show` lists the sources
    ");
    insta::assert_snapshot!(ticker.stderr, @r"
    error: tickers.json does not have APPL, and nothing is stored
    hint: did you mean AAPL?
    ");
    let error: Value = serde_json::from_str(&both.stderr).unwrap();
    assert_eq!(error["exit"], json!(2));
}

#[test]
fn a_file_that_cannot_be_held_is_named_and_is_no_success() {
    for (what, bytes) in foreign_files("AAPL") {
        let bar = Barkeep::partitioned(&["AAPL"]);
        let path = "data/legacy/stocks_1d/AAPL.parquet";
        bar.write(path, &bytes);

        let shown = bar.run(&["show", "AAPL", "-i", "1d"]).expect(Exit::Damaged);
        let checked = bar.run(&["check"]).expect(Exit::Damaged);

        for ran in [shown, checked] {
            assert!(
                ran.stderr.contains(path) && ran.stderr.contains(what),
                "{ran:?}"
            );
            assert!(!ran.stderr.contains("is damaged"), "{ran:?}");
        }
        assert!(bar.read(path) == bytes, "{what}");
    }
}
