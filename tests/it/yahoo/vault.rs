//! Answers of Yahoo in the vault, and bars that are made anew of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;
use barkeep::vault::{Finding, Vault};
use serde_json::{Value, json};

use super::again::symbol;
use crate::support::barkeep::run_on;
use crate::support::charts::{NOV_20, YahooBar, chart};
use crate::support::server::{Reply, Request, Server};
use crate::support::sim::{SimFs, sweep};

const REPLAY: [&str; 4] = ["update", "--replay", "--venue", "us:yahoo"];
const KEPT: &str = "vault = true";
const EVENING: &str = "2025-11-21T01:00:00Z";
const MONTH: &str = "data/us/yahoo/stocks_1d/ticker=AAPL/year=2025/month=11/data.parquet";

fn serve(yahoo: &YahooBar, closes: &'static [f64]) {
    let body = |request: &Request| chart(symbol(request), closes, "NMS", &Value::Null);
    yahoo
        .server
        .handle(move |request: &Request| Reply::json(body(request)));
}

/// Two tickers whose answers of two evenings are kept.
fn two_evenings(settings: &str) -> YahooBar {
    let mut yahoo = YahooBar::of("AAPL", "1d", settings);
    yahoo.bar.run(&["tickers", "add", "MSFT"]).expect(Exit::Ok);
    EVENING.clone_into(&mut yahoo.bar.now);
    serve(&yahoo, &[1.0, 2.0, 3.0, 4.0]);
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    "2025-11-22T01:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.server.handle(|request: &Request| {
        let body = chart(symbol(request), &[2.0, 3.0, 4.5, 5.0], "NMS", &Value::Null);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        let stamps = [-2, -1, 0, 1].map(|day| NOV_20 + day * 86_400);
        body["chart"]["result"][0]["timestamp"] = json!(stamps);
        Reply::json(body.to_string())
    });
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    yahoo
}

fn data(yahoo: &YahooBar) -> BTreeMap<PathBuf, Vec<u8>> {
    yahoo.bar.files_in("data")
}

#[test]
fn answers_are_kept_where_somebody_says_so_without_the_address_of_the_server() {
    let kept = two_evenings(KEPT);
    let not = two_evenings("");

    assert!(!not.bar.has("vault"));
    let files = kept.bar.files_in("vault/us.yahoo");
    let names: Vec<String> = files
        .keys()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(names[0], "2025-11-21.pack", "one for the day that is over");
    let text: String = files
        .values()
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    assert!(text.contains("/v8/finance/chart/AAPL?period1="), "{text}");
    assert!(!text.contains("127.0.0.1"), "{text}");
    let status = kept.bar.run(&["status"]).expect(Exit::Ok);
    assert!(status.stdout.contains("us.yahoo"), "{}", status.stdout);
}

#[test]
fn what_is_made_anew_of_the_vault_is_what_is_stored_and_costs_no_request() {
    let yahoo = two_evenings(KEPT);
    let (stored, registry) = (data(&yahoo), yahoo.bar.text("tickers.json"));
    let asked = yahoo.server.requests().len();

    for _ in 0..2 {
        let ran = yahoo.bar.run(&REPLAY).expect(Exit::Ok);
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
        assert_eq!(data(&yahoo), stored);
    }

    assert_eq!(yahoo.server.requests().len(), asked);
    let mark = |text: &str| {
        let registry: Value = serde_json::from_str(text).unwrap();
        registry["AAPL"]["intervals"]["1d"].clone()
    };
    let after = yahoo.bar.text("tickers.json");
    for key in ["mark", "last_data_date", "provisional"] {
        assert_eq!(mark(&after)[key], mark(&registry)[key], "{key}");
    }
}

#[test]
fn a_damaged_answer_is_told_with_its_place_and_costs_itself() {
    let yahoo = two_evenings(KEPT);
    let stored = data(&yahoo);
    let pack = "vault/us.yahoo/2025-11-21.pack";
    let whole = yahoo.bar.read(pack);

    for at in [whole.len() / 3, whole.len() - 2] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        yahoo.bar.write(pack, damaged);

        let ran = yahoo.bar.run(&REPLAY).expect(Exit::Partial);
        let told = yahoo.bar.run(&[&REPLAY[..], &["--json"]].concat());

        assert!(
            ran.stderr
                .contains("are damaged in vault/us.yahoo/2025-11-21.pack"),
            "{ran:#?}"
        );
        let failures = &told.summary()["failures"];
        assert_eq!(failures.as_array().unwrap().len(), 1, "{failures}");
        assert_eq!(failures[0]["venue"], "us:yahoo");
        assert_eq!(data(&yahoo), stored, "what is stored stays");
    }

    yahoo.bar.write(pack, whole);
    yahoo.bar.run(&REPLAY).expect(Exit::Ok);
    assert_eq!(data(&yahoo), stored);
}

#[test]
fn a_row_that_a_person_took_out_is_not_made_anew() {
    let mut yahoo = YahooBar::of("AAPL", "1d", KEPT);
    EVENING.clone_into(&mut yahoo.bar.now);
    yahoo.server.handle(|request: &Request| {
        // Mondays to Fridays, and a Saturday that nobody traded on.
        let days = (-70..=0).filter(|day: &i64| (day + 3).rem_euclid(7) < 5 || *day == -5);
        let stamps: Vec<i64> = days.map(|day| NOV_20 + day * 86_400).collect();
        let closes: Vec<f64> = (0..stamps.len())
            .map(|at| if at % 2 == 0 { 100.0 } else { 101.0 })
            .collect();
        let body = chart(symbol(request), &closes, "NMS", &Value::Null);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        body["chart"]["result"][0]["timestamp"] = json!(stamps);
        Reply::json(body.to_string())
    });
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    assert!(yahoo.csv("AAPL", "1d").contains("2025-11-15"));
    let repair = ["check", "--repair", "--yes"];
    let taken_out = yahoo.bar.run(&repair).expect(Exit::Ok);
    assert!(taken_out.stdout.contains("2025-11-15"), "{taken_out:#?}");
    let left = yahoo.csv("AAPL", "1d");
    assert!(!left.contains("2025-11-15"), "{left}");

    yahoo.bar.run(&REPLAY).expect(Exit::Ok);

    assert_eq!(yahoo.csv("AAPL", "1d"), left);
}

#[test]
fn a_month_that_is_gone_is_made_again_to_the_byte() {
    let yahoo = two_evenings(KEPT);
    let stored = data(&yahoo);
    yahoo.bar.remove(MONTH);

    yahoo.bar.run(&REPLAY).expect(Exit::Ok);

    assert_eq!(
        data(&yahoo).get(&PathBuf::from(MONTH)),
        stored.get(&PathBuf::from(MONTH))
    );
}

/// What is stored is what a parser made of the answers that took each price for a tenth more.
#[test]
fn after_a_mistake_of_a_parser_was_mended_its_values_are_replaced_and_noted() {
    let yahoo = two_evenings(KEPT);
    let (right, registry) = (yahoo.csv("AAPL", "1d"), yahoo.bar.text("tickers.json"));
    yahoo
        .bar
        .write("barkeep.toml", yahoo.settings("vault = false"));
    serve(&yahoo, &[1.1, 2.2, 3.3, 4.95]);
    yahoo.bar.run(&["update", "--rebase"]).expect(Exit::Ok);
    assert_ne!(yahoo.csv("AAPL", "1d"), right);
    yahoo.bar.write("barkeep.toml", yahoo.settings(KEPT));
    // By the mark of what came since, which the vault does not have, nothing is made anew.
    let broken = yahoo.bar.run(&REPLAY).expect(Exit::Ok);
    assert!(broken.stderr.contains("of 2 series"), "{}", broken.stderr);
    assert_ne!(yahoo.csv("AAPL", "1d"), right);
    yahoo.bar.write("tickers.json", &registry);

    yahoo.bar.run(&REPLAY).expect(Exit::Ok);

    assert_eq!(yahoo.csv("AAPL", "1d"), right);
    let ledger = yahoo
        .bar
        .run(&["revisions", "AAPL", "-i", "1d", "--json"])
        .expect(Exit::Ok);
    assert!(ledger.stdout.contains("4.95"), "{}", ledger.stdout);
}

#[test]
fn a_split_has_nothing_before_it_made_anew() {
    let yahoo = two_evenings(KEPT);
    let stored = data(&yahoo);
    let mut yahoo = yahoo;
    "2025-11-25T01:00:00Z".clone_into(&mut yahoo.bar.now);
    let split = json!({"splits": {"1764000600": {
        "date": NOV_20 + 4 * 86_400, "numerator": 2, "denominator": 1, "splitRatio": "2:1"
    }}});
    yahoo.server.handle(move |request: &Request| {
        let body = chart(symbol(request), &[1.0, 1.5, 2.25, 2.5, 2.6], "NMS", &split);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        let stamps = [-2, -1, 0, 1, 4].map(|day| NOV_20 + day * 86_400);
        body["chart"]["result"][0]["timestamp"] = json!(stamps);
        Reply::json(body.to_string())
    });
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let after = data(&yahoo);
    assert_ne!(after, stored);

    yahoo.bar.run(&REPLAY).expect(Exit::Ok);

    assert_eq!(data(&yahoo), after);
}

/// Answers of an evening before a split, and of two after it; the window of the last one begins with the split, which is known then. Of
/// `whole` the first evening after the split gives all bars anew, else only those from the day before it on.
fn over_a_split(is_whole: bool) -> YahooBar {
    let mut yahoo = YahooBar::of("AAPL", "1d", KEPT);
    let split_at = NOV_20 + 4 * 86_400;
    let split = json!({"splits": {split_at.to_string(): {
        "date": split_at, "numerator": 2, "denominator": 1, "splitRatio": "2:1"
    }}});
    let evening = |days: Vec<i64>, events: Value, factor: f64| {
        move |request: &Request| {
            let is_from = |(name, _): &&(String, String)| name == "period1";
            let from: i64 = request
                .parameters
                .iter()
                .find(is_from)
                .unwrap()
                .1
                .parse()
                .unwrap();
            let days = days.iter().filter(|day| NOV_20 + *day * 86_400 >= from);
            let days: Vec<i64> = days.copied().collect();
            let close = |day: &i64| factor * (100.0 + f64::from(i32::try_from(*day).unwrap()));
            let closes: Vec<f64> = days.iter().map(close).collect();
            let body = chart(symbol(request), &closes, "NMS", &events);
            let mut body: Value = serde_json::from_str(&body).unwrap();
            let stamps: Vec<i64> = days.iter().map(|day| NOV_20 + day * 86_400).collect();
            body["chart"]["result"][0]["timestamp"] = json!(stamps);
            Reply::json(body.to_string())
        }
    };
    let october = -30..=-28;
    let before: Vec<i64> = october.clone().chain(-3..=0).collect();
    EVENING.clone_into(&mut yahoo.bar.now);
    yahoo.server.handle(evening(before, Value::Null, 1.0));
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let since: Vec<i64> = if is_whole {
        october.chain(-3..=0).chain([1, 4]).collect()
    } else {
        vec![-1, 0, 1, 4]
    };
    "2025-11-25T01:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.server.handle(evening(since, split.clone(), 0.5));
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    "2025-11-26T01:00:00Z".clone_into(&mut yahoo.bar.now);
    yahoo.server.handle(evening(vec![1, 4, 5], split, 0.5));
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    yahoo
}

const OCTOBER: &str = "data/us/yahoo/stocks_1d/ticker=AAPL/year=2025/month=10/data.parquet";

#[test]
fn a_month_before_a_split_is_made_anew_of_answers_that_know_it() {
    let yahoo = over_a_split(true);
    let stored = data(&yahoo);
    let rows = yahoo.csv("AAPL", "1d");
    yahoo.bar.remove(OCTOBER);

    let ran = yahoo.bar.run(&REPLAY).expect(Exit::Ok);

    assert!(!ran.stderr.contains("warning"), "{ran:#?}");
    assert_eq!(yahoo.csv("AAPL", "1d"), rows);
    assert_eq!(
        data(&yahoo).get(&PathBuf::from(OCTOBER)),
        stored.get(&PathBuf::from(OCTOBER))
    );
}

#[test]
fn a_month_that_only_answers_before_a_split_have_is_not_made_anew_and_counted() {
    let yahoo = over_a_split(false);
    yahoo.bar.remove(OCTOBER);

    let ran = yahoo.bar.run(&REPLAY).expect(Exit::Ok);

    let told = "us:yahoo: of 1 series not all answers are made anew, since what is stored stands on another basis";
    assert!(ran.stderr.contains(told), "{ran:#?}");
    assert!(!yahoo.bar.has(OCTOBER));
}

/// A payment changes adjusted closes of before, and no price.
#[test]
fn a_payment_has_the_prices_before_it_made_anew() {
    let mut yahoo = two_evenings(KEPT);
    "2025-11-25T01:00:00Z".clone_into(&mut yahoo.bar.now);
    let paid = NOV_20 + 4 * 86_400;
    let dividend = json!({"dividends": {paid.to_string(): {"date": paid, "amount": 0.25}}});
    yahoo.server.handle(move |request: &Request| {
        let body = chart(symbol(request), &[4.5, 5.0, 5.2], "NMS", &dividend);
        let mut body: Value = serde_json::from_str(&body).unwrap();
        let stamps = [0, 1, 4].map(|day| NOV_20 + day * 86_400);
        body["chart"]["result"][0]["timestamp"] = json!(stamps);
        Reply::json(body.to_string())
    });
    yahoo.bar.run(&["update"]).expect(Exit::Ok);
    let rows = yahoo.csv("AAPL", "1d");
    yahoo.bar.remove(MONTH);

    yahoo.bar.run(&REPLAY).expect(Exit::Ok);

    assert_eq!(yahoo.csv("AAPL", "1d"), rows);
}

/// What a power cut left between whole answers is damage like any other.
fn is_damaged(disk: &SimFs) -> bool {
    let vault = Vault::of(disk, Path::new("/ws/vault"));
    let shelves = vault.shelves().unwrap();
    let mut findings = shelves.iter().flat_map(|shelf| vault.look(shelf).unwrap());
    findings.any(|finding| matches!(finding, Finding::Damaged { .. }))
}

/// Whatever breaks off: the rows are those of the answers, and the vault can be read. A replay tells damage, and nothing else.
#[test]
fn keeping_answers_survives_every_crash_and_costs_no_row() {
    const UPDATE: [&str; 3] = ["-C", "/ws", "update"];
    let server = Server::start();
    server.handle(|request: &Request| {
        let body = chart(symbol(request), &[1.0, 2.0], "NMS", &Value::Null);
        Reply::json(body)
    });
    let disk = SimFs::new();
    let settings = format!(
        "[sources.\"us:yahoo\"]\nbase_url = \"{}\"\nmax_requests = 0\n{KEPT}\n",
        server.url("")
    );
    disk.plant("/ws/barkeep.toml", settings.as_bytes());
    let init = [
        "-C",
        "/ws",
        "init",
        "--venue",
        "us:yahoo",
        "-i",
        "1d",
        "--ticker",
        "AAPL",
        "--partitioned",
    ];
    assert_eq!(run_on(&disk, &init), Exit::Ok);
    let initial = disk.again();
    let bars = |disk: &SimFs| {
        let mut files = disk.snapshot();
        files.retain(|path, _| path.to_string_lossy().contains("ws/data/"));
        files
    };
    let whole = initial.again();
    assert_eq!(run_on(&whole, &UPDATE), Exit::Ok);
    let expected = bars(&whole);
    assert_eq!(expected.len(), 2, "bars and adjusted closes");

    let report = sweep(
        "answers in the vault",
        &initial,
        &|disk| Ok(run_on(disk, &UPDATE) == Exit::Ok),
        &|disk| {
            run_on(disk, &UPDATE);
            let expected = if is_damaged(disk) {
                Exit::Partial
            } else {
                Exit::Ok
            };
            match run_on(disk, &["-C", "/ws", "update", "--replay"]) {
                exit if exit == expected => Ok(()),
                other => Err(format!("the replay ends with {other:?}, not {expected:?}")),
            }
        },
        &|disk, _acked| {
            if bars(disk) == expected {
                Ok(())
            } else {
                Err(format!("{:?}", bars(disk).keys()))
            }
        },
        0,
    );

    report.print();
    report.assert_clean();
}
