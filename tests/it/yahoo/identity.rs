//! Who a ticker is: moves, new names of what is the same, shells, and what nobody told of an exchange.

use barkeep::cli::Exit;
use serde_json::{Value, json};

use crate::support::charts::YahooBar;
use crate::support::server::{Reply, Request};

/// What Yahoo says of a symbol, and its daily bars: day, hour of the opening in UTC, and close.
#[derive(Clone)]
struct Told {
    symbol: &'static str,
    exchange: &'static str,
    zone: &'static str,
    kind: &'static str,
    first_trade: i64,
    bars: Vec<(&'static str, f64)>,
}

const KRAFT: i64 = 1_436_189_400;

fn kraft(exchange: &'static str, bars: &[(&'static str, f64)]) -> Told {
    Told {
        symbol: "KHC",
        exchange,
        zone: "America/New_York",
        kind: "EQUITY",
        first_trade: KRAFT,
        bars: bars.to_vec(),
    }
}

fn at(moment: &str) -> i64 {
    let moment: chrono::DateTime<chrono::Utc> = moment.parse().unwrap();
    moment.timestamp()
}

fn body(told: &Told) -> String {
    let stamps: Vec<i64> = told
        .bars
        .iter()
        .map(|(day, _)| at(&format!("{day}T13:30:00Z")))
        .collect();
    let closes: Vec<f64> = told.bars.iter().map(|(_, close)| *close).collect();
    let volumes = vec![100; closes.len()];
    let mut result = json!({
        "meta": {
            "symbol": told.symbol, "exchangeName": told.exchange, "currency": "USD", "instrumentType": told.kind,
            "exchangeTimezoneName": told.zone, "firstTradeDate": told.first_trade, "dataGranularity": "1d",
        },
        "indicators": { "quote": [{}] },
    });
    if !stamps.is_empty() {
        result["timestamp"] = json!(stamps);
        result["indicators"] = json!({
            "quote": [{"open": closes, "high": closes, "low": closes, "close": closes, "volume": volumes}],
            "adjclose": [{"adjclose": closes}],
        });
    }
    json!({"chart": {"error": null, "result": [result]}}).to_string()
}

/// Updates in the evening of a day, on which Yahoo tells this.
fn evening(yahoo: &mut YahooBar, day: &str, told: Told) -> crate::support::barkeep::Ran {
    yahoo
        .server
        .handle(move |_: &Request| Reply::json(body(&told)));
    yahoo.bar.now = format!("{day}T22:00:00Z");
    yahoo.bar.run(&["update"])
}

const FRIDAY: [(&str, f64); 2] = [("2026-09-10", 29.0), ("2026-09-11", 30.0)];
const MONDAY: [(&str, f64); 3] = [
    ("2026-09-10", 29.1),
    ("2026-09-11", 30.0),
    ("2026-09-14", 31.0),
];

fn days(yahoo: &YahooBar, symbol: &str) -> Vec<String> {
    let rows = yahoo.csv(symbol, "1d");
    let lines = rows.lines().skip(1);
    lines
        .map(|line| line.split(',').nth(1).unwrap().to_owned())
        .collect()
}

fn registry(yahoo: &YahooBar) -> Value {
    let tickers = yahoo.bar.read("tickers.json");
    serde_json::from_slice(&tickers).unwrap()
}

#[test]
fn a_share_that_moves_to_another_exchange_goes_on_with_a_word_and_a_record() {
    let mut yahoo = YahooBar::of("KHC", "1d", "");
    evening(&mut yahoo, "2026-09-11", kraft("NMS", &FRIDAY)).expect(Exit::Ok);

    let moved = evening(&mut yahoo, "2026-09-14", kraft("NYQ", &MONDAY)).expect(Exit::Ok);
    let again = evening(&mut yahoo, "2026-09-14", kraft("NYQ", &MONDAY)).expect(Exit::Ok);

    assert!(
        moved
            .stderr
            .contains("KHC at us:yahoo has moved (exchange was NMS and is NYQ)"),
        "{moved:?}"
    );
    assert!(!again.stderr.contains("has moved"), "{again:?}");
    assert_eq!(days(&yahoo, "KHC").last().unwrap(), "2026-09-14");
    let entry = &registry(&yahoo)["KHC"];
    assert_eq!(entry["identity"]["exchange"], "NYQ");
    assert_eq!(entry["identity_before"][0]["exchange"], "NMS");
    assert_eq!(entry["identity_before"][0]["until"], "2026-09-14");
}

#[test]
fn a_move_without_a_bar_in_common_or_with_another_price_is_refused_and_status_says_so() {
    let strangers = [
        vec![("2026-09-14", 31.0)],
        vec![
            ("2026-09-10", 290.0),
            ("2026-09-11", 300.0),
            ("2026-09-14", 310.0),
        ],
    ];
    for bars in strangers {
        let mut yahoo = YahooBar::of("KHC", "1d", "");
        evening(&mut yahoo, "2026-09-11", kraft("NMS", &FRIDAY)).expect(Exit::Ok);
        let stored = yahoo.csv("KHC", "1d");

        evening(&mut yahoo, "2026-09-14", kraft("NYQ", &bars)).expect(Exit::Partial);
        let status = yahoo.bar.run(&["status"]).expect(Exit::Ok);
        let document = yahoo.bar.run(&["status", "--json"]).expect(Exit::Ok);

        assert_eq!(yahoo.csv("KHC", "1d"), stored);
        assert!(
            status.stderr.contains("KHC at us:yahoo is refused"),
            "{status:?}"
        );
        assert!(
            status.stderr.contains("1d ends with 2026-09-11"),
            "{status:?}"
        );
        let refused = &document.summary()["refused"][0];
        assert_eq!(refused["ticker"], "KHC");
        assert_eq!(refused["series"][0]["newest"], "2026-09-11");
    }
}

#[test]
fn the_new_name_of_a_zone_is_no_other_security() {
    let in_zone = |zone, bars: &[(&'static str, f64)]| Told {
        symbol: "INFY.NS",
        exchange: "NSI",
        zone,
        ..kraft("NSI", bars)
    };
    let mut yahoo = YahooBar::of("INFY.NS", "1d", "");
    evening(&mut yahoo, "2026-09-11", in_zone("Asia/Calcutta", &FRIDAY)).expect(Exit::Ok);

    // Monday is a holiday at Mumbai.
    let tuesday = [FRIDAY[1], ("2026-09-15", 31.0)];
    let ran = evening(&mut yahoo, "2026-09-15", in_zone("Asia/Kolkata", &tuesday)).expect(Exit::Ok);

    assert_eq!(
        days(&yahoo, "INFY.NS").last().unwrap(),
        "2026-09-15",
        "{ran:?}"
    );
}

#[test]
fn a_shell_without_rows_does_not_say_who_a_ticker_is_and_is_asked_again() {
    let shell = Told {
        exchange: "YHD",
        kind: "MUTUALFUND",
        first_trade: KRAFT + 3600,
        ..kraft("YHD", &[])
    };
    let mut yahoo = YahooBar::of("KHC", "1d", "");

    evening(&mut yahoo, "2026-09-11", shell);
    let first = registry(&yahoo);
    evening(&mut yahoo, "2026-09-11", kraft("NMS", &FRIDAY)).expect(Exit::Ok);

    assert_eq!(first["KHC"]["identity"], Value::Null, "{first}");
    assert_eq!(days(&yahoo, "KHC"), ["2026-09-10", "2026-09-11"]);
}

/// Saturday, 12 September 2026, is worked in place of another day, Friday the 11th is a holiday that no table has.
#[test]
fn gaps_of_an_exchange_without_a_table_are_judged_by_the_bars_of_its_other_tickers() {
    let taipei = |symbol, bars: &[(&'static str, f64)]| Told {
        symbol,
        zone: "Asia/Taipei",
        ..kraft("TAI", bars)
    };
    let whole = [
        ("2026-09-09", 1.0),
        ("2026-09-10", 1.0),
        ("2026-09-12", 1.0),
        ("2026-09-14", 1.0),
    ];
    let holed = [
        ("2026-09-09", 1.0),
        ("2026-09-10", 1.0),
        ("2026-09-14", 1.0),
    ];
    let mut yahoo = YahooBar::of("2330.TW", "1d", "");
    yahoo
        .bar
        .run(&["tickers", "add", "2317.TW"])
        .expect(Exit::Ok);
    let (one, other) = (
        body(&taipei("2330.TW", &whole)),
        body(&taipei("2317.TW", &holed)),
    );
    yahoo.server.handle(move |request: &Request| {
        let is_whole = request.path.contains("2330");
        Reply::json(if is_whole { one.clone() } else { other.clone() })
    });
    "2026-09-14T22:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);

    let holes = yahoo.show("2317.TW", "1d", &["--gaps"]);

    assert!(
        holes.stderr.contains("taken from the bars of 2330.TW"),
        "{holes:?}"
    );
    assert!(
        holes
            .stderr
            .contains("no bars on 1 trading day: 2026-09-12"),
        "{holes:?}"
    );
}

#[test]
fn bars_of_who_had_a_symbol_before_stay_and_check_names_them() {
    let mut yahoo = YahooBar::of("KHC", "1d", "");
    evening(&mut yahoo, "2026-09-11", kraft("NMS", &FRIDAY)).expect(Exit::Ok);
    let clean = yahoo
        .bar
        .run(&["check", "--ticker", "KHC"])
        .expect(Exit::Ok);
    let another = || Told {
        first_trade: at("2026-09-14T13:30:00Z"),
        ..kraft("NYQ", &[("2026-09-14", 7.0)])
    };
    evening(&mut yahoo, "2026-09-14", another()).expect(Exit::Partial);

    yahoo
        .bar
        .run(&["tickers", "accept", "KHC"])
        .expect(Exit::Ok);
    evening(&mut yahoo, "2026-09-14", another()).expect(Exit::Ok);
    let found = yahoo.bar.run(&["check", "--ticker", "KHC"]);

    assert_eq!(
        days(&yahoo, "KHC"),
        ["2026-09-10", "2026-09-11", "2026-09-14"]
    );
    assert!(!clean.stdout.contains("of_another"), "{clean:?}");
    let told = "was first traded on 2026-09-14, and another had it before";
    assert!(
        found.stdout.contains("of_another") && found.stdout.contains(told),
        "{found:?}"
    );
}

/// A symbol that is removed and added, or was collected by the predecessor, has rows and nobody who is known to be behind it.
#[test]
fn who_was_traded_first_after_the_oldest_stored_row_does_not_continue_it() {
    for (monday, is_continued) in [
        (vec![("2026-09-14", 300.0)], false),
        (vec![FRIDAY[1], ("2026-09-14", 300.0)], false),
        (vec![FRIDAY[0], FRIDAY[1], ("2026-09-14", 31.0)], true),
    ] {
        let mut yahoo = YahooBar::of("KHC", "1d", "");
        evening(&mut yahoo, "2026-09-11", kraft("NMS", &FRIDAY)).expect(Exit::Ok);
        for words in [["tickers", "remove", "KHC"], ["tickers", "add", "KHC"]] {
            yahoo.bar.run(&words).expect(Exit::Ok);
        }
        let mut another = kraft("NYQ", &monday);
        another.first_trade = at("2026-09-14T13:30:00Z");
        if !is_continued {
            another.bars.iter_mut().for_each(|bar| bar.1 = 300.0);
        }

        let ran = evening(&mut yahoo, "2026-09-14", another);

        let known = days(&yahoo, "KHC");
        if is_continued {
            assert_eq!(known.last().unwrap(), "2026-09-14", "{ran:?}");
        } else {
            assert_eq!(known, ["2026-09-10", "2026-09-11"], "{ran:?}");
            let told = "rows are stored since 2026-09-10, and it was traded first on 2026-09-14";
            assert!(ran.stderr.contains(told), "{ran:?}");
        }
    }
}
