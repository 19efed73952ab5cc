//! Of which stored bars an export is made, ticker by ticker.

use barkeep::cli::Exit;
use barkeep::frame::{EventKind, MarketEvent, rows_of_events};
use barkeep::model::{Interval, Series, StorageRequest, time};
use barkeep::storage::StorageInterface;

use crate::support::barkeep::Barkeep;
use crate::support::series::{provenance, rows};

fn store(bar: &Barkeep, request: &StorageRequest, newer: &barkeep::frame::Frame) {
    let store: &dyn StorageInterface = &bar.stores().partitioned;
    let prepared = store.prepare(request, newer, &provenance()).unwrap();
    bar.commit(&prepared).unwrap();
}

const HOURS: (Interval, &[&str]) = (Interval::H1, &["2025-11-20T09:30:00"]);
const DAYS: (Interval, &[&str]) = (Interval::D1, &["2025-11-19", "2025-11-20"]);
const MINUTES: (Interval, &[&str]) = (
    Interval::M1,
    &["2025-11-20T09:30:00", "2025-11-20T09:31:00"],
);

/// Two tickers with bars of these lengths.
fn mixed(of_a: &[(Interval, &[&str])], of_b: &[(Interval, &[&str])]) -> Barkeep {
    let bar = Barkeep::partitioned(&["AAA", "BBB"]);
    for (ticker, lengths) in [("AAA", of_a), ("BBB", of_b)] {
        for (interval, moments) in lengths {
            let (venue, ticker) = ("us:demo".parse().unwrap(), ticker.parse().unwrap());
            let request = StorageRequest::bars(venue, ticker, *interval);
            store(&bar, &request, &rows(&request, moments, 10.0));
        }
    }
    bar
}

fn first_words(table: &str) -> Vec<&str> {
    table
        .lines()
        .map(|line| line.split(',').next().unwrap())
        .collect()
}

#[cfg(feature = "polars")]
#[test]
fn bars_of_each_ticker_are_joined_of_the_longest_that_it_has() {
    let bar = mixed(&[HOURS, MINUTES], &[MINUTES]);
    let export = ["export", "-o", "-", "--format", "csv", "--resample", "1d"];

    let all = bar.run(&export).expect(Exit::Ok);
    let named = bar
        .run(&[&export[..], &["BBB", "AAA"]].concat())
        .expect(Exit::Ok);
    let wide = bar
        .run(&[&export[..], &["--wide", "close"]].concat())
        .expect(Exit::Ok);

    assert_eq!(first_words(&all.stdout), ["stock", "AAA", "BBB"]);
    assert_eq!(all.stdout, named.stdout);
    assert!(wide.stdout.starts_with("date,AAA,BBB\n"), "{}", wide.stdout);
}

#[cfg(feature = "polars")]
#[test]
fn a_ticker_without_bars_that_can_be_joined_is_named() {
    let bar = mixed(&[DAYS], &[MINUTES]);
    let export = ["export", "-o", "-", "--format", "csv", "--resample", "5m"];

    let ran = bar.run(&export).expect(Exit::Partial);

    assert_eq!(first_words(&ran.stdout), ["stock", "BBB"]);
    let told = "no stored bars of AAA can be joined to bars of 5m";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

/// A payment counts for the bars of every length, whether or not days are stored.
#[test]
fn factors_of_a_ticker_without_days_are_made_of_what_it_has() {
    let bar = mixed(&[DAYS, MINUTES], &[MINUTES]);
    let paid = time::parse("2025-11-21").unwrap();
    let dividend = MarketEvent::new(paid, EventKind::Dividend { amount: 0.5 });
    for ticker in ["AAA", "BBB"] {
        let ticker: barkeep::model::Ticker = ticker.parse().unwrap();
        let request = StorageRequest {
            venue: Some("us:demo".parse().unwrap()),
            series: Series::Events {
                ticker: ticker.clone(),
            },
        };
        store(
            &bar,
            &request,
            &rows_of_events(&ticker, std::slice::from_ref(&dividend)),
        );
    }
    let export = ["export", "-o", "-", "--format", "csv", "--factors"];

    let ran = bar.run(&export).expect(Exit::Ok);

    let rows: Vec<Vec<&str>> = ran
        .stdout
        .lines()
        .map(|row| row.split(',').collect())
        .collect();
    let told: Vec<_> = rows
        .iter()
        .skip(1)
        .map(|row| (row[0], row[1], row[3]))
        .collect();
    let expected = ["AAA", "BBB"].map(|ticker| (ticker, "2025-11-21", "0.95"));
    assert_eq!(told, expected, "{}", ran.stdout);
}
