//! Every recorded body gives the rows that yfinance makes of it, to the last bit.

use barkeep::cli::Exit;
use serde_json::Value;

use crate::support::charts::{self, Recorded, YahooBar};
use crate::support::recorded::recorded_data;

/// A row as both sides have it: date, prices, volume.
type Row = (String, Vec<Option<u64>>, String);

fn bits(value: &Value) -> Option<u64> {
    value.as_f64().map(f64::to_bits)
}

/// The rows of yfinance; `width` is the length of a date as it is printed.
fn theirs(history: &Value, width: usize) -> Vec<Row> {
    let columns: Vec<&str> = history["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let at = |name: &str| columns.iter().position(|column| *column == name).unwrap();
    let prices = ["Open", "High", "Low", "Close"].map(at);
    let volume = at("Volume");
    let stamps = history["index_local"].as_array().unwrap();
    let rows = history["rows"].as_array().unwrap();
    let row = |(stamp, row): (&Value, &Value)| {
        (
            stamp.as_str().unwrap()[..width].to_owned(),
            prices.iter().map(|&at| bits(&row[at])).collect(),
            row[volume].as_i64().unwrap_or_default().to_string(),
        )
    };
    stamps.iter().zip(rows).map(row).collect()
}

/// The rows of `show --format csv`.
fn ours(csv: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let row = |record: csv::StringRecord| {
        let price = |at: usize| record[at].parse::<f64>().ok().map(f64::to_bits);
        (
            record[1].to_owned(),
            (2..6).map(price).collect(),
            record[6].to_owned(),
        )
    };
    reader
        .records()
        .map(|record| row(record.unwrap()))
        .collect()
}

/// Bodies out of which their origin cut decades of rows: yfinance moves the events of those years to the last bar before.
const CUT: [&str; 1] = ["yahoo/chart/ibm_1d_1962_negative_epoch.json"];

/// Returns what the events of each kind amount to: payments added, ratios multiplied.
fn totals(events: &[(String, String, u64)]) -> (f64, f64) {
    events
        .iter()
        .fold((0.0, 1.0), |(paid, ratio), (_, kind, bits)| {
            let value = f64::from_bits(*bits);
            match kind.as_str() {
                "split" => (paid, ratio * value),
                _ => (paid + value, ratio),
            }
        })
}

/// Prices of `show --adjust all` beside those of yfinance with `auto_adjust` on: dates and relative differences.
fn compare_adjusted(recorded: &Recorded, history: &Value) -> Result<(), String> {
    let yahoo = YahooBar::storing(recorded);
    let adjusted = yahoo.show(&recorded.symbol, &recorded.interval, &["--adjust", "all"]);
    let ours = ours(&adjusted.expect(Exit::Ok).stdout);
    let width = ours.first().map_or(10, |(date, _, _)| date.len());
    let theirs = theirs(history, width);
    let is_near = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (Some(a), Some(b)) => {
            let (a, b) = (f64::from_bits(a), f64::from_bits(b));
            (a - b).abs() <= 1e-9 * b.abs()
        }
        (a, b) => a == b,
    };
    let is_same = |(ours, theirs): (&Row, &Row)| {
        let mut prices = ours.1.iter().zip(&theirs.1);
        ours.0 == theirs.0 && ours.2 == theirs.2 && prices.all(|(a, b)| is_near(*a, *b))
    };
    let is_equal = ours.len() == theirs.len() && ours.iter().zip(&theirs).all(is_same);
    let first = ours.iter().zip(&theirs).find(|pair| !is_same(*pair));
    is_equal
        .then_some(())
        .ok_or(format!("{} adjusted: {first:?}", recorded.file))
}

/// The events of yfinance by kind and value; with their days where a bar is a day.
fn their_events(history: &Value, with_days: bool) -> Vec<(String, String, u64)> {
    let columns = history["columns"].as_array().unwrap();
    let stamps = history["index_local"].as_array().unwrap();
    let mut events = Vec::new();
    for (name, kind) in [
        ("Dividends", "dividend"),
        ("Stock Splits", "split"),
        ("Capital Gains", "capital_gain"),
    ] {
        let Some(at) = columns.iter().position(|column| column == name) else {
            continue;
        };
        for (row, stamp) in history["rows"].as_array().unwrap().iter().zip(stamps) {
            let value = row[at].as_f64().unwrap_or_default();
            if value != 0.0 {
                let day = if with_days {
                    &stamp.as_str().unwrap()[..10]
                } else {
                    ""
                };
                events.push((day.to_owned(), kind.to_owned(), value.to_bits()));
            }
        }
    }
    events.sort();
    events
}

fn our_events(csv: &str, with_days: bool) -> Vec<(String, String, u64)> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let number = |text: &str| text.parse::<f64>().unwrap();
    let event = |record: csv::StringRecord| {
        let value = match &record[2] {
            "split" => number(&record[4]) / number(&record[5]),
            _ => number(&record[3]),
        };
        let day = if with_days { &record[1] } else { "" };
        (day.to_owned(), record[2].to_owned(), value.to_bits())
    };
    let mut events: Vec<_> = reader
        .records()
        .map(|record| event(record.unwrap()))
        .collect();
    events.sort();
    events
}

#[test]
fn adjusted_prices_and_events_of_every_recorded_body_equal_those_of_yfinance() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let bodies = charts::all(&folder);
    let mut differences = Vec::new();
    let (mut compared, mut with_events) = (0, 0);

    for history in &charts::expected(&folder) {
        let file = history["file"].as_str().unwrap();
        let recorded = bodies.iter().find(|body| body.file == file).unwrap();
        if history["prepost"] == true || !history["rows"].is_array() {
            continue;
        }
        if history["auto_adjust"] == true {
            compared += 1;
            differences.extend(compare_adjusted(recorded, history).err());
            continue;
        }
        let with_days = recorded.interval == "1d";
        let theirs = their_events(history, with_days);
        let yahoo = YahooBar::storing(recorded);
        let events = yahoo.show(&recorded.symbol, &recorded.interval, &["--events"]);
        let ours = our_events(&events.expect(Exit::Ok).stdout, with_days);
        let missing: Vec<_> = theirs
            .iter()
            .filter(|event| !ours.contains(event))
            .collect();
        with_events += usize::from(!theirs.is_empty());
        if CUT.contains(&file) {
            let ((paid, ratio), (their_paid, their_ratio)) = (totals(&ours), totals(&theirs));
            assert!((paid - their_paid).abs() < 1e-9 && (ratio - their_ratio).abs() < 1e-9);
            continue;
        }
        if !missing.is_empty() {
            differences.push(format!(
                "{file}: {} of {} events, such as {:?}",
                missing.len(),
                theirs.len(),
                missing[0]
            ));
        }
    }

    assert!(differences.is_empty(), "{differences:#?}");
    assert!(compared > 40 && with_events > 5, "{compared} {with_events}");
}

fn compare(recorded: &Recorded, history: &Value) -> Result<(), String> {
    let (ticker, interval) = (recorded.symbol.as_str(), recorded.interval.as_str());
    let is_prepost = history["prepost"] == true;
    let mut yahoo = YahooBar::of(ticker, interval, &format!("prepost = {is_prepost}"));
    yahoo.serve(recorded);
    let ran = yahoo.bar.run(&["update"]);
    let options: &[&str] = if is_prepost { &["--prepost"] } else { &[] };
    let Some(_) = history["rows"].as_array() else {
        // A shell without a single row is a symbol that the source does not know.
        let is_expected = ran.exit == Exit::Ok || ran.stderr.contains(" 1 unknown");
        let is_empty = yahoo.show(ticker, interval, options).stdout.lines().count() < 2;
        return (is_expected && is_empty)
            .then_some(())
            .ok_or(format!("{} yields {ran:?}", recorded.file));
    };
    if ran.exit != Exit::Ok {
        return Err(format!("{}: {ran:?}", recorded.file));
    }
    let shown = yahoo.show(ticker, interval, options).expect(Exit::Ok);
    let ours = ours(&shown.stdout);
    let width = ours.first().map_or(10, |(date, _, _)| date.len());
    let theirs = theirs(history, width);
    if ours == theirs {
        return Ok(());
    }
    let first = ours.iter().zip(&theirs).find(|(a, b)| a != b);
    Err(format!(
        "{} prepost {}: {} rows, yfinance has {}; first difference {first:?}",
        recorded.file,
        history["prepost"],
        ours.len(),
        theirs.len()
    ))
}

#[test]
fn what_is_stored_of_every_recorded_body_equals_what_yfinance_makes_of_it() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let bodies = charts::all(&folder);
    let histories = charts::expected(&folder);

    let mut compared = 0;
    let mut differences = Vec::new();
    for history in histories.iter().filter(|h| h["auto_adjust"] == false) {
        let file = history["file"].as_str().unwrap();
        let recorded = bodies.iter().find(|body| body.file == file).unwrap();
        if recorded.status != 200 {
            continue;
        }
        compared += 1;
        differences.extend(compare(recorded, history).err());
    }

    assert!(differences.is_empty(), "{differences:#?}");
    assert!(compared > 50, "{compared} bodies");
}

/// Hours outside of the session lie in a tree of their own, so that the tree of the bars is what it is without them.
#[test]
fn the_bars_of_every_recorded_body_are_the_same_files_whether_other_hours_are_kept_or_not() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let bodies = charts::all(&folder);
    let is_intraday = |body: &&Recorded| body.interval.ends_with(['m', 'h']);
    let (mut with_bars, mut with_others) = (0, 0);

    for recorded in bodies.iter().filter(is_intraday) {
        let stored = |settings: &str| {
            let mut yahoo = YahooBar::of(&recorded.symbol, &recorded.interval, settings);
            yahoo.serve(recorded);
            yahoo.bar.run(&["update"]);
            yahoo
        };
        let (plain, apart) = (stored(""), stored("prepost = true"));
        let bars = format!("data/us/yahoo/stocks_{}", recorded.interval);
        let others = format!("data/us/yahoo/prepost_{}", recorded.interval);

        assert_eq!(
            plain.bar.files_in(&bars),
            apart.bar.files_in(&bars),
            "{}",
            recorded.file
        );
        assert_eq!(plain.bar.files_in(&others), [].into(), "{}", recorded.file);
        with_bars += usize::from(!plain.bar.files_in(&bars).is_empty());
        with_others += usize::from(!apart.bar.files_in(&others).is_empty());
    }

    assert!(
        with_bars > 6 && with_others > 3,
        "{with_bars} {with_others}"
    );
}
