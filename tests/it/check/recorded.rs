//! Errors of Yahoo that yfinance repairs, served as they were recorded: they are told, what is repaired is not, and
//! healthy answers raise nothing.

use std::path::Path;

use barkeep::cli::Exit;
use chrono::DateTime;
use serde_json::{Map, Value, json};

use crate::support::charts::{self, Recorded, YahooBar, plain};
use crate::support::recorded::recorded_data;

/// Kind, first and last day of what is told.
type Told = (String, String, String);

fn number(text: &str) -> Value {
    text.parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
        .map_or(Value::Null, |number| json!(number))
}

fn zone(symbol: &str) -> &'static str {
    match symbol.rsplit_once('.').map(|(_, suffix)| suffix) {
        Some("T") => "Asia/Tokyo",
        Some("DE") => "Europe/Berlin",
        Some("L") => "Europe/London",
        Some("PA") => "Europe/Paris",
        Some("TA") => "Asia/Jerusalem",
        _ => "America/New_York",
    }
}

/// Returns the answer of Yahoo's chart API of which yfinance made a table. Files are named symbol, interval, error.
fn answer(folder: &Path, file: &str) -> Recorded {
    let mut words: Vec<&str> = file.split('-').collect();
    let at = words.iter().position(|word| {
        let known = ["15m", "1h", "1d", "1wk"];
        known.contains(word)
    });
    let interval = words[at.unwrap()];
    words.truncate(at.unwrap());
    let symbol = words.join(".");
    let text = plain(folder, &format!("yahoo/repair/{file}.csv.gz"));
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let headers = reader.headers().unwrap().clone();
    let mut rows: Vec<(i64, csv::StringRecord)> = reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            let moment = row[0].replacen(' ', "T", 1);
            let moment = DateTime::parse_from_rfc3339(&moment).unwrap();
            (moment.timestamp(), row)
        })
        .collect();
    rows.sort_by_key(|(stamp, _)| *stamp);
    let column = |name: &str| -> Vec<Value> {
        let at = headers.iter().position(|header| header == name);
        let cell = |row: &csv::StringRecord| at.map_or(Value::Null, |at| number(&row[at]));
        rows.iter().map(|(_, row)| cell(row)).collect()
    };
    let events = |name: &str, of: &dyn Fn(f64) -> Value| -> Value {
        let mut found = Map::new();
        for ((stamp, _), value) in rows.iter().zip(column(name)) {
            let value = value.as_f64().unwrap_or_default();
            if value != 0.0 {
                let mut event = of(value);
                event["date"] = json!(stamp);
                found.insert(stamp.to_string(), event);
            }
        }
        Value::Object(found)
    };
    let amount = |value: f64| json!({ "amount": value });
    let split = |value: f64| {
        let inverse = (1.0 / value).round();
        if value < 1.0 && (inverse * value - 1.0).abs() < 1e-9 {
            json!({ "numerator": 1, "denominator": inverse })
        } else {
            json!({ "numerator": value, "denominator": 1 })
        }
    };
    let mut indicators = json!({"quote": [{
        "open": column("Open"), "high": column("High"), "low": column("Low"), "close": column("Close"),
        "volume": column("Volume"),
    }]});
    if !interval.ends_with(['m', 'h']) {
        indicators["adjclose"] = json!([{ "adjclose": column("Adj Close") }]);
    }
    let stamps: Vec<i64> = rows.iter().map(|(stamp, _)| *stamp).collect();
    let body = json!({"chart": {"error": null, "result": [{
        "meta": {
            "symbol": symbol, "exchangeName": "TST", "currency": "USD", "instrumentType": "EQUITY",
            "exchangeTimezoneName": zone(&symbol), "firstTradeDate": 0, "dataGranularity": interval,
        },
        "timestamp": stamps,
        "events": {
            "dividends": events("Dividends", &amount),
            "splits": events("Stock Splits", &split),
            "capitalGains": events("Capital Gains", &amount),
        },
        "indicators": indicators,
    }]}});
    Recorded {
        file: file.to_owned(),
        status: 200,
        symbol,
        interval: interval.to_owned(),
        body: body.to_string().into_bytes(),
    }
}

/// What `check` says of one stored answer.
struct Checked {
    series: u64,
    told: Vec<Told>,
}

/// Stores an answer and looks through it.
fn check(recorded: &Recorded) -> Checked {
    let mut yahoo = YahooBar::of(&recorded.symbol, &recorded.interval, "");
    yahoo.serve(recorded);
    yahoo.bar.run(&["update"]);
    let before = yahoo.bar.tree();

    let ran = yahoo.bar.run(&["check", "--json"]);

    assert!(yahoo.bar.tree() == before, "check writes nothing");
    let document = ran.summary();
    let findings = document["findings"].as_array().unwrap();
    let expected = if findings.is_empty() {
        Exit::Ok
    } else {
        Exit::Mismatch
    };
    assert_eq!(ran.exit, expected, "{}: {}", recorded.file, ran.stderr);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let finding = |f: &Value| (text(&f["kind"]), text(&f["from"]), text(&f["to"]));
    Checked {
        series: document["series"].as_u64().unwrap(),
        told: findings.iter().map(finding).collect(),
    }
}

#[test]
fn what_yfinance_repairs_is_told_and_what_is_healthy_is_not() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let one = |kind: &str, from: &str, to: &str| (kind.to_owned(), from.to_owned(), to.to_owned());
    let on = |kind: &str, day: &str| one(kind, day, day);
    // Six days a hundred times below those around them, which the repair of dividends leaves as they are.
    let unrepaired = one("unit_jump", "2024-07-29", "2024-08-05");
    let pairs = [
        ("4063-T-1d-bad-div", vec![on("dividend", "2023-03-30")]),
        (
            "8TRA-DE-1d-missing-div-adjust",
            vec![on("adjustment", "2023-06-02")],
        ),
        (
            "AET-L-1d-100x-error",
            vec![one("unit_jump", "2022-05-09", "2022-05-19")],
        ),
        (
            "ALPHA-PA-1d-bad-stock-split",
            vec![on("unapplied_split", "2023-05-08")],
        ),
        (
            "ASAI-L-1h-bad-unit",
            vec![on("unit_jump", "2024-10-24T16:00")],
        ),
        (
            "AV-L-1wk-bad-stock-split",
            vec![on("unapplied_split", "2022-05-16")],
        ),
        (
            "CLC-L-1d-bad-div",
            vec![
                on("adjustment", "2022-06-30"),
                on("adjustment", "2023-07-27"),
                unrepaired.clone(),
                on("adjustment", "2024-08-08"),
            ],
        ),
        (
            "DODFX-1d-cg-double-count",
            vec![on("capital_gain", "2025-12-18")],
        ),
        (
            "KEN-TA-1d-bad-div",
            vec![on("dividend", "2022-01-18"), on("adjustment", "2024-04-08")],
        ),
    ];
    let mut differences = Vec::new();
    let mut compare = |file: &str, expected: &[Told]| {
        let Checked { series, told } = check(&answer(&folder, file));
        if told != expected || series != 1 {
            differences.push(format!("{file}: {series} series, {told:?}"));
        }
    };

    for (file, expected) in &pairs {
        compare(file, expected);
        let fixed: &[Told] = match *file {
            "CLC-L-1d-bad-div" => std::slice::from_ref(&unrepaired),
            _ => &[],
        };
        compare(&format!("{file}-fixed"), fixed);
    }
    for healthy in ["CALM-1d-no-bad-divs", "EA-15m-no-bad-divs"] {
        compare(healthy, &[]);
    }

    assert_eq!(differences, Vec::<String>::new());
}

#[test]
fn healthy_answers_raise_no_alarm() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let bodies = charts::all(&folder);
    let (mut alarms, mut all) = (Vec::new(), 0);

    for recorded in bodies.iter().filter(|body| body.status == 200) {
        let Checked { series, told } = check(recorded);
        all += series;
        alarms.extend((!told.is_empty()).then(|| format!("{}: {told:?}", recorded.file)));
    }

    assert_eq!(alarms, Vec::<String>::new());
    assert!(all >= 40, "{all} series were looked through");
}

/// Returns forty years of Apple of which the bars before a row were never divided by four.
fn undivided(whole: &Recorded, rows: usize) -> Recorded {
    let mut body: Value = serde_json::from_slice(&whole.body).unwrap();
    let indicators = &mut body["chart"]["result"][0]["indicators"];
    let scale = |list: &mut Value, by: f64| {
        for value in list.as_array_mut().unwrap().iter_mut().take(rows) {
            *value = value
                .as_f64()
                .map_or(Value::Null, |number| json!(number * by));
        }
    };
    for name in ["open", "high", "low", "close"] {
        scale(&mut indicators["quote"][0][name], 4.0);
    }
    scale(&mut indicators["quote"][0]["volume"], 0.25);
    scale(&mut indicators["adjclose"][0]["adjclose"], 4.0);
    Recorded {
        body: body.to_string().into_bytes(),
        ..whole.clone()
    }
}

#[test]
fn a_seam_anywhere_in_forty_years_is_told_and_nothing_else_is() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let bodies = charts::all(&folder);
    let is_whole = |body: &&Recorded| body.file.ends_with("aapl_1d_max_1980_2021.json.gz");
    let whole = bodies.iter().find(is_whole).unwrap();
    let seams = [
        (300, "1982-02-19"),
        (2400, "1990-06-11"),
        (4500, "1998-09-30"),
        (5200, "2001-07-11"),
        (9400, "2018-03-22"),
    ];

    for (rows, last) in seams {
        let told = check(&undivided(whole, rows)).told;

        let expected = ["seam", "1980-12-12", last].map(str::to_owned);
        let [kind, from, to] = expected;
        assert_eq!(told, [(kind, from, to)]);
    }
}
