//! What files may throw at the source that reads a folder of them: growth, damage, names, forms, clocks.

use std::io::Write;

use barkeep::cli::Exit;
use barkeep::model::{Interval, PriceBasis};
use barkeep::source::files::{ColumnName, FilesSpec, Stamp};
use barkeep::source::{FetchJob, Fetched, SourceError};
use barkeep::sys::Shutdown;
use flate2::{Compression, write::GzEncoder};

use crate::support::barkeep::Barkeep;
use crate::support::files::{Folder, ask, bars, files_source, job, refusal, stamp};

const DAILY: &str = "Date,Open,High,Low,Close,Adj Close,Volume\n\
    2024-01-02,10,12,9,11,5,100\n2024-01-03,11,13,10,12,6,200\n2024-01-04,12,14,11,13,7,300\n";

#[test]
fn a_grown_file_brings_its_new_rows_and_a_rewritten_one_all_of_them() {
    let folder = Folder::new();
    folder.put("AAPL.csv", DAILY);
    let Ok(Fetched::Bars { mark, .. }) = ask(&*folder.source(), &job("AAPL", "1d")) else {
        panic!("no bars");
    };
    let next = |text: &str| {
        folder.put("AAPL.csv", text);
        match ask(
            &*folder.source(),
            &FetchJob {
                mark: mark.clone(),
                ..job("AAPL", "1d")
            },
        ) {
            Ok(Fetched::Bars { batch, .. }) => batch.bars.iter().map(stamp).collect(),
            other => panic!("{other:?}"),
        }
    };

    let grown: Vec<String> = next(&format!("{DAILY}2024-01-05,1,1,1,1,1,1\n"));
    let rewritten: Vec<String> = next(&DAILY.replace(",11,", ",5.5,"));

    assert_eq!(grown, ["2024-01-04 00:00:00", "2024-01-05 00:00:00"]);
    assert_eq!(rewritten.len(), 3);
}

#[test]
fn rows_in_any_order_with_gaps_and_duplicates_come_as_they_are() {
    let folder = Folder::new();
    folder.put(
        "X.csv",
        "Date,Open,High,Low,Close,Volume\r\n2024-01-03,,null,1,NaN,2.5\r\n2024-01-02,1,1,1,inf,0\r\n2024-01-02,1,1,1,1,0",
    );

    let rows = bars(&*folder.source(), "X", "1d");

    assert_eq!(rows.len(), 3);
    assert_eq!(
        (rows[0].open, rows[0].high, rows[0].volume),
        (None, None, Some(2.5.into()))
    );
    assert_eq!(rows[0].close, None);
    assert_eq!(rows[1].close, Some(f64::INFINITY));
}

#[test]
fn damage_is_refused_with_the_file_and_the_line() {
    for (text, why) in [
        ("Date,Close\n2024-01-02,1\n2024-01-03\n", "line 3"),
        ("Date,Close\n2024-01-02,1\nyesterday,2\n", "line 3"),
        ("Date,Close\n2024-01-02,1\n2024-01-03,ab\n", "line 3"),
        ("\u{0}\u{1}\u{2}\n", "NUL"),
        ("{\"chart\":{\"result\":null}}", "`chart`"),
    ] {
        let folder = Folder::new();
        folder.put("X.csv", text);
        let message = refusal(&*folder.source(), "X", "1d");
        assert!(
            message.contains("X.csv") && message.contains(why),
            "{message}"
        );
    }
}

#[test]
fn an_empty_file_and_a_lone_header_are_no_damage() {
    for text in ["", "\n", "Date,Open,High,Low,Close,Volume\n", "No data"] {
        let folder = Folder::new();
        folder.put("X.csv", text);
        let answer = ask(&*folder.source(), &job("X", "1d")).unwrap();
        assert!(
            matches!(answer, Fetched::Nothing { mark: Some(_), .. }),
            "{text:?}: {answer:?}"
        );
    }
}

#[test]
fn a_cut_archive_is_damage() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(DAILY.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    let folder = Folder::new();
    folder
        .put("A.csv.gz", &whole)
        .put("B.csv.gz", &whole[..whole.len() - 9]);

    assert_eq!(bars(&*folder.source(), "A", "1d").len(), 3);
    assert!(refusal(&*folder.source(), "B", "1d").contains("gzip"));
}

#[test]
fn rows_denser_than_their_interval_are_refused_and_so_are_days_as_minutes() {
    let folder = Folder::new();
    folder.put(
        "X.csv",
        "Date,Close\n2024-01-02 09:30,1\n2024-01-02 09:31,1\n2024-01-02 09:32,1\n",
    );
    folder.put("Y.csv", "Date,Close\n2024-01-02,1\n2024-01-03,1\n");

    assert!(refusal(&*folder.source(), "X", "1d").contains("set interval"));
    let minutes = folder.source_with("us:files", |spec| spec.interval = Interval::M1);
    assert_eq!(bars(&*minutes, "X", "1m").len(), 3);
    assert!(refusal(&*minutes, "Y", "1m").contains("no time of day"));
    assert_eq!(
        ask(&*minutes, &job("X", "1d")).unwrap(),
        Fetched::UnknownTicker
    );
}

#[test]
fn two_files_of_one_series_are_refused_with_both_names() {
    let folder = Folder::new();
    folder
        .put("a/X.csv", DAILY)
        .put("b/X.csv", DAILY)
        .put("c/aapl.csv", DAILY)
        .put("c/AAPL.csv", DAILY);
    let message = refusal(&*folder.source(), "X", "1d");

    assert!(
        message.contains("a/X.csv") && message.contains("b/X.csv"),
        "{message}"
    );
    for asked in ["AAPL", "aapl", "Aapl"] {
        let message = refusal(&*folder.source(), asked, "1d");
        assert!(
            message.contains("c/aapl.csv") && message.contains("c/AAPL.csv"),
            "{message}"
        );
    }
}

#[test]
fn folders_tell_the_interval_and_a_hive_tree_is_one_series() {
    let folder = Folder::new();
    let minutes = "Date,Close\n2024-01-02 09:30,1\n2024-01-02 09:35,1\n";
    folder
        .put("daily/us/aapl.us.txt", DAILY)
        .put("5 min/us/aapl.us.txt", minutes);
    folder.put(
        "h/stocks_1d/ticker=EURUSD%3DX/year=2024/month=01/data.parquet",
        "PAR1a",
    );
    folder.put(
        "h/stocks_1d/ticker=EURUSD%3DX/year=2024/month=02/data.parquet",
        "PAR1bb",
    );
    folder.put(".hidden/MSFT.csv", DAILY);
    let source = folder.source();

    assert_eq!(bars(&*source, "AAPL", "1d").len(), 3);
    assert_eq!(bars(&*source, "AAPL.US", "5m").len(), 2);
    assert_eq!(
        ask(&*source, &job("AAPL", "1h")).unwrap(),
        Fetched::UnknownTicker
    );
    assert_eq!(bars(&*source, "EURUSD=X", "1d").len(), 2);
    assert_eq!(
        ask(&*source, &job("MSFT", "1d")).unwrap(),
        Fetched::UnknownTicker
    );
}

#[test]
fn a_long_file_serves_every_ticker_in_it() {
    let folder = Folder::new();
    folder.put(
        "prices.csv",
        "Symbol,Date,Close\nA,2024-01-02,1\nB,2024-01-02,2\nA,2024-01-03,3\n",
    );
    folder.put("C.csv", DAILY);
    let source = folder.source();

    let closes: Vec<_> = bars(&*source, "A", "1d")
        .iter()
        .map(|bar| bar.close)
        .collect();
    assert_eq!(closes, [Some(1.0), Some(3.0)]);
    assert_eq!(
        ask(&*source, &job("D", "1d")).unwrap(),
        Fetched::UnknownTicker
    );
}

#[test]
fn a_polish_spreadsheet_is_read_with_its_commas() {
    let folder = Folder::new();
    folder.put("kgh.csv", "Data;Otwarcie;Najwyzszy;Najnizszy;Zamkniecie\n02.01.2024;1,5;2;1;1,75\n03.01.2024;2;2;2;2\n");

    let rows = bars(&*folder.source_with("pl:files", |_| {}), "KGH", "1d");

    assert_eq!(
        (rows[0].open, rows[0].close, rows[0].volume),
        (Some(1.5), Some(1.75), None)
    );
    assert_eq!(stamp(&rows[0]), "2024-01-02 00:00:00");
}

#[test]
fn settings_name_what_is_not_recognised() {
    let folder = Folder::new();
    folder.put(
        "X.us.csv",
        "When|Last|n\n02 Jan 2024 17:00|1.5|7\n02 Jan 2024 18:00|1.6|8\n",
    );
    let source = folder.source_with("us:files", |spec| {
        spec.suffix = Some(".us".to_owned());
        spec.interval = Interval::H1;
        spec.date_format = Some("%d %b %Y %H:%M".to_owned());
        spec.file_clock = Some(chrono_tz::Europe::London);
        spec.stamp = Some(Stamp::End);
        spec.basis = PriceBasis::AsTraded;
        spec.header = Some(true);
        for (name, header) in [
            (ColumnName::Date, "When"),
            (ColumnName::Close, "Last"),
            (ColumnName::Volume, "n"),
        ] {
            spec.columns.insert(name, header.to_owned());
        }
    });

    let rows = bars(&*source, "X", "1h");

    assert_eq!(
        rows.iter().map(stamp).collect::<Vec<_>>(),
        ["2024-01-02 11:00:00", "2024-01-02 12:00:00"]
    );
    assert_eq!((rows[1].close, rows[1].volume), (Some(1.6), Some(8.into())));
    assert_eq!(source.provenance().basis, PriceBasis::AsTraded);
}

#[test]
fn an_instant_is_stored_on_the_clock_of_the_exchange_or_refused() {
    let text = "timestamp,close\n1704205800,1\n1704205860,2\n";
    let folder = Folder::new();
    folder.put("1m/X.csv", text);

    let rows = bars(&*folder.source(), "X", "1m");

    assert_eq!(stamp(&rows[0]), "2024-01-02 09:30:00");
    let nowhere = folder.source_with("eu:files", |_| {});
    assert!(refusal(&*nowhere, "X", "1m").contains("set timezone"));
}

const KLINES_HEADER: &str = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n";

/// Four minutes of a coin, as instants with a number of digits more than seconds have.
fn klines(header: &str, zeros: usize) -> String {
    let line = |at: i64| {
        let (start, rest) = (1_698_364_800 + at * 60, "9".repeat(zeros));
        let (zeros, end) = ("0".repeat(zeros), start + 59);
        format!("{start}{zeros},3.2,3.3,3.1,3.2{at},20{at},{end}{rest},1,1,1,1,0\n")
    };
    let lines: String = (0..4).map(line).collect();
    format!("{header}{lines}")
}

/// With a header line they were stored on the clock of the market, and without one on that of UTC, while the footers named
/// the market's for both.
#[test]
fn klines_are_the_same_bars_with_a_header_and_without_one_and_say_their_clock() {
    let spelled = "Open time,Open,High,Low,Close,Volume,Close time,Quote asset volume,Number of trades,Taker buy base,Taker buy quote,Ignore\n";
    for (interval, stamps) in [("1m", "2023-10-27 00:00:00"), ("1d", "2023-10-27 00:00:00")] {
        for venue in ["us:files", "crypto:files"] {
            for zeros in [3, 6] {
                for header in ["", KLINES_HEADER, spelled] {
                    let folder = Folder::new();
                    let text = klines(header, zeros);
                    let (lines, _) = text.split_at(text.len());
                    let lines: Vec<&str> = lines.lines().collect();
                    let kept = if interval == "1d" {
                        lines.len() - 3
                    } else {
                        lines.len()
                    };
                    folder.put(&format!("{interval}/X.csv"), lines[..kept].join("\n"));
                    let source = folder.source_with(venue, |_| {});

                    let answer = source
                        .fetch(&job("X", interval), &Shutdown::default())
                        .unwrap();

                    let Fetched::Bars { batch, beside, .. } = answer else {
                        panic!("{answer:?}");
                    };
                    assert_eq!(stamp(&batch.bars[0]), stamps, "{venue} {zeros} {header}");
                    let zone = beside.provenance.unwrap().timezone;
                    assert_eq!(zone.as_deref(), Some("UTC"), "{venue} {zeros} {header}");
                }
            }
        }
    }
}

#[test]
fn klines_are_stored_on_the_clock_that_the_settings_name() {
    for header in ["", KLINES_HEADER] {
        let folder = Folder::new();
        folder.put("1m/X.csv", klines(header, 3));
        let source = folder.source_with("us:files", |spec| {
            spec.timezone = Some(chrono_tz::Asia::Tokyo);
        });

        assert_eq!(stamp(&bars(&*source, "X", "1m")[0]), "2023-10-27 09:00:00");
    }
}

#[test]
fn a_path_that_is_not_there_is_a_matter_of_settings() {
    let source = files_source("us:files", FilesSpec::of("/nowhere/prices".into()));

    let answer = ask(&*source, &job("X", "1d"));

    let Err(error @ SourceError::Misconfigured { .. }) = answer else {
        panic!("{answer:?}");
    };
    assert!(error.to_string().contains("/nowhere/prices"));
}

#[test]
fn thousands_of_small_files_take_no_long_time() {
    let folder = Folder::new();
    for at in 0..2_000 {
        folder.put(&format!("daily/{}/t{at}.us.txt", at % 10), DAILY);
    }
    let source = folder.source();
    let began = std::time::Instant::now();

    for at in 0..2_000 {
        assert_eq!(bars(&*source, &format!("T{at}"), "1d").len(), 3);
    }

    // Generous, for loaded machines: it takes a tenth of this.
    assert!(began.elapsed().as_secs_f64() < 3.0, "{:?}", began.elapsed());
}

/// What the setting says later is neither taken for granted of stored bars nor passed over.
#[test]
fn a_price_basis_that_is_set_later_is_told_and_holds_for_what_is_stored_anew() {
    let bar = Barkeep::empty();
    let settings = |basis: &str| {
        let source = "[sources.\"us:mine\"]\nkind = \"files\"\npath = \"in\"\ntimezone = \"America/New_York\"\n";
        bar.write("barkeep.toml", format!("{source}{basis}"));
    };
    let listed = || {
        let listed = bar.run(&["list", "--json"]).expect(Exit::Ok).summary();
        listed["series"][0]["basis"].as_str().map(str::to_owned)
    };
    bar.write("in/A.csv", "Date,Close\n2024-01-02,11\n2024-01-03,12\n");
    settings("");
    bar.run(&["init", "--ticker", "A", "--partitioned"])
        .expect(Exit::Ok);
    bar.run(&["update"]).expect(Exit::Ok);

    settings("price_basis = \"split_adjusted\"\n");
    let nothing_new = bar.run(&["update"]).expect(Exit::Ok);
    bar.write(
        "in/A.csv",
        "Date,Close\n2024-01-02,11\n2024-01-03,12\n2024-01-04,13\n",
    );
    let grown = bar.run(&["update"]).expect(Exit::Ok);

    for ran in [nothing_new, grown] {
        assert!(
            ran.stderr
                .contains("us:mine: price_basis is split_adjusted in barkeep.toml"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("A 1d (unknown)"), "{}", ran.stderr);
    }
    assert_eq!(listed().as_deref(), Some("unknown"));

    bar.remove("data/us/mine/stocks_1d");
    let anew = bar.run(&["update", "--accept-missing"]).expect(Exit::Ok);
    assert!(!anew.stderr.contains("price_basis"), "{}", anew.stderr);
    assert_eq!(listed().as_deref(), Some("split_adjusted"));

    settings("price_basis = \"as_traded\"\n");
    let other = bar.run(&["update"]).expect(Exit::Ok);
    assert!(
        other.stderr.contains("A 1d (split_adjusted)"),
        "{}",
        other.stderr
    );
}
