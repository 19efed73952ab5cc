//! What the names of files and folders say: whose bars, and of which length.
//!
//! Promises: pure. A folder word that is not recognised says nothing, it is never half understood.

use std::collections::BTreeSet;
use std::path::Path;

use super::zone;
use crate::model::{Interval, Ticker, copied_from};

/// What kind of file a name ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// Lines of fields, perhaps compressed.
    Text,
    /// Parquet.
    Parquet,
}

/// Splits a file name into its stem and kind; `None` for files that hold no bars.
pub(super) fn stem(file_name: &str) -> Option<(&str, FileKind)> {
    let plain = strip_ending(file_name, ".gz").unwrap_or(file_name);
    let text = strip_ending(plain, ".csv").or_else(|| strip_ending(plain, ".txt"));
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

/// Returns the names under which a file is found, best first, all in lower case.
pub(super) fn keys(stem: &str) -> Vec<String> {
    let mut keys = vec![fold(stem)];
    let mut add = |key: String| {
        if !keys.contains(&key) {
            keys.push(key);
        }
    };
    if let Ok(ticker) = Ticker::from_segment(stem) {
        add(fold(ticker.as_str()));
    }
    if let Some((bare, _)) = zone::split_country(stem) {
        add(fold(bare));
    }
    if let Some((symbol, _)) = web_name(stem) {
        if let Some((bare, _)) = zone::split_country(&symbol) {
            add(fold(bare));
        }
        add(fold(&symbol));
    }
    keys
}

/// Returns a name without case.
pub(super) fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// Understands the names that Stooq's pages give to downloads: `aapl_us_d` is `aapl.us`, daily.
pub(super) fn web_name(stem: &str) -> Option<(String, Interval)> {
    let (rest, letter) = stem.rsplit_once('_')?;
    let interval = match letter {
        "d" => Interval::D1,
        "w" => Interval::Wk1,
        "m" => Interval::Mo1,
        "q" => Interval::Mo3,
        _ => return None,
    };
    let (bare, suffix) = rest.rsplit_once('_')?;
    let country = zone::country(suffix)?;
    Some((format!("{bare}.{}", country.suffix), interval))
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
    if let Ok(interval) = plain.parse() {
        return Some(interval);
    }
    match plain.as_str() {
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
        assert_eq!(keys("aapl_us_d"), ["aapl_us_d", "aapl", "aapl.us"]);
        assert_eq!(keys("BRK.B"), ["brk.b"]);
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
