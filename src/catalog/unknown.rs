//! Words that name nothing: what was meant, and what to type.
//!
//! Functions of the words and the registry.

use super::Catalog;
use super::near::did_you_mean;
use crate::model::words::{quoted, some_of};
use crate::model::{Interval, Ticker, Unclear, Venue};

/// How many tickers a message names.
const MOST_NAMED: usize = 10;

/// Asks whether known tickers were meant by unknown ones; where none is like them, says where the known ones are listed.
pub fn near_or_listed(catalog: &Catalog, typed: &[&Ticker]) -> String {
    let listed = || "see which tickers there are: barkeep tickers list".to_owned();
    did_you_mean(catalog, typed).unwrap_or_else(listed)
}

/// Refuses tickers that tickers.json does not have, and of which `nothing` is, either; none where there is none: those are slips of
/// the keyboard.
///
/// # Errors
/// That they are.
pub fn refuse_unknown(catalog: &Catalog, typed: &[&Ticker], nothing: &str) -> Result<(), Unclear> {
    if typed.is_empty() {
        return Ok(());
    }
    let names = some_unknown(typed);
    let message = format!("tickers.json does not have {names}, and {nothing}");
    Err(Unclear::words(message).hint(near_or_listed(catalog, typed)))
}

/// Returns the command that adds tickers.
pub fn adding(tickers: &[&Ticker], venue: Option<&Venue>) -> String {
    let typed: Vec<String> = tickers
        .iter()
        .map(|ticker| quoted(ticker.as_str()))
        .collect();
    let typed = typed.join(" ");
    let at = venue.map_or_else(String::new, |venue| format!(" --venue {venue}"));
    let first = match tickers {
        [_] => "add it first",
        _ => "add them first",
    };
    format!("{first}: barkeep tickers add {typed}{at}")
}

/// Names unknown tickers.
pub fn some_unknown(tickers: &[&Ticker]) -> String {
    some_of(tickers, MOST_NAMED)
}

/// Refuses an interval that stands where tickers do: people who came from elsewhere type `show 1d AAPL`.
///
/// # Errors
/// That one does.
pub fn refuse_order(
    command: &str,
    words: &[Ticker],
    named: Option<Interval>,
    catalog: &Catalog,
) -> Result<(), Unclear> {
    let interval = |word: &Ticker| {
        let interval = word.as_str().to_ascii_lowercase().parse::<Interval>().ok();
        interval.filter(|_| !catalog.contains(word))
    };
    let Some((word, found)) = words.iter().find_map(|word| Some((word, interval(word)?))) else {
        return Ok(());
    };
    let tickers = words.iter().filter(|word| interval(word).is_none());
    let mut typed: Vec<String> = tickers.map(|ticker| quoted(ticker.as_str())).collect();
    if typed.is_empty() {
        let any = catalog.tickers().first();
        typed.extend(any.map(|ticker| quoted(ticker.as_str())));
    }
    let interval = named.unwrap_or(found);
    let refused = Unclear::words(format!("{word} is an interval and no ticker that is kept"));
    Err(refused.hint(format!(
        "type: barkeep {command} {} --interval {interval}",
        typed.join(" ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        let today = chrono::NaiveDate::from_ymd_opt(2025, 11, 21).unwrap();
        for known in ["AAPL", "BRK.A", "BRK.B", "^GSPC"] {
            catalog.add(&known.parse().unwrap(), &"us:demo".parse().unwrap(), today);
        }
        catalog
    }

    fn tickers(words: &[&str]) -> Vec<Ticker> {
        words.iter().map(|word| word.parse().unwrap()).collect()
    }

    #[test]
    fn an_interval_in_the_place_of_a_ticker_is_told_where_it_goes() {
        for (words, named, expected) in [
            (&["1d", "AAPL"][..], None, "barkeep show AAPL --interval 1d"),
            (&["^GSPC", "1D"], None, "barkeep show '^GSPC' --interval 1d"),
            (&["1m"], None, "barkeep show AAPL --interval 1m"),
            (
                &["1m", "AAPL"],
                Some(Interval::D1),
                "barkeep show AAPL --interval 1d",
            ),
        ] {
            let refused = refuse_order("show", &tickers(words), named, &catalog()).unwrap_err();
            assert_eq!(refused.hint, Some(format!("type: {expected}")));
        }
        assert!(refuse_order("show", &tickers(&["AAPL", "D"]), None, &catalog()).is_ok());
    }
}
