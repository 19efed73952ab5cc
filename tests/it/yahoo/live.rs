//! The last trade, which comes as a row of its own while a session is open.

use barkeep::cli::Exit;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::charts::{NOV_20, YahooBar};
use crate::support::server::{Reply, Request};

const HOUR: i64 = 3600;
/// 16:00 in New York, on a day that begins at 09:30.
const CLOSE: i64 = NOV_20 + 6 * HOUR + HOUR / 2;

/// A chart of 20 November 2025, whose last row is that of the last trade.
fn day(interval: &str, stamps: &[i64], settings: &Value) -> String {
    let prices: Vec<f64> = (0..stamps.len()).map(|_| 1.0).collect();
    json!({"chart": {"error": null, "result": [{
        "meta": {
            "symbol": "AAPL", "exchangeName": "NMS", "currency": "USD", "instrumentType": "EQUITY",
            "exchangeTimezoneName": "America/New_York", "firstTradeDate": 345_479_400,
            "dataGranularity": interval, "regularMarketTime": stamps.last(),
            "tradingPeriods": settings,
        },
        "timestamp": stamps,
        "indicators": {"quote": [{
            "open": prices, "high": prices, "low": prices, "close": prices, "volume": vec![0; prices.len()],
        }]},
    }]}})
    .to_string()
}

fn regular() -> Value {
    json!([[{"start": NOV_20, "end": CLOSE}]])
}

fn update(yahoo: &mut YahooBar, moment: &str, body: String) {
    moment.clone_into(&mut yahoo.bar.now);
    yahoo
        .server
        .handle(move |_: &Request| Reply::json(body.clone()));
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
}

fn times(yahoo: &YahooBar, interval: &str, options: &[&str]) -> Vec<String> {
    let csv = yahoo.show("AAPL", interval, options).expect(Exit::Ok);
    let time = |line: &str| line.split(',').nth(1).unwrap()[11..16].to_owned();
    csv.stdout.lines().skip(1).map(time).collect()
}

fn provisional(yahoo: &YahooBar, interval: &str) -> Value {
    let registry: Value = serde_json::from_slice(&yahoo.bar.read("tickers.json")).unwrap();
    registry["AAPL"]["intervals"][interval]["provisional"].clone()
}

/// The bar of the last trade was not there yet, so that the trade was stored as a bar, which no later answer took back.
#[rstest]
#[case("1h", 60, "2025-11-20T15:42:17Z", NOV_20 + 72 * 60 + 12)]
#[case("1h", 60, "2025-11-20T15:42:17Z", NOV_20 + 72 * 60)]
#[case("5m", 5, "2025-11-20T14:42:17Z", NOV_20 + 12 * 60 + 12)]
#[case("1m", 1, "2025-11-20T14:33:50Z", NOV_20 + 3 * 60 + 39)]
#[case("30m", 15, "2025-11-20T15:42:17Z", NOV_20 + 72 * 60 + 12)]
fn a_trade_without_its_bar_is_no_bar(
    #[case] interval: &str,
    #[case] minutes: i64,
    #[case] moment: &str,
    #[case] traded: i64,
) {
    let served = if interval == "30m" { "15m" } else { interval };
    let mut yahoo = YahooBar::of("AAPL", interval, "");
    let bars = |until: i64| -> Vec<i64> {
        let starts = (0..(until - NOV_20) / 60 / minutes).map(|bar| NOV_20 + bar * minutes * 60);
        starts.collect()
    };
    let mut early = bars(traded);
    early.push(traded);

    update(&mut yahoo, moment, day(served, &early, &regular()));
    let between = times(&yahoo, interval, &[]);
    let whole = day(served, &bars(CLOSE), &regular());
    update(&mut yahoo, "2025-11-20T22:00:00Z", whole.clone());

    let mut alone = YahooBar::of("AAPL", interval, "");
    update(&mut alone, "2025-11-20T22:00:00Z", whole);
    let expected = times(&alone, interval, &[]);
    assert_eq!(times(&yahoo, interval, &[]), expected);
    assert!(expected.starts_with(&between), "{between:?}");
    assert_eq!(provisional(&yahoo, interval), Value::Null);
}

#[test]
fn a_trade_within_its_bar_is_joined_into_it_and_the_bar_stays_marked() {
    let mut yahoo = YahooBar::of("AAPL", "1h", "");
    let rows = [NOV_20, NOV_20 + HOUR, NOV_20 + HOUR + 732];

    update(
        &mut yahoo,
        "2025-11-20T15:42:17Z",
        day("1h", &rows, &regular()),
    );

    assert_eq!(times(&yahoo, "1h", &[]), ["09:30", "10:30"]);
    assert_eq!(provisional(&yahoo, "1h"), json!(["2025-11-20T10:30:00"]));
}

#[test]
fn a_trade_without_its_bar_is_no_bar_outside_of_the_session_either() {
    let mut yahoo = YahooBar::of("AAPL", "5m", "prepost = true");
    let opening = NOV_20 - 5 * HOUR - HOUR / 2;
    let periods = json!({
        "pre": [[{"start": opening, "end": NOV_20}]],
        "regular": regular(),
        "post": [[{"start": CLOSE, "end": CLOSE + 4 * HOUR}]],
    });
    let rows = [CLOSE - 300, CLOSE, CLOSE + 300, CLOSE + 912];

    update(
        &mut yahoo,
        "2025-11-20T21:15:17Z",
        day("5m", &rows, &periods),
    );

    assert_eq!(
        times(&yahoo, "5m", &["--prepost"]),
        ["15:55", "16:00", "16:05"]
    );
}
