//! Answers of Alpha Vantage: `Meta Data`, and a series whose key tells the length of its bars.
//!
//! Promises: bars stand under their dates, newest first or not, and each value under its name; the zone of the times is the
//! one that the answer names.

use std::iter;

use chrono_tz::Tz;
use serde_json::{Map, Value};

use super::family::Family;
use super::header::{Places, plain};
use super::json::{Saved, cell};
use super::number::Numbers;
use super::sheet::{Row, Sheet};
use super::stamp::DateStyle;
use crate::frame::Bar;
use crate::model::Interval;

/// Reads an answer; `None` when it is not one of Alpha Vantage's.
pub(super) fn read(saved: &Saved<'_>) -> Option<Result<Sheet, String>> {
    let meta = saved.answer.get("Meta Data")?.as_object()?;
    let (key, series) = saved.answer.iter().find_map(|(key, value)| {
        let is_series = plain(key).contains("timeseries");
        Some((key, value.as_object().filter(|_| is_series)?))
    })?;
    Some(sheet(saved, meta, key, series))
}

fn sheet(
    saved: &Saved<'_>,
    meta: &Map<String, Value>,
    key: &str,
    series: &Map<String, Value>,
) -> Result<Sheet, String> {
    let named = |what: &str| {
        meta.iter()
            .find(|(name, _)| plain(name).ends_with(what))
            .and_then(|(_, value)| value.as_str())
    };
    let symbol = named("symbol").ok_or("its `Meta Data` name no symbol")?;
    let period = period(key).ok_or_else(|| format!("`{key}` is not a length of bars"))?;
    let mut sheet = Sheet::new(Family::Plain, saved.most_bytes);
    sheet.zone = match named("timezone") {
        None => None,
        Some(zone) => Some(
            zone.parse::<Tz>()
                .map_err(|_| format!("`{zone}` is not a time zone"))?,
        ),
    };
    sheet.note_period(symbol, period)?;
    let mut numbers = saved.numbers();
    for (date, values) in series {
        let row =
            row(saved, date, values, &mut numbers).map_err(|reason| format!("{date}: {reason}"))?;
        sheet.add(symbol, row)?;
    }
    Ok(sheet)
}

fn row(
    saved: &Saved<'_>,
    date: &str,
    values: &Value,
    numbers: &mut Numbers<'_>,
) -> Result<Row, String> {
    let values = values.as_object().ok_or("its values have no names")?;
    let headers: Vec<String> = iter::once("date")
        .chain(values.keys().map(String::as_str))
        .map(str::to_owned)
        .collect();
    let places = Places::of(&headers, saved.spec)?;
    let value = |at: Option<usize>| {
        let name = at.and_then(|at| headers.get(at));
        name.and_then(|name| cell(values.get(name)))
    };
    let mut price = |at| value(at).map_or(Ok(None), |cell| numbers.price(cell.as_bytes()));
    let [open, high, low, close] = places.prices();
    let bar = Bar {
        open: price(open)?,
        high: price(high)?,
        low: price(low)?,
        close: price(close)?,
        volume: value(places.volume).map_or(Ok(None), |cell| numbers.volume(cell.as_bytes()))?,
        ..Bar::default()
    };
    let moment = DateStyle::default()
        .parse(date.as_bytes())
        .ok_or("it is not a date")?;
    Ok(Row { moment, bar })
}

/// Returns the length of bars that the key of a series tells: `Time Series (5min)`, `Weekly Adjusted Time Series`.
fn period(key: &str) -> Option<Interval> {
    let key = plain(key);
    let words = [
        ("daily", "1d"),
        ("weekly", "1wk"),
        ("monthly", "1mo"),
        ("60min", "60m"),
        ("30min", "30m"),
        ("15min", "15m"),
        ("5min", "5m"),
        ("1min", "1m"),
    ];
    let (_, interval) = words.into_iter().find(|(word, _)| key.contains(word))?;
    interval.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::super::sheet::{Answer, Question};
    use super::super::spec::FilesSpec;
    use super::*;
    use crate::model::time;

    #[test]
    fn an_answer_tells_symbol_length_and_zone() {
        let text = r#"{"Meta Data": {"2. Symbol": "IBM", "6. Time Zone": "US/Eastern"},
            "Time Series (5min)": {
                "2021-07-20 16:00:00": {"1. open": "141", "2. high": "143", "3. low": "140.5", "4. close": "142.25", "5. volume": "900"},
                "2021-07-20 15:55:00": {"1. open": "140", "4. close": "."}}}"#;
        let spec = FilesSpec::of("x".into());
        let question = Question {
            interval: Interval::M5,
            said: Interval::D1,
            exchange: Some(Tz::Europe__Berlin),
            spec: &spec,
        };

        let sheet = json::read(text.as_bytes(), &spec, 1 << 20).unwrap();

        let Ok(Answer::Rows(stamped)) = sheet.bars("IBM", &question) else {
            panic!("{sheet:?}");
        };
        let [first, second] = stamped.bars.as_slice() else {
            panic!("{stamped:?}");
        };
        assert_eq!(first.date, time::parse("2021-07-20T22:00"));
        assert_eq!(
            (first.open, first.close, first.volume),
            (Some(141.0), Some(142.25), Some(900.into()))
        );
        assert_eq!((second.open, second.close), (Some(140.0), None));
    }

    #[test]
    fn the_key_of_a_series_tells_its_length() {
        for (key, interval) in [
            ("Time Series (Daily)", Some(Interval::D1)),
            ("Time Series (15min)", Some(Interval::M15)),
            ("Weekly Adjusted Time Series", Some(Interval::Wk1)),
            ("Monthly Time Series", Some(Interval::Mo1)),
            ("Time Series", None),
        ] {
            assert_eq!(period(key), interval, "{key}");
        }
    }
}
