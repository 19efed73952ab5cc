//! A body of the chart API as values: what was sent, checked for shape, not yet interpreted.
//!
//! Promises: a body is a chart, a refusal in Yahoo's words, or not understood with the reason; unknown keys are ignored,
//! and every key that may be missing may be missing. Numbers keep their exact value. `NaN` and `Infinity`, bare or as
//! text, are no value. Leaves to others: what a refusal means (`judge`), which rows are bars (`rows`).

use std::str::FromStr;
use std::sync::Arc;

use chrono_tz::Tz;
use serde_json::Value;

use crate::frame::{EventKind, Volume};

/// What a body says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    /// The chart of one symbol.
    Chart(Box<Chart>),
    /// Yahoo gives no chart and says why.
    Refused {
        by: Speaker,
        /// For example `Not Found`.
        code: String,
        /// For example `No data found, symbol may be delisted`.
        description: String,
    },
}

/// Which part of Yahoo refuses, by the envelope of its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    /// The chart API, which knows symbols.
    Chart,
    /// What stands before it and knows none.
    Gate,
}

/// A chart as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chart {
    pub(super) meta: Meta,
    /// The rows in the order of the body.
    pub(super) rows: Vec<Row>,
    /// Whether the body has adjusted closes.
    pub(super) is_adjusted: bool,
    pub(super) events: Vec<RawEvent>,
    /// Events that were not understood and are left out.
    pub(super) odd_events: usize,
}

/// What a chart says about its symbol.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Meta {
    pub(super) symbol: String,
    pub(super) exchange: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) instrument: Option<String>,
    /// The zone of the exchange; never the offset of the moment, which is wrong for rows across a clock change.
    pub(super) zone: Tz,
    pub(super) first_trade: Option<i64>,
    pub(super) market_time: Option<i64>,
    /// The granularity that was served; empty when Yahoo does not say.
    pub(super) granularity: String,
    /// Regular hours of the current or the next session.
    pub(super) current: Option<Period>,
    /// The same with the hours before and after it.
    pub(super) current_whole: Option<Period>,
    /// Regular hours of the sessions of an intraday chart.
    pub(super) periods: Vec<Period>,
    /// Hours before and after them, where they were asked for.
    pub(super) outside: Vec<Period>,
}

/// A span of instants, seconds since 1970; the end is outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) start: i64,
    pub(super) end: i64,
}

/// One row.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Row {
    /// Seconds since 1970, UTC.
    pub(super) stamp: i64,
    pub(super) open: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) close: Option<f64>,
    pub(super) adjusted: Option<f64>,
    pub(super) volume: Option<Volume>,
}

/// One event, at an instant in seconds since 1970.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RawEvent {
    pub(super) at: i64,
    pub(super) kind: EventKind,
    /// The currency of a payment, where it is told.
    pub(super) currency: Option<Arc<str>>,
}

/// Reads a body.
///
/// # Errors
/// What was seen instead of a chart.
pub(super) fn read(body: &[u8]) -> Result<Body, String> {
    let json: Value = match serde_json::from_slice(body) {
        Ok(json) => json,
        Err(error) => {
            let cleaned = super::bare::without_bare_words(body).ok_or_else(|| error.to_string())?;
            serde_json::from_slice(&cleaned).map_err(|_| error.to_string())?
        }
    };
    let envelopes = [
        ("chart", Speaker::Chart),
        ("finance", Speaker::Gate),
        ("quoteResponse", Speaker::Gate),
    ];
    let (envelope, by) = envelopes
        .into_iter()
        .find_map(|(key, by)| Some((json.get(key)?, by)))
        .ok_or("it has none of the envelopes that Yahoo uses")?;
    if let Some(error) = envelope.get("error").filter(|error| !error.is_null()) {
        let text = |key: &str| error.get(key).and_then(Value::as_str);
        // Some refusals are words alone.
        let description = text("description").or(error.as_str());
        return Ok(Body::Refused {
            by,
            code: text("code").unwrap_or_default().to_owned(),
            description: description.unwrap_or_default().to_owned(),
        });
    }
    let result = envelope
        .get("result")
        .and_then(|results| results.get(0))
        .ok_or("it has neither a result nor an error")?;
    Ok(Body::Chart(Box::new(chart(result)?)))
}

fn chart(result: &Value) -> Result<Chart, String> {
    let meta = meta(result.get("meta").ok_or("it has no `meta`")?)?;
    let (rows, is_adjusted) = rows(result)?;
    let (events, odd_events) = super::events::read(result.get("events"));
    Ok(Chart {
        meta,
        rows,
        is_adjusted,
        events,
        odd_events,
    })
}

fn meta(meta: &Value) -> Result<Meta, String> {
    let text = |key: &str| meta.get(key).and_then(Value::as_str).map(str::to_owned);
    let whole = |key: &str| meta.get(key).and_then(Value::as_i64);
    let name = text("exchangeTimezoneName").ok_or("`meta` names no zone")?;
    let zone = Tz::from_str(&name).map_err(|_| format!("`{name}` is not a zone that is known"))?;
    let current = |name| {
        let periods = meta.get("currentTradingPeriod")?;
        period(periods.get(name)?)
    };
    // A list of lists, or, with hours outside of the sessions, an object of such lists.
    let sessions = meta.get("tradingPeriods");
    Ok(Meta {
        symbol: text("symbol").ok_or("`meta` names no symbol")?,
        exchange: text("exchangeName"),
        currency: text("currency"),
        instrument: text("instrumentType"),
        zone,
        first_trade: whole("firstTradeDate"),
        market_time: whole("regularMarketTime"),
        granularity: text("dataGranularity").unwrap_or_default(),
        current: current("regular"),
        current_whole: current("pre")
            .zip(current("post"))
            .map(|(Period { start, .. }, Period { end, .. })| Period { start, end }),
        periods: periods(sessions.map(|sessions| sessions.get("regular").unwrap_or(sessions))),
        outside: ["pre", "post"]
            .into_iter()
            .flat_map(|name| periods(sessions.and_then(|sessions| sessions.get(name))))
            .collect(),
    })
}

fn period(value: &Value) -> Option<Period> {
    Some(Period {
        start: value.get("start")?.as_i64()?,
        end: value.get("end")?.as_i64()?,
    })
}

fn periods(value: Option<&Value>) -> Vec<Period> {
    let lists = value.and_then(Value::as_array).into_iter().flatten();
    lists
        .flat_map(|list| match list {
            Value::Array(periods) => periods.as_slice(),
            single => std::slice::from_ref(single),
        })
        .filter_map(period)
        .collect()
}

fn rows(result: &Value) -> Result<(Vec<Row>, bool), String> {
    let stamps: &[Value] = match result.get("timestamp") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(stamps)) => stamps,
        Some(_) => return Err("`timestamp` is not a list".to_owned()),
    };
    let first = |key: &str| {
        let indicators = result.get("indicators")?;
        indicators.get(key)?.get(0)
    };
    let quote = first("quote");
    if !stamps.is_empty()
        && quote
            .and_then(Value::as_object)
            .is_none_or(serde_json::Map::is_empty)
    {
        return Err(format!("it has {} stamps and no quotes", stamps.len()));
    }
    let count = stamps.len();
    let open = list(quote, "open", count)?;
    let high = list(quote, "high", count)?;
    let low = list(quote, "low", count)?;
    let close = list(quote, "close", count)?;
    let volume = list(quote, "volume", count)?;
    let adjusted = list(first("adjclose"), "adjclose", count)?;
    let mut rows = Vec::with_capacity(count);
    for (at, stamp) in stamps.iter().enumerate() {
        let price = |values: Option<&[Value]>, name| number(cell(values, at), name);
        rows.push(Row {
            stamp: stamp.as_i64().ok_or("a stamp is not a whole number")?,
            open: price(open, "open")?,
            high: price(high, "high")?,
            low: price(low, "low")?,
            close: price(close, "close")?,
            adjusted: price(adjusted, "adjclose")?,
            volume: units(cell(volume, at))?,
        });
    }
    Ok((rows, adjusted.is_some()))
}

/// Returns the list under a name; `None` when it is missing, as all its values are then.
fn list<'v>(
    of: Option<&'v Value>,
    name: &str,
    expected: usize,
) -> Result<Option<&'v [Value]>, String> {
    match of.and_then(|object| object.get(name)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(values)) if values.len() == expected => Ok(Some(values)),
        Some(Value::Array(values)) => Err(format!(
            "`{name}` has {} values for {expected} stamps",
            values.len()
        )),
        Some(_) => Err(format!("`{name}` is not a list")),
    }
}

fn cell(values: Option<&[Value]>, at: usize) -> Option<&Value> {
    values.and_then(|values| values.get(at))
}

fn number(value: Option<&Value>, name: &str) -> Result<Option<f64>, String> {
    let refused = || format!("`{name}` holds something that is no number");
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => number.as_f64().map(Some).ok_or_else(refused),
        Some(Value::String(text)) if is_no_value(text) => Ok(None),
        Some(_) => Err(refused()),
    }
}

fn units(value: Option<&Value>) -> Result<Option<Volume>, String> {
    match value.and_then(Value::as_i64) {
        Some(units) => Ok(Some(Volume::Units(units))),
        None => Ok(number(value, "volume")?.map(Volume::from)),
    }
}

/// Tells whether a text stands for a number that there is not.
fn is_no_value(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}
