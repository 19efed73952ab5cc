//! Windows that a person chooses, across splits and payments that the stored rows have not seen.

use barkeep::cli::Exit;
use chrono::{DateTime, Utc};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::barkeep::Ran;
use crate::support::charts::{DAY, NOV_20, YahooBar};
use crate::support::server::{Reply, Request};

/// The split of two to one takes effect on this day: Monday, 17 November 2025.
const SPLIT: i64 = NOV_20 - 3 * DAY;
const FIRST: i64 = NOV_20 - 80 * DAY;

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Split,
    Payment,
}

/// Serves days, or minutes at the opening of each day, as Yahoo tells them at a moment: on the basis of that day.
fn serve(yahoo: &mut YahooBar, interval: &str, moment: &str, what: What) {
    let now = moment.parse::<DateTime<Utc>>().unwrap().timestamp();
    moment.clone_into(&mut yahoo.bar.now);
    let interval = interval.to_owned();
    yahoo.server.handle(move |request: &Request| {
        let at = |name| request.query(name).unwrap().parse::<i64>().unwrap();
        let (from, to) = (at("period1"), at("period2").min(now));
        let asked = request.query("interval").unwrap();
        let is_minute = asked == "1m";
        assert!(asked == interval || asked == "1d", "{asked}");
        let is_weekday = |stamp: &i64| !matches!((stamp / DAY + 3) % 7, 5 | 6);
        let days = (0..200).map(|at| FIRST + at * DAY).filter(is_weekday);
        let per_day = if is_minute { 3 } else { 1 };
        let stamps = days.flat_map(|day| (0..per_day).map(move |minute| day + minute * 60));
        let stamps: Vec<i64> = stamps.filter(|stamp| from <= *stamp && *stamp < to).collect();
        let is_over = now >= SPLIT;
        let price = |stamp: &i64| {
            #[expect(clippy::cast_precision_loss, reason = "some days")]
            let price = 200.0 + ((stamp - FIRST) / 60 % 97) as f64;
            if is_over && what == What::Split { price / 2.0 } else { price }
        };
        let of = |more: f64| stamps.iter().map(|stamp| price(stamp) * more).collect::<Vec<f64>>();
        let adjusted = |stamp: &i64| {
            let is_before = is_over && *stamp < SPLIT && what == What::Payment;
            price(stamp) * if is_before { 0.99 } else { 1.0 }
        };
        let adjusted: Vec<f64> = stamps.iter().map(adjusted).collect();
        let is_moved = |stamp: &i64| is_over && *stamp < SPLIT && what == What::Split;
        let volumes: Vec<i64> = stamps.iter().map(|s| if is_moved(s) { 20 } else { 10 }).collect();
        let is_told = is_over && from <= SPLIT && SPLIT < to;
        let events = match what {
            _ if !is_told => Value::Null,
            What::Split => json!({"splits": {"1": {"numerator": 2, "denominator": 1, "date": SPLIT}}}),
            What::Payment => json!({"dividends": {"1": {"amount": 2.0, "date": SPLIT}}}),
        };
        let indicators = if is_minute { json!({}) } else { json!([{"adjclose": adjusted}]) };
        let body = json!({"chart": {"error": null, "result": [{
            "meta": {
                "symbol": "AAPL", "exchangeName": "NMS", "currency": "USD", "instrumentType": "EQUITY",
                "exchangeTimezoneName": "America/New_York", "firstTradeDate": FIRST, "dataGranularity": asked,
            },
            "timestamp": stamps,
            "events": events,
            "indicators": {
                "quote": [{"open": of(1.0), "high": of(1.01), "low": of(0.99), "close": of(1.0), "volume": volumes}],
                "adjclose": indicators,
            },
        }]}});
        Reply::json(body.to_string())
    });
}

fn update(yahoo: &mut YahooBar, options: &[&str]) -> Ran {
    let args: Vec<&str> = std::iter::once("update")
        .chain(options.iter().copied())
        .collect();
    yahoo.bar.run(&args).expect(Exit::Ok)
}

/// Adjusted closes began anew with the last days, and no payment was ever asked for again.
#[rstest]
#[case("adjusted_1d")]
#[case("events")]
fn what_comes_along_with_bars_and_is_gone_is_told_and_asked_for_again(#[case] folder: &str) {
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    serve(&mut yahoo, "1d", "2025-12-15T22:00:00Z", What::Payment);
    update(&mut yahoo, &[]);
    let file = format!("data/us/yahoo/{folder}/ticker=AAPL/data.parquet");
    let length = |yahoo: &YahooBar| yahoo.bar.read(&file).len();
    let before = length(&yahoo);
    yahoo.bar.remove(&file);

    serve(&mut yahoo, "1d", "2025-12-16T22:00:00Z", What::Payment);
    let told = yahoo.bar.run(&["update"]).expect(Exit::Partial).stderr;
    // The server's payments contradict its prices, which check tells too, though as no error.
    let checked = yahoo.bar.run(&["check"]).stderr;
    assert!(checked.contains("error: "), "{checked}");
    serve(&mut yahoo, "1d", "2025-12-17T22:00:00Z", What::Payment);
    update(&mut yahoo, &[]);

    assert!(
        told.contains("the next update asks its source for all of them again"),
        "{told}"
    );
    assert!(length(&yahoo) >= before);
    let checked = yahoo.bar.run(&["check"]).stderr;
    assert!(!checked.contains("error: "), "{checked}");
}

/// The stored bars that are not what Yahoo tells at the end.
fn off(yahoo: &YahooBar, interval: &str, options: &[&str]) -> usize {
    let fresh = |moment: &str| {
        let mut fresh = YahooBar::of("AAPL", interval, "");
        serve(&mut fresh, interval, moment, What::Split);
        update(&mut fresh, &[]);
        fresh
            .show("AAPL", interval, options)
            .expect(Exit::Ok)
            .stdout
    };
    let told = fresh(&yahoo.bar.now);
    let stored = yahoo
        .show("AAPL", interval, options)
        .expect(Exit::Ok)
        .stdout;
    // What is older is out of the source's reach by then.
    let is_off = |line: &&str| !told.contains(*line) && line.contains("2025-11");
    stored.lines().filter(is_off).count()
}

/// Before, on, after and around the day of the split, and of one day.
const WINDOWS: [(&str, &str); 6] = [
    ("2025-11-10", "2025-11-18"),
    ("2025-11-03", "2025-11-07"),
    ("2025-11-18", "2025-11-20"),
    ("2025-11-17", "2025-11-17"),
    ("2025-10-06", "2025-11-13"),
    ("2025-11-19", "2025-12-31"),
];

#[rstest]
fn a_window_around_an_unseen_split_is_named_and_the_next_run_leaves_one_basis(
    #[values(0, 1, 2, 3, 4, 5)] window: usize,
    #[values(true, false)] has_mark: bool,
    #[values("", "settle_sessions = 0")] settings: &str,
) {
    let (first, last) = WINDOWS[window];
    let mut yahoo = YahooBar::of("AAPL", "1d", settings);
    serve(&mut yahoo, "1d", "2025-11-14T22:00:00Z", What::Split);
    if has_mark {
        update(&mut yahoo, &[]);
    } else {
        // As explicit windows leave no mark, nothing is known of when these rows were fetched but their own days.
        update(
            &mut yahoo,
            &["--start", "2025-09-01", "--end", "2025-11-14"],
        );
    }
    serve(&mut yahoo, "1d", "2025-11-20T22:00:00Z", What::Split);

    let ran = update(&mut yahoo, &["--start", first, "--end", last]);
    let said = ran.stderr.replace('\n', " ");
    let again = update(&mut yahoo, &["--start", first, "--end", last]);
    serve(&mut yahoo, "1d", "2025-11-21T22:00:00Z", What::Split);
    update(&mut yahoo, &[]);

    assert!(
        said.contains("AAPL") && said.contains("a split of 2025-11-17"),
        "{said}"
    );
    assert!(
        again.stderr.contains("Stored") || again.stderr.contains("Nothing"),
        "{}",
        again.stderr
    );
    assert_eq!(off(&yahoo, "1d", &[]), 0);
}

#[rstest]
fn minutes_are_moved_across_the_split_at_once(#[values(0, 1, 2, 3, 4, 5)] window: usize) {
    let (first, last) = WINDOWS[window];
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    serve(&mut yahoo, "1m", "2025-11-14T22:00:00Z", What::Split);
    update(&mut yahoo, &[]);
    serve(&mut yahoo, "1m", "2025-11-20T22:00:00Z", What::Split);

    let ran = update(&mut yahoo, &["--start", first, "--end", last]);
    let between = off(&yahoo, "1m", &[]);
    update(&mut yahoo, &["--start", first, "--end", last]);
    serve(&mut yahoo, "1m", "2025-11-21T22:00:00Z", What::Split);
    update(&mut yahoo, &[]);

    assert!(
        between == 0 || ran.stderr.contains("basis"),
        "{between}: {}",
        ran.stderr
    );
    assert_eq!(off(&yahoo, "1m", &[]), 0, "{}", ran.stderr);
}

/// Bars stay, and the adjusted closes before the payment are other ones.
#[test]
fn a_window_around_an_unseen_payment_has_the_history_fetched_again() {
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    serve(&mut yahoo, "1d", "2025-11-14T22:00:00Z", What::Payment);
    update(
        &mut yahoo,
        &["--start", "2025-09-01", "--end", "2025-11-14"],
    );
    serve(&mut yahoo, "1d", "2025-11-20T22:00:00Z", What::Payment);

    let ran = update(
        &mut yahoo,
        &["--start", "2025-11-14", "--end", "2025-11-19"],
    );
    serve(&mut yahoo, "1d", "2025-11-21T22:00:00Z", What::Payment);
    update(&mut yahoo, &[]);

    assert!(
        ran.stderr.contains("a payment of 2025-11-17"),
        "{}",
        ran.stderr
    );
    let adjusted = yahoo.show(
        "AAPL",
        "1d",
        &[
            "--adjust",
            "all",
            "--start",
            "2025-10-01",
            "--end",
            "2025-10-01",
        ],
    );
    let plain = yahoo.show(
        "AAPL",
        "1d",
        &["--start", "2025-10-01", "--end", "2025-10-01"],
    );
    let close = |ran: Ran| -> f64 {
        let line = ran
            .expect(Exit::Ok)
            .stdout
            .lines()
            .nth(1)
            .unwrap()
            .to_owned();
        line.split(',').nth(5).unwrap().parse().unwrap()
    };
    let ratio = close(adjusted) / close(plain);
    assert!((ratio - 0.99).abs() < 1e-9, "{ratio}");
}

#[test]
fn a_window_that_nothing_happened_around_is_quiet_and_asks_once() {
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    serve(&mut yahoo, "1d", "2025-11-18T22:00:00Z", What::Split);
    update(&mut yahoo, &[]);
    let asked = yahoo.server.requests().len();

    let ran = update(
        &mut yahoo,
        &["--start", "2025-10-06", "--end", "2025-10-10"],
    );

    assert!(!ran.stderr.contains("split"), "{}", ran.stderr);
    assert_eq!(yahoo.server.requests().len(), asked + 1);
    let registry: Value = yahoo.bar.json("tickers.json");
    assert_eq!(registry["AAPL"]["intervals"]["1d"]["refetch"], Value::Null);
}
