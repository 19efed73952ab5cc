//! What every source promises, asked of each of them.

use std::sync::Arc;

use barkeep::calendar::{Calendars, Day};
use barkeep::model::{Interval, time};
use barkeep::source::demo::DemoSpec;
use barkeep::source::files::FilesSpec;
use barkeep::source::{
    Asked, FetchJob, Fetched, MarketDataSource, SourceError, SourceSpec, Window, open,
};
use barkeep::sys::{OsFs, Shutdown, Signal};
use proptest::prelude::*;

use crate::support::files::{Folder, OneRow, ask, files_source, job, stamp};

const DAILY: &str = "Date,Open,High,Low,Close,Adj Close,Volume\n\
    2024-01-02,10,12,9,11,5,100\n2024-01-03,11,13,10,12,6,200\n2024-01-04,12,14,11,13,7,300\n";

fn demo() -> Arc<dyn MarketDataSource> {
    let spec = SourceSpec::Demo(DemoSpec::default());
    open(
        "us:demo".parse().unwrap(),
        spec,
        Arc::new(OsFs),
        Arc::new(OneRow),
    )
}

/// Runs a check on every source; each of them knows AAPL, daily, with bars of 2 to 4 January 2024.
fn each_source(check: impl Fn(&dyn MarketDataSource)) {
    let folder = Folder::new();
    folder.put("daily/AAPL.csv", DAILY);
    check(&*demo());
    check(&*folder.source());
}

fn explicit(from: &str, to: &str) -> FetchJob {
    FetchJob {
        window: Window {
            from: time::parse(from),
            to: time::parse(to),
        },
        asked: Asked::Explicit,
        ..job("AAPL", "1d")
    }
}

#[test]
fn a_source_answers_for_its_venue_and_names_it_in_its_provenance() {
    each_source(|source| {
        assert_eq!(source.provenance().source.as_ref(), Some(source.venue()));
        assert_eq!(
            source.provenance().timezone.as_deref(),
            Some("America/New_York")
        );
        assert!(source.serves(Interval::D1));
        let christmas = "2024-12-25".parse().unwrap();
        let calendar = source.calendar(&job("AAPL", "1d").ticker, &Calendars::default());
        assert_eq!(calendar.unwrap().day(christmas), Day::Closed);
    });
}

#[test]
fn a_source_that_answers_is_ready_and_one_without_its_folder_is_not() {
    each_source(|source| {
        source.ready().unwrap();
    });

    let folder = Folder::new();
    folder.put("daily/AAPL.csv", DAILY);
    let source = files_source("us:files", FilesSpec::of(folder.path().join("gone")));
    let unready = source.ready().unwrap_err().to_string();
    assert!(unready.contains("gone"), "{unready}");
    let unanswered = ask(&*source, &job("AAPL", "1d")).unwrap_err();
    assert_eq!(unanswered.to_string(), unready);
}

#[test]
fn the_same_job_gives_the_same_answer() {
    each_source(|source| {
        let first = ask(source, &job("AAPL", "1d")).unwrap();

        assert_eq!(first, ask(source, &job("AAPL", "1d")).unwrap());
        assert!(
            matches!(first, Fetched::Bars { batch, mark: Some(_), .. } if !batch.bars.is_empty())
        );
    });
}

#[test]
fn an_explicit_window_is_honoured_exactly_and_leaves_no_mark() {
    each_source(|source| {
        let answer = ask(source, &explicit("2024-01-03", "2024-01-04")).unwrap();

        let Fetched::Bars {
            batch, mark: None, ..
        } = answer
        else {
            panic!("{answer:?}");
        };
        assert_eq!(
            batch.bars.iter().map(stamp).collect::<Vec<_>>(),
            ["2024-01-03 00:00:00"]
        );
    });
}

#[test]
fn an_explicit_window_is_never_answered_with_up_to_date() {
    each_source(|source| {
        let Fetched::Bars { mark, .. } = ask(source, &job("AAPL", "1d")).unwrap() else {
            panic!("no bars");
        };
        let with_mark = FetchJob {
            mark,
            ..explicit("2024-01-03", "2024-01-04")
        };
        let weekend = explicit("2024-01-06", "2024-01-08");

        assert!(matches!(ask(source, &with_mark), Ok(Fetched::Bars { .. })));
        assert_eq!(
            ask(source, &weekend).unwrap(),
            Fetched::Nothing {
                mark: None,
                beside: Box::default()
            }
        );
    });
}

#[test]
fn a_mark_that_is_handed_back_says_that_nothing_is_new() {
    each_source(|source| {
        let Fetched::Bars { mark, .. } = ask(source, &job("AAPL", "1d")).unwrap() else {
            panic!("no bars");
        };
        let again = FetchJob {
            mark,
            ..job("AAPL", "1d")
        };

        assert_eq!(ask(source, &again).unwrap(), Fetched::UpToDate);
    });
}

#[test]
fn a_mark_that_cannot_be_read_counts_as_none() {
    each_source(|source| {
        let foreign = FetchJob {
            mark: Some("yahoo-7 x".to_owned()),
            ..job("AAPL", "1d")
        };

        assert_eq!(
            ask(source, &foreign).unwrap(),
            ask(source, &job("AAPL", "1d")).unwrap()
        );
    });
}

#[test]
fn a_raised_stop_ends_a_fetch_without_an_answer() {
    each_source(|source| {
        let stop = Shutdown::default();
        stop.raise(Signal::Terminate);

        let answer = source.fetch(&job("AAPL", "1d"), &stop);
        assert!(
            matches!(answer, Err(SourceError::Stopped { .. })),
            "{answer:?}"
        );
    });
}

#[test]
fn an_unknown_ticker_is_not_an_error() {
    each_source(|source| {
        assert_eq!(
            ask(source, &job("NOSUCH1", "1d")).unwrap(),
            Fetched::UnknownTicker
        );
    });
}

#[test]
fn the_demo_has_nothing_new_while_no_session_has_ended() {
    let mut monday = job("X", "1d");
    monday.window.from = time::parse("2024-01-06");
    monday.now = "2024-01-08T15:00:00Z".parse().unwrap();
    assert_eq!(ask(&*demo(), &monday).unwrap(), Fetched::UpToDate);

    monday.now = "2024-01-08T21:00:00Z".parse().unwrap();
    assert!(
        matches!(ask(&*demo(), &monday), Ok(Fetched::Bars { batch, .. }) if batch.bars.len() == 1)
    );
}

#[test]
fn the_demo_keeps_short_intervals_for_as_long_as_others_do() {
    for (interval, first) in [
        ("1m", "2026-06-24 09:30:00"),
        ("5m", "2026-05-04 09:30:00"),
        ("1h", "2024-07-01 09:30:00"),
        ("1d", "2016-01-04 00:00:00"),
    ] {
        let mut asked = job("AAPL", interval);
        asked.now = "2026-07-01T12:00:00Z".parse().unwrap();
        let Ok(Fetched::Bars { batch, .. }) = ask(&*demo(), &asked) else {
            panic!("no bars");
        };
        assert_eq!(stamp(&batch.bars[0]), first, "{interval}");
    }
}

#[test]
fn the_demo_makes_a_first_workspace_in_no_time() {
    let source = demo();
    let began = std::time::Instant::now();

    for ticker in ["AAPL", "MSFT", "KO", "IBM", "SPY"] {
        let mut minutes = job(ticker, "1m");
        minutes.window.from = time::parse("2026-06-01");
        assert!(ask(&*source, &job(ticker, "1d")).is_ok());
        assert!(
            matches!(ask(&*source, &minutes), Ok(Fetched::Bars { batch, .. }) if batch.bars.len() > 7_000)
        );
    }

    // Generous, for loaded machines and unoptimised builds.
    assert!(began.elapsed().as_millis() < 300, "{:?}", began.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_longer_window_gives_the_same_bars_where_they_overlap(
        at in 0..13_usize, start in 0..500_i64, inside in 0..40_i64, length in 1..40_i64, later in 0..300_i64,
    ) {
        let first = time::parse("2022-01-03").unwrap() + start * time::DAY;
        let interval = Interval::ALL[at];
        let ask_between = |from: i64, to: i64, days: i64| {
            let mut asked = job("MSFT", interval.as_str());
            asked.window = Window { from: Some(from), to: Some(to) };
            asked.asked = Asked::Explicit;
            asked.now += chrono::TimeDelta::days(days);
            match ask(&*demo(), &asked).unwrap() {
                Fetched::Bars { batch, .. } => batch.bars,
                _ => Vec::new(),
            }
        };
        let (from, to) = (first + inside * time::DAY, first + (inside + length) * time::DAY);
        let short = ask_between(from, to, 0);
        let mut long = ask_between(first, to + inside * time::DAY, later);
        long.retain(|bar| (from..to).contains(&bar.date.unwrap()));
        prop_assert_eq!(short, long);
    }
}
