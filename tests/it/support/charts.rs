//! Recorded bodies of Yahoo's chart API, a server that gives them, and what yfinance makes of them.

use std::io::Read;
use std::path::Path;

use chrono::DateTime;
use serde_json::{Value, json};

use super::barkeep::{Barkeep, Ran};
use super::recorded::recorded;
use super::server::{Reply, Request, Server};
use barkeep::cli::Exit;

/// One recorded answer.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) file: String,
    pub(crate) status: u16,
    pub(crate) symbol: String,
    pub(crate) interval: String,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    fn result(&self) -> Option<Value> {
        Some(self.json()?.get("chart")?.get("result")?.get(0)?.clone())
    }

    /// The moment at which it was recorded, as near as the body tells it.
    pub(crate) fn moment(&self) -> String {
        let result = self.result().unwrap_or_default();
        let last = |value: Option<&Value>| value.and_then(Value::as_i64).unwrap_or_default();
        let stamps = result.get("timestamp").and_then(Value::as_array);
        let newest = stamps.and_then(|stamps| stamps.last());
        let market = result.get("meta").and_then(|m| m.get("regularMarketTime"));
        let seconds = last(newest).max(last(market));
        let seconds = if seconds == 0 { 1_700_000_000 } else { seconds };
        DateTime::from_timestamp(seconds, 0).unwrap().to_rfc3339()
    }
}

/// Reads a recorded file, gunzipped if need be.
pub(crate) fn plain(folder: &Path, name: &str) -> Vec<u8> {
    let bytes = recorded(folder, name);
    if bytes.first() != Some(&0x1f) {
        return bytes;
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

/// Returns every recorded body of the index.
pub(crate) fn all(folder: &Path) -> Vec<Recorded> {
    let index = recorded(folder, "yahoo/chart/index.csv");
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(index.as_slice());
    let headers = reader.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let one = |row: &csv::StringRecord| Recorded {
        file: row[at("file")].to_owned(),
        status: row[at("http_status")].parse().unwrap(),
        symbol: row[at("symbol")].to_owned(),
        interval: row[at("interval")].to_owned(),
        body: plain(folder, &row[at("file")]),
    };
    rows.iter().map(one).collect()
}

/// What yfinance made of one body.
pub(crate) fn expected(folder: &Path) -> Vec<Value> {
    let text = plain(folder, "yahoo/expected/yfinance_1.7.0_history.ndjson.gz");
    let lines = text.split(|byte| *byte == b'\n').filter(|l| !l.is_empty());
    lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// A workspace whose `us:yahoo` asks a loopback server.
#[derive(Debug)]
pub(crate) struct YahooBar {
    pub(crate) server: Server,
    pub(crate) bar: Barkeep,
}

impl YahooBar {
    /// Returns a workspace with one series in partitions, and further settings of the source.
    pub(crate) fn of(ticker: &str, interval: &str, settings: &str) -> Self {
        let server = Server::start();
        let bar = Barkeep::empty();
        bar.write("barkeep.toml", asking(&server, settings));
        bar.run(&[
            "init",
            "--venue",
            "us:yahoo",
            "--interval",
            interval,
            "--ticker",
            ticker,
            "--partitioned",
        ])
        .expect(Exit::Ok);
        Self { server, bar }
    }

    /// Returns what the workspace needs to ask its server, and further settings of the source.
    pub(crate) fn settings(&self, settings: &str) -> String {
        asking(&self.server, settings)
    }

    /// Makes the server give one recorded answer, whatever it is asked.
    pub(crate) fn serve(&mut self, recorded: &Recorded) {
        let (status, body) = (recorded.status, recorded.body.clone());
        self.server
            .handle(move |_: &Request| Reply::new(status, body.clone()));
        self.bar.now = recorded.moment();
    }

    /// Stores one recorded answer, in a workspace of its own.
    pub(crate) fn storing(recorded: &Recorded) -> Self {
        let mut yahoo = Self::of(&recorded.symbol, &recorded.interval, "");
        yahoo.serve(recorded);
        yahoo.bar.run(&["update"]).expect(Exit::Ok);
        yahoo
    }

    /// Shows a series as CSV, in the way that further options say.
    pub(crate) fn show(&self, ticker: &str, interval: &str, options: &[&str]) -> Ran {
        self.bar.show(ticker, interval, options)
    }

    /// The stored bars as CSV.
    pub(crate) fn csv(&self, ticker: &str, interval: &str) -> String {
        self.show(ticker, interval, &[]).expect(Exit::Ok).stdout
    }
}

fn asking(server: &Server, settings: &str) -> String {
    let address = server.url("");
    format!("[sources.\"us:yahoo\"]\nbase_url = \"{address}\"\nmax_requests = 0\n{settings}\n")
}

/// The opening of Thursday, 20 November 2025 in New York.
pub(crate) const NOV_20: i64 = 1_763_649_000;
pub(crate) const DAY: i64 = 86_400;

/// A chart of daily bars that end on 20 November 2025.
pub(crate) fn chart(symbol: &str, closes: &[f64], exchange: &str, events: &Value) -> String {
    let days = i64::try_from(closes.len()).unwrap();
    let stamps: Vec<i64> = (0..days).map(|at| NOV_20 - (days - 1 - at) * DAY).collect();
    json!({"chart": {"error": null, "result": [{
        "meta": {
            "symbol": symbol, "exchangeName": exchange, "currency": "USD", "instrumentType": "EQUITY",
            "exchangeTimezoneName": "America/New_York", "firstTradeDate": 345_479_400, "dataGranularity": "1d",
        },
        "timestamp": stamps,
        "events": events,
        "indicators": {
            "quote": [{"open": closes, "high": closes, "low": closes, "close": closes, "volume": vec![1; closes.len()]}],
            "adjclose": [{"adjclose": closes}],
        },
    }]}})
    .to_string()
}
