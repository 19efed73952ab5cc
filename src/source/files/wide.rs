//! Tables whose columns have two names, a price and a ticker, as pandas writes what `yfinance.download` returns.
//!
//! Promises: a table is recognised by its two lines of names and by the third, which names the index and nothing else; each
//! ticker has columns of its own. Which of the two names is the price is told by the one of which some mean a close.

use std::collections::BTreeMap;

use csv::ByteRecord;

use super::family::{Family, Form, Opening};
use super::header::{Places, is_close};
use super::spec::FilesSpec;
use super::{detect, header};

/// Recognises a table with two lines of names.
pub(super) fn recognise(opening: &Opening<'_>) -> Result<Option<Form>, String> {
    let [first, second, third] = opening.lines else {
        return Ok(None);
    };
    let texts = |row: &ByteRecord| -> Vec<String> {
        row.iter()
            .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
            .collect()
    };
    let is_index_line = third.len() > 1 && third.iter().skip(1).all(<[u8]>::is_empty);
    let is_level = |row: &[String]| {
        let name = row.first().map(String::as_str).unwrap_or_default();
        name.is_empty() || ["price", "ticker", "tickers"].contains(&header::plain(name).as_str())
    };
    let levels = [texts(first), texts(second)];
    let has_levels = levels
        .iter()
        .all(|level| level.len() == third.len() && is_level(level));
    let header_lines = match (has_levels, is_index_line) {
        (true, true) => 3,
        (true, false) if detect::begins_with_moment(third, opening.spec) => 2,
        _ => return Ok(None),
    };
    let index = third
        .get(0)
        .filter(|_| header_lines == 3)
        .unwrap_or_default();
    let [first, second] = &levels;
    let names: Vec<(&str, &str)> = first
        .iter()
        .zip(second)
        .skip(1)
        .map(|(first, second)| (first.as_str(), second.as_str()))
        .collect();
    let index = String::from_utf8_lossy(index).trim().to_owned();
    Ok(Some(Form {
        columns: columns(&index, &names, opening.spec)?,
        ..Form::new(header_lines, Places::default(), Family::Plain)
    }))
}

/// Finds the columns of each ticker among those behind the index, which have two names each.
pub(super) fn columns(
    index: &str,
    names: &[(&str, &str)],
    spec: &FilesSpec,
) -> Result<Vec<(String, Places)>, String> {
    let price_is_first = match (
        names.iter().any(|(first, _)| is_close(first, spec)),
        names.iter().any(|(_, second)| is_close(second, spec)),
    ) {
        (true, false) => true,
        (false, true) => false,
        _ => return Err("its two lines of names do not tell prices from tickers".to_owned()),
    };
    let index = if header::is_date(index) { index } else { "" };
    let mut tickers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (at, (first, second)) in names.iter().enumerate() {
        let (price, ticker) = if price_is_first {
            (first, second)
        } else {
            (second, first)
        };
        let headers = tickers.entry(ticker).or_insert_with(|| {
            let mut headers = vec![String::new(); names.len() + 1];
            if let Some(first) = headers.first_mut() {
                index.clone_into(first);
            }
            headers
        });
        if let Some(header) = headers.get_mut(at + 1) {
            (*price).clone_into(header);
        }
    }
    tickers
        .into_iter()
        .map(|(ticker, headers)| {
            let places =
                Places::of(&headers, spec).map_err(|reason| format!("{ticker}: {reason}"))?;
            Ok((ticker.to_owned(), places))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::detect::detected;
    use super::super::text::Origin;
    use super::*;

    /// A ticker, and where its date, close and volume stand.
    type Found = (String, [Option<usize>; 3]);

    fn found(text: &str) -> Result<Vec<Found>, String> {
        let spec = FilesSpec::of("x".into());
        let layout = detected(text.as_bytes(), &spec, &Origin::default())?;
        let place = |(ticker, places): (String, Places)| {
            (ticker, [places.date, places.close, places.volume])
        };
        Ok(layout.columns.into_iter().map(place).collect())
    }

    #[test]
    fn each_ticker_has_its_own_columns_whichever_name_comes_first() {
        let by_price =
            "Price,Adj Close,Close,Close,Volume\nTicker,A,A,B,A\nDate,,,,\n2024-01-02,1,2,3,4\n";
        let by_ticker = "Ticker,A,A,B\nPrice,Close,Volume,Close\nDatetime,,,\n2024-01-02,1,2,3\n";
        let unnamed = ",Close,Close\n,A,B\n2024-01-02,1,2\n";

        let of = |close, volume| [Some(0), Some(close), volume];
        let expected = |a, b| vec![("A".to_owned(), a), ("B".to_owned(), b)];
        assert_eq!(found(by_price), Ok(expected(of(2, Some(4)), of(3, None))));
        assert_eq!(found(by_ticker), Ok(expected(of(1, Some(2)), of(3, None))));
        assert_eq!(found(unnamed), Ok(expected(of(1, None), of(2, None))));
    }

    #[test]
    fn names_that_leave_a_doubt_are_refused() {
        for text in [
            "Price,Open\nTicker,A\nDate,\n2024-01-02,1\n",
            "Price,Close,Open\nTicker,A,B\nDate,,\n2024-01-02,1,2\n",
            "Price,Close,Close\nTicker,A,A\nDate,,\n2024-01-02,1,2\n",
        ] {
            assert!(found(text).is_err(), "{text}");
        }
    }
}
