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

fn compare(recorded: &Recorded, history: &Value) -> Result<(), String> {
    let settings = format!("prepost = {}", history["prepost"]);
    let mut yahoo = YahooBar::of(&recorded.symbol, &recorded.interval, &settings);
    yahoo.serve(recorded);
    let ran = yahoo.bar.run(&["update"]);
    let Some(_) = history["rows"].as_array() else {
        // A shell without a single row is a symbol that the source does not know.
        let is_expected = ran.exit == Exit::Ok || ran.stderr.contains(" 1 unknown");
        return (is_expected && yahoo.csv_or_none(recorded).is_empty())
            .then_some(())
            .ok_or(format!("{} yields {ran:?}", recorded.file));
    };
    if ran.exit != Exit::Ok {
        return Err(format!("{}: {ran:?}", recorded.file));
    }
    let ours = ours(&yahoo.csv(&recorded.symbol, &recorded.interval));
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
