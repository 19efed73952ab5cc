//! A series that is up to date costs no request, whatever its exchange.

use barkeep::cli::Exit;
use serde_json::json;

use crate::support::charts::YahooBar;
use crate::support::market::at;
use crate::support::server::{Reply, Request};

/// What Yahoo says of a symbol beside its bars.
#[derive(Clone, Copy)]
struct Symbol {
    name: &'static str,
    exchange: &'static str,
    zone: &'static str,
    instrument: &'static str,
}

const SIEMENS: Symbol = Symbol {
    name: "SIE.DE",
    exchange: "GER",
    zone: "Europe/Berlin",
    instrument: "EQUITY",
};
/// Of an exchange that no table has.
const ERSTE: Symbol = Symbol {
    name: "EBS.VI",
    exchange: "VIE",
    zone: "Europe/Vienna",
    instrument: "EQUITY",
};
const EURO: Symbol = Symbol {
    name: "EURUSD=X",
    exchange: "CCY",
    zone: "Europe/London",
    instrument: "CURRENCY",
};
const BITCOIN: Symbol = Symbol {
    name: "BTC-USD",
    exchange: "CCC",
    zone: "UTC",
    instrument: "CRYPTOCURRENCY",
};

/// A chart of one daily bar, whose answer tells a session as the current or the next one.
fn chart(symbol: Symbol, bar: &str, session: (&str, &str)) -> String {
    let (start, end) = (at(session.0), at(session.1));
    let one = [1.0];
    json!({"chart": {"error": null, "result": [{
        "meta": {
            "symbol": symbol.name, "exchangeName": symbol.exchange, "currency": "EUR",
            "instrumentType": symbol.instrument, "exchangeTimezoneName": symbol.zone,
            "firstTradeDate": 345_479_400, "dataGranularity": "1d", "regularMarketTime": at(bar) + 1800,
            "currentTradingPeriod": {"regular": {"start": start, "end": end}},
        },
        "timestamp": [at(bar)],
        "indicators": {
            "quote": [{"open": one, "high": one, "low": one, "close": one, "volume": [1]}],
            "adjclose": [{"adjclose": one}],
        },
    }]}})
    .to_string()
}

/// Updates at each moment, and returns the numbers of requests after each.
fn requests_at(symbol: Symbol, body: &str, moments: &[&str]) -> Vec<usize> {
    let mut yahoo = YahooBar::of(symbol.name, "1d", "");
    let body = body.to_owned();
    yahoo
        .server
        .handle(move |_: &Request| Reply::json(body.clone()));
    let mut sent = Vec::new();
    for moment in moments {
        (*moment).clone_into(&mut yahoo.bar.now);
        yahoo.bar.run(&["update"]).expect(Exit::Ok);
        sent.push(yahoo.server.requests().len());
    }
    sent
}

#[test]
fn frankfurt_is_asked_once_in_an_evening_and_once_for_a_weekend() {
    let friday = ("2025-11-21T08:00:00Z", "2025-11-21T16:30:00Z");
    let body = chart(SIEMENS, "2025-11-21T08:00:00Z", friday);

    let sent = requests_at(
        SIEMENS,
        &body,
        &[
            "2025-11-21T16:45:00Z",
            "2025-11-21T18:00:00Z",
            "2025-11-21T22:00:00Z",
            "2025-11-22T12:00:00Z",
            "2025-11-24T07:59:00Z",
            "2025-11-24T08:30:00Z",
        ],
    );

    // The first comes before the figures of the day are complete.
    assert_eq!(sent, [1, 2, 2, 2, 2, 3]);
}

/// Good Friday and Easter Monday of 2025 are the 18th and the 21st of April.
#[test]
fn a_holiday_that_a_table_knows_costs_no_request() {
    let thursday = ("2025-04-17T07:00:00Z", "2025-04-17T15:30:00Z");
    let body = chart(SIEMENS, "2025-04-17T07:00:00Z", thursday);

    let sent = requests_at(
        SIEMENS,
        &body,
        &[
            "2025-04-17T16:01:00Z",
            "2025-04-18T10:00:00Z",
            "2025-04-18T20:00:00Z",
            "2025-04-20T12:00:00Z",
            "2025-04-21T10:00:00Z",
            "2025-04-22T06:59:00Z",
            "2025-04-22T07:01:00Z",
        ],
    );

    assert_eq!(sent, [1, 1, 1, 1, 1, 1, 2]);
}

/// Good Friday of 2025 is on the 18th of April; Yahoo tells the session of Thursday as the current one.
#[test]
fn a_holiday_that_the_answer_tells_is_asked_about_once() {
    let thursday = ("2025-04-17T07:00:00Z", "2025-04-17T15:30:00Z");
    let body = chart(ERSTE, "2025-04-17T07:00:00Z", thursday);

    let sent = requests_at(
        ERSTE,
        &body,
        &[
            "2025-04-18T07:30:00Z",
            "2025-04-18T10:00:00Z",
            "2025-04-18T15:00:00Z",
            "2025-04-18T20:00:00Z",
            "2025-04-20T12:00:00Z",
            "2025-04-21T10:00:00Z",
        ],
    );

    // Half an hour after an opening, nobody knows yet whether there is one.
    assert_eq!(sent, [1, 2, 2, 2, 2, 3]);
}

#[test]
fn a_next_session_that_the_answer_tells_is_waited_for() {
    let tuesday = ("2025-04-22T07:00:00Z", "2025-04-22T15:30:00Z");
    let body = chart(ERSTE, "2025-04-17T07:00:00Z", tuesday);

    let sent = requests_at(
        ERSTE,
        &body,
        &[
            "2025-04-19T10:00:00Z",
            "2025-04-21T12:00:00Z",
            "2025-04-22T06:59:00Z",
            "2025-04-22T07:30:00Z",
        ],
    );

    assert_eq!(sent, [1, 1, 1, 2]);
}

/// Yahoo may tell of the session before, while bars of the day are coming already.
#[test]
fn a_day_on_which_something_was_traded_is_no_holiday() {
    let thursday = ("2025-11-20T08:00:00Z", "2025-11-20T16:30:00Z");
    let body = chart(ERSTE, "2025-11-21T08:00:00Z", thursday);

    let moments = ["2025-11-21T12:00:00Z", "2025-11-21T15:00:00Z"];

    assert_eq!(requests_at(ERSTE, &body, &moments), [1, 2]);
}

#[test]
fn currencies_rest_at_the_weekend_and_coins_never() {
    let friday = ("2025-11-21T00:00:00Z", "2025-11-21T23:59:00Z");
    let moments = [
        "2025-11-22T18:00:00Z",
        "2025-11-23T12:00:00Z",
        "2025-11-23T22:00:00Z",
    ];

    let euro = chart(EURO, "2025-11-21T00:00:00Z", friday);
    assert_eq!(requests_at(EURO, &euro, &moments), [1, 1, 2]);

    let bitcoin = chart(BITCOIN, "2025-11-21T00:00:00Z", friday);
    assert_eq!(requests_at(BITCOIN, &bitcoin, &moments), [1, 2, 3]);
}
