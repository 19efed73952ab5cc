//! The last trade, which comes as a row of its own while a session is open.

use barkeep::cli::Exit;
use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
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
    let registry: Value = yahoo.bar.json("tickers.json");
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

/// A body of days or wider bars, and the moment of the last trade.
fn wide(
    zone: Tz,
    interval: &str,
    rows: &[&str],
    session: Option<[&str; 2]>,
    traded: &str,
) -> String {
    let instant = |text: &str| {
        let wall: NaiveDateTime = text.parse().unwrap();
        zone.from_local_datetime(&wall)
            .earliest()
            .unwrap()
            .timestamp()
    };
    let stamps: Vec<i64> = rows.iter().map(|row| instant(row)).collect();
    let closes: Vec<usize> = (1..=rows.len()).collect();
    let period = session.map(|[start, end]| json!({"start": instant(start), "end": instant(end)}));
    json!({"chart": {"error": null, "result": [{
        "meta": {
            "symbol": "AAPL", "exchangeName": "XXX", "instrumentType": "EQUITY", "exchangeTimezoneName": zone.name(),
            "firstTradeDate": 345_479_400, "dataGranularity": interval, "regularMarketTime": instant(traded),
            "currentTradingPeriod": {"regular": period},
        },
        "timestamp": stamps,
        "indicators": {
            "quote": [{"open": closes, "high": closes, "low": closes, "close": closes, "volume": closes}],
            "adjclose": [{"adjclose": closes}],
        },
    }]}})
    .to_string()
}

fn days(yahoo: &YahooBar, interval: &str) -> Vec<String> {
    let csv = yahoo.csv("AAPL", interval);
    let day = |line: &str| line.split(',').nth(1).unwrap()[..10].to_owned();
    csv.lines().skip(1).map(day).collect()
}

/// Hours before midnight were taken for days that a clock change had moved, so that the row of the open session was stored
/// as the day that follows, where that had no session for ever.
#[rstest]
#[case(Tz::UTC, "00:00", "2026-11-26T22:00:20", ["2026-11-26T00:00:00", "2026-11-26T23:59:00"])]
#[case(Tz::UTC, "00:00", "2026-11-26T23:00:00", ["2026-11-26T00:00:00", "2026-11-26T23:59:00"])]
#[case(Tz::UTC, "00:00", "2026-11-26T23:59:59", ["2026-11-26T00:00:00", "2026-11-26T23:59:00"])]
#[case(Tz::Europe__Berlin, "08:00", "2026-11-20T22:00:03", ["2026-11-20T08:00:00", "2026-11-20T22:00:00"])]
#[case(Tz::Europe__Berlin, "08:00", "2026-11-20T22:00:00", ["2026-11-20T08:00:00", "2026-11-20T22:00:00"])]
#[case(Tz::Europe__Berlin, "07:30", "2026-03-27T23:00:00", ["2026-03-27T07:30:00", "2026-03-27T23:00:00"])]
#[case(Tz::Europe__London, "00:00", "2026-10-23T22:00:41", ["2026-10-23T00:00:00", "2026-10-23T23:59:00"])]
#[case(Tz::America__New_York, "00:00", "2026-11-20T22:00:00", ["2026-11-20T00:00:00", "2026-11-20T23:59:00"])]
#[case(Tz::Asia__Kolkata, "09:00", "2026-11-20T23:30:00", ["2026-11-20T09:00:00", "2026-11-20T23:30:00"])]
#[case(Tz::Australia__Lord_Howe, "10:00", "2026-11-20T23:30:00", ["2026-11-20T10:00:00", "2026-11-20T23:45:00"])]
#[case(Tz::America__Santiago, "09:30", "2026-09-04T22:00:07", ["2026-09-04T09:30:00", "2026-09-04T21:00:00"])]
fn the_row_of_an_open_session_is_of_its_own_day(
    #[case] zone: Tz,
    #[case] opening: &str,
    #[case] live: &str,
    #[case] session: [&str; 2],
    #[values(true, false)] has_session: bool,
) {
    let day: NaiveDateTime = live.parse().unwrap();
    let before = |days: u64| {
        let day = day.date() - chrono::Days::new(days);
        format!("{day}T{opening}:00")
    };
    let rows = [before(2), before(1), live.to_owned()];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    // Without its session, a stamp of a whole hour could be either.
    let has_session = has_session || live.ends_with(":00");
    let body = wide(zone, "1d", &rows, has_session.then_some(session), live);
    let mut yahoo = YahooBar::of("AAPL", "1d", "");
    let now: DateTime<Utc> = zone.from_local_datetime(&day).unwrap().to_utc();

    update(&mut yahoo, &now.to_rfc3339(), body);

    let expected: Vec<String> = rows.iter().map(|row| row[..10].to_owned()).collect();
    assert_eq!(days(&yahoo, "1d"), expected);
}

/// Saturday morning: the answer tells Monday's session, or none. No clock changes at Hong Kong, and no day that rests has
/// a bar.
#[rstest]
#[case(Tz::UTC, "2026-11-26T22:00:00")]
#[case(Tz::Asia__Hong_Kong, "2026-11-26T23:00:00")]
#[case(Tz::Europe__Berlin, "2026-11-20T22:00:00")]
fn a_last_trade_on_the_hour_is_of_its_own_day_without_its_session(
    #[case] zone: Tz,
    #[case] live: &str,
) {
    let before = format!(
        "{}T08:00:00",
        live[..10]
            .parse::<chrono::NaiveDate>()
            .unwrap()
            .pred_opt()
            .unwrap()
    );
    let body = wide(zone, "1d", &[&before, live], None, live);
    let mut yahoo = YahooBar::of("AAPL", "1d", "");

    update(&mut yahoo, "2026-11-28T09:00:00Z", body);

    assert_eq!(days(&yahoo, "1d"), [&before[..10], &live[..10]]);
}

#[rstest]
#[case(Tz::Europe__Berlin, "1d", &["2026-03-29T23:00:00", "2026-03-30T23:00:00"], &["2026-03-30", "2026-03-31"])]
#[case(Tz::America__Sao_Paulo, "1d", &["2022-01-02T23:00:00", "2022-01-03T22:00:00"], &["2022-01-03", "2022-01-04"])]
#[case(Tz::Australia__Lord_Howe, "1d", &["2026-04-05T23:30:00", "2026-04-06T23:30:00"], &["2026-04-06", "2026-04-07"])]
#[case(Tz::Australia__Sydney, "1wk", &["2026-03-30T00:00:00", "2026-04-05T23:00:00"], &["2026-03-30", "2026-04-06"])]
#[case(Tz::Europe__London, "1mo", &["2026-09-30T23:00:00", "2026-10-31T23:00:00"], &["2026-10-01", "2026-11-01"])]
#[case(Tz::America__New_York, "3mo", &["2026-03-31T23:00:00", "2026-06-30T23:00:00"], &["2026-04-01", "2026-07-01"])]
fn finished_bars_around_a_clock_change_are_of_the_day_that_follows(
    #[case] zone: Tz,
    #[case] interval: &str,
    #[case] rows: &[&str],
    #[case] expected: &[&str],
) {
    let (first, traded) = (rows[0], "2026-11-26T12:00:00");
    let session = Some(["2026-11-26T09:00:00", "2026-11-26T17:30:00"]);
    let mut yahoo = YahooBar::of("AAPL", interval, "");

    update(
        &mut yahoo,
        "2026-11-27T08:00:00Z",
        wide(zone, interval, rows, session, traded),
    );

    assert_eq!(days(&yahoo, interval), expected, "{first}");
}

#[rstest]
#[case("1wk", "2026-11-16T00:00:00", "2026-11-20T22:00:03", "2026-11-16")]
#[case("1mo", "2026-11-01T00:00:00", "2026-11-30T22:00:03", "2026-11-01")]
#[case("3mo", "2026-10-01T00:00:00", "2026-11-30T22:00:00", "2026-10-01")]
fn the_last_trade_is_part_of_its_wide_bar_and_none_alone(
    #[case] interval: &str,
    #[case] bar: &str,
    #[case] live: &str,
    #[case] expected: &str,
    #[values(true, false)] is_alone: bool,
) {
    let day = &live[..10];
    let session = [format!("{day}T08:00:00"), format!("{day}T22:00:00")];
    let session = [session[0].as_str(), session[1].as_str()];
    let before = "2026-07-06T00:00:00";
    let before = match interval {
        "1wk" => before,
        _ => "2026-07-01T00:00:00",
    };
    let rows = if is_alone {
        vec![before, live]
    } else {
        vec![before, bar, live]
    };
    let mut yahoo = YahooBar::of("AAPL", interval, "");
    let now = format!("{day}T21:30:00Z");

    update(
        &mut yahoo,
        &now,
        wide(Tz::Europe__Berlin, interval, &rows, Some(session), live),
    );

    let mut wanted = vec![before[..10].to_owned()];
    wanted.extend((!is_alone).then(|| expected.to_owned()));
    assert_eq!(days(&yahoo, interval), wanted);
    let open = provisional(&yahoo, interval);
    let expected = if is_alone {
        Value::Null
    } else {
        json!([format!("{expected}T00:00:00")])
    };
    assert_eq!(open, expected);
}

/// Five days that begin on a Thursday hold the Tuesday after the weekend, and nobody knows how Yahoo counts them: the last
/// trade became a bar of its own, which no later answer took back.
#[rstest]
#[case(&["2026-11-12T00:00:00", "2026-11-17T11:02:03"], &["2026-11-12"])]
#[case(&["2026-11-11T00:00:00", "2026-11-16T11:02:03"], &["2026-11-11"])]
#[case(&["2026-11-16T00:00:00", "2026-11-17T11:02:03"], &["2026-11-16"])]
#[case(&["2026-11-12T00:00:00", "2026-11-17T00:00:00"], &["2026-11-12", "2026-11-17"])]
fn a_last_trade_is_no_bar_of_five_days(#[case] rows: &[&str], #[case] expected: &[&str]) {
    let zone = Tz::America__New_York;
    let traded = rows[1];
    let session = format!("{}T09:30:00", &traded[..10]);
    let close = format!("{}T16:00:00", &traded[..10]);
    let mut yahoo = YahooBar::of("AAPL", "5d", "");
    let now = traded.parse::<NaiveDateTime>().unwrap();
    let now: DateTime<Utc> = zone.from_local_datetime(&now).unwrap().to_utc();
    let body = wide(zone, "5d", rows, Some([&session, &close]), traded);

    update(&mut yahoo, &now.to_rfc3339(), body);

    assert_eq!(days(&yahoo, "5d"), expected);
}
