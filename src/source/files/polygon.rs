//! Answers of Polygon's aggregates: a ticker, and `results` whose bars begin at `t`, in milliseconds of UTC.
//!
//! Promises: an answer without results has no rows; results without times and closes are no bars of this form. The answer
//! does not tell how long its bars are.

use chrono::DateTime;
use serde_json::Value;

use super::family::Family;
use super::json::{Saved, cell};
use super::number::Numbers;
use super::sheet::{Row, Sheet};
use super::stamp::Moment;
use crate::frame::Bar;

/// Reads an answer; `None` when it is not one of Polygon's.
pub(super) fn read(saved: &Saved<'_>) -> Option<Result<Sheet, String>> {
    let ticker = saved.answer.get("ticker")?.as_str()?;
    let results = match saved.answer.get("results") {
        Some(Value::Array(results)) => results.as_slice(),
        None | Some(Value::Null) if saved.answer.contains_key("resultsCount") => &[],
        _ => return None,
    };
    let is_bar = |result: &Value| ["t", "c"].iter().all(|key| result.get(key).is_some());
    results
        .iter()
        .all(is_bar)
        .then(|| sheet(saved, ticker, results))
}

fn sheet(saved: &Saved<'_>, ticker: &str, results: &[Value]) -> Result<Sheet, String> {
    let mut sheet = Sheet::new(Family::FlatFile, saved.most_bytes);
    sheet.mention(ticker);
    let mut numbers = saved.numbers();
    for (at, result) in results.iter().enumerate() {
        let row =
            row(result, &mut numbers).map_err(|reason| format!("result {}: {reason}", at + 1))?;
        sheet.add(ticker, row)?;
    }
    Ok(sheet)
}

fn row(result: &Value, numbers: &mut Numbers<'_>) -> Result<Row, String> {
    let millis = result.get("t").and_then(Value::as_i64);
    let moment = millis
        .and_then(DateTime::from_timestamp_millis)
        .map(Moment::Instant)
        .ok_or("its `t` is not a time")?;
    let mut price = |key| {
        let cell = cell(result.get(key));
        cell.map_or(Ok(None), |cell| numbers.price(cell.as_bytes()))
    };
    let bar = Bar {
        open: price("o")?,
        high: price("h")?,
        low: price("l")?,
        close: price("c")?,
        volume: cell(result.get("v")).map_or(Ok(None), |cell| numbers.volume(cell.as_bytes()))?,
        ..Bar::default()
    };
    Ok(Row { moment, bar })
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::super::json;
    use super::super::sheet::{Answer, Question, Stamped};
    use super::super::spec::FilesSpec;
    use super::*;
    use crate::model::{Interval, time};

    fn read(text: &str) -> Result<Answer, String> {
        let spec = FilesSpec::of("x".into());
        let question = Question {
            interval: Interval::D1,
            said: Interval::D1,
            exchange: Some(Tz::America__New_York),
            spec: &spec,
        };
        json::read(text.as_bytes(), &spec, 1 << 20)?.bars("A", &question)
    }

    #[test]
    fn results_are_bars_of_the_day_that_begins_at_their_time() {
        let text = r#"{"ticker": "A", "resultsCount": 1,
            "results": [{"v": 642.0, "o": 1.5032, "c": 1.4604, "h": 1.5064, "l": 1.4489, "t": 1112331600000}]}"#;

        let Ok(Answer::Rows(stamped)) = read(text) else {
            panic!("no rows");
        };

        let expected = Bar {
            date: time::parse("2005-04-01"),
            open: Some(1.5032),
            high: Some(1.5064),
            low: Some(1.4489),
            close: Some(1.4604),
            volume: Some(642.0.into()),
            sequence: None,
        };
        assert_eq!(stamped.bars, [expected]);
    }

    #[test]
    fn no_results_are_no_rows_and_no_damage() {
        let empty = r#"{"ticker": "A", "queryCount": 0, "resultsCount": 0, "status": "OK"}"#;

        assert_eq!(read(empty), Ok(Answer::Rows(Stamped::default())));
        assert!(read(r#"{"ticker": "A", "results": [{"t": 1, "p": 2}]}"#).is_err());
        assert!(read(r#"{"ticker": "A", "results": [{"t": "x", "c": 2}]}"#).is_err());
    }
}
