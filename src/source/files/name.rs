//! What the names of files and folders say: whose bars, of which length and of which day.
//!
//! Promises: pure. A word that is not recognised says nothing, it is never half understood; the whole name always stays one
//! of the names that a file is found by, so a ticker that looks like a date or a length is found, too.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{Datelike, NaiveDate};

use super::zone;
use crate::model::{Interval, Ticker, copied_from};

/// What kind of file a name ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Lines of fields or JSON, perhaps compressed.
    Text,
    /// Parquet.
    Parquet,
}

/// Splits a file name into its stem and kind; `None` for files that hold no bars.
pub(super) fn stem(file_name: &str) -> Option<(&str, FileKind)> {
    let plain = strip_ending(file_name, ".gz").unwrap_or(file_name);
    let text = [".csv", ".txt", ".tsv", ".json"]
        .into_iter()
        .find_map(|ending| strip_ending(plain, ending))
        .or_else(|| strip_ending(file_name, ".zip"));
    let found = match text {
        Some(stem) => Some((stem, FileKind::Text)),
        None => strip_ending(file_name, ".parquet").map(|stem| (stem, FileKind::Parquet)),
    };
    found.filter(|(stem, _)| !stem.is_empty())
}

/// Tells whether a name is that of a copy, as synchronising programs leave them, of another file in the same folder.
pub(super) fn is_copy_beside(file_name: &str, names: &BTreeSet<String>) -> bool {
    let original = |(stem, _): (&str, FileKind)| {
        let ending = file_name.strip_prefix(stem)?;
        Some(format!("{}{ending}", copied_from(stem)?))
    };
    stem(file_name)
        .and_then(original)
        .is_some_and(|original| names.contains(&original))
}

fn strip_ending<'n>(name: &'n str, ending: &str) -> Option<&'n str> {
    let (stem, end) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
    end.eq_ignore_ascii_case(ending).then_some(stem)
}

/// Endings of files that hold tables, in forms that barkeep does not read.
const OTHER_TABLES: [&str; 17] = [
    "7z", "arrow", "avro", "bz2", "dbn", "feather", "h5", "hdf5", "lz4", "orc", "pickle", "pkl",
    "rar", "xls", "xlsx", "xz", "zst",
];

/// Returns the ending of a file that may hold bars in a form that is not read.
pub(super) fn other_table(file_name: &str) -> Option<&str> {
    let (_, ending) = file_name.rsplit_once('.')?;
    let is_other = |other: &&str| ending.eq_ignore_ascii_case(other);
    OTHER_TABLES.iter().any(is_other).then_some(ending)
}

/// Folders of LEAN's that hold factors and renames: never bars, and named for tickers all the same.
pub(super) fn holds_no_bars(folder: &str) -> bool {
    matches!(folder, "factor_files" | "map_files")
}

/// What the stem of a name says when its date and its length are taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NameFacts {
    /// Whose bars; `None` when nothing but a date is left.
    pub(super) symbol: Option<String>,
    /// Their length.
    pub(super) length: Option<Length>,
    /// The day, month or year that the name ends in, as it is written.
    pub(super) date: Option<String>,
}

/// A length of bars as a name says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// One that barkeep has.
    Known(Interval),
    /// One that it has not, as the name writes it.
    Other(String),
}

/// Takes a name apart: `ADABTC-1m-2021-11-27`, `BTC_USDT-5m`, `wig20_d`, `20131004_trade`.
pub(super) fn told(stem: &str) -> NameFacts {
    let rest = stem.strip_suffix("_trade").unwrap_or(stem);
    let (rest, date) = match split_date(rest) {
        Some((rest, date)) => (rest, Some(date.to_owned())),
        None => (rest, None),
    };
    let (rest, length) = match split_length(rest) {
        Some((rest, length)) => (rest, Some(length)),
        None => (rest, None),
    };
    NameFacts {
        symbol: (!rest.is_empty()).then(|| rest.to_owned()),
        length,
        date,
    }
}

/// Returns the day that a name ends in, `20131004` or `2013-10-04`.
pub(super) fn day(told: &NameFacts) -> Option<NaiveDate> {
    let digits: String = told
        .date
        .as_ref()?
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    NaiveDate::parse_from_str(&digits, "%Y%m%d").ok()
}

/// Splits off the last day, month or year, or two days that are a span.
fn split_date(text: &str) -> Option<(&str, &str)> {
    let one = |text: &str| {
        ["%Y-%m-%d", "%Y%m%d", "%Y-%m", "%Y"]
            .into_iter()
            .zip([10, 8, 7, 4])
            .find_map(|(form, len)| {
                let at = text.len().checked_sub(len)?;
                let (rest, date) = text.split_at_checked(at)?;
                let has_border = rest.is_empty() || rest.ends_with(['-', '_']);
                (has_border && is_date(date, form)).then_some(at)
            })
    };
    let mut at = one(text)?;
    if let Some(before) = text.get(..at.saturating_sub(1)).and_then(one) {
        at = before;
    }
    let (rest, date) = text.split_at_checked(at)?;
    Some((rest.strip_suffix(['-', '_']).unwrap_or(rest), date))
}

fn is_date(text: &str, form: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    // The calendar has a day for every form; a year alone or with its month has its first.
    let whole = format!(
        "{digits}{}",
        "20000101".get(digits.len()..).unwrap_or_default()
    );
    let is_written = text.len() == digits.len() || form.contains('-');
    let Ok(day) = NaiveDate::parse_from_str(&whole, "%Y%m%d") else {
        return false;
    };
    is_written && (1900..2100).contains(&day.year()) && day.format(form).to_string() == text
}

/// Splits off the last word that is a length of bars.
fn split_length(text: &str) -> Option<(&str, Length)> {
    let (rest, word) = text.rsplit_once(['-', '_'])?;
    // A dot stands before the schema in names of Databento's: `glbx-mdp3-20240102.ohlcv-1m`.
    let length = length(word)?;
    let rest = rest.strip_suffix(".ohlcv").unwrap_or(rest);
    Some((rest, length))
}

fn length(word: &str) -> Option<Length> {
    // Letters alone are Stooq's; a folder may be called so, too.
    let stooq = match word {
        "d" => Some(Interval::D1),
        "w" => Some(Interval::Wk1),
        "m" => Some(Interval::Mo1),
        "q" => Some(Interval::Mo3),
        _ => None,
    };
    let is_count = word.starts_with(|c: char| c.is_ascii_digit());
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let other = is_count
        && matches!(
            unit,
            "s" | "m" | "min" | "h" | "d" | "w" | "wk" | "mo" | "M"
        );
    stooq
        .or_else(|| word_interval(&fold(word)).filter(|_| unit != "M"))
        .map(Length::Known)
        .or_else(|| other.then(|| Length::Other(word.to_owned())))
}

/// Returns the names under which a file is found, best first, all in lower case.
pub(super) fn keys(stem: &str) -> Vec<String> {
    let mut keys = vec![fold(stem)];
    let mut add = |key: &str| {
        let key = fold(key);
        if !keys.contains(&key) {
            keys.push(key);
        }
    };
    if let Ok(ticker) = Ticker::from_segment(stem) {
        add(ticker.as_str());
    }
    for name in [Some(stem.to_owned()), told(stem).symbol]
        .into_iter()
        .flatten()
    {
        add(&name);
        // Stooq's pages write `aapl_us_d` and `cl_f_d` of `aapl.us` and `cl.f`.
        let dotted = name
            .rsplit_once('_')
            .map(|(rest, end)| format!("{rest}.{end}"));
        for name in [Some(name.clone()), dotted.filter(|_| name != stem)]
            .into_iter()
            .flatten()
        {
            add(&name);
            if let Some((bare, _)) = zone::split_country(&name) {
                add(bare);
            }
        }
    }
    keys
}

/// Returns a name without case.
pub(super) fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// Returns the ticker that a folder of dated files is named for: `AAPL/2024-01.csv`, `minute/ibm/20131004_trade.zip`.
pub(super) fn folder_ticker(below_root: &Path) -> Option<&str> {
    let folder = below_root.parent()?.file_name()?.to_str()?;
    let is_number = folder.chars().all(|c| c.is_ascii_digit());
    (!is_number && !folder.contains('=') && folder_interval(folder).is_none()).then_some(folder)
}

/// Returns the length of bars that a folder's name tells, for example `daily`, `5 min` or `stocks_1d`.
pub(super) fn folder_interval(folder: &str) -> Option<Interval> {
    let word = fold(folder);
    if let Some((_, last)) = word.rsplit_once('_')
        && let Ok(interval) = last.parse()
    {
        return Some(interval);
    }
    let plain: String = word
        .chars()
        .filter(|c| !matches!(c, ' ' | '_' | '-'))
        .collect();
    word_interval(&plain)
}

fn word_interval(word: &str) -> Option<Interval> {
    if let Ok(interval) = word.parse() {
        return Some(interval);
    }
    match word {
        "minute" | "minutes" | "1min" | "minuteaggs" | "minuteaggsv1" => Some(Interval::M1),
        "2min" => Some(Interval::M2),
        "5min" | "5minutes" => Some(Interval::M5),
        "15min" => Some(Interval::M15),
        "30min" => Some(Interval::M30),
        "60min" | "hourly" | "hour" => Some(Interval::H1),
        "90min" => Some(Interval::M90),
        "daily" | "day" | "d" | "dayaggs" | "dayaggsv1" => Some(Interval::D1),
        "weekly" | "week" | "1w" => Some(Interval::Wk1),
        "monthly" | "month" => Some(Interval::Mo1),
        "quarterly" => Some(Interval::Mo3),
        _ => None,
    }
}

/// Returns the length of bars that the path says, innermost folder first.
pub(super) fn path_interval(below_root: &Path) -> Option<Interval> {
    let folders = below_root.parent()?;
    folders
        .components()
        .rev()
        .filter_map(|part| part.as_os_str().to_str())
        .find_map(folder_interval)
}

/// Returns the ticker of a folder in a Hive tree, such as `ticker=AAPL`.
pub(super) fn hive_ticker(below_root: &Path) -> Option<Ticker> {
    below_root
        .components()
        .filter_map(|part| part.as_os_str().to_str())
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| matches!(*name, "ticker" | "symbol" | "stock"))
        .and_then(|(_, value)| Ticker::from_segment(value).ok())
}

/// Tells whether two names stand for bars of one length: `60m` and `1h` differ in name only.
pub(super) fn is_same_length(a: Interval, b: Interval) -> bool {
    a == b || (a.is_intraday() && a.minutes() == b.minutes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_bars_have_a_stem() {
        assert_eq!(stem("aapl.us.txt"), Some(("aapl.us", FileKind::Text)));
        assert_eq!(stem("AAPL.CSV.gz"), Some(("AAPL", FileKind::Text)));
        assert_eq!(stem("^GSPC.parquet"), Some(("^GSPC", FileKind::Parquet)));
        for other in ["README.md", "aapl", ".csv", "data.parquet.gz", "é"] {
            assert_eq!(stem(other), None, "{other}");
        }
    }

    #[test]
    fn a_copy_is_one_only_beside_its_file() {
        let names: BTreeSet<String> = ["A.csv", "data.parquet", "B.csv.gz"]
            .map(str::to_owned)
            .into();
        for name in [
            "A (1).csv",
            "Copy of A.csv",
            "data.sync-conflict-1-2-X.parquet",
            "B - Copy.csv.gz",
        ] {
            assert!(is_copy_beside(name, &names), "{name}");
        }
        for name in [
            "A.csv",
            "C (1).csv",
            "A (1).txt",
            "part-0.parquet",
            "notes (1).md",
        ] {
            assert!(!is_copy_beside(name, &names), "{name}");
        }
    }

    #[test]
    fn a_file_is_found_under_every_spelling_of_its_ticker() {
        assert_eq!(keys("aapl.us"), ["aapl.us", "aapl"]);
        assert_eq!(keys("EURUSD%3DX"), ["eurusd%3dx", "eurusd=x"]);
        assert_eq!(
            keys("aapl_us_d"),
            ["aapl_us_d", "aapl_us", "aapl.us", "aapl"]
        );
        assert_eq!(keys("wig20_d"), ["wig20_d", "wig20"]);
        assert_eq!(
            keys("ADABTC-1m-2021-11-27"),
            ["adabtc-1m-2021-11-27", "adabtc"]
        );
        assert_eq!(keys("BRK.B"), ["brk.b"]);
        assert_eq!(keys("20131004_trade"), ["20131004_trade"]);
    }

    #[test]
    fn a_name_is_taken_apart_only_where_every_word_is_understood() {
        let of = |stem: &str| {
            let NameFacts {
                symbol,
                length,
                date,
            } = told(stem);
            let length = match length {
                Some(Length::Known(interval)) => interval.to_string(),
                Some(Length::Other(word)) => format!("other {word}"),
                None => String::new(),
            };
            [symbol.unwrap_or_default(), length, date.unwrap_or_default()].join("|")
        };
        for (stem, expected) in [
            ("ADABTC-1m-2021-11-27", "ADABTC|1m|2021-11-27"),
            ("BTCUSDT-1m-2024-01", "BTCUSDT|1m|2024-01"),
            ("BTCUSDT-1w-2024", "BTCUSDT|1wk|2024"),
            ("BTCUSDT-1mo-2024-01", "BTCUSDT|1mo|2024-01"),
            ("BTCUSDT-4h-2024-01", "BTCUSDT|other 4h|2024-01"),
            ("BTC_USDT-5m", "BTC_USDT|5m|"),
            ("AAPL_2020-01-01_2020-12-31", "AAPL||2020-01-01_2020-12-31"),
            ("wig20_d", "wig20|1d|"),
            ("20131004_trade", "||20131004"),
            ("2025-04-16", "||2025-04-16"),
            ("glbx-mdp3-20240102.ohlcv-1m", "glbx-mdp3-20240102|1m|"),
            ("AAPL-2024-13", "AAPL-2024-13||"),
            ("AAPL-20240230", "AAPL-20240230||"),
            ("AAPL-1999x", "AAPL-1999x||"),
            ("ABC-9999", "ABC-9999||"),
            ("BTC-USD", "BTC-USD||"),
            ("spx_d_no_header", "spx_d_no_header||"),
        ] {
            assert_eq!(of(stem), expected, "{stem}");
        }
    }

    #[test]
    fn a_folder_of_dated_files_names_their_ticker_unless_it_says_something_else() {
        let of = |path: &'static str| folder_ticker(Path::new(path));

        assert_eq!(of("equity/usa/minute/ibm/20131004_trade.zip"), Some("ibm"));
        assert_eq!(of("AAPL/2024-01.csv"), Some("AAPL"));
        for other in [
            "1m/2024.csv",
            "2024/04/2024-04-16.csv",
            "year=2024/2024.csv",
            "2024.csv",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn folder_words_give_the_interval() {
        let of = |path: &str| path_interval(Path::new(path));

        assert_eq!(
            of("data/5 min/us/nasdaq stocks/1/aapl.us.txt"),
            Some(Interval::M5)
        );
        assert_eq!(of("data/daily/us/aapl.us.txt"), Some(Interval::D1));
        assert_eq!(of("hourly/aapl.us.txt"), Some(Interval::H1));
        assert_eq!(of("stocks_60m/AAPL.csv"), Some(Interval::M60));
        assert_eq!(
            of("us_stocks_sip/minute_aggs_v1/2025/04/x.csv.gz"),
            Some(Interval::M1)
        );
        assert_eq!(of("us/nasdaq/1/aapl.txt"), None);
    }

    #[test]
    fn a_hive_folder_names_its_ticker() {
        let path = Path::new("stocks_1d/ticker=EURUSD%3DX/year=2024/data.parquet");

        assert_eq!(hive_ticker(path), "EURUSD=X".parse().ok());
        assert_eq!(hive_ticker(Path::new("daily/x.csv")), None);
    }
}
