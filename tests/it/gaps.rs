//! What each session of a series is, in which order gaps are filled, and what is lost.

mod book;
mod order;

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::barkeep::Ran;
use crate::support::charts::{DAY, NOV_20, YahooBar};
use crate::support::market::at;
use crate::support::server::{Reply, Request};

/// What the market does on a day.
#[derive(Clone, Copy, Debug, PartialEq)]
enum On {
    Trades,
    Silence,
    Null,
}

/// Three minutes of every weekday from 30 October 2025 on, but for some days, as Yahoo tells them of what is asked for.
fn minutes(request: &Request, now: i64, odd: &[(i64, On)]) -> Reply {
    let asked = |name| request.query(name).unwrap().parse::<i64>().unwrap();
    let (from, to) = (asked("period1"), asked("period2").min(now + 1));
    let on = |day: i64| {
        let found = odd.iter().find(|(at, _)| *at == day);
        found.map_or(On::Trades, |(_, on)| *on)
    };
    let is_weekday = |day: &i64| (day + 3).rem_euclid(7) < 5;
    let days = (-21..60).filter(is_weekday);
    let days = days.filter(|day| on(*day) != On::Silence);
    let stamps =
        days.flat_map(|day| (0..3).map(move |minute| (day, NOV_20 + day * DAY + minute * 60)));
    let stamps: Vec<(i64, i64)> = stamps.filter(|(_, at)| (from..to).contains(at)).collect();
    let price = |(day, _): &(i64, i64)| {
        if on(*day) == On::Null {
            json!(null)
        } else {
            json!(1.5)
        }
    };
    let prices: Vec<Value> = stamps.iter().map(price).collect();
    let ticker = request.path.rsplit('/').next().unwrap();
    let mut result = json!({
        "meta": {
            "symbol": ticker, "exchangeName": "NMS", "currency": "USD", "instrumentType": "EQUITY",
            "exchangeTimezoneName": "America/New_York", "firstTradeDate": 345_479_400, "dataGranularity": "1m",
        },
        "timestamp": stamps.iter().map(|(_, at)| *at).collect::<Vec<i64>>(),
        "indicators": {"quote": [{"open": prices, "high": prices, "low": prices, "close": prices, "volume": prices}]},
    });
    if stamps.is_empty() {
        result.as_object_mut().unwrap().remove("timestamp");
        result["indicators"] = json!({"quote": [{}]});
    }
    Reply::json(json!({"chart": {"error": null, "result": [result]}}).to_string())
}

/// Makes it so late, and the server answer as the market is.
fn open(yahoo: &mut YahooBar, moment: &str, odd: &'static [(i64, On)]) {
    let now = at(moment);
    moment.clone_into(&mut yahoo.bar.now);
    yahoo
        .server
        .handle(move |request: &Request| minutes(request, now, odd));
}

/// Makes it so late, and the server turn everybody away.
fn shut(yahoo: &mut YahooBar, moment: &str) {
    moment.clone_into(&mut yahoo.bar.now);
    yahoo.server.handle(|_: &Request| Reply::new(503, "later"));
}

fn gaps(yahoo: &YahooBar, ticker: &str) -> Vec<String> {
    let ran = yahoo
        .bar
        .run(&["status", "--gaps", "--json", "--ticker", ticker]);
    spans(&ran)
}

/// The spans of the first series as `state first..last sessions`.
fn spans(ran: &Ran) -> Vec<String> {
    let document = ran.summary();
    let spans = document["series"][0]["spans"].as_array().cloned();
    let text = |span: &Value, key: &str| span[key].as_str().unwrap().to_owned();
    let told = |span: &Value| {
        let (first, last) = (text(span, "first"), text(span, "last"));
        format!(
            "{} {first}..{last} {}",
            text(span, "state"),
            span["sessions"]
        )
    };
    spans.unwrap_or_default().iter().map(told).collect()
}

/// What minutes were asked for, by ticker: the first moment and the one after the last.
fn asked(yahoo: &YahooBar) -> Vec<(String, i64, i64)> {
    let requests = yahoo.server.requests().into_iter();
    let requests = requests.filter(|request| request.query("interval") == Some("1m"));
    let of = |request: &Request| {
        let value = |name| request.query(name).unwrap().parse::<i64>().unwrap();
        let ticker = request.path.rsplit('/').next().unwrap().to_owned();
        (ticker, value("period1"), value("period2"))
    };
    requests.map(|request| of(&request)).collect()
}

/// Wednesday 12 November without a price, and Thursday after without a trade.
const ODD: &[(i64, On)] = &[(-8, On::Null), (-7, On::Silence)];
const FRIDAY: &str = "2025-11-21T22:00:00Z";

fn stored_on_friday() -> YahooBar {
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    open(&mut yahoo, FRIDAY, ODD);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    yahoo
}

#[test]
fn each_session_of_a_series_is_had_empty_open_or_turned_away() {
    let mut yahoo = stored_on_friday();
    let stored = gaps(&yahoo, "AAPL");

    "2025-11-24T22:00:00Z".clone_into(&mut yahoo.bar.now);
    let open = gaps(&yahoo, "AAPL");
    shut(&mut yahoo, "2025-11-25T22:00:00Z");
    yahoo.bar.run(&["update"]).expect(Exit::SourceDown);
    let turned_away = gaps(&yahoo, "AAPL");

    let had = [
        "have 2025-10-30..2025-11-11 9",
        "source_null 2025-11-12..2025-11-12 1",
        "no_trades 2025-11-13..2025-11-13 1",
        "have 2025-11-14..2025-11-21 6",
    ];
    assert_eq!(stored, had);
    assert_eq!(
        open,
        [&had[..], &["pending 2025-11-24..2025-11-24 1"]].concat()
    );
    assert_eq!(
        turned_away,
        [&had[..], &["throttled 2025-11-24..2025-11-25 2"]].concat()
    );
}

#[test]
fn the_table_adds_sessions_up_and_says_what_is_lost_next() {
    let mut yahoo = stored_on_friday();
    "2025-11-24T22:00:00Z".clone_into(&mut yahoo.bar.now);

    let all = yahoo.bar.run(&["status", "--gaps"]).expect(Exit::Ok);
    let one = yahoo
        .bar
        .run(&["status", "--gaps", "-t", "AAPL"])
        .expect(Exit::Ok);

    let line = |ran: &Ran, of: &str| {
        let mut lines = ran.stdout.lines();
        let line = lines.find(|line| line.contains(of)).unwrap_or_default();
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let pending = [
        "us:yahoo",
        "1m",
        "pending",
        "1",
        "1",
        "2025-11-24",
        "2025-11-24",
    ];
    assert_eq!(
        line(&all, "pending"),
        [&pending[..], &["2025-12-24T05:00:00Z"]].concat()
    );
    assert!(line(&one, "pending").contains(&"2025-12-24T05:00:00Z".to_owned()));
    let refused = yahoo.bar.run(&["status", "--ticker", "AAPL"]);
    assert_eq!(refused.exit, Exit::Usage, "without --gaps");
}

/// What passed out of reach while nobody was answered was told by nobody.
#[test]
fn what_a_source_forgot_meanwhile_is_lost_and_named_once() {
    let mut yahoo = stored_on_friday();
    shut(&mut yahoo, "2025-11-25T22:00:00Z");
    yahoo.bar.run(&["update"]).expect(Exit::SourceDown);
    // The 24th and the 25th of November, and the day before Thanksgiving, of which nobody asked.
    shut(&mut yahoo, "2025-12-26T12:00:00Z");
    let derived = gaps(&yahoo, "AAPL");

    let first = yahoo
        .bar
        .run(&["update", "--json", "--metrics-file", "barkeep.prom"]);
    let again = yahoo.bar.run(&["update", "--json"]);

    let lost = |ran: &Ran| ran.summary()["losses"].as_array().unwrap().clone();
    let told = lost(&first);
    assert_eq!(told.len(), 2, "{told:?}");
    for (loss, reason) in told.iter().zip([
        "the session of 2025-11-26 is lost for AAPL: no run had an answer in time",
        "2 sessions from 2025-11-24 to 2025-11-25 are lost for AAPL: the source was unreachable",
    ]) {
        assert!(loss.as_str().unwrap().contains(reason), "{loss}");
    }
    assert_eq!(lost(&again), Vec::<Value>::new(), "named once");
    let remembered = gaps(&yahoo, "AAPL");
    assert!(
        derived.contains(&"lost 2025-11-24..2025-11-26 3".to_owned()),
        "{derived:?}"
    );
    assert!(
        remembered.contains(&"lost 2025-11-24..2025-11-25 2".to_owned())
            && remembered.contains(&"holiday 2025-11-27..2025-11-27 1".to_owned()),
        "{remembered:?}"
    );
    let metrics = yahoo.bar.text("barkeep.prom");
    let line = "barkeep_lost_sessions{market=\"us\",source=\"yahoo\",interval=\"1m\"} 3\n";
    assert!(metrics.contains(line), "{metrics}");

    open(&mut yahoo, "2025-12-26T12:00:00Z", ODD);
    let answered = yahoo.bar.run(&["update", "--json"]).expect(Exit::Ok);

    let warnings = answered.summary()["warnings"].to_string();
    assert!(
        !warnings.contains("lost"),
        "what is known is no news: {warnings}"
    );
    assert_eq!(gaps(&yahoo, "AAPL")[4], "lost 2025-11-24..2025-11-25 2");
}

#[test]
fn an_answer_that_comes_too_late_leaves_what_it_lacks_as_lost() {
    let mut yahoo = stored_on_friday();
    open(&mut yahoo, "2025-12-26T12:00:00Z", ODD);

    let ran = yahoo.bar.run(&["update", "--json"]);

    let warnings = ran.summary()["warnings"].to_string();
    assert!(
        warnings.contains("2025-11-22 to 2025-11-26 are lost"),
        "{warnings}"
    );
    let document = yahoo
        .bar
        .run(&["status", "--gaps", "--json", "-t", "AAPL"])
        .summary();
    let spans = document["series"][0]["spans"].as_array().unwrap();
    let lost = spans.iter().find(|span| span["state"] == "lost").unwrap();
    assert_eq!(lost["cause"], "forgotten");
    assert_eq!(lost["noticed"], "2025-12-26");
    assert_eq!(
        (&lost["first"], &lost["sessions"]),
        (&json!("2025-11-24"), &json!(3))
    );
}

#[test]
fn filling_gaps_asks_for_the_days_that_are_open_and_for_nothing_else() {
    let mut yahoo = YahooBar::of("AAPL", "1m", "");
    yahoo
        .bar
        .run(&["tickers", "add", "WHOLE", "--venue", "us:yahoo"])
        .expect(Exit::Ok);
    "2025-11-21T22:00:00Z".clone_into(&mut yahoo.bar.now);
    let now = at(FRIDAY);
    yahoo.server.handle(move |request: &Request| {
        let odd = if request.path.ends_with("AAPL") {
            ODD
        } else {
            &[]
        };
        minutes(request, now, odd)
    });
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let before = asked(&yahoo).len();
    open(&mut yahoo, FRIDAY, &[]);

    let plan = yahoo
        .bar
        .run(&["update", "--fill-gaps", "--dry-run", "--json"])
        .expect(Exit::Ok);
    yahoo.bar.run(&["update", "--fill-gaps"]).expect(Exit::Ok);

    let jobs = plan.summary()["jobs"].as_array().unwrap().clone();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    assert_eq!(jobs[0]["ticker"], "AAPL");
    assert_eq!(
        (&jobs[0]["from"], &jobs[0]["until"]),
        (&json!("2025-11-12"), &json!("2025-11-12"))
    );
    let asked = asked(&yahoo).split_off(before);
    assert_eq!(asked.len(), 1, "{asked:?}");
    let midnight = at("2025-11-12T05:00:00Z");
    assert_eq!(asked[0], ("AAPL".to_owned(), midnight, midnight + DAY));
    assert_eq!(
        gaps(&yahoo, "AAPL"),
        [
            "have 2025-10-30..2025-11-12 10",
            "no_trades 2025-11-13..2025-11-13 1",
            "have 2025-11-14..2025-11-21 6"
        ]
    );
    let rest = yahoo
        .bar
        .run(&["update", "--fill-gaps", "--dry-run", "--json"])
        .expect(Exit::Ok);
    assert_eq!(rest.summary()["jobs"], json!([]));
}

#[test]
fn filling_gaps_goes_on_from_the_last_run_where_sessions_are_open() {
    let mut yahoo = stored_on_friday();
    open(&mut yahoo, "2025-11-25T22:00:00Z", &[]);

    yahoo.bar.run(&["update", "--fill-gaps"]).expect(Exit::Ok);

    assert_eq!(gaps(&yahoo, "AAPL"), ["have 2025-10-30..2025-11-25 19"]);
    let next = yahoo.bar.run(&["update", "--json"]).expect(Exit::Ok);
    assert_eq!(next.summary()["requests"], 0, "the mark has moved on");
}

/// Nobody may claim that a session is stored because nothing is remembered of it.
#[test]
fn without_what_is_remembered_sessions_are_unknown_and_never_had() {
    let mut yahoo = stored_on_friday();
    let book = yahoo
        .bar
        .places
        .state
        .join("gaps/us/yahoo/1m/00000001.whole");
    assert!(yahoo.bar.fs().remove_file(&book).unwrap());

    let forgotten = gaps(&yahoo, "AAPL");
    open(&mut yahoo, "2025-11-24T22:00:00Z", ODD);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    assert_eq!(
        forgotten,
        [
            "unknown 2025-10-30..2025-11-11 9",
            "source_null 2025-11-12..2025-11-13 2",
            "unknown 2025-11-14..2025-11-21 6"
        ],
        "its mark has the days that it asks for again"
    );
    let begun = gaps(&yahoo, "AAPL");
    assert_eq!(
        begun.last().unwrap(),
        "have 2025-11-18..2025-11-24 5",
        "what was asked for again"
    );
}

#[test]
fn a_damaged_file_of_gaps_is_named_and_begun_anew() {
    let mut yahoo = stored_on_friday();
    let file = "state/gaps/us/yahoo/1m/00000001.whole";
    let text = yahoo.bar.text(file);
    yahoo.bar.write(file, text.replace("h13", "h14"));

    let told = yahoo.bar.run(&["status", "--gaps"]).expect(Exit::Ok);
    open(&mut yahoo, "2025-11-24T22:00:00Z", ODD);
    let ran = yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let after = yahoo.bar.run(&["status", "--gaps"]).expect(Exit::Ok);

    assert!(
        told.stderr.contains("00000001.whole is damaged"),
        "{told:?}"
    );
    assert!(ran.stderr.contains("remembered anew"), "{ran:?}");
    assert!(!after.stderr.contains("damaged"), "{after:?}");
}

#[test]
fn rows_that_are_gone_for_good_are_lost_sessions() {
    let yahoo = stored_on_friday();
    let text = yahoo.bar.text("tickers.json");
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let entry = &mut document["AAPL"]["intervals"]["1m"];
    entry["lost"] = json!([{"from": "2025-11-04", "to": "2025-11-05", "noticed": "2025-11-20"}]);
    yahoo.bar.write("tickers.json", document.to_string());

    let found = gaps(&yahoo, "AAPL");

    assert_eq!(found[1], "lost 2025-11-04..2025-11-05 2", "{found:?}");
}
